//! What the tests of the store share.

use super::imports::Received;
use super::ledger::{SqliteLedger, verify_export};
use super::operator_key::OperatorKey;
use super::paths::{DataRoot, LedgerPaths};
use crate::domain::credential::CredentialClass;
use crate::domain::ids::{IntentId, SagaId};
use crate::domain::journal::{
    Act, Binding, EventDraft, IntentState, Payload, ProcessMark, Proof, Purpose, Remark, Seen, Snapshot,
};
use crate::domain::policy::{Mode, ReissueMode, Why};
use crate::ports::clock::Clock;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where a desk below `root` has its key pair.
pub(super) fn key_file(root: &Path) -> std::path::PathBuf {
    DataRoot::new(root).operator_key()
}

/// What a ledger writes for others.
pub(super) async fn export(ledger: &SqliteLedger, root: &Path) -> String {
    let file = root.join("export.jsonl");
    let (signer, _) = OperatorKey::init(&key_file(root)).unwrap();
    ledger.export(Mode::Sim, signer, std::fs::File::create(&file).unwrap()).await.unwrap();
    std::fs::read_to_string(file).unwrap()
}

/// Takes in an export whose key is trusted, from the desk of Lee.
pub(super) async fn import(ledger: &SqliteLedger, text: &str) -> Result<Received, String> {
    let key = verify_export(text.as_bytes())?.header.key;
    let input = std::io::Cursor::new(text.as_bytes().to_vec());
    ledger.import(Mode::Sim, vec![(Some("lee".into()), key)], "kim".into(), input).await
}

/// A clock that stands still.
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(7)
    }
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(Still)
}

pub(super) fn paths(root: &Path) -> LedgerPaths {
    DataRoot::new(root).ledger(Mode::Sim)
}

/// Waits until the ledger's threads have closed the file: a WAL left behind holds events that the file lacks.
pub(super) fn closed(root: &Path) {
    let mut wal = paths(root).database.into_os_string();
    wal.push("-wal");
    for _ in 0..20_000 {
        // Two connections that close at the same moment both leave the WAL to the other; one more takes it in.
        let raw = rusqlite::Connection::open(paths(root).database).unwrap();
        raw.query_row("SELECT count(*) FROM events", [], |_| Ok(())).unwrap();
        drop(raw);
        if !Path::new(&wal).exists() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("still open");
}

pub(super) fn open(root: &Path) -> SqliteLedger {
    SqliteLedger::open(&paths(root), clock()).unwrap()
}

pub(super) fn mark(pid: u32) -> ProcessMark {
    ProcessMark { pid, boot: "b".into(), started: 1 }
}

pub(super) fn intent(n: u128) -> IntentId {
    IntentId(uuid::Uuid::from_u128(n))
}

pub(super) fn seen(id: &str) -> Seen {
    Seen {
        id: id.parse().unwrap(),
        link: "/api/cardholders/1/cards/1".parse().unwrap(),
        lasting_id: String::new(),
        type_link: "/api/card_types/5".parse().unwrap(),
        class: CredentialClass::Mobile,
        marker: None,
        contact_hash: String::new(),
        fingerprint: "f".into(),
    }
}

/// What an intent on one person is for; the saga is the number of the person.
pub(super) fn purpose(person: u128, act: Act) -> Purpose {
    Purpose {
        saga: SagaId(uuid::Uuid::from_u128(person)),
        mode: ReissueMode::AfterAccept,
        act,
        holder: format!("gall:{person}").parse().unwrap(),
        holder_link: format!("/api/cardholders/{person}").parse().unwrap(),
        type_link: "/api/card_types/5".parse().unwrap(),
        class: CredentialClass::Mobile,
        marker: None,
        old: Some(seen(&format!("gall:{person}/old"))),
        target: None,
        prints: false,
        why: Why::Lost,
        ticket: "INC-1".into(),
        note: "desk".into(),
        owner: mark(1),
    }
}

/// The draft that moves `intent` to `state`, with a payload that fits.
pub(super) fn draft(id: IntentId, purpose: &Purpose, state: IntentState, attempt: u16) -> EventDraft {
    let payload = match state {
        IntentState::Intent => Payload::Purpose(Box::new(purpose.clone())),
        IntentState::Snapshotted => Payload::Snapshot(Box::new(Snapshot {
            before: purpose.old.clone().into_iter().collect(),
            bookmark: None,
            request: "00".into(),
            expect_contact: String::new(),
        })),
        IntentState::Applied | IntentState::Bound | IntentState::Done => Payload::Binding(Box::new(Binding {
            object: Some(seen(&format!("{}/new", purpose.holder))),
            proofs: vec![Proof::Marker],
            ..Binding::default()
        })),
        _ => Payload::Remark(Remark { text: "said".into(), status: None, candidates: vec![] }),
    };
    EventDraft {
        intent: id,
        state,
        attempt,
        payload,
        operator: "kim".into(),
        wall: Still.now(),
        server_date: (state == IntentState::Applied).then(|| Still.now()),
    }
}

/// The events of an intent that goes through to its end.
pub(super) fn whole(id: IntentId, purpose: &Purpose) -> Vec<EventDraft> {
    use IntentState as S;
    [S::Intent, S::Snapshotted, S::Sending, S::Applied, S::Bound, S::Done]
        .into_iter()
        .map(|state| draft(id, purpose, state, 1))
        .collect()
}
