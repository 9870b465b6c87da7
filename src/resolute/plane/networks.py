"""Which clients a word of the settings means: keywords and prefixes to address prefixes.

`loopback` is this machine. `private` is every directly attached network with a private address (RFC 1918, RFC 4193) or
a link-local one (RFC 3927, RFC 4291 2.5.6), as the interfaces have them now. `any` is everybody, `none` nobody.
"""

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

KEYWORDS = ("loopback", "private", "any", "none")
LOOPBACK = ("127.0.0.0/8", "::1/128")
ANY = ("0.0.0.0/0", "::/0")

_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)


def expand(words: Sequence[str]) -> list[str]:
    """The prefixes that the words mean now, without overlaps, IPv4 first. Raises ValueError for an unknown word."""
    networks: list[Network] = []
    for word in map(check, words):
        networks += (ipaddress.ip_network(prefix) for prefix in _prefixes(word))
    four = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
    return [str(network) for network in (*four, *six)]


def check(word: str) -> str:
    """The word in canonical form: a keyword in lower case or a prefix. Raises ValueError that says how to mend."""
    text = word.strip()
    if text.lower() in KEYWORDS:
        return text.lower()
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{word!r} {_fault(text)}") from None


def attached_private(interfaces: Iterable[Interface]) -> list[str]:
    """The private networks among the addresses of interfaces; a prefix never reaches out of its private block."""
    found: set[str] = set()
    for interface in interfaces:
        for block in _PRIVATE:
            if interface.version == block.version and interface.ip in block:
                wider = interface.network.prefixlen < block.prefixlen
                found.add(str(block if wider else interface.network))
    return sorted(found)


def interfaces() -> list[Interface]:
    """The addresses of this machine's interfaces with their prefix lengths."""
    import ifaddr

    found: list[Interface] = []
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            text = address.ip if isinstance(address.ip, str) else address.ip[0]
            found.append(ipaddress.ip_interface(f"{text}/{address.network_prefix}"))
    return found


def _prefixes(word: str) -> Sequence[str]:
    if word == "private":
        return attached_private(interfaces())
    return {"loopback": LOOPBACK, "any": ANY, "none": ()}.get(word, (word,))


def _fault(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"is not known: expected {', '.join(KEYWORDS)}, or a prefix such as 192.0.2.0/24 or 2001:db8::/32"
    return f"is an address within a prefix: write {network}, or {text.partition('/')[0]} for the one address"
