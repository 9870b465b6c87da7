"""A server that answers wrongly is quick for nothing: checks before and after it is measured."""

from collections.abc import Iterable

import dns.rcode

from bench.load import LoadError, Replies
from bench.peers import Floor, PeerFailedError, Server
from bench.peers.server import probe
from bench.questions import Question

MOST_LOST = 0.001


def check_answers(server: Server, sample: Iterable[Question]) -> None:
    """Asks some of the questions and compares rcode and content. Raises PeerFailedError at the first wrong one."""
    if isinstance(server, Floor):
        return
    for question in sample:
        found = answer(server, question)
        if found != expected(question):
            raise PeerFailedError(
                f"{server.name}: {question.qname} {question.rdtype} gives {found!r}, not {expected(question)!r}"
            )


def expected(question: Question) -> str:
    """The address, or NXDOMAIN."""
    return question.address or "NXDOMAIN"


def answer(server: Server, question: Question) -> str:
    """What the server says: an address, an rcode, or that it says nothing."""
    reply = probe(server.endpoint, question.qname, rdtype=question.rdtype, timeout_s=3)
    if reply is None:
        return "no reply"
    if reply.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(reply.rcode())
    return " ".join(str(rdata) for rrset in reply.answer for rdata in rrset)


def check_replies(server: Server, replies: Replies) -> None:
    """Raises LoadError when 1 in 1,000 was lost or a reply was neither NOERROR nor NXDOMAIN."""
    if replies.lost_share >= MOST_LOST:
        raise LoadError(f"{server.name} lost {replies.lost_share:.2%} of {replies.sent} queries")
    wrong = {rcode: count for rcode, count in replies.rcodes.items() if rcode not in {"NOERROR", "NXDOMAIN"}}
    if wrong:
        raise LoadError(f"{server.name} gave wrong replies: {wrong}")
