//! What an upstream sent: a message read record by record, bounded by its bytes and not by its counts.

use crate::code::flag;
use crate::compose::Section;
use crate::name::{HEADER, Name, NameError};
use crate::rtype;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// Shorter than a header.
    Short,
    /// Not exactly one question, or one that does not parse.
    Question,
    /// A record's owner does not parse.
    Owner(NameError),
    /// A record runs over the end.
    Record,
}

impl std::fmt::Display for MessageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => f.write_str("shorter than a header"),
            Self::Question => f.write_str("no question that parses, or more than one"),
            Self::Owner(error) => write!(f, "owner of a record: {error}"),
            Self::Record => f.write_str("a record runs over the end"),
        }
    }
}

impl std::error::Error for MessageError {}

/// A message with one question.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// ID.
    pub id: u16,
    /// The header's flag word.
    pub flags: u16,
    /// QNAME as it stands there.
    pub qname: Name,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    counts: [u16; 3],
    records_at: usize,
}

/// One record of a message.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub section: Section,
    /// Owner name, expanded.
    pub owner: Name,
    /// Type.
    pub rtype: u16,
    /// Class.
    pub class: u16,
    /// TTL; the top bit set means 0 (RFC 2181 8).
    pub ttl: u32,
    /// The same 32 bits as they stand there; in an OPT they are no TTL.
    pub opt_flags: u32,
    /// Where the TTL stands in the message.
    pub ttl_at: usize,
    /// Where the rdata starts in the message.
    pub rdata_start: usize,
    /// And where it ends.
    pub rdata_end: usize,
}

impl<'a> Message<'a> {
    /// Reads header and question.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let (header, _) = bytes.split_first_chunk::<HEADER>().ok_or(MessageError::Short)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        if word(4) != 1 {
            return Err(MessageError::Question);
        }
        let (qname, end) = Name::parse(bytes, HEADER).map_err(|_| MessageError::Question)?;
        let fixed = bytes.get(end..end + 4).ok_or(MessageError::Question)?;
        Ok(Self {
            bytes,
            id: word(0),
            flags: word(2),
            qname,
            qtype: u16::from_be_bytes([fixed[0], fixed[1]]),
            qclass: u16::from_be_bytes([fixed[2], fixed[3]]),
            counts: [word(6), word(8), word(10)],
            records_at: end + 4,
        })
    }

    /// The header's rcode, without the bits of EDNS.
    pub fn rcode(&self) -> u16 {
        self.flags & 0xF
    }

    /// The rcode with the upper bits of an OPT record (RFC 6891 6.1.3).
    pub fn extended_rcode(&self) -> u16 {
        let opt = self.records().flatten().find(|record| record.rtype == rtype::OPT);
        opt.map_or(0, |opt| (opt.opt_flags >> 24) as u16) << 4 | self.rcode()
    }

    /// TC.
    pub fn is_truncated(&self) -> bool {
        self.flags & flag::TC != 0
    }

    /// The records of all sections in order; ends after the first error.
    pub fn records(&self) -> Records<'a> {
        Records {
            bytes: self.bytes,
            pos: self.records_at,
            counts: self.counts,
            failed: false,
        }
    }
}

/// Iterator over the records of a message.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    pos: usize,
    counts: [u16; 3],
    failed: bool,
}

impl Iterator for Records<'_> {
    type Item = Result<Record, MessageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self
            .counts
            .iter()
            .position(|&count| count > 0)
            .filter(|_| !self.failed)?;
        self.counts[at] -= 1;
        let record = self.read([Section::Answer, Section::Authority, Section::Additional][at]);
        self.failed = record.is_err();
        Some(record)
    }
}

impl Records<'_> {
    fn read(&mut self, section: Section) -> Result<Record, MessageError> {
        let (owner, pos) = Name::parse(self.bytes, self.pos).map_err(MessageError::Owner)?;
        let fixed = self.bytes.get(pos..pos + 10).ok_or(MessageError::Record)?;
        let rdata_start = pos + 10;
        let rdata_end = rdata_start + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        if rdata_end > self.bytes.len() {
            return Err(MessageError::Record);
        }
        self.pos = rdata_end;
        let ttl = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        Ok(Record {
            section,
            owner,
            rtype: u16::from_be_bytes([fixed[0], fixed[1]]),
            class: u16::from_be_bytes([fixed[2], fixed[3]]),
            ttl: if ttl > i32::MAX as u32 { 0 } else { ttl },
            opt_flags: ttl,
            ttl_at: pos + 4,
            rdata_start,
            rdata_end,
        })
    }
}
