"""`resolute token`: API tokens listed, made and ended."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from resolute.admin.rights import Verb
from resolute.cli.adminclient import AdminClient, segment
from resolute.cli.completion import complete_name, complete_zone
from resolute.cli.options import Config, Data, Json, Server, TokenFile, admin, complete_type
from resolute.cli.terminal import note, print_json, print_line, print_rows
from resolute.errors import NotFoundError, RuleError
from resolute.units import parse_duration

app = typer.Typer(no_args_is_help=True, help="List, make and end API tokens.")

NEVER: Final = "never"
_ID: Final = re.compile("[0-9a-f]{12}")


class Preset(StrEnum):
    """Scopes that are needed often."""

    ACME = "acme"
    DYNDNS = "dyndns"


@app.command("list")
def list_tokens(
    everybody: Annotated[bool, typer.Option("--everybody", help="Those of all users.")] = False,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List tokens, without their secrets: one's own, on the server's machine everybody's.

    Example: resolute token list
    """
    query = {"everybody": "true"} if everybody else {}
    tokens = list(admin(config, data, server, token_file).pages("/tokens", query))
    if json:
        print_json(tokens)
    else:
        print_rows("name", list(map(_row, tokens)), ("id", "user", "expires", "last used", "scope"))


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    verb: Annotated[list[Verb] | None, typer.Option(help="What may be done with it; may be repeated.")] = None,
    zone: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="In these zones.", autocompletion=complete_zone)
    ] = None,
    owner: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="PATTERN", help="With these owner names.", autocompletion=complete_name),
    ] = None,
    rtype: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Of these types.", autocompletion=complete_type)
    ] = None,
    preset: Annotated[
        Preset | None, typer.Option(help="acme: TXT for certificates of one --zone; dyndns: addresses of each --name.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends: a date, 90d, or never; else in a year.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="PREFIX", help="Where it may be used from; may be repeated.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Whose it is; else one's own, or the owner's.")
    ] = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a token. Its secret is printed once, here. What is not limited is as its user may.

    Example: resolute token create certbot --preset acme --zone example.org --expires 90d

    Example: resolute token create deploy --verb records:write --zone example.org --name '*.app.example.org'
    """
    limits = {"verbs": verb, "zones": zone, "names": owner, "types": rtype}
    body: dict[str, object] = {"name": name}
    if preset is None:
        body["scope"] = {key: value for key, value in limits.items() if value}
    else:
        body["preset"] = _preset(preset, limits)
    body |= {"sources": source} if source else {}
    body |= {"user": user} if user else {}
    body |= {} if expires is None else {"expires": ends(expires, datetime.now(UTC))}
    made = admin(config, data, server, token_file).call("POST", "/tokens", json=body).json()
    if json:
        print_json(made)
        return
    note(f"the token {made['id']} of {made['user']}, good until {made['expires'] or 'it is revoked'}; keep it:")
    print_line(made["token"])


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID|NAME", help="As `resolute token list` shows them.")],
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """End a token at once.

    Example: resolute token revoke certbot
    """
    client = admin(config, data, server, token_file)
    found = token if _ID.fullmatch(token) else _id_of(client, token)
    client.call("DELETE", f"/tokens/{segment(found)}")
    if json:
        print_json({"revoked": found})
    else:
        print_line(f"the token {found} is good for nothing any more")


def ends(text: str, now: datetime) -> str | None:
    """When a token ends, as the API takes it; None for never. Raises typer.BadParameter."""
    if text == NEVER:
        return None
    try:
        at = datetime.fromisoformat(text) if text[:1].isdigit() and "-" in text else now + parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"--expires: {text!r}: expected such as 2030-01-01, 90d or never") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _preset(preset: Preset, limits: dict[str, Any]) -> dict[str, object]:
    """Raises typer.BadParameter for options that do not go with it."""
    needed = "zones" if preset is Preset.ACME else "names"
    given = [key for key, value in limits.items() if value]
    if given != [needed] or (preset is Preset.ACME and len(limits["zones"]) != 1):
        words = "one --zone" if preset is Preset.ACME else "--name for each host"
        raise typer.BadParameter(f"--preset {preset} goes with {words}, and with no other limit")
    if preset is Preset.ACME:
        return {"preset": preset.value, "zone": limits["zones"][0]}
    return {"preset": preset.value, "names": limits["names"]}


def _id_of(client: AdminClient, name: str) -> str:
    """The one token of this name. Raises NotFoundError, RuleError for several."""
    found = [token["id"] for token in client.pages("/tokens") if token["name"] == name]
    if not found:
        raise NotFoundError(f"there is no token {name}: `resolute token list` shows them")
    if len(found) > 1:
        raise RuleError(f"several tokens are named {name}: give the ID of one of {', '.join(found)}")
    return str(found[0])


def _row(token: dict[str, Any]) -> dict[str, object]:
    limits = [f"{part} {' '.join(values)}" for part, values in token["scope"].items() if values is not None]
    times = {"expires": (token["expires"] or NEVER)[:10], "last used": (token["last_used"] or "")[:16]}
    return {**token, **times, "scope": ", ".join(limits) or "as the user"}
