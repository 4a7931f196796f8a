//! Every state, every action, every reason code, against the contract's tables written out once more.

use super::bank::{CardState, DigitalState};
use super::operations::months_before;
use super::rules::*;

const CODES: &[&str] = &[
    "CARD_LOST",
    "CARD_STOLEN",
    "CARD_BROKEN",
    "FRAUD",
    "USER_DECISION",
    "ISSUER_DECISION",
    "CARD_FOUND",
    "CLOSED_ACCOUNT",
    "CLOSED_CARD",
    "CARD_NOT_RECEIVED",
    "PIN_LOCKED",
    "NONSENSE",
];
const ACTIONS: &[Action] = &[
    Action::Suspend,
    Action::Resume,
    Action::Delete,
    Action::Replace,
    Action::Renew,
    Action::Activate,
    Action::Update,
];

#[test]
fn a_card_resumes_only_with_what_fits_its_suspension() {
    let pairs = [
        ("CARD_LOST", "CARD_FOUND"),
        ("USER_DECISION", "USER_DECISION"),
        ("USER_DECISION", "ISSUER_DECISION"),
        ("ISSUER_DECISION", "ISSUER_DECISION"),
    ];
    for suspended in CODES {
        for code in CODES {
            assert_eq!(can_resume(suspended, code), pairs.contains(&(suspended, code)), "{suspended} {code}");
        }
    }
}

#[test]
fn every_card_state_takes_only_its_actions() {
    use CardState::{Active, Deleted, Expired, Inactive, Replaced};
    for state in [Active, Inactive, Expired, Deleted, Replaced] {
        for action in ACTIONS {
            for suspended in ["CARD_LOST", "CARD_STOLEN", "USER_DECISION", "ISSUER_DECISION", "PIN_LOCKED", "NONE"] {
                for code in CODES {
                    let wanted = match (action, state) {
                        (Action::Suspend, Active) => Some(Inactive),
                        (Action::Renew, Active) => Some(Active),
                        (Action::Resume, Inactive) if can_resume(suspended, code) => Some(Active),
                        (Action::Replace, Active | Inactive) => Some(Replaced),
                        (Action::Delete, Active | Inactive | Expired | Replaced) => Some(Deleted),
                        _ => None,
                    };
                    let found = card_after(state, suspended, *action, code);
                    assert_eq!(found, wanted, "{state:?} {action:?} {suspended} {code}");
                }
            }
        }
    }
}

#[test]
fn every_digital_card_state_takes_only_its_actions() {
    use DigitalState::{Active, Deleted, PendingIdv, Suspended};
    let possible = [
        (Active, Action::Suspend, Suspended),
        (Suspended, Action::Resume, Active),
        (PendingIdv, Action::Activate, Active),
        (Active, Action::Delete, Deleted),
        (Suspended, Action::Delete, Deleted),
        (PendingIdv, Action::Delete, Deleted),
    ];
    for state in [Active, Deleted, PendingIdv, Suspended] {
        for action in ACTIONS {
            let wanted = possible.iter().find(|(s, a, _)| (s, a) == (&state, action)).map(|(_, _, after)| *after);
            assert_eq!(digital_after(state, *action), wanted, "{state:?} {action:?}");
        }
    }
}

#[test]
fn each_action_has_its_own_codes() {
    for (action, codes) in [
        (Action::Suspend, "CARD_LOST CARD_STOLEN CARD_BROKEN FRAUD USER_DECISION ISSUER_DECISION"),
        (Action::Resume, "CARD_FOUND ISSUER_DECISION USER_DECISION"),
        (Action::Delete, "CLOSED_ACCOUNT CLOSED_CARD CARD_LOST CARD_STOLEN ISSUER_DECISION USER_DECISION"),
        (Action::Replace, "CARD_BROKEN CARD_STOLEN CARD_LOST CARD_NOT_RECEIVED FRAUD ISSUER_DECISION"),
    ] {
        for code in CODES {
            assert_eq!(card_takes(action, code), codes.split(' ').any(|c| c == *code), "{action:?} {code}");
        }
    }
}

#[test]
fn ids_and_reasons_fit_their_patterns_or_not() {
    let (long, longer) = ("a".repeat(64), "a".repeat(65));
    for good in ["a", "A-_9", &long] {
        assert!(is_long_id(good), "{good}");
    }
    for bad in ["", "a b", "a.b", "ä", "a/b", "a%41", &longer] {
        assert!(!is_long_id(bad) && !is_card_id(bad), "{bad}");
    }
    assert!(is_card_id(&long[..48]) && !is_card_id(&long[..49]));
    assert!(is_correlation_id("a.b c", false) && !is_correlation_id("a.b", true) && !is_correlation_id("", false));
    assert!(is_reason("call 123") && !is_reason("") && !is_reason("a-b") && !is_reason(&longer) && is_reason(&long));
    assert!(is_user_id("desk_7") && !is_user_id("0123456789abcdef"));
    assert!(is_language("en-GB") && !is_language("en_GB") && !is_language("EN-gb") && !is_language("en-g"));
}

#[test]
fn three_months_are_calendar_months() {
    for (at, before) in [
        ("2026-05-31T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("2026-06-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        ("2027-01-15T00:00:00Z", "2026-10-15T00:00:00Z"),
    ] {
        assert_eq!(months_before(at.parse().unwrap(), 3), before.parse().unwrap(), "{at}");
    }
}
