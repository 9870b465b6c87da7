"""The tools that people manage PowerDNS with, as they are, against a running server: octoDNS, Lexicon, lego, curl."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bench.peers import Endpoint, Resolute, Service
from resolute.admin.rights import acme
from resolute.records import names
from tests.acme import Lego, Pebble, names_of
from tests.apiclient import Client

ROOT: Final = Path(__file__).parents[2]
BIN: Final = Path(sys.executable).parent
"""Where the tools are installed that are written in Python."""
DOMAIN: Final = "example.org"

RECORDS: Final[Mapping[str, Any]] = {
    "": [
        {"type": "NS", "ttl": 3600, "values": ["ns1.example.org.", "ns2.example.net."]},
        {"type": "A", "ttl": 300, "values": ["192.0.2.1", "192.0.2.2"]},
        {"type": "MX", "ttl": 300, "values": [{"preference": 10, "exchange": "mail.example.org."}]},
        {
            "type": "CAA",
            "ttl": 300,
            "values": [
                {"flags": 0, "tag": "issue", "value": "ca.example.net"},
                {"flags": 128, "tag": "iodef", "value": "mailto:hostmaster@example.org"},
            ],
        },
        {"type": "TXT", "ttl": 300, "values": ["v=spf1 -all", "one\\; two", "x" * 400]},
    ],
    "ns1": {"type": "A", "ttl": 300, "value": "192.0.2.53"},
    "www": [
        {"type": "AAAA", "ttl": 300, "values": ["2001:db8::1", "2001:db8::2"]},
        {
            "type": "HTTPS",
            "ttl": 300,
            "value": {
                "svcpriority": 1,
                "targetname": ".",
                "svcparams": {"alpn": ["h2", "h3"], "port": 8443, "ipv4hint": ["192.0.2.1", "192.0.2.2"]},
            },
        },
    ],
    "alias": {"type": "CNAME", "ttl": 300, "value": "www.example.org."},
    "*.wild": {"type": "A", "ttl": 300, "value": "192.0.2.7"},
    "sub": [
        {"type": "NS", "ttl": 300, "values": ["ns.elsewhere.example."]},
        {
            "type": "DS",
            "ttl": 300,
            "value": {"key_tag": 12345, "algorithm": 8, "digest_type": 2, "digest": "ab" * 32},
        },
    ],
    "7": {"type": "PTR", "ttl": 300, "values": ["host.example.org.", "other.example.org."]},
    "_sip._tcp": {
        "type": "SRV",
        "ttl": 300,
        "value": {"priority": 0, "weight": 5, "port": 5060, "target": "sip.example.org."},
    },
    "_443._tcp.www": {
        "type": "TLSA",
        "ttl": 300,
        "value": {
            "certificate_usage": 3,
            "selector": 0,
            "matching_type": 0,
            "certificate_association_data": "cd" * 100,
        },
    },
    "host": {
        "type": "SSHFP",
        "ttl": 300,
        "values": [
            {"algorithm": 1, "fingerprint_type": 2, "fingerprint": "ab" * 32},
            {"algorithm": 4, "fingerprint_type": 2, "fingerprint": "cd" * 32},
        ],
    },
    "place": {
        "type": "LOC",
        "ttl": 300,
        "value": {
            "lat_degrees": 51,
            "lat_minutes": 56,
            "lat_seconds": 0.123,
            "lat_direction": "N",
            "long_degrees": 5,
            "long_minutes": 54,
            "long_seconds": 0.0,
            "long_direction": "E",
            "altitude": 4.0,
            "size": 1.0,
            "precision_horz": 10_000.0,
            "precision_vert": 10.0,
        },
    },
    "naptr": {
        "type": "NAPTR",
        "ttl": 300,
        "value": {
            "order": 100,
            "preference": 50,
            "flags": "S",
            "service": "SIP+D2U",
            "regexp": "!^.*$!sip:a@b!",
            "replacement": ".",
        },
    },
    "_ftp._tcp": {
        "type": "URI",
        "ttl": 300,
        "value": {"priority": 10, "weight": 1, "target": "ftp://ftp.example.org/public"},
    },
}
"""What octoDNS's YAML has: every type that it knows of PowerDNS, but for those of PowerDNS alone (ALIAS, LUA)."""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Of a server whose admin process has started: the tools wait for an answer for a few seconds only."""
    with Resolute(Service(), admin=True, data=tmp_path / "data") as server:
        client = Client(server)
        assert client.send("GET", "/servers").status == 200
        yield client


