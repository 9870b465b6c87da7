//! EDNS(0): the OPT pseudo-record (RFC 6891 6.1), what its options ask for, and the OPT of a reply.
//!
//! Options that are read: Cookie (RFC 7873 4), NSID (RFC 5001 2.1), edns-tcp-keepalive (RFC 7828 3.1). All others are ignored
//! (RFC 6891 6.1.2).

use crate::name::HEADER;
use crate::rtype;

/// Options looked at in one OPT; those behind them are ignored (bounded work, whatever is sent).
pub const MAX_OPTIONS: usize = 16;
/// Bytes of an OPT record without options.
pub const OPT_LEN: usize = 11;
/// Bytes of an option before its data.
const OPTION_HEAD: usize = 4;
/// Name Server Identifier (RFC 5001).
pub const OPTION_NSID: u16 = 3;
/// DNS Cookie (RFC 7873).
pub const OPTION_COOKIE: u16 = 10;
/// edns-tcp-keepalive (RFC 7828).
pub const OPTION_KEEPALIVE: u16 = 11;
/// Extended DNS Error (RFC 8914).
pub const OPTION_EDE: u16 = 15;
/// Longest name server identifier that is sent: it takes its place from the answer.
pub const MAX_NSID: usize = 128;
/// Bytes of a client cookie (RFC 7873 4.1).
pub const CLIENT_COOKIE: usize = 8;
/// Bytes of a cookie of ours: the client's and a server cookie of version 1 (RFC 9018 4).
pub const FULL_COOKIE: usize = 24;

/// What an OPT record says. Several options of one code: the first counts (RFC 7873 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns<'a> {
    /// The largest UDP payload that the sender takes; values below 512 mean 512 (RFC 6891 6.2.3).
    pub udp_size: u16,
    /// EDNS version; only 0 exists.
    pub version: u8,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    /// The cookie.
    pub cookie: Option<Cookie<'a>>,
    /// There is a cookie of a length that none has, which is a format error (RFC 7873 5.2.2).
    pub bad_cookie: bool,
    /// The server's identifier is asked for; what stands in the option is ignored (RFC 5001 2.1).
    pub nsid: bool,
    /// Whether edns-tcp-keepalive is there, and is as a client sends it.
    pub keepalive: Keepalive,
}

/// A client's edns-tcp-keepalive option (RFC 7828 3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// There is none.
    Absent,
    /// Empty, as it must be.
    Asked,
    /// With data, which is the server's to send.
    Malformed,
}

/// A cookie as a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie<'a> {
    /// The client's own part.
    pub client: &'a [u8; CLIENT_COOKIE],
    /// The part that a server gave it, 8 to 32 bytes, or nothing yet.
    pub server: &'a [u8],
}

impl<'a> Edns<'a> {
    /// Reads class, TTL and rdata of an OPT; None when the options do not fill the rdata exactly.
    pub fn new(class: u16, ttl: u32, rdata: &'a [u8]) -> Option<Self> {
        let mut edns = Self {
            udp_size: class.max(512),
            version: (ttl >> 16) as u8,
            dnssec_ok: ttl & 0x8000 != 0,
            cookie: None,
            bad_cookie: false,
            nsid: false,
            keepalive: Keepalive::Absent,
        };
        let mut rest = rdata;
        let mut count = 0;
        while !rest.is_empty() {
            let (head, tail) = rest.split_first_chunk::<OPTION_HEAD>()?;
            let (data, next) = tail.split_at_checked(usize::from(u16::from_be_bytes([head[2], head[3]])))?;
            count += 1;
            // What the options of another version mean is not known.
            if count <= MAX_OPTIONS && edns.version == 0 {
                edns.note(u16::from_be_bytes([head[0], head[1]]), data);
            }
            rest = next;
        }
        Some(edns)
    }

    fn note(&mut self, code: u16, data: &'a [u8]) {
        match code {
            OPTION_COOKIE if self.cookie.is_none() && !self.bad_cookie => {
                self.cookie = Cookie::new(data);
                self.bad_cookie = self.cookie.is_none();
            }
            OPTION_NSID => self.nsid = true,
            OPTION_KEEPALIVE if self.keepalive == Keepalive::Absent => {
                self.keepalive = match data.is_empty() {
                    true => Keepalive::Asked,
                    false => Keepalive::Malformed,
                };
            }
            _ => {}
        }
    }
}

