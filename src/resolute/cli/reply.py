"""A DNS reply as it is shown: sections in presentation form, rcode, flags, Extended DNS Errors (RFC 8914)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from resolute.cli.terminal import print_line

_SECTIONS = ("answer", "authority", "additional")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, who gave it, over what, and how long it took."""

    message: dns.message.Message
    server: str
    transport: str
    time_ms: float

    @property
    def size(self) -> int:
        """In octets."""
        return len(self.message.wire or b"")


def print_reply(reply: Reply) -> None:
    """The reply for people, as zone-file text with comments."""
    rcode = dns.rcode.to_text(reply.message.rcode())
    print_line((rcode, "ok" if rcode == "NOERROR" else "warning"), ("  flags " + _flags(reply).lower(), "dim"))
    for code, name, text in errors(reply):
        print_line((f"EDE {code} ({name})", "warning"), f": {text}" if text else "")
    for question in reply.message.question:
        print_line((f"; {question.to_text()}", "dim"))
    for section in _SECTIONS:
        _print_section(section, getattr(reply.message, section))
    print_line("")
    print_line((f"; {reply.size} bytes from {reply.server} over {reply.transport} in {reply.time_ms:.1f} ms", "dim"))


def as_json(reply: Reply) -> dict[str, object]:
    """The reply for programs."""
    return {
        "rcode": dns.rcode.to_text(reply.message.rcode()),
        "flags": _flags(reply).split(),
        "errors": [{"code": code, "name": name, "text": text} for code, name, text in errors(reply)],
        "question": [_question(rrset) for rrset in reply.message.question],
        **{section: list(_records(getattr(reply.message, section))) for section in _SECTIONS},
        "server": reply.server,
        "transport": reply.transport,
        "time_ms": round(reply.time_ms, 3),
        "size": reply.size,
    }


def errors(reply: Reply) -> list[tuple[int, str, str]]:
    """The Extended DNS Errors: code, its name, text."""
    options = [option for option in reply.message.options if isinstance(option, dns.edns.EDEOption)]
    return [(int(option.code), _ede_name(int(option.code)), option.text or "") for option in options]


def _ede_name(code: int) -> str:
    try:
        return dns.edns.EDECode(code).name.replace("_", " ").title()
    except ValueError:
        return "unassigned"


def _flags(reply: Reply) -> str:
    do = " DO" if reply.message.ednsflags & dns.flags.DO else ""
    return dns.flags.to_text(reply.message.flags) + do


def _print_section(name: str, rrsets: Sequence[dns.rrset.RRset]) -> None:
    if rrsets:
        print_line("")
        print_line((f"; {name}", "dim"))
    for rrset in rrsets:
        print_line(rrset.to_text())


def _question(rrset: dns.rrset.RRset) -> dict[str, str]:
    kind, of = dns.rdatatype.to_text(rrset.rdtype), dns.rdataclass.to_text(rrset.rdclass)
    return {"name": rrset.name.to_text(), "type": kind, "class": of}


def _records(rrsets: Sequence[dns.rrset.RRset]) -> Iterator[dict[str, str | int]]:
    for rrset in rrsets:
        for rdata in rrset:
            yield {**_question(rrset), "ttl": rrset.ttl, "rdata": rdata.to_text()}
