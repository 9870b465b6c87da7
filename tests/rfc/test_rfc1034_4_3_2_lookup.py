"""The algorithm of RFC 1034 4.3.2, on the example zones of RFC 1034 6.1 and with the answers of 6.2."""

from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import opt, parse, query, tcp, texts, udp
from tests.rfc.conftest import Ask

FOLDER = Path(__file__).parent / "zones-of-rfc1034"
SRI_NIC = {"sri-nic.arpa. 86400 a 26.0.0.73", "sri-nic.arpa. 86400 a 10.0.0.51"}
SOA = ". 86400 soa sri-nic.arpa. hostmaster.sri-nic.arpa. 870611 1800 300 604800 86400"


@pytest.fixture(scope="module")
def c_isi_edu() -> Iterator[Endpoint]:
    """The server C.ISI.EDU of 6.1 has the root, MIL, EDU, MIT.EDU and ISI.EDU; MIL and MIT.EDU, whose files the RFC
    does not print, are left to their other servers."""
    zones = {".": FOLDER / "root.zone", "edu.": FOLDER / "edu.zone", "isi.edu.": FOLDER / "isi.edu.zone"}
    with Resolute(Service(zones=zones)) as server:
        yield server.endpoint


def asked(server: Endpoint, qname: str, rdtype: str) -> dns.message.Message:
    reply = parse(udp(server, query(qname, dns.rdatatype.from_text(rdtype))))
    assert [(str(q.name).lower(), q.rdtype) for q in reply.question] == [
        (qname.lower(), dns.rdatatype.from_text(rdtype))
    ]
    return reply


def authoritative(reply: dns.message.Message) -> bool:
    return bool(reply.flags & dns.flags.AA)


def test_6_2_1_address(c_isi_edu: Endpoint) -> None:
    """6.2.1: QNAME=SRI-NIC.ARPA, QTYPE=A."""
    reply = asked(c_isi_edu, "SRI-NIC.ARPA.", "A")
    assert authoritative(reply)
    assert texts(reply.answer) == SRI_NIC


def test_6_2_3_mx(c_isi_edu: Endpoint) -> None:
    """6.2.3: the additional section has the addresses of SRI-NIC.ARPA, which are in the same zone."""
    reply = asked(c_isi_edu, "SRI-NIC.ARPA.", "MX")
    assert authoritative(reply)
    assert texts(reply.answer) == {"sri-nic.arpa. 86400 mx 0 sri-nic.arpa."}
    assert texts(reply.additional) == SRI_NIC


def test_6_2_4_no_data(c_isi_edu: Endpoint) -> None:
    """6.2.4: QTYPE=NS, and the name has no NS: an empty answer with authority, and the SOA that RFC 2308 3 adds."""
    reply = asked(c_isi_edu, "SRI-NIC.ARPA.", "NS")
    assert authoritative(reply)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert texts(reply.authority) == {SOA}


def test_6_2_5_name_error(c_isi_edu: Endpoint) -> None:
    """6.2.5: QNAME=SIR-NIC.ARPA: a name error, with the SOA in the authority section."""
    reply = asked(c_isi_edu, "SIR-NIC.ARPA.", "A")
    assert authoritative(reply)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert not reply.answer
    assert texts(reply.authority) == {SOA}


def test_6_2_6_referral(c_isi_edu: Endpoint) -> None:
    """6.2.6: QNAME=BRL.MIL: a referral with the addresses of the servers in the additional section."""
    reply = asked(c_isi_edu, "BRL.MIL.", "A")
    assert not authoritative(reply)
    assert not reply.answer
    assert texts(reply.authority) == {"mil. 86400 ns sri-nic.arpa.", "mil. 86400 ns a.isi.edu."}
    # 26.3.0.103 of A.ISI.EDU is in the zone of ISI.EDU, which is ours, and in the root zone as glue for the root's NS
    assert texts(reply.additional) >= SRI_NIC


def test_6_2_7_alias(c_isi_edu: Endpoint) -> None:
    """6.2.7: QNAME=USC-ISIC.ARPA, QTYPE=A: the CNAME and the address of its target, from another zone of ours."""
    reply = asked(c_isi_edu, "USC-ISIC.ARPA.", "A")
    assert authoritative(reply)
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.A]
    assert texts(reply.answer) == {"usc-isic.arpa. 86400 cname c.isi.edu.", "c.isi.edu. 86400 a 10.0.0.52"}


def test_6_2_8_the_alias_itself(c_isi_edu: Endpoint) -> None:
    """6.2.8: QTYPE=CNAME: the alias itself, which is not followed."""
    reply = asked(c_isi_edu, "USC-ISIC.ARPA.", "CNAME")
    assert authoritative(reply)
    assert texts(reply.answer) == {"usc-isic.arpa. 86400 cname c.isi.edu."}


