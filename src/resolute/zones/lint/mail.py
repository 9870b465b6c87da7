"""TXT for mail: SPF (RFC 7208), DMARC (RFC 7489), DKIM (RFC 6376), MTA-STS (RFC 8461), TLSRPT (RFC 8460)."""

import base64
import binascii
import re
from collections.abc import Callable
from itertools import pairwise

from resolute.zones.lint import spf, tags
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, labels, shown, strings
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Zone

_URI = re.compile(r"(?:mailto:[^\s@,!;]+@[^\s@,!;]+|https://[^\s,;!]+)(?:![0-9]+[kmgt]?)?", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9]{1,32}")


def check(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """The TXT records of a name."""
    _check_spf(rrset, report)
    first = (labels(rrset.owner) or [b""])[0]
    if first == b"_dmarc":
        _check_dmarc(rrset, report)
    elif first == b"_mta-sts":
        _check_tags(rrset, "bad-mta-sts", _mta_sts, report)
    elif b"_domainkey" in labels(rrset.owner)[1:2]:
        _check_tags(rrset, "bad-dkim", _dkim, report)
    elif labels(rrset.owner)[:2] == [b"_smtp", b"_tls"]:
        _check_tags(rrset, "bad-mta-sts", _tlsrpt, report)


def check_spf_type(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001
    """RFC 7208 3.1: type SPF is no longer asked for."""
    report.add("spf-type", rrset.first, f"{shown(rrset.owner)} has a record of type SPF")


def _check_spf(rrset: RRset, report: Report) -> None:
    found = [(record, text) for record in rrset.records if spf.is_spf(text := joined(record))]
    distinct = {text for _, text in found}
    if len(distinct) > 1:
        report.add("many-spf", found[1][0], f"{shown(rrset.owner)} has {len(distinct)} SPF records")
    for record, text in found:
        _check_seams(record, report)
        spf.check(text, record, report)


def _check_seams(record: Record, report: Report) -> None:
    """RFC 7208 3.3: strings are joined without a space between them."""
    parts = strings(record.rdata)
    for left, right in pairwise(parts):
        if left and right and len(left) < 255 and left[-1:] not in b" ;" and right[:1] not in b" ;":
            seam = (left[-12:] + right[:12]).decode("ascii", "replace")
            report.add("txt-joined", record, f"strings of {shown(record.owner)} run together: ...{seam}...")
            return


def _check_dmarc(rrset: RRset, report: Report) -> None:
    found = [record for record in rrset.records if joined(record).lstrip().lower().startswith("v=dmarc1")]
    if len(found) > 1:
        report.add("many-dmarc", found[1], f"{shown(rrset.owner)} has {len(found)} DMARC records")
    _check_tags(rrset, "bad-dmarc", _dmarc, report)


def _check_tags(rrset: RRset, code: str, judge: Callable[[dict[str, str]], None], report: Report) -> None:
    for record in rrset.records:
        try:
            judge(tags.parse(joined(record)))
        except tags.TagError as error:
            report.add(code, record, f"TXT of {shown(rrset.owner)}: {error}")


def _dmarc(found: dict[str, str]) -> None:
    """RFC 7489 6.3: v first, then p; unknown tags are ignored."""
    names = list(found)
    if names[:1] != ["v"] or found["v"] != "DMARC1":
        raise tags.TagError("it does not begin with v=DMARC1")
    if "p" not in found:
        raise tags.TagError("the policy p= is missing")
    tags.require(found, "p", "none quarantine reject")
    tags.require(found, "sp", "none quarantine reject")
    tags.require(found, "np", "none quarantine reject")
    tags.require(found, "adkim", "r s")
    tags.require(found, "aspf", "r s")
    if not re.fullmatch(r"100|[0-9]{1,2}", found.get("pct", "100")):
        raise tags.TagError(f"pct={found['pct'][:20]}: expected 0 to 100")
    if not re.fullmatch(r"[0-9]{1,10}", found.get("ri", "0")):
        raise tags.TagError(f"ri={found['ri'][:20]}: expected seconds")
    for tag in ("rua", "ruf"):
        _uris(found, tag)


def _uris(found: dict[str, str], tag: str) -> None:
    for uri in found.get(tag, "mailto:a@b").split(","):
        if not _URI.fullmatch(uri.strip()):
            raise tags.TagError(f"{tag}={uri.strip()[:60]}: expected mailto:USER@DOMAIN")


def _dkim(found: dict[str, str]) -> None:
    """RFC 6376 3.6.1: an empty p= is a key that was revoked."""
    if "v" in found and (next(iter(found)) != "v" or found["v"] != "DKIM1"):
        raise tags.TagError("v= must stand first and be DKIM1")
    if "p" not in found:
        raise tags.TagError("the key p= is missing")
    tags.require(found, "k", "rsa ed25519")
    if "t" in found and not all(part.strip() in {"y", "s"} for part in found["t"].split(":")):
        raise tags.TagError(f"t={found['t'][:20]}: expected y or s")
    try:
        key = base64.b64decode("".join(found["p"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise tags.TagError("p= is not base64") from None
    if found.get("k") == "ed25519" and len(key) not in {0, 32}:
        raise tags.TagError("p= is no Ed25519 key: expected 32 octets")


def _mta_sts(found: dict[str, str]) -> None:
    if found.get("v") != "STSv1" or next(iter(found)) != "v":
        raise tags.TagError("it does not begin with v=STSv1")
    if not _ID.fullmatch(found.get("id", "")):
        raise tags.TagError("id= is missing, or not 1 to 32 letters and digits")


def _tlsrpt(found: dict[str, str]) -> None:
    if found.get("v") != "TLSRPTv1" or next(iter(found)) != "v":
        raise tags.TagError("it does not begin with v=TLSRPTv1")
    if "rua" not in found:
        raise tags.TagError("rua= is missing")
    _uris(found, "rua")


def joined(record: Record) -> str:
    """The strings as one text, as those who read SPF and DKIM take them."""
    return b"".join(strings(record.rdata)).decode("latin-1")
