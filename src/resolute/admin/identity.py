"""Who asks: a token (`Authorization: Bearer`, `X-API-Key`) or a session's cookie.

What is sent must be good: a bad token beside a good cookie is refused, not passed over.

A browser adds the cookie to every request, whoever made the page; so with a cookie, a change must show that it comes
from a page of this server (Fetch standard: `Origin` or `Sec-Fetch-Site`, which the guard compares with this server's).
"""

from starlette.datastructures import Headers

from resolute.admin.clients import Client
from resolute.admin.rights import Principal
from resolute.admin.sessions import Sessions, cookie_of
from resolute.admin.tokens import Tokens
from resolute.errors import DeniedError, UnauthenticatedError


class Identity:
    """Reads the credentials of a request."""

    def __init__(self, tokens: Tokens, sessions: Sessions) -> None:
        self._tokens, self._sessions = tokens, sessions

    async def of(self, headers: Headers, client: Client, *, change: bool) -> Principal | None:
        """Who asks; None when nothing was sent that says it.

        Raises UnauthenticatedError for what is not good, DeniedError for what is not good from there.
        """
        if (token := _token(headers)) is not None:
            return await self._tokens.find(token, client)
        secret = cookie_of(headers.get("cookie", ""), client)
        if secret is None:
            return None
        principal = await self._sessions.find(secret)
        if change:
            _require_own_page(headers)
        return principal


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
