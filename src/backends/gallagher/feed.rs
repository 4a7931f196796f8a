//! The change feed (contract section 8): who changed whose cards, from every source. It is what ties a card to the
//! operator that made it (contract section 10, E3).

use super::people::query;
use super::{Gallagher, ProviderError, unreadable, wire};
use crate::backends::bounds::MAX_PAGES;
use crate::domain::ids::{HolderId, Link, TenantName};
use crate::domain::origin::Origin;
use crate::ports::provider::{FeedRead, FeedRow};
use serde_json::Value;
use std::collections::HashSet;

/// `operator` comes only on request.
const FIELDS: &str = "time,type,item,operator,oldValues,newValues";
/// The page size that the server allows at most.
const TOP: &str = "1000";

impl Gallagher {
    /// Where the feed stands now: the first call has no rows and a `next` to go on from.
    pub(super) async fn feed_bookmark(&self) -> Result<Option<Link>, ProviderError> {
        let discovery = self.discovery().await?;
        let Some(changes) = &discovery.changes else { return Ok(None) };
        let answer = self.json(&query(changes, &[("filter", "cards"), ("fields", FIELDS), ("top", TOP)])?).await?;
        match wire::next(&answer.value, self.reads.origin())? {
            Some(bookmark) => Ok(Some(bookmark)),
            None => Err(unreadable("the change feed gave no bookmark")),
        }
    }

    /// All rows since a bookmark: follows `next` until a page is empty. `next` is always there, and the newest one
    /// counts even then.
    pub(super) async fn feed_since(&self, bookmark: &Link) -> Result<FeedRead, ProviderError> {
        let origin = self.reads.origin();
        let mut walked = HashSet::new();
        let mut rows = Vec::new();
        let mut link = bookmark.clone();
        while walked.insert(link.clone()) && walked.len() <= MAX_PAGES {
            let answer = self.json(&link).await?;
            let Some(results) = answer.value.get("results").and_then(Value::as_array) else {
                return Err(unreadable("the change feed has no results"));
            };
            let next =
                wire::next(&answer.value, origin)?.ok_or_else(|| unreadable("the change feed gave no bookmark"))?;
            for row in results {
                rows.extend(read_row(row, origin, &self.profile.name)?);
            }
            if results.is_empty() {
                return Ok(FeedRead { rows, bookmark: next });
            }
            link = next;
        }
        Err(unreadable("the change feed runs in a circle or does not end"))
    }
}

/// One row; `Ok(None)` if it is not about cards.
///
/// # Errors
/// If a row about cards does not say whose or when: leaving it out could hide somebody else's change, and with it
/// the reason not to call a card ours.
fn read_row(row: &Value, origin: &Origin, tenant: &TenantName) -> Result<Option<FeedRow>, ProviderError> {
    let empty = Value::Null;
    let old = cards(row.get("oldValues").unwrap_or(&empty), origin);
    let new = cards(row.get("newValues").unwrap_or(&empty), origin);
    if old.is_empty() && new.is_empty() {
        return Ok(None);
    }
    let key =
        row.get("item").and_then(|item| wire::href(item, origin)).and_then(|link| link.last_segment().parse().ok());
    let (Some(key), Some(at)) = (key, wire::time(row, "time")) else {
        return Err(unreadable("a row of the change feed does not say whose card it is, or when it changed"));
    };
    Ok(Some(FeedRow {
        at,
        holder: HolderId::new(tenant.clone(), key),
        operator: row.get("operator").and_then(|operator| wire::href(operator, origin)),
        added: new.iter().filter(|card| !old.contains(card)).cloned().collect(),
        removed: old.iter().filter(|card| !new.contains(card)).cloned().collect(),
    }))
}

fn cards(values: &Value, origin: &Origin) -> Vec<Link> {
    wire::list(values, "cards").iter().filter_map(|card| wire::href(card, origin)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(row: &Value) -> Result<Option<FeedRow>, ProviderError> {
        read_row(row, &Origin::parse("https://cc.site.example:8904").unwrap(), &"gall".parse().unwrap())
    }

    #[test]
    fn a_row_tells_added_from_removed() {
        let card = |n: &str| json!({ "href": format!("https://cc.site.example:8904/api/cardholders/7/cards/{n}") });
        let row = json!({
            "time": "2026-03-02T01:14:07Z", "type": "update",
            "item": { "href": "https://cc.site.example:8904/api/cardholders/7" },
            "operator": { "name": "x", "href": "/api/items/410" },
            "oldValues": { "cards": [card("a"), card("b")] },
            "newValues": { "cards": [card("b"), card("c")] },
        });
        let read = read(&row).unwrap().unwrap();
        assert_eq!(read.holder.to_string(), "gall:7");
        assert_eq!(read.operator.unwrap().as_str(), "/api/items/410");
        assert_eq!(read.added.iter().map(Link::last_segment).collect::<Vec<_>>(), ["c"]);
        assert_eq!(read.removed.iter().map(Link::last_segment).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_row_about_cards_without_person_or_time_is_not_passed_over() {
        let values = json!({ "cards": [{ "href": "/api/cardholders/7/cards/a" }] });
        assert!(read(&json!({ "time": "2026-03-02T01:14:07Z", "newValues": values })).is_err());
        assert!(read(&json!({ "item": { "href": "/api/cardholders/7" }, "newValues": values })).is_err());
        assert_eq!(read(&json!({ "newValues": { "firstName": "x" } })), Ok(None));
    }
}
