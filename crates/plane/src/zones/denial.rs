//! The chain of NSEC (RFC 4034 4) or NSEC3 (RFC 5155 3) records of a signed zone: which of them speaks of a name.

use data_encoding::BASE32_DNSSEC;
use resolute_wire::name::{self, MAX_NAME, Name};
use resolute_wire::rtype;
use sha1::{Digest, Sha1};

use super::order::Order;
use super::tree::{Node, Tree};
use crate::hash;

/// Length of the only hash that NSEC3 has (RFC 5155 11: SHA-1).
const HASH: usize = 20;
const SHA1: u8 = 1;
/// And of its text in base32hex.
const LABEL: usize = 32;

/// How a zone denies.
#[derive(Clone, Debug)]
pub enum Denial {
    /// With NSEC; the order is that of names (RFC 4034 6.1).
    Nsec(Order),
    /// With NSEC3; the order is that of hashes.
    Nsec3(Parameters, Order),
}

/// What NSEC3 hashes with (RFC 5155 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    iterations: u16,
    salt: Box<[u8]>,
}

impl Denial {
    /// Of the zone with this tree; None when it is not signed, or not to the end.
    pub fn of(tree: &Tree, apex: &[u8]) -> Option<Self> {
        let top = tree.find(hash::of_name(apex), &[], apex)?;
        if let Some(parameters) = Parameters::of(top) {
            let mut keys: Vec<Vec<u8>> = tree
                .nodes()
                .filter(|node| parameters.are_of(node))
                .filter_map(|node| hash_of_owner(node.name))
                .map(|hash| hash.to_vec())
                .collect();
            keys.sort_unstable();
            return (!keys.is_empty()).then(|| Self::Nsec3(parameters, Order::build(&keys)));
        }
        top.get(rtype::NSEC)?;
        let owners = tree.nodes().filter(|node| node.get(rtype::NSEC).is_some());
        let mut keys: Vec<Vec<u8>> = owners
            .map(|node| Key::of(node.name, apex).as_slice().to_vec())
            .collect();
        keys.sort_unstable();
        Some(Self::Nsec(Order::build(&keys)))
    }

    /// Whether the zone with this tree still denies in this way.
    pub fn is_still_of(&self, tree: &Tree, apex: &[u8]) -> bool {
        let Some(top) = tree.find(hash::of_name(apex), &[], apex) else {
            return false;
        };
        match self {
            Self::Nsec3(parameters, _) => Parameters::of(top).as_ref() == Some(parameters),
            Self::Nsec(_) => Parameters::of(top).is_none() && top.get(rtype::NSEC).is_some(),
        }
    }

    /// A name is in the chain, or out of it, as its node says from now on.
    pub fn set(&mut self, name: &[u8], node: Option<Node<'_>>, apex: &[u8]) {
        match self {
            Self::Nsec(order) => {
                let present = node.is_some_and(|node| node.get(rtype::NSEC).is_some());
                order.set(Key::of(name, apex).as_slice(), present);
            }
            Self::Nsec3(parameters, order) => {
                if let Some(hash) = hash_of_owner(name) {
                    order.set(&hash, node.is_some_and(|node| parameters.are_of(&node)));
                }
            }
        }
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        match self {
            Self::Nsec(order) | Self::Nsec3(_, order) => order.size(),
        }
    }
}

impl Parameters {
    /// Of the first chain that is complete, as the apex says; flags have to be zero (RFC 5155 4.1.2).
    fn of(apex: Node<'_>) -> Option<Self> {
        let mut sets = apex.get(rtype::NSEC3PARAM)?.iter();
        sets.find_map(|(_, rdata)| Self::read(rdata).filter(|_| rdata.get(1) == Some(&0)))
    }

    /// From the beginning of the rdata of NSEC3 or NSEC3PARAM.
    fn read(rdata: &[u8]) -> Option<Self> {
        let (&[SHA1, _, i0, i1, length], rest) = rdata.split_first_chunk()? else {
            return None;
        };
        Some(Self {
            iterations: u16::from_be_bytes([i0, i1]),
            salt: rest.get(..usize::from(length))?.into(),
        })
    }

    /// Whether a node has an NSEC3 of this chain.
    pub fn are_of(&self, node: &Node<'_>) -> bool {
        let chain = node.get(rtype::NSEC3);
        chain.is_some_and(|rrset| rrset.iter().any(|(_, rdata)| Self::read(rdata).as_ref() == Some(self)))
    }

