"""The health of upstreams, and who is asked first."""

import pytest

from resolute.resolver.upstreams import Measured, Upstreams

A, B, C = "192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"


def table() -> Upstreams:
    upstreams = Upstreams()
    upstreams.keep([A, B, C])
    return upstreams


def test_the_quickest_first_and_the_unknown_behind() -> None:
    upstreams = table()
    upstreams.replied(B, rtt_ms=10)
    upstreams.replied(C, rtt_ms=5)
    assert upstreams.order([A, B, C]) == (C, B, A)


def test_two_that_are_alike_do_not_take_turns() -> None:
    upstreams = table()
    upstreams.replied(A, rtt_ms=11)
    upstreams.replied(B, rtt_ms=10)
    assert upstreams.order([A, B], before=[A, B]) == (A, B)
    upstreams.replied(C, rtt_ms=2)
    assert upstreams.order([A, B, C], before=[A, B, C])[0] == C


def test_one_failure_puts_it_behind_a_reply_puts_it_back() -> None:
    upstreams = table()
    for address, rtt in ((A, 1), (B, 20), (C, 30)):
        upstreams.replied(address, rtt_ms=rtt)
    upstreams.failed(A, "timeout")
    assert upstreams.order([A, B, C], before=[A, B, C]) == (B, C, A)
    assert upstreams.get(A).state == "failing"
    upstreams.failed(A, "timeout")
    assert upstreams.get(A).state == "dead"
    assert upstreams.replied(A, rtt_ms=1) is True
    assert upstreams.order([A, B, C], before=[B, C, A]) == (A, B, C)


def test_one_that_refuses_what_others_answer_goes_behind() -> None:
    upstreams = table()
    upstreams.replied(A, rtt_ms=1)
    upstreams.replied(B, rtt_ms=50)
    for _ in range(3):
        upstreams.faulted(A, "REFUSED")
    assert upstreams.order([A, B])[0] == B
    upstreams.answered(A)
    assert upstreams.order([A, B])[0] == A


@pytest.mark.parametrize(("rtt_ms", "timeout_ms"), [(0, 400), (1, 50), (40, 120), (900, 1000)])
def test_the_timeout_is_three_round_trips_within_bounds(rtt_ms: float, timeout_ms: int) -> None:
    upstreams = table()
    upstreams.replied(A, rtt_ms=rtt_ms or None)
    assert upstreams.get(A).timeout_ms == timeout_ms


def test_what_the_data_plane_measured_counts_as_replies() -> None:
    upstreams = table()
    upstreams.failed(A, "timeout")
    assert upstreams.measured([Measured(A, 5, 12.0)]) == [A]
    assert upstreams.get(A).rtt_ms == 12.0
    upstreams.failed(A, "timeout")
    assert upstreams.measured([Measured(A, 5, 12.0)]) == []
    assert upstreams.get(A).failures == 1


def test_error_replies_that_the_data_plane_counted_do_not_clear_a_fault() -> None:
    upstreams = table()
    for _ in range(3):
        upstreams.errored(A)
        upstreams.faulted(A, "REFUSED")
    upstreams.measured([Measured(A, 3, 1.0)])
    assert not upstreams.get(A).usable
    upstreams.measured([Measured(A, 4, 1.0)])
    assert upstreams.get(A).usable


def test_a_dead_one_is_probed_once_a_second_and_everybody_once() -> None:
    upstreams = table()
    assert upstreams.to_probe(100.0, firsts=frozenset({A}), busy=False) == [A, B, C]
    for address in (A, B, C):
        upstreams.replied(address, rtt_ms=1)
    upstreams.failed(B, "timeout")
    probes = [upstreams.to_probe(101 + tick / 2, firsts=frozenset({A}), busy=False) for tick in range(10)]
    assert probes == [[B], []] * 5


def test_others_than_the_first_are_measured_again_only_while_there_are_questions() -> None:
    upstreams = table()
    upstreams.to_probe(0.0, firsts=frozenset({A}), busy=False)
    for address in (A, B, C):
        upstreams.replied(address, rtt_ms=1)
    assert upstreams.to_probe(60.0, firsts=frozenset({A}), busy=False) == []
    assert upstreams.to_probe(60.0, firsts=frozenset({A}), busy=True) == [B, C]
    assert upstreams.to_probe(61.0, firsts=frozenset({A}), busy=True) == []


def test_what_was_learned_survives_a_reload() -> None:
    upstreams = table()
    upstreams.replied(B, rtt_ms=7)
    upstreams.keep([B])
    assert [one.address for one in upstreams] == [B]
    assert upstreams.get(B).rtt_ms == 7
