"""`resolute record`: records listed, added, set and removed.

A NAME without --zone is absolute, with and without its last dot, and the zone that holds it is found. With --zone it is
relative to the zone, unless it ends with a dot or with the zone's name; `@` is the apex. Each DATA is one record.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from resolute.cli.adminclient import AdminClient, segment
from resolute.cli.changetext import print_change
from resolute.cli.completion import complete_name, complete_zone
from resolute.cli.options import (
    Config,
    Data,
    Json,
    Plan,
    Reason,
    Server,
    TokenFile,
    admin,
    complete_type,
    planned,
)
from resolute.cli.refusals import FieldsError
from resolute.cli.terminal import print_json, print_rows
from resolute.errors import NotFoundError
from resolute.units import parse_seconds

app = typer.Typer(no_args_is_help=True, help="Show, add, set and remove records.")

LONGEST_STRING: Final = 255
"""Octets of a character-string (RFC 1035 3.3)."""

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Absolute; with --zone relative to that, @ for the zone itself.",
        autocompletion=complete_name,
    ),
]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="Such as A, MX, TXT.", autocompletion=complete_type)]
Records = Annotated[
    list[str],
    typer.Argument(metavar="DATA...", help="Each is one record, such as 192.0.2.1 or '10 mail.example.org.'."),
]
SomeRecords = Annotated[
    list[str] | None, typer.Argument(metavar="[DATA]...", help="Single records; without one all of NAME and TYPE.")
]
InZone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="ZONE", help="The zone; else the one that holds NAME.", autocompletion=complete_zone
    ),
]
Ttl = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Seconds, or such as 5m, 1d; else what NAME and TYPE have, else an hour."),
]


@app.command("list")
def list_records(
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="The zone.", autocompletion=complete_zone)],
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="At and below this name.", autocompletion=complete_name)
    ] = None,
    rtype: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Of this type.", autocompletion=complete_type)
    ] = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the records of a zone, or those at and below a name of it. Exits with 1 when there is none.

    Example: resolute record list example.org www
    """
    query = {} if name is None else {"below": name}
    every = admin(config, data, server, token_file).pages(f"/zones/{segment(zone)}/rrsets", query)
    found = [rrset for rrset in every if rtype is None or rrset["type"] == rtype.upper()]
    if json:
        print_json(found)
    else:
        rows = [{**rrset, "data": record} for rrset in found for record in rrset["records"]]
        print_rows("name", rows, ("ttl", "type", "data"))
    if not found:
        raise typer.Exit(1)


@app.command()
def add(
    name: Name,
    rtype: Type,
    records: Records,
    zone: InZone = None,
    ttl: Ttl = None,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Add records to those that NAME has of this type.

    Example: resolute record add www.example.org A 192.0.2.1 --ttl 5m

    Example: resolute record add @ MX "10 mail" --zone example.org
    """
    client = admin(config, data, server, token_file, reason=reason)
    body = {"add": _given(rtype, records), **_ttl(ttl)}
    with _telling_of_words(records):
        answer = client.call("PATCH", _path(client, zone, name, rtype), query=planned(plan=plan), json=body)
    print_change(answer.json(), json=json)


@app.command("set")
def set_records(
    name: Name,
    rtype: Type,
    records: Records,
    zone: InZone = None,
    ttl: Ttl = None,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make the records of NAME and TYPE exactly these.

    Example: resolute record set www.example.org A 192.0.2.1 192.0.2.2 --reason "two of them"
    """
    client = admin(config, data, server, token_file, reason=reason)
    body = {"records": _given(rtype, records), **_ttl(ttl)}
    with _telling_of_words(records):
        answer = client.call("PUT", _path(client, zone, name, rtype), query=planned(plan=plan), json=body)
    print_change(answer.json(), json=json)


@app.command()
def delete(
    name: Name,
    rtype: Type,
    records: SomeRecords = None,
    zone: InZone = None,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Remove single records, or without DATA all of NAME and TYPE.

    Example: resolute record delete www.example.org A 192.0.2.2
    """
    client, records = admin(config, data, server, token_file, reason=reason), records or []
    path = _path(client, zone, name, rtype)
    with _telling_of_words(records):
        if records:
            body = {"remove": _given(rtype, records)}
            answer = client.call("PATCH", path, query=planned(plan=plan), json=body)
        else:
            answer = client.call("DELETE", path, query=planned(plan=plan))
    print_change(answer.json(), json=json)


def given_record(rtype: str, text: str) -> object:
    """A record as the API takes it: presentation form, but for TXT text without quotation marks, which is one text and
    not words (`v=spf1 -all`)."""
    if rtype.upper() == "TXT" and not text.startswith('"'):
        return {"strings": list(_strings(text))}
    return text


def _given(rtype: str, records: Sequence[str]) -> list[object]:
    return [given_record(rtype, text) for text in records]


def _strings(text: str) -> Iterator[str]:
    """Character-strings that make up the text, none of which ends within a character."""
    part = ""
    for character in text:
        if len((part + character).encode()) > LONGEST_STRING:
            yield part
            part = ""
        part += character
    yield part


def _path(client: AdminClient, zone: str | None, name: str, rtype: str) -> str:
    """Where the API has an RRset. Raises NotFoundError when no zone holds the name."""
    if zone is None:
        if name == "@":
            raise typer.BadParameter("@ is the name of a zone: say which with --zone")
        zones: list[dict[str, Any]] = client.call("GET", "/zones", query={"holding": name}).json()["items"]
        if not zones:
            raise NotFoundError(
                f"no zone here holds {name}: without --zone a name is absolute; `resolute zone list` shows the zones"
            )
        zone, name = zones[0]["name"], name if name.endswith(".") else f"{name}."
    return f"/zones/{segment(zone)}/rrsets/{segment(name)}/{segment(rtype)}"


def _ttl(text: str | None) -> dict[str, int]:
    try:
        return {} if text is None else {"ttl": parse_seconds(text)}
    except ValueError as error:
        raise typer.BadParameter(f"--ttl: {error}") from error


@contextmanager
def _telling_of_words(records: Sequence[str]) -> Iterator[None]:
    """Whoever writes the words of a record as in a zone file is told how it is done here."""
    try:
        yield
    except FieldsError as error:
        if len(records) < 2 or not any("[" in field for field in error.fields):
            raise
        hint = f"each DATA is one record: quote one that has blanks, such as {' '.join(records)!r}"
        raise FieldsError([*error.problems, hint], error.fields) from error
