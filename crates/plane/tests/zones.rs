//! Zones from text to answers. Expectations are the sentences of the RFCs that are quoted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use resolute_plane::answer::{Given, Incoming, Room, Transport, Verdict, World, answer};
use resolute_plane::cache::Cache;
use resolute_plane::explain::{Silent, Steps};
use resolute_plane::settings::{Settings, View};
use resolute_plane::snapshot::Snapshot;
use resolute_plane::zones::draft::Draft;
use resolute_plane::zones::image::Image;
use resolute_wire::compose::{Known, Section};
use resolute_wire::message::Message;
use resolute_wire::name::Name;
use resolute_wire::rtype;
use resolute_wire::zonefile::{Limits, NoIncludes, scan};

fn settings() -> Settings {
    let recursion = vec!["127.0.0.0/8".parse().unwrap()];
    Settings {
        views: vec![View {
            recursion,
            ..View::default()
        }],
        ..Settings::default()
    }
}

fn name(text: &str) -> Name {
    Name::from_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
}

fn draft(origin: &str, text: &str) -> Draft {
    let mut draft = Draft::new(&name(origin));
    scan(
        text.as_bytes(),
        &name(origin),
        &mut NoIncludes,
        Limits::default(),
        &mut draft,
    );
    draft
}

fn image(origin: &str, text: &str) -> Arc<Image> {
    let apex = "@ 300 SOA ns hostmaster 7 2 3 4 60\n@ 300 NS ns\n";
    let (image, _) = draft(origin, &format!("$TTL 300\n{apex}{text}"))
        .compile()
        .unwrap_or_else(|p| panic!("{p:?}"));
    Arc::new(image)
}

/// What is refused, by the codes of its problems.
fn refused(text: &str) -> Vec<&'static str> {
    let problems = draft("example.", text)
        .compile()
        .expect_err("the zone should be refused");
    problems.iter().map(|problem| problem.code).collect()
}

struct Reply {
    rcode: u16,
    aa: bool,
    records: Vec<(Section, String, u16)>,
}

impl Reply {
    fn section(&self, section: Section) -> Vec<(&str, u16)> {
        let mine = self.records.iter().filter(|record| record.0 == section);
        mine.map(|(_, owner, rtype)| (owner.as_str(), *rtype)).collect()
    }
}

fn ask(zones: &[Arc<Image>], qname: &str, qtype: u16) -> Reply {
    let mut snapshot = Snapshot::new(settings());
    snapshot.shared.zones.put(zones.iter().cloned());
    let mut packet = b"\0\x07\0\0\0\x01\0\0\0\0\0\0".to_vec();
    packet.extend_from_slice(name(qname).as_wire());
    packet.extend_from_slice(&qtype.to_be_bytes());
    packet.extend_from_slice(&[0, 1]);
    let cache = Cache::new(0);
    let world = World {
        snapshot: &snapshot,
        cache: &cache,
        now: 1,
        own: None,
    };
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let incoming = Incoming {
        packet: &packet,
        address,
        transport: Transport::Tcp,
    };
    let (mut buf, mut known) = (vec![0; 65_535], Known::new());
    let verdict = answer(
        world,
        incoming,
        Given::Nothing,
        Room {
            buf: &mut buf,
            known: &mut known,
        },
        &mut Silent,
    );
    let Verdict::Reply(sent) = verdict else {
        panic!("no reply")
    };
    let message = Message::parse(&buf[..sent.len]).unwrap();
    let records = message.records().map(|record| record.unwrap());
    Reply {
        rcode: message.rcode(),
        aa: message.flags & 0x400 != 0,
        records: records
            .map(|record| (record.section, record.owner.to_string(), record.rtype))
            .collect(),
    }
}

