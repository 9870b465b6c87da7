"""`resolute import`: what dnsmasq and BIND answered, Resolute answers after it has read their files."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.peers import Bind, Endpoint, Resolute, Service
from bench.peers.dnsmasq import Dnsmasq
from resolute.cli import takeover
from resolute.cli.adminclient import AdminClient
from resolute.cli.applying import carry_out
from resolute.cli.imports import dnsmasq
from resolute.errors import ConflictError
from resolute.progress import silent
from resolute.store.store import Store
from tests.faults.kit.asking import answers, ask, rcode
from tests.faults.kit.running import command

pytestmark = pytest.mark.timeout(300)
SERVICE = Service(extra='[resolver]\nmode = "off"\n')
DNSMASQ = """\
# the house
local=/lan/
host-record=nas.lan,192.0.2.7,2001:db8::7
host-record=printer.example.org,192.0.2.9
host-record=scanner.example.org,192.0.2.10
cname=www.lan,nas.lan
cname=print.example.org,printer.example.org
txt-record=lan,"v=spf1 -all",second; part
srv-host=_ldap._tcp.lan,nas.lan,389,1,2
mx-host=lan,nas.lan,50
address=/apps.lan/192.0.2.8
ptr-record=7.0.0.10.in-addr.arpa,nas.lan
dhcp-range=192.0.2.50,192.0.2.150
"""
ASKED = [
    ("nas.lan", "A"),
    ("nas.lan", "AAAA"),
    ("printer.example.org", "A"),
    ("10.2.0.192.in-addr.arpa", "PTR"),
    ("lan", "TXT"),
    ("lan", "MX"),
    ("_ldap._tcp.lan", "SRV"),
    ("apps.lan", "A"),
    ("a.b.apps.lan", "A"),
    ("nothing.lan", "A"),
]


def seen(endpoint: Endpoint, questions: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, list[str]]]:
    """The rcode and the answers, in one order."""
    replies = [(name, rtype, ask(endpoint, name, rtype)) for name, rtype in questions]
    return [(name, rtype, rcode(reply), answers(reply)) for name, rtype, reply in replies]


class Importer:
    """A server to import into."""

    def __init__(self, server: Resolute) -> None:
        self.server = server

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command("import", *words, f"--data={self.server.data}")


@pytest.fixture
def into(tmp_path: Path) -> Iterator[Importer]:
    with Resolute(SERVICE, admin=True, data=tmp_path / "data") as server:
        yield Importer(server)


def test_dnsmasq(into: Importer, tmp_path: Path) -> None:
    nowhere = Endpoint("127.0.0.1", 9)
    with Dnsmasq(Service(forward=nowhere, extra=DNSMASQ + "local=/invalid/\n")) as theirs:
        before = seen(theirs.endpoint, ASKED)
        alias = answers(ask(theirs.endpoint, "print.example.org"))
        www = answers(ask(theirs.endpoint, "www.lan"))
    file = tmp_path / "dnsmasq.conf"
    file.write_text(DNSMASQ)
    planned = into.run("dnsmasq", str(file), "--plan")
    assert planned.returncode == 3, planned
    assert f"{file}:13: dhcp-range=192.0.2.50,192.0.2.150" in planned.stdout
    assert "reverse lookup of 192.0.2.9, printer.example.org.  gives print.example.org." in planned.stdout
    assert rcode(ask(into.server.endpoint, "nas.lan")) == "REFUSED"
    done = into.run("dnsmasq", str(file))
    assert done.returncode == 0, done
    assert seen(into.server.endpoint, ASKED) == before
    assert answers(ask(into.server.endpoint, "www.lan")) == www
    assert set(answers(ask(into.server.endpoint, "print.example.org"))) < set(alias)  # the address without the alias
    again = into.run("dnsmasq", str(file), "--plan", "--json")
    assert again.returncode == 0, again
    assert {one["action"] for one in json.loads(again.stdout)["zones"]} == {"nothing"}


HIDDEN = """\
local=/lan/
local=/home/
server=/home/{upstream.host}#{upstream.port}
host-record=nas.home,192.0.2.3
host-record=nas.lan,192.0.2.2
host-record=q.lan,192.0.2.4
cname=q.lan,nas.lan
address=/a.lan/192.0.2.8
host-record=x.y.a.lan,192.0.2.1
txt-record=t.a.lan,hello
txt-record=u.v.a.lan,hello
cname=c.a.lan,nas.lan
address=/d.lan/192.0.2.8
address=/d.lan/2001:db8::8
host-record=x.d.lan,192.0.2.1
local=/p.d.lan/
host-record=q.r.p.d.lan,192.0.2.6
local=/invalid/
"""
BESIDE = [
    *((f"{name}", "A") for name in ("nas.home", "any.home", "far.any.home", "nas.lan", "c.a.lan", "d.c.a.lan")),
    *((f"{name}a.lan", "A") for name in ("", "y.", "z.y.", "x.y.", "q.x.y.", "t.", "k.t.", "v.", "u.v.", "l.u.v.")),
    *((f"{name}d.lan", rtype) for name in ("", "x.", "z.x.", "p.", "r.p.", "z.p.") for rtype in ("A", "AAAA")),
    *(("q.r.p.d.lan", "A"), ("t.a.lan", "TXT"), ("x.y.a.lan", "AAAA")),
]


def test_what_stands_beside_a_zone(tmp_path: Path) -> None:
    """An address for all names of a domain is one beside names that are there; a forwarded domain stays forwarded; of
    an address and an alias the alias is answered."""
    zone = tmp_path / "home.zone"
    zone.write_text("$TTL 60\n@ SOA ns1 h 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n* A 192.0.2.77\n")
    file = tmp_path / "dnsmasq.conf"
    with Bind(Service(zones={"home.": zone})) as upstream:
        text = HIDDEN.format(upstream=upstream.endpoint)
        file.write_text(f"no-hosts\n{text}")
        with Dnsmasq(Service(forward=Endpoint("127.0.0.1", 9), extra=text)) as theirs:
            before = seen(theirs.endpoint, BESIDE)
            alias = ask(theirs.endpoint, "q.lan").answer[0].to_text().split()[3:]
        routes = dnsmasq.read(file).settings
        with Resolute(
            Service(extra=f'[resolver]\nmode = "forward"\n{routes}'), admin=True, data=tmp_path / "data"
        ) as server:
            done = Importer(server).run("dnsmasq", str(file))
            assert done.returncode == 0, done
            assert seen(server.endpoint, BESIDE) == before
            assert ask(server.endpoint, "q.lan").answer[0].to_text().split()[3:] == alias == ["CNAME", "nas.lan."]


def test_what_is_there_is_replaced_only_when_it_is_said(into: Importer, tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text("host-record=a.example.org,192.0.2.1\nlocal=/lan/\nhost-record=b.lan,192.0.2.2\n")
    assert into.run("dnsmasq", str(file)).returncode == 0
    file.write_text("host-record=a.example.org,192.0.2.3\nlocal=/lan/\nhost-record=b.lan,192.0.2.4\n")
    refused = into.run("dnsmasq", str(file))
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    assert answers(ask(into.server.endpoint, "a.example.org")) == ["192.0.2.1"]
    assert into.run("dnsmasq", str(file), "--replace").returncode == 0
    assert answers(ask(into.server.endpoint, "a.example.org")) == ["192.0.2.3"]
    assert answers(ask(into.server.endpoint, "b.lan")) == ["192.0.2.4"]


def test_what_is_made_meanwhile_is_not_replaced(into: Importer, tmp_path: Path) -> None:
    """By somebody else, between the look and the import (RFC 9110 13.1.2)."""
    file = tmp_path / "dnsmasq.conf"
    file.write_text("host-record=a.example.org,192.0.2.1\nlocal=/lan/\nhost-record=b.lan,192.0.2.2\n")
    client = AdminClient(into.server.data / "admin.sock")
    steps = takeover.compare(client, dnsmasq.read(file))
    client.call("PUT", "/local-records/a.example.org", json={"address": "192.0.2.3"})
    client.call("POST", "/zones", json={"name": "lan", "nameservers": ["ns.test."]})
    for one in steps.to_do:
        outcome = carry_out(client, [one], silent)
        assert (outcome.done, outcome.rest) == ([], [one])
        assert isinstance(outcome.error, ConflictError)
        assert "made by somebody else meanwhile" in str(outcome.error)
    assert answers(ask(into.server.endpoint, "a.example.org")) == ["192.0.2.3"]
    assert answers(ask(into.server.endpoint, "b.lan")) == []


def test_a_break_in_the_middle_is_told_and_completed_later(into: Importer, tmp_path: Path) -> None:
    """The store takes one of three zones and goes; what was done stays done."""
    file = tmp_path / "dnsmasq.conf"
    file.write_text("".join(f"local=/{one}.test/\nhost-record=w.{one}.test,192.0.2.1\n" for one in "abc"))
    store = Store(f"sqlite:///{into.server.data / 'resolute.db'}")
    with store.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON zones WHEN NEW.name = 'b.test.' AND "
            "(SELECT count(*) FROM zones) > 0 BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
        )
    broken = into.run("dnsmasq", str(file), "--json")
    told = json.loads(broken.stdout)
    assert broken.returncode == 1
    assert {one["zone"]: one["done"] for one in told["zones"]} == {"a.test.": True, "b.test.": False, "c.test.": False}
    assert told["zones"][0]["served"] is True
    assert "the disk is gone" in told["error"]["message"]
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    store.close()
    done = json.loads(into.run("dnsmasq", str(file), "--json").stdout)
    assert {one["zone"]: (one["action"], one["done"]) for one in done["zones"]} == {
        "a.test.": ("nothing", False),
        "b.test.": ("add", True),
        "c.test.": ("add", True),
    }


BIND_ZONE = """\
$TTL 300
@ SOA ns1 hostmaster 7 7200 3600 1209600 60
@ NS ns1
ns1 A 192.0.2.1
$INCLUDE more.inc
$GENERATE 1-20 h$ A 192.0.2.$
*.wild TXT "any"
sub NS ns.sub
ns.sub A 192.0.2.2
"""


def test_bind(into: Importer, tmp_path: Path) -> None:
    """The same file for both; named-checkconf has no word against it."""
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "db.a.test").write_text(BIND_ZONE)
    (tmp_path / "zones" / "more.inc").write_text("www A 192.0.2.80\nwww AAAA 2001:db8::80\nalias CNAME www\n")
    besides = "allow-query { any; }; forwarders { }; notify no;"
    text = f'zone "a.test" {{ type primary; file "{tmp_path}/zones/db.a.test"; {besides} }};\n'
    conf = tmp_path / "named.conf"
    conf.write_text(f'options {{ directory "{tmp_path}/zones"; recursion no; }};\n{text}')
    subprocess.run(["named-checkconf", str(conf)], check=True, capture_output=True)
    questions = [("www.a.test", "A"), ("www.a.test", "AAAA"), ("alias.a.test", "A"), ("h7.a.test", "A")]
    questions += [("x.wild.a.test", "TXT"), ("a.test", "SOA"), ("no.a.test", "A"), ("h.sub.a.test", "A")]
    (tmp_path / "zones" / "db.bind").write_text(BIND_ZONE.replace("more.inc", f"{tmp_path}/zones/more.inc"))
    with Bind(Service(zones={"a.test": tmp_path / "zones" / "db.bind"})) as theirs:
        before = seen(theirs.endpoint, questions)
    done = into.run("bind", str(conf))
    assert done.returncode == 0, done
    for statement in ("allow-query { ... }", "forwarders { ... }", "notify no"):
        assert f'{conf}:2: zone "a.test": {statement}' in done.stdout
    assert seen(into.server.endpoint, questions) == before
    (tmp_path / "zones" / "more.inc").write_text("www A 192.0.2\n")
    broken = into.run("bind", str(conf), "--replace")
    assert (broken.returncode, f"{tmp_path}/zones/more.inc:1:7: " in broken.stderr) == (1, True)
    assert seen(into.server.endpoint, questions) == before


def test_octets_of_an_exported_zone(into: Importer, tmp_path: Path) -> None:
    """What is no UTF-8 is answered as BIND answers it from the same file."""
    file = tmp_path / "x.test.zone"
    file.write_bytes(
        b"$ORIGIN x.test.\n@ 60 IN SOA a b 1 2 3 4 5\n@ 60 IN NS a.y.test.\n"
        b't 60 IN TXT "caf\xe9" "\xc3\xa9 \xe2\x80\xa8 \x85"\nwww 60 IN CNAME app\napp 60 IN A 192.0.2.1\n'
    )
    questions = [("t.x.test", "TXT"), ("www.x.test", "A")]
    with Bind(Service(zones={"x.test.": file})) as theirs:
        before = seen(theirs.endpoint, questions)
    done = into.run("technitium", str(file))
    assert done.returncode == 0, done
    assert seen(into.server.endpoint, questions) == before


def test_pihole_adguard_and_technitium(into: Importer, tmp_path: Path) -> None:
    """Their names are answered."""
    (tmp_path / "pihole.toml").write_text(
        '[dns]\nhosts = ["192.0.2.7 nas.home.arpa"]\ncnameRecords = ["www.home.arpa,nas.home.arpa"]\n'
        'upstreams = ["192.0.2.53#5353"]\n'
    )
    (tmp_path / "AdGuardHome.yaml").write_text(
        "filtering:\n  rewrites:\n    - domain: tv.home.arpa\n      answer: 192.0.2.8\n"
        'user_rules:\n  - "||apps.home.arpa^$dnsrewrite=192.0.2.9"\n'
    )
    (tmp_path / "x.test.zone").write_text(
        "$ORIGIN x.test.\n@ 60 IN SOA a b 1 2 3 4 5\n@ 60 IN NS a.y.test.\nw 60 IN A 192.0.2.1\n"
    )
    pihole = into.run("pihole", str(tmp_path))
    assert pihole.returncode == 0, pihole
    assert 'forward = ["192.0.2.53:5353"]' in pihole.stdout
    for words in (("adguard", str(tmp_path)), ("technitium", str(tmp_path / "x.test.zone"))):
        done = into.run(*words)
        assert done.returncode == 0, done
    expected = {
        "nas.home.arpa": "192.0.2.7",
        "www.home.arpa": "192.0.2.7",
        "tv.home.arpa": "192.0.2.8",
        "apps.home.arpa": "192.0.2.9",
        "any.apps.home.arpa": "192.0.2.9",
        "w.x.test": "192.0.2.1",
    }
    assert {name: answers(ask(into.server.endpoint, name)) for name in expected} == {
        name: [address] for name, address in expected.items()
    }
