//! One line per query, when asked for. Workers put lines into a bounded queue and go on; a thread of its own writes them, so a
//! sink that blocks costs lines and never answers.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use resolute_wire::code::rcode;
use resolute_wire::name::{self, HEADER, Name};
use resolute_wire::rtype;

use crate::answer::{Origin, Sent};
use crate::stats::{Counter, Counters};

/// Lines that wait for the sink.
const QUEUE: usize = 16_384;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `key=value`.
    Text,
    /// JSON, one object a line.
    Json,
}

/// The log.
pub struct QueryLog {
    on: AtomicBool,
    queue: Mutex<Option<Sender<Line>>>,
    counters: Arc<Counters>,
}

/// One query and its reply.
pub struct Line {
    time: SystemTime,
    client: SocketAddr,
    question: Option<(Name, u16)>,
    sent: Sent,
    took_ms: u64,
}

impl Line {
    /// From the query's packet and what was sent.
    pub fn new(packet: &[u8], client: SocketAddr, sent: Sent, took_ms: u64) -> Self {
        let question = Name::parse(packet, HEADER).ok().and_then(|(name, end)| {
            let rtype = packet.get(end..end + 2)?;
            Some((name, u16::from_be_bytes([rtype[0], rtype[1]])))
        });
        Self {
            time: SystemTime::now(),
            client,
            question,
            sent,
            took_ms,
        }
    }

    fn format(&self, format: Format, out: &mut String) {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, millis) = (since.as_secs(), since.subsec_millis());
        let time = timestamp(seconds, millis);
        // A name's text has printable ASCII only: no byte of a label can break or forge a line.
        let (qname, kind) = match &self.question {
            Some((qname, kind)) => (name::text(qname.as_wire()), rtype::text(*kind)),
            None => ("-".into(), "-".into()),
        };
        let (outcome, code) = (outcome(self.sent.origin), rcode::text(self.sent.rcode));
        let (client, took) = (self.client, self.took_ms);
        let _ = match format {
            Format::Text => writeln!(
                out,
                "{time} query client={client} name={qname} type={kind} outcome={outcome} rcode={code} time={took}ms"
            ),
            Format::Json => writeln!(
                out,
                "{{\"time\":\"{time}\",\"event\":\"query\",\"client\":\"{client}\",\"name\":\"{}\",\"type\":\"{kind}\",\
                 \"outcome\":\"{outcome}\",\"rcode\":\"{code}\",\"ms\":{took}}}",
                qname.replace('\\', "\\\\").replace('"', "\\\"")
            ),
        };
    }
}

impl QueryLog {
    /// Off.
    pub fn new(counters: Arc<Counters>) -> Self {
        Self {
            on: AtomicBool::new(false),
            queue: Mutex::new(None),
            counters,
        }
    }

    /// Whether queries are logged.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Puts a line into the queue, or counts it as lost.
    pub fn write(&self, line: Line) {
        let lost = match &*self.queue.lock() {
            Some(queue) => queue.try_send(line).is_err(),
            None => false,
        };
        if lost {
            self.counters.count_shared(Counter::LinesLost);
        }
    }

    /// Switches the log. The thread of a log that is switched off ends when its queue is empty.
    pub fn switch(&self, format: Option<Format>) -> std::io::Result<()> {
        let mut queue = self.queue.lock();
        *queue = match format {
            None => None,
            Some(format) => {
                let (sender, lines) = bounded(QUEUE);
                std::thread::Builder::new()
                    .name("query log".into())
                    .spawn(move || write_lines(&lines, format))?;
                Some(sender)
            }
        };
        self.on.store(queue.is_some(), Relaxed);
        Ok(())
    }
}

/// Writes what comes, as much at once as there is.
fn write_lines(lines: &Receiver<Line>, format: Format) {
    let mut text = String::new();
    while let Ok(first) = lines.recv() {
        text.clear();
        first.format(format, &mut text);
        for line in lines.try_iter().take(256) {
            line.format(format, &mut text);
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

fn outcome(origin: Origin) -> &'static str {
    match origin {
        Origin::Zone => "zone",
        Origin::Overlay => "overlay",
        Origin::Cache => "cache",
        Origin::Stale => "stale",
        Origin::Resolver => "resolved",
        Origin::Server => "server",
    }
}

/// RFC 3339 in UTC. The days are counted in the proleptic Gregorian calendar from 1 March of year 0.
fn timestamp(seconds: u64, millis: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(timestamp(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400, 7), "2000-02-29T00:00:00.007Z");
        assert_eq!(timestamp(1_795_228_215, 123), "2026-11-21T02:30:15.123Z");
        assert_eq!(timestamp(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
    }
}
