//! Zone files: text → records (RFC 1035 5, RFC 2308 4, RFC 3597 5, and each record type's own RFC).
//!
//! ```text
//! text ─► tokens ─► one entry at a time ─┬─► directives ($ORIGIN $TTL $INCLUDE), generate ($GENERATE)
//!        (lines, parentheses, comments,  └─► header (owner, TTL, class, type) ─► rdata ─► Sink
//!         strings)                                                                │
//!                                                              fields of the type's layout, in wire format
//! ```
//! An entry with a mistake is reported and skipped, and the next one is read, so that one run names every mistake of a
//! file. Nothing is allocated for a record, nothing recurses, and the time is linear in the text (and in what
//! `$GENERATE` makes, which is capped). Whether the records make a zone (a SOA at the apex and so on) is not decided here.

mod directives;
mod fault;
mod generate;
mod header;
mod rdata;
mod scanner;
mod tokens;
mod ttl;

use crate::name::Name;

/// Reads zone text and gives what it finds to `sink`, in the order of the text.
pub fn scan(text: &[u8], origin: &Name, includes: &mut dyn Includes, limits: Limits, sink: &mut dyn Sink) {
    scanner::Scanner::new(*origin, includes, limits, sink).scan(text);
}

/// The wire format of one record's data, from its text. `origin` completes relative names.
pub fn parse_rdata(rtype: u16, text: &[u8], origin: &Name) -> Result<Vec<u8>, Problem> {
    rdata::from_text(rtype, text, origin).map_err(|fault| fault.into_problem(0))
}

/// The types whose data is parsed here; all others that exist are given to [`Sink::foreign`].
pub fn native_types() -> &'static [u16] {
    rdata::NATIVE
}

/// Takes what a scan finds.
pub trait Sink {
    /// A record, its data in uncompressed wire format.
    fn record(&mut self, record: Record<'_>);
    /// A record of a type that is not parsed here.
    fn foreign(&mut self, record: Foreign<'_>);
    /// A mistake, or something doubtful.
    fn problem(&mut self, problem: Problem);
}

/// Gives the text of included files.
pub trait Includes {
    /// The text of `path`, as written in `$INCLUDE`; or, in one clear line, why it is refused.
    fn open(&mut self, path: &str) -> Result<Vec<u8>, String>;
}

/// For text that must not include anything, such as what comes over a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn open(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Err("$INCLUDE is not allowed here".to_owned())
    }
}

/// Where a record or a problem stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into the files in the order in which they were opened; 0 is the zone file.
    pub file: u32,
    /// From 1.
    pub line: u32,
    /// From 1, in bytes.
    pub column: u32,
}

/// Whether the zone can be served all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The entry was skipped.
    Error,
    /// The entry was taken.
    Warning,
}

/// One thing that is wrong, or doubtful, in zone text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// How bad it is.
    pub severity: Severity,
    /// A stable word for programs: `syntax`, `bad-rdata`, `bad-name`, `bad-ttl`, `bad-class`, `unknown-type`, `meta-type`,
    /// `no-owner`, `ttl-missing`, `ttl-from-soa`, `unknown-directive`, `include-refused`, `include-loop`,
    /// `include-depth`, `generate-syntax`, `generate-range`, `too-many-records`, `too-many-problems`.
    pub code: &'static str,
    /// What was expected and what was found, in one line of printable ASCII.
    pub message: String,
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// As written: letter case is kept.
    pub owner: &'a Name,
    /// The type.
    pub rtype: u16,
    /// At most 2^31 - 1 (RFC 2181 8).
    pub ttl: u32,
    /// Uncompressed wire format; letter case of names is kept.
    pub rdata: &'a [u8],
    /// Where its entry begins.
    pub place: Place,
}

/// A record of a type that is not parsed here.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    /// As written: letter case is kept.
    pub owner: &'a Name,
    /// The type.
    pub rtype: u16,
    /// At most 2^31 - 1 (RFC 2181 8).
    pub ttl: u32,
    /// Its data in one line: no comments or parentheses, quotes and escapes as written, one space between tokens.
    pub text: &'a [u8],
    /// What completes relative names in `text`.
    pub origin: &'a Name,
    /// Where its entry begins.
    pub place: Place,
}

/// How much one scan may read and make.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `$INCLUDE` within `$INCLUDE`.
    pub include_depth: u32,
    /// Records made by all `$GENERATE` together.
    pub generated: u32,
    /// After so many the scan stops with `too-many-problems`.
    pub problems: usize,
    /// Records in all; one more stops the scan.
    pub records: u64,
    /// Bytes of the records given to the sink (owner, data and ten more for each) and of included files.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            include_depth: 5,
            generated: 65_536,
            problems: 100,
            records: 100_000_000,
            bytes: 8 << 30,
        }
    }
}

#[cfg(test)]
mod tests;
