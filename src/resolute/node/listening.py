"""The sockets that are listened on, and what it means when one cannot be: one line that says how to mend it."""

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from resolute.errors import SettingsError
from resolute.node.client import ADMIN_SOCKET_NAME
from resolute.units import split_endpoint


@dataclass(frozen=True, slots=True)
class AdminSockets:
    """Where the admin process listens: its port, and at `path` the Unix socket for the owner of this machine."""

    port: socket.socket
    local: socket.socket
    path: Path

    @classmethod
    def bind(cls, endpoint: str, directory: Path) -> Self | None:
        """Both; None when the setting is `off`. The caller holds the directory's lock. Raises SettingsError."""
        path = directory / ADMIN_SOCKET_NAME
        port = bind_admin(endpoint)
        if port is None:
            path.unlink(missing_ok=True)  # a dead server's
            return None
        try:
            return cls(port, bind_unix(path, "admin"), path)
        except SettingsError:
            port.close()
            raise

    def close(self) -> None:
        """Ends them, and takes the Unix socket away."""
        self.port.close()
        self.local.close()
        self.path.unlink(missing_ok=True)


def bind_unix(path: Path, name: str) -> socket.socket:
    """A listening Unix socket, mode 0600. The caller holds the directory's lock, so one that is there is a dead
    server's. Raises SettingsError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(64)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        reason = error.strerror or f"{error}; use a shorter path"
        raise SettingsError([f"data.directory: {path}: the {name} socket cannot be made: {reason}"]) from error
    finally:
        os.umask(before)
    return listener


def bind_admin(endpoint: str) -> socket.socket | None:
    """A listening socket for the admin process; None when the setting is `off`. Raises SettingsError."""
    if endpoint == "off":
        return None
    host, port = split_endpoint(endpoint)
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError([explain("listen.admin", endpoint, error, flag="--admin")]) from error
    return listener


def bound(listener: socket.socket) -> str:
    """The address and port that a socket listens on."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def explain(setting: str, endpoint: str, error: OSError, *, flag: str) -> str:
    """One line: which setting, which address, what is wrong, and what to do about it."""
    text = f"{setting}: {endpoint}: "
    if error.errno == errno.EADDRINUSE:
        return f"{text}another program listens there: stop it, or choose another port with {flag}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{text}permission denied, because ports below 1024 need a right: give it with "
            "`setcap cap_net_bind_service=+ep` on the Python interpreter or `AmbientCapabilities=CAP_NET_BIND_SERVICE` "
            f"in the systemd unit, or choose a port from 1024 up with {flag}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{text}no interface of this machine has the address: choose one that has, or 0.0.0.0 or [::], with {flag}"
        )
    if error.errno == errno.EAFNOSUPPORT:
        return f"{text}this machine has no {'IPv6' if '[' in endpoint else 'IPv4'}: leave the address out ({flag})"
    return f"{text}cannot listen: {error.strerror or error}: choose another address with {flag}"
