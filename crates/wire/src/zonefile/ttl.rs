//! TTLs and other times (RFC 1035 3.2.1, RFC 2181 8), also in BIND's units: `3H`, `1W2D`.

/// The longest TTL (RFC 2181 8).
pub(crate) const MAX_TTL: u32 = 0x7FFF_FFFF;

/// Why text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// It is something else.
    Syntax,
    /// It does not fit.
    Range,
}

/// A TTL: at most 2^31 - 1.
pub(crate) fn ttl(text: &[u8]) -> Result<u32, TimeError> {
    let value = seconds(text)?;
    if value > MAX_TTL {
        Err(TimeError::Range)
    } else {
        Ok(value)
    }
}

/// A time in seconds: a decimal number, or numbers each with a unit out of W, D, H, M and S.
pub(crate) fn seconds(text: &[u8]) -> Result<u32, TimeError> {
    let mut total = 0u64;
    let mut number = None;
    let mut units = false;
    for &byte in text {
        if byte.is_ascii_digit() {
            let next = number.unwrap_or(0u64) * 10 + u64::from(byte - b'0');
            number = Some(next.min(u64::from(u32::MAX) + 1)); // no larger, so that nothing here can overflow
            continue;
        }
        let unit = unit(byte).ok_or(TimeError::Syntax)?;
        total = (total + number.take().ok_or(TimeError::Syntax)? * unit).min(u64::from(u32::MAX) + 1);
        units = true;
    }
    match number {
        Some(number) if !units => total = number,
        None if units => {}
        _ => return Err(TimeError::Syntax), // nothing at all, or `1H30`
    }
    u32::try_from(total).map_err(|_| TimeError::Range)
}

fn unit(byte: u8) -> Option<u64> {
    Some(match byte.to_ascii_uppercase() {
        b'W' => 604_800,
        b'D' => 86_400,
        b'H' => 3_600,
        b'M' => 60,
        b'S' => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("86400", Ok(86_400)),
            ("3H", Ok(10_800)),
            ("1w2d", Ok(777_600)),
            ("1W2D3h4M5s", Ok(788_645)),
            ("2147483647", Ok(MAX_TTL)),
            ("2147483648", Err(TimeError::Range)),
            ("4294967296", Err(TimeError::Range)),
            ("99999999999999999999999999999999", Err(TimeError::Range)),
            ("9999999999999W9999999999W", Err(TimeError::Range)),
            ("1H30", Err(TimeError::Syntax)),
            ("H", Err(TimeError::Syntax)),
            ("1HH", Err(TimeError::Syntax)),
            ("", Err(TimeError::Syntax)),
            ("-1", Err(TimeError::Syntax)),
            ("1.5", Err(TimeError::Syntax)),
        ] {
            assert_eq!(ttl(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(seconds(b"4294967295"), Ok(u32::MAX));
    }
}
