//! Batches of UDP packets with one system call: `recvmmsg` and `sendmmsg`. The only file of the data plane with `unsafe`.
//!
//! All that the kernel is given pointers to (headers, vectors, addresses, control data, buffers) is owned by the [`Batch`], on
//! the heap, and never moves or is freed while a call runs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{cmsghdr, in_pktinfo, in6_pktinfo, iovec, mmsghdr, msghdr, sockaddr_in, sockaddr_in6, sockaddr_storage};

/// Packets per batch.
pub const BATCH: usize = 32;
/// Longest packet taken; a query is far shorter. Longer ones are cut and so do not parse.
const PACKET: usize = 4_096;
/// Room for one control message with the address that a packet was sent to.
const CONTROL: usize = 64;

/// Packets of one batch and their replies.
pub struct Batch {
    headers: Box<[mmsghdr; BATCH]>,
    vectors: Box<[iovec; BATCH]>,
    peers: Box<[sockaddr_storage; BATCH]>,
    controls: Box<[Control; BATCH]>,
    packets: Box<[[u8; PACKET]; BATCH]>,
    replies: Box<[[u8; PACKET]; BATCH]>,
    lengths: [usize; BATCH],
    reply_lengths: [usize; BATCH],
    with_local: bool,
}

/// Control data, aligned as the kernel's structure is.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

// SAFETY: the raw pointers in the headers lead only to heap memory owned by the batch itself.
unsafe impl Send for Batch {}

impl Batch {
    /// Room for a batch. `with_local`: the sockets tell, and are told, the local address of each packet.
    pub fn new(with_local: bool) -> Self {
        // SAFETY: all-zero bytes are a valid value of these plain C structures.
        let (headers, vectors, peers) = unsafe { (zeroed_box(), zeroed_box(), zeroed_box()) };
        Self {
            headers,
            vectors,
            peers,
            controls: Box::new([Control([0; CONTROL]); BATCH]),
            packets: boxed_buffers(),
            replies: boxed_buffers(),
            lengths: [0; BATCH],
            reply_lengths: [0; BATCH],
            with_local,
        }
    }

