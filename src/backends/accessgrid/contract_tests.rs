//! The provider against the simulator, which serves the contract over real sockets. Where the vendor leaves something
//! open, both positions of the simulator's switch are tried (decision 35).

mod acts;
mod issues;
mod reading;

use super::*;
use crate::backends::http::tests::{permit, short};
use crate::domain::change::Turn;
use crate::domain::credential::{CardStatus, Particular, State, System};
use crate::domain::ids::VendorKey;
use crate::domain::journal::Seen;
use crate::domain::lifecycle::Verb;
use crate::domain::policy::{Mode, Why};
use crate::simulator::accessgrid::{
    self as grid, ANDROID_TEMPLATE, APPLE_TEMPLATE, Action, DeviceType, ForeignAct, ForeignKind, GridHandle, Moment,
    NOT_ACTIVE, TEMPLATE_PAIR,
};
use crate::simulator::{self, Author, Fault, FaultKind, SimOptions, Simulator};
use serde_json::json;
use std::time::Duration;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        "2026-06-02T08:00:00Z".parse().unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Jane Doe has one suspended pass of another system; John Roe and Sam Poe one active pass of ours each.
const JANE: &str = "emp.E10422";
const JOHN: &str = "emp.E10425";
const SAM: &str = "emp.E10427";

struct Desk {
    sim: Simulator,
    grid: GridHandle,
    provider: AccessGrid,
}

impl Desk {
    async fn open() -> Self {
        let options = SimOptions { cardholders: 600, start: Some(Fixed.now()), frozen: true, ..SimOptions::default() };
        let sim = simulator::start(options).await.unwrap();
        let provider = opened(&sim, &[APPLE_TEMPLATE, ANDROID_TEMPLATE], short());
        Self { grid: sim.grid(), provider, sim }
    }

    fn switch(&self, changes: &Value) {
        self.grid.change_switches(changes).unwrap();
    }

    async fn read(&self, key: &str) -> HolderRead {
        self.provider.person(&id_of(key)).await.unwrap()
    }

    /// The only credential of a person.
    async fn only(&self, key: &str) -> Credential {
        let mut read = self.read(key).await;
        assert_eq!(read.credentials.len(), 1, "{:?}", read.credentials);
        read.credentials.remove(0)
    }

    async fn send(&self, change: &CredentialChange) -> SendOutcome {
        let prepared = self.provider.prepare(change).unwrap();
        self.provider.send(permit(&prepared).await, &prepared).await
    }

    /// Reissues a person's newest pass with a marker.
    async fn reissue(&self, key: &str, marker: u128) -> SendOutcome {
        let read = self.read(key).await;
        let old = read.credentials.last().unwrap();
        self.send(&self.successor(&read, old, marker)).await
    }

    fn successor(&self, read: &HolderRead, old: &Credential, marker: u128) -> CredentialChange {
        let new = self.provider.successor(read, old, Some(marker_of(marker)), Fixed.now()).unwrap();
        CredentialChange { add: Some(new), ..nothing(&read.holder.id, &read.holder.link) }
    }

    fn arm(&self, method: &str, kind: FaultKind) {
        self.grid.front().faults.arm(Fault::once(method, kind)).unwrap();
    }

    /// Bodies that the vendor received by method and path, and whether they were applied.
    fn posts(&self) -> Vec<(String, bool)> {
        let requests = self.grid.front().log().view().requests;
        let posts = requests.into_iter().filter(|r| r.method == "POST");
        posts.map(|r| (r.path.split('?').next().unwrap().to_owned(), r.applied)).collect()
    }
}

fn opened(sim: &Simulator, templates: &[&str], limits: Limits) -> AccessGrid {
    let account = sim.grid().account(Author::Console).unwrap();
    let settings = Settings {
        profile: TenantProfile {
            name: "grid".parse().unwrap(),
            system: System::AccessGrid,
            mode: Mode::Sim,
            starts_unlocked: true,
            marker: true,
            sole_issuer: false,
            feed_operator: None,
        },
        origin: Origin::parse(&sim.url(System::AccessGrid)).unwrap(),
        account: account.id,
        // As somebody pastes it.
        secret: Secret::new(format!(" {}\n", account.secret)),
        template_ids: templates.iter().map(|id| (*id).to_owned()).collect(),
        desk: "desk 4".to_owned(),
        way: Way::default(),
        limits,
    };
    AccessGrid::open(settings, Arc::new(Fixed)).unwrap()
}

fn id_of(key: &str) -> HolderId {
    HolderId::new("grid".parse().unwrap(), key.parse::<VendorKey>().unwrap())
}

fn marker_of(bits: u128) -> Marker {
    Marker::from_uuid(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
}

fn nothing(holder: &HolderId, link: &Link) -> CredentialChange {
    CredentialChange {
        holder: holder.clone(),
        holder_link: link.clone(),
        add: None,
        remove: None,
        turn: None,
        why: Why::NewPhone,
        note: String::new(),
        marker: None,
    }
}

fn turn(card: &Credential, verb: Verb, to: &str) -> CredentialChange {
    let from = card.status_word.raw().to_owned();
    let turn = Turn { object: Seen::of(card), verb, from, to: to.to_owned() };
    CredentialChange { turn: Some(turn), ..nothing(&card.holder, &"/v1/key-cards".parse().unwrap()) }
}

fn applied(outcome: SendOutcome) -> Answered {
    match outcome {
        SendOutcome::Applied { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

fn rejected(outcome: SendOutcome) -> ProviderError {
    match outcome {
        SendOutcome::Rejected(error) => error,
        other => panic!("{other:?}"),
    }
}

fn unknown(outcome: &SendOutcome) {
    assert!(matches!(outcome, SendOutcome::Unknown(_)), "{outcome:?}");
}
