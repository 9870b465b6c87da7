"""The decisions speak of the data plane's reasons by number."""

import resource
import time

from resolute import plane
from resolute.resolver.forwarder import Reason


def test_the_numbers_are_the_data_planes() -> None:
    for reason in Reason:
        assert getattr(plane, f"REASON_{reason.name}") == reason


def test_want_of_a_descriptor_is_no_failure_of_the_upstream() -> None:
    """An upstream that was never asked is not said to be unreachable, nor counted as asked."""
    running = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"], recursion=[])]), workers=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        token = running.exchange("127.0.0.1:9", b"\x01a\x00", 1, 1, timeout_ms=5_000)
        ended = _await_exchange(running)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        upstreams = running.upstream_statistics()
        running.close(0)
    assert (ended.token, ended.failure, ended.reply) == (token, plane.REASON_SHORTAGE, None)
    assert [(one.sent, one.failures) for one in upstreams] == [(0, 0)]


def _await_exchange(running: "plane.Plane") -> "plane.Exchanged":
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for ended in running.pull()[1]:
            return ended
        time.sleep(0.001)
    raise AssertionError("no news of the exchange")
