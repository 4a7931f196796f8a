//! Who is calling: the checks of contract section 1, in their order, before anything else is looked at.

use super::Site;
use super::answer::Refusal;
use super::operators::{Client, Licence};
use super::switches::Gateway;
use super::world::World;
use crate::simulator::Author;
use crate::simulator::server::ClientThumbprint;
use axum::extract::FromRequestParts;
use base64::Engine as _;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use std::net::{IpAddr, Ipv4Addr};
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
        let header = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let shown = parts.extensions.get::<ClientThumbprint>();
        let client = site.shared.at_once(|world, _| admitted(world, header, shown))?;
        let licensed = match Licence::of(parts.uri.path()) {
            Some(licence) => client.licences.contains(&licence),
            None => !client.licences.is_empty(),
        };
        if !licensed {
            return Err(Refusal::new(403, "feature not licensed").to(client.author));
        }
        // A suffix such as a charset makes every call with a body fail.
        let media_type = parts.headers.get(CONTENT_TYPE).filter(|_| parts.method != Method::GET);
        if media_type.is_some_and(|value| value != "application/json") {
            return Err(Refusal::bad("The content type must be application/json").to(client.author));
        }
        let host = parts.headers.get(HOST).and_then(|v| v.to_str().ok());
        // A request in absolute form names its host in the target.
        let host = host.map(ToOwned::to_owned).or_else(|| parts.uri.authority().map(ToString::to_string));
        let base = format!("{}://{}", site.scheme, host.as_deref().unwrap_or("localhost"));
        Ok(Self { client, base })
    }
}

/// Where requests come from: this machine, or the vendor's gateway in front of it.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(3, 106, 1, 6));

/// The client of a request, after the checks in their order: key, thumbprint, address, disabled. Each failure is
/// a 401.
fn admitted(world: &World, header: Option<&str>, shown: Option<&ClientThumbprint>) -> Result<Client, Refusal> {
    let switches = &world.switches;
    let behind_gateway = switches.gateway != Gateway::None;
    let key = header.and_then(|header| presented_key(header, behind_gateway));
    let Some(client) = key.and_then(|key| world.client(&key)) else {
        let refusal = Refusal::new(401, "The API key is missing or unknown");
        return Err(if behind_gateway { refusal.without_body() } else { refusal });
    };
    let by = client.author;
    if switches.gateway == Gateway::TunnelDown {
        return Err(Refusal::new(503, "").without_body().to(by));
    }
    let certified = match (client.thumbprint.as_str(), shown) {
        ("", _) => switches.allow_no_certificate,
        (wanted, shown) => shown.is_some_and(|shown| shown.0.eq_ignore_ascii_case(wanted)),
    };
    if !certified {
        return Err(Refusal::new(401, "The client certificate is missing or is not the registered one").to(by));
    }
    let from = if behind_gateway && !switches.gateway_filters { GATEWAY } else { HERE };
    if !client.only_from.is_empty() && !client.only_from.contains(&from) {
        return Err(Refusal::new(401, "The address is not one that this REST client item may call from").to(by));
    }
    if client.disabled {
        let refusal = Refusal::new(401, "The REST client item is disabled").to(by);
        return Err(refusal.with_header("x-authentication-message", "REST Client is disabled"));
    }
    Ok(client.clone())
}

/// The key of an `Authorization` header: after the word `GGL-API-KEY`, or the password of HTTP Basic, whatever
/// the user name. The gateway is strict about the word.
fn presented_key(header: &str, strictly: bool) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme == "GGL-API-KEY" || !strictly && scheme.eq_ignore_ascii_case("GGL-API-KEY") {
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
        assert_eq!(presented_key("GGL-API-KEY 7F3A-0C11", true).as_deref(), Some("7F3A-0C11"));
        let basic = base64::engine::general_purpose::STANDARD.encode("anyone:7F3A-0C11");
        assert_eq!(presented_key(&format!("Basic {basic}"), true).as_deref(), Some("7F3A-0C11"));
        for bad in ["7F3A-0C11", "Bearer 7F3A", "Basic !!!", ""] {
            assert_eq!(presented_key(bad, false), None, "{bad}");
        }
        let lower = "ggl-api-key 7F3A-0C11";
        assert_eq!((presented_key(lower, false).is_some(), presented_key(lower, true)), (true, None));
    }
}