impl<'a> Cookie<'a> {
    /// Reads an option's data: 8 bytes, or 16 to 40 (RFC 7873 4); None for any other length.
    pub fn new(data: &'a [u8]) -> Option<Self> {
        let (client, server) = data.split_first_chunk()?;
        matches!(server.len(), 0 | 8..=32).then_some(Self { client, server })
    }
}

/// The OPT of a reply. Its place is kept free while records are written, so none of its options is ever left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opt<'a> {
    /// Our own UDP payload size.
    pub udp_size: u16,
    /// DO, echoed.
    pub dnssec_ok: bool,
    /// The client's cookie and ours.
    pub cookie: Option<[u8; FULL_COOKIE]>,
    /// The server's identifier, at most [`MAX_NSID`] bytes.
    pub nsid: Option<&'a [u8]>,
    /// How long a TCP connection may be idle, in units of 100 ms.
    pub keepalive: Option<u16>,
}

/// An Extended DNS Error to send (RFC 8914 2). It has no place of its own: without room its text is left out, then all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ede<'a> {
    /// INFO-CODE.
    pub code: u16,
    /// EXTRA-TEXT, UTF-8.
    pub text: &'a str,
}

impl Opt<'_> {
    /// Bytes of the record with its options.
    pub fn size(&self) -> usize {
        let option = |data: usize| OPTION_HEAD + data;
        OPT_LEN
            + self.cookie.map_or(0, |cookie| option(cookie.len()))
            + self.nsid.map_or(0, |nsid| option(nsid.len()))
            + self.keepalive.map_or(0, |_| option(2))
    }

    /// Writes the record to the start of `room` with as much of `ede` as fits behind it, and gives its length. None, and
    /// nothing has been written that counts, when the room is shorter than [`Opt::size`].
    pub(crate) fn write(&self, room: &mut [u8], rcode: u16, ede: Option<Ede<'_>>) -> Option<usize> {
        let len = self.size();
        let ede = ede.and_then(|ede| ede.cut_to(room.len().checked_sub(len)?));
        let len = len + ede.map_or(0, |ede| ede.size());
        let mut rest = room.get_mut(..len)?;
        let fixed = opt_record(
            self.udp_size,
            (rcode >> 4) as u8,
            self.dnssec_ok,
            (len - OPT_LEN) as u16,
        );
        put(&mut rest, &fixed);
        if let Some(cookie) = &self.cookie {
            put_option(&mut rest, OPTION_COOKIE, &[cookie]);
        }
        if let Some(nsid) = self.nsid {
            put_option(&mut rest, OPTION_NSID, &[nsid]);
        }
        if let Some(timeout) = self.keepalive {
            put_option(&mut rest, OPTION_KEEPALIVE, &[&timeout.to_be_bytes()]);
        }
        if let Some(ede) = ede {
            put_option(&mut rest, OPTION_EDE, &[&ede.code.to_be_bytes(), ede.text.as_bytes()]);
        }
        Some(len)
    }
}

impl Ede<'_> {
    /// Bytes of the option.
    fn size(&self) -> usize {
        OPTION_HEAD + 2 + self.text.len()
    }

    fn cut_to(self, room: usize) -> Option<Self> {
        let bare = Self { text: "", ..self };
        [self, bare].into_iter().find(|ede| ede.size() <= room)
    }
}

/// The fixed part of an OPT record to send.
pub fn opt_record(udp_size: u16, extended_rcode: u8, dnssec_ok: bool, options_len: u16) -> [u8; OPT_LEN] {
    let [t0, t1] = rtype::OPT.to_be_bytes();
    let [c0, c1] = udp_size.to_be_bytes();
    let [l0, l1] = options_len.to_be_bytes();
    [
        0,
        t0,
        t1,
        c0,
        c1,
        extended_rcode,
        0,
        if dnssec_ok { 0x80 } else { 0 },
        0,
        l0,
        l1,
    ]
}

