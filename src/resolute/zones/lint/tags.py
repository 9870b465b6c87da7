"""Lists of `tag=value;` as DKIM, DMARC, MTA-STS and TLSRPT have them (RFC 6376 3.2, RFC 7489 6.3, RFC 8461 3.1)."""

import re

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", re.DOTALL)


class TagError(ValueError):
    """Why a list does not parse."""


def parse(text: str) -> dict[str, str]:
    """The tags in their order. Raises TagError."""
    tags: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        match = _TAG.fullmatch(part)
        if match is None:
            raise TagError(f"`{part.strip()[:40]}` is not TAG=VALUE")
        if match[1] in tags:
            raise TagError(f"the tag {match[1]} stands twice")
        tags[match[1]] = match[2]
    return tags


def require(tags: dict[str, str], tag: str, allowed: str) -> None:
    """A tag, if it is there, has one of the words. Raises TagError."""
    if tag in tags and tags[tag].lower() not in allowed.split():
        raise TagError(f"{tag}={tags[tag][:40]}: expected one of {allowed.replace(' ', ', ')}")
