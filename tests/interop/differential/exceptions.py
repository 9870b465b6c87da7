"""Where NSD, Knot and BIND differ among themselves: whom Resolute answers like, and which sentence decides."""

from collections.abc import Sequence

from tests.interop.differential import proofs
from tests.interop.differential.chains import first_in_another_zone, is_ds_at_an_apex, loops, meets_foreign_names
from tests.interop.differential.choices import Choice, alone, like
from tests.interop.differential.compare import ANY, Case
from tests.interop.differential.names import from_wire
from tests.interop.differential.proofs import is_one_rrset
from tests.interop.differential.replies import AA, Reply

NOERROR, SERVFAIL, NXDOMAIN, YXDOMAIN = 0, 2, 3, 6
CNAME, SOA, DNAME, RRSIG, NSEC = 5, 6, 39, 46, 47
KNOT_STEPS, OUR_STEPS = 5, 17


def _is_below_dname(case: Case) -> bool:
    owners = {from_wire(record.owner) for record in case.peer("bind").answer if record.rtype == DNAME}
    return any(len(case.question.qname) > len(owner) for owner in owners)


def _nsd_misses_an_empty_wildcard(case: Case) -> bool:
    nsd, bind = case.peer("nsd"), case.peer("bind")
    return alone(case, "nsd") and (nsd.rcode, bind.rcode) == (NXDOMAIN, NOERROR) and nsd.answer == bind.answer


def _nsd_follows_for_signatures(case: Case) -> bool:
    return case.question.qtype in (RRSIG, NSEC) and _steps(case.peer("nsd")) > _steps(case.peer("bind"))


def _knot_moves_a_dname(case: Case) -> bool:
    knot, nsd, bind = (
        {record.owner for record in case.peer(who).answer if record.rtype == DNAME} for who in ("knot", "nsd", "bind")
    )
    expanded = any(owner.startswith(b"\x01*") for owner in bind)
    return bool(knot - nsd - bind) or (expanded and case.peer("knot").rcode == SERVFAIL)


def _knot_stops_early(case: Case) -> bool:
    knot, bind = case.peer("knot"), case.peer("bind")
    return _steps(knot) == KNOT_STEPS and knot.answer < bind.answer and knot.authority <= bind.authority


def _steps(reply: Reply) -> int:
    return sum(record.rtype == CNAME for record in reply.answer)


def _never_ends(case: Case) -> bool:
    return case.peer("bind").rcode == SERVFAIL and _steps(case.peer("bind")) > KNOT_STEPS


def _is_the_loop_that_bind_found(case: Case) -> bool:
    bind, ours = case.peer("bind"), case.ours
    return bind.rcode == SERVFAIL and (ours.rcode, ours.answer, ours.authority) == (
        NOERROR,
        bind.answer,
        bind.authority,
    )


def _is_cut_after_our_steps(case: Case) -> bool:
    """All that BIND found before it gave up, part of what NSD found or more, and as many steps as Resolute goes."""
    ours, nsd, bind = case.ours, case.peer("nsd"), case.peer("bind")
    found = ours.answer >= bind.answer and (ours.answer >= nsd.answer or ours.answer <= nsd.answer)
    grown = ours.rcode == YXDOMAIN and _steps(ours) >= _steps(bind)
    ended = grown or (ours.rcode == NOERROR and _steps(ours) == OUR_STEPS)
    return found and ended and ours.aa and ours.authority <= bind.authority


def _is_composed(case: Case) -> bool:
    """What BIND found before it left the zone, and what Resolute says when asked for the name in the other."""
    ours, bind, rest = case.ours, case.peer("bind"), case.followed
    if rest is None:
        return False
    expected = bind.answer | rest.answer, rest.rcode, rest.flags | AA
    if (ours.answer, ours.rcode, ours.flags | AA) != expected or not ours.aa:
        return False
    if any(record.rtype == SOA for record in bind.authority):  # BIND did not leave: DS of a child's apex
        return rest.authority <= ours.authority <= rest.authority | bind.authority
    return ours.authority == rest.authority | bind.authority


