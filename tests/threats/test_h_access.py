"""Every operation of the REST API, as its own description lists them, with every role and every state of a token (H14),
from every kind of page that is not ours (H5), and under names that are not ours (H6).

`WHO` says whom an operation is for; an operation that is not in it fails the test, so that none is forgotten.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from resolute.admin.rights import Role, Scope, Verb
from resolute.store import accounts
from tests.accounts import PASSWORD, Limits, World, with_world

PUBLIC: Final[frozenset[Role]] = frozenset()
ALL = frozenset(Role)
OWNER, STAFF = frozenset({Role.OWNER}), frozenset({Role.OWNER, Role.OPERATOR})
EDITORS, READERS = STAFF | {Role.EDITOR}, STAFF | {Role.READER}

WHO: Final[Mapping[str, frozenset[Role]]] = {
    "getHealth": PUBLIC,
    "setUp": PUBLIC,
    "login": PUBLIC,
    "logout": ALL,
    "getSession": ALL,
    "listUsers": OWNER,
    "addUser": OWNER,
    "getUser": OWNER,
    "changeUser": OWNER,
    "removeUser": OWNER,
    "setPassword": OWNER,
    "listTokens": ALL,
    "addToken": ALL,
    "getToken": STAFF,
    "removeToken": STAFF,
    "listAudit": STAFF,
    "takeBackup": OWNER,
    "listZones": ALL,
    "addZone": STAFF,
    "getZone": ALL,
    "changeZone": STAFF,
    "removeZone": STAFF,
    "importZone": STAFF,  # of a zone that is not there yet
    "exportZone": ALL,
    "checkZone": ALL,
    "listRRsets": ALL,
    "getRRset": ALL,
    "replaceRRset": EDITORS,
    "changeRRset": EDITORS,
    "removeRRset": EDITORS,
    "makeBatch": EDITORS,
    "search": ALL,
    "listChanges": ALL,
    "getChange": ALL,
    "diffZone": ALL,
    "revertZone": STAFF,  # of a zone that is not there any more
    "followChanges": ALL,
    "listLocalRecords": READERS,
    "getLocalRecord": READERS,
    "replaceLocalRecord": STAFF,
    "removeLocalRecord": STAFF,
    "listHostsFiles": READERS,
    "showCache": READERS,
    "flushCache": STAFF,
    "explain": READERS,
    "listNodes": READERS,
    "getStatistics": READERS,
    "reloadNode": STAFF,
    "getSettings": READERS,
    "changeSettings": STAFF,
    "listWebhooks": READERS,
    "addWebhook": STAFF,
    "getWebhook": READERS,
    "removeWebhook": STAFF,
    "listPowerDnsVersions": ALL,
    "listPowerDnsServers": ALL,
    "getPowerDnsServer": ALL,
    "listPowerDnsSettings": ALL,
    "listPowerDnsTsigKeys": ALL,
    "listPowerDnsAutoprimaries": ALL,
    "getPowerDnsStatistics": READERS,
    "flushPowerDnsCache": STAFF,
    "searchPowerDns": ALL,
    "exportPowerDnsZone": ALL,
    "notifyPowerDnsZone": EDITORS,
    "retrievePowerDnsZone": STAFF,
    "rectifyPowerDnsZone": STAFF,
    "listPowerDnsKeys": ALL,
    "getPowerDnsKey": ALL,
    "addPowerDnsKey": STAFF,
    "listPowerDnsMetadata": ALL,
    "getPowerDnsMetadata": ALL,
    "addPowerDnsMetadata": STAFF,
    "replacePowerDnsMetadata": STAFF,
    "removePowerDnsMetadata": STAFF,
    "listPowerDnsZones": ALL,
    "addPowerDnsZone": STAFF,
    "getPowerDnsZone": ALL,
    "changePowerDnsRRsets": EDITORS,
    "changePowerDnsZone": STAFF,
    "removePowerDnsZone": STAFF,
    "updateAddresses": EDITORS,
    "presentChallenge": EDITORS,
    "cleanUpChallenge": EDITORS,
    "getAcmeDnsHealth": PUBLIC,
    "registerAcmeDns": EDITORS,
    "updateAcmeDns": EDITORS,
    "getExternalDnsHealth": PUBLIC,
    "negotiateExternalDns": EDITORS,
    "listExternalDnsRecords": EDITORS,
    "adjustExternalDnsEndpoints": EDITORS,
    "changeExternalDnsRecords": EDITORS,
}
OF_ZONES: Final = {
    *("getSession", "logout", "listZones", "getZone", "listChanges", "followChanges"),
    *("listPowerDnsVersions", "listPowerDnsServers", "getPowerDnsServer", "listPowerDnsSettings"),
    *("listPowerDnsTsigKeys", "listPowerDnsAutoprimaries", "listPowerDnsKeys", "getPowerDnsKey"),
    *("listPowerDnsMetadata", "getPowerDnsMetadata", "listPowerDnsZones", "getPowerDnsZone"),
}
"""What a token for zones:read may do."""
CHANGE_BY_GET: Final = {"updateAddresses"}
BODIES: Final[Mapping[str, Any]] = {
    "setUp": {"token": "x", "user": "carol", "password": PASSWORD},
    "login": {"user": "nobody", "password": PASSWORD},
    "addUser": {"name": "carol", "password": PASSWORD, "role": "reader"},
    "changeUser": {"disabled": False},
    "setPassword": {"password": PASSWORD},
    "addToken": {
        "name": "t",
        "scope": {"verbs": ["zones:read"]},
        "expires": f"{datetime.now(UTC) + timedelta(hours=1)}",
    },
    "addZone": {"name": "example.com.", "nameservers": ["ns.example.net."]},
    "changeZone": {"serial_policy": "date"},
    "replaceRRset": {"records": ["192.0.2.1"]},
    "changeRRset": {"add": ["192.0.2.1"]},
    "makeBatch": {
        "changes": [{"zone": "example.org.", "edits": [{"action": "delete", "name": "nobody", "type": "A"}]}]
    },
    "revertZone": {"revision": 1},
    "replaceLocalRecord": {"address": "192.0.2.1"},
    "flushCache": {},
    "changeSettings": {"cache.size": "32MiB"},
    "addWebhook": {"url": "https://hooks.example.net/dns"},
    "addPowerDnsMetadata": {"kind": "X-OWNER", "metadata": []},
    "replacePowerDnsMetadata": {"metadata": []},
    "addPowerDnsZone": {"name": "example.com."},
    "changePowerDnsRRsets": {"rrsets": [{"name": "nobody.example.org.", "type": "A", "changetype": "DELETE"}]},
    "changePowerDnsZone": {"kind": "Native"},
    "presentChallenge": {"fqdn": "_acme-challenge.example.org.", "value": "x"},
    "cleanUpChallenge": {"fqdn": "_acme-challenge.example.org.", "value": "x"},
    "updateAcmeDns": {"subdomain": "x", "txt": "x" * 43},
    "adjustExternalDnsEndpoints": [],
    "changeExternalDnsRecords": {},
}
QUERIES: Final = {"updateAddresses": "?hostname=home.example.org&myip=192.0.2.1"}
SENT: Final[Mapping[str, Mapping[str, str]]] = {"followChanges": {"Last-Event-ID": "none, so that it ends"}}
VALUES: Final = {
    "name": "nobody",
    "token_id": "0123456789ab",
    "zone": "example.org.",
    "type": "A",
    "change": "1",
    "node": "local",
    "webhook": "0",
    "kind": "X-OWNER",
    "key": "1",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the API."""

    name: str
    method: str
    path: str
    secured: bool

    def refuses(self, answer: httpx.Response, status: int, word: str = "") -> bool:
        """Whether the answer is this refusal, in the form that the path's clients read: acme-dns says `forbidden` with
        401 to every update without the right, dyndns2 `badauth`."""
        form = answer.headers["content-type"].partition(";")[0]
        if self.name == "updateAcmeDns":
            return (answer.status_code, form, answer.json()) == (401, "application/json", {"error": "forbidden"})
        if self.name == "updateAddresses":
            return (answer.status_code, form, answer.text) == (status, "text/plain", "badauth\n")
        forms = {"/register": "application/json", "/httpreq/": "text/plain", "/externaldns": "text/plain"}
        forms |= {"/api/v1/servers": "application/json", "/api": "application/json"} if "PowerDns" in self.name else {}
        expected = next(
            (form for path, form in forms.items() if self.path.startswith(path)), "application/problem+json"
        )
        return (answer.status_code, form) == (status, expected) and word in answer.text


