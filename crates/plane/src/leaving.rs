//! The last stage of a query: whether its reply may leave. What it costs and how it is accounted is in [`crate::ratelimit`].

use crate::admit::Client;
use crate::answer::{Origin, Sent, Transport, Verdict, World};
use crate::explain::Recorder;
use crate::ratelimit::{self, Class, Limit};

/// What the stages show of a query to the rate limit.
#[derive(Default)]
pub struct Shown {
    /// Hash of the name that the reply is accounted under.
    pub accounted: u64,
    /// Hash of the name above the one that was asked.
    pub above: u64,
    /// The client has shown by a cookie that it gets what is sent to its address (RFC 9018): such a one is not limited.
    pub proven: bool,
}

/// A reply on its way out.
pub struct Leaving {
    /// The reply.
    pub sent: Sent,
    /// To whom it goes.
    pub client: Client,
    /// What is known of the query.
    pub shown: Shown,
    /// Its way.
    pub transport: Transport,
}

impl Leaving {
    /// The last stage.
    #[inline]
    pub fn limit<'a>(self, world: World<'a>, buf: &mut [u8], recorder: &mut impl Recorder) -> Verdict<'a> {
        let Self { sent, .. } = self;
        let (Some(rate), Some(own)) = (&world.snapshot.rules.rate, world.own) else {
            return Verdict::Reply(sent);
        };
        if self.client.exempt || self.shown.proven {
            recorder.step("rate limit", || "this client is exempt".into());
            return Verdict::Reply(sent);
        }
        let Some(message) = buf.get_mut(..sent.len) else {
            return Verdict::Reply(sent);
        };
        let class = Class::of(message, sent.rcode);
        let ours = matches!(sent.origin, Origin::Zone | Origin::Overlay);
        let reply = ratelimit::Reply {
            client: self.client.address,
            name: match class {
                Class::Error => 0,
                Class::Answer => self.shown.accounted,
                _ if ours => self.shown.accounted,
                // Whose zone that is, is not known here; random names are mostly siblings.
                _ => self.shown.above,
            },
            class,
        };
        recorder.step("rate limit", || own.habits.limiter.describe(rate, reply, own.now_us));
        if self.transport == Transport::Tcp {
            return Verdict::Reply(sent);
        }
        match own.habits.limiter.judge(rate, reply, own.now_us) {
            Limit::Send => Verdict::Reply(sent),
            Limit::Watch => Verdict::Watched(sent),
            Limit::Drop => Verdict::Limited,
            Limit::Slip => {
                let len = ratelimit::truncate(message, reply.class);
                let truncated = sent.truncated || len < sent.len;
                Verdict::Slipped(Sent { len, truncated, ..sent })
            }
        }
    }
}
