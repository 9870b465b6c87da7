//! `$GENERATE start-stop[/step] owner [TTL] [class] type data`, BIND's way to write many records in one line.
//!
//! In owner and data, `$` is the number, `${offset,width,base}` the number plus an offset, padded with zeros to a width, in
//! base d, o, x, X, or as reversed hexadecimal nibbles with dots between them (n, N); `\$` and `$$` are a dollar sign. Data
//! of several words may be written in quotes, as in BIND: they are taken off. What is made is counted before it is made.

use super::fault::Fault;
use super::rdata::Fields;
use super::scanner::Scanner;
use super::tokens::{Cursor, End, Lexer, Token};
use crate::name::Name;
use std::io::Write;

/// Longest owner or data that one number may give.
const MOST_TEXT: usize = 4_096;
/// Widest number (BIND's bound too).
const MOST_WIDTH: usize = 127;

impl Scanner<'_> {
    pub(crate) fn generate(&mut self, word: &Token<'_>, fields: &mut Fields<'_>) -> Result<(), Fault> {
        let token = fields.word("generate-range", "a range such as 1-254 or 0-62/2")?;
        let range = Range::parse(token.text)
            .ok_or_else(|| Fault::expected("generate-range", "a range such as 1-254 or 0-62/2", token))?;
        let left = u64::from(self.limits.generated - self.generated.min(self.limits.generated));
        if range.count() > left {
            let most = self.limits.generated;
            let message = format!("{} records, and $GENERATE may make {most} in a zone", range.count());
            return Err(Fault::new("generate-range", token, message));
        }
        let owner = fields.word("syntax", "the owner name")?.text;
        let header = self.header(fields)?;
        let data = data_text(fields)?;
        let place = self.place(word);
        let (mut owner_text, mut text) = (Vec::new(), Vec::new());
        for number in range.numbers() {
            self.generated += 1;
            let whole = |fault: Fault| at(word, number, fault);
            substitute(owner, number, &mut owner_text).map_err(|why| at(word, number, syntax(word, why)))?;
            substitute(&data, number, &mut text).map_err(|why| at(word, number, syntax(word, why)))?;
            let owner = Name::from_text(&owner_text, Some(&self.origin))
                .map_err(|error| whole(Fault::new("bad-name", word, error.to_string())))?;
            let mut tokens = Vec::new();
            let mut lexer = Lexer::new(&text, Cursor::start(&text));
            let (fault, end) = match lexer.entry(&mut tokens) {
                Some(entry) => (entry.fault, entry.end),
                None => (None, End { line: 1, column: 1 }), // empty data: the type says whether that is enough
            };
            if let Some(fault) = fault {
                return Err(whole(fault));
            }
            // A line without an owner has the one before this directive, as in BIND.
            self.data(&owner, &header, Fields::new(&tokens, end), place)
                .map_err(whole)?;
            if self.stopped() {
                break;
            }
        }
        Ok(())
    }
}

fn syntax(word: &Token<'_>, why: &str) -> Fault {
    Fault::new("generate-syntax", word, why)
}

/// A mistake in what a number gives stands where the directive stands.
fn at(word: &Token<'_>, number: u32, fault: Fault) -> Fault {
    Fault {
        message: format!("for number {number}: {}", fault.message),
        line: word.line,
        column: word.column,
        ..fault
    }
}

/// The template of the data: the rest of the entry, or what a single pair of quotes holds.
fn data_text(fields: &mut Fields<'_>) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    match fields.rest() {
        [] => return Err(fields.at_end("syntax", "the record's data")),
        [only] if only.quoted => {
            let mut bytes = only.text.iter().peekable();
            while let Some(&byte) = bytes.next() {
                match (byte, bytes.peek()) {
                    (b'\\', Some(b'"')) => {}
                    (b'\\', Some(&&next)) => {
                        text.extend([byte, next]);
                        bytes.next();
                    }
                    _ => text.push(byte),
                }
            }
        }
        _ => fields.normalise(&mut text),
    }
    Ok(text)
}

/// `start-stop/step`.
struct Range {
    start: u32,
    stop: u32,
    step: u32,
}

impl Range {
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (range, step) = text.split_once('/').unwrap_or((text, "1"));
        let (start, stop) = range.split_once('-')?;
        let range = Self {
            start: number(start)?,
            stop: number(stop)?,
            step: number(step)?,
        };
        (range.start <= range.stop && range.step > 0).then_some(range)
    }

    fn count(&self) -> u64 {
        u64::from((self.stop - self.start) / self.step) + 1
    }

    fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        (self.start..=self.stop).step_by(self.step as usize)
    }
}

/// A number up to 2^31 - 1, as in BIND.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && *value <= 0x7FFF_FFFF)
}

