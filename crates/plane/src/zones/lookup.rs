//! Where a name is in a zone: RFC 1034 4.3.2 step 3, "start matching down, label by label, in the zone".

use super::image::Image;
use super::tree::{CUT, DNAME, Node, WILDCARD};
use crate::hash::{self, Path};

/// What stands where the matching ended.
#[derive(Clone, Copy, Debug)]
pub enum Found<'z> {
    /// The name exists (an empty non-terminal too).
    Exact(Node<'z>),
    /// It does not, and `*` below its closest encloser does (RFC 4592 3.3.1).
    Wildcard(Node<'z>),
    /// A zone cut at or above it: step 3b.
    Cut(Node<'z>),
    /// A DNAME above it: RFC 6672 3.2.
    Dname(Node<'z>),
    /// Step 3c, no wildcard: the name does not exist.
    Nothing,
}

/// Finds a name at or below the apex. `ds`: the question is for DS, which the parent side of a cut answers (RFC 4035
/// 3.1.4.1).
#[inline]
pub fn lookup<'z>(zone: &'z Image, path: &Path<'_>, ds: bool) -> Found<'z> {
    if zone.plain
        && let Some(node) = zone.tree.find(path.hash(0), &[], path.suffix(0))
    {
        return Found::Exact(node);
    }
    match_down(zone, path, ds)
}

fn match_down<'z>(zone: &'z Image, path: &Path<'_>, ds: bool) -> Found<'z> {
    let mut encloser: Option<Node<'z>> = None;
    let below_apex = path.labels().saturating_sub(zone.labels);
    for skip in (0..=below_apex).rev() {
        let Some(node) = zone.tree.find(path.hash(skip), &[], path.suffix(skip)) else {
            return encloser.map_or(Found::Nothing, |encloser| wildcard(zone, path, skip, encloser));
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
    Found::Nothing
}

/// The source of synthesis: `*` right below the closest encloser, which has `missing` labels before it removed and one more.
fn wildcard<'z>(zone: &'z Image, path: &Path<'_>, missing: usize, encloser: Node<'z>) -> Found<'z> {
    if encloser.flags & WILDCARD == 0 {
        return Found::Nothing;
    }
    let parent = missing + 1;
    let found = zone
        .tree
        .find(hash::child(path.hash(parent), b"*"), b"\x01*", path.suffix(parent));
    match found {
        Some(node) => Found::Wildcard(node),
        None => Found::Nothing,
    }
}
