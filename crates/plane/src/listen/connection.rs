//! One TCP connection: a reader that answers, and a writer.
//!
//! ```text
//! reader ─► desk ─► reply ──────────────────────────► outbox ─► writer ─► client
//!   │          └──► waits ─► later, through a channel ──┘
//!   └─ paused at 32 in flight, and while much waits in the outbox
//! ```
//! A message is read into memory only as far as it has come. While a client does not take its replies nothing more is read
//! from it: what waits for it is [`FULL`] bytes and one reply, and the replies to the questions that were in flight then. A
//! client that takes nothing for two seconds is closed.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::Visitors;
use super::places::Place;
use super::proxy;
use super::tcp::{Limits, Service};
use crate::answer::{Incoming, Transport};
use crate::engine::Taken;
use crate::inflight::ReplyTo;
use crate::stats::Counter;
use crate::upward::Reason;

/// Queries of one connection that wait for their replies.
const IN_FLIGHT: usize = 32;
/// Bytes of replies that wait for the client, beyond which nothing more is read.
const FULL: usize = 16 << 10;
/// Room for what the client sends: some dozens of queries are read at once.
const READ_AHEAD: usize = 2 << 10;
/// Longest message whose room is kept for the next one.
const USUAL: usize = 2 << 10;
/// Time for a client to take a reply, and for one message to come whole once it has begun.
const STALL: Duration = Duration::from_secs(2);

/// A connection, and who is at its other end.
pub(super) struct Connection {
    service: Service,
    stream: TcpStream,
    client: SocketAddr,
}

impl Connection {
    pub(super) fn new(service: Service, stream: TcpStream, peer: SocketAddr) -> Self {
        Self {
            service,
            stream,
            client: peer,
        }
    }

    /// Serves it to its end, or until its place is wanted for somebody else.
    pub(super) async fn serve(mut self, mut place: Place, visitors: Visitors) {
        let service = self.service.clone();
        let whole_by = Instant::now() + Limits::of(&service.engine).first;
        if visitors == Visitors::Proxies {
            match timeout_at(whole_by, self.read_header()).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(client))) => {
                    self.client = client;
                    service.leave(place);
                    let most = Limits::of(&service.engine).most;
                    let Some(own) = service.take_place(client, most) else {
                        return;
                    };
                    place = own;
                }
                _ => {
                    service.desk.borrow().counters.count(Counter::ProxyRefused);
                    return service.leave(place);
                }
            }
        }
        tokio::select! {
            () = place.taken_away() => {}
            () = self.talk(&place, whole_by) => {}
        }
        service.leave(place);
    }

    /// Whom the proxy speaks for; None for itself. An error when it does not say so in proper form.
    async fn read_header(&mut self) -> io::Result<Option<SocketAddr>> {
        let mut header = [0; proxy::MOST];
        let malformed = || io::Error::from(io::ErrorKind::InvalidData);
        let fixed = header.first_chunk_mut::<{ proxy::FIXED }>().ok_or_else(malformed)?;
        self.stream.read_exact(fixed).await?;
        let length = proxy::length(fixed).ok_or_else(malformed)?;
        let rest = header.get_mut(proxy::FIXED..length).ok_or_else(malformed)?;
        self.stream.read_exact(rest).await?;
        let said = header.get(..length).and_then(proxy::parse).ok_or_else(malformed)?;
        Ok(said.client)
    }

    /// The writer ends when nobody can send any more, or the client takes nothing; the reader when the client is silent for
    /// too long or closes. What is in flight then is still written.
    async fn talk(self, place: &Place, whole_by: Instant) {
        let Self {
            service,
            stream,
            client,
        } = self;
        let (half, writer) = stream.into_split();
        let mut half = BufReader::with_capacity(READ_AHEAD, half);
        let (late, coming) = mpsc::channel(IN_FLIGHT);
        let outbox = Outbox::default();
        let reader = Reader {
            service: &service,
            outbox: &outbox,
            place,
            client,
        };
        let writing = outbox.write_all(writer, coming);
        tokio::pin!(writing);
        tokio::select! {
            () = &mut writing => return,
            () = service.stopped() => {}
            () = reader.read_all(&mut half, late, whole_by) => {}
        }
        writing.await;
        if !outbox.closed.get() {
            let _ = timeout(STALL, discard(half.get_ref())).await;
        }
    }
}

