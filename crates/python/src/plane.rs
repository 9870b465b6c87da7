//! The `Plane` class.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use resolute_plane::answer::{self, Given, Incoming, Room, Transport, Verdict};
use resolute_plane::cache::Cached;
use resolute_plane::clock;
use resolute_plane::engine::Failed;
use resolute_plane::exchange::{Order, Purpose};
use resolute_plane::explain::{Recorder, Silent, Steps};
use resolute_plane::hash;
use resolute_plane::listen::{Door, Visitors};
use resolute_plane::querylog::Format;
use resolute_plane::snapshot::Snapshot;
use resolute_wire::code::flag;
use resolute_wire::compose::Known;
use resolute_wire::edns::{Cookie, Ede};
use resolute_wire::name::Name;

use crate::error;
use crate::settings::{Settings, endpoint};
use crate::traffic::{CacheEntry, Exchanged, Handoff, Statistics, Step, UpstreamStatistics};
use crate::zone::{OverlayImage, ZoneImage};

/// The data plane.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct Plane {
    plane: resolute_plane::plane::Plane,
    tokens: AtomicU64,
}

#[pymethods]
impl Plane {
    #[new]
    #[pyo3(signature = (settings, *, workers = 0))]
    fn new(settings: &Settings, workers: usize) -> PyResult<Self> {
        let plane = resolute_plane::plane::Plane::start(settings.0.clone(), workers)
            .map_err(|error| error::system(&error, "threads of the data plane".into()))?;
        Ok(Self {
            plane,
            tokens: AtomicU64::new(1),
        })
    }

    #[pyo3(signature = (addresses, *, proxied = vec![]))]
    fn listen(&self, py: Python<'_>, addresses: Vec<String>, proxied: Vec<String>) -> PyResult<Vec<String>> {
        self.open()?;
        let door = |text: &String, visitors| endpoint(text).map(|address| Door { address, visitors });
        let plain = addresses.iter().map(|text| door(text, Visitors::Clients));
        let proxied = proxied.iter().map(|text| door(text, Visitors::Proxies));
        let doors = plain.chain(proxied).collect::<PyResult<Vec<Door>>>()?;
        let bound = py.detach(|| self.plane.open(&doors));
        let bound = bound.map_err(|(address, error)| error::system(&error, address.to_string()))?;
        Ok(bound.iter().map(SocketAddr::to_string).collect())
    }

    fn configure(&self, py: Python<'_>, settings: &Settings) -> PyResult<()> {
        self.open()?;
        py.detach(|| self.plane.configure(settings.0.clone()));
        Ok(())
    }

    #[pyo3(signature = (put = vec![], *, drop = vec![], view = None))]
    fn publish(
        &self,
        py: Python<'_>,
        put: Vec<PyRef<'_, ZoneImage>>,
        drop: Vec<Bound<'_, PyBytes>>,
        view: Option<&str>,
    ) -> PyResult<()> {
        self.open()?;
        let put = put.iter().map(|zone| zone.image.clone()).collect();
        let drop = drop.iter().map(|wire| {
            let name = error::name(wire.as_bytes())?.lower();
            Ok((hash::of_name(name.as_wire()), name.as_wire().to_vec()))
        });
        let drop = drop.collect::<PyResult<Vec<_>>>()?;
        if py.detach(|| self.plane.publish(put, &drop, view)) {
            Ok(())
        } else {
            Err(no_view(view))
        }
    }

    #[pyo3(signature = (overlays, *, view = None))]
    fn set_overlays(&self, py: Python<'_>, overlays: Vec<PyRef<'_, OverlayImage>>, view: Option<&str>) -> PyResult<()> {
        self.open()?;
        let overlays = overlays.iter().map(|overlay| overlay.0.clone()).collect();
        if py.detach(|| self.plane.set_overlays(overlays, view)) {
            Ok(())
        } else {
            Err(no_view(view))
        }
    }

    fn zones(&self) -> Vec<(Option<String>, ZoneImage)> {
        self.plane
            .zones()
            .into_iter()
            .map(|(view, image)| (view, ZoneImage::of(image)))
            .collect()
    }

    fn fileno(&self) -> i32 {
        self.plane.engine.upward.descriptor()
    }

    #[pyo3(signature = (limit = 256))]
    fn pull(&self, limit: usize) -> (Vec<Handoff>, Vec<Exchanged>) {
        let (handoffs, exchanges) = self.plane.engine.upward.pull(limit);
        let snapshot = self.plane.engine.snapshot.load();
        let handoff = |handoff: resolute_plane::upward::Handoff| {
            let view = view_name(&snapshot, handoff.key.view);
            Handoff { handoff, view }
        };
        (
            handoffs.into_iter().map(handoff).collect(),
            exchanges.into_iter().map(Exchanged).collect(),
        )
    }

