//! DNS over TCP (RFC 7766): pipelining, replies as they come ready, and bounds on everything that a client can hold.
//!
//! ```text
//! accept ─► caps ─► reader ─► desk ─► reply ──────────┐
//!                     │         └──► waits ─► later ──┤ channel
//!                     └─ paused at 32 in flight       └─► writer ─► client
//! ```
//! Bounds: connections in all and of one address, time until the first message is whole, silence between messages, time for a
//! client to take a reply, queries in flight. A message is read into memory only as far as it has come.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::{Incoming, Transport};
use crate::engine::{Desk, Engine, Taken};
use crate::inflight::ReplyTo;
use crate::stats::Counter;
use crate::upward::Reason;

/// Queries of one connection that wait for their replies.
const IN_FLIGHT: usize = 32;
/// Time for a client to take a reply, and for one message to come whole once it has begun.
const STALL: Duration = Duration::from_secs(2);
/// Pause after the system had no descriptor for a connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What the thread of TCP is told.
pub enum Letter {
    /// Accept on one more socket.
    Listen(std::net::TcpListener),
    /// Accept no more on this address.
    Close(SocketAddr),
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let engine = engine.clone();
        let thread = std::thread::Builder::new().name("tcp".into()).spawn(move || {
            let desk = Rc::new(RefCell::new(Desk::new(&engine)));
            let clients = Rc::default();
            LocalSet::new().block_on(
                &runtime,
                run(
                    Service {
                        engine,
                        desk,
                        clients,
                        stopped,
                    },
                    inbox,
                ),
            );
        })?;
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

    /// Closes everything and ends the thread.
    pub fn stop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Service {
    engine: Arc<Engine>,
    desk: Rc<RefCell<Desk>>,
    clients: Rc<RefCell<HashMap<IpAddr, usize>>>,
    stopped: watch::Receiver<bool>,
}

async fn run(service: Service, mut inbox: mpsc::UnboundedReceiver<Letter>) {
    let mut stopped = service.stopped.clone();
    let mut acceptors: HashMap<SocketAddr, tokio::task::JoinHandle<()>> = HashMap::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            letter = inbox.recv() => match letter {
                Some(Letter::Listen(listener)) => {
                    let (Ok(address), Ok(listener)) = (listener.local_addr(), TcpListener::from_std(listener)) else {
                        continue;
                    };
                    acceptors.insert(address, tokio::task::spawn_local(accept(service.clone(), listener)));
                }
                Some(Letter::Close(address)) => {
                    if let Some(acceptor) = acceptors.remove(&address) {
                        acceptor.abort();
                    }
                }
                None => break,
            },
        }
    }
}

async fn accept(service: Service, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => service.admit(stream, peer),
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

impl Service {
    /// Takes a connection if the caps allow it.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let client = peer.ip().to_canonical();
        let limits = Limits::of(&self.engine);
        let held = self.clients.borrow().get(&client).copied().unwrap_or(0);
        let desk = self.desk.borrow();
        if held >= limits.per_client || self.engine.tcp_connections.load(Relaxed) >= limits.clients {
            desk.counters.count(Counter::TcpRefused);
            return;
        }
        desk.counters.count(Counter::TcpAccepted);
        drop(desk);
        *self.clients.borrow_mut().entry(client).or_insert(0) += 1;
        self.engine.tcp_connections.fetch_add(1, Relaxed);
        let held = Held {
            service: self.clone(),
            client,
        };
        tokio::task::spawn_local(async move {
            let mut stopped = held.service.stopped.clone();
            tokio::select! {
                _ = stopped.changed() => {}
                () = held.service.talk(stream, peer) => {}
            }
        });
    }

    /// One connection: a reader that answers, and a writer fed through a channel. The writer ends when nobody can send any
    /// more, the reader when the client is silent for too long, closes, or takes no replies.
    async fn talk(&self, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let (replies, outgoing) = mpsc::channel(IN_FLIGHT);
        let writing = write_replies(writer, outgoing);
        let reading = self.read_queries(reader, peer, replies);
        tokio::pin!(writing);
        tokio::select! {
            () = &mut writing => return,
            () = reading => {}
        }
        // The client asks no more; what is in flight is still written.
        writing.await;
    }

    async fn read_queries(&self, mut reader: OwnedReadHalf, peer: SocketAddr, replies: mpsc::Sender<Vec<u8>>) {
        let mut message = Vec::new();
        let mut first = true;
        loop {
            let limits = Limits::of(&self.engine);
            // A permit for the reply: with all of them taken, nothing more is read.
            let Ok(permit) = timeout(limits.idle, replies.clone().reserve_owned()).await else {
                break;
            };
            let Ok(permit) = permit else { break };
            let wait = if first { limits.first } else { limits.idle };
            match read_message(&mut reader, &mut message, wait, first).await {
                Ok(()) => first = false,
                Err(error) => {
                    if error.kind() == io::ErrorKind::TimedOut {
                        self.desk.borrow().counters.count(Counter::TcpTimedOut);
                    }
                    break;
                }
            }
            self.answer(&message, peer, permit);
        }
    }

    /// Answers one message, or makes it wait. The permit keeps the reply's place in the channel.
    fn answer(&self, message: &[u8], peer: SocketAddr, permit: mpsc::OwnedPermit<Vec<u8>>) {
        let mut desk = self.desk.borrow_mut();
        desk.counters.count(Counter::QueriesTcp);
        let incoming = Incoming {
            packet: message,
            address: peer.ip(),
            transport: Transport::Tcp,
        };
        let mut permit = Some(permit);
        let way_back = || ReplyTo::Tcp {
            reply: permit.take(),
            peer,
        };
        match desk.take_here(incoming, way_back) {
            Taken::Reply(sent) => {
                desk.log_now(message, peer, sent);
                let reply = desk.reply(sent).to_vec();
                if let Some(permit) = permit {
                    permit.send(reply);
                }
            }
            Taken::Later(Some(order)) => {
                if let Err(order) = self.engine.order(order)
                    && let crate::exchange::Purpose::Forward(id) = order.purpose
                {
                    desk.hand_off(id, None, Reason::Shortage);
                }
            }
            Taken::Later(None) | Taken::Silence => {}
        }
    }
}

