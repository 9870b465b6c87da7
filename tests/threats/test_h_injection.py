r"""THREATS H7, H8: what strangers write (names, records, reasons, names of users and tokens) stays data in every sink.

A log has one line for each event, JSON parses, events are one event, a terminal gets no control octet, and a page runs
no script of somebody else.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from tests.apiclient import API, Client
from tests.asking import header, udp
from tests.faults.kit.asking import wait_for

NASTY = (
    "<img src=x onerror=alert(1)>",
    "\"'{{7*7}}`${7*7}",
    "\u202egnp.exe\u202c\u200f",
    "nul\0line\nfeed\r\nescape\x1b[31m\x1b]0;title\x07",
    "=cmd|' /C calc'!A0",
    "c1\x9b31m\x85\u2028\u2029",
)
OCTETS = [bytes(range(at, at + 32)) for at in range(0, 256, 32)]
ZONE = "/zones/example.org"
TEXT = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"


@pytest.fixture(scope="module", params=["text", "json"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("injection")
    extra = f'[log]\nformat = "{request.param}"\nqueries = true\nlevel = "debug"\n'
    with Resolute(Service(extra=extra), admin=True, data=folder / "data") as server:
        client = Client(server)
        assert client.send("POST", ZONE + "/import", TEXT, Content_Type="text/dns").status == 200
        yield client


def is_plain(octets: bytes) -> bool:
    """Whether text has nothing in it that a terminal obeys: C0 but for line feeds, DEL, C1, marks of direction."""
    text = octets.decode("utf-8")
    return all(
        character == "\n" or (character.isprintable() and ord(character) not in range(0x202A, 0x202F))
        for character in text
    )


def ask_for(client: Client, *labels: bytes) -> None:
    """One question, whose name has any octets."""
    wire = b"".join(bytes([len(label)]) + label for label in (*labels, b"test")) + b"\0"
    udp(client.server.endpoint, header() + wire + b"\0\1\0\1")


def log_lines(client: Client) -> list[str]:
    return client.server.log_path.read_bytes().decode("utf-8").split("\n")


def test_names_of_questions_are_one_line_of_the_log(client: Client) -> None:
    before = len(log_lines(client))
    labels = [*OCTETS, *(text.encode()[:63] for text in NASTY)]
    for label in labels:
        ask_for(client, label)
    ask_for(client, b"the", b"last")
    wait_for(lambda: any("the.last.test" in line for line in log_lines(client)))
    new = log_lines(client)[before - 1 :]
    assert len([line for line in new if ".test." in line]) == len(labels) + 1
    assert is_plain("\n".join(new).encode())


def test_every_line_of_a_json_log_parses(client: Client) -> None:
    for label in OCTETS:
        ask_for(client, label)
    lines = [line for line in log_lines(client)[:-1] if not line.startswith("ready: ")]
    if lines[0].startswith("{"):
        assert all(isinstance(json.loads(line), dict) for line in lines)
    assert is_plain("\n".join(lines).encode())


def test_the_api_s_json_gives_back_what_it_took(client: Client) -> None:
    """Records, reasons and authors in the history, the audit log, search, and events. A reason has no NUL, which not
    every database keeps."""
    stream = client.open()
    stream.request("GET", API + "/events", headers=client.headers)
    events = stream.getresponse()
    assert events.readline() == b"retry: 2000\n"
    for at, text in enumerate(NASTY):
        reason = text.replace("\0", "")
        body = {"records": [{"strings": [text]}], "reason": reason}
        assert client.send("PUT", f"{ZONE}/rrsets/t{at}/TXT", body).status == 201
        (shown,) = client.send("GET", f"{ZONE}/rrsets/t{at}/TXT?records=fields").json["records"]
        assert shown == {"strings": [text]}
        (plain,) = client.send("GET", f"{ZONE}/rrsets/t{at}/TXT").json["records"]
        assert plain.isascii()
        assert plain.isprintable()
        assert client.send("GET", ZONE + "/history?limit=1").json["items"][0]["reason"] == reason
        lines = []
        while not (line := events.readline()).startswith(b"data: "):
            lines.append(line)
        assert json.loads(line.removeprefix(b"data: "))["reason"] == reason
        assert {one.split(b":")[0] for one in lines if one.strip()} <= {b"id", b"event", b""}
    stream.close()
    exported = client.send("GET", ZONE + "/export").text
    assert exported.isascii()
    assert len([line for line in exported.splitlines() if " TXT " in line]) == len(NASTY)


def test_names_of_zones_are_escaped(client: Client) -> None:
    r"""RFC 1035 5.1: \DDD; in a header too."""
    for at, text in enumerate(NASTY):
        label = "".join(f"\\{octet:03}" for octet in text.encode()[:60])
        made = client.send("POST", "/zones", {"name": f"{label}.x{at}.test.", "nameservers": ["ns1.example.net."]})
        assert made.status == 201, made.text
        name = made.json["zone"]
        assert name.isascii()
        assert name.isprintable()
        path = f"/zones/{quote(name, safe='')}"
        assert client.send("GET", path).json["name"] == name
        connection = client.open()
        connection.request("GET", f"{API}{path}/export", headers=client.headers)
        answer = connection.getresponse()
        assert answer.read().count(b" SOA ") == 1
        assert answer.headers["content-disposition"].isascii()
        assert answer.headers["x-content-type-options"] == "nosniff"
        connection.close()
        assert client.send("DELETE", path).status == 200


def test_what_is_refused_is_one_line_and_one_document(client: Client) -> None:
    """Names of users and tokens, URLs of webhooks, paths, tokens: in the answer, the log and the audit log."""
    before = len(log_lines(client))
    for text in NASTY:
        for method, path, body in (
            ("POST", "/users", {"name": text, "role": "reader", "password": "x" * 20}),
            ("POST", "/tokens", {"name": text}),
            ("POST", "/webhooks", {"url": "https://" + text}),
            ("GET", "/zones/" + quote(text, safe=""), None),
            ("GET", "/search?q=" + quote(text, safe=""), None),
            ("POST", "/login", {"user": text, "password": text}),
        ):
            said = client.send(method, path, body)
            assert said.status < 500, (path, said)
            assert isinstance(said.json, dict)
            assert all(ord(character) >= 0x20 for character in said.text)
    new = "\n".join(log_lines(client)[before - 1 :])
    assert is_plain(new.encode())
    audit = client.send("GET", "/audit").text
    assert all(ord(character) >= 0x20 for character in audit)
    json.loads(audit)


def test_the_terminal_gets_no_control_octet(client: Client) -> None:
    """`status`, `explain` and `cache`, as a person calls them at a terminal."""
    data = f"--data={client.server.data}"
    label = "".join(f"\\{octet:03}" for octet in NASTY[3].encode()[:60])
    client.send("PUT", f"{ZONE}/rrsets/{quote(label, safe='')}/TXT", {"records": [{"strings": [NASTY[3]]}]})
    for words in (
        ["status"],
        ["explain", f"{label}.example.org.", "TXT"],
        ["explain", f"{label}.test."],
        ["cache", "show"],
        ["cache", "show", f"{label}.test."],
    ):
        done = subprocess.run(
            [COMMAND, *words, data], capture_output=True, check=False, timeout=60, env={**os.environ, "NO_COLOR": "1"}
        )
        assert is_plain(done.stdout + done.stderr), (words, done)


def test_pages_run_no_script_of_somebody_else(client: Client) -> None:
    """The description's page, and answers that a browser might take for one."""
    for path in (
        API + "/docs",
        API + "/openapi.json",
        API + "/zones/" + quote(NASTY[0], safe=""),
        "/" + quote(NASTY[0]),
    ):
        connection = client.open()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert path.endswith("/docs") or not answer.headers["content-type"].startswith("text/html")
        assert NASTY[0] not in body or not answer.headers["content-type"].startswith("text/html")
        connection.close()
