//! Typed identifiers. What the outside hands us becomes one of these or is refused, before any URL, file
//! name or SQL parameter is made of it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}, not {got:?}")]
pub struct BadId {
    what: &'static str,
    rule: &'static str,
    got: String,
}

impl BadId {
    fn new(what: &'static str, rule: &'static str, got: &str) -> Self {
        let got = super::text::SafeText::of(got).as_str().chars().take(60).collect();
        Self { what, rule, got }
    }
}

/// The name of a configured connection: 1 to 32 of `a-z 0-9 _ -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantName(String);

impl TenantName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantName {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        let ok = (1..=32).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
            && s.as_bytes()[0].is_ascii_alphanumeric();
        if ok { Ok(Self(s.to_owned())) } else { Err(BadId::new("a tenant name", "1 to 32 of a-z, 0-9, _ and -", s)) }
    }
}

/// A vendor's own identifier, checked: 1 to 160 of `A-Z a-z 0-9 . _ -` with at most one inner `/`
/// (Gallagher: cardholder id `/` card segment), and no part that is `.` or `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VendorKey(String);

impl VendorKey {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VendorKey {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        let part_ok = |p: &str| {
            !p.is_empty()
                && p != "."
                && p != ".."
                && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        let mut parts = s.split('/');
        let ok = s.len() <= 160
            && parts.next().is_some_and(part_ok)
            && parts.next().is_none_or(part_ok)
            && parts.next().is_none();
        if ok {
            Ok(Self(s.to_owned()))
        } else {
            Err(BadId::new("an id", "letters, digits, . _ - and at most one /", s))
        }
    }
}

/// A path (and query) on the tenant's own origin, as the vendor's discovery or an answer gave it. Holding
/// one says: the scheme, host and port were checked and dropped (invariant I22, gallagher.md section 2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Link(String);

impl Link {
    /// The path with its query, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last path segment, without query.
    pub fn last_segment(&self) -> &str {
        let path = self.0.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for Link {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        let path = s.split('?').next().unwrap_or_default();
        let lower = path.to_ascii_lowercase();
        let ok = s.len() <= 4096
            && s.starts_with('/')
            && !s.starts_with("//")
            && s.bytes().all(|b| (0x21..0x7f).contains(&b))
            && !s.contains(['\\', '#', '"', '<', '>'])
            && !path.split('/').any(|p| p == "." || p == "..")
            && !["%2e", "%2f", "%5c", "%00"].iter().any(|bad| lower.contains(bad));
        if ok { Ok(Self(s.to_owned())) } else { Err(BadId::new("a link", "a plain path that begins with /", s)) }
    }
}

macro_rules! text_id {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(s: String) -> Result<Self, BadId> {
                s.parse()
            }
        }
    )*};
}
text_id!(TenantName, VendorKey, Link);

/// One person in one system, printed as `TENANT:VENDORID` (decision 6).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HolderId {
    /// The connection the person was seen through.
    pub tenant: TenantName,
    /// The vendor's id of the person.
    pub key: VendorKey,
}

/// One credential in one system, printed as `TENANT:VENDORID` (Gallagher: `TENANT:cardholder/card segment`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CredentialId {
    /// The connection the credential was seen through.
    pub tenant: TenantName,
    /// The vendor's id of the credential.
    pub key: VendorKey,
}

macro_rules! tenant_id {
    ($name:ident) => {
        impl $name {
            /// Puts the two checked halves together.
            pub fn new(tenant: TenantName, key: VendorKey) -> Self {
                Self { tenant, key }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.tenant, self.key)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                let (tenant, key) = s.split_once(':').ok_or_else(|| BadId::new("an id", "TENANT:VENDORID", s))?;
                Ok(Self { tenant: tenant.parse()?, key: key.parse()? })
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(s: String) -> Result<Self, BadId> {
                s.parse()
            }
        }
    };
}
tenant_id!(HolderId);
tenant_id!(CredentialId);

macro_rules! time_ordered_id {
    ($(#[$doc:meta] $name:ident),*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, uuid::Error> {
                s.parse().map(Self)
            }
        }
    )*};
}
time_ordered_id!(
    /// One mutation that this console intends (UUIDv7: sorts by time).
    IntentId,
    /// One piece of work of one or more intents, such as a reissue (UUIDv7).
    SagaId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        let id: CredentialId = "gall:7741/9c1d04be".parse().unwrap();
        assert_eq!(id.to_string(), "gall:7741/9c1d04be");
        assert_eq!(id.tenant.as_str(), "gall");
    }

    #[test]
    fn hostile_ids_are_refused() {
        for bad in [
            "gall",
            "gall:",
            ":1",
            "gall:..",
            "gall:a/../b",
            "gall:a/b/c",
            "gall:a%2fb",
            "gall:a?b",
            "gall:a\r\nb",
            "Gall:1",
            "gall:a/",
        ] {
            assert!(bad.parse::<CredentialId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hostile_links_are_refused() {
        for bad in [
            "",
            "//evil.example/x",
            "http://evil.example/",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a b",
            "/a\nb",
            "/a#b",
            "\\\\evil",
            "/a\\b",
        ] {
            assert!(bad.parse::<Link>().is_err(), "{bad:?}");
        }
        let link: Link = "/api/cardholders/7741/cards/9c?fields=a,b".parse().unwrap();
        assert_eq!(link.last_segment(), "9c");
    }
}
