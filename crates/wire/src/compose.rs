//! Writes a reply into a buffer: header, question, three sections, OPT; names compressed (RFC 1035 4.1.4), never more than
//! the limit, always a valid message.
//!
//! Records come in as *ready* RRsets: wire format whose owner is the pointer `C0 0C` (the question) and whose rdata names are
//! uncompressed. An RRset owned by the question's name, of a type without compressible names, is then one copy.

use crate::code::{class, flag};
use crate::edns::{Ede, Opt};
use crate::name::{self, HEADER, Name};
use crate::rdata::{self, Field};

/// Suffixes remembered for compression in one message: bounds the work of composing whatever a zone holds.
const KNOWN: usize = 64;
/// Suffixes of equal hash that are compared before giving up on compressing a name.
const TRIES: usize = 4;
/// Pointers that lead from a name to its end; readers bound them too.
const DEPTH: u8 = 8;
/// The owner of every ready record: a pointer to the question's name.
pub const OWNER_QUESTION: [u8; 2] = [0xC0, HEADER as u8];
/// Bytes of a record before its rdata, with a two-byte owner.
pub const RECORD_HEAD: usize = 12;

/// The sections after the question (RFC 1035 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Answer.
    Answer = 0,
    /// Authority.
    Authority = 1,
    /// Additional.
    Additional = 2,
}

/// Whose records they are.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// The name that was asked.
    Question,
    /// Another name, uncompressed.
    Name(&'a [u8]),
}

/// The order in which the records of an RRset are written to the answer section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they are stored.
    #[default]
    Fixed,
    /// So many of them last (modulo how many there are).
    Rotated(u16),
    /// As this random number says; of more than [`SHUFFLED`] only the first is chosen at random.
    Shuffled(u64),
}

/// Records of one RRset that are shuffled.
pub const SHUFFLED: usize = 64;

/// Swaps places, given two at a time, until so many are shuffled (Fisher and Yates). One random number is stretched: an order
/// that spreads load is no secret.
pub fn shuffle(seed: u64, count: usize, mut swap: impl FnMut(usize, usize)) {
    let mut state = seed;
    for last in (1..count).rev() {
        state = state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        swap(((state >> 32) as usize) % (last + 1), last);
    }
}

/// A set of records of one owner and type, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Rrset<'a> {
    /// The type of all.
    pub rtype: u16,
    /// How many.
    pub count: u16,
    /// The records, one behind the other, owners `C0 0C`.
    pub records: &'a [u8],
}

impl<'a> Rrset<'a> {
    /// Each record's TTL and rdata.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &'a [u8])> + use<'a> {
        let mut rest = self.records;
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_first_chunk::<RECORD_HEAD>()?;
            let rdata = tail.get(..usize::from(u16::from_be_bytes([head[10], head[11]])))?;
            rest = &tail[rdata.len()..];
            Some((u32::from_be_bytes([head[6], head[7], head[8], head[9]]), rdata))
        })
    }
}

impl<'a> Rrset<'a> {
    /// Where each record starts.
    fn offsets(&self) -> impl Iterator<Item = usize> + use<'a> {
        let lengths = self.iter().map(|(_, rdata)| RECORD_HEAD + rdata.len());
        lengths.scan(0, |end, length| {
            let start = *end;
            *end += length;
            Some(start)
        })
    }
}

/// Appends a ready record.
pub fn push_record(out: &mut Vec<u8>, rtype: u16, class: u16, ttl: u32, rdata: &[u8]) {
    out.extend_from_slice(&OWNER_QUESTION);
    out.extend_from_slice(&rtype.to_be_bytes());
    out.extend_from_slice(&class.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&(rdata.len() as u16).to_be_bytes());
    out.extend_from_slice(rdata);
}

/// The names already in the message. Kept by the caller and used again, so that nothing has to be cleared per message.
#[derive(Debug)]
pub struct Known {
    len: usize,
    hashes: [u32; KNOWN],
    offsets: [u16; KNOWN],
    depths: [u8; KNOWN],
}

