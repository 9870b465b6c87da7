"""A backup as a file: gzip'd lines of JSON that say what they are and how many, so a torn one is noticed.

    {"format": "resolute backup", "version": 1, "shape": "0005", "revision": 17, "made": "2026-...", "program": "..."}
    {"table": "zones", "columns": [["id", "number"], ["name", "text"], ["created", "time"], ...]}
    [1, "example.org.", "2026-11-01T00:00:00+00:00", ...]                       a row a line, until the next table
    {"end": true, "lines": 3, "rows": {"zones": 1}, "sha256": "..."}            of all lines before this one

Old versions are read for ever. The reader believes nothing: no line and no file is longer than its bound, values have
the kind that their column says, and no path, link or mode is ever taken from a backup.
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, NamedTuple

from resolute.errors import RuleError

FORMAT: Final = "resolute backup"
VERSION: Final = 1
LINE: Final = 32 * 2**20
"""Octets of the longest line: an RRset of 64 KiB before and after a change has less, however it is written."""
WHOLE: Final = 2**38
"""Octets of all lines."""
NUMBERS: Final = range(-(2**63), 2**63)
"""What a column takes."""
REVISIONS: Final = range(2**62)
"""With room for those to come."""
KINDS: Final = ("number", "text", "bytes", "time", "truth", "json")


class Column(NamedTuple):
    """A column of a table; `kind` is one of KINDS."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself first."""

    shape: str
    """Of the tables: the step of `store/migrations` that they had."""
    revision: int
    made: datetime
    program: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Summary:
    """What a whole backup has."""

    header: Header
    rows: Mapping[str, int]
    sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The next table; its rows have to be read before the table after it."""

    table: str
    columns: Sequence[Column]
    rows: Iterator[Sequence[Any]] = field(repr=False)


class BackupWriter:
    """Writes a backup; it is whole when `end` has returned."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0, filename="")
        self._header = header
        self._hash = hashlib.sha256()
        self._lines = 0
        self._rows: dict[str, int] = {}
        self._table = ""
        self._kinds: tuple[str, ...] = ()
        self._line(
            {
                "format": FORMAT,
                "version": header.version,
                "shape": header.shape,
                "revision": header.revision,
                "made": header.made.isoformat(),
                "program": header.program,
            }
        )

    def table(self, name: str, columns: Sequence[Column]) -> None:
        """The rows that follow are of this table."""
        self._table, self._kinds = name, tuple(column.kind for column in columns)
        self._rows[name] = 0
        self._line({"table": name, "columns": [list(column) for column in columns]})

    def row(self, values: Sequence[object]) -> None:
        """A row; the values are as SQLAlchemy gives them."""
        self._rows[self._table] += 1
        self._line([_packed(kind, value) for kind, value in zip(self._kinds, values, strict=True)])

    def end(self) -> Summary:
        """Writes the last line."""
        digest = self._hash.hexdigest()
        self._line({"end": True, "lines": self._lines, "rows": self._rows, "sha256": digest})
        self._file.close()
        return Summary(self._header, dict(self._rows), digest)

    def _line(self, value: object) -> None:
        line = json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"
        self._hash.update(line)
        self._lines += 1
        self._file.write(line)


