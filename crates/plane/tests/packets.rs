//! Batches over real sockets: every packet is answered, from the address that was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use resolute_plane::listen::Door;
use resolute_plane::listen::bind::{Sharing, bind};
use resolute_plane::listen::mmsg::Batch;
use resolute_plane::listen::udp::{Packet, Responder, UdpListener};
use resolute_plane::plane::Plane;
use resolute_plane::settings::Settings;

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
    let mut bound = bind(listen.parse().unwrap(), 1, Sharing::Nobody).unwrap();
    let listener = UdpListener::new(bound.udp.pop().unwrap(), Door::plain(bound.address));
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
    let bound = bind("127.0.0.1:0".parse().unwrap(), 2, Sharing::Nobody).unwrap();
    let error = bind(bound.address, 2, Sharing::Nobody).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(bound.udp);
    assert!(bind(bound.address, 1, Sharing::Nobody).is_err(), "TCP still holds it");
}

/// An address can grow to all addresses of its port and shrink again while it is served.
#[test]
fn an_address_changes_to_the_wildcard_and_back() {
    let plane = Plane::start(Settings::default(), 2).unwrap();
    let one = plane.listen(&["127.0.0.1:0".parse().unwrap()]).unwrap()[0];
    let all = SocketAddr::new("0.0.0.0".parse().unwrap(), one.port());
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    for asked in [all, one] {
        assert_eq!(plane.listen(&[asked]).unwrap(), [asked]);
        client
            .send_to(b"\0\x07\0\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01", one)
            .unwrap();
        assert_eq!(client.recv_from(&mut [0; 512]).unwrap().1, one);
        TcpStream::connect(one).unwrap();
    }
    let stranger = UdpSocket::bind("127.0.0.2:0").unwrap();
    let taken = SocketAddr::new("0.0.0.0".parse().unwrap(), stranger.local_addr().unwrap().port());
    assert!(plane.listen(&[one, taken]).is_err());
    TcpStream::connect(one).unwrap();
}
