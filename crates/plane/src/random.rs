//! Numbers that nobody can guess: the operating system's, drawn in blocks. There is no other source; without it, nothing is
//! asked.

use std::io;

/// A block of the operating system's randomness.
pub struct Random {
    block: [u8; 512],
    used: usize,
}

impl Random {
    /// Nothing drawn yet.
    pub fn new() -> Self {
        Self {
            block: [0; 512],
            used: 512,
        }
    }

    /// Sixteen bits.
    pub fn u16(&mut self) -> io::Result<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    /// Sixty-four bits.
    pub fn u64(&mut self) -> io::Result<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        if self.used + N > self.block.len() {
            getrandom::fill(&mut self.block).map_err(io::Error::other)?;
            self.used = 0;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.block[self.used..self.used + N]);
        self.block[self.used..self.used + N].fill(0);
        self.used += N;
        Ok(bytes)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
