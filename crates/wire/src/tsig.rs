//! TSIG on the wire (RFC 8945 4.2): the record on a query, and the unsigned error that answers it.
//!
//! Nothing here checks a MAC. Whoever has no key for a TSIG must not act on the message: the answer is [`Tsig::refuse`].

use crate::code::class;
use crate::name::{HEADER, Name};
use crate::rtype;

/// The key or the algorithm is not known (RFC 8945 3).
pub const BADKEY: u16 = 17;

/// A TSIG record as it came. It proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tsig<'a> {
    /// The key's name.
    pub key: Name,
    /// The algorithm's name, uncompressed.
    pub algorithm: &'a [u8],
    /// Time signed (48 bits) and fudge (16), as they stand there.
    pub times: &'a [u8],
    /// The MAC, of any length.
    pub mac: &'a [u8],
    /// The message's ID when it was signed.
    pub original_id: u16,
}

impl<'a> Tsig<'a> {
    /// Reads the record at `at`. None: it is not of the form of 4.2, so the message is a format error (5.2).
    pub fn parse(message: &'a [u8], at: usize) -> Option<Self> {
        let (key, end) = Name::parse(message, at).ok()?;
        let fixed = message.get(end..end + 10)?;
        let rdata = message.get(end + 10..)?;
        let rdata = rdata.get(..usize::from(u16::from_be_bytes([fixed[8], fixed[9]])))?;
        if fixed[..4] != head(class::ANY)[..] {
            return None;
        }
        let (algorithm, rest) = rdata.split_at_checked(Name::skip(rdata, 0).ok()?)?;
        Name::from_wire(algorithm).ok()?;
        let (times, rest) = rest.split_at_checked(8)?;
        let (mac, rest) = split_sized(rest)?;
        let (id_and_error, rest) = rest.split_at_checked(4)?;
        let (_other, rest) = split_sized(rest)?;
        rest.is_empty().then_some(Self {
            key,
            algorithm,
            times,
            mac,
            original_id: u16::from_be_bytes([id_and_error[0], id_and_error[1]]),
        })
    }

    /// Puts the unsigned error (5.3.2: no MAC, the times of the query) behind the `len` bytes of a finished reply in `room`;
    /// gives the new length, or None when there is no place for it.
    pub fn refuse(&self, room: &mut [u8], len: usize, error: u16) -> Option<usize> {
        let rdata_len = self.algorithm.len() + self.times.len() + 8;
        let parts: [&[u8]; 10] = [
            self.key.as_wire(),
            &head(class::ANY),
            &[0; 4], // TTL
            &(rdata_len as u16).to_be_bytes(),
            self.algorithm,
            self.times,
            &[0; 2], // MAC size
            &self.original_id.to_be_bytes(),
            &error.to_be_bytes(),
            &[0; 2], // other len
        ];
        let end = len + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut rest = room.get_mut(len..end)?;
        for part in parts {
            rest.split_off_mut(..part.len())?.copy_from_slice(part);
        }
        let count = room.get_mut(HEADER - 2..HEADER)?;
        let additionals = u16::from_be_bytes([count[0], count[1]]).checked_add(1)?;
        count.copy_from_slice(&additionals.to_be_bytes());
        Some(end)
    }
}

/// Type and class.
fn head(class: u16) -> [u8; 4] {
    let ([t0, t1], [c0, c1]) = (rtype::TSIG.to_be_bytes(), class.to_be_bytes());
    [t0, t1, c0, c1]
}

/// Bytes after their length in two bytes, and what follows them.
fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve bytes of header, and the record behind them.
    fn message(record: &[u8]) -> Vec<u8> {
        [&[0; HEADER], record].concat()
    }

    fn record(mac: usize) -> Vec<u8> {
        let rdata = [
            b"\x0bhmac-sha256\0\0\0\x65\x53\xf1\0\x01\x2c\0",
            &[mac as u8][..],
            &vec![b'm'; mac],
            b"\x12\x34\0\0\0\0",
        ]
        .concat();
        [b"\x03key\0\0\xfa\0\xff\0\0\0\0\0", &[rdata.len() as u8][..], &rdata].concat()
    }

    #[test]
    fn every_length_of_a_mac_and_every_cut() {
        for length in 0..=64 {
            let whole = message(&record(length));
            let tsig = Tsig::parse(&whole, HEADER).unwrap();
            assert_eq!((tsig.mac.len(), tsig.original_id), (length, 0x1234));
            assert_eq!(tsig.algorithm, b"\x0bhmac-sha256\0");
            for cut in HEADER..whole.len() {
                assert_eq!(Tsig::parse(&whole[..cut], HEADER), None, "{length} {cut}");
            }
        }
    }

    /// RFC 8945 4.2: the class is ANY, the algorithm's name is not compressed, and nothing follows the other data.
    #[test]
    fn what_is_not_of_the_form() {
        let sound = record(16);
        let with = |at: usize, value: u8| {
            let mut record = sound.clone();
            record[at] = value;
            message(&record)
        };
        assert!(Tsig::parse(&with(0, 3), HEADER).is_some());
        for (at, value) in [(8, 1), (14, sound[14] - 1), (15, 0xC0), (15, 0x40)] {
            assert_eq!(Tsig::parse(&with(at, value), HEADER), None, "{at}");
        }
        let longer = [&with(14, sound[14] + 1)[..], b"x"].concat();
        assert_eq!(Tsig::parse(&longer, HEADER), None);
    }

    /// RFC 8945 5.3.2: the error is unsigned; the names and times are the query's. As BIND and Knot write it.
    #[test]
    fn the_error_is_unsigned() {
        let query = message(&record(32));
        let tsig = Tsig::parse(&query, HEADER).unwrap();
        let mut room = [0; 128];
        let len = tsig.refuse(&mut room, HEADER, BADKEY).unwrap();
        let expected =
            b"\x03key\0\0\xfa\0\xff\0\0\0\0\0\x1d\x0bhmac-sha256\0\0\0\x65\x53\xf1\0\x01\x2c\0\0\x12\x34\0\x11\0\0";
        assert_eq!(&room[HEADER..len], expected);
        assert_eq!(room[10..12], [0, 1]);
        assert_eq!(tsig.refuse(&mut room[..len - 1], HEADER, BADKEY), None);
    }
}
