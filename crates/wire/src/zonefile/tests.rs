//! Whole files: expectations are from RFC 1035 5, RFC 2308 4, RFC 3597 5 and BIND's ARM.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::collections::HashMap;

/// Writes what it is given as lines.
#[derive(Default)]
struct Lines {
    records: Vec<String>,
    problems: Vec<String>,
}

impl Sink for Lines {
    fn record(&mut self, record: Record<'_>) {
        let hex: String = record.rdata.iter().map(|byte| format!("{byte:02x}")).collect();
        self.records.push(format!(
            "{} {} {} {hex}",
            record.owner,
            record.ttl,
            crate::rtype::text(record.rtype)
        ));
    }

    fn foreign(&mut self, record: Foreign<'_>) {
        let text = String::from_utf8_lossy(record.text);
        self.records.push(format!(
            "{} {} {} {text}",
            record.owner,
            record.ttl,
            crate::rtype::text(record.rtype)
        ));
    }

    fn problem(&mut self, problem: Problem) {
        let Place { file, line, column } = problem.place;
        self.problems
            .push(format!("{file}:{line}:{column} {} {}", problem.code, problem.message));
    }
}

struct Files(HashMap<&'static str, &'static str>);

impl Includes for Files {
    fn open(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| "no such file".to_owned())
    }
}

fn scanned(text: &str, files: &[(&'static str, &'static str)], limits: Limits) -> Lines {
    let (mut lines, mut files) = (Lines::default(), Files(files.iter().copied().collect()));
    let origin = Name::from_text(b"example.", None).unwrap();
    scan(text.as_bytes(), &origin, &mut files, limits, &mut lines);
    lines
}

fn records(text: &str) -> Vec<String> {
    let lines = scanned(text, &[], Limits::default());
    assert_eq!(lines.problems, [""; 0], "{text}");
    lines.records
}

fn problems(text: &str) -> Vec<String> {
    scanned(text, &[], Limits::default()).problems
}

#[test]
fn owner_ttl_and_class_in_any_legal_order() {
    let expected = ["a.example. 60 A c0000201"];
    for text in [
        "a 60 IN A 192.0.2.1",
        "a IN 60 A 192.0.2.1\n",
        "a.example. 1m a 192.0.2.1",
        "$TTL 60\na A 192.0.2.1",
        "$TTL 1M\r\na\tin\tA\t192.0.2.1\r\n",
        "a 60 CLASS1 TYPE1 \\# 4 C0 000201 ; comment",
        "$ORIGIN a\n@ 60 ( IN\n A ; x\n 192.0.2.1 )",
        "\u{FEFF}a 60 A 192.0.2.1",
    ] {
        assert_eq!(records(text), expected, "{text}");
    }
}

#[test]
fn owner_and_ttl_of_the_line_before() {
    let text = "a 60 A 192.0.2.1\n A 192.0.2.2\n\n;\n\t70 A 192.0.2.3\nb A 192.0.2.4";
    let expected = [
        "a.example. 60 A c0000201",
        "a.example. 60 A c0000202",
        "a.example. 70 A c0000203",
        "b.example. 70 A c0000204",
    ];
    assert_eq!(records(text), expected);
    assert_eq!(
        problems(" 60 A 192.0.2.1"),
        ["0:1:2 no-owner this line has no owner name, and there is none before it"]
    );
}

/// RFC 2308 4: $TTL holds for what follows without a TTL; BIND: else the SOA's minimum.
#[test]
fn missing_ttls() {
    assert_eq!(
        records("a 60 A 192.0.2.1\n$TTL 5\nb A 192.0.2.1").last().unwrap(),
        "b.example. 5 A c0000201"
    );
    assert!(problems("a A 192.0.2.1")[0].starts_with("0:1:5 ttl-missing"));
    let lines = scanned("@ SOA . . 1 2 3 4 5\na A 192.0.2.1", &[], Limits::default());
    assert_eq!(lines.records[1], "a.example. 5 A c0000201");
    assert!(lines.problems[0].contains("ttl-from-soa") && lines.problems.len() == 1);
}

