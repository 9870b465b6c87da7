"""What a token may be used for: verbs × zones × names × types. Pure; the wire form of names throughout.

A scope only ever takes away: a token has what its owner's role gives *and* its scope lets through (`rights.require`).
A part that is None has no limit. A scope with a limit on zones, names or types gives nothing that is not about zones
and records, so that a token for one zone cannot empty the cache.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from resolute.admin.patterns import Pattern
from resolute.errors import PresentationError
from resolute.records import names, rdata


class Verb(enum.StrEnum):
    """What is done to what."""

    ZONES_READ = "zones:read"
    ZONES_WRITE = "zones:write"
    """Make and remove zones, and set them up."""
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    HOSTS_READ = "hosts:read"
    HOSTS_WRITE = "hosts:write"
    """Local records."""
    CACHE_READ = "cache:read"
    CACHE_WRITE = "cache:write"
    """Flush."""
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    NODES_READ = "nodes:read"
    NODES_WRITE = "nodes:write"
    """Reload."""
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    """Of everybody; one's own need no right."""
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"
    BACKUP_READ = "backup:read"
    """All of the store, with the hashes of passwords and tokens."""


RECORD_VERBS: Final = frozenset({Verb.RECORDS_READ, Verb.RECORDS_WRITE})
"""Those that names and types limit."""
ZONE_VERBS: Final = RECORD_VERBS | {Verb.ZONES_READ, Verb.ZONES_WRITE}
"""Those that zones limit."""


@dataclass(frozen=True, slots=True)
class Right:
    """The right to do one thing: a verb, and as far as it applies the zone, the owner name (both wire) and the type.

    Without a zone it is the right for every zone, without a name or type that for all of the zone.
    """

    verb: Verb
    zone: bytes | None = None
    name: bytes | None = None
    rtype: int | None = None

    def __str__(self) -> str:
        """As the log and a refusal say it: `records:write for TXT of www.example.org. in example.org.`"""
        words = [self.verb.value]
        if self.rtype is not None or self.name is not None:
            words += ["for", "all types" if self.rtype is None else rdata.type_to_text(self.rtype)]
            words += ["of", "all names" if self.name is None else names.to_text(self.name)]
        if self.verb in ZONE_VERBS:
            words += ["in", "every zone" if self.zone is None else names.to_text(self.zone)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may be used for at most."""

    verbs: frozenset[Verb] | None = None
    zones: tuple[Pattern, ...] | None = None
    names: tuple[Pattern, ...] | None = None
    types: frozenset[int] | None = None

    def gives(self, right: Right) -> bool:
        """Whether it lets a right through."""
        if self.verbs is not None and right.verb not in self.verbs:
            return False
        if right.verb not in ZONE_VERBS:
            return self.zones is None and self.names is None and self.types is None
        if not _matches(self.zones, right.zone):
            return False
        if right.verb not in RECORD_VERBS:
            return right.verb is Verb.ZONES_READ or (self.names is None and self.types is None)
        return _matches(self.names, right.name) and (self.types is None or right.rtype in self.types)

    def covers(self, other: "Scope") -> bool:
        """Whether everything that the other one lets through this one does too; when in doubt it does not."""
        return (
            (self.verbs is None or (other.verbs is not None and other.verbs <= self.verbs))
            and (self.types is None or (other.types is not None and other.types <= self.types))
            and _covers(self.zones, other.zones)
            and _covers(self.names, other.names)
        )

    def to_json(self) -> dict[str, Any]:
        """As the API and the store have it; None for a part without a limit."""
        return {
            "verbs": None if self.verbs is None else sorted(verb.value for verb in self.verbs),
            "zones": None if self.zones is None else [str(pattern) for pattern in self.zones],
            "names": None if self.names is None else [str(pattern) for pattern in self.names],
            "types": None if self.types is None else sorted(map(rdata.type_to_text, self.types)),
        }

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> Self:
        """From `to_json`. Raises PresentationError for what is no verb, name or type."""
        verbs, types = tree.get("verbs"), tree.get("types")
        return cls(
            verbs=None if verbs is None else frozenset(map(_verb, verbs)),
            zones=_patterns(tree.get("zones")),
            names=_patterns(tree.get("names")),
            types=None if types is None else frozenset(map(rdata.type_from_text, types)),
        )


# ------------------------------------------------------------------------------------------------------------- presets

TXT: Final = 16
A: Final = 1
AAAA: Final = 28
_ACME_LABEL: Final = b"_acme-challenge"


def acme(zone: bytes) -> Scope:
    """For a certificate client (RFC 8555 8.4): TXT at and under `_acme-challenge` of the zone and of its names."""
    challenge = bytes([len(_ACME_LABEL)]) + _ACME_LABEL + zone
    patterns = (Pattern.of_name(challenge), Pattern.below(challenge), Pattern.below(zone, _ACME_LABEL))
    verbs = frozenset({Verb.ZONES_READ, *RECORD_VERBS})
    return Scope(verbs, (Pattern.of_name(zone),), patterns, frozenset({TXT}))


def dyndns(hosts: Iterable[bytes]) -> Scope:
    """For a host whose address changes: A and AAAA of these names, in whatever zone they are."""
    patterns = tuple(Pattern.of_name(name) for name in hosts)
    return Scope(RECORD_VERBS, None, patterns, frozenset({A, AAAA}))


def _matches(patterns: tuple[Pattern, ...] | None, name: bytes | None) -> bool:
    """A right for all names needs a scope without a limit."""
    return patterns is None or (name is not None and any(pattern.matches(name) for pattern in patterns))


def _covers(ours: tuple[Pattern, ...] | None, others: tuple[Pattern, ...] | None) -> bool:
    if ours is None:
        return True
    return others is not None and all(any(mine.covers(other) for mine in ours) for other in others)


def _patterns(texts: Sequence[str] | None) -> tuple[Pattern, ...] | None:
    return None if texts is None else tuple(map(Pattern.parse, texts))


def _verb(text: str) -> Verb:
    try:
        return Verb(text)
    except ValueError:
        raise PresentationError(f"{text!r} is not a verb: expected one of {', '.join(Verb)}") from None
