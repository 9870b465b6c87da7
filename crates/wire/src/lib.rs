//! Bytes ↔ names, questions, messages, EDNS and zone files. No I/O, no clock, no allocation to parse a query.
//!
//! Read in this order: [`name`] (RFC 1035 3.1), [`query`] (what a client sent), [`compose`] (what goes back),
//! [`message`] (what an upstream sent), [`reply`] (the same read whole), [`zonefile`] (RFC 1035 5).

pub mod code;
pub mod compose;
pub mod edns;
pub mod message;
pub mod name;
pub mod query;
pub mod rdata;
pub mod reply;
pub mod rtype;
pub mod tsig;
pub mod zonefile;
