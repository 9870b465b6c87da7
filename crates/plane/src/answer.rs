//! Life of a query: the order of the stages, as code. Read this file first.
//!
//! ```text
//! listen ─► admit ─► cookie ─► zones ─► rules ─► cache ─► forward ─► handoff
//!                               └────────┴────────┴──► reply ─► rate limit
//! ```
//! - *admit* comes first: what a client may do and which view it sees decides everything after it.
//! - *cookie* comes next: what it proves of the client's address decides what a flood of spoofed queries gets.
//! - *zones* (overlays before them) come before rules: what the operator publishes is never blocked by a list.
//! - *rules* come before the cache, so that a cached answer can never carry a blocked name past them. No rule exists yet.
//! - *the right to recurse* is checked before the cache: what others asked is not for strangers.
//! - *cache* comes before any work for others; RD=0 ends there.
//! - *rate limit* comes last: only a finished reply tells what it is like. Over UDP alone: TCP proves the client's address.
//! - *forward* and *handoff* are for the caller: this function decides only that somebody has to be asked, and does no I/O.
//!
//! The transport delivers bytes and a client address; the same rules hold on every transport. The same stages run with a
//! recorder tell why an answer is what it is.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use resolute_wire::code::{class, ede, flag, rcode};
use resolute_wire::compose::{Composer, Head, Known, Order, Owner, Section};
use resolute_wire::edns::Ede;
use resolute_wire::message::Message;
use resolute_wire::name::Name;
use resolute_wire::query::{self, Parsed, Query};
use resolute_wire::{rdata, rtype};

use crate::admit::Client;
use crate::cache::{Cache, Cached, Entry, Key, Lookup};
use crate::chaos;
use crate::cookies::Proof;
use crate::explain::Recorder;
use crate::extensions::Extensions;
use crate::hash::Path;
use crate::leaving::{Leaving, Shown};
use crate::ratelimit::Limiter;
use crate::refusals;
use crate::snapshot::{Route, Snapshot};
use crate::turns::Turns;
use crate::zones::proofs::Prover;
use crate::zones::respond::{Asked, Said, Zoned, deepest};

/// What answering reads.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// What is published.
    pub snapshot: &'a Snapshot,
    /// What was learnt.
    pub cache: &'a Cache,
    /// The time, by [`crate::clock::seconds`].
    pub now: u32,
    /// What the thread that answers has of its own; without it nothing is limited, and nothing takes turns.
    pub own: Option<Own<'a>>,
}

/// What one thread has of its own, and the time.
#[derive(Clone, Copy)]
pub struct Own<'a> {
    /// All of it but the time.
    pub habits: &'a Habits,
    /// The time, by [`crate::clock::micros`].
    pub now_us: u64,
}

/// What one thread remembers from reply to reply.
pub struct Habits {
    /// Limits the rate of replies.
    pub limiter: Limiter,
    /// Whose turn it is to be first.
    pub turns: Turns,
    /// How many TCP connections are open: everybody's.
    pub tcp_connections: Arc<AtomicUsize>,
}

/// How a query came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over UDP: replies are limited to what the client takes.
    Udp,
    /// Over TCP.
    Tcp,
}

/// A packet and where it is from.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// The message.
    pub packet: &'a [u8],
    /// The client.
    pub address: IpAddr,
    /// Its way.
    pub transport: Transport,
}

/// Room for a reply.
pub struct Room<'b> {
    /// The reply is written here.
    pub buf: &'b mut [u8],
    /// Working memory.
    pub known: &'b mut Known,
}

/// Where the answer of somebody who waited comes from.
#[derive(Clone, Copy)]
pub enum Given<'a> {
    /// Nobody waited: this is the first look at the query.
    Nothing,
    /// What has just been learnt.
    Fresh(&'a Entry),
    /// The time is up: a stale answer if there is one, else SERVFAIL.
    TimeUp,
}

/// What becomes of a query.
pub enum Verdict<'a> {
    /// Send so many bytes.
    Reply(Sent),
    /// Send so many bytes: what the rate limit has left of a reply.
    Slipped(Sent),
    /// Send so many bytes, which the rate limit would have held back, were it not a dry run.
    Watched(Sent),
    /// The rate limit has held a reply back.
    Limited,
    /// Somebody has to be asked first.
    Ask(Ask<'a>),
    /// Send nothing.
    Silence,
}

/// A reply that has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its length.
    pub len: usize,
    /// Its rcode.
    pub rcode: u16,
    /// TC is set.
    pub truncated: bool,
    /// Where the answer is from.
    pub origin: Origin,
}

/// Where an answer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An authoritative zone.
    Zone,
    /// An overlay.
    Overlay,
    /// The cache.
    Cache,
    /// The cache, after the TTL.
    Stale,
    /// An upstream or the resolver, just now.
    Resolver,
    /// The rules of the protocol, or our own.
    Server,
}

