"""dnsmasq's configuration (dnsmasq(8)): the names that it answers for, and whom it asks for the rest.

host-record=nas.lan,192.0.2.7     address=/apps.lan/192.0.2.8     cname=www.lan,nas.lan     server=/corp/192.0.2.9
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.dnsmasqwords import (
    character_string,
    commas,
    is_taken,
    quoted_commas,
    reverse_zones,
    slashes,
    without_comment,
)
from resolute.cli.imports.found import Imported, absolute, is_address
from resolute.cli.imports.hostslines import take_aliases, take_hosts
from resolute.errors import RuleError

_OTHER: Final = "not taken over: it is no record and no upstream; docs/settings.md lists the settings there are"
_BLOCKED: Final = "not taken over: blocking is not in this version"
_DHCP: Final = "not taken over: there is no DHCP here"
_NO_HOSTS: Final = "no-hosts"
_QUIET: Final = frozenset({"no-resolv", "no-poll", "domain-needed", "bogus-priv", _NO_HOSTS})
"""What does not change what names are answered with, or is so here."""
_HOSTS: Final = "/etc/hosts"
_FILES: Final = frozenset({"addn-hosts", "hostsdir", "conf-file", "servers-file", "conf-dir"})


def read(path: Path) -> Imported:
    """What a configuration file, or a folder of such files, says. Raises RuleError for one that cannot be read."""
    reader = Reader(Collector())
    if text.is_folder(path):
        reader.folder(path, [])
    else:
        reader.file(path)
    reader.tell_of_hosts(str(path))
    return reader.found.result()


class Reader:
    """Reads files, and those that they name: with `follow=False` those are listed, for they are of another machine."""

    def __init__(self, found: Collector, *, follow: bool = True) -> None:
        self.found = found
        self._follow = follow
        self._depth = 0
        self._no_hosts = False
        self._options: Mapping[str, Callable[[str, str], None]] = {
            "address": self._address,
            "server": self._server,
            "local": self._server,
            "rev-server": self._rev_server,
            "host-record": self._host_record,
            "cname": self._cname,
            "txt-record": self._txt,
            "srv-host": self._srv,
            "mx-host": self._mx,
            "ptr-record": self._ptr,
            "caa-record": self._caa,
            "dns-rr": self._dns_rr,
            "addn-hosts": self._hosts,
            "hostsdir": self._hosts,
            "conf-file": self._conf_file,
            "servers-file": self._conf_file,
            "conf-dir": self._conf_dir,
        }

    def file(self, path: Path) -> None:
        """One file. Raises RuleError."""
        self.take(text.read(path), str(path))

    def take(self, content: str, file: str) -> None:
        """The same from text."""
        for where, line in text.lines(content, file):
            words = without_comment(line)
            if words:
                self._line(where, words)

    def folder(self, path: Path, endings: Sequence[str]) -> None:
        """The files of a folder, as `conf-dir` takes them."""
        for file in text.files(path):
            if is_taken(file.name, endings):
                self.file(file)

    def tell_of_hosts(self, where: str) -> None:
        """Names of /etc/hosts are answered too, where nothing says no: they are another file's."""
        if not self._no_hosts:
            why = (
                "dnsmasq answers the names in it too, as no-hosts does not stand there: `[hosts] files` takes the file"
            )
            self.found.leave(where, _HOSTS, why)

    def _line(self, where: str, line: str) -> None:
        option, _, value = (part.strip() for part in line.partition("="))
        if option in _QUIET:
            self._no_hosts = self._no_hosts or option == _NO_HOSTS
            return
        try:
            handler = self._options.get(option)
            if option in _FILES and not self._follow:
                self.found.leave(where, line, "it names files that are not here: import those of that machine too")
            elif handler is not None and value:
                handler(where, value)
            elif option.startswith(("dhcp", "enable-ra", "ra-param", "enable-tftp", "tftp", "pxe", "bootp")):
                self.found.leave(where, line, _DHCP)
            else:
                self.found.leave(where, line, _OTHER)
        except (RuleError, ValueError, IndexError) as error:
            self.found.leave(where, line, str(error) or "not understood")

    def _address(self, where: str, value: str) -> None:
        domains, address = slashes(value)
        if address in ("", "#", "0.0.0.0", "::"):  # noqa: S104  no address to listen on
            self.found.leave(where, f"address={value}", _BLOCKED)
            return
        for domain in domains:
            if domain == "#" or domain.startswith("*"):
                self.found.leave(
                    where, f"address={value}", f"{domain} stands for names of every domain: not taken over"
                )
            else:
                self._all_below(where, domain, address)

    def _all_below(self, where: str, domain: str, address: str) -> None:
        if is_address(address):
            self.found.address(where, domain, address)
            self.found.below(where, domain, address)
        else:
            self.found.leave(where, f"address=/{domain}/{address}", f"{address} is no address")

    def _server(self, where: str, value: str) -> None:
        value, at, source = value.partition("@")
        if at:
            self.found.leave(where, f"@{source}", f"{value} is asked from whatever address the system takes")
        if not value.startswith("/"):
            self.found.upstream(where, value)
            return
        domains, server = slashes(value)
        for domain in domains:
            if not server:
                self.found.own(where, domain)
            elif server == "#" or domain in ("", "#") or domain.startswith("*"):
                self.found.leave(where, f"server={value}", "not taken over: there is no route for such names")
            else:
                self.found.upstream(where, server, [domain])

    def _rev_server(self, where: str, value: str) -> None:
        network, server = commas(value, 2)
        self.found.upstream(where, server, reverse_zones(network))

    def _host_record(self, where: str, value: str) -> None:
        words = value.split(",")
        given = [word.strip() for word in words if word.strip()]
        if given and given[-1].isdigit():
            given.pop()  # a TTL
        addresses = [word for word in given if is_address(word)]
        if not addresses or len(addresses) == len(given):
            raise RuleError("not taken over: expected a name and an address")
        for name in given:
            if name not in addresses:
                for address in addresses:
                    self.found.address(where, name, address)

    def _cname(self, where: str, value: str) -> None:
        take_aliases(self.found, where, value)

    def _txt(self, where: str, value: str) -> None:
        name, *strings = quoted_commas(value)
        self.found.record(where, name, "TXT", " ".join(map(character_string, strings or [""])))

    def _srv(self, where: str, value: str) -> None:
        name, target, port, priority, weight = commas(value, 5)
        data = f"{int(priority or 0)} {int(weight or 0)} {int(port or 1)} {absolute(target or '.')}"
        self.found.record(where, name, "SRV", data)

    def _mx(self, where: str, value: str) -> None:
        name, host, preference = commas(value, 3)
        self.found.record(where, name, "MX", f"{int(preference or 1)} {absolute(host or name)}")

    def _ptr(self, where: str, value: str) -> None:
        name, target = commas(value, 2)
        self.found.record(where, name, "PTR", absolute(target or name))

    def _caa(self, where: str, value: str) -> None:
        name, flags, tag, content = quoted_commas(value)[:4]
        self.found.record(where, name, "CAA", f"{int(flags)} {tag} {character_string(content)}")

    def _dns_rr(self, where: str, value: str) -> None:
        name, number, data = commas(value, 3)
        octets = bytes.fromhex(data.replace(":", ""))
        self.found.record(where, name, f"TYPE{int(number)}", f"\\# {len(octets)} {octets.hex()}".rstrip())

    def _hosts(self, _where: str, value: str) -> None:
        path = Path(value.split(",", maxsplit=1)[0])
        files: Iterable[Path] = text.files(path) if text.is_folder(path) else [path]
        for file in files:
            take_hosts(self.found, text.read(file), str(file))

    def _conf_file(self, _where: str, value: str) -> None:
        if self._depth >= text.DEPTH:
            raise RuleError("files name each other without end")
        self._depth += 1
        try:
            self.file(Path(value))
        finally:
            self._depth -= 1

    def _conf_dir(self, _where: str, value: str) -> None:
        name, *endings = value.split(",")
        self._depth += 1
        try:
            if self._depth > text.DEPTH:
                raise RuleError("folders name each other without end")
            self.folder(Path(name), [one.strip() for one in endings])
        finally:
            self._depth -= 1
