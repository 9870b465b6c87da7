//! Names of a zone by hash: a trie of branches over pages, immutable, shared between versions of the zone.
//!
//! ```text
//! branch ── 32 children by five bits of the hash ── … ── page
//! page:   count u16 | tags u16 × count | offsets u32 × count | nodes
//! node:   name length u8 | name | flags u8 | RRsets u8+
//! RRset:  type u16 | count u16 | length u32 | ready records
//! ```
//! A page is one allocation of some twenty names, so a lookup costs a cache miss or two whatever the zone's size, and a
//! change of one name copies a page and the few branches above it.

use std::sync::Arc;

use resolute_wire::compose::Rrset;

/// Names in a page before it is split.
const PAGE_NAMES: usize = 20;
const BITS: u32 = 5;
const FANOUT: usize = 1 << BITS;
const DEPTHS: u32 = 64 / BITS;

/// This node is a zone cut: it has NS and is not the apex.
pub const CUT: u8 = 1;
/// This node has a DNAME.
pub const DNAME: u8 = 2;
/// `*` exists right below this node.
pub const WILDCARD: u8 = 4;

/// The names of one zone or overlay.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Child,
}

#[derive(Clone, Debug)]
enum Child {
    Branch(Arc<[Child; FANOUT]>),
    Page(Arc<[u8]>),
}

/// A node to be put into a tree, in the order of hashes.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Hash of the name.
    pub hash: u64,
    /// Where the encoded node starts in the buffer of nodes.
    pub start: usize,
    /// And where it ends.
    pub end: usize,
}

impl Tree {
    /// Builds from nodes sorted by hash, encoded by [`NodeWriter`] in `nodes`.
    pub fn build(leaves: &[Leaf], nodes: &[u8]) -> Self {
        Self {
            root: build(leaves, nodes, 0),
        }
    }

    /// The node whose name is `head` followed by `tail`, both lower case.
    #[inline]
    pub fn find(&self, hash: u64, head: &[u8], tail: &[u8]) -> Option<Node<'_>> {
        let mut child = &self.root;
        let mut bits = hash;
        loop {
            match child {
                Child::Branch(children) => {
                    child = &children[(bits >> (64 - BITS)) as usize];
                    bits <<= BITS;
                }
                Child::Page(page) => return find_in_page(page, hash, head, tail),
            }
        }
    }

    /// Every node, in the order of hashes.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes {
            stack: vec![&self.root],
            page: &[],
            next: 0,
        }
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        let mut stack = vec![&self.root];
        let mut bytes = 0;
        while let Some(child) = stack.pop() {
            match child {
                Child::Branch(children) => {
                    bytes += size_of_val(&**children) + 32;
                    stack.extend(children.iter());
                }
                Child::Page(page) => bytes += page.len() + 32,
            }
        }
        bytes
    }
}

fn build(leaves: &[Leaf], nodes: &[u8], depth: u32) -> Child {
    if leaves.len() <= PAGE_NAMES || depth >= DEPTHS {
        return Child::Page(page(leaves, nodes));
    }
    let mut rest = leaves;
    Child::Branch(Arc::new(std::array::from_fn(|at| {
        let count = rest.partition_point(|leaf| slot(leaf.hash, depth) <= at);
        let (mine, others) = rest.split_at(count);
        rest = others;
        build(mine, nodes, depth + 1)
    })))
}

fn slot(hash: u64, depth: u32) -> usize {
    (hash << (BITS * depth) >> (64 - BITS)) as usize
}

/// A page's tag of a name: the low bits of the hash, which the trie does not use.
fn tag(hash: u64) -> u16 {
    hash as u16
}

fn page(leaves: &[Leaf], nodes: &[u8]) -> Arc<[u8]> {
    let head = 2 + leaves.len() * 6;
    let mut page = Vec::with_capacity(head + leaves.iter().map(|leaf| leaf.end - leaf.start).sum::<usize>());
    page.extend_from_slice(&(leaves.len() as u16).to_le_bytes());
    page.extend(leaves.iter().flat_map(|leaf| tag(leaf.hash).to_le_bytes()));
    let mut offset = head;
    for leaf in leaves {
        page.extend_from_slice(&(offset as u32).to_le_bytes());
        offset += leaf.end - leaf.start;
    }
    for leaf in leaves {
        page.extend_from_slice(&nodes[leaf.start..leaf.end]);
    }
    page.into()
}

