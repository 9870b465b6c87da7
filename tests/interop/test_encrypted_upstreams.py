"""Forwarding over TCP, TLS, HTTPS and QUIC, beside real servers: Unbound and BIND; of DNS over QUIC, which neither of
these serves, a server made of aioquic, which kdig is asked to agree with."""

import shutil
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest

from bench.peers import Bind, Resolute, Service, Unbound
from bench.peers.server import free_port
from resolute.errors import SettingsError
from resolute.node.client import ControlClient
from tests.asking import sockets
from tests.faults.kit.asking import addresses, answers, ask, rcode, wait_for
from tests.faults.kit.certificates import Authority, Identity
from tests.faults.kit.encrypted import Doq, EncryptedUpstream, HalfHandshake, Http3, Https, Tls
from tests.faults.kit.upstream import Asked, Upstream, answering, reply, rrset

RECORDS = ("www.example. 300 IN A 192.0.2.1", *(f"n{n}.example. 300 IN A 192.0.2.9" for n in range(1_000)))
UNBOUND = """
    interface: 127.0.0.1@{tls}
    interface: 127.0.0.1@{https}
    tls-port: {tls}
    https-port: {https}
    tls-service-key: "{identity.key}"
    tls-service-pem: "{identity.certificate}"
"""
BIND = """
tls here {{ cert-file "{identity.certificate}"; key-file "{identity.key}"; }};
"""
BIND_LISTEN = """listen-on port {tls} tls here {{ 127.0.0.1; }};
    listen-on port {https} tls here http default {{ 127.0.0.1; }};
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.issue("dns.test", "127.0.0.1")


@pytest.fixture
def source() -> Iterator[Upstream]:
    """What the peers themselves forward to."""
    with Upstream(answering(*RECORDS)) as running:
        yield running


@contextmanager
def forwarding(authority: Authority, *upstreams: str, more: str = "", routes: str = "") -> Iterator[Resolute]:
    """Resolute that asks these upstreams."""
    forward = ", ".join(f'"{upstream}"' for upstream in upstreams)
    text = f'[resolver]\nforward = [{forward}]\nca_file = "{authority.file}"\n{more}\n{routes}'
    with Resolute(Service(extra=text)) as server:
        yield server


def upstream(server: Resolute, at: int = 0) -> dict[str, object]:
    """What the server says of an upstream."""
    found: dict[str, object] = ControlClient(server.data).status()["upstreams"][at]
    return found


@pytest.mark.parametrize("transport", ["tcp", "tls", "tls by address", "https"])
def test_unbound_over(transport: str, authority: Authority, identity: Identity, source: Upstream) -> None:
    tls, https = free_port(), free_port()
    extra = UNBOUND.format(tls=tls, https=https, identity=identity)
    with Unbound(Service(forward=source.endpoint, extra=extra)) as unbound:
        urls = {
            "tcp": f"tcp://{unbound.endpoint}",
            "tls": f"tls://127.0.0.1:{tls}#dns.test",
            "tls by address": f"tls://127.0.0.1:{tls}",
            "https": f"https://127.0.0.1:{https}/dns-query#dns.test",
        }
        with forwarding(authority, urls[transport]) as server:
            agrees(server)


@pytest.mark.parametrize("transport", ["tcp", "tls", "https"])
def test_bind_over(transport: str, authority: Authority, identity: Identity, source: Upstream) -> None:
    tls, https = free_port(), free_port()
    with _Bind(Service(forward=source.endpoint, extra=BIND.format(identity=identity)), tls, https) as bind:
        urls = {
            "tcp": f"tcp://{bind.endpoint}",
            "tls": f"tls://127.0.0.1:{tls}#dns.test",
            "https": f"https://127.0.0.1:{https}/dns-query#dns.test",
        }
        with forwarding(authority, urls[transport]) as server:
            agrees(server)


class _Bind(Bind):
    """BIND that listens for TLS and HTTPS too."""

    def __init__(self, service: Service, tls: int, https: int) -> None:
        super().__init__(service)
        self._listen = BIND_LISTEN.format(tls=tls, https=https)

    def arguments(self) -> Sequence[str]:
        arguments = super().arguments()
        configuration = Path(arguments[-1])
        text = configuration.read_text()
        configuration.write_text(text.replace("options {", "options {\n    " + self._listen, 1))
        return arguments


def agrees(server: Resolute) -> None:
    """Positive, negative and many at once, over one connection."""
    assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
    assert rcode(ask(server.endpoint, "none.example.")) == "NXDOMAIN"
    assert answers(ask(server.endpoint, "www.example.", "AAAA")) == []
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: addresses(server.endpoint, f"n{n}.example."), range(200)))
    assert found == [["192.0.2.9"]] * 200
    assert upstream(server)["state"] == "alive"


TRANSPORTS = [Tls, Https, Doq, Http3]
Kind = type[EncryptedUpstream]


@pytest.mark.skipif(shutil.which("kdig") is None, reason="kdig is not there; tools/install-peers.sh installs it")
def test_kdig_agrees_with_our_server_of_quic(identity: Identity, authority: Authority) -> None:
    """That server is a test's own, so another client says whether it keeps to RFC 9250."""
    with Doq(identity, answering(*RECORDS)) as doq:
        command = ["kdig", "@127.0.0.1", "-p", str(doq.endpoint.port), f"+tls-ca={authority.file}"]
        said = subprocess.run(
            [*command, "+tls-hostname=dns.test", "+quic", "+short", "www.example.", "A"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    assert said.stdout.strip() == "192.0.2.1", said


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_thousand_questions_take_one_handshake(kind: Kind, identity: Identity, authority: Authority) -> None:
    with (
        kind(identity, answering(*RECORDS)) as peer,
        forwarding(authority, peer.url("dns.test")) as server,
    ):
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda n: addresses(server.endpoint, f"n{n}.example."), range(1_000)))
        assert found == [["192.0.2.9"]] * 1_000
        assert len({asked.name for asked in peer.asked}) >= 1_001
        assert peer.handshakes == 1
        assert (upstream(server)["connections"], upstream(server)["opened"]) == (1, 1)


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_queries_are_padded_and_tell_nothing(kind: Kind, identity: Identity, authority: Authority) -> None:
    """RFC 8467 4.1: to a multiple of 128 octets. RFC 8484 4.1, RFC 9250 4.2.1: ID 0."""
    names = ["a.example.", "www.example.", f"{'x' * 60}.{'y' * 60}.example."]
    with (
        kind(identity, answering(*RECORDS)) as peer,
        forwarding(authority, peer.url("dns.test")) as server,
    ):
        for name in names:
            ask(server.endpoint, name)
    assert {len(asked.message.question) for asked in peer.asked} == {1}
    assert set(peer.lengths) == {128, 256}
    assert set(peer.idents) == {0} or kind is Tls
    if isinstance(peer, Https):
        fields = set(peer.headers[0])
        assert fields == {":method", ":scheme", ":authority", ":path", "accept", "content-type", "content-length"}
        assert peer.headers[0][":authority"] == f"dns.test:{peer.endpoint.port}"


