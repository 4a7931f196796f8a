//! What Command Centre says about a card beside its state (contract sections 5.1, 5.8 and 5.9), in plain words.

use super::wire;
use crate::domain::credential::{Credential, CredentialClass, Particular};
use crate::domain::text::Untrusted;
use serde_json::Value;

/// What the card itself says. A PIN is write-only at the vendor (contract section 5.1): if a server shows one all the
/// same, it is not looked at.
pub fn of(card: &Value) -> Vec<(Particular, Untrusted)> {
    let mut said = Vec::new();
    let mut say = |name: Particular, value: Untrusted| {
        if !value.is_empty() {
            said.push((name, value));
        }
    };
    let word = wire::text(card, "credentialClass");
    say(Particular::Remark, kind(word.raw()));
    let device = wire::text(card, "deviceType");
    say(
        Particular::Device,
        match device.raw() {
            "applePhone" => "an Apple phone".into(),
            "appleWatch" => "an Apple watch".into(),
            _ => device,
        },
    );
    say(Particular::Tag, wire::text(card, "cardSerialNumber"));
    let piv = card.get("pivData").and_then(|piv| piv.get("pivStatus")).unwrap_or(&Value::Null);
    say(Particular::StateReason, wire::text(piv, "type"));
    if card.get("visitorContractor").and_then(Value::as_bool) == Some(true) {
        say(Particular::Remark, "its holder is a visiting contractor".into());
    }
    said
}

/// What kind of thing it is, where the name of its type alone may not tell.
fn kind(class: &str) -> Untrusted {
    match class {
        // Said by number, type and invitation already.
        "card" | "mobile" | "" => Untrusted::default(),
        "digitalId" => "a digital ID".into(),
        "applePass" => "a badge in an Apple wallet".into(),
        "piv" => "a PIV card".into(),
        "pivi" => "a PIV-I card".into(),
        "govPass" => "a government pass".into(),
        "trackingTag" => "a tracking tag".into(),
        "transact" => "a Transact credential".into(),
        other => Untrusted::new(format!("the vendor calls this kind \"{other}\", which this version does not know")),
    }
}

/// Names badges and phone credentials of one person to each other. The badges were provisioned from a phone
/// credential and live on without it: whoever ends one has to be told of the others.
pub fn relate(cards: &mut [Credential]) {
    let of_class = |class: CredentialClass| -> Vec<String> {
        let names = cards.iter().filter(|card| card.class == class).map(|card| {
            let device = card.particular(Particular::Device).map(|d| format!(" on {}", d.raw())).unwrap_or_default();
            format!("{}{device}", card.number.raw())
        });
        names.collect()
    };
    let (badges, phones) = (of_class(CredentialClass::ApplePass), of_class(CredentialClass::Mobile));
    for card in cards {
        let (others, lead) = match card.class {
            CredentialClass::Mobile => (&badges, "ending this does not stop the badge"),
            CredentialClass::ApplePass => (&phones, "stays when this ends, or this without it: phone credential"),
            _ => continue,
        };
        let said = others.iter().map(|other| (Particular::Sibling, Untrusted::new(format!("{lead} {other}"))));
        card.particulars.extend(said);
    }
}

/// Why a card of this kind is not issued through this API, in the vendor's terms (contract sections 5.2 and 5.8).
pub fn why_not_issued(class: CredentialClass) -> Option<&'static str> {
    match class {
        CredentialClass::Mobile => None,
        CredentialClass::Card | CredentialClass::Piv | CredentialClass::Pivi | CredentialClass::GovPass => {
            Some("plastic is printed and encoded at a desk with a printer, which this API does not drive")
        }
        CredentialClass::ApplePass => {
            Some("a wallet badge is provisioned from the phone after its mobile credential is registered")
        }
        CredentialClass::DigitalId => Some("a digital ID is made by the vendor's cloud, not by an invitation"),
        CredentialClass::TrackingTag | CredentialClass::Transact => {
            Some("this kind is handed out by the system that it belongs to")
        }
        CredentialClass::WalletPass
        | CredentialClass::FundingCard
        | CredentialClass::DigitalCard
        | CredentialClass::PrintedCard
        | CredentialClass::Unknown => Some("this version does not know this kind of credential"),
    }
}
