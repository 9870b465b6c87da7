//! Names of a zone by hash: a trie of branches over pages, immutable, shared between versions of the zone.
//!
//! ```text
//! branch ── 32 children by five bits of the hash ── … ── page
//! page:   count u16 | tags u16 × count | offsets u32 × count | nodes
//! node:   name length u8 | name | flags u8 | children u32 | RRsets u16 | list, when they are many | RRset+
//! list:   (type u16 | offset u32) × RRsets
//! RRset:  type u16 | count u16 | length u32 | ready records
//! ```
//! A page is one allocation of some twenty names, so a lookup costs a cache miss or two whatever the zone's size, and a
//! change of one name copies a page and the few branches above it.

use std::sync::Arc;

use resolute_wire::code::class;
use resolute_wire::compose::Rrset;

use crate::hash;

/// Names in a page before it is split.
const PAGE_NAMES: usize = 20;
const BITS: u32 = 5;
const FANOUT: usize = 1 << BITS;
const DEPTHS: u32 = 64 / BITS;

/// A node of more RRsets has a list of them, so that the last of a thousand types is found as soon as the first.
const FEW_RRSETS: u16 = 16;
/// Octets of an entry of the list.
const LISTED: usize = 6;

/// This node is a zone cut: it has NS and is not the apex.
pub const CUT: u8 = 1;
/// This node has a DNAME.
pub const DNAME: u8 = 2;
/// `*` exists right below this node.
pub const WILDCARD: u8 = 4;
/// This node is there for its NSEC3 only: no name of the zone (RFC 5155 7.2.8).
pub const HIDDEN: u8 = 8;

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

