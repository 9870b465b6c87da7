//! A cursor over the tokens of one entry, and the plain kinds of field: numbers, names, addresses and strings.

use super::BAD;
use crate::name::{self, Name};
use crate::zonefile::fault::Fault;
use crate::zonefile::tokens::{End, Token};
use crate::zonefile::ttl::{self, TimeError};

/// A field is read, or the entry has a mistake.
pub(crate) type Parsed = Result<(), Fault>;

/// The tokens of an entry that are not read yet.
pub(crate) struct Fields<'a> {
    all: &'a [Token<'a>],
    at: usize,
    /// Where the data begins, for mistakes of the data as a whole.
    data: usize,
    end: End,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(all: &'a [Token<'a>], end: End) -> Self {
        Self {
            all,
            at: 0,
            data: 0,
            end,
        }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [Token<'a>] {
        self.all.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.all.len()
    }

    pub(crate) fn peek(&self) -> Option<&'a Token<'a>> {
        self.all.get(self.at)
    }

    /// The next token, a word or a string.
    pub(crate) fn any(&mut self, code: &'static str, what: &str) -> Result<&'a Token<'a>, Fault> {
        let token = self.peek().ok_or_else(|| self.at_end(code, what))?;
        self.at += 1;
        Ok(token)
    }

    /// The next token, which must not be in quotes.
    pub(crate) fn word(&mut self, code: &'static str, what: &str) -> Result<&'a Token<'a>, Fault> {
        let token = self.any(code, what)?;
        if token.quoted {
            Err(Fault::expected(code, what, token))
        } else {
            Ok(token)
        }
    }

    /// A word of data.
    pub(crate) fn data_word(&mut self, what: &str) -> Result<&'a Token<'a>, Fault> {
        self.word(BAD, what)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Parsed {
        match self.peek() {
            None => Ok(()),
            Some(token) => Err(Fault::expected("syntax", "the end of the line", token)),
        }
    }

    /// "expected {what}, but the line ends here"
    #[cold]
    pub(crate) fn at_end(&self, code: &'static str, what: &str) -> Fault {
        let message = format!("expected {what}, but the line ends here");
        Fault {
            code,
            message,
            line: self.end.line,
            column: self.end.column,
        }
    }

    /// A mistake of the entry as a whole, said of its first token that has been read or, when nothing has, of the next.
    #[cold]
    pub(crate) fn at_first(&self, code: &'static str, message: impl Into<String>) -> Fault {
        match self.all.get(self.data) {
            Some(token) => Fault::new(code, token, message),
            None => Fault {
                code,
                message: message.into(),
                line: self.end.line,
                column: self.end.column,
            },
        }
    }

    /// From here on it is the record's data.
    pub(crate) fn begin_data(&mut self) {
        self.data = self.at;
    }

    /// Whether the generic form of RFC 3597 5 comes next.
    pub(crate) fn is_generic(&self) -> bool {
        self.peek().is_some_and(|token| token.text == b"\\#" && !token.quoted)
    }

    /// What is left as one line.
    pub(crate) fn normalise(&self, out: &mut Vec<u8>) {
        for (index, token) in self.rest().iter().enumerate() {
            if index > 0 && !token.glued {
                out.push(b' ');
            }
            let quote: &[u8] = if token.quoted { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            out.extend_from_slice(token.text);
            out.extend_from_slice(quote);
        }
    }

    /// A decimal number up to `most`.
    pub(crate) fn number(&mut self, most: u32, what: &str) -> Result<u32, Fault> {
        let token = self.data_word(what)?;
        match decimal(token.text) {
            Some(value) if value <= most => Ok(value),
            _ => Err(Fault::expected(
                BAD,
                &format!("{what}, a number from 0 to {most}"),
                token,
            )),
        }
    }

    pub(crate) fn u8(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        let value = self.number(u32::from(u8::MAX), what)?;
        out.push(value as u8);
        Ok(())
    }

    pub(crate) fn u16(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        let value = self.number(u32::from(u16::MAX), what)?;
        out.extend((value as u16).to_be_bytes());
        Ok(())
    }

    pub(crate) fn u32(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        out.extend(self.number(u32::MAX, what)?.to_be_bytes());
        Ok(())
    }

    pub(crate) fn seconds(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        let token = self.data_word(what)?;
        let value = ttl::seconds(token.text).map_err(|error| match error {
            TimeError::Syntax => Fault::expected(BAD, &format!("{what}, such as 3600 or 1H30M"), token),
            TimeError::Range => Fault::expected(BAD, &format!("{what}, at most 4294967295 seconds"), token),
        })?;
        out.extend(value.to_be_bytes());
        Ok(())
    }

    pub(crate) fn name(&mut self, what: &str, origin: &Name) -> Result<Name, Fault> {
        let token = self.word("bad-name", what)?;
        Name::from_text(token.text, Some(origin)).map_err(|error| {
            Fault::new(
                "bad-name",
                token,
                format!("expected {what}, found {}: {error}", token.shown()),
            )
        })
    }

    pub(crate) fn ipv4(&mut self, out: &mut Vec<u8>) -> Parsed {
        let token = self.data_word("an IPv4 address")?;
        match ipv4(token.text) {
            Some(address) => out.extend_from_slice(&address),
            None => return Err(Fault::expected(BAD, "an IPv4 address", token)),
        }
        Ok(())
    }

    pub(crate) fn ipv6(&mut self, out: &mut Vec<u8>) -> Parsed {
        let token = self.data_word("an IPv6 address")?;
        let address = std::str::from_utf8(token.text)
            .ok()
            .and_then(|text| text.parse::<std::net::Ipv6Addr>().ok());
        match address {
            Some(address) => out.extend_from_slice(&address.octets()),
            None => return Err(Fault::expected(BAD, "an IPv6 address", token)),
        }
        Ok(())
    }

    /// One `<character-string>`: at most 255 bytes (RFC 1035 3.3).
    pub(crate) fn text(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        let token = self.any(BAD, what)?;
        let from = out.len();
        out.push(0);
        unescape(token.text, out).map_err(|error| Fault::new(BAD, token, error.to_string()))?;
        let length = out.len() - from - 1;
        let Ok(byte) = u8::try_from(length) else {
            let message = format!("a string of {length} bytes; 255 is the limit: write it as several strings");
            return Err(Fault::new(BAD, token, message));
        };
        if let Some(first) = out.get_mut(from) {
            *first = byte;
        }
        Ok(())
    }

    pub(crate) fn texts(&mut self, out: &mut Vec<u8>) -> Parsed {
        self.text("a string", out)?;
        while !self.is_empty() && out.len() <= usize::from(u16::MAX) {
            self.text("a string", out)?;
        }
        self.at = self.all.len(); // too long in all is said by the caller
        Ok(())
    }

    /// RFC 8659 4.1: the tag is one or more ASCII letters and digits.
    pub(crate) fn tag(&mut self, out: &mut Vec<u8>) -> Parsed {
        let what = "a tag of letters and digits, such as issue";
        let token = self.data_word(what)?;
        match u8::try_from(token.text.len()) {
            Ok(length) if length > 0 && token.text.iter().all(u8::is_ascii_alphanumeric) => {
                out.push(length);
                out.extend_from_slice(token.text);
                Ok(())
            }
            _ => Err(Fault::expected(BAD, what, token)),
        }
    }

    /// A string to the end of the data, with no length of its own.
    pub(crate) fn target(&mut self, what: &str, out: &mut Vec<u8>) -> Parsed {
        let token = self.any(BAD, what)?;
        unescape(token.text, out).map_err(|error| Fault::new(BAD, token, error.to_string()))
    }
}

/// Appends text with its escapes undone (RFC 1035 5.1).
pub(crate) fn unescape(mut text: &[u8], out: &mut Vec<u8>) -> Result<(), name::NameError> {
    while let Some(at) = memchr::memchr(b'\\', text) {
        let (plain, escaped) = text.split_at(at);
        out.extend_from_slice(plain);
        let after = escaped.get(1..).unwrap_or_default();
        let (byte, width) = name::unescape(after)?;
        out.push(byte);
        text = after.get(width..).unwrap_or_default();
    }
    out.extend_from_slice(text);
    Ok(())
}

/// A decimal number of 32 bits.
pub(crate) fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |value, digit| {
        if !digit.is_ascii_digit() {
            return None;
        }
        value.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
    })
}

/// Four decimal numbers, dots between them, no superfluous zeros (which some read as octal).
fn ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0u8; 4];
    let (mut part, mut digits) = (0usize, 0u32);
    for &byte in text {
        if byte == b'.' {
            part += 1;
            if digits == 0 || part > 3 {
                return None;
            }
            digits = 0;
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        let value = address.get_mut(part)?;
        if digit > 9 || (digits > 0 && *value == 0) {
            return None;
        }
        *value = value.checked_mul(10)?.checked_add(digit)?;
        digits += 1;
    }
    (part == 3 && digits > 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_as_the_standard_library() {
        for text in [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1..2.3",
            "1.2.3.",
            ".1.2.3",
            "",
            "1.2.3.a",
            "00.0.0.0",
            "1.2.3.1000",
            "....",
            "1.2.3.4 ",
        ] {
            let expected = text.parse::<std::net::Ipv4Addr>().ok().map(|address| address.octets());
            assert_eq!(ipv4(text.as_bytes()), expected, "{text}");
        }
    }
}
