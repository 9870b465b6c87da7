//! The data plane as a whole: starts and stops the threads, listens, publishes. Python's calls end up here.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::cache::Cache;
use crate::clock;
use crate::engine::{Desk, Engine};
use crate::exchange::Order;
use crate::listen::Door;
use crate::listen::bind::{Bound, Sharing, bind, overlap};
use crate::listen::tcp::{Acceptor, Letter, TcpService};
use crate::listen::udp::UdpListener;
use crate::settings::Settings;
use crate::snapshot::{Data, Snapshot};
use crate::stats::Counter;
use crate::suffixes::Apex;
use crate::worker::{self, Inbox};
use crate::zones::image::{Image, Overlay};

/// How often the timer looks at deadlines while something is in flight.
const TICK: Duration = Duration::from_millis(20);

/// Sockets, workers and all that they share.
pub struct Plane {
    /// What the threads share.
    pub engine: Arc<Engine>,
    /// Where calls from Python answer those who wait.
    pub desk: Mutex<Desk>,
    workers: Vec<Inbox>,
    threads: Mutex<Option<Threads>>,
    listening: Mutex<Vec<Listening>>,
    numbers: AtomicU64,
    /// Publishing reads, changes and swaps: one at a time.
    publishing: Mutex<()>,
}

struct Threads {
    workers: Vec<JoinHandle<()>>,
    timer: JoinHandle<()>,
    tcp: TcpService,
}

/// An address that is served: as it was asked for and as it is.
struct Listening {
    asked: Door,
    bound: SocketAddr,
    udp: Vec<Arc<UdpListener>>,
    /// The number that the TCP service knows it by.
    number: u64,
}

impl Listening {
    /// Whether this is the address, as it was asked for (perhaps with port 0) or as it is.
    fn is(&self, door: Door) -> bool {
        let same_address = self.asked.address == door.address || self.bound == door.address;
        same_address && self.asked.visitors == door.visitors
    }
}

impl Plane {
    /// Starts so many workers (0: one for each core that this process may run on). Nothing listens yet.
    pub fn start(settings: Settings, workers: usize) -> io::Result<Self> {
        let engine = Arc::new(Engine::new(settings)?);
        let count = if workers > 0 {
            workers
        } else {
            std::thread::available_parallelism().map_or(1, usize::from)
        };
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for number in 0..count {
            let (inbox, thread) = worker::start(&engine, number)?;
            engine.add_inbox(inbox.clone());
            inboxes.push(inbox);
            threads.push(thread);
        }
        let timer = start_timer(&engine)?;
        let tcp = TcpService::start(&engine)?;
        Ok(Self {
            desk: Mutex::new(Desk::new(&engine)),
            engine,
            workers: inboxes,
            threads: Mutex::new(Some(Threads {
                workers: threads,
                timer,
                tcp,
            })),
            listening: Mutex::default(),
            numbers: AtomicU64::new(0),
            publishing: Mutex::default(),
        })
    }

    /// Makes exactly these addresses listen: the new ones first, all or nothing, then those that are gone are closed.
    pub fn listen(&self, addresses: &[SocketAddr]) -> Result<Vec<SocketAddr>, (SocketAddr, io::Error)> {
        self.open(&addresses.iter().copied().map(Door::plain).collect::<Vec<_>>())
    }

    /// The same, with those that are for proxies.
    pub fn open(&self, doors: &[Door]) -> Result<Vec<SocketAddr>, (SocketAddr, io::Error)> {
        let threads = self.threads.lock();
        let Some(threads) = threads.as_ref() else {
            return Ok(Vec::new());
        };
        let mut listening = self.listening.lock();
        let mut fresh: Vec<(Door, Bound)> = Vec::new();
        for &door in doors {
            let address = door.address;
            let known = listening.iter().any(|known| known.is(door))
                || fresh.iter().any(|(asked, _)| *asked == door && address.port() != 0);
            if !known {
                let ours = listening.iter().any(|known| overlap(known.bound, address));
                let sharing = if ours { Sharing::OurOwn } else { Sharing::Nobody };
                let bound = bind(address, self.workers.len(), sharing).map_err(|error| (address, error))?;
                fresh.push((door, bound));
            }
        }
        let fresh = self.serve_all(fresh, threads)?;
        let (kept, gone): (Vec<_>, Vec<_>) = listening
            .drain(..)
            .partition(|known| doors.iter().any(|&door| known.is(door)));
        *listening = kept;
        listening.extend(fresh);
        gone.into_iter().for_each(|old| self.stop_serving(old, threads));
        let bound = |door: &Door| listening.iter().find(|known| known.is(*door)).map(|known| known.bound);
        Ok(doors.iter().filter_map(bound).collect())
    }

    /// Switches settings; the cache and what is in flight stay.
    pub fn configure(&self, settings: Settings) {
        let _one = self.publishing.lock();
        let cache = self.engine.cache.load_full();
        if cache.limit() != settings.cache_bytes {
            let (new, now) = (Cache::new(settings.cache_bytes), clock::seconds());
            cache.entries(now).into_iter().for_each(|entry| new.insert(entry, now));
            self.engine.cache.store(Arc::new(new));
        }
        let snapshot = self.engine.snapshot.load().with_settings(settings);
        self.engine.publish(snapshot);
    }

