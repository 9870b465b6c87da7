"""The way of the commands to the admin process: its REST API, over `admin.sock` of a server on this machine, where no
token is needed, or at the URL of another with one.

    client.call("PUT", "/zones/example.org./rrsets/www/A", json={"records": ["192.0.2.1"]}).json()
    for zone in client.pages("/zones"): ...

What the server refuses becomes the family of error that it stands for (`resolute.errors`).
"""

import http.client
import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

import typer

from resolute.cli.refusals import refusal
from resolute.errors import DeniedError, PeerError, RuleError, UnavailableError
from resolute.node.client import SOCKET_NAME as CONTROL
from resolute.node.client import UnixConnection

PREFIX: Final = "/api/v1"
ZONE_TEXT: Final = {"Content-Type": "text/dns"}
"""Headers of zone text (RFC 4027)."""
ONLY_NEW: Final = {"If-None-Match": "*"}
"""Headers of what is to be made, and not to be replaced."""
CONNECT_S: Final = 10.0
ANSWER_S: Final = 900.0
"""Whoever imports millions of records waits for them."""
MOST: Final = 2**30
"""Octets of an answer."""
A_PAGE: Final = 1_000
_PART: Final = 65_536
_IN_A_PATH: Final = "/%:@!$&'()*+,;=~"

JSON = Any
"""Whatever JSON there is."""


class Readable(Protocol):
    """What a body is read from, such as a file."""

    def read(self, most: int = -1, /) -> bytes:
        """The next octets; none at the end."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call was answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> JSON:
        """The content as JSON. Raises PeerError when it is none."""
        try:
            return loads(self.content)
        except ValueError as error:
            raise PeerError("the server's answer is not JSON: is it Resolute that listens there?") from error


@dataclass(frozen=True, slots=True)
class AdminClient:
    """Calls one server. `place`: the path of `admin.sock`, or a URL (http, https). `headers` go with each call.

    The methods raise UnavailableError when nobody answers, PeerError when it is no Resolute, and what the answer
    stands for: UnauthenticatedError, DeniedError, NotFoundError, ConflictError, RuleError (`FieldsError` for fields
    that do not hold), SettingsError.
    """

    place: Path | str
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_s: float = ANSWER_S

    @property
    def is_local(self) -> bool:
        """Whether it is the server of this machine, asked as its owner."""
        return isinstance(self.place, Path) and self.token is None

    def require_private(self) -> None:
        """For passwords. Raises DeniedError when others could read one on its way, before there is one to read."""
        if not isinstance(self.place, Path):
            parts = urlsplit(self.place)
            if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
                raise DeniedError(f"{self.place}: passwords go over https, or to this machine: name an https URL")

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | Readable | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The answer to one request. `path` begins with a slash and is below /api/v1; `json` becomes the body, or
        `body` is sent as it stands (a file as it is read)."""
        given: dict[str, str] = {**self._headers(), **(headers or {})}
        target = self._base() + PREFIX + path + _query(query or {})
        if json is not None:
            body = dumps(json).encode()
            given["Content-Type"] = "application/json"
        reply = self._exchange(method, target, body, given)
        if reply.status >= 300:
            raise refusal(reply.status, reply.headers, reply.content)
        return reply

    def download(self, path: str) -> Iterator[bytes]:
        """What a GET is answered, part by part, however long it is. Raises UnavailableError when it breaks off."""
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(self.answer_s)
            _send(connection, "GET", self._base() + PREFIX + path, None, self._headers())
            response = connection.getresponse()
            if response.status >= 300:
                found = {name.lower(): value for name, value in response.getheaders()}
                raise refusal(response.status, found, response.read(MOST))
            while part := response.read(_PART):
                yield part
        except TimeoutError as error:
            raise UnavailableError(f"{self.place}: the server did not answer in time") from error
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[JSON]:
        """The items of all pages of a list, as they come."""
        asked = {"limit": str(A_PAGE), **(query or {})}
        while True:
            page = self.call("GET", path, query=asked).json()
            yield from page["items"]
            if page["next"] is None:
                return
            asked["cursor"] = page["next"]

    def _headers(self) -> dict[str, str]:
        proof = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return {"Accept": "application/json, */*", **proof, **self.headers}

    def _base(self) -> str:
        """The path of a URL: a proxy may have the server in a folder."""
        return "" if isinstance(self.place, Path) else quote(urlsplit(self.place).path.rstrip("/"), safe=_IN_A_PATH)

    def _exchange(self, method: str, target: str, body: bytes | Readable | None, headers: Mapping[str, str]) -> Reply:
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(self.answer_s)
            _send(connection, method, target, body, headers)
            response = connection.getresponse()
            content = response.read(MOST + 1)
        except TimeoutError as error:
            raise UnavailableError(f"{self.place}: the server did not answer in time") from error
        except ssl.SSLError as error:
            raise UnavailableError(f"{self.place}: no secure connection: {error.reason or error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()
        if len(content) > MOST:
            raise PeerError(f"{self.place}: the answer is larger than {MOST // 2**20} MiB")
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _connection(self) -> http.client.HTTPConnection:
        timeout_s = min(CONNECT_S, self.answer_s)
        if isinstance(self.place, Path):
            return UnixConnection(self.place, timeout_s)
        parts = urlsplit(self.place)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.netloc, timeout=timeout_s, context=ssl.create_default_context())
        return http.client.HTTPConnection(parts.netloc, timeout=timeout_s)

    def _unreachable(self, error: OSError | http.client.HTTPException) -> UnavailableError:
        if isinstance(error, PermissionError):
            return UnavailableError(
                f"{self.place}: permission denied; run as the user that runs the server, or name it with --server"
            )
        if not isinstance(self.place, Path):
            return UnavailableError(f"{self.place}: the server does not answer: {_reason(error)}")
        if not isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return UnavailableError(f"{self.place}: the connection to the server broke: {_reason(error)}")
        if isinstance(error, FileNotFoundError) and (self.place.parent / CONTROL).exists():
            return UnavailableError(f'{self.place}: the server runs without its admin process (listen.admin = "off")')
        return UnavailableError(
            f"no server answers on {self.place}: start one with `resolute serve`, or name its directory with --data"
        )


def segment(text: str) -> str:
    """A name as one part of a path; a zone's may have a slash in it (RFC 2317 4). Raises RuleError."""
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise _not_text(text) from error


def server_url(text: str) -> str:
    """The URL of a server, checked. Raises typer.BadParameter."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and not parts.query and not parts.fragment and "@" not in parts.netloc
        (parts.hostname or "").encode("idna")  # as it is looked up
        parts.path.encode()
    except ValueError:
        good = False
    if not good:
        raise typer.BadParameter(f"--server: {text!r} is not a URL such as https://dns.example.net")
    return text


def _query(query: Mapping[str, str]) -> str:
    try:
        return f"?{urlencode(query)}" if query else ""
    except UnicodeEncodeError as error:
        raise _not_text(" ".join(query.values())) from error


def _not_text(text: str) -> RuleError:
    """For octets of the command line that are no UTF-8."""
    return RuleError(f"{text!r} is not text in UTF-8")


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | Readable | None,
    headers: Mapping[str, str],
) -> None:
    """Sends a request. A server that has refused it before all of it was there has said why: that is read next."""
    given = {name: value.encode() for name, value in headers.items()}
    try:
        connection.request(method, target, body, given)
    except (BrokenPipeError, ConnectionResetError):
        if body is None:
            raise


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: OSError | http.client.HTTPException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
