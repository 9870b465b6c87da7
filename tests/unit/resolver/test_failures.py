"""RFC 9520 3.2: failures are cached, longer each time, for 300 s at most."""

from resolute.resolver.failures import FailureMemory, Question


def question(name: bytes = b"\1a\0") -> Question:
    return Question(name, 1, 1, 1)


def test_each_failure_lasts_twice_as_long_as_the_one_before() -> None:
    memory, at, lasts = FailureMemory(), 0.0, []
    for _ in range(9):
        lasts.append(memory.failed(question(), at))
        at += lasts[-1] + 0.1
    assert lasts == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_success_forgets() -> None:
    memory = FailureMemory()
    memory.failed(question(), 0)
    memory.succeeded(question())
    assert memory.failed(question(), 6) == 5


def test_an_old_failure_does_not_count() -> None:
    memory = FailureMemory()
    memory.failed(question(), 0)
    assert memory.failed(question(), 1000) == 5


def test_it_is_bounded() -> None:
    memory = FailureMemory(capacity=10)
    for number in range(100):
        memory.failed(question(bytes((2,)) + number.to_bytes(2) + b"\0"), 0)
    assert len(memory) == 10


def test_forgiving_returns_those_that_still_hold() -> None:
    memory = FailureMemory()
    memory.failed(question(b"\1a\0"), 0)
    memory.failed(question(b"\1b\0"), 8)
    assert memory.forgive(9) == [question(b"\1b\0")]
    assert len(memory) == 0
