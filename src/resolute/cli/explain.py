"""`resolute explain`: step by step, why the running server answers a question as it does."""

from typing import Annotated, Any

import typer

from resolute.cli.options import Config, Data, Json, client, complete_type
from resolute.cli.terminal import print_json, print_line


def explain(
    name: Annotated[str, typer.Argument(help="The name that is asked for.")],
    rtype: Annotated[str, typer.Argument(metavar="[TYPE]", help="The type.", autocompletion=complete_type)] = "A",
    address: Annotated[str, typer.Option("--client", metavar="ADDR", help="As if this client asked.")] = "127.0.0.1",
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show step by step why the running server answers a question as it does. Nothing is sent, nothing changes."""
    result = client(config, data).explain(name, rtype, address)
    if json:
        print_json(result)
        return
    for step in result["steps"]:
        print_line((f"{step['stage']:>8}  ", "dim"), str(step["text"]))
    _print_answer(result.get("answer"))


def _print_answer(answer: dict[str, Any] | None) -> None:
    """What the answer is, then its records by section."""
    if answer is None:
        print_line((f"{'answer':>8}  ", "dim"), "not known yet: somebody has to be asked")
        return
    print_line((f"{'answer':>8}  ", "dim"), f"{answer['rcode']}: {answer['kind']}")
    for section in ("answer", "authority", "additional"):
        if answer[section]:
            print_line("")
            print_line((f"; {section}", "dim"))
        for record in answer[section]:
            print_line(str(record))
