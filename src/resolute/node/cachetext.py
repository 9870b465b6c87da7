"""Cached answers as zone-file text: one record a line, a comment line above each answer that says what it is."""

from collections.abc import Iterable, Iterator

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from resolute import plane
from resolute.records import names
from resolute.records.rdata import type_to_text


def lines(entries: "Iterable[plane.CacheEntry]") -> Iterator[str]:
    """The text, line by line. An answer that is stale has the TTLs that it would be sent with, and says so."""
    for entry in entries:
        yield f"; {names.to_text(entry.qname)} {type_to_text(entry.qtype)}{_marks(entry)}\n"
        try:
            message = dns.message.from_wire(entry.message, question_only=False, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError) as error:
            yield f"; cannot be shown: {error}\n"
            continue
        if message.rcode() != dns.rcode.NOERROR or not message.answer:
            yield f"; {dns.rcode.to_text(message.rcode())}{' NODATA' if message.rcode() == dns.rcode.NOERROR else ''}\n"
        for rrset in (*message.answer, *message.authority):
            yield rrset.to_text() + "\n"


def _marks(entry: "plane.CacheEntry") -> str:
    marks = [f"source {entry.source}", f"view {entry.view}"]
    marks += ["DO"] if entry.dnssec_ok else []
    marks += ["CD"] if entry.checking_disabled else []
    marks.append(f"{entry.ttl_s} s left" if entry.ttl_s >= 0 else f"stale for {-entry.ttl_s} s")
    return " (" + ", ".join(marks) + ")"
