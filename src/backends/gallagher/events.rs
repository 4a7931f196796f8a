//! The vendor's own events about a person (contract section 9), as rows of the history.

use super::people::query;
use super::{Gallagher, ProviderError, unreadable, wire};
use crate::domain::ids::HolderId;
use crate::domain::operation::{Operation, Source};
use crate::domain::text::SafeText;
use serde_json::Value;

impl Gallagher {
    /// The newest events about a person, newest first. Where the server offers no events there are none; where it
    /// refuses them (licence, privilege) that is told, because no events would look like nothing happened.
    pub(super) async fn events_about(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        let discovery = self.discovery().await?;
        let Some(events) = &discovery.events else { return Ok(Vec::new()) };
        // The server takes 1 to 10000.
        let top = limit.clamp(1, 10_000).to_string();
        let link = query(events, &[("cardholder", id.key.as_str()), ("top", &top), ("previous", "true")])?;
        let answer = self.json(&link).await?;
        let Some(found) = answer.value.get("events").and_then(Value::as_array) else {
            return Err(unreadable("the list of events has no events"));
        };
        let mut rows: Vec<_> = found.iter().filter_map(|event| read_event(event, id)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        rows.truncate(limit);
        Ok(rows)
    }
}

/// One event; `None` without a time, or if it names another person: a server that ignores a filter which it does
/// not know answers with everybody's events (contract section 3).
fn read_event(event: &Value, id: &HolderId) -> Option<Operation> {
    let null = Value::Null;
    let part = |name: &str| event.get(name).unwrap_or(&null);
    let about = wire::text(part("cardholder"), "id");
    if !about.is_empty() && about.raw() != id.key.as_str() {
        return None;
    }
    // Newer servers have `eventType`, all have `type` (contract section 9).
    let kind = ["eventType", "type"].into_iter().map(|k| wire::text(part(k), "name")).find(|name| !name.is_empty());
    Some(Operation {
        at: wire::time(event, "time")?,
        source: Source::Vendor,
        act: None,
        action: kind.map(|name| name.safe()).unwrap_or_default(),
        result: SafeText::default(),
        holder: id.clone(),
        credential: None,
        operator: wire::text(part("operator"), "name").safe(),
        ticket: SafeText::default(),
        note: wire::text(event, "message").safe(),
        intent: None,
        seq: None,
    })
}
