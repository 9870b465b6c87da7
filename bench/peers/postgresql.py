"""PostgreSQL as a store: a cluster in a temporary folder, on loopback, that can be ended hard and come back."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

from bench.peers.server import PeerFailedError, free_port, process_tree

USER: Final = "postgres"
DATABASE: Final = "resolute"
_PROGRAMS: Final = Path("/usr/lib/postgresql")
_SETTINGS: Final = "listen_addresses = '127.0.0.1'\nmax_connections = 60\nshared_buffers = 64MB\n"
_WAIT_S: Final = 30.0


class Postgresql:
    """A cluster with one empty database. It never runs as root: then it runs as the package's user."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For `store.url`."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{DATABASE}"

    def start(self) -> Self:
        """Starts it, at first makes the cluster and the database. Raises PeerFailedError."""
        data = self._folder / "data"
        if fresh := not data.exists():
            if os.geteuid() == 0:
                user = pwd.getpwnam(USER)
                os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "-D", str(data))
            with (data / "postgresql.conf").open("a") as settings:
                settings.write(f"{_SETTINGS}unix_socket_directories = '{self._folder}'\n")
        command = self._command("postgres", "-D", str(data), "-p", str(self._port))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=self._folder)
        self._wait_until_ready()
        if fresh:
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", USER, DATABASE)
        return self

    def kill(self) -> None:
        """Ends it at once, as a crash would; the data stays, `start` brings it back."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ends it in order; the data stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_WAIT_S)
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections, and answers nothing any more, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """To the server and all its backends, each of which is a session of its own."""
        if self._process is None:
            return
        for pid in process_tree(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGKILL:
            self._process.wait(_WAIT_S)
            self._process = None

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + _WAIT_S
        while not self._answers():
            if time.monotonic() > until or (self._process and self._process.poll() is not None):
                raise PeerFailedError(f"PostgreSQL does not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        command = self._command("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port))
        return subprocess.run(command, check=False, cwd=self._folder).returncode == 0

    def _run(self, *command: str) -> None:
        done = subprocess.run(self._command(*command), capture_output=True, text=True, check=False, cwd=self._folder)
        if done.returncode != 0:
            raise PeerFailedError(f"{command[0]}: {done.stdout}{done.stderr}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        found = sorted(_PROGRAMS.glob(f"*/bin/{program}"))
        if not found:
            raise PeerFailedError(f"{program} is not there: tools/install-peers.sh installs it")
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"] if os.geteuid() == 0 else []
        return [*as_user, str(found[-1]), *arguments]
