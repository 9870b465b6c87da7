//! What record data is made of, as far as messages need to know: where names stand in it (RFC 1035 3.3, RFC 3597 4).
//!
//! Names in the data of the types of RFC 1035 may be compressed when sent; in some later types senders once compressed them
//! too, so a reader expands them, and a writer never compresses them.

use std::borrow::Cow;

use crate::name::Name;
use crate::rtype;

/// A part of rdata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A domain name.
    Name,
    /// So many bytes.
    Bytes(usize),
    /// A character-string: a length byte and so many bytes.
    Text,
    /// Everything up to the end, at least so many bytes.
    Rest(usize),
}

/// The parts of a type's rdata, in order.
pub fn layout(rtype: u16) -> &'static [Field] {
    use Field::{Bytes, Name, Rest, Text};
    match rtype {
        rtype::NS
        | rtype::CNAME
        | rtype::PTR
        | rtype::DNAME
        | rtype::MD
        | rtype::MF
        | rtype::MB
        | rtype::MG
        | rtype::MR => &[Name],
        rtype::A => &[Bytes(4)],
        rtype::AAAA => &[Bytes(16)],
        rtype::SOA => &[Name, Name, Bytes(20)],
        rtype::MX | rtype::AFSDB | rtype::RT | rtype::KX => &[Bytes(2), Name],
        rtype::MINFO | rtype::RP => &[Name, Name],
        rtype::PX => &[Bytes(2), Name, Name],
        rtype::SRV => &[Bytes(6), Name],
        rtype::NAPTR => &[Bytes(4), Text, Text, Text, Name],
        rtype::SIG | rtype::RRSIG => &[Bytes(18), Name, Rest(1)],
        rtype::NXT | rtype::NSEC => &[Name, Rest(0)],
        rtype::SVCB | rtype::HTTPS => &[Bytes(2), Name, Rest(0)],
        rtype::HINFO => &[Text, Text],
        rtype::TXT | rtype::SPF => &[Text, Rest(0)],
        rtype::DS | rtype::CDS => &[Bytes(4), Rest(1)],
        rtype::DNSKEY | rtype::CDNSKEY | rtype::KEY => &[Bytes(4), Rest(0)],
        rtype::CAA => &[Bytes(1), Text, Rest(0)],
        _ => &[Rest(0)],
    }
}

/// Whether a sender may compress the names in this type's rdata (RFC 3597 4: those of RFC 1035 only).
pub fn may_compress(rtype: u16) -> bool {
    matches!(
        rtype,
        rtype::NS
            | rtype::CNAME
            | rtype::PTR
            | rtype::SOA
            | rtype::MX
            | rtype::MD
            | rtype::MF
            | rtype::MB
            | rtype::MG
            | rtype::MR
            | rtype::MINFO
    )
}

/// Appends the rdata at `start..end` of a message with its names uncompressed. False when it does not have its type's
/// form; then `out` has been changed all the same and is to be thrown away.
pub fn expand(message: &[u8], start: usize, end: usize, rtype: u16, out: &mut Vec<u8>) -> bool {
    let mut pos = start;
    for field in layout(rtype) {
        let taken = match *field {
            Field::Name => match Name::parse(message, pos) {
                Ok((name, after)) if after <= end => {
                    out.extend_from_slice(name.as_wire());
                    pos = after;
                    continue;
                }
                _ => return false,
            },
            Field::Bytes(count) => count,
            Field::Text => match message.get(pos) {
                Some(&length) => 1 + usize::from(length),
                None => return false,
            },
            Field::Rest(least) if end.saturating_sub(pos) >= least => end - pos,
            Field::Rest(_) => return false,
        };
        match message.get(pos..pos + taken).filter(|_| pos + taken <= end) {
            Some(bytes) => out.extend_from_slice(bytes),
            None => return false,
        }
        pos += taken;
    }
    pos == end
}

/// The first name in uncompressed rdata whose type has one: the target of CNAME, NS, MX, SRV, SVCB and so on.
pub fn target(rtype: u16, rdata: &[u8]) -> Option<&[u8]> {
    let mut pos = 0;
    for field in layout(rtype) {
        match *field {
            Field::Name => {
                let end = Name::skip(rdata, pos).ok()?;
                return rdata.get(pos..end);
            }
            Field::Bytes(count) => pos += count,
            Field::Text => pos += 1 + usize::from(*rdata.get(pos)?),
            Field::Rest(_) => return None,
        }
    }
    None
}

/// Uncompressed rdata with its names in lower case: records whose names differ in letter case are equal (RFC 4343 3).
pub fn folded(rtype: u16, rdata: &[u8]) -> Cow<'_, [u8]> {
    if !layout(rtype).contains(&Field::Name) {
        return Cow::Borrowed(rdata);
    }
    let mut folded = rdata.to_vec();
    let mut pos = 0;
    for field in layout(rtype) {
        let end = match *field {
            Field::Name => Name::skip(rdata, pos).ok(),
            Field::Bytes(count) => Some(pos + count),
            Field::Text => rdata.get(pos).map(|&length| pos + 1 + usize::from(length)),
            Field::Rest(_) => None,
        };
        let Some(end) = end else { break };
        // A length byte is at most 63, and so no letter.
        if let (Field::Name, Some(name)) = (field, folded.get_mut(pos..end)) {
            name.make_ascii_lowercase();
        }
        pos = end;
    }
    Cow::Owned(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alone_lose_their_case() {
        let srv = b"\0A\0B\0C\x02Ab\x01C\0";
        assert_eq!(folded(rtype::SRV, srv).as_ref(), b"\0A\0B\0C\x02ab\x01c\0");
        assert_eq!(folded(rtype::SVCB, b"\0\x01\x01A\0RST").as_ref(), b"\0\x01\x01a\0RST");
        assert_eq!(
            folded(rtype::NAPTR, b"ABCD\x01S\x01T\x01U\x01V\0").as_ref(),
            b"ABCD\x01S\x01T\x01U\x01v\0"
        );
        assert_eq!(folded(rtype::TXT, b"\x01A").as_ref(), b"\x01A");
        assert_eq!(folded(rtype::NS, b"\x09A").as_ref(), b"\x09A");
    }

    /// Every known type, cut at every position and with one byte more: never taken for whole unless its form allows it.
    #[test]
    fn rdata_never_reads_past_its_length() {
        let full = [7u8; 40];
        for rtype in 0..=260u16 {
            let fixed: usize = layout(rtype)
                .iter()
                .map(|f| if let Field::Bytes(n) = f { *n } else { 0 })
                .sum();
            for end in 0..full.len() {
                let mut out = Vec::new();
                if expand(&full[..end], 0, end, rtype, &mut out) {
                    assert!(out.len() >= fixed && out.len() <= end + 256);
                }
            }
        }
        let mut out = Vec::new();
        assert!(expand(&[1, 2, 3, 4], 0, 4, rtype::A, &mut out));
        assert!(!expand(&[1, 2, 3, 4, 5], 0, 5, rtype::A, &mut out));
        assert!(!expand(&[1, 2, 3], 0, 3, rtype::A, &mut out));
        assert!(!expand(&[1, b'a', 0, 9], 0, 2, rtype::CNAME, &mut out));
    }
}
