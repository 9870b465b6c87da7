"""Pi-hole's own files: the folder /etc/pihole (beside it /etc/dnsmasq.d), or an archive of its Teleporter.

version 6   pihole.toml                         dns.hosts, dns.cnameRecords, dns.upstreams, dns.revServers
version 5   custom.list, setupVars.conf, dnsmasq.d/05-pihole-custom-cname.conf
"""

import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from resolute.cli.imports import text
from resolute.cli.imports.dnsmasq import Reader, reverse_zones, take_hosts
from resolute.cli.imports.found import TTL, Collector, Imported
from resolute.errors import RuleError

DEFAULT: Final = Path("/etc/pihole")
_TOML: Final = "pihole.toml"
_LIST: Final = "custom.list"
_VARIABLES: Final = "setupVars.conf"
_CNAMES: Final = "05-pihole-custom-cname.conf"
_BLOCKING: Final = ("gravity.db", "adlist.json", "adlists.list", "blacklist.exact.json", "blacklist.regex.json")
_READ: Final = frozenset({_TOML, _LIST, _VARIABLES, _CNAMES})
_MEMBERS: Final = 1_000
"""Files in an archive."""


def read(path: Path) -> Imported:
    """What the files say. Raises RuleError for a folder or an archive that has none of them."""
    files = _folder(path) if path.is_dir() else _archive(path)
    found = Collector()
    if _TOML in files:
        _toml(found, files[_TOML], _where(path, _TOML))
    if _LIST in files:
        take_hosts(found, files[_LIST], _where(path, _LIST))
    if _CNAMES in files:
        Reader(found).take(files[_CNAMES], _where(path, _CNAMES))
    if _VARIABLES in files:
        _variables(found, files[_VARIABLES], _where(path, _VARIABLES))
    for name in sorted(set(files) & set(_BLOCKING)):
        found.leave(_where(path, name), "lists of what is blocked", "not taken over: blocking is not in this version")
    if not set(files) & _READ:
        raise RuleError(f"{path} has no {_TOML}, {_LIST}, {_VARIABLES} or {_CNAMES}: is it Pi-hole's folder?")
    return found.result()


def _folder(path: Path) -> dict[str, str]:
    """The files that count, by their names. Of lists it counts that they are there."""
    places = {name: path / name for name in (_TOML, _LIST, _VARIABLES, *_BLOCKING)}
    found = {name: "" if name in _BLOCKING else text.read(place) for name, place in places.items() if place.is_file()}
    for folder in (path / "dnsmasq.d", path.parent / "dnsmasq.d"):
        if _CNAMES not in found and (folder / _CNAMES).is_file():
            found[_CNAMES] = text.read(folder / _CNAMES)
    return found


def _archive(path: Path) -> dict[str, str]:
    """The same from an archive: nothing is unpacked, only files of these names are read, and no more than the bound."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                return _members(
                    path, [(one.filename, partial(zipped.open, one)) for one in zipped.infolist()[:_MEMBERS]]
                )
        with tarfile.open(path, "r:*") as tar:
            return _members(path, [(one.name, partial(tar.extractfile, one)) for one in _few(tar) if one.isfile()])
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise RuleError(f"{path} is no folder, and no archive of Teleporter: {error}") from error


def _few(archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    for number, one in enumerate(archive):
        if number >= _MEMBERS:
            return
        yield one


def _members(path: Path, members: Iterable[tuple[str, Callable[[], Any]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member, opened in members:
        name = member.rsplit("/", 1)[-1]
        if name in _BLOCKING:
            found[name] = ""
        elif name in _READ and name not in found:
            with opened() as file:
                content = file.read(text.LARGEST + 1)
            if len(content) > text.LARGEST:
                raise RuleError(f"{path}: {member} is larger than {text.LARGEST // 2**20} MiB")
            found[name] = content.decode("utf-8", "replace")
    return found


def _toml(found: Collector, content: str, file: str) -> None:
    try:
        dns = tomllib.loads(content).get("dns", {})
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{file}: {error}") from error
    for entry in _texts(dns, "hosts"):
        take_hosts(found, entry, f"{file}:dns.hosts")
    for entry in _texts(dns, "cnameRecords"):
        _cname(found, entry, f"{file}:dns.cnameRecords")
    for entry in _texts(dns, "upstreams"):
        found.upstream(f"{file}:dns.upstreams", entry)
    for entry in _texts(dns, "revServers"):
        _reverse_server(found, entry, f"{file}:dns.revServers")
    domain = dns.get("domain")
    if isinstance(domain, dict) and domain.get("local") and domain.get("name"):
        found.own(f"{file}:dns.domain", str(domain["name"]))


def _cname(found: Collector, entry: str, where: str) -> None:
    """ALIAS[,ALIAS],TARGET[,TTL]"""
    *aliases, last = (word.strip() for word in entry.split(","))
    ttl = int(last) if last.isdigit() and len(aliases) > 1 else TTL
    target = aliases.pop() if last.isdigit() and len(aliases) > 1 else last
    if not aliases or not target:
        found.leave(where, entry, "expected ALIAS,TARGET")
    for alias in aliases:
        found.record(where, alias, "CNAME", target if target.endswith(".") else f"{target}.", ttl=ttl)


def _reverse_server(found: Collector, entry: str, where: str) -> None:
    """ENABLED,NETWORK,SERVER[#PORT][,DOMAIN]"""
    words = [word.strip() for word in entry.split(",")]
    if len(words) < 3 or words[0].lower() != "true":
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
