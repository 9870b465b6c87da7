//! Response rate limiting: the last stage of a reply over UDP, so that spoofed queries make of this server no weapon against
//! the address that they pretend to come from.
//!
//! ```text
//! reply ─► over TCP, exempt, or address proven? ─► sent
//!      └─► account of (prefix, class, name) and account of (prefix): both within their rate? ─► sent, both are charged
//!                                                └─► no ─► dropped; every n-th is sent truncated: real clients come by TCP
//! ```
//! Replies that are alike share an account, as in BIND's RRL: a name's answers, whatever the type; but all names that one
//! wildcard answers for, all NXDOMAINs of a zone, all its NODATAs and all its referrals are each alike, and so are all errors,
//! so that random names have no accounts of their own. What a prefix gets in all is bounded too: a large zone has many names.
//! A reply that is held back charges nothing, so other answers to the same prefix are still sent.
//!
//! An account is a theoretical arrival time (the generic cell rate algorithm), in one atomic word with a tag of its key; eight
//! of them are a cache line. The table is shared by all workers, so the rate holds however the kernel spreads a flood, and is
//! fixed in size: who is new takes the place of the account in its line that is least in debt. The keys' hash has a key that
//! the operating system's randomness made, so nobody can aim at another's line.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use resolute_wire::code::{flag, rcode};
use resolute_wire::message::Message;
use resolute_wire::name::HEADER;
use resolute_wire::rtype;

use crate::hash;
use crate::settings::{RateLimit, mask};

/// Accounts that share a cache line.
const WAYS: usize = 8;
/// Cache lines of the table: 131,072 accounts, one MiB.
const LINES: usize = 1 << 14;
/// Bits of an account that are its time, in microseconds modulo 12 days; the others are its tag.
const TIME_BITS: u32 = 40;
const TIME: u64 = (1 << TIME_BITS) - 1;
/// No account is further ahead of the clock than this, in microseconds; what seems to be is from long ago.
const MOST_AHEAD: u64 = 60_000_000;
/// Attempts to charge an account that other workers are charging too.
const TRIES: usize = 4;
/// What the hash of a prefix's own account begins with.
const TOTAL: u64 = 0x51D0_7A1B_0C3E_44F9;
/// Bytes of an OPT record before its options.
const OPT_HEAD: usize = 11;

/// The settings, compiled.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Microseconds from one reply to the next: of those that are alike, and of all to a prefix.
    intervals: [u64; 2],
    burst: u64,
    slip: u32,
    v4: u32,
    v6: u128,
    dry_run: bool,
}

impl Rate {
    /// Of these settings.
    pub fn new(settings: &RateLimit) -> Self {
        let interval = |per_second: u32| 1_000_000 / u64::from(per_second.clamp(1, 1_000_000));
        let intervals = [interval(settings.rate), interval(settings.total)];
        Self {
            intervals,
            // A burst has one reply at least, or none would ever be sent.
            burst: (u64::from(settings.burst_ms) * 1_000).clamp(intervals[0].max(intervals[1]), MOST_AHEAD),
            slip: settings.slip,
            v4: mask(32, settings.ipv4_prefix.min(32)) as u32,
            v6: mask(128, settings.ipv6_prefix.min(128)),
            dry_run: settings.dry_run,
        }
    }

    /// A number for the prefix of an address.
    #[inline]
    fn prefix(&self, address: IpAddr) -> u64 {
        match address {
            IpAddr::V4(v4) => u64::from(u32::from(v4) & self.v4),
            IpAddr::V6(v6) => {
                let bits = u128::from(v6) & self.v6;
                hash::mix((bits >> 64) as u64, bits as u64) | 1 << 63
            }
        }
    }
}

/// A reply that is about to be sent over UDP.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// To whom.
    pub client: IpAddr,
    /// Hash of the name that its answer is accounted under: the name asked, the wildcard, or the zone; 0 for none.
    pub name: u64,
    /// What it says.
    pub class: Class,
}

/// Kinds of replies that are never alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Records.
    Answer = 1,
    /// The name exists, the type does not.
    NoData = 2,
    /// The name does not exist.
    NxDomain = 3,
    /// Somebody else has authority.
    Referral = 4,
    /// REFUSED, FORMERR, SERVFAIL and so on.
    Error = 5,
}