impl Known {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            len: 0,
            hashes: [0; KNOWN],
            offsets: [0; KNOWN],
            depths: [0; KNOWN],
        }
    }

    fn add(&mut self, suffix: &[u8], offset: usize, depth: u8) {
        if !self.is_full() && offset < 0x4000 && depth < DEPTH {
            self.hashes[self.len] = hash(suffix);
            self.offsets[self.len] = offset as u16;
            self.depths[self.len] = depth;
            self.len += 1;
        }
    }

    fn is_full(&self) -> bool {
        self.len == KNOWN
    }

    /// Where a suffix stands, and how many pointers lead on from there.
    fn find(&self, message: &[u8], suffix: &[u8]) -> Option<(u16, u8)> {
        let hash = hash(suffix);
        let equal = self.hashes[..self.len]
            .iter()
            .enumerate()
            .filter(|(_, known)| **known == hash);
        let mut places = equal.take(TRIES).map(|(at, _)| (self.offsets[at], self.depths[at]));
        places.find(|&(offset, _)| stands_at(message, usize::from(offset), suffix))
    }
}

impl Default for Known {
    fn default() -> Self {
        Self::new()
    }
}

/// A reply in the making.
pub struct Composer<'b> {
    buf: &'b mut [u8],
    known: &'b mut Known,
    pos: usize,
    limit: usize,
    max: usize,
    question_len: usize,
    counts: [u16; 3],
    opt: Option<&'b Opt<'b>>,
    /// The order of records in the answer section.
    pub order: Order,
    /// Something did not fit that the client has to know of.
    pub truncated: bool,
}

impl<'b> Composer<'b> {
    /// Begins a reply of at most `limit` bytes that echoes `question` (name, type, class as sent, or nothing).
    ///
    /// Room for `opt` with all its options is kept free. A limit that does not even hold the question and that counts as one
    /// that does.
    pub fn new(
        buf: &'b mut [u8],
        known: &'b mut Known,
        limit: usize,
        question: &[u8],
        opt: Option<&'b Opt<'b>>,
    ) -> Self {
        let reserved = reserve(opt);
        let least = HEADER + question.len() + reserved;
        let max = limit.max(least).min(buf.len());
        let pos = (HEADER + question.len()).min(max);
        buf[HEADER..pos].copy_from_slice(&question[..pos - HEADER]);
        known.len = 0;
        let limit = max.saturating_sub(reserved);
        Self {
            buf,
            known,
            pos,
            limit,
            max,
            question_len: question.len(),
            counts: [0; 3],
            opt,
            order: Order::Fixed,
            truncated: false,
        }
    }

    /// Begins with a copy of a finished message that has this question (in whatever letter case) and no OPT. Err: it does not
    /// fit; the composer given back has the question only.
    pub fn from_message(
        buf: &'b mut [u8],
        known: &'b mut Known,
        limit: usize,
        question: &[u8],
        opt: Option<&'b Opt<'b>>,
        message: &[u8],
    ) -> Result<Self, Self> {
        let Some((header, _)) = message.split_first_chunk::<HEADER>() else {
            return Err(Self::new(buf, known, limit, question, opt));
        };
        if message.len() + reserve(opt) > limit.min(buf.len()) {
            return Err(Self::new(buf, known, limit, question, opt));
        }
        buf[..message.len()].copy_from_slice(message);
        let mut composer = Self::new(buf, known, limit, question, opt);
        composer.pos = message.len();
        composer.counts = std::array::from_fn(|at| u16::from_be_bytes([header[6 + 2 * at], header[7 + 2 * at]]));
        Ok(composer)
    }

    /// Gives the room back; what has been written is void.
    pub fn into_room(self) -> (&'b mut [u8], &'b mut Known) {
        (self.buf, self.known)
    }

    /// What has been written so far.
    pub fn written(&mut self) -> &mut [u8] {
        &mut self.buf[..self.pos]
    }