impl Tree {
    /// Builds from the hashes of names, sorted; `encode` appends the node of one of them with a [`NodeWriter`].
    pub fn build(hashes: &[u64], encode: &mut impl FnMut(usize, &mut Vec<u8>)) -> Self {
        let mut builder = Builder {
            hashes,
            encode,
            nodes: Vec::new(),
            page: Vec::new(),
        };
        Self {
            root: builder.build(0, hashes.len(), 0),
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

    /// Where the node of a name is, for as long as the tree stays as it is.
    pub fn locate(&self, hash: u64, name: &[u8]) -> Option<Located> {
        let mut child = &self.root;
        let mut depth = 0;
        loop {
            match child {
                Child::Branch(children) => child = &children[slot(hash, depth)],
                Child::Page(page) => {
                    let at = place_in_page(page, hash, &[], name)?;
                    return Some(Located { page: page.clone(), at });
                }
            }
            depth += 1;
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

    /// The tree with some names replaced, added or taken away; it shares all that is not touched.
    pub fn edit(&self, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.hash);
        Self {
            root: edit_child(&self.root, &edits, 0),
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

/// Builds a tree; what a page is put together in is used again for the next.
struct Builder<'a, E> {
    hashes: &'a [u64],
    encode: &'a mut E,
    nodes: Vec<u8>,
    page: Vec<u8>,
}

impl<E: FnMut(usize, &mut Vec<u8>)> Builder<'_, E> {
    fn build(&mut self, start: usize, end: usize, depth: u32) -> Child {
        if end - start <= PAGE_NAMES || depth >= DEPTHS {
            return Child::Page(self.page(start, end));
        }
        let mut from = start;
        Child::Branch(Arc::new(std::array::from_fn(|at| {
            let count = self.hashes[from..end].partition_point(|&hash| slot(hash, depth) <= at);
            let child = self.build(from, from + count, depth + 1);
            from += count;
            child
        })))
    }

    fn page(&mut self, start: usize, end: usize) -> Arc<[u8]> {
        let head = 2 + (end - start) * 6;
        self.nodes.clear();
        self.page.clear();
        self.page.extend_from_slice(&((end - start) as u16).to_le_bytes());
        self.page
            .extend(self.hashes[start..end].iter().flat_map(|&hash| tag(hash).to_le_bytes()));
        for at in start..end {
            self.page
                .extend_from_slice(&((head + self.nodes.len()) as u32).to_le_bytes());
            (self.encode)(at, &mut self.nodes);
        }
        self.page.extend_from_slice(&self.nodes);
        self.page.as_slice().into()
    }
}

/// What becomes of a name.
pub struct Edit {
    /// Its hash.
    pub hash: u64,
    /// The name, lower case.
    pub name: Vec<u8>,
    /// Its node, encoded with a [`NodeWriter`]; None: it is gone.
    pub node: Option<Vec<u8>>,
}

fn edit_child(child: &Child, edits: &[Edit], depth: u32) -> Child {
    match child {
        Child::Branch(children) => {
            let mut rest = edits;
            Child::Branch(Arc::new(std::array::from_fn(|at| {
                let (mine, others) = rest.split_at(rest.partition_point(|edit| slot(edit.hash, depth) <= at));
                rest = others;
                if mine.is_empty() {
                    children[at].clone()
                } else {
                    edit_child(&children[at], mine, depth + 1)
                }
            })))
        }
        Child::Page(page) => edit_page(page, edits, depth),
    }
}

/// Writes a page anew; one that has grown too large becomes a branch.
fn edit_page(page: &[u8], edits: &[Edit], depth: u32) -> Child {
    let kept = nodes_of_page(page).filter(|(name, _)| !edits.iter().any(|edit| edit.name == *name));
    let mut nodes: Vec<(u64, &[u8])> = kept.map(|(name, node)| (hash::of_name(name), node)).collect();
    nodes.extend(edits.iter().filter_map(|edit| Some((edit.hash, edit.node.as_deref()?))));
    nodes.sort_by_key(|(hash, _)| *hash);
    let hashes: Vec<u64> = nodes.iter().map(|(hash, _)| *hash).collect();
    let mut builder = Builder {
        hashes: &hashes,
        encode: &mut |at: usize, out: &mut Vec<u8>| out.extend_from_slice(nodes[at].1),
        nodes: Vec::new(),
        page: Vec::new(),
    };
    builder.build(0, hashes.len(), depth)
}

/// Each node of a page: its name and all its bytes.
fn nodes_of_page(page: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let count = u16_at(page, 0).map_or(0, usize::from);
    let start = move |at: usize| match at < count {
        true => u32_at(page, 2 + count * 2 + at * 4).map_or(page.len(), |start| start as usize),
        false => page.len(),
    };
    (0..count).filter_map(move |at| {
        let node = page.get(start(at)..start(at + 1))?;
        Some((Node::read(node)?.name, node))
    })
}

fn slot(hash: u64, depth: u32) -> usize {
    (hash << (BITS * depth) >> (64 - BITS)) as usize
}

/// A page's tag of a name: the low bits of the hash, which the trie does not use.
fn tag(hash: u64) -> u16 {
    hash as u16
}

/// A node with the page that it is in.
#[derive(Clone, Debug)]
pub struct Located {
    page: Arc<[u8]>,
    at: usize,
}

impl Located {
    /// The node.
    #[inline]
    pub fn node(&self) -> Node<'_> {
        self.page.get(self.at..).and_then(Node::read).unwrap_or(Node::NONE)
    }
}

#[inline]
fn find_in_page<'a>(page: &'a [u8], hash: u64, head: &[u8], tail: &[u8]) -> Option<Node<'a>> {
    Node::read(page.get(place_in_page(page, hash, head, tail)?..)?)
}

/// Where in a page the node of a name begins.
#[inline]
fn place_in_page(page: &[u8], hash: u64, head: &[u8], tail: &[u8]) -> Option<usize> {
    let count = usize::from(u16_at(page, 0)?);
    let wanted = tag(hash).to_le_bytes();
    let (tags, after) = page.get(2..)?.split_at_checked(count * 2)?;
    for (at, tag) in tags.chunks_exact(2).enumerate() {
        if tag == wanted {
            let place = u32_at(after, at * 4)? as usize;
            let (&length, rest) = page.get(place..)?.split_first()?;
            let (front, back) = rest.get(..usize::from(length))?.split_at_checked(head.len())?;
            if front == head && back == tail {
                return Some(place);
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
    /// [`CUT`], [`DNAME`], [`WILDCARD`], [`HIDDEN`].
    pub flags: u8,
    children: u32,
    count: u16,
    rrsets: &'a [u8],
}

impl<'a> Node<'a> {
    const NONE: Self = Self {
        name: &[0],
        flags: 0,
        children: 0,
        count: 0,
        rrsets: &[],
    };

    #[inline]
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&length, rest) = bytes.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        Some(Self {
            name,
            flags: *rest.first()?,
            children: u32_at(rest, 1)?,
            count: u16_at(rest, 5)?,
            rrsets: rest.get(7..)?,
        })
    }

    /// The RRset of a type.
    #[inline]
    pub fn get(&self, rtype: u16) -> Option<Rrset<'a>> {
        if self.count > FEW_RRSETS {
            return self.get_listed(rtype);
        }
        let mut rrsets = self.rrsets();
        rrsets
            .find(|rrset| rrset.rtype >= rtype)
            .filter(|rrset| rrset.rtype == rtype)
    }

    /// All RRsets, sorted by type. None: an empty non-terminal.
    #[inline]
    pub fn rrsets(&self) -> impl Iterator<Item = Rrset<'a>> + use<'a> {
        let list = if self.count > FEW_RRSETS { self.list().len() } else { 0 };
        let (mut rest, mut left) = (self.rrsets.get(list * LISTED..).unwrap_or_default(), self.count);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let (rrset, after) = read_rrset(rest)?;
            rest = after;
            Some(rrset)
        })
    }

    fn get_listed(&self, rtype: u16) -> Option<Rrset<'a>> {
        let list = self.list();
        let at = list.partition_point(|entry| u16_at(entry, 0).is_some_and(|listed| listed < rtype));
        let offset = u32_at(list.get(at)?, 2)? as usize;
        let (rrset, _) = read_rrset(self.rrsets.get(offset..)?)?;
        (rrset.rtype == rtype).then_some(rrset)
    }

    fn list(&self) -> &'a [[u8; LISTED]] {
        let (entries, _) = self.rrsets.as_chunks();
        entries.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Encodes the same name and records with another family.
    pub fn rewrite(&self, family: Family, out: &mut Vec<u8>) {
        let mut writer = NodeWriter::new(out, self.name, self.flags & !WILDCARD, family);
        for rrset in self.rrsets() {
            writer.rrset(rrset.rtype);
            for (ttl, rdata) in rrset.iter() {
                writer.record(rrset.rtype, class::IN, ttl, rdata);
            }
        }
        writer.finish();
    }

    /// The names right below it.
    pub fn family(&self) -> Family {
        Family {
            children: self.children,
            wildcard: self.flags & WILDCARD != 0,
        }
    }

    /// How many records. The count of an RRset goes to 65,535, and no further.
    pub fn record_count(&self) -> usize {
        let count = |rrset: Rrset<'_>| match rrset.count {
            u16::MAX => rrset.iter().count(),
            count => usize::from(count),
        };
        self.rrsets().map(count).sum()
    }

    /// How many RRsets.
    pub fn rrset_count(&self) -> usize {
        usize::from(self.count)
    }
}

