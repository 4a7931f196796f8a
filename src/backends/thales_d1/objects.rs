//! Consumers, cards and digital cards as the inside says them (contract sections 6 to 8).

use super::routes::{IdOf, checked};
use super::{ProviderError, ThalesD1, wire};
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, Particular};
use crate::domain::ids::{CredentialId, HolderId, Link, VendorKey};
use crate::domain::text::Untrusted;
use crate::ports::archive::DirectoryEntry;
use jiff::Timestamp;
use serde_json::Value;

impl ThalesD1 {
    pub(super) fn cardholder(
        &self,
        entry: &DirectoryEntry,
        data: Option<&Value>,
        as_of: Timestamp,
    ) -> Result<Cardholder, ProviderError> {
        let own = |names: &[&str]| data.map(|data| wire::text(data, names)).unwrap_or_default();
        let (mut first_name, mut last_name) = (own(&["firstName"]), own(&["lastName", "familyName"]));
        if !entry.display_name.is_empty() {
            // The issuer's own list is what the desk goes by.
            let name = entry.display_name.raw();
            let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
            (first_name, last_name) = (Untrusted::new(first), Untrusted::new(last));
        } else if first_name.is_empty() && last_name.is_empty() {
            last_name = Untrusted::new(entry.consumer.as_str());
        }
        let mut description = entry.tags.raw().to_owned();
        if entry.generation > 1 {
            description = format!("{description} (a new holder of an old id: generation {})", entry.generation);
        }
        Ok(Cardholder {
            id: HolderId::new(self.tenant().clone(), entry.consumer.clone()),
            link: self.addresses.consumer(&entry.consumer)?,
            first_name,
            last_name,
            description: Untrusted::new(description.trim()),
            division: Untrusted::default(),
            employee_number: entry.customer_ref.clone(),
            email: own(&["email", "emailAddress"]),
            authorised: entry.tombstone.is_none(),
            as_of,
        })
    }

    /// A card; nothing if its id is none.
    pub(super) fn card(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        raw: Option<&Value>,
        as_of: Timestamp,
    ) -> Option<Credential> {
        let class = CredentialClass::FundingCard;
        let mut one = self.credential(entry, id, class, raw, as_of, self.addresses.card(id).ok()?)?;
        let null = Value::Null;
        let raw = raw.unwrap_or(&null);
        let product = wire::text(raw, &["cardProductId"]);
        if let Some(link) =
            checked(IdOf::Card, product.raw()).ok().and_then(|p| format!("/cardProducts/{}", p.as_str()).parse().ok())
        {
            one.type_link = link;
        }
        one.type_name = product;
        for (name, members) in [
            (Particular::StateReason, &["stateReason"][..]),
            (Particular::Ongoing, &["ongoingOperation"][..]),
            (Particular::Scheme, wire::SCHEME),
            (Particular::Created, wire::CREATED),
            (Particular::Changed, wire::UPDATED),
        ] {
            let value = wire::text(raw, members);
            if !value.is_empty() && value.raw() != "NONE" {
                one.particulars.push((name, value));
            }
        }
        Some(one)
    }

    /// A digital card; nothing if its id is none.
    pub(super) fn pass(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        card: Option<&VendorKey>,
        raw: Option<&Value>,
        as_of: Timestamp,
    ) -> Option<Credential> {
        let class = CredentialClass::DigitalCard;
        let mut one = self.credential(entry, id, class, raw, as_of, self.addresses.digital(id).ok()?)?;
        let null = Value::Null;
        let raw = raw.unwrap_or(&null);
        one.type_name = wire::text(raw, &["deviceType"]);
        if let Some(card) = card {
            one.particulars.push((Particular::Parent, Untrusted::new(card.as_str())));
        }
        for (name, members) in [
            (Particular::Device, &["deviceName"][..]),
            (Particular::TokenRequestor, &["tokenRequestorName", "tokenRequestorId"][..]),
            (Particular::StateReason, &["stateReason"][..]),
            (Particular::Ongoing, &["ongoingOperation"][..]),
            (Particular::Scheme, wire::SCHEME),
            (Particular::Created, wire::CREATED),
        ] {
            let value = wire::text(raw, members);
            if !value.is_empty() && value.raw() != "NONE" {
                one.particulars.push((name, value));
            }
        }
        // The network has done it; nobody here hears what the phone did (contract section 8).
        one.particulars.push((Particular::DeviceStatus, Untrusted::new("not confirmed")));
        Some(one)
    }

    fn credential(
        &self,
        entry: &DirectoryEntry,
        id: &VendorKey,
        class: CredentialClass,
        raw: Option<&Value>,
        as_of: Timestamp,
        link: Link,
    ) -> Option<Credential> {
        let null = Value::Null;
        let shown = raw.unwrap_or(&null);
        let word = wire::text(shown, wire::STATE);
        let unread = Untrusted::new(Credential::UNREAD);
        Some(Credential {
            id: CredentialId::new(self.tenant().clone(), id.clone()),
            holder: HolderId::new(self.tenant().clone(), entry.consumer.clone()),
            link,
            lasting_id: Untrusted::default(),
            class,
            type_link: "/cardProducts".parse().ok()?,
            type_name: Untrusted::default(),
            number: wire::text(shown, wire::LAST4),
            marker: None,
            issue_level: None,
            status: if raw.is_some() { wire::status(class, word.raw()) } else { CardStatus::Unknown },
            status_word: if raw.is_some() { word } else { unread },
            invitation: None,
            from: None,
            until: wire::expiry(shown),
            last_used: None,
            barred: entry.tombstone.is_some(),
            particulars: Vec::new(),
            as_of,
        })
    }
}
