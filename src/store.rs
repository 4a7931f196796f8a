//! SQLite: the ledger and the cache.
//!
//! The ledger is the record that everything else trusts, so it is slow and careful: full sync, hash chain, MAC and
//! an anchor outside the database. The cache can be thrown away, so it is fast and careless.

mod anchor;
mod append;
mod chain;
mod history;
mod key;
mod lane;
mod lease;
pub mod ledger;
mod migrations;
pub mod paths;
pub mod place;
pub mod process;
mod projection;
mod verification;

#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod testing;
