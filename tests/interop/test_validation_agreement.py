"""Resolute's validator beside Unbound's, over the same zones: the same state for every question."""

import itertools
from collections import Counter

import pytest

from bench.peers import Bind, Knot, Nsd, Server, Service
from resolute.dnssec.budget import Budget
from resolute.dnssec.message import NXDOMAIN
from resolute.dnssec.ranges import DenialStore, Known
from resolute.dnssec.validator import Extent, Subject
from resolute.dnssec.verdict import Need, Security
from resolute.records import names
from resolute.records.types import DS, SOA, TXT, A
from tests.interop.validation.judging import Opinion, Ours, ValidatingUnbound
from tests.interop.validation.zones import Hosted, host

NAMES = (
    "",
    "www",
    "WWW",
    "mail",
    "alias",
    "far",
    "dark",
    "broken",
    "dangling",
    "nope",
    "zzz",
    "0",
    "a.b.c.nope",
    "x.wild",
    "x.y.wild",
    "here.wild",
    "x.here.wild",
    "wild",
    "*.wild",
    "x.cname",
    "x.deep.wild2",
    "deep.wild2",
    "ent",
    "b.ent",
    "a.b.ent",
    "c.b.ent",
    "below",
    "x.below",
    "www.tree",
    "nope.tree",
    "x.www",
    "y.x.www",
    "insecure",
    "x.insecure",
    "a.insecure2",
    "x.a.insecure2",
    "insecure2",
    "b.insecure2",
)
MORE_NAMES = ("nope2", "y.wild", "z.wild", "y.y.wild", "v.x.www", "w.x.www", "other", "a.b.c.d", "www.b.ent", "x.mail")
WHOLE = ("whole.", "hashed.", "salted.", "optout.", "p384.", "ed25519.")
TYPES = ("A", "AAAA", "TXT", "DS", "SOA", "NS")


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    return host(tmp_path_factory.mktemp("zones"))


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("authority", "top", "types"), [(Nsd, ".nsec.", TYPES), (Bind, ".nsec3.", TYPES[2:4]), (Knot, ".opt.", TYPES[2:4])]
)
def test_states_agree(hosted: Hosted, authority: type[Server], top: str, types: tuple[str, ...]) -> None:
    """RFC 4033 5: secure, insecure or bogus; beside a validator that has been at work for almost twenty years."""
    origins = [origin for origin in hosted.origins if origin.endswith(top)]
    states, found = Counter[Security](), []
    with (
        authority(Service(zones=hosted.files)) as server,
        ValidatingUnbound(server.endpoint, hosted) as unbound,
    ):
        ours = Ours(server.endpoint, hosted.anchor)
        for origin, name, qtype in itertools.product(origins, NAMES, types):
            qname = f"{name}.{origin}".lstrip(".")
            mine, theirs = ours.judge(qname, qtype), unbound.judge(qname, qtype)
            states[mine.security] += 1
            if mine.security is not theirs.security:
                found.append(f"{qname} {qtype}: {shown(mine)}, Unbound {shown(theirs)}")
    assert not found, "\n".join(found)
    assert all(states[state] > 300 for state in (Security.SECURE, Security.INSECURE, Security.BOGUS)), states


@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("authority", [Nsd, Knot])
def test_what_is_known_without_asking_is_what_the_server_says(hosted: Hosted, authority: type[Server]) -> None:
    """RFC 8198: what follows from the proofs of other answers, beside the server's own answer."""
    store, made, found = DenialStore(), Counter[str](), []
    with authority(Service(zones=hosted.files)) as server:
        ours = Ours(server.endpoint, hosted.anchor)
        origins = [origin for origin in hosted.origins if origin.startswith(WHOLE)]
        for origin, name, rtype in itertools.product(origins, (*NAMES, *MORE_NAMES), (A, TXT, DS, SOA)):
            need = Need(names.fold(names.from_text(f"{name}.{origin}".lstrip("."))), rtype)
            known = store.answer(need.name, need.rtype, 0.0, Budget())
            message = ours.fetch(need)
            if known is None:
                verdict = ours.validate(Subject(need.name, need.rtype, message, Extent.FIRST_LINK), Budget())
                if verdict.security is Security.SECURE:
                    store.learn(verdict.authentic, 0.0)
            else:
                made[kind(known)] += 1
                if outcome(known) != (message.rcode, tuple(message.answer[0].rdatas) if message.answer else ()):
                    found.append(f"{names.to_text(need.name)} {need.rtype}: {outcome(known)}, not {message}")
    assert not found, "\n".join(found)
    assert all(made[each] > 10 for each in ("no name", "no type", "wildcard")), made


def kind(known: Known) -> str:
    return "wildcard" if known.answer else "no name" if known.rcode == NXDOMAIN else "no type"


def outcome(known: Known) -> tuple[int, tuple[bytes, ...]]:
    return known.rcode, known.answer.rrset.rdatas if known.answer else ()


def shown(opinion: Opinion) -> str:
    return f"{opinion.security.name} {opinion.rcode} {opinion.ede} {opinion.text}"