    /// Adds an RRset; all of it or nothing. False when it does not fit (the caller decides whether that means truncation).
    #[inline]
    pub fn rrset(&mut self, section: Section, owner: Owner<'_>, rrset: Rrset<'_>) -> bool {
        if self.order == Order::Fixed || section != Section::Answer || rrset.count < 2 {
            return self.rrset_as_stored(section, owner, rrset);
        }
        let start = self.mark();
        let fits = match self.order {
            Order::Rotated(by) => self.rrset_rotated(section, owner, rrset, usize::from(by % rrset.count)),
            Order::Shuffled(seed) if usize::from(rrset.count) > SHUFFLED => {
                self.rrset_rotated(section, owner, rrset, (seed % u64::from(rrset.count)) as usize)
            }
            Order::Shuffled(seed) => self.rrset_shuffled(section, owner, rrset, seed),
            Order::Fixed => self.rrset_as_stored(section, owner, rrset),
        };
        if !fits {
            self.back_to(start);
        }
        fits
    }

    fn rrset_rotated(&mut self, section: Section, owner: Owner<'_>, rrset: Rrset<'_>, by: usize) -> bool {
        let middle = rrset.offsets().nth(by).unwrap_or(0);
        let (last, first) = rrset.records.split_at_checked(middle).unwrap_or((&[], rrset.records));
        let part = |records, count| Rrset {
            records,
            count,
            ..rrset
        };
        self.rrset_as_stored(section, owner, part(first, rrset.count - by as u16))
            && self.rrset_as_stored(section, owner, part(last, by as u16))
    }

    fn rrset_shuffled(&mut self, section: Section, owner: Owner<'_>, rrset: Rrset<'_>, seed: u64) -> bool {
        let mut records: [&[u8]; SHUFFLED] = [&[]; SHUFFLED];
        let ends = rrset.offsets().skip(1).chain([rrset.records.len()]);
        for ((place, start), end) in records.iter_mut().zip(rrset.offsets()).zip(ends) {
            *place = rrset.records.get(start..end).unwrap_or(&[]);
        }
        shuffle(seed, usize::from(rrset.count), |a, b| records.swap(a, b));
        records.iter().take(usize::from(rrset.count)).all(|records| {
            let one = Rrset {
                count: 1,
                records,
                ..rrset
            };
            self.rrset_as_stored(section, owner, one)
        })
    }

    #[inline]
    fn rrset_as_stored(&mut self, section: Section, owner: Owner<'_>, rrset: Rrset<'_>) -> bool {
        if matches!(owner, Owner::Question) && !rdata::may_compress(rrset.rtype) {
            let end = self.pos + rrset.records.len();
            if end > self.limit {
                return false;
            }
            self.buf[self.pos..end].copy_from_slice(rrset.records);
            self.pos = end;
            self.counts[section as usize] += rrset.count;
            return true;
        }
        self.rrset_by_record(section, owner, rrset)
    }

    /// Adds the signatures of one type (RFC 4034 3.1.1) out of all RRSIGs of a name; all of them or nothing. False when they
    /// do not fit.
    pub fn signatures(&mut self, section: Section, owner: Owner<'_>, rrsigs: Rrset<'_>, covered: Covered) -> bool {
        let (start, known, count) = (self.pos, self.known.len, self.counts[section as usize]);
        let type_covered = covered.rtype.to_be_bytes();
        for (ttl, rdata) in rrsigs.iter().filter(|(_, rdata)| rdata.starts_with(&type_covered)) {
            let head = Head {
                rtype: rrsigs.rtype,
                class: class::IN,
                ttl: ttl.min(covered.most_ttl),
            };
            if !self.record(section, owner, head, rdata) {
                (self.pos, self.known.len, self.counts[section as usize]) = (start, known, count);
                return false;
            }
        }
        true
    }

    /// Adds one record with uncompressed rdata.
    pub fn record(&mut self, section: Section, owner: Owner<'_>, head: Head, rdata: &[u8]) -> bool {
        let (start, known) = (self.pos, self.known.len);
        let done = self.write_record(owner, head, rdata).is_some();
        if done {
            self.counts[section as usize] += 1;
        } else {
            (self.pos, self.known.len) = (start, known);
        }
        done
    }