/// A question to be resolved.
pub struct Ask<'a> {
    /// What the answer will be cached under.
    pub key: Key,
    /// QNAME, lower case: the name asked, or where our own CNAMEs led.
    pub qname: Name,
    /// The route for it.
    pub route: Option<&'a Route>,
}

/// Runs the stages for one packet.
#[inline]
pub fn answer<'a>(
    world: World<'a>,
    incoming: Incoming<'_>,
    given: Given<'_>,
    room: Room<'_>,
    recorder: &mut impl Recorder,
) -> Verdict<'a> {
    let client = world.snapshot.rules.admission.classify(incoming.address);
    let Room { buf, known } = room;
    let room = Room { buf: &mut *buf, known };
    let mut shown = Shown::default();
    let verdict = match query::parse(incoming.packet) {
        Parsed::Query(ref query) => {
            let extensions = Extensions::of(world, query.edns, client.address, incoming.transport);
            let proven = extensions.proof == Proof::Good;
            let stages = Stages {
                world,
                query,
                client,
                transport: incoming.transport,
                given,
                extensions,
                accounted: Cell::new((0, 0)),
            };
            let verdict = stages.run(room, recorder);
            let (accounted, above) = stages.accounted.get();
            shown = Shown {
                accounted,
                above,
                proven,
            };
            verdict
        }
        Parsed::CookieOnly(refusal) => refusals::refresh(world, incoming, refusal, room),
        Parsed::Unverified(refusal, tsig) => refusals::unverified(world, incoming, refusal, &tsig, room),
        Parsed::Refuse(refusal) => refusals::refuse(world, incoming, refusal, room),
        Parsed::Ignore => Verdict::Silence,
    };
    match verdict {
        Verdict::Reply(sent) => {
            let leaving = Leaving {
                sent,
                client,
                shown,
                transport: incoming.transport,
            };
            leaving.limit(world, buf, recorder)
        }
        verdict => verdict,
    }
}

/// CNAMEs of ours that lead to a name which is not, with the proofs that go with them.
struct Prefix<'a> {
    said: Said,
    prover: Prover<'a>,
}

/// A query on its way through the stages.
struct Stages<'a, 'q> {
    world: World<'a>,
    query: &'q Query<'q>,
    client: Client,
    transport: Transport,
    given: Given<'q>,
    /// What the query's cookie proves, and the OPT of the reply.
    extensions: Extensions<'a>,
    /// Hash of the name that the reply is accounted under by the rate limit, and that of the name above the one asked.
    accounted: Cell<(u64, u64)>,
}

