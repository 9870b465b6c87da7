//! One cached answer: a finished message whose ID, flags, question case and TTLs are patched as it is sent.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use resolute_wire::code::{ede, rcode};
use resolute_wire::compose::Order;
use resolute_wire::edns::Ede;
use resolute_wire::name::{self, HEADER, Name};
use resolute_wire::rtype;
use triomphe::ThinArc;

use super::addresses;
use crate::hash;

/// What an answer is stored under, but for the name itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Of all of it, the name included.
    pub hash: u64,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    /// The client's view.
    pub view: u16,
    /// DO.
    pub dnssec_ok: bool,
    /// CD.
    pub checking_disabled: bool,
    /// Which path of resolution the answer was learnt on.
    pub source: u32,
}

impl Key {
    /// With the hash made from the name's and all the rest.
    pub fn new(name_hash: u64, mut key: Self) -> Self {
        let bits = u64::from(key.qtype) << 48 | u64::from(key.qclass) << 32 | u64::from(key.view) << 16;
        let flags = u64::from(key.dnssec_ok) | u64::from(key.checking_disabled) << 1;
        key.hash = hash::mix(name_hash ^ u64::from(key.source).rotate_left(32), bits | flags);
        key
    }
}

/// The fixed part of an entry.
pub struct Fixed {
    key: Key,
    inserted: u32,
    expires: u32,
    stale_until: u32,
    /// After a failure to refresh it: until then it is served stale at once.
    hold_until: AtomicU32,
    message_len: u16,
    ttl_count: u16,
    ede: Option<u16>,
}

/// A cached answer; cheap to clone. One allocation, so that a hit costs one cache miss: the fixed part, and behind it
///
/// ```text
/// message | TTL offsets u16 × n | text of an Extended DNS Error
/// ```
/// What can be done with it is [`Cached`].
pub type Entry = ThinArc<Fixed, u8>;

/// What an entry is made from.
pub struct Parts<'a> {
    /// What it answers.
    pub key: Key,
    /// The message, question in lower case.
    pub message: &'a [u8],
    /// Where in it TTLs stand.
    pub ttls: &'a [u16],
    /// Seconds it may be served.
    pub ttl: u32,
    /// Seconds more that it may be served stale.
    pub stale_for: u32,
    /// To be sent with it.
    pub ede: Option<Ede<'a>>,
}

/// An answer learnt at `now`.
pub fn make(parts: &Parts<'_>, now: u32) -> Entry {
    let fixed = Fixed {
        key: parts.key,
        inserted: now,
        expires: now.saturating_add(parts.ttl),
        stale_until: now.saturating_add(parts.ttl).saturating_add(parts.stale_for),
        hold_until: AtomicU32::new(0),
        message_len: parts.message.len() as u16,
        ttl_count: parts.ttls.len() as u16,
        ede: parts.ede.map(|ede| ede.code),
    };
    let mut bytes = parts.message.to_vec();
    bytes.extend(parts.ttls.iter().flat_map(|offset| offset.to_ne_bytes()));
    bytes.extend_from_slice(parts.ede.map_or("", |ede| ede.text).as_bytes());
    ThinArc::from_header_and_slice(fixed, &bytes)
}

/// What an entry can tell.
pub trait Cached {
    /// What it answers.
    fn key(&self) -> &Key;
    /// QNAME, lower case.
    fn qname(&self) -> &[u8];
    /// Whether it answers this question.
    fn answers(&self, key: &Key, qname: &[u8]) -> bool;
    /// The message as stored: ID 0, no OPT.
    fn message(&self) -> &[u8];
    /// The rcode.
    fn rcode(&self) -> u16;
    /// When its TTL ends.
    fn expires(&self) -> u32;
    /// When it may not even be served stale.
    fn stale_until(&self) -> u32;
    /// Whether it is of no use any more.
    fn is_dead(&self, now: u32) -> bool;
    /// Serve it stale without asking again until then (RFC 8767 5: the failure recheck timer).
    fn hold(&self, until: u32);
    /// Whether it is to be served stale without asking again.
    fn is_held(&self, now: u32) -> bool;
    /// The Extended DNS Error that goes with it.
    fn ede(&self, stale: bool) -> Option<Ede<'_>>;
    /// Bytes of memory.
    fn size(&self) -> usize;
    /// Seconds until its TTL ends; negative afterwards.
    fn ttl_left(&self, now: u32) -> i64;
    /// In words, for an explanation.
    fn describe(&self, now: u32) -> String;
    /// Puts the addresses in a copy of the message into another order. Records with names stay: others may point into them.
    fn turn(&self, copy: &mut [u8], order: Order);
    /// Counts down (or, served stale, sets) the TTLs of a copy of the message.
    fn patch_ttls(&self, copy: &mut [u8], now: u32, stale_ttl: Option<u32>);
}

