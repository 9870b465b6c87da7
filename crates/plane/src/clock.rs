//! One clock: the monotonic one, so that no step of the wall clock lets answers expire or live on. The wall clock is for what
//! other machines read too.

use rustix::time::{ClockId, clock_gettime};

/// Seconds since some moment before this process began; never 0.
#[inline]
pub fn seconds() -> u32 {
    seconds_of(micros())
}

/// The [`seconds`] of a time by [`micros`].
#[inline]
pub fn seconds_of(micros: u64) -> u32 {
    (micros / 1_000_000) as u32 + 1
}

/// Milliseconds since the same moment.
#[inline]
pub fn millis() -> u64 {
    micros() / 1_000
}

/// Microseconds since the same moment, in the steps of the kernel's tick.
#[inline]
pub fn micros() -> u64 {
    let now = clock_gettime(ClockId::MonotonicCoarse);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

/// Seconds since 1970, modulo 2^32: the wall clock, for cookies.
#[inline]
pub fn unix_seconds() -> u32 {
    clock_gettime(ClockId::RealtimeCoarse).tv_sec as u32
}
