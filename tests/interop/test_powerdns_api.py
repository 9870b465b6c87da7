"""The same requests to a real PowerDNS and to Resolute: the same statuses, and the same answers.

What differs on purpose is said where it is left out: serials (each has its own policy and first number), the primary in
the SOA of a zone that is made (PowerDNS writes `a.misconfigured.dns.server.invalid.`), and the words of a refusal.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

import httpx
import pytest

from bench.peers import Resolute, Service
from tests.apiclient import Client
from tests.powerdns import KEY, Caller, PowerDnsApi

HERE: Final = "/api/v1/servers/localhost"
ZONES: Final = f"{HERE}/zones"
ORG: Final = f"{ZONES}/example.org."


class Both(NamedTuple):
    """The two servers."""

    theirs: Caller
    ours: Caller


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    data = tmp_path_factory.mktemp("ours") / "data"
    with PowerDnsApi() as powerdns, Resolute(Service(), admin=True, data=data) as resolute:
        token = Client(resolute).headers["Authorization"].removeprefix("Bearer ")
        with httpx.Client(timeout=20) as client:
            theirs = Caller(client, f"http://{powerdns.api}", KEY)
            yield Both(theirs, Caller(client, resolute.admin_url.rstrip("/"), token))


def rrset(name: str, rtype: str, *contents: str) -> dict[str, Any]:
    records = [{"content": content, "disabled": False} for content in contents]
    return {"name": name, "type": rtype, "ttl": 300, "changetype": "REPLACE", "records": records}


def www(*contents: str, **others: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"rrsets": [rrset("www.example.org.", "A", *contents) | others]}


TEXT: Final = "@ 60 IN SOA a. b. 7 2 3 4 5\n@ 60 IN NS ns.x.\nwww 60 IN A 192.0.2.1\n"
SERIES: Final[list[tuple[str, str, Any]]] = [
    ("GET", "/api", None),
    ("GET", f"{HERE}/nothing", None),
    ("GET", "/api/v1/servers/other", None),
    ("GET", "/api/v1/servers/Localhost", None),
    ("POST", HERE, {}),
    ("GET", ZONES, None),
    # Zones are made.
    ("POST", ZONES, {}),
    ("POST", ZONES, "no json"),
    ("POST", ZONES, []),
    ("POST", ZONES, {"name": "example.org", "kind": "Native"}),
    ("POST", ZONES, {"name": "bad..example.", "kind": "Native"}),
    ("POST", ZONES, {"name": "example.org.", "kind": "Native", "nameservers": ["ns1.example.org"]}),
    ("POST", ZONES, {"name": "example.org.", "kind": "Native", "nameservers": "ns1.example.org."}),
    (
        "POST",
        ZONES,
        {"name": "Example.org.", "kind": "Native", "nameservers": ["ns1.example.org.", "ns2.example.net."]},
    ),
    ("POST", ZONES, {"name": "example.org.", "kind": "Native"}),
    (
        "POST",
        ZONES,
        {"name": "a/b.example.", "kind": "Master", "account": "me", "soa_edit_api": "EPOCH", "masters": []},
    ),
    ("POST", f"{ZONES}?rrsets=false", {"name": "primary.example.", "kind": "primary", "soa_edit": "INCREASE"}),
    ("POST", ZONES, {"name": "text.example.", "kind": "Native", "zone": TEXT}),
    ("POST", ZONES, {"name": "text2.example.", "kind": "Native", "zone": TEXT, "rrsets": []}),
    ("POST", ZONES, {"name": "text3.example.", "kind": "Native", "zone": "garbage here"}),
    ("POST", ZONES, {"name": "text4.example.", "kind": "Native", "zone": "www 60 IN A 192.0.2.1\n"}),
    ("POST", ZONES, {"name": "text5.example.", "kind": "Native", "zone": TEXT.replace("@ ", "elsewhere.example. ")}),
    (
        "POST",
        ZONES,
        {
            "name": "sets.example.",
            "kind": "Native",
            "nameservers": [],
            "serial": 0,
            "rrsets": [
                rrset("sets.example.", "SOA", "a. b. 0 2 3 4 5"),
                rrset("sets.example.", "NS", "ns.x."),
                rrset("www.sets.example.", "A", "192.0.2.1", "192.0.2.2"),
            ],
        },
    ),
    ("POST", ZONES, {"name": "s2.example.", "nameservers": ["ns.x."], "rrsets": [rrset("s2.example.", "NS", "ns.y.")]}),
    ("POST", ZONES, {"name": "s3.example.", "rrsets": [rrset("www.example.com.", "A", "192.0.2.1")]}),
    ("POST", ZONES, {"name": "s4.example.", "rrsets": [rrset("s4.example.", "A", "192.0.2.1", "192.0.2.1")]}),
    (
        "POST",
        ZONES,
        {
            "name": "s5.example.",
            "rrsets": [{"name": "s5.example.", "type": "A", "records": [{"content": "192.0.2.1"}]}],
        },
    ),
    ("POST", ZONES, {"name": ".", "kind": "Native"}),
    ("GET", ZONES, None),
    ("GET", f"{ZONES}?dnssec=false", None),
    ("GET", f"{ZONES}?zone=example.org.", None),
    ("GET", f"{ZONES}?zone=example.org", None),
    ("GET", f"{ZONES}?zone=nobody.example.", None),
    ("GET", f"{ZONES}/=2E", None),
    ("GET", f"{ZONES}/a=2Fb.example.", None),
    ("GET", f"{ZONES}/a%2Fb.example.", None),
    ("GET", f"{ZONES}/EXAMPLE.org", None),
    ("GET", f"{ZONES}/nobody.example.", None),
    ("GET", f"{ZONES}/bad..example.", None),
    ("GET", f"{ORG}?rrsets=false", None),
    ("GET", f"{ORG}?rrsets=perhaps", None),
    # RRsets are changed.
    ("PATCH", ORG, {}),
    ("PATCH", ORG, {"rrsets": {}}),
    ("PATCH", ORG, {"rrsets": []}),
    ("PATCH", ORG, "no json"),
    ("PATCH", f"{ZONES}/nobody.example.", {"rrsets": []}),
    ("PATCH", ORG, www("192.0.2.1", "192.0.2.2")),
    ("PATCH", ORG, www("192.0.2.1", ttl="600")),
    ("PATCH", ORG, www("192.0.2.1", changetype="replace")),
    ("PATCH", ORG, www("192.0.2.1", name="www.example.org")),
    ("PATCH", ORG, www("192.0.2.1", name="www.example.com.")),
    ("PATCH", ORG, www("192.0.2.1", "192.0.2.1")),
    ("PATCH", ORG, www("bogus")),
    ("PATCH", ORG, www("192.0.2.1", type="BOGUS")),
    ("PATCH", ORG, www("192.0.2.1", changetype="BOGUS")),
    ("PATCH", ORG, www("192.0.2.1", ttl=None)),
    ("PATCH", ORG, www("elsewhere.example.", type="CNAME")),
    ("PATCH", ORG, www("192.0.2.1", comments=[])),
    (
        "PATCH",
        ORG,
        {"rrsets": [{"name": "www.example.org.", "type": "A", "ttl": 60, "records": [{"content": "192.0.2.9"}]}]},
    ),
    ("PATCH", ORG, {"rrsets": [{"name": "www.example.org.", "type": "A", "changetype": "REPLACE", "ttl": 60}]}),
    (
        "PATCH",
        ORG,
        {"rrsets": [{"name": "www.example.org.", "type": "A", "changetype": "REPLACE", "ttl": 60, "records": [{}]}]},
    ),
    ("PATCH", ORG, {"rrsets": [{"type": "A", "changetype": "DELETE"}]}),
    ("PATCH", ORG, {"rrsets": [rrset("c.example.org.", "CNAME", "a.example.", "b.example.")]}),
    ("PATCH", ORG, {"rrsets": [rrset("c.example.org.", "CNAME", "a.example")]}),
    ("PATCH", ORG, {"rrsets": [rrset("c.example.org.", "TXT", "without quotes")]}),
    ("PATCH", ORG, {"rrsets": [rrset("c.example.org.", "MX", "10 mail")]}),
    ("PATCH", ORG, {"rrsets": [rrset("c.example.org.", "SRV", "0 5 53 ns1")]}),
    # All or none: the second does not hold.
    ("PATCH", ORG, {"rrsets": [rrset("first.example.org.", "A", "192.0.2.1"), rrset("second.example.org.", "A", "x")]}),
    (
        "PATCH",
        ORG,
        {"rrsets": [rrset("twice.example.org.", "A", "192.0.2.1"), rrset("twice.example.org.", "A", "192.0.2.2")]},
    ),
    ("GET", ORG, None),
    # An RRset makes way for another, in the order of octoDNS.
    (
        "PATCH",
        ORG,
        {
            "rrsets": [
                {"name": "www.example.org.", "type": "A", "changetype": "DELETE"},
                rrset("www.example.org.", "CNAME", "x.example."),
            ]
        },
    ),
    ("GET", f"{ORG}?rrset_name=www.example.org.&rrset_type=CNAME", None),
    ("GET", f"{ORG}?rrset_name=www.example.org.&rrset_type=A", None),
    ("GET", f"{ORG}?rrset_name=www.example.org", None),
    # A name there is a name, and no id of a zone.
    ("PATCH", ORG, {"rrsets": [rrset("a/b.example.org.", "A", "192.0.2.1")]}),
    ("GET", f"{ORG}?rrset_name=a/b.example.org.", None),
    ("GET", f"{ORG}?rrset_name=a%2Fb.example.org.", None),
    ("GET", f"{ORG}?rrset_name=a=2Fb.example.org.", None),
    ("GET", f"{ORG}?rrset_name==2E", None),
    ("PATCH", ORG, {"rrsets": [rrset("open.example.org.", "TXT", '"open' + '\\"' * 100)]}),
    ("PATCH", ORG, {"rrsets": [rrset("www.example.org.", "CNAME")]}),
    ("PATCH", ORG, {"rrsets": [{"name": "never.example.org.", "type": "A", "changetype": "DELETE"}]}),
    (
        "PATCH",
        ORG,
        {
            "rrsets": [
                rrset("*.wild.example.org.", "A", "192.0.2.1"),
                rrset("_u.example.org.", "TYPE65280", "\\# 2 abcd"),
            ]
        },
    ),
    *(
        ("PATCH", ORG, {"rrsets": [rrset(f"{rtype}.example.org.".lower(), rtype, *contents)]})
        for rtype, contents in {
            "AAAA": ["2001:db8::1", "2001:db8::2"],
            "MX": ["10 mail.example.org.", "20 mail.example.net."],
            "TXT": ['"one; two"', '"a \\"quoted\\" one"', '"two" "strings"'],
            "SRV": ["0 5 53 ns1.example.org."],
            "CAA": ['0 issue "ca.example.net"', '128 issuewild ";"'],
            "NS": ["ns.elsewhere.example."],
            "PTR": ["host.example.org."],
            "SSHFP": ["1 2 " + "ab" * 32],
            "TLSA": ["3 1 1 " + "cd" * 32],
            "DS": ["12345 8 2 " + "ef" * 32],
            "LOC": ["51 56 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m"],
            "NAPTR": ['100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.example.org.'],
            "HTTPS": ["1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2"],
            "SVCB": ["0 svc.example.net."],
            "URI": ['10 1 "ftp://ftp.example.org/public"'],
            "HINFO": ['"a machine" "a system"'],
            "OPENPGPKEY": ["mQINBFit2jsBEADrbl5vjVxYeAE0g0IDYCBpHirv1Sjlqxx5gjtPhb2YhvyDMXjq"],
        }.items()
    ),
    ("GET", ORG, None),
    ("GET", f"{ORG}/export", None),
    # What is done with a zone, and what is kept about it.
    ("GET", f"{ORG}/cryptokeys", None),
    ("GET", f"{ORG}/cryptokeys/1", None),
    ("POST", f"{ORG}/cryptokeys", {"keytype": "csk"}),
    ("PUT", f"{ORG}/axfr-retrieve", None),
    ("PUT", f"{ORG}/rectify", None),
    ("GET", f"{ORG}/metadata", None),
    ("GET", f"{ORG}/metadata/ALSO-NOTIFY", None),
    ("GET", f"{ORG}/metadata/SOA-EDIT-API", None),
    ("GET", f"{ORG}/metadata/BOGUS", None),
    ("POST", f"{ORG}/metadata", {"kind": "X-OWNER", "metadata": ["alice", "bob"]}),
    ("GET", f"{ORG}/metadata/X-OWNER", None),
    ("POST", f"{ORG}/metadata", {"kind": "X-OWNER", "metadata": ["bob", "dora"]}),
    ("PUT", f"{ORG}/metadata/X-OWNER", {"metadata": ["carol"]}),
    ("GET", f"{ORG}/metadata", None),
    ("DELETE", f"{ORG}/metadata/X-OWNER", None),
    ("GET", f"{ORG}/metadata/X-OWNER", None),
    *(("GET", f"{ZONES}/nobody.example./{what}", None) for what in ("export", "metadata", "cryptokeys")),
    *(("PUT", f"{ZONES}/nobody.example./{what}", None) for what in ("notify", "rectify", "axfr-retrieve")),
    ("PUT", ORG, {"kind": "Master", "account": "them", "soa_edit_api": "INCREASE", "soa_edit": "EPOCH"}),
    ("GET", f"{ORG}?rrsets=false", None),
    ("PUT", ORG, {"nsec3param": "1 0 0 -"}),
    ("PUT", ORG, {"dnssec": True}),
    ("PUT", f"{ZONES}/nobody.example.", {"kind": "Native"}),
    # The server.
    ("GET", f"{HERE}/search-data", None),
    ("GET", f"{HERE}/search-data?q=x&max=0", None),
    ("GET", f"{HERE}/search-data?q=%00", None),
    ("GET", f"{HERE}/search-data?q=x&object_type=bogus", None),
    ("GET", f"{HERE}/search-data?q=example.org&object_type=zone", None),
    ("GET", f"{HERE}/search-data?q=*.wild.example.*", None),
    ("GET", f"{HERE}/search-data?q=www.sets.example&object_type=record", None),
    ("GET", f"{HERE}/search-data?q=*&object_type=comment", None),
    ("GET", f"{HERE}/statistics?statistic=bogus", None),
    ("PUT", f"{HERE}/cache/flush?domain=www.example.org.", None),
    ("PUT", f"{HERE}/cache/flush?domain=www.example.org", None),
    ("PUT", f"{HERE}/cache/flush", None),
    ("GET", f"{HERE}/tsigkeys", None),
    ("GET", f"{HERE}/autoprimaries", None),
    ("DELETE", ORG, None),
    ("DELETE", ORG, None),
    ("GET", ZONES, None),
]


def test_what_powerdns_answers_is_what_resolute_answers(both: Both) -> None:
    different = []
    for method, path, body in SERIES:
        theirs, ours = (normal(caller.send(method, path, body)) for caller in both)
        if theirs != ours:
            different.append(f"{method} {path} {json.dumps(body)}\n  PowerDNS: {theirs}\n  Resolute: {ours}")
    assert not different, "\n".join(different)


def normal(answer: Any) -> tuple[int, Any]:  # noqa: ANN401
    """The status, and what is said but for what differs on purpose."""
    if answer.status_code >= 400:
        return answer.status_code, bool(answer.json()["error"])
    return answer.status_code, _normal(json.loads(answer.text)) if answer.text else None


def _normal(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return sorted((_normal(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if not isinstance(value, dict):
        return value
    found = {key: 0 if key.endswith("serial") else _normal(one) for key, one in value.items()}
    if found.get("type") == "SOA":
        records = found.get("records", [found])
        for record in records:
            record["content"] = _soa(record["content"])
    if "zone" in found and len(found) == 1:  # an export
        found["zone"] = sorted(_exported(line) for line in str(found["zone"]).splitlines())
    return found


def _soa(content: str) -> str:
    """Without the primary and the serial."""
    _, hostmaster, _, *timers = content.split(" ")
    return " ".join([hostmaster, *timers])


def _exported(line: str) -> str:
    head, tab, content = line.rpartition("\t")
    return f"{head}{tab}{_soa(content)}" if head.endswith("\tSOA") else line


def test_nobody_gets_in_without_a_key(both: Both) -> None:
    for key in ("", "wrong"):
        for path in ("/api", "/api/v1/servers", HERE, ZONES, ORG, f"{HERE}/config", f"{HERE}/statistics"):
            answers = [replace(caller, key=key).send("GET", path) for caller in both]
            assert [one.status_code for one in answers] == [401, 401]
            assert all(one.json()["error"] for one in answers)


def test_the_server_is_described_alike(both: Both) -> None:
    """PowerDNS has an address more, of its autoprimaries; the version is the one whose API this is."""
    for path in ("/api/v1/servers", HERE):
        theirs, ours = (caller.send("GET", path).json() for caller in both)
        theirs, ours = (one[0] if isinstance(one, list) else one for one in (theirs, ours))
        assert {name: theirs[name] for name in ours if name != "version"} == {
            name: value for name, value in ours.items() if name != "version"
        }
        assert [int(part) for part in ours["version"].split(".")] > [4, 7]


def test_settings_and_counters_are_lists_of_names_and_values(both: Both) -> None:
    for what in ("config", "statistics"):
        theirs, ours = (caller.send("GET", f"{HERE}/{what}").json() for caller in both)
        assert {(item["type"], type(item["value"])) for item in ours} <= {
            (item["type"], type(item["value"])) for item in theirs
        }
        assert {"api", "uptime", "udp-queries"} & {item["name"] for item in ours}
    one = both.ours.send("GET", f"{HERE}/statistics?statistic=uptime").json()
    assert [item["name"] for item in one] == ["uptime"]


def test_an_export_is_plain_text_unless_json_is_wanted(both: Both) -> None:
    for caller in both:
        answer = caller.send("GET", f"{ZONES}/sets.example./export", accept="*/*")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "www.sets.example.\t300\tIN\tA\t192.0.2.1" in answer.text.splitlines()
