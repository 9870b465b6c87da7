"""The node, with a way to block its interpreter: SIGUSR1 holds the lock of the interpreter for ten seconds.

A call through `ctypes.PyDLL` does not release it, so no Python thread of the process runs: neither the event loop nor
any helper. It says `blocked` and `free` on standard output around it.
"""

import ctypes
import os
import signal
import sys

from resolute.node.__main__ import main

SECONDS = 10


def _block(_number: int, _frame: object) -> None:
    os.write(1, b"blocked\n")
    left = ctypes.PyDLL(None).sleep(SECONDS)  # a signal that comes meanwhile would end it early
    os.write(1, b"free\n" if not left else b"interrupted\n")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _block)
    sys.exit(main(sys.argv[1:]))