#[inline]
fn find_in_page<'a>(page: &'a [u8], hash: u64, head: &[u8], tail: &[u8]) -> Option<Node<'a>> {
    let count = usize::from(u16_at(page, 0)?);
    let wanted = tag(hash).to_le_bytes();
    let (tags, after) = page.get(2..)?.split_at_checked(count * 2)?;
    for (at, tag) in tags.chunks_exact(2).enumerate() {
        if tag == wanted {
            let node = Node::read(page.get(u32_at(after, at * 4)? as usize..)?)?;
            let (front, back) = node.name.split_at_checked(head.len())?;
            if front == head && back == tail {
                return Some(node);
            }
        }
    }
    None
}

/// A name and what it has.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The name in lower case.
    pub name: &'a [u8],
    /// [`CUT`], [`DNAME`], [`WILDCARD`].
    pub flags: u8,
    count: u16,
    rrsets: &'a [u8],
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&length, rest) = bytes.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        Some(Self {
            name,
            flags: *rest.first()?,
            count: u16_at(rest, 1)?,
            rrsets: rest.get(3..)?,
        })
    }

    /// The RRset of a type.
    #[inline]
    pub fn get(&self, rtype: u16) -> Option<Rrset<'a>> {
        self.rrsets().find(|rrset| rrset.rtype == rtype)
    }

    /// All RRsets, sorted by type. None: an empty non-terminal.
    #[inline]
    pub fn rrsets(&self) -> impl Iterator<Item = Rrset<'a>> + use<'a> {
        let (mut rest, mut left) = (self.rrsets, self.count);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let length = u32_at(rest, 4)? as usize;
            let rrset = Rrset {
                rtype: u16_at(rest, 0)?,
                count: u16_at(rest, 2)?,
                records: rest.get(8..8 + length)?,
            };
            rest = &rest[8 + length..];
            Some(rrset)
        })
    }

    /// How many RRsets.
    pub fn rrset_count(&self) -> usize {
        usize::from(self.count)
    }
}

/// Iterator over all nodes.
pub struct Nodes<'a> {
    stack: Vec<&'a Child>,
    page: &'a [u8],
    next: usize,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let count = u16_at(self.page, 0).map_or(0, usize::from);
            if self.next < count {
                let offset = u32_at(self.page, 2 + count * 2 + self.next * 4)? as usize;
                self.next += 1;
                return Node::read(self.page.get(offset..)?);
            }
            match self.stack.pop()? {
                Child::Branch(children) => self.stack.extend(children.iter().rev()),
                Child::Page(page) => (self.page, self.next) = (page, 0),
            }
        }
    }
}

/// Encodes a node.
pub struct NodeWriter<'a> {
    out: &'a mut Vec<u8>,
    count_at: usize,
    rrset_at: usize,
}

impl<'a> NodeWriter<'a> {
    /// Begins a node with its name (lower case) and flags.
    pub fn new(out: &'a mut Vec<u8>, name: &[u8], flags: u8) -> Self {
        out.push(name.len() as u8);
        out.extend_from_slice(name);
        out.push(flags);
        let count_at = out.len();
        out.extend_from_slice(&[0, 0]);
        Self {
            out,
            count_at,
            rrset_at: 0,
        }
    }

    /// Begins an RRset.
    pub fn rrset(&mut self, rtype: u16) {
        bump(self.out, self.count_at);
        self.rrset_at = self.out.len();
        self.out.extend_from_slice(&rtype.to_le_bytes());
        self.out.extend_from_slice(&[0; 6]);
    }

    /// Adds a record to the RRset begun last.
    pub fn record(&mut self, rtype: u16, class: u16, ttl: u32, rdata: &[u8]) {
        resolute_wire::compose::push_record(self.out, rtype, class, ttl, rdata);
        bump(self.out, self.rrset_at + 2);
        let length = (self.out.len() - self.rrset_at - 8) as u32;
        self.out[self.rrset_at + 4..self.rrset_at + 8].copy_from_slice(&length.to_le_bytes());
    }
}

fn bump(out: &mut [u8], at: usize) {
    let count = u16::from_le_bytes([out[at], out[at + 1]]).saturating_add(1);
    out[at..at + 2].copy_from_slice(&count.to_le_bytes());
}

#[inline]
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
