"""What the shell completes from the running server: zones and names. Quick, and silent when there is none."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import typer

from resolute.cli.adminclient import AdminClient
from resolute.cli.options import admin
from resolute.errors import ResoluteError

ANSWER_S: Final = 0.5
"""A shell that hangs is worse than one that does not know."""
MOST_ZONES: Final = 5_000
MOST_NAMES: Final = 50


def complete_zone(ctx: typer.Context, incomplete: str) -> list[str]:
    """Zones that begin so."""
    try:
        zones = _client(ctx).pages("/zones")
        return [zone["name"] for zone in islice(zones, MOST_ZONES) if zone["name"].startswith(incomplete.lower())]
    except (ResoluteError, typer.BadParameter, KeyError, TypeError):
        return []


def complete_name(ctx: typer.Context, incomplete: str) -> list[str]:
    """Owner names that begin so, of the zone that is named, else of all zones of the store."""
    try:
        return list(dict.fromkeys(islice(_names(ctx, incomplete), MOST_NAMES)))
    except (ResoluteError, typer.BadParameter, KeyError, TypeError):
        return []


def _names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    zone = ctx.params.get("zone")
    query = {"q": f"{incomplete.lower()}*", "limit": str(MOST_NAMES), **({"zone": str(zone)} if zone else {})}
    for found in _client(ctx).call("GET", "/search", query=query).json()["items"]:
        name: str = found["name"]
        if name.startswith(incomplete.lower()):
            yield name


def _client(ctx: typer.Context) -> AdminClient:
    given = ctx.params
    client = admin(
        _path(given.get("config")), _path(given.get("data")), given.get("server"), _path(given.get("token_file"))
    )
    return replace(client, answer_s=ANSWER_S)


def _path(given: object) -> Path | None:
    return None if given is None else Path(str(given))
