//! What a client sent: one pass over the packet, no allocation, nothing read past its end.
//!
//! Decides only what the message itself decides (RFC 1035 4.1, RFC 6891 6.1, RFC 8945 5.2, RFC 9619); whether the client may ask and
//! what the answer is comes later.

use crate::code::{flag, rcode};
use crate::edns::Edns;
use crate::name::{HEADER, MAX_LABELS, Name, NameError};
use crate::rtype;
use crate::tsig::Tsig;

/// A well-formed question to us.
#[derive(Clone)]
pub struct Query<'a> {
    /// The packet.
    pub message: &'a [u8],
    /// The message ID.
    pub id: u16,
    /// The header's flag word as sent.
    pub flags: u16,
    /// QNAME in lower case.
    pub qname: Name,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    /// The OPT record, if any.
    pub edns: Option<Edns<'a>>,
    label_count: u8,
    label_starts: [u8; MAX_LABELS],
}

impl<'a> Query<'a> {
    /// RD.
    pub fn recursion_desired(&self) -> bool {
        self.flags & flag::RD != 0
    }

    /// CD (RFC 4035 3.2.2).
    pub fn checking_disabled(&self) -> bool {
        self.flags & flag::CD != 0
    }

    /// DO (RFC 3225).
    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec_ok)
    }

    /// The question section as sent, letter case and all.
    pub fn question(&self) -> &'a [u8] {
        &self.message[HEADER..HEADER + self.qname.as_wire().len() + 4]
    }

    /// Where each label of QNAME starts in it, leftmost first, the root label left out.
    pub fn label_starts(&self) -> &[u8] {
        &self.label_starts[..usize::from(self.label_count)]
    }
}

/// What a packet is to a server.
pub enum Parsed<'a> {
    /// A question to answer.
    Query(Query<'a>),
    /// RFC 7873 5.4: no question, only a cookie to be refreshed.
    CookieOnly(Refusal<'a>),
    /// It has a TSIG, and nobody knows a key: RFC 8945 5.2.1 has it answered with that error, and with nothing else.
    Unverified(Refusal<'a>, Tsig<'a>),
    /// Something that gets this rcode.
    Refuse(Refusal<'a>),
    /// Not a query, or too short to have a header: no reply (a response never gets one, so no two servers can be set
    /// against each other).
    Ignore,
}

/// A reply that says only an rcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The message ID.
    pub id: u16,
    /// The header's flag word as sent.
    pub flags: u16,
    /// What to say.
    pub rcode: u16,
    /// Length of the question section to be echoed; 0 when there was none that can be read.
    pub question_len: usize,
    /// The OPT record, where one could be read: then the reply carries one (RFC 6891 7).
    pub edns: Option<Edns<'a>>,
}

/// Reads a packet.
pub fn parse(message: &[u8]) -> Parsed<'_> {
    let Some((header, _)) = message.split_first_chunk::<HEADER>() else {
        return Parsed::Ignore;
    };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (id, flags) = (word(0), word(2));
    if flags & flag::QR != 0 {
        return Parsed::Ignore;
    }
    let mut refusal = Refusal {
        id,
        flags,
        rcode: rcode::FORMERR,
        question_len: 0,
        edns: None,
    };
    // Only QUERY is served so far; what other opcodes put into the sections is theirs to define.
    let other = flags & flag::OPCODE != 0;
    if other {
        refusal.rcode = rcode::NOTIMP;
    }
    let mut query = Query {
        message,
        id,
        flags,
        qname: Name::ROOT,
        qtype: 0,
        qclass: 0,
        edns: None,
        label_count: 0,
        label_starts: [0; MAX_LABELS],
    };
    // RFC 9619 4: a QUERY has exactly one question. Answer and authority records make no sense in one, but for the SOA
    // of IXFR (RFC 1995 3).
    let [questions, answers, authorities, additionals] = [word(4), word(6), word(8), word(10)];
    let mut pos = HEADER;
    match questions {
        0 => {}
        1 => match read_question(&mut query) {
            Ok(end) => {
                pos = end;
                refusal.question_len = end - HEADER;
            }
            Err(_) => return Parsed::Refuse(refusal),
        },
        _ => return Parsed::Refuse(refusal),
    }
    if answers != 0 || (authorities != 0 && query.qtype != rtype::IXFR && !other) {
        return Parsed::Refuse(refusal);
    }
    let Some(Found { edns, tsig }) = read_records(message, pos, authorities, additionals) else {
        return Parsed::Refuse(refusal);
    };
    query.edns = edns;
    refusal.edns = edns;
    if other {
        return Parsed::Refuse(refusal);
    }
    if let Some(at) = tsig {
        // RFC 8945 5.2: what cannot be interpreted is a format error.
        let Some(tsig) = Tsig::parse(message, at) else {
            return Parsed::Refuse(refusal);
        };
        refusal.rcode = rcode::NOTAUTH;
        return Parsed::Unverified(refusal, tsig);
    }
    if edns.is_some_and(|edns| edns.version != 0) {
        refusal.rcode = rcode::BADVERS;
        return Parsed::Refuse(refusal);
    }
    // RFC 7873 5.2.2.
    if edns.is_some_and(|edns| edns.bad_cookie) {
        return Parsed::Refuse(refusal);
    }
    if questions == 0 {
        return match edns.and_then(|edns| edns.cookie) {
            Some(_) => Parsed::CookieOnly(refusal),
            None => Parsed::Refuse(refusal),
        };
    }
    Parsed::Query(query)
}

