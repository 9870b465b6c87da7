//! The numbers of the DNS header and of EDNS (IANA "Domain Name System (DNS) Parameters").

/// Response codes (RFC 1035 4.1.1, RFC 6895 2.3).
pub mod rcode {
    /// No error.
    pub const NOERROR: u16 = 0;
    /// The query does not parse.
    pub const FORMERR: u16 = 1;
    /// The server failed.
    pub const SERVFAIL: u16 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u16 = 3;
    /// This kind of query is not implemented.
    pub const NOTIMP: u16 = 4;
    /// Refused by policy.
    pub const REFUSED: u16 = 5;
    /// A DNAME substitution grew too long (RFC 6672 2.2).
    pub const YXDOMAIN: u16 = 6;
    /// With a TSIG: there is no key for it (RFC 8945 5.2.1).
    pub const NOTAUTH: u16 = 9;
    /// EDNS version not supported (RFC 6891 6.1.3).
    pub const BADVERS: u16 = 16;
    /// The server cookie is missing or not ours (RFC 7873 8).
    pub const BADCOOKIE: u16 = 23;

    /// The mnemonic, or `RCODE17`.
    pub fn text(rcode: u16) -> std::borrow::Cow<'static, str> {
        const NAMES: [&str; 12] = [
            "NOERROR",
            "FORMERR",
            "SERVFAIL",
            "NXDOMAIN",
            "NOTIMP",
            "REFUSED",
            "YXDOMAIN",
            "YXRRSET",
            "NXRRSET",
            "NOTAUTH",
            "NOTZONE",
            "DSOTYPENI",
        ];
        match rcode {
            BADVERS => "BADVERS".into(),
            BADCOOKIE => "BADCOOKIE".into(),
            _ => NAMES
                .get(usize::from(rcode))
                .map_or_else(|| format!("RCODE{rcode}").into(), |&name| name.into()),
        }
    }
}

/// Bits of the header's second 16-bit word (RFC 1035 4.1.1, RFC 4035 3).
pub mod flag {
    /// This is a response.
    pub const QR: u16 = 0x8000;
    /// The opcode's four bits.
    pub const OPCODE: u16 = 0x7800;
    /// Authoritative answer.
    pub const AA: u16 = 0x0400;
    /// Truncated.
    pub const TC: u16 = 0x0200;
    /// Recursion desired.
    pub const RD: u16 = 0x0100;
    /// Recursion available.
    pub const RA: u16 = 0x0080;
    /// Authentic data.
    pub const AD: u16 = 0x0020;
    /// Checking disabled.
    pub const CD: u16 = 0x0010;
}

/// Classes (RFC 1035 3.2.4, RFC 6895 3.2).
pub mod class {
    /// The Internet.
    pub const IN: u16 = 1;
    /// Chaos; used for questions about the server itself.
    pub const CH: u16 = 3;
    /// Any class, in questions only.
    pub const ANY: u16 = 255;
}

/// Extended DNS Errors (RFC 8914 5.2).
pub mod ede {
    /// Other; the text says what.
    pub const OTHER: u16 = 0;
    /// A stale answer (RFC 8767).
    pub const STALE_ANSWER: u16 = 3;
    /// The failure was cached (RFC 9520).
    pub const CACHED_ERROR: u16 = 13;
    /// Not ready: a part of the server does not run yet.
    pub const NOT_READY: u16 = 14;
    /// A stale NXDOMAIN answer.
    pub const STALE_NXDOMAIN: u16 = 19;
    /// RD=0 and not ours, or nobody may recurse here.
    pub const NOT_AUTHORITATIVE: u16 = 20;
    /// This kind of query is not supported.
    pub const NOT_SUPPORTED: u16 = 21;
    /// No server could be reached.
    pub const NO_REACHABLE_AUTHORITY: u16 = 22;
    /// Our own zone has no data that can be served.
    pub const INVALID_DATA: u16 = 24;
    /// This client may not.
    pub const PROHIBITED: u16 = 18;
}
