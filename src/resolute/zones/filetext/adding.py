"""Where an added record goes, and how it is written: among what is nearest to it, in its neighbours' style.

after the last record of its RRset, else of its owner, else after those at and below the closest ancestor that has
some, else after the last record under the $ORIGIN that is nearest above its name
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.filetext.columns import column, patched, spaced, ttl_stated
from resolute.zones.filetext.layout import Layout, State, is_absolute
from resolute.zones.filetext.lexer import Entry, read
from resolute.zones.filetext.listing import Listed
from resolute.zones.filetext.spelling import Data, is_relative, nearby, written


@dataclass(frozen=True, slots=True)
class Addition:
    """A record to be added after an entry."""

    owner: bytes
    rtype: int
    ttl: int
    rdata: bytes


def anchor(layout: Layout, listed: Listed, rrset: RRset) -> int:
    """The entry after which new records of an RRset go."""
    own = listed.own(rrset.owner)
    if same := [record for record in own if record.rtype == rrset.rtype] or own:
        return max(layout.at_line(record.line) for record in same)
    labels = names.split(rrset.owner)
    for depth in range(1, len(labels) + 1):
        ancestor = _wire(labels[depth:])
        if len(ancestor) <= len(listed.origin):
            break
        if found := [layout.at_line(record.line) for record in listed.own(ancestor, subtree=True)]:
            return _end_of_owner(layout, _nearest(layout, found, rrset.owner))
    return _end_of_owner(layout, _end_of_section(layout, rrset.owner))


def line(layout: Layout, index: int, state: State, addition: Addition) -> bytes:
    """A record in presentation form, to be put after an entry where `state` holds; without the end of the line."""
    origin = layout.origin(index + 1)
    model = _model(layout, index, state, addition)
    data = Data(addition.rtype, addition.rdata)
    spelled = written(data, origin, relative=data.names_zone(origin) and is_relative(layout, index))
    rtype = rdata.type_to_text(addition.rtype).encode()
    if model is None:
        text = b" ".join((_owner(layout, index, addition.owner), rtype, spelled))
    else:
        fields = _owner(layout, index, addition.owner), rtype, spelled
        text = _like(layout.text, model, fields, _columns(layout, index))
    states = model is not None and model.ttl is not None and state.default_ttl is None
    if states or state.ttl != addition.ttl:
        entry = read(text, 0)
        text = patched(text, 0, len(text), [ttl_stated(text, entry, addition.ttl)])
    return text


def owner_text(owner: bytes, origin: bytes, *, relative: bool) -> bytes:
    """A name as it is written under an origin."""
    labels, base = names.split(owner), names.split(names.fold(origin))
    if not relative or labels[len(labels) - len(base) :] != base or len(base) > len(labels):
        return names.to_text(owner).encode()
    above = labels[: len(labels) - len(base)]
    return names.to_text(_wire(above)).removesuffix(".").encode() if above else b"@"


def _like(text: bytes, model: Entry, fields: tuple[bytes, bytes, bytes], columns: AbstractSet[int]) -> bytes:
    """A record with its fields (owner, type, data) in the columns of another, with that one's class and no TTL."""
    owner, rtype, data = fields
    line, at = (b"", model.start) if model.owner is None else (owner, model.owner.end)
    words = {model.rtype: rtype.lower() if model.rtype and model.rtype.text.islower() else rtype}
    for token in (*model.header, model.data[0]):
        gap = text[at : token.start].partition(b"(")[0]
        target = column(text, at + len(gap))
        if token is not model.ttl:
            wide = gap != b" " or target in columns
            word = data if token is model.data[0] else words.get(token, token.text)
            line = spaced(line, gap + b" " if wide and not gap.strip() else b" ", target) + word
        at = token.end
    return line


def _columns(layout: Layout, index: int) -> frozenset[int]:
    """The columns in which neighbours have something after several spaces."""
    entries = [layout[near] for near in nearby(layout, index) if _is_simple(layout, near)]
    starts = [token.start for entry in entries for token in (*entry.header, entry.data[0])]
    return frozenset(column(layout.text, start) for start in starts if layout.text[start - 2 : start] == b"  ")


def _model(layout: Layout, index: int, state: State, addition: Addition) -> Entry | None:
    """The record whose layout is taken over: one without owner where the neighbours leave it out and it is the same."""
    usable = [layout[near] for near in nearby(layout, index) if _is_simple(layout, near)]
    follows = next((near for near in range(index + 1, len(layout)) if layout[near].tokens), None)
    leaves_out = layout[index].blank or (follows is not None and layout[follows].blank and layout[follows].is_record)
    if state.owner == addition.owner and leaves_out and (blank := [entry for entry in usable if entry.blank]):
        return blank[0]
    named = [entry for entry in usable if not entry.blank]
    plain = [entry for entry in named if not entry.is_soa] or named
    aligned = [entry for entry in plain[:4] if _first_gap(layout.text, entry) != b" "]
    return next(iter((*aligned, *plain)), None)


def _is_simple(layout: Layout, index: int) -> bool:
    """Whether a record has its owner, its type and the beginning of its data on one line."""
    entry = layout[index]
    return bool(entry.data) and b"\n" not in layout.text[entry.start : entry.data[0].start]


def _first_gap(text: bytes, entry: Entry) -> bytes:
    return text[entry.owner.end : entry.header[0].start] if entry.owner else b""


def _owner(layout: Layout, index: int, owner: bytes) -> bytes:
    """The owner's name as it is written before, else relative if the owners near are."""
    origin = layout.origin(index + 1)
    relative = True
    for near in nearby(layout, index):
        token = layout[near].owner
        if token is None:
            continue
        if layout.owner(near) == owner and (is_absolute(token.text) or layout.origin(near) == origin):
            return token.text
        if token.text != b"@":
            relative = not is_absolute(token.text)
            break
    return owner_text(owner, origin, relative=relative)


def _nearest(layout: Layout, found: Sequence[int], owner: bytes) -> int:
    """The last of some entries, of those under the nearest $ORIGIN above a name."""
    return max(found, key=lambda index: (_covers(layout.origin(index), owner), index))


def _end_of_section(layout: Layout, owner: bytes) -> int:
    ends = [start - 1 for start, _ in layout.sections[1:]] + [len(layout)]
    sections = sorted(
        zip(layout.sections, ends, strict=True), key=lambda section: (_covers(section[0][1], owner), section[1])
    )
    for (start, _), end in reversed(sections):
        for index in range(end - 1, start - 1, -1):
            if layout[index].is_record:
                return index
    return len(layout) - 1


def _end_of_owner(layout: Layout, index: int) -> int:
    """The last record that takes its owner over from an entry, or the entry."""
    last = index
    for at in range(index + 1, len(layout)):
        entry = layout[at]
        if entry.is_record and entry.blank:
            last = at
        elif entry.is_record or entry.directive in {b"$GENERATE", b"$ORIGIN"}:
            break
    return last


def _covers(origin: bytes, owner: bytes) -> int:
    """How many labels of a name an origin is; -1 when the name is not at or below it."""
    base, labels = names.split(names.fold(origin)), names.split(owner)
    return len(base) if labels[len(labels) - len(base) :] == base and len(base) <= len(labels) else -1


def _wire(labels: Sequence[bytes]) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
