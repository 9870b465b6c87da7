"""What `resolute backup` and `resolute restore` do: the stream of a running server, or the store itself, into a file; a
file into a store that no server uses.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.engine import make_url

from resolute import durable
from resolute.cli.adminclient import AdminClient
from resolute.cli.options import admin, directory, settings
from resolute.cli.progress import progress_bar
from resolute.config.tree import Settings
from resolute.errors import RuleError, UnavailableError
from resolute.node.lock import DirectoryLock
from resolute.store import backup as backups
from resolute.store import restore as restores
from resolute.store.backupfile import BackupReader, Summary
from resolute.store.store import Store


@dataclass(frozen=True, slots=True)
class Where:
    """What the options say of the server and its store."""

    config: Path | None
    data: Path | None
    server: str | None = None
    token_file: Path | None = None


def take(file: Path, where: Where, *, quiet: bool) -> Summary:
    """Writes a backup, of mode 0600 and in one step, and reads it again. Raises RuleError for a file that cannot be
    written, and what the client or the store raise; the file is as it was then."""
    try:
        if file.exists() and not file.is_file():
            raise RuleError(f"{file} is no plain file: name one, it is replaced in one step")
        with durable.replacing(file) as written:
            written.writelines(_parts(where, quiet=quiet))
            written.flush()
            return BackupReader(written, str(file)).verify()
    except durable.UncertainError as error:
        raise RuleError(f"{file} is written; whether it survives a crash is not known: {error.strerror}") from error
    except OSError as error:
        raise RuleError(f"{file} cannot be written: {error.strerror or error}") from error


def put_back(file: Path, where: Where, *, replace: bool, quiet: bool) -> tuple[Summary, str, int]:
    """Restores the store of a configuration; returns what was in the backup, the store's URL and its revision now.

    Raises SettingsError while a server runs on the data directory, and what `store.restore` raises.
    """
    found = settings(where.config, where.data)
    lock = DirectoryLock(found.data.directory)
    store = Store(found.store.url)
    try:
        with _opened(file) as opened, progress_bar(quiet=quiet, doing="restoring") as progress:
            summary, revision = restores.restore(store, opened, str(file), replace=replace, progress=progress)
            return summary, store.url, revision
    finally:
        store.close()
        lock.release()


def _client(where: Where) -> AdminClient | None:
    """The way to the server; None when none runs here, so that the store is to be read directly."""
    try:
        client = admin(where.config, where.data, where.server, where.token_file)
    except UnavailableError:
        return None
    if not client.is_local:
        return client
    try:
        client.call("GET", "/health")
    except UnavailableError:
        return None
    return client


def _parts(where: Where, *, quiet: bool) -> Iterator[bytes]:
    client = _client(where)
    if client is not None:
        client.require_private()  # hashes of passwords, and what signs deliveries
        yield from client.download("/backup")
        return
    store = Store(_existing(_settings(where)).store.url)
    try:
        with progress_bar(quiet=quiet, doing="backing up") as progress:
            yield from backups.stream(store, progress)
    finally:
        store.close()


def _settings(where: Where) -> Settings:
    try:
        return settings(where.config, directory(where.config, where.data))
    except UnavailableError:
        return settings(where.config, where.data)


def _existing(found: Settings) -> Settings:
    """Raises RuleError for a store that would have to be made, or that this user may not read."""
    url = make_url(found.store.url)
    try:
        there = url.get_backend_name() != "sqlite" or Path(str(url.database)).exists()
    except OSError as error:
        raise RuleError(f"the store {url.database} cannot be read: {error.strerror}") from error
    if not there:
        raise RuleError(f"there is no store {url.database}: name its directory with --data, or its --config")
    return found


def _opened(file: Path) -> BinaryIO:
    """Raises RuleError for what cannot be read, or not twice."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise RuleError(f"{file} cannot be read: {error.strerror}") from error
    opened = os.fdopen(descriptor, "rb")
    if not opened.seekable():
        opened.close()
        raise RuleError(f"{file} is no plain file: write the backup into one first")
    return opened


def as_json(found: Summary) -> dict[str, Any]:
    """What a backup has."""
    header = found.header
    return {
        "format": header.version,
        "shape": header.shape,
        "revision": header.revision,
        "made": header.made.isoformat(),
        "program": header.program,
        "rows": dict(found.rows),
        "sha256": found.sha256,
    }


def words(found: Summary) -> str:
    """The same in a line."""
    counts = ((found.rows.get(table, 0), word) for table, word in _SHOWN)
    what = ", ".join(f"{count} {word}" for count, word in counts)
    return f"{what} of {found.header.made:%Y-%m-%d %H:%M:%S} UTC, revision {found.header.revision}"


_SHOWN = (
    ("zones", "zones"),
    ("rrsets", "RRsets"),
    ("changes", "changes"),
    ("local_records", "local records"),
    ("users", "users"),
    ("tokens", "tokens"),
)


def size(file: Path) -> str:
    """Of a file, for people."""
    octets = file.stat().st_size
    return f"{octets / 2**20:.1f} MiB" if octets >= 2**20 else f"{octets / 2**10:.1f} KiB"
