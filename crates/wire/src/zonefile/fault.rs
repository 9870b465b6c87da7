//! What is wrong with an entry, before the file is known.

use super::tokens::Token;
use super::{Place, Problem, Severity};

/// A mistake at a line and column of the file being read.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Fault {
    pub(crate) fn new(code: &'static str, token: &Token<'_>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            line: token.line,
            column: token.column,
        }
    }

    /// "expected an IPv4 address, found `1.2.3`"
    pub(crate) fn expected(code: &'static str, what: &str, token: &Token<'_>) -> Self {
        Self::new(code, token, format!("expected {what}, found {}", token.shown()))
    }

    pub(crate) fn into_problem(self, file: u32) -> Problem {
        let place = Place {
            file,
            line: self.line,
            column: self.column,
        };
        Problem {
            place,
            severity: Severity::Error,
            code: self.code,
            message: self.message,
        }
    }
}

/// Bytes of a file as printable ASCII for a message: nothing in it can break a line of a log or move a terminal's cursor.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 48;
    let mut out = String::new();
    for &byte in bytes.iter().take(MOST) {
        match byte {
            0x20..=0x7E => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03}")),
        }
    }
    if bytes.len() > MOST {
        out.push_str("...");
    }
    out
}
