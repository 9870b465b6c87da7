r"""Record data as typed fields, for programs that would rather not write presentation form.

    {"preference": 10, "exchange": "mail.example.org."}   <->   10 mail.example.org.

The types of `FIELDS` have fields; all others, and text that is not UTF-8, are presentation form only. Every field
becomes the words that it stands for there, so that one parser (dnspython's) decides what is well formed.
"""

import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.svcbbase

from resolute.errors import PresentationError
from resolute.records import names, rdata

_ESCAPE: Final = re.compile(r"\\(?:([0-9]{3})|(.))")

Value = str | int | list[str] | dict[str, str | None]
"""What a field may be."""


class FieldError(PresentationError):
    """A field that does not hold; `field` names it, and is empty for the rdata as a whole."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}" if field else reason)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name here, its name in dnspython, and both directions."""

    name: str
    attribute: str
    words: Callable[[Any], str]
    """From the value to its words. Raises PresentationError."""
    value: Callable[[Any], Value]
    """From dnspython's value to ours."""


def from_fields(rtype: int, given: Mapping[str, Any], origin: bytes) -> bytes:
    """The wire rdata of an object with fields; relative names are completed by `origin`. Raises FieldError."""
    fields = FIELDS.get(rtype)
    if fields is None:
        raise FieldError("", f"{rdata.type_to_text(rtype)} records are given as text, they have no fields here")
    known = {field.name for field in fields}
    for name in given:
        if name not in known:
            raise FieldError(
                name, f"it is no field of {rdata.type_to_text(rtype)}: expected {', '.join(sorted(known))}"
            )
    text = " ".join(_words(field, given) for field in fields)
    try:
        return rdata.to_wire(rtype, text, origin)
    except PresentationError as error:
        raise FieldError("", str(error)) from error


def to_fields(rtype: int, data: bytes) -> dict[str, Value] | None:
    """The fields of wire rdata; None for a type without fields, and for rdata that is not well-formed."""
    fields = FIELDS.get(rtype)
    if fields is None:
        return None
    try:
        found = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), data, 0, len(data))
        return {field.name: field.value(getattr(found, field.attribute)) for field in fields}
    except (dns.exception.DNSException, ValueError, AttributeError):
        return None


def _words(field: Field, given: Mapping[str, Any]) -> str:
    if field.name not in given:
        raise FieldError(field.name, "it is missing")
    try:
        return field.words(given[field.name])
    except PresentationError as error:
        raise FieldError(field.name, str(error)) from error


# ----------------------------------------------------------------------------------------------------- kinds of fields


