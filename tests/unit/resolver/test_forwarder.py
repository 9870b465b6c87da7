"""Forwarding as decisions: whom next, over what, when to give up."""

import pytest

from resolute.resolver.forwarder import (
    NETWORK_ERROR,
    NO_REACHABLE_AUTHORITY,
    Ask,
    Candidate,
    Decision,
    Deliver,
    Forwarding,
    GiveUp,
    Outcome,
    Reason,
)

ONE, TWO, THREE, FOUR = (Candidate(f"192.0.2.{n}:53", 100) for n in range(1, 5))
GOOD = Outcome(None, 0, b"reply")
SILENCE = Outcome(Reason.TIMEOUT)


def asked(decision: Decision) -> Ask:
    assert isinstance(decision, Ask)
    return decision


def test_the_first_is_asked_and_its_answer_delivered() -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    first = asked(machine.begin(0))
    assert (first.upstream, first.tcp) == (ONE.address, False)
    assert machine.ended(first, GOOD, 10) == Deliver(b"reply", first, ())


def test_nxdomain_is_an_answer() -> None:
    """RFC 2308 2.1: a name error is an answer, to be cached, and no reason to ask elsewhere."""
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    assert isinstance(machine.ended(asked(machine.begin(0)), Outcome(None, 3, b"no"), 10), Deliver)


@pytest.mark.parametrize(
    "outcome",
    [
        SILENCE,
        Outcome(Reason.UNREACHABLE),
        Outcome(Reason.SHORTAGE),
        Outcome(Reason.BROKEN),
        Outcome(None, 2),
        Outcome(None, 5),
    ],
)
def test_whoever_fails_the_next_is_asked(outcome: Outcome) -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    assert asked(machine.ended(asked(machine.begin(0)), outcome, 50)).upstream == TWO.address


def test_whom_the_data_plane_asked_is_not_asked_first_again() -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    assert asked(machine.begin(0, asked=ONE.address, outcome=SILENCE)).upstream == TWO.address


@pytest.mark.parametrize("reason", [Reason.TRUNCATED, Reason.MISMATCH])
def test_truncation_and_mismatch_lead_to_the_same_one_over_tcp(reason: Reason) -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    ask = asked(machine.begin(0, asked=ONE.address, outcome=Outcome(reason)))
    assert (ask.upstream, ask.tcp) == (ONE.address, True)
    assert asked(machine.ended(ask, SILENCE, 50)).upstream == TWO.address


def test_a_truncated_reply_of_one_that_is_no_candidate_any_more_leads_to_the_others() -> None:
    machine = Forwarding([ONE], deadline_ms=4000)
    ask = asked(machine.begin(0, asked=TWO.address, outcome=Outcome(Reason.TRUNCATED)))
    assert (ask.upstream, ask.tcp) == (ONE.address, False)


def test_three_tries_then_it_gives_up_and_names_them() -> None:
    machine = Forwarding([ONE, TWO, THREE, FOUR], deadline_ms=60_000)
    decision: Decision = machine.begin(0)
    tries = 0
    while isinstance(decision, Ask):
        tries += 1
        decision = machine.ended(decision, SILENCE, tries * 500)
    assert tries == 3
    assert isinstance(decision, GiveUp)
    assert decision.ede == NO_REACHABLE_AUTHORITY
    assert all(one.address in decision.text for one in (ONE, TWO, THREE))
    assert FOUR.address not in decision.text
    assert decision.silent


def test_a_lone_upstream_that_was_too_slow_is_asked_once_more_with_all_the_time() -> None:
    machine = Forwarding([ONE], deadline_ms=4000)
    ask = asked(machine.begin(100, asked=ONE.address, outcome=SILENCE))
    assert ask.upstream == ONE.address
    assert ask.timeout_ms == 4000 - 100 - 50
    assert isinstance(machine.ended(ask, SILENCE, 3950), GiveUp)


def test_errors_of_all_are_a_failure_with_the_last_reply_kept() -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    second = asked(machine.ended(asked(machine.begin(0)), Outcome(None, 2, b"first"), 10))
    end = machine.ended(second, Outcome(None, 5, b"second"), 20)
    assert end == GiveUp(
        NETWORK_ERROR, f"{ONE.address} answered SERVFAIL, {TWO.address} answered REFUSED", silent=False, reply=b"second"
    )


def test_no_try_reaches_beyond_the_deadline() -> None:
    machine = Forwarding([ONE, TWO, THREE], deadline_ms=1000)
    decision, now = machine.begin(0), 0.0
    while isinstance(decision, Ask):
        assert now + decision.timeout_ms <= 950
        now += decision.timeout_ms
        decision = machine.ended(decision, SILENCE, now)
    assert isinstance(decision, GiveUp)


def test_without_time_nobody_is_asked() -> None:
    assert isinstance(Forwarding([ONE], deadline_ms=40).begin(0), GiveUp)


def test_who_failed_what_another_answered_is_named() -> None:
    machine = Forwarding([ONE, TWO], deadline_ms=4000)
    second = asked(machine.begin(0, asked=ONE.address, outcome=Outcome(Reason.RCODE, 5)))
    assert machine.ended(second, GOOD, 10) == Deliver(b"reply", second, (ONE.address,))
