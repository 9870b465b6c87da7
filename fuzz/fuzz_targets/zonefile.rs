//! Any bytes as a zone file: the scan ends, does not panic, gives only data that is valid for its type, and says where.
#![no_main]

use libfuzzer_sys::fuzz_target;
use resolute_wire::name::Name;
use resolute_wire::rtype;
use resolute_wire::zonefile::{Foreign, Includes, Limits, Problem, Record, Sink, parse_rdata, scan};

/// Every included file is the zone file again, under whatever name.
struct Again<'a>(&'a [u8]);

impl Includes for Again<'_> {
    fn open(&mut self, path: &str) -> Result<Vec<u8>, String> {
        if path.len() > 8 {
            Err("too long".to_owned())
        } else {
            Ok(self.0.to_vec())
        }
    }
}

struct Checks;

impl Sink for Checks {
    fn record(&mut self, record: Record<'_>) {
        assert!(record.ttl <= 0x7FFF_FFFF && record.place.line > 0 && record.place.column > 0);
        // What was parsed is valid wire format: its generic form (RFC 3597 5) is taken and is the same.
        let hex: String = record.rdata.iter().map(|byte| format!("{byte:02x}")).collect();
        let generic = format!("\\# {} {hex}", record.rdata.len());
        let again = parse_rdata(record.rtype, generic.as_bytes(), &Name::ROOT);
        assert_eq!(again.as_deref(), Ok(record.rdata), "type {}", record.rtype);
    }

    fn foreign(&mut self, record: Foreign<'_>) {
        // RFC 3123 4: an APL may have no items.
        assert!(!record.text.is_empty() || record.rtype == rtype::APL);
        assert!(!record.text.contains(&b'\n'));
    }

    fn problem(&mut self, problem: Problem) {
        assert!(problem.place.line > 0 && problem.place.column > 0);
        assert!(
            problem.message.bytes().all(|byte| (0x20..0x7F).contains(&byte)),
            "{}",
            problem.message
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(origin) = Name::from_text(b"example.", None) else {
        return;
    };
    let limits = Limits {
        include_depth: 2,
        generated: 64,
        records: 4_096,
        ..Limits::default()
    };
    scan(data, &origin, &mut Again(data), limits, &mut Checks);
});
