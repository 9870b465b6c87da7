//! Any records into a reply of any limit: what was taken is read back as it was given, and the limit holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use resolute_wire::compose::{Composer, Head, Known, Owner, Section};
use resolute_wire::edns::{Ede, Edns, Keepalive, OPTION_EDE, Opt};
use resolute_wire::message::Message;
use resolute_wire::name::{HEADER, Name};
use resolute_wire::{rdata, rtype};

const TYPES: [u16; 8] = [
    rtype::A,
    rtype::NS,
    rtype::CNAME,
    rtype::MX,
    rtype::SOA,
    rtype::TXT,
    rtype::SRV,
    65_280,
];

/// Takes values off the input.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(bytes)
    }

    /// A name: absolute text, or nothing if it is none.
    fn name(&mut self) -> Option<Name> {
        let text = self.bytes()?;
        Some(Name::from_text(text, Some(&Name::ROOT)).unwrap_or(Name::ROOT))
    }
}

struct Given {
    section: Section,
    owner: Name,
    head: Head,
    rdata: Vec<u8>,
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let _ = run(&mut input);
});

fn run(input: &mut Input<'_>) -> Option<()> {
    let limit = usize::from(input.byte()?) << 5 | usize::from(input.byte()?);
    let question = input.name()?;
    let wire = [question.as_wire(), &[0, 1, 0, 1]].concat();
    let options = input.byte()?;
    let opt = Opt {
        udp_size: 1_232,
        dnssec_ok: true,
        cookie: (options & 1 != 0).then_some([7; 24]),
        nsid: (options & 2 != 0).then_some(&[7; 128][..usize::from(options >> 1)]),
        keepalive: (options & 4 != 0).then_some(100),
    };
    let (mut buf, mut known) = (vec![0; 8_192], Known::new());
    let mut composer = Composer::new(&mut buf, &mut known, limit, &wire, Some(&opt));
    let mut taken = Vec::new();
    // A reply is written section by section.
    let mut least = Section::Answer;
    while let Some(mut record) = record(input) {
        if (record.section as u8) < least as u8 {
            record.section = least;
        }
        least = record.section;
        let owner = if record.owner == question {
            Owner::Question
        } else {
            Owner::Name(record.owner.as_wire())
        };
        if composer.record(record.section, owner, record.head, &record.rdata) {
            taken.push(record);
        }
    }
    let ede = Some(Ede {
        code: 22,
        text: "nobody there",
    });
    let len = composer.finish(9, 0x8000, 3, ede);
    assert!(len <= limit.max(HEADER + wire.len() + opt.size()));
    let message = Message::parse(&buf[..len]).expect("a message");
    let read: Vec<_> = message.records().map(|record| record.expect("a record")).collect();
    assert_eq!(read.len(), taken.len() + 1, "the records and the OPT");
    let rdata = &buf[read.last()?.rdata_start..len];
    let edns = Edns::new(0, 0, rdata).expect("an OPT");
    let keepalive = edns.keepalive != Keepalive::Absent;
    assert_eq!(edns.cookie.is_some(), opt.cookie.is_some());
    assert_eq!((edns.nsid, keepalive), (opt.nsid.is_some(), opt.keepalive.is_some()));
    // An error takes what is left: all of it, or its code, or nothing.
    let error = rdata.len() + 11 - opt.size();
    assert!(error == 18 || limit < len + 18 - error, "{error} of {limit}");
    assert!(error == 0 || rdata[rdata.len() - error..][..2] == OPTION_EDE.to_be_bytes());
    for section in [Section::Answer, Section::Authority, Section::Additional] {
        let given = taken.iter().filter(|record| record.section == section);
        for (given, read) in given.zip(read.iter().filter(|record| record.section == section)) {
            let mut expanded = Vec::new();
            assert!(rdata::expand(
                &buf[..len],
                read.rdata_start,
                read.rdata_end,
                read.rtype,
                &mut expanded
            ));
            assert!(given.owner == read.owner && given.head.rtype == read.rtype && given.head.ttl == read.ttl);
            assert!(given.rdata.eq_ignore_ascii_case(&expanded));
        }
    }
    Some(())
}

/// A record whose rdata has the form of its type.
fn record(input: &mut Input<'_>) -> Option<Given> {
    let choice = input.byte()?;
    let rtype = TYPES[usize::from(choice & 7)];
    let section = [Section::Answer, Section::Authority, Section::Additional][usize::from(choice >> 3) % 3];
    let owner = input.name()?;
    let mut rdata = Vec::new();
    for field in rdata::layout(rtype) {
        match field {
            rdata::Field::Name => rdata.extend_from_slice(input.name()?.as_wire()),
            rdata::Field::Bytes(count) => rdata.resize(rdata.len() + count, choice),
            rdata::Field::Text => rdata.extend_from_slice(&[1, choice]),
            rdata::Field::Rest(_) => rdata.extend_from_slice(input.bytes()?),
        }
    }
    let head = Head {
        rtype,
        class: 1,
        ttl: u32::from(choice),
    };
    Some(Given {
        section,
        owner,
        head,
        rdata,
    })
}
