"""Pi-hole's own files: the folder /etc/pihole (beside it /etc/dnsmasq.d), or an archive of its Teleporter.

version 6   pihole.toml                dns.hosts, dns.cnameRecords, dns.upstreams, dns.revServers, misc.dnsmasq_lines
version 5   custom.list, setupVars.conf
both        dnsmasq.d/*                but for what Pi-hole writes there itself from its other files
"""

import lzma
import struct
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.dnsmasq import Reader
from resolute.cli.imports.dnsmasqwords import is_taken, reverse_zones
from resolute.cli.imports.found import Imported
from resolute.cli.imports.hostslines import take_aliases, take_hosts
from resolute.errors import RuleError

_TOML: Final = "pihole.toml"
_LIST: Final = "custom.list"
_VARIABLES: Final = "setupVars.conf"
_LINES: Final = "dnsmasq.d"
_OF_ITS_OWN: Final = frozenset({"01-pihole.conf", "02-pihole-dhcp.conf", "06-rfc6761.conf"})
"""In that folder: written from setupVars.conf, or for domains that nobody has."""
_BLOCKING: Final = ("gravity.db", "adlist.json", "adlists.list", "blacklist.exact.json", "blacklist.regex.json")
_READ: Final = (_TOML, _LIST, _VARIABLES)
_MEMBERS: Final = 1_000
"""Files in an archive."""
_DAMAGED: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, OverflowError),
)
"""What the libraries raise for an archive that is none, or is broken."""

Files = Mapping[str, str]
"""What is to be read, by names such as `pihole.toml` and `dnsmasq.d/99-own.conf`."""


def read(path: Path) -> Imported:
    """What the files say. Raises RuleError for a folder or an archive that has none of them."""
    here = text.is_folder(path)
    files = _folder(path) if here else _archive(path)
    if not any(name in _READ or name.startswith(f"{_LINES}/") for name in files):
        raise RuleError(f"{path} has no {_TOML}, {_LIST}, {_VARIABLES} or {_LINES}: is it Pi-hole's folder?")
    found = Collector()
    lines = Reader(found, follow=here)
    own = _toml(lines, files[_TOML], _where(path, _TOML)) if _TOML in files else True
    if _LIST in files:
        take_hosts(found, files[_LIST], _where(path, _LIST))
    for name in sorted(one for one in files if one.startswith(f"{_LINES}/")):
        if own:
            lines.take(files[name], _where(path, name))
        else:
            found.leave(_where(path, name), "lines of dnsmasq", "Pi-hole does not read it: misc.etc_dnsmasq_d is off")
    if _VARIABLES in files:
        _variables(found, files[_VARIABLES], _where(path, _VARIABLES))
    for name in sorted(set(files) & set(_BLOCKING)):
        found.leave(_where(path, name), "lists of what is blocked", "not taken over: blocking is not in this version")
    lines.tell_of_hosts(str(path))
    return found.result()


def _folder(path: Path) -> Files:
    """The files that count. Of lists it counts that they are there."""
    found = {name: text.read(path / name) for name in _READ if text.is_file(path / name)}
    found |= {name: "" for name in _BLOCKING if text.is_file(path / name)}
    for folder in (path.absolute().parent / _LINES, path / _LINES):
        for file in text.files(folder) if text.is_folder(folder) else ():
            if _is_own_line_file(file.name):
                found[f"{_LINES}/{file.name}"] = text.read(file)
    return found


def _is_own_line_file(name: str) -> bool:
    """Whether somebody else than Pi-hole has written it."""
    return name not in _OF_ITS_OWN and is_taken(name, [])


