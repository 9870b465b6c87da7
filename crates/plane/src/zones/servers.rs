//! What an answer that need not be minimal carries besides: the zone's servers and their addresses (RFC 1034 4.3.2 step 6),
//! so far as they fit. They never make a reply truncated, because nobody asked for them.

use resolute_wire::compose::{Composer, Owner, Rrset, Section};
use resolute_wire::rdata;
use resolute_wire::rtype;

use super::image::Image;
use super::proofs::Prover;
use super::respond::{MAX_ADDITIONAL, add_address};

/// The servers of a zone.
#[derive(Clone, Copy)]
pub(super) struct Servers<'z> {
    zone: &'z Image,
    ns: Rrset<'z>,
}

impl<'z> Servers<'z> {
    /// Writes the apex's NS RRset with its signatures, all or nothing; None when there is nothing to add addresses to. RFC
    /// 2181 5: it is not there twice when it is the answer.
    pub(super) fn write(
        zone: &'z Image,
        answer: Rrset<'_>,
        prover: &Prover<'_>,
        composer: &mut Composer<'_>,
    ) -> Option<Self> {
        if answer.rtype == rtype::NS {
            return None;
        }
        let apex = zone.node(zone.wire())?;
        let ns = apex.get(rtype::NS)?;
        let (start, owner) = (composer.mark(), Owner::Name(zone.wire()));
        let fits = composer.rrset(Section::Authority, owner, ns)
            && prover.sign(Section::Authority, owner, apex, rtype::NS, composer);
        if !fits {
            composer.back_to(start);
        }
        fits.then_some(Self { zone, ns })
    }

    /// Writes the addresses of those servers whose addresses the reply does not have yet: `name` is the one that was asked.
    pub(super) fn write_addresses(
        self,
        name: &[u8],
        answer: Rrset<'_>,
        prover: &Prover<'_>,
        composer: &mut Composer<'_>,
    ) {
        let there = |server: &[u8]| {
            let mut targets = answer.iter().take(MAX_ADDITIONAL);
            server.eq_ignore_ascii_case(name)
                || targets.any(|(_, data)| {
                    rdata::target(answer.rtype, data).is_some_and(|target| target.eq_ignore_ascii_case(server))
                })
        };
        for (_, server) in self.ns.iter().take(MAX_ADDITIONAL).filter(|(_, server)| !there(server)) {
            add_address(self.zone, server, prover, composer);
        }
    }
}
