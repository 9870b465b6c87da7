//! The packet path of Resolute, without Python. The modules stand in the order of a query's life; begin with [`answer`].
//!
//! ```text
//! listen ─► admit ─► zones ─► rules ─► cache ─► forward ─► handoff ······► resolver (Python) ─► answer
//! ```
//! Workers own their sockets and share nothing that is written per query. What is published (zones, settings) is one
//! immutable [`snapshot`]; what was learnt is the [`cache`]; who waits is [`inflight`]; what Python is to decide goes
//! [`upward`]. No thread here ever waits for the interpreter.

pub mod answer;

pub mod listen;

pub mod admit;
pub mod cookies;
pub mod extensions;
pub mod zones;

pub mod leaving;
pub mod ratelimit;
pub mod turns;

pub mod cache;
pub mod chaos;
pub mod refusals;

pub mod exchange;
pub mod inflight;
pub mod upstreams;
pub mod upward;
pub mod verify;

pub mod clock;
pub mod engine;
pub mod explain;
pub mod hash;
pub mod plane;
pub mod querylog;
pub mod random;
pub mod settings;
pub mod snapshot;
pub mod stats;
pub mod suffixes;
pub mod worker;
