//! A worker: one thread, one core, its own sockets. Answers what is known at once; asks upstreams; never waits for anybody.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use parking_lot::Mutex;

use crate::answer::{Incoming, Transport};
use crate::engine::{Desk, Engine, Moment, Taken};
use crate::exchange::{Exchanges, Order, Purpose};
use crate::inflight::ReplyTo;
use crate::listen::Visitors;
use crate::listen::mmsg::Batch;
use crate::listen::udp::{Packet, Responder, UdpListener};
use crate::stats::Counter;
use crate::upward::Exchanged;

const WAKE: Token = Token(0);
/// Tokens of listeners begin here, those of exchanges behind them.
const FIRST_LISTENER: usize = 1;
const FIRST_EXCHANGE: usize = 1 << 16;
/// How long a socket that is to be closed is looked at for what has come.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// Batches served from one socket before the others get their turn.
const TURN: usize = 8;

/// A worker's letter box: the only way in from other threads.
#[derive(Clone)]
pub struct Inbox {
    letters: Arc<Mutex<Vec<Letter>>>,
    waker: Arc<Waker>,
}

/// Whether what was asked for has been done.
type Word = mpsc::Sender<io::Result<()>>;

enum Letter {
    Order(Order),
    Listen(Arc<UdpListener>, Word),
    Close(Arc<UdpListener>, Word),
    Stop,
    #[cfg(test)]
    Defect,
}

impl Inbox {
    /// Asks an upstream.
    pub fn order(&self, order: Order) {
        self.put(Letter::Order(order));
    }

    /// Serves one more socket, and says whether it does.
    pub fn listen(&self, listener: Arc<UdpListener>, word: Word) {
        self.put(Letter::Listen(listener, word));
    }

    /// Serves what has come on a socket, and then no more; says when that is so.
    pub fn close(&self, listener: Arc<UdpListener>, word: Word) {
        self.put(Letter::Close(listener, word));
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.put(Letter::Stop);
    }

    /// The worker takes all letters when it wakes up: the first alone has to wake it.
    fn put(&self, letter: Letter) {
        let mut letters = self.letters.lock();
        let first = letters.is_empty();
        letters.push(letter);
        drop(letters);
        if first {
            let _ = self.waker.wake();
        }
    }
}

/// Starts a worker.
pub fn start(engine: &Arc<Engine>, number: usize) -> io::Result<(Inbox, std::thread::JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
    let inbox = Inbox {
        letters: Arc::default(),
        waker,
    };
    let exchanges = Exchanges::new(poll.registry().try_clone()?, FIRST_EXCHANGE);
    let worker = Worker {
        poll,
        inbox: inbox.clone(),
        seat: Seat {
            desk: Desk::new(engine),
            orders: Vec::new(),
            moment: None,
            listener: None,
        },
        exchanges,
        listeners: Vec::new(),
        mail: VecDeque::new(),
        unread: Vec::new(),
        plain: None,
        with_local: None,
        stopped: false,
    };
    let thread = std::thread::Builder::new()
        .name(format!("worker {number}"))
        .spawn(move || worker.keep_running())?;
    Ok((inbox, thread))
}

struct Worker {
    poll: Poll,
    inbox: Inbox,
    seat: Seat,
    exchanges: Exchanges,
    listeners: Vec<Option<Arc<UdpListener>>>,
    /// What was taken out of the letter box and not acted on yet: a defect at one letter loses none of the others.
    mail: VecDeque<Letter>,
    /// Sockets with packets that no event will tell of.
    unread: Vec<usize>,
    plain: Option<Box<Batch>>,
    with_local: Option<Box<Batch>>,
    stopped: bool,
}

/// Where packets are answered, with the orders that come of it.
struct Seat {
    desk: Desk,
    orders: Vec<Order>,
    moment: Option<Moment>,
    listener: Option<Arc<UdpListener>>,
}

impl Responder for Seat {
    #[inline]
    fn begin(&mut self) {
        self.moment = Some(self.desk.moment());
    }

