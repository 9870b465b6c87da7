//! Bytes written in base 16, 32 or 64, and addresses written as groups of hexadecimal digits.

use super::BAD;
use super::fields::{Fields, Parsed};
use crate::zonefile::fault::Fault;
use data_encoding::{BASE32_DNSSEC, BASE64, Encoding, HEXLOWER_PERMISSIVE};

/// Hexadecimal digits in one or more words, to the end.
pub(super) fn hex(fields: &mut Fields<'_>, least: usize, out: &mut Vec<u8>) -> Parsed {
    const WHAT: &str = "pairs of hexadecimal digits";
    if fields.is_empty() {
        return Err(fields.at_end(BAD, WHAT));
    }
    let from = out.len();
    rest(fields, &HEXLOWER_PERMISSIVE, WHAT, out)?;
    at_least(fields, least, out.len() - from)
}

/// Base 64 in one or more words, to the end.
pub(super) fn base64(fields: &mut Fields<'_>, least: usize, out: &mut Vec<u8>) -> Parsed {
    const WHAT: &str = "base 64";
    if fields.is_empty() && least > 0 {
        return Err(fields.at_end(BAD, WHAT));
    }
    let from = out.len();
    rest(fields, &BASE64, WHAT, out)?;
    at_least(fields, least, out.len() - from)
}

fn at_least(fields: &Fields<'_>, least: usize, found: usize) -> Parsed {
    if found >= least {
        return Ok(());
    }
    Err(fields.at_first(
        BAD,
        format!("expected at least {least} bytes at the end, found {found}"),
    ))
}

/// `-` is no salt (RFC 5155 3.3).
pub(super) fn salt(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let token = fields.data_word("the salt in hexadecimal, or `-`")?;
    if token.text == b"-" {
        out.push(0);
        return Ok(());
    }
    let salt = HEXLOWER_PERMISSIVE
        .decode(token.text)
        .ok()
        .filter(|salt| (1..=255).contains(&salt.len()));
    let Some(salt) = salt else {
        return Err(Fault::expected(
            BAD,
            "the salt, 1 to 255 bytes in hexadecimal, or `-`",
            token,
        ));
    };
    out.push(salt.len() as u8);
    out.extend(salt);
    Ok(())
}

/// RFC 5155 3.3: base 32 with the extended hex alphabet, without padding, letter case ignored.
pub(super) fn next_hash(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    const WHAT: &str = "the next hashed name in base 32 (extended hex)";
    let token = fields.data_word(WHAT)?;
    let hash = BASE32_DNSSEC
        .decode(token.text)
        .ok()
        .filter(|hash| (1..=255).contains(&hash.len()));
    let Some(hash) = hash else {
        return Err(Fault::expected(BAD, WHAT, token));
    };
    out.push(hash.len() as u8);
    out.extend(hash);
    Ok(())
}

/// RFC 7043 3.2 and 4.2: pairs of hexadecimal digits with hyphens between them.
pub(super) fn eui(fields: &mut Fields<'_>, length: usize, out: &mut Vec<u8>) -> Parsed {
    let what = if length == 6 {
        "six pairs such as 00-00-5e-00-53-2a"
    } else {
        "eight pairs such as 00-00-5e-ef-10-00-00-2a"
    };
    let token = fields.data_word(what)?;
    let from = out.len();
    for pair in token.text.split(|byte| *byte == b'-') {
        match hex_group(pair).filter(|_| pair.len() == 2) {
            Some(value) if out.len() - from < length => out.push(value as u8),
            _ => return Err(Fault::expected(BAD, what, token)),
        }
    }
    if out.len() - from == length {
        Ok(())
    } else {
        Err(Fault::expected(BAD, what, token))
    }
}

/// RFC 6742 2.1.2: four groups of up to four hexadecimal digits with colons between them; no `::`.
pub(super) fn locator(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    const WHAT: &str = "four groups such as 2001:0db8:1140:1000";
    let token = fields.data_word(WHAT)?;
    let from = out.len();
    for group in token.text.split(|byte| *byte == b':') {
        match hex_group(group) {
            Some(value) if out.len() - from < 8 => out.extend(value.to_be_bytes()),
            _ => return Err(Fault::expected(BAD, WHAT, token)),
        }
    }
    if out.len() - from == 8 {
        Ok(())
    } else {
        Err(Fault::expected(BAD, WHAT, token))
    }
}

fn hex_group(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 4 || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// Decodes the words that are left as if they were one.
fn rest(fields: &mut Fields<'_>, encoding: &Encoding, what: &str, out: &mut Vec<u8>) -> Parsed {
    let Some(first) = fields.peek() else { return Ok(()) };
    let only = fields.rest().len() == 1 && !first.quoted;
    let mut joined = Vec::new();
    let mut text = first.text;
    if only {
        fields.data_word(what)?;
    } else {
        while !fields.is_empty() {
            joined.extend_from_slice(fields.data_word(what)?.text);
        }
        text = &joined;
    }
    let length = encoding
        .decode_len(text.len())
        .map_err(|_| Fault::expected(BAD, what, first))?;
    let from = out.len();
    out.resize(from + length, 0);
    let room = out.get_mut(from..).unwrap_or_default();
    let written = encoding
        .decode_mut(text, room)
        .map_err(|_| Fault::expected(BAD, what, first))?;
    out.truncate(from + written);
    Ok(())
}
