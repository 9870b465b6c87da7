"""What the routes work with, made once a process."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from resolute.admin import notify
from resolute.admin.accounts import Accounts
from resolute.admin.clients import Clients
from resolute.admin.controlsocket import ControlSocket
from resolute.admin.feed import Feed
from resolute.admin.filezones import FileZones
from resolute.admin.identity import Identity
from resolute.admin.login import Login
from resolute.admin.passwords import Passwords
from resolute.admin.sessions import Sessions
from resolute.admin.setup import SetUp
from resolute.admin.tokens import Tokens
from resolute.admin.trail import Trail
from resolute.admin.writer import Writer
from resolute.config.admin import Admin
from resolute.store.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """All of them; `app.state.services`."""

    settings: Admin
    store: Store
    writer: Writer
    accounts: Accounts
    passwords: Passwords
    trail: Trail
    clients: Clients
    sessions: Sessions
    identity: Identity
    login: Login
    setup: SetUp
    node: ControlSocket
    file_zones: FileZones
    feed: Feed
    backing_up: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One backup is taken at a time."""

    @classmethod
    def of(cls, store: Store, settings: Admin, node: ControlSocket) -> Self:
        """Over a store; the node is told the revision after each change of records."""
        accounts, passwords = Accounts(store), Passwords()
        trail = Trail(accounts)
        sessions = Sessions(accounts, settings.session)
        writer = Writer(store, partial(notify.follow, node))
        return cls(
            settings=settings,
            store=store,
            writer=writer,
            accounts=accounts,
            passwords=passwords,
            trail=trail,
            clients=Clients(settings.proxies),
            sessions=sessions,
            identity=Identity(Tokens(accounts), sessions),
            login=Login(accounts, passwords, trail),
            setup=SetUp(accounts),
            node=node,
            file_zones=FileZones(node),
            feed=Feed(writer),
        )

    async def close(self) -> None:
        """Lets what has begun end, then closes the store."""
        self.feed.close()
        self.passwords.close()
        await asyncio.to_thread(self.accounts.close)
        await self.writer.close()
