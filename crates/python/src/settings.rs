//! Settings as frozen values.

use std::net::SocketAddr;

use pyo3::prelude::*;
use resolute_plane::settings as rs;
use resolute_wire::edns::MAX_NSID;
use resolute_wire::name::Name;

use crate::error;

/// What a group of clients sees.
#[pyclass(frozen, from_py_object, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct View(rs::View);

#[pymethods]
impl View {
    #[new]
    #[pyo3(signature = (name, *, clients = vec![], recursion = vec![]))]
    fn new(name: String, clients: Vec<String>, recursion: Vec<String>) -> PyResult<Self> {
        Ok(Self(rs::View {
            name,
            clients: prefixes(&clients)?,
            recursion: prefixes(&recursion)?,
        }))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }
}

/// A server that the data plane may ask by itself.
#[pyclass(frozen, from_py_object, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct Upstream(rs::Upstream);

#[pymethods]
impl Upstream {
    #[new]
    #[pyo3(signature = (address, *, timeout_ms))]
    fn new(address: &str, timeout_ms: u32) -> PyResult<Self> {
        Ok(Self(rs::Upstream {
            address: endpoint(address)?,
            timeout_ms,
        }))
    }

    #[getter]
    fn address(&self) -> String {
        self.0.address.to_string()
    }

    #[getter]
    fn timeout_ms(&self) -> u32 {
        self.0.timeout_ms
    }
}

/// Where the names below a zone are resolved.
#[pyclass(frozen, from_py_object, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct Route(rs::Route);

#[pymethods]
impl Route {
    #[new]
    #[pyo3(signature = (zone, *, source, upstreams = vec![], plain = true, unserved = false))]
    fn new(zone: &[u8], source: u32, upstreams: Vec<Upstream>, plain: bool, unserved: bool) -> PyResult<Self> {
        let zone: Name = error::name(zone)?;
        let upstreams = upstreams.into_iter().map(|upstream| upstream.0).collect();
        Ok(Self(rs::Route {
            zone: zone.lower(),
            source,
            upstreams,
            plain,
            unserved,
        }))
    }

    #[getter]
    fn zone(&self) -> &[u8] {
        self.0.zone.as_wire()
    }

    #[getter]
    fn source(&self) -> u32 {
        self.0.source
    }
}

/// How fast replies over UDP may go to one prefix.
#[pyclass(frozen, from_py_object, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct RateLimit(rs::RateLimit);

#[pymethods]
impl RateLimit {
    #[new]
    #[pyo3(signature = (
        *, rate, total, burst_ms = 2_000, slip = 2, ipv4_prefix = 24, ipv6_prefix = 56, exempt = vec![], dry_run = false
    ))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of a Python class")]
    fn new(
        rate: u32,
        total: u32,
        burst_ms: u32,
        slip: u32,
        ipv4_prefix: u8,
        ipv6_prefix: u8,
        exempt: Vec<String>,
        dry_run: bool,
    ) -> PyResult<Self> {
        if ipv4_prefix > 32 || ipv6_prefix > 128 {
            return Err(error::value("a prefix is longer than its address"));
        }
        Ok(Self(rs::RateLimit {
            rate,
            total,
            burst_ms,
            slip,
            ipv4_prefix,
            ipv6_prefix,
            exempt: prefixes(&exempt)?,
            dry_run,
        }))
    }
}

/// Everything of the data plane that can change while it runs.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct Settings(pub rs::Settings);

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (
        *, views, routes = vec![], cache_bytes = 67_108_864, min_ttl_s = 0, max_ttl_s = 86_400,
        max_negative_ttl_s = 3_600, stale_for_s = 86_400, stale_ttl_s = 30, stale_after_ms = 1_800, deadline_ms = 4_000,
        handoffs = 4_096, waiting_per_client = 100, edns_size = 1_232, tcp_clients = 1_024, tcp_per_client = 32, tcp_idle_ms = 10_000,
        tcp_first_ms = 2_000, rate_limit = None, rrset_order = "fixed", minimal = true, proxies = vec![],
        version = None, identity = None, nsid = None, cookie_secrets = vec![], cookies_required = false
    ))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of a Python class")]
    fn new(
        views: Vec<View>,
        routes: Vec<Route>,
        cache_bytes: usize,
        min_ttl_s: u32,
        max_ttl_s: u32,
        max_negative_ttl_s: u32,
        stale_for_s: u32,
        stale_ttl_s: u32,
        stale_after_ms: u32,
        deadline_ms: u32,
        handoffs: usize,
        waiting_per_client: usize,
        edns_size: u16,
        tcp_clients: usize,
        tcp_per_client: usize,
        tcp_idle_ms: u32,
        tcp_first_ms: u32,
        rate_limit: Option<RateLimit>,
        rrset_order: &str,
        minimal: bool,
        proxies: Vec<String>,
        version: Option<String>,
        identity: Option<String>,
        nsid: Option<Vec<u8>>,
        cookie_secrets: Vec<Vec<u8>>,
        cookies_required: bool,
    ) -> PyResult<Self> {
        if !(512..=4_096).contains(&edns_size) {
            return Err(error::value(format!("edns_size must be 512 to 4096, not {edns_size}")));
        }
        if nsid.as_ref().is_some_and(|nsid| nsid.len() > MAX_NSID) {
            return Err(error::value(format!("nsid must be at most {MAX_NSID} bytes")));
        }
        if views.is_empty() {
            return Err(error::value("views must have at least the default view"));
        }
        Ok(Self(rs::Settings {
            views: views.into_iter().map(|view| view.0).collect(),
            routes: routes.into_iter().map(|route| route.0).collect(),
            cache_bytes,
            min_ttl_s,
            max_ttl_s,
            max_negative_ttl_s,
            stale_for_s,
            stale_ttl_s,
            stale_after_ms,
            deadline_ms,
            handoffs,
            waiting_per_client,
            edns_size,
            tcp_clients,
            tcp_per_client,
            tcp_idle_ms,
            tcp_first_ms,
            rate_limit: rate_limit.map(|limit| limit.0),
            rrset_order: order(rrset_order)?,
            minimal,
            proxies: prefixes(&proxies)?,
            version,
            identity,
            nsid,
            cookie_secrets: cookie_secrets.into_iter().map(secret).collect::<PyResult<_>>()?,
            cookies_required,
        }))
    }
}

/// An address with a port, as text.
pub(crate) fn endpoint(text: &str) -> PyResult<SocketAddr> {
    text.parse()
        .map_err(|_| error::value(format!("{text:?} is not an address with a port, such as 192.0.2.1:53")))
}

fn secret(bytes: Vec<u8>) -> PyResult<rs::Secret> {
    let exactly = bytes.try_into().map(rs::Secret);
    exactly.map_err(|_| error::value("a secret of cookies must be 16 bytes"))
}

fn order(text: &str) -> PyResult<rs::RrsetOrder> {
    match text {
        "fixed" => Ok(rs::RrsetOrder::Fixed),
        "random" => Ok(rs::RrsetOrder::Random),
        "cyclic" => Ok(rs::RrsetOrder::Cyclic),
        other => Err(error::value(format!(
            "rrset_order must be fixed, random or cyclic, not {other:?}"
        ))),
    }
}

fn prefixes(texts: &[String]) -> PyResult<Vec<rs::Prefix>> {
    texts.iter().map(|text| text.parse().map_err(error::value)).collect()
}
