//! What is learnt from upstreams: made into entries, kept, counted down, evicted; and who waits for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;
use std::sync::Arc;

use resolute_plane::answer::{Incoming, Transport};
use resolute_plane::cache::settle::{failure, settle};
use resolute_plane::cache::{Cache, Cached, Entry, Key, Lookup};
use resolute_plane::clock;
use resolute_plane::engine::{Desk, Engine, Taken};
use resolute_plane::hash;
use resolute_plane::inflight::{Inflight, Joined, Patience, ReplyTo, Waiter};
use resolute_plane::listen::Door;
use resolute_plane::listen::udp::UdpListener;
use resolute_plane::settings::{Settings, View};
use resolute_wire::compose::{Composer, Head, Known, Owner, Section};
use resolute_wire::edns::Ede;
use resolute_wire::message::Message;
use resolute_wire::name::Name;
use resolute_wire::rtype;

fn settings() -> Settings {
    Settings {
        max_ttl_s: 1_000,
        max_negative_ttl_s: 100,
        stale_for_s: 500,
        ..Settings::default()
    }
}

fn name(text: &str) -> Name {
    Name::from_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
}

fn key(qname: &Name, qtype: u16) -> Key {
    let key = Key {
        hash: 0,
        qtype,
        qclass: 1,
        view: 0,
        dnssec_ok: false,
        checking_disabled: false,
        source: 1,
    };
    Key::new(hash::of_name(qname.lower().as_wire()), key)
}

type Line<'a> = (Section, &'a str, u16, u32, Vec<u8>);