impl Class {
    /// That of a finished message with this rcode, of which the header has the low bits only (RFC 6891 6.1.3).
    #[inline]
    pub fn of(message: &[u8], rcode: u16) -> Self {
        let word = |at: usize| {
            message
                .get(at..at + 2)
                .map_or(0, |word| u16::from(word[0]) << 8 | u16::from(word[1]))
        };
        let (flags, answers) = (word(2), word(6));
        match rcode {
            rcode::NXDOMAIN => Self::NxDomain,
            rcode::NOERROR if answers > 0 || flags & flag::TC != 0 => Self::Answer,
            rcode::NOERROR if flags & flag::AA != 0 => Self::NoData,
            rcode::NOERROR => Self::Referral,
            _ => Self::Error,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Answer => "answers for this name",
            Self::NoData => "empty answers of this zone",
            Self::NxDomain => "NXDOMAINs of this zone",
            Self::Referral => "referrals of this zone",
            Self::Error => "errors",
        }
    }
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It is sent.
    Send,
    /// It would be held back, were this not a dry run.
    Watch,
    /// It is sent without its records (an error, as it is).
    Slip,
    /// It is not sent.
    Drop,
}

/// Where one thread limits: the accounts are everybody's.
pub struct Limiter {
    accounts: Arc<Accounts>,
    /// How many replies this thread has held back; written by it alone.
    held_back: AtomicU32,
}

impl Limiter {
    /// On these accounts.
    pub fn new(accounts: &Arc<Accounts>) -> Self {
        Self {
            accounts: accounts.clone(),
            held_back: AtomicU32::new(0),
        }
    }

    /// What becomes of a reply now (in microseconds of [`crate::clock::micros`]).
    #[inline]
    pub fn judge(&self, rate: &Rate, reply: Reply, now: u64) -> Limit {
        if self.accounts.charge(rate, reply, now) {
            return Limit::Send;
        }
        if rate.dry_run {
            return Limit::Watch;
        }
        let nth = self.held_back.load(Relaxed).wrapping_add(1);
        self.held_back.store(nth, Relaxed);
        if rate.slip > 0 && nth.is_multiple_of(rate.slip) {
            Limit::Slip
        } else {
            Limit::Drop
        }
    }

    /// How a reply would fare, for an explanation; nothing is charged.
    pub fn describe(&self, rate: &Rate, reply: Reply, now: u64) -> String {
        let [alike, total] = self.accounts.pair(rate, reply, now);
        let [each, all] = rate.intervals;
        let (what, client) = (reply.class.text(), reply.client);
        let state = match (alike.ahead + each > rate.burst, total.ahead + all > rate.burst) {
            (true, _) => format!("the prefix of {client} gets {what} faster than its rate: held back over UDP"),
            (_, true) => format!("the prefix of {client} gets replies faster than its total rate: held back over UDP"),
            _ => format!("the prefix of {client} is within its rate for {what}"),
        };
        if rate.dry_run {
            format!("{state} (dry run)")
        } else {
            state
        }
    }
}

/// Takes the records out of a finished reply and says TC, so that a real client asks again over TCP; the OPT stays, because a
/// cookie may be in it. Gives the new length. An error without records has nothing to come back for: it stays as it is.
pub fn truncate(message: &mut [u8], class: Class) -> usize {
    let Ok(parsed) = Message::parse(message) else {
        return message.len();
    };
    let bare = message.get(6..10) == Some(&[0; 4]);
    if class == Class::Error && bare {
        return message.len();
    }
    let mut end = HEADER + parsed.qname.as_wire().len() + 4;
    let opt = parsed.records().flatten().find(|record| record.rtype == rtype::OPT);
    let opt = opt.map(|record| record.rdata_start.saturating_sub(OPT_HEAD)..record.rdata_end);
    let additional = u8::from(opt.is_some());
    if let Some(opt) = opt.filter(|opt| opt.start >= end) {
        let length = opt.len();
        message.copy_within(opt, end);
        end += length;
    }
    if let Some(header) = message.first_chunk_mut::<HEADER>() {
        header[2] |= (flag::TC >> 8) as u8;
        header[6..].copy_from_slice(&[0, 0, 0, 0, 0, additional]);
    }
    end
}