def _number(name: str, bits: int, attribute: str = "") -> Field:
    def words(value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**bits:
            raise PresentationError(f"expected a number from 0 to {2**bits - 1}")
        return str(value)

    return Field(name, attribute or name, words, int)


def _name(name: str) -> Field:
    def words(value: object) -> str:
        text = _text_of(value)
        if not text or any(character.isspace() for character in text):
            raise PresentationError("expected a domain name")
        if text == "@":
            return text
        names.from_text(text)
        return dns.name.from_text(text, None).to_text()

    return Field(name, name, words, lambda value: names.to_text(value.to_wire()))


def _address(version: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> Field:
    def words(value: object) -> str:
        try:
            return str(version(_text_of(value)))
        except ValueError as error:
            kind = "IPv4" if version is ipaddress.IPv4Address else "IPv6"
            raise PresentationError(f"expected an {kind} address") from error

    return Field("address", "address", words, str)


def _string(name: str) -> Field:
    """A character-string (RFC 1035 3.3)."""
    return Field(name, name, lambda value: _quoted(_text_of(value)), _octets_as_text)


def _tag() -> Field:
    """The tag of a CAA record is never quoted (RFC 8659 4.1)."""

    def words(value: object) -> str:
        text = _text_of(value)
        if not (text.isascii() and text.isalnum()):
            raise PresentationError("expected letters and digits")
        return text

    return Field("tag", "tag", words, _octets_as_text)


def _strings() -> Field:
    def words(value: object) -> str:
        if not isinstance(value, list) or not value:
            raise PresentationError("expected a list of at least one text")
        return " ".join(_quoted(_text_of(one)) for one in value)

    return Field("strings", "strings", words, lambda value: [_octets_as_text(one) for one in value])


def _hex(name: str, attribute: str = "") -> Field:
    def words(value: object) -> str:
        try:
            digits = binascii.unhexlify("".join(_text_of(value).split()))
        except (ValueError, UnicodeError) as error:
            raise PresentationError("expected hexadecimal digits") from error
        if not digits:
            raise PresentationError("expected hexadecimal digits, it is empty")
        return digits.hex()

    return Field(name, attribute or name, words, lambda value: value.hex())


def _params() -> Field:
    """SvcParams (RFC 9460 2.1): keys and values in presentation form, null for a key without a value."""

    def words(value: object) -> str:
        if not isinstance(value, Mapping):
            raise PresentationError("expected an object of keys and values")
        return " ".join(_param(key, one) for key, one in value.items())

    return Field("params", "params", words, _params_as_text)


def _param(key: str, value: object) -> str:
    if not key.isascii() or not all(character.isalnum() or character == "-" for character in key):
        raise PresentationError("a key has letters, digits and hyphens only")
    return key if value is None else f"{key}={_quoted(_text_of(value))}"


def _params_as_text(params: Mapping[Any, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key in sorted(params):
        value = params[key]
        text = value.to_text() if value is not None else None
        word = str(dns.rdtypes.svcbbase.key_to_text(key))  # type: ignore[no-untyped-call]
        found[word] = _unquoted(text) if text is not None else None
    return found


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise PresentationError("expected text")
    return value


def _quoted(text: str) -> str:
    r"""A quoted character-string of the text's UTF-8; octets outside of printable ASCII as \DDD (RFC 1035 5.1)."""
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PresentationError("expected text: it has half of a surrogate pair") from error
    return '"' + "".join(_octet(octet) for octet in octets) + '"'


def _octet(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def _octets_as_text(octets: bytes) -> str:
    """Raises UnicodeDecodeError for what is no text: such rdata has no fields."""
    return octets.decode("utf-8")


def _unquoted(text: str) -> str:
    """What a quoted character-string says. Raises UnicodeDecodeError."""
    inner = text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1])) if match[1] else match[2], inner)
    return plain.encode("latin-1").decode("utf-8")


_TARGET: Final = (_name("target"),)
_SVCB: Final = (_number("priority", 16), _name("target"), _params())
_DIGEST: Final = (_number("key_tag", 16), _number("algorithm", 8), _number("digest_type", 8), _hex("digest"))
_BY_NAME: Final[Mapping[str, Sequence[Field]]] = {
    "A": (_address(ipaddress.IPv4Address),),
    "AAAA": (_address(ipaddress.IPv6Address),),
    "CNAME": _TARGET,
    "NS": _TARGET,
    "PTR": _TARGET,
    "DNAME": _TARGET,
    "MX": (_number("preference", 16), _name("exchange")),
    "SRV": (_number("priority", 16), _number("weight", 16), _number("port", 16), _name("target")),
    "TXT": (_strings(),),
    "CAA": (_number("flags", 8), _tag(), _string("value")),
    "SVCB": _SVCB,
    "HTTPS": _SVCB,
    "SOA": (
        _name("mname"),
        _name("rname"),
        *(_number(name, 32) for name in ("serial", "refresh", "retry", "expire", "minimum")),
    ),
    "TLSA": (_number("usage", 8), _number("selector", 8), _number("matching_type", 8, "mtype"), _hex("data", "cert")),
    "SSHFP": (_number("algorithm", 8), _number("fingerprint_type", 8, "fp_type"), _hex("fingerprint")),
    "DS": _DIGEST,
    "NAPTR": (
        _number("order", 16),
        _number("preference", 16),
        _string("flags"),
        _string("service"),
        _string("regexp"),
        _name("replacement"),
    ),
}
FIELDS: Final = {rdata.type_from_text(name): fields for name, fields in _BY_NAME.items()}
"""The fields of each type, in the order of its presentation form."""
