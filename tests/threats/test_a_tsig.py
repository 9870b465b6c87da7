"""TSIG misuse at a server without keys: A8 of the catalogue. None is believed, whatever it looks like."""

import itertools
import time
from collections.abc import Callable

import dns.message
import dns.rcode
import dns.tsig
import pytest

from bench.peers import Endpoint, Resolute
from tests.asking import (
    AA,
    flags_of,
    header,
    name,
    opt,
    parse,
    query,
    question,
    rcode_of,
    receive_framed,
    record,
    send_framed,
    tcp,
    tcp_socket,
    udp,
)
from tests.tsig import BADKEY, Signed, signature_of

WWW = "www.victim.test."
ALGORITHMS = [
    *("hmac-md5.sig-alg.reg.int.", "hmac-sha1.", "hmac-sha224.", "hmac-sha256.", "hmac-sha384.", "hmac-sha512."),
    *("gss-tsig.", "unknown.test.", ".", "HMAC-SHA256."),
]
Ask = Callable[[Endpoint, bytes], bytes]
both_transports = pytest.mark.parametrize("ask", [udp, tcp])


def not_believed(reply: bytes) -> None:
    """RFC 8945 5.2.1: NOTAUTH and BADKEY, nothing of the zone, nothing signed."""
    assert rcode_of(reply) == dns.rcode.NOTAUTH
    assert flags_of(reply) & AA == 0
    assert reply[6:10] == bytes(4)
    answered = signature_of(reply)
    assert (answered.error, answered.mac) == (BADKEY, b"")


@both_transports
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a8_every_length_of_every_mac(server: Resolute, ask: Ask, algorithm: str) -> None:
    """CVE-2025-40775, CVE-2017-11104: neither an algorithm nor a short MAC is a way in, and none ends the server."""
    for length in range(65):
        not_believed(ask(server.endpoint, query(WWW, extra=Signed(algorithm=algorithm, mac=b"\0" * length).record())))


@pytest.mark.parametrize("skew_s", [0, 299, 301, -299, -301, -(2**40), 2**47 - 1 - 1_800_000_000])
def test_a8_every_time(server: Resolute, skew_s: int) -> None:
    signed = Signed(time=max(int(time.time()) + skew_s, 0))
    not_believed(udp(server.endpoint, query(WWW, extra=signed.record())))


def test_a8_a_message_that_is_rightly_signed_and_its_replay(server: Resolute) -> None:
    """By a key that the server does not have: made by dnspython, sent twice."""
    key = dns.tsig.Key("key.test.", b"0123456789abcdef", dns.tsig.HMAC_SHA256)
    message = dns.message.make_query(WWW, "A")
    message.use_tsig(key)
    wire = message.to_wire()
    for _ in range(2):
        not_believed(udp(server.endpoint, wire))


@both_transports
def test_a8_not_last_and_twice(server: Resolute, ask: Ask) -> None:
    """RFC 8945 5.2: both are format errors. In every order of up to four records."""
    signed, others = Signed().record(), [record(b"\xc0\x0c", 1, b"\xc0\0\2\1"), opt()]
    for count in range(2, 5):
        for records in itertools.product([signed, *others], repeat=count):
            wire = header(counts=(1, 0, 0, count)) + question(WWW) + b"".join(records)
            reply = ask(server.endpoint, wire)
            if records.count(opt()) > 1 or signed in records[:-1]:
                assert rcode_of(reply) == dns.rcode.FORMERR
                parse(reply)
            elif records[-1] == signed:
                not_believed(reply)
            else:
                assert rcode_of(reply) == dns.rcode.NOERROR


def test_a8_every_cut_of_the_record(server: Resolute) -> None:
    whole = query(WWW, extra=Signed().record())
    start = len(query(WWW))
    with tcp_socket(server.endpoint) as sock:
        for cut in range(start, len(whole)):
            send_framed(sock, whole[:cut])
            assert rcode_of(receive_framed(sock)) == dns.rcode.FORMERR


def test_a8_every_byte_of_the_record(server: Resolute) -> None:
    """Each set to 0, 1, 255 and its neighbours: only what is no TSIG any more, for its type, is answered as none."""
    sound = Signed().record()
    type_at = range(len(name("key.test.")), len(name("key.test.")) + 2)
    with tcp_socket(server.endpoint) as sock:
        for at, old in enumerate(sound):
            for new in {0, 1, 255, max(old - 1, 0), min(old + 1, 255)} - {old}:
                send_framed(sock, query(WWW, extra=sound[:at] + bytes([new]) + sound[at + 1 :]))
                rcode = rcode_of(receive_framed(sock))
                assert rcode in {dns.rcode.FORMERR, dns.rcode.NOTAUTH} or at in type_at, f"byte {at} = {new}: {rcode}"
