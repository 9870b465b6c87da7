//! What is published: an authoritative zone, or an overlay. Immutable; a change makes a new one.

use resolute_wire::compose::{Rrset, push_record};
use resolute_wire::name::{self, Name};
use resolute_wire::rtype;

use super::denial::Denial;
use super::tree::{self, Node, Tree};
use crate::hash;
use crate::suffixes::Apex;

/// An authoritative zone.
#[derive(Clone, Debug)]
pub struct Image {
    /// Apex, lower case, without the room of a [`Name`]: there may be a hundred thousand zones.
    origin: Box<[u8]>,
    /// Hash of the apex.
    pub hash: u64,
    /// Labels of the apex.
    pub labels: usize,
    /// Every name in it, the empty non-terminals too.
    pub tree: Tree,
    /// How many names have records.
    pub names: usize,
    /// How many records.
    pub records: usize,
    /// The SOA.
    pub soa: Soa,
    /// How it denies, when it is signed.
    pub denial: Option<Box<Denial>>,
    /// How many zone cuts and DNAMEs.
    pub cuts: usize,
}

/// The SOA as negative answers carry it.
#[derive(Debug, Clone)]
pub struct Soa {
    /// SERIAL.
    pub serial: u32,
    ready: Box<[u8]>,
    signatures: Box<[u8]>,
}

impl Soa {
    /// From TTL and rdata; None when the rdata is not that of a SOA.
    pub fn new(ttl: u32, rdata: &[u8]) -> Option<Self> {
        let numbers: &[u8; 20] = rdata.last_chunk()?;
        let number = |at: usize| u32::from_be_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
        let mut ready = Vec::with_capacity(12 + rdata.len());
        // RFC 2308 3: the TTL of a negative answer is the lesser of the SOA's TTL and its MINIMUM.
        let negative = ttl.min(number(16));
        push_record(&mut ready, rtype::SOA, 1, negative, rdata);
        Some(Self {
            serial: number(0),
            ready: ready.into(),
            signatures: Box::default(),
        })
    }

    /// With the signatures of the apex, whose TTL is lowered with that of what they sign (RFC 4034 3).
    fn sign(&mut self, apex: Option<Node<'_>>) {
        let negative = self.negative().iter().next().map_or(0, |(ttl, _)| ttl);
        let mut ready = Vec::new();
        let signatures = apex.and_then(|apex| apex.get(rtype::RRSIG));
        for (ttl, rdata) in signatures.iter().flat_map(Rrset::iter) {
            if rdata.starts_with(&rtype::SOA.to_be_bytes()) {
                push_record(&mut ready, rtype::RRSIG, 1, ttl.min(negative), rdata);
            }
        }
        self.signatures = ready.into();
    }

    /// The record for the authority section of a negative answer.
    pub fn negative(&self) -> Rrset<'_> {
        Rrset {
            rtype: rtype::SOA,
            count: 1,
            records: &self.ready,
        }
    }

    /// Its signatures, if any.
    pub fn signatures(&self) -> Option<Rrset<'_>> {
        (!self.signatures.is_empty()).then_some(Rrset {
            rtype: rtype::RRSIG,
            count: 1,
            records: &self.signatures,
        })
    }
}

impl Image {
    /// Puts together what a draft has checked.
    pub(super) fn new(origin: Name, tree: Tree, names: usize, records: usize, mut soa: Soa) -> Self {
        let at_cuts = |node: &Node<'_>| node.flags & (tree::CUT | tree::DNAME) != 0;
        let cuts = tree.nodes().filter(at_cuts).count();
        let wire = origin.as_wire();
        let (hash, labels) = (hash::of_name(wire), name::suffixes(wire).count());
        soa.sign(tree.find(hash, &[], wire));
        let denial = Denial::of(&tree, wire).map(Box::new);
        Self {
            origin: wire.into(),
            hash,
            labels,
            tree,
            names,
            records,
            soa,
            denial,
            cuts,
        }
    }

    /// The same zone with another tree.
    pub(super) fn with_tree(&self, tree: Tree) -> Self {
        Self { tree, ..self.clone() }
    }

    /// Replaces the SOA.
    pub(super) fn set_soa(&mut self, mut soa: Soa) {
        soa.sign(self.node(&self.origin));
        self.soa = soa;
    }

    /// The apex in lower case, as wire format.
    #[inline]
    pub fn wire(&self) -> &[u8] {
        &self.origin
    }

    /// The apex in lower case.
    pub fn origin(&self) -> Name {
        Name::from_wire(&self.origin).unwrap_or(Name::ROOT)
    }

    /// The node of a name in lower case.
    pub fn node(&self, name: &[u8]) -> Option<Node<'_>> {
        self.tree.find(hash::of_name(name), &[], name)
    }

    /// No zone cut below the apex and no DNAME: an exact match needs no look at the names above it.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.cuts == 0
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        let denial = self.denial.as_ref().map_or(0, |denial| denial.size());
        size_of::<Self>() + self.soa.ready.len() + self.soa.signatures.len() + self.tree.size() + denial
    }
}

impl Apex for Image {
    fn apex(&self) -> &[u8] {
        &self.origin
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn labels(&self) -> usize {
        self.labels
    }
}

/// Names that are answered before all zones; every other name falls through.
#[derive(Debug)]
pub struct Overlay {
    /// What it is called in explanations.
    pub label: String,
    /// Its names.
    pub tree: Tree,
    /// How many.
    pub names: usize,
}

impl Overlay {
    /// Bytes of memory.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.tree.size()
    }
}
