//! Card types that our operator may assign (contract section 6).

use super::people::query;
use super::{Gallagher, ProviderError, unreadable, wire};
use crate::backends::bounds::MAX_PAGES;
use crate::domain::credential::{CredentialClass, CredentialType};
use crate::domain::text::Untrusted;
use serde_json::Value;
use std::collections::HashSet;

/// `availableCardStates` is named because the documents say that it comes on request only (contract section 6).
const FIELDS: &str = "href,name,credentialClass,availableCardStates,initialCardState";

impl Gallagher {
    /// All assignable types, over all pages. A type without a usable reference is left out: it could not be assigned.
    pub(super) async fn assignable_types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        let discovery = self.discovery().await?;
        let mut link = query(discovery.assignable()?, &[("sort", "id"), ("fields", FIELDS)])?;
        let mut walked = HashSet::new();
        let mut types = Vec::new();
        while walked.insert(link.clone()) && walked.len() <= MAX_PAGES {
            let answer = self.json(&link).await?;
            let Some(results) = answer.value.get("results").and_then(Value::as_array) else {
                return Err(unreadable("the list of card types has no results"));
            };
            types.extend(results.iter().filter_map(|entry| {
                let class = entry.get("credentialClass").and_then(Value::as_str).and_then(|w| w.parse().ok());
                Some(CredentialType {
                    link: wire::href(entry, self.reads.origin())?,
                    name: wire::text(entry, "name"),
                    class: class.unwrap_or(CredentialClass::Unknown),
                    states: states(entry),
                })
            }));
            match wire::next(&answer.value, self.reads.origin())? {
                Some(next) => link = next,
                None => return Ok(types),
            }
        }
        Err(unreadable("the list of card types does not end"))
    }
}

/// The words that a card of the type may be set to, the one that a new card gets first: that is where a stopped card
/// goes back to. A word that stands nowhere in the list cannot be set.
fn states(entry: &Value) -> Vec<Untrusted> {
    let listed = wire::list(entry, "availableCardStates").iter().filter_map(Value::as_str);
    let initial = entry.get("initialCardState").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let mut states: Vec<&str> = listed.collect();
    states.sort_by_key(|state| state.to_lowercase() != initial);
    states.into_iter().map(Untrusted::new).collect()
}
