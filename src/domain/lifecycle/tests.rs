//! Every state and every verb, against the contracts' tables as read by a person.

use super::*;
use crate::domain::text::Untrusted;
use strum::IntoEnumIterator;

fn card(class: CredentialClass, word: &str) -> Credential {
    Credential {
        id: "t:1".parse().unwrap(),
        holder: "t:p".parse().unwrap(),
        link: "/x".parse().unwrap(),
        lasting_id: Untrusted::default(),
        class,
        type_link: "/t".parse().unwrap(),
        type_name: Untrusted::default(),
        number: Untrusted::default(),
        marker: None,
        issue_level: None,
        status: meaning(class, word).unwrap_or(CardStatus::Unknown),
        status_word: Untrusted::new(word),
        invitation: None,
        from: None,
        until: None,
        last_used: None,
        barred: false,
        particulars: Vec::new(),
        as_of: Timestamp::UNIX_EPOCH,
    }
}

/// What the table offers for a state: `verb>word`, in the order of the verbs.
fn offered(class: CredentialClass, word: &str) -> String {
    let card = card(class, word);
    let mut all = Vec::new();
    for verb in Verb::iter().filter(|v| *v != Verb::Set) {
        if let Ok(target) = target(&card, verb, None, Timestamp::UNIX_EPOCH) {
            all.push(format!("{verb}>{}", target.word));
        }
    }
    for target in choices(&card, Timestamp::UNIX_EPOCH) {
        let known = all.iter().any(|one: &String| one.ends_with(&format!(">{}", target.word)));
        if !known {
            all.push(format!("set>{}", target.word));
        }
    }
    all.join(" ")
}

#[test]
fn accessgrid_offers_what_section_5_lists() {
    for (word, want) in [
        ("created", "end>deleted"),
        ("active", "suspend>suspended unlink>unlink end>deleted"),
        ("suspended", "resume>active unlink>unlink end>deleted"),
        ("unlink", "end>deleted"),
        ("deleted", ""),
        ("pending", ""),
    ] {
        assert_eq!(offered(CredentialClass::WalletPass, word), want, "{word}");
    }
}

#[test]
fn d1_offers_what_sections_7_and_8_list() {
    for (word, want) in [
        ("PENDING_IDV", "end>DELETED"),
        ("ACTIVE", "suspend>SUSPENDED end>DELETED"),
        ("SUSPENDED", "resume>ACTIVE end>DELETED"),
        ("INACTIVE", "resume>ACTIVE end>DELETED"),
        ("DELETED", ""),
        ("NEW_WORD", ""),
    ] {
        assert_eq!(offered(CredentialClass::DigitalCard, word), want, "{word}");
    }
    for (word, want) in [
        ("ACTIVE", "suspend>INACTIVE"),
        ("INACTIVE", "resume>ACTIVE"),
        ("EXPIRED", ""),
        ("REPLACED", ""),
        ("DELETED", ""),
    ] {
        assert_eq!(offered(CredentialClass::FundingCard, word), want, "{word}");
    }
}

#[test]
fn a_stolen_d1_card_is_not_resumed() {
    let mut stolen = card(CredentialClass::FundingCard, "INACTIVE");
    stolen.particulars.push((Particular::StateReason, Untrusted::new("CARD_STOLEN")));
    assert!(target(&stolen, Verb::Resume, None, Timestamp::UNIX_EPOCH).unwrap_err().contains("CARD_STOLEN"));
}

