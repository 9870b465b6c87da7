//! The floor of the benchmark: the plane's own listening code with nothing behind it. Each packet goes back with QR set.
//!
//! `cargo run --release -p resolute-plane --example floor -- 127.0.0.1:5301`

use std::error::Error;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use resolute_plane::listen::Door;
use resolute_plane::listen::bind::{Sharing, bind};
use resolute_plane::listen::mmsg::Batch;
use resolute_plane::listen::udp::{Packet, Responder, UdpListener};

struct Echo;

impl Responder for Echo {
    fn respond(&mut self, packet: Packet<'_>, room: &mut [u8]) -> usize {
        let length = packet.bytes.len().min(room.len());
        room[..length].copy_from_slice(&packet.bytes[..length]);
        if let Some(flags) = room.get_mut(2) {
            *flags |= 0x80;
        }
        length
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = std::env::args().nth(1).ok_or("usage: floor ADDRESS:PORT")?.parse()?;
    let mut bound = bind(address, 1, Sharing::Nobody)?;
    let listener = UdpListener::new(bound.udp.pop().ok_or("no socket")?, Door::plain(bound.address));
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut SourceFd(&listener.as_raw_fd()), Token(0), Interest::READABLE)?;
    let mut events = Events::with_capacity(8);
    let mut batch = Batch::new(listener.needs_local());
    eprintln!("ready: {}", bound.address);
    loop {
        poll.poll(&mut events, None)?;
        while listener.serve(&mut batch, &mut Echo, 8)? {}
    }
}
