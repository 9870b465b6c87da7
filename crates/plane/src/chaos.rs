//! Questions about the server itself, in class CH: version.bind and its relatives (RFC 4892). Answered by setting only.

use resolute_wire::code::{class, rcode};
use resolute_wire::compose::{Composer, Head, Owner, Section};
use resolute_wire::query::Query;
use resolute_wire::rtype;

use crate::settings::Settings;

/// Writes the answer; gives the rcode.
pub fn respond(query: &Query<'_>, settings: &Settings, composer: &mut Composer<'_>) -> u16 {
    let text = match query.qname.as_wire() {
        b"\x07version\x04bind\0" | b"\x07version\x06server\0" => settings.version.as_deref(),
        b"\x08hostname\x04bind\0" | b"\x02id\x06server\0" => settings.identity.as_deref(),
        _ => None,
    };
    let Some(text) = text.filter(|_| matches!(query.qtype, rtype::TXT | rtype::ANY)) else {
        return rcode::REFUSED;
    };
    let text = &text.as_bytes()[..text.len().min(255)];
    let rdata = [&[text.len() as u8], text].concat();
    let head = Head {
        rtype: rtype::TXT,
        class: class::CH,
        ttl: 0,
    };
    composer.truncated = !composer.record(Section::Answer, Owner::Question, head, &rdata);
    rcode::NOERROR
}
