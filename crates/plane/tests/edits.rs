//! A zone that was changed step by step is the zone that would be read anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use resolute_plane::zones::draft::{Draft, NOWHERE};
use resolute_plane::zones::edit::Change;
use resolute_plane::zones::image::Image;
use resolute_wire::name::Name;
use resolute_wire::rtype;

type Records = BTreeMap<(String, u16), Vec<(u32, Vec<u8>)>>;

const OWNERS: &[&str] = &[
    "example.",
    "a.example.",
    "*.a.example.",
    "b.a.example.",
    "*.example.",
    "z.y.x.example.",
    "*.y.x.example.",
    "x.example.",
    "cut.example.",
    "ns.cut.example.",
    "one.two.three.four.example.",
    "\\000.example.",
];
const TYPES: &[u16] = &[rtype::A, rtype::TXT, rtype::NS, rtype::DNAME, rtype::NSEC];

fn name(text: &str) -> Name {
    Name::from_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
}

fn soa(serial: u32) -> Vec<u8> {
    let mut rdata = [b"\x02ns\0".as_slice(), b"\x04host\0"].concat();
    for number in [serial, 1, 2, 3, 60] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rdata
}

fn read(records: &Records) -> Image {
    let mut draft = Draft::new(&name("example."));
    for ((owner, rtype), set) in records {
        for (ttl, rdata) in set {
            draft.push(&name(owner), *rtype, *ttl, rdata, NOWHERE);
        }
    }
    draft.compile().unwrap_or_else(|problems| panic!("{problems:?}")).0
}

/// Everything that a node has.
fn nodes(image: &Image) -> BTreeSet<String> {
    let text = |node: resolute_plane::zones::tree::Node<'_>| {
        let sets: Vec<_> = node.rrsets().map(|set| (set.rtype, set.records.to_vec())).collect();
        format!("{:?} {} {:?} {sets:?}", node.name, node.flags, node.family())
    };
    image.tree.nodes().map(text).collect()
}

