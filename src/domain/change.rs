//! A change to one person's credentials: first in our words, then as the exact request it becomes.

use super::ids::{HolderId, Link};
use super::journal::Seen;
use super::text::Untrusted;
use jiff::Timestamp;

/// A credential to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCredential {
    /// Card type.
    pub type_link: Link,
    /// Free text number with our marker, where the tenant uses markers.
    pub number: Option<Untrusted>,
    /// Invitation: mail address, or empty.
    pub email: Untrusted,
    /// Invitation: phone, or empty.
    pub phone: Untrusted,
    /// Invitation: no PIN or biometric at enrolment.
    pub single_factor: bool,
    /// Validity to copy from the old one.
    pub until: Option<Timestamp>,
}

/// A change to one person's credentials, in the inside's words.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialChange {
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub holder_link: Link,
    /// What is added.
    pub add: Option<NewCredential>,
    /// What is removed.
    pub remove: Option<Seen>,
}

/// The exact request that a change becomes. What is journalled, shown and sent is this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedChange {
    /// HTTP method.
    pub method: &'static str,
    /// Path on the tenant's origin.
    pub link: Link,
    /// Body, exactly as it will be sent. Holds contacts: never logged.
    pub body: Vec<u8>,
}

impl PreparedChange {
    /// SHA-256 over method, path and body, hex.
    pub fn digest(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(self.method.as_bytes());
        hash.update([0]);
        hash.update(self.link.as_str().as_bytes());
        hash.update([0]);
        hash.update(&self.body);
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}
