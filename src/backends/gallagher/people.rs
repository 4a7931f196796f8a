//! People and their cards (contract sections 4 and 5).

use super::{Gallagher, ProviderError, particulars, unreadable, wire};
use crate::backends::query::{encoded, with_query};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Invitation, InvitationStatus, System};
use crate::domain::document::Document;
use crate::domain::ids::{CredentialId, HolderId, Link, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use crate::ports::provider::{HolderPage, HolderRead};
use jiff::Timestamp;
use serde_json::Value;
use std::str::FromStr;

/// Exactly what is shown and judged, nothing else (contract section 13). Without `defaults`, only these return.
/// `personalDataFields` brings the site's own fields, among them e-mail and employee number.
const FIELDS: &str = "href,id,firstName,lastName,description,authorised,division,cards,personalDataFields";

impl Gallagher {
    /// Searches by name. The server has no search by card number or status (contract section 4), so digits are
    /// looked for in names like anything else.
    pub(super) async fn search_people(&self, text: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        let discovery = self.discovery().await?;
        let top = limit.max(1).to_string();
        for name in spellings(text) {
            let name = encoded(&name);
            let link = query(discovery.cardholders()?, &[("name", &name), ("top", &top), ("fields", FIELDS)])?;
            let page = self.people_at(&link).await?;
            if !page.rows.is_empty() {
                return Ok(page);
            }
        }
        Ok(HolderPage::default())
    }

    /// One page of everybody, in the order of ids: the only one that is stable and fast (contract section 3.1).
    pub(super) async fn list_people(&self, page: Option<&Link>, size: usize) -> Result<HolderPage, ProviderError> {
        if let Some(page) = page {
            return self.people_at(page).await;
        }
        let discovery = self.discovery().await?;
        let top = size.max(1).to_string();
        self.people_at(&query(discovery.cardholders()?, &[("sort", "id"), ("top", &top), ("fields", FIELDS)])?).await
    }

    /// One person, live.
    pub(super) async fn person(&self, id: &HolderId, link: &Link) -> Result<HolderRead, ProviderError> {
        let answer = self.read(&query(link, &[("fields", FIELDS)])?).await?;
        if !answer.value.get("cards").is_none_or(|c| c.is_array() || c.is_null()) {
            return Err(unreadable("the cards of the person are not a list"));
        }
        let read = self
            .read_person(&answer.value, answer.server_date, Some(link))
            .ok_or_else(|| unreadable("the answer is not a person"))?;
        if read.holder.id != *id {
            return Err(unreadable("the server answered with another person"));
        }
        Ok(read)
    }

    async fn people_at(&self, link: &Link) -> Result<HolderPage, ProviderError> {
        let answer = self.json(link).await?;
        let Some(results) = answer.value.get("results").and_then(Value::as_array) else {
            return Err(unreadable("the list of people has no results"));
        };
        let rows: Vec<_> =
            results.iter().filter_map(|person| self.read_person(person, answer.server_date, None)).collect();
        if rows.len() < results.len() {
            tracing::warn!(left_out = results.len() - rows.len(), "people in a list could not be read");
        }
        let next = wire::next(&answer.value, self.reads.origin())?;
        if next.as_ref() == Some(link) {
            return Err(unreadable("the list of people points back to the same page"));
        }
        Ok(HolderPage { rows, next })
    }

    /// A person out of a list or detail answer; `None` without a usable id and reference.
    fn read_person(&self, person: &Value, server_date: Option<Timestamp>, asked: Option<&Link>) -> Option<HolderRead> {
        let link = wire::href(person, self.reads.origin()).or_else(|| asked.cloned())?;
        let written = wire::text(person, "id");
        let key: VendorKey = if written.is_empty() { link.last_segment() } else { written.raw() }.parse().ok()?;
        if key.as_str().contains('/') {
            return None;
        }
        let id = HolderId::new(self.profile.name.clone(), key);
        let as_of = self.clock.now();
        let mut credentials: Vec<Credential> = Vec::new();
        // Left out means withheld, as for every other member: only an empty list says that there are none.
        let mut whole = person.get("cards").is_some_and(Value::is_array);
        let mut documents = Vec::new();
        for card in wire::list(person, "cards") {
            match self.read_card(card, &id, as_of) {
                Some(card) if credentials.iter().any(|known| known.id == card.id) => {
                    tracing::warn!(holder = %id, "a card is listed twice; shown once");
                }
                Some(read) => {
                    documents.extend(asked.map(|_| (read.id.clone(), Document::of(card))));
                    credentials.push(read);
                }
                None => {
                    whole = false;
                    tracing::warn!(holder = %id, "a card without a usable reference is left out");
                }
            }
        }
        particulars::relate(&mut credentials);
        let division = person.get("division").unwrap_or(&Value::Null);
        let division_name = wire::text(division, "name");
        Some(HolderRead {
            holder: Cardholder {
                id,
                link,
                first_name: wire::text(person, "firstName"),
                last_name: wire::text(person, "lastName"),
                description: wire::text(person, "description"),
                division: if division_name.is_empty() { wire::text(division, "id") } else { division_name },
                employee_number: site_field(person, |name| name.contains("employee")),
                email: email(person),
                // Left out means that the field was withheld; a person is only shown as stopped if the server says so.
                authorised: person.get("authorised").and_then(Value::as_bool).unwrap_or(true),
                as_of,
            },
            credentials,
            whole,
            server_date,
            documents,
        })
    }

    /// A card. Only the reference is indispensable; every other member that is odd becomes "unknown", which is
    /// shown and never acted on. A card without it makes the read a partial one: its absence must not look like its
    /// removal.
    fn read_card(&self, card: &Value, holder: &HolderId, as_of: Timestamp) -> Option<Credential> {
        let origin = self.reads.origin();
        let link = wire::href(card, origin)?;
        let key = format!("{}/{}", holder.key, link.last_segment()).parse().ok()?;
        let card_type = card.get("type").unwrap_or(&Value::Null);
        let type_link = wire::href(card_type, origin);
        let class = match &type_link {
            Some(_) => class(card),
            None => CredentialClass::Unknown,
        };
        let status = card.get("status").unwrap_or(&Value::Null);
        Some(Credential {
            id: CredentialId::new(self.profile.name.clone(), key),
            holder: holder.clone(),
            lasting_id: wire::text(card, "credentialId"),
            class,
            type_link: type_link.unwrap_or_else(|| link.clone()),
            type_name: wire::text(card_type, "name"),
            marker: Marker::split(wire::text(card, "number").raw()).1,
            number: wire::text(card, "number"),
            issue_level: card.get("issueLevel").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
            status: machine_word(status),
            status_word: wire::text(status, "value"),
            invitation: card.get("invitation").filter(|i| i.is_object()).map(|invitation| Invitation {
                status: word(invitation, "status", InvitationStatus::Unknown),
                email: wire::text(invitation, "email"),
                phone: wire::text(invitation, "mobile"),
                single_factor: invitation.get("singleFactorOnly").and_then(Value::as_bool).unwrap_or(false),
            }),
            from: wire::time(card, "from"),
            until: wire::time(card, "until"),
            last_used: wire::time(card, "lastUsedTime"),
            barred: false,
            particulars: particulars::of(card),
            link,
            as_of,
        })
    }
}

/// The class of a card. Words of other systems are as unknown here as any other.
pub(super) fn class(object: &Value) -> CredentialClass {
    let class = word(object, "credentialClass", CredentialClass::Unknown);
    if class.system() == System::Gallagher { class } else { CredentialClass::Unknown }
}

/// The derived state (contract section 5.3): these four words and no others.
fn machine_word(status: &Value) -> CardStatus {
    match word(status, "type", CardStatus::Unknown) {
        known @ (CardStatus::Pending | CardStatus::Active | CardStatus::Expired | CardStatus::Inactive) => known,
        _ => CardStatus::Unknown,
    }
}

/// A machine word of an open list (contract section 5.1: treat as open).
fn word<T: FromStr>(object: &Value, name: &str, otherwise: T) -> T {
    object.get(name).and_then(Value::as_str).and_then(|w| w.parse().ok()).unwrap_or(otherwise)
}

/// The value of a field that the site defined itself, by a test on its name in lower case. Both forms of contract
/// section 4.2 are looked at; the root value comes first.
fn site_field(person: &Value, fits: impl Fn(&str) -> bool) -> Untrusted {
    let name_fits = |key: &str| key.strip_prefix('@').is_some_and(|name| fits(&name.trim().to_lowercase()));
    let root = person.as_object().into_iter().flatten().find(|(key, value)| name_fits(key) && !value.is_object());
    if let Some((key, _)) = root {
        return wire::text(person, key);
    }
    let definitions = wire::list(person, "personalDataDefinitions").iter().filter_map(Value::as_object).flatten();
    definitions
        .filter(|(key, _)| name_fits(key))
        .map(|(_, entry)| wire::text(entry, "value"))
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

/// The e-mail address: the field called just that, else one with the word in its name ("Work email").
fn email(person: &Value) -> Untrusted {
    let plain = site_field(person, |name| matches!(name, "email" | "e-mail"));
    if plain.is_empty() { site_field(person, |name| name.contains("email") || name.contains("e-mail")) } else { plain }
}

/// The forms in which a name is asked for, until one finds somebody. The server looks inside the first name, inside
/// the last name, or inside `Last, First` (contract section 3.2), so "jane doe" as typed finds nobody. People type
/// beginnings, as in "jane d", so each word is one: with `%` the server compares from beginning to end.
fn spellings(typed: &str) -> Vec<String> {
    let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if typed.trim_matches('"').is_empty() {
        // Undefined at the server (contract section 3.2).
        return Vec::new();
    }
    let mut forms = vec![typed.clone()];
    if !typed.contains([',', '"', '%', '_']) {
        let turned = typed.rsplit_once(' ').map(|(first, last)| format!("{last}%, {first}%"));
        let long_family = typed.split_once(' ').map(|(first, last)| format!("{last}%, {first}%"));
        let in_order = typed.split_once(' ').map(|(last, first)| format!("{last}%, {first}%"));
        let with_particle = typed.rsplit_once(' ').map(|(first, last)| format!("% {last}%, {first}%"));
        for form in [turned, long_family, in_order, with_particle].into_iter().flatten() {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// [`with_query`], or the error that a link which cannot be built is.
pub(super) fn query(link: &Link, parameters: &[(&str, &str)]) -> Result<Link, ProviderError> {
    with_query(link, parameters)
        .ok_or_else(|| ProviderError::new(super::ProviderErrorKind::Invalid, "the question is too long for the server"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_asked_for_as_the_server_orders_them() {
        assert_eq!(spellings("  quill "), ["quill"]);
        assert_eq!(spellings("jane  doe"), ["jane doe", "doe%, jane%", "jane%, doe%", "% doe%, jane%"]);
        let van_dyk = ["jan van dyk", "dyk%, jan van%", "van dyk%, jan%", "jan%, van dyk%", "% dyk%, jan van%"];
        assert_eq!(spellings("jan van dyk"), van_dyk);
        assert_eq!(spellings("doe, jane"), ["doe, jane"]);
        assert_eq!(spellings("\"doe jane\""), ["\"doe jane\""]);
        assert!(spellings(" ").is_empty() && spellings("\"\"").is_empty());
    }

    #[test]
    fn a_word_that_another_system_uses_is_no_word_of_this_one() {
        let of = |class_word: &str| class(&json!({ "credentialClass": class_word }));
        assert_eq!((of("mobile"), of("applePass")), (CredentialClass::Mobile, CredentialClass::ApplePass));
        for foreign in ["walletPass", "printedCard", "digitalCard", "fundingCard", "fido2", "unknown", ""] {
            assert_eq!(of(foreign), CredentialClass::Unknown, "{foreign}");
        }
        let status = |status_word: &str| machine_word(&json!({ "type": status_word }));
        assert_eq!((status("active"), status("inactive")), (CardStatus::Active, CardStatus::Inactive));
        for foreign in ["ended", "unlinked", "invited", "gone", ""] {
            assert_eq!(status(foreign), CardStatus::Unknown, "{foreign}");
        }
    }

    #[test]
    fn site_fields_are_found_in_both_forms() {
        let email = |person: &Value| email(person).raw().to_owned();
        let array = json!([{ "@Email": { "value": "b@site.example", "definition": { "type": "email" } } }]);
        assert_eq!(email(&json!({ "@Email": "a@site.example", "personalDataDefinitions": array })), "a@site.example");
        assert_eq!(email(&json!({ "personalDataDefinitions": array })), "b@site.example");
        assert_eq!(email(&json!({ "@Work email": "c@site.example" })), "c@site.example");
        assert_eq!(email(&json!({ "personalDataDefinitions": [7, {"@Email": 3}], "email": "x" })), "");
    }
}
