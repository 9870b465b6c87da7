"""The API of PowerDNS where a real one cannot be asked: what Resolute does not have, and who may do what.

What both have is compared in `tests/interop/test_powerdns_api.py`.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from resolute.admin.compat.powerdns.content import content_of, rdata_of
from resolute.admin.compat.powerdns.naming import zone_id, zone_of
from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.admin.rights import Role, Scope, Verb, acme
from resolute.records import names, rdata
from resolute.zones import importing
from resolute.zones.change import Author
from tests.accounts import World, with_world

HERE: Final = "/api/v1/servers/localhost"
ZONE: Final = f"{HERE}/zones/example.org."
TEXT: Final = b"""\
$TTL 3600
@ SOA ns1 hostmaster 7 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.1
www 300 A 192.0.2.2
_acme-challenge.www TXT "a token"
"""
Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


def with_zone(folder: Path, scenario: Scenario, *, role: Role = Role.OPERATOR, scope: Scope | None = None) -> None:
    async def run(world: World) -> None:
        new = importing.NewZone(names.from_text("example.org."), TEXT, Author("maker"))
        importing.create(world.services.store, new)
        importing.create(
            world.services.store, importing.NewZone(names.from_text("example.net."), TEXT, Author("maker"))
        )
        user = await world.user(role, zones=["example.org."] if role is Role.EDITOR else [])
        bearer = (await world.token(user, scope))["Authorization"]
        world.client.headers["X-API-Key"] = bearer.removeprefix("Bearer ")
        await scenario(world.client)

    with_world(folder, run)


def change(*contents: str, **others: Any) -> dict[str, Any]:  # noqa: ANN401
    records = [{"content": content} for content in contents]
    usual = {"name": "www.example.org.", "type": "A", "ttl": 60, "changetype": "REPLACE", "records": records}
    return {"rrsets": [usual | others]}


async def rrsets(client: httpx.AsyncClient, name: str = "") -> list[tuple[str, str, int, list[str]]]:
    shown = (await client.get(ZONE + (f"?rrset_name={name}" if name else ""))).json()["rrsets"]
    return [(one["name"], one["type"], one["ttl"], [record["content"] for record in one["records"]]) for one in shown]


# -------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("example.org.", "example.org."),
        (".", "=2E"),
        ("0/25.2.0.192.in-addr.arpa.", "0=2F25.2.0.192.in-addr.arpa."),
        ("_tcp.example.org.", "=5Ftcp.example.org."),
        ("a-b.example.", "a-b.example."),
    ],
)
def test_a_zone_has_an_id_that_leads_back(name: str, there: str) -> None:
    assert zone_id(name) == there
    assert zone_of(there) == names.from_text(name)
    assert zone_of(there.lower()) == names.from_text(name)


def content(rtype: str, text: str) -> str:
    number = rdata.type_from_text(rtype)
    return content_of(number, rdata.to_text(number, rdata_of(f"www.example.org./{rtype}", number, text)))


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        ("LOC", "51 56 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m"),
        ("LOC", "51 56 0.123 N 5 54 0.000 W -4.00m 2.00m 10000.00m 10.00m"),
        ("HTTPS", "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1"),
        ("SVCB", "1 svc.example.net. mandatory=alpn alpn=h2 no-default-alpn"),
        ("HTTPS", '1 . key65280="ab"'),
        ("TLSA", "3 0 0 " + "ab" * 400),
        ("DNSKEY", "257 3 13 " + "A" * 86 + "=="),
        ("TXT", '"one" "two; three"'),
        ("TYPE65280", "\\# 2 abcd"),
        ("MX", "10 mail.example.org."),
    ],
)
def test_content_is_as_powerdns_writes_it(rtype: str, text: str) -> None:
    assert content(rtype, text) == text


def test_a_long_string_becomes_strings_that_fit() -> None:
    """RFC 1035 3.3: a character-string has 255 octets at most."""
    assert content("TXT", f'"{"x" * 600}"') == f'"{"x" * 255}" "{"x" * 255}" "{"x" * 90}"'
    umlaut = "\\195\\188"
    assert content("TXT", f'"{umlaut * 200}"') == f'"{umlaut * 127}\\195" "\\188{umlaut * 72}"'
    assert content("TXT", '"' + '\\"' * 255 + '"') == '"' + '\\"' * 255 + '"'
    assert content("TXT", '""') == '""'


@pytest.mark.parametrize(
    ("rtype", "text", "said"),
    [
        ("CNAME", "www", "'www': Not in expected format (parsed as 'www.')"),
        ("MX", "10 mail.example.org", "(parsed as '10 mail.example.org.')"),
        ("HTTPS", "1 svc alpn=h2", "(parsed as '1 svc. alpn=h2')"),
        ("TXT", "no quotes", '(parsed as \'"no" "quotes"\')'),
        ("A", "192.0.2", "Record www.example.org./A '192.0.2': "),
        ("TXT", '"open', "does not parse"),
    ],
)
def test_content_that_is_refused(rtype: str, text: str, said: str) -> None:
    with pytest.raises(UnprocessableError) as refused:
        content(rtype, text)
    assert said in str(refused.value)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ['"' + '\\"' * 131_000, '"a" ' + '"\\"' * 80_000, '"' + "\\\\" * 131_000, '"x\\'])
def test_a_string_that_is_not_closed_is_read_once(text: str) -> None:
    """Quotes within it begin no other one: else reading takes time with the square of their number."""
    with pytest.raises(UnprocessableError, match="does not parse"):
        content("TXT", text)


# ------------------------------------------------------------------------------------------ what Resolute does not have


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (change("192.0.2.1", records=[{"content": "192.0.2.1", "disabled": True}]), "no disabled records"),
        (change("192.0.2.1", comments=[{"content": "hello", "account": "me"}]), "keeps no comments"),
        (change("x.example.net.", type="ALIAS"), "'ALIAS' is not a record type"),
        (change('A "return 1"', type="LUA"), "'LUA' is not a record type"),
        (change("192.0.2.1", type="ANY"), "a type of questions"),
        (change("192.0.2.1", ttl=-1), "rrsets[0].ttl: "),
        (change(changetype="EXTEND"), "EXTEND needs at least one record"),
        (change(changetype="PRUNE"), "PRUNE needs at least one record"),
    ],
)
def test_what_is_not_there_is_refused_in_words(tmp_path: Path, body: object, said: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        refused = await client.patch(ZONE, json=body)
        assert refused.status_code == 422
        assert said in refused.json()["error"]
        assert refused.headers["content-type"] == "application/json"
        assert len(await rrsets(client)) == 5

    with_zone(tmp_path, scenario)


def test_empty_comments_and_members_that_nobody_knows_are_taken(tmp_path: Path) -> None:
    """As PowerDNS-Admin and older clients send them."""

    async def scenario(client: httpx.AsyncClient) -> None:
        record = {"content": "192.0.2.9", "disabled": False, "name": "www.example.org.", "ttl": 60, "set-ptr": False}
        body = change(records=[record], comments=[{"content": "", "account": ""}], kind="Master", priority=0)
        assert (await client.patch(ZONE, json=body)).status_code == 204
        assert await rrsets(client, "www.example.org.") == [("www.example.org.", "A", 60, ["192.0.2.9"])]
        nothing = {"rrsets": [{"name": "www.example.org.", "type": "A", "changetype": "REPLACE", "comments": []}]}
        assert (await client.patch(ZONE, json=nothing)).status_code == 204
        assert await rrsets(client, "www.example.org.") == [("www.example.org.", "A", 60, ["192.0.2.9"])]

    with_zone(tmp_path, scenario)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", f"{HERE}/zones", {"name": "second.example.", "kind": "Slave", "masters": ["192.0.2.1"]}, 422),
        ("POST", f"{HERE}/zones", {"name": "second.example.", "kind": "Secondary"}, 422),
        ("POST", f"{HERE}/zones", {"name": "second.example.", "kind": "Consumer"}, 422),
        ("POST", f"{HERE}/zones", {"name": "second.example.", "kind": "Native", "catalog": "c.example."}, 422),
        ("POST", f"{HERE}/zones", {"name": "second.example.", "soa_edit_api": "BOGUS"}, 422),
        ("PUT", ZONE, {"kind": "Bogus"}, 422),
        ("PUT", ZONE, {"masters": ["192.0.2.1"]}, 422),
        ("PUT", f"{ZONE}/metadata/ALSO-NOTIFY", {"metadata": ["192.0.2.1"]}, 422),
        ("POST", f"{ZONE}/metadata", {"kind": "SOA-EDIT-API", "metadata": ["EPOCH"]}, 422),
        ("POST", f"{ZONE}/cryptokeys", {"keytype": "csk"}, 422),
        ("GET", f"{HERE}/search-data?q={'*a' * 50}", None, 422),
    ],
)
def test_requests_for_what_is_not_there(tmp_path: Path, method: str, path: str, body: object, status: int) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        refused = await client.request(method, path, json=body)
        assert refused.status_code == status
        assert refused.json()["error"]
        assert (await client.get(f"{HERE}/zones/second.example.")).status_code == 404

    with_zone(tmp_path, scenario)


def test_a_notification_is_answered_with_what_is_true(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        told = await client.put(f"{ZONE}/notify")
        assert told.status_code == 200
        assert "no secondaries" in told.json()["result"]

    with_zone(tmp_path, scenario)


# ------------------------------------------------------------------------------------------------------------- changes


def test_extend_and_prune_single_records(tmp_path: Path) -> None:
    """Of the PowerDNS beside which we are tested they are not known yet."""

    async def scenario(client: httpx.AsyncClient) -> None:
        www = "www.example.org."
        extend = change("192.0.2.3", changetype="EXTEND", ttl=None)
        assert (await client.patch(ZONE, json=extend)).status_code == 204
        assert await rrsets(client, www) == [(www, "A", 300, ["192.0.2.2", "192.0.2.3"])]
        assert (await client.patch(ZONE, json=change("192.0.2.3", changetype="EXTEND", ttl=60))).status_code == 204
        assert await rrsets(client, www) == [(www, "A", 60, ["192.0.2.2", "192.0.2.3"])]
        zero = change("192.0.2.1", name="zero.example.org.", ttl=0)
        assert (await client.patch(ZONE, json=zero)).status_code == 204
        more = change("192.0.2.2", name="zero.example.org.", changetype="EXTEND", ttl=None)
        assert (await client.patch(ZONE, json=more)).status_code == 204
        assert await rrsets(client, "zero.example.org.") == [("zero.example.org.", "A", 0, ["192.0.2.1", "192.0.2.2"])]
        prune = change("192.0.2.2", "192.0.2.77", changetype="PRUNE", ttl=None)
        assert (await client.patch(ZONE, json=prune)).status_code == 204
        assert await rrsets(client, www) == [(www, "A", 60, ["192.0.2.3"])]
        assert (await client.patch(ZONE, json=change("192.0.2.3", changetype="PRUNE"))).status_code == 204
        assert await rrsets(client, www) == []
        new = change("192.0.2.4", changetype="EXTEND", ttl=None, name="new.example.org.")
        assert (await client.patch(ZONE, json=new)).status_code == 204
        assert await rrsets(client, "new.example.org.") == [("new.example.org.", "A", 3600, ["192.0.2.4"])]

    with_zone(tmp_path, scenario)


def test_a_patch_is_one_change_with_its_author_and_reason(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"rrsets": [*change("192.0.2.1")["rrsets"], *change("192.0.2.2", name="b.example.org.")["rrsets"]]}
        assert (await client.patch(ZONE, json=body, headers={"X-Change-Reason": "a test"})).status_code == 204
        first, *others = (await client.get("/api/v1/zones/example.org./history")).json()["items"]
        assert len(others) == 1
        assert (first["author"], first["reason"], first["kind"]) == ("operator, token robot", "a test", "change")
        assert (first["serial_before"], first["serial_after"]) == (7, 8)

    with_zone(tmp_path, scenario)


def test_a_reason_in_a_header_is_utf_8_where_it_can_be(tmp_path: Path) -> None:
    """RFC 9110 5.5: a header is octets."""

    async def scenario(client: httpx.AsyncClient) -> None:
        for reason, sent in (("größer → 7", "größer → 7".encode()), ("größer", "größer".encode("latin-1"))):
            headers = {b"X-Change-Reason": sent}
            assert (await client.put(ZONE, json={"account": reason}, headers=headers)).status_code == 204
            assert (await client.get("/api/v1/zones/example.org./history")).json()["items"][0]["reason"] == reason

    with_zone(tmp_path, scenario)


def test_a_zone_can_be_replaced_as_a_whole(tmp_path: Path) -> None:
    """PowerDNS 4.8: PUT with `rrsets`; the SOA record stays when it is not among them, and only gets a newer serial."""

    async def scenario(client: httpx.AsyncClient) -> None:
        given = [{"name": "example.org.", "type": "NS", "ttl": 60, "records": [{"content": "ns.example.net."}]}]
        assert (await client.put(ZONE, json={"rrsets": given, "account": "me"})).status_code == 204
        there = await rrsets(client)
        assert [(name, rtype) for name, rtype, *_ in there] == [("example.org.", "NS"), ("example.org.", "SOA")]
        assert there[1][3] == ["ns1.example.org. hostmaster.example.org. 8 7200 3600 1209600 300"]
        assert (await client.get(ZONE)).json()["account"] == "me"
        outside = [{"name": "example.net.", "type": "A", "ttl": 60, "records": [{"content": "192.0.2.1"}]}]
        refused = await client.put(ZONE, json={"rrsets": outside, "account": "you"})
        assert (refused.status_code, (await client.get(ZONE)).json()["account"]) == (422, "me")

    with_zone(tmp_path, scenario)


@pytest.mark.parametrize(
    ("given", "policy"), [("DEFAULT", "date"), ("increase", "increment"), ("EPOCH", "unixtime"), ("", "increment")]
)
def test_soa_edit_api_is_the_serial_policy(tmp_path: Path, given: str, policy: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.put(ZONE, json={"soa_edit_api": given})).status_code == 204
        assert (await client.get(ZONE)).json()["soa_edit_api"] == given
        assert (await client.get("/api/v1/zones/example.org.")).json()["serial_policy"] == policy
        new = {"name": "new.example.", "nameservers": ["ns.example.net."], "soa_edit_api": given}
        assert (await client.post(f"{HERE}/zones", json=new)).json()["soa_edit_api"] == given
        assert (await client.get("/api/v1/zones/new.example.")).json()["serial_policy"] == policy
        assert (await client.patch("/api/v1/zones/new.example.", json={"serial_policy": "unixtime"})).status_code == 200
        assert (await client.get(f"{HERE}/zones/new.example.")).json()["soa_edit_api"] == "EPOCH"

    with_zone(tmp_path, scenario)


def test_what_is_kept_about_a_zone_stands_in_its_history_and_goes_with_it(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.put(ZONE, json={"kind": "Primary", "account": "me"})).status_code == 204
        assert (await client.put(ZONE, json={"kind": "Master", "account": "me"})).status_code == 204
        assert (await client.put(f"{ZONE}/metadata/X-OWNER", json={"metadata": ["alice"]})).status_code == 200
        items = (await client.get("/api/v1/zones/example.org./history")).json()["items"]
        assert [(one["kind"], one["summary"]) for one in items[:-1]] == [
            ("metadata", "X-OWNER alice"),
            ("metadata", "KIND Master; ACCOUNT me"),
        ]
        assert (await client.delete(ZONE)).status_code == 204
        assert (await client.post(f"{HERE}/zones", json={"name": "example.org."})).status_code == 201
        zone = (await client.get(ZONE)).json()
        assert (zone["kind"], zone["account"]) == ("Native", "")
        assert len((await client.get(f"{ZONE}/metadata")).json()) == 1

    with_zone(tmp_path, scenario)


# ------------------------------------------------------------------------------------------------------ who may do what


def test_a_token_for_challenges_sees_and_changes_them_alone(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        challenge = "_acme-challenge.www.example.org."
        assert [name for name, *_ in await rrsets(client)] == [challenge]
        assert [one["name"] for one in (await client.get(f"{HERE}/zones")).json()] == ["example.org."]
        found = (await client.get(f"{HERE}/search-data?q=*")).json()
        assert {(one["object_type"], one["name"]) for one in found} == {("zone", "example.org."), ("record", challenge)}
        body = change('"another"', name=challenge, type="TXT")
        assert (await client.patch(ZONE, json=body)).status_code == 204
        assert await rrsets(client) == [(challenge, "TXT", 60, ['"another"'])]
        for other in (
            change("192.0.2.1"),
            change("192.0.2.1", name=challenge),
            {"rrsets": [*body["rrsets"], *change("192.0.2.1")["rrsets"]]},
        ):
            refused = await client.patch(ZONE, json=other)
            assert (refused.status_code, "records:write" in refused.json()["error"]) == (403, True)
        for unread in (change("no address"), change(type="TXT", records=[{"content": '"open'}]), change(comments=[])):
            assert (await client.patch(ZONE, json=unread)).status_code == 403  # and not what is wrong with it
        net = {"rrsets": [{"name": "_acme-challenge.example.net.", "type": "TXT", "changetype": "DELETE"}]}
        assert (await client.patch(f"{HERE}/zones/example.net.", json=net)).status_code == 403
        assert (await client.get(f"{HERE}/zones/example.net.")).status_code == 403
        assert (await client.put(f"{ZONE}/notify")).status_code == 200
        for method, path in (("GET", "/export"), ("DELETE", ""), ("PUT", "/rectify"), ("PUT", "/metadata/X-A")):
            denied = await client.request(method, ZONE + path, json={"metadata": []} if "X-A" in path else None)
            assert denied.status_code == 403, path

    with_zone(tmp_path, scenario, scope=acme(names.from_text("example.org.")))


def test_a_token_that_reads_zones_sees_no_records(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert await rrsets(client) == []
        assert (await client.get(f"{HERE}/search-data?q=*")).status_code == 403

    with_zone(tmp_path, scenario, scope=Scope(verbs=frozenset({Verb.ZONES_READ})))


def test_a_replacement_of_all_needs_the_right_for_all(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.put(ZONE, json={"account": "me"})).status_code == 204
        assert (await client.put(ZONE, json={"rrsets": []})).status_code == 403

    with_zone(tmp_path, scenario, scope=Scope(verbs=frozenset({Verb.ZONES_READ, Verb.ZONES_WRITE})))


def test_refusals_before_the_route_have_an_error_too(tmp_path: Path) -> None:
    """By the guard, the gate and the bodies; whoever reads problem details finds them as well."""

    async def scenario(client: httpx.AsyncClient) -> None:
        answers = [
            await client.get(ZONE, headers={"Host": "evil.example"}),
            await client.get(ZONE, headers={"X-API-Key": "wrong"}),
            await client.patch(ZONE, content=b"[" * 3 * 2**20),
            await client.get("/api", headers={"X-API-Key": "wrong"}),
            await client.get(f"{HERE}/nothing"),
            await client.request("BREW", ZONE),
        ]
        assert [one.status_code for one in answers] == [403, 401, 413, 401, 404, 405]
        for answer in answers:
            body = answer.json()
            assert (body["error"], body["errors"]) == (body["detail"], [])
            assert answer.headers["content-type"] == "application/json"

    with_zone(tmp_path, scenario)
