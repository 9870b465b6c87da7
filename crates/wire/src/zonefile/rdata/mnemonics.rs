//! Fields that are a number or a word for it.

use super::BAD;
use super::fields::{Fields, Parsed, decimal};
use crate::rtype;
use crate::zonefile::fault::Fault;

/// RFC 4034 appendix A.1 and the IANA registry "DNS Security Algorithm Numbers".
const ALGORITHMS: &[(u16, &str)] = &[
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (4, "ECC"),
    (5, "RSASHA1"),
    (6, "DSA-NSEC3-SHA1"),
    (6, "DSANSEC3SHA1"),
    (6, "NSEC3DSA"),
    (7, "RSASHA1-NSEC3-SHA1"),
    (7, "RSASHA1NSEC3SHA1"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECC-GOST"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (13, "ECDSA256"),
    (14, "ECDSAP384SHA384"),
    (14, "ECDSA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (17, "SM2SM3"),
    (23, "ECC-GOST12"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// As BIND writes them.
const DIGESTS: &[(u16, &str)] = &[
    (1, "SHA-1"),
    (1, "SHA1"),
    (2, "SHA-256"),
    (2, "SHA256"),
    (3, "GOST"),
    (4, "SHA-384"),
    (4, "SHA384"),
];

/// RFC 4398 2.1.
const CERTIFICATES: &[(u16, &str)] = &[
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

pub(super) fn algorithm(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let value = number_or_word(fields, ALGORITHMS, 255, "an algorithm, such as 13 or ECDSAP256SHA256")?;
    out.push(value as u8);
    Ok(())
}

pub(super) fn digest_type(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let value = number_or_word(fields, DIGESTS, 255, "a digest type, such as 2 or SHA-256")?;
    out.push(value as u8);
    Ok(())
}

pub(super) fn cert_type(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let value = number_or_word(fields, CERTIFICATES, u16::MAX, "a certificate type, such as 1 or PKIX")?;
    out.extend(value.to_be_bytes());
    Ok(())
}

/// RFC 4034 3.2: the type covered is a mnemonic or TYPEnnn.
pub(super) fn covered_type(fields: &mut Fields<'_>, out: &mut Vec<u8>) -> Parsed {
    let token = fields.data_word("the type covered")?;
    let Some(value) = rtype::from_text(token.text) else {
        return Err(Fault::expected(BAD, "the type covered", token));
    };
    out.extend(value.to_be_bytes());
    Ok(())
}

fn number_or_word(fields: &mut Fields<'_>, words: &[(u16, &str)], most: u16, what: &str) -> Result<u16, Fault> {
    let token = fields.data_word(what)?;
    if let Some(value) = decimal(token.text)
        .and_then(|value| u16::try_from(value).ok())
        .filter(|value| *value <= most)
    {
        return Ok(value);
    }
    let word = words
        .iter()
        .find(|word| word.1.as_bytes().eq_ignore_ascii_case(token.text));
    word.map(|word| word.0).ok_or_else(|| Fault::expected(BAD, what, token))
}