#[test]
fn includes_restore_origin_and_owner() {
    let files = [
        ("sub", "x 60 A 192.0.2.1\n$ORIGIN other.\ny 60 A 192.0.2.2\n"),
        ("blank", " 60 A 192.0.2.3\n"),
    ];
    let text = "a 60 A 192.0.2.9\n$INCLUDE sub deep\n 60 A 192.0.2.4\n$include \"blank\"\nb 60 A 192.0.2.5";
    let lines = scanned(text, &files, Limits::default());
    assert_eq!(lines.problems, [""; 0]);
    let owners: Vec<_> = lines
        .records
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        owners,
        [
            "a.example.",
            "x.deep.example.",
            "y.other.",
            "a.example.",
            "a.example.",
            "b.example."
        ]
    );
}

#[test]
fn includes_end() {
    let lines = scanned(
        "$INCLUDE loop",
        &[("loop", "\n$INCLUDE ./loop\na 60 A 1.2.3")],
        Limits::default(),
    );
    assert_eq!(
        lines.problems[0],
        "1:2:10 include-loop `./loop` is not included: it includes itself"
    );
    assert_eq!(
        lines.problems[1],
        "1:3:8 bad-rdata expected an IPv4 address, found `1.2.3`"
    );
    let small = Limits {
        bytes: 10_000,
        ..Limits::default()
    };
    let lines = scanned("$INCLUDE a\n$INCLUDE a\n$INCLUDE a", &[("a", "")], small);
    assert!(lines.problems[0].starts_with("0:3:10 include-refused"));
    let deep = [
        ("1", "$INCLUDE 2"),
        ("2", "$INCLUDE 3"),
        ("3", "$INCLUDE 4"),
        ("4", "$INCLUDE 5"),
        ("5", "$INCLUDE 6"),
        ("6", ""),
    ];
    assert!(scanned("$INCLUDE 2", &deep, Limits::default()).problems.is_empty());
    assert!(scanned("$INCLUDE 1", &deep, Limits::default()).problems[0].starts_with("5:1:10 include-depth"));
    assert!(scanned("$INCLUDE none", &[], Limits::default()).problems[0].contains("no such file"));
}

#[test]
fn generate() {
    let text = "$GENERATE 1-3/2 host-$ 60 IN A 192.0.2.$\n$GENERATE 9-10 ${-8} 60 MX \"10 m${0,3}\"";
    let expected = [
        "host-1.example. 60 A c0000201",
        "host-3.example. 60 A c0000203",
        "1.example. 60 MX 000a046d303039076578616d706c6500",
        "2.example. 60 MX 000a046d303130076578616d706c6500",
    ];
    assert_eq!(records(text), expected);
    assert_eq!(
        records("$GENERATE 5-5 a$ 60 TXT \\$$ \"$ $\"")[0],
        "a5.example. 60 TXT 02243503352035"
    );
    assert!(problems("$GENERATE 0-2147483647 a$ 60 A 192.0.2.1")[0].contains("generate-range 2147483648 records"));
    let twice = "$GENERATE 1-40000 a$ 60 A 192.0.2.1\n$GENERATE 1-40000 b$ 60 A 192.0.2.1";
    assert_eq!(scanned(twice, &[], Limits::default()).records.len(), 40_000);
    assert!(
        problems("$GENERATE 250-260 a$ 60 A 192.0.2.$")[0]
            .starts_with("0:1:1 bad-rdata for number 256: expected an IPv4")
    );
}

/// After a mistake the next entry is read: every mistake of a file is reported in one run.
#[test]
fn every_mistake_with_its_place() {
    let text = "a 60 A 1.2.3\nb 60 CH A 192.0.2.1\nc 60 MX (\n x\n m )\nd 60 NOPE x\n$NOPE\ne 60 TXT \"x\n\
                f 4294967296 A 192.0.2.1\ng 60 AXFR\nh 60 A\ni 60 A 192.0.2.1 x\nj..k 60 A 192.0.2.1\nok 60 A 192.0.2.1";
    let lines = scanned(text, &[], Limits::default());
    assert_eq!(lines.records, ["ok.example. 60 A c0000201"]);
    let expected = [
        "0:1:8 bad-rdata expected an IPv4 address, found `1.2.3`",
        "0:2:6 bad-class expected the class IN, the only one that zones are served in, found `CH`",
        "0:4:2 bad-rdata expected the preference, a number from 0 to 65535, found `x`",
        "0:6:6 unknown-type expected a record type, found `NOPE`",
        "0:7:1 unknown-directive expected $ORIGIN, $TTL, $INCLUDE or $GENERATE, found `$NOPE`",
        "0:8:10 syntax this string is not closed before the end of the line",
        "0:9:3 bad-ttl expected a TTL of at most 2147483647 seconds (RFC 2181 8), found `4294967296`",
        "0:10:6 meta-type expected a type of data (not one for questions and messages only), found `AXFR`",
        "0:11:7 bad-rdata expected an IPv4 address, but the line ends here",
        "0:12:18 syntax expected the end of the line, found `x`",
        "0:13:1 bad-name expected the record's owner, found `j..k`: empty label",
    ];
    assert_eq!(lines.problems, expected);
}

