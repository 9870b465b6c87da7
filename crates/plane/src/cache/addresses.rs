//! The addresses of a finished message, put into another order in place: all are of one length and nothing points into them.

use resolute_wire::compose::{Order, shuffle};
use resolute_wire::rtype;

/// Addresses that are put into another order: the first of more.
const MOST: usize = 64;

/// Changes the order of the first RRset of addresses in the answer section, whose TTLs stand at `ttls`.
pub(super) fn turn(message: &mut [u8], ttls: impl Iterator<Item = usize>, order: Order) {
    let mut places = [0; MOST];
    let (mut count, mut kind) = (0, (0, 0));
    for ttl_at in ttls {
        match address(message, ttl_at) {
            Some(other) if count == 0 || other == kind => kind = other,
            Some(_) => break,
            None if count > 0 => break,
            None => continue,
        }
        let Some(place) = places.get_mut(count) else { break };
        *place = ttl_at + 6;
        count += 1;
    }
    let mut swap = |a: usize, b: usize| swap(message, places[a], places[b], kind.1);
    match order {
        _ if count < 2 => {}
        Order::Fixed => {}
        Order::Rotated(by) => rotate(usize::from(by) % count, count, &mut swap),
        Order::Shuffled(seed) => shuffle(seed, count, swap),
    }
}

/// Type and length of a record that is an address.
fn address(message: &[u8], ttl_at: usize) -> Option<(u16, usize)> {
    let word = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    match (word(ttl_at.checked_sub(4)?)?, word(ttl_at + 4)?) {
        (rtype::A, 4) => Some((rtype::A, 4)),
        (rtype::AAAA, 16) => Some((rtype::AAAA, 16)),
        _ => None,
    }
}

/// Rotates to the left by turning round both parts, and then the whole.
fn rotate(by: usize, count: usize, swap: &mut impl FnMut(usize, usize)) {
    for (start, end) in [(0, by), (by, count), (0, count)] {
        for step in 0..(end - start) / 2 {
            swap(start + step, end - 1 - step);
        }
    }
}

fn swap(message: &mut [u8], a: usize, b: usize, length: usize) {
    let (first, second) = (a.min(b), a.max(b));
    if first + length <= second
        && let Some((front, back)) = message.split_at_mut_checked(second)
        && let (Some(one), Some(other)) = (front.get_mut(first..first + length), back.get_mut(..length))
    {
        one.swap_with_slice(other);
    }
}
