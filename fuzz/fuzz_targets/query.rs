//! Any bytes as a query: every reply is a valid message within the client's limit that echoes ID and question.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use resolute_plane::answer::{Given, Incoming, Room, Transport, Verdict, answer};
use resolute_plane::engine::{Desk, Engine};
use resolute_plane::explain::Silent;
use resolute_plane::listen::proxy;
use resolute_plane::settings::{Secret, Settings, View};
use resolute_plane::snapshot::Snapshot;
use resolute_plane::zones::draft::Draft;
use resolute_wire::compose::Known;
use resolute_wire::message::Message;
use resolute_wire::name::{HEADER, Name};
use resolute_wire::zonefile::{Limits, NoIncludes, scan};

const ZONE: &[u8] = b"$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
ns AAAA 2001:db8::1
www CNAME ns
out CNAME elsewhere.test.
loop CNAME loop2
loop2 CNAME loop
*.w TXT \"wild\"
a.b.c A 192.0.2.2
cut NS ns.cut
ns.cut A 192.0.2.3
d DNAME d.d
@ MX 1 ns
_s._tcp SRV 1 2 3 ns
big TXT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
big TXT bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
";

thread_local! {
    static DESKS: [Desk; 2] = [false, true].map(desk);
}

fn desk(cookies_required: bool) -> Desk {
    let engine = Arc::new(Engine::new(settings()).expect("an engine"));
    engine.publish(snapshot(cookies_required));
    Desk::new(&engine)
}

fn snapshot(cookies_required: bool) -> Snapshot {
    let mut snapshot = Snapshot::new(Settings {
        cookies_required,
        ..settings()
    });
    let origin = Name::from_text(b"x.", None).expect("a name");
    let mut draft = Draft::new(&origin);
    scan(ZONE, &origin, &mut NoIncludes, Limits::default(), &mut draft);
    let (image, _) = draft.compile().expect("a zone");
    snapshot.shared.zones.put([Arc::new(image)]);
    snapshot
}

fn settings() -> Settings {
    let recursion = vec!["127.0.0.0/8".parse().expect("prefix")];
    let views = vec![View {
        recursion,
        ..View::default()
    }];
    Settings {
        views,
        version: Some("fuzz".into()),
        nsid: Some(b"fuzz".into()),
        cookie_secrets: vec![Secret([7; 16])],
        ..Settings::default()
    }
}

fuzz_target!(|data: &[u8]| {
    // The first byte chooses transport, client and whether cookies are required, the rest is the packet.
    let Some((&choice, packet)) = data.split_first() else {
        return;
    };
    let transport = if choice & 1 == 0 {
        Transport::Udp
    } else {
        Transport::Tcp
    };
    let address = if choice & 2 == 0 {
        Ipv4Addr::LOCALHOST
    } else {
        Ipv4Addr::new(192, 0, 2, 99)
    };
    let incoming = Incoming {
        packet,
        address: IpAddr::V4(address),
        transport,
    };
    let _ = proxy::parse(packet);
    let moment = DESKS.with(|desks| desks[usize::from(choice >> 2 & 1)].moment());
    let (mut buf, mut known) = (vec![0; 65_535], Known::new());
    let room = Room {
        buf: &mut buf,
        known: &mut known,
    };
    match answer(moment.world(), incoming, Given::Nothing, room, &mut Silent) {
        Verdict::Reply(sent) | Verdict::Slipped(sent) | Verdict::Watched(sent) => {
            let reply = &buf[..sent.len];
            assert_eq!(reply[..2], packet[..2], "the ID");
            assert_eq!(reply[2] & 0x80, 0x80, "QR");
            assert_eq!(reply[3] & 0x40, 0, "Z");
            assert!(transport == Transport::Tcp || sent.len <= 1_232);
            if reply[5] == 1 {
                let message = Message::parse(reply).expect("a message");
                assert!(message.records().all(|record| record.is_ok()));
                let question = HEADER + message.qname.as_wire().len() + 4;
                assert_eq!(reply[HEADER..question], packet[HEADER..question], "the question");
            }
        }
        Verdict::Ask(ask) => assert!(ask.key.qtype > 0),
        Verdict::Limited => {}
        Verdict::Silence => assert!(packet.len() < HEADER || packet[2] & 0x80 != 0),
    }
});