#[test]
fn limits() {
    let many = "a 60 A x\n".repeat(200);
    let found = problems(&many);
    assert_eq!(found.len(), 101);
    assert!(found[100].contains("too-many-problems"));
    let few = Limits {
        records: 2,
        ..Limits::default()
    };
    let lines = scanned(&"a 60 A 192.0.2.1\n".repeat(9), &[], few);
    assert_eq!((lines.records.len(), lines.problems.len()), (2, 1));
}

#[test]
fn foreign_records_become_one_line() {
    let text = "a 60 HIP ( 2 ; x\n \"q ;\\\" (\"\n\tABCD )\nb 60 APL \\# 0\nc 60 TYPE65280 x";
    let lines = scanned(text, &[], Limits::default());
    assert_eq!(
        lines.records,
        ["a.example. 60 HIP 2 \"q ;\\\" (\" ABCD", "b.example. 60 APL \\# 0"]
    );
    assert!(lines.problems[0].starts_with("0:5:16 bad-rdata expected `\\# length hex`"));
}

/// RFC 3597 5: the generic form is allowed for known types too, and must then be valid for them.
#[test]
fn generic_form() {
    for (good, hex) in [
        ("A \\# 4 0A000001", "0a000001"),
        ("TYPE65280 \\# 0", ""),
        ("MX \\# 3 000100", "000100"),
    ] {
        assert!(records(&format!("a 60 {good}"))[0].ends_with(hex));
    }
    for bad in [
        "A \\# 3 0A0000",
        "A \\# 4 0A0000",
        "A \\# 4 0A00000",
        "MX \\# 4 0001C000",
        "A \\#",
        "TYPE65280 \\# 65536 00",
    ] {
        assert_eq!(problems(&format!("a 60 {bad}")).len(), 1, "{bad}");
    }
}

#[test]
fn no_byte_of_a_file_makes_a_panic() {
    let text = b"$ORIGIN a.\n@ 1H IN SOA ( a b 1 2 3 4 5 ) ; c\n TXT \"a\\\"b\" c\\032\n$GENERATE 1-2 a${1,2,x} A 192.0.2.$\n SVCB 1 . alpn=\"h2\" port=1";
    let origin = Name::ROOT;
    for at in 0..text.len() {
        for byte in [
            0, b'\n', b'\r', b'"', b'\\', b'(', b')', b';', b'$', b'{', b' ', b'9', 0xFF,
        ] {
            let mut changed = text.to_vec();
            changed[at] = byte;
            scan(
                &changed,
                &origin,
                &mut NoIncludes,
                Limits::default(),
                &mut Lines::default(),
            );
            scan(
                &changed[..at],
                &origin,
                &mut NoIncludes,
                Limits::default(),
                &mut Lines::default(),
            );
        }
    }
}

/// Text and wire format of every native type, as dnspython and the RFCs have them (tests/vectors/make_rdata.py).
#[test]
fn data_of_every_type() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/rdata.txt");
    let vectors = std::fs::read_to_string(path).unwrap();
    let origin = Name::from_text(b"example.", None).unwrap();
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for line in vectors.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<_> = line.split('\t').collect();
        let [rtype, text, expected] = parts[..] else {
            panic!("{line}")
        };
        let rtype = crate::rtype::from_text(rtype.as_bytes()).unwrap();
        let found = match parse_rdata(rtype, text.as_bytes(), &origin) {
            Ok(wire) if wire.is_empty() => "-".to_owned(),
            Ok(wire) => wire.iter().map(|byte| format!("{byte:02x}")).collect(),
            Err(_) => "refused".to_owned(),
        };
        if found != expected {
            wrong.push(format!(
                "{line}\n  found {found} {:?}",
                parse_rdata(rtype, text.as_bytes(), &origin).err()
            ));
        }
        // The same bytes in the generic form.
        else if expected != "refused" && expected != "-" {
            let generic = format!("\\# {} {expected}", expected.len() / 2);
            let again = parse_rdata(rtype, generic.as_bytes(), &origin);
            assert_eq!(again.map(|wire| wire.len()), Ok(expected.len() / 2), "{line}");
        }
        seen.push(rtype);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(native_types().iter().all(|rtype| seen.contains(rtype)));
}