    /// Adds, replaces and takes away zones in one switch. False when there is no such view.
    pub fn publish(&self, put: Vec<Arc<Image>>, drop: &[(u64, Vec<u8>)], view: Option<&str>) -> bool {
        self.change(view, |data| {
            for (hash, origin) in drop {
                data.zones.remove(*hash, origin);
            }
            data.zones.put(put);
        })
    }

    /// Replaces the overlays. False when there is no such view.
    pub fn set_overlays(&self, overlays: Vec<Arc<Overlay>>, view: Option<&str>) -> bool {
        self.change(view, |data| data.overlays = overlays)
    }

    /// The zones served, each with its view.
    pub fn zones(&self) -> Vec<(Option<String>, Arc<Image>)> {
        let snapshot = self.engine.snapshot.load();
        let named = snapshot.rules.settings.views.iter().zip(&snapshot.views);
        let mut zones: Vec<_> = snapshot.shared.zones.iter().map(|zone| (None, zone.clone())).collect();
        for (view, data) in named {
            zones.extend(data.zones.iter().map(|zone| (Some(view.name.clone()), zone.clone())));
        }
        zones.sort_by(|a, b| a.1.apex().cmp(b.1.apex()));
        zones
    }

    /// Asks an upstream; the end comes up under the order's token.
    pub fn exchange(&self, order: Order) -> Result<(), Order> {
        self.engine.order(order)
    }

    /// Stops listening, lets what is in flight end for so long, and stops the threads. Later calls do nothing.
    pub fn close(&self, drain: Duration) {
        let _ = self.listen(&[]);
        let until = Instant::now() + drain;
        while !self.engine.inflight.is_empty() && Instant::now() < until {
            std::thread::sleep(TICK);
        }
        let Some(mut threads) = self.threads.lock().take() else {
            return;
        };
        for flight in self.engine.inflight.close() {
            let mut desk = self.desk.lock();
            let moment = desk.moment();
            desk.conclude(&moment, flight, crate::answer::Given::TimeUp);
        }
        self.workers.iter().for_each(Inbox::stop);
        self.engine.drop_inboxes();
        threads.tcp.stop();
        for thread in threads.workers.drain(..).chain([threads.timer]) {
            let _ = thread.join();
        }
        let _ = self.engine.log.switch(None);
        self.engine.free_retired();
    }

    /// Whether [`Plane::close`] has been called.
    pub fn is_closed(&self) -> bool {
        self.threads.lock().is_none()
    }

    /// Has bound sockets served, all or none.
    fn serve_all(
        &self,
        fresh: Vec<(Door, Bound)>,
        threads: &Threads,
    ) -> Result<Vec<Listening>, (SocketAddr, io::Error)> {
        let mut served = Vec::new();
        for (door, bound) in fresh {
            let (listening, result) = self.serve(door, bound, threads);
            served.push(listening);
            if let Err(error) = result {
                served.into_iter().for_each(|one| self.stop_serving(one, threads));
                return Err((door.address, error));
            }
        }
        Ok(served)
    }

    /// Gives bound sockets to those who serve them, and waits for their word.
    fn serve(&self, door: Door, bound: Bound, threads: &Threads) -> (Listening, io::Result<()>) {
        let bound_door = Door {
            address: bound.address,
            ..door
        };
        let listener = |socket| Arc::new(UdpListener::new(socket, bound_door));
        let udp: Vec<_> = bound.udp.into_iter().map(listener).collect();
        let (served, word) = mpsc::channel();
        for (worker, udp) in self.workers.iter().zip(&udp) {
            worker.listen(udp.clone(), served.clone());
        }
        let number = self.numbers.fetch_add(1, Relaxed);
        threads.tcp.tell(Letter::Listen(Acceptor {
            number,
            listener: bound.tcp,
            visitors: door.visitors,
            served,
        }));
        let listening = Listening {
            asked: door,
            bound: bound.address,
            udp,
            number,
        };
        (listening, word.into_iter().collect())
    }

    fn stop_serving(&self, old: Listening, threads: &Threads) {
        threads.tcp.tell(Letter::Close(old.number));
        let (closed, word) = mpsc::channel();
        for (worker, udp) in self.workers.iter().zip(old.udp) {
            worker.close(udp, closed.clone());
        }
        // Until then the system may give a packet to a socket that nobody looks at any more.
        drop(closed);
        word.into_iter().for_each(drop);
    }

    fn change(&self, view: Option<&str>, change: impl FnOnce(&mut Data)) -> bool {
        let _one = self.publishing.lock();
        let mut snapshot: Snapshot = Snapshot::clone(&self.engine.snapshot.load());
        let data = match view {
            None => Some(&mut snapshot.shared),
            Some(name) => {
                let at = snapshot.rules.settings.views.iter().position(|view| view.name == name);
                at.and_then(|at| snapshot.views.get_mut(at))
            }
        };
        let Some(data) = data else { return false };
        change(data);
        self.engine.publish(snapshot);
        true
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

/// The timer: sees to deadlines while something is in flight, whatever the workers and Python are doing.
fn start_timer(engine: &Arc<Engine>) -> io::Result<JoinHandle<()>> {
    let engine = engine.clone();
    std::thread::Builder::new().name("timer".into()).spawn(move || {
        let mut desk = Desk::new(&engine);
        while engine.inflight.wait() {
            if catch_unwind(AssertUnwindSafe(|| desk.tick(clock::millis()))).is_err() {
                desk.counters.count(Counter::Panics);
            }
            engine.free_retired();
            std::thread::sleep(TICK);
        }
    })
}
