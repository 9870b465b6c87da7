"""Who judges: Unbound that validates from the root of the zones, and Resolute's validator, driven by hand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from bench.peers import Endpoint, Server, Service
from resolute.dnssec import anchors
from resolute.dnssec.budget import Budget
from resolute.dnssec.message import Message, parse
from resolute.dnssec.trust import Grounds, Moment
from resolute.dnssec.validator import Extent, Subject, Validation
from resolute.dnssec.verdict import Need, Security, Verdict
from resolute.records import names
from resolute.records.types import CNAME, DNAME
from tests.interop.validation.zones import Hosted

CONFIGURATION = """
server:
    interface: {host}
    port: {port}
    num-threads: 1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    verbosity: 1
    val-log-level: 2
    module-config: "validator iterator"
    do-not-query-localhost: no
    do-ip6: no
    access-control: 127.0.0.0/8 allow
    trust-anchor-file: "{anchor}"
    val-sig-skew-min: 0
    val-sig-skew-max: 0
    val-nsec3-keysize-iterations: "1024 50 2048 50 4096 50"
    aggressive-nsec: no
    qname-minimisation: no
    ede: yes
    outgoing-range: 512
remote-control:
    control-enable: no
"""
STUB = """\
stub-zone:
    name: "{name}"
    stub-addr: {authority}
"""
MOST_LINKS = 11


@dataclass(frozen=True)
class Opinion:
    """What somebody says of a question: the state, the reply's rcode, and the reason if there is one."""

    security: Security
    rcode: int | None
    ede: int | None = None
    text: str = ""


class ValidatingUnbound(Server):
    """Unbound that asks one server for everything, and validates from an anchor."""

    name = "Unbound"
    command = "unbound"

    def __init__(self, authority: Endpoint, hosted: Hosted) -> None:
        super().__init__(Service())
        self._authority = f"{authority.host}@{authority.port}"
        self._hosted = hosted

    def arguments(self) -> Sequence[str]:
        anchor = self.write("anchor", self._hosted.anchor)
        host, port = self.endpoint.host, self.endpoint.port
        text = CONFIGURATION.format(host=host, port=port, folder=self.folder, anchor=anchor)
        text += "".join(STUB.format(name=name, authority=self._authority) for name in self._hosted.files)
        return ["-d", "-c", str(self.write("unbound.conf", text))]

    def judge(self, qname: str, qtype: str) -> Opinion:
        """AD is secure, SERVFAIL is bogus, the rest is insecure."""
        reply = ask(self.endpoint, dns.message.make_query(qname, qtype, want_dnssec=True))
        ede = next((option for option in reply.options if isinstance(option, dns.edns.EDEOption)), None)
        code, text = (int(ede.code), ede.text or "") if ede else (None, "")
        if reply.rcode() == dns.rcode.SERVFAIL:
            return Opinion(Security.BOGUS, None, code, text)
        is_secure = bool(reply.flags & dns.flags.AD)
        return Opinion(Security.SECURE if is_secure else Security.INSECURE, int(reply.rcode()), code, text)


class Ours:
    """The validator; what it needs it gets from one server."""

    def __init__(self, authority: Endpoint, anchor: str) -> None:
        self._authority = authority
        self._kept: dict[Need, Message] = {}
        self.grounds = Grounds(anchors.parse(anchor, "anchor"))

    def judge(self, qname: str, qtype: str) -> Opinion:
        """The verdict over all links of the chain of aliases, each asked at its own zone; what clients do not get is
        bogus."""
        budget = Budget()
        need = Need(names.fold(names.from_text(qname)), int(dns.rdatatype.from_text(qtype)))
        worst, seen = Opinion(Security.SECURE, 0), {need.name}
        for _ in range(MOST_LINKS):
            message = self.fetch(need)
            verdict = self.validate(Subject(need.name, need.rtype, message, Extent.FIRST_LINK), budget)
            if verdict.security >= worst.security:
                reason = verdict.reason
                ede, text = (reason.ede, reason.text) if reason else (None, "")
                security = verdict.security if verdict.may_be_given else Security.BOGUS
                worst = Opinion(security, message.rcode, ede, text)
            target = leads_to(message, need)
            if worst.security is Security.BOGUS or target is None or target in seen:
                return worst
            seen.add(target)
            need = Need(target, need.rtype)
        return worst

    def validate(self, subject: Subject, budget: Budget) -> Verdict:
        """Runs the validator to its end."""
        validation = Validation(subject, self.grounds, budget)
        step = validation.settle(validation.begin(now()))
        while isinstance(step, Need):
            step = validation.settle(validation.fed(self.fetch(step), now()))
        return step

    def fetch(self, need: Need) -> Message:
        """The authority's reply."""
        if need not in self._kept:
            name = dns.name.from_text(names.to_text(need.name))
            question = dns.message.make_query(name, dns.rdatatype.RdataType.make(need.rtype), want_dnssec=True)
            self._kept[need] = parse(ask(self._authority, question).to_wire())
        return self._kept[need]


def now() -> Moment:
    """The clocks."""
    return Moment(time.time(), time.monotonic())


def ask(endpoint: Endpoint, question: dns.message.Message) -> dns.message.Message:
    """The reply; over TCP where it is truncated."""
    for _ in range(5):
        try:
            reply, _ = dns.query.udp_with_fallback(question, endpoint.host, port=endpoint.port, timeout=5)
        except dns.exception.Timeout:
            continue
        return reply
    raise TimeoutError(f"no reply to {question.question[0]} from {endpoint}")


def leads_to(message: Message, need: Need) -> bytes | None:
    """The target of the alias that the answer begins with."""
    aliases = {rrset.rtype: rrset for rrset in message.answer if rrset.rtype in (CNAME, DNAME)}
    if any(rrset.key == (need.name, need.rtype) for rrset in message.answer):
        return None
    for rrset in message.answer:
        if rrset.key == (need.name, CNAME):
            return names.fold(rrset.rdatas[0])
    assert not aliases, "a DNAME comes with the CNAME that it makes"
    return None
