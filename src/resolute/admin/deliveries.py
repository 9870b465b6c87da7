"""Tells webhooks of changes, in their order, until they have been told.

    each second: changes after its position? -- yes, and its time has come --> claim it -> POST -- 2xx --> position
                                                                                            |
                                                            later, twice as long each time <-- anything else

A delivery is signed: `Resolute-Signature: t=TIME,v1=HEX`, HMAC-SHA256 with the webhook's secret over `TIME.BODY`. It
may come twice (when an answer was lost), never out of order.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from resolute import __version__
from resolute.admin import outward
from resolute.admin.troubles import Trouble
from resolute.admin.writer import Writer
from resolute.errors import PeerError, PresentationError, UnavailableError
from resolute.store import history, webhooks
from resolute.store.history import Change
from resolute.store.store import Store
from resolute.store.webhooks import Webhook

LOOK_S: Final = 1.0
TOGETHER: Final = 100
"""Changes in one delivery."""
AT_ONCE: Final = 4
CLAIM: Final = timedelta(seconds=3 * outward.TIMEOUT_S)
LONGEST_S: Final = 3_600

log = logging.getLogger(__name__)

Shown = Callable[[Change], dict[str, Any]]


class Deliveries:
    """Delivers while `run` runs; `shown` makes of a change what is sent."""

    def __init__(self, writer: Writer, shown: Shown, *, private: bool) -> None:
        self._writer, self._shown, self._private = writer, shown, private
        self._places = asyncio.Semaphore(AT_ONCE)
        self._last = -1
        """The change up to which every webhook has been told; -1: not known."""

    async def run(self) -> None:
        """Until it is cancelled."""
        trouble = Trouble(log, "webhooks are not told of changes just now")
        while True:
            try:
                await self.look()
                trouble.over()
            except UnavailableError as error:
                trouble.there(error)
            except Exception:
                log.exception("telling webhooks failed")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Delivers what is to be delivered now. Raises UnavailableError."""
        last, hooks = await self._writer.look(lambda connection: _look(connection, self._last))
        due = [hook for hook in hooks if hook.position < last and _aware(hook.next_try) <= datetime.now(UTC)]
        await asyncio.gather(*(self._one(hook) for hook in due))
        if all(hook.position >= last for hook in hooks):
            self._last = last

    async def _one(self, hook: Webhook) -> None:
        async with self._places:
            if not await self._write(lambda c: webhooks.claim(c, hook, datetime.now(UTC) + CLAIM)):
                return
            changes = await self._writer.look(lambda c: history.after(c, hook.position, limit=TOGETHER))
            wanted = [change for change in changes if concerns(hook, change)]
            try:
                if wanted:
                    await self._deliver(hook, wanted)
            except (PeerError, PresentationError) as error:
                pause = timedelta(seconds=min(2**hook.failures, LONGEST_S))
                log.warning("the webhook %s could not be told of changes: %s", hook.id, error)
                text = str(error)
                await self._write(lambda c: webhooks.failed(c, hook, datetime.now(UTC) + pause, text))
            else:
                await self._write(lambda c: webhooks.delivered(c, hook.id, changes[-1].id, datetime.now(UTC)))

    async def _deliver(self, hook: Webhook, changes: Sequence[Change]) -> None:
        body = json.dumps({"webhook": hook.id, "changes": [self._shown(one) for one in changes]}).encode()
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"resolute/{__version__}",
            "Resolute-Signature": f"t={now},v1={signature(hook.secret, now, body)}",
        }
        status = await outward.post(outward.parse(hook.url), headers, body, private=self._private)
        if not 200 <= status < 300:
            raise PeerError(f"it answers with status {status}; 2xx is expected, and redirects are not followed")

    async def _write(self, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401
        def alone(store: Store) -> tuple[Any, None]:
            with store.writing() as connection:
                return work(connection), None

        return (await self._writer.alone(alone)).result


def signature(secret: str, now: int, body: bytes) -> str:
    """What a receiver compares with: HMAC-SHA256 (RFC 2104), in hexadecimal."""
    return hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()


def concerns(hook: Webhook, change: Change) -> bool:
    """Whether a webhook is to be told of a change."""
    return not hook.zones or change.zone in hook.zones


def _look(connection: Connection, known: int) -> tuple[int, list[Webhook]]:
    last = history.last_id(connection)
    return last, [] if last == known else webhooks.every(connection)


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