/// The accounts of all prefixes.
#[derive(Default)]
pub struct Accounts {
    /// Made when the first account is.
    lines: OnceLock<Box<[Line]>>,
}

#[derive(Default)]
#[repr(align(64))]
struct Line([AtomicU64; WAYS]);

/// An account, or the place for a new one.
struct Account<'a> {
    key: u64,
    cell: &'a AtomicU64,
    seen: u64,
    /// How far it is ahead of the clock: its debt, in microseconds.
    ahead: u64,
}

impl Accounts {
    /// Charges both accounts of a reply, if both are within their rates.
    #[inline]
    fn charge(&self, rate: &Rate, reply: Reply, now: u64) -> bool {
        let accounts = self.pair(rate, reply, now);
        let over = |(account, interval): (&Account<'_>, &u64)| account.ahead + interval > rate.burst;
        if accounts.iter().zip(&rate.intervals).any(over) {
            return false;
        }
        for (account, interval) in accounts.into_iter().zip(rate.intervals) {
            if !account.charge(now, interval) {
                self.charge_later(account.key, now, interval);
            }
        }
        true
    }

    /// Other workers are charging the same account.
    #[cold]
    fn charge_later(&self, key: u64, now: u64, interval: u64) {
        let charged = |_: &usize| find(self.lines(), key, now).charge(now, interval);
        let _ = (0..TRIES).find(charged);
    }

    #[inline]
    fn pair(&self, rate: &Rate, reply: Reply, now: u64) -> [Account<'_>; 2] {
        let (lines, prefix) = (self.lines(), rate.prefix(reply.client));
        let alike = hash::mix(reply.name << 3 | reply.class as u64, prefix);
        [find(lines, alike, now), find(lines, hash::mix(TOTAL, prefix), now)]
    }

    #[inline]
    fn lines(&self) -> &[Line] {
        self.lines.get_or_init(|| (0..LINES).map(|_| Line::default()).collect())
    }
}

impl Account<'_> {
    /// False when somebody else has changed it since.
    #[inline]
    fn charge(&self, now: u64, interval: u64) -> bool {
        let new = tag(self.key) << TIME_BITS | (now + self.ahead + interval) & TIME;
        self.cell.compare_exchange(self.seen, new, Relaxed, Relaxed).is_ok()
    }
}

/// The account of a key; without one the place of the account that is least in debt, which nobody misses.
#[inline]
fn find(lines: &[Line], key: u64, now: u64) -> Account<'_> {
    let Line(cells) = &lines[(key >> TIME_BITS) as usize % LINES];
    // Without branches: which of them it is nobody can predict.
    let mut place = WAYS;
    for (at, cell) in cells.iter().enumerate() {
        place = if cell.load(Relaxed) >> TIME_BITS == tag(key) {
            at
        } else {
            place
        };
    }
    match cells.get(place) {
        Some(cell) => account(cell, key, now),
        None => place_for(cells, key, now),
    }
}

#[cold]
fn place_for(cells: &[AtomicU64; WAYS], key: u64, now: u64) -> Account<'_> {
    let mut least = account(&cells[0], key, now);
    for cell in cells {
        let other = account(cell, key, now);
        if other.ahead < least.ahead {
            least = other;
        }
    }
    Account { ahead: 0, ..least }
}

#[inline]
fn account(cell: &AtomicU64, key: u64, now: u64) -> Account<'_> {
    let seen = cell.load(Relaxed);
    let ahead = seen.wrapping_sub(now) & TIME;
    let ahead = if ahead > MOST_AHEAD { 0 } else { ahead };
    Account { key, cell, seen, ahead }
}