def test_the_nearest_zone_answers(c_isi_edu: Endpoint) -> None:
    """4.3.2 step 2: of the zones that there are, the one that is the nearest ancestor of QNAME."""
    assert texts(asked(c_isi_edu, "A.ISI.EDU.", "A").answer) == {"a.isi.edu. 86400 a 26.3.0.103"}
    assert authoritative(asked(c_isi_edu, "ISI.EDU.", "NS"))
    assert authoritative(asked(c_isi_edu, "EDU.", "SOA"))
    assert str(asked(c_isi_edu, "MISSING.ISI.EDU.", "A").authority[0].name).lower() == "isi.edu."
    assert str(asked(c_isi_edu, "MISSING.EDU.", "A").authority[0].name).lower() == "edu."
    assert str(asked(c_isi_edu, "MISSING.", "A").authority[0].name) == "."


def test_a_referral_has_the_glue(c_isi_edu: Endpoint) -> None:
    """4.3.2 step 3b: the NS records of the subzone go into the authority section, and the addresses that there are into
    the additional section, from glue when nothing better has them."""
    reply = asked(c_isi_edu, "X.UCI.EDU.", "A")
    assert texts(reply.authority) == {"uci.edu. 172800 ns ics.uci.edu.", "uci.edu. 172800 ns rome.uci.edu."}
    assert texts(reply.additional) == {"ics.uci.edu. 172800 a 192.5.19.1", "rome.uci.edu. 172800 a 192.5.19.31"}
    assert not authoritative(reply)
    udel = asked(c_isi_edu, "UDEL.EDU.", "MX")
    assert {"louie.udel.edu. 172800 a 10.0.0.96", "louie.udel.edu. 172800 a 192.5.39.3"} <= texts(udel.additional)


def test_glue_is_no_answer(c_isi_edu: Endpoint) -> None:
    """4.2.1: glue is no part of the authoritative data; RFC 2181 5.4.1 ranks it last."""
    reply = asked(c_isi_edu, "ICS.UCI.EDU.", "A")
    assert not reply.answer
    assert not authoritative(reply)


def test_an_alias_is_followed_to_no_data_and_to_no_name(ask: Ask) -> None:
    """RFC 2308 2.1 and 2.2: the rcode and the SOA are those of the last name of the chain."""
    reply = ask("alias.rfc.test.", 28)
    assert reply.rcode() == dns.rcode.NOERROR
    assert len(reply.answer) == 1
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


def test_additional_addresses(ask: Ask) -> None:
    """RFC 1035 3.3.9: the addresses of the host that an MX names are added; 3.3.11 says so of NS, RFC 2782 of SRV,
    RFC 9460 4.1 of SVCB."""
    www = {"www.rfc.test. 3600 a 192.0.2.80", "www.rfc.test. 3600 a 192.0.2.81"}
    ns1 = {"ns1.rfc.test. 3600 a 192.0.2.53", "ns1.rfc.test. 3600 aaaa 2001:db8::53"}
    assert texts(ask("rfc.test.", 2).additional) == ns1
    assert texts(ask("rfc.test.", 15).additional) == {"mail.rfc.test. 3600 a 192.0.2.25"}
    assert texts(ask("many-mx.rfc.test.", 15).additional) == ns1 | {"mail.rfc.test. 3600 a 192.0.2.25"}
    assert texts(ask("srv.rfc.test.", 33).additional) == www
    assert texts(ask("svc.rfc.test.", 64).additional) == www
    assert texts(ask("alias-svc.rfc.test.", 65).additional) == www


def test_additional_names_are_at_most_13(ask: Ask) -> None:
    """An answer with 100 targets is not work for 100 look-ups."""
    reply = ask("hundred.rfc.test.", 15)
    assert len({rrset.name for rrset in reply.additional}) <= 13
    assert reply.flags & dns.flags.TC or len(reply.answer[0]) == 100


def test_a_referral_over_tcp_has_all_the_glue(server: Endpoint) -> None:
    """RFC 9471 3.1: all glue for name servers within the domain is in the reply, or TC is set. 40 servers of two
    addresses each fit in a message over TCP."""
    reply = parse(tcp(server, query("x.manyns.rfc.test.")))
    assert not reply.flags & dns.flags.TC
    assert sum(len(rrset) for rrset in reply.authority) == 40
    assert sum(len(rrset) for rrset in reply.additional) == 80


def test_a_referral_without_all_the_glue_is_truncated(server: Endpoint) -> None:
    reply = parse(udp(server, query("x.manyns.rfc.test.", extra=opt())))
    assert reply.flags & dns.flags.TC


def test_the_last_name_that_a_long_chain_reaches(ask: Ask) -> None:
    """RFC 6604 3: the rcode is that of the last name, here after sixteen CNAMEs."""
    reply = ask("hop-1.rfc.test.", 1)
    assert len(reply.answer) == 16
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert len(reply.authority) == 1


def test_addresses_of_a_name_that_two_records_lead_to(server: Endpoint) -> None:
    """RFC 2181 5: no record is twice in a section."""
    reply = udp(server, query("one-host.rfc.test.", 15))
    assert int.from_bytes(reply[10:12]) == 1