    #[inline]
    fn respond(&mut self, packet: Packet<'_>, room: &mut [u8]) -> usize {
        let (Some(moment), Some(listener)) = (&self.moment, &self.listener) else {
            return 0;
        };
        let (client, bytes) = match listener.door.visitors {
            Visitors::Clients => (packet.peer, packet.bytes),
            Visitors::Proxies => match moment.unwrap_proxied(packet) {
                Some(unwrapped) => unwrapped,
                None => {
                    self.desk.counters.count(Counter::ProxyRefused);
                    return 0;
                }
            },
        };
        let incoming = Incoming {
            packet: bytes,
            address: client.ip(),
            transport: Transport::Udp,
        };
        self.desk.counters.count(Counter::QueriesUdp);
        let way_back = || ReplyTo::Udp {
            listener: listener.clone(),
            peer: packet.peer,
            client,
            local: packet.local,
        };
        match self.desk.take(moment, incoming, room, way_back) {
            Taken::Reply(sent) => {
                self.desk.log_now(bytes, client, sent);
                sent.len
            }
            Taken::Later(order) => {
                self.orders.extend(order);
                0
            }
            Taken::Silence => 0,
        }
    }

    #[inline]
    fn end(&mut self, failed: usize) {
        self.moment = None;
        for _ in 0..failed {
            self.desk.counters.count(Counter::SendErrors);
        }
    }
}

