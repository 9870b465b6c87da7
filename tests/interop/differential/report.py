"""What a run found, for people and for programs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import dns.rcode

from tests.interop.differential.exceptions import CHOICES
from tests.interop.differential.judging import Finding, Tally
from tests.interop.differential.replies import Reply


def by_kind(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings, the most frequent kind first, within a kind the shortest first."""
    kinds: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        kinds[finding.kind].append(finding)
    for found in kinds.values():
        found.sort(key=lambda finding: sum(len(shown(reply)) for reply in finding.said.values()))
    return dict(sorted(kinds.items(), key=lambda item: -len(item[1])))


def summary(seed: str, tally: Tally) -> str:
    """Counts, and what was chosen where the peers differ."""
    lines = [f"seed {seed}: {tally.asked} questions, {tally.agreed} answered as all peers do"]
    reasons = {choice.name: choice.reason for choice in CHOICES}
    for name, count in tally.chosen.most_common():
        lines += [f"  {count:6}  {name}: {reasons[name]}"]
    return "\n".join([*lines, f"{len(tally.findings)} unexplained differences"])


def reproduction(finding: Finding) -> str:
    """Zone files, question and everybody's answer."""
    zones = "".join(f"; {zone.name}\n{zone.file}" for zone in finding.world.zones)
    said = "\n".join(f"{who}: {shown(reply)}" for who, reply in finding.said.items())
    return f"{zones}; {finding.question}\n{said}"


def shown(reply: Reply) -> str:
    """A reply as text, its records sorted."""
    flags = " aa" * reply.aa + " tc" * reply.tc
    lines = [f"{dns.rcode.to_text(dns.rcode.Rcode(reply.rcode))}{flags}, {reply.size} octets"]
    for section in ("answer", "authority", "additional"):
        lines += [f"  {section:10} {record}" for record in sorted(map(str, getattr(reply, section)))]
    return "\n".join(lines)


def as_values(seed: str, tally: Tally, examples: Mapping[str, Finding]) -> dict[str, Any]:
    """The same for JSON."""
    kinds = by_kind(tally.findings)
    return {
        "seed": seed,
        "questions": tally.asked,
        "agreed": tally.agreed,
        "chosen": dict(tally.chosen),
        "differences": {kind: len(found) for kind, found in kinds.items()},
        "examples": {kind: reproduction(finding) for kind, finding in examples.items()},
    }
