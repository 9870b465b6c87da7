"""Where the peers differ in signatures and proofs of signed zones: what Resolute gives, and which sentence decides."""

from collections.abc import Sequence

from tests.interop.differential.chains import chain
from tests.interop.differential.choices import Choice, alone, like
from tests.interop.differential.compare import Case
from tests.interop.differential.names import Name, ancestors, from_wire, is_at_or_below
from tests.interop.differential.replies import Reply, Rr

RRSIG, NSEC, NSEC3 = 46, 47, 50
PROOFS = {NSEC, NSEC3}


def covered(record: Rr) -> int:
    """The type that an RRSIG covers (RFC 4034 3.1.1), or the record's own."""
    return int.from_bytes(record.rdata[:2]) if record.rtype == RRSIG else record.rtype


def without_proofs(records: frozenset[Rr]) -> frozenset[Rr]:
    """An authority section without NSEC, NSEC3 and their signatures."""
    return frozenset(record for record in records if covered(record) not in PROOFS)


def differ_in_proofs(reply: Reply, other: Reply) -> bool:
    """Whether two replies say the same, and one proves it with other records."""
    same = (reply.rcode, reply.aa, reply.answer) == (other.rcode, other.aa, other.answer)
    return same and without_proofs(reply.authority) == without_proofs(other.authority)


def _nsd_proves_otherwise(case: Case) -> bool:
    return alone(case, "nsd") and differ_in_proofs(case.peer("nsd"), case.peer("bind"))


def _bind_proves_otherwise(case: Case) -> bool:
    return alone(case, "bind") and differ_in_proofs(case.peer("bind"), case.peer("knot"))


def _lacks_the_wildcards_proof(case: Case) -> bool:
    """BIND's answer, which Resolute completes by the NSEC that has a wildcard for an empty non-terminal."""
    more = case.ours.authority - case.peer("bind").authority
    return bool(more) and {covered(record) for record in more} == {NSEC}


def _completes_bind(case: Case) -> bool:
    ours, bind = case.ours, case.peer("bind")
    more = ours.authority - bind.authority
    nsecs = [record for record in more if record.rtype == NSEC]
    owners = {record.owner for record in nsecs}
    shown = all(any(_shows_empty_wildcard(nsec, name) for name in chain(case)) for nsec in nsecs)
    return differ_in_proofs(ours, bind) and shown and all(record.owner in owners for record in more)


def _shows_empty_wildcard(nsec: Rr, name: Name) -> bool:
    """Whether the next name is below a wildcard for `name`, which has no NSEC of its own."""
    following = from_wire(nsec.rdata)
    wildcards = [(b"*", *encloser) for encloser in ancestors(name)]
    return any(is_at_or_below(following, wildcard) and following != wildcard for wildcard in wildcards)


def _knot_takes_an_asterisk_as_it_stands(case: Case) -> bool:
    knot, bind = case.peer("knot"), case.peer("bind")
    asterisk = any(name[:1] == (b"*",) for name in chain(case))
    return asterisk and differ_in_proofs(knot, bind) and knot.authority < bind.authority


def _knot_gives_up(case: Case) -> bool:
    knot, bind = case.peer("knot"), case.peer("bind")
    empty = not (knot.aa or knot.answer or knot.authority)
    return empty and bind.aa and any(record.rtype == NSEC3 for record in bind.authority)


def _nothing_matches_the_wildcard(case: Case) -> bool:
    knot, bind = case.peer("knot"), case.peer("bind")
    more = {record.rtype for record in bind.authority - knot.authority}
    return differ_in_proofs(knot, bind) and knot.authority < bind.authority and NSEC3 in more


CHOICES: Sequence[Choice] = (
    Choice(
        "the proof of an empty wildcard",
        _lacks_the_wildcards_proof,
        _completes_bind,
        "RFC 4035 3.1.3.4: wildcard no data takes the NSEC that proves that the wildcard does not have the type, "
        "beside the one that proves that nothing matches closer. For a wildcard without records that is the NSEC that "
        "covers it. Knot and BIND leave it out, NSD gives it",
    ),
    Choice(
        "no answer of Knot",
        _knot_gives_up,
        like("nsd", "bind"),
        "RFC 5155 7.2 says what belongs into a negative answer; Knot leaves some of those of opt-out zones empty, "
        "without AA",
    ),
    Choice(
        "NSEC at a cut",
        lambda case: case.question.qtype == NSEC and case.peer("bind").aa and not case.peer("nsd").aa,
        like("nsd", "knot"),
        "RFC 4035 3.1.4.1: of the records on the parent's side of a cut DS alone is not answered by a referral",
    ),
    Choice(
        "NSEC of a wildcard",
        lambda case: case.question.qtype == NSEC and case.peer("bind").types() >= {NSEC},
        like("bind"),
        "RFC 4592 4.7: a wildcard's NSEC is expanded when NSEC is what is asked for; RFC 4035 3.1.3.3 asks for the "
        "proof that nothing matches closer. NSD has no data, Knot no proof",
    ),
    Choice(
        "RRSIG",
        lambda case: case.question.qtype == RRSIG,
        like("nsd", "bind"),
        "RFC 1034 4.3.2 step 3a copies all RRs that match QTYPE; Knot gives the signature of one RRset",
    ),
    Choice(
        "proofs of NSD",
        _nsd_proves_otherwise,
        like("knot", "bind"),
        "RFC 4035 3.1.3 and RFC 5155 7.2 name the records that prove an answer. NSD takes the name before an empty "
        "non-terminal for the one that covers the wildcard, and gives an NSEC that proves nothing here",
    ),
    Choice(
        "proofs of BIND",
        _bind_proves_otherwise,
        like("nsd", "knot"),
        "RFC 4035 3.1.3.1: no data at an empty non-terminal is proven by the NSEC that covers it",
    ),
    Choice(
        "an asterisk that is expanded",
        _knot_takes_an_asterisk_as_it_stands,
        like("bind"),
        "RFC 4035 3.1.3.3: an expanded wildcard comes with the proof that nothing matches closer. RFC 4592 2.3: a "
        "QNAME that begins with an asterisk is a name like others. Knot leaves the proof out",
    ),
    Choice(
        "a wildcard that opt-out leaves out",
        _nothing_matches_the_wildcard,
        like("nsd", "bind"),
        "RFC 5155 7.2.5 asks for the NSEC3 that matches the wildcard. One above nothing but delegations without DS has "
        "none (RFC 5155 7.1): the NSEC3 that covers it, with its opt-out flag, shows that. Knot leaves it out",
    ),
)


def is_one_rrset(case: Case) -> bool:
    """One whole RRset of those that BIND, which gives all, has at the name; in a signed zone with its signatures."""
    ours, bind = case.ours, case.peer("bind")
    types = {covered(record) for record in ours.answer}
    wanted = frozenset(record for record in bind.answer if record.rtype != RRSIG or case.question.dnssec_ok)
    whole = frozenset(record for record in wanted if covered(record) in types)
    proven = ours.authority <= bind.authority
    return (ours.rcode, ours.aa, ours.answer) == (0, True, whole) and len(types) == 1 and proven
