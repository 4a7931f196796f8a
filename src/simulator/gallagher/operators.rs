//! Who can write to the simulated site: operators, REST clients and their keys (contract sections 1 and 10).

use crate::simulator::Author;
use crate::simulator::population::spread;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// An operator: an item, and a cardholder with privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Item id.
    pub id: u32,
    /// Name.
    pub name: &'static str,
}

impl Operator {
    /// The console's own, dedicated operator.
    pub const CONSOLE: Self = Self { id: 410, name: "Helpdesk console service" };
    /// The other system's.
    pub const FOREIGN: Self = Self { id: 411, name: "Visitor system service" };
    /// Somebody at a workstation.
    pub const WORKSTATION: Self = Self { id: 412, name: "Ada Archer" };
    /// The server itself.
    pub const SERVER: Self = Self { id: 413, name: "System operator" };

    /// Bulk import.
    pub const IMPORT: Self = Self { id: 414, name: "Bulk import" };
    /// The directory whose people are copied.
    pub const DIRECTORY: Self = Self { id: 415, name: "Directory sync service" };
    /// The kiosk at reception.
    pub const KIOSK: Self = Self { id: 416, name: "Reception kiosk" };

    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::CONSOLE, Self::FOREIGN, Self::WORKSTATION, Self::SERVER, Self::IMPORT, Self::DIRECTORY, Self::KIOSK];
}

/// What an event names as its source (contract section 9): the REST client item, or a workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Item id.
    pub id: u32,
    /// Name.
    pub name: &'static str,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self { id: 9001, name: "passdesk" },
        Self { id: 9002, name: "Visitor system" },
        Self { id: 300, name: "FRONTDESK-1" },
        Self { id: 301, name: "Command Centre server" },
        Self { id: 9003, name: "Directory sync" },
        Self { id: 302, name: "KIOSK-1" },
        Self { id: 9004, name: "passdesk, second desk" },
    ];

    /// Where somebody's acts come from.
    pub fn of(by: Author) -> Self {
        match by {
            Author::Console => Self::ALL[0],
            Author::Foreign => Self::ALL[1],
            Author::Workstation => Self::ALL[2],
            Author::Import | Author::Holder | Author::Vendor => Self::ALL[3],
        }
    }
}

/// In whose name and from where somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who it is: the judge's view.
    pub author: Author,
    /// The operator that feed and events name.
    pub operator: Operator,
    /// Where events say that it came from.
    pub source: Source,
}

/// A licence that a part of the API needs (contract section 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Licence {
    /// People, cards, card types, personal data, access groups.
    #[serde(rename = "RESTCardholders")]
    Cardholders,
    /// Events.
    #[serde(rename = "RESTEvents")]
    Events,
    /// Doors and zones: nothing of it is played, but any licence gives items and divisions.
    #[serde(rename = "RESTStatus")]
    Status,
}

impl Licence {
    /// The licence that a path below `/api` needs; `None`: any will do.
    pub fn of(path: &str) -> Option<Self> {
        let feature = path.trim_start_matches("/api").trim_start_matches('/').split('/').next().unwrap_or_default();
        match feature {
            "cardholders" | "card_types" | "personal_data_fields" | "access_groups" => Some(Self::Cardholders),
            "events" => Some(Self::Events),
            _ => None,
        }
    }
}

/// A REST client item: one key, one operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Item id.
    pub id: u32,
    /// Name.
    pub name: &'static str,
    /// Whose acts these are.
    pub author: Author,
    /// API key: 8 groups of 4 hex digits.
    #[serde(skip)]
    pub key: String,
    /// SHA-1 of the certificate that it must show, 40 hex digits; empty: none is registered.
    pub thumbprint: String,
    /// Addresses that it may call from; empty: all (contract section 1, IP filter).
    pub only_from: Vec<IpAddr>,
    /// What the site has a licence for, as far as this client is concerned (contract section 12).
    pub licences: BTreeSet<Licence>,
    /// Personal data fields that its operator has no access to.
    pub hidden_fields: BTreeSet<u16>,
    /// Whether its operator sees where invitations went (contract section 5.4).
    pub sees_contacts: bool,
    /// Privilege "Override Card Status": only with it a badge that its holder suspended can be activated.
    pub may_override: bool,
    /// A disabled client gets 401 with `X-Authentication-Message`.
    pub disabled: bool,
    /// False: reads only, writes get 403.
    pub may_edit: bool,
    /// False: people and cards are hidden, lists are empty and hrefs 404.
    pub may_view: bool,
    /// What it last said about itself.
    pub status_text: String,
    /// Whether it last said that it has a fault.
    pub has_fault: bool,
}

/// All REST clients.
#[derive(Clone, Debug)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// The console's and the foreign system's, with keys made from the seed.
    pub fn new(seed: u64) -> Self {
        let client = |source: Source, author, purpose: u64| Client {
            id: source.id,
            name: source.name,
            author,
            key: make_key(seed, purpose),
            thumbprint: String::new(),
            only_from: Vec::new(),
            licences: BTreeSet::from([Licence::Cardholders, Licence::Events]),
            hidden_fields: BTreeSet::new(),
            sees_contacts: true,
            may_override: true,
            disabled: false,
            may_edit: true,
            may_view: true,
            status_text: String::new(),
            has_fault: false,
        };
        Self(vec![client(Source::ALL[0], Author::Console, 1), client(Source::ALL[1], Author::Foreign, 2)])
    }

    /// The client that a key belongs to.
    pub fn with_key(&self, key: &str) -> Option<&Client> {
        self.0.iter().find(|c| c.key == key)
    }

    /// The client with an item id.
    pub fn with_id(&mut self, id: u32) -> Option<&mut Client> {
        self.0.iter_mut().find(|c| c.id == id)
    }

    /// All of them must show this certificate from now on.
    pub fn register(&mut self, thumbprint: &str) {
        for client in &mut self.0 {
            thumbprint.clone_into(&mut client.thumbprint);
        }
    }

    /// The console's key, or the foreign one.
    pub fn key_of(&self, author: Author) -> String {
        self.0.iter().find(|c| c.author == author).map(|c| c.key.clone()).unwrap_or_default()
    }
}

fn make_key(seed: u64, purpose: u64) -> String {
    let words = [spread(seed ^ spread(purpose)), spread(seed ^ spread(purpose + 100))];
    let groups = words.iter().flat_map(|w| (0..4).map(move |g| format!("{:04X}", (w >> (16 * g)) & 0xffff)));
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_the_vendors_and_differ() {
        let clients = Clients::new(1);
        let (ours, theirs) = (clients.key_of(Author::Console), clients.key_of(Author::Foreign));
        assert_ne!(ours, theirs);
        assert_eq!(ours.split('-').filter(|g| g.len() == 4).count(), 8);
        assert_ne!(ours, Clients::new(2).key_of(Author::Console));
    }
}
