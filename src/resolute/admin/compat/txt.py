"""TXT records of challenges (RFC 8555 8.4)."""

import base64
import hashlib
from typing import Final

from resolute.records import rdata

TXT: Final = rdata.type_from_text("TXT")
CHALLENGE_TTL: Final = 1
"""Seconds, as acme-dns has it: a memory of the last challenge must not spoil the next."""
LONGEST: Final = 255
"""Octets of a character-string (RFC 1035 3.3)."""


def txt_rdata(text: str) -> bytes:
    """The wire rdata of a text: one character-string, or as many as it needs."""
    octets = text.encode()
    parts = [octets[at : at + LONGEST] for at in range(0, len(octets), LONGEST)] or [b""]
    return b"".join(bytes([len(part)]) + part for part in parts)


def challenge(key_authorization: str) -> str:
    """What a TXT record says for a key authorization (RFC 8555 8.4): base64url of its SHA-256, without padding."""
    digest = hashlib.sha256(key_authorization.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
