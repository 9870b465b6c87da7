//! DNS cookies: whether a client has shown that it gets what is sent to its address (RFC 7873, RFC 9018).
//!
//! ```text
//! client cookie (8) │ version 1 (1) │ reserved 0 (3) │ time (4) │ SipHash-2-4 of all before it and the client's address (8)
//! └── the client's ─┘ └────────────────────────── the server cookie ────────────────────────────────────────────────────┘
//! ```
//! This is the one construction that other servers have too (RFC 9018 4), so servers that share a secret take each other's
//! cookies. Times are compared in serial number arithmetic (RFC 1982).

use std::net::IpAddr;

use resolute_wire::edns::{CLIENT_COOKIE, Cookie, FULL_COOKIE};
use siphasher::sip::SipHasher24;

use crate::settings::Secret;

/// RFC 9018 4.3: cookies that are older are not accepted.
const MAX_AGE_S: i32 = 3_600;
/// RFC 9018 4.3: nor those from further in the future.
const MAX_AHEAD_S: i32 = 300;
/// RFC 9018 4.3: cookies that are older are replaced.
const RENEW_AGE_S: i32 = 1_800;
/// The version of server cookies (RFC 9018 4.1), and the reserved bytes behind it (4.2).
const VERSION: [u8; 4] = [1, 0, 0, 0];

/// What a query's cookie proves of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// There is no cookie.
    None,
    /// The client knows cookies and has none from us yet.
    ClientOnly,
    /// There is a server cookie that is not ours, or not of this client, or not of this hour. It proves as little as none.
    Bad,
    /// The client has received a reply of ours at this address within the hour.
    Good,
}

/// Makes and verifies server cookies.
pub struct Cookies {
    keys: Box<[SipHasher24]>,
}

/// What a server cookie is made of, besides the secret.
struct Parts<'a> {
    client_cookie: &'a [u8; CLIENT_COOKIE],
    version: [u8; 4],
    time: u32,
    address: IpAddr,
}

impl Cookies {
    /// The first secret makes, all verify (RFC 9018 5: a new one is known to all servers before one makes cookies with it).
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            keys: secrets
                .iter()
                .map(|secret| SipHasher24::new_with_key(&secret.0))
                .collect(),
        }
    }

    /// What a cookie proves of the client at this address, and the cookie for the reply: the same while it is fresh, else a
    /// new one. None when there are no secrets. `now` in seconds since 1970.
    pub fn judge(&self, cookie: Cookie<'_>, address: IpAddr, now: u32) -> Option<(Proof, [u8; FULL_COOKIE])> {
        let maker = self.keys.first()?;
        let address = address.to_canonical();
        let (proof, fresh) = match cookie.server.is_empty() {
            true => (Proof::ClientOnly, false),
            false => self.verify(cookie, address, now),
        };
        let mut full = [0; FULL_COOKIE];
        let (client, server) = full.split_at_mut(CLIENT_COOKIE);
        client.copy_from_slice(cookie.client);
        if fresh {
            server.copy_from_slice(cookie.server);
        } else {
            let parts = Parts {
                client_cookie: cookie.client,
                version: VERSION,
                time: now,
                address,
            };
            server[..4].copy_from_slice(&parts.version);
            server[4..8].copy_from_slice(&now.to_be_bytes());
            server[8..].copy_from_slice(&parts.hash(maker).to_le_bytes());
        }
        Some((proof, full))
    }

    /// What a server cookie proves, and whether it can be given back as it is.
    fn verify(&self, cookie: Cookie<'_>, address: IpAddr, now: u32) -> (Proof, bool) {
        let Ok(server) = <&[u8; FULL_COOKIE - CLIENT_COOKIE]>::try_from(cookie.server) else {
            return (Proof::Bad, false);
        };
        let [v, r0, r1, r2, t0, t1, t2, t3, hash @ ..] = *server;
        let parts = Parts {
            client_cookie: cookie.client,
            version: [v, r0, r1, r2],
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            address,
        };
        let age = now.wrapping_sub(parts.time) as i32;
        if v != VERSION[0] || !(-MAX_AHEAD_S..=MAX_AGE_S).contains(&age) {
            return (Proof::Bad, false);
        }
        // Eight bytes are compared at once, in a time that does not depend on how many are right.
        let hash = u64::from_le_bytes(hash);
        match self.keys.iter().position(|key| parts.hash(key) == hash) {
            Some(at) => (Proof::Good, at == 0 && parts.version == VERSION && age <= RENEW_AGE_S),
            None => (Proof::Bad, false),
        }
    }
}

