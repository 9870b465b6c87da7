"""The admin application without a socket: users of every role, sessions and tokens, for tests of who may do what."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import argon2
import httpx

from resolute.admin import tokens
from resolute.admin.app import assemble
from resolute.admin.controlsocket import ControlSocket
from resolute.admin.rights import Role, Scope
from resolute.admin.services import Services
from resolute.config.admin import Admin
from resolute.store import accounts as store
from resolute.store.accounts import NewToken, NewUser, User
from resolute.store.store import Store

PASSWORD: Final = "four words nobody chose"
HERE: Final = "http://127.0.0.1:5380"
_CHEAP: Final = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""So cheap that the first login renews it."""

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token is limited to, besides its scope."""

    expires: datetime | None = None
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class World:
    """A server without a socket, and somebody who talks to it."""

    services: Services
    client: httpx.AsyncClient
    folder: Path

    async def user(self, role: Role, name: str = "", zones: Sequence[str] = ()) -> User:
        """A user, by default with the role's name."""
        wanted = NewUser(name or role.value, _CHEAP, role.value, tuple(zones))
        return await self.services.accounts.write(lambda connection: store.add_user(connection, wanted))

    async def session(self, user: User) -> dict[str, str]:
        """The headers of a browser in which the user has logged in, and which shows one of our pages."""
        here = self.services.clients.of(
            {"type": "http", "client": ("127.0.0.1", 1), "headers": [(b"host", b"localhost")]}
        )
        opened = await self.services.sessions.open(user, here)
        return {"Cookie": f"resolute={opened.secret}", "Origin": HERE}

    async def token(self, user: User, scope: Scope | None = None, limits: Limits | None = None) -> dict[str, str]:
        """The headers of a program with a token of this user."""
        made, limits = tokens.make(), limits or Limits(datetime.now(UTC) + timedelta(days=1))
        json = (scope or Scope()).to_json()
        wanted = NewToken(made.id, "robot", made.hash, json, tuple(limits.sources), limits.expires)
        await self.services.accounts.write(lambda connection: store.add_token(connection, user.id, wanted))
        return {"Authorization": f"Bearer {made.text}"}


def with_world(
    folder: Path,
    scenario: Callable[[World], Awaitable[None]],
    *,
    settings: Admin | None = None,
    address: str = "127.0.0.1",
    url: str = HERE,
) -> None:
    """Runs a scenario with a client at `address`, which calls the server `url`."""

    async def run() -> None:
        services = Services.of(
            Store(f"sqlite:///{folder / 'resolute.db'}"), settings or Admin(), ControlSocket(folder / "control.sock")
        )
        transport = httpx.ASGITransport(assemble(services), raise_app_exceptions=False, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            await scenario(World(services, client, folder))
        await services.close()

    asyncio.run(run())