/// RFC 4592 2.2.1: the example zone of the RFC and its questions.
#[test]
fn wildcards_of_rfc_4592() {
    let zone = image(
        "example.",
        "* TXT \"this is a wildcard\"\n* MX 10 host1\nsub.* TXT \"this is not a wildcard\"\nhost1 A 192.0.2.1\n\
         _ssh._tcp.host1 SRV 0 0 22 host1\n_ssh._tcp.host2 SRV 0 0 22 host2\nsubdel NS ns.example.com.\n",
    );
    let zones = [zone];
    let synthesised = ask(&zones, "host3.example.", rtype::MX);
    assert_eq!(synthesised.section(Section::Answer), [("host3.example.", rtype::MX)]);
    assert_eq!(
        ask(&zones, "host3.example.", rtype::A).section(Section::Authority),
        [("example.", rtype::SOA)]
    );
    assert_eq!(
        ask(&zones, "foo.bar.example.", rtype::TXT).section(Section::Answer),
        [("foo.bar.example.", rtype::TXT)]
    );
    // "because host1.example. exists", "because sub.*.example. exists", "because _tcp.host1.example. exists (without data)"
    for (qname, qtype) in [
        ("host1.example.", rtype::MX),
        ("sub.*.example.", rtype::MX),
        ("host2.example.", rtype::MX),
    ] {
        let reply = ask(&zones, qname, qtype);
        assert_eq!((reply.rcode, reply.section(Section::Answer).len()), (0, 0), "{qname}");
    }
    assert_eq!(ask(&zones, "_telnet._tcp.host1.example.", rtype::SRV).rcode, 3);
    let referral = ask(&zones, "host.subdel.example.", rtype::A);
    assert_eq!(
        (referral.aa, referral.section(Section::Authority)),
        (false, vec![("subdel.example.", rtype::NS)])
    );
    // "because *.example. exists": the closest encloser of ghost.*.example. is *.example., which has no wildcard below it.
    assert_eq!(ask(&zones, "ghost.*.example.", rtype::MX).rcode, 3);
}

/// RFC 8020 2: NXDOMAIN means that nothing is below; so an empty non-terminal is NODATA (RFC 4592 2.2.2).
#[test]
fn empty_non_terminals_exist() {
    let zones = [image("example.", "a.b.c A 192.0.2.1\n")];
    for qname in ["b.c.example.", "c.example."] {
        let reply = ask(&zones, qname, rtype::A);
        assert_eq!(
            (reply.rcode, reply.section(Section::Authority)),
            (0, vec![("example.", rtype::SOA)])
        );
    }
    assert_eq!(ask(&zones, "x.b.c.example.", rtype::A).rcode, 3);
}

/// RFC 6672 3.2 and 2.2 (a name that grows too long), 2.4 (what is below a DNAME is hidden).
#[test]
fn dname_substitution() {
    let long = format!("{0}.{0}.{0}.", "x".repeat(63));
    let zones = [image(
        "example.",
        &format!("d DNAME t\nwww.t A 192.0.2.1\nhidden.d A 192.0.2.9\ne DNAME {long}\n"),
    )];
    let reply = ask(&zones, "www.d.example.", rtype::A);
    assert_eq!(
        reply.section(Section::Answer),
        [
            ("d.example.", rtype::DNAME),
            ("www.d.example.", rtype::CNAME),
            ("www.t.example.", rtype::A)
        ]
    );
    assert_eq!(ask(&zones, "hidden.d.example.", rtype::A).rcode, 3);
    assert_eq!(
        ask(&zones, "d.example.", rtype::DNAME).section(Section::Answer),
        [("d.example.", rtype::DNAME)]
    );
    assert_eq!(
        ask(&zones, &format!("{}.e.example.", "y".repeat(63)), rtype::A).rcode,
        6
    );
}

/// RFC 1034 3.6.2 and 4.3.2 3a; loops end with what has been found.
#[test]
fn cname_chains_within_and_across_zones() {
    let zones = [
        image(
            "example.",
            "a CNAME b\nb CNAME www.other.\nl CNAME m\nm CNAME l\nout CNAME far.away.\n",
        ),
        image("other.", "www A 192.0.2.1\n"),
    ];
    let reply = ask(&zones, "a.example.", rtype::A);
    assert_eq!(
        reply.section(Section::Answer),
        [
            ("a.example.", rtype::CNAME),
            ("b.example.", rtype::CNAME),
            ("www.other.", rtype::A)
        ]
    );
    assert_eq!(
        ask(&zones, "a.example.", rtype::CNAME).section(Section::Answer).len(),
        1
    );
    let looping = ask(&zones, "l.example.", rtype::A);
    assert!(looping.rcode == 0 && looping.section(Section::Answer).len() <= 17);
    let outside = ask(&zones, "out.example.", rtype::A);
    assert_eq!(
        (outside.rcode, outside.aa, outside.section(Section::Answer).len()),
        (0, true, 1)
    );
}

/// RFC 4035 3.1.4.1: DS at a cut is the parent's to answer, also when the child is hosted here.
#[test]
fn the_parent_answers_for_ds() {
    let parent = image(
        "example.",
        "child NS ns.child\nns.child A 192.0.2.1\nchild DS 1 8 1 00112233445566778899aabbccddeeff00112233\n",
    );
    let child = image("child.example.", "www A 192.0.2.2\n");
    let zones = [parent, child];
    assert_eq!(
        ask(&zones, "child.example.", rtype::DS).section(Section::Answer),
        [("child.example.", rtype::DS)]
    );
    let soa = ask(&zones, "child.example.", rtype::SOA);
    assert_eq!(
        (soa.aa, soa.section(Section::Answer)),
        (true, vec![("child.example.", rtype::SOA)])
    );
    assert_eq!(ask(&zones, "www.child.example.", rtype::A).rcode, 0);
}

