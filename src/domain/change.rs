//! A change to one person's credentials: first in our words, then as the exact request it becomes.

use super::credential::{Credential, Particular};
use super::ids::{HolderId, Link, VendorKey};
use super::journal::{Marker, Seen};
use super::lifecycle::Verb;
use super::policy::Why;
use super::text::Untrusted;
use jiff::Timestamp;

/// A credential to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCredential {
    /// Card type, template, or profile.
    pub type_link: Link,
    /// The marker that it will carry, where the tenant uses markers.
    pub marker: Option<Marker>,
    /// Free text number with our marker in it, where the vendor has such a number.
    pub number: Option<Untrusted>,
    /// Invitation: mail address, or empty.
    pub email: Untrusted,
    /// Invitation: phone, or empty.
    pub phone: Untrusted,
    /// Invitation: no PIN or biometric at enrolment.
    pub single_factor: bool,
    /// Validity to copy from the old one.
    pub until: Option<Timestamp>,
    /// What else is copied from the old one, as the vendor needs it.
    pub particulars: Vec<(Particular, Untrusted)>,
    /// The credential that it replaces, where the vendor has room to say so.
    pub replaces: Option<VendorKey>,
}

impl NewCredential {
    /// A phone credential like an old one: same type, same label, same contact, the given marker (decision 12).
    pub fn like_phone(old: &Credential, marker: Option<Marker>, now: Timestamp) -> Self {
        let number = old.number.raw();
        // A number that was left out at creation is filled with the credential's own id, which is no label.
        let label = if number == old.lasting_id.raw() { "" } else { Marker::split(number).0.trim() };
        let number = match &marker {
            Some(marker) => Some(Untrusted::new(marker.stamp(label))),
            // Never an old marker: a copied one would make both cards ambiguous (decision 11).
            None => (!label.is_empty()).then(|| Untrusted::new(label)),
        };
        let invitation = old.invitation.as_ref();
        Self {
            type_link: old.type_link.clone(),
            marker,
            number,
            email: invitation.map(|i| i.email.clone()).unwrap_or_default(),
            phone: invitation.map(|i| i.phone.clone()).unwrap_or_default(),
            single_factor: invitation.is_some_and(|i| i.single_factor),
            until: old.until.filter(|until| *until > now),
            particulars: Vec::new(),
            replaces: None,
        }
    }
}

/// Another state for one credential that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The credential.
    pub object: Seen,
    /// What is done to it.
    pub verb: Verb,
    /// The vendor's word for its state, as last read.
    pub from: String,
    /// The vendor's (or the site's) word for the state that it shall have.
    pub to: String,
}

/// A change to one person's credentials, in the inside's words. Exactly one of `add`, `add` with `remove`, `remove`,
/// and `turn`.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialChange {
    /// The person.
    pub holder: HolderId,
    /// Where the vendor serves her.
    pub holder_link: Link,
    /// What is added.
    pub add: Option<NewCredential>,
    /// What is removed in the same call, where the vendor can.
    pub remove: Option<Seen>,
    /// What gets another state.
    pub turn: Option<Turn>,
    /// Reason.
    pub why: Why,
    /// Ticket and note for the vendor, checked by [`note_problem`](super::policy::note_problem); or empty.
    pub note: String,
    /// The marker of the intent: of what is added, or (Thales D1) of the operation.
    pub marker: Option<Marker>,
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
