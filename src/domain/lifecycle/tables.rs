//! The tables: states and edges of each kind of credential, in its vendor's words.

use super::{Edge, Hand, Verb};
use crate::domain::credential::{CardStatus, CredentialClass};
use crate::domain::ownership::Action;
use std::borrow::Cow;

const R: Action = Action::Reversible;
const I: Action = Action::Irreversible;

const fn ours(from: &'static str, verb: Verb, to: &'static str, action: Action) -> Edge {
    Edge { from, to, hand: Hand::Console(verb), action, withheld: None }
}

const fn withheld(from: &'static str, verb: Verb, to: &'static str, why: &'static str) -> Edge {
    Edge { from, to, hand: Hand::Console(verb), action: I, withheld: Some(why) }
}

const fn other(from: &'static str, hand: Hand, to: &'static str) -> Edge {
    Edge { from, to, hand, action: R, withheld: None }
}

/// All states of a kind of credential in the order of its diagram, and what they mean. Gallagher's are machine words;
/// the site's own words hang from `inactive`.
pub fn words(class: CredentialClass) -> &'static [(&'static str, CardStatus)] {
    use CardStatus as S;
    match class {
        CredentialClass::WalletPass => &[
            ("created", S::Invited),
            ("active", S::Active),
            ("suspended", S::Inactive),
            ("unlink", S::Unlinked),
            ("deleted", S::Ended),
        ],
        CredentialClass::DigitalCard => &[
            ("PENDING_IDV", S::Pending),
            ("ACTIVE", S::Active),
            ("SUSPENDED", S::Inactive),
            ("INACTIVE", S::Inactive),
            ("DELETED", S::Ended),
        ],
        CredentialClass::FundingCard => &[
            ("ACTIVE", S::Active),
            ("INACTIVE", S::Inactive),
            ("EXPIRED", S::Expired),
            ("REPLACED", S::Ended),
            ("DELETED", S::Ended),
        ],
        CredentialClass::PrintedCard => &[
            ("initialized", S::Pending),
            ("in_production", S::Pending),
            ("personalized", S::Pending),
            ("issued", S::Pending),
            ("activated", S::Active),
            ("linked", S::Active),
            ("unlinked", S::Pending),
            ("blocked", S::Inactive),
            ("bulk_blocked", S::Inactive),
            ("expired", S::Expired),
            ("blacklisted", S::Ended),
            ("withdrawn", S::Ended),
            ("returned", S::Ended),
            ("destroyed", S::Ended),
        ],
        _ => &[("pending", S::Pending), ("active", S::Active), ("expired", S::Expired), ("inactive", S::Inactive)],
    }
}

/// All ways between the states of a kind of credential. Gallagher has none of its own: see
/// [`target`](super::target).
pub fn edges(class: CredentialClass) -> &'static [Edge] {
    match class {
        CredentialClass::WalletPass => WALLET_PASS,
        CredentialClass::DigitalCard => DIGITAL_CARD,
        CredentialClass::FundingCard => FUNDING_CARD,
        CredentialClass::PrintedCard => PRINTED_CARD,
        _ => &[],
    }
}

/// accessgrid.md section 5.
const WALLET_PASS: &[Edge] = &[
    other("created", Hand::Holder, "active"),
    ours("created", Verb::End, "deleted", I),
    ours("active", Verb::Suspend, "suspended", R),
    other("active", Hand::Holder, "suspended"),
    ours("suspended", Verb::Resume, "active", R),
    other("suspended", Hand::Holder, "active"),
    ours("active", Verb::Unlink, "unlink", I),
    ours("suspended", Verb::Unlink, "unlink", I),
    ours("active", Verb::End, "deleted", I),
    ours("suspended", Verb::End, "deleted", I),
    ours("unlink", Verb::End, "deleted", I),
    withheld(
        "unlink",
        Verb::Resume,
        "active",
        "the vendor's text contradicts itself about an unlinked pass (resume allowed / only delete); issue a new one",
    ),
];

/// thales-d1.md section 8.
const DIGITAL_CARD: &[Edge] = &[
    other("PENDING_IDV", Hand::Holder, "ACTIVE"),
    ours("ACTIVE", Verb::Suspend, "SUSPENDED", R),
    ours("SUSPENDED", Verb::Resume, "ACTIVE", R),
    ours("INACTIVE", Verb::Resume, "ACTIVE", R),
    ours("PENDING_IDV", Verb::End, "DELETED", I),
    ours("ACTIVE", Verb::End, "DELETED", I),
    ours("SUSPENDED", Verb::End, "DELETED", I),
    ours("INACTIVE", Verb::End, "DELETED", I),
];

const CASCADE: &str = "deleting a card deletes all its digital cards as well (a cascade); it is not offered here";

/// thales-d1.md section 7.
const FUNDING_CARD: &[Edge] = &[
    ours("ACTIVE", Verb::Suspend, "INACTIVE", R),
    ours("INACTIVE", Verb::Resume, "ACTIVE", R),
    other("ACTIVE", Hand::Vendor, "EXPIRED"),
    other("ACTIVE", Hand::Vendor, "REPLACED"),
    other("INACTIVE", Hand::Vendor, "REPLACED"),
    withheld("ACTIVE", Verb::End, "DELETED", CASCADE),
    withheld("INACTIVE", Verb::End, "DELETED", CASCADE),
    withheld("EXPIRED", Verb::End, "DELETED", CASCADE),
];

