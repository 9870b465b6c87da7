//! Who is asking: the first stage. A client's address decides its view and whether it may recurse; the default is no.

use std::net::IpAddr;

use crate::settings::{Prefix, Settings, View, mask};

/// A client, as far as answering goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address; IPv4 is never mapped into IPv6.
    pub address: IpAddr,
    /// Index of its view.
    pub view: u16,
    /// Whether it may ask for names that are not ours.
    pub recursion: bool,
    /// Whether its replies are never limited in rate.
    pub exempt: bool,
}

impl Client {
    /// In words, for an explanation.
    pub fn describe(&self, settings: &Settings) -> String {
        let view = settings
            .views
            .get(usize::from(self.view))
            .map(|view| view.name.as_str());
        let view = view.filter(|name| !name.is_empty()).unwrap_or("default");
        let right = if self.recursion {
            "may recurse"
        } else {
            "may not recurse"
        };
        format!("client {} is in the {view} view and {right}", self.address)
    }
}

/// The addresses of both families, cut into ranges of equal treatment.
#[derive(Clone, Debug)]
pub struct Admission {
    v4: Ranges,
    v6: Ranges,
}

/// Starts of ranges, sorted, with what is granted to each.
#[derive(Clone, Debug)]
struct Ranges {
    starts: Vec<u128>,
    grants: Vec<Grant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Grant {
    view: u16,
    recursion: bool,
    exempt: bool,
}

impl Admission {
    /// Compiles the prefixes of all views, and those that are exempt from rate limiting.
    pub fn new(settings: &Settings) -> Self {
        let exempt = settings.rate_limit.as_ref().map_or(&[][..], |limit| &limit.exempt);
        Self {
            v4: Ranges::new(&settings.views, exempt, 32),
            v6: Ranges::new(&settings.views, exempt, 128),
        }
    }

    /// Who an address is.
    #[inline]
    pub fn classify(&self, address: IpAddr) -> Client {
        let address = address.to_canonical();
        let grant = match address {
            IpAddr::V4(v4) => self.v4.find(u128::from(u32::from(v4))),
            IpAddr::V6(v6) => self.v6.find(u128::from(v6)),
        };
        Client {
            address,
            view: grant.view,
            recursion: grant.recursion,
            exempt: grant.exempt,
        }
    }
}

impl Ranges {
    fn new(views: &[View], exempt: &[Prefix], width: u32) -> Self {
        let prefixes = views.iter().flat_map(|view| view.clients.iter().chain(&view.recursion));
        let prefixes = prefixes.chain(exempt);
        let mut starts = vec![0];
        for (first, last) in prefixes.filter_map(|prefix| bounds(prefix, width)) {
            starts.push(first);
            starts.extend(last.checked_add(1).filter(|&next| next <= mask(width, width as u8)));
        }
        starts.sort_unstable();
        starts.dedup();
        let grants = starts.iter().map(|&address| Grant {
            exempt: exempt.iter().any(|prefix| holds(prefix, width, address)),
            ..grant(views, width, address)
        });
        let grants = grants.collect();
        Self { starts, grants }
    }

    #[inline]
    fn find(&self, address: u128) -> Grant {
        // The first start is 0, so there always is a range.
        let at = self.starts.partition_point(|&start| start <= address).saturating_sub(1);
        self.grants.get(at).copied().unwrap_or_default()
    }
}

/// The view with the longest prefix around the address (the first of equals; the default view has length nothing), and
/// whether one of its recursion prefixes is around it.
fn grant(views: &[View], width: u32, address: u128) -> Grant {
    let longest = |prefixes: &[Prefix]| {
        prefixes
            .iter()
            .filter(|prefix| holds(prefix, width, address))
            .map(|prefix| i32::from(prefix.length))
            .max()
    };
    let mut best = (0, -1);
    for (at, view) in views.iter().enumerate() {
        if let Some(length) = longest(&view.clients).filter(|&length| length > best.1) {
            best = (at as u16, length);
        }
    }
    let recursion = views
        .get(usize::from(best.0))
        .is_some_and(|view| longest(&view.recursion).is_some());
    Grant {
        view: best.0,
        recursion,
        exempt: false,
    }
}

fn holds(prefix: &Prefix, width: u32, address: u128) -> bool {
    bounds(prefix, width).is_some_and(|(first, last)| (first..=last).contains(&address))
}

/// First and last address of a prefix of the family of this width.
fn bounds(prefix: &Prefix, width: u32) -> Option<(u128, u128)> {
    let first = match prefix.address {
        IpAddr::V4(v4) if width == 32 => u128::from(u32::from(v4)),
        IpAddr::V6(v6) if width == 128 => u128::from(v6),
        _ => return None,
    };
    Some((first, first | (mask(width, width as u8) & !mask(width, prefix.length))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, clients: &[&str], recursion: &[&str]) -> View {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        View {
            name: name.into(),
            clients: parse(clients),
            recursion: parse(recursion),
        }
    }

    #[test]
    fn longest_prefix_and_default_deny() {
        let admission = Admission::new(&Settings {
            views: vec![
                view("", &[], &["127.0.0.0/8", "::1/128", "10.0.0.0/8"]),
                view("lab", &["10.1.0.0/16", "2001:db8::/32"], &["10.1.2.0/24"]),
                view("host", &["10.1.2.3"], &[]),
            ],
            ..Settings::default()
        });
        let who = |text: &str| {
            let client = admission.classify(text.parse().unwrap());
            (client.view, client.recursion)
        };
        assert_eq!(who("127.0.0.1"), (0, true));
        assert_eq!(who("::ffff:127.0.0.1"), (0, true));
        assert_eq!(who("::1"), (0, true));
        assert_eq!(who("::2"), (0, false));
        assert_eq!(who("8.8.8.8"), (0, false));
        assert_eq!(who("10.0.255.255"), (0, true));
        assert_eq!(who("10.1.0.0"), (1, false));
        assert_eq!(who("10.1.2.4"), (1, true));
        assert_eq!(who("10.1.2.3"), (2, false));
        assert_eq!(who("10.2.0.0"), (0, true));
        assert_eq!(who("255.255.255.255"), (0, false));
        assert_eq!(who("2001:db8::5"), (1, false));
    }

    #[test]
    fn prefixes() {
        assert_eq!(
            "192.0.2.77/24".parse::<Prefix>().unwrap().address.to_string(),
            "192.0.2.0"
        );
        assert!("192.0.2.0/33".parse::<Prefix>().is_err());
        assert!("example".parse::<Prefix>().is_err());
        assert_eq!("::/0".parse::<Prefix>().unwrap().length, 0);
    }
}
