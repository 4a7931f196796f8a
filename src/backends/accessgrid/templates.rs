//! Templates that this desk may issue from, and which of them belong together (contract section 6). All of that needs
//! the enterprise plan; without it, a configured id is taken as a template that has no name.

use super::wire::text;
use super::{AccessGrid, TEMPLATES, link, optional};
use crate::domain::credential::{CredentialClass, CredentialType};
use crate::domain::ids::Link;
use crate::domain::lifecycle;
use crate::domain::text::Untrusted;
use crate::ports::provider::ProviderError;
use serde_json::Value;
use std::sync::{Arc, PoisonError};

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its name, or its id.
    pub name: Untrusted,
}

/// A pair of templates.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplatePair {
    /// The id that is named on issue.
    pub id: String,
    /// Its name.
    pub name: Untrusted,
    /// Its halves.
    pub halves: [String; 2],
}

/// What the site file's template ids turned out to be.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Templates {
    /// Templates, halves of pairs included: what lists are asked for.
    pub singles: Vec<Template>,
    /// Pairs.
    pub pairs: Vec<TemplatePair>,
    /// True: the plan does not say which templates are pairs.
    pub blind: bool,
}

impl Templates {
    /// True if passes of this template are this desk's business.
    pub fn has(&self, id: &str) -> bool {
        self.singles.iter().any(|single| single.id == id)
    }

    /// The pair that two templates make up.
    pub fn pair_of(&self, one: &str, other: &str) -> Option<&TemplatePair> {
        let halves =
            |pair: &&TemplatePair| pair.halves.iter().any(|h| h == one) && pair.halves.iter().any(|h| h == other);
        self.pairs.iter().find(halves).filter(|_| one != other)
    }

    /// Name of a template or pair.
    pub fn name(&self, id: &str) -> Untrusted {
        let single = self.singles.iter().find(|single| single.id == id).map(|single| single.name.clone());
        let pair = || self.pairs.iter().find(|pair| pair.id == id).map(|pair| pair.name.clone());
        single.or_else(pair).unwrap_or_else(|| Untrusted::new(id))
    }

    fn add(&mut self, id: &str, name: &Untrusted) {
        if AccessGrid::fits_a_path(id) && !self.has(id) {
            let name = if name.is_empty() { Untrusted::new(id) } else { name.clone() };
            self.singles.push(Template { id: id.to_owned(), name });
        }
    }

    fn add_pair(&mut self, id: &str, name: Untrusted, halves: [String; 2]) {
        if AccessGrid::fits_a_path(id) && self.pairs.iter().all(|pair| pair.id != id) {
            self.pairs.push(TemplatePair { id: id.to_owned(), name, halves });
        }
    }

    /// Takes in what the vendor says about a configured id.
    fn learn(&mut self, id: &str, said: &Value) {
        let name = text(said, "name");
        let Some(halves) = said.get("templates").and_then(Value::as_array) else { return self.add(id, &name) };
        let ids: Vec<String> = halves.iter().map(|half| text(half, "id").raw().to_owned()).collect();
        for half in halves {
            self.add(text(half, "id").raw(), &text(half, "name"));
        }
        match <[String; 2]>::try_from(ids) {
            Ok(halves) => self.add_pair(id, name, halves),
            Err(ids) => tracing::warn!(halves = ids.len(), "a template pair that does not have two halves is not used"),
        }
    }
}

/// Where the vendor serves a template: its reference here.
pub fn template_link(id: &str) -> Result<Link, ProviderError> {
    link(&format!("{TEMPLATES}/{id}"), &[])
}

impl AccessGrid {
    /// What the configured templates are; asked once and kept.
    pub(super) async fn templates(&self) -> Result<Arc<Templates>, ProviderError> {
        let known = self.templates.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) => Ok(known),
            None => self.discover().await,
        }
    }

    /// Asks what the configured templates are.
    pub(super) async fn discover(&self) -> Result<Arc<Templates>, ProviderError> {
        let mut found = Templates::default();
        for id in &self.template_ids {
            if let Some(answer) = optional(self.reads.json(&template_link(id)?).await)? {
                found.learn(id, &answer.value);
            } else {
                found.blind = true;
                found.add(id, &Untrusted::default());
            }
        }
        if !found.blind {
            self.pairs_of(&mut found).await?;
        }
        let found = Arc::new(found);
        *self.templates.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Pairs both of whose halves are configured one by one.
    async fn pairs_of(&self, found: &mut Templates) -> Result<(), ProviderError> {
        let Some(answer) = optional(self.reads.json(&link(PAIRS, &[("per_page", "100")])?).await)? else {
            return Ok(());
        };
        let pairs = answer.value.get("card_template_pairs").and_then(Value::as_array);
        for pair in pairs.into_iter().flatten() {
            let half = |name: &str| pair.get(name).map(|half| text(half, "id").raw().to_owned()).unwrap_or_default();
            let halves = [half("ios_template"), half("android_template")];
            let outer = text(pair, "ex_id");
            let id = if outer.is_empty() { text(pair, "id") } else { outer };
            if halves.iter().all(|half| found.has(half)) {
                found.add_pair(id.raw(), text(pair, "name"), halves);
            }
        }
        Ok(())
    }

    /// Templates and pairs as the types of credential that can be issued.
    pub(super) async fn types(&self) -> Result<Vec<CredentialType>, ProviderError> {
        let templates = self.templates().await?;
        let states =
            || lifecycle::words(CredentialClass::WalletPass).iter().map(|(word, _)| Untrusted::new(*word)).collect();
        let singles = templates.singles.iter().map(|single| (&single.id, &single.name));
        let pairs = templates.pairs.iter().map(|pair| (&pair.id, &pair.name));
        singles
            .chain(pairs)
            .map(|(id, name)| {
                let class = CredentialClass::WalletPass;
                Ok(CredentialType { link: template_link(id)?, name: name.clone(), class, states: states() })
            })
            .collect()
    }

    /// The id of a pair of passes that lists never show, from the vendor's billing; `None` if it cannot be had.
    pub(super) async fn unified_id(
        &self,
        halves: &[&str],
        from: &str,
        until: &str,
    ) -> Result<Option<String>, ProviderError> {
        let asked = link(LEDGER_ITEMS, &[("per_page", "100"), ("start_date", from), ("end_date", until)])?;
        let Some(answer) = optional(self.reads.json(&asked).await)? else { return Ok(None) };
        let items = answer.value.get("ledger_items").and_then(Value::as_array);
        let passes = items.into_iter().flatten().filter_map(|item| item.get("access_pass"));
        let ours = passes.filter(|pass| halves.contains(&text(pass, "id").raw()));
        let ids: Vec<String> = ours.map(|pass| text(pass, "unified_access_pass_ex_id").raw().to_owned()).collect();
        let one = ids.first().filter(|id| Self::fits_a_path(id) && ids.iter().all(|other| other == *id));
        Ok(one.cloned())
    }
}

const PAIRS: &str = "/v1/console/card-template-pairs";
const LEDGER_ITEMS: &str = "/v1/console/ledger-items";
