//! What this console issued before the simulated world began, and the journal that it would have written then:
//! a ledger that matches the world (decision 7).

use super::objects::{card_path, card_type_path, person_path};
use super::person::{Card, FIRST_ID, Person};
use super::world::World;
use crate::domain::change::PreparedChange;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Invitation, InvitationStatus};
use crate::domain::ids::{BadId, CredentialId, HolderId, Link, TenantName, VendorKey};
use crate::domain::journal::{EventDraft, Marker};
use crate::domain::text::Untrusted;
use crate::simulator::Author;
use crate::simulator::past::{PastIssue, journal};
use crate::simulator::population::PassFate;
use jiff::Timestamp;

/// A pass that this console issued before the world began.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsoleIssue {
    /// The person's id.
    pub holder_id: String,
    /// Path of the person.
    pub holder_path: String,
    /// Path of the card.
    pub card_path: String,
    /// Opaque part of the card's href: 32 hex digits.
    pub card_segment: String,
    /// Lasting identity.
    pub credential_id: String,
    /// Path of the card type.
    pub type_path: String,
    /// Kind.
    pub class: CredentialClass,
    /// Number, with the marker at its end.
    pub number: String,
    /// The marker alone.
    pub marker: Marker,
    /// Invitation: mail address.
    pub email: String,
    /// Invitation: phone.
    pub phone: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What had become of it when the world began.
    pub fate: PassFate,
    /// The other cards that the person had at that time, as a snapshot remembers them.
    others: Vec<OtherCard>,
}

#[derive(Clone, Debug, PartialEq)]
struct OtherCard {
    key: String,
    path: String,
    type_path: String,
    number: String,
}

/// Everything that this console issued before the world began, oldest first.
pub fn issued_by_console(world: &World) -> Vec<ConsoleIssue> {
    let population = &world.population;
    let mut issues: Vec<ConsoleIssue> = world
        .console_passes()
        .into_iter()
        .filter_map(|(index, fate)| {
            let person = population.person(index);
            let card = person.cards.iter().find(|c| c.author == Author::Console)?;
            Some(issue(&person, card, population.marker(index), fate))
        })
        .collect();
    issues.sort_by_key(|issue| issue.issued_at);
    issues
}

fn issue(person: &Person, card: &Card, marker: Marker, fate: PassFate) -> ConsoleIssue {
    let id = person.index + FIRST_ID;
    let earlier = person.cards.iter().filter(|c| c.segment != card.segment && c.created < card.created);
    let others = earlier.map(|c| OtherCard {
        key: c.key(),
        path: card_path(id, c),
        type_path: card_type_path(c.type_id),
        number: c.number.clone(),
    });
    let (email, phone) = card.invitation.as_ref().map(|i| (i.email.clone(), i.mobile.clone())).unwrap_or_default();
    ConsoleIssue {
        holder_id: id.to_string(),
        holder_path: person_path(id),
        card_path: card_path(id, card),
        card_segment: card.key(),
        credential_id: card.lasting_id(),
        type_path: card_type_path(card.type_id),
        class: CredentialClass::Mobile,
        number: card.number.clone(),
        marker,
        email,
        phone,
        issued_at: card.created,
        fate,
        others: others.collect(),
    }
}

/// The journal of everything in `issues`, for a tenant of this name. Oldest first.
///
/// # Errors
/// If an id of the world is none, which its own tests exclude.
pub fn ledger_entries(issues: &[ConsoleIssue], tenant: &TenantName) -> Result<Vec<EventDraft>, BadId> {
    let past = issues.iter().map(|issue| past(issue, tenant)).collect::<Result<Vec<_>, _>>()?;
    Ok(journal(&past, 0))
}

