//! What all threads of the data plane share, and the desk at which each of them answers.
//!
//! ```text
//! transport ─► Desk::take ─► reply at once
//!                       └──► wait in flight ─► worker asks upstream ─► Desk::conclude ─► reply to all who wait
//!                                         └──► Python is handed it ─► answer / fail ─┘
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use resolute_wire::code::{ede, flag, rcode};
use resolute_wire::compose::Known;
use resolute_wire::edns::Ede;
use resolute_wire::message::Message;

use crate::answer::{self, Ask, Given, Habits, Incoming, Origin, Own, Room, Sent, Verdict, World};
use crate::cache::{Cache, Cached, Lookup, settle};
use crate::clock;
use crate::exchange::{Failure, Order, Outcome, Purpose};
use crate::explain::Silent;
use crate::inflight::{Flight, Inflight, Joined, Patience, ReplyTo, Waiter};
use crate::listen::proxy;
use crate::listen::udp::Packet;
use crate::querylog::{Line, QueryLog};
use crate::ratelimit::{Accounts, Limiter};
use crate::settings::Settings;
use crate::snapshot::{Route, Snapshot};
use crate::stats::{Counter, Counters, Registry};
use crate::turns::Turns;
use crate::upstreams::Upstreams;
use crate::upward::{Exchanged, Handoff, Reason, Upward};
use crate::worker::Inbox;

/// Longest message.
const MESSAGE: usize = 65_535;

/// How often, and how long in between, a publisher looks whether the last reader of the old state is done. A batch takes far
/// less; what is still read then is freed by the next publish or tick.
const READERS_CHECKS: usize = 50;
const READERS_PAUSE: Duration = Duration::from_micros(100);

/// Why and for how long a question fails.
pub struct Failed<'a> {
    /// What the clients are told.
    pub rcode: u16,
    /// And why.
    pub ede: Ede<'a>,
    /// How long the failure is remembered.
    pub cache_s: u32,
}

/// Nobody said anything until the deadline.
const TIME_UP: Failed<'static> = Failed {
    rcode: rcode::SERVFAIL,
    ede: Ede {
        code: ede::NO_REACHABLE_AUTHORITY,
        text: "no answer within the time for it",
    },
    cache_s: 1,
};

/// What all threads share.
pub struct Engine {
    /// What is published.
    pub snapshot: ArcSwap<Snapshot>,
    /// What was learnt.
    pub cache: ArcSwap<Cache>,
    /// Who waits.
    pub inflight: Inflight,
    /// What goes to Python.
    pub upward: Upward,
    /// Counters of all threads.
    pub stats: Registry,
    /// Measurements of upstreams.
    pub upstreams: Upstreams,
    /// Where queries are logged.
    pub log: QueryLog,
    /// What prefixes have been sent of late.
    pub accounts: Arc<Accounts>,
    /// TCP connections now.
    pub tcp_connections: Arc<AtomicUsize>,
    inboxes: RwLock<Vec<Inbox>>,
    next_inbox: AtomicUsize,
    retired: Mutex<Vec<Arc<Snapshot>>>,
}

impl Engine {
    /// Nothing published but settings.
    pub fn new(settings: Settings) -> std::io::Result<Self> {
        let cache = Cache::new(settings.cache_bytes);
        let stats = Registry::default();
        let log = QueryLog::new(stats.add());
        Ok(Self {
            snapshot: ArcSwap::from_pointee(Snapshot::new(settings)),
            cache: ArcSwap::from_pointee(cache),
            inflight: Inflight::default(),
            upward: Upward::new()?,
            stats,
            upstreams: Upstreams::default(),
            log,
            accounts: Arc::default(),
            tcp_connections: Arc::default(),
            inboxes: RwLock::default(),
            next_inbox: AtomicUsize::new(0),
            retired: Mutex::default(),
        })
    }

    /// Switches to another snapshot. The old one is freed here, when the last batch that reads it is done; never by a
    /// worker, which would stand still for as long as a large zone takes to be freed.
    pub fn publish(&self, snapshot: Snapshot) {
        let old = self.snapshot.swap(Arc::new(snapshot));
        self.retired.lock().push(old);
        for _ in 0..READERS_CHECKS {
            if !self.free_retired() {
                return;
            }
            std::thread::sleep(READERS_PAUSE);
        }
    }

