"""Several upstreams asked at once, and what the rules of a route make of their answers."""

from resolute.resolver.forwarder import (
    MARGIN_MS,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    Ask,
    Candidate,
    Deliver,
    Forwarding,
    GiveUp,
    Outcome,
    Racing,
    Reason,
)

A, B, C, D = "192.0.2.1:53", "192.0.2.2:53", "tls://192.0.2.3", "tls://192.0.2.4"
GOOD, NONE = Outcome(None, 0, b"good"), Outcome(None, NXDOMAIN, b"none")
FAILED, SILENT = Outcome(None, SERVFAIL, b"failed"), Outcome(Reason.TIMEOUT)
USUAL = frozenset({SERVFAIL, REFUSED})


def racing(*addresses: str, fallback: frozenset[int] = USUAL) -> tuple[Racing, list[Ask]]:
    race = Racing([Candidate(address, 100) for address in addresses], deadline_ms=4_000, fallback=fallback)
    return race, list(race.begin(0))


def forwarding(*addresses: str, fallback: frozenset[int] = USUAL) -> Forwarding:
    candidates = [Candidate(address, 100, connected="://" in address) for address in addresses]
    return Forwarding(candidates, deadline_ms=4_000, fallback=fallback)


class TestRacing:
    def test_three_are_asked_with_all_the_time_there_is(self) -> None:
        _, asks = racing(A, B, C, D)
        assert [(ask.upstream, ask.timeout_ms) for ask in asks] == [(one, 4_000 - MARGIN_MS) for one in (A, B, C)]

    def test_the_first_answer_is_taken(self) -> None:
        race, (_, second, _) = racing(A, B, C)
        assert race.ended(second, GOOD) == Deliver(b"good", second, ())

    def test_errors_are_not_waited_for_and_not_taken(self) -> None:
        race, (first, second, third) = racing(A, B, C)
        assert race.ended(first, FAILED) is None
        assert race.ended(second, SILENT) is None
        assert race.ended(third, GOOD) == Deliver(b"good", third, (A,))

    def test_when_all_fail(self) -> None:
        race, (first, second) = racing(A, B)
        assert race.ended(first, FAILED) is None
        end = race.ended(second, SILENT)
        assert isinstance(end, GiveUp)
        assert (A in end.text, B in end.text, end.reply) == (True, True, b"failed")

    def test_no_such_name_waits_for_better_by_setting(self) -> None:
        race, (first, second) = racing(A, B, fallback=frozenset({NXDOMAIN}))
        assert race.ended(first, NONE) is None
        assert race.ended(second, FAILED) == Deliver(b"none", first, ())

    def test_an_answer_that_is_none_after_all(self) -> None:
        race, (first, second) = racing(A, B)
        assert race.ended(first, GOOD) is not None
        assert race.refused(first) is None
        assert isinstance(race.ended(second, SILENT), GiveUp)

    def test_no_time_is_left(self) -> None:
        race = Racing([Candidate(A, 100)], deadline_ms=10, fallback=USUAL)
        assert race.begin(9) == ()
        assert isinstance(race.give_up(), GiveUp)


class TestRules:
    def test_no_such_name_leads_to_the_next_by_setting(self) -> None:
        rules = forwarding(A, B, fallback=frozenset({NXDOMAIN}))
        first = rules.begin(0)
        assert isinstance(first, Ask)
        second = rules.ended(first, NONE, 10)
        assert second == Ask(B, 3_940, tcp=False)
        assert rules.ended(second, GOOD, 20) == Deliver(b"good", second, ())

    def test_no_such_name_is_the_answer_when_nobody_knows_better(self) -> None:
        rules = forwarding(A, B, fallback=frozenset({NXDOMAIN}))
        first = rules.begin(0)
        assert isinstance(first, Ask)
        second = rules.ended(first, NONE, 10)
        assert isinstance(second, Ask)
        delivered = rules.ended(second, FAILED, 20)
        assert delivered == Deliver(b"none", first, ())
        # Should it turn out to be none, the matter ends.
        assert isinstance(rules.ended(first, Outcome(Reason.BROKEN), 30), GiveUp)

    def test_an_error_that_is_the_last_word(self) -> None:
        rules = forwarding(A, B, fallback=frozenset())
        first = rules.begin(0)
        assert isinstance(first, Ask)
        end = rules.ended(first, FAILED, 10)
        assert isinstance(end, GiveUp)
        assert end.reply == b"failed"

    def test_an_error_of_the_data_planes_own_try_that_is_the_last_word(self) -> None:
        rules = forwarding(A, B, fallback=frozenset({REFUSED}))
        assert isinstance(rules.begin(0, asked=A, outcome=Outcome(Reason.RCODE, SERVFAIL)), GiveUp)
        rules = forwarding(A, B, fallback=frozenset({REFUSED}))
        assert isinstance(rules.begin(0, asked=A, outcome=Outcome(Reason.RCODE, REFUSED)), Ask)

    def test_who_is_asked_over_connections_alone_is_not_asked_the_same_over_tcp(self) -> None:
        rules = forwarding(C, A)
        first = rules.begin(0)
        assert isinstance(first, Ask)
        following = rules.ended(first, Outcome(Reason.MISMATCH), 10)
        assert isinstance(following, Ask)
        assert following.upstream == A

    def test_the_words_of_a_failure_reach_the_client(self) -> None:
        rules = forwarding(C)
        first = rules.begin(0)
        assert isinstance(first, Ask)
        end = rules.ended(first, Outcome(Reason.UNREACHABLE, words="has a certificate that has expired"), 10)
        assert isinstance(end, GiveUp)
        assert end.text == f"{C} has a certificate that has expired"
