"""Whether Resolute said what the peers say.

Compared are rcode, AA, RD, RA, and the answer and authority sections as sets of records. The additional section is
compared apart, because how much of it is given is a choice (RFC 1034 4.3.2 step 6, RFC 2181 9): what Resolute adds has
to be what some peer adds too, and in a referral the addresses of servers at or below the cut have to be there (RFC 9471
2.1).

When a reply of any server is truncated, what is compared is what they say over TCP, and of Resolute's UDP reply: it is
truncated if and only if the whole does not fit (RFC 2181 9), and what it has is part of the whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.interop.differential.asking import Asked
from tests.interop.differential.names import from_wire, is_at_or_below
from tests.interop.differential.questions import Question
from tests.interop.differential.replies import AA, RA, RD, MalformedError, Reply, Rr, read
from tests.interop.differential.servers import OURS, UDP_SIZE
from tests.interop.differential.world import World

NS, RRSIG, ANY = 2, 46, 255
SERVFAIL = 2


@dataclass(frozen=True)
class Case:
    """A question with everybody's whole answer."""

    question: Question
    said: Mapping[str, Reply]
    world: World
    followed: Reply | None = None
    """What Resolute says to the same question for the first name on the way that is in another zone."""

    @property
    def ours(self) -> Reply:
        return self.said[OURS]

    @property
    def peers(self) -> dict[str, Reply]:
        return {who: reply for who, reply in self.said.items() if who != OURS}

    def peer(self, who: str) -> Reply:
        """What a peer says; where it is not asked (`world.Kind.peers`), what BIND says."""
        return self.said.get(who, self.said["bind"])

    def groups(self) -> list[list[str]]:
        """The peers, those that say the same together."""
        groups: dict[object, list[str]] = {}
        for who, reply in self.peers.items():
            groups.setdefault(essence(reply), []).append(who)
        return list(groups.values())


def essence(reply: Reply) -> tuple[object, ...]:
    """What two replies that say the same have in common."""
    return reply.rcode, reply.flags & (AA | RD | RA), reply.answer, reply.authority


def understood(asked: Asked, world: World) -> Case:
    """The replies, read. Raises MalformedError that names who said nothing, or nothing that can be read."""
    whole = asked.tcp or asked.udp
    return Case(asked.question, {who: _read(asked, whole, who) for who in asked.udp | asked.tcp}, world)


def differing_fields(reply: Reply, other: Reply) -> list[str]:
    """In what they differ, in a few words each."""
    words = []
    if reply.rcode != other.rcode:
        words.append(f"rcode {reply.rcode} not {other.rcode}")
    if (reply.flags ^ other.flags) & (AA | RD | RA):
        words.append("flags")
    for section in ("answer", "authority"):
        ours, theirs = getattr(reply, section), getattr(other, section)
        if ours != theirs:
            words.append(f"{section}{' too much' * bool(ours - theirs)}{' too little' * bool(theirs - ours)}")
    return words


def faults_of_its_own(case: Case, asked: Asked) -> Iterator[str]:
    """What is wrong with Resolute's reply whatever the peers' answer says."""
    ours = case.ours
    # A signature that came with a DNAME on the way may be asked for too: NSD and Resolute give it as both.
    if ours.repeated and case.question.qtype != RRSIG:
        yield "a record stands twice in a section"
    if ours.edns != (case.question.size is not None):
        yield "OPT although there was none, or none although there was one"
    if asked.tcp:
        yield from _truncation_faults(case, asked)


def additional_faults(case: Case) -> Iterator[str]:
    """What is added and should not be, and what is missing."""
    additions = [reply.additional for reply in case.peers.values()]
    followed = [case.followed.additional] if case.followed else []
    unheard = case.ours.additional - frozenset[Rr]().union(*additions, *followed)
    if len(additions) == 1:
        # BIND adds no glue to an answer, as Knot does; but what a DNAME hides is wrong.
        unheard = frozenset(record for record in unheard if case.world.is_below_dname(from_wire(record.owner)))
    if unheard and all(reply.rcode != SERVFAIL for reply in case.peers.values()):  # who fails adds nothing
        yield "additional records that no peer adds"
    if required_glue(case, frozenset[Rr].intersection(*additions)) - case.ours.additional:
        yield "glue is missing in a referral"


def required_glue(case: Case, known: frozenset[Rr]) -> frozenset[Rr]:
    """Of some addresses, those of the name servers at or below the cut of a referral.

    NSD and Knot make glue from wildcards below the cut, which are not theirs to answer from (RFC 1034 4.2.1): known is
    only what every peer adds.
    """
    servers = {record.rdata: from_wire(record.owner) for record in case.ours.authority if record.rtype == NS}
    below = {server for server, cut in servers.items() if is_at_or_below(from_wire(server), cut)}
    return frozenset(record for record in known if record.owner in below)


def _truncation_faults(case: Case, asked: Asked) -> Iterator[str]:
    part, whole = read(asked.udp[OURS], asked.question, asked.ident), case.ours
    limit = _limit(asked.question)
    if part.size > limit:
        yield "a UDP reply that is larger than the client takes"
    if part.tc and whole.size <= limit:
        yield "truncated although everything fits"
    if not part.tc and (essence(part) != essence(whole) or required_glue(case, whole.additional) - part.additional):
        yield "not truncated although something is missing"
    if not (part.answer <= whole.answer and part.authority <= whole.authority):
        yield "a truncated reply with records that the whole one does not have"


def _limit(question: Question) -> int:
    """How large a UDP reply may be; to ANY, 512 octets from Resolute (RFC 8482 3: it serves amplification)."""
    return 512 if question.qtype == ANY else min(max(512, question.size or 512), UDP_SIZE)


def _read(asked: Asked, replies: Mapping[str, bytes], who: str) -> Reply:
    if who not in replies:
        raise MalformedError(f"{who}: no reply")
    try:
        return read(replies[who], asked.question, asked.ident)
    except MalformedError as error:
        raise MalformedError(f"{who}: {error}") from error
