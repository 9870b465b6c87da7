"""`resolute user`: who may log in, and as what. Passwords are asked for, or read from a file; never an argument."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from resolute.admin.rights import Role
from resolute.cli.adminclient import AdminClient, segment
from resolute.cli.completion import complete_zone
from resolute.cli.options import Config, Data, Json, Server, TokenFile, Yes, admin, confirm
from resolute.cli.terminal import print_json, print_line, print_rows
from resolute.errors import RuleError

app = typer.Typer(no_args_is_help=True, help="List, make, change and remove users.")

STDIN: Final = "-"
LONGEST: Final = 4_096
"""Octets of a file with a password."""

User = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
PasswordFile = Annotated[
    str | None,
    typer.Option("--password-file", metavar="FILE", help="Has the password in its first line; - is stdin. Else asked."),
]
Zones = Annotated[
    list[str] | None,
    typer.Option("--zone", metavar="PATTERN", help="What an editor may edit.", autocompletion=complete_zone),
]


@app.command("list")
def list_users(
    config: Config = None, data: Data = None, server: Server = None, token_file: TokenFile = None, json: Json = False
) -> None:
    """List the users.

    Example: resolute user list
    """
    users = list(admin(config, data, server, token_file).pages("/users"))
    if json:
        print_json(users)
    else:
        print_rows("user", list(map(_row, users)), ("role", "zones", "created", "state"))


@app.command()
def create(
    name: User,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    zone: Zones = None,
    password_file: PasswordFile = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a user. The first one is an owner; with that the server is set up.

    Example: resolute user create alice --role owner
    """
    client = admin(config, data, server, token_file)
    body = {
        "name": name,
        "role": role.value,
        "zones": zone or [],
        "password": _new_password(client, name, password_file),
    }
    _tell(client.call("POST", "/users", json=body).json(), json=json)


@app.command("set-password")
def set_password(
    name: User,
    password_file: PasswordFile = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Set a user's password, and end all logins of that user; tokens stay.

    Example: resolute user set-password alice
    """
    client = admin(config, data, server, token_file)
    body = {"password": _new_password(client, name, password_file), **_current(client, name)}
    client.call("PUT", f"/users/{segment(name)}/password", json=body)
    if json:
        print_json({"name": name, "password": "set"})
    else:
        print_line(f"{name} has a new password; all logins have ended")


@app.command("set-role")
def set_role(
    name: User,
    role: Annotated[Role, typer.Argument(help="What the user may do from now on.")],
    zone: Zones = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Set what a user may do.

    Example: resolute user set-role bob editor --zone example.org
    """
    body = {"role": role.value, **({"zones": zone} if zone else {})}
    _tell(_change(admin(config, data, server, token_file), name, body), json=json)


@app.command()
def disable(
    name: User,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Keep a user out, and all tokens of that user, until `resolute user enable`.

    Example: resolute user disable bob
    """
    _tell(_change(admin(config, data, server, token_file), name, {"disabled": True}), json=json)


@app.command()
def enable(
    name: User,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Let a user in again who was disabled.

    Example: resolute user enable bob
    """
    _tell(_change(admin(config, data, server, token_file), name, {"disabled": False}), json=json)


@app.command()
def delete(
    name: User,
    yes: Yes = False,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Remove a user with all tokens and logins.

    Example: resolute user delete bob --yes
    """
    client = admin(config, data, server, token_file)
    confirm(f"Remove the user {name} with all tokens?", yes=yes)
    client.call("DELETE", f"/users/{segment(name)}")
    if json:
        print_json({"removed": name})
    else:
        print_line(f"{name} is removed")


def _change(client: AdminClient, name: str, body: Mapping[str, object]) -> dict[str, Any]:
    changed: dict[str, Any] = client.call("PATCH", f"/users/{segment(name)}", json=body).json()
    return changed


def _new_password(client: AdminClient, name: str, file: str | None) -> str:
    """Raises RuleError for a file without one, typer.BadParameter where nobody can be asked, DeniedError for a server
    to which no password may go."""
    client.require_private()
    if file is not None:
        return _read(file)
    if not sys.stdin.isatty():
        raise typer.BadParameter("give --password-file FILE, or - for stdin: there is no terminal to ask on")
    answer: str = typer.prompt(f"New password of {name}", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _current(client: AdminClient, name: str) -> dict[str, str]:
    """One's own password is changed with the current one too; the owner of the server's machine needs none."""
    if client.is_local or client.call("GET", "/session").json()["user"] != name or not sys.stdin.isatty():
        return {}
    return {"current": typer.prompt("Current password", hide_input=True, err=True)}


def _read(file: str) -> str:
    try:
        if file == STDIN:
            content = sys.stdin.buffer.readline(LONGEST)
        else:
            with Path(file).open("rb") as stream:
                content = stream.readline(LONGEST)
        password = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"--password-file: {file}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from error
    if not password:
        raise RuleError(f"--password-file: {file}: its first line is empty")
    return password


def _tell(user: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(user)
    else:
        state = ", disabled" if user["disabled"] else ""
        zones = f" of {' '.join(user['zones'])}" if user["zones"] else ""
        print_line(f"{user['name']} is {user['role']}{zones}{state}")


def _row(user: dict[str, Any]) -> dict[str, object]:
    state = "disabled" if user["disabled"] else ""
    return {**user, "zones": " ".join(user["zones"]), "created": user["created"][:10], "state": state}
