"""RRsets (RFC 2181 5): the records of one owner and type, as a value.

Names are canonical: wire form, ASCII letters in lower case (RFC 4034 6.2). Rdata is uncompressed wire form.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from resolute.errors import PresentationError
from resolute.records import names, rdata

MAX_TTL = 2**31 - 1
"""RFC 2181 8."""


@dataclass(frozen=True, slots=True)
class RRset:
    """The records of one owner and type. It has one TTL (RFC 2181 5.2); `rdatas` has no duplicates.

    Without rdatas it says that there is none.
    """

    owner: bytes
    rtype: int
    ttl: int
    rdatas: tuple[bytes, ...]

    @classmethod
    def of(cls, owner: bytes, rtype: int, ttl: int, rdatas: Iterable[bytes]) -> "RRset":
        """In canonical form: owner in lower case, rdatas in canonical order (RFC 4034 6.3), each once."""
        by_form = {rdata.canonical(rtype, data): data for data in rdatas}
        return cls(names.fold(owner), rtype, ttl, tuple(by_form[form] for form in sorted(by_form)))

    @classmethod
    def parse(cls, owner: bytes, rtype: int, ttl: int, lines: Iterable[str]) -> "RRset":
        """From rdata in presentation form; relative names in it are completed by the root. Raises PresentationError."""
        return cls.of(owner, rtype, check_ttl(ttl), [rdata.to_wire(rtype, line, b"\0") for line in lines])

    @property
    def key(self) -> tuple[bytes, int]:
        """What identifies it in its zone."""
        return self.owner, self.rtype

    @property
    def forms(self) -> frozenset[bytes]:
        """Its rdatas in canonical form (RFC 4034 6.2), to compare with."""
        return frozenset(rdata.canonical(self.rtype, data) for data in self.rdatas)

    @property
    def lines(self) -> tuple[str, ...]:
        """Its rdatas in presentation form."""
        return tuple(rdata.to_text(self.rtype, data) for data in self.rdatas)

    def equals(self, other: "RRset") -> bool:
        """Whether both say the same: letter case in names makes no difference."""
        if self is other:
            return True
        return self.key == other.key and self.forms == other.forms and (not self.rdatas or self.ttl == other.ttl)

    def __str__(self) -> str:
        """Its records as they stand in a zone file, a line each."""
        head = f"{names.to_text(self.owner)} {self.ttl} {rdata.type_to_text(self.rtype)}"
        return "\n".join(f"{head} {line}" for line in self.lines)


def check_ttl(ttl: int) -> int:
    """The TTL, if it is one. Raises PresentationError."""
    if not 0 <= ttl <= MAX_TTL:
        raise PresentationError(f"{ttl} is not a TTL: expected 0 to {MAX_TTL} seconds (RFC 2181 8)")
    return ttl
