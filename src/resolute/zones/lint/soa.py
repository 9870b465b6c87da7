"""The SOA's values against RFC 1912 2.2, RFC 2308 5 and RFC 1982, with the ranges that operators expect."""

import re
import struct
import time
from dataclasses import dataclass

from resolute.records.names import is_within
from resolute.records.types import CNAME, NS
from resolute.zones.lint import hostnames
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, first_name, labels, shown, target
from resolute.zones.lint.zone import Zone

_HOUR = 3_600
_DAY = 24 * _HOUR
_DATE = re.compile(r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{2}")
_MAIL = re.compile(rb"[!-~]+")


@dataclass(frozen=True, slots=True)
class Soa:
    """A SOA's fields; times in seconds, names in lower case."""

    mname: bytes
    rname: bytes
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int

    @classmethod
    def of(cls, record: Record) -> "Soa":
        """From the record."""
        mname = first_name(record.rdata, 0)
        rname = first_name(record.rdata, len(mname))
        return cls(mname, rname, *struct.unpack("!5I", record.rdata[-20:]))


def check(zone: Zone, now: float, report: Report) -> None:
    """All of it; `now` in seconds since 1970."""
    if zone.soa is None:
        return
    soa = Soa.of(zone.soa)
    _check_times(soa, zone.soa, report)
    _check_serial(soa, zone.soa, now, report)
    _check_mailbox(soa, zone.soa, report)
    _check_primary(soa, zone.soa, zone, report)


def _check_times(soa: Soa, at: Record, report: Report) -> None:
    if not 1_200 <= soa.refresh <= _DAY:
        report.add("soa-refresh", at, f"REFRESH is {soa.refresh} seconds")
    if soa.retry >= soa.refresh or soa.retry < 60:
        report.add("soa-retry", at, f"RETRY is {soa.retry} seconds, REFRESH {soa.refresh}")
    if soa.expire < 7 * _DAY or soa.expire <= soa.refresh + soa.retry:
        report.add("soa-expire", at, f"EXPIRE is {soa.expire} seconds")
    if soa.minimum > _DAY:
        report.add("soa-minimum", at, f"MINIMUM is {soa.minimum} seconds")


def _check_serial(soa: Soa, at: Record, now: float, report: Report) -> None:
    if soa.serial == 0:
        report.add("soa-serial", at, "SERIAL is 0")
    match = _DATE.fullmatch(str(soa.serial))
    # A day's grace: somewhere it is tomorrow already.
    if match and "".join(match.groups()) > time.strftime("%Y%m%d", time.gmtime(now + _DAY)):
        report.add("serial-in-future", at, f"SERIAL is {soa.serial}, a date that is yet to come")


def _check_mailbox(soa: Soa, at: Record, report: Report) -> None:
    name = labels(soa.rname)
    if any(b"@" in label for label in name):
        report.add("soa-rname", at, f"RNAME {shown(soa.rname)} has an @: the first dot stands for it")
    elif name and not (_MAIL.fullmatch(name[0]) and hostnames.is_host(name[1:])):
        report.add("soa-rname", at, f"RNAME {shown(soa.rname)} is no mailbox")
    elif hostnames.is_doubled(soa.rname, at.owner):
        report.add("doubled-origin", at, f"RNAME is {shown(soa.rname)}")


def _check_primary(soa: Soa, at: Record, zone: Zone, report: Report) -> None:
    name = labels(soa.mname)
    if not hostnames.is_host(name):
        report.add("soa-mname", at, f"MNAME {shown(soa.mname)} is no host name")
    elif hostnames.is_doubled(soa.mname, zone.origin):
        report.add("doubled-origin", at, f"MNAME is {shown(soa.mname)}")
    elif is_within(soa.mname, zone.origin) and zone.look(soa.mname).has(CNAME):
        report.add("soa-mname", at, f"MNAME {shown(soa.mname)} is a CNAME")
    elif soa.mname not in {target(record) for record in zone.apex if record.rtype == NS}:
        report.add("soa-mname-not-ns", at, f"MNAME {shown(soa.mname)} is none of the zone's NS")
