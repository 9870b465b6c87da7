//! DNS over TCP (RFC 7766): who may connect, and for how long. What is said on a connection is [`super::connection`].
//!
//! ```text
//! accept ─► a place ─► (behind a proxy: whom it speaks for ─► a place of that client) ─► connection
//! ```
//! Bounds: connections in all and of one client ([`super::places`]), time until the first message is whole, silence between
//! messages, time for a client to take a reply, queries in flight, bytes that wait for the client.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::Visitors;
use super::connection::Connection;
use super::places::{Most, Place, Places};
use crate::engine::{Desk, Engine};
use crate::stats::Counter;

/// Pause after the system had no descriptor for a connection.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// How long replies that are ready may take to be written when the service ends.
const FLUSH: Duration = Duration::from_secs(1);
/// A timer that is always there: the first one of a runtime that has none costs a call to the system, which otherwise
/// every connection that comes alone would pay. Shorter than the usual silence, so that no connection's timer is the next.
const TICK: Duration = Duration::from_secs(5);

/// What the thread of TCP is told.
pub enum Letter {
    /// Accept on one more socket.
    Listen(Acceptor),
    /// Accept no more on the socket of this number.
    Close(u64),
}

/// A socket to accept on.
pub struct Acceptor {
    /// Its number among all.
    pub number: u64,
    /// The socket.
    pub listener: std::net::TcpListener,
    /// Who connects there.
    pub visitors: Visitors,
    /// Told whether the socket is served now.
    pub served: std::sync::mpsc::Sender<io::Result<()>>,
}

/// A running TCP service.
pub struct TcpService {
    letters: mpsc::UnboundedSender<Letter>,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl TcpService {
    /// Starts the thread.
    pub fn start(engine: &Arc<Engine>) -> io::Result<Self> {
        let (letters, inbox) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let (word, started) = std::sync::mpsc::channel();
        let engine = engine.clone();
        let thread = std::thread::Builder::new().name("tcp".into()).spawn(move || {
            // Of this thread alone: what wakes a connection is no call to the system.
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(word.send(Err(error))),
            };
            let _ = word.send(Ok(()));
            let service = Service {
                desk: Rc::new(RefCell::new(Desk::new(&engine))),
                engine,
                places: Rc::default(),
                stopped,
            };
            runtime.block_on(run(service, inbox));
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Self {
            letters,
            stop,
            thread: Some(thread),
        })
    }

    /// Tells the thread something.
    pub fn tell(&self, letter: Letter) {
        let _ = self.letters.send(letter);
    }

    /// Reads no more, writes the replies that are ready, closes everything and ends the thread.
    pub fn stop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())
}

/// What the connections share.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) engine: Arc<Engine>,
    pub(super) desk: Rc<RefCell<Desk>>,
    places: Rc<Places>,
    stopped: watch::Receiver<bool>,
}

async fn run(service: Service, mut inbox: mpsc::UnboundedReceiver<Letter>) {
    let mut acceptors: HashMap<u64, tokio::task::JoinHandle<()>> = HashMap::new();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let letter = tokio::select! {
            () = service.stopped() => break,
            letter = inbox.recv() => letter,
            _ = ticks.tick() => continue,
        };
        match letter {
            Some(Letter::Listen(acceptor)) => {
                let number = acceptor.number;
                acceptors.extend(service.listen(acceptor).map(|task| (number, task)));
            }
            Some(Letter::Close(number)) => {
                if let Some(acceptor) = acceptors.remove(&number) {
                    acceptor.abort();
                }
            }
            None => break,
        }
    }
    acceptors.values().for_each(tokio::task::JoinHandle::abort);
    let _ = timeout(FLUSH, service.places.all_left()).await;
}

impl Service {
    /// Waits until the service is to end.
    pub(super) async fn stopped(&self) {
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }

    fn listen(&self, acceptor: Acceptor) -> Option<tokio::task::JoinHandle<()>> {
        let Acceptor {
            listener,
            visitors,
            served,
            ..
        } = acceptor;
        let listener = TcpListener::from_std(listener);
        let result = listener.map(|listener| tokio::task::spawn_local(accept(self.clone(), listener, visitors)));
        let (task, told) = match result {
            Ok(task) => (Some(task), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let _ = served.send(told);
        task
    }

    /// Takes a connection if there is a place for it.
    fn admit(&self, stream: TcpStream, peer: SocketAddr, visitors: Visitors) {
        let limits = Limits::of(&self.engine);
        let proxied = visitors == Visitors::Proxies;
        if proxied && !self.engine.snapshot.load().rules.settings.is_proxy(peer.ip()) {
            return self.desk.borrow().counters.count(Counter::ProxyRefused);
        }
        // A proxy has as many as there are: those of its clients are counted when it has said who they are.
        let most = Most {
            each: if proxied { limits.most.all } else { limits.most.each },
            ..limits.most
        };
        let Some(place) = self.take_place(peer, most) else {
            return;
        };
        self.desk.borrow().counters.count(Counter::TcpAccepted);
        let service = self.clone();
        tokio::task::spawn_local(async move { Connection::new(service, stream, peer).serve(place, visitors).await });
    }

    /// A place for a client; counted when there is none.
    pub(super) fn take_place(&self, client: SocketAddr, most: Most) -> Option<Place> {
        let place = self.places.take(client.ip(), most, Instant::now());
        if place.is_none() {
            self.desk.borrow().counters.count(Counter::TcpRefused);
        }
        self.engine.tcp_connections.store(self.places.count(), Relaxed);
        place
    }

    /// Gives a place back.
    pub(super) fn leave(&self, place: Place) {
        drop(place);
        self.engine.tcp_connections.store(self.places.count(), Relaxed);
    }
}

async fn accept(service: Service, listener: TcpListener, visitors: Visitors) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => service.admit(stream, peer, visitors),
            Err(error) if is_passing(&error) => {}
            // No descriptor or no memory: a busy loop would make it worse.
            Err(_) => tokio::time::sleep(EXHAUSTED).await,
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionReset
    )
}

/// The bounds in force, read anew for each step so that a change of settings takes effect.
pub(super) struct Limits {
    pub(super) most: Most,
    pub(super) idle: Duration,
    pub(super) first: Duration,
}

impl Limits {
    pub(super) fn of(engine: &Engine) -> Self {
        let snapshot = engine.snapshot.load();
        let settings = &snapshot.rules.settings;
        let idle = settings.tcp_idle_now_ms(engine.tcp_connections.load(Relaxed));
        Self {
            most: Most {
                all: settings.tcp_clients,
                each: settings.tcp_per_client,
            },
            idle: Duration::from_millis(idle),
            first: Duration::from_millis(u64::from(settings.tcp_first_ms)),
        }
    }
}
