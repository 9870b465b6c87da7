//! Answers from overlays and zones: RFC 1034 4.3.2 with CNAME and DNAME followed as far as the data is ours.

use resolute_wire::code::{class, rcode};
use resolute_wire::compose::{Composer, Head, Owner, Rrset, Section};
use resolute_wire::name::{self, Name};
use resolute_wire::{rdata, rtype};

use super::image::Image;
use super::lookup::{Found, lookup};
use super::tree::Node;
use crate::explain::Recorder;
use crate::hash::{self, Path};
use crate::snapshot::Snapshot;

/// Steps of CNAME and DNAME within our data; then the answer ends with what has been found.
const MAX_CHAIN: usize = 16;
/// Names whose addresses are added to an answer: more cost work, and help nobody.
const MAX_ADDITIONAL: usize = 13;

/// What our data says to a question.
pub enum Zoned {
    /// Everything: the reply is written but for its header.
    Done(Said),
    /// The name asked is not in our data.
    NotOurs,
    /// Our data leads by CNAME or DNAME (which are written) to a name that is not in it.
    Outside(Name, Said),
}

/// What goes into the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The rcode: that of the last name in the chain (RFC 6604 2).
    pub rcode: u16,
    /// AA: that of the first name in the answer (RFC 1035 4.1.1).
    pub aa: bool,
    /// Answered by an overlay.
    pub overlay: bool,
}

/// A question on its way through our data.
pub struct Asked<'a> {
    /// What is published.
    pub snapshot: &'a Snapshot,
    /// The client's view.
    pub view: u16,
    /// QTYPE.
    pub qtype: u16,
    /// Names outside our zones can be resolved for this client; else a chain ends with the referral that we have.
    pub recursion: bool,
}

/// What is known of the chain so far.
struct Chain<'a> {
    said: Said,
    /// Owners of the DNAMEs that have been written.
    substituted: Vec<&'a [u8]>,
}

/// Where a step of the chain leads.
enum Next {
    Done(u16),
    Follow(Name),
    Outside,
}

impl<'a> Asked<'a> {
    /// Writes the answer to the question for `path`'s name.
    pub fn respond(&self, path: &Path<'_>, composer: &mut Composer<'_>, recorder: &mut impl Recorder) -> Zoned {
        let said = Said {
            rcode: rcode::NOERROR,
            aa: false,
            overlay: false,
        };
        let mut chain = Chain {
            said,
            substituted: Vec::new(),
        };
        let mut next = match self.step(path, Owner::Question, &mut chain, composer, recorder) {
            Some(next) => next,
            None => return Zoned::NotOurs,
        };
        let first = chain.said;
        let mut followed = [path.hash(0); MAX_CHAIN + 1];
        for step in 1..=MAX_CHAIN {
            let target = match next {
                Next::Done(rcode) => return Zoned::Done(Said { rcode, ..first }),
                Next::Follow(target) => target,
                Next::Outside => return Zoned::Done(first),
            };
            if composer.truncated {
                return Zoned::Done(first);
            }
            let lower = target.lower();
            let path = Path::of(lower.as_wire());
            // RFC 2181 5: a record is in an answer once; a chain that comes back to a name has nothing new to say.
            if followed[..step].contains(&path.hash(0)) {
                recorder.step("zones", || format!("the chain comes back to {target}: it ends here"));
                return Zoned::Done(first);
            }
            followed[step] = path.hash(0);
            next = match self.step(&path, Owner::Name(target.as_wire()), &mut chain, composer, recorder) {
                None | Some(Next::Outside) => return Zoned::Outside(lower, first),
                Some(next) => next,
            };
        }
        recorder.step("zones", || {
            format!("the chain of CNAMEs goes on after {MAX_CHAIN} steps: cut here")
        });
        Zoned::Done(first)
    }

