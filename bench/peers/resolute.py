"""Resolute itself, as a user runs it: the command, flags, a configuration file, SIGTERM at the end."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

from bench.peers.server import Endpoint, PeerFailedError, Server, Service, free_port

COMMAND = Path(__file__).parents[2] / ".venv/bin/resolute"
MANY = 1_000
"""More zones than this are not given one by one."""
NO_ROOT = ". NS nobody.invalid.\nnobody.invalid. A 127.255.255.254\n"
"""Hints with a server that is not there: other names fail at once, wherever this runs."""
READY = re.compile(r"ready: dns (?P<dns>.+?) admin (?P<admin>\S+).*\n")


class Resolute(Server):
    """`resolute serve` with its data in the temporary folder; `Service.extra` is TOML.

    Its admin process runs only when `admin` is asked for; `flags` are added as they stand. `data` is a folder that
    stays, for tests of what survives a restart. Ending with another status than 0 is an error.
    """

    name = "Resolute"
    command = str(COMMAND)
    version_flag = "--version"
    where_from = "make serve builds it"

    def __init__(
        self, service: Service, *, admin: bool = False, flags: Sequence[str] = (), data: Path | None = None
    ) -> None:
        super().__init__(service)
        self._admin = f"127.0.0.1:{free_port()}" if admin else "off"
        self._flags = tuple(flags)
        self._data = data
        self.dns: tuple[str, ...] = ()
        self.admin_url = ""

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self._data or self.folder / "data"

    def arguments(self) -> Sequence[str]:
        zones = self._zones()
        forward = [f"--forward={self.service.forward}"] if self.service.forward else []
        fixed = [f"--config={self.write('resolute.toml', self._configuration())}", f"--listen={self.endpoint}"]
        return ["serve", *fixed, f"--admin={self._admin}", f"--data={self.data}", *zones, *forward, *self._flags]

    def _configuration(self) -> str:
        """What is asked for; without a way to resolve other names in it, a root whose server cannot be reached."""
        extra = self.service.extra
        if self.service.forward or "resolver" in extra:
            return extra
        self.write("root.hints", NO_ROOT)
        return f'{extra}\n[resolver]\nroot_hints = "root.hints"\n'

    def _zones(self) -> list[str]:
        """Each by itself; a great many, which lie in a folder under their names, by their folder."""
        given = self.service.zones
        folders = {file.parent for file in given.values()}
        if len(given) > MANY and all(file.name == f"{name}zone" for name, file in given.items()):
            return [f"--zones={folder}" for folder in folders]
        return [f"--zone={name}={file}" for name, file in given.items()]

    def processes(self) -> list[int]:
        """The node alone, whose workers are its threads; the admin process does not answer DNS."""
        return [self.process.pid]

    def wait_until_ready(self, until: float) -> None:
        """Waits for the `ready:` line, which names where it listens."""
        while (line := READY.search(self.log_text())) is None:
            self.require_running()
            if time.monotonic() > until:
                raise PeerFailedError(f"{self.name} is not ready after {self.start_timeout_s} s:\n{self.log_text()}")
            time.sleep(0.003)
        self.dns = tuple(line["dns"].split())
        self.admin_url = "" if line["admin"] == "off" else line["admin"]
        host, port = self.dns[0].rsplit(":", 1)
        self.endpoint = Endpoint(host, int(port))

    def stop(self) -> int:
        """Ends it with SIGTERM. Raises PeerFailedError when it does not end with status 0."""
        log = self.log_text()
        status = self._end()
        if status != 0:
            raise PeerFailedError(f"{self.name} ended with status {status} after SIGTERM:\n{log}")
        return status