    /// Frees snapshots that nobody reads any more; whether some are left.
    pub fn free_retired(&self) -> bool {
        let mut retired = self.retired.lock();
        let (free, busy): (Vec<_>, Vec<_>) = retired.drain(..).partition(|old| Arc::strong_count(old) == 1);
        *retired = busy;
        let left = !retired.is_empty();
        drop(retired);
        drop(free);
        left
    }

    /// Makes a worker take orders.
    pub fn add_inbox(&self, inbox: Inbox) {
        self.inboxes.write().push(inbox);
    }

    /// Sends an order to the next worker's inbox; given back when there is none.
    pub fn order(&self, order: Order) -> Result<(), Order> {
        let inboxes = self.inboxes.read();
        match inboxes.get(self.next_inbox.fetch_add(1, Relaxed) % inboxes.len().max(1)) {
            Some(inbox) => {
                inbox.order(order);
                Ok(())
            }
            None => Err(order),
        }
    }

    /// Forgets the workers.
    pub fn drop_inboxes(&self) {
        self.inboxes.write().clear();
    }
}

/// What becomes of a packet at a desk.
pub enum Taken {
    /// Send so many bytes of the room.
    Reply(Sent),
    /// The reply comes later; if there is an order, this client is the first to ask and the order is to be carried out.
    Later(Option<Order>),
    /// Send nothing.
    Silence,
}

/// Where one thread answers: its counters and working memory.
pub struct Desk {
    /// Shared by all.
    pub engine: Arc<Engine>,
    /// Of this thread.
    pub counters: Arc<Counters>,
    habits: Arc<Habits>,
    known: Known,
    buffer: Box<[u8]>,
    /// For those who waited: a client may be answered from here while `buffer` is another's.
    late: Box<[u8]>,
}

/// The state that a batch of packets is answered from.
pub struct Moment {
    snapshot: arc_swap::Guard<Arc<Snapshot>>,
    cache: arc_swap::Guard<Arc<Cache>>,
    now: u32,
    habits: Arc<Habits>,
    now_us: u64,
}

impl Moment {
    /// What answering reads.
    pub fn world(&self) -> World<'_> {
        World {
            snapshot: &self.snapshot,
            cache: &self.cache,
            now: self.now,
            own: Some(Own {
                habits: &self.habits,
                now_us: self.now_us,
            }),
        }
    }
}

impl Moment {
    /// Whom a packet on a listener for proxies is from, and the query in it. None: not from a proxy, or not in proper form.
    pub fn unwrap_proxied<'p>(&self, packet: Packet<'p>) -> Option<(SocketAddr, &'p [u8])> {
        let settings = &self.snapshot.rules.settings;
        let header = proxy::parse(packet.bytes).filter(|_| settings.is_proxy(packet.peer.ip()))?;
        Some((header.client.unwrap_or(packet.peer), packet.bytes.get(header.length..)?))
    }
}

impl Desk {
    /// A desk for one more thread.
    pub fn new(engine: &Arc<Engine>) -> Self {
        let counters = engine.stats.add();
        Self {
            engine: engine.clone(),
            counters,
            habits: Arc::new(Habits {
                limiter: Limiter::new(&engine.accounts),
                turns: Turns::new(),
                tcp_connections: engine.tcp_connections.clone(),
            }),
            known: Known::new(),
            buffer: room(),
            late: room(),
        }
    }

    /// The state right now, to be let go after a batch.
    #[inline]
    pub fn moment(&self) -> Moment {
        let now_us = clock::micros();
        Moment {
            snapshot: self.engine.snapshot.load(),
            cache: self.engine.cache.load(),
            habits: self.habits.clone(),
            now: clock::seconds_of(now_us),
            now_us,
        }
    }

    /// Answers a packet, or makes its client wait. `way_back` is asked for only then.
    #[inline]
    pub fn take(
        &mut self,
        moment: &Moment,
        incoming: Incoming<'_>,
        room: &mut [u8],
        way_back: impl FnOnce() -> ReplyTo,
    ) -> Taken {
        let room = Room {
            buf: room,
            known: &mut self.known,
        };
        match answer::answer(moment.world(), incoming, Given::Nothing, room, &mut Silent) {
            Verdict::Reply(sent) => {
                self.count(sent);
                Taken::Reply(sent)
            }
            Verdict::Slipped(sent) => {
                self.count_limited(Counter::RateSlipped, sent);
                Taken::Reply(sent)
            }
            Verdict::Watched(sent) => {
                self.count_limited(Counter::RateWatched, sent);
                Taken::Reply(sent)
            }
            Verdict::Limited => {
                self.counters.count(Counter::RateDropped);
                Taken::Silence
            }
            Verdict::Silence => {
                self.counters.count(Counter::Ignored);
                Taken::Silence
            }
            Verdict::Ask(ask) => {
                let received_ms = clock::millis();
                let waiter = Waiter {
                    packet: incoming.packet.into(),
                    reply_to: way_back(),
                    received_ms,
                };
                self.wait(moment, &ask, waiter, incoming.address)
            }
        }
    }