/// A connection's place among all and among its client's; given back however the connection ends.
struct Held {
    service: Service,
    client: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.service.engine.tcp_connections.fetch_sub(1, Relaxed);
        let mut clients = self.service.clients.borrow_mut();
        if let Some(held) = clients.get_mut(&self.client) {
            *held -= 1;
            if *held == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

/// The bounds in force, read anew for each step so that a change of settings takes effect.
struct Limits {
    clients: usize,
    per_client: usize,
    idle: Duration,
    first: Duration,
}

impl Limits {
    fn of(engine: &Engine) -> Self {
        let snapshot = engine.snapshot.load();
        let settings = &snapshot.rules.settings;
        // RFC 7766 6.2.3: the time to be idle shrinks as connections grow many.
        let used = engine.tcp_connections.load(Relaxed) * 4 / settings.tcp_clients.max(1);
        let idle = u64::from(settings.tcp_idle_ms) >> used.min(4).saturating_sub(1);
        Self {
            clients: settings.tcp_clients,
            per_client: settings.tcp_per_client,
            idle: Duration::from_millis(idle),
            first: Duration::from_millis(u64::from(settings.tcp_first_ms)),
        }
    }
}

/// Reads one message. Its first byte must come within `wait`, all of it within the stall time after that; the first message
/// of a connection must be whole within `wait`.
async fn read_message(
    reader: &mut OwnedReadHalf,
    message: &mut Vec<u8>,
    wait: Duration,
    first: bool,
) -> io::Result<()> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let begun = Instant::now();
    let mut length = [0; 2];
    timeout(wait, reader.read_exact(&mut length[..1]))
        .await
        .map_err(|_| late())??;
    let deadline = if first { begun + wait } else { Instant::now() + STALL };
    timeout_at(deadline, reader.read_exact(&mut length[1..]))
        .await
        .map_err(|_| late())??;
    message.clear();
    let mut rest = reader.take(u64::from(u16::from_be_bytes(length)));
    timeout_at(deadline, rest.read_to_end(message))
        .await
        .map_err(|_| late())??;
    if message.len() < usize::from(u16::from_be_bytes(length)) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

async fn write_replies(mut writer: OwnedWriteHalf, mut outgoing: mpsc::Receiver<Vec<u8>>) {
    let mut buffer = Vec::new();
    while let Some(reply) = outgoing.recv().await {
        buffer.clear();
        push_framed(&mut buffer, &reply);
        // What has come meanwhile goes with it.
        while buffer.len() < 16_384 {
            let Ok(reply) = outgoing.try_recv() else { break };
            push_framed(&mut buffer, &reply);
        }
        match timeout(STALL, writer.write_all(&buffer)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
    let _ = writer.shutdown().await;
}

fn push_framed(buffer: &mut Vec<u8>, reply: &[u8]) {
    buffer.extend_from_slice(&(reply.len() as u16).to_be_bytes());
    buffer.extend_from_slice(reply);
}
