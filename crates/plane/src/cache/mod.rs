//! Finished answers, by question, DO, CD, view and source.
//!
//! A table of sets of eight slots. A reader compares tags and takes what a slot holds through `arc-swap`: no lock, no shared
//! write but a used bit that is set once. A writer (only after a miss) swaps one slot. What is evicted: first what is past
//! use, then what was not used since the hand came by (CLOCK). Memory is bounded in bytes, whatever the sizes of answers.

mod addresses;
pub mod entry;
pub mod settle;

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

use arc_swap::{ArcSwapAny, Guard};
use resolute_wire::name::{self, Name};

pub use entry::{Cached, Entry, Key};

use crate::hash;

const WAYS: usize = 8;
/// Bytes of cache per set: eight answers of some 500 bytes.
const BYTES_PER_SET: usize = 4_096;

type Slot = ArcSwapAny<Option<Entry>>;

/// The cache.
pub struct Cache {
    sets: Box<[Set]>,
    limit: usize,
    bytes: AtomicUsize,
    entries: AtomicUsize,
    hand: AtomicUsize,
}

#[repr(align(64))]
struct Set {
    slots: [Slot; WAYS],
    tags: [AtomicU32; WAYS],
    used: [AtomicU8; WAYS],
}

/// What the cache has for a question.
pub enum Lookup {
    /// A live answer.
    Hit(Guard<Option<Entry>>),
    /// An answer past its TTL that may be served stale.
    Stale(Guard<Option<Entry>>),
    /// Nothing.
    Miss,
}

impl Cache {
    /// A cache of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        let sets = (limit / BYTES_PER_SET).max(64).next_power_of_two();
        let set = || Set {
            slots: std::array::from_fn(|_| Slot::new(None)),
            tags: Default::default(),
            used: Default::default(),
        };
        Self {
            sets: (0..sets).map(|_| set()).collect(),
            limit,
            bytes: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// The answer to a question at `now`.
    #[inline]
    pub fn get(&self, key: &Key, qname: &[u8], now: u32) -> Lookup {
        let set = self.set(key.hash);
        for (way, tag) in set.tags.iter().enumerate() {
            if tag.load(Relaxed) != tag_of(key.hash) {
                continue;
            }
            let guard = set.slots[way].load();
            let Some(entry) = guard.as_ref().filter(|entry| entry.answers(key, qname)) else {
                continue;
            };
            if set.used[way].load(Relaxed) == 0 {
                set.used[way].store(1, Relaxed);
            }
            if now < entry.expires() {
                return Lookup::Hit(guard);
            }
            return if now < entry.stale_until() {
                Lookup::Stale(guard)
            } else {
                Lookup::Miss
            };
        }
        Lookup::Miss
    }

    /// Puts an answer in the place of the one to the same question, or of one that is worth less.
    pub fn insert(&self, entry: Entry, now: u32) {
        let hash = entry.key().hash;
        let set = self.set(hash);
        let way = set.place(&entry, now);
        self.bytes.fetch_add(entry.size(), Relaxed);
        self.entries.fetch_add(1, Relaxed);
        set.tags[way].store(tag_of(hash), Relaxed);
        set.used[way].store(1, Relaxed);
        self.forget(set.slots[way].swap(Some(entry)));
        self.shrink(now);
    }

    /// All answers, the dead ones left out.
    pub fn entries(&self, now: u32) -> Vec<Entry> {
        let slots = self.sets.iter().flat_map(|set| &set.slots);
        slots
            .filter_map(Slot::load_full)
            .filter(|entry| now < entry.stale_until().max(entry.expires()))
            .collect()
    }

    /// Forgets what stands at a name (`subtree`: or below it), or everything.
    pub fn flush(&self, at: Option<(&Name, bool)>) -> usize {
        let mut count = 0;
        for set in &self.sets {
            for way in 0..WAYS {
                let matches = set.slots[way].load().as_ref().is_some_and(|entry| match at {
                    None => true,
                    Some((name, true)) => name::is_at_or_below(entry.qname(), name.as_wire()),
                    Some((name, false)) => entry.qname().eq_ignore_ascii_case(name.as_wire()),
                });
                if matches {
                    count += usize::from(self.clear(set, way));
                }
            }
        }
        count
    }

    /// Answers held.
    pub fn len(&self) -> usize {
        self.entries.load(Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// The bound.
    pub fn limit(&self) -> usize {
        self.limit
    }

    fn set(&self, hash: u64) -> &Set {
        &self.sets[hash as usize & (self.sets.len() - 1)]
    }

    /// Moves the hand on until the bytes are within the bound: two rounds at most, the second finds everything unused.
    fn shrink(&self, now: u32) {
        let mut steps = self.sets.len() * WAYS * 2;
        while self.bytes() > self.limit && steps > 0 {
            let at = self.hand.fetch_add(1, Relaxed) % (self.sets.len() * WAYS);
            let (set, way) = (&self.sets[at / WAYS], at % WAYS);
            steps -= 1;
            let dead = set.slots[way].load().as_ref().is_some_and(|entry| entry.is_dead(now));
            if dead || set.used[way].swap(0, Relaxed) == 0 {
                self.clear(set, way);
            }
        }
    }

    fn clear(&self, set: &Set, way: usize) -> bool {
        set.tags[way].store(0, Relaxed);
        self.forget(set.slots[way].swap(None))
    }

    fn forget(&self, old: Option<Entry>) -> bool {
        let Some(old) = old else { return false };
        self.bytes.fetch_sub(old.size(), Relaxed);
        self.entries.fetch_sub(1, Relaxed);
        true
    }
}

impl Set {
    /// The slot for a new entry.
    fn place(&self, entry: &Entry, now: u32) -> usize {
        let mut victim = None;
        for (way, slot) in self.slots.iter().enumerate() {
            match slot.load().as_ref() {
                Some(old) if old.answers(entry.key(), entry.qname()) => return way,
                Some(old) if old.is_dead(now) => victim = Some(way),
                Some(_) => {}
                None => victim = Some(way),
            }
        }
        victim.unwrap_or_else(|| {
            let unused = (0..WAYS).find(|&way| self.used[way].swap(0, Relaxed) == 0);
            unused.unwrap_or(hash::mix(entry.key().hash, u64::from(now)) as usize % WAYS)
        })
    }
}

/// A slot's tag; never 0, which marks an empty one.
fn tag_of(hash: u64) -> u32 {
    (hash >> 32) as u32 | 1
}