/// The names right below a name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Family {
    /// How many.
    pub children: u32,
    /// `*` is one of them.
    pub wildcard: bool,
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

/// Encodes a node, which is whole after [`NodeWriter::finish`].
#[must_use]
pub struct NodeWriter<'a> {
    out: &'a mut Vec<u8>,
    count_at: usize,
    rrset_at: usize,
}

impl<'a> NodeWriter<'a> {
    /// Begins a node with its name (lower case), its flags but [`WILDCARD`], and the names right below it.
    pub fn new(out: &'a mut Vec<u8>, name: &[u8], flags: u8, family: Family) -> Self {
        out.push(name.len() as u8);
        out.extend_from_slice(name);
        out.push(flags | if family.wildcard { WILDCARD } else { 0 });
        out.extend_from_slice(&family.children.to_le_bytes());
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

    /// Ends the node: puts the list of its RRsets before them when they are many.
    pub fn finish(self) {
        let start = self.count_at + 2;
        let count = u16_at(self.out, self.count_at).unwrap_or_default();
        if count <= FEW_RRSETS {
            return;
        }
        let size = usize::from(count) * LISTED;
        let mut list = Vec::with_capacity(size);
        let mut rest = &self.out[start..];
        while let Some((rrset, after)) = read_rrset(rest) {
            let offset = size + self.out.len() - start - rest.len();
            list.extend_from_slice(&rrset.rtype.to_le_bytes());
            list.extend_from_slice(&(offset as u32).to_le_bytes());
            rest = after;
        }
        self.out.splice(start..start, list);
    }
}

/// An RRset, and what follows it.
#[inline]
fn read_rrset(bytes: &[u8]) -> Option<(Rrset<'_>, &[u8])> {
    let length = u32_at(bytes, 4)? as usize;
    let (records, after) = bytes.get(8..)?.split_at_checked(length)?;
    let rrset = Rrset {
        rtype: u16_at(bytes, 0)?,
        count: u16_at(bytes, 2)?,
        records,
    };
    Some((rrset, after))
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
