//! What stands before a record's data: TTL and class in any order, then the type (RFC 1035 5.1).

use super::fault::Fault;
use super::rdata::Fields;
use super::scanner::Scanner;
use super::tokens::Token;
use super::ttl::{self, TimeError};
use super::{Problem, Severity};
use crate::rtype;

/// Type, and TTL where one is written.
pub(crate) struct Header {
    pub(crate) rtype: u16,
    pub(crate) ttl: Option<u32>,
}

impl Scanner<'_> {
    pub(crate) fn header(&mut self, fields: &mut Fields<'_>) -> Result<Header, Fault> {
        let (mut ttl, mut class) = (None, false);
        loop {
            let token = fields.word("unknown-type", "a record type")?;
            if ttl.is_none() && token.text.first().is_some_and(u8::is_ascii_digit) {
                ttl = Some(written_ttl(token)?);
            } else if !class && is_class(token)? {
                class = true;
            } else {
                self.last_ttl = ttl.or(self.last_ttl);
                return Ok(Header {
                    rtype: record_type(token)?,
                    ttl,
                });
            }
        }
    }

    /// The TTL written, else `$TTL` (RFC 2308 4), else the last one written (RFC 1035 5.1), else, as BIND does, the SOA's
    /// minimum, for the SOA and what comes after it.
    pub(crate) fn ttl(&mut self, header: &Header, rdata: Option<&[u8]>, fields: &Fields<'_>) -> Result<u32, Fault> {
        if let Some(ttl) = header.ttl.or(self.default_ttl).or(self.last_ttl) {
            return Ok(ttl);
        }
        let Some(minimum) = rdata
            .filter(|_| header.rtype == rtype::SOA)
            .and_then(<[u8]>::last_chunk)
        else {
            return Err(fields.at_first(
                "ttl-missing",
                "no TTL: write one here, or a $TTL line at the top of the file",
            ));
        };
        let minimum = u32::from_be_bytes(*minimum).min(ttl::MAX_TTL);
        self.last_ttl = Some(minimum);
        let message = format!("no TTL and no $TTL line: the SOA's last field, {minimum}, is taken");
        let place = fields.at_first("ttl-from-soa", message);
        self.problem(Problem {
            severity: Severity::Warning,
            ..place.into_problem(self.file())
        });
        Ok(minimum)
    }
}

pub(crate) fn written_ttl(token: &Token<'_>) -> Result<u32, Fault> {
    ttl::ttl(token.text).map_err(|error| match error {
        TimeError::Syntax => Fault::expected("bad-ttl", "a TTL such as 3600 or 1H30M", token),
        TimeError::Range => Fault::expected("bad-ttl", "a TTL of at most 2147483647 seconds (RFC 2181 8)", token),
    })
}

/// Whether the token is the class IN; another class is an error.
fn is_class(token: &Token<'_>) -> Result<bool, Fault> {
    let text = token.text;
    if text == b"IN" || text.eq_ignore_ascii_case(b"IN") {
        return Ok(true);
    }
    let named = [&b"CH"[..], b"HS", b"CS", b"CHAOS", b"HESIOD"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name));
    let number = text
        .split_at_checked(5)
        .filter(|(word, _)| word.eq_ignore_ascii_case(b"CLASS"));
    match number {
        _ if named => {}
        None => return Ok(false),
        Some((_, digits)) if decimal(digits) == Some(1) => return Ok(true),
        Some(_) => {}
    }
    Err(Fault::expected(
        "bad-class",
        "the class IN, the only one that zones are served in",
        token,
    ))
}

fn record_type(token: &Token<'_>) -> Result<u16, Fault> {
    let Some(found) = rtype::from_text(token.text) else {
        return Err(Fault::expected("unknown-type", "a record type", token));
    };
    if rtype::is_meta(found) {
        return Err(Fault::expected(
            "meta-type",
            "a type of data (not one for questions and messages only)",
            token,
        ));
    }
    Ok(found)
}

/// A decimal number of at most nine digits.
fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0')),
    )
}