    /// RFC 5155 5: the hash of a name in lower case.
    pub fn hash(&self, name: &[u8]) -> [u8; HASH] {
        let mut digest = Sha1::new().chain_update(name).chain_update(&self.salt).finalize();
        for _ in 0..self.iterations {
            digest = Sha1::new().chain_update(digest).chain_update(&self.salt).finalize();
        }
        digest.into()
    }
}

/// The owner of the NSEC3 with this hash: base32hex as the first label below the apex (RFC 5155 3).
pub fn owner_of_hash(hash: &[u8; HASH], apex: &Name) -> Option<Name> {
    let mut label = [0; LABEL];
    BASE32_DNSSEC.encode_mut(hash, &mut label);
    apex.child(&label).ok()
}

/// The hash in the first label of an NSEC3 owner in lower case.
pub fn hash_of_owner(owner: &[u8]) -> Option<[u8; HASH]> {
    let label = name::labels(owner).next().filter(|label| label.len() == LABEL)?;
    let mut hash = [0; HASH];
    BASE32_DNSSEC.decode_mut(label, &mut hash).ok()?;
    Some(hash)
}

/// A name below an apex as bytes that sort as names do (RFC 4034 6.1): labels from the right, each ended by a zero; zeros and
/// ones within a label are written as two bytes that begin with one.
pub struct Key {
    length: usize,
    bytes: [u8; 2 * MAX_NAME],
}

impl Key {
    /// Of a name in lower case.
    pub fn of(name: &[u8], apex: &[u8]) -> Self {
        let mut key = Self {
            length: 0,
            bytes: [0; 2 * MAX_NAME],
        };
        let below = &name[..name.len().saturating_sub(apex.len())];
        let mut starts = [0u8; name::MAX_LABELS];
        let (mut count, mut at) = (0, 0);
        while let Some(&length) = below.get(at) {
            starts[count] = at as u8;
            count += 1;
            at += 1 + usize::from(length);
        }
        for &start in starts[..count].iter().rev() {
            let start = usize::from(start);
            let label = &below[start + 1..=start + usize::from(below[start])];
            label.iter().for_each(|&byte| key.push(byte));
            key.bytes[key.length] = 0;
            key.length += 1;
        }
        key
    }

    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, byte: u8) {
        if byte <= 1 {
            self.bytes[self.length] = 1;
            self.length += 1;
        }
        self.bytes[self.length] = if byte <= 1 { byte + 1 } else { byte };
        self.length += 1;
    }
}

/// The name that a key was made of.
pub fn name_of_key(key: &[u8], apex: &Name) -> Option<Name> {
    let mut name = *apex;
    for part in key.split_inclusive(|&byte| byte == 0) {
        let mut label = Vec::with_capacity(part.len());
        let mut bytes = part.split_last()?.1.iter();
        while let Some(&byte) = bytes.next() {
            label.push(if byte == 1 { bytes.next()? - 1 } else { byte });
        }
        name = name.child(&label).ok()?;
    }
    Some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
    }

    /// RFC 4034 6.1: the example of names in canonical order.
    #[test]
    fn canonical_order() {
        let apex = name("example.");
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "z.a.example.",
            "zabc.a.example.",
            "z.example.",
            "\\001.z.example.",
            "*.z.example.",
            "\\200.z.example.",
        ];
        let keys: Vec<_> = sorted
            .iter()
            .map(|text| {
                Key::of(name(text).lower().as_wire(), apex.as_wire())
                    .as_slice()
                    .to_vec()
            })
            .collect();
        assert!(keys.is_sorted());
        for (text, key) in sorted.iter().zip(&keys) {
            assert_eq!(name_of_key(key, &apex).unwrap(), name(text).lower());
        }
        let odd = name("a\\000\\001b.\\000.example.");
        assert_eq!(
            name_of_key(Key::of(odd.as_wire(), apex.as_wire()).as_slice(), &apex).unwrap(),
            odd
        );
    }

    /// RFC 5155 appendix A: hashes with salt AABBCCDD and 12 iterations.
    #[test]
    fn hashes_of_the_example() {
        let parameters = Parameters {
            iterations: 12,
            salt: [0xAA, 0xBB, 0xCC, 0xDD].into(),
        };
        for (text, hash) in [
            ("example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            ("a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
            ("ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
            ("*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
        ] {
            let owner = owner_of_hash(&parameters.hash(name(text).as_wire()), &name("example.")).unwrap();
            assert_eq!(owner, name(&format!("{hash}.example.")));
            assert_eq!(
                hash_of_owner(owner.as_wire()),
                Some(parameters.hash(name(text).as_wire()))
            );
        }
    }
}
