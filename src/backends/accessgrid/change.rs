//! A change as the one request that it becomes: an issue (contract section 4.2) or an action (section 5).

use super::people::person_key;
use super::wire::{CONSOLE_OP, CONSOLE_REF, FIRST_PASS, REPLACES};
use super::{AccessGrid, KEY_CARDS, link};
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange, Turn};
use crate::domain::credential::{Credential, CredentialClass, Particular};
use crate::domain::ids::{Link, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::lifecycle::{self, Verb};
use crate::domain::text::Untrusted;
use crate::ports::provider::{ProviderError, ProviderErrorKind};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// What a new pass takes over from the old one. Not its number: the new one gets its own.
const TAKEN_OVER: &[(Particular, &str)] = &[
    (Particular::FullName, "full_name"),
    (Particular::EmployeeNumber, "employee_id"),
    (Particular::Title, "title"),
    (Particular::Department, "department"),
    (Particular::Organisation, "organization_name"),
    (Particular::Location, "location"),
    (Particular::SiteName, "site_name"),
    (Particular::Workstation, "workstation"),
    (Particular::MailStop, "mail_stop"),
    (Particular::CompanyAddress, "company_address"),
    (Particular::Classification, "classification"),
];

fn invalid(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Invalid, why)
}

/// A pass like an old one. Its end date is the old one's; if that has passed, the new one is valid for as long as the
/// old one was.
///
/// # Errors
/// If it is not known from which template, or for whom.
pub fn successor(old: &Credential, marker: Option<Marker>, now: Timestamp) -> Result<NewCredential, ProviderError> {
    if old.type_link.as_str() == super::TEMPLATES {
        return Err(invalid(
            "the plan does not say from which pair of templates it came; issue it in the vendor's console",
        ));
    }
    let particular = |name| old.particular(name).cloned().unwrap_or_default();
    if particular(Particular::FullName).is_empty() {
        return Err(invalid("the old pass shows no name, and a pass cannot be issued without one"));
    }
    let began = old.from.or_else(|| particular(Particular::Created).raw().parse().ok());
    let again = |until: Timestamp| {
        let span = began.map_or(SignedDuration::from_hours(24), |from| until.duration_since(from));
        now.checked_add(span.max(SignedDuration::from_hours(24))).ok()
    };
    let until = old.until.and_then(|until| if until > now { Some(until) } else { again(until) });
    let taken = TAKEN_OVER.iter().map(|(name, _)| (*name, particular(*name)));
    let replaces = old.lasting_id.raw().split('/').next().and_then(|id| id.parse::<VendorKey>().ok());
    Ok(NewCredential {
        type_link: old.type_link.clone(),
        marker,
        number: None,
        email: particular(Particular::Email),
        phone: particular(Particular::Phone),
        single_factor: false,
        until,
        particulars: taken.filter(|(_, value)| !value.is_empty()).collect(),
        replaces,
    })
}

/// The exact request. The same change always gives the same bytes: they are hashed into the journal before they go,
/// and signed as they are.
///
/// # Errors
/// If the vendor has no such call, or the state forbids it.
pub fn prepare(change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
    match (&change.add, &change.remove, &change.turn) {
        (Some(new), None, None) => issue(change, new),
        (None, Some(old), None) if old.id.tenant == change.holder.tenant => action(&old.link, "delete"),
        (None, None, Some(turn)) if turn.object.id.tenant == change.holder.tenant => {
            action(&turn.object.link, word_of(turn)?)
        }
        (Some(_), Some(_), None) => Err(invalid("a pass cannot be issued and another one ended in one call")),
        _ => Err(invalid("the change is none that a pass can have")),
    }
}

fn word_of(turn: &Turn) -> Result<&'static str, ProviderError> {
    let known = |word: &str| lifecycle::meaning(CredentialClass::WalletPass, word).is_some();
    if !known(&turn.from) {
        return Err(invalid("its state is a word that this version does not know: it is only shown"));
    }
    match (turn.verb, turn.to.as_str()) {
        // The vendor's own texts contradict each other here (contract C1).
        (_, "active") if turn.from == "unlink" => Err(invalid("an unlinked pass is not resumed; issue a new one")),
        (Verb::Suspend | Verb::Set, "suspended") => Ok("suspend"),
        (Verb::Resume | Verb::Set, "active") => Ok("resume"),
        (Verb::Unlink | Verb::Set, "unlink") => Ok("unlink"),
        (Verb::End | Verb::Set, "deleted") => Ok("delete"),
        _ => Err(invalid("the vendor has no call that leads there")),
    }
}

fn action(pass: &Link, word: &str) -> Result<PreparedChange, ProviderError> {
    let id = pass.as_str().strip_prefix(KEY_CARDS).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    if !AccessGrid::fits_a_path(id) {
        return Err(invalid(
            "both halves of this pair are there, and this plan does not show the id that reaches both; \
             use the vendor's console",
        ));
    }
    Ok(PreparedChange { method: "POST", link: link(&format!("{KEY_CARDS}/{id}/{word}"), &[])?, body: Vec::new() })
}

fn issue(change: &CredentialChange, new: &NewCredential) -> Result<PreparedChange, ProviderError> {
    let template = new.type_link.last_segment();
    let known = new.type_link.as_str().strip_prefix(super::TEMPLATES).is_some_and(|rest| rest.len() > 1);
    if !known || !AccessGrid::fits_a_path(template) {
        return Err(invalid("no template is named"));
    }
    let mut body = Map::new();
    body.insert("card_template_id".into(), template.into());
    for (name, wire) in TAKEN_OVER {
        let value = new.particulars.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        put(&mut body, wire, value);
    }
    if !body.contains_key("full_name") {
        return Err(invalid("a pass needs the name of its holder"));
    }
    put(&mut body, "email", Some(&new.email));
    put(&mut body, "phone_number", Some(&new.phone));
    if let Some(until) = new.until {
        body.insert("expiration_date".into(), until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
    }
    let mut metadata = Map::new();
    if let Some(marker) = &new.marker {
        metadata.insert(CONSOLE_REF.into(), marker.as_str().into());
        metadata.insert(CONSOLE_OP.into(), if new.replaces.is_some() { "reissue" } else { "issue" }.into());
    }
    if let Some(old) = &new.replaces {
        metadata.insert(REPLACES.into(), old.as_str().into());
    }
    if let Some(first) = change.holder.key.as_str().strip_prefix("pass.") {
        metadata.insert(FIRST_PASS.into(), first.into());
    }
    body.insert("metadata".into(), Value::Object(metadata));
    let body =
        serde_json::to_vec(&Value::Object(body)).map_err(|e| invalid(format!("the change cannot be written: {e}")))?;
    Ok(PreparedChange { method: "POST", link: link(KEY_CARDS, &[])?, body })
}

fn put(body: &mut Map<String, Value>, name: &str, value: Option<&Untrusted>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        body.insert(name.to_owned(), json!(value.raw()));
    }
}

/// Of an issue: the person it is for, and its marker. `None` for an action.
pub fn issue_for(change: &PreparedChange) -> Option<(VendorKey, Option<Marker>)> {
    if change.link.as_str() != KEY_CARDS {
        return None;
    }
    let body: Value = serde_json::from_slice(&change.body).ok()?;
    let note = |key: &str| body["metadata"][key].as_str().unwrap_or_default();
    let employee = body["employee_id"].as_str().unwrap_or_default();
    Some((person_key(employee, note(FIRST_PASS))?, Marker::parse(note(CONSOLE_REF))))
}
