//! SQLite: the ledger, the archive and the cache.
//!
//! The ledger is the record that everything else trusts, so it is slow and careful: full sync, hash chain, MAC and
//! an anchor outside the database. The cache can be thrown away, so it is fast and careless.

mod anchor;
mod append;
pub mod archive;
pub mod cache;
mod chain;
pub mod export;
mod fold;
mod history;
mod imports;
mod key;
mod lane;
mod lease;
pub mod ledger;
mod migrations;
mod one_person;
pub mod operator_key;
pub mod paths;
mod people;
pub mod place;
pub mod process;
mod projection;
mod search;
mod verification;
mod words;

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod one_person_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod testing;