/// Reads the one question; gives the position after it. Nothing precedes its name, so a pointer in it is an error.
fn read_question(query: &mut Query<'_>) -> Result<usize, NameError> {
    let message = query.message;
    let mut pos = HEADER;
    loop {
        match *message.get(pos).ok_or(NameError::Short)? {
            0 => break,
            length @ 1..=63 => {
                let slot = query
                    .label_starts
                    .get_mut(usize::from(query.label_count))
                    .ok_or(NameError::Long)?;
                *slot = u8::try_from(pos - HEADER).map_err(|_| NameError::Long)?;
                query.label_count += 1;
                pos += 1 + usize::from(length);
            }
            0xC0..=0xFF => return Err(NameError::Pointer),
            _ => return Err(NameError::LabelType),
        }
    }
    let wire = message.get(HEADER..=pos).ok_or(NameError::Short)?;
    query.qname = Name::from_labels(wire)?;
    query.qname.make_lower();
    let fixed = message.get(pos + 1..pos + 5).ok_or(NameError::Short)?;
    query.qtype = u16::from_be_bytes([fixed[0], fixed[1]]);
    query.qclass = u16::from_be_bytes([fixed[2], fixed[3]]);
    Ok(pos + 5)
}

/// What matters of the records behind the question.
struct Found<'a> {
    edns: Option<Edns<'a>>,
    /// Where the TSIG stands.
    tsig: Option<usize>,
}

