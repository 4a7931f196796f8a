//! What others do between two readings and nobody can see: a pass of ours goes, and one like it is there instead. Where
//! no change feed tells of it, no evidence says that it is another one (gallagher.md section 10).

use super::book::Line;
use super::truth::TruePass;
use passdesk::domain::credential::System;
use std::collections::{BTreeMap, BTreeSet};

/// Passes that others made and took away.
#[derive(Debug, Default)]
pub struct Unseen {
    /// What one act put in the place of another pass, with that.
    copies: BTreeMap<String, String>,
    /// Cards of Gallagher that others made.
    came: BTreeSet<String>,
    /// Cards of Gallagher that others took away.
    went: BTreeSet<String>,
}

impl Unseen {
    /// Others did something with a person's passes.
    pub fn note(&mut self, system: System, before: &[TruePass], after: &[TruePass]) {
        let only_in = |one: &[TruePass], other: &[TruePass]| {
            let there = |pass: &TruePass| other.iter().any(|p| p.id == pass.id && !p.gone);
            one.iter().filter(|p| !p.gone && !there(p)).map(|p| p.whole.clone()).collect::<Vec<_>>()
        };
        let (came, went) = (only_in(after, before), only_in(before, after));
        self.copies.extend(came.first().cloned().zip(went.first().cloned()));
        if system == System::Gallagher {
            self.came.extend(came);
            self.went.extend(went);
        }
    }

    /// `whole` took the place of `made` after this change was sent, and no reading can tell: there is no feed, and no
    /// number that nobody else would choose.
    pub fn took_over(&self, line: &Line, made: &str, whole: &str) -> bool {
        let Some(snapshot) = &line.snapshot else { return false };
        if snapshot.bookmark.is_some() {
            return false;
        }
        let new = snapshot.before.iter().all(|seen| seen.id.key.as_str() != whole);
        let like_it = line.purpose.marker.is_none() && new && self.came.contains(whole) && self.went.contains(made);
        like_it || self.copies.get(whole).is_some_and(|old| old == made)
    }
}
