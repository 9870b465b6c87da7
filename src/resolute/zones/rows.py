"""RRsets as values, and as rows of the store."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from resolute.errors import ZoneDataError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store.order import sort_key
from resolute.store.pages import pages
from resolute.store.zones import PAGE, RRsetRow

_MESSAGE: Final = 65_535
"""Octets of a message over TCP (RFC 1035 4.2.2)."""
_HEADER: Final = 12
_QUESTION: Final = 4
"""Its type and class, after its name."""
_RECORD: Final = 12
"""Owner (a pointer), type, class, TTL and length, before the rdata."""
_OPT: Final = 11
"""Without options (RFC 6891 6.1.2)."""
_LONGEST_NAME: Final = 255


def row_of(rrset: RRset) -> RRsetRow:
    """The row of an RRset."""
    return RRsetRow(sort_key(rrset.owner), rrset.rtype, names.to_text(rrset.owner), rrset.ttl, "\n".join(rrset.lines))


def rrset_of(row: RRsetRow) -> RRset:
    """The RRset of a row; without data there is none. Raises PresentationError for a row that is not of our making."""
    if not row.data:
        return RRset(names.from_text(row.name), row.rtype, 0, ())
    owner = names.from_text(row.name)
    return RRset(
        owner, row.rtype, row.ttl, tuple(rdata.from_our_text(row.rtype, line) for line in row.data.split("\n"))
    )


def none_of(row: RRsetRow) -> RRsetRow:
    """The same RRset when it is not there."""
    return RRsetRow(row.sort_key, row.rtype, row.name, 0, "")


def rows_of(records: Iterable[tuple[bytes, int, int, bytes]]) -> Iterator[RRsetRow]:
    """The rows of records (owner, type, ttl, rdata) that stand in canonical order."""
    return map(row_of, rrsets_of(records))


def rrsets_of(records: Iterable[tuple[bytes, int, int, bytes]]) -> Iterator[RRset]:
    """The RRsets of records that stand in canonical order. Of TTLs that differ within an RRset the least counts
    (RFC 2181 5.2)."""
    for (owner, rtype), group in groupby(records, key=lambda record: (record[0], record[1])):
        ttls, rdatas = [], []
        for _, _, ttl, data in group:
            ttls.append(ttl)
            rdatas.append(data)
        yield RRset.of(owner, rtype, min(ttls), rdatas)


def as_zone_text(rows: Iterable[RRsetRow]) -> bytes:
    """The rows as a zone file without directives."""
    return b"".join("".join(map(_lines, page)).encode("ascii") for page in pages(rows, PAGE))


def _lines(row: RRsetRow) -> str:
    head = f"{row.name} {row.ttl} {_TYPES[row.rtype]} "
    return "".join(f"{head}{line}\n" for line in row.data.split("\n"))


class _TypeNames(dict[int, str]):
    """The texts of types, each asked for once."""

    def __missing__(self, rtype: int) -> str:
        text = self[rtype] = rdata.type_to_text(rtype)
        return text


_TYPES = _TypeNames()


def refuse_too_large(rrset: RRset) -> None:
    """Raises ZoneDataError for an RRset that no DNS message has room for: nobody could be answered with it."""
    size, room = octets_in_answer(rrset.rdatas), room_for(rrset.owner)
    if size > room:
        raise ZoneDataError(
            f"{names.to_text(rrset.owner)} {rdata.type_to_text(rrset.rtype)} takes {size} octets in an answer, and a "
            f"DNS message has room for {room} (RFC 1035 4.2.2): take fewer or shorter records"
        )


def octets_in_answer(rdatas: Iterable[bytes]) -> int:
    """What the records of an RRset take in an answer."""
    return sum(_RECORD + len(data) for data in rdatas)


def room_for(owner: bytes) -> int:
    """Octets that a message has for the RRset of a name that is asked for; of a wildcard, for the longest name."""
    asked = _LONGEST_NAME if owner.startswith(b"\x01*") else len(owner)
    return _MESSAGE - _HEADER - asked - _QUESTION - _OPT


def refuse_foreign(owner: bytes, origin: bytes) -> None:
    """Raises ZoneDataError for a name outside of the zone."""
    labels, apex = names.split(owner), names.split(origin)
    if labels[len(labels) - len(apex) :] != apex or len(labels) < len(apex):
        raise ZoneDataError(f"{names.to_text(owner)} is not in the zone {names.to_text(origin)}")
