//! The values of single SVCB parameters (RFC 9460 7 and 8, RFC 9461 5, RFC 9540 4). Escapes are already undone once.

use super::fields::decimal;
use super::svcb::{self, ALPN, DOHPATH, ECH, IPV4HINT, IPV6HINT, MANDATORY, NO_DEFAULT_ALPN, OHTTP, PORT};
use crate::zonefile::fault::shown;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// RFC 9460 8: keys in any order, separated by commas; in wire format in order.
pub(super) fn mandatory(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut keys = Vec::new();
    for key in text.split(|byte| *byte == b',') {
        keys.push(svcb::key_number(key).ok_or_else(|| format!("`{}` is not a parameter's name", shown(key)))?);
    }
    keys.sort_unstable();
    out.extend(keys.iter().flat_map(|key| key.to_be_bytes()));
    Ok(())
}

/// RFC 9460 7.1.1 and appendix A.1: identifiers separated by commas; a backslash takes the meaning of a comma or backslash.
pub(super) fn alpn(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut id = Vec::new();
    let mut bytes = text.iter();
    loop {
        let byte = bytes.next();
        match byte {
            Some(b'\\') => id.push(*bytes.next().ok_or("a backslash with nothing after it")?),
            Some(byte) if *byte != b',' => id.push(*byte),
            _ => {
                let length = u8::try_from(id.len()).ok().filter(|length| *length > 0);
                out.push(length.ok_or("expected identifiers of 1 to 255 bytes")?);
                out.append(&mut id);
            }
        }
        if byte.is_none() {
            return Ok(());
        }
    }
}

pub(super) fn port(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let port = decimal(text).and_then(|port| u16::try_from(port).ok());
    out.extend(port.ok_or("expected a number from 0 to 65535")?.to_be_bytes());
    Ok(())
}

pub(super) fn ipv4hint(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    for address in text.split(|byte| *byte == b',') {
        out.extend(parsed::<Ipv4Addr>(address).ok_or("expected IPv4 addresses")?.octets());
    }
    Ok(())
}

pub(super) fn ipv6hint(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    for address in text.split(|byte| *byte == b',') {
        out.extend(parsed::<Ipv6Addr>(address).ok_or("expected IPv6 addresses")?.octets());
    }
    Ok(())
}

/// RFC 9848 4: base 64.
pub(super) fn ech(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    out.extend(data_encoding::BASE64.decode(text).map_err(|_| "expected base 64")?);
    Ok(())
}

/// Whether a value in wire format is well formed for its key.
pub(super) fn check(key: u16, value: &[u8]) -> Result<(), &'static str> {
    let valid = match key {
        MANDATORY => return mandatory_list(value),
        ALPN => !value.is_empty() && is_list(value),
        NO_DEFAULT_ALPN | OHTTP => value.is_empty(),
        PORT => value.len() == 2,
        IPV4HINT => !value.is_empty() && value.len().is_multiple_of(4),
        IPV6HINT => !value.is_empty() && value.len().is_multiple_of(16),
        ECH => !value.is_empty(),
        DOHPATH => return doh_path(value),
        _ => true,
    };
    if valid {
        return Ok(());
    }
    Err(match key {
        ALPN => "expected identifiers of 1 to 255 bytes, each with its length",
        NO_DEFAULT_ALPN | OHTTP => "this parameter has no value",
        PORT => "expected a port of two bytes",
        IPV4HINT => "expected one or more IPv4 addresses",
        IPV6HINT => "expected one or more IPv6 addresses",
        _ => "expected a value",
    })
}

/// RFC 9460 8: in order, none twice, and not itself.
fn mandatory_list(value: &[u8]) -> Result<(), &'static str> {
    let (keys, rest) = value.as_chunks::<2>();
    if keys.is_empty() || !rest.is_empty() {
        return Err("expected one or more keys of two bytes");
    }
    if keys.contains(&[0, 0]) {
        return Err("`mandatory` must not list itself (RFC 9460 8)");
    }
    if !keys.is_sorted_by(|one, two| one < two) {
        return Err("`mandatory` lists a key twice or out of order (RFC 9460 8)");
    }
    Ok(())
}

fn is_list(mut value: &[u8]) -> bool {
    while let Some((length, rest)) = value.split_first() {
        match rest.split_at_checked(usize::from(*length)) {
            Some((id, after)) if !id.is_empty() => value = after,
            _ => return false,
        }
    }
    true
}

/// RFC 9461 5: a relative URI template in UTF-8 with the variable `dns`.
fn doh_path(value: &[u8]) -> Result<(), &'static str> {
    let path = std::str::from_utf8(value).map_err(|_| "expected UTF-8")?;
    if path.starts_with('/') && expressions(path).any(|expression| has_variable(expression, "dns")) {
        return Ok(());
    }
    Err("expected a path template such as /dns-query{?dns}")
}

/// What stands in braces (RFC 6570 2.2).
fn expressions(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// RFC 6570 2.2 to 2.4: an operator, then variables, each with a modifier: `?dns*,x:3`.
fn has_variable(expression: &str, name: &str) -> bool {
    let variables = expression.trim_start_matches(|first: char| "+#./;?&=,!@|".contains(first));
    variables.split(',').any(|variable| {
        let variable = variable.split_once(':').map_or(variable, |(variable, _)| variable);
        variable.strip_suffix('*').unwrap_or(variable) == name
    })
}

fn parsed<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
