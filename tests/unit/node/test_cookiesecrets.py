"""The server's own secrets of cookies."""

import stat
from pathlib import Path

import pytest

from resolute.node.cookiesecrets import LIFE_S, CookieSecrets

NOW = 1_800_000_000


def renewed(path: Path, now: int) -> tuple[bytes, ...]:
    """The secrets of a server that starts, or goes on, at this time."""
    secrets = CookieSecrets(path)
    secrets.renew(now)
    return secrets.values


def test_a_secret_of_128_bits_that_nobody_else_reads(tmp_path: Path) -> None:
    """RFC 9018 4.4: SipHash takes a key of 128 bits."""
    path = tmp_path / "cookie-secrets"
    (secret,) = renewed(path, NOW)
    assert len(secret) == 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert renewed(tmp_path / "other", NOW) != (secret,)


def test_a_restart_keeps_it_for_its_day(tmp_path: Path) -> None:
    path = tmp_path / "cookie-secrets"
    first = renewed(path, NOW)
    assert renewed(path, NOW + LIFE_S - 1) == first


def test_after_a_day_another_makes_and_the_old_one_verifies(tmp_path: Path) -> None:
    """RFC 7873 7.1: no longer than 26 hours; RFC 9018 5: the old one is known for as long as its cookies live."""
    path = tmp_path / "cookie-secrets"
    secrets = CookieSecrets(path)
    assert secrets.renew(NOW)
    (first,) = secrets.values
    assert not secrets.renew(NOW + LIFE_S - 1)
    assert secrets.renew(NOW + LIFE_S)
    second, old = secrets.values
    assert (old, second == first) == (first, False)
    assert renewed(path, NOW + LIFE_S + 3600) == (second, old)
    assert renewed(path, NOW + 2 * LIFE_S)[1:] == (second,)


def test_a_clock_that_was_ahead(tmp_path: Path) -> None:
    """Else the secret would be used until the clock is there again."""
    path = tmp_path / "cookie-secrets"
    first = renewed(path, NOW + 10 * LIFE_S)
    assert renewed(path, NOW) != first


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"x", b"00" * 16 + b"\n", b"00" * 15 + b" 1\n", b"\xff" * 50, b"0" * 32 + b" 1" * 40]
)
def test_a_file_that_is_none_is_replaced(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cookie-secrets"
    path.write_bytes(content)
    path.chmod(0o600)
    first = renewed(path, NOW)
    assert len(first) == 1
    assert renewed(path, NOW) == first
    assert "new one is made" in caplog.text or "new secret" in caplog.text


def test_a_secret_that_others_may_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cookie-secrets"
    first = renewed(path, NOW)
    path.chmod(0o640)
    assert renewed(path, NOW) != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_place_to_write_there_is_a_secret_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(renewed(tmp_path / "missing" / "cookie-secrets", NOW)) == 1
    assert "lost when the server ends" in caplog.text
