//! Zones and overlays as immutable images, and how a question is answered from them.
//!
//! [`draft`] collects and checks records, [`tree`] holds the names, [`image`] is what is published, [`lookup`] finds a name
//! by RFC 1034 4.3.2, [`respond`] writes what was found into a reply. [`listing`] shows a draft to those who check it.

pub mod draft;
pub mod image;
pub mod listing;
pub mod lookup;
pub mod respond;
pub mod source;
pub mod tree;
