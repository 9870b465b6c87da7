//! From an upstream's reply to what is cached: only what answers the question, checked, in a message of our own.
//!
//! Kept are the chain of CNAMEs from the question's name and what stands at its end, the SOA of a negative answer (RFC 2308
//! 5), and with DO the signatures and proofs. Everything else (NS, glue, other names) is left out: nobody asked for it.

use std::cell::RefCell;

use resolute_wire::code::{class, flag, rcode};
use resolute_wire::compose::{Composer, Head, Known, Owner, Section};
use resolute_wire::edns::Ede;
use resolute_wire::message::{Message, Record};
use resolute_wire::name::{self, Name};
use resolute_wire::{rdata, rtype};

use super::entry::{self, Entry, Key, Parts};
use crate::settings::Settings;

/// Longest message.
const MESSAGE: usize = 65_535;

thread_local! {
    /// Where a message is put together before it is copied into its entry.
    static SCRATCH: RefCell<(Box<[u8]>, Known)> = RefCell::new((vec![0; MESSAGE].into_boxed_slice(), Known::new()));
}

/// CNAME steps kept of one reply.
const MAX_CHAIN: usize = 16;

/// A reply that does not parse, or that answers another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Makes the cache entry for the answer `reply` to the question of `key` and `qname`.
pub fn settle(reply: &Message<'_>, qname: &Name, key: Key, settings: &Settings, now: u32) -> Result<Entry, Broken> {
    if reply.qname != *qname
        || reply.qtype != key.qtype
        || reply.qclass != key.qclass
        || reply.flags & flag::QR == 0
        || !is_answer(reply.extended_rcode())
    {
        return Err(Broken);
    }
    let records: Vec<Record> = reply.records().collect::<Result<_, _>>().map_err(|_| Broken)?;
    let mut settler = Settler {
        reply,
        key,
        settings,
        ttl: u32::MAX,
        rdata: Vec::new(),
    };
    let question = [
        qname.lower().as_wire(),
        &key.qtype.to_be_bytes(),
        &key.qclass.to_be_bytes(),
    ]
    .concat();
    let chain = settler.chain(&records, qname)?;
    SCRATCH.with_borrow_mut(|(buf, known)| {
        let mut composer = Composer::new(buf, known, MESSAGE, &question, None);
        let found = settler.answer(&records, &chain, &mut composer)?;
        let soa = settler.authority(&records, chain.last().unwrap_or(qname), found, &mut composer)?;
        if !found && !soa {
            settler.ttl = 0; // RFC 2308 5: a negative answer without a SOA is not cached
        }
        let len = composer.finish(0, flag::QR, reply.rcode(), None);
        Ok(finish(&buf[..len], key, settler.ttl, settings, now))
    })
}

/// Makes the cache entry for a failure (RFC 9520).
pub fn failure(qname: &Name, key: Key, rcode: u16, ede: Ede<'_>, ttl: u32, now: u32) -> Entry {
    let mut buf = [0; 512];
    let mut known = Known::new();
    let question = [
        qname.lower().as_wire(),
        &key.qtype.to_be_bytes(),
        &key.qclass.to_be_bytes(),
    ]
    .concat();
    let composer = Composer::new(&mut buf, &mut known, 512, &question, None);
    let len = composer.finish(0, flag::QR, rcode, None);
    entry::make(
        &Parts {
            key,
            message: &buf[..len],
            ttls: &[],
            ttl,
            stale_for: 0,
            ede: Some(ede),
        },
        now,
    )
}

fn finish(message: &[u8], key: Key, ttl: u32, settings: &Settings, now: u32) -> Entry {
    let own = Message::parse(message).map(|own| own.records());
    let ttls: Vec<u16> = own
        .into_iter()
        .flatten()
        .flatten()
        .map(|record| record.ttl_at as u16)
        .collect();
    let stale_for = if ttl == 0 { 0 } else { settings.stale_for_s };
    entry::make(
        &Parts {
            key,
            message,
            ttls: &ttls,
            ttl,
            stale_for,
            ede: None,
        },
        now,
    )
}

struct Settler<'a> {
    reply: &'a Message<'a>,
    key: Key,
    settings: &'a Settings,
    ttl: u32,
    rdata: Vec<u8>,
}

