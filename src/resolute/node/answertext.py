"""An answer as `explain` shows it: what it is, then its sections as zone-file text; no header, no message id."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode

_SECTIONS = ("answer", "authority", "additional")


def sections(wire: bytes) -> dict[str, Any]:
    """`rcode`, `kind` (what the answer is, in words), and the records of each section, a line each."""
    message = dns.message.from_wire(wire, ignore_trailing=True)
    lines = {name: _lines(getattr(message, name)) for name in _SECTIONS}
    return {"rcode": dns.rcode.to_text(message.rcode()), "kind": _kind(message), **lines}


def _kind(message: dns.message.Message) -> str:
    """RFC 2308 1 and RFC 9499 2 have the words."""
    code, ours = message.rcode(), bool(message.flags & dns.flags.AA)
    whose = "with authority" if ours else "not with authority"
    if code == dns.rcode.NXDOMAIN:
        return f"no such name, {whose}"
    if code != dns.rcode.NOERROR:
        return f"refused or failed: {dns.rcode.to_text(code)}"
    if message.answer:
        return f"an answer, {whose}"
    kinds = {rrset.rdtype.name for rrset in message.authority}
    return "a referral to the servers of a delegated zone" if "NS" in kinds else f"no data of this type, {whose}"


def _lines(rrsets: "list[Any]") -> list[str]:
    return [line for rrset in rrsets for line in rrset.to_text().splitlines()]
