"""How record data is written: as text that the native scanner reads as exactly these bytes, and like its neighbours.

A record whose data changes keeps what stays the same, token by token: of a SOA whose serial is raised, only the digits
of the serial change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from resolute import plane
from resolute.errors import RuleError
from resolute.records import rdata
from resolute.records.foreign import convert_all
from resolute.zones.filetext.columns import Patch, patched, replaced
from resolute.zones.filetext.layout import Layout, is_absolute
from resolute.zones.filetext.lexer import Entry, Token, words

SOA = 6
_GENERIC = b"\\#"


@dataclass(frozen=True, slots=True)
class Data:
    """The type and the data of a record, in wire form."""

    rtype: int
    rdata: bytes

    def spellings(self, origin: bytes, *, relative: bool) -> Iterator[bytes]:
        """The data in presentation form, the form that is asked for first and the generic one (RFC 3597 5) last."""
        forms = [None, origin] if not relative else [origin, None]
        for form in forms:
            yield rdata.to_text(self.rtype, self.rdata, origin=form).encode()
        yield rdata.to_generic(self.rtype, self.rdata).encode()

    def names_zone(self, origin: bytes) -> bool:
        """Whether a name at or below an origin is in it."""
        absolute, relative, _ = self.spellings(origin, relative=False)
        return absolute != relative


def written(data: Data, origin: bytes, *, relative: bool) -> bytes:
    """The data in presentation form. Raises RuleError when the scanner reads none of the spellings as what it is."""
    rtype = rdata.type_to_text(data.rtype).encode()
    for text in data.spellings(origin, relative=relative):
        if meaning(b"@ " + rtype + b" " + text, origin) == data:
            return text
    raise RuleError(f"a record of type {rtype.decode()} cannot be written: its data is not well-formed")


def changed(layout: Layout, index: int, *, old: Data, new: Data) -> tuple[Patch, ...]:
    """What is to be replaced in an entry so that its data is the new one. Raises RuleError when nothing does it."""
    entry, origin = layout[index], layout.origin(index)
    relative = new.names_zone(origin) and is_relative(layout, index)
    for patches in _changes(layout.text, entry, (old, new), (origin, relative)):
        if meaning(_with_owner(entry, patched(layout.text, entry.start, entry.end, patches)), origin) == new:
            return patches
    raise RuleError(
        f"{layout.place(index)}: this record is written in a way that cannot be edited: edit the file by hand"
    )


def is_relative(layout: Layout, index: int) -> bool:
    """Whether names of the zone are written relative in the data near an entry; where there are none, in owners."""
    for near in nearby(layout, index):
        if (found := _evidence(layout, near)) is not None:
            return found
    owners = [owner.text for near in nearby(layout, index) if (owner := layout[near].owner)]
    return not owners or not is_absolute(owners[0])


def nearby(layout: Layout, index: int, *, most: int = 6) -> list[int]:
    """The records around an entry, the nearest first."""
    reach = range(max(0, index - most), min(len(layout), index + most + 1))
    return [near for near in sorted(reach, key=lambda near: abs(near - index)) if layout[near].is_record]


def meaning(text: bytes, origin: bytes) -> Data | None:
    """The data of the one record that a text says, as the native scanner reads it."""
    scan = plane.scan_zone_text(b"$TTL 0\n" + text, origin, file="")
    convert_all(scan)
    listing = scan.listing()
    if len(listing) != 1:
        return None
    _, rtype, _, data, *_ = listing.records(0, 1)[0]
    return Data(rtype, data)


def _with_owner(entry: Entry, text: bytes) -> bytes:
    return b"@" + text if entry.blank else text


def _evidence(layout: Layout, index: int) -> bool | None:
    """Whether a record's data has a name of the zone, and is it relative."""
    entry, origin = layout[index], layout.origin(index)
    data = meaning(_with_owner(entry, layout.text[entry.start : entry.end]), origin)
    if data is None:
        return None
    full, short, *_ = (words(text.lower()) for text in data.spellings(origin, relative=False))
    if full == short or not len(full) == len(short) == len(entry.data):
        return None
    for token, absolute, relative in zip(entry.data, full, short, strict=True):
        if absolute != relative and token.text.lower() in {absolute, relative}:
            return token.text.lower() == relative
    return None


