"""The programs that people's devices run change records of a real server, and DNS answers by them at once.

ddclient and inadyn speak dyndns2; lego gets certificates from Pebble, which looks for each challenge in our DNS
(RFC 8555 8.4): by httpreq in both of its modes, and by acme-dns through a CNAME.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from bench.peers import Resolute, Service
from resolute.admin import tokens
from resolute.admin.rights import Scope, Verb, acme, dyndns
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import accounts
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit
from tests.acme import Lego, Pebble, names_of
from tests.faults.kit.asking import addresses, answers, ask, wait_for

ORG, ACME = names.from_text("example.org."), names.from_text("acme.example.net.")
HOME = names.from_text("home.example.org.")
TEXT: Final = """\
$TTL 60
@ SOA ns1.example.net. hostmaster.example.net. 5 7200 3600 1209600 30
@ NS ns1.example.net.
home 300 A 192.0.2.2
"""
FILE: Final = "; written by hand\n$ORIGIN file.example.\n" + TEXT + "; the end\n"
CNAME: Final = rdata.type_from_text("CNAME")
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class World:
    """A server with zones of the store and one of a file."""

    server: Resolute
    store: Store
    folder: Path

    @property
    def host(self) -> str:
        """Address and port of the admin process."""
        return urlsplit(self.server.admin_url).netloc

    def token(self, scope: Scope) -> str:
        """Of an operator."""
        made = tokens.make()
        with self.store.writing() as connection:
            operator = accounts.find_user(connection, "operator")
            user = operator or accounts.add_user(connection, NewUser("operator", "no password", "operator", ()))
            wanted = NewToken(made.id, f"robot {made.id}", made.hash, scope.to_json(), (), None)
            accounts.add_token(connection, user.id, wanted)
        return made.text

    def write(self, name: str, text: str) -> Path:
        """A configuration that its owner alone may read."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    zone = tmp_path / "file.example.zone"
    zone.write_text(FILE)
    settings = Service(zones={"file.example.": zone}, extra='[admin]\nacme_dns_zone = "acme.example.net"\n')
    with Resolute(settings, admin=True, data=tmp_path / "data") as server:
        store = Store(f"sqlite:///{server.data / 'resolute.db'}")
        for origin in (ORG, ACME):
            importing.create(store, importing.NewZone(origin, TEXT.encode(), Author("maker")))
        wait_for(lambda: addresses(server.endpoint, "home.example.org.") == ["192.0.2.2"])
        wait_for(lambda: addresses(server.endpoint, "home.acme.example.net.") == ["192.0.2.2"])
        yield World(server, store, tmp_path)
        store.close()


def run(*command: str | Path) -> str:
    """What the tool says."""
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return done.stdout


# --------------------------------------------------------------------------------------------------- ddclient, inadyn


