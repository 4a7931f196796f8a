//! What a reissue sends, what follows, in which order and what can be taken back, in plain words of each system.

use crate::domain::change::CredentialChange;
use crate::domain::credential::{Credential, System};
use crate::domain::policy::{ReissueMode, Why};
use crate::domain::problem::Problem;
use crate::domain::reissue::{Retirement, retirement};
use crate::domain::text::{SafeText, mask_contact};

/// The lines of the wizard.
pub(super) struct Lines<'a> {
    pub(super) old: &'a Credential,
    pub(super) change: &'a CredentialChange,
    pub(super) stop: Option<&'a CredentialChange>,
    pub(super) mode: ReissueMode,
    pub(super) why: Option<Why>,
    /// Why the old pass stays.
    pub(super) refused: Option<Problem>,
}

impl Lines<'_> {
    pub(super) fn sends(&self) -> String {
        let person = SafeText::of(self.change.holder.key.as_str());
        let stop = self.stop_call().map_or(String::new(), |stop| format!("{stop}; then "));
        let end = match (&self.refused, self.end_call()) {
            (Some(_), _) => ", nothing else; the old pass is left in place".to_owned(),
            (None, Some(end)) => format!("; later {end}, nothing else"),
            (None, None) => ", nothing else".to_owned(),
        };
        match self.old.class.system() {
            System::Gallagher => match self.mode {
                ReissueMode::Swap => format!("1 PATCH to cardholder {person}: remove 1, add 1, nothing else"),
                _ => format!("{stop}1 PATCH to cardholder {person}: add 1{end}"),
            },
            System::AccessGrid => format!("{stop}1 POST: issue 1 pass, which costs money{end}"),
            System::ThalesD1 => "nothing: no call makes a digital card".to_owned(),
            System::CardExchange => {
                format!("{stop}1 POST: create 1 card; 1 POST: send it to the printer if it waits for that{end}")
            }
        }
    }

    pub(super) fn then(&self) -> String {
        let made = match self.old.class.system() {
            System::Gallagher => match &self.change.add {
                Some(add) if !add.email.is_empty() => {
                    format!("invite mail to {}, watched until sent or 2 min", mask_contact(&add.email.safe()))
                }
                _ => "no invitation mail: the old pass shows no address; the app that made it must enrol it".to_owned(),
            },
            System::AccessGrid => match &self.change.add {
                Some(add) if !add.email.is_empty() || !add.phone.is_empty() => {
                    "AccessGrid may message the holder; the pass waits until it is installed".to_owned()
                }
                _ => "the pass waits until the holder installs it from its link".to_owned(),
            },
            System::ThalesD1 => {
                return "the holder adds the card on the new phone; the console watches until it is ACTIVE, then \
                        offers the old one for its end"
                    .to_owned();
            }
            System::CardExchange => "a card of the same profile is made; number and layout are the tenant's".to_owned(),
        };
        match (&self.refused, self.mode) {
            (Some(problem), _) => format!("{made}; old pass stays: {}; {}", problem.why, problem.next),
            (None, ReissueMode::Swap) => made,
            (None, _) => format!("{made}; {}", self.fate()),
        }
    }

    pub(super) fn order(&self) -> String {
        let usable = self.old.usable();
        let lost = self.why.is_some_and(Why::is_loss);
        match (&self.refused, self.mode) {
            (_, ReissueMode::HolderAdds) if usable && lost => {
                "this stops nothing: suspend the old one first; the holder adds the new one after that".to_owned()
            }
            (_, ReissueMode::HolderAdds) if !usable => {
                "the old one does not work; the holder adds the new one on the phone".to_owned()
            }
            (_, ReissueMode::HolderAdds) => "new first: the old works until the new one is ACTIVE".to_owned(),
            (Some(_), _) if lost && usable => format!(
                "new only: the old pass is not ours to stop; have it stopped in {} now",
                self.old.class.system().title()
            ),
            (Some(_), _) => "new only: the old pass is not ours to remove".to_owned(),
            (None, ReissueMode::Swap) if usable => {
                "together, at once: one PATCH removes the old and adds the new; the old stops working now".to_owned()
            }
            (None, ReissueMode::Swap) => "together: one PATCH removes the old and adds the new".to_owned(),
            (None, ReissueMode::RevokeFirst) if self.stop.is_some() => {
                "old first: it is stopped now, then the new one is issued".to_owned()
            }
            (None, ReissueMode::RevokeFirst) => "the old is stopped already: only the new one is issued".to_owned(),
            (None, _) if usable => "new first: the old works until the new one is accepted".to_owned(),
            (None, _) => "new first; the old one does not work and goes right after it".to_owned(),
        }
    }

    pub(super) fn undo(&self) -> String {
        let title = self.old.class.system().title();
        match (&self.refused, self.mode) {
            (_, ReissueMode::HolderAdds) => "nothing is sent".to_owned(),
            (None, ReissueMode::Swap) if self.old.usable() => {
                "none: the old pass is gone; a new one can be issued".to_owned()
            }
            (None, ReissueMode::Swap) => "none: the old invitation is gone; a new one can be issued".to_owned(),
            _ if self.old.class.system() == System::CardExchange => {
                "none by itself: a card cannot be deleted; the new one can be withdrawn".to_owned()
            }
            (Some(_), _) => format!("none by itself: the new pass can be removed in {title}"),
            (None, ReissueMode::RevokeFirst) => "none by itself: the new pass can be ended".to_owned(),
            (None, _) => {
                "none by itself: until the new one is accepted, it can be removed and the old pass stays".to_owned()
            }
        }
    }

    /// What becomes of the old pass in the end.
    fn fate(&self) -> String {
        if self.mode == ReissueMode::RevokeFirst && self.old.class.system() == System::CardExchange {
            return "the old card stays blocked".to_owned();
        }
        let ended = self.stop.and_then(|s| s.turn.as_ref()).is_some_and(|t| t.to == "deleted" || t.to == "withdrawn");
        if ended {
            return "nothing is left to do to the old one then".to_owned();
        }
        let when = if self.old.usable() || self.mode == ReissueMode::RevokeFirst {
            "once the new one works"
        } else {
            "as soon as the new one is made"
        };
        match retirement(self.old) {
            Ok(Retirement::Removed) => format!("the old pass is removed {when}"),
            Ok(Retirement::Turned(_, word)) => format!("the old pass becomes {word} {when}"),
            Err(why) => format!("the old pass: {why}"),
        }
    }

    fn stop_call(&self) -> Option<String> {
        let stop = self.stop?;
        let Some(turn) = &stop.turn else { return Some("1 call: remove the old one".to_owned()) };
        let to = SafeText::of(&turn.to);
        Some(match self.old.class.system() {
            System::Gallagher => {
                let person = SafeText::of(stop.holder.key.as_str());
                format!("1 PATCH to cardholder {person}: update 1, state \"{to}\"")
            }
            System::AccessGrid => format!("1 POST: the old pass to {to}"),
            System::ThalesD1 | System::CardExchange => format!("1 POST: the old card to {to}"),
        })
    }

    /// The later call that ends the old pass.
    fn end_call(&self) -> Option<String> {
        let stopped_for_good = self.fate().starts_with("nothing is left") || self.fate().ends_with("stays blocked");
        if stopped_for_good {
            return None;
        }
        match retirement(self.old).ok()? {
            Retirement::Removed => Some("1 PATCH: remove 1".to_owned()),
            Retirement::Turned(_, "deleted") => Some("1 POST: delete the old one".to_owned()),
            Retirement::Turned(_, word) => Some(format!("1 POST: the old card to {word}")),
        }
    }
}