async def operations(world: World) -> list[Operation]:
    api = (await world.client.get("/api/v1/openapi.json")).json()
    return list(_operations(api["paths"]))


def _operations(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[Operation]:
    for path, item in paths.items():
        for method, described in item.items():
            filled = path
            for parameter in described.get("parameters", []):
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{parameter['name']}}}", VALUES[parameter["name"]])
            name = described["operationId"]
            yield Operation(name, method.upper(), filled + QUERIES.get(name, ""), bool(described.get("security")))


async def call(world: World, operation: Operation, headers: Mapping[str, str]) -> httpx.Response:
    body = BODIES.get(operation.name)
    sent = {**SENT.get(operation.name, {}), **headers}
    return await world.client.request(operation.method, operation.path, json=body, headers=sent)


def test_h14_each_operation_says_whom_it_is_for(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        found = await operations(world)
        assert {one.name for one in found} == set(WHO)
        assert {one.name for one in found if not one.secured} == {name for name, roles in WHO.items() if not roles}

    with_world(tmp_path, scenario)


@pytest.mark.parametrize("by", ["session", "token"])
@pytest.mark.parametrize("role", Role)
def test_h14_every_operation_with_every_role(tmp_path: Path, role: Role, by: str) -> None:
    async def scenario(world: World) -> None:
        await world.user(Role.OWNER, "another")
        user = await world.user(role, zones=["example.org."] if role is Role.EDITOR else [])
        for operation in await operations(world):
            headers = await (world.session(user) if by == "session" else world.token(user))
            answer = await call(world, operation, headers)
            if not WHO[operation.name] or role in WHO[operation.name]:
                allowed = answer.status_code not in (401, 403) or operation.name in ("login", "setUp")
                assert allowed, (operation.name, answer.text)
            else:
                assert operation.refuses(answer, 403, "does not have the right"), (operation.name, answer.text)

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    "state", ["none", "rubbish", "wrong secret", "ended", "removed", "disabled", "elsewhere", "basic", "too narrow"]
)
def test_h14_every_operation_with_every_token_that_is_not_good(tmp_path: Path, state: str) -> None:
    async def scenario(world: World) -> None:
        headers = await bad_token(world, state)
        for operation in await operations(world):
            if not WHO[operation.name]:
                continue
            answer = await call(world, operation, headers)
            if state == "too narrow" and operation.name in OF_ZONES:
                assert answer.status_code in (200, 404, 409, 422)
                continue
            expected = 403 if state in ("elsewhere", "too narrow") else 401
            assert operation.refuses(answer, expected), (operation.name, answer.text)
            assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)

    with_world(tmp_path, scenario)


