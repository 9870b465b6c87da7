"""What it means when an address cannot be listened on, in one line that says how to mend it."""

import errno
import ipaddress
import socket

from resolute.errors import SettingsError
from resolute.units import split_endpoint


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
