"""Which protocol a path belongs to, and how that protocol says no. Pure; what stands before the routes asks here too.

    /nic/update                          dyndns2: one word, `badauth`
    /register /update /health            acme-dns: {"error": "forbidden"}
    /httpreq/present /httpreq/cleanup    lego's httpreq: one line of text
    /externaldns/...                     ExternalDNS' webhook: one line of text

They take a token as the password of Basic authentication too (RFC 7617), because their clients can do nothing else.
"""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CHALLENGE: Final = 'Basic realm="resolute"'
"""Of a 401 on these paths (RFC 9110 11.6.1)."""


class Protocol(enum.Enum):
    """What is spoken on a path."""

    DYNDNS2 = "dyndns2"
    ACME_DNS = "acme-dns"
    HTTPREQ = "httpreq"
    EXTERNALDNS = "externaldns"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is to be refused: the status and the kind of the problem, and why in one line."""

    status: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal as the protocol's clients read it."""

    status: int
    text: str
    media_type: str = "text/plain"


def of(path: str) -> Protocol | None:
    """The protocol of a path in its one spelling; None for those of the REST API and all others."""
    first, _, rest = path.removeprefix("/").partition("/")
    protocol = _FOLDERS.get(first)
    return protocol if protocol is not None else (None if rest else _FILES.get(first))


def is_change(path: str) -> bool:
    """Whether a GET of this path changes something, so that no page of another origin may make a browser send it."""
    return of(path) is Protocol.DYNDNS2


def said(path: str, refusal: Refusal) -> Said | None:
    """The refusal in the form of the path's protocol; None where there is none."""
    protocol = of(path)
    if protocol is None:
        return None
    if protocol is Protocol.DYNDNS2:
        return Said(refusal.status, _word(refusal) + "\n")
    if protocol is Protocol.ACME_DNS:
        return _acme_dns(path, refusal)
    return Said(refusal.status, refusal.detail + "\n")


_FOLDERS: Final[Mapping[str, Protocol]] = {
    "nic": Protocol.DYNDNS2,
    "httpreq": Protocol.HTTPREQ,
    "externaldns": Protocol.EXTERNALDNS,
}
_FILES: Final[Mapping[str, Protocol]] = {
    "register": Protocol.ACME_DNS,
    "update": Protocol.ACME_DNS,
    "health": Protocol.ACME_DNS,
}
_WORDS: Final[Mapping[int, str]] = {
    401: "badauth",
    403: "badauth",
    404: "badagent",
    405: "badagent",
    422: "notfqdn",
    429: "abuse",
}
"""A client gives up on each of these; on `911` it tries again later."""


def _word(refusal: Refusal) -> str:
    if refusal.kind == "refused":  # under a wrong name, or from another page: the password is not to blame
        return "badagent"
    return _WORDS.get(refusal.status, "911")


def _acme_dns(path: str, refusal: Refusal) -> Said:
    """An update without the right is `forbidden` and no more, whatever the reason, as acme-dns has it."""
    denied = path == "/update" and refusal.kind in ("unauthenticated", "denied")
    error = "forbidden" if denied else refusal.detail
    return Said(401 if denied else refusal.status, json.dumps({"error": error}), "application/json")
