//! Everybody else who writes to the tenant: the other system, operators, holders, printers; now, or just before or
//! after a certain request (contract section 11).

use super::changes::Writer;
use super::ids::{DataMode, Key, Kind};
use super::{Exchange, Tenant};
use crate::simulator::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What somebody else does. Ids are GUIDs of the data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// The printer has a go at a card in production.
    Print {
        /// Card.
        card: String,
        /// Whether it comes out well: the card is then `personalized`.
        ok: bool,
    },
    /// Somebody approves a printed card: `issued`.
    Approve {
        /// Card.
        card: String,
    },
    /// The holder blocks a card in self-service.
    HolderBlocks {
        /// Card.
        card: String,
    },
    /// The holder takes that back.
    HolderReactivates {
        /// Card.
        card: String,
    },
    /// Somebody archives a person: cards that were never activated are `withdrawn`.
    Archive {
        /// Person.
        person: String,
    },
    /// An operator changes any object in the vendor's console, as an update would.
    OperatorEdit {
        /// Word of the path, such as `cards`.
        resource: String,
        /// Object.
        id: String,
        /// Members to set.
        set: Map<String, Value>,
    },
    /// An operator deletes a card that is still `initialized` (row A21).
    OperatorDelete {
        /// Card.
        card: String,
    },
    /// Somebody deletes a person with everything that belongs to her.
    RemovePerson {
        /// Person.
        person: String,
    },
    /// The other system makes a card.
    ForeignCreate {
        /// Cardholder.
        cardholder: String,
        /// Metadata.
        #[serde(default)]
        metadata: Map<String, Value>,
    },
    /// The other system makes a card with the metadata of another one: a copy of our marker.
    ForeignCopy {
        /// Card.
        card: String,
    },
    /// The other system sets a state.
    ForeignStatus {
        /// Card.
        card: String,
        /// State.
        status: String,
    },
}

/// When it happens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moment {
    /// After the request was handled and before its answer leaves; else just before it is handled.
    pub after: bool,
    /// HTTP method of the request; left out: any.
    pub method: Option<String>,
    /// Beginning of its path; left out: any.
    pub path: Option<String>,
    /// So many such requests pass first.
    pub skip: u32,
}

/// A write by somebody else at a moment; `None`: now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interference {
    /// In which data set.
    #[serde(default = "test_mode")]
    pub mode: DataMode,
    /// What.
    #[serde(rename = "do")]
    pub what: Act,
    /// When.
    #[serde(default)]
    pub when: Option<Moment>,
}

fn test_mode() -> DataMode {
    DataMode::Test
}

