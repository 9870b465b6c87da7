"""What Unbound and BIND answer differently over the test Internet, each with its reason; all else has to be equal.

Compared are rcode, AD, and the answer and authority sections as sets of records without TTL. With CD, AD is left out:
BIND does not validate then (RFC 4035 3.2.2), Unbound does all the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.internet.asking import Answer
from tests.internet.questions import NOT_OF_ALIASES, Question
from tests.internet.zones import Denial, Verdict, World

PROOFS = {" nsec ", " nsec3 ", " rrsig nsec ", " rrsig nsec3 "}


def unexplained(world: World, question: Question, unbound: Answer, bind: Answer) -> str | None:
    """In what they differ, with both answers; None when they do not, or for a known reason."""
    if _said(question, unbound) == _said(question, bind) or reason(world, question, unbound, bind):
        return None
    return f"{question}\n  Unbound: {unbound}\n  BIND:    {bind}"


def reason(world: World, question: Question, unbound: Answer, bind: Answer) -> str | None:
    """Why these answers may differ; None when they do not, or when there is no known reason."""
    if _said(question, unbound) == _said(question, bind):
        return None
    found = (rule for rule in RULES if rule(world, question, unbound, bind))
    return next((rule.__doc__ for rule in found), None)


def _alias_followed(world: World, question: Question, *_: Answer) -> bool:
    """Asked for the CNAME, DNAME or NSEC of an alias, Unbound follows it, BIND does not (RFC 1034 4.3.2 3a)."""
    return question.rtype in NOT_OF_ALIASES and world.is_alias(question.qname)


def _either_side_of_a_cut(world: World, question: Question, *_: Answer) -> bool:
    """A zone cut has NS and NSEC on both sides (RFC 4035 2.3): BIND may give those above, Unbound gives those below."""
    zone = world.zones.get(question.qname)
    if zone is None or question.rtype not in {"NSEC", "NS"}:
        return False
    return question.rtype == "NSEC" or zone.apex is not None


def _opt_out(world: World, question: Question, unbound: Answer, bind: Answer) -> bool:
    """RFC 5155 9.2: no AD when opt-out may hide the name; BIND 9.18 sets it at times, when it has the proof already."""
    zone = world.zones.get(question.qname) if question.rtype == "DS" else None
    holder = world.parent(zone) if zone and zone.name != "." else world.enclosing(question.qname)
    opt_out = holder.signing is not None and holder.signing.denial is Denial.OPT_OUT
    return opt_out and not bind.answer and replace(unbound, authentic=True) == bind


def _bogus_all_the_same(world: World, question: Question, unbound: Answer, bind: Answer) -> bool:
    """RFC 4035 3.2.2: bogus data are given with CD; Unbound 1.17 may say SERVFAIL, or give less, when it knows that."""
    bogus = world.verdict(world.enclosing(question.qname)) is Verdict.BOGUS
    less = unbound.rcode == "SERVFAIL" or unbound.answer < bind.answer
    return bogus and question.checking_disabled and less and bind.rcode != "SERVFAIL"


def _needless_proof(world: World, question: Question, unbound: Answer, bind: Answer) -> bool:
    """Proofs that nobody checks: of data that are not secure or not checked (CD), and of a wildcard asked by its name.

    BIND and Unbound pass on different ones, and both may (RFC 4035 3.1.3.3 is for what is synthesised).
    """
    heads = (_said(question, answer)[:3] for answer in (unbound, bind))
    if len(set(heads)) != 1 or not all(_has([record], PROOFS) for record in unbound.authority ^ bind.authority):
        return False
    insecure = any(not _is_secure(world, owner) for owner in _names(question, bind))
    return question.checking_disabled or insecure or question.qname.startswith("*.")


RULES: Sequence[Callable[[World, Question, Answer, Answer], bool]] = (
    _alias_followed,
    _either_side_of_a_cut,
    _opt_out,
    _bogus_all_the_same,
    _needless_proof,
)


def _said(question: Question, answer: Answer) -> tuple[object, ...]:
    """What is compared."""
    authentic = answer.authentic and not question.checking_disabled
    return answer.rcode, authentic, answer.answer, answer.authority


def _is_secure(world: World, name: str) -> bool:
    zone = world.enclosing(name)
    excessive = zone.signing is not None and zone.signing.denial is Denial.EXCESSIVE
    return world.verdict(zone) is Verdict.SECURE and not excessive


def _names(question: Question, answer: Answer) -> list[str]:
    """The name asked for, and those that its aliases lead to, as far as they are in the world."""
    targets = [record.split()[-1] for record in answer.answer if _has([record], {" cname "})]
    return [question.qname, *targets]


def _has(records: Sequence[str] | frozenset[str], words: set[str]) -> bool:
    return any(word in f" {record} " for record in records for word in words)
