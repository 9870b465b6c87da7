//! What goes up to Python: handoffs and ended exchanges, in bounded queues, with a descriptor that polls readable while there
//! is something. Python pulls; nobody here ever waits for it.

use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use parking_lot::Mutex;
use resolute_wire::name::Name;
use rustix::event::{EventfdFlags, eventfd};

use crate::cache::Key;
use crate::exchange::Outcome;

/// A question for Python.
#[derive(Clone, Debug)]
pub struct Handoff {
    /// The flight's number.
    pub id: u64,
    /// QNAME.
    pub qname: Name,
    /// QTYPE and the rest.
    pub key: Key,
    /// The first client.
    pub client: IpAddr,
    /// Why.
    pub reason: Reason,
    /// Whom the data plane has asked.
    pub upstream: Option<SocketAddr>,
    /// When its clients are answered without it, in milliseconds of [`crate::clock::millis`].
    pub deadline_ms: u64,
}

/// Why a question is handed off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No plain route.
    NoRoute,
    /// The upstream did not answer in its time.
    Timeout,
    /// The reply is truncated.
    Truncated,
    /// Something came that does not match.
    Mismatch,
    /// This rcode.
    Rcode(u16),
    /// The reply does not parse.
    Broken,
    /// There is no way to the upstream.
    Unreachable,
    /// We had no descriptor, port or memory to ask with.
    Shortage,
}

/// An exchange of Python's that ended.
#[derive(Debug)]
pub struct Exchanged {
    /// Its token.
    pub token: u64,
    /// Who was asked.
    pub upstream: SocketAddr,
    /// Whether it was over TCP at its end.
    pub tcp: bool,
    /// How it ended.
    pub outcome: Outcome,
}

/// The queues.
pub struct Upward {
    queues: Mutex<(VecDeque<Handoff>, VecDeque<Exchanged>)>,
    event: OwnedFd,
}

impl Upward {
    /// Empty queues.
    pub fn new() -> std::io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self {
            queues: Mutex::default(),
            event,
        })
    }

    /// The descriptor to poll.
    pub fn descriptor(&self) -> RawFd {
        self.event.as_raw_fd()
    }

    /// Hands a question up. Bounded by the questions in flight: what has ended is forgotten.
    pub fn hand_off(&self, handoff: Handoff) {
        let mut queues = self.queues.lock();
        queues.0.push_back(handoff);
        self.signal(queues.0.len() + queues.1.len());
    }

    /// Forgets questions that nobody waits for any more.
    pub fn forget(&self, ended: &HashSet<u64>) {
        self.queues.lock().0.retain(|handoff| !ended.contains(&handoff.id));
    }

    /// Hands an ended exchange up. Bounded by the exchanges that Python began.
    pub fn exchanged(&self, exchanged: Exchanged) {
        let mut queues = self.queues.lock();
        queues.1.push_back(exchanged);
        self.signal(queues.0.len() + queues.1.len());
    }

    /// Takes up to so many of each.
    pub fn pull(&self, limit: usize) -> (Vec<Handoff>, Vec<Exchanged>) {
        let mut queues = self.queues.lock();
        let handoffs = queues.0.len().min(limit);
        let exchanges = queues.1.len().min(limit);
        let taken = (
            queues.0.drain(..handoffs).collect(),
            queues.1.drain(..exchanges).collect(),
        );
        if queues.0.is_empty() && queues.1.is_empty() {
            // Nothing is left: the descriptor is quiet until something comes.
            let _ = rustix::io::read(&self.event, &mut [0u8; 8]);
        }
        taken
    }

    /// Makes the descriptor readable when the first thing comes; it stays so until all are pulled.
    fn signal(&self, waiting: usize) {
        if waiting == 1 {
            let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
        }
    }
}
