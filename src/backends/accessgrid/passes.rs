//! Passes as credentials: one of its own, or the two halves of a pair as one unit (contract sections 4.1 and 5).

use super::templates::{Templates, template_link};
use super::wire::{PassRow, REPLACES};
use super::{AccessGrid, KEY_CARDS, link};
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Particular};
use crate::domain::document::Document;
use crate::domain::ids::{CredentialId, HolderId, Link, VendorKey};
use crate::domain::lifecycle;
use crate::domain::text::Untrusted;
use crate::ports::provider::ProviderError;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const DELETED: &str = "deleted";

/// A pass, or the two halves of a pair, smaller id first.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    rows: Vec<PassRow>,
    /// Template or pair; `None`: a pair of a plan that does not say which.
    template: Option<String>,
}

/// Puts halves together. Two passes are halves of one issue if they carry the same tag of ours, were made in the same
/// second, and are of the two templates of one pair. A copied tag alone makes no pair.
pub fn units(rows: Vec<PassRow>, templates: &Templates) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::with_capacity(rows.len());
    for row in rows {
        let half = units.iter_mut().find(|unit| unit.is_half_of(&row, templates));
        match half {
            Some(unit) => {
                let pair = templates.pair_of(unit.rows[0].template().raw(), row.template().raw());
                unit.template = pair.map(|pair| pair.id.clone());
                unit.rows.push(row);
                unit.rows.sort_by(|a, b| a.id.cmp(&b.id));
            }
            None => units.push(Unit { template: Some(row.template().raw().to_owned()), rows: vec![row] }),
        }
    }
    units
}

impl Unit {
    /// What the vendor says about it: the pass, or both halves.
    pub fn document(&self) -> Document {
        match self.rows.as_slice() {
            [one] => Document::of(one.body()),
            halves => Document::of(&halves.iter().map(|row| row.body().clone()).collect()),
        }
    }

    fn is_half_of(&self, row: &PassRow, templates: &Templates) -> bool {
        let [one] = self.rows.as_slice() else { return false };
        let second = |row: &PassRow| row.time("created_at").map(Timestamp::as_second);
        let (a, b) = (one.template(), row.template());
        // The plan may not say which templates belong together; two different ones is then all that can be asked for.
        let pair = templates.pair_of(a.raw(), b.raw()).is_some() || (templates.blind && a != b);
        pair && one.marker().is_some()
            && one.marker() == row.marker()
            && second(one) == second(row)
            && second(row).is_some()
    }

    /// What names it for good: its id, or the ids of both halves. The pair's own id is shown by no list.
    pub fn key(&self) -> String {
        let ids: Vec<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        ids.join("/")
    }

    /// Ids of the passes in it.
    pub fn ids(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.id.as_str()).collect()
    }

    fn alive(&self) -> Vec<&PassRow> {
        self.rows.iter().filter(|row| row.state().raw() != DELETED).collect()
    }

    /// True for a pair of which neither half is gone: only the pair's own id reaches both.
    pub fn needs_unified_id(&self) -> bool {
        self.rows.len() == 2 && self.alive().len() == 2
    }

    /// When it was issued.
    pub fn created(&self) -> Option<Timestamp> {
        self.rows[0].time("created_at")
    }

    /// What it says under a wire name, or empty.
    pub fn said(&self, name: &str) -> Untrusted {
        self.lead().text(name)
    }

    /// The half that speaks for it: the one that is left, since installing one deletes the other.
    fn lead(&self) -> &PassRow {
        self.alive().first().copied().unwrap_or(&self.rows[0])
    }

    /// The vendor's word and what it means. Halves that disagree have no state that could be claimed.
    fn state(&self, now: Timestamp) -> (Untrusted, CardStatus) {
        let alive = self.alive();
        let words: Vec<Untrusted> = alive.iter().map(|row| row.state()).collect();
        match words.as_slice() {
            [] => (Untrusted::new(DELETED), CardStatus::Ended),
            [one] => (one.clone(), status(alive[0], now)),
            [one, other] if one == other => (one.clone(), status(alive[0], now)),
            several => {
                let words: Vec<&str> = several.iter().map(Untrusted::raw).collect();
                (Untrusted::new(words.join(" + ")), CardStatus::Unknown)
            }
        }
    }

    /// Where changes go. `None` in `unified`: the pair's own id is not known.
    fn link(&self, unified: Option<&str>) -> Result<Link, ProviderError> {
        let id = if self.needs_unified_id() { unified } else { Some(self.lead().id.as_str()) };
        match id.filter(|id| AccessGrid::fits_a_path(id)) {
            Some(id) => link(&format!("{KEY_CARDS}/{id}"), &[]),
            None => link(KEY_CARDS, &[]),
        }
    }
}

