//! A zone with some RRsets changed: a new image that shares with the old one all that is not touched.
//!
//! ```text
//! changes ─► the records of every touched name ─► checked as those of a zone file ─► names that appear or vanish
//!                                                                                └─► pages, order, SOA ─► image
//! ```

use std::collections::{BTreeMap, HashSet};

use resolute_wire::name::{self, Name};
use resolute_wire::zonefile::Problem;

use super::denial::Denial;
use super::draft::{Draft, Group, NOWHERE};
use super::image::{Image, Soa};
use super::tree::{CUT, DNAME, Edit, Family, Node, NodeWriter};
use crate::hash;

/// An RRset as it is to be.
#[derive(Clone, Debug)]
pub struct Change {
    /// Owner.
    pub owner: Name,
    /// Type.
    pub rtype: u16,
    /// TTL and rdata of each record; none: the RRset goes.
    pub records: Vec<(u32, Vec<u8>)>,
}

/// What becomes of the names around a change: those touched and their ancestors, by their wire format in lower case.
struct Surroundings<'a> {
    zone: &'a Image,
    names: BTreeMap<Vec<u8>, Standing<'a>>,
}

/// A name before and after.
#[derive(Clone, Copy)]
struct Standing<'a> {
    before: Option<Node<'a>>,
    exists: bool,
    has_records: bool,
    family: Family,
}

impl Image {
    /// The zone with these RRsets changed, and its warnings; or why it would be no zone, with at least one error.
    pub fn edit(&self, changes: &[Change]) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut draft = Draft::new(&self.origin());
        let replaced: HashSet<(Vec<u8>, u16)> = changes
            .iter()
            .map(|change| (change.owner.lower().as_wire().to_vec(), change.rtype))
            .collect();
        let mut touched: Vec<&[u8]> = replaced.iter().map(|(owner, _)| owner.as_slice()).collect();
        touched.sort_unstable();
        touched.dedup();
        for owner in &touched {
            let kept = |rtype| !replaced.contains(&(owner.to_vec(), rtype));
            self.keep_others(owner, kept, &mut draft);
        }
        for change in changes {
            for (ttl, rdata) in &change.records {
                draft.push(&change.owner, change.rtype, *ttl, rdata, NOWHERE);
            }
        }
        let with_apex = touched.contains(&self.wire());
        let (draft, groups, soa) = draft.check(with_apex)?;
        let mut around = Surroundings {
            zone: self,
            names: BTreeMap::new(),
        };
        for owner in &touched {
            around.settle(owner, draft.group(&groups, owner).is_some());
        }
        let edits = around.edits(&draft, &groups);
        Ok((self.with(&around, edits, soa), draft.into_problems()))
    }

    /// The records of a name that no change replaces.
    fn keep_others(&self, owner: &[u8], kept: impl Fn(u16) -> bool, draft: &mut Draft) {
        let (Some(node), Ok(name)) = (self.node(owner), Name::from_wire(owner)) else {
            return;
        };
        for rrset in node.rrsets().filter(|rrset| kept(rrset.rtype)) {
            for (ttl, rdata) in rrset.iter() {
                draft.push(&name, rrset.rtype, ttl, rdata, NOWHERE);
            }
        }
    }

    /// The image with these nodes in place.
    fn with(&self, around: &Surroundings<'_>, edits: Vec<Edit>, soa: Option<Soa>) -> Self {
        let mut image = self.with_tree(self.tree.edit(edits));
        for (name, standing) in &around.names {
            let (before, now) = (standing.before, image.tree.find(hash::of_name(name), &[], name));
            let change = |total: usize, of: fn(Node<'_>) -> usize| {
                (total + now.map_or(0, of)).saturating_sub(before.map_or(0, of))
            };
            image.names = change(image.names, |node| usize::from(node.rrset_count() > 0));
            image.records = change(image.records, |node| node.record_count());
            image.cuts = change(image.cuts, |node| usize::from(node.flags & (CUT | DNAME) != 0));
        }
        if let Some(soa) = soa {
            image.soa = soa;
        }
        let apex = image.origin();
        image.denial = match image.denial.take() {
            Some(mut denial) if denial.is_still_of(&image.tree, apex.as_wire()) => {
                for name in around.names.keys() {
                    let node = image.tree.find(hash::of_name(name), &[], name);
                    denial.set(name, node, apex.as_wire());
                }
                Some(denial)
            }
            _ => Denial::of(&image.tree, apex.as_wire()).map(Box::new),
        };
        image
    }
}

impl<'a> Surroundings<'a> {
    fn of(&mut self, name: &[u8]) -> &mut Standing<'a> {
        let zone = self.zone;
        self.names.entry(name.to_vec()).or_insert_with(|| {
            let before = zone.node(name);
            Standing {
                before,
                exists: before.is_some(),
                has_records: before.is_some_and(|node| node.rrset_count() > 0),
                family: before.map_or(Family::default(), |node| node.family()),
            }
        })
    }

    /// A name has records or not from now on; its ancestors come and go with it (RFC 4592 2.2.2).
    fn settle(&mut self, name: &[u8], has_records: bool) {
        let standing = self.of(name);
        standing.has_records = has_records;
        let (was, is) = (standing.exists, has_records || standing.family.children > 0);
        standing.exists = is;
        if was == is || name == self.zone.wire() {
            return;
        }
        let parent = name::suffixes(name).nth(1).unwrap_or(&[0]);
        let above = self.of(parent);
        above.family.children = if is {
            above.family.children + 1
        } else {
            above.family.children.saturating_sub(1)
        };
        if name.starts_with(b"\x01*") {
            above.family.wildcard = is;
        }
        let has_records = above.has_records;
        self.settle(parent, has_records);
    }

    /// The nodes to be written.
    fn edits(&self, draft: &Draft, groups: &[Group]) -> Vec<Edit> {
        let edit = |(name, standing): (&Vec<u8>, &Standing<'a>)| {
            let mut node = Vec::new();
            match (draft.group(groups, name), standing.before) {
                (Some(group), _) => draft.encode(group, standing.family, &mut node),
                (None, Some(before)) if standing.has_records => before.rewrite(standing.family, &mut node),
                (None, _) => NodeWriter::new(&mut node, name, 0, standing.family).finish(),
            }
            Edit {
                hash: hash::of_name(name),
                name: name.clone(),
                node: standing.exists.then_some(node),
            }
        };
        self.names.iter().map(edit).collect()
    }
}