async def bad_token(world: World, state: str) -> dict[str, str]:
    """The headers of an owner's token in a state in which it is good for nothing."""
    await world.user(Role.OWNER, "another")
    owner = await world.user(Role.OWNER)
    good = await world.token(owner)
    if state == "removed":
        token_id = good["Authorization"].split("_")[1]
        await world.services.accounts.write(lambda c: accounts.remove_token(c, token_id))
    if state == "disabled":
        await world.services.accounts.write(lambda c: accounts.update_user(c, "owner", {"disabled": True}))
    others: dict[str, dict[str, str]] = {
        "none": {},
        "rubbish": {"Authorization": "Bearer rsl_rubbish"},
        "wrong secret": {"Authorization": good["Authorization"][:-4] + "0000"},
        "ended": await world.token(owner, limits=Limits(datetime.now(UTC) - timedelta(seconds=1))),
        "elsewhere": await world.token(owner, limits=Limits(sources=["192.0.2.0/24"])),
        "basic": {"Authorization": "Basic b3duZXI6Zm91cg=="},
        "too narrow": await world.token(owner, Scope(verbs=frozenset({Verb.ZONES_READ}))),
    }
    return others.get(state, good)


def test_h14_a_role_that_was_taken_away_is_gone_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.user(Role.OWNER, "another")
        owner = await world.user(Role.OWNER)
        session, token = await world.session(owner), await world.token(owner)
        await world.services.accounts.write(lambda c: accounts.update_user(c, "owner", {"role": "reader"}))
        for headers in (session, token):
            assert (await world.client.get("/api/v1/users", headers=headers)).status_code == 403

    with_world(tmp_path, scenario)


def test_h14_what_is_not_there_is_not_for_strangers_either(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        reader = await world.token(await world.user(Role.READER))
        for path in ("/api", "/api/v1", "/api/v1/nothing", "/api/v2/users", "//api///v1//users/", "/api/v1/%75sers"):
            assert (await world.client.get(world.client.base_url.join(path))).status_code in (401, 404), path
        for path in ("/api/nothing", "/api/v1/nothing", "/%61pi/v1/users"):
            assert (await world.client.get(path)).status_code == 401, path
            assert (await world.client.get(path, headers=reader)).status_code in (403, 404), path

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:5380"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_h5_every_change_from_a_page_that_is_not_ours(tmp_path: Path, page: dict[str, str]) -> None:
    """CVE-2022-32175: with the cookie of the owner, which a browser would add; without a word about the page too."""

    async def scenario(world: World) -> None:
        session = await world.session(await world.user(Role.OWNER))
        for operation in await operations(world):
            reads = operation.method == "GET" and operation.name not in CHANGE_BY_GET
            if reads or (not page and not WHO[operation.name]):
                continue
            answer = await call(world, operation, {"Cookie": session["Cookie"], **page})
            assert answer.status_code == 403 or operation.refuses(answer, 403), (operation.name, answer.text)

    with_world(tmp_path, scenario)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5380", "127.0.0.1.evil.example", "192.0.2.1", ""])
def test_h6_every_operation_under_a_name_that_is_not_ours(tmp_path: Path, host: str) -> None:
    """DNS rebinding: the page of another name, whose name leads here."""

    async def scenario(world: World) -> None:
        session = await world.session(await world.user(Role.OWNER))
        for operation in await operations(world):
            answer = await call(world, operation, {**session, "Host": host})
            assert answer.status_code == 403, (operation.name, answer.text)

    with_world(tmp_path, scenario)


def test_h6_no_page_of_another_origin_reads_an_answer(tmp_path: Path) -> None:
    """Fetch standard: without Access-Control-Allow-Origin a browser keeps the answer from the page."""

    async def scenario(world: World) -> None:
        session = await world.session(await world.user(Role.OWNER))
        for operation in await operations(world):
            for method in {operation.method, "OPTIONS"}:
                headers = {**session, "Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
                headers |= SENT.get(operation.name, {})
                answer = await world.client.request(method, operation.path, headers=headers)
                assert not [name for name in answer.headers if name.startswith("access-control")]
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"

    with_world(tmp_path, scenario)