@pytest.fixture
def zone(client: Client) -> str:
    """A zone that is there already."""
    body = {"name": f"{DOMAIN}.", "kind": "Native", "nameservers": ["ns1.example.org."]}
    made = client.send("POST", "/servers/localhost/zones", body)
    assert made.status == 201, made.text
    return DOMAIN


def run(*command: str | Path, **environment: str) -> str:
    """What a tool prints. Raises AssertionError with it when the tool has failed."""
    known = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        command,
        env=known | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


def dig(server: Endpoint, name: str, rtype: str) -> list[str]:
    lines = run("dig", f"@{server.host}", "-p", str(server.port), "+short", "+tcp", name, rtype).splitlines()
    return sorted(lines)


def token(client: Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


# ------------------------------------------------------------------------------------------------------------- octoDNS


class OctoDns:
    """octoDNS with the configuration of our documentation, and a folder of YAML files as its source."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.folder, self.zones = folder, folder / "zones"
        self.zones.mkdir(parents=True)
        self._key = token(client)
        given = (ROOT / "docs/powerdns.md").read_text().split("```yaml\n")[1].split("```")[0]
        given = given.replace("5380", client.server.admin_url.rsplit(":", 1)[1]).replace("./zones", str(self.zones))
        given = given.replace("api_key:", "timeout: 30\n    api_key:")
        (folder / "config.yaml").write_text(given)

    def write(self, records: Mapping[str, Any]) -> None:
        (self.zones / f"{DOMAIN}.yaml").write_text(yaml.safe_dump(dict(records)))

    def run(self, tool: str, *arguments: str) -> str:
        config = f"--config-file={self.folder / 'config.yaml'}"
        return run(BIN / tool, config, *arguments, RESOLUTE_TOKEN=self._key)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_octodns_makes_a_zone_and_keeps_it(client: Client, tmp_path: Path) -> None:
    octodns = OctoDns(tmp_path / "octodns", client)
    octodns.write(RECORDS)
    assert "Summary: Creates=" in octodns.run("octodns-sync")
    assert client.send("GET", "/zones/example.org").status == 404, "a plan changes nothing"
    octodns.run("octodns-sync", "--doit")
    assert "No changes were planned" in octodns.run("octodns-sync")
    server = client.server.endpoint
    for name, rtype, expected in (
        ("example.org", "A", ["192.0.2.1", "192.0.2.2"]),
        ("example.org", "NS", ["ns1.example.org.", "ns2.example.net."]),
        ("example.org", "MX", ["10 mail.example.org."]),
        ("example.org", "CAA", ['0 issue "ca.example.net"', '128 iodef "mailto:hostmaster@example.org"']),
        ("example.org", "TXT", ['"one; two"', '"v=spf1 -all"', f'"{"x" * 255}" "{"x" * 145}"']),
        ("www.example.org", "AAAA", ["2001:db8::1", "2001:db8::2"]),
        ("alias.example.org", "CNAME", ["www.example.org."]),
        ("any.wild.example.org", "A", ["192.0.2.7"]),
        ("_sip._tcp.example.org", "SRV", ["0 5 5060 sip.example.org."]),
        ("naptr.example.org", "NAPTR", ['100 50 "S" "SIP+D2U" "!^.*$!sip:a@b!" .']),
        ("7.example.org", "PTR", ["host.example.org.", "other.example.org."]),
    ):
        assert dig(server, name, rtype) == expected

    changed = {name: record for name, record in RECORDS.items() if name != "_ftp._tcp"}
    changed["alias"] = {"type": "A", "ttl": 60, "value": "192.0.2.9"}
    octodns.write(changed)
    octodns.run("octodns-sync", "--doit")
    assert "No changes were planned" in octodns.run("octodns-sync")
    assert dig(server, "alias.example.org", "A") == ["192.0.2.9"]
    assert dig(server, "_ftp._tcp.example.org", "URI") == []
    history = client.send("GET", "/zones/example.org/history").json["items"]
    assert [one["kind"] for one in history] == ["change", "create"], "a synchronisation is one change"

    octodns.run("octodns-dump", f"--output-dir={tmp_path / 'dumped'}", f"{DOMAIN}.", "resolute")
    octodns.write(yaml.safe_load((tmp_path / "dumped" / f"{DOMAIN}.yaml").read_text()))
    assert "No changes were planned" in octodns.run("octodns-sync"), "what was dumped is what is there"


# ------------------------------------------------------------------------------------------------------------- Lexicon


LEXICON: Final = """
import sys
import dns.resolver
from lexicon._private.cli import main
resolver = dns.resolver.default_resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv.pop(1)], int(sys.argv.pop(1))
main()
"""
"""The command `lexicon`, on a machine whose resolver is our server: it asks the DNS for the zone of a name."""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_lexicon(client: Client, zone: str) -> None:
    """Of a zone of the kind Master it also asks for a notification, after each change."""
    assert client.send("PUT", f"/servers/localhost/zones/{zone}.", {"kind": "Master"}).status == 204
    server = client.server.endpoint

    def lexicon(*arguments: str) -> Any:  # noqa: ANN401
        options = (f"--auth-token={token(client)}", f"--pdns-server={client.server.admin_url}", "--output=JSON")
        resolver = (server.host, str(server.port))
        return json.loads(run(sys.executable, "-c", LEXICON, *resolver, "powerdns", *options, *arguments))

    lexicon("create", zone, "A", "--name=www", "--content=192.0.2.1", "--ttl=300")
    lexicon("create", zone, "A", "--name=www", "--content=192.0.2.2", "--ttl=300")
    lexicon("create", zone, "TXT", "--name=_acme-challenge.www", "--content=a token; and more")
    lexicon("create", zone, "CNAME", "--name=alias", "--content=www.example.org")
    assert dig(server, "www.example.org", "A") == ["192.0.2.1", "192.0.2.2"]
    assert dig(server, "_acme-challenge.www.example.org", "TXT") == ['"a token; and more"']
    assert dig(server, "alias.example.org", "CNAME") == ["www.example.org."]
    listed = lexicon("list", zone, "A")
    assert sorted((one["name"], one["content"], one["ttl"]) for one in listed) == [
        ("www.example.org", "192.0.2.1", 300),
        ("www.example.org", "192.0.2.2", 300),
    ]
    lexicon("update", zone, "A", "--identifier=A/www.example.org.=192.0.2.2", "--name=www", "--content=192.0.2.3")
    assert dig(server, "www.example.org", "A") == ["192.0.2.1", "192.0.2.3"]
    lexicon("delete", zone, "A", "--name=www", "--content=192.0.2.1")
    assert dig(server, "www.example.org", "A") == ["192.0.2.3"]
    lexicon("delete", zone, "A", "--name=www", "--content=192.0.2.3")
    lexicon("delete", zone, "TXT", "--name=_acme-challenge.www")
    assert dig(server, "www.example.org", "A") == dig(server, "_acme-challenge.www.example.org", "TXT") == []


# ---------------------------------------------------------------------------------------------------------------- lego


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_lego_gets_a_certificate(client: Client, zone: str, tmp_path: Path) -> None:
    """With a token for challenges of this zone alone; a name and its wildcard share one TXT RRset. It asks for a
    notification too, because the zone is of the kind Master."""
    assert client.send("PUT", f"/servers/localhost/zones/{zone}.", {"kind": "Master"}).status == 204
    scope = acme(names.from_text(zone)).to_json()
    made = client.send(
        "POST", "/tokens", {"name": "acme", "scope": scope, "expires": str(datetime.now(UTC) + timedelta(minutes=30))}
    )
    assert made.status == 201, made.text
    known = {"PDNS_API_KEY": made.json["token"], "PDNS_API_URL": client.server.admin_url}
    with Pebble(client.server.endpoint) as pebble:
        lego = Lego(pebble, tmp_path / "lego")
        certificate = lego.obtain("pdns", [zone, f"*.{zone}", f"www.{zone}"], known)
        assert names_of(certificate) == [f"*.{zone}", zone, f"www.{zone}"]
        elsewhere = lego.run("pdns", ["www.example.net"], known)
        assert elsewhere.returncode != 0
    left = client.send("GET", f"/zones/{zone}/rrsets?below=_acme-challenge").json["items"]
    assert left == [], "lego cleans up"
    authors = {one["author"] for one in client.send("GET", f"/zones/{zone}/history").json["items"]}
    assert "acme" in " ".join(authors)


@pytest.mark.timeout(120)
def test_the_authority_looks_at_our_answers(client: Client, zone: str, tmp_path: Path) -> None:
    """Without the right TXT record there is no certificate: the challenge is truly asked of our DNS."""
    script = tmp_path / "does-nothing"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    with Pebble(client.server.endpoint) as pebble:
        refused = Lego(pebble, tmp_path / "lego").run("exec", [f"www.{zone}"], {"EXEC_PATH": str(script)})
    assert refused.returncode != 0
    assert "urn:ietf:params:acme:error:unauthorized" in refused.stdout


# ---------------------------------------------------------------------------------------------------------------- curl


def test_curl_as_pdnsutil_would(client: Client, zone: str) -> None:
    """As in PowerDNS's own documentation: a header with the key, data without a word about their type."""
    server, url = client.server.endpoint, f"{client.server.admin_url}/api/v1/servers/localhost/zones/{zone}."

    def curl(method: str, body: object = None, path: str = "") -> str:
        data = [] if body is None else ["--data", json.dumps(body)]
        return run(
            "curl", "-sS", "--fail-with-body", "-X", method, "-H", f"X-API-Key: {token(client)}", *data, url + path
        )

    def patch(change: str, *contents: str, **others: object) -> str:
        records = [{"content": content, "disabled": False} for content in contents]
        rrset = {"name": f"host.{zone}.", "type": "A", "changetype": change, "records": records, **others}
        return curl("PATCH", {"rrsets": [rrset]})

    assert patch("REPLACE", "192.0.2.1", ttl=60) == ""
    patch("EXTEND", "192.0.2.2", "192.0.2.1")
    assert dig(server, f"host.{zone}", "A") == ["192.0.2.1", "192.0.2.2"]
    patch("PRUNE", "192.0.2.1", "192.0.2.99")
    assert dig(server, f"host.{zone}", "A") == ["192.0.2.2"]
    shown = json.loads(curl("GET", path=f"?rrset_name=host.{zone}.&rrset_type=A"))["rrsets"]
    assert [(one["ttl"], one["records"]) for one in shown] == [(60, [{"content": "192.0.2.2", "disabled": False}])]
    assert f"host.{zone}.\t60\tIN\tA\t192.0.2.2" in curl("GET", path="/export").splitlines()
    patch("DELETE")
    assert dig(server, f"host.{zone}", "A") == []
    assert curl("DELETE") == ""
    assert json.loads(curl("GET", path="/../")) == []


