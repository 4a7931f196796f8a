//! What changes at a system while somebody looks appears by itself: the person on the screen is read again at a polite
//! rate, and only as long as somebody is there. The cursor stays where it is, and nothing opens.

use super::message::{Effect, HolderView, Query, Slot, Timer};
use super::model::{Model, Tone};
use crate::domain::credential::{Credential, State};
use crate::domain::ids::HolderId;
use std::time::Duration;

/// Between two reads while something is on its way: an invitation that is out, a pass that is being made.
const MOVING_EVERY: Duration = Duration::from_secs(10);
/// Between two reads while nothing is.
const CALM_EVERY: Duration = Duration::from_mins(1);
/// Somebody is held to look for so long after a key.
const SOMEBODY: Duration = Duration::from_mins(10);

/// True for a credential whose state may change without anybody at a desk.
fn is_moving(card: &Credential) -> bool {
    matches!(card.state(), State::Pending | State::Invited)
}

impl Model {
    /// The timer of the next read, if a person is shown, somebody looks, and none runs yet.
    pub(super) fn live_timer(&mut self) -> Option<Effect> {
        if self.looking || !self.somebody_looks() {
            return None;
        }
        self.looking = true;
        Some(Effect::Timer(Timer::Live, self.live_pause()))
    }

    /// A person is on the screen, and somebody was at the keyboard not long ago.
    fn somebody_looks(&self) -> bool {
        let quiet = self.since_start.saturating_sub(self.last_key.unwrap_or_default());
        quiet < SOMEBODY && !self.covered && self.shown.opened && !self.shown.records.is_empty()
    }

    fn live_pause(&self) -> Duration {
        let moving = self.shown.cards.iter().any(|(card, _)| is_moving(card));
        let every = if moving { MOVING_EVERY } else { CALM_EVERY };
        let since = self.since_start.saturating_sub(self.looked);
        every.saturating_sub(since).max(Duration::from_secs(1))
    }

    /// The pause is over: read her again where nothing else is being read, or wait for what is left of it.
    pub(super) fn live(&mut self) -> Vec<Effect> {
        self.looking = false;
        let mut effects = Vec::new();
        if self.somebody_looks() && self.live_pause() <= Duration::from_secs(1) {
            effects = self.read_quietly();
        }
        effects.extend(self.live_timer());
        effects
    }

    fn read_quietly(&mut self) -> Vec<Effect> {
        self.looked = self.since_start;
        let busy: Vec<HolderId> = self.running.iter().map(|running| running.holder.clone()).collect();
        let mut due = Vec::new();
        for record in &mut self.shown.records {
            // What does not answer is asked by a person, not by a timer.
            if record.live && record.asked.is_none() && record.problem.is_none() && !busy.contains(&record.holder.id) {
                record.by_itself = true;
                due.push((record.holder.id.clone(), record.holder.link.clone()));
            }
        }
        due.into_iter().map(|(id, link)| self.ask(Slot::Live(id.clone()), Query::Live(id, link))).collect()
    }

    /// What is otherwise in a read that nobody asked for, in one sentence; `None`: nothing of weight.
    pub(super) fn news(&self, view: &HolderView) -> Option<(Tone, String)> {
        let name = view.holder.name().safe();
        let before = |card: &Credential| self.shown.cards.iter().find(|(known, _)| known.id == card.id);
        let turned = view.cards.iter().find_map(|(card, _)| {
            let (known, _) = before(card)?;
            (known.state() != card.state()).then(|| {
                let (kind, was, is) = (card.type_name.safe(), known.state(), card.state());
                let bad = matches!(is, State::Expired | State::Unknown);
                let tone = if bad { Tone::Warn } else { Tone::Info };
                (tone, format!("{name}: {kind} is {is} now; it was {was}."))
            })
        });
        turned.or_else(|| {
            let new = view.cards.iter().find(|(card, _)| before(card).is_none())?;
            let (kind, state) = (new.0.type_name.safe(), new.0.state());
            Some((Tone::Info, format!("{name}: a new {kind} is there, {state}, {}.", new.1.badge())))
        })
    }
}
