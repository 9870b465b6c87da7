//! Batches over real sockets: every packet is answered, from the address that was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use resolute_plane::listen::bind::bind;
use resolute_plane::listen::mmsg::Batch;
use resolute_plane::listen::udp::{Packet, Responder, UdpListener};

/// Sends each packet back with the address that it was sent to.
struct Mirror(Vec<Option<IpAddr>>);

impl Responder for Mirror {
    fn respond(&mut self, packet: Packet<'_>, room: &mut [u8]) -> usize {
        self.0.push(packet.local);
        room[..packet.bytes.len()].copy_from_slice(packet.bytes);
        packet.bytes.len()
    }
}

fn exchange(listen: &str, ask: &[&str], count: u8) {
    let mut bound = bind(listen.parse().unwrap(), 1).unwrap();
    let listener = UdpListener::new(bound.udp.pop().unwrap(), bound.address);
    let mut batch = Batch::new(listener.needs_local());
    let mut mirror = Mirror(Vec::new());
    for target in ask {
        let target = SocketAddr::new(target.parse().unwrap(), bound.address.port());
        let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let client = UdpSocket::bind(any).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        for n in 0..count {
            client.send_to(&[n; 20], target).unwrap();
        }
        listener.serve(&mut batch, &mut mirror, 100).unwrap();
        for _ in 0..count {
            let (length, from) = client.recv_from(&mut [0; 512]).unwrap();
            assert_eq!(
                (length, from),
                (20, target),
                "the reply comes from the address that was asked"
            );
        }
        if listener.needs_local() {
            assert_eq!(mirror.0.last(), Some(&Some(target.ip())));
            listener
                .send(&[1; 7], client_address(&client, target), Some(target.ip()))
                .unwrap();
            assert_eq!(client.recv_from(&mut [0; 512]).unwrap(), (7, target));
        }
    }
    assert_eq!(mirror.0.len(), ask.len() * usize::from(count));
}

/// The client as the listener sees it: on loopback its source is the address that it asks, or loopback's own.
fn client_address(client: &UdpSocket, target: SocketAddr) -> SocketAddr {
    let probe = UdpSocket::bind(SocketAddr::new(target.ip(), 0)).unwrap();
    SocketAddr::new(probe.local_addr().unwrap().ip(), client.local_addr().unwrap().port())
}

#[test]
fn one_address() {
    exchange("127.0.0.1:0", &["127.0.0.1"], 100);
    exchange("[::1]:0", &["::1"], 100);
}

#[test]
fn any_address() {
    exchange("0.0.0.0:0", &["127.0.0.1", "127.0.0.2", "127.1.2.3"], 40);
    exchange("[::]:0", &["::1"], 40);
}

/// Two servers must never share a port silently.
#[test]
fn a_taken_port_is_refused() {
    let bound = bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
    let error = bind(bound.address, 2).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(bound.udp);
    assert!(bind(bound.address, 1).is_err(), "TCP still holds it");
}