#[test]
fn what_is_so_already_is_said_and_not_sent() {
    let why = |card: &Credential, verb| target(card, verb, Some("Word"), Timestamp::UNIX_EPOCH).err();
    for (status, suspend, resume) in [
        (CardStatus::Active, None, Some("not suspended")),
        (CardStatus::Inactive, Some("already suspended"), None),
        (CardStatus::Expired, Some("its end date has passed: there is nothing to suspend"), Some("not suspended")),
    ] {
        let card = Credential { status, ..card(CredentialClass::Card, "Word") };
        assert_eq!(why(&card, Verb::Suspend).as_deref(), suspend, "{status:?}");
        assert_eq!(why(&card, Verb::Resume).as_deref(), resume, "{status:?}");
    }
    for (class, word, verb, says) in [
        (CredentialClass::DigitalCard, "SUSPENDED", Verb::Suspend, "already suspended"),
        (CredentialClass::DigitalCard, "PENDING_IDV", Verb::Suspend, "only an active digital card"),
        (CredentialClass::FundingCard, "INACTIVE", Verb::Suspend, "already suspended"),
        (CredentialClass::WalletPass, "unlink", Verb::Unlink, "already unlinked"),
        (CredentialClass::PrintedCard, "blocked", Verb::Suspend, "already blocked"),
    ] {
        let said = target(&card(class, word), verb, None, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(said.contains(says), "{class} {word} {verb}: {said}");
    }
}

#[test]
fn cardexchange_offers_what_section_6_1_lists() {
    for (word, want) in [
        ("initialized", "end>withdrawn set>in_production"),
        ("in_production", "end>withdrawn set>initialized"),
        ("personalized", "suspend>blocked end>withdrawn"),
        ("issued", "suspend>blocked end>withdrawn set>activated set>returned"),
        ("activated", "suspend>blocked set>returned"),
        ("blocked", "resume>activated set>returned"),
        ("expired", "set>returned"),
        ("bulk_blocked", ""),
        ("linked", ""),
        ("unlinked", ""),
        ("withdrawn", ""),
        ("returned", ""),
        ("destroyed", ""),
        ("blacklisted", ""),
        ("lost", ""),
    ] {
        assert_eq!(offered(CredentialClass::PrintedCard, word), want, "{word}");
    }
}

#[test]
fn a_card_past_its_end_date_is_not_unblocked() {
    let mut late = card(CredentialClass::PrintedCard, "blocked");
    late.until = Some(Timestamp::UNIX_EPOCH);
    assert!(target(&late, Verb::Resume, None, Timestamp::UNIX_EPOCH).is_err());
}

#[test]
fn every_refusal_says_why_and_every_word_is_known() {
    use CredentialClass as C;
    for class in [C::Mobile, C::Card, C::WalletPass, C::FundingCard, C::DigitalCard, C::PrintedCard] {
        for (word, _) in words(class) {
            for verb in Verb::iter() {
                if let Err(why) = target(&card(class, word), verb, None, Timestamp::UNIX_EPOCH) {
                    assert!(why.len() > 5, "{class} {word} {verb}");
                }
            }
        }
        for edge in edges(class) {
            assert!(meaning(class, edge.from).is_some() && meaning(class, edge.to).is_some(), "{edge:?}");
        }
    }
}

#[test]
fn what_was_asked_for_is_recognised() {
    use CredentialClass as C;
    assert!(reached(&card(C::WalletPass, "suspended"), Some("suspended")));
    assert!(!reached(&card(C::WalletPass, "active"), Some("suspended")));
    assert!(reached(&card(C::DigitalCard, "INACTIVE"), Some("SUSPENDED")), "two words for one state");
    assert!(reached(&card(C::PrintedCard, "withdrawn"), Some("withdrawn")));
    assert!(!reached(&card(C::PrintedCard, "returned"), Some("withdrawn")));
    assert!(reached(&card(C::WalletPass, "deleted"), None));
}

/// Invariant I15: an end that would take other credentials with it is offered for no kind of credential in no state.
#[test]
fn i15_no_cascade_is_offered() {
    let all = [
        CredentialClass::WalletPass,
        CredentialClass::DigitalCard,
        CredentialClass::FundingCard,
        CredentialClass::PrintedCard,
    ];
    for (class, word) in all.into_iter().flat_map(|class| words(class).iter().map(move |(word, _)| (class, *word))) {
        for verb in Verb::iter() {
            let offered = target(&card(class, word), verb, None, Timestamp::UNIX_EPOCH);
            let cascades = class == CredentialClass::FundingCard && offered.is_ok_and(|t| is_end(class, &t.word));
            assert!(!cascades, "{class} {word} {verb}");
        }
    }
    let refused = target(&card(CredentialClass::FundingCard, "ACTIVE"), Verb::End, None, Timestamp::UNIX_EPOCH);
    assert!(refused.unwrap_err().contains("deletes all its digital cards"), "and says why");
}
