"""Why an address cannot be listened on, in one line that helps."""

import errno
import socket

import pytest

from resolute.errors import SettingsError
from resolute.node.listening import bind_admin, bound, explain


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match=rf"{bound(taken)}: another program listens there.*--admin"):
            bind_admin(bound(taken))


def test_off_binds_nothing() -> None:
    assert bind_admin("off") is None


def test_a_free_port_is_bound() -> None:
    listener = bind_admin("127.0.0.1:0")
    assert listener is not None
    with listener:
        assert not bound(listener).endswith(":0")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "cap_net_bind_service"),
        (errno.EADDRNOTAVAIL, "no interface"),
        (errno.EAFNOSUPPORT, "no IPv4"),
        (errno.EIO, "cannot listen"),
    ],
)
def test_each_reason_has_its_words(number: int, words: str) -> None:
    text = explain("listen.dns", "192.0.2.1:53", OSError(number, "?"), flag="--listen")
    assert words in text
    assert "192.0.2.1:53" in text
    assert "\n" not in text
