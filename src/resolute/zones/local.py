"""Local records: a map of names and addresses, from the store or from a seed file (`records.yml`).

The key is the name in lower case without the trailing dot, the value the address in its canonical form (RFC 5952 for
IPv6): `check_name` and `check_address` make both from what people type, and say in one line what is wrong with it.
"""

import ipaddress
from collections.abc import Iterator, Mapping

from resolute.errors import PresentationError, RuleError
from resolute.records import names
from resolute.zones.addresses import Named, OverlayRecord, records


def overlay_records(addresses: Mapping[str, str], *, ttl_s: int) -> list[OverlayRecord]:
    """The records of an overlay with these names, and their PTRs."""
    return records(
        (Named(names.from_text(name), ipaddress.ip_address(address)) for name, address in addresses.items()),
        ttl_s=ttl_s,
    )


def check_name(text: object) -> str:
    """The canonical form of a record's name. Raises RuleError."""
    if not isinstance(text, str):
        raise RuleError(f"the domain is {_kind(text)}: expected a name in text, such as app.test")
    if not text.strip():
        raise RuleError("the domain is empty: expected a name, such as app.test")
    try:
        name = names.to_text(names.fold(names.from_text(text.strip())))
    except PresentationError as error:
        raise RuleError(_printable(str(error))) from error
    if name == ".":
        raise RuleError("the root cannot have an address: expected a name, such as app.test")
    if name.startswith("*."):
        raise RuleError(f"{name} is a wildcard, which local records do not know: put it into a zone file")
    return name.removesuffix(".")


def check_address(text: object) -> str:
    """The canonical form of an IPv4 or IPv6 address. Raises RuleError."""
    if not isinstance(text, str):
        raise RuleError(f"the address is {_kind(text)}: expected text, such as 192.0.2.7 or 2001:db8::7")
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        shown = _printable(repr(text[:80]))
        raise RuleError(f"{shown} is not an IP address: expected one such as 192.0.2.7 or 2001:db8::7") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise RuleError(f"{address} has a scope, which is of one machine alone: leave out %{address.scope_id}")
    return str(address)


def read_seed(content: bytes, *, file: str) -> tuple[dict[str, str], list[str]]:
    """The names of a `records.yml` map, and a line (`file:line: what`) for each entry that was left out.

    Raises RuleError when it is not a YAML map at all.
    """
    import yaml

    try:
        tree = yaml.compose(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise RuleError(f"{place}: {getattr(error, 'problem', None) or 'not YAML text'}") from error
    if tree is None:
        return {}, []
    if not isinstance(tree, yaml.MappingNode):
        raise RuleError(f"{file}:{tree.start_mark.line + 1}: expected a map of names and addresses (NAME: ADDRESS)")
    return _seed_entries(_scalars(tree), file)


def _scalars(tree: object) -> Iterator[tuple[int, object, object]]:
    """(line, key, value) as typed: YAML's own idea of types (`on`, `1:20`) must not touch names and addresses."""
    for key, value in tree.value:  # type: ignore[attr-defined]
        yield key.start_mark.line + 1, key.value, value.value


def _seed_entries(entries: Iterator[tuple[int, object, object]], file: str) -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    problems: list[str] = []
    for line, key, value in entries:
        try:
            name, address = check_name(key), check_address(value)
        except RuleError as error:
            problems.append(f"{file}:{line}: {error}")
            continue
        if name in found:
            problems.append(f"{file}:{line}: {name} stands twice, the first is used: a name has one address")
        found.setdefault(name, address)
    return found, problems


def _kind(value: object) -> str:
    if value is None:
        return "missing"
    kinds = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return f"{kinds.get(type(value), 'no text')}"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)[:400]