    /// The same with the desk's own room: the reply's bytes are `self.reply()`.
    pub fn take_here(&mut self, incoming: Incoming<'_>, way_back: impl FnOnce() -> ReplyTo) -> Taken {
        let mut buffer = take_room(&mut self.buffer);
        let moment = self.moment();
        let taken = self.take(&moment, incoming, &mut buffer, way_back);
        self.buffer = buffer;
        taken
    }

    /// What `take_here` wrote.
    pub fn reply(&self, sent: Sent) -> &[u8] {
        &self.buffer[..sent.len]
    }

    /// An exchange ended: its reply answers a flight, or goes to Python.
    pub fn exchanged(&mut self, order: Order, outcome: Outcome) {
        self.engine.upstreams.note(order.upstream, &outcome);
        match order.purpose {
            Purpose::Python(token) => {
                self.engine.upward.exchanged(Exchanged {
                    token,
                    upstream: order.upstream,
                    tcp: order.tcp,
                    outcome,
                });
            }
            Purpose::Forward(id) => match outcome {
                Outcome::Reply { message, .. } => self.forwarded(id, &order, &message),
                Outcome::Failed(failure) => self.hand_off(id, Some(order.upstream), reason(failure)),
            },
        }
    }

    /// Carries out an order whose worker could not even begin.
    pub fn hand_off(&mut self, id: u64, upstream: Option<SocketAddr>, reason: Reason) {
        let handoff = self.engine.inflight.with(id, |flight| Handoff {
            id,
            qname: flight.qname,
            key: flight.key,
            client: flight
                .waiters
                .first()
                .map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |waiter| {
                    waiter.reply_to.peer().ip()
                }),
            reason,
            upstream,
            deadline_ms: flight.deadline_ms,
        });
        if let Some(handoff) = handoff {
            self.counters.count(Counter::HandedOff);
            self.engine.upward.hand_off(handoff);
        }
    }

    /// The answer to a flight's question: cached, and sent to all who wait. False when the flight has ended already, Err when
    /// the message does not answer the question.
    pub fn answered(&mut self, id: u64, message: &[u8]) -> Result<bool, settle::Broken> {
        let moment = self.moment();
        let question = self.engine.inflight.with(id, |flight| (flight.key, flight.qname));
        let Some((key, qname)) = question else { return Ok(false) };
        let reply = Message::parse(message).map_err(|_| settle::Broken)?;
        let settings = &moment.snapshot.rules.settings;
        let entry = settle::settle(&reply, &qname, key, settings, moment.now)?;
        if entry.expires() > moment.now {
            moment.cache.insert(entry.clone(), moment.now);
        }
        let Some(flight) = self.engine.inflight.take(id) else {
            return Ok(false);
        };
        self.conclude(&moment, flight, Given::Fresh(&entry));
        Ok(true)
    }

    /// No answer can be had for a flight's question. False when nobody waits for it any more.
    pub fn failed(&mut self, id: u64, failure: &Failed<'_>) -> bool {
        let moment = self.moment();
        let Some(flight) = self.engine.inflight.take(id) else {
            return false;
        };
        self.fail(&moment, flight, failure);
        true
    }

    /// Answers all who wait stale, or with the failure, which is remembered (RFC 8767 5, RFC 9520).
    fn fail(&mut self, moment: &Moment, flight: Flight, failure: &Failed<'_>) {
        if let Lookup::Stale(stale) = moment.cache.get(&flight.key, flight.qname.as_wire(), moment.now) {
            if let Some(stale) = stale.as_ref() {
                stale.hold(moment.now.saturating_add(failure.cache_s.max(1)));
            }
            return self.conclude(moment, flight, Given::TimeUp);
        }
        let entry = settle::failure(
            &flight.qname,
            flight.key,
            failure.rcode,
            failure.ede,
            failure.cache_s,
            moment.now,
        );
        if failure.cache_s > 0 {
            moment.cache.insert(entry.clone(), moment.now);
        }
        self.conclude(moment, flight, Given::Fresh(&entry));
    }

    /// Answers those whose time has come: stale answers first, then SERVFAIL.
    pub fn tick(&mut self, now_ms: u64) {
        let due = self.engine.inflight.due(now_ms);
        if due.stale.is_empty() && due.expired.is_empty() {
            return;
        }
        let moment = self.moment();
        for id in due.stale {
            self.answer_stale(&moment, id);
        }
        self.engine
            .upward
            .forget(&due.expired.iter().map(|flight| flight.id).collect());
        for flight in due.expired {
            self.counters.count(Counter::Expired);
            self.fail(&moment, flight, &TIME_UP);
        }
    }

    /// The time for a fresh answer is up: if there is a stale one, those who wait get it, and so does, until the question
    /// ends, whoever asks the same (RFC 8767 5).
    fn answer_stale(&mut self, moment: &Moment, id: u64) {
        let engine = self.engine.clone();
        let stale = engine.inflight.with(id, |flight| {
            let cached = moment.cache.get(&flight.key, flight.qname.as_wire(), moment.now);
            let Lookup::Stale(entry) = cached else { return false };
            let settings = &moment.snapshot.rules.settings;
            let left_ms = settings.deadline_ms.saturating_sub(settings.stale_after_ms);
            if let Some(entry) = entry.as_ref() {
                entry.hold(moment.now.saturating_add(1 + left_ms / 1_000));
            }
            true
        });
        if stale == Some(true) {
            for waiter in engine.inflight.take_waiters(id) {
                self.deliver(moment, waiter, Given::TimeUp);
            }
        }
    }

    /// Answers all who wait for a flight.
    pub fn conclude(&mut self, moment: &Moment, flight: Flight, given: Given<'_>) {
        for waiter in flight.waiters {
            self.deliver(moment, waiter, given);
        }
    }

    /// Makes a client wait; the first one's question becomes an order or a handoff.
    fn wait(&mut self, moment: &Moment, ask: &Ask<'_>, waiter: Waiter, client: IpAddr) -> Taken {
        let settings = &moment.snapshot.rules.settings;
        let patience = Patience {
            most: settings.handoffs,
            most_of_client: settings.waiting_per_client,
            stale_ms: settings.stale_after_ms,
            deadline_ms: settings.deadline_ms,
        };
        let now_ms = waiter.received_ms;
        match self.engine.inflight.join(ask.key, &ask.qname, waiter, now_ms, patience) {
            Joined::Waits => self.counters.count(Counter::Joined),
            Joined::Full(waiter) => {
                self.counters.count(Counter::Overload);
                self.deliver(moment, waiter, Given::TimeUp);
            }
            Joined::First(id) => match ask.route.and_then(|route| plain_order(id, ask, route)) {
                Some(order) => {
                    self.counters.count(Counter::Forwarded);
                    return Taken::Later(Some(order));
                }
                None => {
                    self.counters.count(Counter::HandedOff);
                    let deadline_ms = now_ms + u64::from(settings.deadline_ms);
                    let (qname, key) = (ask.qname, ask.key);
                    let reason = Reason::NoRoute;
                    let upstream = None;
                    self.engine.upward.hand_off(Handoff {
                        id,
                        qname,
                        key,
                        client,
                        reason,
                        upstream,
                        deadline_ms,
                    });
                }
            },
        }
        Taken::Later(None)
    }

    /// A reply to a forwarded question.
    fn forwarded(&mut self, id: u64, order: &Order, message: &[u8]) {
        let rcode = Message::parse(message).map_or(rcode::SERVFAIL, |message| message.extended_rcode());
        if !settle::is_answer(rcode) {
            return self.hand_off(id, Some(order.upstream), Reason::Rcode(rcode));
        }
        if self.answered(id, message).is_err() {
            self.hand_off(id, Some(order.upstream), Reason::Broken);
        }
    }

    /// Runs the stages again for one who waited and sends what comes of it.
    fn deliver(&mut self, moment: &Moment, waiter: Waiter, given: Given<'_>) {
        let mut buffer = take_room(&mut self.late);
        let incoming = Incoming {
            packet: &waiter.packet,
            address: waiter.reply_to.peer().ip(),
            transport: waiter.reply_to.transport(),
        };
        let room = Room {
            buf: &mut buffer,
            known: &mut self.known,
        };
        let sent = match answer::answer(moment.world(), incoming, given, room, &mut Silent) {
            Verdict::Reply(sent) => Some((sent, None)),
            Verdict::Slipped(sent) => Some((sent, Some(Counter::RateSlipped))),
            Verdict::Watched(sent) => Some((sent, Some(Counter::RateWatched))),
            Verdict::Limited => {
                self.counters.count(Counter::RateDropped);
                None
            }
            Verdict::Ask(_) | Verdict::Silence => None,
        };
        if let Some((sent, limited)) = sent {
            limited.inspect(|&counter| self.counters.count(counter));
            self.count(sent);
            self.log(&waiter.packet, waiter.reply_to.peer(), sent, waiter.received_ms);
            self.send(waiter.reply_to, &buffer[..sent.len]);
        }
        self.late = buffer;
    }

    fn send(&self, reply_to: ReplyTo, reply: &[u8]) {
        let sent = match reply_to {
            ReplyTo::Udp {
                listener, peer, local, ..
            } => listener.send(reply, peer, local).is_ok(),
            ReplyTo::Tcp { reply: place, .. } => place.map(|place| place.send(reply.to_vec())).is_some(),
        };
        if !sent {
            self.counters.count(Counter::SendErrors);
        }
    }

    #[cold]
    fn count_limited(&self, counter: Counter, sent: Sent) {
        self.counters.count(counter);
        self.count(sent);
    }

    /// Counts a reply.
    #[inline]
    fn count(&self, sent: Sent) {
        self.counters.reply(sent.rcode, sent.truncated);
        match sent.origin {
            Origin::Zone => self.counters.count(Counter::FromZones),
            Origin::Overlay => self.counters.count(Counter::FromOverlays),
            Origin::Cache => self.counters.count(Counter::FromCache),
            Origin::Stale => self.counters.count(Counter::FromStale),
            Origin::Resolver => self.counters.count(Counter::FromResolver),
            Origin::Server => {}
        }
    }

    /// Logs a reply to a query that has just come.
    #[inline]
    pub fn log_now(&self, packet: &[u8], peer: SocketAddr, sent: Sent) {
        if self.engine.log.is_on() {
            self.log(packet, peer, sent, clock::millis());
        }
    }

    /// Logs a reply, if queries are logged.
    #[inline]
    pub fn log(&self, packet: &[u8], peer: SocketAddr, sent: Sent, received_ms: u64) {
        if self.engine.log.is_on() {
            self.engine.log.write(Line::new(
                packet,
                peer,
                sent,
                clock::millis().saturating_sub(received_ms),
            ));
        }
    }
}

