//! What the inside asks of the outside. Nothing here knows HTTP, SQL or a terminal.

pub mod archive;
pub mod cache;
pub mod clock;
pub mod ledger;
pub mod permit;
pub mod provider;
pub mod requests;
