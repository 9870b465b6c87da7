//! Everything of the data plane that can change while it runs, as Python gives it.

use std::net::{IpAddr, SocketAddr};

use resolute_wire::name::Name;

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The network address; bits behind the length are zero.
    pub address: IpAddr,
    /// Bits that count.
    pub length: u8,
}

impl std::str::FromStr for Prefix {
    type Err = String;

    /// `192.0.2.0/24`, `2001:db8::/32`, or an address alone.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("{text:?} is not an address or a prefix"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(length) => length
                .parse()
                .ok()
                .filter(|&length| length <= most)
                .ok_or_else(|| format!("{text:?}: the prefix length must be 0 to {most}"))?,
        };
        let address = match address {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & mask(32, length) as u32).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & mask(128, length)).into()),
        };
        Ok(Self { address, length })
    }
}

impl Prefix {
    /// Whether an address is in it. IPv4 is never mapped into IPv6.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(v4)) => u32::from(first) == u32::from(v4) & mask(32, self.length) as u32,
            (IpAddr::V6(first), IpAddr::V6(v6)) => u128::from(first) == u128::from(v6) & mask(128, self.length),
            _ => false,
        }
    }
}

/// The mask of a prefix of `length` among `width` bits.
pub fn mask(width: u32, length: u8) -> u128 {
    let all = if width == 128 { u128::MAX } else { (1 << width) - 1 };
    if length == 0 {
        0
    } else {
        all & !((1u128 << (width - u32::from(length))) - 1)
    }
}

/// What a group of clients sees.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Its name; the empty one is the default view.
    pub name: String,
    /// Its clients. The default view takes everybody that no other view takes.
    pub clients: Vec<Prefix>,
    /// Those of them that may ask for names that are not ours.
    pub recursion: Vec<Prefix>,
}

/// A server to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is.
    pub address: SocketAddr,
    /// How long to wait for it.
    pub timeout_ms: u32,
}

/// Where the names below a zone are resolved.
#[derive(Clone, Debug)]
pub struct Route {
    /// The zone, lower case.
    pub zone: Name,
    /// Tag of the answers learnt here; part of the cache key.
    pub source: u32,
    /// In order of preference.
    pub upstreams: Vec<Upstream>,
    /// Whether the data plane may ask the first one by itself.
    pub plain: bool,
    /// The zone is ours and could not be loaded: nobody is asked.
    pub unserved: bool,
}

/// A secret of DNS cookies, never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How fast replies over UDP may go to one prefix.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Replies a second that are alike.
    pub rate: u32,
    /// All replies a second.
    pub total: u32,
    /// How far a prefix may be ahead of its rates.
    pub burst_ms: u32,
    /// Of the replies held back, every so many is sent truncated; 0: none.
    pub slip: u32,
    /// Bits of an IPv4 address that make a prefix.
    pub ipv4_prefix: u8,
    /// Bits of an IPv6 address that make a prefix.
    pub ipv6_prefix: u8,
    /// Clients that are never limited.
    pub exempt: Vec<Prefix>,
    /// Count what would be held back, and send it.
    pub dry_run: bool,
}

/// The order of the records of an RRset in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RrsetOrder {
    /// As in the zone.
    #[default]
    Fixed,
    /// At random.
    Random,
    /// Each record in turn is the first.
    Cyclic,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// At least the default view.
    pub views: Vec<View>,
    /// None: nothing is resolved for anybody without Python's word.
    pub routes: Vec<Route>,
    /// Cache bound, in bytes.
    pub cache_bytes: usize,
    /// Least TTL of a cached answer.
    pub min_ttl_s: u32,
    /// Greatest TTL of a cached answer.
    pub max_ttl_s: u32,
    /// Greatest TTL of a cached negative answer.
    pub max_negative_ttl_s: u32,
    /// How long an expired answer is kept to be served stale (RFC 8767); 0 never.
    pub stale_for_s: u32,
    /// TTL of stale answers.
    pub stale_ttl_s: u32,
    /// How long a client waits before it gets a stale answer.
    pub stale_after_ms: u32,
    /// How long a client waits at all.
    pub deadline_ms: u32,
    /// Questions in flight at once.
    pub handoffs: usize,
    /// Questions in flight at once of one client over UDP.
    pub waiting_per_client: usize,
    /// Our UDP payload size.
    pub edns_size: u16,
    /// TCP connections at once.
    pub tcp_clients: usize,
    /// TCP connections at once of one address.
    pub tcp_per_client: usize,
    /// How long a TCP connection may be silent.
    pub tcp_idle_ms: u32,
    /// How long until the first message of a TCP connection is whole.
    pub tcp_first_ms: u32,
    /// Response rate limiting; None: no limit.
    pub rate_limit: Option<RateLimit>,
    /// The order of records.
    pub rrset_order: RrsetOrder,
    /// Nothing is added to positive answers that was not asked for or is needed; else the zone's servers are.
    pub minimal: bool,
    /// Who may say, on a listener for proxies, which client it speaks for.
    pub proxies: Vec<Prefix>,
    /// version.bind, version.server.
    pub version: Option<String>,
    /// id.server, hostname.bind.
    pub identity: Option<String>,
    /// NSID, at most [`resolute_wire::edns::MAX_NSID`] bytes.
    pub nsid: Option<Vec<u8>>,
    /// Secrets of DNS cookies: the first makes them, all verify. None: no cookies.
    pub cookie_secrets: Vec<Secret>,
    /// Whether clients that know cookies need a good one over UDP.
    pub cookies_required: bool,
}

impl Settings {
    /// How long a TCP connection may be silent while so many are open: the time shrinks as they grow many (RFC 7766 6.2.3).
    pub fn tcp_idle_now_ms(&self, connections: usize) -> u64 {
        let quarters = connections * 4 / self.tcp_clients.max(1);
        u64::from(self.tcp_idle_ms) >> quarters.min(4).saturating_sub(1)
    }

    /// Whether a proxy at this address is believed.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|prefix| prefix.holds(address))
    }
}

impl Default for Settings {
    /// One view for all, in which nobody may recurse, and the bounds that the server ships with.
    fn default() -> Self {
        Self {
            views: vec![View::default()],
            routes: Vec::new(),
            cache_bytes: 64 << 20,
            min_ttl_s: 0,
            max_ttl_s: 86_400,
            max_negative_ttl_s: 3_600,
            stale_for_s: 86_400,
            stale_ttl_s: 30,
            stale_after_ms: 1_800,
            deadline_ms: 4_000,
            handoffs: 4_096,
            waiting_per_client: 100,
            edns_size: 1_232,
            tcp_clients: 1_024,
            tcp_per_client: 32,
            tcp_idle_ms: 10_000,
            tcp_first_ms: 2_000,
            rate_limit: None,
            rrset_order: RrsetOrder::Fixed,
            minimal: true,
            proxies: Vec::new(),
            version: None,
            identity: None,
            nsid: None,
            cookie_secrets: Vec::new(),
            cookies_required: false,
        }
    }
}
