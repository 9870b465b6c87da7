"""Lines that several programs have alike: of hosts files (hosts(5)), and aliases as dnsmasq writes them."""

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.found import TTL
from resolute.errors import RuleError
from resolute.records import names
from resolute.zones import hosts


def take_hosts(found: Collector, content: str, file: str) -> None:
    """The lines of a hosts file."""
    for where, line in text.lines(content, file):
        take_hosts_line(found, where, line)


def take_hosts_line(found: Collector, where: str, line: str) -> None:
    """ADDRESS NAME... # comment"""
    parsed = hosts.parse(line.encode("utf-8", "replace"), file="line")
    for problem in parsed.problems:
        found.leave(where, line, problem.split(": ", 1)[-1])
    for entry in parsed.entries:
        found.address(where, names.to_text(entry.name), str(entry.address))


def take_aliases(found: Collector, where: str, value: str) -> None:
    """ALIAS[,ALIAS...],TARGET[,TTL]. Raises RuleError."""
    *aliases, target = (word.strip() for word in value.split(","))
    ttl = TTL
    if len(aliases) > 1 and target.isascii() and target.isdigit():
        ttl, target = int(target[:10]), aliases.pop()
    if not target or not any(aliases):
        raise RuleError("expected ALIAS,TARGET")
    for alias in filter(None, aliases):
        found.alias(where, alias, target, ttl=ttl)
