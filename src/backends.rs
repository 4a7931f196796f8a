//! The connected systems: each module turns one vendor's wire contract into the [`Provider`](crate::ports::provider::Provider) port.
//!
//! Layers, from the wire inwards: [`wire`] carries one request, [`tls`] says whom we trust, [`bounds`] how much of an
//! answer is read, [`http`] what may be repeated and what never; and a folder each speaks its vendor's words.

pub mod accessgrid;
pub mod bounds;
pub mod cardexchange;
pub mod gallagher;
pub mod http;
mod query;
pub mod signature;
pub mod thales_d1;
pub mod tls;
pub mod wire;
