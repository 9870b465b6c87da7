"""DNS cookies beside others: their clients understand ours, and servers that share a secret take each other's."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import dns.rcode
import pytest

from bench.peers import Bind, Endpoint, Knot, Nsd, Resolute, Server, Service
from tests.asking import parse, udp
from tests.cookies import CLIENT, SECRET, asking, learn

ZONE = {"agree.test.": Path(__file__).parent / "zones/agree.test.zone"}
NAME = "web.agree.test."
SHARED = f'[resolver]\nmode = "off"\n[cookies]\nrequire = true\nsecrets = ["{SECRET.hex()}"]\n'


class BindWithSecret(Bind):
    """BIND that shares the secret, and has data only for a good cookie."""

    def arguments(self) -> Sequence[str]:
        options = f'require-server-cookie yes; cookie-algorithm siphash24; cookie-secret "{SECRET.hex()}";'
        return _amended(super().arguments(), "options {", f"options {{\n    {options}")


class KnotWithSecret(Knot):
    """Knot that shares the secret, and answers every bad cookie with BADCOOKIE."""

    def arguments(self) -> Sequence[str]:
        module = f"mod-cookies:\n  - id: shared\n    secret: 0x{SECRET.hex()}\n    badcookie-slip: 1\ntemplate:\n"
        command = _amended(super().arguments(), "template:\n", module)
        return _amended(command, "  - id: default\n", "  - id: default\n    global-module: mod-cookies/shared\n")


class NsdWithSecret(Nsd):
    """NSD that shares the secret. It has no way to insist on a cookie."""

    def arguments(self) -> Sequence[str]:
        cookies = f'server:\n    answer-cookie: yes\n    cookie-secret: "{SECRET.hex()}"'
        return _amended(super().arguments(), "server:", cookies)


def _amended(command: Sequence[str], before: str, after: str) -> Sequence[str]:
    """The command, its configuration file with one text replaced by another."""
    file = Path(command[-1])
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    return command


@pytest.fixture(scope="module")
def ours() -> Iterator[Endpoint]:
    with Resolute(Service(zones=ZONE, extra=SHARED)) as resolute:
        yield resolute.endpoint


@pytest.fixture(scope="module", params=[BindWithSecret, KnotWithSecret, NsdWithSecret])
def theirs(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param(Service(zones=ZONE)) as server:
        yield server


def takes(server: Endpoint, cookie: bytes) -> bool:
    """Whether a server that insists on good cookies takes this one."""
    rcode = parse(udp(server, asking(NAME, cookie))).rcode()
    assert rcode in {dns.rcode.NOERROR, dns.rcode.BADCOOKIE}
    return rcode == dns.rcode.NOERROR


def test_we_take_theirs(ours: Endpoint, theirs: Server) -> None:
    cookie = learn(theirs.endpoint, NAME)
    assert takes(ours, cookie)
    assert learn(ours, NAME, cookie) == cookie
    assert not takes(ours, cookie[:-1] + bytes([cookie[-1] ^ 1]))


def test_they_take_ours(ours: Endpoint, theirs: Server) -> None:
    cookie = learn(ours, NAME)
    if isinstance(theirs, Nsd):
        assert learn(theirs.endpoint, NAME, cookie) == cookie
        return
    assert takes(theirs.endpoint, cookie)
    assert not takes(theirs.endpoint, CLIENT + b"\1" * 16)


# ---------------------------------------------------------------------------------------------------------- clients


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def dig(server: Endpoint, *words: str) -> str:
    """Tried once: what is right does not need a second chance."""
    return run("dig", f"@{server.host}", "-p", str(server.port), "+tries=1", *words)


def kdig(server: Endpoint, *words: str) -> str:
    return run("kdig", f"@{server.host}", "-p", str(server.port), "+retry=0", *words)


def test_dig_learns_a_cookie_and_shows_it(ours: Endpoint) -> None:
    """dig asks again by itself after BADCOOKIE, with the cookie that it was given."""
    shown = dig(ours, NAME, "A", "+cookie", "+badcookie")
    assert "status: NOERROR" in shown
    assert re.search(r"^; COOKIE: [0-9a-f]{48} \(good\)$", shown, re.MULTILINE)
    assert "BADCOOKIE, retrying" in shown


def test_dig_without_a_second_question_sees_badcookie(ours: Endpoint) -> None:
    shown = dig(ours, NAME, "A", "+cookie", "+nobadcookie")
    assert "status: BADCOOKIE" in shown
    given = re.search(r"^; COOKIE: ([0-9a-f]{48}) \(good\)$", shown, re.MULTILINE)
    assert given is not None
    again = dig(ours, NAME, "A", f"+cookie={given[1]}", "+nobadcookie")
    assert "status: NOERROR" in again
    assert re.search("ANSWER: [1-9]", again)


def test_kdig_learns_a_cookie(ours: Endpoint) -> None:
    """kdig asks again by itself after BADCOOKIE."""
    shown = kdig(ours, NAME, "A", "+cookie", "+badcookie")
    assert "status: NOERROR" in shown


def test_the_identifier_and_the_keepalive() -> None:
    extra = '[resolver]\nmode = "off"\n[identity]\nnsid = "ns7"\n'
    with Resolute(Service(zones=ZONE, extra=extra)) as resolute:
        assert '("ns7")' in dig(resolute.endpoint, NAME, "A", "+nsid")
        assert '"ns7"' in kdig(resolute.endpoint, NAME, "A", "+nsid")
        assert "TCP KEEPALIVE: 10.0 secs" in dig(resolute.endpoint, NAME, "A", "+tcp", "+keepalive")
