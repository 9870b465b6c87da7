"""`python -m resolute.node [FLAGS of resolute serve]`: the DNS process, without the command line's libraries."""

import sys

from resolute.config.load import load_arguments
from resolute.errors import SettingsError
from resolute.node.main import run


def main(argv: list[str]) -> int:
    """Reads the flags and serves; returns the exit status."""
    try:
        settings = load_arguments(argv)
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"resolute: {problem}\n")
        return 2
    return run(settings, lambda stored: load_arguments(argv, stored))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
