"""The entry point of the command `resolute`.

`serve` becomes the node: it reads its flags with the standard library and never loads what a terminal needs. Everything
else, and a `serve` that needs words (help, completion), goes to the full command line.
"""

import gc
import os
import sys
from collections.abc import Sequence

COMPLETION = "_RESOLUTE_COMPLETE"
"""Set by the shell when it asks for completions."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line (default: this process's); the exit code is 0 ok, 1 negative, 2 bad usage or settings."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["serve"] and not _needs_words(words):
        gc.disable()  # what is loaded stays: looking through it again and again costs a tenth of the start
        from resolute.node.__main__ import main as serve

        return serve(words[1:])
    from resolute.cli.app import run

    return run(words)


def _needs_words(words: Sequence[str]) -> bool:
    return COMPLETION in os.environ or bool({"--help", "-h"} & set(words))
