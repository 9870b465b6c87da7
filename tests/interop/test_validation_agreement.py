"""Resolute's validator beside Unbound's, over the same zones: the same state for every question."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.peers import Nsd, Service
from resolute.dnssec.verdict import Security
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
TYPES = ("A", "AAAA", "TXT", "DS", "SOA", "NS")


@dataclass(frozen=True)
class Bench:
    """The servers and the validator."""

    hosted: Hosted
    unbound: ValidatingUnbound
    ours: Ours


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    hosted = host(Path(tmp_path_factory.mktemp("zones")))
    with (
        Nsd(Service(zones=hosted.files)) as nsd,
        ValidatingUnbound(nsd.endpoint, hosted) as unbound,
    ):
        yield Bench(hosted, unbound, Ours(nsd.endpoint, hosted.anchor))


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize(("top", "types"), [(".nsec.", TYPES), (".nsec3.", TYPES[2:4]), (".opt.", TYPES[2:4])])
def test_states_agree(bench: Bench, top: str, types: tuple[str, ...]) -> None:
    """RFC 4033 5: secure, insecure or bogus; beside a validator that has been at work for almost twenty years."""
    origins = [origin for origin in bench.hosted.origins if origin.endswith(top)]
    product = itertools.product(origins, NAMES, types)
    states = Counter[Security]()
    found = []
    for qname, qtype in ((f"{name}.{origin}".lstrip("."), rtype) for origin, name, rtype in product):
        mine, theirs = bench.ours.judge(qname, qtype), bench.unbound.judge(qname, qtype)
        states[mine.security] += 1
        if mine.security is not theirs.security:
            found.append(f"{qname} {qtype}: {shown(mine)}, Unbound {shown(theirs)}")
    assert not found, "\n".join(found)
    assert all(states[state] > 300 for state in (Security.SECURE, Security.INSECURE, Security.BOGUS)), states


def shown(opinion: Opinion) -> str:
    return f"{opinion.security.name} {opinion.rcode} {opinion.ede} {opinion.text}"
