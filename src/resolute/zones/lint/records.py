"""Records as the checks see them, and their data as text and as names."""

from typing import Final, NamedTuple

from resolute.records import names, rdata

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
MX: Final = 15
TXT: Final = 16
AFSDB: Final = 18
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
DS: Final = 43
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
NSEC3: Final = 50
NSEC3PARAM: Final = 51
TLSA: Final = 52
CDS: Final = 59
CDNSKEY: Final = 60
SVCB: Final = 64
HTTPS: Final = 65
SPF: Final = 99
CAA: Final = 257
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


def label_count(name: bytes) -> int:
    """How many labels, the root not counted."""
    at = count = 0
    while length := name[at]:
        at += length + 1
        count += 1
    return count


def parent(name: bytes) -> bytes:
    """The name without its first label."""
    return name[name[0] + 1 :]


def is_within(name: bytes, ancestor: bytes) -> bool:
    """Whether `name` is `ancestor` or below it; both in lower case."""
    if not name.endswith(ancestor):
        return False
    at, end = 0, len(name) - len(ancestor)
    while at < end:
        at += name[at] + 1
    return at == end


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
