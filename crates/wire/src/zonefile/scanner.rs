//! The entries of a zone file and of the files that it includes, one after the other.

use super::fault::Fault;
use super::header::Header;
use super::rdata::{self, Fields, Parsed};
use super::tokens::{Cursor, Entry, Lexer, Token};
use super::{Foreign, Includes, Limits, Place, Problem, Record, Severity, Sink};
use crate::name::Name;
use std::borrow::Cow;

/// Everything that holds from one entry to the next.
pub(crate) struct Scanner<'s> {
    pub(crate) origin: Name,
    pub(crate) owner: Option<Name>,
    /// From `$TTL` (RFC 2308 4).
    pub(crate) default_ttl: Option<u32>,
    /// The last explicitly stated one (RFC 1035 5.1).
    pub(crate) last_ttl: Option<u32>,
    pub(crate) limits: Limits,
    pub(crate) includes: &'s mut dyn Includes,
    /// The paths of the files being read, the outermost first; the zone file itself has none.
    pub(crate) open: Vec<String>,
    pub(crate) files: u32,
    pub(crate) generated: u32,
    sink: &'s mut dyn Sink,
    /// Of the file being read.
    file: u32,
    problems: usize,
    records: u64,
    /// Of records given to the sink and of included files.
    pub(crate) bytes: u64,
    stopped: bool,
    rdata: Vec<u8>,
}

/// A file being read, or waiting until a file that it includes has been read.
pub(crate) struct Source<'t> {
    pub(crate) text: Cow<'t, [u8]>,
    pub(crate) file: u32,
    at: Cursor,
    /// Origin and owner of the file that includes this one (RFC 1035 5.1).
    before: Option<(Name, Option<Name>)>,
}

impl<'t> Source<'t> {
    pub(crate) fn new(text: Cow<'t, [u8]>, file: u32, before: Option<(Name, Option<Name>)>) -> Self {
        Self {
            at: Cursor::start(&text),
            text,
            file,
            before,
        }
    }
}

impl<'s> Scanner<'s> {
    pub(crate) fn new(origin: Name, includes: &'s mut dyn Includes, limits: Limits, sink: &'s mut dyn Sink) -> Self {
        Self {
            origin,
            owner: None,
            default_ttl: None,
            last_ttl: None,
            limits,
            includes,
            open: Vec::new(),
            files: 1,
            generated: 0,
            sink,
            file: 0,
            problems: 0,
            records: 0,
            bytes: 0,
            stopped: false,
            rdata: Vec::new(),
        }
    }

    pub(crate) fn scan(&mut self, text: &[u8]) {
        let mut waiting = vec![Source::new(Cow::Borrowed(text), 0, None)];
        while let Some(mut source) = waiting.pop() {
            self.file = source.file;
            let included = self.read(&mut source);
            if self.stopped {
                return;
            }
            if let Some(included) = included {
                waiting.push(source);
                waiting.push(included);
            } else if let Some((origin, owner)) = source.before {
                (self.origin, self.owner) = (origin, owner);
                self.open.pop();
            }
        }
    }

    /// Reads to the end of the source (None), or to a file that it includes.
    fn read(&mut self, source: &mut Source<'_>) -> Option<Source<'static>> {
        let mut lexer = Lexer::new(&source.text, source.at);
        let mut tokens = Vec::new();
        while let Some(mut entry) = lexer.entry(&mut tokens) {
            let done = match entry.fault.take() {
                Some(fault) => Err(fault),
                None => self.entry(&entry, &tokens),
            };
            match done {
                Ok(None) => {}
                Ok(included) => {
                    source.at = lexer.cursor();
                    return included;
                }
                Err(fault) => self.problem(fault.into_problem(self.file)),
            }
            if self.stopped {
                return None;
            }
        }
        None
    }

    fn entry(&mut self, entry: &Entry, tokens: &[Token<'_>]) -> Result<Option<Source<'static>>, Fault> {
        let Some(first) = tokens.first() else { return Ok(None) };
        let mut fields = Fields::new(tokens, entry.end);
        if !first.quoted && first.text.first() == Some(&b'$') {
            if entry.blank {
                return Err(Fault::new(
                    "syntax",
                    first,
                    "a directive must begin in the first column",
                ));
            }
            return self.directive(&mut fields);
        }
        let place = self.place(first);
        if !entry.blank {
            self.owner = Some(fields.name("the record's owner", &self.origin)?);
        }
        let Some(owner) = self.owner else {
            return Err(Fault::new(
                "no-owner",
                first,
                "this line has no owner name, and there is none before it",
            ));
        };
        let header = self.header(&mut fields)?;
        self.data(&owner, &header, fields, place)?;
        Ok(None)
    }

    /// The data of a record, the rest of it being known.
    pub(crate) fn data(&mut self, owner: &Name, header: &Header, mut fields: Fields<'_>, place: Place) -> Parsed {
        let mut wire = std::mem::take(&mut self.rdata);
        wire.clear();
        let done = self.data_into(owner, header, &mut fields, place, &mut wire);
        self.rdata = wire;
        done
    }

    fn data_into(
        &mut self,
        owner: &Name,
        header: &Header,
        fields: &mut Fields<'_>,
        place: Place,
        wire: &mut Vec<u8>,
    ) -> Parsed {
        let rtype = header.rtype;
        fields.begin_data();
        if rdata::is_foreign(rtype, fields)? {
            fields.normalise(wire);
            let ttl = self.ttl(header, None, fields)?;
            if self.count(owner, wire.len(), place) {
                let origin = self.origin;
                self.sink.foreign(Foreign {
                    owner,
                    rtype,
                    ttl,
                    text: wire,
                    origin: &origin,
                    place,
                });
            }
            return Ok(());
        }
        rdata::parse(rtype, fields, &self.origin, wire)?;
        let ttl = self.ttl(header, Some(wire), fields)?;
        if self.count(owner, wire.len(), place) {
            self.sink.record(Record {
                owner,
                rtype,
                ttl,
                rdata: wire,
                place,
            });
        }
        Ok(())
    }

    /// Whether there is room for one more record.
    fn count(&mut self, owner: &Name, length: usize, place: Place) -> bool {
        self.records += 1;
        self.bytes = self.bytes.saturating_add((owner.as_wire().len() + 10 + length) as u64);
        if self.records <= self.limits.records && self.bytes <= self.limits.bytes {
            return true;
        }
        let message = "more records than this zone may have; the rest is not read".to_owned();
        self.problem(Problem {
            place,
            severity: Severity::Error,
            code: "too-many-records",
            message,
        });
        self.stopped = true;
        false
    }

    pub(crate) fn place(&self, token: &Token<'_>) -> Place {
        Place {
            file: self.file,
            line: token.line,
            column: token.column,
        }
    }

    pub(crate) fn file(&self) -> u32 {
        self.file
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        let place = problem.place;
        self.sink.problem(problem);
        self.problems += 1;
        if self.problems >= self.limits.problems && !self.stopped {
            self.stopped = true;
            let message = format!("{} problems so far; the rest is not read", self.problems);
            self.sink.problem(Problem {
                place,
                severity: Severity::Error,
                code: "too-many-problems",
                message,
            });
        }
    }
}