fn chain(image: &Image) -> String {
    format!("{:?}", image.denial)
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn rdata(rtype: u16, dice: &mut Dice) -> Vec<(u32, Vec<u8>)> {
    let byte = dice.throw(3) as u8;
    let one = match rtype {
        rtype::A => vec![192, 0, 2, byte],
        rtype::TXT => vec![1, byte],
        rtype::NSEC => b"\x07example\0\x00\x01\x40".to_vec(),
        _ => b"\x02ns\0".to_vec(),
    };
    vec![(60 + u32::from(byte), one)]
}

/// RFC 4592 2.2.2, RFC 6672 2.3 and the rest hold for what has been edited as for what is read.
#[test]
fn edited_is_read_anew() {
    let mut dice = Dice(7);
    let mut records = Records::from([
        (("example.".into(), rtype::SOA), vec![(300, soa(1))]),
        (("example.".into(), rtype::NSEC), rdata(rtype::NSEC, &mut dice)),
    ]);
    let mut image = read(&records);
    let (mut refused, mut made) = (0, 0);
    for serial in 2..1_500 {
        let mut wanted = records.clone();
        wanted.insert(("example.".into(), rtype::SOA), vec![(300, soa(serial))]);
        let mut keys = BTreeSet::from([("example.".to_owned(), rtype::SOA)]);
        for _ in 0..=dice.throw(3) {
            let key = (
                OWNERS[dice.throw(OWNERS.len())].to_owned(),
                TYPES[dice.throw(TYPES.len())],
            );
            if dice.throw(2) == 0 {
                wanted.insert(key.clone(), rdata(key.1, &mut dice));
            } else {
                wanted.remove(&key);
            }
            keys.insert(key);
        }
        let change = |key: &(String, u16)| Change {
            owner: name(&key.0),
            rtype: key.1,
            records: wanted.get(key).cloned().unwrap_or_default(),
        };
        let changes: Vec<Change> = keys.iter().map(change).collect();
        match image.edit(&changes) {
            Err(_) => refused += 1,
            Ok((edited, _)) => {
                let fresh = read(&wanted);
                assert_eq!(nodes(&edited), nodes(&fresh), "{changes:?}");
                assert_eq!(
                    (edited.names, edited.records, edited.cuts, edited.soa.serial),
                    (fresh.names, fresh.records, fresh.cuts, serial)
                );
                assert_eq!(chain(&edited), chain(&fresh));
                (image, records) = (edited, wanted);
                made += 1;
            }
        }
    }
    assert!(made > 500 && refused > 10, "{made} {refused}");
}

/// A zone of many pages grows and shrinks.
#[test]
fn pages_split() {
    let apex = ("example.".to_owned(), rtype::SOA);
    let mut image = read(&Records::from([(apex, vec![(300, soa(1))])]));
    let change = |number: u32, records| Change {
        owner: name(&format!("n{number}.example.")),
        rtype: rtype::A,
        records,
    };
    for number in 0..3_000u32 {
        let records = vec![(60, number.to_be_bytes().to_vec())];
        image = image.edit(&[change(number, records)]).unwrap().0;
    }
    assert_eq!(
        (image.names, image.records, image.tree.nodes().count()),
        (3_001, 3_001, 3_001)
    );
    for number in 0..3_000u32 {
        let found = image.node(name(&format!("n{number}.example.")).as_wire()).unwrap();
        let set = found.get(rtype::A).unwrap();
        assert_eq!(set.iter().next().unwrap().1, number.to_be_bytes());
        image = image.edit(&[change(number, Vec::new())]).unwrap().0;
    }
    assert_eq!((image.names, image.records, image.tree.nodes().count()), (1, 1, 1));
}

/// A name gets very many types, and loses them; each is found all the while, and none beside them.
#[test]
fn types_grow() {
    const TYPES: std::ops::Range<u16> = 1_000..1_100;
    let mut image = read(&Records::from([(
        ("example.".to_owned(), rtype::SOA),
        vec![(300, soa(1))],
    )]));
    let change = |rtype: u16, records| Change {
        owner: name("many.example."),
        rtype,
        records,
    };
    let found = |image: &Image| -> Vec<u16> {
        let node = image.node(name("many.example.").as_wire()).unwrap();
        let listed: Vec<u16> = node.rrsets().map(|rrset| rrset.rtype).collect();
        let got = (0..2_000).filter(|&rtype| {
            let rrset = node.get(rtype);
            let owns = |records: &[(u32, &[u8])]| *records == [(60, rtype.to_be_bytes().as_slice())];
            rrset.is_some_and(|rrset| rrset.rtype == rtype && owns(&rrset.iter().collect::<Vec<_>>()))
        });
        assert_eq!(got.collect::<Vec<_>>(), listed);
        listed
    };
    for rtype in TYPES.rev() {
        let records = vec![(60, rtype.to_be_bytes().to_vec())];
        image = image.edit(&[change(rtype, records)]).unwrap().0;
        assert_eq!(found(&image), (rtype..TYPES.end).collect::<Vec<_>>());
    }
    for rtype in TYPES.skip(1) {
        image = image.edit(&[change(rtype, Vec::new())]).unwrap().0;
        assert!(!found(&image).contains(&rtype));
    }
    assert_eq!(found(&image), [TYPES.start]);
}

/// What would be no zone is refused, and says why.
#[test]
fn a_change_is_checked() {
    let mut dice = Dice(1);
    let image = read(&Records::from([
        (("example.".into(), rtype::SOA), vec![(300, soa(1))]),
        (("a.example.".into(), rtype::A), rdata(rtype::A, &mut dice)),
    ]));
    let codes = |owner: &str, rtype: u16, records: Vec<(u32, Vec<u8>)>| {
        let owner = name(owner);
        let problems = image
            .edit(&[Change { owner, rtype, records }])
            .err()
            .unwrap_or_default();
        problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    let target = vec![(60, b"\x01b\0".to_vec())];
    assert_eq!(
        codes("a.example.", rtype::CNAME, target.clone()),
        ["cname-and-other-data"]
    );
    assert_eq!(codes("a.other.", rtype::CNAME, target), ["out-of-zone"]);
    assert_eq!(codes("example.", rtype::SOA, Vec::new()), ["no-soa"]);
    assert_eq!(codes("a.example.", rtype::A, vec![(60, vec![1])]), ["bad-rdata"]);
    assert_eq!(codes("b.example.", rtype::SOA, vec![(60, soa(1))]), ["stray-soa"]);
    // A name in rdata never points (RFC 3597 4): each reply would give it another meaning.
    assert_eq!(
        codes("b.example.", rtype::MX, vec![(60, b"\0\x01\x01a\xC0\x0C".to_vec())]),
        ["bad-rdata"]
    );
}
