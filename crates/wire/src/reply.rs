//! A reply read whole: its records as RRsets (RFC 2181 5), for those who judge what a server has said.
//!
//! Owners are in lower case, and so are names in data that a sender may compress: there they may have got the random letter
//! case of our own question. Work is bounded by the message's bytes, whatever its counts and names are.

use std::collections::{HashMap, HashSet};

use crate::edns::Edns;
use crate::message::{Message, MessageError};
use crate::name::Name;
use crate::{rdata, rtype};

/// Sets with more records than this are cleared of duplicates by hash.
const FEW: usize = 16;

/// What a server replied.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The header's flag word.
    pub flags: u16,
    /// With the bits of EDNS (RFC 6891 6.1.3).
    pub rcode: u16,
    /// QNAME in lower case.
    pub qname: Name,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS; records of other classes are left out.
    pub qclass: u16,
    /// Answer, authority, additional.
    pub sections: [Vec<Rrset>; 3],
    /// There is an OPT record.
    pub edns: bool,
    /// The cookie option's data (RFC 7873 4), where there is a sound one.
    pub cookie: Option<Vec<u8>>,
}

/// The records of one owner and type; signatures (RRSIG) by the type that they cover.
#[derive(Clone, Debug)]
pub struct Rrset {
    /// In lower case.
    pub owner: Name,
    /// Type.
    pub rtype: u16,
    /// The shortest of its records' (RFC 2181 5.2).
    pub ttl: u32,
    /// Uncompressed, each once, in the order of the message.
    pub rdatas: Vec<Vec<u8>>,
}

impl Reply {
    /// Reads a message. Every record has to be whole, and every rdata of its type's form.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let message = Message::parse(bytes)?;
        let mut reply = Self {
            flags: message.flags,
            rcode: message.rcode(),
            qname: message.qname.lower(),
            qtype: message.qtype,
            qclass: message.qclass,
            sections: Default::default(),
            edns: false,
            cookie: None,
        };
        let mut places = HashMap::new();
        for record in message.records() {
            let record = record?;
            if record.rtype == rtype::OPT {
                let options = bytes.get(record.rdata_start..record.rdata_end);
                reply.note_edns(record.class, record.opt_flags, options.unwrap_or_default());
                continue;
            }
            if record.class != message.qclass {
                continue;
            }
            let data = data(bytes, record.rtype, record.rdata_start, record.rdata_end).ok_or(MessageError::Record)?;
            let section = record.section as usize;
            let key = (
                section,
                record.owner.lower(),
                record.rtype,
                covered(record.rtype, &data),
            );
            reply.add(key, record.ttl, data, &mut places);
        }
        reply.sections.iter_mut().flatten().for_each(Rrset::clear_duplicates);
        Ok(reply)
    }

    fn note_edns(&mut self, class: u16, ttl: u32, options: &[u8]) {
        self.edns = true;
        self.rcode |= ((ttl >> 24) as u16) << 4;
        let cookie = Edns::new(class, ttl, options).and_then(|edns| edns.cookie);
        self.cookie = cookie.map(|cookie| [&cookie.client[..], cookie.server].concat());
    }

    fn add(&mut self, key: (usize, Name, u16, u16), ttl: u32, data: Vec<u8>, places: &mut HashMap<Place, usize>) {
        let (section, owner, rtype, covered) = key;
        let Some(sets) = self.sections.get_mut(section) else {
            return;
        };
        let place = (section, owner.as_wire().to_vec(), rtype, covered);
        let at = *places.entry(place).or_insert(sets.len());
        match sets.get_mut(at) {
            Some(set) => {
                set.ttl = set.ttl.min(ttl);
                set.rdatas.push(data);
            }
            None => sets.push(Rrset {
                owner,
                rtype,
                ttl,
                rdatas: vec![data],
            }),
        }
    }
}

/// Where a set is found: section, owner, type and type covered.
type Place = (usize, Vec<u8>, u16, u16);

impl Rrset {
    fn clear_duplicates(&mut self) {
        if self.rdatas.len() <= FEW {
            for at in (1..self.rdatas.len()).rev() {
                if self.rdatas[..at].contains(&self.rdatas[at]) {
                    self.rdatas.remove(at);
                }
            }
        } else {
            let mut seen = HashSet::with_capacity(self.rdatas.len());
            self.rdatas.retain(|data| seen.insert(data.clone()));
        }
    }
}

/// The type that a signature is for; 0 for all other records.
fn covered(rtype: u16, data: &[u8]) -> u16 {
    match data.first_chunk::<2>() {
        Some(bytes) if rtype == rtype::RRSIG => u16::from_be_bytes(*bytes),
        _ => 0,
    }
}

