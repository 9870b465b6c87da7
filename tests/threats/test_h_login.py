"""Logging in: no default password (H1), guessing (H2), sessions (H3), hashes (H4), and where secrets are not (H16)."""

import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median

import httpx
import pytest

from resolute.admin.rights import Role
from resolute.config.admin import Admin
from resolute.store import accounts, sessions
from tests.accounts import HERE, PASSWORD, World, with_world

ELSEWHERE = "198.51.100.7"
BEHIND_TLS = Admin(hosts=["dns.example.net"], proxies=["loopback"])


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged."""
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger("resolute")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(handler)
    root.setLevel(before)


async def log_in(world: World, password: str, user: str = "owner", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.client.post("/api/v1/login", json={"user": user, "password": password}, headers=named)


def setup_token(lines: list[str]) -> str:
    (token,) = [match[0] for line in lines if (match := re.search("[0-9a-f]{64}", line))]
    return token


class TestH1FirstStart:
    """No default password, no first-run page that is open to whoever comes first."""

    def test_nothing_is_open_but_setting_up(self, tmp_path: Path, lines: list[str]) -> None:
        async def scenario(world: World) -> None:
            for path in ("session", "users", "tokens", "audit", "nothing"):
                answer = await world.client.get(f"/api/v1/{path}")
                assert answer.status_code == 401
                assert "POST /api/v1/setup with the one-time token" in answer.json()["detail"]
            assert (await world.client.get("/api/v1/health")).json() == {"status": "ok"}
            assert (await world.client.get("/records")).status_code == 200
            for name in ("admin", "root", "owner"):
                for password in ("admin", "", "password", name):
                    assert (await log_in(world, password, name)).status_code in (401, 429)
            setup_token(lines)  # printed once, whatever was asked

        with_world(tmp_path, scenario)

    def test_the_token_makes_one_owner_once(self, tmp_path: Path, lines: list[str]) -> None:
        async def scenario(world: World) -> None:
            await world.services.setup.look()
            wanted = {"token": "0" * 64, "user": "alice", "password": PASSWORD}
            refused = await world.client.post("/api/v1/setup", json=wanted)
            assert refused.status_code == 403
            wanted["token"] = setup_token(lines)
            short = await world.client.post("/api/v1/setup", json={**wanted, "password": "short"})
            assert (short.status_code, short.json()["errors"][0]["field"]) == (422, "password")
            assert (await world.client.post("/api/v1/setup", json=wanted)).json()["role"] == "owner"
            again = {**wanted, "user": "mallory"}
            assert (await world.client.post("/api/v1/setup", json=again)).status_code == 409
            assert (await log_in(world, PASSWORD, "alice")).status_code == 200
            assert (await world.client.get("/api/v1/users")).json()["detail"].startswith("who asks is not said")

        with_world(tmp_path, scenario)

    def test_a_later_start_prints_nothing(self, tmp_path: Path, lines: list[str]) -> None:
        async def make(world: World) -> None:
            await world.user(Role.OWNER)

        async def scenario(world: World) -> None:
            assert await world.services.setup.look()
            assert (await world.client.get("/api/v1/users")).status_code == 401

        with_world(tmp_path, make)
        with_world(tmp_path, scenario)
        assert not [line for line in lines if "set-up token" in line]

    def test_no_password_goes_over_the_network_in_the_clear(self, tmp_path: Path, lines: list[str]) -> None:
        async def scenario(world: World) -> None:
            await world.services.setup.look()
            wanted = {"token": setup_token(lines), "user": "alice", "password": PASSWORD}
            for answer in (await world.client.post("/api/v1/setup", json=wanted), await log_in(world, PASSWORD)):
                assert answer.status_code == 403
                assert "HTTPS" in answer.json()["detail"]

        with_world(tmp_path, scenario, address=ELSEWHERE, url="http://192.0.2.1:5380")


class TestH2Guessing:
    """Five tries, then pauses that grow to five minutes, by account and by address."""

    def test_the_sixth_try_waits_also_with_the_right_password(self, tmp_path: Path) -> None:
        async def scenario(world: World) -> None:
            await world.user(Role.OWNER)
            for _ in range(5):
                assert (await log_in(world, "wrong", X_Forwarded_For=ELSEWHERE)).status_code == 401
            for address in (ELSEWHERE, "203.0.113.1"):
                refused = await log_in(world, PASSWORD, X_Forwarded_For=address)
                assert refused.status_code == 429
                assert 1 <= int(refused.headers["retry-after"]) <= 300

        with_world(tmp_path, scenario, settings=BEHIND_TLS, url="https://dns.example.net")

    def test_the_address_is_the_clients_and_not_the_proxys(self, tmp_path: Path) -> None:
        """AdGuard Home logged the wrong one; what the client claims further left counts for nothing."""

        async def scenario(world: World) -> None:
            await world.user(Role.OWNER)
            for number in range(5):
                await log_in(world, "wrong", f"n{number}", X_Forwarded_For=f"10.0.0.{number}, {ELSEWHERE}")
            assert (await log_in(world, "x", "new", X_Forwarded_For=f"10.9.9.9, {ELSEWHERE}")).status_code == 429
            assert (await log_in(world, PASSWORD, X_Forwarded_For="203.0.113.1")).status_code == 200

        with_world(tmp_path, scenario, settings=BEHIND_TLS, url="https://dns.example.net")

    def test_whoever_sits_at_the_machine_is_not_locked_out(self, tmp_path: Path) -> None:
        async def attack(world: World) -> None:
            await world.user(Role.OWNER)
            for number in range(20):
                await log_in(world, "wrong", X_Forwarded_For=f"203.0.113.{number}")
            assert (await log_in(world, PASSWORD, X_Forwarded_For="203.0.113.99")).status_code == 429
            at_home = {"Host": "127.0.0.1:5380"}
            assert (await log_in(world, PASSWORD, **at_home)).status_code == 200

        with_world(tmp_path, attack, settings=BEHIND_TLS, url="https://dns.example.net")

    def test_a_hundred_at_once_are_a_hundred(self, tmp_path: Path) -> None:
        import asyncio

        async def scenario(world: World) -> None:
            await world.user(Role.OWNER)
            answers = await asyncio.gather(
                *(log_in(world, f"wrong{n}", X_Forwarded_For=f"203.0.113.{n}") for n in range(100))
            )
            assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 95

        with_world(tmp_path, scenario, settings=BEHIND_TLS, url="https://dns.example.net")

    def test_an_unknown_user_takes_as_long_and_is_told_the_same(self, tmp_path: Path) -> None:
        async def scenario(world: World) -> None:
            await world.user(Role.OWNER)
            await log_in(world, PASSWORD)  # renews the cheap hash that the tests make
            took: dict[str, list[float]] = {"owner": [], "nobody": []}
            texts = set()
            for _ in range(9):
                for user, times in took.items():
                    start = time.process_time()
                    answer = await log_in(world, "wrong", user)
                    times.append(time.process_time() - start)
                    texts.add((answer.status_code, answer.text))
            assert len(texts) == 1
            known, unknown = median(took["owner"]), median(took["nobody"])
            assert 0.5 < known / unknown < 2, took

        with_world(tmp_path, scenario)

    def test_a_flood_of_passwords_is_refused_and_not_queued(self, tmp_path: Path) -> None:
        import asyncio

        async def scenario(world: World) -> None:
            answers = await asyncio.gather(
                *(log_in(world, "wrong", f"n{n}", X_Forwarded_For=f"203.0.113.{n}") for n in range(60))
            )
            assert sorted({answer.status_code for answer in answers}) == [401, 503]
            assert sum(answer.status_code == 401 for answer in answers) <= 17
            assert (await log_in(world, "wrong", Host="localhost")).status_code == 401

        with_world(tmp_path, scenario, settings=BEHIND_TLS, url="https://dns.example.net")


class TestH3Sessions:
    """HttpOnly, Secure, SameSite=Strict, 256 bits, stored hashed, twelve hours at most."""

    @pytest.mark.parametrize(("url", "name"), [(HERE, "resolute"), ("https://dns.example.net", "__Host-resolute")])
    def test_the_cookie(self, tmp_path: Path, url: str, name: str) -> None:
        async def scenario(world: World) -> None:
            await world.user(Role.OWNER)
            set_cookie = (await log_in(world, PASSWORD)).headers["set-cookie"]
            ((found, morsel),) = SimpleCookie(set_cookie).items()
            assert found == name
            assert (morsel["httponly"], morsel["secure"], morsel["path"], morsel["domain"]) == (True, True, "/", "")
            assert morsel["samesite"].lower() == "strict"
            assert 0 < int(morsel["max-age"]) <= 12 * 3600
            assert len(bytes.fromhex(morsel.value)) == 32

        with_world(tmp_path, scenario, settings=Admin(hosts=["dns.example.net"]), url=url)

    def test_over_https_a_cookie_that_a_neighbour_could_set_does_not_count(self, tmp_path: Path) -> None:
        async def scenario(world: World) -> None:
            session = await world.session(await world.user(Role.OWNER))
            assert (await world.client.get("/api/v1/session", headers=session)).status_code == 401
            prefixed = {"Cookie": session["Cookie"].replace("resolute=", "__Host-resolute=")}
            assert (await world.client.get("/api/v1/session", headers=prefixed)).status_code == 200

        with_world(tmp_path, scenario, settings=Admin(hosts=["dns.example.net"]), url="https://dns.example.net")

    def test_it_ends(self, tmp_path: Path) -> None:
        assert Admin().session == timedelta(hours=12)
        with pytest.raises(ValueError, match="less than or equal"):
            Admin(session=timedelta(hours=13))

        async def scenario(world: World) -> None:
            user = await world.user(Role.OWNER)
            session = await world.session(user)
            later = datetime.now(UTC) + timedelta(hours=12)
            secret = session["Cookie"].split("=")[1]
            from resolute.admin.tokens import digest

            found = await world.services.accounts.read(lambda c: sessions.find_session(c, digest(secret), later))
            assert found is None

        with_world(tmp_path, scenario)


def test_h4_passwords_are_hashed_by_argon2id(tmp_path: Path, lines: list[str]) -> None:
    """RFC 9106, OWASP: 19 MiB at least; a salt for each."""

    async def scenario(world: World) -> None:
        await world.services.setup.look()
        wanted = {"token": setup_token(lines), "user": "alice", "password": PASSWORD}
        await world.client.post("/api/v1/setup", json=wanted)
        await world.user(Role.READER)
        await log_in(world, PASSWORD, "reader")
        users = await world.services.accounts.read(lambda c: accounts.list_users(c, after="", limit=9))
        hashes = {user.password for user in users}
        assert len(hashes) == 2
        for encoded in hashes:
            match = re.fullmatch(r"\$argon2id\$v=19\$m=([0-9]+),t=([0-9]+),p=[0-9]+\$([^$]+)\$[^$]+", encoded)
            assert match
            assert int(match[1]) >= 19 * 1024
            assert int(match[2]) >= 2
            assert len(match[3]) >= 22  # 16 octets in base 64

    with_world(tmp_path, scenario)


def test_h16_secrets_are_nowhere_but_where_they_were_asked_for(tmp_path: Path, lines: list[str]) -> None:
    """Planted: set-up token, passwords right and wrong, session, API token. Looked for: store, log, every answer."""

    async def scenario(world: World) -> None:
        await world.services.setup.look()
        first, answers, planted = setup_token(lines), [], [PASSWORD, "a wrong Password 77", "planted in a field"]
        lines.clear()
        wanted = {"token": first, "user": "alice", "password": PASSWORD}
        answers.append(await world.client.post("/api/v1/setup", json={**wanted, "token": planted[1]}))
        answers.append(await world.client.post("/api/v1/setup", json={**wanted, "age": planted[2]}))
        answers.append(await world.client.post("/api/v1/setup", json=wanted))
        answers.append(await log_in(world, planted[1], "alice"))
        answers.append(await log_in(world, "x", planted[2]))
        logged_in = await log_in(world, PASSWORD, "alice")
        secret = logged_in.headers["set-cookie"].split("=")[1].split(";")[0]
        answers.append(logged_in)
        headers = {"Cookie": f"resolute={secret}", "Origin": HERE}
        made = (await world.client.post("/api/v1/tokens", json={"name": "t", "scope": {}}, headers=headers)).json()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        planted += [first, secret, made["token"].split("_")[2]]
        paths = ("session", "users", "users/alice", "tokens", f"tokens/{made['id']}", "audit", "openapi.json")
        answers += [await world.client.get(f"/api/v1/{path}", headers=bearer) for path in paths]
        weak = {"name": "bob", "password": 7, "role": planted[1]}
        answers.append(await world.client.post("/api/v1/users", json=weak, headers=headers))
        answers.append(await world.client.post("/api/v1/users", content=f'{{"password": "{PASSWORD}', headers=headers))
        answers.append(await world.client.get("/api/v1/users", headers={"X-API-Key": made["token"][:-1] + "x"}))
        texts = [answer.text for answer in answers]
        stored = b"".join(path.read_bytes() for path in world.folder.iterdir())
        for secret in planted:
            assert not [text for text in texts if secret in text.replace(f'"{PASSWORD}"]', "")], secret
            assert not [line for line in lines if secret in line], secret
            assert secret.encode() not in stored, secret
        hashes = await world.services.accounts.read(lambda c: accounts.list_users(c, after="", limit=9))
        assert not [text for text in texts if hashes[0].password in text or "argon2" in text]

    with_world(tmp_path, scenario)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("resolute.db*")} == {0}


def test_h16_a_value_that_holds_a_secret_does_not_show_it() -> None:
    from resolute.admin.api.login import LoginRequest
    from resolute.admin.api.setup import SetUpRequest

    login = LoginRequest(user="alice", password=PASSWORD)  # type: ignore[arg-type]
    setup = SetUpRequest(token="t0ken", user="alice", password=PASSWORD)  # type: ignore[arg-type]
    assert PASSWORD not in f"{login!r}{login}{setup!r}{setup}"
    assert "t0ken" not in repr(setup)


def test_a_store_that_is_gone_is_no_way_in(tmp_path: Path) -> None:
    (tmp_path / "resolute.db").write_bytes(b"rubbish" * 1000)

    async def scenario(world: World) -> None:
        for path in ("users", "session", "health"):
            assert (await world.client.get(f"/api/v1/{path}")).status_code == 503
        token = {"Authorization": "Bearer rsl_0123456789ab_" + "0" * 64}
        assert (await world.client.get("/api/v1/users", headers=token)).status_code == 503
        assert (await log_in(world, PASSWORD)).status_code == 503

    with_world(tmp_path, scenario)