def test_the_commands_of_the_documentation(client: Client) -> None:
    commands = (ROOT / "docs/powerdns.md").read_text().split("## curl\n\n```sh\n")[1].split("```")[0]
    script = commands.replace("http://127.0.0.1:5380", client.server.admin_url)
    made, *exported = run("sh", "-ec", script, TOKEN=token(client)).split("\n", 1)[0].split("}{")
    assert '"kind": "Native"' in made
    assert '"content": "192.0.2.7"' in exported[0]
    assert dig(client.server.endpoint, "ns1.example.org", "A") == ["192.0.2.1"]
    assert dig(client.server.endpoint, "www.example.org", "A") == ["192.0.2.7"]


def test_a_zone_of_a_file_is_changed_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "hello.zone"
    text = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n; the web\nwww A 192.0.2.7 ; old\n"
    file.write_text(text)
    with Resolute(Service(zones={"hello.": file}), admin=True, data=tmp_path / "data") as server:
        client = Client(server)
        change = {"name": "www.hello.", "type": "A", "ttl": 60, "changetype": "REPLACE"}
        change["records"] = [{"content": "192.0.2.8"}]
        assert client.send("PATCH", "/servers/localhost/zones/hello.", {"rrsets": [change]}).status == 204
        assert dig(server.endpoint, "www.hello", "A") == ["192.0.2.8"]
        shown = client.send("GET", "/servers/localhost/zones/hello.?rrset_name=www.hello.").json
        assert [one["records"][0]["content"] for one in shown["rrsets"]] == ["192.0.2.8"]
        assert [one["name"] for one in client.send("GET", "/servers/localhost/zones").json] == ["hello."]
        for method, body in (("DELETE", None), ("PUT", {"account": "me"})):
            refused = client.send(method, "/servers/localhost/zones/hello.", body)
            assert (refused.status, "edit it there" in refused.json["error"]) == (409, True)
    assert file.read_text() == text.replace("h 5 ", "h 6 ").replace("192.0.2.7", "192.0.2.8")
