"""The nodes that follow a store, and how far each has come. Saying so is no change: it raises no revision."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from resolute.store.schema import nodes


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node, as it last said."""

    name: str
    version: str
    revision: int
    """What it serves."""
    seen: datetime


def report(connection: Connection, node: NodeRow) -> None:
    """Says how far a node is."""
    values = {"version": node.version, "revision": node.revision, "seen": node.seen}
    known = connection.execute(update(nodes).where(nodes.c.name == node.name).values(**values)).rowcount
    if not known:
        connection.execute(insert(nodes).values(name=node.name, **values))


def every(connection: Connection) -> list[NodeRow]:
    """All nodes that were ever there, by name."""
    return [NodeRow(**row._mapping) for row in connection.execute(select(nodes).order_by(nodes.c.name))]  # noqa: SLF001
