"""DNS cookies, the server's side: RFC 7873."""

from collections.abc import Callable, Iterator

import dns.flags
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import AA, TC, flags_of, header, opt, option, parse, query, rcode_of, tcp, udp
from tests.cookies import CLIENT, COOKIE, asking, cookie_of, learn
from tests.rfc.conftest import ZONES

WWW = "www.rfc.test."
Transport = Callable[[Endpoint, bytes], bytes]
each_transport = pytest.mark.parametrize("transport", [udp, tcp])


@pytest.fixture(scope="module")
def strict() -> Iterator[Endpoint]:
    """A server that wants a good cookie of every client that knows cookies."""
    extra = '[resolver]\nmode = "off"\n[cookies]\nrequire = true\n'
    with Resolute(Service(zones=ZONES, extra=extra)) as resolute:
        yield resolute.endpoint


@pytest.fixture(scope="module")
def without() -> Iterator[Endpoint]:
    """A server with cookies switched off."""
    extra = '[resolver]\nmode = "off"\n[cookies]\nenabled = false\n'
    with Resolute(Service(zones=ZONES, extra=extra)) as resolute:
        yield resolute.endpoint


@each_transport
def test_no_cookie_is_answered_as_ever(server: Endpoint, transport: Transport) -> None:
    """5.2.1: a request without the option gets a reply without it."""
    for wire in (query(WWW), asking(WWW, None)):
        reply = parse(transport(server, wire))
        assert len(reply.answer) == 1
        assert cookie_of(reply) is None


@each_transport
@pytest.mark.parametrize("length", [n for n in range(65) if n != 8 and not 16 <= n <= 40])
def test_a_malformed_length_is_a_format_error(server: Endpoint, transport: Transport, length: int) -> None:
    """5.2.2: a COOKIE option of fewer than 8 bytes, of 9 to 15 or of more than 40 gets FORMERR."""
    reply = transport(server, asking(WWW, b"c" * length))
    assert parse(reply).rcode() == dns.rcode.FORMERR
    assert parse(reply).edns == 0
    assert cookie_of(parse(reply)) is None
    assert flags_of(reply) & AA == 0


@each_transport
@pytest.mark.parametrize("length", [8, *range(16, 41)])
def test_a_client_cookie_gets_a_server_cookie(server: Endpoint, transport: Transport, length: int) -> None:
    """5.2.3, 5.2.4: a client cookie alone, or with a server cookie that is not right, is answered as a request without
    one; the reply has the client cookie and a server cookie."""
    sent = CLIENT + b"\1" * (length - 8)
    reply = parse(transport(server, asking(WWW, sent)))
    assert reply.rcode() == dns.rcode.NOERROR
    assert len(reply.answer) == 1
    cookie = cookie_of(reply)
    assert cookie is not None
    assert len(cookie) == 24
    assert cookie[:8] == CLIENT
    assert cookie != sent


@pytest.mark.parametrize(
    "qname", [WWW, "missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid.", "big.rfc.test.", "cname.rfc.test."]
)
def test_whatever_the_reply_it_has_the_cookie(server: Endpoint, qname: str) -> None:
    """5.2.3: the reply has a COOKIE option, whatever else it says; a truncated one too."""
    for ask in (udp, tcp):
        assert cookie_of(parse(ask(server, asking(qname, rdtype=16)))) is not None


@pytest.mark.parametrize("size", [512, 600, 700, 1000, 1232])
@pytest.mark.parametrize("qname", ["big.rfc.test.", "medium.rfc.test.", "manyns.rfc.test.", "hundred.rfc.test."])
@pytest.mark.parametrize("rdtype", [16, 2, 15])
def test_a_cookie_never_falls_off_a_full_reply(server: Endpoint, size: int, qname: str, rdtype: int) -> None:
    """Its place is kept: the rest of the reply ends before it, and says so with TC (RFC 2181 9)."""
    wire = query(qname, rdtype, extra=opt(size=size, options=option(COOKIE, CLIENT)))
    reply = udp(server, wire)
    assert len(reply) <= size
    assert cookie_of(parse(reply)) is not None
    whole = parse(tcp(server, wire))
    assert flags_of(reply) & TC or len(parse(reply).answer) == len(whole.answer)