impl<'a> Stages<'a, '_> {
    #[inline]
    fn run(&self, room: Room<'_>, recorder: &mut impl Recorder) -> Verdict<'a> {
        let query = self.query;
        recorder.step("admit", || self.client.describe(&self.world.snapshot.rules.settings));
        let Room { buf, known } = room;
        let mut composer = Composer::new(buf, known, self.limit(), query.question(), self.extensions.opt.as_ref());
        if let Some((rcode, ede)) = self.extended().or_else(|| self.meta(&mut composer)) {
            let said = Said {
                rcode,
                aa: false,
                overlay: false,
            };
            return self.finish(composer, said, Origin::Server, ede.map(|code| Ede { code, text: "" }));
        }
        let path = Path::of_query(query);
        if let Some(own) = self.world.own {
            let wanted = self.world.snapshot.rules.settings.rrset_order;
            composer.order = own.habits.turns.next(wanted, path.hash(0) ^ u64::from(query.qtype));
        }
        let asked = Asked {
            snapshot: self.world.snapshot,
            view: self.client.view,
            qtype: query.qtype,
            dnssec_ok: query.dnssec_ok(),
            recursion: self.client.recursion && query.recursion_desired(),
            accounted: Cell::new(path.hash(0)),
        };
        let zoned = asked.respond(&path, &mut composer, recorder);
        self.accounted.set((asked.accounted.get(), path.hash(1)));
        match zoned {
            Zoned::Done(said) => {
                let origin = if said.overlay { Origin::Overlay } else { Origin::Zone };
                self.finish(composer, said, origin, None)
            }
            Zoned::NotOurs => {
                recorder.step("zones", || "the name is in none of our zones".into());
                self.resolve(path, None, composer, recorder)
            }
            Zoned::Outside(target, said, prover) if asked.recursion => {
                recorder.step("zones", || {
                    format!("a CNAME leads to {target}, which is not in our zones")
                });
                let prefix = Prefix { said, prover };
                self.resolve(Path::of(target.as_wire()), Some(prefix), composer, recorder)
            }
            Zoned::Outside(_, said, mut prover) => {
                prover.write(&mut composer);
                let origin = if said.overlay { Origin::Overlay } else { Origin::Zone };
                self.finish(composer, said, origin, None)
            }
        }
    }

    /// What the options of the query decide: a malformed one, or a cookie that is required and not good. Clients that know
    /// no cookies are not asked for one (RFC 7873 5.2.1).
    #[inline]
    fn extended(&self) -> Option<(u16, Option<u16>)> {
        let Extensions { proof, malformed, .. } = self.extensions;
        let required = self.transport == Transport::Udp && self.world.snapshot.rules.settings.cookies_required;
        match proof {
            _ if malformed => Some((rcode::FORMERR, None)),
            Proof::ClientOnly | Proof::Bad if required => Some((rcode::BADCOOKIE, None)),
            _ => None,
        }
    }

    /// What is not a question for data: other classes and types that only questions have. The rcode, and why (RFC 8914 4).
    #[inline]
    fn meta(&self, composer: &mut Composer<'_>) -> Option<(u16, Option<u16>)> {
        let query = self.query;
        if query.qclass == class::IN && !(rtype::is_meta(query.qtype) && query.qtype != rtype::ANY) {
            return None;
        }
        let rcode = match (query.qclass, query.qtype) {
            (class::CH, _) => chaos::respond(query, &self.world.snapshot.rules.settings, composer),
            (class::IN, rtype::AXFR | rtype::IXFR) => rcode::REFUSED,
            // RFC 9824 3.4: NXNAME is for bitmaps only.
            (class::IN, rtype::OPT | rtype::TSIG | rtype::NXNAME | 0) => rcode::FORMERR,
            (class::IN, _) => rcode::NOTIMP,
            _ => return Some((rcode::REFUSED, Some(ede::NOT_SUPPORTED))),
        };
        let ede = match rcode {
            rcode::REFUSED => Some(ede::PROHIBITED),
            rcode::NOTIMP => Some(ede::NOT_SUPPORTED),
            _ => None,
        };
        Some((rcode, ede))
    }

    /// Rights, cache, and the question to somebody else. `prefix`: what our own data has written before.
    #[inline]
    fn resolve(
        &self,
        path: Path<'_>,
        prefix: Option<Prefix<'a>>,
        composer: Composer<'_>,
        recorder: &mut impl Recorder,
    ) -> Verdict<'a> {
        let query = self.query;
        let route = self
            .world
            .snapshot
            .rules
            .routes
            .find(&path, deepest(&path, query.qtype));
        if let Some(route) = route.filter(|route| route.unserved) {
            recorder.step("zones", || {
                format!("{} is ours and could not be loaded: SERVFAIL", route.zone)
            });
            return self.no_answer(composer, rcode::SERVFAIL, Route::UNSERVED, prefix);
        }
        if !self.client.recursion {
            recorder.step("cache", || {
                "this client may not ask for names that are not ours: REFUSED".into()
            });
            // RFC 8914 4.21: where nobody is resolved for, it is not for this client that the answer is no.
            let for_others = query.recursion_desired() && self.world.snapshot.rules.recursive;
            let ede = Ede {
                code: if for_others {
                    ede::PROHIBITED
                } else {
                    ede::NOT_AUTHORITATIVE
                },
                text: "",
            };
            return self.no_answer(composer, rcode::REFUSED, ede, prefix);
        }
        let key = Key::new(
            path.hash(0),
            Key {
                hash: 0,
                qtype: query.qtype,
                qclass: query.qclass,
                view: self.client.view,
                dnssec_ok: query.dnssec_ok(),
                checking_disabled: query.checking_disabled(),
                source: route.map_or(0, |route| route.source),
            },
        );
        let qname = path.suffix(0);
        if let Given::Fresh(entry) = self.given
            && entry.answers(&key, qname)
        {
            return self.serve(entry, Origin::Resolver, prefix, composer);
        }
        match self.world.cache.get(&key, qname, self.world.now) {
            Lookup::Hit(entry) => {
                if let Some(entry) = entry.as_ref() {
                    recorder.step("cache", || entry.describe(self.world.now));
                    return self.serve(entry, Origin::Cache, prefix, composer);
                }
            }
            Lookup::Stale(entry) => {
                if let Some(entry) = entry.as_ref() {
                    let time_up = matches!(self.given, Given::TimeUp);
                    recorder.step("cache", || {
                        format!(
                            "{}: past its TTL, kept to be served stale",
                            entry.describe(self.world.now)
                        )
                    });
                    if time_up || entry.is_held(self.world.now) {
                        return self.serve(entry, Origin::Stale, prefix, composer);
                    }
                }
            }
            Lookup::Miss => recorder.step("cache", || "not in the cache".into()),
        }
        if !query.recursion_desired() {
            recorder.step("forward", || "RD=0 asks nobody: REFUSED".into());
            let ede = Ede {
                code: ede::NOT_AUTHORITATIVE,
                text: "",
            };
            return self.no_answer(composer, rcode::REFUSED, ede, prefix);
        }
        if matches!(self.given, Given::TimeUp | Given::Fresh(_)) {
            let ede = Ede {
                code: ede::NO_REACHABLE_AUTHORITY,
                text: "no answer within the time for it",
            };
            return self.no_answer(composer, rcode::SERVFAIL, ede, prefix);
        }
        recorder.step("forward", || {
            route.map_or_else(
                || "no route for the name: handed to the resolver".into(),
                |route| route.describe(),
            )
        });
        match Name::from_wire(qname) {
            Ok(qname) => Verdict::Ask(Ask {
                key,
                qname,
                route: route.map(|route| &**route),
            }),
            Err(_) => Verdict::Silence,
        }
    }

    /// Says that there is no answer, and why; what our own data has said before stays said.
    fn no_answer(&self, composer: Composer<'_>, rcode: u16, ede: Ede<'_>, prefix: Option<Prefix<'a>>) -> Verdict<'a> {
        let none = Said {
            rcode,
            aa: false,
            overlay: false,
        };
        let said = prefix.map_or(none, |prefix| Said { rcode, ..prefix.said });
        self.finish(composer, said, Origin::Server, Some(ede))
    }

    /// Sends what the cache holds.
    #[inline]
    fn serve(&self, entry: &Entry, origin: Origin, prefix: Option<Prefix<'a>>, composer: Composer<'_>) -> Verdict<'a> {
        let stale = origin == Origin::Stale;
        let stale_ttl = stale.then_some(self.world.snapshot.rules.settings.stale_ttl_s);
        let said = Said {
            rcode: entry.rcode(),
            aa: false,
            overlay: false,
        };
        let ede = entry.ede(stale);
        if let Some(prefix) = prefix {
            let mut composer = composer;
            self.append(entry, stale_ttl, prefix.prover, &mut composer);
            return self.finish(
                composer,
                Said {
                    rcode: said.rcode,
                    ..prefix.said
                },
                origin,
                ede,
            );
        }
        let query = self.query;
        let order = composer.order;
        let (buf, known) = composer.into_room();
        let copied = Composer::from_message(
            buf,
            known,
            self.limit(),
            query.question(),
            self.extensions.opt.as_ref(),
            entry.message(),
        );
        match copied {
            Ok(mut composer) => {
                entry.patch_ttls(composer.written(), self.world.now, stale_ttl);
                if order != Order::Fixed {
                    entry.turn(composer.written(), order);
                }
                self.finish(composer, said, origin, ede)
            }
            Err(mut composer) => {
                composer.truncated = true;
                self.finish(composer, said, origin, ede)
            }
        }
    }

    /// Adds a cached answer behind CNAMEs of our own.
    fn append(&self, entry: &Entry, stale_ttl: Option<u32>, mut prover: Prover<'_>, composer: &mut Composer<'_>) {
        let mut message = entry.message().to_vec();
        entry.patch_ttls(&mut message, self.world.now, stale_ttl);
        let Ok(message) = Message::parse(&message) else { return };
        let mut data = Vec::new();
        for record in message.records().flatten() {
            if record.section != Section::Answer {
                prover.write(composer);
            }
            data.clear();
            if !rdata::expand(
                message.bytes,
                record.rdata_start,
                record.rdata_end,
                record.rtype,
                &mut data,
            ) {
                continue;
            }
            let head = Head {
                rtype: record.rtype,
                class: record.class,
                ttl: record.ttl,
            };
            if !composer.record(record.section, Owner::Name(record.owner.as_wire()), head, &data) {
                composer.truncated = true;
                return;
            }
        }
        prover.write(composer);
    }

    /// The header (RFC 1035 4.1.1; Z is 0, AD is for validated data only; CD is copied by RFC 4035 3.2.2 and cleared with AA
    /// by 3.1.6) and the OPT.
    #[inline]
    fn finish(&self, composer: Composer<'_>, said: Said, origin: Origin, ede: Option<Ede<'_>>) -> Verdict<'a> {
        let query = self.query;
        let mut flags = flag::QR | query.flags & flag::RD;
        flags |= if said.aa { flag::AA } else { query.flags & flag::CD };
        if self.client.recursion {
            flags |= flag::RA;
        }
        let truncated = composer.truncated;
        let len = composer.finish(query.id, flags, said.rcode, ede);
        Verdict::Reply(Sent {
            len,
            rcode: said.rcode,
            truncated,
            origin,
        })
    }

    /// The largest reply to this query.
    #[inline]
    fn limit(&self) -> usize {
        let limit = refusals::limit(self.world, self.query.edns, self.transport);
        if self.query.qtype == rtype::ANY && self.transport == Transport::Udp {
            limit.min(usize::from(refusals::PLAIN_UDP))
        } else {
            limit
        }
    }
}
