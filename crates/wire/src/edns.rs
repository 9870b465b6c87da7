//! EDNS(0): the OPT pseudo-record (RFC 6891 6.1) and its options.

use crate::name::HEADER;
use crate::rtype;

/// Options looked at in one OPT; those behind them are ignored (bounded work, whatever is sent).
pub const MAX_OPTIONS: usize = 16;
/// Bytes of an OPT record without options.
pub const OPT_LEN: usize = 11;
/// Extended DNS Error (RFC 8914).
pub const OPTION_EDE: u16 = 15;
/// DNS Cookie (RFC 7873).
pub const OPTION_COOKIE: u16 = 10;

/// What an OPT record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns<'a> {
    /// The largest UDP payload that the sender takes; values below 512 mean 512 (RFC 6891 6.2.3).
    pub udp_size: u16,
    /// EDNS version; only 0 exists.
    pub version: u8,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    options: &'a [u8],
}

impl<'a> Edns<'a> {
    /// Reads the fixed fields of an OPT record; None when the options do not fill the rdata exactly.
    pub fn new(class: u16, ttl: u32, options: &'a [u8]) -> Option<Self> {
        let edns = Self {
            udp_size: class.max(512),
            version: (ttl >> 16) as u8,
            dnssec_ok: ttl & 0x8000 != 0,
            options,
        };
        let length: usize = edns.options().map(|(_, data)| 4 + data.len()).sum();
        (length == options.len()).then_some(edns)
    }

    /// The options as (code, data).
    pub fn options(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_first_chunk::<4>()?;
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let data = tail.get(..length)?;
            rest = &tail[length..];
            Some((u16::from_be_bytes([head[0], head[1]]), data))
        })
    }

    /// The data of the first option with this code, among those that are looked at.
    pub fn option(&self, code: u16) -> Option<&'a [u8]> {
        self.options()
            .take(MAX_OPTIONS)
            .find(|option| option.0 == code)
            .map(|option| option.1)
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

/// An Extended DNS Error to send: code and text (RFC 8914 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ede<'a> {
    /// INFO-CODE.
    pub code: u16,
    /// EXTRA-TEXT, UTF-8.
    pub text: &'a str,
}

impl Ede<'_> {
    /// Bytes of the option with its head.
    pub fn option_len(&self) -> usize {
        6 + self.text.len()
    }
}

const _: () = assert!(HEADER + OPT_LEN < 512);
