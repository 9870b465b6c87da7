//! Questions in flight: asked once, however many clients wait; each with a deadline; bounded.
//!
//! ```text
//! join ─► first? ─► somebody asks ─► take ─► every waiter is answered
//!     └─► joined                 ├─► stale time ─► if there is a stale answer, all get it; the question goes on
//!                                └─► deadline   ─► all are answered, the question is forgotten
//! ```
//! A client that could be spoofed (UDP, not this machine) may have only so many questions waiting: who lets many answers wait
//! and come at once would have us send them to somebody else as one burst (DNSBomb).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use resolute_wire::name::Name;

use crate::answer::Transport;
use crate::cache::Key;
use crate::listen::udp::UdpListener;
use crate::settings::mask;

/// Clients that may wait for one question.
const MAX_WAITERS: usize = 1_024;
/// Clients that may wait in all.
const MAX_WAITING: usize = 16_384;

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
        /// Where it is sent: the client, or the proxy that speaks for it.
        peer: SocketAddr,
        /// The client.
        client: SocketAddr,
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
            Self::Udp { client: peer, .. } | Self::Tcp { peer, .. } => *peer,
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

impl Waiter {
    /// What its waiting is counted under: the address, or the /56 that one IPv6 site has. None: nobody can pretend to be it.
    fn account(&self) -> Option<IpAddr> {
        let ReplyTo::Udp { client, .. } = &self.reply_to else {
            return None;
        };
        match client.ip().to_canonical() {
            ip if ip.is_loopback() => None,
            IpAddr::V6(v6) => Some(IpAddr::V6((u128::from(v6) & mask(128, 56)).into())),
            v4 => Some(v4),
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
    /// Too many wait, for this question, of this client or in all; the client is given back.
    Full(Waiter),
}

/// Time that has come.
#[derive(Default)]
pub struct Due {
    /// Questions that may be answered stale by now.
    pub stale: Vec<u64>,
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
    waiting: usize,
    accounts: HashMap<IpAddr, usize>,
    stale_times: VecDeque<(u64, u64)>,
    deadlines: VecDeque<(u64, u64)>,
    closed: bool,
}

/// How long a question may take.
#[derive(Clone, Copy)]
pub struct Patience {
    /// Questions at once.
    pub most: usize,
    /// Questions at once of one client.
    pub most_of_client: usize,
    /// Until stale answers.
    pub stale_ms: u32,
    /// Until the end.
    pub deadline_ms: u32,
}

impl Inflight {
    /// Makes a client wait for the answer to a question.
    pub fn join(&self, key: Key, qname: &Name, waiter: Waiter, now_ms: u64, patience: Patience) -> Joined {
        let mut table = self.table.lock();
        if !table.has_room_for(&waiter, patience.most_of_client) {
            return Joined::Full(waiter);
        }
        if let Some(id) = table.by_key.get(&key.hash).copied() {
            return match table.flights.get(&id) {
                Some(flight) if flight.key == key && flight.qname == *qname && flight.waiters.len() < MAX_WAITERS => {
                    table.add(id, waiter);
                    Joined::Waits
                }
                _ => Joined::Full(waiter),
            };
        }
        if table.flights.len() >= patience.most {
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
                waiters: Vec::new(),
                deadline_ms,
            },
        );
        table.add(id, waiter);
        table.stale_times.push_back((now_ms + u64::from(patience.stale_ms), id));
        table.deadlines.push_back((deadline_ms, id));
        if table.flights.len() == 1 {
            self.wake.notify_one();
        }
        Joined::First(id)
    }

    /// Takes out all who wait; the question goes on.
    pub fn take_waiters(&self, id: u64) -> Vec<Waiter> {
        let mut table = self.table.lock();
        let waiters = table
            .flights
            .get_mut(&id)
            .map_or(Vec::new(), |flight| std::mem::take(&mut flight.waiters));
        table.leave(&waiters);
        waiters
    }

    /// Ends a question.
    pub fn take(&self, id: u64) -> Option<Flight> {
        self.table.lock().end(id)
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
            if table.flights.contains_key(&id) {
                due.stale.push(id);
            }
        }
        while let Some((_, id)) = table.deadlines.pop_front_if(|(time, _)| *time <= now_ms) {
            due.expired.extend(table.end(id));
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
        let ids: Vec<u64> = table.flights.keys().copied().collect();
        self.wake.notify_all();
        ids.into_iter().filter_map(|id| table.end(id)).collect()
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

impl Table {
    fn has_room_for(&self, waiter: &Waiter, most_of_client: usize) -> bool {
        let waiting = waiter.account().and_then(|account| self.accounts.get(&account));
        !self.closed && self.waiting < MAX_WAITING && waiting.is_none_or(|&waiting| waiting < most_of_client)
    }

    fn add(&mut self, id: u64, waiter: Waiter) {
        if let Some(account) = waiter.account() {
            *self.accounts.entry(account).or_default() += 1;
        }
        if let Some(flight) = self.flights.get_mut(&id) {
            self.waiting += 1;
            flight.waiters.push(waiter);
        }
    }

    /// Counts no more those who do not wait any more.
    fn leave(&mut self, waiters: &[Waiter]) {
        self.waiting -= waiters.len();
        for account in waiters.iter().filter_map(Waiter::account) {
            if let Entry::Occupied(mut waiting) = self.accounts.entry(account) {
                *waiting.get_mut() -= 1;
                if *waiting.get() == 0 {
                    waiting.remove();
                }
            }
        }
    }

    fn end(&mut self, id: u64) -> Option<Flight> {
        let flight = self.flights.remove(&id)?;
        self.by_key.remove(&flight.key.hash);
        self.leave(&flight.waiters);
        Some(flight)
    }
}
