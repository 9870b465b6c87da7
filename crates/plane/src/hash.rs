//! One keyed hash for names, used by zones, overlays and cache alike.
//!
//! A name's hash is made label by label from the right, so the hashes of all its ancestors come with it. The key is drawn
//! from the operating system once a process: nobody outside can make names that collide.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use ahash::RandomState;
use resolute_wire::name::{self, MAX_LABELS};
use resolute_wire::query::Query;

static KEY: LazyLock<RandomState> = LazyLock::new(|| {
    let mut seeds = [[0u8; 8]; 4];
    for seed in &mut seeds {
        // Without the operating system's randomness a fixed key still answers rightly; only hash flooding gets easier.
        let _ = getrandom::fill(seed);
    }
    let [a, b, c, d] = seeds.map(u64::from_ne_bytes);
    RandomState::with_seeds(a, b, c, d)
});

/// The hash of the root.
const ROOT: u64 = 0x9E37_79B9_7F4A_7C15;

/// The hash of a name from its parent's hash and its first label (lower case, without the length byte).
#[inline]
pub fn child(parent: u64, label: &[u8]) -> u64 {
    let mut hasher = KEY.build_hasher();
    hasher.write_u64(parent);
    hasher.write(label);
    hasher.finish()
}

/// Mixes a number into a hash.
#[inline]
pub fn mix(hash: u64, value: u64) -> u64 {
    let mut hasher = KEY.build_hasher();
    hasher.write_u64(hash);
    hasher.write_u64(value);
    hasher.finish()
}

/// The hash of an uncompressed lower-case name.
pub fn of_name(wire: &[u8]) -> u64 {
    Path::of(wire).hash(0)
}

/// A name (lower case) cut into labels, with the hash of every suffix.
pub struct Path<'a> {
    wire: &'a [u8],
    count: usize,
    starts: [u8; MAX_LABELS],
    hashes: [u64; MAX_LABELS],
}

impl<'a> Path<'a> {
    /// Of the name that was asked.
    pub fn of_query(query: &'a Query<'_>) -> Self {
        let mut path = Self::empty(query.qname.as_wire());
        let starts = query.label_starts();
        path.starts[..starts.len()].copy_from_slice(starts);
        path.count = starts.len();
        path.fill();
        path
    }

    /// Of any uncompressed lower-case name.
    pub fn of(wire: &'a [u8]) -> Self {
        let mut path = Self::empty(wire);
        for suffix in name::suffixes(wire).take(MAX_LABELS) {
            path.starts[path.count] = (wire.len() - suffix.len()) as u8;
            path.count += 1;
        }
        path.fill();
        path
    }

    fn empty(wire: &'a [u8]) -> Self {
        Self {
            wire,
            count: 0,
            starts: [0; MAX_LABELS],
            hashes: [0; MAX_LABELS],
        }
    }

    fn fill(&mut self) {
        let mut hash = ROOT;
        for at in (0..self.count).rev() {
            let start = usize::from(self.starts[at]);
            let length = usize::from(self.wire[start]);
            hash = child(hash, &self.wire[start + 1..=start + length]);
            self.hashes[at] = hash;
        }
    }

    /// How many labels, the root not counted.
    #[inline]
    pub fn labels(&self) -> usize {
        self.count
    }

    /// The name without its first `skip` labels.
    #[inline]
    pub fn suffix(&self, skip: usize) -> &'a [u8] {
        match self.starts[..self.count].get(skip) {
            Some(&start) => &self.wire[usize::from(start)..],
            None => &self.wire[self.wire.len() - 1..],
        }
    }

    /// The hash of the name without its first `skip` labels.
    #[inline]
    pub fn hash(&self, skip: usize) -> u64 {
        self.hashes[..self.count].get(skip).copied().unwrap_or(ROOT)
    }
}
