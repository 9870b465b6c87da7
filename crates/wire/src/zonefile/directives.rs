//! `$ORIGIN`, `$INCLUDE` (RFC 1035 5.1), `$TTL` (RFC 2308 4); `$GENERATE` has a file of its own.

use super::fault::{Fault, shown};
use super::header::written_ttl;
use super::rdata::Fields;
use super::scanner::{Scanner, Source};
use std::borrow::Cow;

impl Scanner<'_> {
    /// Does what a directive says; gives the file that is to be read next, if it includes one.
    pub(crate) fn directive(&mut self, fields: &mut Fields<'_>) -> Result<Option<Source<'static>>, Fault> {
        let word = *fields.any("syntax", "a directive")?;
        let is = |name: &[u8]| word.text.eq_ignore_ascii_case(name);
        if is(b"$ORIGIN") {
            let origin = fields.name("a domain name", &self.origin)?;
            fields.end()?;
            self.origin = origin;
        } else if is(b"$TTL") {
            let ttl = written_ttl(fields.word("bad-ttl", "a TTL")?)?;
            fields.end()?;
            self.default_ttl = Some(ttl);
        } else if is(b"$INCLUDE") {
            return self.include(fields).map(Some);
        } else if is(b"$GENERATE") {
            self.generate(&word, fields)?;
        } else {
            return Err(Fault::expected(
                "unknown-directive",
                "$ORIGIN, $TTL, $INCLUDE or $GENERATE",
                &word,
            ));
        }
        Ok(None)
    }

    /// Origin and owner of this file hold again after the included one, whatever that one says.
    fn include(&mut self, fields: &mut Fields<'_>) -> Result<Source<'static>, Fault> {
        let token = fields.any("syntax", "the name of a file")?;
        let before = (self.origin, self.owner);
        let origin = if fields.is_empty() {
            self.origin
        } else {
            fields.name("a domain name", &self.origin)?
        };
        fields.end()?;
        let path = path(token.text).ok_or_else(|| Fault::expected("syntax", "the name of a file", token))?;
        let refused =
            |code, why: &str| Fault::new(code, token, format!("`{}` is not included: {why}", shown(token.text)));
        if self.open.iter().any(|open| same_path(open, &path)) {
            return Err(refused("include-loop", "it includes itself"));
        }
        if self.open.len() >= self.limits.include_depth as usize {
            let why = format!(
                "$INCLUDE within $INCLUDE goes {} deep at most",
                self.limits.include_depth
            );
            return Err(refused("include-depth", &why));
        }
        let text = self
            .includes
            .open(&path)
            .map_err(|why| refused("include-refused", &why))?;
        // Files of a few bytes count too: to open one is work.
        self.bytes = self.bytes.saturating_add(text.len() as u64 + 4_096);
        if self.bytes > self.limits.bytes {
            return Err(refused(
                "include-refused",
                "the files of this zone are too large together",
            ));
        }
        let file = self.files;
        self.files = self.files.saturating_add(1);
        self.open.push(path);
        self.origin = origin;
        Ok(Source::new(Cow::Owned(text), file, Some(before)))
    }
}

/// The name of a file, escapes undone.
fn path(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    crate::zonefile::rdata::unescape(text, &mut bytes).ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|path| !path.is_empty() && !path.contains('\0'))
}

/// Whether two paths are the same but for `.` and doubled slashes.
fn same_path(one: &str, two: &str) -> bool {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .map(str::to_owned)
            .collect()
    };
    one.starts_with('/') == two.starts_with('/') && parts(one) == parts(two)
}
