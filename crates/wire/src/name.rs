//! Domain names in uncompressed wire format (RFC 1035 3.1), and their text form (RFC 1035 5.1, RFC 4343).
//!
//! A [`Name`] is always valid: labels of at most 63 bytes, 255 bytes in all, the root label last. It lives on the stack,
//! so parsing one from a packet allocates nothing. Compression (RFC 1035 4.1.4) is followed only backwards (each pointer must
//! lead before the place that the last one led to) and not far, so no chain of pointers can loop or grow long.

use std::fmt;

/// Longest name, in bytes of wire format with the root label (RFC 1035 2.3.4).
pub const MAX_NAME: usize = 255;
/// Longest label (RFC 1035 2.3.4).
pub const MAX_LABEL: usize = 63;
/// Pointers followed in one name: a writer needs one for each name that it builds on, a chain of thousands costs its reader.
pub const MAX_HOPS: usize = 16;
/// The message header's length (RFC 1035 4.1.1); no pointer may lead into it.
pub const HEADER: usize = 12;
/// Most labels that fit in a name, the root label not counted.
pub const MAX_LABELS: usize = 127;

/// Why bytes or text are not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The message ends within the name.
    Short,
    /// More than 255 bytes, or more than 63 in a label.
    Long,
    /// A compression pointer that does not lead strictly backwards.
    Pointer,
    /// A label type other than 00 and 11 (RFC 6891 5).
    LabelType,
    /// In text: an empty label, as in `a..b`.
    EmptyLabel,
    /// In text: a backslash not followed by a character or by three digits up to 255.
    Escape,
    /// In text: a relative name where no origin is in force.
    Relative,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "name ends too early",
            Self::Long => "name longer than 255 bytes or label longer than 63",
            Self::Pointer => "compression pointer does not lead backwards",
            Self::LabelType => "unknown label type",
            Self::EmptyLabel => "empty label",
            Self::Escape => "backslash needs a character or three digits up to 255 after it",
            Self::Relative => "relative name, and no origin is in force",
        })
    }
}

impl std::error::Error for NameError {}

/// A domain name, uncompressed, on the stack.
#[derive(Clone, Copy)]
pub struct Name {
    len: u8,
    bytes: [u8; MAX_NAME],
}

impl Name {
    /// The root, `.`.
    pub const ROOT: Self = Self {
        len: 1,
        bytes: [0; MAX_NAME],
    };