def test_queries_over_tcp_are_not_padded(authority: Authority) -> None:
    """RFC 7830 6: no padding where nothing is encrypted."""
    with Upstream(answering(*RECORDS)) as peer, forwarding(authority, f"tcp://{peer.endpoint}") as server:
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        assert {asked.transport for asked in peer.asked} == {"tcp"}
        assert [list(asked.message.options) for asked in peer.questions("www.example.")] == [[]]


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_dnssec_ok_and_checking_disabled_go_along(kind: Kind, identity: Identity, authority: Authority) -> None:
    with (
        kind(identity, answering(*RECORDS)) as peer,
        forwarding(authority, peer.url("dns.test")) as server,
    ):
        query = dns.message.make_query("www.example.", "A", want_dnssec=True)
        query.flags |= dns.flags.CD
        dns.query.udp(query, server.endpoint.host, 10, server.endpoint.port)
        asked = peer.questions("www.example.")[0].message
    assert asked.flags & (dns.flags.CD | dns.flags.RD) == dns.flags.CD | dns.flags.RD
    assert asked.ednsflags & dns.flags.DO


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_answers_come_in_any_order(kind: Kind, identity: Identity, authority: Authority) -> None:
    """RFC 7766 7: who takes long does not hold up the others on the connection."""

    def respond(asked: Asked) -> Sequence[bytes]:
        if asked.name == "slow.example.":
            until = time.monotonic() + 5
            while not peer.questions("quick.example.") and time.monotonic() < until:
                time.sleep(0.01)
        return [reply(asked, rrset(f"{asked.name} 300 IN A 192.0.2.7"))]

    with kind(identity, respond) as peer, forwarding(authority, peer.url("dns.test")) as server:
        wait_for(lambda: upstream(server)["state"] == "alive")
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect((server.endpoint.host, server.endpoint.port))
            for name in ("slow.example.", "quick.example."):
                if name == "quick.example.":
                    wait_for(lambda: peer.questions("slow.example."))
                client.send(dns.message.make_query(name, "A").to_wire())
            found = [dns.message.from_wire(client.recv(4_096)) for _ in range(2)]
        assert [answers(one) for one in found] == [["192.0.2.7"]] * 2
        assert peer.handshakes == 1


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_connection_that_the_peer_closed_is_opened_again(
    kind: Kind, identity: Identity, authority: Authority
) -> None:
    """RFC 7766 6.2.4."""
    with (
        kind(identity, answering(*RECORDS)) as peer,
        forwarding(authority, peer.url("dns.test")) as server,
    ):
        for number in range(3):
            assert addresses(server.endpoint, f"n{number}.example.") == ["192.0.2.9"]
            peer.disconnect()
            wait_for(lambda: upstream(server)["connections"] == 0)
        assert peer.handshakes == 3
        assert upstream(server)["failures"] == 0