def example(begin: str, world: World, password: str) -> str:
    """The configuration that the documentation shows, for this server."""
    page = (Path(__file__).parents[2] / "docs/updates.md").read_text()
    blocks: list[str] = re.findall(r"^```ini\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if block.startswith(begin))
    return found.replace("rsl_0123456789ab_...", password).replace("dns.example.net", world.host)


def ddclient(world: World, password: str, address: str, hosts: Sequence[str]) -> str:
    text = example("protocol=dyndns2", world, password)
    text = text.replace("use=if, if=eth0", f"use=ip, ip={address}").replace("ssl=yes", "ssl=no")
    text = text.replace("\nhome.example.org\n", f"\n{','.join(hosts)}\n")
    fixed = ("-daemon=0", "-foreground", "-verbose", "-force")
    cache, pid = world.folder / "ddclient.cache", world.folder / "ddclient.pid"
    return run("ddclient", *fixed, "-cache", cache, "-pid", pid, "-file", world.write("ddclient.conf", text))


def inadyn(world: World, password: str, address: str, host: str) -> str:
    text = example("custom resolute", world, password).replace("home.example.org", host)
    text = text.replace("ssl         = true", f'ssl = false\n    checkip-command = "/bin/echo {address}"')
    fixed = ("--once", "--foreground", "--no-pidfile", "--force", "--loglevel=debug", f"--cache-dir={world.folder}")
    return run("inadyn", *fixed, f"--config={world.write('inadyn.conf', text)}")


def test_ddclient_brings_an_address(world: World) -> None:
    token = world.token(dyndns([HOME]))
    said = ddclient(world, token, "192.0.2.77", ["home.example.org"])
    assert "home.example.org: good: IP address set to 192.0.2.77" in said
    assert addresses(world.server.endpoint, "home.example.org.") == ["192.0.2.77"]
    assert "home.example.org: nochg" in ddclient(world, token, "192.0.2.77", ["home.example.org"])
    said = ddclient(world, token, "192.0.2.78", ["home.example.org", "other.example.org"])
    assert "home.example.org: good: IP address set to 192.0.2.78" in said
    assert "FAILED:   updating other.example.org: nohost" in said
    assert addresses(world.server.endpoint, "home.example.org.") == ["192.0.2.78"]


def test_ddclient_brings_an_address_into_a_zone_file(world: World) -> None:
    token = world.token(dyndns([names.from_text("home.file.example.")]))
    assert "good" in ddclient(world, token, "192.0.2.77", ["home.file.example"])
    assert addresses(world.server.endpoint, "home.file.example.") == ["192.0.2.77"]
    written = (world.folder / "file.example.zone").read_text()
    assert written == FILE.replace("192.0.2.2", "192.0.2.77").replace(" 5 7200", " 6 7200")


def test_ddclient_understands_that_the_password_is_wrong(world: World) -> None:
    said = ddclient(world, world.token(dyndns([HOME]))[:-4] + "0000", "192.0.2.77", ["home.example.org"])
    assert re.search(r"FAILED: .*authorization failed|FAILED: .*badauth", said, re.IGNORECASE), said
    assert addresses(world.server.endpoint, "home.example.org.") == ["192.0.2.2"]


def test_inadyn_brings_an_address(world: World) -> None:
    said = inadyn(world, world.token(dyndns([HOME])), "192.0.2.79", "home.example.org")
    assert "Successful alias table update for home.example.org => new IP# 192.0.2.79" in said
    assert addresses(world.server.endpoint, "home.example.org.") == ["192.0.2.79"]


def test_inadyn_understands_that_the_host_is_none(world: World) -> None:
    said = inadyn(world, world.token(dyndns([HOME])), "192.0.2.79", "other.example.org")
    assert "Successful" not in said
    assert "nohost" in said


# --------------------------------------------------------------------------------------------------------------- lego


@pytest.fixture
def lego(world: World, tmp_path: Path) -> Iterator[Lego]:
    with Pebble(world.server.endpoint) as authority:
        yield Lego(authority, tmp_path / "lego")


def httpreq(world: World, token: str) -> Mapping[str, str]:
    return {"HTTPREQ_ENDPOINT": f"http://{world.host}/httpreq", "HTTPREQ_USERNAME": "lego", "HTTPREQ_PASSWORD": token}


def test_lego_gets_a_certificate_by_httpreq(world: World, lego: Lego) -> None:
    """With a name and its wildcard, whose challenges stand side by side; a token that can do nothing else."""
    wanted = ["example.org", "*.example.org"]
    certificate = lego.obtain("httpreq", wanted, httpreq(world, world.token(acme(ORG))))
    assert names_of(certificate) == sorted(wanted)
    assert answers(ask(world.server.endpoint, "_acme-challenge.example.org.", "TXT")) == []


def test_lego_gets_a_certificate_in_mode_raw(world: World, lego: Lego) -> None:
    """The credentials stand in the URL: Go makes Basic authentication of them, in every client."""
    settings = {
        "HTTPREQ_ENDPOINT": f"http://lego:{world.token(acme(ORG))}@{world.host}/httpreq",
        "HTTPREQ_MODE": "RAW",
    }
    assert names_of(lego.obtain("httpreq", ["www.example.org"], settings)) == ["www.example.org"]


def test_lego_gets_a_certificate_by_httpreq_from_a_zone_file(world: World, lego: Lego) -> None:
    token = world.token(acme(names.from_text("file.example.")))
    certificate = lego.obtain("httpreq", ["www.file.example"], httpreq(world, token))
    assert names_of(certificate) == ["www.file.example"]
    assert (world.folder / "file.example.zone").read_text().startswith("; written by hand\n")


def test_lego_says_what_right_is_missing(world: World, lego: Lego) -> None:
    done = lego.run("httpreq", ["www.example.org"], httpreq(world, world.token(acme(ACME))))
    assert done.returncode != 0
    assert "does not have the right records:write for TXT of _acme-challenge.www.example.org." in done.stdout


def test_a_certificate_by_acme_dns(world: World, lego: Lego) -> None:
    """As acme-dns' own documentation has it, with curl: registered with the credentials in the URL, and the real name
    is a CNAME. lego tells a script what is to be put where; the lego of Debian is built without its own client."""
    txt_alone = Scope(frozenset({Verb.RECORDS_WRITE}), types=frozenset({rdata.type_from_text("TXT")}))
    url = f"http://lego:{world.token(txt_alone)}@{world.host}"
    made = json.loads(run("curl", "-sS", "-X", "POST", "-d", '{"allowfrom": ["127.0.0.0/8"]}', f"{url}/register"))
    alias = RRset.parse(names.from_text("_acme-challenge.example.org."), CNAME, 60, [made["fulldomain"] + "."])
    commit(world.store, ZoneChange(ORG, (Edit(Action.REPLACE, alias),), Author("maker")))
    wait_for(lambda: answers(ask(world.server.endpoint, "_acme-challenge.example.org.", "CNAME")))
    script = world.write("update", _UPDATE.format(**made, url=url))
    script.chmod(0o700)
    wanted = ["example.org", "*.example.org"]
    assert names_of(lego.obtain("exec", wanted, {"EXEC_PATH": str(script), "EXEC_SEQUENCE_INTERVAL": "1"})) == sorted(
        wanted
    )
    assert len(answers(ask(world.server.endpoint, made["fulldomain"] + ".", "TXT"))) == 2


_UPDATE: Final = """\
#!/bin/sh
[ "$1" = present ] || exit 0
exec curl -sS --fail-with-body -X POST -H 'X-Api-User: {username}' -H 'X-Api-Key: {password}' \\
    -d '{{"subdomain": "{subdomain}", "txt": "'"$3"'"}}' {url}/update
"""
"""lego calls it with `present`, the name and the value."""
