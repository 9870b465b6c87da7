//! LOC: a place on Earth (RFC 1876).
//!
//! `d1 [m1 [s1]] N|S  d2 [m2 [s2]] E|W  altitude[m] [size[m] [horizontal[m] [vertical[m]]]]`

use super::BAD;
use super::fields::{Fields, Parsed, decimal};
use crate::zonefile::fault::Fault;

/// The equator and the prime meridian (RFC 1876 2).
const MIDDLE: u32 = 1 << 31;
/// 100,000 m below the reference spheroid, in centimetres: altitudes count from there.
const LOWEST: i64 = 10_000_000;

pub(super) fn location(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let latitude = angle(fields, 90, (b'N', b'S'), "the latitude, such as 42 21 54.5 N")?;
    let longitude = angle(fields, 180, (b'E', b'W'), "the longitude, such as 71 6 18 W")?;
    let altitude = altitude(fields)?;
    let size = size(fields, "the size, such as 1m", 0x12)?;
    let horizontal = self::size(fields, "the horizontal precision, such as 10000m", 0x16)?;
    let vertical = self::size(fields, "the vertical precision, such as 10m", 0x13)?;
    out.extend([0, size, horizontal, vertical]);
    for value in [latitude, longitude, altitude] {
        out.extend(value.to_be_bytes());
    }
    Ok(())
}

/// Degrees, minutes and seconds with up to three decimals, as thousandths of a second from the middle.
fn angle(fields: &mut Fields<'_>, most: u32, (plus, minus): (u8, u8), what: &str) -> Result<u32, Fault> {
    let mut parts = [0u64; 3];
    for (index, limit) in [(0usize, most), (1, 59), (2, 59), (3, 0)] {
        let token = fields.data_word(what)?;
        let wrong = || Fault::expected(BAD, what, token);
        if let (&[letter], true) = (token.text, index > 0) {
            let thousandths = parts[0] * 3_600_000 + parts[1] * 60_000 + parts[2];
            if thousandths > u64::from(most) * 3_600_000 {
                return Err(wrong());
            }
            match letter {
                _ if letter == plus => return Ok(MIDDLE + thousandths as u32),
                _ if letter == minus => return Ok(MIDDLE - thousandths as u32),
                _ => {}
            }
        }
        let place = parts.get_mut(index).ok_or_else(wrong)?;
        let scale = if index == 2 { 3 } else { 0 };
        let value = fixed(token.text, scale).ok_or_else(wrong)?;
        if value / 10u64.pow(scale) > u64::from(limit) {
            return Err(wrong());
        }
        *place = value;
    }
    Err(fields.at_first(BAD, format!("expected {what}")))
}

fn altitude(fields: &mut Fields<'_>) -> Result<u32, Fault> {
    const WHAT: &str = "the altitude from -100000.00 to 42849672.95, such as -24m";
    let token = fields.data_word(WHAT)?;
    let text = metres(token.text);
    let (sign, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let height = fixed(digits, 2).and_then(|centimetres| i64::try_from(centimetres).ok());
    let height = height.and_then(|centimetres| u32::try_from(sign * centimetres + LOWEST).ok());
    height.ok_or_else(|| Fault::expected(BAD, WHAT, token))
}

/// Centimetres as one digit and a power of ten (RFC 1876 2); `default` where nothing is written.
fn size(fields: &mut Fields<'_>, what: &str, default: u8) -> Result<u8, Fault> {
    if fields.is_empty() {
        return Ok(default);
    }
    let token = fields.data_word(what)?;
    let value = fixed(metres(token.text), 2).filter(|centimetres| *centimetres <= 9_000_000_000);
    let mut value = value.ok_or_else(|| Fault::expected(BAD, &format!("{what}, at most 90000000.00"), token))?;
    let mut exponent = 0u8;
    while value > 9 {
        value /= 10;
        exponent += 1;
    }
    Ok((value as u8) << 4 | exponent)
}

fn metres(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"m").unwrap_or(text)
}

/// A decimal number with at most `decimals` digits after the point, times 10^decimals.
fn fixed(text: &[u8], decimals: u32) -> Option<u64> {
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = decimal(parts.next()?)?;
    let fraction = parts.next().unwrap_or(b"0");
    let digits = u32::try_from(fraction.len()).ok()?;
    if decimals == 0 {
        return (memchr::memchr(b'.', text).is_none()).then_some(u64::from(whole));
    }
    if digits > decimals {
        return None;
    }
    let fraction = if fraction.is_empty() { 0 } else { decimal(fraction)? };
    Some(u64::from(whole) * 10u64.pow(decimals) + u64::from(fraction) * 10u64.pow(decimals - digits))
}
