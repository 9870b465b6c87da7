"""ExternalDNS' endpoints: an RRset as its Go types write it, and the edits that its changes stand for. Pure.

    {"dnsName": "www.example.org", "recordType": "A", "targets": ["192.0.2.1"], "recordTTL": 300}

Names and most targets have no trailing dot there; those of SRV and NAPTR have, and TXT is in presentation form.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import InvalidError
from resolute.admin.api.ttls import Wanted
from resolute.admin.compat.asking import Sent
from resolute.admin.compat.txt import txt_rdata
from resolute.errors import PresentationError
from resolute.records import names, rdata
from resolute.records.rrset import MAX_TTL, RRset
from resolute.zones.change import Action, Edit

USUAL_TTL: Final = 300
"""Of an endpoint that says none (in Go: 0), where no RRset is that has one."""
MOST: Final = 10_000
"""Endpoints in one list."""
TYPES: Final = frozenset(map(rdata.type_from_text, ["A", "AAAA", "CNAME", "TXT", "SRV", "NS", "PTR", "MX", "NAPTR"]))
"""Those that it knows."""
_TXT: Final = rdata.type_from_text("TXT")
_DOTTED: Final = frozenset(map(rdata.type_from_text, ("SRV", "NAPTR", "TXT")))


def _list(given: object) -> object:
    """An empty list of Go may be null."""
    return [] if given is None else given


Targets = Annotated[list[Annotated[str, Field(max_length=65_535)]], BeforeValidator(_list), Field(max_length=MOST)]


class Endpoint(Sent):
    """An RRset; what is of other providers alone (`setIdentifier`, `providerSpecific`) is kept out."""

    dns_name: str = Field(default="", max_length=1_024, alias="dnsName", examples=["www.example.org"])
    targets: Targets = Field(default=[], examples=[["192.0.2.1"]])
    record_type: str = Field(default="", max_length=16, alias="recordType", examples=["A"])
    record_ttl: int = Field(default=0, le=MAX_TTL, alias="recordTTL", description="0: not said.")
    labels: dict[str, str] | None = None


Endpoints = Annotated[list[Endpoint], BeforeValidator(_list), Field(max_length=MOST)]


class Changes(Sent):
    """What is to become of endpoints; old versions begin the names with capitals, which Go does not tell apart."""

    create: Endpoints = Field(default=[])
    update_old: Endpoints = Field(default=[], alias="updateOld")
    update_new: Endpoints = Field(default=[], alias="updateNew")
    delete: Endpoints = Field(default=[])

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, tree: Any) -> Any:  # noqa: ANN401  any JSON
        if tree is None:
            return {}
        if not isinstance(tree, dict):
            return tree
        return {key[:1].lower() + key[1:]: value for key, value in tree.items()}


@dataclass(frozen=True, slots=True)
class _Meant:
    """An endpoint as an RRset; `says_ttl`: the TTL is the endpoint's own."""

    rrset: RRset
    says_ttl: bool


def edits_of(changes: Changes) -> list[Wanted]:
    """Records that go, then records that come: what else stands in an RRset stays. Raises InvalidError that names each
    endpoint that does not hold."""
    problems: list[tuple[str, str]] = []
    gone = _all(changes.update_old, "updateOld", problems) + _all(changes.delete, "delete", problems)
    come = _all(changes.update_new, "updateNew", problems) + _all(changes.create, "create", problems)
    if problems:
        raise InvalidError(*problems[:100])
    had = {one.rrset.key: one.rrset.ttl for one in gone if one.says_ttl}
    removals = [Wanted(Edit(Action.REMOVE, one.rrset)) for one in gone if one.rrset.rdatas]
    return removals + [_addition(one, had.get(one.rrset.key)) for one in come if one.rrset.rdatas]


def _addition(one: _Meant, had: int | None) -> Wanted:
    """An endpoint that says no TTL keeps the one it had, or takes that of the RRset which is there."""
    kept = one.rrset if one.says_ttl or had is None else replace(one.rrset, ttl=had)
    return Wanted(Edit(Action.ADD, kept), open_ttl=not one.says_ttl and had is None)


def shown(rrset: RRset) -> dict[str, Any]:
    """An RRset as an endpoint."""
    return {
        "dnsName": names.to_text(rrset.owner).removesuffix("."),
        "targets": [_target(rrset.rtype, data) for data in rrset.rdatas],
        "recordType": rdata.type_to_text(rrset.rtype),
        "recordTTL": rrset.ttl,
    }


def adjusted(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as it will be shown when it is there, so that nobody takes it for another one again and again. What
    does not hold stays as it is: it is refused when it is to be made."""
    tree = endpoint.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    try:
        return tree | {key: value for key, value in shown(_rrset(endpoint, "").rrset).items() if key != "recordTTL"}
    except InvalidError:
        return tree


def _all(endpoints: Iterable[Endpoint], field: str, problems: list[tuple[str, str]]) -> list[_Meant]:
    found = []
    for at, endpoint in enumerate(endpoints):
        try:
            found.append(_rrset(endpoint, f"{field}[{at}]."))
        except InvalidError as error:
            problems.extend(error.fields)
    return found


def _rrset(endpoint: Endpoint, field: str) -> _Meant:
    owner = zone_name(endpoint.dns_name, f"{field}dnsName")
    rtype = _type(endpoint.record_type, f"{field}recordType")
    says_ttl = endpoint.record_ttl > 0
    ttl = endpoint.record_ttl if says_ttl else USUAL_TTL
    return _Meant(RRset.of(owner, rtype, ttl, _rdatas(rtype, endpoint.targets, f"{field}targets")), says_ttl)


def _type(text: str, field: str) -> int:
    try:
        rtype = rdata.type_from_text(text)
    except PresentationError as error:
        raise InvalidError((field, str(error))) from None
    if rtype not in TYPES:
        raise InvalidError((field, f"{text} is none of {', '.join(map(rdata.type_to_text, sorted(TYPES)))}"))
    return rtype


def _rdatas(rtype: int, targets: Sequence[str], field: str) -> list[bytes]:
    try:
        return [_rdata(rtype, target) for target in targets]
    except PresentationError as error:
        raise InvalidError((field, str(error))) from None


def _rdata(rtype: int, target: str) -> bytes:
    """TXT may come without the quotes, as people write it in an annotation."""
    if rtype == _TXT and not target.startswith('"'):
        return txt_rdata(target)
    if "\n" in target or "\r" in target:
        raise PresentationError("a target is one record, in one line")
    return rdata.to_wire(rtype, target, b"\0")


def _target(rtype: int, data: bytes) -> str:
    text = rdata.to_text(rtype, data)
    return text if rtype in _DOTTED else text.removesuffix(".")
