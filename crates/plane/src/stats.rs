//! Counters. Each worker has its own, written by that worker alone with plain loads and stores: counting a query costs no
//! shared cache line. They are summed when somebody asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

macro_rules! counters {
    ($($(#[$meta:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter { $($(#[$meta])* $variant),* }

        /// The counters' names, in the order of [`Counter`].
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

counters! {
    /// Packets over UDP.
    QueriesUdp = "queries_udp",
    /// Messages over TCP.
    QueriesTcp = "queries_tcp",
    /// Replies by rcode.
    NoError = "replies_noerror",
    /// FORMERR.
    FormErr = "replies_formerr",
    /// SERVFAIL.
    ServFail = "replies_servfail",
    /// NXDOMAIN.
    NxDomain = "replies_nxdomain",
    /// NOTIMP.
    NotImp = "replies_notimp",
    /// REFUSED.
    Refused = "replies_refused",
    /// All others.
    OtherRcode = "replies_other",
    /// Replies with TC.
    Truncated = "truncated",
    /// Answered from a zone.
    FromZones = "from_zones",
    /// Answered from an overlay.
    FromOverlays = "from_overlays",
    /// Answered from the cache.
    FromCache = "from_cache",
    /// Answered from the cache after the TTL.
    FromStale = "from_stale",
    /// Answered once somebody else had answered.
    FromResolver = "from_resolver",
    /// Misses that joined a question in flight.
    Joined = "joined",
    /// Questions sent to an upstream by the data plane itself.
    Forwarded = "forwarded",
    /// Questions handed up.
    HandedOff = "handoffs",
    /// Packets that get no reply.
    Ignored = "dropped_ignored",
    /// Replies over UDP that the rate limit held back.
    RateDropped = "dropped_rate_limit",
    /// Replies over UDP that the rate limit sent without their records.
    RateSlipped = "rate_limit_slipped",
    /// Replies over UDP that the rate limit would have held back, were it not a dry run.
    RateWatched = "rate_limit_watched",
    /// Packets and connections on listeners for proxies that were from nobody trusted, or did not say whom they are from.
    ProxyRefused = "dropped_proxy",
    /// Misses refused because too many are in flight.
    Overload = "dropped_overload",
    /// Questions whose deadline passed.
    Expired = "deadlines_passed",
    /// Replies that the system would not send.
    SendErrors = "dropped_send_errors",
    /// TCP connections taken.
    TcpAccepted = "tcp_accepted",
    /// TCP connections refused for their number.
    TcpRefused = "tcp_refused",
    /// TCP connections closed for being slow or silent.
    TcpTimedOut = "tcp_timed_out",
    /// Defects that a thread has run into and survived.
    Panics = "panics",
    /// Lines of the query log that the sink did not take in time.
    LinesLost = "log_lines_lost",
}

/// One worker's counters.
#[derive(Debug)]
#[repr(align(128))]
pub struct Counters([AtomicU64; NAMES.len()]);

impl Counters {
    /// Adds one. Only the owner may call this.
    #[inline]
    pub fn count(&self, counter: Counter) {
        let cell = &self.0[counter as usize];
        cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Adds one from any thread.
    pub fn count_shared(&self, counter: Counter) {
        self.0[counter as usize].fetch_add(1, Relaxed);
    }

    /// Counts a reply by its rcode and TC.
    #[inline]
    pub fn reply(&self, rcode: u16, truncated: bool) {
        self.count(match rcode {
            0 => Counter::NoError,
            1 => Counter::FormErr,
            2 => Counter::ServFail,
            3 => Counter::NxDomain,
            4 => Counter::NotImp,
            5 => Counter::Refused,
            _ => Counter::OtherRcode,
        });
        if truncated {
            self.count(Counter::Truncated);
        }
    }
}

/// All workers' counters.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Vec<Arc<Counters>>>);

impl Registry {
    /// Counters for one more worker.
    pub fn add(&self) -> Arc<Counters> {
        let counters = Arc::new(Counters(std::array::from_fn(|_| AtomicU64::new(0))));
        self.0.lock().push(counters.clone());
        counters
    }

    /// The sums.
    pub fn totals(&self) -> Vec<(&'static str, u64)> {
        let workers = self.0.lock();
        let sum = |at: usize| workers.iter().map(|counters| counters.0[at].load(Relaxed)).sum();
        NAMES.iter().enumerate().map(|(at, name)| (*name, sum(at))).collect()
    }
}
