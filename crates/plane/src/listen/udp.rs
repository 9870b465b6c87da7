//! One UDP socket of one worker: packets in batches, answered in place.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::Door;
use super::mmsg::{self, BATCH, Batch};

/// A socket that queries come in on.
#[derive(Debug)]
pub struct UdpListener {
    socket: UdpSocket,
    /// The address that it is bound to, and who sends there.
    pub door: Door,
}

/// What a worker does with a packet: writes a reply into the room and gives its length, 0 for none now.
pub trait Responder {
    /// A batch begins.
    fn begin(&mut self) {}
    /// One packet of it.
    fn respond(&mut self, packet: Packet<'_>, room: &mut [u8]) -> usize;
    /// The batch has been sent, but for so many replies that the system refused.
    fn end(&mut self, _failed: usize) {}
}

/// A packet and where it came from and to.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// The address that was asked, where the socket has several.
    pub local: Option<IpAddr>,
}

impl UdpListener {
    /// Takes a bound, non-blocking socket.
    pub fn new(socket: UdpSocket, door: Door) -> Self {
        Self { socket, door }
    }

    /// Whether the socket has several addresses, so that replies need to be told theirs.
    pub fn needs_local(&self) -> bool {
        self.door.address.ip().is_unspecified()
    }

    /// Sends one packet from the address that was asked.
    pub fn send(&self, packet: &[u8], peer: SocketAddr, local: Option<IpAddr>) -> io::Result<()> {
        mmsg::send_from(self.socket.as_fd(), packet, peer, local)
    }

    /// Serves what has come, until nothing is left or so many batches are done; whether something may be left.
    #[inline]
    pub fn serve(&self, batch: &mut Batch, responder: &mut impl Responder, batches: usize) -> io::Result<bool> {
        for _ in 0..batches {
            let count = match batch.receive(self.socket.as_fd()) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                // An ICMP error for a reply sent before, or a signal: the next packet may be whole.
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            };
            responder.begin();
            for at in 0..count {
                let (peer, local) = (batch.peer(at), batch.local(at));
                let (bytes, room) = batch.packet(at);
                // Port 0 cannot be answered, and nobody honest asks from it.
                let length = if peer.port() == 0 {
                    0
                } else {
                    responder.respond(Packet { bytes, peer, local }, room)
                };
                batch.set_reply(at, length);
            }
            let failed = batch.send(self.socket.as_fd(), count);
            responder.end(failed);
            if count < BATCH {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl AsRawFd for UdpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable
    )
}
