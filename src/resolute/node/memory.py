"""Memory: what is there after the start stays, and what was freed goes back to the system.

When zones were replaced, glibc by itself keeps what was freed between what is in use.

A C library without these calls (musl) does well without them.
"""

import asyncio
import ctypes
import gc
from typing import Final

_M_ARENA_MAX: Final = -8
_PAUSE_S: Final = 1.0
"""Changes that come together are followed by one walk through the heap."""

_YOUNG: Final = 10_000
"""Objects that are made before garbage is looked for among them: resolving a name makes many and leaves no circles."""

_libc = ctypes.CDLL(None)


def use_one_heap() -> None:
    """Zones are read by short-lived threads on all cores; with a heap of its own for each, what one has freed would be
    of no use to the others. To be called before any thread is started."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """What was made during the start is looked through for garbage once, and not again: to be called when it has ended.
    Until then there is no search for garbage (`resolute.cli.main`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
    gc.enable()


class Heap:
    """Gives freed memory back, soon after it is told that there is some."""

    def __init__(self) -> None:
        self._walk: asyncio.Task[None] | None = None

    def has_shrunk(self) -> None:
        """Something large may have been freed. Returns at once."""
        if hasattr(_libc, "malloc_trim") and (self._walk is None or self._walk.done()):
            self._walk = asyncio.get_running_loop().create_task(self._give_back(), name="give memory back")

    def close(self) -> None:
        """Ends what is waiting."""
        if self._walk is not None:
            self._walk.cancel()

    async def _give_back(self) -> None:
        await asyncio.sleep(_PAUSE_S)
        await asyncio.to_thread(_libc.malloc_trim, 0)
