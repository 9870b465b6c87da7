"""`resolute check --expect FILE`: expectations tried on zones without a running server and without a socket.

file ─► Expectations ─► each question through the data plane's own stages ─► differences
"""

import asyncio
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from resolute import plane
from resolute.config.positions import find
from resolute.config.tree import Settings
from resolute.errors import RuleError
from resolute.node import planesettings
from resolute.zones import local
from resolute.zones.expect import Expectation, Expectations, differences, question
from resolute.zones.lint.finding import Finding, finding
from resolute.zones.overlays import OverlayKeeper

_POSITION = re.compile(r"(.*) \(at line ([0-9]+), column ([0-9]+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one expectation ended."""

    file: str
    line: int
    expectation: Expectation
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For programs."""
        asked = {"name": self.expectation.name, "type": self.expectation.type}
        differ = list(self.differences)
        return {"file": self.file, "line": self.line, **asked, "met": not differ, "differences": differ}

    def as_finding(self) -> Finding:
        """For people: the question, then what differs, a line each."""
        text = "\n".join([f"{self.expectation.name} {self.expectation.type}", *map("    {}".format, self.differences)])
        return finding("unexpected", self.file, text, at=(self.line, 1))


def read(file: Path) -> tuple[Expectations | None, str, list[Finding]]:
    """A file of expectations, its text, and what is wrong with it."""
    try:
        text = file.read_bytes().decode()
        return Expectations.model_validate(tomllib.loads(text)), text, []
    except OSError as error:
        return None, "", [finding("unreadable", str(file), f"cannot be read: {error.strerror}")]
    except tomllib.TOMLDecodeError as error:
        return None, "", [_syntax_problem(file, str(error))]
    except UnicodeDecodeError as error:
        return None, "", [finding("expectations", str(file), f"is not UTF-8 at byte {error.start}")]
    except ValidationError as error:
        return None, "", [_problem(file, text, each["loc"], each["msg"]) for each in error.errors()]


def try_all(file: Path, served: "plane.Plane", expectations: Expectations, text: str) -> Iterator[Outcome]:
    """Asks every question, and compares."""
    for at, expectation in enumerate(expectations.expect):
        dnssec_ok = expectations.do if expectation.do is None else expectation.do
        packet = question(expectation, dnssec_ok=dnssec_ok)
        client = expectation.client or expectations.client
        reply = served.respond(packet, client=client, tcp=expectation.transport == "tcp")
        line, _ = find(text, ("expect", at)) or (0, 0)
        yield Outcome(str(file), line, expectation, tuple(differences(expectation, reply)))


def serve(settings: Settings, images: "Sequence[plane.ZoneImage]") -> "plane.Plane":
    """A data plane that listens nowhere, with zones and what the settings lay over them. Close it."""
    prefixes = planesettings.Prefixes.of(settings)
    served = plane.Plane(planesettings.build(settings, (), prefixes, ()), workers=1)
    served.publish(list(images))
    asyncio.run(_lay_over(served, settings))
    return served


async def _lay_over(served: "plane.Plane", settings: Settings) -> None:
    keeper = OverlayKeeper(served, lambda: None)
    await keeper.commit(await keeper.prepare(settings.hosts.files, ttl_s=settings.hosts.ttl))
    if settings.hosts.records is not None:
        await keeper.set_local(_seed(settings.hosts.records))


def _seed(path: Path) -> dict[str, str]:
    try:
        return local.read_seed(path.read_bytes(), file=str(path))[0]
    except (OSError, RuleError):
        return {}


def _syntax_problem(file: Path, message: str) -> Finding:
    match = _POSITION.fullmatch(message)
    if match is None:
        return finding("expectations", str(file), message)
    return finding("expectations", str(file), match[1], at=(int(match[2]), int(match[3])))


def _problem(file: Path, text: str, location: tuple[int | str, ...], message: str) -> Finding:
    words = [part for part in location if isinstance(part, str) and part not in {"str", "Wanted"}]
    where = ".".join(words[1:] or words)
    shown = message.removeprefix("Value error, ")
    return finding(
        "expectations", str(file), f"{where}: {shown}" if where else shown, at=find(text, location) or (0, 0)
    )