def _archive(path: Path) -> Files:
    """The same from an archive: nothing is unpacked, only files of these names are read, and no more than the bound."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                return _members(
                    path, [(one.filename, partial(zipped.open, one)) for one in zipped.infolist()[:_MEMBERS]]
                )
        with tarfile.open(path, "r:*") as tar:
            return _members(path, [(one.name, partial(tar.extractfile, one)) for one in _few(tar) if one.isfile()])
    except _DAMAGED as error:
        raise RuleError(f"{path} is no folder, and no archive of Teleporter: {error}") from error


def _few(archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    for number, one in enumerate(archive):
        if number >= _MEMBERS:
            return
        yield one


def _members(path: Path, members: Iterable[tuple[str, Callable[[], Any]]]) -> Files:
    found: dict[str, str] = {}
    for member, opened in members:
        place = PurePosixPath(member)
        name = place.name
        if place.parent.name == _LINES and _is_own_line_file(name):
            name = f"{_LINES}/{name}"
        elif name in _BLOCKING:
            found[name] = ""
        if name not in found and (name in _READ or name.startswith(f"{_LINES}/")):
            with opened() as file:
                content = file.read(text.LARGEST + 1)
            if len(content) > text.LARGEST:
                raise RuleError(f"{path}: {member} is larger than {text.LARGEST // 2**20} MiB")
            found[name] = text.decoded(content)
    return found


def _toml(lines: Reader, content: str, file: str) -> bool:
    """Returns whether Pi-hole reads dnsmasq.d besides."""
    try:
        tree = tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        raise RuleError(f"{file}: {error}") from error
    found, dns, misc = lines.found, _table(tree, "dns"), _table(tree, "misc")
    for entry in _texts(dns, "hosts"):
        take_hosts(found, entry, f"{file}:dns.hosts")
    for entry in _texts(dns, "cnameRecords"):
        try:
            take_aliases(found, f"{file}:dns.cnameRecords", entry)
        except RuleError as error:
            found.leave(f"{file}:dns.cnameRecords", entry, str(error))
    for entry in _texts(dns, "upstreams"):
        found.upstream(f"{file}:dns.upstreams", entry)
    for entry in _texts(dns, "revServers"):
        _reverse_server(found, entry, f"{file}:dns.revServers")
    if isinstance(own := dns.get("hostRecord"), str) and own:
        lines.take(f"host-record={own}", f"{file}:dns.hostRecord")
    domain = _table(dns, "domain")
    if domain.get("local") and domain.get("name"):
        found.own(f"{file}:dns.domain", str(domain["name"]))
    for entry in _texts(misc, "dnsmasq_lines"):
        lines.take(entry, f"{file}:misc.dnsmasq_lines")
    return bool(misc.get("etc_dnsmasq_d"))


def _table(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _reverse_server(found: Collector, entry: str, where: str) -> None:
    """ENABLED,NETWORK,SERVER[#PORT][,DOMAIN]"""
    words = [word.strip() for word in entry.split(",")]
    if len(words) < 3 or words[0].lower() not in ("true", "1"):
        found.leave(where, entry, "it is switched off, or not understood")
        return
    try:
        domains = [*reverse_zones(words[1]), *filter(None, words[3:4])]
    except (RuleError, ValueError) as error:
        found.leave(where, entry, str(error))
        return
    found.upstream(where, words[2], domains)


def _variables(found: Collector, content: str, file: str) -> None:
    """Lines NAME=VALUE of version 5."""
    values: dict[str, str] = {}
    for where, line in text.lines(content, file):
        name, _, value = line.partition("=")
        values[name] = value.strip()
        if name.startswith("PIHOLE_DNS_") and value:
            found.upstream(where, value)
    if values.get("REV_SERVER") == "true":
        words = ("REV_SERVER_CIDR", "REV_SERVER_TARGET", "REV_SERVER_DOMAIN")
        _reverse_server(found, ",".join(["true", *(values.get(word, "") for word in words)]), f"{file}:REV_SERVER")


def _texts(tree: Mapping[str, Any], key: str) -> list[str]:
    value = tree.get(key, [])
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _where(path: Path, name: str) -> str:
    return f"{path}/{name}"
