"""The node: everything that the DNS process is made of, built from the settings, and changed by a reload.

start:   zones, hosts -> plane configured and published -> listen -> local records -> everything that follows
reload:  read all -> does it hold? -- no --> nothing has changed, every problem is reported
                          |
                          yes -> listen (all or nothing) -> settings -> zones, overlays -> follow the new files
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from resolute import plane
from resolute.config import log as logging_chapter
from resolute.config.tree import Settings
from resolute.errors import SettingsError
from resolute.node import descriptors, planesettings
from resolute.node.adminchild import AdminChild, Instructions
from resolute.node.client import SOCKET_NAME
from resolute.node.cookiesecrets import CookieSecrets
from resolute.node.dispatch import Dispatcher
from resolute.node.follower import Served, StoreFollower
from resolute.node.listening import AdminSockets, bound, explain
from resolute.node.memory import Heap
from resolute.node.storedsettings import StoredSettings
from resolute.resolver.exchanges import Exchanges
from resolute.resolver.iteration import hints
from resolute.resolver.resolver import Resolver
from resolute.resolver.routes import NOBODY_TEXT
from resolute.store.store import Store
from resolute.units import milliseconds
from resolute.zones.fingerprint import Fingerprint, fingerprint
from resolute.zones.follow import FileFollower
from resolute.zones.keeper import ZoneKeeper
from resolute.zones.overlays import OverlayKeeper
from resolute.zones.storedkeeper import StoredKeeper

NETWORKS_S = 5.0
"""How often the interfaces are looked at, for `allow.recursion = ["private"]`."""

COOKIES_S = 600.0
"""How often the age of the server's own secret of cookies is looked at."""
COOKIE_SECRETS = "cookie-secrets"
"""Its file in the data directory."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload has left: files that do not hold (their old state goes on), settings that wait for a restart."""

    problems: tuple[str, ...]
    restart_needed: tuple[str, ...]


