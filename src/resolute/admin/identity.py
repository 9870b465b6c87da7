"""Who asks: a token (`Authorization: Bearer`, `X-API-Key`) or a session's cookie.

On the paths of other programs' protocols (`admin/compat/protocols.py`) a token is also the password of Basic
authentication (RFC 7617), with any user name; and wrong ones are counted there, because devices never stop trying.

What is sent must be good: a bad token beside a good cookie is refused, not passed over.

A browser adds the cookie to every request, whoever made the page; so with a cookie, a change must show that it comes
from a page of this server (Fetch standard: `Origin` or `Sec-Fetch-Site`, which the guard compares with this server's).
"""

import base64
import binascii
import time

from starlette.datastructures import Headers

from resolute.admin.attempts import Attempts, network_of
from resolute.admin.clients import Client
from resolute.admin.rights import Principal
from resolute.admin.sessions import Sessions, cookie_of
from resolute.admin.tokens import Tokens
from resolute.errors import DeniedError, UnauthenticatedError


class Identity:
    """Reads the credentials of a request."""

    def __init__(self, tokens: Tokens, sessions: Sessions) -> None:
        self._tokens, self._sessions = tokens, sessions
        self._attempts = Attempts()

    async def of(self, headers: Headers, client: Client, *, change: bool, basic: bool = False) -> Principal | None:
        """Who asks; None when nothing was sent that says it. `basic`: the path takes Basic authentication.

        Raises UnauthenticatedError for what is not good, DeniedError for what is not good from there, and
        TooManyTriesError.
        """
        if basic and ("authorization" in headers or "x-api-key" in headers):
            return await self._of_device(headers, client)
        if (token := _token(headers)) is not None:
            return await self._tokens.find(token, client)
        secret = cookie_of(headers.get("cookie", ""), client)
        if secret is None:
            return None
        principal = await self._sessions.find(secret)
        if change:
            _require_own_page(headers)
        return principal

    async def _of_device(self, headers: Headers, client: Client) -> Principal:
        """A token that is right takes no try away, so that many of them may come at once."""
        network, now_s = network_of(client.address), time.monotonic()
        self._attempts.require_free(network, client, now_s)
        try:
            return await self._tokens.find(_password(headers), client)
        except UnauthenticatedError:
            self._attempts.count(network, client, now_s)
            raise


def _password(headers: Headers) -> str:
    """X-API-Key counts first: clients make Basic of a URL's user and password, and send it besides."""
    key = headers.get("x-api-key")
    if key is not None:
        return key
    scheme, _, credentials = headers["authorization"].partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    try:
        if scheme.lower() != "basic":
            raise ValueError
        _, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        if not colon:
            raise ValueError
        return password.decode("ascii")
    except (ValueError, binascii.Error):
        raise UnauthenticatedError("the Authorization is neither `Basic USER:TOKEN` nor `Bearer TOKEN`") from None


def _token(headers: Headers) -> str | None:
    authorization, key = headers.get("authorization"), headers.get("x-api-key")
    if authorization is None:
        return key
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("the Authorization is not a token: send `Authorization: Bearer TOKEN`")
    return token.strip()


def _require_own_page(headers: Headers) -> None:
    if "origin" not in headers and headers.get("sec-fetch-site") != "same-origin":
        raise DeniedError("a change with a session must say that it comes from this server's own page: send Origin")