    /// Where the reply ends just now.
    pub fn mark(&self) -> Mark {
        Mark {
            pos: self.pos,
            known: self.known.len,
            counts: self.counts,
        }
    }

    /// Takes back all that was written since.
    pub fn back_to(&mut self, mark: Mark) {
        (self.pos, self.known.len, self.counts) = (mark.pos, mark.known, mark.counts);
    }

    /// The records of a section so far.
    pub fn count(&self, section: Section) -> u16 {
        self.counts[section as usize]
    }

    /// The position after what has been written.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Writes the OPT, with an Extended DNS Error where it fits, and the header; gives the message's length. `flags` without TC
    /// and rcode.
    pub fn finish(self, id: u16, flags: u16, rcode: u16, ede: Option<Ede<'_>>) -> usize {
        let Self {
            buf,
            mut pos,
            max,
            question_len,
            mut counts,
            opt,
            truncated,
            ..
        } = self;
        if let (Some(opt), Some(room)) = (opt, buf.get_mut(pos..max))
            && let Some(len) = opt.write(room, rcode, ede)
        {
            pos += len;
            counts[2] += 1;
        }
        let flags = flags | if truncated { flag::TC } else { 0 } | (rcode & 0xF);
        let words = [id, flags, u16::from(question_len > 0), counts[0], counts[1], counts[2]];
        for (room, word) in buf.chunks_exact_mut(2).zip(words) {
            room.copy_from_slice(&word.to_be_bytes());
        }
        pos
    }

    fn rrset_by_record(&mut self, section: Section, owner: Owner<'_>, rrset: Rrset<'_>) -> bool {
        let (start, known) = (self.pos, self.known.len);
        let mut rest = rrset.records;
        while let Some((head, tail)) = rest.split_first_chunk::<RECORD_HEAD>() {
            let rdata_len = usize::from(u16::from_be_bytes([head[10], head[11]])).min(tail.len());
            let (rdata, after) = tail.split_at(rdata_len);
            let head = Head {
                rtype: rrset.rtype,
                class: u16::from_be_bytes([head[4], head[5]]),
                ttl: u32::from_be_bytes([head[6], head[7], head[8], head[9]]),
            };
            if self.write_record(owner, head, rdata).is_none() {
                (self.pos, self.known.len) = (start, known);
                return false;
            }
            rest = after;
        }
        self.counts[section as usize] += rrset.count;
        true
    }

    /// None when it does not fit; then something may have been written behind the end that the caller resets.
    fn write_record(&mut self, owner: Owner<'_>, head: Head, rdata: &[u8]) -> Option<()> {
        match owner {
            Owner::Question => self.write(&OWNER_QUESTION)?,
            Owner::Name(name) => self.write_name(name)?,
        }
        let mut fixed = [0; 10];
        fixed[..2].copy_from_slice(&head.rtype.to_be_bytes());
        fixed[2..4].copy_from_slice(&head.class.to_be_bytes());
        fixed[4..8].copy_from_slice(&head.ttl.to_be_bytes());
        fixed[8..].copy_from_slice(&(rdata.len() as u16).to_be_bytes());
        self.write(&fixed)?;
        let start = self.pos;
        if rdata::may_compress(head.rtype) {
            self.write_compressible(head.rtype, rdata)?;
            let length = ((self.pos - start) as u16).to_be_bytes();
            self.buf[start - 2..start].copy_from_slice(&length);
        } else {
            self.write(rdata)?;
        }
        Some(())
    }

