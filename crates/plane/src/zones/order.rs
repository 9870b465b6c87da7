//! Sorted keys in chunks: who comes before a name that does not exist. Immutable, shared between versions of the zone.
//!
//! ```text
//! heads:  first eight bytes of each chunk's first key, with the chunk
//! chunk:  count u16 | ends u32 × count | keys
//! ```
//! A search reads the heads, which lie together, and one chunk; a change copies the heads and one chunk.

use std::sync::Arc;

/// Keys in a chunk, and in one that is about to be split.
const CHUNK_KEYS: usize = 128;
const MOST_KEYS: usize = 2 * CHUNK_KEYS;

/// A sorted set of byte strings.
#[derive(Clone, Debug, Default)]
pub struct Order {
    heads: Vec<Head>,
}

#[derive(Clone, Debug)]
struct Head {
    prefix: u64,
    chunk: Chunk,
}

impl Order {
    /// From sorted keys without repetition.
    pub fn build(keys: &[Vec<u8>]) -> Self {
        Self {
            heads: keys.chunks(CHUNK_KEYS).map(Head::new).collect(),
        }
    }

    /// The greatest key that is not greater than `key`; the last of all when there is none (the chain is a ring).
    pub fn at_or_before(&self, key: &[u8]) -> Option<&[u8]> {
        let head = match self.head_of(key) {
            Some(at) => self.heads.get(at)?,
            None => return self.heads.last()?.chunk.keys().last(),
        };
        let at = head.chunk.search(key).unwrap_or_else(|next| next.saturating_sub(1));
        head.chunk.key(at)
    }

    /// Adds a key, or takes it away.
    pub fn set(&mut self, key: &[u8], present: bool) {
        let at = self.head_of(key).unwrap_or(0);
        let mut keys: Vec<Vec<u8>> = match self.heads.get(at) {
            Some(head) => head.chunk.keys().map(<[u8]>::to_vec).collect(),
            None => Vec::new(),
        };
        match (keys.binary_search_by(|known| known.as_slice().cmp(key)), present) {
            (Err(place), true) => keys.insert(place, key.to_vec()),
            (Ok(place), false) => drop(keys.remove(place)),
            _ => return,
        }
        let pieces = if keys.len() > MOST_KEYS { CHUNK_KEYS } else { MOST_KEYS };
        let replaced = at..self.heads.len().min(at + 1);
        self.heads.splice(replaced, keys.chunks(pieces).map(Head::new));
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        let chunks = self.heads.iter().map(|head| head.chunk.0.len() + 16);
        self.heads.capacity() * size_of::<Head>() + chunks.sum::<usize>()
    }

    /// The last chunk whose first key is not greater than `key`.
    fn head_of(&self, key: &[u8]) -> Option<usize> {
        let prefix = prefix(key);
        let after = self
            .heads
            .partition_point(|head| head.prefix < prefix || (head.prefix == prefix && head.chunk.key(0) <= Some(key)));
        after.checked_sub(1)
    }
}

impl Head {
    fn new(keys: &[Vec<u8>]) -> Self {
        Self {
            prefix: keys.first().map_or(0, |key| prefix(key)),
            chunk: Chunk::new(keys),
        }
    }
}

/// The first eight bytes of a key; what is missing counts as zero, so that the order of prefixes is never another than that
/// of keys.
fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}

#[derive(Clone, Debug)]
struct Chunk(Arc<[u8]>);

impl Chunk {
    fn new(keys: &[Vec<u8>]) -> Self {
        let mut bytes = (keys.len() as u16).to_le_bytes().to_vec();
        let mut end = 0u32;
        for key in keys {
            end += key.len() as u32;
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        keys.iter().for_each(|key| bytes.extend_from_slice(key));
        Self(bytes.into())
    }

    fn count(&self) -> usize {
        self.0
            .first_chunk()
            .map_or(0, |count| usize::from(u16::from_le_bytes(*count)))
    }

    fn key(&self, at: usize) -> Option<&[u8]> {
        let count = self.count();
        let keys = self.0.get(2 + 4 * count..)?;
        let end = |at: usize| -> Option<usize> {
            let end = self.0.get(2 + 4 * at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*end) as usize)
        };
        if at >= count {
            return None;
        }
        let start = if at == 0 { 0 } else { end(at - 1)? };
        keys.get(start..end(at)?)
    }

    fn keys(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count()).map_while(|at| self.key(at))
    }

    /// The place of a key, or where it would stand.
    fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key(middle).cmp(&Some(key)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whatever is added and removed, it finds what a plain sorted set finds.
    #[test]
    fn as_a_sorted_set() {
        let key = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes()[..(1 + number as usize % 4)].to_vec();
        let mut set: BTreeSet<Vec<u8>> = (0..1_000).map(key).collect();
        let mut order = Order::build(&set.iter().cloned().collect::<Vec<_>>());
        for number in 0..6_000 {
            let changed = key(number);
            let present = number % 3 != 0;
            order.set(&changed, present);
            if present {
                set.insert(changed);
            } else {
                set.remove(&changed);
            }
            let asked = key(number + 7);
            let before = set.range(..=asked.clone()).next_back().or(set.last());
            assert_eq!(order.at_or_before(&asked), before.map(Vec::as_slice));
        }
        for gone in set {
            order.set(&gone, false);
        }
        assert_eq!(order.at_or_before(b"x"), None);
        assert!(order.heads.is_empty());
    }
}
