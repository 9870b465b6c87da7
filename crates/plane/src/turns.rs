//! In which order the records of an RRset are sent: as they stand in the zone, each in turn first, or at random. RFC 1034 3.6:
//! the order of records has no meaning; some clients take the first address all the same, and so their load is spread.

use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use parking_lot::Mutex;
use resolute_wire::compose::Order;

use crate::random::Random;
use crate::settings::RrsetOrder;

/// Questions that take turns of their own; others share. So that A and AAAA, asked one after the other, both go round.
const WHEELS: usize = 256;

/// The turns that one thread gives.
pub struct Turns {
    wheels: [AtomicU16; WHEELS],
    random: Mutex<Random>,
}

impl Turns {
    /// All at their beginning.
    pub fn new() -> Self {
        Self {
            wheels: std::array::from_fn(|_| AtomicU16::new(0)),
            random: Mutex::default(),
        }
    }

    /// The order for the next answer to a question, given by a hash of it.
    #[inline]
    pub fn next(&self, wanted: RrsetOrder, question: u64) -> Order {
        match wanted {
            RrsetOrder::Fixed => Order::Fixed,
            RrsetOrder::Cyclic => {
                let wheel = &self.wheels[question as usize % WHEELS];
                let turn = wheel.load(Relaxed);
                wheel.store(turn.wrapping_add(1), Relaxed);
                Order::Rotated(turn)
            }
            RrsetOrder::Random => {
                let seed = self.random.lock().u64();
                seed.map_or(Order::Fixed, Order::Shuffled)
            }
        }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new()
    }
}
