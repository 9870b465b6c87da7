"""File descriptors: how many this process may have, and how they are shared, so that no flood takes them all.

Clients over TCP get half of what is left beside the reserve (listening sockets, files, the store, the control socket),
questions to upstreams, each of which has a socket of its own, get the other half.
"""

import contextlib
import resource
from dataclasses import dataclass
from typing import Final

from resolute.plane.settings import Limits

RESERVE: Final = 64
ENOUGH: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Share:
    """How many connections of clients, and questions to upstreams, there may be at once."""

    tcp_clients: int
    handoffs: int


def raise_limit() -> None:
    """Lifts the soft limit (1,024 on many systems, for the sake of select(2), which is not used) to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):  # the share is made from what there is
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def share(limits: Limits) -> Share:
    """What of the settings is possible with this process's limit."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    limit = ENOUGH if limit == resource.RLIM_INFINITY else limit
    free = max(limit - RESERVE, 2)
    tcp_clients = min(limits.tcp_clients, free // 2)
    return Share(tcp_clients, min(limits.handoffs, free - tcp_clients))


def shortage(limits: Limits) -> str:
    """One line for an operator when the settings cannot be had in full; empty when they can."""
    possible = share(limits)
    if (possible.tcp_clients, possible.handoffs) == (limits.tcp_clients, limits.handoffs):
        return ""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (
        f"limits: {limit} file descriptors are enough for {possible.tcp_clients} TCP clients and {possible.handoffs} "
        "questions in flight, fewer than is set: raise LimitNOFILE of the systemd unit, or `ulimit -n`"
    )