/// A reply of an upstream to `qname` A.
fn reply(qname: &str, rcode: u16, records: &[Line<'_>]) -> Vec<u8> {
    let question = [name(qname).as_wire(), &[0, 1, 0, 1]].concat();
    let (mut buf, mut known) = (vec![0; 65_535], Known::new());
    let mut composer = Composer::new(&mut buf, &mut known, 65_535, &question, None);
    for (section, owner, rtype, ttl, rdata) in records {
        let head = Head {
            rtype: *rtype,
            class: 1,
            ttl: *ttl,
        };
        assert!(composer.record(*section, Owner::Name(name(owner).as_wire()), head, rdata));
    }
    let len = composer.finish(5, 0x8180, rcode, None);
    buf[..len].to_vec()
}

fn a(n: u8) -> Vec<u8> {
    vec![192, 0, 2, n]
}

fn cname(target: &str) -> Vec<u8> {
    name(target).as_wire().to_vec()
}

fn soa(minimum: u32) -> Vec<u8> {
    [&[0, 0][..], &[0; 16], &minimum.to_be_bytes()].concat()
}

fn learn(qname: &str, rcode: u16, records: &[Line<'_>]) -> Result<Entry, resolute_plane::cache::settle::Broken> {
    let bytes = reply(qname, rcode, records);
    let message = Message::parse(&bytes).unwrap();
    settle(&message, &name(qname), key(&name(qname), rtype::A), &settings(), 100)
}

fn kept(entry: &Entry) -> Vec<(String, u16, u32)> {
    let message = Message::parse(entry.message()).unwrap();
    message
        .records()
        .map(|r| r.unwrap())
        .map(|r| (r.owner.to_string(), r.rtype, r.ttl))
        .collect()
}

/// Only what answers the question is kept: no NS, no glue, no other names (RFC 2181 5.4.1: such data is not to be trusted).
#[test]
fn only_the_answer_is_kept() {
    let entry = learn(
        "www.x.",
        0,
        &[
            (Section::Answer, "www.x.", rtype::CNAME, 300, cname("w2.x.")),
            (Section::Answer, "w2.x.", rtype::A, 200, a(1)),
            (Section::Answer, "victim.", rtype::A, 200, a(66)),
            (Section::Authority, "x.", rtype::NS, 200, cname("evil.")),
            (Section::Additional, "evil.", rtype::A, 200, a(66)),
        ],
    );
    let entry = entry.unwrap();
    assert_eq!(
        kept(&entry),
        [("www.x.".into(), rtype::CNAME, 300), ("w2.x.".into(), rtype::A, 200)]
    );
    assert_eq!(entry.expires(), 300, "the least TTL counts");
}

/// RFC 2308 5: the lesser of the SOA's TTL and MINIMUM, within our bound; without a SOA not cached at all.
#[test]
fn negative_answers() {
    let with = |ttl, minimum| learn("no.x.", 3, &[(Section::Authority, "x.", rtype::SOA, ttl, soa(minimum))]).unwrap();
    assert_eq!(with(50, 60).expires(), 150);
    assert_eq!(with(60, 50).expires(), 150);
    assert_eq!(with(5_000, 5_000).expires(), 200, "max_negative_ttl_s");
    assert_eq!(learn("no.x.", 3, &[]).unwrap().expires(), 100);
    // A SOA of a zone that the name is not in proves nothing.
    let foreign = learn("no.x.", 3, &[(Section::Authority, "y.", rtype::SOA, 50, soa(50))]).unwrap();
    assert_eq!((foreign.expires(), kept(&foreign).len()), (100, 0));
}

/// RFC 2181 8: a TTL with the top bit set is 0; ours are bounded by the settings.
#[test]
fn ttls_are_bounded() {
    assert_eq!(
        learn("a.x.", 0, &[(Section::Answer, "a.x.", rtype::A, 90_000, a(1))])
            .unwrap()
            .expires(),
        1_100
    );
    assert_eq!(
        learn("a.x.", 0, &[(Section::Answer, "a.x.", rtype::A, 1 << 31, a(1))])
            .unwrap()
            .expires(),
        100
    );
}

/// A reply that does not answer the question, or whose data does not have its type's form, is none.
#[test]
fn broken_replies_are_refused() {
    assert!(learn("a.x.", 0, &[(Section::Answer, "b.x.", rtype::A, 9, a(1))]).is_err());
    assert!(learn("a.x.", 0, &[(Section::Answer, "a.x.", rtype::A, 9, vec![1, 2, 3])]).is_err());
    let other = reply("b.x.", 0, &[(Section::Answer, "b.x.", rtype::A, 9, a(1))]);
    let message = Message::parse(&other).unwrap();
    assert!(settle(&message, &name("a.x."), key(&name("a.x."), rtype::A), &settings(), 100).is_err());
}

fn entry(qname: &str, ttl: u32) -> Entry {
    learn(qname, 0, &[(Section::Answer, qname, rtype::A, ttl, a(1))]).unwrap()
}

fn state(cache: &Cache, qname: &str, now: u32) -> &'static str {
    match cache.get(&key(&name(qname), rtype::A), name(qname).as_wire(), now) {
        Lookup::Hit(_) => "hit",
        Lookup::Stale(_) => "stale",
        Lookup::Miss => "miss",
    }
}

#[test]
fn an_entry_lives_and_dies() {
    let cache = Cache::new(1 << 20);
    cache.insert(entry("a.x.", 10), 100);
    assert_eq!(
        [100, 109, 110, 609, 610].map(|now| state(&cache, "a.x.", now)),
        ["hit", "hit", "stale", "stale", "miss"]
    );
    assert_eq!(state(&cache, "b.x.", 100), "miss");
    // Another type, view or source is another question.
    let mut other = key(&name("a.x."), rtype::A);
    other.source = 2;
    assert!(matches!(cache.get(&other, name("a.x.").as_wire(), 100), Lookup::Miss));
    // The same question again takes the place of the old answer.
    cache.insert(entry("a.x.", 50), 120);
    assert_eq!((cache.len(), state(&cache, "a.x.", 125)), (1, "hit"));
}

#[test]
fn memory_is_bounded_and_flushing_gives_it_back() {
    let cache = Cache::new(256 << 10);
    for n in 0..20_000 {
        cache.insert(entry(&format!("n{n}.x."), 900), 100);
        assert!(cache.bytes() <= 256 << 10);
    }
    assert!(cache.len() > 300, "{}", cache.len());
    cache.insert(entry("deep.sub.y.", 900), 100);
    cache.insert(entry("sub.y.", 900), 100);
    assert_eq!(cache.flush(Some((&name("sub.y."), false))), 1);
    assert_eq!(cache.flush(Some((&name("Y."), true))), 1);
    let left = cache.len();
    assert_eq!(cache.flush(None), left);
    assert_eq!((cache.len(), cache.bytes(), cache.is_empty()), (0, 0, true));
}

/// RFC 9520 and RFC 8914: a failure is remembered with its reason.
#[test]
fn failures_carry_their_reason() {
    let qname = name("a.x.");
    let entry = failure(
        &qname,
        key(&qname, rtype::A),
        2,
        Ede {
            code: 22,
            text: "nobody",
        },
        5,
        100,
    );
    assert_eq!((entry.rcode(), entry.expires(), entry.stale_until()), (2, 105, 105));
    assert_eq!(
        entry.ede(false),
        Some(Ede {
            code: 22,
            text: "nobody"
        })
    );
}

const PATIENCE: Patience = Patience {
    most: 2,
    most_of_client: 2,
    stale_ms: 10,
    deadline_ms: 20,
};

fn waiter() -> Waiter {
    let peer: SocketAddr = "127.0.0.1:9".parse().unwrap();
    Waiter {
        packet: Box::new([]),
        reply_to: ReplyTo::Tcp { reply: None, peer },
        received_ms: 0,
    }
}

/// Equal questions go up once; deadlines come in order; nothing is bounded by hope.
#[test]
fn questions_in_flight() {
    let inflight = Inflight::default();
    let join = |text: &str, now| inflight.join(key(&name(text), rtype::A), &name(text), waiter(), now, PATIENCE);
    let Joined::First(first) = join("a.x.", 0) else {
        panic!("not the first")
    };
    assert!(matches!(join("a.x.", 1), Joined::Waits));
    assert!(matches!(join("b.x.", 2), Joined::First(_)));
    assert!(matches!(join("c.x.", 3), Joined::Full(_)));
    assert_eq!(inflight.with(first, |flight| flight.deadline_ms), Some(20));
    let due = inflight.due(11);
    assert_eq!((due.stale, due.expired.len()), (vec![first], 0));
    assert_eq!(inflight.take_waiters(first).len(), 2);
    assert!(matches!(join("a.x.", 12), Joined::Waits));
    let due = inflight.due(20);
    assert_eq!((due.expired.len(), due.expired[0].waiters.len()), (1, 1));
    assert!(inflight.take(first).is_none());
    assert!(matches!(join("c.x.", 21), Joined::First(_)));
    assert_eq!(inflight.close().len(), 2);
    assert!(inflight.is_empty() && matches!(join("d.x.", 22), Joined::Full(_)));
}

/// Who could be pretended to be has only so many questions waiting; a place is free again when its question ends.
#[test]
fn waiting_is_bounded_by_client() {
    let inflight = Inflight::default();
    let patience = Patience { most: 100, ..PATIENCE };
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = Arc::new(UdpListener::new(socket, Door::plain("127.0.0.1:0".parse().unwrap())));
    let join = |text: &str, client: &str| {
        let client = SocketAddr::new(client.parse().unwrap(), 9);
        let reply_to = ReplyTo::Udp {
            listener: listener.clone(),
            peer: client,
            client,
            local: None,
        };
        let waiter = Waiter { reply_to, ..waiter() };
        inflight.join(key(&name(text), rtype::A), &name(text), waiter, 0, patience)
    };
    let Joined::First(first) = join("a.x.", "192.0.2.1") else {
        panic!("not the first")
    };
    assert!(matches!(join("b.x.", "192.0.2.1"), Joined::First(_)));
    assert!(matches!(join("c.x.", "192.0.2.1"), Joined::Full(_)));
    assert!(matches!(join("c.x.", "::ffff:192.0.2.1"), Joined::Full(_)));
    assert!(matches!(join("c.x.", "192.0.2.2"), Joined::First(_)));
    assert!(matches!(join("c.x.", "2001:db8::1"), Joined::Waits));
    assert!(matches!(join("d.x.", "2001:db8:0:ff::1"), Joined::First(_)));
    assert!(matches!(join("e.x.", "2001:db8:0:1::1"), Joined::Full(_)));
    assert!((0..9).all(|_| !matches!(join("c.x.", "127.0.0.1"), Joined::Full(_))));
    inflight.take(first);
    assert!(matches!(join("e.x.", "192.0.2.1"), Joined::First(_)));
}

/// A client that cannot wait is answered at once, whatever its way, and so is the next.
#[test]
fn a_full_table_refuses_and_goes_on() {
    let recursion = vec!["127.0.0.0/8".parse().unwrap()];
    let views = vec![View {
        recursion,
        ..View::default()
    }];
    let engine = Arc::new(
        Engine::new(Settings {
            views,
            handoffs: 0,
            ..Settings::default()
        })
        .unwrap(),
    );
    let mut desk = Desk::new(&engine);
    let packet = [b"\0\x07\x01\0\0\x01\0\0\0\0\0\0", name("a.x.").as_wire(), &[0, 1, 0, 1]].concat();
    let peer: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let incoming = Incoming {
        packet: &packet,
        address: peer.ip(),
        transport: Transport::Tcp,
    };
    for _ in 0..3 {
        let (sender, mut replies) = tokio::sync::mpsc::channel(1);
        let mut permit = sender.try_reserve_owned().ok();
        let taken = desk.take_here(incoming, || ReplyTo::Tcp {
            reply: permit.take(),
            peer,
        });
        assert!(matches!(taken, Taken::Later(None)));
        assert_eq!(Message::parse(&replies.try_recv().unwrap()).unwrap().rcode(), 2);
    }
}

/// What went up and ended before it was pulled is forgotten: the queue is never longer than the table (RFC 9520: and the
/// failure is remembered).
#[test]
fn what_nobody_waits_for_is_not_handed_up() {
    let recursion = vec!["127.0.0.0/8".parse().unwrap()];
    let views = vec![View {
        recursion,
        ..View::default()
    }];
    let engine = Arc::new(
        Engine::new(Settings {
            views,
            deadline_ms: 0,
            ..Settings::default()
        })
        .unwrap(),
    );
    let mut desk = Desk::new(&engine);
    let packet = [b"\0\x07\x01\0\0\x01\0\0\0\0\0\0", name("a.x.").as_wire(), &[0, 1, 0, 1]].concat();
    let peer: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let incoming = Incoming {
        packet: &packet,
        address: peer.ip(),
        transport: Transport::Tcp,
    };
    assert!(matches!(
        desk.take_here(incoming, || ReplyTo::Tcp { reply: None, peer }),
        Taken::Later(None)
    ));
    desk.tick(clock::millis());
    assert!(engine.upward.pull(10).0.is_empty() && engine.inflight.is_empty());
    assert_eq!(engine.cache.load().len(), 1);
}

/// RFC 6891 6.1.3: the rcode has bits in the OPT; RFC 2308 5: without a SOA a negative answer is not kept, proof or not.
#[test]
fn what_looks_like_an_answer_and_is_none() {
    assert!(learn("a.x.", 0, &[(Section::Additional, ".", rtype::OPT, 1 << 24, vec![])]).is_err());
    let nsec = [name("b.x.").as_wire(), &[0, 1, 0x40]].concat();
    let bytes = reply("a.x.", 0, &[(Section::Authority, "a.x.", rtype::NSEC, 300, nsec)]);
    let question = name("a.x.");
    let key = Key::new(
        hash::of_name(question.as_wire()),
        Key {
            dnssec_ok: true,
            ..key(&question, rtype::A)
        },
    );
    let entry = settle(&Message::parse(&bytes).unwrap(), &question, key, &settings(), 100).unwrap();
    assert_eq!(entry.expires(), 100);
}