    fn answer(&self, py: Python<'_>, handoff: u64, reply: &[u8]) -> PyResult<bool> {
        self.open()?;
        py.detach(|| self.plane.desk.lock().answered(handoff, reply))
            .map_err(|_| error::value("the reply does not parse, or does not answer the question"))
    }

    #[pyo3(signature = (handoff, *, rcode, ede, text, cache_s))]
    fn fail(&self, py: Python<'_>, handoff: u64, rcode: u16, ede: u16, text: &str, cache_s: u32) -> PyResult<bool> {
        self.open()?;
        if rcode > 15 {
            return Err(error::value(format!("rcode must be 0 to 15, not {rcode}")));
        }
        let text = &text[..text.floor_char_boundary(255)];
        let failure = Failed {
            rcode,
            ede: Ede { code: ede, text },
            cache_s,
        };
        Ok(py.detach(|| self.plane.desk.lock().failed(handoff, &failure)))
    }

    #[pyo3(signature = (
        upstream, qname, qtype, qclass = 1, *, timeout_ms, dnssec_ok = false, checking_disabled = false,
        recursion_desired = true, tcp = false, edns = true, cookie = None
    ))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of a Python method")]
    fn exchange(
        &self,
        upstream: &str,
        qname: &[u8],
        qtype: u16,
        qclass: u16,
        timeout_ms: u32,
        dnssec_ok: bool,
        checking_disabled: bool,
        recursion_desired: bool,
        tcp: bool,
        edns: bool,
        cookie: Option<&[u8]>,
    ) -> PyResult<u64> {
        self.open()?;
        let cookie = cookie.unwrap_or_default();
        if !cookie.is_empty() && Cookie::new(cookie).is_none() {
            return Err(error::value("a cookie has 8 bytes, or 16 to 40 (RFC 7873 4)"));
        }
        let token = self.tokens.fetch_add(1, Relaxed);
        let flags = if recursion_desired { flag::RD } else { 0 } | if checking_disabled { flag::CD } else { 0 };
        let order = Order {
            purpose: Purpose::Python(token),
            upstream: endpoint(upstream)?,
            qname: error::name(qname)?,
            qtype,
            qclass,
            flags,
            dnssec_ok,
            timeout_ms,
            tcp,
            edns,
            cookie: cookie.to_vec(),
        };
        self.plane.exchange(order).map_err(|_| closed())?;
        Ok(token)
    }

    fn upstream_statistics(&self) -> Vec<UpstreamStatistics> {
        let all = self.plane.engine.upstreams.all().into_iter();
        all.map(|(address, measured)| UpstreamStatistics {
            address: address.to_string(),
            sent: measured.sent,
            replies: measured.replies,
            failures: measured.failures,
            rtt_us: measured.rtt_us,
        })
        .collect()
    }

    #[pyo3(signature = (qname, qtype, *, client, recursion_desired = true))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        qname: &[u8],
        qtype: u16,
        client: &str,
        recursion_desired: bool,
    ) -> PyResult<(Vec<Step>, Option<Bound<'py, PyBytes>>)> {
        let address = client_address(client)?;
        let packet = query(&error::name(qname)?, qtype, recursion_desired);
        let incoming = Incoming {
            packet: &packet,
            address,
            transport: Transport::Tcp,
        };
        let mut steps = Steps::default();
        let message = self.run(incoming, &mut steps).map(|reply| PyBytes::new(py, &reply));
        Ok((
            steps.0.into_iter().map(|(stage, text)| Step { stage, text }).collect(),
            message,
        ))
    }

    #[pyo3(signature = (packet, *, client, tcp = true))]
    fn respond<'py>(
        &self,
        py: Python<'py>,
        packet: &[u8],
        client: &str,
        tcp: bool,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let incoming = Incoming {
            packet,
            address: client_address(client)?,
            transport: if tcp { Transport::Tcp } else { Transport::Udp },
        };
        Ok(self.run(incoming, &mut Silent).map(|reply| PyBytes::new(py, &reply)))
    }

    #[pyo3(signature = (qname = None, *, subtree = true))]
    fn cache_entries(&self, py: Python<'_>, qname: Option<&[u8]>, subtree: bool) -> PyResult<Vec<CacheEntry>> {
        let at = qname.map(error::name).transpose()?;
        let (engine, now) = (&self.plane.engine, clock::seconds());
        let snapshot = engine.snapshot.load();
        Ok(py.detach(|| {
            let wanted = |entry: &resolute_plane::cache::Entry| match &at {
                None => true,
                Some(name) if subtree => resolute_wire::name::is_at_or_below(entry.qname(), name.as_wire()),
                Some(name) => entry.qname().eq_ignore_ascii_case(name.as_wire()),
            };
            let entries = engine.cache.load().entries(now).into_iter().filter(wanted);
            entries.map(|entry| describe(&entry, &snapshot, now)).collect()
        }))
    }

    #[pyo3(signature = (qname = None, *, subtree = false))]
    fn cache_flush(&self, py: Python<'_>, qname: Option<&[u8]>, subtree: bool) -> PyResult<usize> {
        let at = qname.map(error::name).transpose()?;
        Ok(py.detach(|| {
            self.plane
                .engine
                .cache
                .load()
                .flush(at.as_ref().map(|name| (name, subtree)))
        }))
    }

    fn statistics(&self) -> Statistics {
        let engine = &self.plane.engine;
        let cache = engine.cache.load();
        Statistics {
            counters: engine.stats.totals().into_iter().collect(),
            cache_entries: cache.len(),
            cache_bytes: cache.bytes(),
            waiting: engine.inflight.len(),
            tcp_connections: engine.tcp_connections.load(Relaxed),
        }
    }

    #[pyo3(signature = (format))]
    fn log_queries(&self, format: Option<&str>) -> PyResult<()> {
        let format = match format {
            None => None,
            Some("text") => Some(Format::Text),
            Some("json") => Some(Format::Json),
            Some(other) => return Err(error::value(format!("format must be text or json, not {other:?}"))),
        };
        self.plane
            .engine
            .log
            .switch(format)
            .map_err(|error| error::system(&error, "query log".into()))
    }

    #[pyo3(signature = (drain_ms = 2_000))]
    fn close(&self, py: Python<'_>, drain_ms: u64) {
        py.detach(|| self.plane.close(Duration::from_millis(drain_ms)));
    }
}

