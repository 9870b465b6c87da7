//! Record data: text → wire format, driven by one table of layouts.
//!
//! [`layout`] says of which fields a type consists; [`fields`] and its siblings read one field each from the text; [`check`]
//! holds the same layout against bytes that were written in the generic form `\# length hex` (RFC 3597 5), and has the
//! rules that a type adds to its fields.

mod bitmap;
mod check;
mod encoded;
mod fields;
mod layout;
mod location;
mod mnemonics;
mod numbers;
mod svcb;
mod svcb_values;

pub(crate) use fields::{Fields, Parsed, unescape};
pub(crate) use layout::NATIVE;

use super::fault::Fault;
use super::tokens::{Cursor, Lexer};
use crate::name::Name;
use crate::rtype;
use layout::{Field, layout};

/// What is wrong with the data of a record.
pub(crate) const BAD: &str = "bad-rdata";

/// Appends the wire format of the data in `fields` to `out`, which is empty.
pub(crate) fn parse(rtype: u16, fields: &mut Fields<'_>, origin: &Name, out: &mut Vec<u8>) -> Parsed {
    if fields.is_generic() {
        generic(rtype, fields, out)?;
    } else if let Some(layout) = layout(rtype) {
        for field in layout {
            read(field, fields, origin, out)?;
        }
        fields.end()?;
        check::rules(rtype, out).map_err(|why| fields.at_first(BAD, why))?;
    } else {
        return Err(fields.at_first(
            BAD,
            format!("expected `\\# length hex`: {} is not known", rtype::text(rtype)),
        ));
    }
    if out.len() > usize::from(u16::MAX) {
        return Err(fields.at_first(BAD, format!("{} bytes of data; 65535 is the limit", out.len())));
    }
    Ok(())
}

/// Whether somebody else parses the data of this type: it exists and has no layout here. Its generic form too: a known
/// type is handled as such (RFC 3597 5).
pub(crate) fn is_foreign(rtype: u16, fields: &Fields<'_>) -> Result<bool, Fault> {
    if layout(rtype).is_some() || rtype::text(rtype).starts_with("TYPE") {
        return Ok(false);
    }
    // RFC 3123 4: an APL may have no items.
    if fields.is_empty() && rtype != rtype::APL {
        Err(fields.at_end(BAD, "the record's data"))
    } else {
        Ok(true)
    }
}

/// The same for text that stands alone.
pub(crate) fn from_text(rtype: u16, text: &[u8], origin: &Name) -> Result<Vec<u8>, Fault> {
    let mut tokens = Vec::new();
    let mut lexer = Lexer::new(text, Cursor::start(text));
    let end = match lexer.entry(&mut tokens) {
        Some(super::tokens::Entry { fault: Some(fault), .. }) => return Err(fault),
        Some(entry) => entry.end,
        None => super::tokens::End { line: 1, column: 1 },
    };
    let mut rest = Vec::new();
    while let Some(entry) = lexer.entry(&mut rest) {
        if let Some(token) = rest.first() {
            return Err(entry
                .fault
                .unwrap_or_else(|| Fault::expected("syntax", "one line", token)));
        }
    }
    let (mut fields, mut out) = (Fields::new(&tokens, end), Vec::new());
    if !fields.is_generic() && is_foreign(rtype, &fields)? {
        let message = format!("{} is not parsed natively", rtype::text(rtype));
        return Err(fields.at_first("unknown-type", message));
    }
    parse(rtype, &mut fields, origin, &mut out)?;
    Ok(out)
}

/// RFC 3597 5: `\#`, the length in decimal, the data in hexadecimal in any number of words.
fn generic(rtype: u16, fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    fields.any(BAD, "\\#")?;
    let length = fields.number(u32::from(u16::MAX), "the length of the data in bytes")? as usize;
    if length > 0 || !fields.is_empty() {
        encoded::hex(fields, 0, out)?;
    }
    if out.len() != length {
        let message = format!("expected {length} bytes, as `\\# {length}` says, found {}", out.len());
        return Err(fields.at_first(BAD, message));
    }
    check::wire(rtype, out).map_err(|why| {
        fields.at_first(
            BAD,
            format!("these bytes are not the data of a {} record: {why}", rtype::text(rtype)),
        )
    })
}

fn read(field: &Field, fields: &mut Fields<'_>, origin: &Name, out: &mut Vec<u8>) -> Parsed {
    match *field {
        Field::U8(what) => fields.u8(what, out),
        Field::U16(what) => fields.u16(what, out),
        Field::U32(what) => fields.u32(what, out),
        Field::Seconds(what) => fields.seconds(what, out),
        Field::Name(what) => {
            out.extend_from_slice(fields.name(what, origin)?.as_wire());
            Ok(())
        }
        Field::Ipv4 => fields.ipv4(out),
        Field::Ipv6 => fields.ipv6(out),
        Field::Text(what) => fields.text(what, out),
        Field::Texts => fields.texts(out),
        Field::Tag => fields.tag(out),
        Field::Target(what) => fields.target(what, out),
        Field::Hex { least } => encoded::hex(fields, least, out),
        Field::Base64 { least } => encoded::base64(fields, least, out),
        Field::Salt => encoded::salt(fields, out),
        Field::NextHash => encoded::next_hash(fields, out),
        Field::Eui(length) => encoded::eui(fields, length, out),
        Field::Locator => encoded::locator(fields, out),
        Field::SigTime(what) => numbers::signature_time(fields, what, out),
        Field::Algorithm => mnemonics::algorithm(fields, out),
        Field::DigestType => mnemonics::digest_type(fields, out),
        Field::CertType => mnemonics::cert_type(fields, out),
        Field::Type => mnemonics::covered_type(fields, out),
        Field::Types => bitmap::types(fields, out),
        Field::Location => location::location(fields, out),
        Field::SvcParams => svcb::params(fields, out),
    }
}