    /// Takes uncompressed wire format that is exactly one name.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        let (name, end) = Self::parse(wire, 0)?;
        // A pointer cannot occur: nothing precedes offset 0. What is left over is not part of a name.
        if end == wire.len() {
            Ok(name)
        } else {
            Err(NameError::Long)
        }
    }

    /// Takes bytes whose labels have been walked already: plain labels, the root label last. Checks the length only.
    pub(crate) fn from_labels(wire: &[u8]) -> Result<Self, NameError> {
        let mut name = Self {
            len: 0,
            bytes: [0; MAX_NAME],
        };
        name.push(wire)?;
        Ok(name)
    }

    /// Reads the name at `start` of a message; gives it and the position after it.
    pub fn parse(message: &[u8], start: usize) -> Result<(Self, usize), NameError> {
        let mut name = Self {
            len: 0,
            bytes: [0; MAX_NAME],
        };
        let mut pos = start;
        let mut floor = start; // a pointer must lead before this
        let mut end = None;
        let mut hops = 0;
        loop {
            let length = *message.get(pos).ok_or(NameError::Short)?;
            match length {
                0 => {
                    name.push(&[0])?;
                    return Ok((name, end.unwrap_or(pos + 1)));
                }
                1..=63 => {
                    let label = message
                        .get(pos..pos + 1 + usize::from(length))
                        .ok_or(NameError::Short)?;
                    name.push(label)?;
                    pos += label.len();
                }
                0xC0..=0xFF => {
                    let low = *message.get(pos + 1).ok_or(NameError::Short)?;
                    let target = usize::from(length & 0x3F) << 8 | usize::from(low);
                    end.get_or_insert(pos + 2);
                    hops += 1;
                    if target >= floor || target < HEADER || hops > MAX_HOPS {
                        return Err(NameError::Pointer);
                    }
                    floor = target;
                    pos = target;
                }
                _ => return Err(NameError::LabelType),
            }
        }
    }

    /// The position after the name at `pos`, without following pointers.
    pub fn skip(message: &[u8], mut pos: usize) -> Result<usize, NameError> {
        loop {
            match *message.get(pos).ok_or(NameError::Short)? {
                0 => return Ok(pos + 1),
                length @ 1..=63 => pos += 1 + usize::from(length),
                0xC0..=0xFF if pos + 1 < message.len() => return Ok(pos + 2),
                0xC0..=0xFF => return Err(NameError::Short),
                _ => return Err(NameError::LabelType),
            }
        }
    }

    /// Reads a name from text: absolute with a trailing dot, else relative to `origin`; `@` alone is the origin.
    ///
    /// `\DDD` is a byte, `\X` is X itself (RFC 1035 5.1).
    pub fn from_text(text: &[u8], origin: Option<&Self>) -> Result<Self, NameError> {
        if text == b"@" {
            return origin.copied().ok_or(NameError::Relative);
        }
        if text == b"." {
            return Ok(Self::ROOT);
        }
        let mut name = Self {
            len: 0,
            bytes: [0; MAX_NAME],
        };
        let mut label = [0u8; MAX_LABEL + 1];
        let mut used = 0usize;
        let mut at = 0;
        while at < text.len() {
            let byte = match text[at] {
                b'.' => {
                    at += 1;
                    name.push_label(&mut label, &mut used)?;
                    continue;
                }
                b'\\' => {
                    let (byte, width) = unescape(&text[at + 1..])?;
                    at += 1 + width;
                    byte
                }
                byte => {
                    at += 1;
                    byte
                }
            };
            if used == MAX_LABEL {
                return Err(NameError::Long);
            }
            used += 1;
            label[used] = byte;
        }
        if used > 0 {
            name.push_label(&mut label, &mut used)?;
            name.push(origin.ok_or(NameError::Relative)?.as_wire())?;
        } else if name.len == 0 {
            return Err(NameError::EmptyLabel);
        } else {
            name.push(&[0])?;
        }
        Ok(name)
    }

    /// This name with `label` put before it.
    pub fn child(&self, label: &[u8]) -> Result<Self, NameError> {
        if label.is_empty() || label.len() > MAX_LABEL {
            return Err(NameError::Long);
        }
        let mut name = Self {
            len: 0,
            bytes: [0; MAX_NAME],
        };
        name.push(&[label.len() as u8])?;
        name.push(label)?;
        name.push(self.as_wire())?;
        Ok(name)
    }

    /// The wire format, with the root label.
    pub fn as_wire(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Turns ASCII letters to lower case (RFC 4343), in place. Length bytes are at most 63 and so are never letters.
    pub fn make_lower(&mut self) {
        self.bytes[..usize::from(self.len)].make_ascii_lowercase();
    }

    /// The same in lower case.
    pub fn lower(mut self) -> Self {
        self.make_lower();
        self
    }

    fn push_label(&mut self, label: &mut [u8; MAX_LABEL + 1], used: &mut usize) -> Result<(), NameError> {
        if *used == 0 {
            return Err(NameError::EmptyLabel);
        }
        label[0] = *used as u8;
        let done = self.push(&label[..=*used]);
        *used = 0;
        done
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), NameError> {
        let from = usize::from(self.len);
        let room = self.bytes.get_mut(from..from + bytes.len()).ok_or(NameError::Long)?;
        room.copy_from_slice(bytes);
        self.len += bytes.len() as u8;
        Ok(())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_wire().eq_ignore_ascii_case(other.as_wire())
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(self.as_wire(), f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// The labels of a valid uncompressed name, leftmost first, the root label left out.
pub fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    suffixes(wire).map(|suffix| &suffix[1..=usize::from(suffix[0])])
}

/// A valid uncompressed name and its ancestors, as wire format, the root left out.
pub fn suffixes(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let length = usize::from(*rest.first()?);
        let here = rest;
        rest = rest.get(1 + length..)?;
        (length > 0).then_some(here)
    })
}

/// Whether `wire` is `ancestor` or below it; both uncompressed, letter case ignored.
pub fn is_at_or_below(wire: &[u8], ancestor: &[u8]) -> bool {
    ancestor == [0]
        || suffixes(wire).any(|suffix| suffix.len() == ancestor.len() && suffix.eq_ignore_ascii_case(ancestor))
}

/// Writes a valid uncompressed name as text, with a trailing dot; what is not printable or has a meaning is escaped.
pub fn write_text(wire: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    if wire == [0] {
        return out.write_char('.');
    }
    for label in labels(wire) {
        for &byte in label {
            match byte {
                b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => write!(out, "\\{}", char::from(byte))?,
                0x21..=0x7E => out.write_char(char::from(byte))?,
                _ => write!(out, "\\{byte:03}")?,
            }
        }
        out.write_char('.')?;
    }
    Ok(())
}

/// A valid uncompressed name as text.
pub fn text(wire: &[u8]) -> String {
    let mut text = String::new();
    let _ = write_text(wire, &mut text);
    text
}