def test_a_server_that_ends_connections_in_good_order(identity: Identity, authority: Authority) -> None:
    """RFC 9113 6.8: GOAWAY after some requests, with others in flight."""
    with (
        Https(identity, answering(*RECORDS), "goaway") as peer,
        forwarding(authority, peer.url("dns.test")) as server,
    ):
        wait_for(lambda: upstream(server)["state"] == "alive")
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda n: addresses(server.endpoint, f"n{n}.example."), range(500)))
        assert found == [["192.0.2.9"]] * 500
        assert peer.handshakes > 4


@pytest.mark.parametrize(("version", "state"), [("TLSv1_1", "dead"), ("TLSv1_2", "alive")])
def test_tls_1_2_at_least(version: str, state: str, identity: Identity, authority: Authority) -> None:
    """RFC 8310 9, RFC 8996. The old server is one that an old client gets on with."""
    peer = Tls(identity, answering(*RECORDS))
    peer.version = ssl.TLSVersion[version]
    with peer, forwarding(authority, peer.url("dns.test")) as server:
        lax = ssl.create_default_context(cafile=str(authority.file))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            lax.minimum_version = lax.maximum_version = peer.version
        lax.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection((peer.endpoint.host, peer.endpoint.port), 5) as plain,
            lax.wrap_socket(plain, server_hostname="dns.test") as old,
        ):
            assert old.version() == version.replace("_", ".")
        wait_for(lambda: upstream(server)["state"] == state)
        assert (addresses(server.endpoint, "www.example.") == ["192.0.2.1"]) is (state == "alive")


def test_an_answer_that_was_cached_by_http_has_aged(identity: Identity, authority: Authority) -> None:
    """RFC 8484 5.1."""
    with Https(identity, answering(*RECORDS), "age") as peer, forwarding(authority, peer.url("dns.test")) as server:
        found = ask(server.endpoint, "www.example.").answer[0]
    assert found.ttl == 200


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_an_upstream_that_is_named_by_host_name(kind: Kind, identity: Identity, authority: Authority) -> None:
    """Its address is asked of the servers of `bootstrap`, once, through an alias too."""

    def respond(asked: Asked) -> Sequence[bytes]:
        alias = rrset("dns.test. 300 IN CNAME edge.test.")
        address = rrset("edge.test. 300 IN A 127.0.0.1")
        return [reply(asked, alias, address) if asked.rtype == "A" else reply(asked, alias)]

    with kind(identity, answering(*RECORDS)) as peer, Upstream(respond) as bootstrap:
        url = f"{peer.transport}://dns.test:{peer.endpoint.port}{peer.path}"
        with forwarding(authority, url, more=f'bootstrap = ["{bootstrap.endpoint}"]') as server:
            for number in range(3):
                assert addresses(server.endpoint, f"n{number}.example.") == ["192.0.2.9"]
                peer.disconnect()
                wait_for(lambda: upstream(server)["connections"] == 0)
        assert {asked.name for asked in bootstrap.asked} == {"dns.test."}
        assert sorted(asked.rtype for asked in bootstrap.asked) == ["A", "AAAA"]


