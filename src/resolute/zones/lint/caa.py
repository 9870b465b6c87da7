"""CAA (RFC 8659, RFC 9495, RFC 8657): what certification authorities make of it."""

import re
from urllib.parse import urlsplit

from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import shown
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Zone

_ISSUER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_PARAMETER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\s*=\s*[!-:<-~]*")
_ISSUING = frozenset(("issue", "issuewild", "issuemail", "issuevmc"))
_KNOWN = _ISSUING | {"iodef", "contactemail", "contactphone"}


def check(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """Each CAA record of a name."""
    for record in rrset.records:
        flags, length = record.rdata[0], record.rdata[1]
        tag = record.rdata[2 : 2 + length].decode("ascii", "replace").lower()
        value = record.rdata[2 + length :].decode("latin-1")
        if tag not in _KNOWN:
            critical = ", and is critical: no authority may issue" if flags & 128 else ""
            report.add("caa-tag", record, f"CAA of {shown(record.owner)}: the tag {tag} is unknown{critical}")
        elif flags & 127:
            report.add("caa-tag", record, f"CAA of {shown(record.owner)}: flags {flags} are reserved")
        if (problem := _problem(tag, value)) is not None:
            report.add("bad-caa", record, f"CAA {tag} of {shown(record.owner)}: {problem}")


def _problem(tag: str, value: str) -> str | None:
    if tag in _ISSUING:
        return _issue_problem(value)
    if tag == "iodef":
        return _iodef_problem(value)
    if tag == "contactemail" and "@" not in value:
        return f"`{value[:40]}` is no mail address"
    return None


def _issue_problem(value: str) -> str | None:
    """RFC 8659 4.2: an issuer's domain, or none; then `;` and parameters."""
    issuer, *parameters = value.split(";")
    if issuer.strip() and not _ISSUER.fullmatch(issuer.strip()):
        return f"`{issuer.strip()[:40]}` is no domain of an issuer"
    for parameter in parameters:
        if parameter.strip() and not _PARAMETER.fullmatch(parameter.strip()):
            return f"`{parameter.strip()[:40]}` is no parameter NAME=VALUE"
    return None


def _iodef_problem(value: str) -> str | None:
    """RFC 8659 4.4: a URL with mailto, http or https."""
    try:
        url = urlsplit(value)
    except ValueError:
        return f"`{value[:40]}` is no URL"
    good = (url.scheme == "mailto" and "@" in url.path) or (url.scheme in {"http", "https"} and url.netloc)
    return None if good else f"`{value[:40]}` is no URL with mailto, http or https"
