//! The parameters of SVCB and HTTPS records (RFC 9460 2.1, 2.2 and appendix A).

use super::BAD;
use super::fields::{Fields, Parsed, decimal, unescape};
use super::svcb_values as values;
use crate::zonefile::fault::Fault;
use crate::zonefile::tokens::Token;

pub(super) const MANDATORY: u16 = 0;
pub(super) const ALPN: u16 = 1;
pub(super) const NO_DEFAULT_ALPN: u16 = 2;
pub(super) const PORT: u16 = 3;
pub(super) const IPV4HINT: u16 = 4;
pub(super) const ECH: u16 = 5;
pub(super) const IPV6HINT: u16 = 6;
/// RFC 9461 5.
pub(super) const DOHPATH: u16 = 7;
/// RFC 9540 4.
pub(super) const OHTTP: u16 = 8;
/// RFC 9460 14.3.2: reserved, "Invalid key".
const INVALID: u16 = 65_535;

const KEYS: &[(u16, &str)] = &[
    (MANDATORY, "mandatory"),
    (ALPN, "alpn"),
    (NO_DEFAULT_ALPN, "no-default-alpn"),
    (PORT, "port"),
    (IPV4HINT, "ipv4hint"),
    (ECH, "ech"),
    (IPV6HINT, "ipv6hint"),
    (DOHPATH, "dohpath"),
    (OHTTP, "ohttp"),
];

/// `key`, `key=value` and `key="value"` in any order, each key once; in wire format they stand in the order of their numbers.
pub(super) fn params(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let mut all: Vec<(u16, Vec<u8>, &Token<'_>)> = Vec::new();
    while !fields.is_empty() {
        let token = fields.data_word("a parameter, such as alpn=h2")?;
        let (key, written) = split(token.text);
        let number = key_number(key).ok_or_else(|| {
            Fault::expected(
                BAD,
                "a parameter's name (mandatory, alpn, port, ..., or key0 to key65534)",
                token,
            )
        })?;
        let quoted = fields
            .peek()
            .filter(|next| next.glued && next.quoted && written == Some(b""));
        let written = match quoted {
            Some(next) => {
                fields.any(BAD, "a value")?;
                Some(next.text)
            }
            None => written,
        };
        if let Some(next) = fields.peek().filter(|next| next.glued) {
            return Err(Fault::expected(BAD, "white space between two parameters", next));
        }
        let mut value = Vec::new();
        encode(key, number, written.unwrap_or_default(), &mut value)
            .map_err(|why| Fault::new(BAD, token, format!("in {}: {why}", token.shown())))?;
        all.push((number, value, token));
    }
    all.sort_by_key(|param| param.0);
    if let Some([_, twice]) = all.windows(2).find(|pair| matches!(pair, [one, two] if one.0 == two.0)) {
        return Err(Fault::new(BAD, twice.2, "this parameter is written twice"));
    }
    for (number, value, token) in &all {
        let Ok(length) = u16::try_from(value.len()) else {
            return Err(Fault::new(BAD, token, "a value of more than 65,535 bytes"));
        };
        out.extend(number.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.extend_from_slice(value);
    }
    Ok(())
}

fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'=', text) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            Some(text.get(at + 1..).unwrap_or_default()),
        ),
        None => (text, None),
    }
}

/// A registered name, in lower case, or `key` and a number without superfluous zeros (RFC 9460 2.1).
pub(super) fn key_number(key: &[u8]) -> Option<u16> {
    if let Some((number, _)) = KEYS.iter().find(|row| row.1.as_bytes() == key) {
        return Some(*number);
    }
    let digits = key.strip_prefix(b"key")?;
    if digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    u16::try_from(decimal(digits)?).ok().filter(|number| *number != INVALID)
}

/// The wire format of one value. What is written as `keyNNN` is bytes, whatever the number means.
fn encode(key: &[u8], number: u16, written: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut text = Vec::new();
    unescape(written, &mut text).map_err(|error| error.to_string())?;
    let generic = key.starts_with(b"key");
    // RFC 9460 7.2, 7.3 and 8.
    if !generic && matches!(number, MANDATORY | PORT | IPV4HINT | IPV6HINT | ECH) && written.contains(&b'\\') {
        return Err("this value has no escapes (RFC 9460 7 and 8)".to_owned());
    }
    match number {
        _ if generic => out.append(&mut text),
        MANDATORY => values::mandatory(&text, out)?,
        ALPN => values::alpn(&text, out)?,
        PORT => values::port(&text, out)?,
        IPV4HINT => values::ipv4hint(&text, out)?,
        ECH => values::ech(&text, out)?,
        IPV6HINT => values::ipv6hint(&text, out)?,
        _ => out.append(&mut text),
    }
    values::check(number, out).map_err(str::to_owned)
}

/// The rules for all parameters together, given their wire format: keys in order, each once, each value well formed.
pub(super) fn check(mut wire: &[u8]) -> Result<(), &'static str> {
    let mut keys = Vec::new();
    let mut mandatory: &[u8] = &[];
    while !wire.is_empty() {
        let Some((key, value, rest)) = next(wire) else {
            return Err("a parameter is cut short");
        };
        if keys.last().is_some_and(|last| *last >= key) {
            return Err("parameters are not in the order of their keys, or one stands twice");
        }
        if key == INVALID {
            return Err("65535 is not a key");
        }
        values::check(key, value)?;
        if key == MANDATORY {
            mandatory = value;
        }
        keys.push(key);
        wire = rest;
    }
    // RFC 9460 8: each key that is mandatory must be there.
    let listed = mandatory.as_chunks::<2>().0;
    if listed
        .iter()
        .any(|key| keys.binary_search(&u16::from_be_bytes(*key)).is_err())
    {
        return Err("a key that `mandatory` lists is not there (RFC 9460 8)");
    }
    // RFC 9460 7.1.1: no-default-alpn needs alpn.
    if keys.contains(&NO_DEFAULT_ALPN) && !keys.contains(&ALPN) {
        return Err("`no-default-alpn` without `alpn` (RFC 9460 7.1.1)");
    }
    Ok(())
}

fn next(wire: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (key, rest) = wire.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((u16::from_be_bytes(*key), value, rest))
}
