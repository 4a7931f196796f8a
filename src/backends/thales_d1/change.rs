//! A change as the one POST that it becomes (contract sections 6.1, 7 and 8). Nothing here is ever repeated.

use super::routes::{Addresses, IdOf, checked};
use super::{ProviderError, ProviderErrorKind, ReasonCodes};
use crate::domain::change::{CredentialChange, PreparedChange};
use crate::domain::credential::CredentialClass;
use crate::domain::ids::VendorKey;
use crate::domain::journal::{Marker, Seen};
use crate::domain::lifecycle::Verb;
use crate::domain::policy::{Why, note_problem};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(rename = "reasonCode")]
    reason_code: &'a str,
}

fn invalid(why: impl AsRef<str>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Invalid, why)
}

/// The exact request. `state_reason` is why a card is in its state, as last read: a resume must fit it.
///
/// # Errors
/// If it is nothing that D1 does, or the note does not fit the vendor's pattern.
pub(super) fn prepare(
    addresses: &Addresses,
    codes: &ReasonCodes,
    change: &CredentialChange,
    state_reason: &str,
) -> Result<PreparedChange, ProviderError> {
    if change.add.is_some() {
        return Err(invalid("a digital card is added by its holder, on the phone; D1 has no call for it"));
    }
    let (object, verb) = match (&change.turn, &change.remove) {
        (Some(turn), None) => (&turn.object, turn.verb),
        (None, Some(old)) => (old, Verb::End),
        _ => return Err(invalid("the change is not exactly one act on one card")),
    };
    if object.id.tenant != change.holder.tenant {
        return Err(invalid("the card belongs to another tenant"));
    }
    let word = match verb {
        Verb::Suspend => "suspend",
        Verb::Resume => "resume",
        Verb::End => "delete",
        Verb::Unlink | Verb::Set => return Err(invalid("D1 has no such act")),
    };
    let code = code_of(codes, object, verb, change.why, state_reason);
    let rest = format!(":{word}");
    let link = match object.class {
        CredentialClass::DigitalCard => {
            addresses.digital_operations(&checked(IdOf::DigitalCard, object.id.key.as_str())?, &rest)?
        }
        CredentialClass::FundingCard => {
            addresses.card_operations(&checked(IdOf::Card, object.id.key.as_str())?, &rest)?
        }
        _ => return Err(invalid("this is no card of D1")),
    };
    post(link, &reason(change.marker.as_ref(), &change.note)?, &code)
}

/// The end of a consumer with all her cards: exists for those whom a site file lets, and is offered nowhere.
///
/// # Errors
/// If the note does not fit.
pub(super) fn delete_consumer(
    addresses: &Addresses,
    consumer: &VendorKey,
    why: Why,
    marker: Option<&Marker>,
    note: &str,
) -> Result<PreparedChange, ProviderError> {
    let consumer = checked(IdOf::Consumer, consumer.as_str())?;
    let code = if why == Why::Leaver { "USER_DECISION" } else { "ISSUER_DECISION" };
    post(addresses.consumer_operations(&consumer, ":delete")?, &reason(marker, note)?, code)
}

fn post(link: crate::domain::ids::Link, reason: &str, code: &str) -> Result<PreparedChange, ProviderError> {
    let body = serde_json::to_vec(&Body { reason, reason_code: code });
    let body = body.map_err(|e| invalid(format!("the change cannot be written: {e}")))?;
    Ok(PreparedChange { method: "POST", link, body })
}

/// `PDX`, 16 signs, and the note, held to the vendor's pattern (contract section 11). What does not fit is refused:
/// a note that lost a letter on the way would say something else.
fn reason(marker: Option<&Marker>, note: &str) -> Result<String, ProviderError> {
    if let Some(problem) = note_problem(note) {
        return Err(invalid(format!("the note does not fit what D1 takes: {problem}")));
    }
    let text = match marker {
        Some(marker) => format!("PDX {} {note}", marker.digits()).trim_end().to_owned(),
        None => note.to_owned(),
    };
    let fits = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
    if fits { Ok(text) } else { Err(invalid("the reason does not fit what D1 takes: 64 letters, digits and blanks")) }
}

/// What the reason of a prepared change begins with, if it carries a marker: how its operation is found again.
pub(super) fn tag_of(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let mut words = body.get("reason")?.as_str()?.split(' ');
    let (prefix, digits) = (words.next()?, words.next()?);
    Marker::parse(&format!("{prefix}{digits}")).map(|_| format!("{prefix} {digits}"))
}

/// Decision 20. What the vendor has not confirmed comes from the site file alone.
fn code_of(codes: &ReasonCodes, object: &Seen, verb: Verb, why: Why, state_reason: &str) -> String {
    let digital = object.class == CredentialClass::DigitalCard;
    let usual = match (digital, verb, why) {
        (false, Verb::Resume, _) if state_reason == "CARD_LOST" => "CARD_FOUND",
        // What is lifted was stopped by the issuer or by the holder: the issuer may lift both.
        (_, Verb::Resume, _) => "ISSUER_DECISION",
        (true, _, Why::Lost) => "DEVICE_LOST",
        (false, _, Why::Lost) => "CARD_LOST",
        (false, _, Why::Stolen) => "CARD_STOLEN",
        // The list for the end of a card does not have it (contract section 7).
        (false, Verb::Suspend, Why::Damaged) => "CARD_BROKEN",
        (_, _, Why::NewPhone) => "USER_DECISION",
        _ => "ISSUER_DECISION",
    };
    let from_site = codes.digital.iter().find(|(reason, _)| digital && verb != Verb::Resume && *reason == why);
    from_site.map_or_else(|| usual.to_owned(), |(_, code)| code.clone())
}
