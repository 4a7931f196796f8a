//! API keys: each belongs to a user and opens one data set (contract section 1).

use super::ids::DataMode;
use crate::simulator::Author;
use crate::simulator::population::{Population, spread};
use base64::Engine as _;
use http::HeaderValue;
use serde::Serialize;

/// A key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// The key.
    #[serde(skip)]
    pub key: String,
    /// Data set.
    pub mode: DataMode,
    /// Whose acts these are.
    pub author: Author,
    /// Name of the user, as productions show it.
    pub user: &'static str,
    /// Withdrawn: 401.
    pub disabled: bool,
}

/// All keys of the tenant.
#[derive(Clone, Debug)]
pub struct ApiKeys(pub Vec<ApiKey>);

impl ApiKeys {
    /// One key for each of two systems and each mode.
    pub fn new(population: &Population) -> Self {
        let key = |mode: DataMode, author, user, purpose| {
            let mut bits = spread(population.draw(u32::MAX, purpose));
            let mut secret = format!("sk_{mode}_");
            for _ in 0..24 {
                const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
                secret.push(char::from(SIGNS[(bits % 62) as usize]));
                bits = spread(bits);
            }
            ApiKey { key: secret, mode, author, user, disabled: false }
        };
        Self(vec![
            key(DataMode::Test, Author::Console, "svc-passdesk", 0x3010),
            key(DataMode::Test, Author::Foreign, "svc-visitor-desk", 0x3011),
            key(DataMode::Live, Author::Console, "svc-passdesk", 0x3012),
            key(DataMode::Live, Author::Foreign, "svc-visitor-desk", 0x3013),
        ])
    }

    /// The key of a system in a mode; empty if it has none.
    pub fn of(&self, mode: DataMode, author: Author) -> String {
        self.0.iter().find(|k| (k.mode, k.author) == (mode, author)).map(|k| k.key.clone()).unwrap_or_default()
    }

    /// Who presents this header: HTTP Basic with the key as user name, whatever the password, or Bearer.
    pub fn presented(&self, header: Option<&HeaderValue>) -> Option<&ApiKey> {
        let (scheme, rest) = header?.to_str().ok()?.split_once(' ')?;
        let rest = rest.trim();
        let key = if scheme.eq_ignore_ascii_case("Bearer") {
            rest.to_owned()
        } else if scheme.eq_ignore_ascii_case("Basic") {
            let decoded = base64::engine::general_purpose::STANDARD.decode(rest).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            text.split_once(':')?.0.to_owned()
        } else {
            return None;
        };
        self.0.iter().find(|k| k.key == key && !k.disabled)
    }
}
