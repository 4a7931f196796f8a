//! The person on the screen: her records in all systems, each read in its own time, and her credentials in one list.

use super::message::HolderView;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::document::Document;
use crate::domain::ids::{CredentialId, HolderId, TenantName};
use crate::domain::operation::Operation;
use crate::domain::ownership::{Ownership, most_needy_first};
use crate::domain::problem::Problem;
use std::time::Duration;

/// One system's record of the person shown, and how reading it goes.
#[derive(Clone, Debug)]
pub struct Record {
    /// The record.
    pub holder: Cardholder,
    /// True if read from the vendor in this run; false: as cached.
    pub live: bool,
    /// False if the vendor listed something, or may have, that could not be read.
    pub whole: bool,
    /// Since when it is being read live, on the clock that never jumps; `None`: it is not.
    pub asked: Option<Duration>,
    /// It is being read because time passed, not because somebody asked.
    pub by_itself: bool,
    /// Why the last live read failed.
    pub problem: Option<Problem>,
    /// The vendor's own events.
    pub events: Events,
    /// What its system itself said about each credential when it was last read live.
    pub documents: Vec<(CredentialId, Document)>,
}

/// What a vendor's own log said about a person.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// The rows as they came.
    pub rows: Vec<Operation>,
    /// They are being read.
    pub reading: bool,
    /// Why the last read failed.
    pub problem: Option<Problem>,
}

impl Record {
    /// A record that was not read live yet.
    pub fn cached(holder: Cardholder) -> Self {
        Self {
            holder,
            live: false,
            whole: true,
            asked: None,
            by_itself: false,
            problem: None,
            events: Events::default(),
            documents: Vec::new(),
        }
    }
}

/// Who is shown, and her credentials.
#[derive(Debug, Default)]
pub struct Shown {
    /// Her records in all systems; the first is the one that was found. Empty: nobody is shown.
    pub records: Vec<Record>,
    /// Her credentials in all of them, most needy first.
    pub cards: Vec<(Credential, Ownership)>,
    /// The credential under the cursor, by id (rule R4).
    pub cursor: Option<CredentialId>,
    /// She was opened, so her records are read live.
    pub opened: bool,
    /// What our ledger says was done to her credentials.
    pub ledger: Vec<Operation>,
}

impl Shown {
    /// The record that was found; `None`: nobody is shown.
    pub fn first(&self) -> Option<&Record> {
        self.records.first()
    }

    /// One of her records.
    pub fn record(&self, id: &HolderId) -> Option<&Record> {
        self.records.iter().find(|r| r.holder.id == *id)
    }

    /// One of her records, to change it.
    pub(super) fn record_mut(&mut self, id: &HolderId) -> Option<&mut Record> {
        self.records.iter_mut().find(|r| r.holder.id == *id)
    }

    /// The row of the cursor.
    pub fn row(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.cards.iter().position(|(c, _)| c.id == *cursor)
    }

    /// The credential under the cursor, and whose it is.
    pub fn card(&self) -> Option<&(Credential, Ownership)> {
        self.cards.get(self.row()?)
    }

    /// The record that holds the credential under the cursor: the one that every act on it is about.
    pub fn holding(&self) -> Option<&Record> {
        self.record(&self.card()?.0.holder)
    }

    /// What its system said about the credential under the cursor when it was last read.
    pub fn document(&self) -> Option<&Document> {
        let (card, _) = self.card()?;
        self.record(&card.holder)?.documents.iter().find(|(id, _)| *id == card.id).map(|(_, document)| document)
    }

    /// True while a live read of any record is under way.
    pub fn reading(&self) -> bool {
        self.records.iter().any(|r| r.asked.is_some())
    }

    /// How long the oldest live read of this tenant has been under way.
    pub(super) fn asked(&self, tenant: &TenantName) -> Option<Duration> {
        self.records.iter().filter(|r| r.holder.id.tenant == *tenant).filter_map(|r| r.asked).min()
    }

    /// Takes in what one system, or the cache, says. A live record never gives way to a cached one; the cursor keeps
    /// its credential.
    pub(super) fn absorb(&mut self, view: HolderView) {
        let row = self.row();
        let id = view.holder.id.clone();
        match self.record_mut(&id) {
            Some(known) => {
                // Also not to a newer one: a search that finds her beside her read knows less than the read did.
                if !view.live && known.live {
                    return;
                }
                if view.live {
                    known.problem = None;
                }
                (known.holder, known.live, known.whole) = (view.holder, view.live, view.whole);
                known.documents = view.documents;
            }
            None => self.records.push(Record {
                live: view.live,
                whole: view.whole,
                documents: view.documents,
                ..Record::cached(view.holder)
            }),
        }
        self.cards.retain(|(card, _)| card.holder != id && !view.cards.iter().any(|(new, _)| new.id == card.id));
        self.cards.extend(view.cards);
        most_needy_first(&mut self.cards);
        self.settle(row);
    }

    /// Forgets records that turned out to be somebody else's.
    pub(super) fn keep_only(&mut self, keep: impl Fn(&HolderId) -> bool) {
        let row = self.row();
        self.records.retain(|r| keep(&r.holder.id));
        self.cards.retain(|(card, _)| keep(&card.holder));
        self.settle(row);
    }

    /// Gives a cursor whose credential is gone the row where it stood. While its system is still being read, the
    /// credential may yet come.
    fn settle(&mut self, row: Option<usize>) {
        if self.row().is_some() {
            return;
        }
        let awaited = self.cursor.as_ref().is_some_and(|card| self.asked(&card.tenant).is_some());
        if !awaited {
            let row = row.unwrap_or(0).min(self.cards.len().saturating_sub(1));
            self.cursor = self.cards.get(row).map(|(card, _)| card.id.clone());
        }
    }
}
