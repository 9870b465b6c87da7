"""What goes into the audit log without a change: what was denied, and logins that failed.

A stranger can be denied as often as the network carries requests; so what strangers do is written down for so many a
minute, in the log and in the store alike, and the rest is counted. What is denied to users and tokens is always logged.
"""

import logging
import time
from typing import Final

from resolute.admin.accounts import Accounts
from resolute.admin.troubles import Trouble
from resolute.errors import UnavailableError
from resolute.store import audit
from resolute.store.audit import Event

BURST: Final = 60
A_MINUTE: Final = 30

log = logging.getLogger(__name__)


class Bucket:
    """So many at once, then so many a minute. Pure; time is an argument, in seconds."""

    def __init__(self) -> None:
        self._tokens, self._at_s, self.passed_over = float(BURST), 0.0, 0

    def take(self, now_s: float) -> bool:
        """Whether one more may be written down; else it is counted in `passed_over`."""
        self._tokens = min(float(BURST), self._tokens + max(0.0, now_s - self._at_s) * A_MINUTE / 60)
        self._at_s = now_s
        if self._tokens < 1:
            self.passed_over += 1
            return False
        self._tokens -= 1
        return True


class Trail:
    """Writes to the log and to the store. Never raises: a refusal stays one when the store is gone."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._strangers = Bucket()
        self._stored = Bucket()
        self._trouble = Trouble(log, "the audit log cannot be written")

    async def denied(self, event: Event, *, stranger: bool) -> None:
        """Something was refused."""
        bucket = self._strangers if stranger else self._stored
        room = bucket.take(time.monotonic())
        if room or not stranger:
            log.warning(
                "%s: %s %s by %s from %s: %s",
                event.outcome,
                event.verb,
                event.target,
                event.actor,
                event.address,
                event.detail,
            )
        if room:
            await self._store(_with_count(event, bucket))

    async def _store(self, event: Event) -> None:
        try:
            await self._accounts.write(lambda connection: audit.append(connection, event))
        except UnavailableError as error:
            self._trouble.there(error)
        else:
            self._trouble.over()


def _with_count(event: Event, bucket: Bucket) -> Event:
    passed_over, bucket.passed_over = bucket.passed_over, 0
    if not passed_over:
        return event
    detail = f"{event.detail} (and {passed_over} more refusals that were not written down)"
    return Event(event.actor, event.address, event.verb, event.target, event.outcome, detail)
