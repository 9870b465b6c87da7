"""Logins: a cookie with 256 random bits, of which the store has the SHA-256; 12 hours at most, ended with the password.

The cookie is always HttpOnly (no script reads it), Secure and SameSite=Strict (no other site sends it). Over HTTPS its
name begins with `__Host-`: browsers then take it from this host alone, and no neighbour can plant one (RFC 6265bis
4.1.3.2). Plain HTTP is for loopback only: there browsers hold `Secure` to be true, but some do not take the prefix.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import cookie_parser
from starlette.responses import Response

from resolute.admin import principals
from resolute.admin.accounts import Accounts
from resolute.admin.clients import Client
from resolute.admin.rights import Principal
from resolute.admin.tokens import digest
from resolute.errors import UnauthenticatedError
from resolute.store import sessions as store
from resolute.store.accounts import User
from resolute.store.sessions import NewSession, Session

PREFIXED: Final = "__Host-resolute"
PLAIN: Final = "resolute"


@dataclass(frozen=True, slots=True)
class Opened:
    """A new login: `secret` goes into the cookie and nowhere else."""

    secret: str
    expires: datetime


class Sessions:
    """Opens, finds and closes logins of at most `longest`."""

    def __init__(self, accounts: Accounts, longest: timedelta) -> None:
        self._accounts, self._longest = accounts, longest

    async def open(self, user: User, client: Client) -> Opened:
        """A login of somebody whose password was right."""
        now, secret = datetime.now(UTC), secrets.token_hex(32)
        wanted = NewSession(digest(secret), user.id, str(client.address), now, now + self._longest)
        await self._accounts.write(lambda connection: store.open_session(connection, wanted))
        return Opened(secret, wanted.expires)

    async def session(self, secret: str) -> Session:
        """The login of a cookie. Raises UnauthenticatedError when it has ended."""
        found = await self._accounts.read(lambda c: store.find_session(c, digest(secret), datetime.now(UTC)))
        if found is None or found.user.disabled:
            raise UnauthenticatedError("the session has ended: log in again")
        return found

    async def find(self, secret: str) -> Principal:
        """Whose login it is. Raises UnauthenticatedError when it has ended."""
        return principals.of_user((await self.session(secret)).user)

    async def close(self, secret: str) -> None:
        """Ends a login."""
        await self._accounts.write(lambda connection: store.close_session(connection, digest(secret)))


def cookie_of(header: str, client: Client) -> str | None:
    """The secret in a Cookie header; over HTTPS only the prefixed name counts, which nobody else can have set."""
    return cookie_parser(header).get(_name(client))


def set_cookie(response: Response, opened: Opened, client: Client) -> None:
    """Puts a login into the browser."""
    seconds = int((opened.expires - datetime.now(UTC)).total_seconds())
    response.set_cookie(
        _name(client), opened.secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


def delete_cookie(response: Response, client: Client) -> None:
    """Takes it out of the browser again."""
    response.delete_cookie(_name(client), path="/", secure=True, httponly=True, samesite="strict")


def _name(client: Client) -> str:
    return PREFIXED if client.secure else PLAIN