/// THREATS.md A4: each type's data cut at each place, and with a byte too many, is judged without a panic; where only the
/// whole can be valid, nothing else is.
#[test]
fn cut_data() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/rdata.txt");
    let vectors = std::fs::read_to_string(path).unwrap();
    let fixed = [
        "A",
        "AAAA",
        "NS",
        "SOA",
        "MX",
        "SRV",
        "NAPTR",
        "NSEC3PARAM",
        "LOC",
        "EUI48",
        "L32",
        "HINFO",
    ];
    for line in vectors
        .lines()
        .filter(|line| !line.starts_with('#') && !line.ends_with("refused"))
    {
        let parts: Vec<_> = line.split('\t').collect();
        let rtype = crate::rtype::from_text(parts[0].as_bytes()).unwrap();
        let whole = parts[2].trim_matches('-');
        for bytes in 0..=whole.len() / 2 + 1 {
            let hex = format!("{whole}01");
            let generic = format!("\\# {bytes} {}", &hex[..bytes * 2]);
            let taken = parse_rdata(rtype, generic.as_bytes(), &Name::ROOT).is_ok();
            assert!(
                !fixed.contains(&parts[0]) || taken == (bytes == whole.len() / 2),
                "{line}: {bytes}"
            );
        }
    }
}

/// THREATS.md A2: 254 and 255 bytes are a name, 256 and 257 are none, in an owner and in every name of data.
#[test]
fn length_of_names() {
    let label = |length: usize| "a".repeat(length);
    let name = |last: usize| [label(63), label(63), label(63), label(last), String::new()].join(".");
    for (last, length) in [(60, 254), (61, 255), (62, 256), (63, 257)] {
        let long = name(last);
        let rows = [
            format!("{long} 60 A 192.0.2.1"),
            format!("a 60 NS {long}"),
            format!("a 60 CNAME {long}"),
            format!("a 60 PTR {long}"),
            format!("a 60 DNAME {long}"),
            format!("a 60 SOA {long} . 1 1 1 1 1"),
            format!("a 60 SOA . {long} 1 1 1 1 1"),
            format!("a 60 MX 1 {long}"),
            format!("a 60 SRV 1 1 1 {long}"),
            format!("a 60 NAPTR 1 1 a b c {long}"),
            format!("a 60 RP . {long}"),
            format!("a 60 NSEC {long} A"),
            format!("a 60 SVCB 1 {long}"),
            format!("a 60 LP 1 {long}"),
            format!("$ORIGIN {long}\nb. 60 A 192.0.2.1"),
        ];
        for row in rows {
            assert_eq!(problems(&row).is_empty(), length <= 255, "{row}");
        }
    }
    assert!(problems(&format!("$ORIGIN {}\na.b 60 A 192.0.2.1", name(59)))[0].contains("bad-name"));
}

/// RFC 9460 appendix D.1 and D.2.
#[test]
fn service_bindings() {
    let wire = |text: &str| {
        let found = parse_rdata(crate::rtype::SVCB, text.as_bytes(), &Name::ROOT).unwrap();
        found.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let foo = "03666f6f076578616d706c6503636f6d00";
    let org = "03666f6f076578616d706c65036f726700";
    for (text, expected) in [
        ("0 foo.example.com.", format!("0000{foo}")),
        ("1 .", "000100".to_owned()),
        ("16 foo.example.com. port=53", format!("0010{foo}000300020035")),
        (
            "1 foo.example.com. key667=hello",
            format!("0001{foo}029b000568656c6c6f"),
        ),
        (
            "1 foo.example.com. key667=\"hello\\210qoo\"",
            format!("0001{foo}029b000968656c6c6fd2716f6f"),
        ),
        (
            "16 foo.example.org. (\n alpn=h2,h3-19 mandatory=ipv4hint,alpn\n ipv4hint=192.0.2.1\n )",
            format!("0010{org}000000040001000400010009026832 0568332d313900040004c0000201").replace(' ', ""),
        ),
        (
            "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
            format!("0010{org}0001000c08665c6f6f2c626172026832"),
        ),
        (
            "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
            format!("0010{org}0001000c08665c6f6f2c626172026832"),
        ),
    ] {
        assert_eq!(wire(text), expected, "{text}");
    }
}