fn put_option(room: &mut &mut [u8], code: u16, data: &[&[u8]]) {
    let length: usize = data.iter().map(|part| part.len()).sum();
    put(room, &code.to_be_bytes());
    put(room, &(length as u16).to_be_bytes());
    for part in data {
        put(room, part);
    }
}

/// Writes to the start of the room, which is then what is left of it.
fn put(room: &mut &mut [u8], bytes: &[u8]) {
    if let Some(here) = room.split_off_mut(..bytes.len()) {
        here.copy_from_slice(bytes);
    }
}

const _: () = assert!(HEADER + OPT_LEN + 3 * OPTION_HEAD + FULL_COOKIE + MAX_NSID + 2 < 512);

#[cfg(test)]
mod tests {
    use super::*;

    fn option(code: u16, data: &[u8]) -> Vec<u8> {
        [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
    }

    fn read(rdata: &[u8]) -> Edns<'_> {
        Edns::new(1_232, 0, rdata).unwrap()
    }

    /// RFC 7873 4: 8 bytes, or 16 to 40; 5.2.2: any other length is a format error.
    #[test]
    fn lengths_of_cookies() {
        for length in 0..=64 {
            let data = vec![7; length];
            let rdata = option(OPTION_COOKIE, &data);
            let edns = read(&rdata);
            let sound = length == 8 || (16..=40).contains(&length);
            assert_eq!((edns.cookie.is_some(), edns.bad_cookie), (sound, !sound), "{length}");
        }
    }

    /// RFC 7873 5.2: of several cookies all but the first are ignored, whatever they are.
    #[test]
    fn the_first_of_several() {
        let (good, bad) = (option(OPTION_COOKIE, b"12345678"), option(OPTION_COOKIE, b"1"));
        let rdata = [&good[..], &bad].concat();
        assert_eq!(read(&rdata).cookie.unwrap().client, b"12345678");
        assert!(!read(&rdata).bad_cookie);
        let rdata = [bad, good].concat();
        assert!(read(&rdata).cookie.is_none() && read(&rdata).bad_cookie);
    }

    #[test]
    fn options_behind_many_and_of_other_versions_are_ignored() {
        let cookie = option(OPTION_COOKIE, b"1");
        let many = [vec![0; 4 * MAX_OPTIONS], cookie.clone()].concat();
        assert!(!read(&many).bad_cookie);
        assert!(!Edns::new(1_232, 1 << 16, &cookie).unwrap().bad_cookie);
    }

    #[test]
    fn options_that_do_not_fill_the_rdata() {
        let whole = option(OPTION_NSID, b"xy");
        assert!(read(&whole).nsid);
        for cut in 1..whole.len() {
            assert_eq!(Edns::new(1_232, 0, &whole[..cut]), None, "{cut}");
        }
    }

    /// RFC 8914 2: it is better to leave the text out than to truncate.
    #[test]
    fn an_error_takes_the_place_that_is_left() {
        let opt = Opt {
            cookie: Some([7; FULL_COOKIE]),
            nsid: Some(b"ns7"),
            keepalive: Some(100),
            ..Opt::default()
        };
        let ede = Some(Ede { code: 20, text: "why" });
        let mut room = [0; 128];
        assert_eq!(opt.size(), 11 + 28 + 7 + 6);
        assert_eq!(opt.write(&mut room[..opt.size() - 1], 0, ede), None);
        for (more, used) in [(0, 0), (5, 0), (6, 6), (8, 6), (9, 9), (20, 9)] {
            let len = opt.write(&mut room[..opt.size() + more], 0, ede).unwrap();
            assert_eq!(len, opt.size() + used, "{more}");
            let edns = Edns::new(0, 0, &room[OPT_LEN..len]).unwrap();
            assert_eq!(edns.cookie.unwrap().server, [7; 16]);
            assert_eq!((edns.nsid, edns.keepalive), (true, Keepalive::Malformed));
            assert_eq!(room[OPT_LEN + 35..opt.size()], [0, 11, 0, 2, 0, 100]);
        }
    }
}
