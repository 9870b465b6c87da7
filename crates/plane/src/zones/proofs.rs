//! What a client that validates gets besides the answer: signatures, and proofs of what does not exist (RFC 4035 3.1.3,
//! RFC 5155 7.2).
//!
//! | answer | NSEC | NSEC3 |
//! |---|---|---|
//! | the name has no such type | of the name | of the name; without one (opt-out) its closest encloser's, and what covers the next closer name |
//! | the name does not exist | around the name, and around `*` at its closest encloser | closest encloser; around the next closer name; around `*` |
//! | `*` stands in for the name | around the name | around the next closer name |
//! | `*` does, without the type | around the name, and of `*` | closest encloser; around the next closer name; of `*` |
//! | a cut without DS | of the cut | as for a type that the name does not have |

use resolute_wire::compose::{Composer, Covered, Owner, Section};
use resolute_wire::name::Name;
use resolute_wire::rtype;

use super::denial::{Denial, Key, Parameters, name_of_key, owner_of_hash};
use super::image::Image;
use super::order::Order;
use super::tree::Node;
use crate::hash::{self, Path};

/// Proofs of one reply: those of every name in its chain; no reply needs more, and none has one twice (RFC 2181 5).
const MOST: usize = 32;

/// Collects the proofs of a reply, whose chain of names may need several, until its answer section is complete.
pub struct Prover<'a> {
    proofs: Vec<(Node<'a>, u16)>,
    written: usize,
    dnssec_ok: bool,
}

impl<'a> Prover<'a> {
    /// For a client that asks for DNSSEC records, or not: then it writes nothing (RFC 4035 3.1).
    pub fn new(dnssec_ok: bool) -> Self {
        Self {
            proofs: Vec::new(),
            written: 0,
            dnssec_ok,
        }
    }

    /// Writes what has been collected: call it between the answer section and the additional section.
    pub fn write(&mut self, composer: &mut Composer<'_>) {
        for &(node, rtype) in &self.proofs[self.written..] {
            let owner = Owner::Name(node.name);
            let fits = node
                .get(rtype)
                .is_none_or(|rrset| composer.rrset(Section::Authority, owner, rrset));
            composer.truncated |= !(fits && self.sign(Section::Authority, owner, node, rtype, composer));
        }
        self.written = self.proofs.len();
    }

    /// Adds the signatures of an RRset of a node, if it has any. False when they do not fit.
    pub fn sign(
        &self,
        section: Section,
        owner: Owner<'_>,
        node: Node<'_>,
        covered: u16,
        composer: &mut Composer<'_>,
    ) -> bool {
        let signatures = self.dnssec_ok.then(|| node.get(rtype::RRSIG)).flatten();
        let covered = Covered {
            rtype: covered,
            most_ttl: u32::MAX,
        };
        signatures.is_none_or(|signatures| composer.signatures(section, owner, signatures, covered))
    }

    /// The signatures of a negative answer's SOA.
    pub fn sign_soa(&self, zone: &Image, composer: &mut Composer<'_>) {
        if self.dnssec_ok
            && let Some(signatures) = zone.apex_node().get(rtype::RRSIG)
        {
            let covered = Covered {
                rtype: rtype::SOA,
                most_ttl: zone.soa.negative_ttl,
            };
            let owner = Owner::Name(zone.wire());
            composer.truncated |= !composer.signatures(Section::Authority, owner, signatures, covered);
        }
    }

    /// The name (`path` without its first `skip` labels) exists and does not have the type, or is a cut without DS.
    pub fn no_data(&mut self, zone: &'a Image, path: &Path<'_>) {
        match self.denial(zone) {
            Some(Denial::Nsec(order)) => self.nsec(zone, order, path.suffix(0)),
            Some(Denial::Nsec3(parameters, order)) => {
                match matching(zone, parameters, path.suffix(0)) {
                    Some(node) => self.add(node, rtype::NSEC3),
                    None => drop(self.closest_encloser(
                        Chain {
                            zone,
                            parameters,
                            order,
                        },
                        path,
                        1,
                    )),
                };
            }
            None => {}
        }
    }

    /// The name does not exist; its closest encloser is the name without `encloser` labels.
    pub fn no_name(&mut self, zone: &'a Image, path: &Path<'_>, encloser: usize) {
        match self.denial(zone) {
            Some(Denial::Nsec(order)) => {
                self.nsec(zone, order, path.suffix(0));
                if let Some(wildcard) = wildcard_of(path.suffix(encloser)) {
                    self.nsec(zone, order, wildcard.as_wire());
                }
            }
            Some(Denial::Nsec3(parameters, order)) => {
                let chain = Chain {
                    zone,
                    parameters,
                    order,
                };
                let provable = self.closest_encloser(chain, path, encloser);
                self.no_wildcard(chain, path.suffix(provable));
            }
            None => {}
        }
    }

