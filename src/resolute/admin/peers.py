"""Who is at the other end of the admin socket: what the kernel says of the connection, which nobody can pretend.

The socket's mode lets in the user that runs the server, and root; should somebody have opened it wider, the peer's user
id is looked at all the same.
"""

import os
import pwd
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

STATE: Final = "peer"
"""Where the protocol of the admin socket, and no other, leaves the peer in a request's state."""
_CREDENTIALS: Final = struct.Struct("3i")
"""`struct ucred`: process, user and group (unix(7))."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program on this machine that has opened the admin socket, by its user."""

    uid: int

    @property
    def is_owner(self) -> bool:
        """Whether it may do everything here: the user that runs the server, or root."""
        return self.uid in (os.geteuid(), 0)

    @property
    def name(self) -> str:
        """As the history has it: `alice (local)`."""
        return f"{_user_name(self.uid)} (local)"

    @classmethod
    def of(cls, connection: socket.socket) -> Self:
        """The peer of an accepted connection. Raises OSError for one that is not of a Unix socket."""
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return cls(_CREDENTIALS.unpack(found)[1])


@lru_cache(64)
def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
