//! Times of signatures.

use super::BAD;
use super::fields::{Fields, Parsed, decimal};
use crate::zonefile::fault::Fault;

/// RFC 4034 3.2: YYYYMMDDHHmmSS in UTC (14 digits), or seconds since 1970 (at most 10). Kept modulo 2^32.
pub(super) fn signature_time(fields: &mut Fields<'_>, what: &str, out: &mut Vec<u8>) -> Parsed {
    let token = fields.data_word(what)?;
    let seconds = if token.text.len() == 14 {
        calendar(token.text)
    } else {
        decimal(token.text)
    };
    let Some(seconds) = seconds else {
        let what = format!("{what} as YYYYMMDDHHmmSS or in seconds since 1970");
        return Err(Fault::expected(BAD, &what, token));
    };
    out.extend(seconds.to_be_bytes());
    Ok(())
}

fn calendar(text: &[u8]) -> Option<u32> {
    let part = |from: usize, to: usize| text.get(from..to).and_then(decimal);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let valid = year >= 1970 && day >= 1 && day <= days_in(year, month)? && hour < 24 && minute < 60 && second < 61;
    if !valid {
        return None;
    }
    let clock = u64::from(hour) * 3_600 + u64::from(minute) * 60 + u64::from(second);
    Some((days_since_1970(year, month, day) * 86_400 + clock) as u32) // modulo 2^32, as the RFC has it
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap(year)),
        _ => return None,
    })
}

fn days_since_1970(year: u32, month: u32, day: u32) -> u64 {
    let before = year - 1;
    let leaps = |year: u32| year / 4 - year / 100 + year / 400;
    let years = u64::from(year - 1970) * 365 + u64::from(leaps(before) - leaps(1969));
    let months: u32 = (1..month).filter_map(|month| days_in(year, month)).sum();
    years + u64::from(months + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations from `date -u +%s`.
    #[test]
    fn times() {
        assert_eq!(calendar(b"19700101000000"), Some(0));
        assert_eq!(calendar(b"20040509183619"), Some(1_084_127_779));
        assert_eq!(calendar(b"20240229235959"), Some(1_709_251_199));
        assert_eq!(calendar(b"21060207062815"), Some(u32::MAX));
        assert_eq!(calendar(b"21060207062816"), Some(0));
        for bad in [
            "20230229000000",
            "20231301000000",
            "20230100000000",
            "20230101240000",
            "2023010100000a",
        ] {
            assert_eq!(calendar(bad.as_bytes()), None, "{bad}");
        }
    }
}
