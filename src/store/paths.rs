//! Where the files are. Each mode has its own, and the key never lies beside the database (invariant I26).

use crate::domain::policy::Mode;
use std::path::PathBuf;

/// The folder that holds all data of one OS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRoot {
    /// The folder itself; it is created (0700) when something is first stored.
    pub root: PathBuf,
}

/// The three files of one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPaths {
    /// The SQLite file.
    pub database: PathBuf,
    /// The key of the MACs: 32 random bytes in hex.
    pub key: PathBuf,
    /// The last event that is known outside the database.
    pub anchor: PathBuf,
}

impl DataRoot {
    /// Data below this folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder with the databases of one mode.
    pub fn folder(&self, mode: Mode) -> PathBuf {
        self.root.join(mode.to_string())
    }

    /// The files of the ledger of one mode.
    pub fn ledger(&self, mode: Mode) -> LedgerPaths {
        LedgerPaths {
            database: self.folder(mode).join("ledger.db"),
            key: self.root.join("keys").join(format!("{mode}.key")),
            anchor: self.root.join("anchor").join(format!("{mode}.anchor")),
        }
    }

    /// The private half of the operator's key pair: one an account, whatever the mode.
    pub fn operator_key(&self) -> PathBuf {
        self.root.join("keys").join("operator.key")
    }

    /// The archive file of one mode.
    pub fn archive(&self, mode: Mode) -> PathBuf {
        self.folder(mode).join("archive.db")
    }

    /// The cache file of one mode.
    pub fn cache(&self, mode: Mode) -> PathBuf {
        self.folder(mode).join("cache.db")
    }
}
