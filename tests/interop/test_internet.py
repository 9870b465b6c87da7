"""The test Internet is right: Unbound, BIND, delv and drill agree on it, and on what is secure, insecure and bogus."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.peers import Server
from bench.peers.server import SYSTEM_PATH
from tests.internet.asking import Answer, ask_all
from tests.internet.differences import reason, unexplained
from tests.internet.internet import Internet
from tests.internet.questions import Question, questions, verdicts
from tests.internet.scripted import dnskey
from tests.internet.zones import Denial, Fault, Verdict, World, Zone

COUNT = 1_000
EXCUSED = 0.03
"""The part of the answers that may differ for a known reason."""
DEAD = ["all-lame.org.", "cycle-one.org."]
DEAD_TO_BIND = ["all-closed.org.", "all-silent.org.", "cycle-two.org."]
"""Unbound tries these for longer than a minute before it says SERVFAIL."""
KINDS = {("NOERROR", True), ("NOERROR", False), ("NXDOMAIN", True), ("NXDOMAIN", False), ("SERVFAIL", False)}
pytestmark = [
    pytest.mark.skipif(
        not all(shutil.which(command, path=SYSTEM_PATH) for command in ("unshare", "nsenter", "ip")),
        reason="no namespaces here",
    ),
    pytest.mark.timeout(180),  # half a minute; more on a busy machine
]
Said = dict[str, Answer]
"""What Unbound and BIND said to a question."""


@dataclass(frozen=True)
class Asked:
    """The test Internet, a resolver, and what both said to all questions, which are asked at once: some take long."""

    internet: Internet
    unbound: Server
    said: dict[Question, Said]
    dead: Sequence[Answer]

    @property
    def world(self) -> World:
        return self.internet.world


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with Internet() as internet, internet.unbound() as unbound, internet.bind() as bind:
        world, servers = internet.world, {"unbound": unbound, "bind": bind}
        positive = [question for _, those in verdicts(world) for question in those]
        negative = [_denied(zone) for zone, _ in verdicts(world)]
        every = [*map(_unchecked, _bogus(world)), *negative, *positive, *questions(world, COUNT)]
        asked = list(dict.fromkeys(every))
        both, bind_alone = ([Question(f"www.{zone}", "A") for zone in dead] for dead in (DEAD, DEAD_TO_BIND))
        with ThreadPoolExecutor() as pool:
            dead = pool.submit(ask_all, servers, both), pool.submit(ask_all, {"bind": bind}, bind_alone)
            said = dict(zip(asked, ask_all(servers, asked), strict=True))
        failed = [answer for those in dead for answers in those.result() for answer in answers.values()]
        yield Asked(internet, unbound, said, failed)


def test_unbound_and_bind_agree(asked: Asked) -> None:
    differ = [unexplained(asked.world, question, **said) for question, said in asked.said.items()]
    assert [text for text in differ if text] == []


def test_what_differs_for_a_known_reason_is_little(asked: Asked) -> None:
    excused = [why for question, said in asked.said.items() if (why := reason(asked.world, question, **said))]
    assert 0 < len(excused) <= EXCUSED * len(asked.said), excused


def test_the_questions_have_answers_of_all_kinds(asked: Asked) -> None:
    said = [asked.said[question]["unbound"] for question in questions(asked.world, COUNT)]
    assert {(answer.rcode, answer.authentic) for answer in said} == KINDS


@pytest.mark.parametrize("who", ["unbound", "bind"])
def test_each_zone_has_its_verdict(asked: Asked, who: str) -> None:
    cases = [(zone, question) for zone, those in verdicts(asked.world) for question in those]
    wrong = [
        f"{question} ({zone.shape}): {answer}"
        for zone, question in cases
        if not _is(answer := asked.said[question][who], _expected(asked.world, zone, question))
    ]
    assert wrong == []


@pytest.mark.parametrize("who", ["unbound", "bind"])
def test_a_denial_has_the_verdict_of_its_zone_or_rests_on_opt_out(asked: Asked, who: str) -> None:
    """RFC 5155 9.2: no AD for a name that opt-out may hide; RFC 9276 3.2: too many iterations make it insecure."""
    for zone, _ in verdicts(asked.world):
        expected = _expected_denial(asked.world, zone)
        answer = asked.said[_denied(zone)][who]
        rcode = "SERVFAIL" if expected is Verdict.BOGUS else "NXDOMAIN"
        assert (answer.rcode, answer.authentic) == (rcode, expected is Verdict.SECURE), zone


@pytest.mark.parametrize("who", ["unbound", "bind"])
def test_bogus_data_are_given_to_who_checks_himself(asked: Asked, who: str) -> None:
    """RFC 4035 3.2.2: with CD set."""
    answers = [asked.said[_unchecked(zone)][who] for zone in _bogus(asked.world)]
    assert {(answer.rcode, bool(answer.answer)) for answer in answers} == {("NOERROR", True)}


def test_what_has_no_server_fails(asked: Asked) -> None:
    assert [answer.rcode for answer in asked.dead] == ["SERVFAIL"] * (2 * len(DEAD) + len(DEAD_TO_BIND))


@pytest.mark.parametrize(
    "name", ["www.alpha-dns.net.", "ns1.ns.se.", "www.signed-14-nsec.se.", "www.very-glueless.org."]
)
def test_delv_and_drill_say_secure(asked: Asked, tmp_path: Path, name: str) -> None:
    assert "fully validated" in _delv(asked, tmp_path, name)
    key = tmp_path / "key"
    key.write_text(dnskey(".", asked.internet.keys(".")[0]).to_text() + "\n")
    assert "Chase successful" in _within(asked.unbound, "drill", "-S", "-k", key, "@127.0.0.1", name, "A")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("www.expired.se.", "RRSIG has expired"),
        ("www.wrong-ds.com.", "no valid signature found (DS)"),
        ("www.wrong-www.com.", "RRSIG failed to verify"),
        ("www.no-ds.com.", "unsigned answer"),
        ("www.unknown-digest.se.", "unsigned answer"),
        ("www.signed.zz.", "unsigned answer"),
    ],
)
def test_delv_says_what_is_wrong(asked: Asked, tmp_path: Path, name: str, words: str) -> None:
    assert words in _delv(asked, tmp_path, name)


# ------------------------------------------------------------------------------------------------ expectations


def _bogus(world: World) -> list[Zone]:
    return [zone for zone, _ in verdicts(world) if world.verdict(zone) is Verdict.BOGUS]


def _denied(zone: Zone) -> Question:
    return Question(f"surely-not-there.{zone.name}", "A", dnssec_ok=True)


def _unchecked(zone: Zone) -> Question:
    return Question(f"www.{zone.name}", "A", dnssec_ok=True, checking_disabled=True)


def _expected(world: World, zone: Zone, question: Question) -> Verdict:
    wrong = zone.signing is not None and zone.signing.fault is Fault.WRONG_WWW and question.rtype == "A"
    return Verdict.BOGUS if wrong and world.verdict(zone) is Verdict.SECURE else world.verdict(zone)


def _expected_denial(world: World, zone: Zone) -> Verdict:
    verdict = world.verdict(zone)
    if verdict is not Verdict.SECURE or zone.signing is None:
        return verdict
    if zone.signing.fault is Fault.NO_DENIAL:
        return Verdict.BOGUS
    return Verdict.INSECURE if zone.signing.denial in {Denial.OPT_OUT, Denial.EXCESSIVE} else Verdict.SECURE


def _is(answer: Answer, verdict: Verdict) -> bool:
    """RFC 4035 3.2.3, 5.5: AD for what is secure, SERVFAIL for what is bogus."""
    if verdict is Verdict.BOGUS:
        return answer.rcode == "SERVFAIL" and not answer.answer
    return answer.rcode == "NOERROR" and bool(answer.answer) and answer.authentic is (verdict is Verdict.SECURE)


def _delv(asked: Asked, folder: Path, name: str) -> str:
    """It checks by itself what Unbound has, unchecked (CD)."""
    words = asked.internet.root.anchors.read_text().split()
    anchors = folder / "anchors"
    anchors.write_text(f'trust-anchors {{ . static-ds {" ".join(words[-4:-1])} "{words[-1]}"; }};\n')
    return _within(asked.unbound, "delv", "-a", anchors, "+cdflag", "@127.0.0.1", name, "A")


def _within(server: Server, *command: object) -> str:
    """What a command says in the namespace of a resolver."""
    network = server.service.network
    assert network is not None
    words = [*network.command, *map(str, command)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr
