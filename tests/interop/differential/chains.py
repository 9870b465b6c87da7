"""The names that an answer leads through, and the zones that they are in."""

from collections.abc import Iterator

from tests.interop.differential.compare import ANY, Case
from tests.interop.differential.names import Name, ancestors, from_wire, is_at_or_below, lower

CNAME, DS = 5, 43


def chain(case: Case) -> list[Name]:
    """The name asked and where CNAMEs lead from it, by what anybody said; a loop ends where it closes."""
    records = (record for reply in case.said.values() for record in reply.answer if record.rtype == CNAME)
    steps = {from_wire(record.owner): from_wire(record.rdata) for record in records}
    names = [lower(case.question.qname)]
    if case.question.qtype in (CNAME, ANY):
        return names
    while (following := steps.get(names[-1])) is not None:
        names.append(following)
        if following in names[:-1]:
            break
    return names


def loops(case: Case) -> bool:
    """Whether the chain comes to a name that it was at before."""
    names = chain(case)
    return names[-1] in names[:-1]


def first_in_another_zone(case: Case) -> Name | None:
    """The first name on the way that is in another zone of ours than the name asked."""
    names = chain(case)
    here = zone_for(case, names[0])
    return next((name for name in names if zone_for(case, name) not in (None, here)), None)


def zone_for(case: Case, name: Name) -> Name | None:
    """The zone that answers for a name: the nearest ancestor, or the parent's for DS at an apex (RFC 4035 3.1.4.1)."""
    origin = case.world.zone_of(name)
    if origin == name and case.question.qtype == DS and name:
        parent = case.world.zone_of(name[1:])
        return origin if parent is None else parent
    return origin


def is_ds_at_an_apex(case: Case) -> bool:
    """Whether the question is for DS, and comes to a name whose zone is ours."""
    return case.question.qtype == DS and any(case.world.zone_of(name) == name for name in chain(case))


def meets_foreign_names(case: Case) -> bool:
    """Whether a name on the way, one above it, or a wildcard for it is in another zone and not in its own."""
    return any(_is_foreign(case, name) for name in chain(case))


def _is_foreign(case: Case, name: Name) -> bool:
    origin = zone_for(case, name)
    if origin is None:
        return False
    near = (found for up in _within(name, origin) for found in (up, (b"*", *up)))
    return any(found in case.world.all_names and found not in case.world.names[origin] for found in near)


def _within(name: Name, origin: Name) -> Iterator[Name]:
    return (up for up in (name, *ancestors(name)) if is_at_or_below(up, origin))