impl Settler<'_> {
    /// The names from the question along the CNAMEs.
    fn chain(&self, records: &[Record], qname: &Name) -> Result<Vec<Name>, Broken> {
        let mut chain = vec![*qname];
        if matches!(self.key.qtype, rtype::CNAME | rtype::ANY) {
            return Ok(chain);
        }
        for _ in 0..MAX_CHAIN {
            let last = chain[chain.len() - 1];
            let cname = answers(records).find(|record| record.rtype == rtype::CNAME && record.owner == last);
            let Some(cname) = cname else { break };
            let (target, _) = Name::parse(self.reply.bytes, cname.rdata_start).map_err(|_| Broken)?;
            if chain.contains(&target) {
                break;
            }
            chain.push(target);
        }
        Ok(chain)
    }

    /// Writes the answer section in the order of the chain; whether its end has records of the type asked.
    fn answer(&mut self, records: &[Record], chain: &[Name], composer: &mut Composer<'_>) -> Result<bool, Broken> {
        let (mut found, mut any) = (false, false);
        for (step, owner) in chain.iter().enumerate() {
            for record in answers(records) {
                any = true;
                let dname = record.rtype == rtype::DNAME
                    && step + 1 < chain.len()
                    && record.owner != *owner
                    && name::is_at_or_below(owner.as_wire(), record.owner.as_wire());
                if dname {
                    self.write(record, Section::Answer, composer)?;
                } else if record.owner == *owner && self.wanted(record.rtype) {
                    found |= record.rtype == self.key.qtype || self.key.qtype == rtype::ANY;
                    self.write(record, Section::Answer, composer)?;
                }
            }
        }
        // Records that have nothing to do with the question: no answer at all.
        if any && composer.count(Section::Answer) == 0 {
            Err(Broken)
        } else {
            Ok(found)
        }
    }

    /// Writes the authority section: for a negative answer the SOA of a zone that the name is in; with DO the proofs. Whether
    /// there was a SOA.
    fn authority(
        &mut self,
        records: &[Record],
        last: &Name,
        found: bool,
        composer: &mut Composer<'_>,
    ) -> Result<bool, Broken> {
        let mut soa_found = false;
        for record in records.iter().filter(|record| record.section == Section::Authority) {
            let soa = record.rtype == rtype::SOA && name::is_at_or_below(last.as_wire(), record.owner.as_wire());
            let proof = matches!(record.rtype, rtype::RRSIG | rtype::NSEC | rtype::NSEC3) && self.key.dnssec_ok;
            soa_found |= soa;
            if (soa && !found) || proof {
                self.write(record, Section::Authority, composer)?;
            }
        }
        Ok(soa_found)
    }

    fn wanted(&self, rtype: u16) -> bool {
        rtype == self.key.qtype
            || self.key.qtype == rtype::ANY
            || rtype == rtype::CNAME
            || (rtype == rtype::RRSIG && self.key.dnssec_ok)
    }

    fn write(&mut self, record: &Record, section: Section, composer: &mut Composer<'_>) -> Result<(), Broken> {
        if record.class != class::IN && record.class != self.key.qclass {
            return Err(Broken);
        }
        self.rdata.clear();
        let (start, end) = (record.rdata_start, record.rdata_end);
        if !rdata::expand(self.reply.bytes, start, end, record.rtype, &mut self.rdata) {
            return Err(Broken);
        }
        let ttl = self.clamp(record);
        self.ttl = self.ttl.min(ttl);
        let head = Head {
            rtype: record.rtype,
            class: record.class,
            ttl,
        };
        let owner = if record.owner == self.reply.qname {
            Owner::Question
        } else {
            Owner::Name(record.owner.as_wire())
        };
        if composer.record(section, owner, head, &self.rdata) {
            Ok(())
        } else {
            Err(Broken)
        }
    }

    /// A record's TTL within the settings' bounds; a SOA's is the negative TTL (RFC 2308 5).
    fn clamp(&self, record: &Record) -> u32 {
        let settings = self.settings;
        let negative = record.section == Section::Authority;
        let minimum = self
            .rdata
            .last_chunk::<4>()
            .filter(|_| record.rtype == rtype::SOA && negative);
        let ttl = minimum.map_or(record.ttl, |minimum| record.ttl.min(u32::from_be_bytes(*minimum)));
        let most = if negative {
            settings.max_negative_ttl_s
        } else {
            settings.max_ttl_s
        };
        ttl.max(settings.min_ttl_s).min(most)
    }
}

fn answers(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.section == Section::Answer)
}

/// Whether a reply's rcode is an answer (and not a sign that somebody else should be asked).
pub fn is_answer(rcode: u16) -> bool {
    matches!(rcode, rcode::NOERROR | rcode::NXDOMAIN)
}
