"""`[answers] minimal`: off, an answer carries what BIND's does with `minimal-responses no`; on, nothing of it.

What is compared of additional records is the set: RFC 1034 4.3.2 step 6 adds "useful" ones. Where they do not all fit,
each server leaves out others.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rdatatype
import pytest

from bench.peers import Bind, Endpoint, Resolute, Service
from tests.asking import opt, parse, query, tcp, texts, udp

ZONE = """\
$ORIGIN useful.test.
$TTL 300
@       SOA   ns1 hostmaster 1 7200 3600 1209600 60
        NS    ns1
        NS    Ns2
        NS    ns.elsewhere.test.
        MX    10 mail
        MX    20 ns1
ns1     A     192.0.2.53
        AAAA  2001:db8::53
ns2     A     192.0.2.54
mail    A     192.0.2.25
www     A     192.0.2.80
        AAAA  2001:db8::80
alias   CNAME www
out     CNAME www.elsewhere.test.
*.wild  A     192.0.2.99
_dns._tcp SRV 0 5 53 ns1
child   NS    ns.child
ns.child A    192.0.2.200
""" + "".join(f'full TXT "{"f" * 250}"\nalmost TXT "{"f" * 250}{n}"\n' for n in range(4))
QUESTIONS = [
    *(("www", "A"), ("www", "AAAA"), ("www", "TXT"), ("alias", "A"), ("alias", "CNAME"), ("x.wild", "A")),
    *(("@", "MX"), ("@", "NS"), ("@", "SOA"), ("ns1", "A"), ("ns1", "AAAA"), ("ns1", "TXT"), ("ns2", "A")),
    *(("_dns._tcp", "SRV"), ("child", "A"), ("x.child", "A"), ("missing", "A"), ("full", "TXT")),
]


class UsefulBind(Bind):
    """BIND that adds what it thinks useful."""

    def arguments(self) -> list[str]:
        arguments = list(super().arguments())
        text = (self.folder / "named.conf").read_text()
        self.write("named.conf", text.replace("options {", "options { minimal-responses no;"))
        return arguments


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Endpoint]]:
    file: Path = tmp_path_factory.mktemp("useful") / "useful.zone"
    file.write_text(ZONE)
    zones = {"useful.test.": file}
    off = '[resolver]\nmode = "off"\n'
    with (
        UsefulBind(Service(zones=zones)) as bind,
        Resolute(Service(zones=zones, extra=f"{off}[answers]\nminimal = false\n")) as useful,
        Resolute(Service(zones=zones, extra=off)) as minimal,
    ):
        yield {"bind": bind.endpoint, "useful": useful.endpoint, "minimal": minimal.endpoint}


def ask(endpoint: Endpoint, name: str, rdtype: str, *, over_tcp: bool = False) -> dns.message.Message:
    qname = "useful.test." if name == "@" else f"{name}.useful.test."
    wire = query(qname, dns.rdatatype.from_text(rdtype), extra=b"" if over_tcp else opt())
    return parse(tcp(endpoint, wire) if over_tcp else udp(endpoint, wire))


@pytest.mark.parametrize("over_tcp", [False, True])
@pytest.mark.parametrize(("name", "rdtype"), QUESTIONS)
def test_what_is_useful_is_what_bind_adds(
    endpoints: dict[str, Endpoint], name: str, rdtype: str, *, over_tcp: bool
) -> None:
    ours = ask(endpoints["useful"], name, rdtype, over_tcp=over_tcp)
    theirs = ask(endpoints["bind"], name, rdtype, over_tcp=over_tcp)
    assert (ours.rcode(), ours.flags) == (theirs.rcode(), theirs.flags)
    for section in ("answer", "authority", "additional"):
        assert texts(getattr(ours, section)) == texts(getattr(theirs, section)), section


@pytest.mark.parametrize(("name", "rdtype"), QUESTIONS)
def test_nothing_is_there_twice(endpoints: dict[str, Endpoint], name: str, rdtype: str) -> None:
    """RFC 2181 5."""
    ours = ask(endpoints["useful"], name, rdtype)
    every = [
        (rrset.name, rrset.rdtype) for section in (ours.answer, ours.authority, ours.additional) for rrset in section
    ]
    assert len(every) == len(set(every))


def test_what_nobody_asked_for_never_truncates(endpoints: dict[str, Endpoint]) -> None:
    """Whatever the size that the client takes: the answer is there whenever a minimal one would hold it."""
    for size in range(1_030, 1_233):
        wire = query("almost.useful.test.", 16, extra=opt(size=size))
        useful, minimal = (parse(udp(endpoints[which], wire)) for which in ("useful", "minimal"))
        assert useful.flags == minimal.flags
        assert texts(useful.answer) == texts(minimal.answer)


def test_minimal_by_default(endpoints: dict[str, Endpoint]) -> None:
    for name, rdtype in QUESTIONS:
        message = ask(endpoints["minimal"], name, rdtype)
        if message.answer:
            assert not message.authority
            with contextlib.suppress(IndexError):
                assert message.additional[0].name.to_text() in {
                    "mail.useful.test.",
                    "ns1.useful.test.",
                    "ns2.useful.test.",
                }
                assert rdtype in {"MX", "SRV", "NS"}
