//! Any bytes as the header of a proxy, as a finished reply that the rate limit takes the records out of, and as an RRset that
//! is written in every order: nothing is read past its end, and what comes out is a message, or the same set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use resolute_plane::listen::proxy;
use resolute_plane::ratelimit::{Class, truncate};
use resolute_wire::compose::{Composer, Known, Order, Owner, Rrset, Section, push_record};
use resolute_wire::message::Message;
use resolute_wire::name::HEADER;

fuzz_target!(|data: &[u8]| {
    header(data);
    slip(data);
    orders(data);
});

fn header(data: &[u8]) {
    if let Some(header) = proxy::parse(data) {
        assert!((proxy::FIXED..=proxy::MOST).contains(&header.length));
        assert!(header.length <= data.len());
        let fixed = data.first_chunk().expect("a header is longer");
        assert_eq!(
            proxy::length(fixed),
            Some(header.length),
            "the length is known before all has come"
        );
        assert_eq!(
            proxy::parse(&data[..header.length]),
            Some(header),
            "what follows does not matter"
        );
    }
}

fn slip(data: &[u8]) {
    let mut message = data.to_vec();
    let rcode = data.get(3).map_or(0, |low| u16::from(low & 0xF));
    let class = Class::of(&message, rcode);
    let len = truncate(&mut message, class);
    assert!(len <= data.len());
    let before = Message::parse(data);
    let bare = data.get(6..10) == Some(&[0; 4]);
    if class == Class::Error && bare || before.is_err() {
        assert_eq!(message, data);
        return;
    }
    let (before, after) = (
        before.expect("a message"),
        Message::parse(&message[..len]).expect("still a message"),
    );
    assert!(after.is_truncated());
    assert_eq!(
        (before.id, before.qtype, before.qname),
        (after.id, after.qtype, after.qname)
    );
    // What is left is an OPT that stood there, or what was none of the records.
    assert!(after.records().count() <= 1);
}

/// Each byte is the length of a record's data, up to 31.
fn orders(data: &[u8]) {
    let mut records = Vec::new();
    let count = data.len().min(100);
    for (number, &length) in data.iter().take(count).enumerate() {
        push_record(
            &mut records,
            0xFF00,
            1,
            60,
            &vec![number as u8; usize::from(length % 32)],
        );
    }
    let rrset = Rrset {
        rtype: 0xFF00,
        count: count as u16,
        records: &records,
    };
    let seed = data
        .iter()
        .fold(0u64, |seed, &byte| seed.rotate_left(8) ^ u64::from(byte));
    let written = |order| {
        let (mut buf, mut known) = (vec![0; 65_535], Known::new());
        let mut composer = Composer::new(&mut buf, &mut known, 65_535, b"\0\xFF\0\0\x01", Default::default());
        composer.order = order;
        assert!(composer.rrset(Section::Answer, Owner::Question, rrset));
        assert_eq!(composer.count(Section::Answer), count as u16);
        let end = composer.position();
        let message = &buf[HEADER + 5..end];
        let whole = Rrset {
            records: message,
            ..rrset
        };
        let mut all: Vec<_> = whole.iter().map(|(_, data)| data.to_vec()).collect();
        all.sort();
        (message.len(), all)
    };
    let fixed = written(Order::Fixed);
    assert_eq!(written(Order::Rotated(seed as u16)), fixed);
    assert_eq!(written(Order::Shuffled(seed)), fixed);
}
