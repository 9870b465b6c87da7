//! Who holds TCP connections: bounded for one client and for all. When all places are taken, somebody new gets one from the
//! client that holds most, so a crowd of idle connections from few addresses keeps nobody out.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::settings::mask;

/// Bits of an IPv6 address that one site has; an IPv4 address counts as it is.
const IPV6_SITE: u8 = 56;

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    places: Rc<Places>,
    seat: Rc<Seat>,
}

struct Seat {
    site: IpAddr,
    /// When it last asked something.
    active: Cell<Instant>,
    taken_away: Notify,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// In all.
    pub(super) all: usize,
    /// Of one client.
    pub(super) each: usize,
}

/// All connections.
#[derive(Default)]
pub(super) struct Places {
    table: RefCell<Table>,
    /// Told whenever a place is given back.
    left: Notify,
}

#[derive(Default)]
struct Table {
    sites: HashMap<IpAddr, Site>,
    /// By how many each site has, and how long ago it came: the last one holds most, and came first among its equals.
    order: BTreeSet<(usize, Reverse<u64>, IpAddr)>,
    count: usize,
    arrivals: u64,
}

struct Site {
    arrival: u64,
    seats: Vec<Rc<Seat>>,
}

impl Places {
    /// A place for a client, or None.
    pub(super) fn take(self: &Rc<Self>, client: IpAddr, most: Most, now: Instant) -> Option<Place> {
        let site = site(client);
        let mut table = self.table.borrow_mut();
        let held = table.sites.get(&site).map_or(0, |site| site.seats.len());
        if held >= most.each || most.all == 0 {
            return None;
        }
        while table.count >= most.all {
            table.take_away_from_one_with_more_than(held)?;
        }
        let seat = Rc::new(Seat {
            site,
            active: Cell::new(now),
            taken_away: Notify::new(),
        });
        table.change(site, |seats| seats.push(seat.clone()));
        drop(table);
        let places = self.clone();
        Some(Place { places, seat })
    }

    /// How many are taken.
    pub(super) fn count(&self) -> usize {
        self.table.borrow().count
    }

    /// Waits until none is taken.
    pub(super) async fn all_left(&self) {
        while self.count() > 0 {
            self.left.notified().await;
        }
    }
}

impl Place {
    /// Notes that its client has asked something.
    pub(super) fn is_active(&self, now: Instant) {
        self.seat.active.set(now);
    }

    /// Waits until the place is wanted for somebody else; it is no longer counted then.
    pub(super) async fn taken_away(&self) {
        self.seat.taken_away.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.table.borrow_mut().remove(&self.seat);
        self.places.left.notify_one();
    }
}

impl Table {
    fn take_away_from_one_with_more_than(&mut self, held: usize) -> Option<()> {
        let &(_, _, site) = self.order.last().filter(|(count, _, _)| *count > held)?;
        let seats = &self.sites.get(&site)?.seats;
        let seat = seats.iter().min_by_key(|seat| seat.active.get())?.clone();
        self.remove(&seat);
        seat.taken_away.notify_one();
        Some(())
    }

    fn remove(&mut self, seat: &Rc<Seat>) {
        self.change(seat.site, |seats| seats.retain(|other| !Rc::ptr_eq(other, seat)));
    }

    /// Changes what a site has, and keeps count.
    fn change(&mut self, address: IpAddr, change: impl FnOnce(&mut Vec<Rc<Seat>>)) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let site = self.sites.entry(address).or_insert(Site {
            arrival,
            seats: Vec::new(),
        });
        let before = site.seats.len();
        change(&mut site.seats);
        let (after, arrival) = (site.seats.len(), Reverse(site.arrival));
        self.order.remove(&(before, arrival, address));
        if after == 0 {
            self.sites.remove(&address);
        } else {
            self.order.insert((after, arrival, address));
        }
        self.count = self.count + after - before;
    }
}

fn site(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & mask(128, IPV6_SITE)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const MOST: Most = Most { all: 6, each: 4 };

    fn take(places: &Rc<Places>, client: &str) -> Option<Place> {
        places.take(client.parse().unwrap(), MOST, Instant::now())
    }

    fn lives(place: &Place) -> bool {
        let sites = &place.places.table.borrow().sites;
        let of_site = sites.get(&place.seat.site);
        of_site.is_some_and(|site| site.seats.iter().any(|seat| Rc::ptr_eq(seat, &place.seat)))
    }

    #[test]
    fn each_client_has_so_many() {
        let places = Rc::default();
        let mut held: Vec<_> = (0..4).map(|_| take(&places, "192.0.2.1").unwrap()).collect();
        assert!(take(&places, "192.0.2.1").is_none());
        assert!(take(&places, "::ffff:192.0.2.1").is_none(), "the same client");
        held.pop();
        assert!(take(&places, "192.0.2.1").is_some());
        assert_eq!(places.count(), 3);
        let _six = take(&places, "2001:db8::1").unwrap();
        assert_eq!(
            site("2001:db8::ff:0:0:1".parse().unwrap()),
            site("2001:db8::1".parse().unwrap())
        );
        assert_ne!(
            site("2001:db8:0:100::1".parse().unwrap()),
            site("2001:db8::1".parse().unwrap())
        );
    }

    #[test]
    fn somebody_new_gets_a_place_from_who_has_most() {
        let places = Rc::default();
        let crowd: Vec<_> = (0..4).map(|_| take(&places, "192.0.2.1").unwrap()).collect();
        let pair: Vec<_> = (0..2).map(|_| take(&places, "192.0.2.2").unwrap()).collect();
        crowd[0].is_active(Instant::now());
        let new = take(&places, "192.0.2.3").unwrap();
        assert_eq!(places.count(), 6);
        assert_eq!(crowd.iter().map(lives).collect::<Vec<_>>(), [true, false, true, true]);
        assert!(pair.iter().all(lives) && lives(&new));
        let _again = take(&places, "192.0.2.3").unwrap();
        assert_eq!(crowd.iter().filter(|place| lives(place)).count(), 2);
        // Now all have two: whoever has as many as anybody gets no more.
        assert!(take(&places, "192.0.2.3").is_none());
        assert!(take(&places, "192.0.2.2").is_none());
        drop(crowd);
        assert_eq!(places.count(), 4, "what was taken away is not given back twice");
    }

    #[test]
    fn among_equals_who_came_first_leaves_first() {
        let places = Rc::default();
        let held: Vec<_> = (1..=6)
            .map(|n| take(&places, &format!("192.0.2.{n}")).unwrap())
            .collect();
        let _new: Vec<_> = (7..=8)
            .map(|n| take(&places, &format!("192.0.2.{n}")).unwrap())
            .collect();
        assert_eq!(
            held.iter().map(lives).collect::<Vec<_>>(),
            [false, false, true, true, true, true]
        );
    }
}