impl Parts<'_> {
    /// RFC 9018 4.4: client cookie, version, reserved, time, address, in this order.
    fn hash(&self, key: &SipHasher24) -> u64 {
        let mut input = [0; CLIENT_COOKIE + 8 + 16];
        input[..8].copy_from_slice(self.client_cookie);
        input[8..12].copy_from_slice(&self.version);
        input[12..16].copy_from_slice(&self.time.to_be_bytes());
        match self.address {
            IpAddr::V4(v4) => {
                input[16..20].copy_from_slice(&v4.octets());
                key.hash(&input[..20])
            }
            IpAddr::V6(v6) => {
                input[16..].copy_from_slice(&v6.octets());
                key.hash(&input)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 9018 A.1 to A.3, and the two of A.4.
    const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
    const OLD: &str = "dd3bdf9344b678b185a6f5cb60fca715";
    const NEW: &str = "445536bcd2513298075a5d379663c962";

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    fn cookies(secrets: &[&str]) -> Cookies {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|hex| Secret(bytes(hex).try_into().unwrap()))
            .collect();
        Cookies::new(&secrets)
    }

    /// The proof, and the cookie of the reply in hexadecimal digits.
    fn judge(cookies: &Cookies, sent: &str, address: &str, now: u32) -> (Proof, String) {
        let sent = bytes(sent);
        let cookie = Cookie::new(&sent).unwrap();
        let (proof, full) = cookies.judge(cookie, address.parse().unwrap(), now).unwrap();
        (proof, full.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// RFC 9018 A.1: a client that has no server cookie yet learns one.
    #[test]
    fn a_new_cookie() {
        let learnt = judge(&cookies(&[SECRET]), "2464c4abcf10c957", "198.51.100.100", 1_559_731_985);
        let expected = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        assert_eq!(learnt, (Proof::ClientOnly, expected.into()));
    }

    /// RFC 9018 A.2: forty minutes later the same client gets a fresh one.
    #[test]
    fn a_renewed_cookie() {
        let sent = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        let renewed = judge(&cookies(&[SECRET]), sent, "198.51.100.100", 1_559_734_385);
        let expected = "2464c4abcf10c957010000005cf7a871d4a564a1442aca77";
        assert_eq!(renewed, (Proof::Good, expected.into()));
    }

    /// RFC 9018 A.3: reserved bytes are hashed as they came; the reply's are zero.
    #[test]
    fn reserved_bytes() {
        let sent = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
        let cookies = cookies(&[SECRET]);
        let (proof, renewed) = judge(&cookies, sent, "203.0.113.203", 1_559_727_985);
        assert_eq!((proof, &renewed[16..24]), (Proof::Good, "01000000"));
        // The example's own time is further from the cookie's than an hour.
        let expected = "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e";
        let late = judge(&cookies, sent, "203.0.113.203", 1_559_734_700);
        assert_eq!(late, (Proof::Bad, expected.into()));
    }

    /// RFC 9018 A.4: the old secret still verifies, the new one makes.
    #[test]
    fn a_secret_is_replaced() {
        let address = "2001:db8:220:1:59de:d0f4:8769:82b8";
        let sent = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
        let expected = "22681ab97d52c298010000005cf7c609a6bb79d16625507a";
        for (secrets, proof) in [(&[NEW, OLD][..], Proof::Good), (&[NEW], Proof::Bad)] {
            let renewed = judge(&cookies(secrets), sent, address, 1_559_741_961);
            assert_eq!(renewed, (proof, expected.into()));
        }
    }

    /// RFC 9018 4.3: an hour old, five minutes ahead; replaced after half an hour; serial numbers (RFC 1982) wrap.
    #[test]
    fn times() {
        let cookies = cookies(&[SECRET]);
        for made in [1_559_731_985, 10, u32::MAX - 10] {
            let (_, cookie) = judge(&cookies, "0123456789abcdef", "192.0.2.1", made);
            let ages: [(i32, Proof, bool); 10] = [
                (0, Proof::Good, true),
                (-300, Proof::Good, true),
                (-301, Proof::Bad, false),
                (1_800, Proof::Good, true),
                (1_801, Proof::Good, false),
                (3_600, Proof::Good, false),
                (3_601, Proof::Bad, false),
                (i32::MAX, Proof::Bad, false),
                (i32::MIN, Proof::Bad, false),
                (-100_000, Proof::Bad, false),
            ];
            for (age, proof, kept) in ages {
                let now = made.wrapping_add_signed(age);
                let (found, reply) = judge(&cookies, &cookie, "192.0.2.1", now);
                assert_eq!((found, reply == cookie), (proof, kept), "{age}");
            }
        }
    }

    /// A cookie is of one client, one address and one secret, and every bit of it counts.
    #[test]
    fn every_bit_counts() {
        let (made_by, now) = (cookies(&[SECRET]), 1_559_731_985);
        for address in ["192.0.2.1", "2001:db8::1"] {
            let (_, cookie) = judge(&made_by, "0123456789abcdef", address, now);
            for bit in 0..8 * FULL_COOKIE {
                let mut other = bytes(&cookie);
                other[bit / 8] ^= 1 << (bit % 8);
                let cookie = Cookie::new(&other).unwrap();
                let (proof, _) = made_by.judge(cookie, address.parse().unwrap(), now).unwrap();
                assert_eq!(proof, Proof::Bad, "{bit}");
            }
            for (secrets, from) in [
                (&[SECRET][..], "192.0.2.2"),
                (&[SECRET], "2001:db8::2"),
                (&[OLD, NEW], address),
            ] {
                assert_eq!(judge(&cookies(secrets), &cookie, from, now).0, Proof::Bad);
            }
            assert_eq!(judge(&cookies(&[OLD, SECRET]), &cookie, address, now).0, Proof::Good);
        }
    }

    #[test]
    fn an_address_mapped_into_ipv6_is_the_same_client() {
        let cookies = cookies(&[SECRET]);
        let (_, cookie) = judge(&cookies, "0123456789abcdef", "192.0.2.1", 7);
        assert_eq!(judge(&cookies, &cookie, "::ffff:192.0.2.1", 7), (Proof::Good, cookie));
    }

    /// RFC 7873 4: server cookies are of 8 to 32 bytes; all but those of 16 are others' making.
    #[test]
    fn server_cookies_of_other_lengths() {
        let cookies = cookies(&[SECRET]);
        for length in 8..=32 {
            let sent = "01".repeat(8 + length);
            assert_eq!(
                judge(&cookies, &sent, "192.0.2.1", 0x0101_0101).0,
                Proof::Bad,
                "{length}"
            );
        }
    }

    #[test]
    fn without_secrets_there_are_no_cookies() {
        let cookie = Cookie::new(b"01234567").unwrap();
        assert_eq!(Cookies::new(&[]).judge(cookie, [192, 0, 2, 1].into(), 7), None);
    }
}
