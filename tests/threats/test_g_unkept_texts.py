"""THREATS G6: texts that not every database keeps are refused, or written out, and are nobody else's trouble.

They are a NUL, which PostgreSQL has no text with, and half of a surrogate pair, which JSON may have (RFC 8259 8.2) and
UTF-8 has not.
"""

from collections.abc import Iterator
from typing import Final

import pytest

from bench.peers import Postgresql, Resolute, Service
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import history, metadata, zones
from resolute.store.store import Store
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit_groups
from resolute.zones.importing import NewZone
from resolute.zones.metadata import SetUp, set_up
from tests.apiclient import Client

ORIGIN: Final = names.from_text("example.org.")
TEXT: Final = b"$TTL 60\n@ SOA ns1 h 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"
WWW: Final = "/zones/example.org/rrsets/www/A"
POWERDNS: Final = "/servers/localhost/zones/example.org."
RECORD: Final = {"records": ["192.0.2.7"]}
EDIT: Final = RECORD | {"action": "replace", "name": "www", "type": "A"}
NUL: Final = "a\0b"
HALF: Final = "\ud800"


@pytest.fixture(scope="module")
def database() -> Iterator[Postgresql]:
    with Postgresql() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    data = tmp_path_factory.mktemp("data")
    url = request.getfixturevalue("database").url if request.param == "postgresql" else ""
    extra = f'[store]\nurl = "{url}"\n' if url else ""
    with Resolute(Service(extra=extra), admin=True, data=data) as server:
        found = Client(server, url=url)
        assert found.send("POST", "/zones/example.org/import", TEXT.decode(), Content_Type="text/dns").status == 200
        yield found


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", WWW, RECORD | {"reason": NUL}, 422),
        ("PATCH", WWW, {"add": ["192.0.2.7"], "reason": NUL}, 422),
        ("PATCH", "/zones/example.org", {"serial_policy": "date", "reason": NUL}, 422),
        ("POST", "/zones", {"name": "a.test", "nameservers": ["ns.x."], "reason": NUL}, 422),
        ("POST", "/batches", {"changes": [{"zone": "example.org", "edits": [EDIT]}], "reason": NUL}, 422),
        ("POST", "/zones/example.org/revert", {"revision": 1, "reason": NUL}, 422),
        ("POST", "/webhooks", {"url": f"https://x.test/{NUL}"}, 422),
        ("GET", "/webhooks/%00", None, 422),
        ("GET", "/search?q=%00", None, 422),
        ("GET", "/zones?cursor=WyJ6b25lcyIsICJcdTAwMDAiXQ", None, 422),
        ("GET", "/servers/localhost/search-data?q=%00", None, 200),
        ("GET", "/servers/localhost/search-data?q=a%00*", None, 200),
        ("PUT", POWERDNS, {"account": NUL}, 422),
        ("PUT", POWERDNS, {"soa_edit": NUL}, 422),
        ("PUT", POWERDNS, {"soa_edit_api": NUL}, 422),
        ("PUT", f"{POWERDNS}/metadata/X-OWNER", {"metadata": [NUL]}, 422),
        ("POST", f"{POWERDNS}/metadata", {"kind": "X-OWNER", "metadata": ["a", NUL]}, 422),
        ("POST", f"{POWERDNS}/metadata", {"kind": f"X-{NUL}", "metadata": ["a"]}, 422),
        ("PATCH", POWERDNS, {"rrsets": [{"name": NUL, "type": "A", "changetype": "DELETE"}]}, 422),
    ],
)
def test_a_nul_is_refused_and_nothing_has_changed(
    client: Client, method: str, path: str, body: object, status: int
) -> None:
    before = client.send("GET", "/zones/example.org/history").text
    said = client.send(method, path, body)
    assert said.status == status, said
    assert status != 200 or said.json == []
    assert client.send("GET", "/zones/example.org/history").text == before


def test_a_nul_in_a_record_is_an_octet(client: Client) -> None:
    r"""RFC 1035 5.1: it is kept as \\000, and so it may be sent."""
    for at, record in enumerate(['"a\0b"', {"strings": [NUL]}, '"a\\000b"']):
        assert client.send("PUT", f"/zones/example.org/rrsets/n{at}/TXT", {"records": [record]}).status == 201
        assert client.send("GET", f"/zones/example.org/rrsets/n{at}/TXT").json["records"] == ['"a\\000b"']
    rrset = {"name": "p.example.org.", "type": "TXT", "ttl": 60, "changetype": "REPLACE"}
    body = {"rrsets": [rrset | {"records": [{"content": '"a\0b"'}]}]}
    assert client.send("PATCH", POWERDNS, body).status == 204
    assert client.send("GET", "/zones/example.org/rrsets/p/TXT").json["records"] == ['"a\\000b"']


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/settings", {"cache": {HALF: 1}}),
        ("PATCH", "/settings", {HALF: {"size": 1}}),
        ("PATCH", "/settings", {"cache": {"size": HALF}}),
        ("POST", "/zones", {HALF: 1}),
        ("POST", "/zones", {"name": HALF}),
        ("PUT", WWW, {"records": [{HALF: 1}]}),
        ("PUT", WWW, RECORD | {"reason": HALF}),
        ("PUT", POWERDNS, {"account": HALF}),
        ("PATCH", POWERDNS, {"rrsets": [{"name": HALF, "type": "A", "changetype": "DELETE"}]}),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_in_words(client: Client, method: str, path: str, body: object) -> None:
    said = client.send(method, path, body)
    assert said.status == 422, said
    assert said.json["detail"]


def test_a_reason_that_comes_past_the_api_is_written_out(database: Postgresql) -> None:
    """It stops none of the others in its transaction."""
    url = database.url
    store = Store(url)
    with store.writing() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    store.close()
    store = Store(url)
    importing.create(store, NewZone(ORIGIN, TEXT, Author("alice", NUL)))

    def put(address: str, reason: str) -> ZoneChange:
        rrset = RRset.parse(names.from_text("www.example.org."), rdata.type_from_text("A"), 60, [address])
        return ZoneChange(ORIGIN, (Edit(Action.REPLACE, rrset),), Author("alice", reason))

    reasons = [NUL, "good", HALF]
    changes = [put(f"192.0.2.{number}", reason) for number, reason in enumerate(reasons)]
    commit_groups(store, [[change] for change in changes])
    set_up(store, SetUp(ORIGIN, Author("bob"), lambda _: {"X-OWNER": ["a", "b"]}))
    with store.reading() as connection:
        found = history.of_zone(connection, "example.org.")
        zone = zones.find(connection, "example.org.")
        assert zone is not None
        assert metadata.of_zone(connection, zone.id) == {"X-OWNER": ("a", "b")}
    assert [one.reason for one in found] == ["", "\\ud800", "good", "a\\000b", "a\\000b"]
    store.close()
