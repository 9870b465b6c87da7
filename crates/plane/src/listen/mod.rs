//! Sockets: bytes and a client in, bytes out. No rule of DNS stands here.

pub mod bind;
mod connection;
pub mod mmsg;
mod places;
pub mod proxy;
pub mod tcp;
pub mod udp;

use std::net::SocketAddr;

/// Where packets and connections come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Address and port; port 0 becomes a free one.
    pub address: SocketAddr,
    /// Who comes in.
    pub visitors: Visitors,
}

/// Who comes in by a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitors {
    /// Clients.
    Clients,
    /// Trusted proxies alone, which say whom they speak for.
    Proxies,
}

impl Door {
    /// A door for clients.
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            visitors: Visitors::Clients,
        }
    }
}
