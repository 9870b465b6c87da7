//! Replies that say only an rcode: to what is no question, and to what may not be believed.

use resolute_wire::code::{flag, rcode};
use resolute_wire::compose::Composer;
use resolute_wire::edns::Edns;
use resolute_wire::name;
use resolute_wire::query::Refusal;
use resolute_wire::tsig::{self, Tsig};

use crate::answer::{Incoming, Origin, Room, Sent, Transport, Verdict, World};
use crate::cookies::Proof;
use crate::extensions::Extensions;

/// Largest UDP reply to a query without EDNS (RFC 1035 2.3.4).
pub const PLAIN_UDP: u16 = 512;

/// What the message itself decides.
pub fn refuse<'a>(world: World<'_>, incoming: Incoming<'_>, refusal: Refusal<'_>, room: Room<'_>) -> Verdict<'a> {
    let extensions = extensions(world, incoming, &refusal);
    Verdict::Reply(write(incoming, refusal, extensions, room))
}

/// RFC 7873 5.4: a question for a cookie alone. BADCOOKIE says that the one that came is not good; the reply has a good one.
pub fn refresh<'a>(world: World<'_>, incoming: Incoming<'_>, refusal: Refusal<'_>, room: Room<'_>) -> Verdict<'a> {
    let extensions = extensions(world, incoming, &refusal);
    let rcode = match extensions.proof {
        Proof::None => rcode::FORMERR,
        Proof::Bad => rcode::BADCOOKIE,
        Proof::ClientOnly | Proof::Good => rcode::NOERROR,
    };
    Verdict::Reply(write(incoming, Refusal { rcode, ..refusal }, extensions, room))
}

/// RFC 8945 5.2.1: nobody here has a key, so every TSIG gets BADKEY, in a TSIG without a MAC. Where there is no place for
/// that, the reply is truncated (5.3).
pub fn unverified<'a>(
    world: World<'_>,
    incoming: Incoming<'_>,
    refusal: Refusal<'_>,
    tsig: &Tsig<'_>,
    room: Room<'_>,
) -> Verdict<'a> {
    let Room { buf, known } = room;
    let most = limit(world, refusal.edns, incoming.transport).min(buf.len());
    let extensions = extensions(world, incoming, &refusal);
    let mut sent = write(incoming, refusal, extensions, Room { buf: &mut *buf, known });
    match tsig.refuse(&mut buf[..most], sent.len, tsig::BADKEY) {
        Some(len) => sent.len = len,
        None => {
            sent.truncated = true;
            if let Some(flags) = buf.get_mut(2) {
                *flags |= (flag::TC >> 8) as u8;
            }
        }
    }
    Verdict::Reply(sent)
}

/// The largest reply that the client takes (RFC 6891 6.2.5) and that we send without fragments (RFC 9715).
#[inline]
pub fn limit(world: World<'_>, edns: Option<Edns<'_>>, transport: Transport) -> usize {
    let ours = world.snapshot.rules.settings.edns_size;
    usize::from(match transport {
        Transport::Tcp => u16::MAX,
        Transport::Udp => edns.map_or(PLAIN_UDP, |edns| edns.udp_size.min(ours)),
    })
}

fn write(incoming: Incoming<'_>, refusal: Refusal<'_>, extensions: Extensions<'_>, room: Room<'_>) -> Sent {
    let end = name::HEADER + refusal.question_len;
    let question = incoming.packet.get(name::HEADER..end).unwrap_or(&[]);
    let composer = Composer::new(
        room.buf,
        room.known,
        usize::from(PLAIN_UDP),
        question,
        extensions.opt.as_ref(),
    );
    let flags = flag::QR | refusal.flags & (flag::OPCODE | flag::RD | flag::CD);
    Sent {
        len: composer.finish(refusal.id, flags, refusal.rcode, None),
        rcode: refusal.rcode,
        truncated: false,
        origin: Origin::Server,
    }
}

fn extensions<'a>(world: World<'a>, incoming: Incoming<'_>, refusal: &Refusal<'_>) -> Extensions<'a> {
    let Incoming { address, transport, .. } = incoming;
    Extensions::of(world, refusal.edns, address, transport)
}
