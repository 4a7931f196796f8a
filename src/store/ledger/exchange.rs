//! What goes from one desk to another: the signed export of a ledger, and what is taken in of others.

use super::{KEY_LOST, SqliteLedger, THREAD_GONE, harden};
use crate::domain::journal::IntentRecord;
use crate::domain::operator::PublicKey;
use crate::domain::ownership::Desk;
use crate::domain::policy::Mode;
use crate::ports::ledger::{Ledger as _, LedgerError, LedgerHealth};
use crate::store::append::{Refusal, Seal};
use crate::store::export::{self, Author, Export, Header};
use crate::store::imports::{self, Gate, Received};
use crate::store::key::{KeyPlace, LedgerKey};
use crate::store::operator_key::OperatorKey;
use crate::store::{history, migrations};
use rusqlite::Connection;
use std::io::{BufRead, Write};
use std::sync::Arc;

/// Checks an export by itself: its form, chain and signature, with the key that it names.
///
/// # Errors
/// The first fault, with its line and event.
pub fn verify_export(mut input: impl BufRead) -> Result<Export, String> {
    export::read(&mut input, &mut |_| Ok(()), &mut |_| Ok(()))
}

/// Checks an export and gives the intents that it holds.
///
/// # Errors
/// As [`verify_export`].
pub fn open_export(mut input: impl BufRead) -> Result<(Export, Vec<IntentRecord>), String> {
    let mut memory = Connection::open_in_memory().map_err(|e| e.to_string())?;
    harden(&memory).map_err(|e| e.to_string())?;
    migrations::ledger(&mut memory).map_err(|e| e.to_string())?;
    imports::unpack(&mut memory, &mut input)
}

impl SqliteLedger {
    /// Writes a signed export of all events. The ledger must have been verified.
    ///
    /// # Errors
    /// [`LedgerError::Unsafe`] if it was not, or an event or `out` fails; then what was written is no export.
    pub async fn export(
        &self,
        mode: Mode,
        signer: OperatorKey,
        mut out: impl Write + Send + 'static,
    ) -> Result<Header, LedgerError> {
        self.trusted()?;
        let key = self.shared.key.clone().ok_or_else(|| LedgerError::Unsafe(KEY_LOST.into()))?;
        let console = self.shared.console_id.parse().map_err(|e| LedgerError::Unsafe(format!("{e}")))?;
        let wall = self.shared.clock.now();
        self.read(move |connection| {
            export::write(connection, &key, &Author { console, mode, key: &signer, wall }, &mut out)
        })
        .await
    }

    /// Takes in a signed export of another console, or what is new in it since the last one. `trusted` are the keys
    /// that may sign one, with the names of their desks. The ledger must have been verified.
    ///
    /// # Errors
    /// Why it is refused, with the place; or what is wrong with our own ledger. Nothing is kept then.
    pub async fn import(
        &self,
        mode: Mode,
        trusted: Vec<(Option<String>, PublicKey)>,
        operator: String,
        mut input: impl BufRead + Send + 'static,
    ) -> Result<Received, String> {
        self.trusted().map_err(|e| e.to_string())?;
        let key = self.shared.key.clone().ok_or(KEY_LOST)?;
        let shared = Arc::clone(&self.shared);
        let mono = i64::try_from(shared.clock.elapsed().as_millis()).unwrap_or(i64::MAX);
        let done = self
            .writer
            .run(move |connection| {
                let seal = Seal { key: &key, anchor: &shared.anchor, console_id: &shared.console_id, mono };
                let gate = Gate { mode, trusted: &trusted };
                imports::import(connection, &mut input, &gate, &seal, &operator, shared.clock.now())
            })
            .await
            .unwrap_or_else(|| Err(Refusal::Broken(THREAD_GONE.into())));
        done.map_err(|refusal| match refusal {
            Refusal::Rule(LedgerError::Transition(why)) | Refusal::Waited(why) => why,
            Refusal::Rule(error) => error.to_string(),
            Refusal::Broken(why) => self.broken(why).to_string(),
        })
    }

    /// Where the key of its MACs is kept.
    pub fn key_place(&self) -> KeyPlace {
        self.shared.key.as_ref().map_or(KeyPlace::Nowhere, LedgerKey::place)
    }

    /// All intents of this console, oldest first.
    ///
    /// # Errors
    /// [`LedgerError::Unsafe`] if they cannot be read.
    pub async fn all_intents(&self) -> Result<Vec<IntentRecord>, LedgerError> {
        self.read(|c| history::records(c, "ORDER BY i.purpose_seq", [])).await
    }

    /// The desks whose ledgers were imported, each with its last event.
    ///
    /// # Errors
    /// [`LedgerError::Unsafe`] if they cannot be read.
    pub async fn imported_desks(&self) -> Result<Vec<(Desk, u64)>, LedgerError> {
        self.read(|c| imports::desks(c).map(|desks| desks.into_values().collect())).await
    }

    fn trusted(&self) -> Result<(), LedgerError> {
        match self.health() {
            LedgerHealth::Verified { .. } => Ok(()),
            LedgerHealth::Verifying => Err(LedgerError::Unsafe("it is still being verified".into())),
            LedgerHealth::Broken(why) | LedgerHealth::ReadOnly(why) => Err(LedgerError::Unsafe(why)),
        }
    }
}
