"""Wrong passwords: five are free, then the pauses grow to five minutes, for each account and for each address.

    1 2 3 4 5   6    7    8 ...            13
    free        2 s  4 s  8 s, doubling    300 s

A try is counted before the password is looked at, and taken back when it was right: a hundred tries at once are a
hundred. What comes from this machine is not counted: a stranger's tries do not lock out whoever sits at it. An account
is also open from an address from which it has lately been logged in to. Pure; time is an argument, in seconds.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from resolute.admin.clients import Address, Client
from resolute.errors import TooManyTriesError

FREE: Final = 5
LONGEST_S: Final = 300
FORGOTTEN_S: Final = 3_600
"""A series of wrong passwords is forgotten when none has come for so long."""
REMEMBERED: Final = 10_000
"""Accounts and addresses that are kept in mind."""


@dataclass(slots=True)
class _Series:
    tries: int = 0
    last_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        if self.tries < FREE:
            return 0.0
        return self.last_s + min(2.0 ** min(self.tries - FREE + 1, 16), LONGEST_S) - now_s


class Attempts:
    """The tries of the last hour."""

    def __init__(self) -> None:
        self._series: OrderedDict[str, _Series] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, account: str, client: Client, now_s: float) -> None:
        """Counts a try. Raises TooManyTriesError when it comes too early; that one is not counted."""
        self.require_free(account, client, now_s)
        self.count(account, client, now_s)

    def require_free(self, account: str, client: Client, now_s: float) -> None:
        """Raises TooManyTriesError when a try comes too early; counts nothing."""
        series = [self._get(key, now_s) for key in self._keys(account, client)]
        wait_s = max((one.wait_s(now_s) for one in series), default=0.0)
        if wait_s > 0:
            seconds = int(wait_s) + 1
            raise TooManyTriesError(f"too many wrong passwords: try again in {seconds} s", seconds)

    def count(self, account: str, client: Client, now_s: float) -> None:
        """Counts a try."""
        for one in [self._get(key, now_s) for key in self._keys(account, client)]:
            one.tries += 1
            one.last_s = now_s

    def succeed(self, account: str, client: Client) -> None:
        """The password was right: the account's series ends, and of the address's series this try is taken back."""
        for key in self._keys(account, client):
            series = self._series.get(key)
            if series is not None:
                series.tries = 0 if key.startswith("account ") else series.tries - 1
        self._known[account, network_of(client.address)] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _keys(self, account: str, client: Client) -> list[str]:
        if client.local:
            return []
        network = network_of(client.address)
        known = (account, network) in self._known
        return [f"address {network}"] if known else [f"address {network}", f"account {account}"]

    def _get(self, key: str, now_s: float) -> _Series:
        series = self._series.setdefault(key, _Series())
        if now_s - series.last_s > FORGOTTEN_S:
            series.tries = 0
        self._series.move_to_end(key)
        if len(self._series) > REMEMBERED:
            self._make_room(key)
        return series

    def _make_room(self, needed: str) -> None:
        """First those go that wait for nothing: a flood of names does not free the one that is being guessed at."""
        self._series = OrderedDict(
            (key, series) for key, series in self._series.items() if series.tries >= FREE or key == needed
        )
        while len(self._series) > REMEMBERED:
            self._series.popitem(last=False)


def network_of(address: Address) -> str:
    """What one stranger can have many addresses of: a /64 of IPv6; of IPv4 the address itself."""
    return str(ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False))