fn data(bytes: &[u8], rtype: u16, start: usize, end: usize) -> Option<Vec<u8>> {
    let mut data = Vec::with_capacity(end.saturating_sub(start));
    if !rdata::expand(bytes, start, end, rtype, &mut data) {
        return None;
    }
    if rdata::may_compress(rtype) {
        data = rdata::folded(rtype, &data).into_owned();
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x03WwW\x04TeSt\0\0\x01\0\x01";

    fn message(counts: [u8; 3], records: &[&[u8]]) -> Vec<u8> {
        let head = [0, 7, 0x84, 3, 0, 1, 0, counts[0], 0, counts[1], 0, counts[2]];
        [&head[..], QUESTION, &records.concat()].concat()
    }

    /// RFC 2181 5: records of one owner and type are a set with one TTL and no duplicates.
    #[test]
    fn records_become_sets() {
        let a = |ttl: u8, last: u8| [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, last];
        let other = b"\x01x\0\0\x01\0\x01\0\0\0\x09\0\x04\xC0\0\x02\x09";
        let reply = Reply::read(&message([4, 0, 0], &[&a(60, 1), other, &a(50, 2), &a(70, 1)])).unwrap();
        let [answer, ..] = &reply.sections;
        assert_eq!(answer.len(), 2);
        assert_eq!(
            (answer[0].owner.as_wire(), answer[0].ttl),
            (&b"\x03www\x04test\0"[..], 50)
        );
        assert_eq!(answer[0].rdatas, [vec![192, 0, 2, 1], vec![192, 0, 2, 2]]);
        assert_eq!((reply.rcode, reply.edns, reply.cookie), (3, false, None));
    }

    /// The random letter case of a question comes back by way of compression, and is not what the zone says.
    #[test]
    fn compressed_names_lose_the_case_of_the_question() {
        let cname = b"\xC0\x0C\0\x05\0\x01\0\0\0\x09\0\x04\x01N\xC0\x10";
        let reply = Reply::read(&message([1, 0, 0], &[cname])).unwrap();
        assert_eq!(reply.sections[0][0].rdatas, [b"\x01n\x04test\0".to_vec()]);
    }

    #[test]
    fn signatures_are_sets_by_what_they_cover() {
        let mut sig = b"\xC0\x0C\0\x2E\0\x01\0\0\0\x09\0\x14".to_vec();
        sig.extend_from_slice(&[0; 20]);
        let mut other = sig.clone();
        other[13] = 1;
        let reply = Reply::read(&message([2, 0, 0], &[&sig, &other])).unwrap();
        assert_eq!(reply.sections[0].len(), 2);
    }

    /// RFC 6891 6.1.3: the upper bits of the rcode; RFC 7873 4: the cookie.
    #[test]
    fn what_edns_says() {
        let opt = b"\0\0\x29\x04\xD0\x01\0\0\0\0\x14\0\x0A\0\x10cccccccctttttttt";
        let reply = Reply::read(&message([0, 0, 1], &[opt])).unwrap();
        assert_eq!((reply.rcode, reply.edns), (19, true));
        assert_eq!(reply.cookie.as_deref(), Some(&b"cccccccctttttttt"[..]));
        assert!(reply.sections[2].is_empty());
    }

    #[test]
    fn many_records_stay_quick_and_each_is_there_once() {
        let record = |n: u16| {
            let [high, low] = n.to_be_bytes();
            [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, high, low]
        };
        let records: Vec<[u8; 16]> = (0..100).chain(0..100).map(record).collect();
        let parts: Vec<&[u8]> = records.iter().map(|r| &r[..]).collect();
        let reply = Reply::read(&message([200, 0, 0], &parts)).unwrap();
        assert_eq!(reply.sections[0][0].rdatas.len(), 100);
    }

    /// Whatever is cut off or does not have its type's form makes the whole reply none.
    #[test]
    fn broken_replies() {
        let whole = message([1, 0, 0], &[b"\xC0\x0C\0\x01\0\x01\0\0\0\x09\0\x04\xC0\0\x02\x01"]);
        assert!(Reply::read(&whole).is_ok());
        for end in 0..whole.len() {
            assert!(Reply::read(&whole[..end]).is_err(), "{end}");
        }
        let short = message([1, 0, 0], &[b"\xC0\x0C\0\x01\0\x01\0\0\0\x09\0\x03\xC0\0\x02"]);
        assert!(Reply::read(&short).is_err());
    }
}
