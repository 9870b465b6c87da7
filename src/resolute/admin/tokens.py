"""API tokens: `rsl_ID_SECRET`, of which the store has the SHA-256 of the secret.

The ID finds the row, the secret (256 bits of the operating system's randomness) proves the right to it. The prefix lets
scanners of repositories and logs know one when they see it.
"""

import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from resolute.admin import principals
from resolute.admin.accounts import Accounts
from resolute.admin.clients import Address, Client
from resolute.admin.rights import Principal
from resolute.admin.troubles import Trouble
from resolute.errors import DeniedError, UnauthenticatedError, UnavailableError
from resolute.store import accounts as store
from resolute.store.accounts import Token

_FORM: Final = re.compile(r"rsl_([0-9a-f]{12})_([0-9a-f]{64})")
NOTED_EACH: Final = timedelta(minutes=1)
"""The last use is written at most so often: reading must not cost a write."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A new token: `text` is shown once, `hash` is stored."""

    id: str
    text: str
    hash: bytes


def make() -> Made:
    """A token that nobody has seen."""
    token_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    return Made(token_id, f"rsl_{token_id}_{secret}", digest(secret))


def digest(secret: str) -> bytes:
    """What is stored of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


class Tokens:
    """Finds out whose a token is."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._trouble = Trouble(log, "the use of tokens cannot be noted")

    async def find(self, text: str, client: Client) -> Principal:
        """Whom the token stands for. Raises UnauthenticatedError for one that is not good (any more), DeniedError for
        one that is not good from this address."""
        form = _FORM.fullmatch(text)
        found = await self._accounts.read(lambda c: store.find_token(c, form[1])) if form else None
        if form is None or found is None or not hmac.compare_digest(found[0].hash, digest(form[2])):
            raise UnauthenticatedError("the token is not one of this server's, or it has been removed")
        token, owner = found
        now = datetime.now(UTC)
        if token.expires is not None and token.expires <= now:
            raise UnauthenticatedError(f"the token {token.name} ended on {token.expires:%Y-%m-%d}: make a new one")
        if owner.disabled:
            raise UnauthenticatedError(f"the account {owner.name}, whose token this is, is disabled")
        check_source(token.name, token.sources, client.address)
        await self._note(token, client, now)
        return principals.of_token(token, owner)

    async def _note(self, token: Token, client: Client, now: datetime) -> None:
        if token.last_used is None or now - token.last_used >= NOTED_EACH:
            try:
                await self._accounts.write(lambda c: store.note_use(c, token.id, str(client.address), now))
            except UnavailableError as error:  # a full disk stops changes, and not those who read
                self._trouble.there(error)
            else:
                self._trouble.over()


def check_source(name: str, sources: Sequence[str], address: Address) -> None:
    """Raises DeniedError when a token is not for this address; no sources are every address."""
    if sources and not any(address in ipaddress.ip_network(source) for source in sources):
        raise DeniedError(f"the token {name} is not for use from {address}", f"use from {address}")
