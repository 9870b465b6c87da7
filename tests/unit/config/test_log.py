"""The log: one line an event, whatever is in it, and never in anybody's way."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.config import log

zones = logging.getLogger("resolute.zones.files")


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(settings: log.Log, event: str, *values: object, **more: object) -> list[str]:
    stream = io.StringIO()
    running = log.start(settings, stream)
    zones.info(event, *values, extra={"fields": more})
    running.stop()
    return stream.getvalue().splitlines()


def test_text() -> None:
    (line,) = lines(log.Log(), "loaded %s (%d records)", "hello.", 12, file="/a b", serial=7)
    time_part, rest = line.split(" ", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time_part)
    assert rest == 'info zones: loaded hello. (12 records) file="/a b" serial=7'


def test_json() -> None:
    (line,) = lines(log.Log(format="json"), "loaded %s", "hello.", serial=7)
    event = json.loads(line)
    assert {key: event[key] for key in ("level", "part", "message", "serial")} == {
        "level": "info",
        "part": "zones",
        "message": "loaded hello.",
        "serial": 7,
    }


@given(st.text())
def test_no_character_breaks_a_line(text: str) -> None:
    escaped = log.escape(text)
    assert escaped.isprintable()
    assert len(escaped.splitlines()) <= 1
    assert text.isprintable() == (escaped == text)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_hostile_name_is_one_line(form: str) -> None:
    settings = log.Log.model_validate({"format": form})
    assert len(lines(settings, "asked %s", "a\nb\r\x1b[31m\x85\u2028\0", name="x\ny")) == 1


def test_an_exception_is_one_line() -> None:
    stream = io.StringIO()
    running = log.start(log.Log(), stream)
    try:
        int("two\nlines")
    except ValueError:
        zones.exception("failed")
    running.stop()
    (line,) = stream.getvalue().splitlines()
    assert 'error="ValueError: invalid literal' in line
    assert "test_log.py:" in line


def test_levels() -> None:
    assert lines(log.Log(level="warning"), "not said") == []


def test_a_wrong_format_string_is_told() -> None:
    (line,) = lines(log.Log(), "%d", "x")
    assert "could not be formatted" in line


def test_a_sink_that_blocks_blocks_nobody() -> None:
    """A pipe that nobody reads: the callers go on, the lines that do not fit are counted."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        running = log.Logging(log.Log(), stream, capacity=10)
        running.start()
        started = time.monotonic()
        for _ in range(2000):
            zones.info("x" * 1000)
        assert time.monotonic() - started < 10
        assert running.lost > 1000
        drained = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b"")])
        drained.start()
        running.stop()
    drained.join()
    os.close(reader)


def test_a_sink_that_blocks_does_not_keep_the_program() -> None:
    """Standard error is a pipe that nobody reads: the program still ends by itself, with its own exit code."""
    script = (
        "import logging, sys\nfrom resolute.config import log\nrunning = log.start(log.Log())\n"
        "for _ in range(3000): logging.getLogger('resolute.x').info('x' * 1000)\nrunning.stop()\nsys.exit(7)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    try:
        assert process.wait(15) == 7
    finally:
        process.kill()
        process.communicate()


def test_lost_lines_are_told() -> None:
    stream = io.StringIO()
    running = log.Logging(log.Log(), stream, capacity=1)
    running.put("a")
    running.put("b")
    running.start()
    time.sleep(0.2)
    running.stop()
    assert "1 lines were lost" in stream.getvalue()


def test_a_sink_that_is_gone_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    running = log.start(log.Log(), stream)
    zones.info("into the void")
    running.stop()
    assert running.lost == 1
