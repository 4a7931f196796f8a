//! Where things are. Families of resources have their own base, because versions live side by side (contract
//! section 2); whatever the issuer's server does not have is remembered as not offered (section 14, row 4).

use super::{ProviderError, ProviderErrorKind};
use crate::domain::ids::{Link, VendorKey};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Paths that come before `/issuers`, one a family, and that of the token. A site file may name others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// The token endpoint, whole.
    pub token: String,
    /// A consumer's data (C3).
    pub consumer: String,
    /// A consumer's operations and its end (C5 to C7).
    pub consumer_operations: String,
    /// A consumer's cards (C8).
    pub consumer_cards: String,
    /// Cards (K1, K3, K5, T6).
    pub cards: String,
    /// Digital cards (T1 to T5).
    pub digital_cards: String,
}

impl Default for Routes {
    fn default() -> Self {
        let (v1, v2) = ("/banking/v1".to_owned(), "/banking/v2".to_owned());
        Self {
            token: "/authz/v1/oauth2/token".to_owned(),
            consumer: v2,
            consumer_operations: v1.clone(),
            consumer_cards: v1.clone(),
            cards: v1.clone(),
            digital_cards: v1,
        }
    }
}

/// A family of reads that an issuer's server may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offer {
    Consumer,
    ConsumerCards,
    ConsumerOperations,
    CardOperations,
    DigitalCards,
    DigitalCard,
    DigitalOperation,
}

/// What the server was found to lack.
#[derive(Debug, Default)]
pub(super) struct Lacking(Mutex<BTreeSet<Offer>>);

impl Lacking {
    pub(super) fn has(&self, offer: Offer) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&offer)
    }

    pub(super) fn note(&self, offer: Offer) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(offer) {
            tracing::info!(?offer, "the server does not offer this; the documented fallback is used");
        }
    }

    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What an id is of, with its own pattern (contract section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdOf {
    Consumer,
    Card,
    DigitalCard,
    Operation,
}

/// A text as an id, never trimmed and never folded.
///
/// # Errors
/// If it does not fit the pattern: nothing is put into an address then.
pub(super) fn checked(of: IdOf, text: &str) -> Result<VendorKey, ProviderError> {
    let (name, longest) = match of {
        IdOf::Consumer => ("consumerId", 64),
        IdOf::Card => ("cardId", 48),
        IdOf::DigitalCard => ("digitalCardId", 64),
        IdOf::Operation => ("operationId", 64),
    };
    let fits = (1..=longest).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = fits.then(|| text.parse().ok()).flatten();
    key.ok_or_else(|| {
        let why = format!("a {name} has 1 to {longest} letters, digits, _ or -");
        ProviderError::new(ProviderErrorKind::Invalid, why)
    })
}

/// The issuer's part of every address.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub routes: Routes,
    pub issuer: String,
}

impl Addresses {
    fn link(&self, base: &str, rest: &str) -> Result<Link, ProviderError> {
        let text = format!("{}/issuers/{}/{rest}", base.trim_end_matches('/'), self.issuer);
        text.parse().map_err(|_| ProviderError::new(ProviderErrorKind::Invalid, "an address cannot be built of this"))
    }

    pub(super) fn consumer(&self, id: &VendorKey) -> Result<Link, ProviderError> {
        self.link(&self.routes.consumer, &format!("consumers/{}", id.as_str()))
    }

    pub(super) fn consumer_cards(&self, id: &VendorKey) -> Result<Link, ProviderError> {
        self.link(&self.routes.consumer_cards, &format!("consumers/{}/cards", id.as_str()))
    }

    /// `rest` follows `operations`: `:delete`, `/ID`, a query, or nothing.
    pub(super) fn consumer_operations(&self, id: &VendorKey, rest: &str) -> Result<Link, ProviderError> {
        self.link(&self.routes.consumer_operations, &format!("consumers/{}/operations{rest}", id.as_str()))
    }

    pub(super) fn card(&self, id: &VendorKey) -> Result<Link, ProviderError> {
        self.link(&self.routes.cards, &format!("cards/{}", id.as_str()))
    }

    pub(super) fn card_operations(&self, id: &VendorKey, rest: &str) -> Result<Link, ProviderError> {
        self.link(&self.routes.cards, &format!("cards/{}/operations{rest}", id.as_str()))
    }

    pub(super) fn digital_cards_of(&self, card: &VendorKey) -> Result<Link, ProviderError> {
        self.link(&self.routes.cards, &format!("cards/{}/digitalCards", card.as_str()))
    }

    pub(super) fn digital(&self, id: &VendorKey) -> Result<Link, ProviderError> {
        self.link(&self.routes.digital_cards, &format!("digitalCards/{}", id.as_str()))
    }

    pub(super) fn digital_operations(&self, id: &VendorKey, rest: &str) -> Result<Link, ProviderError> {
        self.link(&self.routes.digital_cards, &format!("digitalCards/{}/operations{rest}", id.as_str()))
    }
}

/// True for the answers that say "no such address, or no such thing".
pub(super) fn is_absent(error: &ProviderError) -> bool {
    matches!(error.status, Some(404 | 405))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_before_an_address_is_built() {
        assert!(checked(IdOf::Card, &"a".repeat(48)).is_ok() && checked(IdOf::Card, &"a".repeat(49)).is_err());
        assert!(checked(IdOf::Consumer, &"a".repeat(64)).is_ok() && checked(IdOf::Consumer, &"a".repeat(65)).is_err());
        for bad in ["", "a.b", "a/b", "a b", "..", "a%2f", "ä", " a", "a\n"] {
            for of in [IdOf::Consumer, IdOf::Card, IdOf::DigitalCard, IdOf::Operation] {
                let refused = checked(of, bad).unwrap_err();
                assert_eq!(refused.kind, ProviderErrorKind::Invalid, "{bad:?}");
            }
        }
    }

    #[test]
    fn each_family_has_its_base_and_the_colon_stays() {
        let routes = Routes { cards: "/banking/v2".into(), ..Routes::default() };
        let addresses = Addresses { routes, issuer: "DEMOISS-01".into() };
        let id: VendorKey = "x_1".parse().unwrap();
        for (link, wanted) in [
            (addresses.consumer(&id), "/banking/v2/issuers/DEMOISS-01/consumers/x_1"),
            (
                addresses.consumer_operations(&id, ":delete"),
                "/banking/v1/issuers/DEMOISS-01/consumers/x_1/operations:delete",
            ),
            (addresses.card(&id), "/banking/v2/issuers/DEMOISS-01/cards/x_1"),
            (addresses.digital_cards_of(&id), "/banking/v2/issuers/DEMOISS-01/cards/x_1/digitalCards"),
            (addresses.digital_operations(&id, "/y"), "/banking/v1/issuers/DEMOISS-01/digitalCards/x_1/operations/y"),
        ] {
            assert_eq!(link.unwrap().as_str(), wanted);
        }
    }
}
