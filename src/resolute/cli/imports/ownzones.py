"""A domain that another program answers all of, as a zone that holds. Pure.

its records -> an alias goes before addresses -> what stands for all names below does so beside names that are there
            -> checked as the server checks a zone -> what does not hold is left out, with the reason
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from resolute.cli.imports.forwarding import parents
from resolute.cli.imports.found import TTL, ImportedZone, LeftOut, Record
from resolute.errors import ZoneDataError
from resolute.records import names
from resolute.zones.flatten import flat
from resolute.zones.founding import Founding, NameServer, zone_text
from resolute.zones.serial import Policy

_HOSTMASTER: Final = names.from_text("nobody.invalid.")  # RFC 6303 3, for zones of this kind
_SERVER: Final = names.from_text("localhost.")
_ADDRESSES: Final = frozenset({"A", "AAAA"})
_TRIES: Final = 100
"""So often a zone is checked without what did not hold: a hundred lines at a time."""
_PLACE: Final = re.compile(r"zone:(\d+):\d+: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OwnDomain:
    """What there is of a domain."""

    name: str
    """Lower case, without the last dot."""
    where: str
    records: Sequence[Record] = field(repr=False)
    below: Sequence[Record] = field(repr=False)
    """Addresses of all names below it that have none of their own."""


def build(domain: OwnDomain) -> tuple[ImportedZone | None, list[LeftOut]]:
    """The zone, and what it cannot have. None: nothing of it holds."""
    left: list[LeftOut] = []
    records = list(_aliases_first(domain, left))
    records += [*_below_names(domain, records)]
    origin = names.from_text(domain.name)
    head = zone_text(Founding(origin, [NameServer(_SERVER)], _HOSTMASTER, Policy.INCREMENT, TTL)).decode()
    # The rules speak of the later one of two records that do not go together: that is to be the alias.
    held = _holding(head, origin, sorted(records, key=lambda one: one.rtype == "CNAME"), left)
    if held is None:
        return None, left
    text = head + "".join(sorted(map(_line, held)))
    return ImportedZone(origin, text.encode(), domain.where), left


def _aliases_first(domain: OwnDomain, left: list[LeftOut]) -> Iterator[Record]:
    """A name with an alias and with addresses is answered by its alias, there; the domain itself can have none."""
    types = defaultdict[str, set[str]](set)
    for one in domain.records:
        types[one.name].add(one.rtype)
    for one in domain.records:
        own = types[one.name]
        of_an_alias = "CNAME" in own and own <= {"CNAME", *_ADDRESSES} and one.name != domain.name
        if of_an_alias and one.rtype in _ADDRESSES:
            left.append(_out(one, f"{one.name}. is an alias too, which goes before its address"))
        else:
            yield one


def _below_names(domain: OwnDomain, records: Sequence[Record]) -> Iterator[Record]:
    """The wildcard of the domain, and the same beside every name: one that exists, if only by a name below it, keeps
    the wildcard away from itself and from all below it (RFC 4592 2.2.2, 4.3)."""
    if not domain.below:
        return
    types = defaultdict[str, set[str]](set)
    for one in records:
        types[one.name].add(one.rtype)
    depth = len(parents(domain.name))
    there = {over for one in records for over in parents(one.name.removeprefix("*."))[:-depth]}
    for name in (domain.name, *sorted(there)):
        own = types[name]
        for one in domain.below:
            if name != domain.name and "CNAME" not in own and one.rtype not in own:
                yield one._replace(name=name)
            if one.rtype not in types[f"*.{name}"]:
                yield one._replace(name=f"*.{name}")


def _holding(head: str, origin: bytes, records: list[Record], left: list[LeftOut]) -> list[Record] | None:
    """The records without those that no zone can have, which go into `left`."""
    first = head.count("\n") + 1
    for tries in count():
        problems = _problems(head + "".join(map(_line, records)), origin)
        if not problems:
            break
        wrong = {at - first: why for at, why in problems.items() if 0 <= at - first < len(records)}
        if not wrong or tries == _TRIES:
            left += [_out(one, f"its zone does not hold: {'; '.join(problems.values())[:400]}") for one in records]
            return None
        left += [_out(records[at], why) for at, why in sorted(wrong.items())]
        records = [one for at, one in enumerate(records) if at not in wrong]
    return records


def _problems(text: str, origin: bytes) -> dict[int, str]:
    """What is wrong, by lines."""
    try:
        flat(text.encode(), origin, file="zone")
    except ZoneDataError as error:
        found = (_PLACE.match(problem) for problem in reversed(error.problems))
        return {int(match[1]): match[2] for match in found if match} or {0: str(error)}
    return {}


def _line(one: Record) -> str:
    return f"{one.name}. {one.ttl} {one.rtype} {one.data}\n"


def _out(one: Record, why: str) -> LeftOut:
    return LeftOut(one.where, f"{one.name} {one.rtype} {one.data}", why)