    /// One name of the chain; None when it is not in our data.
    fn step(
        &self,
        path: &Path<'_>,
        owner: Owner<'_>,
        chain: &mut Chain<'a>,
        composer: &mut Composer<'_>,
        recorder: &mut impl Recorder,
    ) -> Option<Next> {
        for overlay in self.snapshot.overlays(self.view) {
            if let Some(node) = overlay.tree.find(path.hash(0), &[], path.suffix(0)) {
                recorder.step("overlay", || format!("{} has {}", overlay.label, name::text(node.name)));
                chain.said = Said {
                    rcode: rcode::NOERROR,
                    aa: false,
                    overlay: true,
                };
                return Some(self.data(None, node, owner, composer));
            }
        }
        let zone = self.zone(path)?;
        let first = matches!(owner, Owner::Question);
        chain.said = Said {
            rcode: rcode::NOERROR,
            aa: true,
            overlay: false,
        };
        let found = lookup(zone, path, self.qtype == rtype::DS);
        recorder.step("zones", || describe(zone, &found));
        Some(match found {
            Found::Exact(node) | Found::Wildcard(node) => self.data(Some(zone), node, owner, composer),
            Found::Nothing => {
                negative(zone, composer);
                Next::Done(rcode::NXDOMAIN)
            }
            Found::Dname(node) => self.substitute(path, node, owner, chain, composer),
            Found::Cut(_) if !first && self.recursion => Next::Outside,
            Found::Cut(node) => {
                chain.said.aa = false;
                refer(zone, node, composer);
                Next::Done(rcode::NOERROR)
            }
        })
    }