    /// `*` below the closest encloser (the name without `encloser` labels) stands in for the name.
    pub fn expanded(&mut self, zone: &'a Image, path: &Path<'_>, encloser: usize) {
        match self.denial(zone) {
            Some(Denial::Nsec(order)) => self.nsec(zone, order, path.suffix(0)),
            Some(Denial::Nsec3(parameters, order)) => {
                let next_closer = path.suffix(encloser.saturating_sub(1));
                self.cover(
                    Chain {
                        zone,
                        parameters,
                        order,
                    },
                    next_closer,
                );
            }
            None => {}
        }
    }

    /// `*` does, and does not have the type.
    pub fn expanded_no_data(&mut self, zone: &'a Image, path: &Path<'_>, (wildcard, encloser): (Node<'_>, usize)) {
        match self.denial(zone) {
            Some(Denial::Nsec(order)) => {
                self.nsec(zone, order, path.suffix(0));
                self.nsec(zone, order, wildcard.name);
            }
            Some(Denial::Nsec3(parameters, order)) => {
                let chain = Chain {
                    zone,
                    parameters,
                    order,
                };
                let provable = self.closest_encloser(chain, path, encloser);
                match matching(zone, parameters, wildcard.name) {
                    Some(node) => self.add(node, rtype::NSEC3),
                    None => self.no_wildcard(chain, path.suffix(provable)),
                }
            }
            None => {}
        }
    }

    /// A cut: its DS, or that it has none.
    pub fn delegation(&mut self, zone: &'a Image, cut: Node<'a>) {
        if self.denial(zone).is_none() {
            return;
        }
        if cut.get(rtype::DS).is_some() {
            self.add(cut, rtype::DS);
        } else {
            self.no_data(zone, &Path::of(cut.name));
        }
    }

    fn denial(&self, zone: &'a Image) -> Option<&'a Denial> {
        zone.denial.as_deref().filter(|_| self.dnssec_ok)
    }

    /// The NSEC of a name, or the one that covers it.
    fn nsec(&mut self, zone: &'a Image, order: &Order, name: &[u8]) {
        let key = Key::of(name, zone.wire());
        let owner = order
            .at_or_before(key.as_slice())
            .and_then(|key| name_of_key(key, &zone.origin()));
        if let Some(node) = owner.and_then(|owner| node_of(zone, &owner)) {
            self.add(node, rtype::NSEC);
        }
    }

    /// RFC 5155 7.2.1: the NSEC3 of the closest encloser that has one, from the name without `from` labels upwards, and the
    /// one that covers the next closer name. Gives how many labels the encloser lacks.
    fn closest_encloser(&mut self, chain: Chain<'a>, path: &Path<'_>, from: usize) -> usize {
        let apex = path.labels().saturating_sub(chain.zone.labels);
        for skip in from..=apex {
            if let Some(node) = matching(chain.zone, chain.parameters, path.suffix(skip)) {
                self.add(node, rtype::NSEC3);
                self.cover(chain, path.suffix(skip.saturating_sub(1)));
                return skip;
            }
        }
        from
    }

    /// The NSEC3 that covers `*` below the closest provable encloser: there is none, or opt-out has left it out, an empty
    /// non-terminal above delegations without DS.
    fn no_wildcard(&mut self, chain: Chain<'a>, encloser: &[u8]) {
        if let Some(wildcard) = wildcard_of(encloser) {
            self.cover(chain, wildcard.as_wire());
        }
    }

    /// The NSEC3 that covers a name.
    fn cover(&mut self, chain: Chain<'a>, name: &[u8]) {
        let hash = chain.parameters.hash(name);
        let before = chain.order.at_or_before(&hash).and_then(|key| key.try_into().ok());
        let owner = before.and_then(|hash| owner_of_hash(hash, &chain.zone.origin()));
        if let Some(node) = owner.and_then(|owner| node_of(chain.zone, &owner)) {
            self.add(node, rtype::NSEC3);
        }
    }

    fn add(&mut self, node: Node<'a>, rtype: u16) {
        // The same node, not the same name: a cut and the apex below it have one each.
        let known = |proof: &(Node<'a>, u16)| std::ptr::eq(proof.0.name, node.name) && proof.1 == rtype;
        if self.proofs.len() < MOST && !self.proofs.iter().any(known) {
            self.proofs.push((node, rtype));
        }
    }
}

/// The chain of NSEC3s of a zone.
#[derive(Clone, Copy)]
struct Chain<'a> {
    zone: &'a Image,
    parameters: &'a Parameters,
    order: &'a Order,
}

/// The NSEC3 of a name.
fn matching<'a>(zone: &'a Image, parameters: &Parameters, name: &[u8]) -> Option<Node<'a>> {
    let owner = owner_of_hash(&parameters.hash(name), &zone.origin())?;
    node_of(zone, &owner).filter(|node| parameters.are_of(node))
}

fn node_of<'a>(zone: &'a Image, owner: &Name) -> Option<Node<'a>> {
    zone.tree.find(hash::of_name(owner.as_wire()), &[], owner.as_wire())
}

fn wildcard_of(encloser: &[u8]) -> Option<Name> {
    Name::from_wire(encloser).ok()?.child(b"*").ok()
}