impl Worker {
    /// Runs until told to stop. Should a packet find a defect that panics, it costs the questions that this worker has in
    /// flight and nothing else: its sockets go on being served, with everything else made anew.
    fn keep_running(mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            self.seat.desk.counters.count(Counter::Panics);
            self.start_anew();
        }
    }

    fn start_anew(&mut self) {
        self.seat.orders.clear();
        (self.seat.moment, self.seat.listener) = (None, None);
        (self.plain, self.with_local) = (None, None);
        for (order, outcome) in self.exchanges.abandon() {
            if let Purpose::Python(token) = order.purpose {
                self.seat.desk.engine.upward.exchanged(Exchanged {
                    token,
                    upstream: order.upstream,
                    tcp: order.tcp,
                    outcome,
                });
            }
        }
        // An event that was read and not acted on does not come again.
        self.unread = (0..self.listeners.len()).collect();
        let _ = self.inbox.waker.wake();
    }

    fn run(&mut self) {
        let mut events = Events::with_capacity(256);
        let mut more = std::mem::take(&mut self.unread);
        while !self.stopped {
            let timeout = if more.is_empty() {
                self.exchanges.next_timeout(Instant::now())
            } else {
                Some(std::time::Duration::ZERO)
            };
            if let Err(error) = self.poll.poll(&mut events, timeout) {
                if error.kind() != io::ErrorKind::Interrupted {
                    // Nothing can be waited for: better slow than a busy loop.
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                continue;
            }
            let again = std::mem::take(&mut more);
            for at in again {
                self.serve(at, &mut more);
            }
            for event in &events {
                match event.token() {
                    WAKE => self.read_letters(&mut more),
                    Token(token) if token < FIRST_EXCHANGE => self.serve(token - FIRST_LISTENER, &mut more),
                    token => {
                        if let Some((order, outcome)) = self.exchanges.ready(token) {
                            self.seat.desk.exchanged(order, outcome);
                        }
                    }
                }
            }
            let now = Instant::now();
            while let Some((order, outcome)) = self.exchanges.expired(now) {
                self.seat.desk.exchanged(order, outcome);
            }
        }
        for (order, outcome) in self.exchanges.abandon() {
            self.seat.desk.exchanged(order, outcome);
        }
    }

    /// Serves a socket for a turn; what is left is served in the next round.
    fn serve(&mut self, at: usize, more: &mut Vec<usize>) {
        let Some(Some(listener)) = self.listeners.get(at) else {
            return;
        };
        let listener = listener.clone();
        let with_local = listener.needs_local();
        let batch = if with_local {
            &mut self.with_local
        } else {
            &mut self.plain
        };
        let batch = batch.get_or_insert_with(|| Box::new(Batch::new(with_local)));
        self.seat.listener = Some(listener.clone());
        let left = listener.serve(batch, &mut self.seat, TURN);
        self.seat.listener = None;
        if left.unwrap_or(false) && !more.contains(&at) {
            more.push(at);
        }
        for order in std::mem::take(&mut self.seat.orders) {
            self.begin(order);
        }
    }

    fn begin(&mut self, order: Order) {
        if let Some((order, outcome)) = self.exchanges.begin(order) {
            self.seat.desk.exchanged(order, outcome);
        }
    }

    fn read_letters(&mut self, more: &mut Vec<usize>) {
        self.mail.extend(std::mem::take(&mut *self.inbox.letters.lock()));
        while let Some(letter) = self.mail.pop_front() {
            match letter {
                Letter::Order(order) => self.begin(order),
                Letter::Listen(listener, word) => {
                    let _ = word.send(self.add_listener(listener, more));
                }
                Letter::Close(listener, word) => {
                    self.drop_listener(listener);
                    let _ = word.send(Ok(()));
                }
                Letter::Stop => self.stopped = true,
                #[cfg(test)]
                Letter::Defect => std::panic::panic_any("a defect, for the test"),
            }
        }
    }

    fn add_listener(&mut self, listener: Arc<UdpListener>, more: &mut Vec<usize>) -> io::Result<()> {
        let at = self.listeners.iter().position(Option::is_none).unwrap_or_else(|| {
            self.listeners.push(None);
            self.listeners.len() - 1
        });
        let descriptor = listener.as_raw_fd();
        self.poll.registry().register(
            &mut SourceFd(&descriptor),
            Token(FIRST_LISTENER + at),
            Interest::READABLE,
        )?;
        self.listeners[at] = Some(listener);
        // What came before the registration gives no event.
        more.push(at);
        Ok(())
    }

    /// The socket is closed at the end, for this is the last that has it: what comes from then on is another's.
    fn drop_listener(&mut self, listener: Arc<UdpListener>) {
        let known = self
            .listeners
            .iter()
            .position(|known| known.as_ref().is_some_and(|k| Arc::ptr_eq(k, &listener)));
        let Some(at) = known else { return };
        let descriptor = listener.as_raw_fd();
        let _ = self.poll.registry().deregister(&mut SourceFd(&descriptor));
        drop(listener);
        // What has come already is answered; of a flood that does not end only so much.
        let until = Instant::now() + LAST_LOOK;
        let mut more = vec![at];
        while more.pop().is_some() && Instant::now() < until {
            self.serve(at, &mut more);
        }
        self.listeners[at] = None;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::listen::Door;
    use crate::settings::Settings;

    /// epoll refuses a descriptor that it has: the one reason to refuse that can be brought about here.
    #[test]
    fn a_socket_that_cannot_be_served_is_told() {
        let engine = Arc::new(Engine::new(Settings::default()).unwrap());
        let (inbox, thread) = start(&engine, 0).unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Arc::new(UdpListener::new(socket, Door::plain(address)));
        let (word, served) = mpsc::channel();
        inbox.listen(listener.clone(), word.clone());
        assert!(served.recv().unwrap().is_ok());
        inbox.listen(listener, word);
        let refused = served.recv().unwrap().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        inbox.stop();
        thread.join().unwrap();
    }

    #[test]
    fn a_defect_costs_no_letter() {
        let engine = Arc::new(Engine::new(Settings::default()).unwrap());
        let (inbox, thread) = start(&engine, 0).unwrap();
        inbox.letters.lock().extend([Letter::Defect, Letter::Stop]);
        inbox.waker.wake().unwrap();
        let until = Instant::now() + std::time::Duration::from_secs(10);
        while !thread.is_finished() {
            assert!(Instant::now() < until, "the worker has not heard that it is to stop");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        thread.join().unwrap();
    }

    #[test]
    fn a_defect_costs_no_socket() {
        let engine = Arc::new(Engine::new(Settings::default()).unwrap());
        let (inbox, thread) = start(&engine, 0).unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (word, served) = mpsc::channel();
        inbox.listen(Arc::new(UdpListener::new(socket, Door::plain(address))), word);
        served.recv().unwrap().unwrap();
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client
            .set_read_timeout(Some(std::time::Duration::from_secs(5)))
            .unwrap();
        for _ in 0..3 {
            inbox.put(Letter::Defect);
            client
                .send_to(b"\0\x07\0\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01", address)
                .unwrap();
            client.recv_from(&mut [0; 512]).unwrap();
        }
        inbox.stop();
        thread.join().unwrap();
        assert!(
            engine
                .stats
                .totals()
                .iter()
                .any(|&(name, count)| name == "panics" && count > 0)
        );
    }
}
