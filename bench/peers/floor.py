"""The floor: an echo made of the data plane's own listening code. Nothing that answers DNS can cost less."""

from collections.abc import Sequence
from pathlib import Path

from bench.peers.server import Server, probe

BINARY = Path(__file__).parents[2] / "target/release/examples/floor"


class Floor(Server):
    """Sends each query back with QR set. It has no answers, so any reply means that it is ready."""

    name = "floor (echo)"
    command = str(BINARY)
    where_from = "make bench builds it"

    def arguments(self) -> Sequence[str]:
        return [str(self.endpoint)]

    def answers(self) -> bool:
        return probe(self.endpoint, "floor.invalid.") is not None

    def version(self) -> str:
        return "this tree"
