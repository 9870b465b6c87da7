//! What is published: an authoritative zone, or an overlay. Immutable; a change makes a new one.

use resolute_wire::name::{self, Name};

use super::denial::Denial;
use super::tree::{self, Located, Node, Tree};
use crate::hash;
use crate::suffixes::Apex;

/// An authoritative zone.
#[derive(Clone, Debug)]
pub struct Image {
    /// The apex, whose name is the zone's: what is nearly always read with it costs no memory access of its own.
    apex: Located,
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

/// What is used of the SOA.
#[derive(Clone, Copy, Debug)]
pub struct Soa {
    /// SERIAL.
    pub serial: u32,
    /// The TTL that it has in negative answers: the lesser of its own and MINIMUM (RFC 2308 3).
    pub negative_ttl: u32,
}

impl Soa {
    /// From TTL and rdata; None when the rdata is not that of a SOA.
    pub fn new(ttl: u32, rdata: &[u8]) -> Option<Self> {
        let numbers: &[u8; 20] = rdata.last_chunk()?;
        let number = |at: usize| u32::from_be_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
        Some(Self {
            serial: number(0),
            negative_ttl: ttl.min(number(16)),
        })
    }
}

impl Image {
    /// Puts together what a draft has checked; None when the tree has no apex.
    pub(super) fn new(origin: Name, tree: Tree, names: usize, records: usize, soa: Soa) -> Option<Self> {
        let at_cuts = |node: &Node<'_>| node.flags & (tree::CUT | tree::DNAME) != 0;
        let cuts = tree.nodes().filter(at_cuts).count();
        let wire = origin.as_wire();
        let (hash, labels) = (hash::of_name(wire), name::suffixes(wire).count());
        Some(Self {
            apex: tree.locate(hash, wire)?,
            denial: Denial::of(&tree, wire).map(Box::new),
            hash,
            labels,
            tree,
            names,
            records,
            soa,
            cuts,
        })
    }

    /// The same zone with another tree.
    pub(super) fn with_tree(&self, tree: Tree) -> Self {
        let apex = tree.locate(self.hash, self.wire()).unwrap_or_else(|| self.apex.clone());
        Self {
            tree,
            apex,
            ..self.clone()
        }
    }

    /// The node of the apex.
    #[inline]
    pub fn apex_node(&self) -> Node<'_> {
        self.apex.node()
    }

    /// The apex in lower case, as wire format.
    #[inline]
    pub fn wire(&self) -> &[u8] {
        self.apex.node().name
    }

    /// The apex in lower case.
    pub fn origin(&self) -> Name {
        Name::from_wire(self.wire()).unwrap_or(Name::ROOT)
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
        size_of::<Self>() + self.tree.size() + denial
    }
}

impl Apex for Image {
    fn apex(&self) -> &[u8] {
        self.wire()
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
