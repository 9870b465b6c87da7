"""Why a connection could not be opened, in words."""

import errno
import socket
import ssl

import pytest

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.failures import opening


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), Reason.UNREACHABLE, "cannot be reached: Connection refused"),
        (OSError(errno.ENETUNREACH, "x"), Reason.UNREACHABLE, "cannot be reached: Network is unreachable"),
        (ConnectionResetError(), Reason.UNREACHABLE, "cannot be reached"),
        (OSError(errno.EMFILE, "x"), Reason.SHORTAGE, "was not asked: Too many open files"),
        (TimeoutError(), Reason.TIMEOUT, "did not end the handshake in time"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x"), Reason.UNREACHABLE, "cannot be spoken to over TLS"),
    ],
)
def test_in_words(error: Exception, reason: Reason, words: str) -> None:
    found = opening(error, "dns.test")
    assert found.reason is reason
    assert found.words.startswith(words)


def test_want_of_a_descriptor_is_no_failure_of_the_upstream() -> None:
    """A question that could not be asked says nothing about who was to be asked."""
    assert opening(OSError(errno.ENFILE, "x"), "").reason is Reason.SHORTAGE
    assert opening(socket.gaierror(-2, "Name or service not known"), "").reason is Reason.UNREACHABLE
