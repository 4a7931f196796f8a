//! SQLite: the ledger and the cache.