def test_an_address_that_is_none_any_more_is_asked_for_again(identity: Identity, authority: Authority) -> None:
    """Long before its TTL is over."""
    at = ["127.0.0.9"]

    def respond(asked: Asked) -> Sequence[bytes]:
        return answering(f"dns.test. 86400 IN A {at[0]}")(asked)

    with (
        Tls(identity, answering(*RECORDS)) as peer,
        Upstream(respond) as bootstrap,
        forwarding(
            authority, f"tls://dns.test:{peer.endpoint.port}", more=f'bootstrap = ["{bootstrap.endpoint}"]'
        ) as server,
    ):
        wait_for(lambda: upstream(server)["state"] == "dead")
        assert upstream(server)["last_failure"] == "cannot be reached: Connection refused"
        at[0] = "127.0.0.1"
        wait_for(lambda: upstream(server)["state"] == "alive", timeout_s=30)
        assert addresses(server.endpoint, "n1.example.") == ["192.0.2.9"]


def test_a_bootstrap_server_that_knows_nothing(authority: Authority) -> None:
    with (
        Upstream(answering()) as bootstrap,
        forwarding(authority, "tls://dns.test", more=f'bootstrap = ["{bootstrap.endpoint}"]') as server,
    ):
        wait_for(lambda: upstream(server)["state"] == "dead")
        said = f"has a name whose address none of {bootstrap.endpoint} tells (resolver.bootstrap)"
        assert upstream(server)["last_failure"] == said


def test_strategies(identity: Identity, authority: Authority) -> None:
    """Each on a route of its own, with the same upstreams."""
    records = [f"{n}.{zone}. 300 IN A 192.0.2.9" for zone in ("strict", "turns", "all") for n in range(20)]
    with Tls(identity, answering(*records)) as first, Https(identity, answering(*records)) as second:
        names = {"strict": "strict", "turns": "round-robin", "all": "parallel"}
        servers = f'forward = ["{first.url("dns.test")}", "{second.url("dns.test")}"]'
        routes = "".join(
            f'[[resolver.route]]\nzone = "{zone}."\n{servers}\nstrategy = "{strategy}"\n'
            for zone, strategy in names.items()
        )
        with forwarding(authority, "127.0.0.1:9", routes=routes) as server:
            wait_for(lambda: [upstream(server, at)["state"] for at in (1, 2)] == ["alive", "alive"])
            for zone in names:
                for n in range(20):
                    assert addresses(server.endpoint, f"{n}.{zone}.") == ["192.0.2.9"]
            wait_for(lambda: len(_asked(first, "all")) == len(_asked(second, "all")) == 20)
    assert (len(_asked(first, "strict")), len(_asked(second, "strict"))) == (20, 0)
    assert (len(_asked(first, "turns")), len(_asked(second, "turns"))) == (10, 10)


def _asked(peer: EncryptedUpstream, zone: str) -> set[str]:
    return {asked.name for asked in peer.asked if asked.name.endswith(f".{zone}.") and asked.rtype == "A"}


@pytest.mark.parametrize(("fallback", "found"), [("", "NXDOMAIN"), ('fallback = ["nxdomain"]', "192.0.2.1")])
def test_nxdomain_leads_to_the_next_upstream_by_setting(
    fallback: str, found: str, identity: Identity, authority: Authority
) -> None:
    with (
        Tls(identity, answering("other.example. 300 IN A 192.0.2.5")) as inside,
        Tls(identity, answering(*RECORDS)) as outside,
    ):
        more = f'strategy = "strict"\n{fallback}'
        with forwarding(authority, inside.url("dns.test"), outside.url("dns.test"), more=more) as server:
            wait_for(lambda: [upstream(server, at)["state"] for at in (0, 1)] == ["alive", "alive"])
            reply_ = ask(server.endpoint, "www.example.")
            assert (answers(reply_) or [rcode(reply_)]) == [found]
            assert rcode(ask(server.endpoint, "nowhere.example.")) == "NXDOMAIN"