/// The byte that stands after a backslash, and how many characters say it (RFC 1035 5.1).
pub(crate) fn unescape(after: &[u8]) -> Result<(u8, usize), NameError> {
    match after {
        [first, ..] if !first.is_ascii_digit() => Ok((*first, 1)),
        [a, b, c, ..] if b.is_ascii_digit() && c.is_ascii_digit() => {
            let value = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
            Ok((u8::try_from(value).map_err(|_| NameError::Escape)?, 3))
        }
        _ => Err(NameError::Escape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_wire_agree() {
        let origin = Name::from_text(b"example.", None).unwrap();
        let name = Name::from_text(b"a\\.b.\\000c", Some(&origin)).unwrap();
        assert_eq!(name.as_wire(), b"\x03a.b\x02\x00c\x07example\x00");
        assert_eq!(name.to_string(), "a\\.b.\\000c.example.");
        assert_eq!(Name::from_text(b"@", Some(&origin)).unwrap(), origin);
        assert_eq!(Name::from_text(b".", None).unwrap().as_wire(), [0]);
    }

    #[test]
    fn bad_text_is_refused() {
        for (text, error) in [
            (&b"a..b."[..], NameError::EmptyLabel),
            (b"", NameError::EmptyLabel),
            (b".a.", NameError::EmptyLabel),
            (b"a", NameError::Relative),
            (b"a\\", NameError::Escape),
            (b"a\\25", NameError::Escape),
            (b"a\\256.", NameError::Escape),
        ] {
            assert_eq!(Name::from_text(text, None).unwrap_err(), error, "{text:?}");
        }
        assert!(Name::from_text(&[b'x'; 64], Some(&Name::ROOT)).is_err());
        assert!(Name::from_text(&[b'x'; 63], Some(&Name::ROOT)).is_ok());
    }

    /// RFC 1035 2.3.4: 255 octets or less; the boundary from both sides, with and without compression.
    #[test]
    fn length_limits() {
        let label = |n: u8| [&[n][..], &vec![b'a'; usize::from(n)]].concat();
        let longest = [label(63), label(63), label(63), label(61), vec![0]].concat();
        assert_eq!(longest.len(), 255);
        assert!(Name::from_wire(&longest).is_ok());
        let longer = [label(63), label(63), label(63), label(62), vec![0]].concat();
        assert_eq!(Name::from_wire(&longer).unwrap_err(), NameError::Long);
        let with_pointer = |n| {
            [
                vec![0; 12],
                label(63),
                label(63),
                label(63),
                vec![0],
                label(n),
                vec![0xC0, 12],
            ]
            .concat()
        };
        assert!(Name::parse(&with_pointer(61), 205).is_ok());
        assert_eq!(Name::parse(&with_pointer(62), 205).unwrap_err(), NameError::Long);
    }

    /// RFC 9267 2: pointers must lead strictly backwards.
    #[test]
    fn pointer_loops() {
        let message = |tail: &[u8]| [&[0; 12], tail].concat();
        assert_eq!(Name::parse(&message(&[0xC0, 12]), 12).unwrap_err(), NameError::Pointer);
        assert_eq!(
            Name::parse(&message(&[0xC0, 14, 0xC0, 12]), 12).unwrap_err(),
            NameError::Pointer
        );
        assert_eq!(Name::parse(&message(&[0xC0, 4]), 12).unwrap_err(), NameError::Pointer);
        assert_eq!(
            Name::parse(&message(&[1, b'a', 0xC0, 12]), 12).unwrap_err(),
            NameError::Pointer
        );
        assert_eq!(Name::parse(&[0x40, 0], 0).unwrap_err(), NameError::LabelType);
        assert_eq!(Name::parse(&[0xC0], 0).unwrap_err(), NameError::Short);
        // Each pointer leads to the one before it: sixteen are followed, no more.
        let chain: Vec<u8> = std::iter::once(0)
            .chain((0..40u8).flat_map(|n| [0xC0, 12 + n.saturating_sub(1) * 2 + u8::from(n > 0)]))
            .collect();
        assert!(Name::parse(&message(&chain), 13 + 2 * 15).is_ok());
        assert_eq!(
            Name::parse(&message(&chain), 13 + 2 * 16).unwrap_err(),
            NameError::Pointer
        );
        let (name, end) = Name::parse(&message(&[1, b'a', 0, 1, b'b', 0xC0, 12, 9]), 15).unwrap();
        assert_eq!((name.as_wire(), end), (&b"\x01b\x01a\x00"[..], 19));
    }

    #[test]
    fn ancestry() {
        let name = |text: &str| Name::from_text(text.as_bytes(), None).unwrap();
        assert!(is_at_or_below(
            name("a.B.example.").as_wire(),
            name("b.Example.").as_wire()
        ));
        assert!(is_at_or_below(name("example.").as_wire(), &[0]));
        assert!(!is_at_or_below(
            name("ab.example.").as_wire(),
            name("b.example.").as_wire()
        ));
        assert!(!is_at_or_below(
            name("example.").as_wire(),
            name("a.example.").as_wire()
        ));
    }
}
