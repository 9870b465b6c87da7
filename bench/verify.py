"""A server that answers wrongly is quick for nothing: checks before and after it is measured."""

import time
from collections.abc import Iterable

import dns.rcode
import dns.rdatatype

from bench.load import LoadError, Replies
from bench.peers import Floor, PeerFailedError, Server
from bench.peers.server import probe
from bench.questions import Question

MOST_LOST = 0.001
LOADING = ("SERVFAIL", "REFUSED", "no reply")


READY_S = 120.0


def wait_for_answers(server: Server, sample: Iterable[Question], *, signed: bool = False) -> float:
    """Asks some of the questions and compares rcode and content; a server that still loads may say SERVFAIL or REFUSED.
    Returns how long after its start, in seconds, all of them were right. Raises PeerFailedError at the first wrong one.
    """
    if isinstance(server, Floor):
        return server.ready_after_s
    waited = False
    for question in sample:
        while (found := answer(server, question, signed=signed)) != expected(question):
            if found not in LOADING or server.running_s() > READY_S:
                wanted = expected(question)
                raise PeerFailedError(
                    f"{server.name}: {question.qname} {question.rdtype} gives {found!r}, not {wanted!r}"
                )
            waited = True
            time.sleep(0.01)
    return server.running_s() if waited else server.ready_after_s


def expected(question: Question) -> str:
    """The address, or NXDOMAIN."""
    return question.address or "NXDOMAIN"


def answer(server: Server, question: Question, *, signed: bool = False) -> str:
    """What the server says: an address, an rcode, or that it says nothing, or, when that is asked for, no signature."""
    reply = probe(server.endpoint, question.qname, rdtype=question.rdtype, timeout_s=3, dnssec_ok=signed)
    if reply is None:
        return "no reply"
    records = [rrset for section in (reply.answer, reply.authority) for rrset in section]
    if signed and all(rrset.rdtype != dns.rdatatype.RRSIG for rrset in records):
        return "no signature"
    if reply.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(reply.rcode())
    return " ".join(str(rdata) for rrset in reply.answer if rrset.rdtype != dns.rdatatype.RRSIG for rdata in rrset)


def check_replies(server: Server, replies: Replies) -> None:
    """Raises LoadError when 1 in 1,000 was lost or a reply was neither NOERROR nor NXDOMAIN."""
    if replies.lost_share >= MOST_LOST:
        raise LoadError(f"{server.name} lost {replies.lost_share:.2%} of {replies.sent} queries")
    wrong = {rcode: count for rcode, count in replies.rcodes.items() if rcode not in {"NOERROR", "NXDOMAIN"}}
    if wrong:
        raise LoadError(f"{server.name} gave wrong replies: {wrong}")
