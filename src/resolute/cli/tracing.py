"""`resolute query --trace`: resolves a name from the root here, without a server and without what one knows already."""

import asyncio
import time
from typing import Final

import dns.message
import dns.rcode
import typer

from resolute import plane
from resolute.cli.question import Question
from resolute.cli.reply import Reply, as_json, print_reply
from resolute.cli.terminal import print_json, print_line
from resolute.errors import UnavailableError
from resolute.records import names
from resolute.resolver.exchanges import Exchanges
from resolute.resolver.iteration import hints
from resolute.resolver.iteration.budget import Budget, UnresolvedError
from resolute.resolver.iteration.compose import compose
from resolute.resolver.iteration.cuts import Cut
from resolute.resolver.recursion import Recursion, told

PATIENCE_S: Final = 15.0
"""In all; a server has less."""


def follow(question: Question, root_hints: str, *, json: bool) -> None:
    """Resolves and prints each step and the answer. Ends with 1 when there is no answer."""
    name, rtype = names.fold(question.name.to_wire() or b"\0"), int(question.rtype)
    budget, began = Budget(time.monotonic(), PATIENCE_S), time.monotonic()
    try:
        message = asyncio.run(_resolve(budget, name, rtype, hints.load(root_hints)))
    except UnresolvedError as error:
        _print_steps(budget, json=json)
        if json:
            print_json({"steps": _steps(budget), "used": budget.used(), "error": error.text})
            raise typer.Exit(1) from error
        raise UnavailableError(error.text) from error
    reply = Reply(message, "the root", "iteration", (time.monotonic() - began) * 1000)
    _print_steps(budget, json=json)
    if json:
        print_json({"steps": _steps(budget), "used": budget.used(), **as_json(reply)})
    else:
        print_line("")
        print_reply(reply)
    if message.rcode() != dns.rcode.NOERROR or not message.answer:
        raise typer.Exit(1)


async def _resolve(budget: Budget, name: bytes, rtype: int, root: Cut) -> dns.message.Message:
    """With a data plane of its own, that listens nowhere and sends the questions."""
    served = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0", "::/0"])]), workers=1)
    exchanges = Exchanges(served)
    recursion = Recursion(served, exchanges)
    recursion.configure(root)
    recursion.look_for_families(time.monotonic())

    def ended() -> None:
        for exchanged in served.pull()[1]:
            exchanges.ended(exchanged)

    asyncio.get_running_loop().add_reader(served.fileno(), ended)
    try:
        answer = await recursion.find(budget, name, rtype)
        return dns.message.from_wire(compose(name, rtype, answer, budget.now))
    finally:
        asyncio.get_running_loop().remove_reader(served.fileno())
        served.close(0)


def _print_steps(budget: Budget, *, json: bool) -> None:
    if json:
        return
    for asked in budget.trace:
        print_line(told(asked))
    print_line((f"used {budget.used()}", "dim"))


def _steps(budget: Budget) -> list[dict[str, object]]:
    return [
        {
            "zone": names.to_text(asked.zone),
            "server": asked.server,
            "name": names.to_text(asked.qname),
            "type": plane.mnemonic(asked.qtype),
            "outcome": asked.outcome,
            "took_ms": round(asked.took_ms, 3),
            "nested": asked.nested,
        }
        for asked in budget.trace
    ]