class BackupReader:
    """Reads a backup from a file that can be read twice: `verify` first, then `tables`. `name` is used in errors.

    Raises RuleError, in one line, for whatever is no whole backup or one of a later format.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name

    def verify(self) -> Summary:
        """Reads all of it; nothing is kept."""
        digest, count, last, header = hashlib.sha256(), 0, b"", None
        for line in self._lines():
            if header is None:
                header = self._header(line)
            if last:
                digest.update(last)
            last, count = line, count + 1
        if header is None:
            raise self._bad("is empty: it is no backup")
        end = self._json(last)
        if not isinstance(end, dict) or end.get("end") is not True:
            raise self._bad("breaks off: its last line is missing, take another backup")
        if end.get("lines") != count - 1 or end.get("sha256") != digest.hexdigest():
            raise self._bad("is damaged: its SHA-256 is not that of what it has, take another backup")
        rows = end.get("rows")
        if not isinstance(rows, dict) or not all(_is_count(name, number) for name, number in rows.items()):
            raise self._bad("is damaged: its last line does not say how many rows there are")
        return Summary(header, rows, digest.hexdigest())

    def tables(self) -> Iterator[Rows]:
        """The tables in their order. To be used after `verify`."""
        lines = self._lines()
        next(lines)
        line: object = self._json(next(lines))
        while isinstance(line, dict) and "table" in line:
            table, columns = self._table(line)
            after: list[object] = []
            yield Rows(table, columns, self._rows(lines, table, columns, after))
            line = after[0] if after else {}
        if not isinstance(line, dict) or line.get("end") is not True:
            raise self._bad("is damaged: a row stands where a table is expected")

    def _rows(
        self, lines: Iterator[bytes], table: str, columns: Sequence[Column], after: list[object]
    ) -> Iterator[list[Any]]:
        """The rows until a line that is none, which goes into `after`."""
        kinds = [column.kind for column in columns]
        for line in lines:
            values = self._json(line)
            if not isinstance(values, list):
                after.append(values)
                return
            if len(values) != len(kinds):
                raise self._bad(f"is damaged: a row of {table} has {len(values)} values, not {len(kinds)}")
            try:
                yield [_unpacked(kind, value) for kind, value in zip(kinds, values, strict=True)]
            except (ValueError, TypeError, RecursionError) as error:
                raise self._bad(f"is damaged: a row of {_word(table)}: {error}") from error

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        whole = 0
        try:
            with gzip.GzipFile(fileobj=self._file, mode="rb") as file:
                while line := file.readline(LINE + 1):
                    whole += len(line)
                    if len(line) > LINE or whole > WHOLE:
                        raise self._bad("has a line that is too long, or too many: it is no backup of this program")
                    yield line
        except (EOFError, zlib.error) as error:
            raise self._bad("breaks off or is damaged: take another backup") from error
        except gzip.BadGzipFile as error:
            what = "is damaged" if "CRC" in str(error) or "length" in str(error) else "is no backup of Resolute"
            raise self._bad(f"{what} ({error})") from error
        except OSError as error:
            raise self._bad(f"cannot be read: {error.strerror or error}") from error

    def _header(self, line: bytes) -> Header:
        tree = self._json(line)
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            raise self._bad("is no backup of Resolute: its first line does not say so")
        version = tree.get("version")
        if type(version) is not int or version < 1:
            raise self._bad("is damaged: its first line has no version")
        if version > VERSION:
            raise self._bad(
                f"has the format {version}, and this program knows up to {VERSION}: "
                f"restore it with Resolute {_word(tree.get('program'))} or later"
            )
        shape, revision, made = tree.get("shape"), tree.get("revision"), tree.get("made")
        if not isinstance(shape, str) or type(revision) is not int or not isinstance(made, str):
            raise self._bad("is damaged: its first line has no shape, revision or time")
        if revision not in REVISIONS or _word(shape) != shape:
            raise self._bad("is damaged: its first line has no revision or shape that there is")
        try:
            return Header(shape, revision, datetime.fromisoformat(made), _word(tree.get("program")), version)
        except ValueError as error:
            raise self._bad(f"is damaged: its first line: {error}") from error

    def _table(self, line: Mapping[str, Any]) -> tuple[str, list[Column]]:
        name, columns = line["table"], line.get("columns")
        if not isinstance(name, str) or not isinstance(columns, list) or not columns:
            raise self._bad("is damaged: a table has no name or no columns")
        found = []
        for column in columns:
            match column:
                case [str(one), str(kind)] if kind in KINDS:
                    found.append(Column(one, kind))
                case _:
                    raise self._bad(f"is damaged: the columns of {_word(name)}")
        return name, found

    def _json(self, line: bytes) -> object:
        try:
            value: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._bad("is damaged, or no backup of Resolute: a line is not JSON") from error
        return value

    def _bad(self, what: str) -> RuleError:
        return RuleError(f"{self._name} {what}")


def _packed(kind: str, value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return bool(value) if kind == "truth" and value is not None else value


def _unpacked(kind: str, value: object) -> object:
    """Raises ValueError or TypeError for a value that is not of this kind."""
    match kind, value:
        case "json", _:
            json.dumps(value, ensure_ascii=False).encode()
            return value
        case _, None:
            return None
        case ("number", int()) | ("truth", bool()) if isinstance(value, bool) == (kind == "truth"):
            if value not in NUMBERS:
                raise ValueError("a number has more than 64 bits")
            return value
        case "text", str():
            value.encode()  # refuses halves of surrogate pairs, which no database takes
            # PostgreSQL has no zero octet in a text, SQLite does.
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        case "bytes", str():
            return base64.b64decode(value, validate=True)
        case "time", str():
            return datetime.fromisoformat(value)
        case _:
            raise TypeError(f"expected a {kind}, found {type(value).__name__}")


def _is_count(name: object, number: object) -> bool:
    return _word(name) == name and type(number) is int and number in REVISIONS


def _word(value: object) -> str:
    """A word of a file for people to see."""
    text = str(value)[:40]
    return "".join(one for one in text if one.isalnum() or one in ".-+_")
