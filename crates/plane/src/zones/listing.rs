//! The records of a draft in canonical order (RFC 4034 6.1), for those who check a zone: each name's records stand together,
//! what is below a name follows it, and a name is found by halving. It holds the order alone; the draft keeps the records.

use resolute_wire::name;

use super::draft::Draft;

/// The canonical order of a draft's records. Good for as long as the draft is not added to.
#[derive(Debug)]
pub struct Listing {
    keys: Vec<u8>,
    /// Where the key of each run of records of one owner stands in `keys`.
    places: Vec<(usize, usize)>,
    /// Index of the record in the draft, and of its key in `places`.
    order: Vec<(u32, u32)>,
}

impl Listing {
    /// Sorts the records of a draft: by name, then type, then place in the file.
    pub fn of(draft: &Draft) -> Self {
        let mut listing = Self {
            keys: Vec::new(),
            places: Vec::new(),
            order: Vec::with_capacity(draft.len()),
        };
        let mut before: &[u8] = &[];
        for (at, record) in draft.placed().enumerate() {
            if record.owner != before {
                let start = listing.keys.len();
                push_key(record.owner, &mut listing.keys);
                listing.places.push((start, listing.keys.len()));
                before = record.owner;
            }
            listing.order.push((at as u32, listing.places.len() as u32 - 1));
        }
        let (keys, places) = (&listing.keys, &listing.places);
        let key = |at: u32| keys_at(keys, places, at);
        listing.order.sort_unstable_by(|a, b| {
            let names = if a.1 == b.1 {
                std::cmp::Ordering::Equal
            } else {
                key(a.1).cmp(key(b.1))
            };
            let rtype = |at: u32| draft.at(at as usize).map(|record| record.rtype);
            names
                .then_with(|| rtype(a.0).cmp(&rtype(b.0)))
                .then_with(|| a.0.cmp(&b.0))
        });
        listing
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The draft's index of the record at a place of the order.
    pub fn get(&self, at: usize) -> Option<usize> {
        self.order.get(at).map(|&(record, _)| record as usize)
    }

    /// The places of the records at `owner` (wire form, any case), or at and below it; an empty range stands where they would.
    pub fn find(&self, owner: &[u8], reach: Reach) -> std::ops::Range<usize> {
        let mut key = Vec::with_capacity(owner.len() + 1);
        push_key(&owner.to_ascii_lowercase(), &mut key);
        let known = |at: &(u32, u32)| keys_at(&self.keys, &self.places, at.1);
        let start = self.order.partition_point(|at| known(at) < key.as_slice());
        let rest = self.order.get(start..).unwrap_or_default();
        let count = rest.partition_point(|at| match reach {
            Reach::Name => known(at) == key.as_slice(),
            Reach::Subtree => known(at).starts_with(&key),
        });
        start..start + count
    }
}

/// How much [`Listing::find`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The name alone.
    Name,
    /// What is below it too.
    Subtree,
}

fn keys_at<'k>(keys: &'k [u8], places: &[(usize, usize)], at: u32) -> &'k [u8] {
    places
        .get(at as usize)
        .and_then(|&(start, end)| keys.get(start..end))
        .unwrap_or_default()
}

/// A name in lower case as bytes whose order is the canonical one: labels from the right, each with an end that sorts before
/// every byte. A name's key begins with the keys of all names above it.
fn push_key(owner: &[u8], key: &mut Vec<u8>) {
    let mut labels = [0u8; 128];
    let mut count = 0;
    for suffix in name::suffixes(owner) {
        if let Some(slot) = labels.get_mut(count) {
            *slot = (owner.len() - suffix.len()) as u8;
            count += 1;
        }
    }
    for &start in labels.iter().take(count).rev() {
        let start = usize::from(start);
        let length = owner.get(start).map_or(0, |&length| usize::from(length));
        for &byte in owner.get(start + 1..start + 1 + length).unwrap_or_default() {
            match byte {
                0 | 1 => key.extend([1, byte + 1]),
                _ => key.push(byte),
            }
        }
        key.push(0);
    }
}

#[cfg(test)]
mod tests {
    use resolute_wire::name::Name;
    use resolute_wire::rtype;

    use super::*;
    use crate::zones::draft::NOWHERE;

    fn name(text: &str) -> Name {
        Name::from_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
    }

    /// The example of RFC 4034 6.1.
    #[test]
    fn canonical_order() {
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
            "\\001.z.example.",
            "*.z.example.",
            "\\200.z.example.",
        ];
        let mut draft = Draft::new(&name("example."));
        for at in [5, 0, 8, 3, 7, 1, 6, 2, 4] {
            draft.push(&name(sorted[at]), rtype::A, 60, &[192, 0, 2, at as u8], NOWHERE);
        }
        let listing = Listing::of(&draft);
        let order: Vec<u8> = (0..listing.len())
            .map(|at| draft.at(listing.get(at).unwrap()).unwrap().rdata[3])
            .collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(listing.find(name("A.example.").as_wire(), Reach::Name), 1..2);
        assert_eq!(listing.find(name("a.example.").as_wire(), Reach::Subtree), 1..5);
        assert_eq!(listing.find(name("b.example.").as_wire(), Reach::Subtree), 5..5);
        assert_eq!(listing.find(Name::ROOT.as_wire(), Reach::Subtree), 0..9);
    }

    #[test]
    fn records_of_a_name_stand_together() {
        let mut draft = Draft::new(&name("example."));
        for (owner, rtype) in [("b.example.", 28), ("a.example.", 1), ("b.example.", 1)] {
            let rdata = if rtype == 1 { vec![192, 0, 2, 1] } else { vec![0; 16] };
            draft.push(&name(owner), rtype, 60, &rdata, NOWHERE);
        }
        let listing = Listing::of(&draft);
        let types: Vec<u16> = listing
            .find(name("b.example.").as_wire(), Reach::Name)
            .map(|at| draft.at(listing.get(at).unwrap()).unwrap().rtype)
            .collect();
        assert_eq!(types, [1, 28]);
    }
}
