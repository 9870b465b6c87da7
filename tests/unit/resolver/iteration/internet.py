"""An Internet of scripted servers without sockets: what the machine asks goes to functions, time stands in a number.

Honest servers answer from zone text through the data plane (`plane.respond`); hostile ones are functions of the test.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from resolute import plane
from resolute.records import names
from resolute.records.rdata import type_from_text
from resolute.resolver.driver import Driver
from resolute.resolver.iteration.budget import Budget, UnresolvedError
from resolute.resolver.iteration.compose import compose
from resolute.resolver.iteration.cuts import ROOT, Cut
from resolute.resolver.iteration.effects import Ask, Heard
from resolute.resolver.iteration.machine import Answer, Iteration

TIMEOUT = 1
BROKEN = 5
UNREACHABLE = 6
RTT_MS = 10.0
SOA = "@ 3600 IN SOA ns hostmaster 1 7200 3600 86400 60\n"

Script = Callable[[Ask], "bytes | int | None"]
"""The reply to a question; None for silence, a number for `plane.REASON_*`."""


@dataclass
class Resolved:
    """What came of one question."""

    answer: Answer | None
    error: UnresolvedError | None
    budget: Budget
    question: tuple[bytes, int]

    @property
    def lines(self) -> list[str]:
        """The records of the answer, as text, in order."""
        assert self.answer is not None, self.error
        found = [rrset for part in self.answer.parts for rrset in part.answer]
        return [line for rrset in found for line in str(rrset).splitlines()]

    @property
    def rcode(self) -> int:
        assert self.answer is not None, self.error
        return self.answer.rcode

    def message(self) -> dns.message.Message:
        """As it goes to the data plane."""
        assert self.answer is not None, self.error
        return dns.message.from_wire(compose(*self.question, self.answer, self.budget.now))


@dataclass
class Internet:
    """`asked` is every question that was sent. The root's servers are at `roots`."""

    roots: Sequence[str] = ("198.51.100.1",)
    asked: list[Ask] = field(default_factory=list)
    now: float = 1_000.0
    scripts: dict[str, Script] = field(default_factory=dict)
    rtt_ms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        glue: dict[bytes, tuple[str, ...]] = {
            names.from_text(f"r{at}.root."): (endpoint(one),) for at, one in enumerate(self.roots)
        }
        self.iteration = Iteration(Cut(ROOT, tuple(glue), glue, float("inf")))
        self.driver = Driver(self.exchange, clock=lambda: self.now)

    def serve(self, address: str, **zones: str) -> None:
        """An honest server: `example_test="www A 192.0.2.1"` (underscores for dots, `_` the root) adds SOA and NS."""
        self.scripts[endpoint(address)] = honest({_origin(origin): text for origin, text in zones.items()})

    def script(self, address: str, script: Script) -> None:
        """A server that does as told."""
        self.scripts[endpoint(address)] = script

    async def exchange(self, ask: Ask) -> Heard:
        """One question; silence takes the time that it is waited for."""
        self.asked.append(ask)
        for _ in range(5):  # longer than it takes to tell those who wait for the same
            await asyncio.sleep(0)
        script = self.scripts.get(ask.server)
        said = script(ask) if script is not None else None
        if isinstance(said, bytes):
            rtt = self.rtt_ms.get(ask.server, RTT_MS)
            self.now += rtt / 1000
            return Heard(said, None, rtt, ask.tcp)
        if said is None:
            self.now += ask.timeout_ms / 1000
        return Heard(None, TIMEOUT if said is None else said)

    async def query(self, name: str, rtype: str = "A", *, seconds: float = 4.0) -> Resolved:
        """What a client's query would get."""
        budget = Budget(self.now, seconds)
        question = names.fold(names.from_text(name)), type_from_text(rtype)
        try:
            answer = await self.driver.run(budget, self.iteration.resolve(budget, *question))
        except UnresolvedError as error:
            return Resolved(None, error, budget, question)
        return Resolved(answer, None, budget, question)

    def resolve(self, name: str, rtype: str = "A", *, seconds: float = 4.0) -> Resolved:
        """The same, from outside of an event loop."""
        return asyncio.run(self.query(name, rtype, seconds=seconds))

    def questions(self, address: str | None = None) -> list[str]:
        """`NAME TYPE` of what was asked, of all or of one server."""
        wanted = [ask for ask in self.asked if address is None or ask.server == endpoint(address)]
        return [f"{names.to_text(ask.qname)} {plane.mnemonic(ask.qtype)}" for ask in wanted]


def endpoint(address: str) -> str:
    """ADDRESS:53."""
    return f"[{address}]:53" if ":" in address else f"{address}:53"


def honest(zones: dict[str, str]) -> Script:
    """Answers from zones given as text, each below its SOA."""
    images = [
        plane.scan_zone_text((SOA + text).encode(), names.from_text(origin), file=origin).compile()
        for origin, text in zones.items()
    ]
    everybody = plane.View("", clients=["0.0.0.0/0"], recursion=[])
    served = plane.Plane(plane.Settings(views=[everybody], minimal=False), workers=1)
    served.publish(images)

    def respond(ask: Ask) -> bytes | None:
        return served.respond(query(ask).to_wire(), client="192.0.2.7")

    return respond


def query(ask: Ask) -> dns.message.Message:
    """What was asked as a message."""
    name, rtype = dns.name.from_wire(ask.qname, 0)[0], dns.rdatatype.RdataType.make(ask.qtype)
    message = dns.message.make_query(name, rtype, use_edns=0 if ask.edns else False, want_dnssec=ask.edns)
    message.flags &= ~dns.flags.RD
    return message


def reply(
    ask: Ask,
    answer: Sequence[str] = (),
    authority: Sequence[str] = (),
    additional: Sequence[str] = (),
    *,
    aa: bool = True,
    rcode: int = 0,
) -> bytes:
    """A reply with these records, each a line such as `www.example. 300 A 192.0.2.1`."""
    message = dns.message.make_response(query(ask))
    message.set_rcode(dns.rcode.Rcode(rcode))
    message.flags |= dns.flags.AA if aa else dns.flags.Flag(0)
    for section, lines in ((message.answer, answer), (message.authority, authority), (message.additional, additional)):
        section.extend(_rrset(line) for line in lines)
    return message.to_wire(max_size=65_535)


def referral(ask: Ask, zone: str, servers: dict[str, str | None], *, ttl: int = 3_600) -> bytes:
    """A delegation of `zone` to servers by name, with their address or without."""
    glue = [f"{name} {ttl} {'AAAA' if ':' in at else 'A'} {at}" for name, at in servers.items() if at is not None]
    return reply(ask, (), [f"{zone} {ttl} NS {name}" for name in servers], glue, aa=False)


def _rrset(line: str) -> dns.rrset.RRset:
    owner, ttl, rtype, rdata = line.split(None, 3)
    return dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)


def _origin(word: str) -> str:
    return "." if word == "_" else word.replace("_", ".") + "."
