"""Exchanges in flight: each token of `plane.exchange` has one future."""

import asyncio
from dataclasses import dataclass

from resolute import plane


@dataclass(frozen=True, slots=True)
class Request:
    """One question for one upstream."""

    upstream: str
    qname: bytes
    qtype: int
    qclass: int
    timeout_ms: int
    tcp: bool = False
    dnssec_ok: bool = False
    checking_disabled: bool = False
    recursion_desired: bool = True
    edns: bool = True
    cookie: bytes = b""


class Exchanges:
    """Begins exchanges and gives their ends to whoever waits. Of one event loop."""

    def __init__(self, served: "plane.Plane") -> None:
        self._plane = served
        self._waiting: dict[int, asyncio.Future[plane.Exchanged]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def exchange(self, request: Request) -> "plane.Exchanged":
        """Asks, and waits for the end. Raises ValueError or OSError when it cannot even begin."""
        token = self._plane.exchange(
            request.upstream,
            request.qname,
            request.qtype,
            request.qclass,
            timeout_ms=request.timeout_ms,
            dnssec_ok=request.dnssec_ok,
            checking_disabled=request.checking_disabled,
            tcp=request.tcp,
            recursion_desired=request.recursion_desired,
            edns=request.edns,
            cookie=request.cookie,
        )
        future: asyncio.Future[plane.Exchanged] = asyncio.get_running_loop().create_future()
        self._waiting[token] = future
        try:
            return await future
        finally:
            self._waiting.pop(token, None)

    def ended(self, exchanged: "plane.Exchanged") -> None:
        """An exchange has ended; one that nobody waits for any more is passed over."""
        future = self._waiting.pop(exchanged.token, None)
        if future is not None and not future.done():
            future.set_result(exchanged)
