//! Makes the sockets of an address: UDP for every worker, TCP once.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;

use socket2::{Domain, Protocol, Socket, Type};

/// Bytes of packets that the kernel keeps for a worker that is busy.
const RECEIVE_BUFFER: usize = 4 << 20;
const BACKLOG: i32 = 1_024;
/// Ports tried for one that is free for both UDP and TCP.
const FREE_PORT_TRIES: usize = 16;

/// The sockets of one address.
pub struct Bound {
    /// With the port that port 0 became.
    pub address: SocketAddr,
    /// One for each worker.
    pub udp: Vec<UdpSocket>,
    /// For all of them.
    pub tcp: TcpListener,
}

/// Whom an address may be shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody: an address that any other socket listens on is taken. Without this check two servers would share the port
    /// silently, each with a part of the queries.
    Nobody,
    /// Sockets of ours that cover a part of it and are about to be closed: both serve until then, and nothing is lost.
    OurOwn,
}

/// Whether sockets of both addresses could get the same packet.
pub fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.is_ipv4() == b.is_ipv4() && a.port() == b.port() && same_ip
}

/// Binds an address, or fails as a whole.
pub fn bind(address: SocketAddr, workers: usize, sharing: Sharing) -> io::Result<Bound> {
    if address.port() != 0 {
        return bind_port(address, workers, sharing);
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..FREE_PORT_TRIES {
        let probe = socket(address, Type::DGRAM)?;
        probe.bind(&address.into())?;
        let port = probe.local_addr()?.as_socket().map_or(0, |bound| bound.port());
        drop(probe);
        match bind_port(SocketAddr::new(address.ip(), port), workers, sharing) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_port(address: SocketAddr, workers: usize, sharing: Sharing) -> io::Result<Bound> {
    if sharing == Sharing::Nobody {
        socket(address, Type::DGRAM)?.bind(&address.into())?;
        let probe = socket(address, Type::STREAM)?;
        probe.set_reuse_address(true)?;
        probe.bind(&address.into())?;
    }
    let tcp = socket(address, Type::STREAM)?;
    tcp.set_reuse_address(true)?;
    tcp.set_reuse_port(true)?;
    // Of the connections: they have it from here.
    tcp.set_tcp_nodelay(true)?;
    tcp.bind(&address.into())?;
    tcp.listen(BACKLOG)?;
    let udp = (0..workers.max(1)).map(|_| udp(address)).collect::<io::Result<_>>()?;
    Ok(Bound {
        address,
        udp,
        tcp: tcp.into(),
    })
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM)?;
    socket.set_reuse_port(true)?;
    // More than the system's limit is cut to it; that is no reason not to serve.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    super::mmsg::ignore_path_mtu(socket.as_fd(), address.is_ipv6())?;
    if address.ip().is_unspecified() {
        super::mmsg::tell_local_address(socket.as_fd(), address.is_ipv6())?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn socket(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::DGRAM {
        Protocol::UDP
    } else {
        Protocol::TCP
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}