const SECOND_PERSON: &str = "destroying a card is final and needs a second person, and none is configured";
const SECURITY_ROLE: &str = "blacklisting is final and needs the security role, which this desk does not have";
const SUPERVISOR: &str = "a bulk action of somebody else blocked it: only a supervisor takes that back";

/// cardexchange.md section 6.1; what is not listed there is not offered.
const PRINTED_CARD: &[Edge] = &[
    ours("initialized", Verb::Set, "in_production", R),
    ours("in_production", Verb::Set, "initialized", R),
    other("in_production", Hand::Vendor, "personalized"),
    other("personalized", Hand::Vendor, "issued"),
    other("issued", Hand::Holder, "activated"),
    ours("initialized", Verb::End, "withdrawn", I),
    ours("in_production", Verb::End, "withdrawn", I),
    ours("personalized", Verb::End, "withdrawn", I),
    ours("issued", Verb::End, "withdrawn", I),
    ours("issued", Verb::Set, "activated", R),
    ours("activated", Verb::Suspend, "blocked", R),
    ours("issued", Verb::Suspend, "blocked", R),
    ours("personalized", Verb::Suspend, "blocked", R),
    other("activated", Hand::Holder, "blocked"),
    ours("blocked", Verb::Resume, "activated", R),
    other("blocked", Hand::Holder, "activated"),
    other("activated", Hand::Vendor, "expired"),
    ours("activated", Verb::Set, "returned", I),
    ours("blocked", Verb::Set, "returned", I),
    ours("issued", Verb::Set, "returned", I),
    ours("expired", Verb::Set, "returned", I),
    withheld("returned", Verb::Set, "destroyed", SECOND_PERSON),
    withheld("withdrawn", Verb::Set, "destroyed", SECOND_PERSON),
    withheld("blocked", Verb::Set, "destroyed", SECOND_PERSON),
    withheld("expired", Verb::Set, "destroyed", SECOND_PERSON),
    withheld("activated", Verb::Set, "blacklisted", SECURITY_ROLE),
    withheld("blocked", Verb::Set, "blacklisted", SECURITY_ROLE),
    withheld("issued", Verb::Set, "blacklisted", SECURITY_ROLE),
    withheld("bulk_blocked", Verb::Set, "blocked", SUPERVISOR),
];

/// Why there is no way for a verb out of a state, in the vendor's terms.
pub(super) fn no_way(class: CredentialClass, from: &str, verb: Verb) -> Cow<'static, str> {
    use CredentialClass as C;
    let only = |words: &'static str| Cow::Borrowed(words);
    match (class, verb, from) {
        (C::WalletPass, _, "deleted") => only("it is deleted, for good"),
        (C::WalletPass, Verb::Suspend, "suspended") => only("already suspended"),
        (C::WalletPass, Verb::Suspend, "created") => {
            only("only an active pass can be suspended; an invitation can be withdrawn")
        }
        (C::WalletPass, Verb::Suspend, _) => only("only an active pass can be suspended"),
        (C::WalletPass, Verb::Resume, _) => only("not suspended"),
        (C::WalletPass, Verb::Unlink, "unlink") => only("already unlinked"),
        (C::WalletPass, Verb::Unlink, _) => only("only an active or suspended pass can be unlinked"),
        (C::DigitalCard | C::FundingCard, _, "DELETED") => only("it is deleted, for good"),
        (C::DigitalCard | C::FundingCard, _, "REPLACED") => only("it was replaced"),
        (C::DigitalCard | C::FundingCard, Verb::Suspend, "SUSPENDED" | "INACTIVE") => only("already suspended"),
        (C::DigitalCard, Verb::Suspend, _) => only("only an active digital card can be suspended"),
        (C::FundingCard, Verb::Suspend, _) => only("only an active card can be suspended"),
        (C::DigitalCard | C::FundingCard, Verb::Resume, _) => only("not suspended"),
        (C::DigitalCard | C::FundingCard, Verb::Unlink, _) => only("D1 has no unlink"),
        (C::PrintedCard, Verb::Suspend, "blocked" | "bulk_blocked") => only("already blocked"),
        (C::PrintedCard, Verb::Resume, "expired") => {
            only("it is expired, and an end date cannot be set on a card: the vendor's own screens can")
        }
        (C::PrintedCard, Verb::Resume, "bulk_blocked") => only(SUPERVISOR),
        (C::PrintedCard, Verb::Resume, "issued") => only("it is not blocked; the word activated hands it over"),
        (C::PrintedCard, Verb::Resume, _) => only("not blocked"),
        (C::PrintedCard, Verb::End, "activated" | "blocked" | "expired" | "bulk_blocked") => {
            only("a card that was handed out is not withdrawn: its end is the word returned, or destroyed")
        }
        (C::PrintedCard, Verb::Unlink, _) => only("cards have no unlink"),
        (C::PrintedCard, Verb::Suspend, "initialized" | "in_production") => {
            only("there is no card in anybody's hand yet; it can be withdrawn")
        }
        (C::PrintedCard, ..) => Cow::Owned(format!("nothing is offered for a card that is {from}")),
        _ => only("the vendor has no such step"),
    }
}
