"""Expectations against replies that dnspython makes."""

import dns.flags
import dns.message
import dns.rrset
import pytest
from pydantic import ValidationError

from resolute.zones.expect import Expectation, Expectations, differences, question


def reply(*answer: str, flags: int = dns.flags.QR | dns.flags.AA, rcode: int = 0) -> bytes:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    message.flags = dns.flags.Flag(flags)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for text in answer:
        name, ttl, rtype, rdata = text.split(maxsplit=3)
        message.answer.append(dns.rrset.from_text(name, int(ttl), "IN", rtype, rdata))
    return message.to_wire()


def judge(wire: bytes | None, **expected: object) -> list[str]:
    return list(differences(Expectation.model_validate({"name": "www.example.", **expected}), wire))


TWO = reply("www.example. 60 CNAME web.example.", "web.example. 60 A 192.0.2.1")


@pytest.mark.parametrize(
    "answer",
    [
        ["web.example.", "192.0.2.1"],
        ["192.0.2.1", "WEB.example."],  # a set; names are compared without case (RFC 4343)
        [{"type": "CNAME"}, {"name": "Web.Example.", "ttl": 60, "type": "A", "rdata": "192.0.2.1"}],
        [{"ttl": 60}, {}],
    ],
)
def test_met(answer: list[object]) -> None:
    assert judge(TWO, answer=answer, flags=["AA", "!TC"]) == []


def test_what_is_missing_and_what_is_too_much() -> None:
    assert judge(TWO, answer=["192.0.2.1", "192.0.2.2"]) == [
        "answer: - 192.0.2.2",
        "answer: + www.example. 60 CNAME web.example.",
    ]
    assert judge(TWO, answer=["web.example.", {"ttl": 61, "rdata": "192.0.2.1"}]) == [
        "answer: - 61 192.0.2.1",
        "answer: + web.example. 60 A 192.0.2.1",
    ]
    assert judge(reply(rcode=3), answer=[]) == ["rcode: expected NOERROR, got NXDOMAIN"]
    assert judge(reply(), flags=["!AA", "TC"]) == ["flags: AA is set", "flags: TC is not set"]
    assert len(judge(None)) == 1


def test_signatures_need_not_be_listed() -> None:
    signature = "A 13 2 60 20300101000000 20200101000000 1 example. AAAA"
    signed = reply("www.example. 60 A 192.0.2.1", f"www.example. 60 RRSIG {signature}")
    assert judge(signed, answer=["192.0.2.1"]) == []
    assert judge(signed, answer=["192.0.2.1", {"type": "RRSIG"}]) == []
    assert judge(reply("www.example. 60 A 192.0.2.1"), answer=["192.0.2.1", {"type": "RRSIG"}]) == ["answer: - RRSIG"]


def test_the_question() -> None:
    asked = dns.message.from_wire(question(Expectation(name="www.example.", type="MX", rd=True), dnssec_ok=True))
    assert asked.question[0].to_text() == "www.example. IN MX"
    assert asked.flags == dns.flags.RD
    assert asked.ednsflags == dns.flags.DO


@pytest.mark.parametrize(
    "wrong",
    [{"type": "NOPE"}, {"rcode": "MAYBE"}, {"flags": ["XX"]}, {"client": "here"}, {"anwser": []}, {"name": "a..b"}],
)
def test_what_does_not_hold(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Expectations.model_validate({"expect": [{"name": "www.example.", **wrong}]})
