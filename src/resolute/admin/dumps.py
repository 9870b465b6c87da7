"""No core dump, and no debugger of the same user: passwords and tokens pass through this process's memory."""

import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid() -> None:
    """For this process, from now on (prctl(2), getrlimit(2)). Does what the platform can do."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
