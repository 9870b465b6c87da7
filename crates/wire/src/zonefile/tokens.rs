//! Text → entries of tokens (RFC 1035 5.1).
//!
//! An entry ends at the end of a line outside parentheses. White space separates tokens; `;` begins a comment; `"` begins
//! a string, which ends on its line; a backslash takes the meaning of the character after it. Tokens are slices of the
//! text: quotes are taken off, escapes stay.

use super::fault::{Fault, shown};
use memchr::{memchr, memchr3};

/// More tokens than any entry needs: 65,535 bytes of data as single hexadecimal digits, and some.
const MOST_TOKENS: usize = 140_000;

/// A word, or a string that was written in quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) text: &'t [u8],
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) quoted: bool,
    /// Nothing stands between this token and the one before it, as in `alpn="h2"`.
    pub(crate) glued: bool,
}

impl Token<'_> {
    /// For messages.
    pub(crate) fn shown(&self) -> String {
        if self.quoted {
            format!("the string \"{}\"", shown(self.text))
        } else {
            format!("`{}`", shown(self.text))
        }
    }
}

/// What is known of an entry beside its tokens.
#[derive(Debug)]
pub(crate) struct Entry {
    /// It begins with white space: its owner is that of the record before (RFC 1035 5.1).
    pub(crate) blank: bool,
    pub(crate) end: End,
    /// Its first mistake of syntax.
    pub(crate) fault: Option<Fault>,
}

/// Where an entry ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    pos: usize,
    line: u32,
    line_start: usize,
}

impl Cursor {
    /// The beginning of a text, after the byte order mark that some editors leave there.
    pub(crate) fn start(text: &[u8]) -> Self {
        let pos = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Self {
            pos,
            line: 1,
            line_start: pos,
        }
    }
}

/// Splits a text into entries.
pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: Cursor,
    depth: u32,
    glued: bool,
    fault: Option<Fault>,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8], at: Cursor) -> Self {
        Self {
            text,
            at,
            depth: 0,
            glued: false,
            fault: None,
        }
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.at
    }

    /// Reads the next entry into `tokens`; None at the end of the text. An entry may be empty.
    pub(crate) fn entry(&mut self, tokens: &mut Vec<Token<'t>>) -> Option<Entry> {
        tokens.clear();
        self.glued = false;
        let blank = matches!(self.text.get(self.at.pos)?, b' ' | b'\t');
        let mut open = self.at; // of the outermost parenthesis
        let end = loop {
            let Some(&byte) = self.text.get(self.at.pos) else {
                break self.place();
            };
            match byte {
                b' ' | b'\t' => self.skip(),
                b'\n' => {
                    let end = self.place();
                    self.newline();
                    if self.depth == 0 {
                        break end;
                    }
                }
                b'(' => {
                    if self.depth == 0 {
                        open = self.at;
                    }
                    self.depth = self.depth.saturating_add(1);
                    self.skip();
                }
                b')' => self.close(),
                b';' => self.comment(),
                b'"' => self.string(tokens),
                b'\r' => self.carriage_return(),
                _ => self.word(tokens),
            }
        };
        if self.depth > 0 {
            self.depth = 0;
            self.at_fault(open, "this parenthesis is not closed before the end of the file");
        }
        Some(Entry {
            blank,
            end,
            fault: self.fault.take(),
        })
    }

    fn place(&self) -> End {
        End {
            line: self.at.line,
            column: column(self.at),
        }
    }

    fn skip(&mut self) {
        self.at.pos += 1;
        self.glued = false;
    }

    fn newline(&mut self) {
        self.skip();
        self.at.line = self.at.line.saturating_add(1);
        self.at.line_start = self.at.pos;
    }

    fn close(&mut self) {
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => self.at_fault(self.at, "this closing parenthesis has no opening one"),
        }
        self.skip();
    }

    fn comment(&mut self) {
        let rest = self.text.get(self.at.pos..).unwrap_or_default();
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        if let Some(nul) = memchr(0, rest.get(..length).unwrap_or_default()) {
            self.at_fault(
                Cursor {
                    pos: self.at.pos + nul,
                    ..self.at
                },
                "a NUL byte: this is not a text file",
            );
        }
        self.at.pos += length;
        self.glued = false;
    }

    /// Lines end with LF or CR LF.
    fn carriage_return(&mut self) {
        if !matches!(self.text.get(self.at.pos + 1), None | Some(b'\n')) {
            self.at_fault(self.at, "a carriage return within a line");
        }
        self.skip();
    }

    fn word(&mut self, tokens: &mut Vec<Token<'t>>) {
        let start = self.at;
        let mut pos = start.pos;
        while let Some(&byte) = self.text.get(pos) {
            match CLASS[usize::from(byte)] {
                Class::Plain => pos += 1,
                Class::Delimiter => break,
                Class::Escape => match self.text.get(pos + 1) {
                    None | Some(b'\n' | b'\r') => {
                        self.at_fault(Cursor { pos, ..start }, "a backslash with nothing after it");
                        pos += 1;
                    }
                    Some(0) => pos += 1,
                    Some(_) => pos += 2,
                },
                Class::Nul => {
                    self.at_fault(Cursor { pos, ..start }, "a NUL byte: this is not a text file");
                    pos += 1;
                }
            }
        }
        self.at.pos = pos;
        self.push(tokens, start, start.pos..pos, false);
    }

    /// A string ends on the line on which it begins, as in BIND; so a forgotten quote does not swallow the file.
    fn string(&mut self, tokens: &mut Vec<Token<'t>>) {
        let start = self.at;
        let mut pos = start.pos + 1;
        loop {
            let rest = self.text.get(pos..).unwrap_or_default();
            let length = memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
            if memchr(0, rest.get(..length).unwrap_or_default()).is_some() {
                self.at_fault(start, "a NUL byte in this string: this is not a text file");
            }
            pos += length;
            match (self.text.get(pos), self.text.get(pos + 1)) {
                (Some(b'"'), _) => break,
                (Some(b'\\'), Some(next)) if *next != b'\n' => pos += 2,
                _ => {
                    self.at_fault(start, "this string is not closed before the end of the line");
                    self.at.pos = pos + usize::from(self.text.get(pos) == Some(&b'\\'));
                    return;
                }
            }
        }
        self.at.pos = pos + 1;
        self.push(tokens, start, start.pos + 1..pos, true);
    }

    fn push(&mut self, tokens: &mut Vec<Token<'t>>, start: Cursor, range: std::ops::Range<usize>, quoted: bool) {
        if tokens.len() == MOST_TOKENS {
            self.at_fault(start, "more tokens than a record can have");
            return;
        }
        let text = self.text.get(range).unwrap_or_default();
        tokens.push(Token {
            text,
            line: start.line,
            column: column(start),
            quoted,
            glued: self.glued,
        });
        self.glued = true;
    }

    #[cold]
    fn at_fault(&mut self, at: Cursor, message: &str) {
        let (line, column) = (at.line, column(at));
        self.fault.get_or_insert_with(|| Fault {
            code: "syntax",
            message: message.to_owned(),
            line,
            column,
        });
    }
}

