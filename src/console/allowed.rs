//! Why an act on the credential under the cursor cannot be done now: the vendor's own rules first, then whose it is,
//! then what else is under way, then whether this console may write.

use super::model::Model;
use crate::domain::credential::{Credential, CredentialClass, State, System};
use crate::domain::ids::CredentialId;
use crate::domain::journal::Act;
use crate::domain::lifecycle::{self, Target, Verb};
use crate::domain::ownership::{Action, Deed, Ownership};
use crate::domain::policy::Writes;
use crate::ports::ledger::LedgerHealth;
use std::borrow::Cow;

/// Nothing speaks against it, ever.
#[expect(clippy::unnecessary_wraps, reason = "one shape for every row of the table")]
pub(super) fn always(_: &Model) -> Result<(), Cow<'static, str>> {
    Ok(())
}

/// There must be a card under the cursor.
pub(super) fn a_card(model: &Model) -> Result<(), Cow<'static, str>> {
    if model.shown.card().is_some() { Ok(()) } else { Err("no card is selected".into()) }
}

/// It must have a number that its system shows.
pub(super) fn a_number(model: &Model) -> Result<(), Cow<'static, str>> {
    a_card(model)?;
    let numbered = model.shown.card().is_some_and(|(card, _)| !card.number.is_empty());
    if numbered { Ok(()) } else { Err("its system shows no number of it".into()) }
}

/// What the vendor sent about it must be at hand.
pub(super) fn a_document(model: &Model) -> Result<(), Cow<'static, str>> {
    a_card(model)?;
    if model.shown.document().is_some() {
        Ok(())
    } else {
        Err(format!("it was not read in this run; {} reads it", model.key("refresh")).into())
    }
}

/// Writes may be taken away or given back here.
pub(super) fn lock_allowed(model: &Model) -> Result<(), Cow<'static, str>> {
    match model.writes {
        Writes::ReadOnly(reason) => Err(reason.into()),
        _ => Ok(()),
    }
}

fn selected(model: &Model) -> Result<&(Credential, Ownership), Cow<'static, str>> {
    model.shown.card().ok_or_else(|| "no card is selected".into())
}

/// What speaks against an act on one credential that exists.
///
/// # Errors
/// The reason, as it stands beside the dim command.
pub fn turn(model: &Model, verb: Verb) -> Result<(), Cow<'static, str>> {
    let (card, owner) = selected(model)?;
    turn_on(model, card, owner, verb)
}

fn turn_on(model: &Model, card: &Credential, owner: &Ownership, verb: Verb) -> Result<(), Cow<'static, str>> {
    let targets = targets(card, verb, model.now)?;
    let action = targets.first().map_or(Action::Irreversible, |t| t.action);
    owner.permits(Deed { action, verb: Some(verb), why: None })?;
    free(model, card)
}

/// What takes the last change of the person shown back: the credential, and what is done to it.
///
/// # Errors
/// Why nothing does (ux.md section 8), as it stands beside the dim command.
pub fn undo(model: &Model) -> Result<(CredentialId, Verb), Cow<'static, str>> {
    let ours = model.shown.ledger.iter().filter(|row| row.act.is_some_and(|act| act != Act::Arrival));
    let Some(last) = ours.max_by_key(|row| (row.at, row.seq)) else {
        return Err("nothing is on record here that was done to this person's passes".into());
    };
    if last.result.as_str() != "ok" {
        return Err(
            format!("the last change ({}) is {}: there is nothing to take back", last.action, last.result).into()
        );
    }
    let verb = match last.act {
        Some(Act::Suspend) => Verb::Resume,
        Some(Act::Resume) => Verb::Suspend,
        Some(Act::Set) => {
            return Err(
                format!("the word it had before is not kept; {} gives it another", model.key("set-word")).into()
            );
        }
        _ => return Err(format!("{} cannot be taken back; {} issues again", last.action, model.key("reissue")).into()),
    };
    let found = model.shown.cards.iter().find(|(card, _)| last.credential.as_ref() == Some(&card.id));
    let Some((card, owner)) = found else {
        return Err("the pass that was changed is not there any more".into());
    };
    turn_on(model, card, owner, verb)?;
    Ok((card.id.clone(), verb))
}

/// Where a verb may lead from here, by the vendor's rules alone.
///
/// # Errors
/// Why it leads nowhere, in the vendor's terms.
pub fn targets(card: &Credential, verb: Verb, now: jiff::Timestamp) -> Result<Vec<Target>, Cow<'static, str>> {
    if verb == Verb::Set && matches!(card.class.system(), System::AccessGrid | System::ThalesD1) {
        return Err("each of its states has a key of its own".into());
    }
    let words = if verb == Verb::Set { lifecycle::choices(card, now) } else { Vec::new() };
    if words.is_empty() { lifecycle::target(card, verb, None, now).map(|target| vec![target]) } else { Ok(words) }
}

/// What speaks against replacing the credential under the cursor.
///
/// # Errors
/// The reason, as it stands beside the dim command.
pub fn reissue(model: &Model) -> Result<(), Cow<'static, str>> {
    use CredentialClass as C;
    let (card, _) = selected(model)?;
    let no = |why: &'static str| Err(Cow::Borrowed(why));
    match card.class {
        C::Mobile | C::WalletPass | C::PrintedCard => {}
        C::DigitalCard if card.state() == State::Ended => {
            return no("it is deleted; the holder adds a new one on the phone");
        }
        C::DigitalCard => {}
        C::FundingCard => {
            return no("the issuer's own card system replaces it; r on one of its digital cards lets the holder add \
                       that one anew");
        }
        C::Card | C::Piv | C::Pivi | C::GovPass => {
            return no("plastic is printed and encoded at a desk with a printer");
        }
        C::ApplePass => return no("the phone makes it again once its phone credential is registered"),
        C::DigitalId => return no("the vendor's cloud makes it, not an invitation"),
        C::TrackingTag | C::Transact => return no("the system that it belongs to hands it out"),
        C::Unknown => return no("this version does not know this kind of credential"),
    }
    if card.state() == State::Unknown {
        return no("its state is a word that this version does not know: it is only shown");
    }
    free(model, card)
}

/// Nothing is under way for the person, her system answers, and this console may write.
fn free(model: &Model, card: &Credential) -> Result<(), Cow<'static, str>> {
    if let Some(open) = model.open_for(&card.holder) {
        return Err(format!("a change of this person is {}; {} shows it", open.state, model.key("jobs")).into());
    }
    if model.running.iter().any(|r| r.holder == card.holder) {
        return Err("a change of this person is being sent".into());
    }
    let down = model.tenant(&card.id.tenant).is_some_and(|t| matches!(t.connection, Some(Err(_))));
    if down {
        return Err(format!("{} does not answer; {} tries again", card.id.tenant, model.key("refresh")).into());
    }
    // While the ledger is being verified the preview may be looked at; only `y` waits for it.
    match model.may_write() {
        Err(_) if model.ledger == LedgerHealth::Verifying && model.writes == Writes::Unlocked => Ok(()),
        other => other.map_err(Cow::from),
    }
}
