//! What was measured of upstreams: the ground on which Python orders them.

use std::collections::HashMap;
use std::net::SocketAddr;

use parking_lot::Mutex;

use crate::exchange::{Failure, Outcome};

/// Upstreams remembered; servers that iteration meets come and go.
const MOST: usize = 4_096;

/// Of one upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Questions that ended.
    pub sent: u64,
    /// With a reply.
    pub replies: u64,
    /// Without.
    pub failures: u64,
    /// Smoothed round trip; 0 before the first reply.
    pub rtt_us: u32,
}

/// Of all.
#[derive(Debug, Default)]
pub struct Upstreams(Mutex<HashMap<SocketAddr, Measured>>);

impl Upstreams {
    /// Notes how an exchange ended.
    pub fn note(&self, upstream: SocketAddr, outcome: &Outcome) {
        let mut all = self.0.lock();
        if all.len() >= MOST && !all.contains_key(&upstream) {
            all.clear();
        }
        let measured = all.entry(upstream).or_default();
        measured.sent += 1;
        match outcome {
            Outcome::Reply { rtt_us, .. } => {
                measured.replies += 1;
                // RFC 6298 2.3 with an eighth as weight.
                let (old, new) = (u64::from(measured.rtt_us), u64::from(*rtt_us));
                measured.rtt_us = if old == 0 {
                    new.max(1)
                } else {
                    ((old * 7 + new) / 8).max(1)
                } as u32;
            }
            // It was never asked.
            Outcome::Failed(Failure::Shortage) => measured.sent -= 1,
            // It did answer; what it said is for others to judge.
            Outcome::Failed(Failure::Truncated | Failure::Mismatch) => measured.replies += 1,
            Outcome::Failed(_) => measured.failures += 1,
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<(SocketAddr, Measured)> {
        self.0
            .lock()
            .iter()
            .map(|(address, measured)| (*address, *measured))
            .collect()
    }
}