    /// The zone to answer from: the longest match, but the parent's for DS at an apex whose parent is ours too.
    fn zone(&self, path: &Path<'_>) -> Option<&'a Image> {
        let zone = self.snapshot.zone(self.view, path, usize::MAX)?;
        if self.qtype == rtype::DS && zone.labels == path.labels() && zone.labels > 0 {
            return Some(self.snapshot.zone(self.view, path, zone.labels - 1).unwrap_or(zone));
        }
        Some(zone)
    }

    /// An existing name: its RRset, its CNAME, or NODATA. `zone`: None for an overlay, which has no SOA to show.
    fn data(&self, zone: Option<&Image>, node: Node<'_>, owner: Owner<'_>, composer: &mut Composer<'_>) -> Next {
        if self.qtype == rtype::ANY {
            // RFC 8482 4.1: one RRset, the smallest.
            if let Some(rrset) = node
                .rrsets()
                .min_by_key(|rrset| (rrset.rtype == rtype::RRSIG, rrset.records.len()))
            {
                put(Section::Answer, owner, rrset, composer);
                return Next::Done(rcode::NOERROR);
            }
        } else if let Some(rrset) = node.get(self.qtype) {
            if put(Section::Answer, owner, rrset, composer)
                && let Some(zone) = zone
            {
                add_addresses(zone, rrset, composer);
            }
            return Next::Done(rcode::NOERROR);
        } else if let Some(cname) = node.get(rtype::CNAME).filter(|_| !stands_beside_cname(self.qtype)) {
            put(Section::Answer, owner, cname, composer);
            let target = cname.iter().next().and_then(|(_, rdata)| Name::from_wire(rdata).ok());
            return target.map_or(Next::Done(rcode::SERVFAIL), Next::Follow);
        }
        if let Some(zone) = zone {
            negative(zone, composer);
        }
        Next::Done(rcode::NOERROR)
    }

    /// RFC 6672 3.2: the DNAME, a CNAME made from it (with its TTL), and on to the new name.
    fn substitute(
        &self,
        path: &Path<'_>,
        node: Node<'a>,
        owner: Owner<'_>,
        chain: &mut Chain<'a>,
        composer: &mut Composer<'_>,
    ) -> Next {
        let Some(dname) = node.get(rtype::DNAME) else {
            return Next::Done(rcode::SERVFAIL);
        };
        let Some((ttl, target)) = dname.iter().next() else {
            return Next::Done(rcode::SERVFAIL);
        };
        // RFC 2181 5: once, however often the chain comes by.
        if chain.substituted.contains(&node.name) {
            // It has been written.
        } else if put(Section::Answer, Owner::Name(node.name), dname, composer) {
            chain.substituted.push(node.name);
        } else {
            return Next::Done(rcode::NOERROR);
        }
        let asked = match owner {
            Owner::Question => path.suffix(0),
            Owner::Name(name) => name,
        };
        let Some(front) = asked.get(..asked.len() - node.name.len()) else {
            return Next::Done(rcode::SERVFAIL);
        };
        // RFC 6672 2.2: a name that grows too long is YXDOMAIN.
        let Ok(new) = Name::from_wire(&[front, target].concat()) else {
            return Next::Done(rcode::YXDOMAIN);
        };
        let head = Head {
            rtype: rtype::CNAME,
            class: class::IN,
            ttl,
        };
        if !composer.record(Section::Answer, owner, head, new.as_wire()) {
            composer.truncated = true;
        }
        if matches!(self.qtype, rtype::CNAME | rtype::ANY) {
            Next::Done(rcode::NOERROR)
        } else {
            Next::Follow(new)
        }
    }
}

/// Types that are answered from a CNAME's own name: it, and what signs it (RFC 2181 10.1, RFC 4035 2.5).
fn stands_beside_cname(qtype: u16) -> bool {
    matches!(qtype, rtype::CNAME | rtype::RRSIG | rtype::NSEC | rtype::KEY)
}

/// Adds an RRset that the client has to see whole: what does not fit truncates the reply.
fn put(section: Section, owner: Owner<'_>, rrset: Rrset<'_>, composer: &mut Composer<'_>) -> bool {
    let fits = composer.rrset(section, owner, rrset);
    composer.truncated |= !fits;
    fits
}

/// RFC 2308 2: the SOA in the authority section.
fn negative(zone: &Image, composer: &mut Composer<'_>) {
    put(
        Section::Authority,
        Owner::Name(zone.origin.as_wire()),
        zone.soa.negative(),
        composer,
    );
}

/// A referral: the cut's NS and the addresses of those below the cut, which nobody else can give (RFC 9471).
fn refer(zone: &Image, cut: Node<'_>, composer: &mut Composer<'_>) {
    let Some(ns) = cut.get(rtype::NS) else { return };
    if !put(Section::Authority, Owner::Name(cut.name), ns, composer) {
        return;
    }
    let below = |server: &[u8]| name::is_at_or_below(server, cut.name);
    for (_, server) in ns.iter().filter(|(_, server)| below(server)) {
        composer.truncated |= !add_address(zone, server, composer);
    }
    for (_, server) in ns.iter().filter(|(_, server)| !below(server)).take(MAX_ADDITIONAL) {
        add_address(zone, server, composer);
    }
}

/// RFC 1034 4.3.2 step 6, RFC 2782, RFC 9460 4.1: the addresses of names in the answer, as far as the zone has them.
fn add_addresses(zone: &Image, rrset: Rrset<'_>, composer: &mut Composer<'_>) {
    if !matches!(
        rrset.rtype,
        rtype::NS | rtype::MX | rtype::SRV | rtype::SVCB | rtype::HTTPS
    ) {
        return;
    }
    for (_, rdata) in rrset.iter().take(MAX_ADDITIONAL) {
        if let Some(target) = rdata::target(rrset.rtype, rdata) {
            add_address(zone, target, composer);
        }
    }
}

/// False when the zone has addresses that do not fit.
fn add_address(zone: &Image, target: &[u8], composer: &mut Composer<'_>) -> bool {
    let Ok(target) = Name::from_wire(target) else {
        return true;
    };
    let lower = target.lower();
    let Some(node) = zone.tree.find(hash::of_name(lower.as_wire()), &[], lower.as_wire()) else {
        return true;
    };
    let mut fit = true;
    for rtype in [rtype::A, rtype::AAAA] {
        if let Some(rrset) = node.get(rtype) {
            fit &= composer.rrset(Section::Additional, Owner::Name(target.as_wire()), rrset);
        }
    }
    fit
}

fn describe(zone: &Image, found: &Found<'_>) -> String {
    let origin = zone.origin;
    let place = match found {
        Found::Exact(node) if node.rrset_count() == 0 => format!("{} is an empty non-terminal", name::text(node.name)),
        Found::Exact(node) => format!("{} exists", name::text(node.name)),
        Found::Wildcard(node) => format!("no such name; {} stands in for it", name::text(node.name)),
        Found::Cut(node) => format!("{} is delegated: referral", name::text(node.name)),
        Found::Dname(node) => format!("the DNAME at {} applies", name::text(node.name)),
        Found::Nothing => "no such name, and no wildcard".into(),
    };
    format!("zone {origin} serial {}: {place}", zone.soa.serial)
}