impl Act {
    /// Does it, and returns the id of what was made or touched.
    ///
    /// # Errors
    /// One sentence, if it is not possible.
    pub(super) fn apply(&self, tenant: &mut Tenant, mode: DataMode, now: Timestamp) -> Result<String, String> {
        let foreign = tenant.keys.0.iter().find(|k| (k.mode, k.author) == (mode, Author::Foreign));
        let foreign_user = foreign.map_or("", |k| k.user);
        let (set, switches) = tenant.set(mode);
        set.tick(now, switches);
        let find = |kind: Kind, id: &str| -> Result<Key, String> {
            let key = set.guids.place(id, kind).filter(|key| set.exists(*key));
            key.ok_or_else(|| format!("{} has no {id}", kind.path()))
        };
        let (key, by, user) = match self {
            Self::Print { card, .. } => (find(Kind::Card, card)?, Author::Vendor, ""),
            Self::HolderBlocks { card } | Self::HolderReactivates { card } => {
                (find(Kind::Card, card)?, Author::Holder, "")
            }
            Self::Approve { card } | Self::OperatorDelete { card } => {
                (find(Kind::Card, card)?, Author::Workstation, "")
            }
            Self::Archive { person } | Self::RemovePerson { person } => {
                (find(Kind::Person, person)?, Author::Workstation, "")
            }
            Self::OperatorEdit { resource, id, .. } => {
                let kind = Kind::of_path(resource).ok_or_else(|| format!("there is no resource {resource}"))?;
                (find(kind, id)?, Author::Workstation, "ada.archer")
            }
            Self::ForeignCreate { cardholder, .. } => {
                (find(Kind::Cardholder, cardholder)?, Author::Foreign, foreign_user)
            }
            Self::ForeignCopy { card } | Self::ForeignStatus { card, .. } => {
                (find(Kind::Card, card)?, Author::Foreign, foreign_user)
            }
        };
        let state_of = |key: Key| set.card(key).map_or("", |card| card.status);
        let to = |from: &[&str], word: &'static str| {
            let state = state_of(key);
            if from.contains(&state) { Ok(Some(word)) } else { Err(format!("the card is {state}")) }
        };
        let status = match self {
            Self::Approve { .. } => to(&["personalized"], "issued")?,
            Self::HolderBlocks { .. } => to(&["activated"], "blocked")?,
            Self::HolderReactivates { .. } => to(&["blocked", "issued"], "activated")?,
            _ => None,
        };
        if let Some(status) = status {
            set.set_status(key, status, by, user, now);
        }
        let mut touched = key;
        let mut writer = Writer { set, switches, by, user, now };
        match self {
            Self::Print { ok, .. } => writer.set.print(key, *ok, now)?,
            Self::Archive { .. } => {
                let holders = writer.set.owned(key, Kind::Cardholder);
                for card in holders.into_iter().flat_map(|h| writer.set.owned(h, Kind::Card)).collect::<Vec<_>>() {
                    let state = writer.set.card(card).map_or("", |c| c.status);
                    if matches!(state, "initialized" | "in_production" | "personalized" | "issued") {
                        writer.set.set_status(card, "withdrawn", by, user, now);
                    }
                }
            }
            Self::OperatorEdit { set: members, .. } => {
                let free = super::Switches { required_on_update: false, strict_transitions: false, ..switches.clone() };
                let mut operator = Writer { set: &mut *writer.set, switches: &free, by, user, now };
                operator.update(key, members).map_err(|refusal| format!("{refusal:?}"))?;
            }
            Self::OperatorDelete { .. } => {
                if state_of_card(writer.set, key) != "initialized" {
                    return Err("only a card that is still initialized can be deleted".into());
                }
                writer.set.remove(key);
                writer.set.note(now, by, key, "deleted");
            }
            Self::RemovePerson { .. } => {
                writer.set.remove(key);
                writer.set.note(now, by, key, "deleted");
            }
            Self::ForeignCreate { metadata, .. } => {
                let metadata = Some(metadata.clone()).filter(|m| !m.is_empty());
                touched = writer.set.make_card(key, metadata, (by, user), switches, now);
            }
            Self::ForeignCopy { .. } => {
                let card = writer.set.card(key).ok_or("no such card")?.into_owned();
                touched = writer.set.make_card(card.cardholder, card.metadata, (by, user), switches, now);
            }
            Self::ForeignStatus { status, .. } => {
                let body = json!({ "status": status });
                let body = body.as_object().cloned().unwrap_or_default();
                writer.update(key, &body).map_err(|refusal| format!("{refusal:?}"))?;
            }
            Self::Approve { .. } | Self::HolderBlocks { .. } | Self::HolderReactivates { .. } => {}
        }
        Ok(writer.set.guid(touched).to_string())
    }
}

fn state_of_card(set: &super::DataSet, key: Key) -> &'static str {
    set.card(key).map_or("", |card| card.status)
}

impl Exchange {
    /// Lets happen what waits for this request. What has become impossible is forgotten.
    pub(super) fn interfere(&self, method: &str, path: &str, after: bool) {
        self.whole(|tenant, now| {
            let mut due = Vec::new();
            tenant.waiting.retain_mut(|waiting| {
                let Some(moment) = &mut waiting.when else { return false };
                let meant = moment.after == after
                    && moment.method.as_ref().is_none_or(|m| m == method)
                    && moment.path.as_ref().is_none_or(|p| path.starts_with(p.as_str()));
                if !meant {
                    return true;
                }
                if moment.skip > 0 {
                    moment.skip -= 1;
                    return true;
                }
                due.push((waiting.mode, waiting.what.clone()));
                false
            });
            for (mode, act) in due {
                let _ = act.apply(tenant, mode, now);
            }
        });
    }
}
