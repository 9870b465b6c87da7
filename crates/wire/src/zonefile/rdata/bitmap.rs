//! Type bit maps (RFC 4034 4.1.2): windows of 256 types, each with a bit map of 1 to 32 bytes, no trailing zeros.

use super::BAD;
use super::fields::{Fields, Parsed};
use crate::rtype;
use crate::zonefile::fault::Fault;

/// The types named to the end of the entry, in any order; none gives an empty map.
pub(super) fn types(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let mut types = Vec::new();
    while !fields.is_empty() {
        let token = fields.data_word("a record type")?;
        match rtype::from_text(token.text) {
            Some(found) if found != 0 => types.push(found),
            _ => return Err(Fault::expected(BAD, "a record type", token)),
        }
    }
    types.sort_unstable();
    for window in types.chunk_by(|one, two| one >> 8 == two >> 8) {
        write_window(window, out);
    }
    Ok(())
}

/// One window's types, in order.
fn write_window(types: &[u16], out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (types.first(), types.last()) else {
        return;
    };
    let length = usize::from(last & 0xFF) / 8 + 1;
    let mut bits = [0u8; 32];
    for rtype in types {
        bits[usize::from(rtype & 0xFF) / 8] |= 0x80 >> (rtype & 7);
    }
    out.extend([(first >> 8) as u8, length as u8]);
    out.extend_from_slice(&bits[..length]);
}

/// Whether bytes are a bit map.
pub(super) fn is_valid(mut wire: &[u8]) -> bool {
    let mut least = 0u16; // windows stand in order
    while let [window, length @ 1..=32, rest @ ..] = wire {
        let Some((bits, after)) = rest.split_at_checked(usize::from(*length)) else {
            return false;
        };
        if u16::from(*window) < least || bits.last() == Some(&0) {
            return false;
        }
        least = u16::from(*window) + 1;
        wire = after;
    }
    wire.is_empty()
}
