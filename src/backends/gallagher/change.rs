//! A change as the one PATCH that it becomes (contract section 5.5): adds, state words and removes in a single,
//! atomic call.

use super::{ProviderError, ProviderErrorKind};
use crate::domain::change::{CredentialChange, NewCredential, PreparedChange};
use crate::domain::journal::Seen;
use crate::domain::lifecycle::Verb;
use crate::domain::origin::Origin;
use serde::Serialize;

#[derive(Serialize)]
struct Patch {
    cards: Cards,
}

#[derive(Serialize)]
struct Cards {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    add: Vec<Added>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update: Vec<Turned>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<Turned>,
}

#[derive(Serialize)]
struct Added {
    #[serde(rename = "type")]
    card_type: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
}

/// A card and the word that it gets: in `update` its state, in `remove` its last one, which stands as the reason in
/// the site's event.
#[derive(Serialize)]
struct Turned {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Serialize)]
struct Status {
    value: String,
}

#[derive(Serialize)]
struct Reference {
    href: String,
}

#[derive(Serialize)]
struct Invitation {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<String>,
    #[serde(rename = "singleFactorOnly", skip_serializing_if = "std::ops::Not::not")]
    single_factor: bool,
}

/// The exact request. The same change always gives the same bytes: they are hashed into the journal before they go.
///
/// # Errors
/// If the change is empty, invites a phone without an e-mail address (contract section 5.4), touches a card that is
/// not this person's, or asks for a step that Command Centre does not have.
pub fn prepare(origin: &Origin, change: &CredentialChange) -> Result<PreparedChange, ProviderError> {
    let invalid = |why: &str| ProviderError::new(ProviderErrorKind::Invalid, why);
    if change.add.is_none() && change.remove.is_none() && change.turn.is_none() {
        return Err(invalid("the change neither adds, removes nor changes anything"));
    }
    let of_this_person = |card: &Seen| {
        let owner = card.id.key.as_str().split('/').next();
        let hers = card.id.tenant == change.holder.tenant && owner == Some(change.holder.key.as_str());
        if hers { Ok(origin.href(&card.link)) } else { Err(invalid("the card to change belongs to somebody else")) }
    };
    let (mut update, mut remove) = (Vec::new(), Vec::new());
    if let Some(old) = &change.remove {
        remove.push(Turned { href: of_this_person(old)?, status: None });
    }
    if let Some(turn) = &change.turn {
        let href = of_this_person(&turn.object)?;
        // One href in both lists is refused (contract section 5.5).
        if change.remove.as_ref().is_some_and(|old| old.link == turn.object.link) {
            return Err(invalid("one card is to be removed and changed in one call"));
        }
        let status = (!turn.to.is_empty()).then(|| Status { value: turn.to.clone() });
        match (turn.verb, status) {
            (Verb::Unlink, _) => return Err(invalid("Command Centre has no unlink; a badge is removed like any card")),
            (Verb::End, status) => remove.push(Turned { href, status }),
            (Verb::Suspend | Verb::Resume | Verb::Set, Some(status)) => {
                update.push(Turned { href, status: Some(status) });
            }
            (Verb::Suspend | Verb::Resume | Verb::Set, None) => {
                return Err(invalid("the card type's word for the new state is not known"));
            }
        }
    }
    let add = match &change.add {
        None => Vec::new(),
        Some(new) => vec![added(origin, new).ok_or_else(|| {
            invalid("an invitation by phone needs an e-mail address too; the vendor refuses a phone number alone")
        })?],
    };
    let body = serde_json::to_vec(&Patch { cards: Cards { add, update, remove } })
        .map_err(|e| invalid(&format!("the change cannot be written: {e}")))?;
    Ok(PreparedChange { method: "PATCH", link: change.holder_link.clone(), body })
}

