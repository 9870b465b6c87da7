"""`resolute check`: configurations and zone files; file, line and column of what is wrong, and how to mend it."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from resolute import plane
from resolute.cli import expecting
from resolute.cli.findings import check_configuration, check_environment, guess_origin, load_configuration
from resolute.cli.options import Json
from resolute.cli.progress import progress_bar
from resolute.cli.terminal import STYLES, counted, print_json, print_line
from resolute.cli.zonecheck import NamedZone, ZoneChecks, check_ignored
from resolute.config import environment
from resolute.config.manual import json_schema, manual
from resolute.config.tree import Settings
from resolute.progress import Progress
from resolute.records import names
from resolute.units import parse_seconds
from resolute.zones.folders import ZoneFolder
from resolute.zones.lint import codes
from resolute.zones.lint.dnssec.signatures import Clock
from resolute.zones.lint.finding import Finding, finding
from resolute.zones.lint.linter import Circumstances


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Configurations (.toml), zone files.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="A zone file, and its zone's name.")
    ] = None,
    expect: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Expectations (TOML) to try on the zones.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    ignore: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A kind of finding to leave out.")] = None,
    expiring: Annotated[
        str, typer.Option(metavar="TIME", help="Warn of signatures that expire within this time.")
    ] = "3d",
    show_codes: Annotated[bool, typer.Option("--codes", help="Print what can be found, and how to mend it.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the configuration.")] = False,
    reference: Annotated[bool, typer.Option("--manual", help="Print the reference of every setting.")] = False,
    json: Json = False,
) -> None:
    """Check configuration and zone files, and say file, line and column of every problem, and how to mend it.

    A configuration's zone files are checked with it. A zone's name is taken from --zone, from the file's $ORIGIN or
    SOA, or from its name. Exits with 1 when there are errors or expectations that are not met; with --strict, for
    warnings too.
    """
    if schema or reference or show_codes:
        _print_reference(show_codes=show_codes, schema=schema, json=json)
        return
    zones = [_name_and_file(text) for text in zone or []]
    files = files or []
    if not files and not zones and (named := os.environ.get(environment.CONFIG)):
        files = [Path(named)]
    if not files and not zones:
        raise typer.BadParameter("expected a FILE, --zone NAME=FILE, --codes, --schema or --manual")
    work = Work(zones=zones, expectations=expect or [])
    work.add_files(files)
    with progress_bar(quiet=json) as progress:
        work.run(_circumstances(ignore or [], expiring, progress))
    _report(work, strict=strict, json=json)


@dataclass(slots=True)
class Work:
    """What is to be checked, and what was found."""

    zones: list[NamedZone]
    expectations: Sequence[Path]
    settings: Settings = field(default_factory=Settings)
    findings: list[Finding] = field(default_factory=list)
    outcomes: list[expecting.Outcome] = field(default_factory=list)

    def add_files(self, files: Sequence[Path]) -> None:
        """Configurations with what they name, and zone files."""
        if any(file.suffix == ".toml" for file in files):
            self.findings += check_environment(os.environ)
        named: list[NamedZone] = []
        for file in files:
            if file.suffix == ".toml":
                named += self._add_configuration(file)
            else:
                named.append(NamedZone(guess_origin(file), file))
        self.zones = [*named, *self.zones]

    def run(self, circumstances: Circumstances) -> None:
        """Checks the zones, then tries the expectations on those that would be served."""
        checks = ZoneChecks(self.zones, circumstances, keep_images=bool(self.expectations))
        self.findings += checks.findings()
        if self.expectations:
            served = expecting.serve(self.settings, checks.images)
            try:
                for file in self.expectations:
                    self._try(file, served)
            finally:
                served.close(0)

    def _add_configuration(self, file: Path) -> Iterator[NamedZone]:
        settings, problems = load_configuration(file)
        self.findings += problems
        if settings is not None:
            self.settings = settings
            self.findings += check_configuration(settings)
            yield from (NamedZone(zone.name, zone.file) for zone in settings.zone)
            for folder in map(ZoneFolder, settings.zones.folders):
                found = folder.look()
                self.findings += [finding("zone-folder", str(folder.path), problem) for problem in folder.problems]
                yield from (NamedZone(names.to_text(source.origin), Path(source.path)) for source in found.changed)

    def _try(self, file: Path, served: "plane.Plane") -> None:
        expectations, text, problems = expecting.read(file)
        self.findings += problems
        if expectations is not None:
            outcomes = list(expecting.try_all(file, served, expectations, text))
            self.outcomes += outcomes
            self.findings += [outcome.as_finding() for outcome in outcomes if outcome.differences]


def _circumstances(ignore: Sequence[str], expiring: str, progress: Progress) -> Circumstances:
    try:
        clock = Clock(time.time(), parse_seconds(expiring))
        return Circumstances(clock, check_ignored(ignore), progress)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _report(work: Work, *, strict: bool, json: bool) -> None:
    counts = {
        severity: sum(finding.severity == severity for finding in work.findings)
        for severity in ("error", "warning", "info")
    }
    if json:
        _print_json(work, counts)
    else:
        for finding in work.findings:
            print_finding(finding)
        _print_end(work, counts)
    if counts["error"] or (strict and counts["warning"]):
        raise typer.Exit(1)


def _print_json(work: Work, counts: dict[str, int]) -> None:
    report: dict[str, object] = {"errors": counts["error"], "warnings": counts["warning"], "infos": counts["info"]}
    report["findings"] = [finding.as_json() for finding in work.findings]
    if work.expectations:
        report["expectations"] = [outcome.as_json() for outcome in work.outcomes]
    print_json(report)


def print_finding(finding: Finding) -> None:
    """A finding: its place, what is wrong, and how to mend it."""
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    style = STYLES.get(finding.severity, "")
    first, *rest = finding.message.splitlines()
    print_line(f"{place}: ", (f"{finding.severity}: ", style), first, (f" [{finding.code}]", "dim"))
    for line in rest:
        print_line(line)
    print_line((f"    mend: {finding.mend}", "dim"))


def _print_end(work: Work, counts: dict[str, int]) -> None:
    if work.outcomes:
        met = sum(not outcome.differences for outcome in work.outcomes)
        print_line(f"{met} of {len(work.outcomes)} expectations met")
    if counts["error"] or counts["warning"]:
        print_line(f"{counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}")
    else:
        print_line(("ok", "ok"))


def _print_reference(*, show_codes: bool, schema: bool, json: bool) -> None:
    if show_codes and json:
        print_json([asdict(code) for code in codes.codes().values()])
    elif show_codes:
        typer.echo(codes.page(), nl=False)
    elif schema or json:
        print_json(json_schema())
    else:
        typer.echo(manual(), nl=False)


def _name_and_file(text: str) -> NamedZone:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise typer.BadParameter(f"--zone: {text!r} is not NAME=FILE, such as hello.=zones/hello.zone")
    return NamedZone(name, Path(file))
