"""AdGuard Home's configuration (AdGuardHome.yaml): rewrites, rules that rewrite, and upstreams.

filtering: {rewrites: [{domain: nas.lan, answer: 192.0.2.7}]}      (dns.rewrites, in older versions)
user_rules: ["||nas.lan^$dnsrewrite=192.0.2.7"]
dns: {upstream_dns: [9.9.9.9, "[/corp.example/]192.0.2.53", "tls://dns.example"], bootstrap_dns: [192.0.2.1]}
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.found import Imported, is_address
from resolute.cli.imports.hostslines import take_hosts_line
from resolute.errors import RuleError

_BLOCKING: Final = "not taken over: blocking is not in this version"
_REWRITE: Final = re.compile(r"(\|\|?)([^\s^$|/*]+)\^?\$dnsrewrite=([^,]+)")
_KEYWORD: Final = re.compile(r"[A-Z]*")
"""Words in capitals alone are response codes, not names."""
_UPSTREAM: Final = re.compile(r"\[/(.*)/\](.*)")


def read(path: Path) -> Imported:
    """What the file says. Raises RuleError."""
    file = path / "AdGuardHome.yaml" if text.is_folder(path) else path
    try:
        tree = yaml.compose(text.read(file), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise RuleError(f"{place}: {getattr(error, 'problem', None) or 'not YAML text'}") from error
    if not isinstance(tree, yaml.MappingNode):
        raise RuleError(f"{file} is not AdGuard Home's configuration: expected a map")
    reader = _Reader(str(file))
    for section in ("filtering", "dns"):
        reader.rewrites(_under(tree, section, "rewrites"))
    for node in _items(_under(tree, "user_rules")):
        reader.rule(node)
    for node in _items(_under(tree, "dns", "bootstrap_dns")):
        reader.bootstrap(node)
    for node in _items(_under(tree, "dns", "upstream_dns")):
        reader.upstream(node)
    for node in _items(_under(tree, "filters")):
        reader.found.leave(reader.where(node), _text(_under(node, "url")) or "a list", _BLOCKING)
    return reader.found.result()


class _Reader:
    def __init__(self, file: str) -> None:
        self.found = Collector()
        self._file = file

    def where(self, node: yaml.Node) -> str:
        """The line that a value stands in."""
        return f"{self._file}:{node.start_mark.line + 1}"

    def rewrites(self, node: yaml.Node | None) -> None:
        """`*.nas.lan` is for the names below, which is a domain of its own where `nas.lan` is rewritten too."""
        given = [
            (self.where(one), _text(_under(one, "domain")).lower(), _text(_under(one, "answer")))
            for one in _items(node)
            if _text(_under(one, "enabled")) != "false"
        ]
        exact = {domain for _, domain, _ in given}
        for where, domain, answer in given:
            if domain.startswith("*.") and domain[2:] in exact and is_address(answer):
                self.found.below(where, domain[2:], answer)
            elif domain.startswith("*"):
                why = "a zone of these names would hide the domain itself: rewrite that too, or make a zone"
                self.found.leave(where, f"{domain} -> {answer}", why)
            else:
                self._answer(where, domain, answer)

    def rule(self, node: yaml.Node) -> None:
        """A line of the custom filtering rules."""
        rule, where = _text(node).strip(), self.where(node)
        if not rule or rule.startswith(("!", "#")):
            return
        first = rule.split()[0]
        match = _REWRITE.fullmatch(rule)
        if is_address(first) and not ipaddress.ip_address(first).is_unspecified:
            take_hosts_line(self.found, where, rule)
        elif match is None:
            self.found.leave(where, rule, _BLOCKING)
        elif (data := _rewritten(match[3])) is None:
            self.found.leave(where, rule, "not taken over: an answer that is no address and no name")
        elif match[1] == "||" and is_address(data):
            self.found.address(where, match[2], data)
            self.found.below(where, match[2], data)
        else:
            self._answer(where, match[2], data)

    def bootstrap(self, node: yaml.Node) -> None:
        """ADDRESS[:PORT]: who is asked for the addresses of upstreams."""
        self.found.bootstrap(self.where(node), _text(node).strip())

    def upstream(self, node: yaml.Node) -> None:
        """ADDRESS[:PORT] or a URL, or the same for some domains."""
        given, where = _text(node).strip(), self.where(node)
        if not given or given.startswith("#"):
            return
        match = _UPSTREAM.fullmatch(given)
        domains = [one for one in match[1].split("/") if one] if match else []
        for server in (match[2] if match else given).split():
            if server == "#" or (match and not domains) or any("*" in one for one in domains):
                self.found.leave(where, given, "not taken over: there is no route for such names")
            else:
                self.found.upstream(where, _plain(server), domains if match else None)

    def _answer(self, where: str, name: str, answer: str) -> None:
        if is_address(answer):
            self.found.address(where, name, answer)
        elif answer in ("A", "AAAA", "", name):
            self.found.leave(where, f"{name} -> {answer}", "not taken over: it is an exception to another rewrite")
        else:
            self.found.alias(where, name, answer)


def _rewritten(answer: str) -> str | None:
    """The address or the name that `$dnsrewrite=` gives, as `ANSWER` or `NOERROR;TYPE;ANSWER`; None for anything else,
    such as a response code."""
    *head, data = answer.removeprefix("NOERROR;").split(";")
    match head:
        case []:
            return None if _KEYWORD.fullmatch(data) else data
        case ["A" | "AAAA"]:
            return data if is_address(data) else None
        case ["CNAME"]:
            return data if data and not is_address(data) else None
        case _:
            return None


def _plain(server: str) -> str:
    """`udp://192.0.2.1:53` as `192.0.2.1#53`; everything else as it is."""
    bare = server.removeprefix("udp://")
    if "://" in bare:
        return server
    if match := re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]+))?|([0-9.]+):([0-9]+)", bare):
        host, port = match[1] or match[3], match[2] or match[4]
        return f"{host}#{port}" if port else host
    return bare


def _under(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def _items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null" else ""
