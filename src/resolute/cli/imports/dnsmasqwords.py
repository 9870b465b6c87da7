"""The words of a line of dnsmasq's configuration (dnsmasq(8)). Pure."""

import ipaddress
from collections.abc import Sequence

from resolute.errors import RuleError


def reverse_zones(network: str) -> list[str]:
    """The zones of the names of a network's addresses (RFC 1035 3.5, RFC 3596 2.5), on whole octets or nibbles."""
    whole = ipaddress.ip_network(network, strict=False)
    step = 8 if whole.version == 4 else 4
    longer = -(-whole.prefixlen // step) * step
    if longer - whole.prefixlen > 4:
        raise RuleError(f"{network} would be {2 ** (longer - whole.prefixlen)} routes: give them in the configuration")
    kept = longer // step + 2  # in-addr.arpa, ip6.arpa
    pointers = (one.network_address.reverse_pointer for one in whole.subnets(new_prefix=longer))
    return [".".join(pointer.split(".")[-kept:]) for pointer in pointers]


def character_string(value: str) -> str:
    """Text as a character-string of a zone file (RFC 1035 5.1)."""
    octets = value.encode("utf-8")
    plain = "".join(chr(one) if 32 <= one < 127 and one not in (34, 92) else f"\\{one:03d}" for one in octets)
    return f'"{plain}"'


def without_comment(line: str) -> str:
    """dnsmasq takes a # for one where white space or nothing is before it, outside of quotes."""
    quoted = False
    for at, one in enumerate(line):
        if one == '"':
            quoted = not quoted
        elif one == "#" and not quoted and (at == 0 or line[at - 1].isspace()):
            return line[:at].strip()
    return line


def slashes(value: str) -> tuple[list[str], str]:
    """`/a/b/192.0.2.1` as (a, b) and the last part. Raises RuleError."""
    if not value.startswith("/"):
        raise RuleError("expected /DOMAIN/ADDRESS")
    *domains, last = (part.strip() for part in value[1:].split("/"))
    if not all(domains) or not domains:
        raise RuleError("not taken over: names without a dot have no domain here")
    return domains, last


def commas(value: str, count: int) -> list[str]:
    """The parts, and empty ones where some are missing."""
    parts = [part.strip() for part in value.split(",")]
    if len(parts) > count:
        raise RuleError(f"expected {count} parts at most, found {len(parts)}")
    return parts + [""] * (count - len(parts))


def quoted_commas(value: str) -> list[str]:
    """Parts that may stand in quotes, with commas in them."""
    parts, quoted, escaped = [""], False, False
    for one in value:
        if escaped:
            parts[-1], escaped = parts[-1] + one, False
        elif one == "\\" and quoted:
            escaped = True
        elif one == '"':
            quoted = not quoted
        elif one == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += one
    return [parts[0].strip(), *parts[1:]]


def is_taken(name: str, endings: Sequence[str]) -> bool:
    """Files that `conf-dir` reads: `*.conf` names those alone, `.bak` those that are passed over."""
    if name.startswith((".", "#")) or name.endswith("~"):
        return False
    only = [one[1:] for one in endings if one.startswith("*")]
    never = [one for one in endings if one and not one.startswith("*")]
    return not name.endswith(tuple(never)) and (not only or name.endswith(tuple(only)))
