"""`resolute query` against a server that says what the test wants."""

import json
from collections.abc import Callable
from typing import Protocol

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from resolute.cli.main import main
from resolute.cli.query import local_server
from resolute.cli.question import understand
from resolute.config.tree import Settings
from resolute.plane.settings import Listen


class Server(Protocol):
    """The server of the fixture: where it listens, what it was asked."""

    address: str
    asked: list[tuple[dns.message.Message, bool]]


Start = Callable[[Callable[[dns.message.Message, bool], dns.message.Message | None]], Server]


def answer(query: dns.message.Message, *records: str) -> dns.message.Message:
    reply = dns.message.make_response(query, recursion_available=True)
    for record in records:
        name, ttl, of, kind, rdata = record.split(None, 4)
        reply.answer.append(dns.rrset.from_text(name, int(ttl), of, kind, rdata))
    return reply


def test_an_answer(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    server = dns_server(lambda query, _: answer(query, "www.hello. 60 IN A 192.0.2.1"))
    assert main(["query", "www.hello", f"@{server.address}"]) == 0
    out = capsys.readouterr().out
    assert "NOERROR" in out
    assert "www.hello. 60 IN A 192.0.2.1\n" in out
    assert f"bytes from {server.address} over udp" in out
    assert "\x1b" not in out, "no colours where no terminal reads"


@pytest.mark.parametrize(
    "words", [["hello", "MX", "@"], ["MX", "hello", "@"], ["@", "hello", "mx"], ["hello", "@", "MX"]]
)
def test_words_in_any_order(dns_server: Start, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    server = dns_server(lambda query, _: answer(query, "hello. 60 IN MX 10 mail.hello."))
    words = [word.replace("@", f"@{server.address}") for word in words]
    assert main(["query", *words, "--json"]) == 0
    (question,) = json.loads(capsys.readouterr().out)["question"]
    assert question == {"name": "hello.", "type": "MX", "class": "IN"}


def test_an_address_stands_for_its_ptr(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 1035 3.5."""
    server = dns_server(lambda query, _: answer(query))
    assert main(["query", "192.0.2.100", f"@{server.address}", "--json"]) == 1
    (question,) = json.loads(capsys.readouterr().out)["question"]
    assert question == {"name": "100.2.0.192.in-addr.arpa.", "type": "PTR", "class": "IN"}


def test_class_chaos(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    server = dns_server(lambda query, _: answer(query, 'version.bind. 0 CH TXT "x"'))
    assert main(["query", "version.bind", "CH", "TXT", f"@{server.address}", "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["answer"] == [{"name": "version.bind.", "type": "TXT", "class": "CH", "ttl": 0, "rdata": '"x"'}]


def test_tcp_after_truncation(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 7766 5: a client retries over TCP."""

    def truncating(query: dns.message.Message, tcp: bool) -> dns.message.Message:  # noqa: FBT001 - the server's call
        reply = answer(query, *(["big. 1 IN TXT y"] if tcp else []))
        reply.flags |= 0 if tcp else dns.flags.TC
        return reply

    server = dns_server(truncating)
    assert main(["query", "big", "TXT", f"@{server.address}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["transport"] == "tcp"


def test_what_is_asked(dns_server: Start) -> None:
    server = dns_server(lambda query, _: answer(query))
    main(["query", "hello", f"@{server.address}", "--tcp", "--dnssec", "--norecurse"])
    query, tcp = server.asked[0]
    assert tcp
    assert query.ednsflags & dns.flags.DO
    assert not query.flags & dns.flags.RD
    assert query.payload == 1232


def test_a_negative_answer_with_its_reason(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 8914 4.16: code 15 is Blocked."""

    def refusing(query: dns.message.Message, _: object) -> dns.message.Message:
        reply = answer(query)
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.BLOCKED, "on a list")])
        return reply

    server = dns_server(refusing)
    assert main(["query", "ads.example", f"@{server.address}"]) == 1
    out = capsys.readouterr().out
    assert "NXDOMAIN" in out
    assert "EDE 15 (Blocked): on a list" in out
    assert main(["query", "ads.example", f"@{server.address}", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["errors"] == [{"code": 15, "name": "Blocked", "text": "on a list"}]


def test_no_reply(dns_server: Start, capsys: pytest.CaptureFixture[str]) -> None:
    server = dns_server(lambda *_: None)
    assert main(["query", "hello", f"@{server.address}", "--timeout", "0.2"]) == 1
    assert capsys.readouterr().err == f"resolute: {server.address} does not reply; is a server running there?\n"
    assert len(server.asked) == 2, "one retry"


@pytest.mark.parametrize(
    "words",
    [[], ["x", "NOTYPE"], ["a", "A", "b"], ["a", "@x", "@y"], ["a..b"], ["a", "@127.0.0.1:99999"], ["@127.0.0.1"]],
)
def test_wrong_words(words: list[str]) -> None:
    assert main(["query", *words]) == 2


def test_a_host_name_is_a_server() -> None:
    assert understand(["hello", "@localhost:5300"]).server in ("127.0.0.1:5300", "[::1]:5300")
    assert understand(["hello", "@localhost"]).server in ("127.0.0.1:53", "[::1]:53")
    assert main(["query", "hello", "@no-such-host.invalid"]) == 2


@pytest.mark.parametrize(
    ("listen", "asked"),
    [("0.0.0.0:53", "127.0.0.1:53"), ("[::]:53", "[::1]:53"), ("192.0.2.1:5300", "192.0.2.1:5300")],
)
def test_the_default_server_is_the_local_one(listen: str, asked: str) -> None:
    assert local_server(Settings(listen=Listen(dns=[listen]))) == asked
