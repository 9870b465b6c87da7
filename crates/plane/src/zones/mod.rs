//! Zones and overlays as immutable images, and how a question is answered from them.
//!
//! [`folder`] finds and reads zone files, [`draft`] collects and checks records, [`listing`] shows a draft to those who check
//! it. [`tree`] holds the names, [`image`] is what is published, [`edit`] makes the next image out of one. [`lookup`] finds a
//! name by RFC 1034 4.3.2, [`respond`] writes what was found into a reply; of a signed zone, [`denial`] knows its chain of NSEC
//! or NSEC3 (kept in [`order`]), and [`proofs`] writes what a validating client needs besides.
//! [`servers`] adds the zone's servers to answers that need not be minimal.

pub mod denial;
pub mod draft;
pub mod edit;
pub mod folder;
pub mod image;
pub mod listing;
pub mod lookup;
pub mod order;
pub mod proofs;
pub mod respond;
mod servers;
pub mod source;
pub mod tree;