    /// Receives what is there, without waiting; how many packets.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        for at in 0..BATCH {
            self.vectors[at] = iovec {
                iov_base: self.packets[at].as_mut_ptr().cast(),
                iov_len: PACKET,
            };
            self.prepare(at);
        }
        // SAFETY: BATCH headers, each with pointers to memory of the batch that outlives the call, lengths as allocated.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for at in 0..count {
            self.lengths[at] = (self.headers[at].msg_len as usize).min(PACKET);
            self.reply_lengths[at] = 0;
        }
        Ok(count)
    }

    /// A packet and the room for its reply.
    #[inline]
    pub fn packet(&mut self, at: usize) -> (&[u8], &mut [u8]) {
        (&self.packets[at][..self.lengths[at]], &mut self.replies[at])
    }

    /// Says how long a packet's reply is; 0 for none.
    #[inline]
    pub fn set_reply(&mut self, at: usize, length: usize) {
        self.reply_lengths[at] = length;
    }

    /// Who sent a packet.
    #[inline]
    pub fn peer(&self, at: usize) -> SocketAddr {
        from_storage(&self.peers[at])
    }

    /// The address that a packet was sent to, if the socket tells.
    pub fn local(&self, at: usize) -> Option<IpAddr> {
        let header = &self.headers[at].msg_hdr;
        (self.with_local && header.msg_controllen >= size_of::<cmsghdr>()).then_some(())?;
        // SAFETY: the kernel filled the control data of this header; CMSG_FIRSTHDR checks its length.
        let control = unsafe { libc::CMSG_FIRSTHDR(header).as_ref() }?;
        match (control.cmsg_level, control.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // SAFETY: a message of this kind carries an in_pktinfo, which any bytes are a valid value of.
                let info = unsafe { libc::CMSG_DATA(control).cast::<in_pktinfo>().read_unaligned() };
                Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr))))
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: a message of this kind carries an in6_pktinfo, which any bytes are a valid value of.
                let info = unsafe { libc::CMSG_DATA(control).cast::<in6_pktinfo>().read_unaligned() };
                Some(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)))
            }
            _ => None,
        }
    }

    /// Sends the replies of the first `count` packets, each from the address that was asked; how many could not be sent.
    pub fn send(&mut self, socket: BorrowedFd<'_>, count: usize) -> usize {
        let mut filled = 0;
        for at in 0..count {
            if self.reply_lengths[at] == 0 {
                continue;
            }
            let length = self.reply_lengths[at].min(PACKET);
            self.vectors[at] = iovec {
                iov_base: self.replies[at].as_mut_ptr().cast(),
                iov_len: length,
            };
            self.source_is_local(at);
            // A header points to its own vector, address and control data, wherever it stands in the array.
            self.headers.swap(filled, at);
            filled += 1;
        }
        let (mut sent, mut failed) = (0, 0);
        while sent < filled {
            // SAFETY: `filled - sent` headers whose pointers lead to memory of the batch that outlives the call.
            let done = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr().add(sent),
                    (filled - sent) as u32,
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(done) {
                Ok(done) if done > 0 => sent += done,
                _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                // The first of the rest cannot be sent (no buffer, no route): it is lost, the others are tried.
                _ => {
                    sent += 1;
                    failed += 1;
                }
            }
        }
        failed
    }

    /// Points header `at` to its own memory.
    fn prepare(&mut self, at: usize) {
        let control: (*mut libc::c_void, usize) = if self.with_local {
            (self.controls[at].0.as_mut_ptr().cast(), CONTROL)
        } else {
            (std::ptr::null_mut(), 0)
        };
        let header: &mut msghdr = &mut self.headers[at].msg_hdr;
        header.msg_name = (&raw mut self.peers[at]).cast();
        header.msg_namelen = size_of::<sockaddr_storage>() as u32;
        header.msg_iov = &raw mut self.vectors[at];
        header.msg_iovlen = 1;
        (header.msg_control, header.msg_controllen) = control;
        header.msg_flags = 0;
    }

    /// Turns the control data of a received packet into that of its reply: source is the address that was asked, the way
    /// out is the routing table's choice but for link-local addresses.
    fn source_is_local(&mut self, at: usize) {
        let Some(local) = self.local(at) else {
            self.headers[at].msg_hdr.msg_controllen = 0;
            return;
        };
        let address = match local {
            IpAddr::V4(address) => address,
            IpAddr::V6(address) => return self.way_out_is_free(at, address),
        };
        let header = &self.headers[at].msg_hdr;
        // SAFETY: `local` found an in_pktinfo behind the first control header; it is written back in place.
        unsafe {
            let data = libc::CMSG_DATA(libc::CMSG_FIRSTHDR(header)).cast::<in_pktinfo>();
            let mut info = data.read_unaligned();
            info.ipi_ifindex = 0;
            info.ipi_spec_dst.s_addr = u32::from(address).to_be();
            data.write_unaligned(info);
        }
    }
}

impl Batch {
    /// For IPv6 the source stands there already; only a link-local one needs the interface.
    fn way_out_is_free(&mut self, at: usize, source: Ipv6Addr) {
        if source.is_unicast_link_local() {
            return;
        }
        let header = &self.headers[at].msg_hdr;
        // SAFETY: `local` found an in6_pktinfo behind the first control header; it is written back in place.
        unsafe {
            let data = libc::CMSG_DATA(libc::CMSG_FIRSTHDR(header)).cast::<in6_pktinfo>();
            let mut info = data.read_unaligned();
            info.ipi6_ifindex = 0;
            data.write_unaligned(info);
        }
    }
}

/// Sends one packet from the given source address (None: the system's choice).
pub fn send_from(socket: BorrowedFd<'_>, packet: &[u8], peer: SocketAddr, local: Option<IpAddr>) -> io::Result<()> {
    let mut storage = to_storage(peer);
    let mut vector = iovec {
        iov_base: packet.as_ptr().cast_mut().cast(),
        iov_len: packet.len(),
    };
    let mut control = Control([0; CONTROL]);
    // SAFETY: all-zero bytes are a valid msghdr.
    let mut header: msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = (&raw mut storage).cast();
    header.msg_namelen = match peer {
        SocketAddr::V4(_) => size_of::<sockaddr_in>(),
        SocketAddr::V6(_) => size_of::<sockaddr_in6>(),
    } as u32;
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    if let Some(local) = local {
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = CONTROL;
        header.msg_controllen = write_source(&mut header, local);
    }
    // SAFETY: the header's pointers lead to locals of this function; the packet is only read.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Makes a socket tell the address that each packet was sent to.
pub fn tell_local_address(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_option(socket, (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO), 1)
    } else {
        set_option(socket, (libc::IPPROTO_IP, libc::IP_PKTINFO), 1)
    }
}

