//! The vendor's own events about a person (contract section 7), as rows of the history. Without the enterprise plan
//! there are the dates that a pass itself shows, and nothing else.

use super::wire::{text, time};
use super::{AccessGrid, TEMPLATES, link, optional, unreadable};
use crate::backends::query::encoded;
use crate::domain::credential::{Credential, Particular};
use crate::domain::ids::{CredentialId, HolderId};
use crate::domain::operation::{Operation, Source};
use crate::domain::text::{SafeText, Untrusted};
use crate::ports::provider::ProviderError;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashMap;

/// So many pages of a template's log are read at most, newest first: it cannot be asked for one pass.
const PAGES: u64 = 10;

impl AccessGrid {
    /// The newest events about a person, newest first.
    pub(super) async fn events_about(&self, id: &HolderId, limit: usize) -> Result<Vec<Operation>, ProviderError> {
        let read = self.person(id).await?;
        let mut rows: Vec<Operation> = Vec::new();
        let mut passes: HashMap<String, CredentialId> = HashMap::new();
        for card in &read.credentials {
            passes.extend(card.lasting_id.raw().split('/').map(|pass| (pass.to_owned(), card.id.clone())));
            let dates = [("created", Particular::Created), ("last changed", Particular::Changed)];
            rows.extend(dates.into_iter().filter_map(|(what, which)| dated(id, card, what, which)));
        }
        let oldest = rows.iter().map(|row| row.at).min();
        for template in &self.templates().await?.singles {
            let logs = format!("{TEMPLATES}/{}/logs", template.id);
            match self.log_rows(&logs, oldest, id, &passes, limit).await? {
                Some(found) => rows.extend(found),
                None => break,
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        rows.truncate(limit);
        Ok(rows)
    }

    /// What a template's log says about these passes; `None` if the plan does not show it.
    async fn log_rows(
        &self,
        logs: &str,
        oldest: Option<Timestamp>,
        id: &HolderId,
        passes: &HashMap<String, CredentialId>,
        limit: usize,
    ) -> Result<Option<Vec<Operation>>, ProviderError> {
        let mut found = Vec::new();
        let oldest = oldest.map(|at| encoded(&at.to_string()));
        for page in 1..=PAGES {
            let number = page.to_string();
            let mut asked = vec![("per_page", "100"), ("page", number.as_str())];
            asked.extend(oldest.as_deref().map(|at| ("filters%5Bstart_date%5D", at)));
            let Some(answer) = optional(self.reads.json(&link(logs, &asked)?).await)? else { return Ok(None) };
            let rows = answer.value.get("logs").and_then(Value::as_array);
            let rows = rows.ok_or_else(|| unreadable("the log of a template has no logs"))?;
            found.extend(rows.iter().filter_map(|row| read_row(row, id, passes)));
            let total = answer.value.get("pagination").and_then(|p| p.get("total_pages")).and_then(Value::as_u64);
            if rows.is_empty() || total.is_none_or(|total| page >= total) || found.len() >= limit {
                break;
            }
        }
        Ok(Some(found))
    }
}

/// One row of a log; `None` if it is about somebody else's pass or has no time.
fn read_row(row: &Value, id: &HolderId, passes: &HashMap<String, CredentialId>) -> Option<Operation> {
    let about = row.get("metadata").map(|metadata| text(metadata, "card_id")).unwrap_or_default();
    let credential = passes.get(about.raw())?.clone();
    let named = text(row, "event");
    let action = if named.is_empty() { text(row, "type") } else { named };
    let agent = text(row, "user_agent");
    Some(Operation {
        at: time(row, "created_at").or_else(|| time(row, "timestamp"))?,
        source: Source::Vendor,
        act: None,
        action: action.safe(),
        result: SafeText::default(),
        holder: id.clone(),
        credential: Some(credential),
        operator: agent.safe(),
        ticket: SafeText::default(),
        note: address(&text(row, "ip_address")),
        intent: None,
        seq: None,
    })
}

fn address(ip: &Untrusted) -> SafeText {
    if ip.is_empty() { SafeText::default() } else { SafeText::of(&format!("from {}", ip.raw())) }
}

fn dated(id: &HolderId, card: &Credential, what: &str, which: Particular) -> Option<Operation> {
    Some(Operation {
        at: card.particular(which)?.raw().parse().ok()?,
        source: Source::Vendor,
        act: None,
        action: SafeText::of(what),
        result: SafeText::default(),
        holder: id.clone(),
        credential: Some(card.id.clone()),
        operator: SafeText::default(),
        ticket: SafeText::default(),
        note: SafeText::of("as the pass itself says"),
        intent: None,
        seq: None,
    })
}