/// RFC 1035 5.2, RFC 2181 10.1, RFC 6672 2.3: zones that are not served.
#[test]
fn what_is_no_zone_is_refused() {
    let apex = "$TTL 1\n@ SOA n h 1 2 3 4 5\n@ NS n\n";
    assert_eq!(refused("$TTL 1\n@ NS n\n"), ["no-soa"]);
    for (text, code) in [
        ("a.other. A 192.0.2.1\n", "out-of-zone"),
        ("a CNAME b\na A 192.0.2.1\n", "cname-and-other-data"),
        ("a CNAME b\na CNAME c\n", "many-cnames"),
        ("@ SOA n h 2 2 3 4 5\n", "many-soas"),
        ("sub SOA n h 2 2 3 4 5\n", "stray-soa"),
        ("a DNAME b\na NS c\n", "dname-at-cut"),
        ("a DNAME b\na DNAME c\n", "many-dnames"),
        ("a A 192.0.2.256\n", "bad-rdata"),
        ("@ NSEC3PARAM 1 0 151 -\n", "nsec3-costs"),
    ] {
        assert!(refused(&format!("{apex}{text}")).contains(&code), "{text}");
    }
    // Other data that may stand beside a CNAME (RFC 4035 2.5).
    assert!(
        draft("example.", &format!("{apex}a CNAME b\na NSEC b CNAME NSEC\n"))
            .compile()
            .is_ok()
    );
}

/// RFC 2181 5.2: one TTL for an RRset; RFC 2181 5: no duplicates.
#[test]
fn rrsets_are_sets() {
    let text = "$TTL 9\n@ SOA n h 1 2 3 4 5\n@ NS n\na 60 A 192.0.2.1\na 30 A 192.0.2.2\na 60 A 192.0.2.1\n";
    let (image, warnings) = draft("example.", text).compile().unwrap();
    assert_eq!((image.records, warnings.len()), (4, 1));
    let node = image
        .tree
        .nodes()
        .find(|node| node.name == name("a.example.").as_wire())
        .unwrap();
    assert!(node.get(rtype::A).unwrap().iter().all(|(ttl, _)| ttl == 30));
}

/// Ten thousand names: each is found, and names that are not there are not.
#[test]
fn every_name_of_a_large_zone_is_found() {
    let text: String = (0..10_000)
        .map(|n| format!("h{n} A 192.0.2.1\nx.y{n} A 192.0.2.2\n"))
        .collect();
    let zones = [image("example.", &text)];
    assert_eq!(zones[0].records, 20_002);
    for n in (0..10_000).step_by(7) {
        assert_eq!(
            ask(&zones, &format!("H{n}.example."), rtype::A)
                .section(Section::Answer)
                .len(),
            1
        );
        assert_eq!(ask(&zones, &format!("y{n}.example."), rtype::A).rcode, 0);
        assert_eq!(ask(&zones, &format!("z{n}.example."), rtype::A).rcode, 3);
    }
}

/// An explanation names zone, serial and node.
#[test]
fn explanations_name_what_was_found() {
    let mut snapshot = Snapshot::new(settings());
    snapshot.shared.zones.put([image("example.", "*.w A 192.0.2.1\n")]);
    let cache = Cache::new(0);
    let world = World {
        snapshot: &snapshot,
        cache: &cache,
        now: 1,
        own: None,
    };
    let packet = [
        b"\0\x07\0\0\0\x01\0\0\0\0\0\0",
        name("q.w.example.").as_wire(),
        &[0, 1, 0, 1],
    ]
    .concat();
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let incoming = Incoming {
        packet: &packet,
        address,
        transport: Transport::Udp,
    };
    let (mut buf, mut known, mut steps) = ([0; 512], Known::new(), Steps::default());
    let room = Room {
        buf: &mut buf,
        known: &mut known,
    };
    assert!(matches!(
        answer(world, incoming, Given::Nothing, room, &mut steps),
        Verdict::Reply(_)
    ));
    let zones = steps.0.iter().find(|step| step.0 == "zones").unwrap();
    assert!(
        zones.1.contains("serial 7") && zones.1.contains("*.w.example."),
        "{}",
        zones.1
    );
}
