"""Trust anchors (RFC 4033 2, RFC 9364) and negative trust anchors (RFC 7646).

An anchor is kept as DS; one that is given as a DNSKEY becomes the DS of that key. Files are read elsewhere: here is
their text, in presentation form, a record on each line:

    . IN DS 20326 8 2 E06D44B8...                   ; comments and blank lines are skipped
    example. 3600 IN DNSKEY 257 3 13 mdsswUyr3DPW...
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

from resolute.dnssec.keys import DIGESTS, SUPPORTED, ZONE_FLAG, Ds, Key, MalformedError
from resolute.errors import PresentationError, SettingsError
from resolute.records import names, rdata
from resolute.records.types import DNSKEY, DS

ROOT: Final = b"\0"
ROOT_ANCHORS: Final = """\
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""
"""The keys that sign the root's keys: KSK-2017 and KSK-2024, as IANA publishes them (RFC 7958)."""
MOST_NEGATIVE: Final = 10_000
_CLASS: Final = "IN"


class Anchors:
    """The trust anchors, by zone; without any nothing is validated."""

    def __init__(self, by_zone: Mapping[bytes, Iterable[Ds]]) -> None:
        self._by_zone = {zone: tuple(ds) for zone, ds in by_zone.items()}

    @classmethod
    def builtin(cls) -> "Anchors":
        """The root's."""
        return parse(ROOT_ANCHORS, "builtin")

    @classmethod
    def off(cls) -> "Anchors":
        """None."""
        return cls({})

    @property
    def zones(self) -> Mapping[bytes, tuple[Ds, ...]]:
        """The zones that have one."""
        return self._by_zone

    def of(self, zone: bytes) -> tuple[Ds, ...]:
        """The anchors of a zone."""
        return self._by_zone.get(zone, ())

    def closest(self, name: bytes) -> bytes | None:
        """The zone with an anchor that is nearest to a name, at or above it."""
        while name not in self._by_zone:
            if name == ROOT:
                return None
            name = names.parent(name)
        return name

    def with_zone(self, zone: bytes, ds: Iterable[Ds]) -> "Anchors":
        """The same with other anchors for one zone: what a roll of keys leads to."""
        return Anchors({**self._by_zone, zone: tuple(ds)})


def parse(text: str, file: str) -> Anchors:
    """The anchors of a file. Raises SettingsError with a line for each line that is none, or for a file without any."""
    found: dict[bytes, list[Ds]] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition(";")[0].split()
        if not words:
            continue
        try:
            owner, ds = _read(words)
            found.setdefault(owner, []).append(ds)
        except PresentationError as error:
            problems.append(f"{file}:{number}: {error}")
    if not found and not problems:
        problems.append(f"{file}: no trust anchor in it: expected lines like '. IN DS 20326 8 2 E06D...'")
    if problems:
        raise SettingsError(problems)
    return Anchors(found)


def _read(words: list[str]) -> tuple[bytes, Ds]:
    """OWNER [TTL] [CLASS] TYPE DATA, TTL and class in any order (RFC 1035 5.1)."""
    owner, rest = names.fold(names.from_text(words[0])), words[1:]
    while rest and (rest[0].isdigit() or rest[0].upper() == _CLASS):
        rest = rest[1:]
    if len(rest) < 2:
        raise PresentationError("expected OWNER, then DS or DNSKEY, and its data")
    rtype, data = rdata.type_from_text(rest[0]), " ".join(rest[1:])
    if rtype not in (DS, DNSKEY):
        raise PresentationError(f"{rest[0]} is no trust anchor: expected DS or DNSKEY")
    wire = rdata.to_wire(rtype, data, ROOT)
    return owner, _of_ds(wire) if rtype == DS else _of_key(owner, wire)


def _of_ds(wire: bytes) -> Ds:
    try:
        ds = Ds.of(wire)
    except MalformedError as error:
        raise PresentationError(str(error)) from error
    if ds.algorithm not in SUPPORTED or ds.digest_type not in DIGESTS:
        raise PresentationError(f"algorithm {ds.algorithm} with digest type {ds.digest_type} cannot be validated here")
    return ds


def _of_key(owner: bytes, wire: bytes) -> Ds:
    try:
        key = Key.of(wire)
    except MalformedError as error:
        raise PresentationError(str(error)) from error
    if not key.flags & ZONE_FLAG or not key.may_sign:
        raise PresentationError(f"the key {key.tag} may not sign a zone: its flags or its protocol say so")
    if key.algorithm not in SUPPORTED:
        raise PresentationError(f"algorithm {key.algorithm} cannot be validated here")
    return Ds.of_key(owner, wire)


class NegativeAnchors:
    """Names at and below which nothing is validated, each until a time; bounded."""

    def __init__(self, capacity: int = MOST_NEGATIVE) -> None:
        self._capacity = capacity
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def set(self, name: bytes, until: float = float("inf")) -> None:
        """From now until a moment of the wall clock (seconds since 1970). When there are too many, the oldest go."""
        name = names.fold(name)
        self._until.pop(name, None)
        self._until[name] = until
        if len(self._until) > self._capacity:
            self._until.popitem(last=False)

    def remove(self, name: bytes) -> None:
        """No longer."""
        self._until.pop(names.fold(name), None)

    def all(self, now: float) -> dict[bytes, float]:
        """Those that hold, with their ends."""
        return {name: until for name, until in self._until.items() if until > now}

    def closest(self, name: bytes, now: float) -> bytes | None:
        """The nearest one that holds, at or above a name in lower case."""
        while self._until:
            if self._until.get(name, 0.0) > now:
                return name
            if name == ROOT:
                break
            name = names.parent(name)
        return None