class Node:
    """One running DNS server. `kept` reads the configuration again, from where the first one came, and the store's."""

    def __init__(self, settings: Settings, kept: StoredSettings, admin: AdminSockets | None) -> None:
        """Raises SettingsError for what the data plane refuses, UnavailableError for a store URL that is none."""
        self.settings = settings
        self.started_at = time.time()
        self.addresses: list[str] = []
        self.proxied_addresses: list[str] = []
        self.reload_problems: tuple[str, ...] = ()
        self.restart_needed: tuple[str, ...] = ()
        self.kept = kept
        self._prefixes = planesettings.Prefixes.of(settings)
        self._cookies = CookieSecrets(settings.data.directory / COOKIE_SECRETS)
        self._cookies.renew(time.time())
        self.plane = plane.Plane(self._build(settings, (), self._prefixes), workers=settings.limits.workers)
        self.exchanges = Exchanges(self.plane)
        self.resolver = Resolver(self.plane, self.exchanges, self._configure_plane)
        self.dispatcher = Dispatcher(self.plane, self.exchanges, self.resolver.resolve, limit=settings.limits.handoffs)
        self.heap = Heap()
        self.zones = ZoneKeeper(self.plane, self._zones_changed)
        self.overlays = OverlayKeeper(self.plane, self._follow_files)
        self.files = FileFollower(self._files_changed)
        self.stored = StoredKeeper(self.plane, self.zones.has, self._zones_changed)
        self.store = StoreFollower(
            Store(settings.store.url),
            settings.data.directory,
            Served(self.overlays.set_local, self.stored.take, self._set_settings),
            name=settings.store.node or socket.gethostname(),
        )
        self.admin_address = bound(admin.port) if admin is not None else "off"
        self.admin = AdminChild(self._instructions(admin)) if admin is not None else None
        self._queries_format: str | None = None
        self._config_known: Fingerprint = None
        self._seed_known: Fingerprint = None
        self._unserved: tuple[bytes, ...] | None = None
        self._hints = hints.builtin()
        self._reloading = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Serves. Raises SettingsError when an address cannot be listened on."""
        self._note_files()
        self._hints = await asyncio.to_thread(hints.load, self.settings.resolver.root_hints)
        prepared_zones, prepared_hosts = await asyncio.gather(
            self.zones.prepare(self.settings.zone, self.settings.zones.folders),
            self.overlays.prepare(self.settings.hosts.files, ttl_s=self.settings.hosts.ttl),
        )
        await self.zones.commit(prepared_zones)
        await self.overlays.commit(prepared_hosts)
        await self.store.start()
        await self.store.seed(self.settings.hosts.records)
        self._configure_resolver()
        self._log_queries(self.settings)
        self.dispatcher.start()
        await self._listen(self.settings)
        self._tell_about_nobody()
        self._tell_about_descriptors()
        works = [
            self.resolver.run(),
            self.files.run(),
            self.store.run(),
            self._follow_networks(),
            self._renew_cookies(),
        ]
        self._tasks = [asyncio.create_task(work) for work in works]
        if self.admin is not None:
            self._tasks.append(asyncio.create_task(self.admin.run(), name="admin"))

    async def stop(self, drain_ms: int = 2_000) -> None:
        """Lets what is in flight end, then ends everything."""
        self.zones.close()
        self.heap.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._drain, drain_ms)
        await self.dispatcher.stop()
        self.resolver.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.close()

    async def reload(self, *, seed: bool = True) -> Reloaded:
        """Re-reads the configuration and every file. Raises SettingsError, and nothing has changed, when it does not
        hold; a zone or hosts file that does not hold keeps its old state and is among the problems."""
        async with self._reloading:
            try:
                await self._reload()
            except SettingsError as error:
                self.reload_problems = error.problems
                for problem in error.problems:
                    log.error("reload refused, nothing has changed: %s", problem)
                raise
        if seed:  # outside of the lock: the follower of the store, who seeds, may be waiting for it
            await self.store.seed(self.settings.hosts.records)
        problems = self.problems()
        log.info("reloaded: %d problems", len(problems))
        return Reloaded(problems, self.restart_needed)

    async def check_settings(self, values: Mapping[str, object]) -> tuple[Settings, Sequence[str]]:
        """What the settings would be with these values in the store, and what of it would wait for a restart. Raises
        SettingsError."""
        wanted = await asyncio.to_thread(self.kept.check, values)
        self._build(wanted, (), await asyncio.to_thread(planesettings.Prefixes.of, wanted))
        return wanted, planesettings.restart_needed(self.settings, wanted)

    async def reread(self, file: Path) -> None:
        """Reads a zone file again, one of a folder too, when something in it has changed."""
        await self._files_changed(frozenset({file, file.parent}))

    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong just now, a line each."""
        zones = [f"zone {state.name}: {problem}" for state in self.zones.states for problem in state.problems]
        hosts = [f"hosts: {problem}" for state in self.overlays.hosts for problem in state.problems]
        seed = [f"hosts.records: {problem}" for problem in self.store.seed_problems]
        store = [self.store.problem] if self.store.problem else []
        return (
            *self.reload_problems,
            *self.kept.problems,
            *self.zones.problems,
            *zones,
            *self.stored.problems,
            *hosts,
            *seed,
            *store,
        )

    # ------------------------------------------------------------------------------------------------------- reloading

    async def _set_settings(self, values: Mapping[str, object]) -> None:
        """The store has other settings; what keeps them from being taken over is in the log and in the status."""
        before = self.kept.values
        if values == before:
            return
        self.kept.values = values
        try:
            with suppress(SettingsError):
                await self.reload(seed=False)
        except BaseException:
            self.kept.values = before  # so that the next look tries again
            raise

    async def _reload(self) -> None:
        self._note_files()
        wanted = await asyncio.to_thread(self.kept.compose)
        prefixes = await asyncio.to_thread(planesettings.Prefixes.of, wanted)
        self._build(wanted, (), prefixes)
        root = await asyncio.to_thread(hints.load, wanted.resolver.root_hints)
        zones, hosts = await asyncio.gather(
            self.zones.prepare(wanted.zone, wanted.zones.folders),
            self.overlays.prepare(wanted.hosts.files, ttl_s=wanted.hosts.ttl),
        )
        # The one step that can fail for reasons outside of the settings comes first, and is all or nothing.
        await self._listen(wanted)
        running, self._prefixes, self._hints = self.settings, prefixes, root
        self.restart_needed = tuple(planesettings.restart_needed(running, wanted))
        self.settings = _keeping_what_cannot_change(running, wanted)
        self.dispatcher.limit = wanted.limits.handoffs
        self._configure_resolver()
        await self.zones.commit(zones)
        await self.stored.files_changed()
        await self.overlays.commit(hosts)
        self._configure_logging(wanted)
        self.reload_problems = ()
        self._follow_files()
        if running.resolver != wanted.resolver:
            self._tell_about_nobody()
        if running.limits != wanted.limits:
            self._tell_about_descriptors()
        for line in self.restart_needed:
            log.warning("%s", line)

    async def _listen(self, wanted: Settings) -> None:
        """A port 0 that was bound before stays the port that it was given."""
        running = self.settings.listen
        addresses = _bound_before(wanted.listen.dns, running.dns, self.addresses)
        proxied = _bound_before(wanted.listen.proxied, running.proxied, self.proxied_addresses)
        try:
            bound_to = await asyncio.to_thread(self.plane.listen, addresses, proxied=proxied)
        except OSError as error:
            where = str(error.filename or ", ".join(addresses))
            setting, flag = ("listen.proxied", "listen.proxied") if where in proxied else ("listen.dns", "--listen")
            raise SettingsError([explain(setting, where, error, flag=flag)]) from error
        except ValueError as error:
            raise SettingsError([f"listen.dns: {error}"]) from error
        self.addresses, self.proxied_addresses = bound_to[: len(addresses)], bound_to[len(addresses) :]

    def _configure_logging(self, wanted: Settings) -> None:
        self._log_queries(wanted)
        logging_chapter.reconfigure(wanted.log)

    def _log_queries(self, wanted: Settings) -> None:
        """Only a change is handed down: lines that wait for the sink stay in their order."""
        wanted_format = wanted.log.format if wanted.log.queries else None
        if wanted_format != self._queries_format:
            self.plane.log_queries(wanted_format)
            self._queries_format = wanted_format

    def _configure_resolver(self) -> None:
        self._unserved = self._never_served()
        self.resolver.configure(self.settings.resolver, self._unserved, self._hints)
        self._configure_plane()

    def _never_served(self) -> tuple[bytes, ...]:
        return (*self.zones.unserved, *self.stored.unserved)

    def _configure_plane(self) -> None:
        self.plane.configure(self._build(self.settings, self.resolver.routes(), self._prefixes))

    def _build(
        self, settings: Settings, routes: Sequence["plane.Route"], prefixes: planesettings.Prefixes
    ) -> "plane.Settings":
        return planesettings.build(settings, routes, prefixes, self._cookies.values)

    def _tell_about_descriptors(self) -> None:
        if line := descriptors.shortage(self.settings.limits):
            log.warning("%s", line)

    def _tell_about_nobody(self) -> None:
        resolver = self.settings.resolver
        if resolver.mode == "forward" and not resolver.forward:
            log.warning("%s; other names get SERVFAIL", NOBODY_TEXT)

    # ------------------------------------------------------------------------------------------------------- following

    async def _files_changed(self, paths: frozenset[Path]) -> None:
        """Zones and hosts files are read again by themselves; a changed configuration is a reload."""
        config, seed = _absolute(self.settings.path), _absolute(self.settings.hosts.records)
        if config in paths and await asyncio.to_thread(fingerprint, config) is not None:
            try:
                await self.reload()
                return
            except SettingsError:
                pass  # said by `reload`; the other files are followed all the same
        if seed in paths:
            self._seed_known = fingerprint(seed)
            await self.store.seed(seed)
        await asyncio.gather(self.zones.changed(paths), self.overlays.changed(paths))
        await self.stored.files_changed()
        self._follow_files()

    def _zones_changed(self) -> None:
        """The names of a zone that was never served must not be asked elsewhere: that changes the routes."""
        if self._unserved is not None and self._unserved != self._never_served():
            self._configure_resolver()
        self._follow_files()
        self.heap.has_shrunk()

    def _note_files(self) -> None:
        """What the configuration files are before they are read."""
        self._config_known = fingerprint(self.settings.path) if self.settings.path else None
        self._seed_known = fingerprint(self.settings.hosts.records) if self.settings.hosts.records else None

    def _follow_files(self) -> None:
        files = {**self.overlays.files, **self.zones.files}
        if self.settings.path is not None:
            files[self.settings.path] = self._config_known
        if self.settings.hosts.records is not None:
            files[self.settings.hosts.records] = self._seed_known
        self.files.follow(files, self.zones.folders)

    async def _follow_networks(self) -> None:
        """`private` means the networks that are attached now; interfaces come and go."""
        while True:
            await asyncio.sleep(NETWORKS_S)
            try:
                settings = self.settings
                if not planesettings.names_networks(settings):
                    continue
                found = await asyncio.to_thread(planesettings.Prefixes.of, settings)
                if found != self._prefixes and settings is self.settings:
                    log.info("the attached networks are others now: recursion is for %s", ", ".join(found.recursion))
                    self._prefixes = found
                    self._configure_plane()
            except Exception:
                log.exception("looking at the interfaces failed")

    async def _renew_cookies(self) -> None:
        """A secret of cookies is used for a day."""
        while True:
            await asyncio.sleep(COOKIES_S)
            try:
                if await asyncio.to_thread(self._cookies.renew, time.time()):
                    self._configure_plane()
            except Exception:
                log.exception("renewing the secret of cookies failed")

    # -------------------------------------------------------------------------------------------------------- the ends

    def _instructions(self, admin: AdminSockets) -> Instructions:
        control = self.settings.data.directory / SOCKET_NAME
        log_settings = self.settings.log
        return Instructions(
            admin.port.fileno(),
            admin.local.fileno(),
            self.settings.store.url,
            str(control.absolute()),
            log_settings.level,
            log_settings.format,
            self.settings.admin.model_dump(mode="json"),
        )

    def _drain(self, drain_ms: int) -> None:
        """In a thread: the event loop goes on resolving what clients still wait for."""
        self.plane.close(min(drain_ms, milliseconds(self.settings.resolver.deadline)))


def _absolute(path: Path | None) -> Path:
    return Path() if path is None else Path(os.path.abspath(path))


def _bound_before(wanted: Sequence[str], asked: Sequence[str], bound_to: Sequence[str]) -> list[str]:
    """The wanted addresses; port 0 is the port that it became, if it has been asked for before."""
    before = dict(zip(asked, bound_to, strict=False))
    return [before.get(address, address) if address.endswith(":0") else address for address in wanted]


def _keeping_what_cannot_change(running: Settings, wanted: Settings) -> Settings:
    """The wanted settings, but for those of `planesettings.restart_needed`."""
    return wanted.model_copy(
        update={
            "admin": running.admin,
            "data": running.data,
            "store": running.store,
            "listen": wanted.listen.model_copy(update={"admin": running.listen.admin}),
            "limits": wanted.limits.model_copy(update={"workers": running.limits.workers}),
        }
    )