/// Writes `template` with the number put in.
fn substitute(template: &[u8], number: u32, out: &mut Vec<u8>) -> Result<(), &'static str> {
    out.clear();
    let mut rest = template;
    loop {
        if out.len() > MOST_TEXT {
            return Err("more than 4,096 bytes of text");
        }
        rest = match rest {
            [] => return Ok(()),
            [b'\\', next, after @ ..] => {
                out.extend([b'\\', *next]);
                after
            }
            [b'$', b'$', after @ ..] => {
                out.push(b'$');
                after
            }
            [b'$', b'{', after @ ..] => {
                let end = memchr::memchr(b'}', after).ok_or("`${` without `}`")?;
                let (modifier, after) = after.split_at(end);
                Modifier::parse(modifier)
                    .ok_or("expected ${offset,width,base} with base d, o, x, X, n or N")?
                    .write(number, out)?;
                after.get(1..).unwrap_or_default()
            }
            [b'$', after @ ..] => {
                Modifier::PLAIN.write(number, out)?;
                after
            }
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}

/// How a number is written.
#[derive(Clone, Copy)]
struct Modifier {
    offset: i64,
    width: usize,
    base: u8,
}

impl Modifier {
    const PLAIN: Self = Self {
        offset: 0,
        width: 0,
        base: b'd',
    };

    fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(text).ok()?.split(',');
        let offset = parts.next()?;
        let (sign, digits) = match offset.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, offset.strip_prefix('+').unwrap_or(offset)),
        };
        let offset = sign * i64::from(number(digits)?);
        let width = match parts.next() {
            Some(width) => number(width)? as usize,
            None => 0,
        };
        let base = match parts.next().map(str::as_bytes) {
            Some([base @ (b'd' | b'o' | b'x' | b'X' | b'n' | b'N')]) => *base,
            Some(_) => return None,
            None => b'd',
        };
        (parts.next().is_none() && width <= MOST_WIDTH).then_some(Self { offset, width, base })
    }

    fn write(self, number: u32, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let value = i64::from(number) + self.offset;
        let value = u32::try_from(value).ok().filter(|value| *value <= 0x7FFF_FFFF);
        let value = value.ok_or("the number with its offset is below 0 or above 2147483647")?;
        let width = self.width;
        // Writing to a Vec does not fail.
        let _ = match self.base {
            b'o' => write!(out, "{value:0width$o}"),
            b'x' => write!(out, "{value:0width$x}"),
            b'X' => write!(out, "{value:0width$X}"),
            b'n' | b'N' => {
                nibbles(value, width, self.base == b'N', out);
                Ok(())
            }
            _ => write!(out, "{value:0width$}"),
        };
        Ok(())
    }
}

/// Nibbles from the lowest, dots between them; the width counts the dots too.
fn nibbles(mut value: u32, mut width: usize, upper: bool, out: &mut Vec<u8>) {
    let digits = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    loop {
        out.push(digits[(value & 15) as usize]);
        value >>= 4;
        width = width.saturating_sub(1);
        if width == 0 && value == 0 {
            return;
        }
        out.push(b'.');
        width = width.saturating_sub(1);
        if width == 0 && value == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str, number: u32) -> Result<String, &'static str> {
        let mut out = Vec::new();
        substitute(template.as_bytes(), number, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    /// BIND 9 ARM, "BIND Primary File Extension: the $GENERATE Directive".
    #[test]
    fn substitution() {
        assert_eq!(text("host-$", 7).unwrap(), "host-7");
        assert_eq!(text("${-20,3,d}", 25).unwrap(), "005");
        assert_eq!(text("a${0,4}b$", 12).unwrap(), "a0012b12");
        assert_eq!(text("${0,2,x}${0,2,X}${0,0,o}", 250).unwrap(), "faFA372");
        assert_eq!(text("\\$$$$", 1).unwrap(), "\\$$1");
        assert_eq!(text("${0,7,n}", 0x1a2).unwrap(), "2.a.1.0");
        assert_eq!(text("${0,3,N}", 0x0a).unwrap(), "A.0");
        assert!(text("${-2}", 1).is_err());
        assert!(text("${1,2,q}", 1).is_err());
        assert!(text("${1", 1).is_err());
        assert!(text("${0,128}", 1).is_err());
    }

    #[test]
    fn ranges() {
        let count = |text: &str| Range::parse(text.as_bytes()).map(|range| range.count());
        assert_eq!(count("1-10"), Some(10));
        assert_eq!(count("0-10/3"), Some(4));
        assert_eq!(count("0-2147483647"), Some(2_147_483_648));
        for bad in ["", "1", "10-1", "1-2/0", "-1-2", "1-2147483648", "1-2/", "a-b", "1-+2"] {
            assert_eq!(count(bad), None, "{bad}");
        }
    }
}
