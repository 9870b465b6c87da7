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
    if zone.is_plain()
        && let Some(node) = find(zone, path, 0)
    {
        return Found::Exact(node);
    }
    match_down(zone, path, ds)
}

fn match_down<'z>(zone: &'z Image, path: &Path<'_>, ds: bool) -> Found<'z> {
    let mut encloser: Option<Node<'z>> = None;
    let below_apex = path.labels().saturating_sub(zone.labels);
    for skip in (0..=below_apex).rev() {
        let Some(node) = find(zone, path, skip) else {
            return encloser.map_or(Found::Nothing(skip), |encloser| {
                wildcard(zone, path, skip + 1, encloser)
            });
        };
        if node.flags & CUT != 0 && !(ds && skip == 0) {
            return Found::Cut(node);
        }
        if skip == 0 {
            return Found::Exact(node);
        }
        if node.flags & DNAME != 0 {
            return Found::Dname(node);
        }
        encloser = Some(node);
    }
    Found::Nothing(0)
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