    fn write_compressible(&mut self, rtype: u16, rdata: &[u8]) -> Option<()> {
        let mut at = 0;
        for field in rdata::layout(rtype) {
            match *field {
                Field::Name => {
                    let end = Name::skip(rdata, at).ok()?;
                    self.write_name(rdata.get(at..end)?)?;
                    at = end;
                }
                Field::Bytes(count) => {
                    self.write(rdata.get(at..at + count)?)?;
                    at += count;
                }
                Field::Text | Field::Rest(_) => break,
            }
        }
        self.write(rdata.get(at..)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.pos + bytes.len();
        if end > self.limit {
            return None;
        }
        self.buf[self.pos..end].copy_from_slice(bytes);
        self.pos = end;
        Some(())
    }

    /// Writes an uncompressed name, its longest known suffix as a pointer.
    fn write_name(&mut self, wire: &[u8]) -> Option<()> {
        if self.known.len == 0 && self.question_len > 4 {
            self.learn(self.question_len - 4);
        }
        // The longest suffix that is known; most are found after a label or two, and the rest is not even looked at.
        for suffix in name::suffixes(wire) {
            if let Some((offset, depth)) = self.known.find(self.buf, suffix) {
                self.write_labels(wire, wire.len() - suffix.len(), depth + 1)?;
                return self.write(&(0xC000 | offset).to_be_bytes());
            }
        }
        self.write_labels(wire, wire.len(), 0)
    }

    /// Writes the first `length` bytes of a name and remembers the suffixes that begin there.
    fn write_labels(&mut self, wire: &[u8], length: usize, depth: u8) -> Option<()> {
        let base = self.pos;
        self.write(wire.get(..length)?)?;
        for suffix in name::suffixes(wire) {
            let start = wire.len() - suffix.len();
            if start >= length || self.known.is_full() {
                break;
            }
            self.known.add(suffix, base + start, depth);
        }
        Some(())
    }

    /// Remembers the suffixes of the question's name.
    fn learn(&mut self, length: usize) {
        let question = &self.buf[HEADER..HEADER + length];
        for suffix in name::suffixes(question) {
            self.known.add(suffix, HEADER + length - suffix.len(), 0);
        }
    }
}

fn reserve(opt: Option<&Opt<'_>>) -> usize {
    opt.map_or(0, Opt::size)
}

/// Which signatures are wanted: of what type, and with what TTL at most (it is lowered with that of what they sign).
#[derive(Clone, Copy, Debug)]
pub struct Covered {
    /// Type covered.
    pub rtype: u16,
    /// In seconds.
    pub most_ttl: u32,
}

/// A place in a reply that is being written.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pos: usize,
    known: usize,
    counts: [u16; 3],
}

/// A record's type, class and TTL.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Type.
    pub rtype: u16,
    /// Class.
    pub class: u16,
    /// TTL in seconds.
    pub ttl: u32,
}

/// A hash of some bytes of a name: its length, its beginning and its end. Equal names in different letter case have equal
/// hashes; what else has is told apart by comparing. So a name of a hundred labels costs no more than one of three.
fn hash(name: &[u8]) -> u32 {
    let word = |bytes: &[u8]| bytes.iter().fold(0u64, |word, byte| word << 8 | u64::from(byte | 0x20));
    let end = &name[name.len().saturating_sub(8)..];
    let start = name.chunks(8).take(2).map(word);
    let mixed = start.fold(word(end) ^ (name.len() as u64) << 56, |hash, word| {
        (hash ^ word).wrapping_mul(0x9FB2_1C65_1E98_DF25).rotate_left(29)
    });
    (mixed >> 32) as u32
}

