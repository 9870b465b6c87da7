r"""Logging: one line for each event on standard error, as text or as JSON.

    2026-11-21T02:46:30.123Z info zones: loaded hello. (12 records)

Logging never blocks a caller: lines go into a bounded queue that a thread of its own writes out. When the sink does not
take them, lines are lost and counted, never answers delayed. Whatever stands in a message, a line stays one line of
printable characters: everything else is shown as `\DDD` (as in presentation form, RFC 1035 5.1) or `\u{HEX}`.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field

_STOP_S = 1.0
"""How long the end of the program waits for the sink."""


class Log(BaseModel):
    """What is logged, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Events of at least this weight."
    )
    format: Literal["text", "json"] = Field(default="text", description="Lines for people, or one JSON object a line.")
    queries: bool = Field(default=False, description="One line for each query.")


class Logging:
    """The running log: a handler of the root logger and the thread that writes.

    `lost` is the number of lines that the sink did not take in time.
    """

    def __init__(self, log: Log, stream: TextIO, *, capacity: int = 4096) -> None:
        self.lost = 0
        self._sink = _sink(stream)
        self._lines: queue.Queue[str | None] = queue.Queue(capacity)
        self._handler = _Handler(self)
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self.configure(log)

    def start(self) -> None:
        """Takes over the root logger."""
        self._thread.start()
        logging.getLogger().handlers[:] = [self._handler]
        for library in ("uvicorn", "watchfiles", "alembic"):
            logging.getLogger(library).setLevel(logging.WARNING)  # what they do all day is no event of ours
        logging.captureWarnings(capture=True)

    def configure(self, log: Log) -> None:
        """Switches level and format, now and on reload."""
        self._handler.setFormatter(JsonLines() if log.format == "json" else TextLines())
        logging.getLogger().setLevel(log.level.upper())

    def put(self, line: str) -> None:
        """Queues a line, or counts it as lost. Never blocks."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def stop(self) -> None:
        """Writes what is queued, within a second."""
        logging.getLogger().removeHandler(self._handler)
        try:
            self._lines.put(None, timeout=_STOP_S)
        except queue.Full:
            return
        self._thread.join(_STOP_S)

    def _write_all(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            self._write(line)
            if self.lost > told and self._lines.empty():
                told = self.lost
                self._write(self._handler.format(_lost(told)))

    def _write(self, line: str) -> None:
        try:
            self._sink(line + "\n")
        except (OSError, ValueError):
            self.lost += 1


def start(log: Log, stream: TextIO | None = None) -> Logging:
    """Sets logging up for this process; the caller stops it at the end."""
    running = Logging(log, sys.stderr if stream is None else stream)
    running.start()
    return running


def reconfigure(log: Log) -> None:
    """Switches level and format of this process's running log, where there is one."""
    for running in _running():
        running.configure(log)


def lost_lines() -> int:
    """How many lines the sink of this process's running log did not take in time."""
    return sum(running.lost for running in _running())


def _running() -> list[Logging]:
    return [handler.running for handler in logging.getLogger().handlers if isinstance(handler, _Handler)]


class TextLines(logging.Formatter):
    """`TIME LEVEL PART: MESSAGE key=value ...`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of an event."""
        more = "".join(f" {key}={_value(value)}" for key, value in _fields(record).items())
        return escape(f"{_time(record)} {record.levelname.lower()} {_part(record)}: {record.getMessage()}{more}")


class JsonLines(logging.Formatter):
    """One JSON object: time, level, part, message, then the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of an event."""
        event = {"time": _time(record), "level": record.levelname.lower(), "part": _part(record)}
        event["message"] = escape(record.getMessage())
        return json.dumps(event | {key: _plain(value) for key, value in _fields(record).items()})


def escape(text: str) -> str:
    r"""The text with every character that is not printable as `\DDD` or `\u{HEX}`; what is printable stays."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


class _Handler(logging.Handler):
    """Formats where the event happens, so that nothing can change it later; the writing is the thread's."""

    def __init__(self, running: Logging) -> None:
        super().__init__()
        self.running = running

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a wrong format string must not take down what it talks about
            line = f"{_time(record)} error log: {escape(repr(record.msg))} could not be formatted: {error!r}"
        self.running.put(line)


def _sink(stream: TextIO) -> Callable[[str], None]:
    """Writes to the stream's descriptor where it has one: no buffer, so no lock that a blocked write would hold while
    the interpreter ends."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return lambda text: _write_flushed(stream, text)
    return lambda text: _write_whole(descriptor, text.encode("utf-8", "backslashreplace"))


def _write_flushed(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _write_whole(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\{code:03d}" if code < 256 else f"\\u{{{code:x}}}"


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _part(record: logging.LogRecord) -> str:
    """The folder that speaks: `resolute.zones.files` is `zones`."""
    parts = record.name.split(".")
    return parts[1] if parts[0] == "resolute" and len(parts) > 1 else parts[0]


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What was given as `extra={"fields": {...}}`, and where an exception came from, innermost call first."""
    fields = dict(getattr(record, "fields", {}))
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        calls = reversed(traceback.extract_tb(error.__traceback__))
        fields["error"] = f"{type(error).__name__}: {error}"
        fields["at"] = " < ".join(f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls)
    return fields


def _value(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in ' "=' for c in text) else text


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else escape(str(value))


def _lost(count: int) -> logging.LogRecord:
    text = "%d lines were lost: what reads this log is too slow"
    return logging.LogRecord("resolute.log", logging.WARNING, __file__, 0, text, (count,), None)
