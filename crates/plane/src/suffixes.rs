//! Which zone, or which route, is a name in: the longest apex that is the name or above it, compared label by label.
//!
//! Immutable like what it holds: a publish copies the shards that it changes and shares the others, so one zone more among a
//! hundred thousand costs a hundredth of a millisecond, and readers never wait.

use std::collections::HashMap;
use std::sync::Arc;

use resolute_wire::name::MAX_LABELS;

use crate::hash::Path;

const SHARDS: usize = 256;

type Shard<T> = HashMap<u64, Same<T>, Unhashed>;

/// Those of equal hash: nearly always one, which costs no allocation and no memory access of its own.
#[derive(Debug)]
enum Same<T> {
    One(Arc<T>),
    Many(Vec<Arc<T>>),
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        match self {
            Self::One(item) => Self::One(item.clone()),
            Self::Many(items) => Self::Many(items.clone()),
        }
    }
}

impl<T> Same<T> {
    fn as_slice(&self) -> &[Arc<T>] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

/// Something that stands at an apex.
pub trait Apex {
    /// Its name, lower case.
    fn apex(&self) -> &[u8];
    /// The name's hash.
    fn hash(&self) -> u64;
    /// The name's labels.
    fn labels(&self) -> usize;
}

/// What is found by the longest suffix.
#[derive(Debug)]
pub struct SuffixTable<T> {
    shards: Vec<Arc<Shard<T>>>,
    /// How many have an apex of so many labels.
    depths: Box<[u32; MAX_LABELS + 1]>,
    /// The depths that occur, as bits: only these are looked for.
    present: u128,
    count: usize,
}

impl<T> Clone for SuffixTable<T> {
    fn clone(&self) -> Self {
        Self {
            shards: self.shards.clone(),
            depths: self.depths.clone(),
            present: self.present,
            count: self.count,
        }
    }
}

impl<T> Default for SuffixTable<T> {
    fn default() -> Self {
        let empty: Arc<Shard<T>> = Arc::default();
        Self {
            shards: vec![empty; SHARDS],
            depths: Box::new([0; MAX_LABELS + 1]),
            present: 0,
            count: 0,
        }
    }
}

impl<T: Apex> SuffixTable<T> {
    /// The longest apex that the name is at or below, among those of at most `most` labels.
    #[inline]
    pub fn find(&self, path: &Path<'_>, most: usize) -> Option<&Arc<T>> {
        let labels = path.labels();
        let deepest = labels.min(most).min(MAX_LABELS) as u32;
        let mut depths = self.present & (u128::MAX >> (127 - deepest));
        while depths != 0 {
            let depth = 127 - depths.leading_zeros();
            depths &= !(1 << depth);
            let skip = labels - depth as usize;
            if let Some(item) = self.get(path.hash(skip), path.suffix(skip)) {
                return Some(item);
            }
        }
        None
    }

    /// The one with exactly this apex.
    #[inline]
    pub fn get(&self, hash: u64, origin: &[u8]) -> Option<&Arc<T>> {
        let same_hash = self.shards.get(shard(hash))?.get(&hash)?;
        same_hash.as_slice().iter().find(|item| item.apex() == origin)
    }

    /// Adds or replaces; gives the replaced ones.
    pub fn put(&mut self, items: impl IntoIterator<Item = Arc<T>>) -> Vec<Arc<T>> {
        let mut replaced = Vec::new();
        for item in items {
            replaced.extend(self.remove(item.hash(), item.apex()));
            self.depths[item.labels()] += 1;
            self.present |= 1 << item.labels();
            self.count += 1;
            let shard = Arc::make_mut(&mut self.shards[shard(item.hash())]);
            let (hash, mut same) = (item.hash(), Same::One(item.clone()));
            if let Some(others) = shard.remove(&hash) {
                same = Same::Many([others.as_slice(), &[item]].concat());
            }
            shard.insert(hash, same);
        }
        replaced
    }

    /// Takes one away.
    pub fn remove(&mut self, hash: u64, origin: &[u8]) -> Option<Arc<T>> {
        self.get(hash, origin)?;
        let shard = Arc::make_mut(&mut self.shards[shard(hash)]);
        let mut same_hash = shard.remove(&hash)?.as_slice().to_vec();
        let at = same_hash.iter().position(|item| item.apex() == origin)?;
        let item = same_hash.swap_remove(at);
        if !same_hash.is_empty() {
            shard.insert(hash, Same::Many(same_hash));
        }
        self.depths[item.labels()] -= 1;
        if self.depths[item.labels()] == 0 {
            self.present &= !(1 << item.labels());
        }
        self.count -= 1;
        Some(item)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.shards
            .iter()
            .flat_map(|shard| shard.values().flat_map(Same::as_slice))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn shard(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

/// The keys are keyed hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Unhashed;

impl std::hash::BuildHasher for Unhashed {
    type Hasher = Identity;

    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

struct Identity(u64);

impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