/// Makes a socket send what fits the interface in one piece, whatever somebody says of the path's MTU: a forged ICMP message
/// must not have replies fragmented (RFC 9715 3.1, as NSD, Knot and BIND do).
pub fn ignore_path_mtu(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        let option = (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER);
        set_option(socket, option, libc::IPV6_PMTUDISC_OMIT)
    } else {
        set_option(
            socket,
            (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
            libc::IP_PMTUDISC_OMIT,
        )
    }
}

fn set_option(socket: BorrowedFd<'_>, (level, option): (i32, i32), value: libc::c_int) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as u32;
    // SAFETY: the option's value is an int that outlives the call, and its length is said.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Writes the control message that sets a packet's source; gives its length.
fn write_source(header: &mut msghdr, local: IpAddr) -> usize {
    // SAFETY: the caller gave the header zeroed control data of CONTROL bytes, more than either message needs.
    unsafe {
        let Some(control) = libc::CMSG_FIRSTHDR(header).as_mut() else {
            return 0;
        };
        match local {
            IpAddr::V4(address) => {
                let mut info: in_pktinfo = std::mem::zeroed();
                info.ipi_spec_dst.s_addr = u32::from(address).to_be();
                control.cmsg_level = libc::IPPROTO_IP;
                control.cmsg_type = libc::IP_PKTINFO;
                control.cmsg_len = libc::CMSG_LEN(size_of::<in_pktinfo>() as u32) as usize;
                libc::CMSG_DATA(control).cast::<in_pktinfo>().write_unaligned(info);
                libc::CMSG_SPACE(size_of::<in_pktinfo>() as u32) as usize
            }
            IpAddr::V6(address) => {
                let mut info: in6_pktinfo = std::mem::zeroed();
                info.ipi6_addr.s6_addr = address.octets();
                control.cmsg_level = libc::IPPROTO_IPV6;
                control.cmsg_type = libc::IPV6_PKTINFO;
                control.cmsg_len = libc::CMSG_LEN(size_of::<in6_pktinfo>() as u32) as usize;
                libc::CMSG_DATA(control).cast::<in6_pktinfo>().write_unaligned(info);
                libc::CMSG_SPACE(size_of::<in6_pktinfo>() as u32) as usize
            }
        }
    }
}

fn from_storage(storage: &sockaddr_storage) -> SocketAddr {
    if i32::from(storage.ss_family) == libc::AF_INET6 {
        // SAFETY: the family says that this is a sockaddr_in6, which fits into the storage.
        let v6 = unsafe { &*(&raw const *storage).cast::<sockaddr_in6>() };
        let address = Ipv6Addr::from(v6.sin6_addr.s6_addr);
        return SocketAddrV6::new(address, u16::from_be(v6.sin6_port), v6.sin6_flowinfo, v6.sin6_scope_id).into();
    }
    // SAFETY: the sockets are of the Internet families; any bytes are a valid sockaddr_in, which fits into the storage.
    let v4 = unsafe { &*(&raw const *storage).cast::<sockaddr_in>() };
    SocketAddrV4::new(
        Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)),
        u16::from_be(v4.sin_port),
    )
    .into()
}

fn to_storage(address: SocketAddr) -> sockaddr_storage {
    // SAFETY: all-zero bytes are a valid sockaddr_storage.
    let mut storage: sockaddr_storage = unsafe { std::mem::zeroed() };
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: a sockaddr_in fits into the storage and is aligned no stricter.
            let room = unsafe { &mut *(&raw mut storage).cast::<sockaddr_in>() };
            room.sin_family = libc::AF_INET as u16;
            room.sin_port = v4.port().to_be();
            room.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
        }
        SocketAddr::V6(v6) => {
            // SAFETY: a sockaddr_in6 fits into the storage and is aligned no stricter.
            let room = unsafe { &mut *(&raw mut storage).cast::<sockaddr_in6>() };
            room.sin6_family = libc::AF_INET6 as u16;
            room.sin6_port = v6.port().to_be();
            room.sin6_addr.s6_addr = v6.ip().octets();
            room.sin6_flowinfo = v6.flowinfo();
            room.sin6_scope_id = v6.scope_id();
        }
    }
    storage
}

/// An array of C structures, all bytes zero, made on the heap.
///
/// # Safety
/// All-zero bytes must be a valid `T`.
unsafe fn zeroed_box<T>() -> Box<[T; BATCH]> {
    // SAFETY: the caller's word.
    unsafe { Box::<[T; BATCH]>::new_zeroed().assume_init() }
}

fn boxed_buffers() -> Box<[[u8; PACKET]; BATCH]> {
    // SAFETY: all-zero bytes are valid bytes.
    unsafe { Box::<[[u8; PACKET]; BATCH]>::new_zeroed().assume_init() }
}
