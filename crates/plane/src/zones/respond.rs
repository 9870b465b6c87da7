//! Answers from overlays and zones: RFC 1034 4.3.2 with CNAME and DNAME followed as far as the data is ours; signed ones for
//! clients that ask for signatures (RFC 4035 3.1).

use std::cell::Cell;

use resolute_wire::code::{class, rcode};
use resolute_wire::compose::{Composer, Head, Owner, Rrset, Section};
use resolute_wire::name::{self, Name};
use resolute_wire::{rdata, rtype};

use super::image::Image;
use super::lookup::{Found, lookup};
use super::proofs::Prover;
use super::servers::Servers;
use super::tree::Node;
use crate::explain::Recorder;
use crate::hash::{self, Path};
use crate::snapshot::{Route, Snapshot};
use crate::suffixes::Apex;

/// Steps of CNAME and DNAME within our data; then the answer ends with what has been found.
const MAX_CHAIN: usize = 16;
/// Names whose addresses are added to an answer: more cost work, and help nobody.
pub(super) const MAX_ADDITIONAL: usize = 13;

/// RRsets of a name that are compared for an answer to ANY.
const MOST_COMPARED: usize = 32;

/// What our data says to a question.
pub enum Zoned<'a> {
    /// Everything: the reply is written but for its header.
    Done(Said),
    /// The name asked is not in our data.
    NotOurs,
    /// Our data leads by CNAME or DNAME (which are written) to a name that is not in it.
    Outside(Name, Said, Prover<'a>),
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
    /// DO: the client asks for signatures and proofs.
    pub dnssec_ok: bool,
    /// Names outside our zones can be resolved for this client; else a chain ends with the referral that we have.
    pub recursion: bool,
    /// Hash of the name that the answer is accounted under by the rate limit: the name asked, unless the zone says otherwise.
    pub accounted: Cell<u64>,
}

/// What is known of the chain so far.
struct Chain<'a> {
    said: Said,
    /// Owners of the DNAMEs that have been written.
    substituted: Vec<&'a [u8]>,
    /// What is proven besides.
    prover: Prover<'a>,
}

/// A node that answers for a name.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Its zone; None for an overlay.
    zone: Option<&'a Image>,
    node: Node<'a>,
    /// It is a wildcard that stands in for a name whose closest encloser lacks so many labels.
    encloser: Option<usize>,
}

/// Where a step of the chain leads.
enum Next {
    Done(u16),
    Follow(Name),
    Outside,
}

/// Where a chain ends.
enum End {
    Here(u16),
    Outside(Name),
}