def test_nothing_is_left_after_a_reload(identity: Identity, authority: Authority) -> None:
    """Connections to upstreams that are gone end, and so do their sockets."""
    with (
        Tls(identity, answering(*RECORDS)) as tls,
        Doq(identity, answering(*RECORDS)) as doq,
        forwarding(authority, tls.url("dns.test"), doq.url("dns.test")) as server,
    ):
        wait_for(lambda: [upstream(server, at)["connections"] for at in (0, 1)] == [1, 1])
        before = sockets(server)
        (server.folder / "resolute.toml").write_text('[resolver]\nmode = "off"\n')
        ControlClient(server.data).reload()
        wait_for(lambda: sockets(server) <= before - 2)
        wait_for(lambda: not tls.open)


@pytest.mark.parametrize("state", ["alive", "dead"])
@pytest.mark.parametrize("kind", [Tls, Doq])
def test_the_roots_of_the_system(
    kind: Kind, state: str, identity: Identity, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They decide where nothing is set; OpenSSL's own variable says where they are."""
    if state == "alive":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        kind(identity, answering(*RECORDS)) as peer,
        Resolute(Service(extra=f'[resolver]\nforward = ["{peer.url("dns.test")}"]\n')) as server,
    ):
        wait_for(lambda: upstream(server)["state"] == state)
        said = "" if state == "alive" else "has a certificate that nobody whom we trust has signed"
        assert upstream(server)["last_failure"] == said


def test_a_reload_keeps_connections_unless_others_may_sign(
    identity: Identity, authority: Authority, tmp_path: Path
) -> None:
    with Tls(identity, answering(*RECORDS)) as peer, forwarding(authority, peer.url("dns.test")) as server:
        control, configuration = ControlClient(server.data), server.folder / "resolute.toml"
        assert addresses(server.endpoint, "n1.example.") == ["192.0.2.9"]
        configuration.write_text(configuration.read_text() + "[cache]\nmin_ttl = 1\n")
        control.reload()
        assert addresses(server.endpoint, "n2.example.") == ["192.0.2.9"]
        assert peer.handshakes == 1
        other = Authority(tmp_path, "Another")
        configuration.write_text(configuration.read_text().replace(str(authority.file), str(other.file)))
        control.reload()
        assert rcode(ask(server.endpoint, "n3.example.")) == "SERVFAIL"
        assert upstream(server)["last_failure"] == "has a certificate that nobody whom we trust has signed"
        assert peer.questions("n3.example.") == []
        other.file.write_text("nothing")
        with pytest.raises(SettingsError, match="has no certificates in it"):
            control.reload()


def test_the_end_waits_for_nobody(identity: Identity, authority: Authority) -> None:
    """Connections, and handshakes that never end, are ended with the server, which says 0."""
    with (
        Tls(identity, answering(*RECORDS)) as tls,
        Http3(identity, answering(*RECORDS)) as http,
        HalfHandshake(tls.endpoint, 0) as half,
    ):
        stuck = f"tls://{half.endpoint}#dns.test"
        with forwarding(authority, tls.url("dns.test"), http.url("dns.test"), stuck) as server:
            wait_for(lambda: [upstream(server, at)["connections"] for at in (0, 1)] == [1, 1])
            wait_for(lambda: half.accepted)
        # `stop` has raised, had the status been another.
        wait_for(lambda: not tls.open)


def test_the_status_says_what_is_wrong_with_a_certificate(identity: Identity, authority: Authority) -> None:
    with Tls(identity, answering(*RECORDS)) as peer, forwarding(authority, peer.url("elsewhere.test")) as server:
        wait_for(lambda: upstream(server)["state"] == "dead")
        found = upstream(server)
        assert found["transport"] == "tls"
        assert found["last_failure"] == "has a certificate that is not for elsewhere.test"
        reply_ = ask(server.endpoint, "www.example.")
        assert rcode(reply_) == "SERVFAIL"
        assert "not for elsewhere.test" in " ".join(option.to_text() for option in reply_.options)
        shown = subprocess.run(
            [server.command, "status", "--data", str(server.data)], capture_output=True, text=True, check=True
        ).stdout
        assert "not for elsewhere.test" in " ".join(shown.split())


def test_what_is_not_needed_is_not_loaded() -> None:
    """A node with plain upstreams has neither HTTP nor QUIC in its memory."""
    with Resolute(Service(extra='[resolver]\nforward = ["192.0.2.1"]\n')) as server:
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "_native" in maps
    assert "aioquic" not in maps
    assert "pylsqpack" not in maps