def test_a_good_cookie_comes_back(server: Endpoint) -> None:
    """5.2.5: the reply to a request with a right cookie has the cookie that the server would give now, which is the
    same while it is fresh (RFC 9018 4.3)."""
    cookie = learn(server, WWW)
    assert learn(server, WWW, cookie) == cookie
    assert learn(server, "missing.rfc.test.", cookie) == cookie


def test_another_client_cookie_makes_it_a_bad_one(server: Endpoint) -> None:
    """6: a server cookie is bound to the client cookie, the address and the secret."""
    stolen = b"01234567" + learn(server, WWW)[8:]
    assert learn(server, WWW, stolen) != stolen


@pytest.mark.parametrize("second", [CLIENT[::-1], b"1", CLIENT + b"\1" * 16])
def test_all_but_the_first_are_ignored(server: Endpoint, second: bytes) -> None:
    """5.2: of several COOKIE options all but the first are ignored."""
    options = option(COOKIE, CLIENT) + option(65_001, b"x") + option(COOKIE, second)
    reply = parse(udp(server, query(WWW, extra=opt(options=options))))
    assert reply.rcode() == dns.rcode.NOERROR
    assert (cookie_of(reply) or b"")[:8] == CLIENT


# ------------------------------------------------------------------------------------------------ 5.4: no question


@each_transport
def test_a_cookie_is_asked_for_alone(server: Endpoint, transport: Transport) -> None:
    """5.4: with a client cookie, or with a server cookie that is right, NOERROR; with one that is not, BADCOOKIE. The
    reply has a right one, and nothing else."""

    def refresh(cookie: bytes) -> tuple[dns.rcode.Rcode, bytes]:
        reply = parse(transport(server, header(counts=(0, 0, 0, 1)) + opt(options=option(COOKIE, cookie))))
        assert not reply.question
        assert not reply.answer
        assert not reply.authority
        learnt = cookie_of(reply)
        assert learnt is not None
        return reply.rcode(), learnt

    rcode, cookie = refresh(CLIENT)
    assert rcode == dns.rcode.NOERROR
    assert refresh(cookie) == (dns.rcode.NOERROR, cookie)
    rcode, instead = refresh(CLIENT + b"\1" * 16)
    assert rcode == dns.rcode.BADCOOKIE
    assert refresh(instead) == (dns.rcode.NOERROR, instead)


# ------------------------------------------------------------------------------------------------ by setting


def test_required_cookies(strict: Endpoint) -> None:
    """5.2.3, 5.2.4: a server may answer a request without a right server cookie with BADCOOKIE and no data."""
    for sent in (CLIENT, CLIENT + b"\1" * 16, CLIENT + b"\1" * 32):
        reply = parse(udp(strict, asking(WWW, sent)))
        assert reply.rcode() == dns.rcode.BADCOOKIE
        assert len(reply.question) == 1
        assert not reply.answer
        assert not reply.flags & (dns.flags.AA | dns.flags.TC)
        cookie = cookie_of(reply)
        assert cookie is not None
        good = parse(udp(strict, asking(WWW, cookie)))
        assert good.rcode() == dns.rcode.NOERROR
        assert len(good.answer) == 1
        assert cookie_of(good) == cookie


def test_required_cookies_are_not_for_tcp(strict: Endpoint) -> None:
    """5.2.3: over TCP the address has been shown already."""
    assert len(parse(tcp(strict, asking(WWW))).answer) == 1


def test_required_cookies_are_of_clients_that_know_them(strict: Endpoint) -> None:
    """5.2.1: without the option the request is answered as a server without cookies would."""
    for wire in (query(WWW), asking(WWW, None)):
        assert len(parse(udp(strict, wire)).answer) == 1


def test_cookies_switched_off(without: Endpoint) -> None:
    """RFC 6891 6.1.2: a server without cookies ignores the option."""
    reply = parse(udp(without, asking(WWW)))
    assert len(reply.answer) == 1
    assert cookie_of(reply) is None
    asked = header(counts=(0, 0, 0, 1)) + opt(options=option(COOKIE, CLIENT))
    assert rcode_of(udp(without, asked)) == dns.rcode.FORMERR
