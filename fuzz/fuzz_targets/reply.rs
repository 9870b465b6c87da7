//! Any bytes as an upstream's reply: what is cached of it is a valid message that answers the question that was asked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use resolute_plane::cache::settle::settle;
use resolute_plane::cache::{Cached, Key};
use resolute_plane::settings::Settings;
use resolute_wire::message::Message;

fuzz_target!(|data: &[u8]| {
    let _ = resolute_wire::reply::Reply::read(data);
    let Ok(reply) = Message::parse(data) else { return };
    let key = Key::new(
        7,
        Key {
            hash: 0,
            qtype: reply.qtype,
            qclass: reply.qclass,
            view: 0,
            dnssec_ok: reply.id & 1 == 1,
            checking_disabled: false,
            source: 1,
        },
    );
    let Ok(entry) = settle(&reply, &reply.qname, key, &Settings::default(), 100) else {
        return;
    };
    let message = Message::parse(entry.message()).expect("a message");
    assert!(message.qname == reply.qname && message.qtype == reply.qtype && message.rcode() == reply.rcode());
    let mut copy = entry.message().to_vec();
    entry.patch_ttls(&mut copy, 130, None);
    let patched = Message::parse(&copy).expect("still a message");
    for (before, after) in message.records().zip(patched.records()) {
        let (before, after) = (before.expect("a record"), after.expect("still a record"));
        assert_eq!(after.ttl, before.ttl.saturating_sub(30));
        assert!(before.ttl <= 86_400 && before.owner == after.owner && before.rtype == after.rtype);
    }
});
