//! PROXY protocol version 2 (the haproxy specification, 2.2): a proxy says before the query whom it speaks for.
//!
//! ```text
//! signature, 12 bytes | version and command | family and transport | length, 2 bytes | addresses | TLVs
//! ```
//! Only on a listener that is for proxies, and only from addresses that are trusted; there the header is required. So nobody
//! can pass for another by sending one, and no client of a proxy is ever taken for the proxy, which may have more rights.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// What every header begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes before the addresses.
pub const FIXED: usize = 16;
/// Longest header (2.2: a sender that wants it to come whole keeps to that).
pub const MOST: usize = 536;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The client; None when the proxy speaks for itself (LOCAL: it looks whether we live).
    pub client: Option<SocketAddr>,
    /// Bytes of the header.
    pub length: usize,
}

/// How long a header is, from its first bytes; None when it is none, or too long.
pub fn length(fixed: &[u8; FIXED]) -> Option<usize> {
    let length = FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    (fixed.starts_with(SIGNATURE) && matches!(fixed[12], LOCAL | PROXY) && length <= MOST).then_some(length)
}

/// Reads a header at the beginning of these bytes. None: it is none, or is for a client that has no address (AF_UNSPEC,
/// AF_UNIX): who that is cannot be known, and the proxy's own rights are not for it.
pub fn parse(bytes: &[u8]) -> Option<Header> {
    let fixed = bytes.first_chunk::<FIXED>()?;
    let length = length(fixed)?;
    let rest = bytes.get(FIXED..length)?;
    if fixed[12] == LOCAL {
        return Some(Header { client: None, length });
    }
    // Whether the client came by stream or datagram does not matter here; TLVs are skipped.
    let client = match (fixed[13] >> 4, fixed[13] & 0xF) {
        (IPV4, 1 | 2) => {
            let source = Ipv4Addr::from(*rest.first_chunk::<4>()?);
            SocketAddr::new(source.into(), port(rest, 8)?)
        }
        (IPV6, 1 | 2) => {
            let source = Ipv6Addr::from(*rest.first_chunk::<16>()?);
            SocketAddr::new(source.into(), port(rest, 32)?)
        }
        _ => return None,
    };
    Some(Header {
        client: Some(client),
        length,
    })
}

/// The client's port; the server's, which ends the block of addresses, must be there too.
fn port(addresses: &[u8], at: usize) -> Option<u16> {
    let ports = addresses.get(at..)?.first_chunk::<4>()?;
    Some(u16::from_be_bytes([ports[0], ports[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of a header for TCP over IPv4 has 12 bytes of addresses; here are TLVs behind them.
    fn header(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = (block.len() as u16).to_be_bytes();
        [SIGNATURE, &[command, family][..], &length, block].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0, 53];

    fn v6() -> Vec<u8> {
        let source: Ipv6Addr = "2001:db8::7".parse().unwrap_or(Ipv6Addr::UNSPECIFIED);
        [
            &source.octets()[..],
            &Ipv6Addr::LOCALHOST.octets(),
            &[0x30, 0x39, 0, 53],
        ]
        .concat()
    }

    fn client(bytes: &[u8]) -> Option<Option<String>> {
        parse(bytes).map(|header| header.client.map(|client| client.to_string()))
    }

    #[test]
    fn clients_of_both_families() {
        let v4 = Some(Some("192.0.2.7:12345".to_owned()));
        assert_eq!(client(&header(PROXY, 0x11, &V4)), v4);
        assert_eq!(client(&header(PROXY, 0x12, &V4)), v4);
        let with_tlvs = [&V4[..], &[0xE0, 0, 2, 1, 2]].concat();
        assert_eq!(client(&header(PROXY, 0x12, &with_tlvs)), v4);
        assert_eq!(
            client(&header(PROXY, 0x22, &v6())),
            Some(Some("[2001:db8::7]:12345".to_owned()))
        );
        let then_more = [header(PROXY, 0x11, &with_tlvs), b"query".to_vec()].concat();
        assert_eq!(
            parse(&then_more).map(|header| header.length),
            Some(FIXED + with_tlvs.len())
        );
    }

    #[test]
    fn the_proxy_itself() {
        for family in [0x00, 0x11, 0x31, 0xFF] {
            assert_eq!(client(&header(LOCAL, family, b"")), Some(None));
        }
        assert_eq!(client(&header(LOCAL, 0x11, &V4)), Some(None));
    }

    #[test]
    fn what_is_no_header() {
        for family in [0x00, 0x01, 0x10, 0x13, 0x31, 0x32, 0x41] {
            assert_eq!(client(&header(PROXY, family, &[0; 216])), None, "{family:02x}");
        }
        for command in [0x00, 0x01, 0x11, 0x1F, 0x22, 0x2F, 0x31, 0xFF] {
            assert_eq!(client(&header(command, 0x11, &V4)), None, "{command:02x}");
        }
        assert_eq!(client(b"PROXY TCP4 192.0.2.7 198.51.100.1 12345 53\r\n"), None);
        assert_eq!(client(&header(PROXY, 0x11, &V4[..11])), None);
        assert_eq!(client(&header(PROXY, 0x21, &v6()[..35])), None);
        let whole = header(PROXY, 0x21, &v6());
        for cut in 0..whole.len() {
            assert_eq!(client(&whole[..cut]), None, "{cut}");
        }
        let longest = [&V4[..], &[0; MOST - FIXED - 12]].concat();
        assert!(client(&header(PROXY, 0x11, &longest)).is_some());
        assert_eq!(client(&header(PROXY, 0x11, &[&longest[..], &[0]].concat())), None);
    }
}
