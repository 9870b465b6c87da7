//! Sockets: bytes and a client in, bytes out. No rule of DNS stands here.

pub mod bind;
pub mod mmsg;
pub mod tcp;
pub mod udp;
