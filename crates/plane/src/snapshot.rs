//! What the packet path sees: one immutable value, replaced whole. A query reads one snapshot from its first stage to its
//! last, so it never meets a mixture of old and new.

use std::sync::Arc;

use resolute_wire::code::ede;
use resolute_wire::edns::Ede;
use resolute_wire::name::{self, Name};

use crate::admit::Admission;
use crate::cookies::Cookies;
use crate::hash;
use crate::ratelimit::Rate;
use crate::settings::{Settings, Upstream};
use crate::suffixes::{Apex, SuffixTable};
use crate::zones::image::{Image, Overlay};

/// All that has been published.
#[derive(Clone)]
pub struct Snapshot {
    /// Settings and what is compiled from them.
    pub rules: Arc<Rules>,
    /// Zones and overlays for every view.
    pub shared: Data,
    /// Zones and overlays of single views, in the order of the settings' views.
    pub views: Vec<Data>,
}

/// The settings, compiled.
pub struct Rules {
    /// As given.
    pub settings: Settings,
    /// Client to view and rights.
    pub admission: Admission,
    /// How fast replies may go; None: no limit.
    pub rate: Option<Rate>,
    /// Whether a route is that of a zone of ours that could not be loaded.
    pub has_unserved: bool,
    /// Name to route.
    pub routes: SuffixTable<Route>,
    /// Whether anybody may ask for names that are not ours.
    pub recursive: bool,
    /// Makes and verifies cookies.
    pub cookies: Cookies,
}

/// Zones and overlays.
#[derive(Clone, Default)]
pub struct Data {
    /// The first has precedence.
    pub overlays: Vec<Arc<Overlay>>,
    /// Authoritative zones.
    pub zones: SuffixTable<Image>,
}

/// A compiled route.
pub struct Route {
    /// The zone.
    pub zone: Name,
    /// Tag of its answers.
    pub source: u32,
    /// In order of preference.
    pub upstreams: Vec<Upstream>,
    /// Whether the data plane may ask the first by itself.
    pub plain: bool,
    /// The zone is ours and could not be loaded: nobody is asked.
    pub unserved: bool,
    hash: u64,
    labels: usize,
}

impl Route {
    /// Of our own zone that could not be loaded: what the client is told (RFC 8914 4.25).
    pub const UNSERVED: Ede<'static> = Ede {
        code: ede::INVALID_DATA,
        text: "the zone could not be loaded",
    };

    /// In words, for an explanation.
    pub fn describe(&self) -> String {
        let Self { zone, source, .. } = self;
        match self.upstreams.first().filter(|_| self.plain) {
            Some(upstream) => format!("route {zone} (source {source}): asks {} first", upstream.address),
            None => format!("route {zone} (source {source}): handed to the resolver"),
        }
    }
}

impl Apex for Route {
    fn apex(&self) -> &[u8] {
        self.zone.as_wire()
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn labels(&self) -> usize {
        self.labels
    }
}

impl Rules {
    /// Compiles settings.
    pub fn new(settings: Settings) -> Self {
        let mut routes = SuffixTable::default();
        routes.put(settings.routes.iter().map(|route| {
            let zone = route.zone.lower();
            let (hash, labels) = (hash::of_name(zone.as_wire()), name::suffixes(zone.as_wire()).count());
            Arc::new(Route {
                zone,
                source: route.source,
                upstreams: route.upstreams.clone(),
                plain: route.plain,
                unserved: route.unserved,
                hash,
                labels,
            })
        }));
        Self {
            admission: Admission::new(&settings),
            recursive: settings.views.iter().any(|view| !view.recursion.is_empty()),
            cookies: Cookies::new(&settings.cookie_secrets),
            rate: settings.rate_limit.as_ref().map(Rate::new),
            has_unserved: settings.routes.iter().any(|route| route.unserved),
            routes,
            settings,
        }
    }
}

impl Snapshot {
    /// Nothing published yet.
    pub fn new(settings: Settings) -> Self {
        let views = vec![Data::default(); settings.views.len()];
        Self {
            rules: Arc::new(Rules::new(settings)),
            shared: Data::default(),
            views,
        }
    }

    /// The same data under other settings; a view keeps its data by its name.
    pub fn with_settings(&self, settings: Settings) -> Self {
        let old = &self.rules.settings.views;
        let views = settings.views.iter().map(|view| {
            let known = old
                .iter()
                .position(|other| other.name == view.name)
                .and_then(|at| self.views.get(at));
            known.cloned().unwrap_or_default()
        });
        Self {
            views: views.collect(),
            shared: self.shared.clone(),
            rules: Arc::new(Rules::new(settings)),
        }
    }

    /// The overlays that a view sees, its own first.
    #[inline]
    pub fn overlays(&self, view: u16) -> impl Iterator<Item = &Overlay> {
        let own = self.views.get(usize::from(view)).map_or(&[][..], |data| &data.overlays);
        own.iter().chain(&self.shared.overlays).map(|overlay| &**overlay)
    }

    /// The zone that a name is in for a view: the longest apex, the view's own zone before a shared one.
    #[inline]
    pub fn zone(&self, view: u16, path: &hash::Path<'_>, most: usize) -> Option<&Image> {
        let own = self.views.get(usize::from(view)).filter(|data| !data.zones.is_empty());
        let own = own.and_then(|data| data.zones.find(path, most));
        let shared = self.shared.zones.find(path, most);
        match (own, shared) {
            (Some(own), Some(shared)) if shared.labels > own.labels => Some(shared),
            (Some(own), _) => Some(own),
            (None, shared) => shared.map(|zone| &**zone),
        }
    }
}
