"""How the description of the API says who may ask: by the gate's own rule, so that the two cannot differ."""

from typing import Any, Final

from resolute.admin.compat import protocols
from resolute.admin.gate import PUBLIC
from resolute.admin.sessions import PREFIXED

_SCHEMES: Final[dict[str, dict[str, str]]] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "An API token as the password; the user name is free.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "An API token: `rsl_...`."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API token."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": PREFIXED,
        "description": "A login. Over plain HTTP on loopback its name is `resolute`. Changes must send `Origin`.",
    },
}


def describe(document: dict[str, Any]) -> None:
    """Adds the schemes to an OpenAPI document, and to each operation those that it takes."""
    document["components"]["securitySchemes"] = _SCHEMES
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if (method.upper(), path) not in PUBLIC:
                operation["security"] = [{name: []} for name in _taken(path)]


def _taken(path: str) -> list[str]:
    return [name for name in _SCHEMES if name != "basic" or protocols.of(path) is not None]