fn added(origin: &Origin, new: &NewCredential) -> Option<Added> {
    let given = |text: &crate::domain::text::Untrusted| (!text.is_empty()).then(|| text.raw().to_owned());
    let (email, mobile) = (given(&new.email), given(&new.phone));
    if mobile.is_some() && email.is_none() {
        return None;
    }
    let invites = email.is_some() || new.single_factor;
    Some(Added {
        card_type: Reference { href: origin.href(&new.type_link) },
        number: new.number.as_ref().map(|n| n.raw().to_owned()),
        // Whole seconds and a zone, the only form that all server versions show themselves (contract section 3).
        until: new.until.map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        invitation: invites.then_some(Invitation { email, mobile, single_factor: new.single_factor }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Turn;
    use crate::domain::credential::CredentialClass;
    use crate::domain::ids::HolderId;
    use crate::domain::policy::Why;
    use serde_json::{Value, json};

    fn origin() -> Origin {
        Origin::parse("https://cc.site.example:8904").unwrap()
    }

    fn old() -> Seen {
        Seen {
            id: "gall:7741/41aa70f3".parse().unwrap(),
            link: "/api/cardholders/7741/cards/41aa70f3".parse().unwrap(),
            lasting_id: String::new(),
            type_link: "/api/card_types/2601".parse().unwrap(),
            class: CredentialClass::Mobile,
            marker: None,
            contact_hash: String::new(),
            fingerprint: String::new(),
        }
    }

    fn swap() -> CredentialChange {
        CredentialChange {
            holder: "gall:7741".parse().unwrap(),
            holder_link: "/api/cardholders/7741".parse().unwrap(),
            add: Some(NewCredential {
                type_link: "/api/card_types/2601".parse().unwrap(),
                marker: None,
                number: Some("Pixel 9 PDX0123456789ABCDEF".into()),
                email: "mara.quill@site.example".into(),
                phone: "+64215550123".into(),
                single_factor: true,
                until: Some("2027-01-01T00:00:00.5Z".parse().unwrap()),
                particulars: Vec::new(),
                replaces: None,
            }),
            remove: Some(old()),
            turn: None,
            why: Why::NewPhone,
            note: String::new(),
            marker: None,
        }
    }

    #[test]
    fn a_swap_is_one_patch() {
        let prepared = prepare(&origin(), &swap()).unwrap();
        assert_eq!((prepared.method, prepared.link.as_str()), ("PATCH", "/api/cardholders/7741"));
        assert_eq!(
            String::from_utf8(prepared.body.clone()).unwrap(),
            concat!(
                r#"{"cards":{"add":[{"type":{"href":"https://cc.site.example:8904/api/card_types/2601"},"#,
                r#""number":"Pixel 9 PDX0123456789ABCDEF","until":"2027-01-01T00:00:00Z","#,
                r#""invitation":{"email":"mara.quill@site.example","mobile":"+64215550123","singleFactorOnly":true}}],"#,
                r#""remove":[{"href":"https://cc.site.example:8904/api/cardholders/7741/cards/41aa70f3"}]}}"#,
            )
        );
        assert_eq!(prepare(&origin(), &swap()).unwrap().digest(), prepared.digest());
    }

    #[test]
    fn what_is_not_given_is_not_sent() {
        let mut change = swap();
        change.remove = None;
        if let Some(new) = &mut change.add {
            *new = NewCredential { number: None, phone: "".into(), single_factor: false, until: None, ..new.clone() };
        }
        let body = String::from_utf8(prepare(&origin(), &change).unwrap().body).unwrap();
        assert_eq!(
            body,
            r#"{"cards":{"add":[{"type":{"href":"https://cc.site.example:8904/api/card_types/2601"},"invitation":{"email":"mara.quill@site.example"}}]}}"#
        );
        change.add = None;
        change.remove = Some(old());
        let body = String::from_utf8(prepare(&origin(), &change).unwrap().body).unwrap();
        assert!(body.starts_with(r#"{"cards":{"remove":["#), "{body}");
    }

    #[test]
    fn what_the_vendor_cannot_take_is_refused_before_it_is_sent() {
        let mut phone_only = swap();
        if let Some(new) = &mut phone_only.add {
            new.email = "".into();
        }
        let mut nothing = swap();
        (nothing.add, nothing.remove) = (None, None);
        let mut foreign = swap();
        if let Some(old) = &mut foreign.remove {
            old.id = "gall:77/41aa70f3".parse().unwrap();
        }
        for change in [phone_only, nothing, foreign] {
            assert_eq!(prepare(&origin(), &change).unwrap_err().kind, ProviderErrorKind::Invalid);
        }
    }

    fn turning(verb: Verb, to: &str) -> CredentialChange {
        let turn = Turn { object: old(), verb, from: "Active".into(), to: to.into() };
        CredentialChange { add: None, remove: None, turn: Some(turn), ..swap() }
    }

    #[test]
    fn a_state_word_is_an_update_and_an_end_is_a_removal_with_a_last_word() {
        let href = origin().href(&old().link);
        for (verb, to, cards) in [
            (Verb::Suspend, "Lost", json!({ "update": [{ "href": href, "status": { "value": "Lost" } }] })),
            (Verb::Resume, "Active", json!({ "update": [{ "href": href, "status": { "value": "Active" } }] })),
            (Verb::End, "Stolen", json!({ "remove": [{ "href": href, "status": { "value": "Stolen" } }] })),
            (Verb::End, "", json!({ "remove": [{ "href": href }] })),
        ] {
            let prepared = prepare(&origin(), &turning(verb, to)).unwrap();
            let body: Value = serde_json::from_slice(&prepared.body).unwrap();
            assert_eq!((prepared.method, body), ("PATCH", json!({ "cards": cards })), "{verb}");
        }
    }

    #[test]
    fn a_step_that_command_centre_does_not_have_is_refused_before_it_is_sent() {
        assert!(prepare(&origin(), &turning(Verb::Unlink, "x")).is_err());
        assert!(prepare(&origin(), &turning(Verb::Suspend, "")).is_err(), "no word, no state");
        let both = CredentialChange { remove: Some(old()), ..turning(Verb::Set, "Lost") };
        assert!(prepare(&origin(), &both).is_err(), "one card twice");
        let mut theirs = turning(Verb::Suspend, "Lost");
        theirs.holder = HolderId::new("gall".parse().unwrap(), "1".parse().unwrap());
        assert!(prepare(&origin(), &theirs).is_err(), "somebody else's card");
    }
}
