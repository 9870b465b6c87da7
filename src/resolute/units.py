"""Durations, sizes, addresses and names as people write them in settings, as types for the settings models.

A duration is a number of seconds, or a number with a unit: `1800ms`, `1.8s`, `10m`, `12h`, `1d`, `2w`. A size is a
number of bytes, or a number with a unit: `64MiB`, `1GB`. An address is `192.0.2.1:53` or `[2001:db8::1]:53`.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from resolute.records import names

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def parse_duration(value: object) -> timedelta:
    """A duration from a number of seconds or text with a unit. Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    number, unit = _quantity(value, "a duration: seconds, or text such as '1.8s', '500ms', '10m', '12h', '1d'")
    if unit and unit not in _SECONDS:
        raise ValueError(f"{value!r} has an unknown unit: expected one of ms, s, m, h, d, w")
    seconds = number * _SECONDS[unit or "s"]
    if seconds > 2**31 - 1:
        raise ValueError(f"{value!r} is too long: at most 2147483647 seconds (RFC 2181 8)")
    return timedelta(seconds=seconds)


def parse_seconds(value: object) -> int:
    """A duration in whole seconds. Raises ValueError."""
    duration = parse_duration(value)
    if duration % timedelta(seconds=1):
        raise ValueError(f"{value!r} is not a whole number of seconds")
    return duration // timedelta(seconds=1)


def parse_size(value: object) -> int:
    """A size in bytes from a number or text with a unit (`MiB` and `M` are 2^20, `MB` is 10^6). Raises ValueError."""
    number, unit = _quantity(value, "a size: bytes, or text such as '64MiB', '512KiB', '1GB'")
    if unit not in _BYTES:
        raise ValueError(f"{value!r} has an unknown unit: expected one of KiB, MiB, GiB, KB, MB, GB")
    return int(number * _BYTES[unit])


def parse_endpoint(text: str, *, default_port: int | None = None) -> str:
    """An address and port in canonical form, `192.0.2.1:53` or `[2001:db8::1]:53`. Raises ValueError.

    With `default_port` the port may be left out, and the brackets with it.
    """
    host, port = _split_endpoint(text.strip(), default_port)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} has no IP address: {_expected(default_port)}") from None
    if address.version == 6 and address.scope_id is not None and not address.scope_id.isdigit():
        raise ValueError(f"{text!r} names a network interface: write its number, such as [fe80::1%2]:53")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """The address and the port of a canonical endpoint."""
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def milliseconds(duration: timedelta) -> int:
    """A duration in whole milliseconds, as the data plane takes it."""
    return duration // timedelta(milliseconds=1)


def format_duration(duration: timedelta) -> str:
    """A duration as it is written in settings: `1.8s`."""
    return f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".") + "s"


def format_size(size: int) -> str:
    """A size as it is written in settings: `64MiB`, or bytes where no binary unit divides it."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit.lower()] == 0:
            return f"{size // _BYTES[unit.lower()]}{unit}"
    return str(size)


def _quantity(value: object, expected: str) -> tuple[float, str]:
    match = None if isinstance(value, bool) else _QUANTITY.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not {expected}")
    return float(match[1]), match[2].lower()


def _split_endpoint(text: str, default_port: int | None) -> tuple[str, int]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]+))?", text)
    if bracketed:
        host, port = bracketed[1], bracketed[2]
    elif text.count(":") == 1:
        host, port = text.split(":")
    else:
        host, port = text, None
    if port is None:
        if default_port is None:
            raise ValueError(f"{text!r} has no port: {_expected(default_port)}")
        return host, default_port
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text!r} has no port from 0 to 65535: {_expected(default_port)}")
    return host, int(port)


def _expected(default_port: int | None) -> str:
    more = f", or the address alone for port {default_port}" if default_port else ""
    return f"expected ADDRESS:PORT, such as 127.0.0.1:5300 or [::1]:5300{more}"


def _zone_name(text: str) -> str:
    return names.to_text(names.from_text(text))


def _schema(*types: str) -> WithJsonSchema:
    return WithJsonSchema({"type": list(types)})


def _plain(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


_DURATION = _schema("string", "number")
Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str), _DURATION
]
Seconds = Annotated[int, BeforeValidator(parse_seconds), _DURATION]
Size = Annotated[
    int, BeforeValidator(parse_size), PlainSerializer(format_size, return_type=str), _schema("string", "integer")
]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Endpoint = Annotated[str, AfterValidator(parse_endpoint)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Endpoints = Annotated[Sequence[Endpoint], AfterValidator(_plain)]
