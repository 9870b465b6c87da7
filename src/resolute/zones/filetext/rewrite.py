"""Edits in the text of a zone file: the lines of the records that are edited change, and no others (RFC 1035 5).

text -> records and their places (native) -> plan of each entry -> replay: what must be written -> new text
                                                                                                      |
             RuleError: beyond what can be edited <- differs <- the same records but for the edit? <--+
"""

from collections.abc import Sequence
from itertools import zip_longest

from resolute import plane
from resolute.errors import RuleError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.filetext.columns import patched
from resolute.zones.filetext.layout import Layout
from resolute.zones.filetext.listing import Listed, Scan
from resolute.zones.filetext.planning import Key, make_plan
from resolute.zones.filetext.replay import replay


def rewrite(text: bytes, origin: bytes, wanted: Sequence[RRset], *, file: str, scan: Scan | None = None) -> bytes:
    """The text of a zone file in which each wanted RRset is exactly as asked and all other records are what they were.

    `origin` is the zone's name in wire form, `file` what messages call the text. An RRset without rdatas goes. `scan`
    reads a text as this zone; without it the text is read alone, and what it includes is not seen. Whether the result
    holds as a zone is not looked at.

    Raises RuleError for records that stand elsewhere ($INCLUDE) or are made ($GENERATE), and for a layout that is
    beyond what can be edited.
    """
    scan = scan or (lambda text: plane.scan_zone_text(text, origin, file=file))
    before = Listed(scan(text), names.fold(origin), file=file)
    different = {rrset.key: rrset for rrset in wanted}
    different = {key: rrset for key, rrset in different.items() if not _is_met(before, rrset)}
    if not different:
        return text
    layout = Layout(text, origin, file=file)
    if not len(layout):
        raise RuleError(f"{file}: there is nothing in it: write the zone's SOA and NS records by hand")
    plan = make_plan(layout, before, different)
    result = patched(text, 0, len(text), list(replay(layout, plan)))
    _verify(before, Listed(scan(result), names.fold(origin), file=file), different)
    return result


def _is_met(listed: Listed, rrset: RRset) -> bool:
    found = sorted((record.ttl, record.rdata) for record in listed.rrset(rrset.owner, rrset.rtype))
    return found == sorted((rrset.ttl, data) for data in set(rrset.rdatas))


def _verify(before: Listed, after: Listed, wanted: dict[Key, RRset]) -> None:
    """Nothing wrong is ever written. Raises RuleError."""
    touched = wanted.keys()
    same = all(old == new for old, new in zip_longest(before.others(touched), after.others(touched)))
    if not same or not all(_is_met(after, rrset) for rrset in wanted.values()):
        raise RuleError(
            f"{before.files[0]}: the file's layout is beyond what can be edited without changing other records: "
            "edit the file by hand"
        )