/// Room for a reply.
fn room() -> Box<[u8]> {
    vec![0; MESSAGE].into_boxed_slice()
}

/// Takes a desk's room for as long as a reply is written; new room where a panic has kept the old from coming back.
fn take_room(place: &mut Box<[u8]>) -> Box<[u8]> {
    let taken = std::mem::take(place);
    if taken.is_empty() { room() } else { taken }
}

/// What the data plane asks by itself: the first upstream of a plain route.
fn plain_order(id: u64, ask: &Ask<'_>, route: &Route) -> Option<Order> {
    let upstream = route.upstreams.first().filter(|_| route.plain)?;
    let flags = flag::RD | if ask.key.checking_disabled { flag::CD } else { 0 };
    Some(Order {
        purpose: Purpose::Forward(id),
        upstream: upstream.address,
        qname: ask.qname,
        qtype: ask.key.qtype,
        qclass: ask.key.qclass,
        flags,
        dnssec_ok: ask.key.dnssec_ok,
        timeout_ms: upstream.timeout_ms,
        tcp: false,
        edns: true,
        cookie: Vec::new(),
    })
}

fn reason(failure: Failure) -> Reason {
    match failure {
        Failure::Timeout => Reason::Timeout,
        Failure::Truncated => Reason::Truncated,
        Failure::Mismatch => Reason::Mismatch,
        Failure::Broken => Reason::Broken,
        Failure::Unreachable => Reason::Unreachable,
        Failure::Shortage => Reason::Shortage,
    }
}
