//! Of which fields the data of each type consists.

use crate::rtype;

/// One field: how it is written, and with it how it lies in wire format. The texts say in messages what was expected.
pub(crate) enum Field {
    U8(&'static str),
    U16(&'static str),
    U32(&'static str),
    /// 32 bits, written with or without units of time.
    Seconds(&'static str),
    /// Uncompressed (RFC 3597 4).
    Name(&'static str),
    Ipv4,
    Ipv6,
    /// One `<character-string>` (RFC 1035 3.3).
    Text(&'static str),
    /// One or more of them, to the end.
    Texts,
    /// A string of letters and digits (RFC 8659 4.1).
    Tag,
    /// A string without a length before it, to the end.
    Target(&'static str),
    /// Hexadecimal in any number of words, to the end.
    Hex {
        least: usize,
    },
    /// Base 64 in any number of words, to the end.
    Base64 {
        least: usize,
    },
    /// Hexadecimal or `-`, with its length before it (RFC 5155 3.3).
    Salt,
    /// Base 32 with its length before it (RFC 5155 3.3).
    NextHash,
    /// `00-00-5e-00-53-2a` (RFC 7043).
    Eui(usize),
    /// `2001:db8:1140:1000` (RFC 6742 2).
    Locator,
    /// RFC 4034 3.2.
    SigTime(&'static str),
    Algorithm,
    DigestType,
    CertType,
    Type,
    /// A type bit map (RFC 4034 4.1.2), to the end.
    Types,
    /// RFC 1876.
    Location,
    /// RFC 9460 2.2, to the end.
    SvcParams,
}

/// The types that have a layout.
pub(crate) const NATIVE: &[u16] = &[
    rtype::A,
    rtype::NS,
    rtype::MD,
    rtype::MF,
    rtype::CNAME,
    rtype::SOA,
    rtype::MB,
    rtype::MG,
    rtype::MR,
    rtype::PTR,
    rtype::HINFO,
    rtype::MINFO,
    rtype::MX,
    rtype::TXT,
    rtype::RP,
    rtype::AFSDB,
    rtype::X25,
    rtype::RT,
    NSAP_PTR,
    rtype::KEY,
    rtype::PX,
    rtype::AAAA,
    rtype::LOC,
    rtype::SRV,
    rtype::NAPTR,
    rtype::KX,
    rtype::CERT,
    rtype::DNAME,
    rtype::DS,
    rtype::SSHFP,
    rtype::RRSIG,
    rtype::NSEC,
    rtype::DNSKEY,
    rtype::DHCID,
    rtype::NSEC3,
    rtype::NSEC3PARAM,
    rtype::TLSA,
    rtype::SMIMEA,
    NINFO,
    rtype::CDS,
    rtype::CDNSKEY,
    rtype::OPENPGPKEY,
    rtype::CSYNC,
    rtype::ZONEMD,
    rtype::SVCB,
    rtype::HTTPS,
    rtype::SPF,
    NID,
    L32,
    L64,
    LP,
    rtype::EUI48,
    rtype::EUI64,
    rtype::URI,
    rtype::CAA,
    AVC,
    RESINFO,
    WALLET,
    TA,
    DLV,
];

const NSAP_PTR: u16 = 23;
const NINFO: u16 = 56;
const NID: u16 = 104;
const L32: u16 = 105;
const L64: u16 = 106;
const LP: u16 = 107;
const AVC: u16 = 258;
const RESINFO: u16 = 261;
const WALLET: u16 = 262;
pub(crate) const TA: u16 = 32768;
pub(crate) const DLV: u16 = 32769;

use Field::{
    Algorithm, Base64, CertType, DigestType, Eui, Hex, Ipv4, Ipv6, Location, Locator, Name, NextHash, Salt, Seconds,
    SigTime, SvcParams, Tag, Target, Text, Texts, Type, Types, U8, U16, U32,
};

/// The layout of a type, in the order of the types' numbers as far as like ones do not stand together.
pub(crate) fn layout(rtype: u16) -> Option<&'static [Field]> {
    Some(match rtype {
        rtype::A => &[Ipv4],
        rtype::AAAA => &[Ipv6],
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME | NSAP_PTR => &[Name("a domain name")],
        rtype::MD | rtype::MF | rtype::MB | rtype::MG | rtype::MR => &[Name("a domain name")],
        rtype::SOA => &[
            Name("the primary server's name"),
            Name("the mailbox of who is responsible, as a name"),
            U32("the serial number"),
            Seconds("the refresh time"),
            Seconds("the retry time"),
            Seconds("the expire time"),
            Seconds("the minimum (negative) TTL"),
        ],
        rtype::HINFO => &[Text("the CPU"), Text("the operating system")],
        rtype::MINFO => &[Name("the responsible mailbox"), Name("the mailbox for errors")],
        rtype::MX => &[U16("the preference"), Name("the mail server's name")],
        rtype::TXT | rtype::SPF | NINFO | AVC | RESINFO | WALLET => &[Texts],
        rtype::RP => &[Name("the mailbox, as a name"), Name("the name of a TXT record, or `.`")],
        rtype::AFSDB => &[U16("the subtype"), Name("a host name")],
        rtype::X25 => &[Text("a PSDN address of digits")],
        rtype::RT => &[U16("the preference"), Name("a host name")],
        rtype::PX => &[
            U16("the preference"),
            Name("the RFC 822 domain"),
            Name("the X.400 domain"),
        ],
        rtype::LOC => &[Location],
        rtype::SRV => &[
            U16("the priority"),
            U16("the weight"),
            U16("the port"),
            Name("the target's name"),
        ],
        rtype::NAPTR => &[
            U16("the order"),
            U16("the preference"),
            Text("the flags"),
            Text("the services"),
            Text("the regular expression"),
            Name("the replacement name"),
        ],
        rtype::KX => &[U16("the preference"), Name("the exchanger's name")],
        rtype::CERT => &[CertType, U16("the key tag"), Algorithm, Base64 { least: 1 }],
        rtype::DS | rtype::CDS | TA | DLV => &[U16("the key tag"), Algorithm, DigestType, Hex { least: 1 }],
        rtype::SSHFP => &[
            U8("the algorithm's number"),
            U8("the fingerprint type"),
            Hex { least: 1 },
        ],
        rtype::RRSIG => &[
            Type,
            Algorithm,
            U8("the number of labels"),
            U32("the original TTL"),
            SigTime("the time of expiration"),
            SigTime("the time of inception"),
            U16("the key tag"),
            Name("the signer's name"),
            Base64 { least: 1 },
        ],
        rtype::NSEC => &[Name("the next name"), Types],
        rtype::DNSKEY | rtype::CDNSKEY => &[U16("the flags"), U8("the protocol"), Algorithm, Base64 { least: 1 }],
        rtype::KEY => &[U16("the flags"), U8("the protocol"), Algorithm, Base64 { least: 0 }],
        rtype::DHCID => &[Base64 { least: 3 }],
        rtype::NSEC3 => &[
            U8("the hash algorithm"),
            U8("the flags"),
            U16("the iterations"),
            Salt,
            NextHash,
            Types,
        ],
        rtype::NSEC3PARAM => &[U8("the hash algorithm"), U8("the flags"), U16("the iterations"), Salt],
        rtype::TLSA | rtype::SMIMEA => &[
            U8("the certificate usage"),
            U8("the selector"),
            U8("the matching type"),
            Hex { least: 1 },
        ],
        rtype::OPENPGPKEY => &[Base64 { least: 1 }],
        rtype::CSYNC => &[U32("the SOA serial"), U16("the flags"), Types],
        rtype::ZONEMD => &[
            U32("the serial"),
            U8("the scheme"),
            U8("the hash algorithm"),
            Hex { least: 12 },
        ],
        rtype::SVCB | rtype::HTTPS => &[U16("the priority"), Name("the target's name"), SvcParams],
        NID | L64 => &[U16("the preference"), Locator],
        L32 => &[U16("the preference"), Ipv4],
        LP => &[U16("the preference"), Name("a domain name")],
        rtype::EUI48 => &[Eui(6)],
        rtype::EUI64 => &[Eui(8)],
        rtype::URI => &[U16("the priority"), U16("the weight"), Target("the target in quotes")],
        rtype::CAA => &[U8("the flags"), Tag, Target("the value in quotes")],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_table() {
        let with_layout: Vec<u16> = (0..=u16::MAX).filter(|rtype| layout(*rtype).is_some()).collect();
        assert_eq!(with_layout, NATIVE);
        assert!(NATIVE.iter().all(|rtype| !rtype::is_meta(*rtype)));
    }
}
