"""Settings in the store: values by dotted name. A value that was taken away leaves its row, so that nodes see that."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, insert, select, update

from resolute.store.schema import settings


def read(connection: Connection) -> dict[str, object]:
    """The values that there are."""
    rows = connection.execute(select(settings.c.name, settings.c.value).order_by(settings.c.name))
    return {str(name): value for name, value in rows if value is not None}


def revision(connection: Connection) -> int:
    """Of the store, at the last change of any setting; 0: there was none."""
    return int(connection.execute(select(func.max(settings.c.revision))).scalar() or 0)


def write(connection: Connection, changes: Mapping[str, object], number: int) -> None:
    """Sets values, None takes one away; `number` is the revision that the transaction makes."""
    for name, value in changes.items():
        values = {"value": value, "revision": number}
        if not connection.execute(update(settings).where(settings.c.name == name).values(values)).rowcount:
            connection.execute(insert(settings).values(name=name, **values))


def copy(theirs: Connection, ours: Connection) -> None:
    """Makes the values of one store those of another."""
    ours.execute(delete(settings))
    if rows := [dict(row._mapping) for row in theirs.execute(select(settings))]:  # noqa: SLF001  SQLAlchemy's public name
        ours.execute(insert(settings), rows)
