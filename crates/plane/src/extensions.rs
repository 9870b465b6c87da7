//! What the EDNS options of a query ask for, and the OPT of its reply: cookie (RFC 7873 5.2), NSID (RFC 5001 2),
//! edns-tcp-keepalive (RFC 7828 3.3). What stands in that OPT has its place before the first record is written.

use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;

use resolute_wire::edns::{Edns, Keepalive, Opt};

use crate::answer::{Transport, World};
use crate::clock;
use crate::cookies::Proof;

/// How a query's options are met.
#[derive(Clone, Copy, Debug)]
pub struct Extensions<'a> {
    /// What the cookie proves.
    pub proof: Proof,
    /// For the reply; None for a client without EDNS (RFC 6891 7).
    pub opt: Option<Opt<'a>>,
    /// An option has a form that its RFC does not allow here.
    pub malformed: bool,
}

impl<'a> Extensions<'a> {
    /// Of a client at this address. Without options nothing is worked out.
    #[inline]
    pub fn of(world: World<'a>, edns: Option<Edns<'_>>, address: IpAddr, transport: Transport) -> Self {
        let rules = &world.snapshot.rules;
        let mut extensions = Self {
            proof: Proof::None,
            opt: None,
            malformed: false,
        };
        let Some(edns) = edns else { return extensions };
        let mut opt = Opt {
            udp_size: rules.settings.edns_size,
            dnssec_ok: edns.dnssec_ok,
            ..Opt::default()
        };
        if let Some(cookie) = edns.cookie
            && let Some((proof, full)) = rules.cookies.judge(cookie, address, clock::unix_seconds())
        {
            extensions.proof = proof;
            opt.cookie = Some(full);
        }
        if edns.nsid {
            opt.nsid = rules.settings.nsid.as_deref();
        }
        // RFC 7828 3.3.1: over UDP the option is ignored. 3.2.1: a client sends it empty.
        if transport == Transport::Tcp && edns.keepalive != Keepalive::Absent {
            extensions.malformed = edns.keepalive == Keepalive::Malformed;
            let connections = world.own.map_or(0, |own| own.habits.tcp_connections.load(Relaxed));
            let idle_ms = rules.settings.tcp_idle_now_ms(connections);
            opt.keepalive = Some(u16::try_from(idle_ms / 100).unwrap_or(u16::MAX));
        }
        extensions.opt = Some(opt);
        extensions
    }
}
