"""What Unbound and BIND answer differently over the test Internet, each with its reason; all else has to be equal.

Compared are rcode, AD, and the answer and authority sections as sets of records without TTL. With CD, AD is left out:
BIND does not validate then (RFC 4035 3.2.2), Unbound does all the same.
"""

from collections.abc import Callable, Sequence

from tests.internet.asking import Answer
from tests.internet.questions import Question
from tests.internet.zones import Denial, Verdict, World

ALIASES = {" cname ", " dname "}
NOT_OF_ALIASES = {"CNAME", "DNAME", "NSEC"}
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


def _alias_followed(_: World, question: Question, unbound: Answer, bind: Answer) -> bool:
    """Asked for the CNAME, DNAME or NSEC of an alias, Unbound follows it, BIND does not (RFC 1034 4.3.2 3a)."""
    both = unbound.answer | bind.answer
    return question.rtype in NOT_OF_ALIASES and _has(both, ALIASES) and bind.rcode == "NOERROR"


def _needless_proof(world: World, question: Question, unbound: Answer, bind: Answer) -> bool:
    """Proofs that nobody checks: of data that are not secure or not checked (CD), and of a wildcard asked by its name.

    BIND and Unbound pass on different ones, and both may (RFC 4035 3.1.3.3 is for what is synthesised).
    """
    heads = (_said(question, answer)[:3] for answer in (unbound, bind))
    if len(set(heads)) != 1 or not all(_has([record], PROOFS) for record in unbound.authority ^ bind.authority):
        return False
    insecure = any(not _is_secure(world, owner) for owner in _names(question, bind))
    return question.checking_disabled or insecure or question.qname.startswith("*.")


RULES: Sequence[Callable[[World, Question, Answer, Answer], bool]] = (_alias_followed, _needless_proof)


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
