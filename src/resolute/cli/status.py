"""`resolute status`: what the running server serves, and what is wrong."""

from resolute.cli.options import Config, Data, Json, client
from resolute.cli.terminal import print_json, print_tree


def status(config: Config = None, data: Data = None, json: Json = False) -> None:
    """Show what the running server serves, its counters, and what is wrong.

    Exits with 1 when no server runs.
    """
    control = client(config, data)
    result = control.status() | {"statistics": control.statistics()}
    if json:
        print_json(result)
    else:
        print_tree(result)
