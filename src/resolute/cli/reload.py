"""`resolute reload`: the running server reads its configuration and files again."""

import typer

from resolute.cli.options import Config, Data, Json, client
from resolute.cli.terminal import print_json, print_line


def reload(config: Config = None, data: Data = None, json: Json = False) -> None:
    """Make the running server read its configuration and all files again.

    What is broken is reported, and its old state goes on serving. Exits with 1 when something could not be taken over.
    """
    result = client(config, data).reload()
    problems, restart = result.get("problems", []), result.get("restart_needed", [])
    if json:
        print_json(result)
    else:
        for problem in problems:
            print_line(("error: ", "error"), str(problem))
        for setting in restart:
            print_line(("warning: ", "warning"), str(setting))
        if not problems:
            print_line(("reloaded", "ok"))
    if problems:
        raise typer.Exit(1)
