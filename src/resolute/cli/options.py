"""Options that several verbs have, and what they mean."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import dns.rdatatype
import typer

from resolute.cli.adminclient import AdminClient, server_url
from resolute.config.arguments import Overrides
from resolute.config.environment import SERVER, TOKEN
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.errors import RuleError, UnavailableError
from resolute.node.client import ADMIN_SOCKET_NAME, SOCKET_NAME, ControlClient

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The server's configuration file.", dir_okay=False)
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The server's data directory.", file_okay=False)
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help=f"Another server, such as https://dns.example.net ({SERVER} names it too)."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help=f"Has the token; for --server {TOKEN} can have it.", dir_okay=False
    ),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")]
Plan = Annotated[bool, typer.Option("--plan", help="Say what would change, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_LONGEST_TOKEN: Final = 1_024


def settings(config: Path | None, data: Path | None = None) -> Settings:
    """The settings that a server with this configuration has. Raises SettingsError."""
    return load(config, Overrides(data=None if data is None else str(data)), os.environ)


def client(config: Path | None, data: Path | None) -> ControlClient:
    """The way to the running server's node (see `directory`). Raises UnavailableError."""
    return ControlClient(directory(config, data) / SOCKET_NAME)


def admin(
    config: Path | None,
    data: Path | None,
    server: str | None = None,
    token_file: Path | None = None,
    *,
    reason: str = "",
) -> AdminClient:
    """The way to the admin process: of the server that is named, else of the one on this machine (see `directory`), as
    whose owner the commands act when there is no token. Raises UnavailableError, RuleError for a token file."""
    if server is not None and data is not None:
        raise typer.BadParameter("--server and --data: they name two servers, give one")
    if data is None and config is None:
        server = server or os.environ.get(SERVER) or None
    token = None if token_file is None else _read_token(token_file)
    headers = {"X-Change-Reason": _one_line(reason)} if reason else {}
    if server is None:
        return AdminClient(directory(config, data) / ADMIN_SOCKET_NAME, token, headers)
    return AdminClient(server_url(server), token or _token_of_environment(), headers)


def planned(*, plan: bool) -> dict[str, str]:
    """The query of a change that is only a plan, and of one that is not."""
    return {"plan": "true"} if plan else {}


def confirm(question: str, *, yes: bool) -> None:
    """Goes on when it may. Raises typer.Abort for a no, typer.BadParameter where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("give --yes: there is no terminal to ask on")
    typer.confirm(question, abort=True, err=True)


def directory(config: Path | None, data: Path | None) -> Path:
    """The data directory of the running server: as given, that of its configuration, else `./data` (where `make serve`
    has it), else the default one. Raises UnavailableError that names both of these."""
    if data is not None:
        return data
    default, here = settings(config).data.directory, Path("data")
    if config is not None or _environment_says():
        return default
    if _is_ours(here) and _is_ours(here / SOCKET_NAME):
        return here
    if not _is_there(default / SOCKET_NAME):
        raise UnavailableError(
            f"no server answers on ./{here / SOCKET_NAME} or {default / SOCKET_NAME}: start one with `resolute serve`, "
            "or name its directory with --data"
        )
    return default


def complete_type(incomplete: str) -> list[str]:
    """Record types that begin so, for the shell."""
    return sorted(kind.name for kind in dns.rdatatype.RdataType if kind.name.startswith(incomplete.upper()))


def _environment_says() -> bool:
    return bool(os.environ.get("RESOLUTE_CONFIG") or os.environ.get("RESOLUTE_DATA_DIRECTORY"))


def _read_token(file: Path) -> str:
    """Raises RuleError."""
    try:
        with file.open("rb") as stream:
            text = stream.read(_LONGEST_TOKEN + 1).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise RuleError(f"--token-file: {file}: {getattr(error, 'strerror', None) or 'it has no token'}") from error
    return _checked_token(text, f"--token-file: {file}")


def _token_of_environment() -> str | None:
    """None: it has none. Raises RuleError."""
    text = os.environ.get(TOKEN, "").strip()
    return _checked_token(text, TOKEN) if text else None


def _checked_token(text: str, source: str) -> str:
    """Raises RuleError, which does not have the token in it."""
    if not 0 < len(text) <= _LONGEST_TOKEN or not (text.isascii() and text.isprintable()) or " " in text:
        raise RuleError(f"{source}: expected one token, such as rsl_0123456789ab_...")
    return text


def _one_line(reason: str) -> str:
    """Raises typer.BadParameter for what no header can carry."""
    if not reason.isprintable():
        raise typer.BadParameter("--reason: expected one line of text")
    return reason.strip()


def _is_there(path: Path) -> bool:
    """Raises UnavailableError where this user may not know."""
    try:
        return path.exists()
    except PermissionError as error:
        raise UnavailableError(
            f"{path}: permission denied; run as the user that runs the server, name its directory with --data, or "
            "another server with --server"
        ) from error


def _is_ours(path: Path) -> bool:
    """Whether something is there that this user or root has made: what others leave in a folder is not believed."""
    try:
        return path.stat().st_uid in (os.geteuid(), 0)
    except OSError:
        return False
