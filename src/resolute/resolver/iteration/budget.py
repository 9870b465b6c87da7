"""What one client's query may cost. The budget is made when the query is handed off, goes to all that works for it
(targets of aliases, addresses of name servers, keys), and nothing resets it: whoever has servers that are built to make
work for others gets this much of it (NXNSAttack, CAMP, iDNS, DNS Unchained).
"""

from typing import Final, NamedTuple

from resolute.errors import UnavailableError

PACKETS: Final = 32
"""Questions sent to servers."""
BYTES: Final = 65_536
"""Received in all."""
CNAME_STEPS: Final = 10
"""CNAMEs and DNAMEs followed."""
DELEGATIONS: Final = 7
"""Delegations followed one below the other, for one name; and how deep an address may be looked up for an address."""
FETCHES: Final = 5
"""Addresses of name servers looked up."""

OTHER: Final = 0
NO_REACHABLE_AUTHORITY: Final = 22
NETWORK_ERROR: Final = 23
SERVFAIL: Final = 2


class UnresolvedError(UnavailableError):
    """There is no answer: the rcode for the client, and the Extended DNS Error (RFC 8914) that says why.

    `silent`: nobody has replied at all. `brief`: it may be otherwise in a moment.
    """

    def __init__(
        self, ede: int, text: str, *, rcode: int = SERVFAIL, silent: bool = False, brief: bool = False
    ) -> None:
        self.ede = ede
        self.text = text
        self.rcode = rcode
        self.silent = silent
        self.brief = brief
        super().__init__(text)

    def again(self) -> "UnresolvedError":
        """The same for somebody else."""
        return UnresolvedError(self.ede, self.text, rcode=self.rcode, silent=self.silent, brief=self.brief)


class ExhaustedError(UnresolvedError):
    """The budget is used up. It says nothing about anybody else's query."""


class Asked(NamedTuple):
    """One question that was sent, for people who want to know what was done."""

    zone: bytes
    server: str
    qname: bytes
    qtype: int
    outcome: str
    took_ms: float
    nested: int
    """How many lookups of name servers' addresses it is for."""


class Budget:
    """What has been used. `now` (monotonic seconds) is set by whoever drives the machine, before each step."""

    __slots__ = ("cname_steps", "ends_at", "fetches", "fetching", "now", "packets", "received", "trace")

    def __init__(self, now: float, seconds: float) -> None:
        self.now = now
        self.ends_at = now + seconds
        self.packets = 0
        self.received = 0
        self.cname_steps = 0
        self.fetches = 0
        self.fetching: list[bytes] = []
        """The names of name servers whose addresses are being looked up, each for the one before it."""
        self.trace: list[Asked] = []

    @property
    def left_ms(self) -> float:
        """The time that is left."""
        return (self.ends_at - self.now) * 1000

    def take_packet(self) -> None:
        """Before each question that is sent. Raises ExhaustedError."""
        if self.now >= self.ends_at:
            text = "the servers took all the time that there was"
            raise ExhaustedError(NO_REACHABLE_AUTHORITY, text, brief=not self.packets)
        if self.packets >= PACKETS:
            raise _exhausted(f"{PACKETS} questions to servers")
        self.packets += 1

    def take_bytes(self, count: int) -> None:
        """After each reply. Raises ExhaustedError."""
        self.received += count
        if self.received > BYTES:
            raise _exhausted(f"{BYTES} bytes of replies")

    def take_cname_steps(self, count: int) -> None:
        """Before a chain is followed. Raises ExhaustedError."""
        self.cname_steps += count
        if self.cname_steps > CNAME_STEPS:
            raise _exhausted(f"{CNAME_STEPS} steps of a chain of aliases")

    def take_fetch(self) -> None:
        """Before the address of a name server is looked up. Raises ExhaustedError."""
        if self.fetches >= FETCHES:
            raise _exhausted(f"{FETCHES} addresses of name servers")
        self.fetches += 1

    def used(self) -> str:
        """For people."""
        return (
            f"{self.packets} of {PACKETS} questions, {self.received} of {BYTES} bytes, "
            f"{self.cname_steps} of {CNAME_STEPS} aliases, {self.fetches} of {FETCHES} addresses of name servers"
        )


def _exhausted(what: str) -> ExhaustedError:
    return ExhaustedError(OTHER, f"this question takes more than {what}, and no more is done for one")
