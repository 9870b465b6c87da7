"""Records as the checks see them, and their data as text and as names."""

from typing import Final, NamedTuple

from resolute.records import names, rdata
from resolute.records.names import parent
from resolute.records.types import AAAA, AFSDB, CNAME, DNAME, HTTPS, MX, NS, PTR, SRV, SVCB, A

ADDRESSES: Final = frozenset((A, AAAA))


class Record(NamedTuple):
    """One record of the zone file; names are uncompressed wire form, the owner in lower case."""

    owner: bytes
    rtype: int
    ttl: int
    rdata: bytes
    file: int
    line: int
    column: int


def shown(name: bytes) -> str:
    """A name in presentation form."""
    return names.to_text(name)


def kind(rtype: int) -> str:
    """A type's mnemonic."""
    return rdata.type_to_text(rtype)


def data_text(record: Record) -> str:
    """The record's data in presentation form."""
    return rdata.to_text(record.rtype, record.rdata)


def labels(name: bytes) -> list[bytes]:
    """The labels from left to right, without the root."""
    return names.split(name)


def above(name: bytes, top: bytes) -> list[bytes]:
    """The names from just below `top` down to `name` itself; `name` must be within `top`."""
    found = []
    while len(name) > len(top):
        found.append(name)
        name = parent(name)
    return found[::-1]


_TARGET_AT: Final = {NS: 0, CNAME: 0, PTR: 0, DNAME: 0, MX: 2, AFSDB: 2, SRV: 6, SVCB: 2, HTTPS: 2}


def target(record: Record) -> bytes:
    """The name that the record's data leads to, in lower case."""
    return first_name(record.rdata, _TARGET_AT[record.rtype])


def first_name(data: bytes, at: int) -> bytes:
    """The uncompressed name that begins at an octet of record data, in lower case."""
    end = at
    while data[end]:
        end += data[end] + 1
    return data[at : end + 1].lower()


def strings(data: bytes) -> list[bytes]:
    """The character-strings of TXT data (RFC 1035 3.3.14)."""
    found, at = [], 0
    while at < len(data):
        length = data[at]
        found.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return found
