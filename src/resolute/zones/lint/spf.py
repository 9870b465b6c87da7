"""SPF records (RFC 7208): syntax, number of lookups, what stands behind `all`."""

import ipaddress
import re
from collections.abc import Iterator

from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, shown

_PREFIX = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_MECHANISM = re.compile(r"([-+?~]?)([A-Za-z][A-Za-z0-9._-]*)(?:(:)([^/]*))?((?:/[0-9]*){0,1}(?://[0-9]*)?)")
_IP = re.compile(r"([-+?~]?)(ip4|ip6):(.+)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)")
_MACRO = re.compile(r"%(?:\{[slodiphcrtv][0-9]*r?[-.+,/_=]*\}|%|_|-)", re.IGNORECASE)
_LOOKUPS = 10
_WITH_LOOKUP = frozenset(("include", "a", "mx", "ptr", "exists", "redirect"))
_MECHANISMS = {"all": "none", "include": "must", "a": "may", "mx": "may", "ptr": "may", "exists": "must"}


class SpfError(ValueError):
    """Why a record does not parse."""


def is_spf(text: str) -> bool:
    """Whether a TXT record is meant for SPF (RFC 7208 4.5)."""
    return _PREFIX.match(text) is not None


def check(text: str, record: Record, report: Report) -> None:
    """One SPF record, its strings joined."""
    try:
        names = list(parse(text))
    except SpfError as error:
        report.add("bad-spf", record, f"SPF of {shown(record.owner)}: {error}")
        return
    lookups = sum(name.lstrip("+-?~") in _WITH_LOOKUP for name in names)
    if lookups > _LOOKUPS:
        report.add("spf-lookups", record, f"SPF of {shown(record.owner)} needs {lookups} lookups, 10 are allowed")
    alls = [at for at, name in enumerate(names) if name.lstrip("+-?~") == "all"]
    if alls and names[alls[0]] in {"all", "+all"}:
        report.add("spf-all", record, f"SPF of {shown(record.owner)} lets everybody send: +all")
    elif alls and any(name.lstrip("+-?~") in _MECHANISMS for name in names[alls[0] + 1 :]):
        report.add("spf-all", record, f"SPF of {shown(record.owner)} has terms behind all, which are never reached")


def parse(text: str) -> Iterator[str]:
    """The terms' names with their qualifiers, in lower case. Raises SpfError."""
    seen: set[str] = set()
    for term in text[6:].split(" "):
        if not term:
            continue
        if not term.isascii() or not term.isprintable():
            raise SpfError(f"`{term[:40]}` has characters that no term has")
        if match := _MODIFIER.fullmatch(term):
            yield _modifier(match[1].lower(), match[2], seen)
        else:
            yield _mechanism(term)


def _modifier(name: str, value: str, seen: set[str]) -> str:
    if name in {"redirect", "exp"}:
        if name in seen:
            raise SpfError(f"{name}= stands twice")
        seen.add(name)
        _domain(value, f"{name}={value}")
    return name


def _mechanism(term: str) -> str:
    if match := _IP.fullmatch(term):
        _network(match[2].lower(), match[3])
        return match[1] + match[2].lower()
    match = _MECHANISM.fullmatch(term)
    name = match[2].lower() if match else ""
    if match is None or name not in _MECHANISMS:
        raise SpfError(f"`{term[:60]}` is no term of SPF")
    _argument(term, name, match)
    return match[1] + name


def _argument(term: str, name: str, match: re.Match[str]) -> None:
    takes, has = _MECHANISMS[name], match[3] is not None
    if (takes == "none" and has) or (takes == "must" and not has):
        raise SpfError(f"`{term[:60]}`: {name} takes {'no' if takes == 'none' else 'a'} domain")
    if match[5]:
        _lengths(term, name, match[5])
    if has:
        _domain(match[4], term)


def _lengths(term: str, name: str, text: str) -> None:
    four, _, six = text.partition("//")
    good = name in {"a", "mx"}
    good &= not four or (four[1:].isdigit() and int(four[1:]) <= 32)
    good &= "//" not in text or (six.isdigit() and int(six) <= 128)
    if not good:
        raise SpfError(f"`{term[:60]}`: expected /0 to /32, and //0 to //128 for IPv6, behind a or mx")


def _network(family: str, text: str) -> None:
    try:
        if family == "ip4":
            ipaddress.IPv4Network(text, strict=False)
        else:
            ipaddress.IPv6Network(text, strict=False)
    except ValueError:
        raise SpfError(f"`{family}:{text[:60]}` has no network of that family") from None


def _domain(text: str, term: str) -> None:
    plain = _MACRO.sub("x", text)
    if not plain or "%" in plain:
        raise SpfError(f"`{term[:60]}` has no domain, or a macro that is none")
    words = plain.rstrip(".").split(".")
    if any(not word or len(word) > 63 for word in words) or (len(words) < 2 and plain == text):
        raise SpfError(f"`{term[:60]}` has no domain of two labels")
