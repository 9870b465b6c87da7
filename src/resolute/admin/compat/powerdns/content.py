r"""The content of a record as PowerDNS writes it, and back.

It is presentation form with absolute names. Other than ours: a string of a TXT record may be longer than 255 octets, a
LOC record has its sizes, SvcParams have no quotes where none are needed, and what is hex or base64 has no blanks.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.errors import PresentationError
from resolute.records import names, rdata

_STRINGS: Final = frozenset(map(rdata.type_from_text, ("TXT", "SPF")))
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)("?)', re.DOTALL)
"""From the quote that opens it on; it fits always, so that no quote is looked at twice."""
_OCTET: Final = re.compile(r"\\[0-9]{3}|\\.|.", re.DOTALL)
_LONGEST_STRING: Final = 255
_ROOT: Final = b"\0"
_ELSEWHERE: Final = names.from_text("elsewhere.invalid.")
"""What a relative name would be completed by, to find out whether there is one."""
_QUOTED_PARAM: Final = re.compile(r'(mandatory|alpn|port|ipv4hint|ipv6hint)="([^"\\ ]*)"')
_SIZES: Final = " 1.00m 10000.00m 10.00m"
"""Of a LOC record that has none (RFC 1876 3)."""
_LOC_FIELDS: Final = 9


def rdata_of(place: str, rtype: int, content: str) -> bytes:
    """The wire rdata of a content; `place` says whose, `www.example.org./A`. Raises UnprocessableError."""
    text = _in_short_strings(content) if rtype in _STRINGS else content
    try:
        data = rdata.to_wire(rtype, text, _ROOT)
    except PresentationError as error:
        raise UnprocessableError(f"Record {place} '{content}': {error}") from error
    unquoted = rtype in _STRINGS and not content.lstrip().startswith('"')
    if unquoted or data != rdata.to_wire(rtype, text, _ELSEWHERE):
        said = content_of(rtype, rdata.to_text(rtype, data))
        raise UnprocessableError(f"Record {place} '{content}': Not in expected format (parsed as '{said}')")
    return data


def content_of(rtype: int, text: str) -> str:
    """The content of a record in our presentation form."""
    written = _WRITTEN.get(rtype)
    return text if written is None or text.startswith("\\#") else written(text)


def _in_short_strings(content: str) -> str:
    """Each quoted string in parts of 255 octets at most (RFC 1035 3.3.14), as PowerDNS does for its clients."""
    return _STRING.sub(lambda found: _parts(found[1]) if found[2] else found[0], content)


def _parts(text: str) -> str:
    parts, length = [""], 0
    for one in _OCTET.findall(text):
        octets = 1 if one.startswith("\\") else len(one.encode("utf-8"))
        if length + octets > _LONGEST_STRING:
            parts.append("")
            length = 0
        parts[-1] += one
        length += octets
    return " ".join(f'"{part}"' for part in parts)


def _with_sizes(text: str) -> str:
    return text + _SIZES if len(text.split(" ")) == _LOC_FIELDS else text


def _without_quotes(text: str) -> str:
    return _QUOTED_PARAM.sub(r"\1=\2", text)


def _in_one_word(text: str, *, fields: int) -> str:
    """What follows the first fields without blanks."""
    words = text.split(" ")
    return " ".join([*words[:fields], "".join(words[fields:])])


_BLOBS: Final = {
    **dict.fromkeys(("TLSA", "SMIMEA", "DS", "CDS", "DLV", "DNSKEY", "CDNSKEY", "CERT", "ZONEMD"), 3),
    "SSHFP": 2,
    "OPENPGPKEY": 0,
    "DHCID": 0,
}
"""Types whose data end with hex or base64, after so many fields."""
_WRITTEN: Final[Mapping[int, Callable[[str], str]]] = {
    rdata.type_from_text("LOC"): _with_sizes,
    rdata.type_from_text("SVCB"): _without_quotes,
    rdata.type_from_text("HTTPS"): _without_quotes,
    **{rdata.type_from_text(name): partial(_in_one_word, fields=fields) for name, fields in _BLOBS.items()},
}
