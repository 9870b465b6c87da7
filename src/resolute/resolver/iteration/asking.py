"""One question to the servers of one zone, until one of them says something that can be used.

choose a server --> ask --> judge --> Found or Referral: done
     ^                        +-----> no EDNS, its cookie: the same server once more, so
     |                        +-----> lame, an error, broken: the next server
     +---- another round <----+-----> no reply: the next server; when all were asked, the slow ones once more
     |
no address left: look one up (at most five for a client's query)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from resolute import plane
from resolute.records import names, types
from resolute.resolver.forwarder import Reason
from resolute.resolver.iteration.budget import (
    FETCHES,
    NETWORK_ERROR,
    NO_REACHABLE_AUTHORITY,
    Asked,
    Budget,
    UnresolvedError,
)
from resolute.resolver.iteration.cuts import ROOT, Cut, Cuts
from resolute.resolver.iteration.effects import Ask, Heard, Steps
from resolute.resolver.iteration.judge import (
    NOERROR,
    NXDOMAIN,
    Asking,
    Fault,
    Found,
    Referral,
    Useless,
    Verdict,
    judge,
)
from resolute.resolver.iteration.known import Known
from resolute.resolver.iteration.load import Load
from resolute.resolver.iteration.servers import COOKIE, PLAIN_S, SUSPECTED_S, Server, Servers

MOST_QUESTIONS: Final = 12
"""To the servers of one zone, for one question."""

_FAILURES: Final = {
    Reason.TIMEOUT: "did not reply",
    Reason.BROKEN: "sent a reply that does not parse",
    Reason.UNREACHABLE: "cannot be reached",
    Reason.SHORTAGE: "was not asked, for want of a free socket here",
}


@dataclass(slots=True)
class Memory:
    """All that is learnt, and shared by all queries."""

    cuts: Cuts = field(default_factory=Cuts)
    servers: Servers = field(default_factory=Servers)
    known: Known = field(default_factory=Known)
    load: Load = field(default_factory=Load)


@dataclass(frozen=True, slots=True)
class Manner:
    """How servers are asked this time."""

    edns: bool = True
    tcp: bool = False
    cookie: bool = True


class Questioning:
    """The course of one question. `find_addresses` looks up those of a name server, within the budget."""

    __slots__ = (
        "_budget", "_cut", "_find", "_found", "_judge", "_looked_up", "_memory", "_qname", "_qtype", "_questions",
        "_refused_edns", "_slow", "_tried", "_weak", "_words", "heard",
    )  # fmt: skip

    def __init__(
        self,
        memory: Memory,
        budget: Budget,
        cut: Cut,
        question: tuple[bytes, int],
        *,
        find_addresses: Callable[[Budget, bytes], Steps[Sequence[str]]],
    ) -> None:
        self._memory = memory
        self._budget = budget
        self._cut = cut
        self._qname, self._qtype = question
        self._find = find_addresses
        self._judge: Callable[[plane.Reply, Asking], Verdict] = judge
        self._tried: set[str] = set()
        self._slow: set[str] = set()
        """Those of the tried that did not reply, and are asked a second time at the end."""
        self._refused_edns: set[str] = set()
        self._looked_up: set[bytes] = set()
        self._found: list[str] = []
        """Addresses that were looked up for this question: they may be of no use a moment later (TTL 0)."""
        self._questions = 0
        self._weak: Found | None = None
        """What a server said that is not responsible; better than nothing."""
        self._words: dict[str, str] = {}
        self.heard = False
        """Somebody has replied."""

    def judged_by(self, judges: "Callable[[plane.Reply, Asking], Verdict]") -> "Questioning":
        """With another way to judge replies."""
        self._judge = judges
        return self

    def steps(self) -> Steps[Found | Referral]:
        """Asks until there is something. Raises UnresolvedError."""
        zone, load = self._cut.zone, self._memory.load
        if not load.begin(zone):
            text = f"too many questions wait for the servers of {names.to_text(zone)}"
            raise UnresolvedError(NETWORK_ERROR, text, brief=True)
        good = False
        try:
            verdict = yield from self._steps()
            good = True
            return verdict
        finally:
            load.end(zone, good=good)

    def _steps(self) -> Steps[Found | Referral]:
        while self._questions < MOST_QUESTIONS:
            server = self._choose()
            if server is None:
                if not (yield from self._look_up_one()):
                    break
                continue
            verdict = yield from self._ask(server)
            if verdict is not None:
                return verdict
        if self._weak is not None:
            return self._weak
        raise self._failure()

    # -------------------------------------------------------------------------------------------------- whom to ask

    def _choose(self) -> Server | None:
        """One that was not asked, else one that was only silent; of those whose addresses are known."""
        now, servers, zone = self._budget.now, self._memory.servers, self._cut.zone
        known = self._addresses()
        fresh = [address for address in known if address not in self._tried] if self._tried else known
        if fresh and (server := servers.choose(fresh, zone, now)) is not None:
            return server
        if not self._slow or self._can_look_up():
            return None
        return servers.choose(sorted(self._slow), zone, now)

    def _addresses(self) -> Sequence[str]:
        cut, memory = self._cut, self._memory
        if len(cut.glue) == len(cut.servers):
            return cut.addresses
        found = dict.fromkeys((*cut.addresses, *self._found))
        for name in cut.servers:
            if name not in cut.glue:
                found.update(dict.fromkeys(memory.known.addresses(name, memory.servers.families, self._budget.now)))
        return list(found)

    def _can_look_up(self) -> bool:
        return any(self._is_to_look_up(name) for name in self._cut.servers)

    def _is_to_look_up(self, name: bytes) -> bool:
        """A server without address, but for one whose address only the zone itself could tell."""
        known, now = self._memory.known, self._budget.now
        return (
            name not in self._cut.glue
            and self._budget.fetches < FETCHES
            and name not in self._looked_up
            and name not in self._budget.fetching
            and not names.is_within(name, self._cut.zone)
            and not known.addresses(name, self._memory.servers.families, now)
        )

    def _look_up_one(self) -> Steps[bool]:
        """Looks up the address of one more server; False when there is none."""
        for name in self._cut.servers:
            if not self._is_to_look_up(name):
                continue
            self._looked_up.add(name)
            found = yield from self._find(self._budget, name)
            self._found += found
            if not found:
                self._words[names.to_text(name)] = "has no address that can be found"
            return True
        return False

    # ----------------------------------------------------------------------------------------------------- asking it

    def _ask(self, server: Server) -> Steps[Found | Referral | None]:
        """Asks a server; None when another is to be asked."""
        manner = self._manner(server)
        self._slow.discard(server.address)
        for _ in range(3):
            self._tried_again(server)
            verdict = yield from self._exchange(server, manner)
            if not isinstance(verdict, Useless):
                if isinstance(verdict, Referral) or verdict.firm:
                    return verdict
                self._memory.servers.lame_for(server, self._cut.zone, self._budget.now)
                self._weak = self._weak or verdict
                return None
            self._words[server.address] = verdict.text
            changed = self._differently(server, manner, verdict.fault)
            if changed is None:
                return None
            manner = changed
        return None

    def _manner(self, server: Server) -> Manner:
        """With EDNS, but for a server that does not bear it. A second silence may be for that (RFC 8906 8.2), unless
        the zone is signed, or the server has been heard to speak it."""
        signed = any(rrset.rtype == types.DS for rrset in self._cut.proof)
        silent = server.address in self._slow
        plain = (silent and not server.speaks and not signed) or server.plain_until > self._budget.now
        return Manner(edns=not plain, cookie=not silent or len(server.cookie) > COOKIE)

    def _differently(self, server: Server, manner: Manner, fault: Fault) -> Manner | None:
        """How the same server is asked once more, if that may help."""
        if fault in (Fault.EDNS, Fault.BROKEN) and manner.edns:
            self._refused_edns.add(server.address)
            # Who speaks EDNS may refuse the option that it does not know (RFC 6891 6.1.2 forbids it).
            return Manner(edns=server.speaks and manner.cookie, tcp=manner.tcp, cookie=False)
        if fault is Fault.COOKIE and not manner.tcp:
            # RFC 7873 5.3: with its cookie, which came with the refusal; without one over TCP.
            return Manner(tcp=len(server.cookie) == COOKIE or self._questions > 1)
        if fault is Fault.LAME:
            self._memory.servers.lame_for(server, self._cut.zone, self._budget.now)
        return None

    def _tried_again(self, server: Server) -> None:
        self._questions += 1
        self._tried.add(server.address)

    def _exchange(self, server: Server, manner: Manner) -> Steps[Verdict]:
        """One question, its costs, and what it tells of the server."""
        budget = self._budget
        budget.take_packet()
        asked_at = budget.now
        cookie = server.cookie if manner.edns and manner.cookie else b""
        timeout = max(1, min(server.timeout_ms(), int(budget.left_ms)))
        heard: Heard = yield Ask(server.address, self._qname, self._qtype, timeout, manner.tcp, manner.edns, cookie)
        verdict = self._learn(server, manner, heard, asked_at)
        self._note(server, verdict, (budget.now - asked_at) * 1000)
        if heard.tcp and not manner.tcp:
            budget.take_packet()
        if heard.reply is not None:
            budget.take_bytes(len(heard.reply))
        return verdict

    def _learn(self, server: Server, manner: Manner, heard: Heard, asked_at: float) -> Verdict:
        now, servers = self._budget.now, self._memory.servers
        if heard.reply is None:
            return self._silence(server, heard, asked_at)
        self.heard = True
        servers.replied(server, 0.0 if heard.tcp else heard.rtt_ms, now)
        try:
            reply = plane.read_reply(heard.reply)
        except ValueError:
            return Useless(Fault.BROKEN, _FAILURES[Reason.BROKEN])
        self._learn_edns(server, manner, reply)
        return self._judge(reply, Asking(self._cut.zone, self._qname, self._qtype, now))

    def _silence(self, server: Server, heard: Heard, asked_at: float) -> Useless:
        reason = Reason.BROKEN if heard.failure is None else Reason(heard.failure)
        fault = Fault.ERROR
        if reason is Reason.BROKEN:
            self.heard, fault = True, Fault.BROKEN
        elif reason is not Reason.SHORTAGE:
            sure = reason is Reason.UNREACHABLE
            self._memory.servers.failed(server, asked_at, self._budget.now, sure=sure)
            if not sure and server.address not in self._words:
                self._slow.add(server.address)
        return Useless(fault, _FAILURES.get(reason, "failed"))

    def _learn_edns(self, server: Server, manner: Manner, reply: "plane.Reply") -> None:
        if reply.edns:
            server.speaks = server.speaks or manner.edns
            if (cookie := reply.cookie) is not None and len(cookie) > COOKIE:
                server.cookie = cookie
            elif cookie is None and len(server.cookie) > COOKIE:
                server.cookie = server.cookie[:COOKIE]
            if server.address in self._refused_edns and not manner.cookie and reply.rcode in (0, 3):
                server.cookie = b""
        elif not manner.edns and reply.rcode in (0, 3):
            # A lost packet looks like a server that does not bear EDNS: that is not believed for long.
            for_long = server.address in self._refused_edns
            server.plain_until = self._budget.now + (PLAIN_S if for_long else SUSPECTED_S)

    # ---------------------------------------------------------------------------------------------------- for people

    def _note(self, server: Server, verdict: Verdict, took_ms: float) -> None:
        budget = self._budget
        nested = len(budget.fetching)
        outcome = describe(verdict)
        budget.trace.append(Asked(self._cut.zone, server.address, self._qname, self._qtype, outcome, took_ms, nested))

    def _failure(self) -> UnresolvedError:
        zone = names.to_text(self._cut.zone)
        said = ", ".join(f"{who} {what}" for who, what in list(self._words.items())[:4])
        text = f"no server of {zone} can be used: {said}" if said else f"no server of {zone} has replied lately"
        ede = NETWORK_ERROR if self.heard else NO_REACHABLE_AUTHORITY
        return UnresolvedError(ede, text, silent=not self.heard)


def describe(verdict: Verdict) -> str:
    """A verdict in a few words."""
    if isinstance(verdict, Referral) and verdict.zone == ROOT:
        return "named the root's servers"
    if isinstance(verdict, Referral):
        return f"referred to {names.to_text(verdict.zone)}"
    if isinstance(verdict, Useless):
        return verdict.text
    if verdict.target is not None:
        return f"an alias of {names.to_text(verdict.target)}"
    if verdict.rcode == NOERROR:
        return "answered" if verdict.answer and not _is_negative(verdict) else "no data of this type"
    return "no such name" if verdict.rcode == NXDOMAIN else "aliases that lead nowhere"


def _is_negative(found: Found) -> bool:
    return any(rrset.rtype == types.SOA for rrset in found.authority)
