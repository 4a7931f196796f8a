//! Who is calling: the checks of contract section 1, in their order, before anything else is looked at.

use super::Site;
use super::answer::Refusal;
use super::operators::Client;
use crate::simulator::Author;
use axum::extract::FromRequestParts;
use base64::Engine as _;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use std::sync::Arc;

/// An authenticated client, and how it addressed the server.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The REST client item.
    pub client: Client,
    /// Scheme, host and port that hrefs in answers begin with: those of the request (contract section 2).
    pub base: String,
}

impl Caller {
    /// Whose acts these are.
    pub fn by(&self) -> Author {
        self.client.author
    }

    /// Refuses a client whose operator only reads.
    pub fn must_edit(&self) -> Result<(), Refusal> {
        if self.client.may_edit { Ok(()) } else { Err(Refusal::forbidden().to(self.by())) }
    }
}

impl FromRequestParts<Arc<Site>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Refusal> {
        let key = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(presented_key);
        let client = key.and_then(|key| site.shared.at_once(|world, _| world.client(&key).cloned()));
        let Some(client) = client else {
            return Err(Refusal::new(401, "The API key is missing or unknown"));
        };
        if client.disabled {
            let refusal = Refusal::new(401, "The REST client item is disabled").to(client.author);
            return Err(refusal.with_header("x-authentication-message", "REST Client is disabled"));
        }
        let host = parts.headers.get(HOST).and_then(|v| v.to_str().ok());
        // A request in absolute form names its host in the target.
        let host = host.map(ToOwned::to_owned).or_else(|| parts.uri.authority().map(ToString::to_string));
        let base = format!("{}://{}", site.scheme, host.as_deref().unwrap_or("localhost"));
        Ok(Self { client, base })
    }
}

/// The key of an `Authorization` header: after the word `GGL-API-KEY`, or the password of HTTP Basic, whatever
/// the user name.
fn presented_key(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("GGL-API-KEY") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(rest).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_, key)| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_key_are_read() {
        assert_eq!(presented_key("GGL-API-KEY 7F3A-0C11").as_deref(), Some("7F3A-0C11"));
        let basic = base64::engine::general_purpose::STANDARD.encode("anyone:7F3A-0C11");
        assert_eq!(presented_key(&format!("Basic {basic}")).as_deref(), Some("7F3A-0C11"));
        for bad in ["7F3A-0C11", "Bearer 7F3A", "Basic !!!", ""] {
            assert_eq!(presented_key(bad), None, "{bad}");
        }
    }
}
