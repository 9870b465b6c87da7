"""The Rust data plane, as Python sees it. Only `resolute.plane` imports this module.

Names cross this boundary as uncompressed wire format (RFC 1035 3.1), types and classes as integers, addresses as text
(`192.0.2.1:53`, `[2001:db8::1]:53`), times in the unit that the argument's name ends with. Every class is frozen and
safe to share between threads. Calls that take long release the interpreter.

Raised: `ValueError` for an argument that does not hold (the text says which and why), `OSError` for files and sockets
(with `errno` and `filename`), `ZoneFileError` for zone data that cannot be served.
"""

from collections.abc import Iterable, Sequence
from typing import Final, final

# ---------------------------------------------------------------------------------------------------------- zone data

@final
class Problem:
    """One thing that is wrong, or doubtful, in zone data."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int:
        """From 1; 0 when the problem is of the zone as a whole."""
    @property
    def column(self) -> int:
        """From 1, in bytes of the physical line; 0 when unknown."""
    @property
    def code(self) -> str:
        """A stable word for programs: `syntax`, `no-soa`, `out-of-zone`, `cname-and-other-data`, ..."""
    @property
    def severity(self) -> str:
        """`error` (the zone is refused) or `warning`."""
    @property
    def message(self) -> str: ...

class ZoneFileError(Exception):
    """Zone data that cannot be served; `problems` has at least one of severity `error`."""

    problems: list[Problem]

@final
class ForeignRecord:
    """A record whose type the native scanner does not parse, to be converted by dnspython."""

    @property
    def rtype(self) -> int: ...
    @property
    def text(self) -> bytes:
        """The rdata as it stands in the file, comments removed, tokens separated by one space, on one line."""
    @property
    def origin(self) -> bytes:
        """The $ORIGIN in force there."""
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...

@final
class ZoneImage:
    """An authoritative zone, compiled and immutable."""

    @property
    def origin(self) -> bytes: ...
    @property
    def serial(self) -> int: ...
    @property
    def names(self) -> int: ...
    @property
    def records(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def warnings(self) -> list[Problem]: ...
    def edit(self, changes: Sequence[tuple[bytes, int, Sequence[tuple[int, bytes]]]]) -> ZoneImage:
        """The zone with some RRsets changed, quickly whatever its size: it shares all else with this one.

        Each change is an RRset as it is to be: owner, type, and TTL and rdata of each record; none takes the RRset
        away. Changes are checked together, as the records of a zone file are. Raises ZoneFileError."""
    def __iter__(self) -> ZoneRecords:
        """Each record as (owner, type, ttl, rdata), in no particular order."""

@final
class ZoneRecords:
    def __iter__(self) -> ZoneRecords: ...
    def __next__(self) -> tuple[bytes, int, int, bytes]: ...

@final
class ZoneScan:
    """What was read from zone text, before it is a zone: convert the foreign records, then compile."""

    @property
    def files(self) -> list[str]:
        """The zone file, then what it includes, as absolute paths; also those that could not be read, so that they can
        be watched."""
    @property
    def foreign(self) -> list[ForeignRecord]: ...
    def convert(self, index: int, rdata: bytes) -> None:
        """Gives the wire rdata of `foreign[index]`."""
    def reject(self, index: int, message: str) -> None:
        """Says that `foreign[index]` does not parse, and why."""
    def listing(self) -> ZoneListing:
        """The records so far in canonical order, for checks that the server does not do at each load."""
    def compile(self) -> ZoneImage:
        """Checks the records as a zone and compiles it. Once only. Raises ZoneFileError with every problem found."""

@final
class ZoneListing:
    """The records of a scan, duplicates too, by name in canonical order (RFC 4034 6.1), type and place in the file.

    The records stay in the scan: after its `compile` they raise ValueError.
    """

    def __len__(self) -> int: ...
    def records(self, start: int, stop: int) -> list[tuple[bytes, int, int, bytes, int, int, int]]:
        """Those from `start` to before `stop`: (owner in lower case, type, ttl, rdata, file, line, column).

        `file` is an index into `ZoneScan.files`.
        """
    def find(self, owner: bytes, *, subtree: bool = False) -> tuple[int, int]:
        """From where to before where the records of a name stand, or of all at and below it.

        An empty range stands where they would.
        """

def scan_zone_file(path: str, origin: bytes, *, include_root: str | None = None) -> ZoneScan:
    """Reads a zone file (RFC 1035 5). `$INCLUDE` is followed below `include_root` (default: the file's folder).

    Five deep at most. Syntax errors do not raise here: `compile` reports them with all others. Raises OSError when the
    file cannot be read.
    """

@final
class LoadedZone:
    """How the reading of one of many zone files has ended: exactly one of `image`, `scan`, `problems` and `error`."""

    @property
    def image(self) -> ZoneImage | None: ...
    @property
    def scan(self) -> ZoneScan | None:
        """The zone has records that are to be converted first."""
    @property
    def problems(self) -> list[Problem]: ...
    @property
    def error(self) -> str | None:
        """Why the file cannot be read, in the system's words."""
    @property
    def included(self) -> list[str]:
        """The files that it includes, as absolute paths; also those that could not be read."""

def load_zone_files(files: Sequence[tuple[str, bytes]]) -> list[LoadedZone]:
    """Reads and compiles zone files, each given as (path, origin), on all cores and without the interpreter."""

@final
class ZoneFolder:
    """A folder whose files with a suffix are zone files; knows what they were when it last looked."""

    def __new__(cls, path: str, suffix: str) -> ZoneFolder: ...
    def look(self) -> tuple[list[str], list[str], bool]:
        """The names of files that are new or different since the last look, of those that are gone, and whether some
        are still being written: look again soon. Raises OSError when the folder cannot be read: nothing is gone."""

def scan_zone_text(text: bytes, origin: bytes, *, file: str) -> ZoneScan:
    """The same from memory; `file` is the name used in problems. `$INCLUDE` is an error there."""

def compile_zone(origin: bytes, records: Iterable[tuple[bytes, int, int, bytes]]) -> ZoneImage:
    """A zone from (owner, type, ttl, rdata); the same checks as for a file. Raises ZoneFileError."""

@final
class OverlayImage:
    """Names that are answered before all zones, and that leave every other name alone (DESIGN: overlay)."""

    @property
    def label(self) -> str: ...
    @property
    def names(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...

def compile_overlay(label: str, records: Iterable[tuple[bytes, int, int, bytes]]) -> OverlayImage:
    """An overlay from (owner, type, ttl, rdata). `label` is what `explain` calls it. Raises ValueError."""

# ----------------------------------------------------------------------------------------------------------- settings

@final
class View:
    """What a group of clients sees. The first view whose `clients` has the longest matching prefix is taken."""

    def __new__(cls, name: str, *, clients: Sequence[str] = ..., recursion: Sequence[str] = ...) -> View: ...
    @property
    def name(self) -> str: ...

@final
class Upstream:
    """A server that the data plane may ask by itself."""

    def __new__(cls, address: str, *, timeout_ms: int) -> Upstream: ...
    @property
    def address(self) -> str: ...
    @property
    def timeout_ms(self) -> int: ...

@final
class Route:
    """Where the names below `zone` are resolved. `source` is part of the cache key: no source's answers serve another.

    With no upstreams, or `plain=False`, every miss is handed off at once. `unserved`: the zone is ours and could not be
    loaded; everybody gets SERVFAIL for its names.
    """

    def __new__(
        cls,
        zone: bytes,
        *,
        source: int,
        upstreams: Sequence[Upstream] = ...,
        plain: bool = True,
        unserved: bool = False,
    ) -> Route: ...
    @property
    def zone(self) -> bytes: ...
    @property
    def source(self) -> int: ...

@final
class RateLimit:
    """How fast replies over UDP may go to one prefix of clients: `rate` a second of those that are alike, `total` of
    all, `burst_ms` ahead of either. Of what is held back every `slip`-th is sent truncated (0: none)."""

    def __new__(
        cls,
        *,
        rate: int,
        total: int,
        burst_ms: int = 2_000,
        slip: int = 2,
        ipv4_prefix: int = 24,
        ipv6_prefix: int = 56,
        exempt: Sequence[str] = ...,
        dry_run: bool = False,
    ) -> RateLimit:
        """`exempt`: prefixes that are never limited. `dry_run`: count what would be held back, and send it. Raises
        ValueError."""

@final
class Settings:
    """Everything of the data plane that can change while it runs."""

    def __new__(
        cls,
        *,
        views: Sequence[View],
        routes: Sequence[Route] = ...,
        cache_bytes: int = 67_108_864,
        min_ttl_s: int = 0,
        max_ttl_s: int = 86_400,
        max_negative_ttl_s: int = 3_600,
        stale_for_s: int = 86_400,
        stale_ttl_s: int = 30,
        stale_after_ms: int = 1_800,
        deadline_ms: int = 4_000,
        handoffs: int = 4_096,
        waiting_per_client: int = 100,
        edns_size: int = 1_232,
        tcp_clients: int = 1_024,
        tcp_per_client: int = 32,
        tcp_idle_ms: int = 10_000,
        tcp_first_ms: int = 2_000,
        rate_limit: RateLimit | None = None,
        rrset_order: str = "fixed",
        minimal: bool = True,
        proxies: Sequence[str] = ...,
        version: str | None = None,
        identity: str | None = None,
        nsid: bytes | None = None,
        cookie_secrets: Sequence[bytes] = ...,
        cookies_required: bool = False,
    ) -> Settings:
        """`version` answers version.bind and version.server, `identity` answers id.server and hostname.bind (class CH,
        TXT); None refuses the question. `nsid` (at most 128 bytes) is sent to who asks for it. `cookie_secrets` are of
        16 bytes: the first makes cookies, all verify, none switches cookies off; `cookies_required` has clients that
        know cookies show a good one over UDP. `rrset_order`: `fixed`, `random` or `cyclic`. Not `minimal`: the servers
        of the zone go with positive answers. `proxies`: prefixes of the proxies that are believed on listeners for
        proxies. Raises ValueError."""

# -------------------------------------------------------------------------------------- what goes up and comes back

REASON_NO_ROUTE: Final = 0
"""No plain route covers the name, or the route is not for the data plane."""
REASON_TIMEOUT: Final = 1
"""The first upstream did not answer in its time."""
REASON_TRUNCATED: Final = 2
REASON_MISMATCH: Final = 3
"""A packet came whose ID, question or letter case was not ours: somebody may be guessing. Ask over TCP."""
REASON_RCODE: Final = 4
"""The upstream answered, with an rcode other than NOERROR and NXDOMAIN (see `Handoff.rcode`)."""
REASON_BROKEN: Final = 5
"""The upstream's reply does not parse."""
REASON_UNREACHABLE: Final = 6
"""The upstream cannot be sent to (ICMP unreachable, no route to host)."""
REASON_SHORTAGE: Final = 7
"""We had no descriptor, port or memory to ask with; it says nothing about the upstream."""

@final
class Handoff:
    """A question that the data plane cannot answer alone. Asked once, however many clients wait for it."""

    @property
    def id(self) -> int: ...
    @property
    def qname(self) -> bytes:
        """Lower case."""
    @property
    def qtype(self) -> int: ...
    @property
    def qclass(self) -> int: ...
    @property
    def dnssec_ok(self) -> bool: ...
    @property
    def checking_disabled(self) -> bool: ...
    @property
    def view(self) -> str: ...
    @property
    def source(self) -> int:
        """That of the route; 0 when there is none."""
    @property
    def reason(self) -> int: ...
    @property
    def rcode(self) -> int:
        """With REASON_RCODE; else 0."""
    @property
    def upstream(self) -> str | None:
        """Whom the data plane has asked."""
    @property
    def client(self) -> str:
        """The address (no port) of the first client that asked."""
    @property
    def remaining_ms(self) -> int:
        """Until the clients get SERVFAIL or a stale answer."""

@final
class Exchanged:
    """How an exchange that `Plane.exchange` began has ended."""

    @property
    def token(self) -> int: ...
    @property
    def upstream(self) -> str: ...
    @property
    def reply(self) -> bytes | None:
        """The verified reply, or None when `failure` says why there is none."""
    @property
    def failure(self) -> int | None:
        """REASON_TIMEOUT, REASON_BROKEN, REASON_UNREACHABLE or REASON_SHORTAGE."""
    @property
    def rtt_us(self) -> int: ...
    @property
    def tcp(self) -> bool:
        """Whether it was over TCP at its end; then, unless TCP was asked for, two questions have been sent."""

@final
class Reply:
    """A server's reply, read whole: every record has its type's form.

    A section has RRsets (RFC 2181 5) of the question's class, each (owner in lower case, type, shortest TTL, rdatas):
    rdata is uncompressed, each once. Signatures are sets by the type that they cover. OPT is no record here. Each
    access to a section makes it anew.
    """

    @property
    def flags(self) -> int:
        """The header's second word."""
    @property
    def rcode(self) -> int:
        """With the bits of EDNS."""
    @property
    def qname(self) -> bytes:
        """Lower case."""
    @property
    def qtype(self) -> int: ...
    @property
    def edns(self) -> bool:
        """Whether there is an OPT record."""
    @property
    def cookie(self) -> bytes | None:
        """The client's and the server's cookie, where the option is there and sound."""
    @property
    def answer(self) -> tuple[tuple[bytes, int, int, tuple[bytes, ...]], ...]: ...
    @property
    def authority(self) -> tuple[tuple[bytes, int, int, tuple[bytes, ...]], ...]: ...
    @property
    def additional(self) -> tuple[tuple[bytes, int, int, tuple[bytes, ...]], ...]: ...

def read_reply(message: bytes) -> Reply:
    """Reads a message with one question. Raises ValueError when it, or any of its records, is broken or cut off."""

@final
class UpstreamStatistics:
    """What the data plane itself measured of an upstream since the plane was made."""

    @property
    def address(self) -> str: ...
    @property
    def sent(self) -> int:
        """Questions that have ended: the data plane's own and those of `Plane.exchange`."""
    @property
    def replies(self) -> int:
        """Those that were answered, with whatever rcode."""
    @property
    def failures(self) -> int: ...
    @property
    def rtt_us(self) -> int:
        """Smoothed round trip; 0 before the first reply."""

@final
class CacheEntry:
    """One cached answer."""

    @property
    def qname(self) -> bytes: ...
    @property
    def qtype(self) -> int: ...
    @property
    def qclass(self) -> int: ...
    @property
    def view(self) -> str: ...
    @property
    def source(self) -> int: ...
    @property
    def dnssec_ok(self) -> bool: ...
    @property
    def checking_disabled(self) -> bool: ...
    @property
    def ttl_s(self) -> int:
        """What is left of it; negative for an answer that is kept only to be served stale."""
    @property
    def message(self) -> bytes:
        """The answer as a message (ID 0) whose TTLs have been counted down."""

@final
class Step:
    """One step of an explanation: which stage, and what it found."""

    @property
    def stage(self) -> str:
        """`admit`, `overlay`, `zones`, `rules`, `cache`, `forward`, `handoff` or `answer`."""
    @property
    def text(self) -> str: ...

@final
class Statistics:
    """Counters since the start, summed over the workers."""

    @property
    def counters(self) -> dict[str, int]:
        """By name: `queries_udp`, `queries_tcp`, `replies_*` by rcode, `from_zones`, `from_overlays`, `from_cache`,
        `from_stale`, `forwarded`, `handoffs`, `dropped_*`, `truncated`, ..."""
    @property
    def cache_entries(self) -> int: ...
    @property
    def cache_bytes(self) -> int: ...
    @property
    def waiting(self) -> int:
        """Questions in flight now."""
    @property
    def tcp_connections(self) -> int: ...

@final
class Plane:
    """The data plane: sockets, workers, published images, cache. One a process is enough; tests may make several."""

    def __new__(cls, settings: Settings, *, workers: int = 0) -> Plane:
        """`workers=0`: one a core that this process may run on. Nothing listens yet."""
    def listen(self, addresses: Sequence[str], *, proxied: Sequence[str] = ...) -> list[str]:
        """Makes exactly these addresses listen (UDP and TCP): new ones first, then those that are gone are closed. All
        or nothing: on OSError (its `filename` is the address) the old ones go on. Port 0 takes a free one. On those
        `proxied` trusted proxies alone are heard, which say by PROXY protocol v2 whom they speak for. Returns the bound
        addresses, in the order given, `proxied` last."""
    def configure(self, settings: Settings) -> None:
        """Switches all settings at once. The cache and everything in flight stay."""
    def publish(self, put: Sequence[ZoneImage] = ..., *, drop: Sequence[bytes] = ..., view: str | None = None) -> None:
        """Adds or replaces zones and takes away those named in `drop`, in one atomic switch. `view=None`: for every
        view; a zone of a client's own view goes before one for every view with the same origin."""
    def set_overlays(self, overlays: Sequence[OverlayImage], *, view: str | None = None) -> None:
        """Replaces the overlays; the first has precedence."""
    def zones(self) -> list[tuple[str | None, ZoneImage]]:
        """The zones served, each with its view."""
    def fileno(self) -> int:
        """A descriptor that polls readable while `pull` would return something."""
    def pull(self, limit: int = 256) -> tuple[list[Handoff], list[Exchanged]]:
        """Takes what has come up, at once; empty lists when there is nothing."""
    def answer(self, handoff: int, reply: bytes) -> bool:
        """The verified reply to a handoff's question: it is cached and sent to all who wait. False when its deadline
        has passed (the reply is dropped then). Raises ValueError when it does not parse or answers another question."""
    def fail(self, handoff: int, *, rcode: int, ede: int, text: str, cache_s: int) -> bool:
        """No answer can be had. Clients get a stale answer where there is one, else `rcode` with the Extended DNS Error
        (RFC 8914); the failure is cached for `cache_s` seconds (RFC 9520). False when nobody waits any more."""
    def exchange(
        self,
        upstream: str,
        qname: bytes,
        qtype: int,
        qclass: int = 1,
        *,
        timeout_ms: int,
        dnssec_ok: bool = False,
        checking_disabled: bool = False,
        recursion_desired: bool = True,
        tcp: bool = False,
        edns: bool = True,
        cookie: bytes | None = None,
    ) -> int:
        """Begins to ask an upstream; its end comes from `pull` with the token returned here. A fresh random port, ID
        and letter case (0x20); TCP by itself after a truncated reply or the first mismatch, within the same timeout.

        `edns=False`: without an OPT record, and so without DO and cookie. `cookie`: 8 bytes of ours, with the server's
        own behind them once it gave one (RFC 7873 5.1); a reply with another cookie, or over UDP without one where the
        server has given its own, is a mismatch. Raises ValueError."""
    def upstream_statistics(self) -> list[UpstreamStatistics]: ...
    def explain(
        self, qname: bytes, qtype: int, *, client: str, recursion_desired: bool = True
    ) -> tuple[list[Step], bytes | None]:
        """Runs the stages for one question with a recorder and sends nothing: the steps, and the answer where the data
        plane knows it. Counts nowhere and changes nothing."""
    def respond(self, packet: bytes, *, client: str, tcp: bool = True) -> bytes | None:
        """The reply to a query message as it would be sent to this client from what is published and cached; None where
        somebody else has to be asked, or nothing would be sent. Needs no socket, counts nowhere and changes nothing."""
    def cache_entries(self, qname: bytes | None = None, *, subtree: bool = True) -> list[CacheEntry]:
        """The cached answers at or below a name, or all."""
    def cache_flush(self, qname: bytes | None = None, *, subtree: bool = False) -> int:
        """Forgets the answers at a name, at and below it, or all; how many there were."""
    def statistics(self) -> Statistics: ...
    def log_queries(self, format: str | None) -> None:
        """One line per query on standard error, written by a thread of its own: `text`, `json`, or None for no lines. A
        sink that blocks costs lines (counter `log_lines_lost`), never answers."""
    def close(self, drain_ms: int = 2_000) -> None:
        """Stops listening, lets what is in flight end for so long, and stops the threads. Calls after that raise
        ValueError; until it returns, `fileno`, `pull`, `answer` and `fail` go on working in other threads."""

def mnemonic(rtype: int) -> str:
    """The type's mnemonic, or `TYPE123` (RFC 3597 5)."""

def native_types() -> list[int]:
    """The types whose rdata the native scanner parses itself."""
