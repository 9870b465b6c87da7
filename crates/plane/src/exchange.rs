//! Questions to upstreams over plain UDP and TCP: hard to guess, verified, bounded in time (RFC 5452).
//!
//! ```text
//! begin ─► UDP sent ─► reply that matches ────────────────► replied
//!             │  ├──► truncated, or a packet that does not match: forward ─► failed (Python judges)
//!             │  │                                               else ─► TCP: connect ─► write ─► read ─► replied
//!             │  └──► cannot be reached, or nothing to ask with ► failed
//!             └─────► time is up ──────────────────────────► failed
//! ```
//! Every question goes out on a socket of its own with a random source port, a random ID and random letter case (0x20), all
//! from the operating system. The socket is connected, so the kernel drops what comes from other addresses; what still comes
//! and does not match in ID, question, case and cookie shows that somebody may be guessing, and ends the use of UDP for it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use resolute_wire::name::Name;
use rustix::io::Errno;
use slab::Slab;

use crate::random::Random;
use crate::verify::{Query, Way, verify};

/// Ports tried before giving up on a random one that is free.
const PORT_TRIES: usize = 16;
/// Ports below this are not for us.
const FIRST_PORT: u16 = 1_024;

/// What to ask, whom, and what for.
#[derive(Clone, Debug)]
pub struct Order {
    /// What becomes of the reply.
    pub purpose: Purpose,
    /// Whom.
    pub upstream: SocketAddr,
    /// QNAME.
    pub qname: Name,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    /// RD, CD.
    pub flags: u16,
    /// DO.
    pub dnssec_ok: bool,
    /// In all.
    pub timeout_ms: u32,
    /// Over TCP; an exchange that changes to it notes that here.
    pub tcp: bool,
    /// With an OPT record. Without one there is no DO and no cookie.
    pub edns: bool,
    /// Our cookie for this server, and its own once it gave us one (RFC 7873 5.1); empty for none.
    pub cookie: Vec<u8>,
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It answers this flight; whatever is not plain sailing is handed off.
    Forward(u64),
    /// It goes to Python under this token.
    Python(u64),
}

/// How an exchange ended.
#[derive(Debug)]
pub enum Outcome {
    /// A verified reply.
    Reply {
        /// The message.
        message: Vec<u8>,
        /// From the first packet out to the reply.
        rtt_us: u32,
        /// It came over TCP.
        tcp: bool,
    },
    /// None.
    Failed(Failure),
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its time is up.
    Timeout,
    /// It was truncated, and TCP is for Python to decide.
    Truncated,
    /// Something came that does not match.
    Mismatch,
    /// What came over TCP is no reply to the question.
    Broken,
    /// There is no way to the upstream.
    Unreachable,
    /// We had no descriptor, port or memory to ask with; it says nothing about the upstream.
    Shortage,
}

impl From<io::Error> for Failure {
    /// Why a socket could not be opened or used.
    fn from(error: io::Error) -> Self {
        let ours = [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::AGAIN,
            Errno::ADDRINUSE,
        ];
        match Errno::from_io_error(&error) {
            Some(errno) if !ours.contains(&errno) => Self::Unreachable,
            _ => Self::Shortage,
        }
    }
}

/// The exchanges of one worker.
pub struct Exchanges {
    slots: Slab<Exchange>,
    timers: BinaryHeap<Reverse<(Instant, usize, u64)>>,
    serial: u64,
    random: Random,
    registry: Registry,
    first_token: usize,
    buffer: Box<[u8]>,
}

struct Exchange {
    order: Order,
    serial: u64,
    query: Query,
    started: Instant,
    link: Link,
}

enum Link {
    Udp(UdpSocket),
    Tcp(Stream),
}

struct Stream {
    socket: TcpStream,
    unsent: Vec<u8>,
    received: Vec<u8>,
}

impl Exchanges {
    /// None yet. Tokens from `first_token` on are theirs.
    pub fn new(registry: Registry, first_token: usize) -> Self {
        Self {
            slots: Slab::new(),
            timers: BinaryHeap::new(),
            serial: 0,
            random: Random::new(),
            registry,
            first_token,
            buffer: vec![0; 65_537].into_boxed_slice(),
        }
    }

    /// Sends a question; an outcome at once when that fails.
    pub fn begin(&mut self, order: Order) -> Option<(Order, Outcome)> {
        match self.try_begin(&order) {
            Ok(()) => None,
            Err(error) => Some((order, Outcome::Failed(error.into()))),
        }
    }

    /// The exchange behind a token has news.
    pub fn ready(&mut self, token: Token) -> Option<(Order, Outcome)> {
        let slot = token.0.checked_sub(self.first_token)?;
        let exchange = self.slots.get_mut(slot)?;
        let outcome = match &mut exchange.link {
            Link::Udp(_) => self.read_udp(slot)?,
            Link::Tcp(stream) => read_tcp(stream, &exchange.query, &exchange.order.cookie, exchange.started)?,
        };
        self.end(slot, outcome)
    }

    /// An exchange whose time is up; call until there is none.
    pub fn expired(&mut self, now: Instant) -> Option<(Order, Outcome)> {
        while let Some(&Reverse((time, slot, serial))) = self.timers.peek() {
            if time > now {
                return None;
            }
            self.timers.pop();
            if self.slots.get(slot).is_some_and(|exchange| exchange.serial == serial) {
                return self.end(slot, Outcome::Failed(Failure::Timeout));
            }
        }
        None
    }

    /// Until the next timeout.
    pub fn next_timeout(&mut self, now: Instant) -> Option<Duration> {
        while let Some(&Reverse((time, slot, serial))) = self.timers.peek() {
            if self.slots.get(slot).is_some_and(|exchange| exchange.serial == serial) {
                return Some(time.saturating_duration_since(now));
            }
            self.timers.pop();
        }
        None
    }

