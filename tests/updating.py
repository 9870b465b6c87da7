"""Zones of a server without a socket, and somebody who changes them with other programs' protocols."""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from resolute.admin.rights import Role, Scope
from resolute.config.admin import Admin
from resolute.records import names
from resolute.zones import importing
from resolute.zones.change import Author
from tests.accounts import Limits, World, with_world

TEXT = """\
$TTL 3600
@ SOA ns1 hostmaster 7 7200 3600 1209600 300
@ NS ns1.example.net.
home 300 A 192.0.2.2
home 300 AAAA 2001:db8::2
www CNAME home
"""


@dataclass(frozen=True)
class Device:
    """A program with a token, which is the password of Basic authentication."""

    world: World
    token: str
    owner: Mapping[str, str]
    """The headers of the server's owner."""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.world.client.get(path, headers={**basic(self.token), **_named(headers)})

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """With JSON, or with octets as they stand."""
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.world.client.post(path, headers={**basic(self.token), **_named(headers)}, **given)

    async def lines(self, zone: str = "example.org.") -> list[str]:
        """A zone without its apex, as its owner sees it."""
        text = (await self.world.client.get(f"/api/v1/zones/{zone}/export", headers=self.owner)).text
        return [line for line in text.splitlines() if not line.startswith(zone)]


Scenario = Callable[[Device], Awaitable[None]]


@dataclass(frozen=True)
class Setting:
    """What a scenario plays in."""

    role: Role = Role.OPERATOR
    scope: Scope | None = None
    limits: Limits | None = None
    admin: Admin | None = None
    address: str = "192.0.2.77"
    zones: Sequence[str] = ("example.org.", "example.com.")


def with_device(folder: Path, scenario: Scenario, setting: Setting = Setting()) -> None:
    """Runs a scenario with zones that are alike."""

    async def run(world: World) -> None:
        for zone in setting.zones:
            new = importing.NewZone(names.from_text(zone), TEXT.encode(), Author("maker"))
            importing.create(world.services.store, new)
        owner = await world.token(await world.user(Role.OWNER))
        user = await world.user(setting.role, "device", ["example.org."] if setting.role is Role.EDITOR else [])
        token = await world.token(user, setting.scope, setting.limits)
        await scenario(Device(world, token["Authorization"].removeprefix("Bearer "), owner))

    with_world(folder, run, settings=setting.admin, address=setting.address)


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    """The header of Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
