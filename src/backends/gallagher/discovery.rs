//! What the server offers (contract section 2): the one document from which all other addresses come.

use super::{ProviderError, not_offered, unreadable, wire};
use crate::domain::ids::Link;
use crate::domain::origin::Origin;
use crate::domain::text::SafeText;
use serde_json::Value;

/// The links that this client uses; what is not licensed is `None`.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// `version`, as shown to people.
    pub version: SafeText,
    cardholders: Option<Link>,
    assignable: Option<Link>,
    /// The change feed.
    pub changes: Option<Link>,
    /// The event history.
    pub events: Option<Link>,
}

/// The entry path: the only address that is known beforehand.
pub fn entry() -> Result<Link, ProviderError> {
    "/api".parse().map_err(|_| unreadable("the entry path is not a path"))
}

impl Discovery {
    /// Reads the document. Links to other origins are left out as if they were not there (invariant I22).
    pub fn read(document: &Value, origin: &Origin) -> Result<Self, ProviderError> {
        let features = document
            .get("features")
            .filter(|f| f.is_object())
            .ok_or_else(|| unreadable("/api: the answer names no features; is this a Command Centre server?"))?;
        let link = |group: &str, name: &str| {
            let node = features.get(group)?.get(name)?;
            let link = wire::href(node, origin);
            if link.is_none() {
                tracing::warn!(group, name, "a link of the server's entry page leads elsewhere and is not used");
            }
            link
        };
        Ok(Self {
            version: wire::text(document, "version").safe(),
            cardholders: link("cardholders", "cardholders"),
            assignable: link("cardTypes", "assign"),
            changes: link("cardholders", "changes"),
            events: link("events", "events"),
        })
    }

    /// The people.
    pub fn cardholders(&self) -> Result<&Link, ProviderError> {
        self.cardholders.as_ref().ok_or_else(|| not_offered("cardholders (licence RESTCardholders)"))
    }

    /// The card types that our operator may assign (contract section 6).
    pub fn assignable(&self) -> Result<&Link, ProviderError> {
        self.assignable.as_ref().ok_or_else(|| not_offered("assignable card types"))
    }
}
