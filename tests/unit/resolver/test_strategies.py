"""Whom of a route's upstreams a question goes to."""

from resolute.resolver.forwarder import NXDOMAIN, REFUSED, SERVFAIL, Candidate
from resolute.resolver.strategies import USUAL, Manner, manner
from resolute.resolver.upstreams import Upstreams

ALL = ("192.0.2.1:53", "192.0.2.2:53", "tls://192.0.2.3")


def known() -> Upstreams:
    """Three that work; the third is the quickest."""
    upstreams = Upstreams()
    upstreams.keep(ALL)
    for number, address in enumerate(ALL):
        upstreams.replied(address, rtt_ms=30 - 10 * number)
    return upstreams


def test_the_words_of_the_settings() -> None:
    assert manner("fastest", ("servfail", "refused")) == USUAL
    assert manner("strict", ("nxdomain",)) == Manner("strict", frozenset({NXDOMAIN}))
    assert USUAL.fallback == {SERVFAIL, REFUSED}


def test_only_what_is_plain_is_left_to_the_data_plane() -> None:
    assert USUAL.leaves_to_the_data_plane(ALL[:2])
    assert Manner("strict").leaves_to_the_data_plane(ALL[:2])
    assert not USUAL.leaves_to_the_data_plane(ALL)
    assert not USUAL.leaves_to_the_data_plane(())
    assert not Manner("parallel").leaves_to_the_data_plane(ALL[:2])
    assert not Manner("round-robin").leaves_to_the_data_plane(ALL[:2])
    assert not Manner(fallback=frozenset({NXDOMAIN})).leaves_to_the_data_plane(ALL[:2])


def test_answers_are_shared_where_they_would_be_the_same() -> None:
    assert USUAL.number_key(ALL) == USUAL.number_key(ALL[::-1])
    assert Manner("strict").number_key(ALL) != Manner("strict").number_key(ALL[::-1])
    assert Manner("parallel").number_key(ALL) == Manner("parallel").number_key(ALL[::-1])
    assert Manner("parallel").number_key(ALL) != USUAL.number_key(ALL)


def test_the_fastest_is_the_first() -> None:
    assert USUAL.order(ALL, known(), ())[0] == ALL[2]


def test_strict_is_the_order_of_the_settings_but_for_those_that_failed() -> None:
    upstreams = known()
    assert tuple(Manner("strict").order(ALL, upstreams, ())) == ALL
    upstreams.failed(ALL[0], "timeout")
    assert tuple(Manner("strict").order(ALL, upstreams, ())) == (*ALL[1:], ALL[0])


def test_turns_are_taken_by_those_that_work() -> None:
    upstreams = known()
    upstreams.failed(ALL[1], "timeout")
    turns = Manner("round-robin")
    candidates = [Candidate(address, 100) for address in turns.order(ALL, upstreams, ())]
    firsts = [[one.address for one in turns.turn(candidates, upstreams, turn)] for turn in range(3)]
    assert firsts == [[ALL[0], ALL[2], ALL[1]], [ALL[2], ALL[0], ALL[1]], [ALL[0], ALL[2], ALL[1]]]


def test_turns_of_none_that_work() -> None:
    upstreams, turns = known(), Manner("round-robin")
    for address in ALL:
        upstreams.failed(address, "timeout")
    candidates = [Candidate(address, 100) for address in ALL]
    assert list(turns.turn(candidates, upstreams, 7)) == candidates
