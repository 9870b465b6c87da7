"""Files of which two have the same zone."""

from collections.abc import Iterable, Iterator

from resolute.records import names


def twice(found: Iterable[tuple[bytes, str]]) -> Iterator[str]:
    """A line for each zone (its name, its file) that another file has too."""
    first: dict[bytes, str] = {}
    for origin, file in found:
        other = first.setdefault(names.fold(origin), file)
        if other is not file:
            yield f"{file}: {other} has the same zone: take one of them away"
