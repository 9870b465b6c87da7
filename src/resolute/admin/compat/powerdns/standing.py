"""A zone as PowerDNS shows it: what it is, and in pages its RRsets, as JSON that is made in a reader's thread."""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from resolute.admin.compat.powerdns import rrsets
from resolute.admin.compat.powerdns.naming import zone_id
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal, Right, Verb, permits
from resolute.records import names
from resolute.store.metadata import Metadata
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.serial import Policy

URL: Final = "/api/v1/servers/localhost/zones"
KIND, ACCOUNT, SOA_EDIT, SOA_EDIT_API = "KIND", "ACCOUNT", "SOA-EDIT", "SOA-EDIT-API"

POLICIES: Final = {
    "DEFAULT": Policy.DATE,
    "INCREASE": Policy.INCREMENT,
    "EPOCH": Policy.UNIXTIME,
    "SOA-EDIT": Policy.INCREMENT,
    "SOA-EDIT-INCREASE": Policy.INCREMENT,
    "OFF": Policy.INCREMENT,
    "": Policy.INCREMENT,
}
"""How a SOA-EDIT-API raises serials. PowerDNS can leave a serial as it is; here every change raises it."""
_USUAL: Final = {Policy.DATE: "DEFAULT", Policy.INCREMENT: "INCREASE", Policy.UNIXTIME: "EPOCH"}

Zone = ZoneRow | FileZone


def listed(zone: Zone, known: Metadata, *, dnssec: bool) -> dict[str, Any]:
    """A zone in the list."""
    found: dict[str, Any] = {
        "account": first(known, ACCOUNT),
        "catalog": "",
        "id": zone_id(zone.name),
        "kind": first(known, KIND) or "Native",
        "last_check": 0,
        "masters": [],
        "name": zone.name,
        "notified_serial": 0,
        "serial": zone.serial or 0,
        "url": f"{URL}/{zone_id(zone.name)}",
    }
    return found | ({"dnssec": False, "edited_serial": zone.serial or 0} if dnssec else {})


def detailed(zone: Zone, known: Metadata) -> dict[str, Any]:
    """A zone without its RRsets."""
    return {
        **listed(zone, known, dnssec=True),
        "api_rectify": False,
        "master_tsig_key_ids": [],
        "nsec3narrow": False,
        "nsec3param": "",
        "slave_tsig_key_ids": [],
        "soa_edit": first(known, SOA_EDIT),
        "soa_edit_api": soa_edit_api(zone, known),
    }


def soa_edit_api(zone: Zone, known: Metadata) -> str:
    """What was given, as long as the zone's policy is still that."""
    policy = Policy.INCREMENT if isinstance(zone, FileZone) else Policy(zone.serial_policy)
    given = known.get(SOA_EDIT_API)
    if given is not None and POLICIES.get(given[0].upper()) is policy:
        return given[0]
    return _USUAL[policy]


def with_rrsets(head: dict[str, Any], rows: Iterable[RRsetRow], sees: Callable[[RRsetRow], bool]) -> bytes:
    """The JSON of a zone with those of its RRsets that may be seen."""
    shown = ",".join(json.dumps(rrsets.shown(row)) for row in rows if sees(row))
    return f'{json.dumps(head)[:-1]}, "rrsets": [{shown}]}}'.encode("ascii")


def sight(principal: Principal, origin: bytes) -> Callable[[RRsetRow], bool]:
    """Says of an RRset of a zone whether somebody may see it."""
    if permits(principal, Right(Verb.RECORDS_READ, origin)):
        return lambda _: True
    return lambda row: permits(principal, Right(Verb.RECORDS_READ, origin, names.from_text(row.name), row.rtype))


def first(known: Metadata, kind: str) -> str:
    """The text of a kind that has one at most."""
    return next(iter(known.get(kind, ())), "")
