//! A question to an upstream as it is sent, and whether what comes back is a reply to it (RFC 5452 9.1, RFC 7873 5.3).

use std::io;

use resolute_wire::code::flag;
use resolute_wire::edns::{CLIENT_COOKIE, Edns, OPT_LEN, OPTION_COOKIE, opt_record};
use resolute_wire::message::Message;
use resolute_wire::name::HEADER;
use resolute_wire::rtype;

use crate::exchange::Order;
use crate::random::Random;

/// UDP payload that we ask upstreams to keep to (RFC 9715).
const UDP_SIZE: u16 = 1_232;

/// What was sent.
pub struct Query {
    /// The message.
    pub bytes: Vec<u8>,
    /// Where its question ends.
    pub question_end: usize,
}

impl Query {
    /// The query: random ID and letter case, EDNS with our size.
    pub fn compose(order: &Order, random: &mut Random) -> io::Result<Self> {
        let name = order.qname.as_wire();
        let mut query = Vec::with_capacity(HEADER + name.len() + 4 + OPT_LEN + 4 + order.cookie.len());
        query.extend_from_slice(&random.u16()?.to_be_bytes());
        query.extend_from_slice(&order.flags.to_be_bytes());
        query.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, u8::from(order.edns)]);
        let mut bits = 0u64;
        for (at, &byte) in name.iter().enumerate() {
            if at % 64 == 0 {
                bits = random.u64()?;
            }
            let flip = byte.is_ascii_alphabetic() && bits & 1 == 1;
            query.push(if flip { byte ^ 0x20 } else { byte });
            bits >>= 1;
        }
        query.extend_from_slice(&order.qtype.to_be_bytes());
        query.extend_from_slice(&order.qclass.to_be_bytes());
        let question_end = query.len();
        if order.edns {
            add_edns(&mut query, order);
        }
        Ok(Self {
            bytes: query,
            question_end,
        })
    }
}

/// How a reply came. Over TCP nobody can guess, so a server that does not keep letter case, or has forgotten what cookies
/// are, is borne with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over UDP.
    Udp,
    /// Over TCP.
    Tcp,
}

/// The reply as a message, if it is one to this query (RFC 5452 9.1).
pub fn verify<'a>(reply: &'a [u8], query: &Query, cookie: &[u8], way: Way) -> Option<Message<'a>> {
    let message = Message::parse(reply).ok()?;
    let sent = query.bytes.get(HEADER..query.question_end)?;
    let (name, fixed) = sent.split_at(sent.len().checked_sub(4)?);
    let name_matches = match way {
        Way::Udp => message.qname.as_wire() == name,
        Way::Tcp => message.qname.as_wire().eq_ignore_ascii_case(name),
    };
    let matches = reply[..2] == query.bytes[..2]
        && message.flags & (flag::QR | flag::OPCODE) == flag::QR
        && name_matches
        && message.qtype.to_be_bytes() == fixed[..2]
        && message.qclass.to_be_bytes() == fixed[2..]
        && (cookie.is_empty() || has_cookie(&message, cookie, way));
    matches.then_some(message)
}

/// Whether the cookie in a reply is ours (RFC 7873 5.3). A server that gave us a cookie of its own has none to leave out:
/// without one its reply may be somebody else's, unless it came over TCP, or was truncated and is asked for over TCP anyhow.
fn has_cookie(reply: &Message<'_>, cookie: &[u8], way: Way) -> bool {
    let opt = reply.records().flatten().find(|record| record.rtype == rtype::OPT);
    let options = opt.and_then(|opt| {
        Some((
            opt.class,
            opt.opt_flags,
            reply.bytes.get(opt.rdata_start..opt.rdata_end)?,
        ))
    });
    let edns = options.and_then(|(class, ttl, data)| Edns::new(class, ttl, data));
    match edns.and_then(|edns| edns.cookie) {
        Some(theirs) => cookie.starts_with(theirs.client),
        None => cookie.len() == CLIENT_COOKIE || way == Way::Tcp || reply.is_truncated(),
    }
}

/// An OPT record with the order's cookie (RFC 7873 4).
fn add_edns(query: &mut Vec<u8>, order: &Order) {
    let cookie = &order.cookie;
    let options_len = if cookie.is_empty() { 0 } else { 4 + cookie.len() as u16 };
    query.extend_from_slice(&opt_record(UDP_SIZE, 0, order.dnssec_ok, options_len));
    if !cookie.is_empty() {
        query.extend_from_slice(&OPTION_COOKIE.to_be_bytes());
        query.extend_from_slice(&(cookie.len() as u16).to_be_bytes());
        query.extend_from_slice(cookie);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use resolute_wire::name::Name;

    use super::*;
    use crate::exchange::Purpose;

    const OURS: &[u8] = b"12345678";
    const BOTH: &[u8] = b"12345678serverss";

    fn order(edns: bool, cookie: &[u8]) -> Order {
        Order {
            purpose: Purpose::Python(1),
            upstream: ([192, 0, 2, 1], 53).into(),
            qname: Name::from_text(b"www.test.", None).unwrap(),
            qtype: 1,
            qclass: 1,
            flags: 0,
            dnssec_ok: true,
            timeout_ms: 1,
            tcp: false,
            edns,
            cookie: cookie.to_vec(),
        }
    }

    fn compose(order: &Order) -> Query {
        Query::compose(order, &mut Random::new()).unwrap()
    }

    /// The query turned into a reply, with these options.
    fn reply(query: &Query, options: &[u8], flags: u8) -> Vec<u8> {
        let mut reply = query.bytes[..query.question_end].to_vec();
        reply[2] |= 0x80 | flags;
        reply[11] = 1;
        reply.extend_from_slice(&opt_record(UDP_SIZE, 0, false, options.len() as u16));
        reply.extend_from_slice(options);
        reply
    }

    fn option(cookie: &[u8]) -> Vec<u8> {
        [&[0, 10, 0, cookie.len() as u8], cookie].concat()
    }

    #[test]
    fn a_query_without_edns_ends_with_its_question() {
        let query = compose(&order(false, OURS));
        assert_eq!((query.bytes.len(), query.bytes[11]), (query.question_end, 0));
        let with = compose(&order(true, OURS));
        assert_eq!(with.bytes[with.question_end + OPT_LEN..], option(OURS));
    }

    /// RFC 7873 5.3: a reply with another cookie than ours is nobody's; one without is borne with until the server has given
    /// its own, and over TCP.
    #[test]
    fn cookies_of_replies() {
        let query = compose(&order(true, BOTH));
        let verified =
            |options: &[u8], cookie: &[u8], way| verify(&reply(&query, options, 0), &query, cookie, way).is_some();
        assert!(verified(&option(BOTH), BOTH, Way::Udp));
        assert!(verified(&option(b"12345678another!"), BOTH, Way::Udp));
        assert!(!verified(&option(b"87654321serverss"), BOTH, Way::Udp));
        assert!(!verified(&option(b"87654321serverss"), OURS, Way::Tcp));
        assert!(verified(&[], OURS, Way::Udp));
        assert!(!verified(&[], BOTH, Way::Udp));
        assert!(verified(&[], BOTH, Way::Tcp));
        assert!(
            verify(&reply(&query, &[], 2), &query, BOTH, Way::Udp).is_some(),
            "truncated: asked for over TCP"
        );
    }
}
