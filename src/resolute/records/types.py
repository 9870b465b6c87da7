"""The numbers of the record types that code speaks of by name (IANA's registry of DNS parameters)."""

from typing import Final

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
MX: Final = 15
TXT: Final = 16
AFSDB: Final = 18
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
DS: Final = 43
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
NSEC3: Final = 50
NSEC3PARAM: Final = 51
TLSA: Final = 52
CDS: Final = 59
CDNSKEY: Final = 60
SVCB: Final = 64
HTTPS: Final = 65
SPF: Final = 99
CAA: Final = 257
ANY: Final = 255