/// Whether the name at `offset` of the message being written is `suffix`, letter case ignored.
fn stands_at(message: &[u8], mut offset: usize, suffix: &[u8]) -> bool {
    // It mostly stands there in one piece; length bytes are no letters, so equal bytes are equal labels.
    let whole = message.get(offset..offset + suffix.len());
    if whole.is_some_and(|whole| whole == suffix || whole.eq_ignore_ascii_case(suffix)) {
        return true;
    }
    let mut rest = suffix;
    loop {
        let Some(&length) = message.get(offset) else {
            return false;
        };
        if length >= 0xC0 {
            let Some(&low) = message.get(offset + 1) else {
                return false;
            };
            let target = usize::from(length & 0x3F) << 8 | usize::from(low);
            if target >= offset {
                return false;
            }
            offset = target;
            continue;
        }
        let width = 1 + usize::from(length);
        let (Some(here), Some(label)) = (message.get(offset..offset + width), rest.get(..width)) else {
            return false;
        };
        if !here.eq_ignore_ascii_case(label) {
            return false;
        }
        if length == 0 {
            return rest.len() == 1;
        }
        offset += width;
        rest = &rest[width..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::class;
    use crate::edns::OPT_LEN;
    use crate::rtype;

    const OPT: Option<&Opt<'static>> = Some(&Opt {
        udp_size: 1232,
        dnssec_ok: false,
        cookie: None,
        nsid: None,
        keepalive: None,
    });

    fn wire(text: &str) -> Vec<u8> {
        Name::from_text(text.as_bytes(), None).unwrap().as_wire().to_vec()
    }

    fn question(text: &str) -> Vec<u8> {
        [&wire(text)[..], &[0, 15, 0, 1]].concat()
    }

    fn head(rtype: u16) -> Head {
        Head {
            rtype,
            class: class::IN,
            ttl: 60,
        }
    }

    #[test]
    fn names_are_compressed_and_read_back() {
        let (mut buf, mut known) = ([0; 512], Known::new());
        let mut composer = Composer::new(&mut buf, &mut known, 512, &question("www.Example."), OPT);
        let mx = [&[0, 10][..], &wire("mail.example.")].concat();
        assert!(composer.record(Section::Answer, Owner::Question, head(rtype::MX), &mx));
        assert!(composer.record(
            Section::Additional,
            Owner::Name(&wire("MAIL.example.")),
            head(rtype::A),
            &[1, 2, 3, 4]
        ));
        let len = composer.finish(7, flag::QR, 0, None);
        // mail + pointer into the question at "Example."; then a pointer to that.
        assert!(
            buf[..len]
                .windows(7)
                .any(|w| w == [4, b'm', b'a', b'i', b'l', 0xC0, 16])
        );
        let message = crate::message::Message::parse(&buf[..len]).unwrap();
        let records: Vec<_> = message.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 3);
        assert_eq!(records[1].owner, Name::from_text(b"mail.example.", None).unwrap());
    }

    #[test]
    fn nothing_beyond_the_limit() {
        let (mut buf, mut known) = ([0; 512], Known::new());
        for limit in 0..200 {
            let mut composer = Composer::new(&mut buf, &mut known, limit, &question("www.example."), OPT);
            let target = wire("a-rather-long-name.somewhere.else.");
            let fits = composer.record(Section::Answer, Owner::Question, head(rtype::CNAME), &target);
            composer.truncated = !fits;
            let len = composer.finish(7, flag::QR, 0, None);
            assert!(len <= limit.max(HEADER + 17 + OPT_LEN), "{limit}: {len}");
            let message = crate::message::Message::parse(&buf[..len]).unwrap();
            assert_eq!(
                message.records().filter(Result::is_ok).count(),
                if fits { 2 } else { 1 }
            );
        }
    }

    /// Many names of one hash-free shape: the table is bounded, the message stays right.
    #[test]
    fn a_message_of_many_names() {
        let (mut buf, mut known) = (vec![0; 65_535], Known::new());
        let mut composer = Composer::new(&mut buf, &mut known, 65_535, &question("x."), None);
        let mut written = 0;
        while composer.record(
            Section::Answer,
            Owner::Name(&wire(&format!("n{written}.a{}.", written % 97))),
            head(rtype::NS),
            &wire(&format!("ns{}.b.c{written}.", written % 13)),
        ) {
            written += 1;
        }
        let len = composer.finish(1, flag::QR, 0, None);
        let message = crate::message::Message::parse(&buf[..len]).unwrap();
        for (at, record) in message.records().enumerate() {
            let record = record.unwrap();
            assert_eq!(
                record.owner,
                Name::from_text(format!("n{at}.a{}.", at % 97).as_bytes(), None).unwrap()
            );
        }
        assert!(written > 1_000);
    }
}
