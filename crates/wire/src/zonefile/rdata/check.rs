//! Whether bytes are the data of a type: for the generic form (RFC 3597 5), and for what a type demands beside its fields.

use super::layout::{DLV, Field, TA, layout};
use super::{bitmap, svcb};
use crate::name::MAX_NAME;
use crate::rtype;

/// Holds bytes against the layout of the type and its rules. A type without a layout takes any bytes.
pub(super) fn wire(rtype: u16, bytes: &[u8]) -> Result<(), String> {
    let Some(layout) = layout(rtype) else { return Ok(()) };
    let mut rest = bytes;
    for field in layout {
        let length = length(field, rest).ok_or("a field is cut short or malformed")?;
        rest = rest.get(length..).ok_or("it ends too early")?;
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes too many", rest.len()));
    }
    rules(rtype, bytes)
}

/// How many of the bytes the field takes; None when it is malformed.
fn length(field: &Field, bytes: &[u8]) -> Option<usize> {
    Some(match field {
        Field::U8(_) | Field::Algorithm | Field::DigestType => 1,
        Field::U16(_) | Field::CertType | Field::Type => 2,
        Field::U32(_) | Field::Seconds(_) | Field::SigTime(_) | Field::Ipv4 => 4,
        Field::Ipv6 => 16,
        Field::Locator => 8,
        Field::Eui(length) => *length,
        Field::Name(_) => name_length(bytes)?,
        Field::Text(_) | Field::Salt => string_length(bytes)?,
        Field::NextHash => string_length(bytes).filter(|length| *length > 1)?,
        Field::Tag => tag_length(bytes)?,
        Field::Texts => texts_length(bytes)?,
        Field::Hex { least } | Field::Base64 { least } => Some(bytes.len()).filter(|length| length >= least)?,
        Field::Types => Some(bytes.len()).filter(|_| bitmap::is_valid(bytes))?,
        // RFC 1876 2: of versions other than 0 nothing is known; in version 0 latitude, longitude and the sizes have a
        // range, which readers must cope with.
        Field::Location if *bytes.first()? != 0 => bytes.len(),
        Field::Location => 16,
        Field::Target(_) | Field::SvcParams => bytes.len(),
    })
}

/// A name without compression (RFC 3597 4).
fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    while at < MAX_NAME {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            label @ 1..=63 => at += 1 + usize::from(label),
            _ => return None,
        }
    }
    None
}

fn string_length(bytes: &[u8]) -> Option<usize> {
    let length = 1 + usize::from(*bytes.first()?);
    (length <= bytes.len()).then_some(length)
}

fn texts_length(bytes: &[u8]) -> Option<usize> {
    let mut at = string_length(bytes)?;
    while at < bytes.len() {
        at += string_length(bytes.get(at..)?)?;
    }
    Some(at)
}

fn tag_length(bytes: &[u8]) -> Option<usize> {
    let length = string_length(bytes)?;
    let tag = bytes.get(1..length)?;
    (!tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric)).then_some(length)
}

/// What a type demands beside its fields; `bytes` fit its layout.
pub(super) fn rules(rtype: u16, bytes: &[u8]) -> Result<(), String> {
    match rtype {
        rtype::DS | rtype::CDS | TA | DLV => digest(rtype, bytes),
        rtype::SSHFP => match (bytes.get(1), bytes.len().saturating_sub(2)) {
            (Some(1), length) => exactly(length, 20, "a SHA-1 fingerprint"),
            (Some(2), length) => exactly(length, 32, "a SHA-256 fingerprint"),
            _ => Ok(()),
        },
        // RFC 8976 2.2.3 and 2.2.4.
        rtype::ZONEMD => match (bytes.get(5), bytes.len().saturating_sub(6)) {
            (Some(1), length) => exactly(length, 48, "a SHA-384 digest"),
            (Some(2), length) => exactly(length, 64, "a SHA-512 digest"),
            _ => Ok(()),
        },
        // RFC 2535 3.1.2: only the flags that say so (bits 0 and 1) let a KEY be without one.
        rtype::KEY if bytes.len() <= 4 && bytes.first().is_some_and(|flags| flags & 0xC0 != 0xC0) => {
            Err("expected a key, which only flags of 49152 and more go without".to_owned())
        }
        // RFC 1183 3.1: four digits or more.
        rtype::X25 if bytes.len() < 5 || !bytes.iter().skip(1).all(u8::is_ascii_digit) => {
            Err("expected four digits or more".to_owned())
        }
        // RFC 7553 4.4: the target must not be empty.
        rtype::URI if bytes.len() < 5 => Err("the target is empty (RFC 7553 4.4)".to_owned()),
        rtype::SVCB | rtype::HTTPS => {
            let name = bytes.get(2..).and_then(name_length).unwrap_or(0);
            svcb::check(bytes.get(2 + name..).unwrap_or_default()).map_err(str::to_owned)
        }
        _ => Ok(()),
    }
}

/// RFC 4509 2.2, RFC 6605 2; and RFC 8078 4: a CDS that asks for deletion is `0 0 0 00`.
fn digest(rtype: u16, bytes: &[u8]) -> Result<(), String> {
    let length = bytes.len().saturating_sub(4);
    match bytes.get(3) {
        Some(0) if rtype == rtype::CDS && bytes == [0, 0, 0, 0, 0] => Ok(()),
        Some(1) => exactly(length, 20, "a SHA-1 digest"),
        Some(2) => exactly(length, 32, "a SHA-256 digest"),
        Some(4) => exactly(length, 48, "a SHA-384 digest"),
        _ => Ok(()),
    }
}

fn exactly(found: usize, expected: usize, what: &str) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} has {expected} bytes, found {found}"))
    }
}
