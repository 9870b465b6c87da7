"""The other end of the control socket: what the command line and tests use to speak with a running node.

Plain HTTP/1.1 over the Unix socket `control.sock` of the data directory. Nothing of the node is imported, so a short
command stays quick.
"""

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from resolute.errors import PeerError, ResoluteError, RuleError, SettingsError, UnavailableError

SOCKET_NAME = "control.sock"
"""The socket's file name in the data directory."""

ADMIN_SOCKET_NAME = "admin.sock"
"""That of the socket of the admin process: its REST API, for the owner of this machine."""

LONG = 6
"""So many times the timeout is for calls that read files of any size."""

JSON = dict[str, Any]


class ControlClient:
    """Asks one node. Each call is one connection; calls may run in several threads.

    Every method raises `UnavailableError` when no node listens on the socket or it does not answer in `timeout_s`,
    `SettingsError` for a configuration that the node refuses, `RuleError` for a question that it refuses.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        """`path`: the socket itself, or the data directory that has it."""
        self.path = path / SOCKET_NAME if _is_folder(path) else path
        self.timeout_s = timeout_s

    def status(self) -> JSON:
        """What the node serves and what is wrong: see `resolute.node.status`."""
        return self._json("GET", "/status")

    def statistics(self) -> JSON:
        """The counters of the data plane and of the resolver."""
        return self._json("GET", "/statistics")

    def reload(self) -> JSON:
        """Re-reads the configuration and every file.

        `problems` lists what could not be taken over (the old state of it goes on), `restart_needed` the settings that
        take effect at the next start only. A configuration that does not hold raises SettingsError: nothing changed.
        """
        patient = ControlClient(self.path, timeout_s=LONG * self.timeout_s)
        return patient._json("POST", "/reload")

    def explain(self, name: str, rtype: str = "A", client: str = "127.0.0.1") -> JSON:
        """`steps`: a list of {"stage", "text"}; `answer`: the answer as text, or None."""
        return self._json("GET", "/explain?" + _query({"name": name, "type": rtype, "client": client}))

    def cache(self, name: str | None = None) -> str:
        """The cached answers at and below `name`, or all, as zone-file text."""
        query = "?" + _query({"name": name}) if name is not None else ""
        return self._request("GET", "/cache" + query).decode("utf-8")

    def flush(self, name: str | None = None, *, subtree: bool = False) -> int:
        """Forgets the cached answers at `name`, at and below it, or all; returns how many there were."""
        return int(self._json("POST", "/cache/flush", {"name": name, "subtree": subtree})["flushed"])

    def cuts(self, name: str | None = None) -> JSON:
        """`cuts`: the zone cuts that iteration knows at and below `name`, or all."""
        return self._json("GET", "/cuts" + ("?" + urlencode({"name": name}) if name is not None else ""))

    def servers(self) -> JSON:
        """`servers`: the name servers that iteration has met, the quickest first."""
        return self._json("GET", "/servers")

    def follow(self, revision: int) -> JSON:
        """Waits until the node has published at least this revision of the store."""
        return self._json("POST", "/follow", {"revision": revision})

    def _json(self, method: str, target: str, body: JSON | None = None) -> JSON:
        answer = json.loads(self._request(method, target, body))
        if not isinstance(answer, dict):
            raise PeerError(f"{self.path}: {method} {target} did not answer with a JSON object")
        return answer

    def _request(self, method: str, target: str, body: JSON | None = None) -> bytes:
        connection = UnixConnection(self.path, self.timeout_s)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, target, payload, {"Content-Type": "application/json"} if payload else {})
            response = connection.getresponse()
            content = response.read()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise UnavailableError(
                f"no server answers on {self.path}: start one with `resolute serve`, or name its directory with --data"
            ) from error
        except PermissionError as error:
            raise UnavailableError(f"{self.path}: permission denied; run as the user that runs the server") from error
        except TimeoutError as error:
            raise UnavailableError(f"{self.path}: the server did not answer in {self.timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"{self.path}: the connection to the server broke: {error}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise _error_of(response.status, content)
        return content


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose other end is a path."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Opens it."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _is_folder(path: Path) -> bool:
    """Whether it is one; of what this user may not look at, the connection says more."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _query(query: Mapping[str, str]) -> str:
    """Octets of the command line that are no UTF-8 go as they are."""
    return urlencode(query, errors="surrogateescape")


def _error_of(status: int, content: bytes) -> ResoluteError:
    """The error that the node's answer stands for (each family has its status: see `resolute.errors`)."""
    try:
        error = json.loads(content)["error"]
        message, problems = str(error["message"]), [str(problem) for problem in error.get("problems", [])]
    except (ValueError, KeyError, TypeError):
        message, problems = f"the server answered with status {status}", []
    if status == 422:
        return SettingsError(problems or [message])
    if status in (502, 504):
        return PeerError(message)
    return UnavailableError(message) if status >= 500 else RuleError(message)