/// Walks the records behind the question to find OPT and TSIG. None: the message is malformed (a record runs over the end, two
/// OPTs, an OPT that is not at the root or not in the additional section, a TSIG that is not the last record, bytes left
/// over). Nothing is sized by a count: the walk ends with the packet at the latest.
fn read_records(message: &[u8], mut pos: usize, authorities: u16, additionals: u16) -> Option<Found<'_>> {
    let mut found = Found { edns: None, tsig: None };
    for index in 0..u32::from(authorities) + u32::from(additionals) {
        // RFC 8945 5.2: a TSIG is the last record of the additional section; so there cannot be two.
        if found.tsig.is_some() {
            return None;
        }
        let owner = pos;
        pos = match *message.get(pos)? {
            0 => pos + 1,
            _ => Name::parse(message, pos).ok()?.1,
        };
        let fixed = message.get(pos..pos + 10)?;
        let rtype = u16::from_be_bytes([fixed[0], fixed[1]]);
        let rdata_len = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        let rdata = message.get(pos + 10..pos + 10 + rdata_len)?;
        pos += 10 + rdata_len;
        if rtype != rtype::OPT && rtype != rtype::TSIG {
            continue;
        }
        if index < u32::from(authorities) {
            return None;
        }
        if rtype == rtype::TSIG {
            found.tsig = Some(owner);
            continue;
        }
        // RFC 6891 6.1.1: at most one, its name is the root, in the additional section.
        if found.edns.is_some() || message[owner] != 0 {
            return None;
        }
        let class = u16::from_be_bytes([fixed[2], fixed[3]]);
        let ttl = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        found.edns = Some(Edns::new(class, ttl, rdata)?);
    }
    (pos == message.len()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03wWw\x01a\0\0\x01\0\x01";

    fn with_additional(records: &[&[u8]]) -> Vec<u8> {
        let mut message = [PLAIN, &records.concat()].concat();
        message[11] = records.len() as u8;
        message
    }

    fn refused(message: &[u8]) -> u16 {
        match parse(message) {
            Parsed::Refuse(refusal) => refusal.rcode,
            Parsed::Query(_) => panic!("taken as a query"),
            Parsed::CookieOnly(_) => panic!("taken as a cookie question"),
            Parsed::Unverified(..) => panic!("taken as a query with a TSIG"),
            Parsed::Ignore => panic!("ignored"),
        }
    }

    #[test]
    fn a_plain_query() {
        let Parsed::Query(query) = parse(PLAIN) else {
            panic!("not a query")
        };
        assert_eq!(query.qname.as_wire(), b"\x03www\x01a\0");
        assert_eq!(query.question(), &PLAIN[12..]);
        assert_eq!(query.label_starts(), [0, 4]);
        assert_eq!((query.id, query.qtype, query.qclass), (0x1234, 1, 1));
        assert!(query.recursion_desired() && query.edns.is_none());
    }

    #[test]
    fn every_cut_is_a_formerr_or_nothing() {
        let message = with_additional(&[b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0c\0\x0a\0\x08abcdefgh"]);
        assert!(matches!(parse(&message), Parsed::Query(q) if q.dnssec_ok()));
        for cut in 0..message.len() {
            match parse(&message[..cut]) {
                Parsed::Ignore => assert!(cut < HEADER),
                Parsed::Refuse(refusal) => assert_eq!(refusal.rcode, rcode::FORMERR),
                _ => panic!("cut at {cut} taken"),
            }
        }
    }

    #[test]
    fn opt_rules() {
        let opt: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";
        assert!(matches!(parse(&with_additional(&[opt])), Parsed::Query(_)));
        assert_eq!(refused(&with_additional(&[opt, opt])), rcode::FORMERR);
        assert_eq!(
            refused(&with_additional(&[b"\x01x\0\0\x29\x04\xd0\0\0\0\0\0\0"])),
            rcode::FORMERR
        );
        assert_eq!(
            refused(&with_additional(&[b"\0\0\x29\x04\xd0\0\x01\0\0\0\0"])),
            rcode::BADVERS
        );
        assert_eq!(
            refused(&with_additional(&[b"\0\0\x29\x04\xd0\0\0\0\0\0\x05\0\x0a\0\x04a"])),
            rcode::FORMERR
        );
        // RFC 7873 5.2.2, and 5.4 with a cookie that is none.
        let short = b"\0\0\x29\x04\xd0\0\0\0\0\0\x08\0\x0a\0\x04abcd";
        assert_eq!(refused(&with_additional(&[short])), rcode::FORMERR);
        // RFC 6891 6.1.2: options that are not understood are ignored, however many.
        let many = [&b"\0\0\x29\x04\xd0\0\0\0\0\0\x44"[..], &[0; 68]].concat();
        assert!(matches!(parse(&with_additional(&[&many])), Parsed::Query(_)));
    }

    /// RFC 8945 5.2: the last record, once, in the additional section.
    #[test]
    fn tsig_rules() {
        let tsig: &[u8] = b"\x03key\0\0\xfa\0\xff\0\0\0\0\0\x11\0\0\0\x65\x53\xf1\0\x01\x2c\0\0\x12\x34\0\0\0\0";
        let opt: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";
        for records in [&[tsig][..], &[opt, tsig]] {
            let message = with_additional(records);
            let Parsed::Unverified(refusal, read) = parse(&message) else {
                panic!("not seen")
            };
            assert_eq!(
                (refusal.rcode, refusal.edns.is_some()),
                (rcode::NOTAUTH, records.len() == 2)
            );
            assert_eq!(read.key.as_wire(), b"\x03key\0");
        }
        for records in [&[tsig, tsig][..], &[tsig, opt], &[opt, tsig, opt]] {
            assert_eq!(refused(&with_additional(records)), rcode::FORMERR);
        }
        let mut authority = with_additional(&[tsig]);
        (authority[9], authority[11]) = (1, 0);
        assert_eq!(refused(&authority), rcode::FORMERR);
        (authority[7], authority[9]) = (1, 0);
        assert_eq!(refused(&authority), rcode::FORMERR);
    }

    /// Owners of records that nobody asks for are names all the same.
    #[test]
    fn owners_are_checked() {
        let fixed = b"\0\x01\0\x01\0\0\0\0\0\0";
        let with_owner = |owner: &[u8]| with_additional(&[&[owner, fixed].concat()]);
        assert!(matches!(parse(&with_owner(&[0xC0, 12])), Parsed::Query(_)));
        let at = PLAIN.len() as u8;
        for owner in [
            &[0xC0, at][..],
            &[0xC0, at + 1],
            &[0xC0, 0],
            &[1, b'a', 0xC0, at],
            &[0xC3, 0xFF],
        ] {
            assert_eq!(refused(&with_owner(owner)), rcode::FORMERR, "{owner:?}");
        }
        let long = [&[63; 64][..], &[63; 64], &[63; 64], &[62; 63], &[0]].concat();
        assert_eq!(refused(&with_owner(&long)), rcode::FORMERR);
    }

    #[test]
    fn header_rules() {
        let with = |at: usize, value: u8| {
            let mut message = PLAIN.to_vec();
            message[at] = value;
            message
        };
        assert!(matches!(parse(&with(2, 0x80)), Parsed::Ignore));
        assert_eq!(refused(&with(2, 0x28)), rcode::NOTIMP);
        assert_eq!(refused(&with(5, 0)), rcode::FORMERR);
        assert_eq!(refused(&with(5, 2)), rcode::FORMERR);
        assert_eq!(refused(&with(7, 1)), rcode::FORMERR);
        assert_eq!(refused(&with(10, 0xFF)), rcode::FORMERR);
        assert_eq!(refused(&with(12, 0xC0)), rcode::FORMERR);
        assert_eq!(refused(&[PLAIN, b"x"].concat()), rcode::FORMERR);
    }
}
