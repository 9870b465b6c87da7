//! What goes up to Python and what is told of the plane's state.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use resolute_plane::clock;
use resolute_plane::exchange::{Failure, Outcome};
use resolute_plane::upward::{self, Reason};

/// Why a question was handed off, as numbers.
pub(crate) mod reason {
    pub(crate) const NO_ROUTE: u32 = 0;
    pub(crate) const TIMEOUT: u32 = 1;
    pub(crate) const TRUNCATED: u32 = 2;
    pub(crate) const MISMATCH: u32 = 3;
    pub(crate) const RCODE: u32 = 4;
    pub(crate) const BROKEN: u32 = 5;
    pub(crate) const UNREACHABLE: u32 = 6;
    pub(crate) const SHORTAGE: u32 = 7;
}

/// A question that the data plane cannot answer alone.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct Handoff {
    pub handoff: upward::Handoff,
    #[pyo3(get)]
    pub view: String,
}

#[pymethods]
impl Handoff {
    #[getter]
    fn id(&self) -> u64 {
        self.handoff.id
    }

    #[getter]
    fn qname(&self) -> &[u8] {
        self.handoff.qname.as_wire()
    }

    #[getter]
    fn qtype(&self) -> u16 {
        self.handoff.key.qtype
    }

    #[getter]
    fn qclass(&self) -> u16 {
        self.handoff.key.qclass
    }

    #[getter]
    fn dnssec_ok(&self) -> bool {
        self.handoff.key.dnssec_ok
    }

    #[getter]
    fn checking_disabled(&self) -> bool {
        self.handoff.key.checking_disabled
    }

    #[getter]
    fn source(&self) -> u32 {
        self.handoff.key.source
    }

    #[getter]
    fn reason(&self) -> u32 {
        match self.handoff.reason {
            Reason::NoRoute => reason::NO_ROUTE,
            Reason::Timeout => reason::TIMEOUT,
            Reason::Truncated => reason::TRUNCATED,
            Reason::Mismatch => reason::MISMATCH,
            Reason::Rcode(_) => reason::RCODE,
            Reason::Broken => reason::BROKEN,
            Reason::Unreachable => reason::UNREACHABLE,
            Reason::Shortage => reason::SHORTAGE,
        }
    }

    #[getter]
    fn rcode(&self) -> u16 {
        if let Reason::Rcode(rcode) = self.handoff.reason {
            rcode
        } else {
            0
        }
    }

    #[getter]
    fn upstream(&self) -> Option<String> {
        self.handoff.upstream.map(|upstream| upstream.to_string())
    }

    #[getter]
    fn client(&self) -> String {
        self.handoff.client.to_canonical().to_string()
    }

    #[getter]
    fn remaining_ms(&self) -> u64 {
        self.handoff.deadline_ms.saturating_sub(clock::millis())
    }
}

/// How an exchange ended.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct Exchanged(pub upward::Exchanged);

#[pymethods]
impl Exchanged {
    #[getter]
    fn token(&self) -> u64 {
        self.0.token
    }

    #[getter]
    fn upstream(&self) -> String {
        self.0.upstream.to_string()
    }

    #[getter]
    fn reply(&self) -> Option<&[u8]> {
        if let Outcome::Reply { message, .. } = &self.0.outcome {
            Some(message)
        } else {
            None
        }
    }

    #[getter]
    fn failure(&self) -> Option<u32> {
        match self.0.outcome {
            Outcome::Reply { .. } => None,
            Outcome::Failed(Failure::Timeout) => Some(reason::TIMEOUT),
            Outcome::Failed(Failure::Unreachable) => Some(reason::UNREACHABLE),
            Outcome::Failed(Failure::Shortage) => Some(reason::SHORTAGE),
            Outcome::Failed(Failure::Truncated | Failure::Mismatch | Failure::Broken) => Some(reason::BROKEN),
        }
    }

    #[getter]
    fn rtt_us(&self) -> u32 {
        if let Outcome::Reply { rtt_us, .. } = self.0.outcome {
            rtt_us
        } else {
            0
        }
    }

    #[getter]
    fn tcp(&self) -> bool {
        self.0.tcp
    }
}

/// What was measured of an upstream.
#[pyclass(frozen, get_all, module = "resolute.plane._native")]
pub(crate) struct UpstreamStatistics {
    pub address: String,
    pub sent: u64,
    pub replies: u64,
    pub failures: u64,
    pub rtt_us: u32,
}

/// One cached answer.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct CacheEntry {
    pub qname: Vec<u8>,
    #[pyo3(get)]
    pub qtype: u16,
    #[pyo3(get)]
    pub qclass: u16,
    #[pyo3(get)]
    pub view: String,
    #[pyo3(get)]
    pub source: u32,
    #[pyo3(get)]
    pub dnssec_ok: bool,
    #[pyo3(get)]
    pub checking_disabled: bool,
    #[pyo3(get)]
    pub ttl_s: i64,
    pub message: Vec<u8>,
}

#[pymethods]
impl CacheEntry {
    #[getter]
    fn qname(&self) -> &[u8] {
        &self.qname
    }

    #[getter]
    fn message(&self) -> &[u8] {
        &self.message
    }
}

/// One step of an explanation.
#[pyclass(frozen, get_all, module = "resolute.plane._native")]
pub(crate) struct Step {
    pub stage: &'static str,
    pub text: String,
}

/// Counters since the start.
#[pyclass(frozen, get_all, module = "resolute.plane._native")]
pub(crate) struct Statistics {
    pub counters: BTreeMap<&'static str, u64>,
    pub cache_entries: usize,
    pub cache_bytes: usize,
    pub waiting: usize,
    pub tcp_connections: usize,
}
