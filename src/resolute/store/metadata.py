"""What is kept about a zone besides its records: kinds, each with texts. What they mean is not known here."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from resolute.store.schema import zone_metadata

Metadata = Mapping[str, tuple[str, ...]]


def of_zone(connection: Connection, zone_id: int) -> Metadata:
    """All of one zone."""
    return {row.kind: tuple(row.content) for row in connection.execute(_OF_ZONE, {"zone": zone_id})}


def of_all(connection: Connection) -> Mapping[int, Metadata]:
    """All of all zones, by their ids."""
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for row in connection.execute(select(zone_metadata)):
        found.setdefault(row.zone_id, {})[row.kind] = tuple(row.content)
    return found


def put(connection: Connection, zone_id: int, values: Mapping[str, Sequence[str]]) -> None:
    """Each of these kinds has these texts from now on; without texts it is gone."""
    if values:
        connection.execute(_ERASE, [{"zone": zone_id, "which": kind} for kind in values])
    rows = [{"zone_id": zone_id, "kind": kind, "content": list(texts)} for kind, texts in values.items() if texts]
    if rows:
        connection.execute(insert(zone_metadata), rows)


_OF_ZONE: Final = select(zone_metadata).where(zone_metadata.c.zone_id == bindparam("zone"))
_ERASE: Final = delete(zone_metadata).where(
    zone_metadata.c.zone_id == bindparam("zone"), zone_metadata.c.kind == bindparam("which")
)
