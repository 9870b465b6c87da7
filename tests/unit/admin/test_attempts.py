"""Wrong passwords: five are free, then pauses up to five minutes, for the account and for the address."""

import ipaddress

import pytest

from resolute.admin.attempts import FREE, LONGEST_S, REMEMBERED, Attempts
from resolute.admin.clients import Client
from resolute.errors import TooManyTriesError


def client(address: str, *, local: bool = False) -> Client:
    return Client(ipaddress.ip_address(address), secure=True, local=local)


def pause(attempts: Attempts, account: str, who: Client, now_s: float) -> int:
    with pytest.raises(TooManyTriesError) as caught:
        attempts.begin(account, who, now_s)
    return caught.value.retry_after_s


def test_five_are_free_and_the_pauses_grow_to_five_minutes() -> None:
    attempts, who, now_s = Attempts(), client("192.0.2.1"), 1000.0
    for _ in range(FREE):
        attempts.begin("alice", who, now_s)
    pauses = []
    for _ in range(10):
        pauses.append(pause(attempts, "alice", who, now_s))
        now_s += pauses[-1]
        attempts.begin("alice", who, now_s)
    assert pauses == [3, 5, 9, 17, 33, 65, 129, 257, LONGEST_S + 1, LONGEST_S + 1]


def test_an_account_is_guarded_whatever_the_address() -> None:
    attempts = Attempts()
    for number in range(FREE):
        attempts.begin("alice", client(f"192.0.2.{number}"), 0.0)
    assert pause(attempts, "alice", client("198.51.100.1"), 0.0)
    attempts.begin("bob", client("198.51.100.1"), 0.0)


def test_an_address_is_guarded_whatever_the_account() -> None:
    attempts = Attempts()
    for number in range(FREE):
        attempts.begin(f"user{number}", client(f"2001:db8::{number}"), 0.0)
    assert pause(attempts, "another", client("2001:db8::ffff:1"), 0.0)
    attempts.begin("another", client("2001:db8:0:1::1"), 0.0)


def test_whoever_sits_at_the_machine_is_never_locked_out() -> None:
    attempts, here = Attempts(), client("127.0.0.1", local=True)
    for _ in range(100):
        attempts.begin("alice", here, 0.0)
    for number in range(FREE):
        attempts.begin("alice", client(f"192.0.2.{number}"), 0.0)
    assert pause(attempts, "alice", client("192.0.2.99"), 0.0)
    attempts.begin("alice", here, 0.0)


def test_a_known_address_gets_in_while_others_guess() -> None:
    attempts, home = Attempts(), client("203.0.113.5")
    attempts.begin("alice", home, 0.0)
    attempts.succeed("alice", home)
    for number in range(FREE):
        attempts.begin("alice", client(f"192.0.2.{number}"), 0.0)
    attempts.begin("alice", home, 0.0)


def test_a_success_with_one_account_does_not_clear_an_address_that_guesses_another() -> None:
    attempts, who = Attempts(), client("192.0.2.1")
    for _ in range(FREE - 1):
        attempts.begin("alice", who, 0.0)
    attempts.begin("mallory", who, 0.0)
    attempts.succeed("mallory", who)
    attempts.begin("alice", who, 0.0)
    assert pause(attempts, "alice", who, 0.0)


def test_a_quiet_hour_is_forgotten() -> None:
    attempts, who = Attempts(), client("192.0.2.1")
    for _ in range(FREE):
        attempts.begin("alice", who, 0.0)
    attempts.begin("alice", who, 3_700.0)
    attempts.begin("alice", who, 3_700.0)


def test_a_flood_of_names_does_not_free_the_one_that_is_guessed_at() -> None:
    attempts = Attempts()
    for number in range(FREE):
        attempts.begin("alice", client(f"192.0.2.{number}"), 0.0)
    for number in range(2 * REMEMBERED):
        attempts.begin(f"n{number}", client(str(ipaddress.IPv4Address(0x0A000000 + number))), 0.0)
    assert pause(attempts, "alice", client("198.51.100.1"), 0.0)
    assert len(attempts._series) <= REMEMBERED + 2  # noqa: SLF001