fn column(at: Cursor) -> u32 {
    u32::try_from(at.pos - at.line_start + 1).unwrap_or(u32::MAX)
}

/// What a byte means within a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Delimiter,
    Escape,
    Nul,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    let delimiters = b" \t\r\n();\"";
    let mut at = 0;
    while at < delimiters.len() {
        table[delimiters[at] as usize] = Class::Delimiter;
        at += 1;
    }
    table[b'\\' as usize] = Class::Escape;
    table[0] = Class::Nul;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(Vec<String>, Option<String>)> {
        let mut lexer = Lexer::new(text.as_bytes(), Cursor::start(text.as_bytes()));
        let mut tokens = Vec::new();
        let mut all = Vec::new();
        while let Some(entry) = lexer.entry(&mut tokens) {
            let words = tokens
                .iter()
                .map(|t| String::from_utf8_lossy(t.text).into_owned())
                .collect();
            all.push((
                words,
                entry.fault.map(|f| format!("{}:{} {}", f.line, f.column, f.message)),
            ));
        }
        all
    }

    #[test]
    fn parentheses_comments_strings() {
        let found = entries("a ( b ; c (\n \"d ; (e\" f\\;g )h\r\ni");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, ["a", "b", "d ; (e", "f\\;g", "h"]);
        assert_eq!(found[1].0, ["i"]);
    }

    #[test]
    fn mistakes_have_a_place_and_do_not_spread() {
        let found = entries("a \"b\nc\n d )\ne\n( f\n");
        let faults: Vec<_> = found.iter().map(|e| e.1.clone().unwrap_or_default()).collect();
        assert_eq!(faults[0], "1:3 this string is not closed before the end of the line");
        assert_eq!(faults[1], "");
        assert_eq!(faults[2], "3:4 this closing parenthesis has no opening one");
        assert_eq!(
            faults[4],
            "5:1 this parenthesis is not closed before the end of the file"
        );
    }

    #[test]
    fn strange_bytes() {
        assert!(entries("a\0b\n")[0].1.as_ref().unwrap().contains("NUL"));
        assert!(entries("; a\0b\n")[0].1.as_ref().unwrap().contains("NUL"));
        assert!(entries("\"a\0b\"\n")[0].1.as_ref().unwrap().contains("NUL"));
        assert!(entries("a\\\n")[0].1.is_some());
        assert!(entries("a\\")[0].1.is_some());
        assert!(entries("\"a\\\n")[0].1.is_some());
        assert!(entries("a\rb\n")[0].1.is_some());
        assert_eq!(entries("\u{FEFF}a\n")[0].0, ["a"]);
    }
}
