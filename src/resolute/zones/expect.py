"""Expectations of what a zone answers: unit tests for zones, in TOML. No I/O.

    [[expect]]                            name and type of the question, the client that asks
    name = "www.example.org."
    answer = ["192.0.2.10"]               the section as a set: what is missing or too much is a difference

A record is expected by its data alone, as `dig +short` shows it, or by a table of owner, type, TTL and data, whichever
are given. Signatures need not be listed.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resolute.records import names, rdata
from resolute.units import ZoneName

SECTIONS: Final = ("answer", "authority", "additional")
FLAGS: Final = ("AA", "TC", "RD", "RA", "AD", "CD")


def _rtype(text: str) -> str:
    return rdata.type_to_text(rdata.type_from_text(text))


def _rcode(text: str) -> str:
    try:
        return dns.rcode.to_text(dns.rcode.from_text(text))
    except dns.exception.DNSException:
        raise ValueError(f"{text!r} is not an rcode: expected NOERROR, NXDOMAIN, REFUSED, ...") from None


def _flags(words: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if word.removeprefix("!").upper() not in FLAGS:
            raise ValueError(f"{word!r} is not a flag: expected {', '.join(FLAGS)}, or one with ! before it")
    return tuple(word.upper() for word in words)


def _client(text: str) -> str:
    return str(ipaddress.ip_address(text))


Type = Annotated[str, AfterValidator(_rtype)]
Client = Annotated[str, AfterValidator(_client)]


class Wanted(BaseModel):
    """A record; what is not given may be anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ZoneName | None = Field(default=None, description="Its owner.")
    type: Type | None = Field(default=None, description="Its type.")
    ttl: int | None = Field(default=None, description="Its TTL in seconds.")
    rdata: str | None = Field(default=None, description="Its data in presentation form.")

    def __str__(self) -> str:
        parts = (self.name, None if self.ttl is None else str(self.ttl), self.type, self.rdata)
        return " ".join(part for part in parts if part is not None)


Section = Annotated[Sequence[str | Wanted], AfterValidator(tuple)]


class Expectation(BaseModel):
    """One question, and what is expected of its answer; what is not given is not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ZoneName = Field(description="The name that is asked for.")
    type: Type = Field(default="A", description="The type.")
    rcode: Annotated[str, AfterValidator(_rcode)] = Field(default="NOERROR", description="The rcode of the answer.")
    answer: Section | None = Field(default=None, description="The records of the answer section.")
    authority: Section | None = Field(default=None, description="The records of the authority section.")
    additional: Section | None = Field(default=None, description="The records of the additional section.")
    flags: Annotated[Sequence[str], AfterValidator(_flags)] = Field(
        default=(), description="Flags that are set, such as AA, or not set, such as !TC."
    )
    client: Client | None = Field(default=None, description="The address that asks; 127.0.0.1 if not given.")
    do: bool | None = Field(default=None, description="Whether DNSSEC records are asked for.")
    rd: bool = Field(default=False, description="Whether recursion is asked for.")
    transport: Literal["udp", "tcp"] = Field(default="tcp", description="Over which the question comes.")


class Expectations(BaseModel):
    """A file of expectations; `client` and `do` here are for those that do not say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: Client = Field(default="127.0.0.1", description="The address that asks.")
    do: bool = Field(default=False, description="Whether DNSSEC records are asked for.")
    expect: Annotated[Sequence[Expectation], AfterValidator(tuple)] = Field(description="The expectations.")


def question(expectation: Expectation, *, dnssec_ok: bool) -> bytes:
    """The query in wire form; ID 0."""
    query = dns.message.make_query(
        expectation.name, expectation.type, use_edns=0, want_dnssec=dnssec_ok, id=0, flags=_recursion(expectation)
    )
    return query.to_wire()


def differences(expectation: Expectation, reply: bytes | None) -> Iterator[str]:
    """What is not as expected, a line each; none for an expectation that is met."""
    if reply is None:
        yield "no reply: the name is in none of the zones, and somebody else would be asked"
        return
    message = dns.message.from_wire(reply)
    if (rcode := dns.rcode.to_text(message.rcode())) != expectation.rcode:
        yield f"rcode: expected {expectation.rcode}, got {rcode}"
    for flag in expectation.flags:
        wanted = not flag.startswith("!")
        if bool(message.flags & dns.flags.from_text(flag.removeprefix("!"))) != wanted:
            yield f"flags: {flag.removeprefix('!')} is {'not ' if wanted else ''}set"
    for section in SECTIONS:
        if (expected := getattr(expectation, section)) is not None:
            yield from _compare(section, expected, getattr(message, section))


def _recursion(expectation: Expectation) -> int:
    return int(dns.flags.RD) if expectation.rd else 0


def _compare(section: str, expected: Sequence[str | Wanted], rrsets: Sequence[dns.rrset.RRset]) -> Iterator[str]:
    found = [(rrset, data) for rrset in rrsets for data in rrset]
    for wanted in expected:
        fits = next((pair for pair in found if _fits(wanted, *pair)), None)
        if fits is None:
            yield f"{section}: - {wanted}"
        else:
            found.remove(fits)
    for rrset, data in found:
        if rrset.rdtype != dns.rdatatype.RRSIG:
            yield f"{section}: + {rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {data.to_text()}"


def _fits(wanted: str | Wanted, rrset: dns.rrset.RRset, data: dns.rdata.Rdata) -> bool:
    if isinstance(wanted, str):
        return _same(wanted, data)
    if wanted.name is not None and names.fold(names.from_text(wanted.name)) != names.fold(_wire(rrset.name)):
        return False
    if wanted.type is not None and rdata.type_from_text(wanted.type) != rrset.rdtype:
        return False
    if wanted.ttl is not None and wanted.ttl != rrset.ttl:
        return False
    return wanted.rdata is None or _same(wanted.rdata, data)


def _same(text: str, data: dns.rdata.Rdata) -> bool:
    """Whether text is the data in presentation form, whatever its spelling."""
    try:
        parsed = dns.rdata.from_text(data.rdclass, data.rdtype, text, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(parsed == data)


def _wire(name: dns.name.Name) -> bytes:
    return name.to_wire() or b""
