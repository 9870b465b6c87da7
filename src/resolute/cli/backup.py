"""`resolute backup FILE` and `resolute restore FILE`: a whole store as one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from resolute.cli.options import Config, Data, Json, Server, TokenFile
from resolute.cli.terminal import print_json, print_line

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", dir_okay=False)]


def backup(
    file: File,
    server: Server = None,
    token_file: TokenFile = None,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write one state of the whole store into a file that only you can read; `resolute restore` takes it.

    The server goes on meanwhile, and changes are made. Without a server the store is read where the configuration says
    that it is; one of an earlier version is brought to the shape of this one first, as the server would at its start.
    The file has zones with their metadata and history, local records (and which names a seed file gave), settings of
    the store, users, tokens (hashes), webhooks (with what signs them) and the audit log; sessions are left out, and so
    are the files that zones are read from.
    """
    from resolute.cli import backups  # the store takes its time to load

    found = backups.take(file, backups.Where(config, data, server, token_file), quiet=json)
    if json:
        print_json(backups.as_json(found))
    else:
        print_line(f"{file}: {backups.words(found)}, {backups.size(file)}")


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="All that the store has now may go.")] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make the store of the configuration what it was when a backup was made, on SQLite or PostgreSQL alike.

    No server may run on the data directory meanwhile; nodes elsewhere that follow the same PostgreSQL notice by
    themselves. A store that is not empty is refused without --replace. All of it is restored, or nothing is changed.
    """
    from resolute.cli import backups

    found, url, revision = backups.put_back(file, backups.Where(config, data), replace=replace, quiet=json)
    if json:
        print_json({**backups.as_json(found), "store": url, "revision_now": revision})
    else:
        print_line(f"store {url}: {backups.words(found)}; its revision is {revision} now")