def _changes(
    text: bytes, entry: Entry, data: tuple[Data, Data], style: tuple[bytes, bool]
) -> Iterator[tuple[Patch, ...]]:
    """Ways to change an entry's data, those that keep most of it first; some say something else."""
    (old, new), (origin, relative) = data, style
    fresh = list(new.spellings(origin, relative=relative))
    if entry.data and entry.data[0].text == _GENERIC:
        fresh.reverse()
    for spelled in fresh:
        for before, after in zip(
            old.spellings(origin, relative=False), new.spellings(origin, relative=False), strict=True
        ):
            olds, news, texts = words(before), words(after), words(spelled)
            if len(olds) == len(entry.data) and len(news) == len(texts):
                yield tuple(_token_changes(text, entry, (olds, news, texts)))
    for spelled in fresh:
        yield from _whole(text, entry, spelled)


def _token_changes(text: bytes, entry: Entry, forms: tuple[list[bytes], list[bytes], list[bytes]]) -> Iterator[Patch]:
    olds, news, texts = forms
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, fresh = entry.data[i1:i2], texts[j1:j2]
        both = min(len(gone), len(fresh))
        for token, word in zip(gone[: max(0, both - 1)], fresh, strict=False):
            yield Patch(token.start, token.end, word) if entry.is_soa else replaced(text, token, word)
        if both:
            token, rest = gone[both - 1], b" ".join(fresh[both - 1 :])
            yield Patch(token.start, token.end, rest) if entry.is_soa else replaced(text, token, rest)
        elif fresh and i1:
            yield Patch(entry.data[i1 - 1].end, entry.data[i1 - 1].end, b" " + b" ".join(fresh))
        elif fresh:
            yield Patch(entry.data[0].start, entry.data[0].start, b" ".join(fresh) + b" ")
        yield from (_dropped(text, entry, token) for token in gone[both:])


def _whole(text: bytes, entry: Entry, spelled: bytes) -> Iterator[tuple[Patch, ...]]:
    """All data anew: on one line where no comment stands within it, else in the place of its first token."""
    if not entry.data or entry.rtype is None:
        if entry.rtype is not None:
            yield (Patch(entry.rtype.end, entry.rtype.end, b" " + spelled),)
        return
    inner = [mark for mark in entry.marks if mark.start > entry.rtype.end and mark.kind != "comment"]
    start = min([entry.data[0].start, *(mark.start for mark in inner)])
    end = max([entry.data[-1].end, *(mark.end for mark in inner)])
    if not any(mark.kind == "comment" and start < mark.start < end for mark in entry.marks):
        yield (Patch(start, end, spelled),)
    first, *others = entry.data
    yield (Patch(first.start, first.end, spelled), *(_dropped(text, entry, token) for token in others))


def _dropped(text: bytes, entry: Entry, token: Token) -> Patch:
    """A token taken out with the white space before it, and with its line if it stands there alone."""
    line_start, line_end = text.rfind(b"\n", 0, token.start) + 1, text.find(b"\n", token.end) + 1
    if text[line_start : token.start].strip():
        line = text[line_start : token.start]
        return Patch(line_start + len(line.rstrip(b" \t")), token.end, b"")
    if line_end and not text[token.end : line_end].strip():
        return Patch(line_start, line_end, b"")
    if any(mark.kind == "comment" and mark.end == line_start - 1 for mark in entry.marks):
        return Patch(token.start, token.end, b"")
    return Patch(entry.start + len(text[entry.start : token.start].rstrip()), token.end, b"")