/// The bits of a key that stand in its account; others choose its line.
#[inline]
fn tag(key: u64) -> u64 {
    key & (u64::MAX >> TIME_BITS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn settings() -> RateLimit {
        RateLimit {
            rate: 10,
            total: 50,
            burst_ms: 1_000,
            slip: 2,
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            exempt: Vec::new(),
            dry_run: false,
        }
    }

    fn reply(client: &str, name: u64) -> Reply {
        Reply {
            client: client.parse().unwrap(),
            name,
            class: Class::Answer,
        }
    }

    /// How many of so many replies at a time are sent whole.
    fn sent(limiter: &Limiter, rate: &Rate, replies: impl Iterator<Item = Reply>, now: u64) -> usize {
        let whole = |reply: &Reply| limiter.judge(rate, *reply, now) == Limit::Send;
        replies.filter(whole).count()
    }

    #[test]
    fn the_burst_and_then_the_rate() {
        let (limiter, rate) = (Limiter::new(&Arc::default()), Rate::new(&settings()));
        let flood = || (0..1_000).map(|_| reply("192.0.2.1", 7));
        let start = 1 << 39; // the clock has any value
        assert_eq!(sent(&limiter, &rate, flood(), start), 10);
        for second in 1..5 {
            assert_eq!(sent(&limiter, &rate, flood(), start + second * SECOND), 10);
        }
        assert_eq!(sent(&limiter, &rate, flood(), start + 5 * SECOND - SECOND / 2), 5);
        assert_eq!(sent(&limiter, &rate, flood(), start + 50 * SECOND), 10);
    }

    #[test]
    fn a_prefix_shares_and_others_do_not_notice() {
        let (limiter, rate) = (Limiter::new(&Arc::default()), Rate::new(&settings()));
        let from = |prefix: &'static str| (0..200).map(move |last| reply(&format!("{prefix}{last:x}"), 7));
        assert_eq!(
            sent(&limiter, &rate, (0..200).map(|n| reply(&format!("192.0.2.{n}"), 7)), 1),
            10
        );
        assert_eq!(
            sent(&limiter, &rate, (0..200).map(|n| reply(&format!("192.0.3.{n}"), 7)), 1),
            10
        );
        assert_eq!(sent(&limiter, &rate, from("2001:db8::"), 1), 10);
        assert_eq!(sent(&limiter, &rate, from("2001:db8:0:ff::"), 1), 0, "the same /56");
        assert_eq!(sent(&limiter, &rate, from("2001:db8:0:100::"), 1), 10);
    }

    /// Names have accounts of their own, classes too, and all of a prefix together is bounded. What is held back charges
    /// nothing: a flood for one name leaves the others.
    #[test]
    fn accounts_of_names_and_of_the_prefix() {
        let (limiter, rate) = (Limiter::new(&Arc::default()), Rate::new(&settings()));
        let flood = |name| (0..100).map(move |_| reply("192.0.2.1", name));
        assert_eq!(sent(&limiter, &rate, flood(1), 1), 10);
        assert_eq!(sent(&limiter, &rate, flood(2), 1), 10);
        let empty = (0..100).map(|_| Reply {
            class: Class::NoData,
            ..reply("192.0.2.1", 2)
        });
        assert_eq!(sent(&limiter, &rate, empty, 1), 10);
        assert_eq!(
            sent(&limiter, &rate, (3..1_000).map(|name| reply("192.0.2.1", name)), 1),
            20
        );
    }

    #[test]
    fn every_second_one_held_back_is_slipped() {
        let (limiter, rate) = (Limiter::new(&Arc::default()), Rate::new(&settings()));
        let judged: Vec<_> = (0..1_010)
            .map(|_| limiter.judge(&rate, reply("192.0.2.1", 1), 1))
            .collect();
        let count = |limit| judged.iter().filter(|&&judged| judged == limit).count();
        assert_eq!(
            (count(Limit::Send), count(Limit::Slip), count(Limit::Drop)),
            (10, 500, 500)
        );
        let never = Rate::new(&RateLimit { slip: 0, ..settings() });
        assert_eq!(limiter.judge(&never, reply("192.0.2.1", 1), 1), Limit::Drop);
        let watched = Rate::new(&RateLimit {
            dry_run: true,
            ..settings()
        });
        assert_eq!(limiter.judge(&watched, reply("192.0.2.1", 1), 1), Limit::Watch);
    }

    /// The limit holds whichever worker a query comes to.
    #[test]
    fn workers_share_the_accounts() {
        let (accounts, rate) = (Arc::default(), Rate::new(&settings()));
        let worker = || {
            let limiter = Limiter::new(&accounts);
            sent(&limiter, &rate, (0..10_000).map(|_| reply("192.0.2.1", 1)), 1)
        };
        let total: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        // Each may pass once while another one charges the same account.
        assert!((10..=13).contains(&total), "{total}");
    }

    /// Spoofed sources of a hundred thousand prefixes push out what is in debt to nobody, not what is limited.
    #[test]
    fn a_crowd_does_not_push_out_the_limited() {
        let (limiter, rate) = (Limiter::new(&Arc::default()), Rate::new(&settings()));
        assert_eq!(sent(&limiter, &rate, (0..100).map(|_| reply("192.0.2.1", 1)), 1), 10);
        let crowd = (0..100_000u32).map(|n| Reply {
            client: IpAddr::V4((0x0A00_0000 | n << 8).into()),
            ..reply("192.0.2.1", 1)
        });
        assert_eq!(
            sent(&limiter, &rate, crowd, 2),
            100_000,
            "one each is within every rate"
        );
        assert_eq!(sent(&limiter, &rate, (0..100).map(|_| reply("192.0.2.1", 1)), 3), 0);
    }

    #[test]
    fn classes() {
        let message =
            |flags: u16, answers: u8| [&[0, 1][..], &flags.to_be_bytes(), &[0, 1, 0, answers, 0, 0, 0, 0]].concat();
        for (flags, answers, class) in [
            (flag::QR | flag::AA, 1, Class::Answer),
            (flag::QR, 1, Class::Answer),
            (flag::QR | flag::TC, 0, Class::Answer),
            (flag::QR | flag::AA, 0, Class::NoData),
            (flag::QR, 0, Class::Referral),
            (flag::QR | flag::AA | rcode::NXDOMAIN, 0, Class::NxDomain),
            (flag::QR | rcode::REFUSED, 0, Class::Error),
            (flag::QR | rcode::FORMERR, 0, Class::Error),
        ] {
            assert_eq!(Class::of(&message(flags, answers), flags & 0xF), class, "{flags:04x}");
        }
    }

    /// `example. TXT`, an answer, and an OPT with a cookie: what is left is header, question and OPT.
    #[test]
    fn what_is_slipped_keeps_question_and_opt() {
        let head = b"\0\x07\x84\0\0\x01\0\x01\0\0\0\x01\x07example\0\0\x10\0\x01";
        let answer = b"\xC0\x0C\0\x10\0\x01\0\0\0\x3C\0\x03\x02hi";
        let opt = b"\0\0\x29\x04\xD0\0\0\0\0\0\x0C\0\x0A\0\x08client12";
        let mut message = [&head[..], answer, opt].concat();
        let len = truncate(&mut message, Class::Answer);
        let expected = [b"\0\x07\x86\0\0\x01\0\0\0\0\0\x01", &head[12..], opt];
        assert_eq!(message[..len], expected.concat());
        let mut bare = [b"\0\x07\x84\0\0\x01\0\x01\0\0\0\0", &head[12..], answer].concat();
        let len = truncate(&mut bare, Class::Answer);
        let expected = [b"\0\x07\x86\0\0\x01\0\0\0\0\0\0", &head[12..]];
        assert_eq!(bare[..len], expected.concat());
        let mut error = [b"\0\x07\x80\x05\0\x01\0\0\0\0\0\0", &head[12..]].concat();
        assert_eq!(truncate(&mut error, Class::Error), error.len());
        assert_eq!(error[2], 0x80);
        assert_eq!(Class::of(&error, rcode::BADVERS), Class::Error);
        // RFC 6672 3.2: YXDOMAIN comes with the DNAME.
        let mut long = [b"\0\x07\x84\x06\0\x01\0\x01\0\0\0\0", &head[12..], answer].concat();
        let len = truncate(&mut long, Class::Error);
        assert_eq!(long[..len], [b"\0\x07\x86\x06\0\x01\0\0\0\0\0\0", &head[12..]].concat());
        for length in 0..message.len() {
            truncate(&mut message.clone()[..length], Class::Answer);
        }
    }
}