    /// Gives up everything in flight.
    pub fn abandon(&mut self) -> Vec<(Order, Outcome)> {
        self.slots
            .drain()
            .map(|exchange| (exchange.order, Outcome::Failed(Failure::Timeout)))
            .collect()
    }

    fn try_begin(&mut self, order: &Order) -> io::Result<()> {
        let query = Query::compose(order, &mut self.random)?;
        let started = Instant::now();
        let deadline = started + Duration::from_millis(u64::from(order.timeout_ms));
        let slot = self.slots.vacant_key();
        let token = Token(self.first_token + slot);
        let link = if order.tcp {
            self.connect_tcp(order.upstream, &query.bytes, token)?
        } else {
            let mut socket = self.connect_udp(order.upstream)?;
            self.registry.register(&mut socket, token, Interest::READABLE)?;
            socket.send(&query.bytes)?;
            Link::Udp(socket)
        };
        self.serial += 1;
        self.timers.push(Reverse((deadline, slot, self.serial)));
        self.slots.insert(Exchange {
            order: order.clone(),
            serial: self.serial,
            query,
            started,
            link,
        });
        Ok(())
    }

    fn end(&mut self, slot: usize, outcome: Outcome) -> Option<(Order, Outcome)> {
        // Closing the socket takes it out of the poll.
        self.slots.try_remove(slot).map(|exchange| (exchange.order, outcome))
    }

    /// A socket bound to a random port and connected.
    fn connect_udp(&mut self, upstream: SocketAddr) -> io::Result<UdpSocket> {
        for _ in 0..PORT_TRIES {
            let port = self.random.u16()?;
            if port < FIRST_PORT {
                continue;
            }
            let local: SocketAddr = match upstream {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
            };
            match UdpSocket::bind(local) {
                Ok(socket) => {
                    socket.connect(upstream)?;
                    return Ok(socket);
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(Errno::ADDRINUSE.into())
    }

    fn connect_tcp(&self, upstream: SocketAddr, query: &[u8], token: Token) -> io::Result<Link> {
        let mut socket = TcpStream::connect(upstream)?;
        self.registry
            .register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let unsent = [&(query.len() as u16).to_be_bytes(), query].concat();
        Ok(Link::Tcp(Stream {
            socket,
            unsent,
            received: Vec::new(),
        }))
    }

    fn read_udp(&mut self, slot: usize) -> Option<Outcome> {
        let exchange = self.slots.get_mut(slot)?;
        let Link::Udp(socket) = &exchange.link else { return None };
        let length = match socket.recv(&mut self.buffer) {
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return None,
            Err(_) => return Some(Outcome::Failed(Failure::Unreachable)),
        };
        let reply = &self.buffer[..length];
        let failure = match verify(reply, &exchange.query, &exchange.order.cookie, Way::Udp) {
            Some(message) if message.is_truncated() => Failure::Truncated,
            Some(_) => {
                let rtt_us = exchange.started.elapsed().as_micros() as u32;
                return Some(Outcome::Reply {
                    message: reply.to_vec(),
                    rtt_us,
                    tcp: false,
                });
            }
            None => Failure::Mismatch,
        };
        if matches!(exchange.order.purpose, Purpose::Forward(_)) {
            return Some(Outcome::Failed(failure));
        }
        self.change_to_tcp(slot)
            .err()
            .map(|error| Outcome::Failed(error.into()))
    }

    /// The same question over TCP, within the same time.
    fn change_to_tcp(&mut self, slot: usize) -> io::Result<()> {
        let Some(exchange) = self.slots.get(slot) else {
            return Ok(());
        };
        let token = Token(self.first_token + slot);
        let link = self.connect_tcp(exchange.order.upstream, &exchange.query.bytes, token)?;
        if let Some(exchange) = self.slots.get_mut(slot) {
            exchange.link = link;
            exchange.order.tcp = true;
        }
        Ok(())
    }
}

/// Moves a TCP exchange on; an outcome when it has ended.
fn read_tcp(stream: &mut Stream, query: &Query, cookie: &[u8], started: Instant) -> Option<Outcome> {
    let unreachable = Some(Outcome::Failed(Failure::Unreachable));
    if !matches!(stream.socket.take_error(), Ok(None)) {
        return unreachable;
    }
    while !stream.unsent.is_empty() {
        match stream.socket.write(&stream.unsent) {
            Ok(written) => drop(stream.unsent.drain(..written)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => return None,
            Err(_) => return unreachable,
        }
    }
    let mut chunk = [0; 4_096];
    loop {
        let wanted = match stream.received.first_chunk::<2>() {
            Some(length) => 2 + usize::from(u16::from_be_bytes(*length)),
            None => 2,
        };
        if wanted > 2 && stream.received.len() >= wanted {
            break;
        }
        let room = (wanted - stream.received.len()).min(chunk.len());
        match stream.socket.read(&mut chunk[..room]) {
            Ok(0) => return unreachable,
            Ok(count) => stream.received.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(_) => return unreachable,
        }
        if stream.received == [0, 0] {
            return Some(Outcome::Failed(Failure::Broken));
        }
    }
    let reply = &stream.received[2..];
    match verify(reply, query, cookie, Way::Tcp) {
        Some(_) => {
            let rtt_us = started.elapsed().as_micros() as u32;
            Some(Outcome::Reply {
                message: reply.to_vec(),
                rtt_us,
                tcp: true,
            })
        }
        None => Some(Outcome::Failed(Failure::Broken)),
    }
}