CHOICES: Sequence[Choice] = (
    *proofs.CHOICES,
    Choice(
        "ANY below a DNAME",
        lambda case: case.question.qtype == ANY and _is_below_dname(case),
        like("bind", "nsd", "knot"),
        "RFC 1034 4.3.2 step 3a follows a CNAME only when QTYPE does not match it, and ANY matches: the CNAME made "
        "from a DNAME (RFC 6672 3.1) is an answer. NSD and Knot follow it nevertheless",
    ),
    Choice(
        "ANY",
        lambda case: case.question.qtype == ANY,
        lambda case: is_one_rrset(case) or like("nsd", "knot", "bind")(case),
        "RFC 8482 4.1 lets a server answer ANY with one RRset of its choice; it does not say which. BIND gives all, "
        "NSD and Knot the first that they have, Resolute the smallest",
    ),
    Choice(
        "YXDOMAIN",
        lambda case: any(reply.rcode == YXDOMAIN for reply in case.peers.values()),
        like("nsd", "bind"),
        "RFC 6672 3.2 step 3c: when the new name would be too long, set YXDOMAIN and exit. Knot adds the SOA",
    ),
    Choice(
        "RRSIG or NSEC at a CNAME",
        _nsd_follows_for_signatures,
        like("knot", "bind"),
        "RFC 4035 2.5: a name with a CNAME has RRSIG and NSEC RRsets of its own, so these types are answered from it",
    ),
    Choice(
        "DNAME at an asterisk label",
        _knot_moves_a_dname,
        like("nsd", "bind"),
        "RFC 6672 3.1 gives the DNAME RRset itself, and RFC 4592 2.3: an asterisk label in a QNAME is a label like "
        "others, so the name is below the DNAME and its owner does not change. Knot gives it the name asked, or, where "
        "it has signatures, SERVFAIL",
    ),
    Choice(
        "loop",
        loops,
        lambda case: like("nsd", "knot")(case) or _is_the_loop_that_bind_found(case),
        "RFC 1034 4.3.2 ends in the data that the zone has, and knows no SERVFAIL; a client sees the loop in the "
        "records",
    ),
    Choice(
        "a chain without end",
        _never_ends,
        lambda case: like("nsd")(case) or _is_cut_after_our_steps(case),
        "RFC 1034 4.3.2 has no SERVFAIL for a chain: it ends in what has been found. RFC 6672 2.2 warns of DNAMEs that "
        "lead below themselves. NSD stops at once or when it is full, Knot after five steps, BIND after eleven, "
        "Resolute after sixteen",
    ),
    Choice(
        "into another zone",
        lambda case: first_in_another_zone(case) is not None,
        lambda case: like("nsd")(case) or _is_composed(case),
        "RFC 1034 4.3.2 step 3a goes back to step 1 with the canonical name, and step 2 searches all zones for its "
        "nearest ancestor. Knot and BIND stay in the zone that they began with",
    ),
    Choice(
        "long chain",
        _knot_stops_early,
        like("nsd", "bind"),
        "RFC 1034 4.3.2 goes back to step 1 at each CNAME and has no limit; Knot ends after five",
    ),
    Choice(
        "wildcard without data",
        _nsd_misses_an_empty_wildcard,
        like("knot", "bind"),
        "RFC 4592 4.9: an asterisk label that is an empty non-terminal is a source of synthesis, and the response has "
        "no error and no records",
    ),
    Choice(
        "names of another zone",
        lambda case: alone(case, "nsd") and (meets_foreign_names(case) or is_ds_at_an_apex(case)),
        like("knot", "bind"),
        "RFC 1034 4.3.2 step 3 matches down in the zone that step 2 found: what another zone has at these names is not "
        "there, and RFC 4035 3.1.4.1 has DS answered by the parent, not by its parent. NSD keeps the names of all "
        "zones in one table",
    ),
)


def applying(case: Case) -> list[Choice]:
    """What is known of this disagreement. Two kinds may meet in one question: what one of them accepts is right."""
    return [choice for choice in CHOICES if choice.applies(case)]
