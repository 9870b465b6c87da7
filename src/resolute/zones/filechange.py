"""A change of a zone whose source of truth is its file: decided as a change of the store's zones is, written into the
file."""

from pathlib import Path
from typing import Final

from resolute.errors import RuleError
from resolute.records import names, rdata
from resolute.zones import serial
from resolute.zones.change import ZoneChange
from resolute.zones.contents import FileContents
from resolute.zones.decide import Committed, Standing, decide, owners_of
from resolute.zones.fingerprint import fingerprint
from resolute.zones.rows import rrset_of
from resolute.zones.writeback import write_back

_SOA: Final = rdata.type_from_text("SOA")


def change_file(path: Path, change: ZoneChange, *, planned: bool = False) -> Committed:
    """Makes a change in a zone file, durably, or says what it would do; blocks.

    Raises what `decide` and `write_back` raise; then the file is as it was.
    """
    known = fingerprint(path)
    contents = FileContents(path, change.zone)
    rrsets = [rrset_of(row) for owner in owners_of(change) for row in contents.at(owner)]
    there = {rrset.key: rrset for rrset in rrsets}
    soa = there.get((change.zone, _SOA))
    name = names.to_text(change.zone)
    if soa is None:
        raise RuleError(f"{path}: there is no SOA record of {name}: mend the file by hand first")
    made = decide(change, Standing(name, serial.of_soa(soa), serial.Policy.INCREMENT), there)
    if made.differences and not planned:
        write_back(path, change.zone, [one.after for one in made.differences], known=known)
    return made
