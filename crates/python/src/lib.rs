//! The data plane as the Python module `resolute.plane._native`. The only crate that knows pyo3, and only glue: arguments in,
//! frozen classes out, errors mapped in one place. What each thing means is documented in `_native.pyi`.

use pyo3::prelude::*;

mod error;
mod plane;
mod reply;
mod settings;
mod traffic;
mod zone;

/// The module's whole surface.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::error::ZoneFileError;
    #[pymodule_export]
    use crate::plane::Plane;
    #[pymodule_export]
    use crate::reply::{Reply, read_reply};
    #[pymodule_export]
    use crate::settings::{RateLimit, Route, Settings, Upstream, View};
    #[pymodule_export]
    use crate::traffic::{CacheEntry, Exchanged, Handoff, Statistics, Step, UpstreamStatistics};
    #[pymodule_export]
    use crate::zone::{
        ForeignRecord, LoadedZone, OverlayImage, Problem, ZoneFolder, ZoneImage, ZoneListing, ZoneRecords, ZoneScan,
        compile_overlay, compile_zone, load_zone_files, mnemonic, native_types, scan_zone_file, scan_zone_text,
    };

    use crate::traffic::reason;

    #[pymodule_export]
    const REASON_NO_ROUTE: u32 = reason::NO_ROUTE;
    #[pymodule_export]
    const REASON_TIMEOUT: u32 = reason::TIMEOUT;
    #[pymodule_export]
    const REASON_TRUNCATED: u32 = reason::TRUNCATED;
    #[pymodule_export]
    const REASON_MISMATCH: u32 = reason::MISMATCH;
    #[pymodule_export]
    const REASON_RCODE: u32 = reason::RCODE;
    #[pymodule_export]
    const REASON_BROKEN: u32 = reason::BROKEN;
    #[pymodule_export]
    const REASON_UNREACHABLE: u32 = reason::UNREACHABLE;
    #[pymodule_export]
    const REASON_SHORTAGE: u32 = reason::SHORTAGE;
}