impl Cached for Entry {
    fn key(&self) -> &Key {
        &self.header.header.key
    }

    fn qname(&self) -> &[u8] {
        let rest = self.message().get(HEADER..).unwrap_or(&[0]);
        &rest[..Name::skip(rest, 0).unwrap_or(rest.len())]
    }

    #[inline]
    fn answers(&self, key: &Key, qname: &[u8]) -> bool {
        self.header.header.key == *key && self.message().get(HEADER..HEADER + qname.len()) == Some(qname)
    }

    #[inline]
    fn message(&self) -> &[u8] {
        &self.slice[..usize::from(self.header.header.message_len)]
    }

    fn rcode(&self) -> u16 {
        u16::from(self.message()[3] & 0xF)
    }

    #[inline]
    fn expires(&self) -> u32 {
        self.header.header.expires
    }

    #[inline]
    fn stale_until(&self) -> u32 {
        self.header.header.stale_until
    }

    fn is_dead(&self, now: u32) -> bool {
        now >= self.header.header.stale_until
    }

    fn hold(&self, until: u32) {
        self.header.header.hold_until.store(until, Relaxed);
    }

    fn is_held(&self, now: u32) -> bool {
        now < self.header.header.hold_until.load(Relaxed)
    }

    fn ede(&self, stale: bool) -> Option<Ede<'_>> {
        if stale {
            let code = if self.rcode() == 3 {
                ede::STALE_NXDOMAIN
            } else {
                ede::STALE_ANSWER
            };
            return Some(Ede { code, text: "" });
        }
        let code = self.header.header.ede?;
        let start = usize::from(self.header.header.message_len) + 2 * usize::from(self.header.header.ttl_count);
        let text = self
            .slice
            .get(start..)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("");
        Some(Ede { code, text })
    }

    fn size(&self) -> usize {
        size_of::<Fixed>() + self.slice.len() + 32
    }

    fn ttl_left(&self, now: u32) -> i64 {
        i64::from(self.header.header.expires) - i64::from(now)
    }

    fn describe(&self, now: u32) -> String {
        let Key { qtype, source, .. } = *self.key();
        let (name, kind, code) = (name::text(self.qname()), rtype::text(qtype), rcode::text(self.rcode()));
        let left = self.ttl_left(now);
        format!("{name} {kind} is cached: {code}, {left} s left, learnt from source {source}")
    }

    fn turn(&self, copy: &mut [u8], order: Order) {
        let start = usize::from(self.header.header.message_len);
        let offsets = self.slice.get(start..).unwrap_or(&[]).chunks_exact(2);
        let answers = usize::from(u16::from_be_bytes([self.message()[6], self.message()[7]]));
        let offsets = offsets.take(answers.min(usize::from(self.header.header.ttl_count)));
        let ttls = offsets.map(|offset| usize::from(u16::from_ne_bytes([offset[0], offset[1]])));
        addresses::turn(copy, ttls, order);
    }

    #[inline]
    fn patch_ttls(&self, copy: &mut [u8], now: u32, stale_ttl: Option<u32>) {
        let start = usize::from(self.header.header.message_len);
        let elapsed = now.saturating_sub(self.header.header.inserted);
        let offsets = self
            .slice
            .get(start..start + 2 * usize::from(self.header.header.ttl_count))
            .unwrap_or(&[]);
        for offset in offsets.chunks_exact(2) {
            let at = usize::from(u16::from_ne_bytes([offset[0], offset[1]]));
            if let Some(room) = copy.get_mut(at..at + 4) {
                let ttl = u32::from_be_bytes([room[0], room[1], room[2], room[3]]);
                room.copy_from_slice(&stale_ttl.unwrap_or(ttl.saturating_sub(elapsed)).to_be_bytes());
            }
        }
    }
}