impl Plane {
    fn open(&self) -> PyResult<()> {
        if self.plane.is_closed() { Err(closed()) } else { Ok(()) }
    }

    /// Runs the stages for one packet: the reply, where the data plane knows it.
    fn run(&self, incoming: Incoming<'_>, recorder: &mut impl Recorder) -> Option<Vec<u8>> {
        let moment = self.plane.desk.lock().moment();
        let (mut buf, mut known) = (vec![0; 65_535], Known::new());
        let room = Room {
            buf: &mut buf,
            known: &mut known,
        };
        match answer::answer(moment.world(), incoming, Given::Nothing, room, recorder) {
            Verdict::Reply(sent) | Verdict::Slipped(sent) | Verdict::Watched(sent) => {
                buf.truncate(sent.len);
                Some(buf)
            }
            Verdict::Limited | Verdict::Ask(_) | Verdict::Silence => None,
        }
    }
}

fn client_address(text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| error::value(format!("{text:?} is not an address")))
}

fn describe(entry: &resolute_plane::cache::Entry, snapshot: &Snapshot, now: u32) -> CacheEntry {
    let key = entry.key();
    let mut message = entry.message().to_vec();
    entry.patch_ttls(&mut message, now, None);
    CacheEntry {
        qname: entry.qname().to_vec(),
        qtype: key.qtype,
        qclass: key.qclass,
        view: view_name(snapshot, key.view),
        source: key.source,
        dnssec_ok: key.dnssec_ok,
        checking_disabled: key.checking_disabled,
        ttl_s: entry.ttl_left(now),
        message,
    }
}

fn view_name(snapshot: &Snapshot, view: u16) -> String {
    snapshot
        .rules
        .settings
        .views
        .get(usize::from(view))
        .map_or_else(String::new, |view| view.name.clone())
}

/// A query for an explanation: class IN, no EDNS.
fn query(name: &Name, qtype: u16, recursion_desired: bool) -> Vec<u8> {
    let flags = if recursion_desired { flag::RD } else { 0 };
    let mut packet = vec![0, 0];
    packet.extend_from_slice(&flags.to_be_bytes());
    packet.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    packet.extend_from_slice(name.as_wire());
    packet.extend_from_slice(&qtype.to_be_bytes());
    packet.extend_from_slice(&[0, 1]);
    packet
}

fn closed() -> PyErr {
    error::value("the plane is closed")
}

fn no_view(view: Option<&str>) -> PyErr {
    error::value(format!("there is no view {:?}", view.unwrap_or_default()))
}
