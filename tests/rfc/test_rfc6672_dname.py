"""DNAME: RFC 6672."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Endpoint
from tests.asking import opt, parse, query, texts, udp
from tests.rfc.conftest import Ask

A, NS, CNAME, MX, TXT, DNAME, DS = 1, 2, 5, 15, 16, 39, 43


def test_the_owner_itself_is_not_redirected(ask: Ask) -> None:
    """2.3: the owner of a DNAME is not redirected itself, and may have records of other types."""
    assert texts(ask("x.dname.test.", A).answer) == {"x.dname.test. 1200 a 192.0.2.1"}
    assert texts(ask("x.dname.test.", DNAME).answer) == {"x.dname.test. 1200 dname y.dname.test."}
    reply = ask("x.dname.test.", 28)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.parametrize(
    ("qname", "target", "address"),
    [
        ("host.x.dname.test.", "host.y.dname.test.", "192.0.2.2"),
        ("a.b.x.dname.test.", "a.b.y.dname.test.", "192.0.2.3"),
    ],
)
def test_names_below_are_substituted(ask: Ask, qname: str, target: str, address: str) -> None:
    """3.1: the answer section has the relevant DNAME and a CNAME made from it, then what the new name has; 2.2."""
    reply = ask(qname, A)
    assert reply.flags & dns.flags.AA
    assert texts(reply.answer) == {
        "x.dname.test. 1200 dname y.dname.test.",
        f"{qname} 1200 cname {target}",
        f"{target} 1200 a {address}",
    }
    assert [rrset.rdtype for rrset in reply.answer] == [DNAME, CNAME, A]


def test_the_ttl_of_the_synthesized_cname(ask: Ask) -> None:
    """3.1: the CNAME that is made has the TTL of the DNAME."""
    reply = ask("host.ttl.dname.test.", CNAME)
    assert texts(reply.answer) == {
        "ttl.dname.test. 300 dname y.dname.test.",
        "host.ttl.dname.test. 300 cname host.y.dname.test.",
    }


def test_a_chain_goes_on_after_the_substitution(ask: Ask) -> None:
    """3.2 step 3c: QNAME becomes the new name, and the search begins again."""
    reply = ask("alias.x.dname.test.", A)
    assert texts(reply.answer) == {
        "x.dname.test. 1200 dname y.dname.test.",
        "alias.x.dname.test. 1200 cname alias.y.dname.test.",
        "alias.y.dname.test. 1200 cname host.y.dname.test.",
        "host.y.dname.test. 1200 a 192.0.2.2",
    }


def test_no_name_behind_the_substitution(ask: Ask) -> None:
    reply = ask("missing.x.dname.test.", A)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in reply.answer] == [DNAME, CNAME]
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


def test_an_empty_non_terminal_behind_the_substitution(ask: Ask) -> None:
    reply = ask("b.x.dname.test.", A)
    assert reply.rcode() == dns.rcode.NOERROR
    assert [rrset.rdtype for rrset in reply.answer] == [DNAME, CNAME]


def test_a_target_outside_our_zones(ask: Ask) -> None:
    reply = ask("www.out.dname.test.", A)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert texts(reply.answer) == {
        "out.dname.test. 1200 dname elsewhere.invalid.",
        "www.out.dname.test. 1200 cname www.elsewhere.invalid.",
    }
    assert not reply.authority


def test_the_root_as_target(ask: Ask) -> None:
    """2.2: the substitution replaces the suffix; with the root as target the prefix stands alone."""
    reply = ask("www.elsewhere.root.dname.test.", A)
    assert "www.elsewhere.root.dname.test. 1200 cname www.elsewhere." in texts(reply.answer)
    ours = ask("www.rfc.test.root.dname.test.", A)
    assert "www.rfc.test. 3600 a 192.0.2.80" in texts(ours.answer)


@pytest.mark.parametrize("extra", [b"", opt()])
def test_a_name_that_grows_too_long(ask: Ask, extra: bytes) -> None:
    """2.2: where the new name would be longer than 255 bytes the rcode is YXDOMAIN, and the DNAME is in the answer as
    proof."""
    longest = 255 - (64 * 3 + len("\1y\5dname\4test\0")) - 1
    for size, rcode in ((longest, dns.rcode.NXDOMAIN), (longest + 1, dns.rcode.YXDOMAIN), (63, dns.rcode.YXDOMAIN)):
        reply = ask("a" * size + ".short.dname.test.", A, extra=extra)
        if reply.flags & dns.flags.TC:  # RFC 2181 9: then the client asks again over TCP
            continue
        assert reply.rcode() == rcode
        assert reply.answer[0].rdtype == DNAME
        assert len(reply.answer) == (1 if rcode == dns.rcode.YXDOMAIN else 2)


def test_letter_case_is_kept_in_the_prefix(ask: Ask) -> None:
    """RFC 4343 4.1: case is not changed on output; the match is without regard to it."""
    reply = ask("HoSt.X.DNAME.test.", A)
    assert texts(reply.answer) >= {"host.y.dname.test. 1200 a 192.0.2.2"}


@pytest.mark.parametrize("rdtype", [DS, NS, TXT, 28, 6, DNAME])
def test_every_type_below_is_redirected(ask: Ask, rdtype: int) -> None:
    """2.4: there are no records below the owner of a DNAME."""
    reply = ask("host.x.dname.test.", rdtype)
    assert [rrset.rdtype for rrset in reply.answer] == [DNAME, CNAME]
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


def test_records_below_are_not_there(ask: Ask) -> None:
    """2.4: no records exist below the owner of a DNAME, whatever a zone file says: neither as answer nor beside it."""
    assert texts(ask("hidden.x.dname.test.", A).answer) == {
        "x.dname.test. 1200 dname y.dname.test.",
        "hidden.x.dname.test. 1200 cname hidden.y.dname.test.",
    }
    assert texts(ask("mail.dname.test.", MX).additional) == {"host.y.dname.test. 1200 a 192.0.2.2"}


def test_a_dname_that_leads_to_itself_is_given_once(server: Endpoint) -> None:
    """RFC 2181 5: the DNAME that has redirected the question may be its answer too; a record is there once."""
    reply = udp(server, query("self.self.dname.test.", DNAME))
    assert int.from_bytes(reply[6:8]) == 2
    assert texts(parse(reply).answer) == {
        "self.dname.test. 1200 dname dname.test.",
        "self.self.dname.test. 1200 cname self.dname.test.",
    }
