//! The anchor: the last settled place of the chain, kept outside the database, so that an old copy of the database
//! cannot pass for the present one.

use super::chain::GENESIS;
use super::key::LedgerKey;
use super::place;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seq: i64,
    pub(super) hash: String,
}

impl Mark {
    /// Before the first event.
    pub(super) fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Where the mark is kept.
#[derive(Debug)]
pub(super) enum Anchor {
    /// In a file of its own.
    File(PathBuf),
    /// In memory, for ledgers that live there.
    Memory(Mutex<Option<Mark>>),
}

impl Anchor {
    /// The mark; `None` if there never was one.
    ///
    /// # Errors
    /// If it cannot be read, or was not written with this key.
    pub(super) fn read(&self, key: &LedgerKey) -> io::Result<Option<Mark>> {
        let path = match self {
            Self::Memory(mark) => return Ok(mark.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Self::File(path) => path,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "the anchor was not written with this ledger key");
        let (body, mac) = text.trim_end().rsplit_once(' ').ok_or_else(bad)?;
        let (seq, hash) = body.split_once(' ').ok_or_else(bad)?;
        if !key.agrees(&labelled(body), mac) {
            return Err(bad());
        }
        Ok(Some(Mark { seq: seq.parse().map_err(|_| bad())?, hash: hash.to_owned() }))
    }

    /// True if a mark was ever written.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Memory(mark) => mark.lock().unwrap_or_else(PoisonError::into_inner).is_some(),
        }
    }

    /// True unless there is no mark, or one that stands before the first event. Asked only where the key is not
    /// there to prove the mark: nothing depends on such an answer but whether a first key may be made.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn says_more_than_genesis(&self) -> io::Result<bool> {
        match self {
            Self::Memory(mark) => {
                let mark = mark.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(mark.as_ref().is_some_and(|mark| *mark != Mark::genesis()))
            }
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(!text.starts_with(&format!("0 {GENESIS} "))),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(e) => Err(e),
            },
        }
    }

    /// Moves the mark.
    ///
    /// # Errors
    /// If it cannot be written; then the old mark stands.
    pub(super) fn write(&self, mark: Mark, key: &LedgerKey) -> io::Result<()> {
        match self {
            Self::Memory(kept) => *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark),
            Self::File(path) => {
                let body = format!("{} {}", mark.seq, mark.hash);
                place::replace_file(path, format!("{body} {}\n", key.mac(&labelled(&body))).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// An anchor's MAC must not be usable as an event's, so it is made over a text that no event hash can be.
fn labelled(body: &str) -> String {
    format!("anchor {body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_before_the_first_event_says_nothing_and_a_later_one_does() {
        let later = Mark { seq: 3, hash: "ab".repeat(32) };
        for (mark, says) in [(None, false), (Some(Mark::genesis()), false), (Some(later), true)] {
            let anchor = Anchor::Memory(Mutex::new(mark.clone()));
            assert_eq!(anchor.says_more_than_genesis().unwrap(), says, "{mark:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        let anchor = Anchor::File(dir.path().join("anchor"));
        assert!(!anchor.says_more_than_genesis().unwrap(), "none was ever written");
        for (text, says) in [(format!("0 {GENESIS} mac"), false), ("3 abc mac".to_owned(), true)] {
            std::fs::write(dir.path().join("anchor"), &text).unwrap();
            assert_eq!(anchor.says_more_than_genesis().unwrap(), says, "{text}");
        }
    }
}
