//! Where a name is in a zone: RFC 1034 4.3.2 step 3, "start matching down, label by label, in the zone".

use super::image::Image;
use super::tree::{CUT, DNAME, HIDDEN, Node, WILDCARD};
use crate::hash::{self, Path};

/// What stands where the matching ended.
#[derive(Clone, Copy, Debug)]
pub enum Found<'z> {
    /// The name exists (an empty non-terminal too).
    Exact(Node<'z>),
    /// It does not, and `*` below its closest encloser (the name without so many labels) does (RFC 4592 3.3.1).
    Wildcard(Node<'z>, usize),
    /// A zone cut at or above it: step 3b.
    Cut(Node<'z>),
    /// A DNAME above it: RFC 6672 3.2.
    Dname(Node<'z>),
    /// Step 3c, no wildcard: the name does not exist; its closest encloser is the name without so many labels.
    Nothing(usize),
}

/// Finds a name at or below the apex. `ds`: the question is for DS, which the parent side of a cut answers (RFC 4035
/// 3.1.4.1).
#[inline]
pub fn lookup<'z>(zone: &'z Image, path: &Path<'_>, ds: bool) -> Found<'z> {
    // Without cuts and DNAMEs an exact match needs no look at the names above it.
    if zone.is_plain() {
        return match find(zone, path, 0) {
            Some(node) => Found::Exact(node),
            None => match_down(
                zone,
                path,
                ds,
                |skip| if skip == 0 { None } else { find(zone, path, skip) },
            ),
        };
    }
    match_down(zone, path, ds, |skip| find(zone, path, skip))
}

/// From the apex down. `find` gives the node of the name without so many labels.
#[inline]
fn match_down<'z>(zone: &'z Image, path: &Path<'_>, ds: bool, find: impl Fn(usize) -> Option<Node<'z>>) -> Found<'z> {
    let mut encloser = zone.apex_node();
    for skip in (0..path.labels().saturating_sub(zone.labels)).rev() {
        if encloser.flags & DNAME != 0 {
            return Found::Dname(encloser);
        }
        let Some(node) = find(skip) else {
            return wildcard(zone, path, skip + 1, encloser);
        };
        if node.flags & CUT != 0 && !(ds && skip == 0) {
            return Found::Cut(node);
        }
        encloser = node;
    }
    Found::Exact(encloser)
}

/// The name without its first labels, if the zone has it. An NSEC3 is no name of the zone (RFC 5155 7.2.8).
#[inline]
fn find<'z>(zone: &'z Image, path: &Path<'_>, skip: usize) -> Option<Node<'z>> {
    let node = zone.tree.find(path.hash(skip), &[], path.suffix(skip))?;
    (node.flags & HIDDEN == 0).then_some(node)
}

/// The source of synthesis: `*` right below the closest encloser, which is the name without its first `skip` labels.
fn wildcard<'z>(zone: &'z Image, path: &Path<'_>, skip: usize, encloser: Node<'z>) -> Found<'z> {
    if encloser.flags & WILDCARD == 0 {
        return Found::Nothing(skip);
    }
    let hash = hash::child(path.hash(skip), b"*");
    match zone.tree.find(hash, b"\x01*", path.suffix(skip)) {
        Some(node) => Found::Wildcard(node, skip),
        None => Found::Nothing(skip),
    }
}