impl<'a> Asked<'a> {
    /// Writes the answer to the question for `path`'s name.
    pub fn respond(&self, path: &Path<'_>, composer: &mut Composer<'_>, recorder: &mut impl Recorder) -> Zoned<'a> {
        let said = Said {
            rcode: rcode::NOERROR,
            aa: false,
            overlay: false,
        };
        let mut chain = Chain {
            said,
            substituted: Vec::new(),
            prover: Prover::new(self.dnssec_ok),
        };
        let Some(next) = self.step(path, Owner::Question, &mut chain, composer, recorder) else {
            return Zoned::NotOurs;
        };
        let first = chain.said;
        match self.follow(next, path.hash(0), &mut chain, composer, recorder) {
            End::Here(rcode) => {
                chain.prover.write(composer);
                Zoned::Done(Said { rcode, ..first })
            }
            End::Outside(target) => Zoned::Outside(target, first, chain.prover),
        }
    }

    /// Follows the chain that begins after the name with this hash.
    fn follow(
        &self,
        mut next: Next,
        first: u64,
        chain: &mut Chain<'a>,
        composer: &mut Composer<'_>,
        recorder: &mut impl Recorder,
    ) -> End {
        let mut followed = [first; MAX_CHAIN + 1];
        for step in 1..=MAX_CHAIN {
            let target = match next {
                Next::Done(rcode) => return End::Here(rcode),
                Next::Follow(target) => target,
                Next::Outside => return End::Here(rcode::NOERROR),
            };
            if composer.truncated {
                return End::Here(rcode::NOERROR);
            }
            let lower = target.lower();
            let path = Path::of(lower.as_wire());
            // RFC 2181 5: a record is in an answer once; a chain that comes back to a name has nothing new to say.
            if followed[..step].contains(&path.hash(0)) {
                recorder.step("zones", || format!("the chain comes back to {target}: it ends here"));
                return End::Here(rcode::NOERROR);
            }
            followed[step] = path.hash(0);
            next = match self.step(&path, Owner::Name(target.as_wire()), chain, composer, recorder) {
                None | Some(Next::Outside) => return End::Outside(lower),
                Some(next) => next,
            };
        }
        if let Next::Done(rcode) = next {
            return End::Here(rcode);
        }
        recorder.step("zones", || {
            format!("the chain of CNAMEs goes on after {MAX_CHAIN} steps: cut here")
        });
        End::Here(rcode::NOERROR)
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
                let place = Place {
                    zone: None,
                    node,
                    encloser: None,
                };
                return Some(self.data(place, path, owner, chain, composer));
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
        if first {
            self.accounted.set(account(zone, path, &found));
        }
        recorder.step("zones", || describe(zone, &found));
        Some(match found {
            Found::Exact(node) => {
                let place = Place {
                    zone: Some(zone),
                    node,
                    encloser: None,
                };
                self.data(place, path, owner, chain, composer)
            }
            Found::Wildcard(node, encloser) => {
                let place = Place {
                    zone: Some(zone),
                    node,
                    encloser: Some(encloser),
                };
                self.data(place, path, owner, chain, composer)
            }
            Found::Nothing(encloser) => {
                negative(zone, &chain.prover, composer);
                chain.prover.no_name(zone, path, encloser);
                Next::Done(rcode::NXDOMAIN)
            }
            Found::Dname(node) => self.substitute(path, node, owner, chain, composer),
            Found::Cut(_) if !first && self.recursion => Next::Outside,
            Found::Cut(node) => {
                chain.said.aa = false;
                refer(zone, node, &mut chain.prover, composer);
                Next::Done(rcode::NOERROR)
            }
        })
    }

    /// The zone to answer from: the nearest one (RFC 1034 4.3.2 step 2), but for DS one above the name, if that is ours
    /// (RFC 4035 3.1.4.1). None where the nearest one is ours and could not be loaded: what is above it does not know its
    /// names. None too for DS of a zone of ours whose parent is not, if somebody may be asked for it.
    fn zone(&self, path: &Path<'_>) -> Option<&'a Image> {
        let most = deepest(path, self.qtype);
        let zone = match self.snapshot.zone(self.view, path, most) {
            None if most < path.labels() && !self.recursion => self.snapshot.zone(self.view, path, usize::MAX)?,
            found => found?,
        };
        let rules = &self.snapshot.rules;
        let nearer = |route: &Route| route.unserved && route.labels() > zone.labels;
        if rules.has_unserved && rules.routes.find(path, most).is_some_and(|route| nearer(route)) {
            return None;
        }
        Some(zone)
    }

    /// An existing name: its RRset, its CNAME, or NODATA; an overlay has no SOA to show.
    fn data(
        &self,
        place: Place<'a>,
        path: &Path<'_>,
        owner: Owner<'_>,
        chain: &mut Chain<'a>,
        composer: &mut Composer<'_>,
    ) -> Next {
        let node = place.node;
        if self.qtype == rtype::ANY {
            // RFC 8482 4.1: one RRset, the smallest.
            let small = |rrset: &Rrset<'_>| (belongs_to_dnssec(rrset.rtype), rrset.records.len());
            if let Some(rrset) = node.rrsets().take(MOST_COMPARED).min_by_key(small) {
                chain.put(place, path, owner, rrset, composer);
                return Next::Done(rcode::NOERROR);
            }
        } else if let Some(rrset) = node.get(self.qtype) {
            // RFC 2181 5: a DNAME that has led here stands in the answer already.
            let given = self.qtype == rtype::DNAME && chain.substituted.contains(&node.name);
            if given && place.encloser.is_none() {
                return Next::Done(rcode::NOERROR);
            }
            if chain.put(place, path, owner, rrset, composer)
                && let Some(zone) = place.zone
            {
                chain.prover.write(composer);
                let wanted = !self.snapshot.rules.settings.minimal;
                let servers = wanted.then(|| Servers::write(zone, rrset, &chain.prover, composer));
                add_addresses(zone, rrset, &chain.prover, composer);
                if let Some(servers) = servers.flatten() {
                    servers.write_addresses(path.suffix(0), rrset, &chain.prover, composer);
                }
            }
            return Next::Done(rcode::NOERROR);
        } else if let Some(cname) = node.get(rtype::CNAME).filter(|_| !stands_beside_cname(self.qtype)) {
            chain.put(place, path, owner, cname, composer);
            let target = cname.iter().next().and_then(|(_, rdata)| Name::from_wire(rdata).ok());
            return target.map_or(Next::Done(rcode::SERVFAIL), Next::Follow);
        }
        if let Some(zone) = place.zone {
            if matches!(owner, Owner::Question) {
                self.accounted.set(zone.hash);
            }
            negative(zone, &chain.prover, composer);
            match place.encloser {
                None => chain.prover.no_data(zone, path),
                Some(encloser) => chain.prover.expanded_no_data(zone, path, (node, encloser)),
            }
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
        } else if put(Section::Answer, Owner::Name(node.name), dname, composer)
            && chain
                .prover
                .sign(Section::Answer, Owner::Name(node.name), node, rtype::DNAME, composer)
        {
            chain.substituted.push(node.name);
        } else {
            composer.truncated = true;
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

impl<'a> Chain<'a> {
    /// Adds an RRset to the answer with its signatures and, where a wildcard has stood in, the proof that it may.
    fn put(
        &mut self,
        place: Place<'a>,
        path: &Path<'_>,
        owner: Owner<'_>,
        rrset: Rrset<'_>,
        composer: &mut Composer<'_>,
    ) -> bool {
        let fits = composer.rrset(Section::Answer, owner, rrset)
            && self
                .prover
                .sign(Section::Answer, owner, place.node, rrset.rtype, composer);
        composer.truncated |= !fits;
        if let (true, Some(zone), Some(encloser)) = (fits, place.zone, place.encloser) {
            self.prover.expanded(zone, path, encloser);
        }
        fits
    }
}

/// The hash under which a name's answer is accounted: all names that a wildcard answers for share one, and so do all names that
/// do not exist or are delegated, so that random names do not have accounts of their own.
fn account(zone: &Image, path: &Path<'_>, found: &Found<'_>) -> u64 {
    match found {
        Found::Exact(_) => path.hash(0),
        Found::Wildcard(_, encloser) => hash::child(path.hash(*encloser), b"*"),
        Found::Dname(_) | Found::Cut(_) | Found::Nothing(_) => zone.hash,
    }
}

/// Types that a client asks for by name, or gets beside others.
fn belongs_to_dnssec(rtype: u16) -> bool {
    matches!(rtype, rtype::RRSIG | rtype::NSEC | rtype::NSEC3)
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

/// How many labels the zone may have that knows of a name and type: DS belongs to the parent (RFC 4035 3.1.4.1).
pub fn deepest(path: &Path<'_>, qtype: u16) -> usize {
    match qtype {
        rtype::DS => path.labels().saturating_sub(1),
        _ => usize::MAX,
    }
}

/// RFC 2308 2: the SOA in the authority section.
fn negative(zone: &Image, prover: &Prover<'_>, composer: &mut Composer<'_>) {
    let owner = Owner::Name(zone.wire());
    let head = Head {
        rtype: rtype::SOA,
        class: class::IN,
        ttl: zone.soa.negative_ttl,
    };
    let soa = zone.apex_node().get(rtype::SOA).and_then(|rrset| rrset.iter().next());
    composer.truncated |= !soa.is_some_and(|(_, rdata)| composer.record(Section::Authority, owner, head, rdata));
    prover.sign_soa(zone, composer);
}

/// A referral: the cut's NS, its DS or the proof that it has none (RFC 4035 3.1.4), and the addresses of those below the cut,
/// which nobody else can give (RFC 9471).
fn refer<'a>(zone: &'a Image, cut: Node<'a>, prover: &mut Prover<'a>, composer: &mut Composer<'_>) {
    let Some(ns) = cut.get(rtype::NS) else { return };
    if !put(Section::Authority, Owner::Name(cut.name), ns, composer) {
        return;
    }
    prover.delegation(zone, cut);
    prover.write(composer);
    let below = |server: &[u8]| name::is_at_or_below(server, cut.name);
    for (_, server) in ns.iter().filter(|(_, server)| below(server)) {
        if !add_address(zone, server, None, prover, composer) {
            composer.truncated = true;
            return;
        }
    }
    for (_, server) in ns.iter().filter(|(_, server)| !below(server)).take(MAX_ADDITIONAL) {
        add_address(zone, server, None, prover, composer);
    }
}

/// RFC 1034 4.3.2 step 6, RFC 2782, RFC 9460 4.1: the addresses of names in the answer, as far as the zone has them.
fn add_addresses(zone: &Image, rrset: Rrset<'_>, prover: &Prover<'_>, composer: &mut Composer<'_>) {
    if !has_targets(rrset.rtype) {
        return;
    }
    let targets = || {
        let records = rrset.iter().take(MAX_ADDITIONAL);
        records.filter_map(|(_, rdata)| rdata::target(rrset.rtype, rdata))
    };
    for (at, target) in targets().enumerate() {
        // RFC 2181 5: once, when two records lead to one name.
        let again = targets().take(at).any(|before| before.eq_ignore_ascii_case(target));
        if !again && !is_below_dname(zone, target) {
            add_address(zone, target, None, prover, composer);
        }
    }
}

/// Types whose targets a client will want the addresses of.
pub(super) fn has_targets(rtype: u16) -> bool {
    matches!(rtype, rtype::NS | rtype::MX | rtype::SRV | rtype::SVCB | rtype::HTTPS)
}

/// RFC 6672 2.4: what stands below a DNAME in a zone file is not there.
fn is_below_dname(zone: &Image, target: &[u8]) -> bool {
    if zone.is_plain() {
        return false;
    }
    let lower = Name::from_wire(target).map(|target| target.lower());
    lower.is_ok_and(|lower| matches!(lookup(zone, &Path::of(lower.as_wire()), false), Found::Dname(_)))
}

/// False when the zone has addresses that do not fit. Those of a type that has been answered are there already.
pub(super) fn add_address(
    zone: &Image,
    target: &[u8],
    answered: Option<u16>,
    prover: &Prover<'_>,
    composer: &mut Composer<'_>,
) -> bool {
    let Ok(target) = Name::from_wire(target) else {
        return true;
    };
    let lower = target.lower();
    let Some(node) = zone.tree.find(hash::of_name(lower.as_wire()), &[], lower.as_wire()) else {
        return true;
    };
    let mut fit = true;
    for rtype in [rtype::A, rtype::AAAA] {
        if let Some(rrset) = node.get(rtype).filter(|_| answered != Some(rtype)) {
            let owner = Owner::Name(target.as_wire());
            fit &= composer.rrset(Section::Additional, owner, rrset);
            // RFC 4035 3.1.1: signatures that do not fit here are left out, and nobody has to know.
            prover.sign(Section::Additional, owner, node, rtype, composer);
        }
    }
    fit
}

fn describe(zone: &Image, found: &Found<'_>) -> String {
    let origin = zone.origin();
    let place = match found {
        Found::Exact(node) if node.rrset_count() == 0 => format!("{} is an empty non-terminal", name::text(node.name)),
        Found::Exact(node) => format!("{} exists", name::text(node.name)),
        Found::Wildcard(node, _) => format!("no such name; {} stands in for it", name::text(node.name)),
        Found::Cut(node) => format!("{} is delegated: referral", name::text(node.name)),
        Found::Dname(node) => format!("the DNAME at {} applies", name::text(node.name)),
        Found::Nothing(_) => "no such name, and no wildcard".into(),
    };
    format!("zone {origin} serial {}: {place}", zone.soa.serial)
}
