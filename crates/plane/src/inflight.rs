//! Questions in flight: asked once, however many clients wait; each with a deadline; bounded.
//!
//! ```text
//! join ─► first? ─► somebody asks ─► take ─► every waiter is answered
//!     └─► joined                 ├─► stale time ─► those with a stale answer are answered, the question goes on
//!                                └─► deadline   ─► all are answered, the question is forgotten
//! ```

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use resolute_wire::name::Name;

use crate::answer::Transport;
use crate::cache::Key;
use crate::listen::udp::UdpListener;

/// Clients that may wait for one question.
const MAX_WAITERS: usize = 1_024;

/// A client that waits.
pub struct Waiter {
    /// Its query; the stages run on it again once the answer is there.
    pub packet: Box<[u8]>,
    /// Where its reply goes.
    pub reply_to: ReplyTo,
    /// When the query came, in milliseconds of [`crate::clock::millis`].
    pub received_ms: u64,
}

/// The way back to a client.
pub enum ReplyTo {
    /// From this socket, with the address that was asked as source.
    Udp {
        /// The socket that the query came in on.
        listener: Arc<UdpListener>,
        /// The client.
        peer: SocketAddr,
        /// The address that was asked, where the socket has several.
        local: Option<IpAddr>,
    },
    /// Over the connection that the query came on, whose writer takes replies from this channel.
    Tcp {
        /// The reply's place in the channel to the connection's writer; taken once.
        reply: Option<tokio::sync::mpsc::OwnedPermit<Vec<u8>>>,
        /// The client.
        peer: SocketAddr,
    },
}

impl ReplyTo {
    /// The client's address.
    pub fn peer(&self) -> SocketAddr {
        match self {
            Self::Udp { peer, .. } | Self::Tcp { peer, .. } => *peer,
        }
    }

    /// The client's way.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Udp { .. } => Transport::Udp,
            Self::Tcp { .. } => Transport::Tcp,
        }
    }
}

/// A question in flight.
pub struct Flight {
    /// Its number.
    pub id: u64,
    /// What its answer will be cached under.
    pub key: Key,
    /// The name.
    pub qname: Name,
    /// Who waits.
    pub waiters: Vec<Waiter>,
    /// When they are answered without it, in milliseconds of [`crate::clock::millis`].
    pub deadline_ms: u64,
}

/// What became of a client that wants to wait.
pub enum Joined {
    /// It is the first: somebody has to ask, under this number.
    First(u64),
    /// Somebody asks already.
    Waits,
    /// Too many are in flight; the client is given back.
    Full(Waiter),
}

/// Time that has come.
#[derive(Default)]
pub struct Due {
    /// Clients whose question may be answered stale by now; those that cannot be come back with [`Inflight::rejoin`].
    pub stale: Vec<(u64, Vec<Waiter>)>,
    /// Questions whose deadline has passed.
    pub expired: Vec<Flight>,
}

/// The table of questions in flight.
#[derive(Default)]
pub struct Inflight {
    table: Mutex<Table>,
    wake: Condvar,
}

#[derive(Default)]
struct Table {
    last_id: u64,
    by_key: HashMap<u64, u64>,
    flights: HashMap<u64, Flight>,
    stale_times: VecDeque<(u64, u64)>,
    deadlines: VecDeque<(u64, u64)>,
    closed: bool,
}

/// How long a question may take.
#[derive(Clone, Copy)]
pub struct Patience {
    /// Questions at once.
    pub most: usize,
    /// Until stale answers.
    pub stale_ms: u32,
    /// Until the end.
    pub deadline_ms: u32,
}

impl Inflight {
    /// Makes a client wait for the answer to a question.
    pub fn join(&self, key: Key, qname: &Name, waiter: Waiter, now_ms: u64, patience: Patience) -> Joined {
        let mut table = self.table.lock();
        if let Some(id) = table.by_key.get(&key.hash).copied() {
            return match table.flights.get_mut(&id) {
                Some(flight) if flight.key == key && flight.qname == *qname && flight.waiters.len() < MAX_WAITERS => {
                    flight.waiters.push(waiter);
                    Joined::Waits
                }
                _ => Joined::Full(waiter),
            };
        }
        if table.flights.len() >= patience.most || table.closed {
            return Joined::Full(waiter);
        }
        table.last_id += 1;
        let id = table.last_id;
        let deadline_ms = now_ms + u64::from(patience.deadline_ms);
        table.by_key.insert(key.hash, id);
        table.flights.insert(
            id,
            Flight {
                id,
                key,
                qname: *qname,
                waiters: vec![waiter],
                deadline_ms,
            },
        );
        table.stale_times.push_back((now_ms + u64::from(patience.stale_ms), id));
        table.deadlines.push_back((deadline_ms, id));
        if table.flights.len() == 1 {
            self.wake.notify_one();
        }
        Joined::First(id)
    }

    /// Puts clients that could not be answered stale back; those whose question has ended meanwhile are given back.
    pub fn rejoin(&self, id: u64, waiters: Vec<Waiter>) -> Vec<Waiter> {
        match self.table.lock().flights.get_mut(&id) {
            Some(flight) => {
                flight.waiters.extend(waiters);
                Vec::new()
            }
            None => waiters,
        }
    }

    /// Ends a question.
    pub fn take(&self, id: u64) -> Option<Flight> {
        let mut table = self.table.lock();
        let flight = table.flights.remove(&id)?;
        table.by_key.remove(&flight.key.hash);
        Some(flight)
    }

    /// Looks at a question.
    pub fn with<T>(&self, id: u64, look: impl FnOnce(&Flight) -> T) -> Option<T> {
        self.table.lock().flights.get(&id).map(look)
    }

    /// What the clock says has come.
    pub fn due(&self, now_ms: u64) -> Due {
        let mut table = self.table.lock();
        let mut due = Due::default();
        while let Some((_, id)) = table.stale_times.pop_front_if(|(time, _)| *time <= now_ms) {
            if let Some(flight) = table.flights.get_mut(&id) {
                due.stale.push((id, std::mem::take(&mut flight.waiters)));
            }
        }
        while let Some((_, id)) = table.deadlines.pop_front_if(|(time, _)| *time <= now_ms) {
            if let Some(flight) = table.flights.remove(&id) {
                table.by_key.remove(&flight.key.hash);
                due.expired.push(flight);
            }
        }
        due
    }

    /// Waits (the timer's thread does) while nothing is in flight; false when the table is closed.
    pub fn wait(&self) -> bool {
        let mut table = self.table.lock();
        while table.flights.is_empty() && !table.closed {
            table.stale_times.clear();
            table.deadlines.clear();
            self.wake.wait(&mut table);
        }
        !table.closed
    }

    /// Takes no more questions and ends the wait.
    pub fn close(&self) -> Vec<Flight> {
        let mut table = self.table.lock();
        table.closed = true;
        table.by_key.clear();
        self.wake.notify_all();
        table.flights.drain().map(|(_, flight)| flight).collect()
    }

    /// Questions in flight.
    pub fn len(&self) -> usize {
        self.table.lock().flights.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
