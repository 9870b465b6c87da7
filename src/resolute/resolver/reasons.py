"""The Extended DNS Error that an upstream gave with its failure (RFC 8914 2)."""


def extended_error(reply: bytes) -> tuple[int, str] | None:
    """Code and text of the first one in a reply; None where there is none. Never raises for any bytes."""
    if len(reply) < 12 or not int.from_bytes(reply[10:12]):
        return None
    import dns.edns
    import dns.exception
    import dns.message

    try:
        message = dns.message.from_wire(reply, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError, IndexError):
        return None
    for option in message.options:
        if isinstance(option, dns.edns.EDEOption):
            return int(option.code), (option.text or "")[:200]
    return None
