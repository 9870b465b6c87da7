"""The type bit maps of NSEC and NSEC3 (RFC 4034 4.1.2)."""

from resolute.dnssec.keys import MalformedError


def read(bitmap: bytes) -> frozenset[int]:
    """The types of a bit map. Raises MalformedError for one that is not well-formed: what it denies is not known."""
    found: list[int] = []
    at, last = 0, -1
    while at < len(bitmap):
        window, length = bitmap[at], bitmap[at + 1] if at + 1 < len(bitmap) else 0
        if not 1 <= length <= 32 or at + 2 + length > len(bitmap) or window <= last:
            raise MalformedError("a type bit map is not well-formed")
        for offset, octet in enumerate(bitmap[at + 2 : at + 2 + length]):
            if octet:
                found.extend(window * 256 + offset * 8 + bit for bit in range(8) if octet & (0x80 >> bit))
        last, at = window, at + 2 + length
    return frozenset(found)
