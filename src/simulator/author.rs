//! Who did something to a credential, the same in every vendor's world.

use serde::Serialize;

/// Who did something: the judge's view, which no vendor shows in a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A bulk import long ago.
    Import,
    /// The REST client of the console under test.
    Console,
    /// Another system with its own key.
    Foreign,
    /// Somebody at a workstation, or in a vendor's own portal.
    Workstation,
    /// The holder, with her phone or in self-service.
    Holder,
    /// The vendor itself: a clock, a printer, a cascade.
    Vendor,
}