/// A word with the dates: there is no state for what has run out (contract C8).
fn status(row: &PassRow, now: Timestamp) -> CardStatus {
    let known = lifecycle::meaning(CredentialClass::WalletPass, row.state().raw()).unwrap_or(CardStatus::Unknown);
    let past = row.time("expiration_date").is_some_and(|until| until <= now);
    match known {
        CardStatus::Active | CardStatus::Invited | CardStatus::Inactive if past => CardStatus::Expired,
        CardStatus::Active if row.time("start_date").is_some_and(|from| from > now) => CardStatus::Pending,
        other => other,
    }
}

/// A key for an id as it stands, or for one that no path could carry: shown, and never asked for.
pub fn key_of(ids: &str) -> Option<VendorKey> {
    if ids.split('/').all(AccessGrid::fits_a_path) {
        return ids.parse().ok();
    }
    let hash = Sha256::digest(ids.as_bytes());
    let hash: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("odd.{hash}").parse().ok()
}

/// Texts that are passed on as they are, and what they are called here.
pub const SHOWN: &[(&str, Particular)] = &[
    ("full_name", Particular::FullName),
    ("employee_id", Particular::EmployeeNumber),
    ("email", Particular::Email),
    ("phone_number", Particular::Phone),
    ("title", Particular::Title),
    ("department", Particular::Department),
    ("organization_name", Particular::Organisation),
    ("location", Particular::Location),
    ("site_name", Particular::SiteName),
    ("workstation", Particular::Workstation),
    ("mail_stop", Particular::MailStop),
    ("company_address", Particular::CompanyAddress),
    ("classification", Particular::Classification),
    ("card_number", Particular::CardNumber),
    ("site_code", Particular::SiteCode),
    ("tag_id", Particular::Tag),
    ("created_at", Particular::Created),
    ("updated_at", Particular::Changed),
];

impl AccessGrid {
    /// A unit as a credential of a person. `unified`: known ids of pairs, by [`Unit::key`].
    ///
    /// # Errors
    /// If it has no id that a reference could be made of.
    pub(super) fn credential(
        &self,
        unit: &Unit,
        holder: &HolderId,
        templates: &Templates,
        unified: &HashMap<String, String>,
    ) -> Result<Credential, ProviderError> {
        let now = self.clock.now();
        let (lead, key) = (unit.lead(), unit.key());
        let (status_word, status) = unit.state(now);
        let unified = unified.get(&key).map(String::as_str);
        let type_link = match &unit.template {
            Some(id) if Self::fits_a_path(id) => template_link(id)?,
            _ => link(super::TEMPLATES, &[])?,
        };
        let odd = || super::unreadable("a pass has an id that cannot be used");
        Ok(Credential {
            id: CredentialId::new(self.profile.name.clone(), key_of(&key).ok_or_else(odd)?),
            holder: holder.clone(),
            link: unit.link(unified)?,
            lasting_id: Untrusted::new(key),
            class: CredentialClass::WalletPass,
            type_link,
            type_name: unit.template.as_ref().map(|id| templates.name(id)).unwrap_or_default(),
            number: lead.text("card_number"),
            marker: lead.marker(),
            issue_level: None,
            status,
            status_word,
            invitation: None,
            from: lead.time("start_date"),
            until: lead.time("expiration_date"),
            last_used: None,
            barred: false,
            particulars: particulars(unit),
            as_of: now,
        })
    }
}

fn particulars(unit: &Unit) -> Vec<(Particular, Untrusted)> {
    let lead = unit.lead();
    let shown = SHOWN.iter().map(|(wire, name)| (*name, lead.text(wire)));
    let mut all: Vec<(Particular, Untrusted)> = shown.filter(|(_, value)| !value.is_empty()).collect();
    for (kind, status) in lead.devices() {
        all.push((Particular::Device, kind));
        all.push((Particular::DeviceStatus, status));
    }
    let replaced = lead.note(REPLACES);
    if !replaced.is_empty() {
        all.push((Particular::Replaces, replaced));
    }
    for half in unit.rows.iter().filter(|row| unit.rows.len() == 2 && row.id != lead.id) {
        all.push((Particular::Half, Untrusted::new(format!("{} ({})", half.id, half.state().raw()))));
    }
    if lead.is_temporary() {
        all.push((Particular::Remark, Untrusted::new("temporary: a day at most")));
    }
    all
}
