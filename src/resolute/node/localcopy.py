"""The node's last copy of the local records, to serve from when the store is gone (DESIGN: nodes follow the store)."""

import json
from pathlib import Path

from resolute import durable
from resolute.errors import RuleError
from resolute.store.records import LocalRecords
from resolute.zones.local import check_address, check_name


def save(path: Path, records: LocalRecords) -> None:
    """Replaces the copy in one step: a crash leaves the old one or the new one. Raises OSError."""
    content = json.dumps({"revision": records.revision, "records": dict(records.addresses)})
    durable.replace(path, content.encode())


def load(path: Path) -> LocalRecords | None:
    """The copy; None when there is none, or none that can be used."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        addresses = {check_name(name): check_address(address) for name, address in content["records"].items()}
        return LocalRecords(int(content["revision"]), addresses)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuleError):
        return None
