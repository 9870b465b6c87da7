"""Reads a text as it is and as it is to be, side by side, and says what must be written where they part.

A record without owner or TTL takes over what was stated before it (RFC 1035 5.1). When that goes, or becomes something
else, the record says it itself from then on. Where both readings are the same again there is nothing to do up to the
next entry that the plan names.
"""

from collections.abc import Iterator
from dataclasses import replace

from resolute.errors import RuleError
from resolute.zones.filetext.adding import line, owner_text
from resolute.zones.filetext.columns import Patch, owner_stated, replaced, ttl_stated
from resolute.zones.filetext.layout import MAX_TTL, Layout
from resolute.zones.filetext.lexer import Entry, read, seconds
from resolute.zones.filetext.planning import Plan
from resolute.zones.filetext.spelling import SOA, changed


def replay(layout: Layout, plan: Plan) -> Iterator[Patch]:
    """What is replaced in the text, in order. Raises RuleError."""
    touched, at = plan.touched, 0
    for index in sorted(touched):
        if index < at:
            continue
        both, at = _Readings(layout, plan, index), index
        while at < len(layout) and (at in touched or not both.agree):
            yield from both.entry(at)
            at += 1


class _Readings:
    """What holds at one place, in the text as it is and as it is to be."""

    def __init__(self, layout: Layout, plan: Plan, start: int) -> None:
        self._layout = layout
        self._plan = plan
        self._old = self._new = layout.before(start)
        self._spelled: tuple[bytes, bytes] | None = None

    @property
    def agree(self) -> bool:
        """Whether the next record takes over the same from both."""
        return (self._old.owner, self._old.ttl) == (self._new.owner, self._new.ttl)

    def entry(self, index: int) -> Iterator[Patch]:
        """What is replaced in an entry, and what is added after it."""
        entry = self._layout[index]
        if not entry.is_record:
            if entry.directive == b"$GENERATE" and entry.ttl is None and entry.rtype is not None:
                yield from self._ttl(index, entry, self._old.ttl)
            self._old = self._layout.after(index, self._old)
            self._new = self._layout.after(index, self._new)
        else:
            yield from sorted(self._record(index, entry), key=lambda one: one.start)
        if additions := list(self._additions(index)):
            yield self._lines(entry, additions, gone=index in self._plan.gone)

    def _record(self, index: int, entry: Entry) -> Iterator[Patch]:
        before, self._old = self._old, self._layout.after(index, self._old)
        if entry.owner:
            self._spelled = entry.owner.text, self._layout.origin(index)
        if index in self._plan.gone:
            yield Patch(entry.start, entry.end, b"")
            return
        if index in self._plan.changes:
            old, new = self._plan.changes[index]
            yield from changed(self._layout, index, old=old, new=new)
        if entry.blank and self._new.owner != self._old.owner:
            yield owner_stated(self._layout.text, entry, self._owner(index))
        inherited = self._old.last_ttl if before.ttl is None else before.ttl
        stated = seconds(entry.ttl.text) if entry.ttl else None
        yield from self._ttl(index, entry, self._plan.ttls.get(index, inherited if stated is None else stated))
        self._new = replace(self._new, owner=self._old.owner)

    def _ttl(self, index: int, entry: Entry, wanted: int | None) -> Iterator[Patch]:
        """The TTL that a record is to have, stated if nothing else gives it."""
        if entry.ttl is None and wanted == (self._minimum(index) if self._new.ttl is None else self._new.ttl):
            self._new = replace(self._new, last_ttl=wanted if self._new.ttl is None else self._new.last_ttl)
            return
        if wanted is None or wanted < 0:
            raise RuleError(
                f"{self._layout.place(index)}: this record takes its TTL over from an included file: "
                "write it here by hand"
            )
        self._new = replace(self._new, last_ttl=wanted)
        if entry.ttl is None:
            yield ttl_stated(self._layout.text, entry, wanted)
        elif seconds(entry.ttl.text) != wanted:
            yield replaced(self._layout.text, entry.ttl, b"%d" % wanted)

    def _minimum(self, index: int) -> int | None:
        """The TTL that a SOA has, and gives to what follows, when none is stated at all; as in BIND."""
        if index in self._plan.changes:
            _, new = self._plan.changes[index]
            return min(int.from_bytes(new.rdata[-4:]), MAX_TTL) if new.rtype == SOA else None
        return self._old.last_ttl if self._layout[index].is_soa else None

    def _owner(self, index: int) -> bytes:
        origin = self._layout.origin(index)
        if self._spelled and self._spelled[1] == origin:
            return self._spelled[0]
        return owner_text(self._old.owner, origin, relative=False)

    def _additions(self, index: int) -> Iterator[bytes]:
        for addition in self._plan.added.get(index, ()):
            text = line(self._layout, index, self._new, addition)
            last_ttl = addition.ttl if read(text, 0).ttl else self._new.last_ttl
            self._new = replace(self._new, owner=addition.owner, last_ttl=last_ttl)
            yield text

    def _lines(self, entry: Entry, additions: list[bytes], *, gone: bool) -> Patch:
        """Lines after an entry, which end as the entry's do; a text without a newline at its end gets none."""
        ending = self._layout.text[max(entry.start, entry.end - 2) : entry.end]
        if ending.endswith(b"\n"):
            eol = b"\r\n" if ending == b"\r\n" else b"\n"
            return Patch(entry.end, entry.end, b"".join(line + eol for line in additions))
        joined = self._layout.eol.join(additions)
        return Patch(entry.end, entry.end, joined if gone else self._layout.eol + joined)