fn past(issue: &ConsoleIssue, tenant: &TenantName) -> Result<PastIssue, BadId> {
    let holder = HolderId::new(tenant.clone(), issue.holder_id.parse::<VendorKey>()?);
    Ok(PastIssue {
        card: card(issue, &holder)?,
        holder_link: issue.holder_path.parse()?,
        before: issue.others.iter().map(|other| plastic(other, &holder)).collect::<Result<_, _>>()?,
        request: PreparedChange {
            method: "PATCH",
            link: issue.holder_path.parse()?,
            body: serde_json::json!({ "cards": { "add": [{
                "type": { "href": issue.type_path }, "number": issue.number,
                "invitation": { "email": issue.email, "mobile": issue.phone },
            }] } })
            .to_string()
            .into_bytes(),
        },
        issued_at: issue.issued_at,
        named: false,
    })
}

/// The pass as a read just after its issue would have shown it.
fn card(issue: &ConsoleIssue, holder: &HolderId) -> Result<Credential, BadId> {
    let key = format!("{}/{}", issue.holder_id, issue.card_segment).parse::<VendorKey>()?;
    Ok(Credential {
        id: CredentialId::new(holder.tenant.clone(), key),
        holder: holder.clone(),
        link: issue.card_path.parse()?,
        lasting_id: Untrusted::new(&*issue.credential_id),
        class: issue.class,
        type_link: issue.type_path.parse()?,
        type_name: Untrusted::new("Mobile Credential"),
        number: Untrusted::new(&*issue.number),
        marker: Some(issue.marker.clone()),
        issue_level: None,
        status: CardStatus::Active,
        status_word: Untrusted::new("Active"),
        invitation: Some(Invitation {
            status: InvitationStatus::NotSent,
            email: Untrusted::new(&*issue.email),
            phone: Untrusted::new(&*issue.phone),
            single_factor: false,
        }),
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: issue.issued_at,
    })
}

/// Another card of the person, as the snapshot before the issue remembers it.
fn plastic(other: &OtherCard, holder: &HolderId) -> Result<Credential, BadId> {
    let key = format!("{}/{}", holder.key.as_str(), other.key).parse::<VendorKey>()?;
    Ok(Credential {
        id: CredentialId::new(holder.tenant.clone(), key),
        holder: holder.clone(),
        link: other.path.parse::<Link>()?,
        lasting_id: Untrusted::default(),
        class: CredentialClass::Card,
        type_link: other.type_path.parse()?,
        type_name: Untrusted::default(),
        number: Untrusted::new(&*other.number),
        marker: None,
        issue_level: Some(1),
        status: CardStatus::Active,
        status_word: Untrusted::new("Active"),
        invitation: None,
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: Timestamp::UNIX_EPOCH,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{IntentState, Payload};

    fn world() -> World {
        World::new(1, 5_000, "2026-06-02T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn every_chain_follows_the_table_of_states_and_ends() {
        let issues = issued_by_console(&world());
        assert_eq!(issues.iter().filter(|i| i.fate == PassFate::Expired).count(), 280);
        let drafts = ledger_entries(&issues, &"gall".parse().unwrap()).unwrap();
        let mut states = std::collections::HashMap::new();
        for draft in &drafts {
            match states.insert(draft.intent, draft.state) {
                None => assert_eq!(draft.state, IntentState::Intent),
                Some(was) => assert!(was.next().contains(&draft.state), "{was} to {}", draft.state),
            }
        }
        assert_eq!(states.len(), issues.len(), "intent ids are distinct");
        assert!(states.values().all(|s| s.is_terminal()));
    }

    #[test]
    fn the_bound_object_is_the_card_that_the_world_shows() {
        let issues = issued_by_console(&world());
        let jane = issues.iter().find(|i| i.holder_id == "4665").unwrap();
        let drafts = ledger_entries(std::slice::from_ref(jane), &"gall".parse().unwrap()).unwrap();
        let Payload::Binding(binding) = &drafts[5].payload else { panic!("DONE carries the binding") };
        let object = binding.object.as_ref().unwrap();
        assert_eq!(object.id.to_string(), format!("gall:4665/{}", jane.card_segment));
        assert_eq!(object.link.as_str(), jane.card_path);
        assert_eq!(object.marker.as_ref(), Some(&jane.marker));
        assert_eq!(object.lasting_id, jane.credential_id);
    }
}