/// Reads what has not been read, until the client closes: else the system would answer it with a reset, and that could cost the
/// client replies that it has not taken yet (RFC 1122 4.2.2.13). Nobody is waited for who has sent nothing more.
async fn discard(half: &OwnedReadHalf) {
    let mut room = [0; 512];
    let mut unread = false;
    loop {
        match half.try_read(&mut room) {
            Ok(1..) => unread = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && unread => {
                if half.readable().await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

type Half = BufReader<OwnedReadHalf>;

/// Reads queries and answers them.
struct Reader<'c> {
    service: &'c Service,
    outbox: &'c Outbox,
    place: &'c Place,
    client: SocketAddr,
}

impl Reader<'_> {
    async fn read_all(&self, half: &mut Half, late: mpsc::Sender<Vec<u8>>, whole_by: Instant) {
        let mut message = Vec::new();
        let mut first = Some(whole_by);
        loop {
            // A permit for the reply: with all of them taken, nothing more is read.
            let idle = Limits::of(&self.service.engine).idle;
            let Ok(Ok(permit)) = timeout(idle, late.clone().reserve_owned()).await else {
                break;
            };
            self.outbox.has_room().await;
            let wait = first.take().map_or(Wait::Idle(idle), Wait::Whole);
            if let Err(error) = read_message(half, &mut message, wait).await {
                match error.kind() {
                    io::ErrorKind::TimedOut => self.service.desk.borrow().counters.count(Counter::TcpTimedOut),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => self.outbox.closed.set(true),
                    _ => {}
                }
                break;
            }
            self.place.is_active(Instant::now());
            self.answer(&message, permit);
            message.shrink_to(USUAL);
        }
    }

    /// Answers one message, or makes it wait. The permit keeps the reply's place in the channel.
    fn answer(&self, message: &[u8], permit: mpsc::OwnedPermit<Vec<u8>>) {
        let mut desk = self.service.desk.borrow_mut();
        desk.counters.count(Counter::QueriesTcp);
        let peer = self.client;
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
                self.outbox.put(desk.reply(sent));
            }
            Taken::Later(Some(order)) => {
                if let Err(order) = self.service.engine.order(order)
                    && let crate::exchange::Purpose::Forward(id) = order.purpose
                {
                    desk.hand_off(id, None, Reason::Shortage);
                }
            }
            Taken::Later(None) | Taken::Silence => {}
        }
    }
}

/// How long to wait for a message.
#[derive(Clone, Copy)]
enum Wait {
    /// The first one must be whole by then.
    Whole(Instant),
    /// A later one must begin within this, and then come whole within the stall time.
    Idle(Duration),
}

async fn read_message(reader: &mut Half, message: &mut Vec<u8>, wait: Wait) -> io::Result<()> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let begin_by = match wait {
        Wait::Whole(by) => by,
        Wait::Idle(idle) => Instant::now() + idle,
    };
    let mut length = [0; 2];
    timeout_at(begin_by, reader.read_exact(&mut length[..1]))
        .await
        .map_err(|_| late())??;
    let whole_by = match wait {
        Wait::Whole(by) => by,
        Wait::Idle(_) => Instant::now() + STALL,
    };
    timeout_at(whole_by, reader.read_exact(&mut length[1..]))
        .await
        .map_err(|_| late())??;
    message.clear();
    let length = u16::from_be_bytes(length);
    timeout_at(whole_by, reader.take(u64::from(length)).read_to_end(message))
        .await
        .map_err(|_| late())??;
    if message.len() < usize::from(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Replies that wait for the client, each after its length (RFC 1035 4.2.2).
#[derive(Default)]
struct Outbox {
    waiting: RefCell<Vec<u8>>,
    /// Bytes that are being written.
    leaving: Cell<usize>,
    /// The client sends no more.
    closed: Cell<bool>,
    filled: Notify,
    emptied: Notify,
}

impl Outbox {
    fn put(&self, reply: &[u8]) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.extend_from_slice(&(reply.len() as u16).to_be_bytes());
        waiting.extend_from_slice(reply);
        self.filled.notify_one();
    }

    fn len(&self) -> usize {
        self.waiting.borrow().len() + self.leaving.get()
    }

    /// Waits until little is left to be written; the writer sees to it that this is not for long.
    async fn has_room(&self) {
        while self.len() >= FULL {
            self.emptied.notified().await;
        }
    }

    /// Writes what there is, until nobody can put anything in any more, or the client takes nothing.
    async fn write_all(&self, mut writer: OwnedWriteHalf, mut coming: mpsc::Receiver<Vec<u8>>) {
        let mut open = true;
        while open || self.len() > 0 {
            tokio::select! {
                biased;
                reply = coming.recv(), if open => match reply {
                    Some(reply) => self.put(&reply),
                    None => open = false,
                },
                () = self.filled.notified() => {}
            }
            while self.len() < FULL
                && let Ok(reply) = coming.try_recv()
            {
                self.put(&reply);
            }
            let bytes = self.waiting.take();
            self.leaving.set(bytes.len());
            if !matches!(timeout(STALL, writer.write_all(&bytes)).await, Ok(Ok(()))) {
                return;
            }
            self.leaving.set(0);
            self.emptied.notify_one();
        }
        if self.closed.get() {
            // Both ends are done: closing says it, and needs no call before it.
            writer.forget();
        } else {
            let _ = writer.shutdown().await;
        }
    }
}
