"""The only door to the native data plane.

Everything public of `resolute.plane._native` is a name here. The native module is loaded when the first of these names
is used, so that reading settings (`resolute.plane.settings`) costs a process that serves no DNS nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resolute.plane._native import (
        REASON_BROKEN,
        REASON_MISMATCH,
        REASON_NO_ROUTE,
        REASON_RCODE,
        REASON_SHORTAGE,
        REASON_TIMEOUT,
        REASON_TRUNCATED,
        REASON_UNREACHABLE,
        CacheEntry,
        Exchanged,
        ForeignRecord,
        Handoff,
        LoadedZone,
        OverlayImage,
        Plane,
        Problem,
        RateLimit,
        Reply,
        Route,
        Settings,
        Statistics,
        Step,
        Upstream,
        UpstreamStatistics,
        View,
        ZoneFileError,
        ZoneFolder,
        ZoneImage,
        ZoneListing,
        ZoneRecords,
        ZoneScan,
        compile_overlay,
        compile_zone,
        load_zone_files,
        mnemonic,
        native_types,
        read_reply,
        scan_zone_file,
        scan_zone_text,
    )
else:

    def __getattr__(name: str) -> object:
        """Loads the native module at the first use of one of its names (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from resolute.plane import _native

        value = getattr(_native, name)
        globals()[name] = value
        return value


__all__ = [
    "REASON_BROKEN",
    "REASON_MISMATCH",
    "REASON_NO_ROUTE",
    "REASON_RCODE",
    "REASON_SHORTAGE",
    "REASON_TIMEOUT",
    "REASON_TRUNCATED",
    "REASON_UNREACHABLE",
    "CacheEntry",
    "Exchanged",
    "ForeignRecord",
    "Handoff",
    "LoadedZone",
    "OverlayImage",
    "Plane",
    "Problem",
    "RateLimit",
    "Reply",
    "Route",
    "Settings",
    "Statistics",
    "Step",
    "Upstream",
    "UpstreamStatistics",
    "View",
    "ZoneFileError",
    "ZoneFolder",
    "ZoneImage",
    "ZoneListing",
    "ZoneRecords",
    "ZoneScan",
    "compile_overlay",
    "compile_zone",
    "load_zone_files",
    "mnemonic",
    "native_types",
    "read_reply",
    "scan_zone_file",
    "scan_zone_text",
]
