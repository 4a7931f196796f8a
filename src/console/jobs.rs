//! Work beyond one keystroke: running changes, open questions, waiting retirements, watches.

use super::keymap::Key;
use super::message::{Effect, HolderView, Timer, Work};
use super::model::{Awaits, Model, Overlay, Pending, Running, Tone, Watch};
use super::wizard::DWELL;
use crate::domain::credential::{Credential, CredentialClass, InvitationStatus, State, System};
use crate::domain::ids::{CredentialId, HolderId, IntentId};
use crate::domain::journal::{IntentRecord, IntentState};
use crate::domain::lifecycle::Verb;
use crate::domain::policy::Why;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissuePlan, ReissueStep, Settled};
use crate::ports::cache::HolderHit;
use jiff::SignedDuration;
use std::collections::HashSet;
use std::time::Duration;

/// Between two looks at a new invitation.
const WATCH_EVERY: Duration = Duration::from_secs(3);
/// After this long an unsent invitation becomes a warning (gallagher.md section 5.4).
const WATCH_FOR: SignedDuration = SignedDuration::from_secs(120);
/// Between two looks at whether the new credential is accepted: "within one poll, 60 s at most" (decision 19).
const WAITING_EVERY: Duration = Duration::from_secs(30);
/// Between two looks at whether the holder added a new digital card.
const AWAITED_EVERY: Duration = Duration::from_mins(1);
/// Between two looks at open questions, by how old the youngest is: (age, pause), seconds (safety.md section 3).
const RECONCILE: [(i64, u64); 6] = [(5, 2), (15, 5), (60, 15), (300, 60), (900, 120), (i64::MAX, 600)];

/// Between two looks for what may arrive late.
const LATE_EVERY: Duration = Duration::from_mins(10);

/// A row of the list of jobs that the cursor can stand on.
#[derive(Clone, Copy, Debug)]
pub enum Job<'a> {
    /// An alarm: a credential is there that was held not to have been made.
    Arrived(&'a IntentRecord),
    /// An intent that is not settled.
    Open(&'a IntentRecord),
    /// The old credential waits for the new one to work.
    Waiting(&'a IntentRecord),
    /// The old credential is stopped and the new one is not issued, or a new card is not sent to its printer.
    HalfDone(&'a IntentRecord),
    /// The holder adds a new credential herself.
    Awaited(&'a Watch),
}

impl Model {
    /// The rows of the list of jobs, as shown.
    pub fn job_rows(&self) -> Vec<Job<'_>> {
        let alarms = self.arrived.iter().map(Job::Arrived);
        let open = self.open.iter().map(Job::Open).chain(self.half.iter().map(Job::HalfDone));
        let waiting = self.waiting.iter().map(Job::Waiting).chain(self.awaited().map(Job::Awaited));
        alarms.chain(open).chain(waiting).collect()
    }

    /// The list as the ledger has it, at once; then a look.
    pub(super) fn list_and_look() -> Effect {
        Effect::Recover { list_first: true, busy: Vec::new() }
    }

    /// Looks at what is not finished, but for the changes that run right now.
    pub(super) fn look_again(&self) -> Effect {
        Effect::Recover { list_first: false, busy: self.running.iter().map(|r| r.holder.clone()).collect() }
    }

    /// A reissue moved on.
    pub(super) fn stepped(&mut self, holder: &HolderId, step: &ReissueStep) -> Vec<Effect> {
        if let Some(running) = self.running.iter_mut().find(|r| r.holder == *holder) {
            running.words = match step {
                ReissueStep::Checking => "checking the target".into(),
                ReissueStep::Sending(_) => "sent, waiting for the answer".into(),
                ReissueStep::ReadingBack(_) => "reading back".into(),
            };
        }
        Vec::new()
    }

    /// A reissue, or its second half, ended.
    pub(super) fn ended(&mut self, holder: &HolderId, end: ReissueEnd) -> Vec<Effect> {
        let at = self.running.iter().position(|r| r.holder == *holder);
        let done = at.map(|at| self.running.remove(at).done).unwrap_or_default();
        let mut effects = Vec::new();
        match end {
            ReissueEnd::Done { .. } if !done.is_empty() => {
                self.say(Tone::Ok, &done);
                self.watches
                    .retain(|w| w.holder != *holder || !matches!(w.awaits, Awaits::Another { found: Some(_), .. }));
            }
            ReissueEnd::Done { new, ownership, .. } => {
                if let Some(new) = new {
                    let badge = ownership.as_ref().map_or("", |o| o.grade.badge());
                    let text =
                        format!("Reissued: the new pass is {badge}, the old one is gone; watching the invitation.");
                    self.say(Tone::Ok, &text);
                    self.shown.cursor = Some(new.id.clone());
                    effects.extend(self.watch(&new, holder));
                } else {
                    self.say(Tone::Ok, "The old pass is retired; only the new one is left.");
                }
            }
            ReissueEnd::Waiting { saga, new, ownership } => {
                // `y` in the wizard confirmed both steps (decision 19).
                self.confirmed.insert(saga);
                let badge = ownership.grade.badge();
                let text = format!(
                    "New pass issued ({badge}); the old one works until the new one is accepted, then it is retired."
                );
                self.say(Tone::Ok, &text);
                self.shown.cursor = Some(new.id.clone());
                effects.extend(self.watch(&new, holder));
            }
            ReissueEnd::Watching(plan) => effects.extend(self.await_new(&plan)),
            ReissueEnd::NotSent(problem) | ReissueEnd::Rejected(_, problem) => self.trouble(&problem),
            ReissueEnd::HalfDone(_, problem) => {
                let problem = Problem { what: format!("HALF DONE: {}; w, ENT finishes it", problem.what), ..problem };
                self.trouble(&problem);
            }
            ReissueEnd::Unknown(_, problem) => {
                let problem = Problem { what: format!("OUTCOME UNKNOWN: {}", problem.what), ..problem };
                self.trouble(&problem);
            }
            ReissueEnd::Ambiguous(_, problem) => {
                let problem = Problem { what: format!("OWNER AMBIGUOUS: {}", problem.what), ..problem };
                self.trouble(&problem);
            }
            ReissueEnd::NotRecorded(intent, problem) => {
                self.unrecorded.push((intent, problem.why.clone()));
                let problem = Problem { what: format!("NOT RECORDED: {}", problem.what), ..problem };
                self.trouble(&problem);
            }
        }
        effects.push(self.look_again());
        if let Some(record) = self.shown.record(holder) {
            let (id, link) = (record.holder.id.clone(), record.holder.link.clone());
            effects.extend(self.read_live(id, link));
        }
        if self.leaving && self.running.is_empty() {
            effects.push(Effect::Quit);
        }
        effects
    }

    /// Watches until the invitation of a new pass is out; a pass without one has nothing to wait for.
    fn watch(&mut self, new: &Credential, holder: &HolderId) -> Vec<Effect> {
        if new.invitation.is_none() {
            return Vec::new();
        }
        let card = &new.id;
        let Some(link) = self.shown.record(holder).map(|r| r.holder.link.clone()) else { return Vec::new() };
        let (card, holder, since) = (card.clone(), holder.clone(), self.now);
        self.watches.push(Watch { awaits: Awaits::Invitation, card: card.clone(), holder, link, since });
        vec![Effect::Timer(Timer::Watch(card), WATCH_EVERY)]
    }

    /// Nothing is sent: the holder adds the new credential herself, and this console looks whether it is there.
    pub(super) fn await_new(&mut self, plan: &ReissuePlan) -> Vec<Effect> {
        let card = plan.old.id.clone();
        self.watches.retain(|w| w.card != card);
        self.watches.push(Watch {
            awaits: Awaits::Another { known: plan.before.clone(), found: None },
            card: card.clone(),
            holder: plan.holder.id.clone(),
            link: plan.holder.link.clone(),
            since: self.now,
        });
        let text = format!(
            "Nothing was sent: {} adds the new digital card on the new phone; looked for every minute while this \
             console runs (w). {}",
            plan.holder.name().safe(),
            if plan.old.usable() { "The old one works until it is ended." } else { "The old one does not work." }
        );
        self.say(Tone::Ok, &text);
        vec![Effect::Timer(Timer::Watch(card), AWAITED_EVERY)]
    }

    /// The pause between two looks at a new invitation is over.
    pub(super) fn watch_again(&mut self, card: &CredentialId) -> Vec<Effect> {
        self.watches
            .iter()
            .filter(|w| w.card == *card)
            .map(|w| Effect::Watch(w.card.clone(), w.holder.clone(), w.link.clone()))
            .collect()
    }

    /// A watched invitation as it is now.
    pub(super) fn watched(&mut self, card: &CredentialId, result: Result<Box<HolderView>, Problem>) -> Vec<Effect> {
        let Some(at) = self.watches.iter().position(|w| w.card == *card) else { return Vec::new() };
        if matches!(self.watches[at].awaits, Awaits::Another { .. }) {
            return self.another_looked_for(at, result);
        }
        let old = self.now.duration_since(self.watches[at].since) > WATCH_FOR;
        let who = (self.shown.record(&self.watches[at].holder))
            .map_or_else(|| self.watches[at].holder.to_string(), |record| record.holder.name().safe().to_string());
        match result {
            Ok(view) => {
                let name = view.holder.name().safe();
                let status = view.cards.iter().find(|(c, _)| c.id == *card).map(|(c, _)| c.invitation.clone());
                if self.shown.record(&view.holder.id).is_some() {
                    self.show(*view);
                }
                match status {
                    None => {
                        self.watches.remove(at);
                        let text = format!("The new pass of {name} is gone again: somebody else removed it.");
                        self.say(Tone::Warn, &text);
                        return Vec::new();
                    }
                    Some(Some(invitation)) if invitation.status != InvitationStatus::NotSent => {
                        self.watches.remove(at);
                        let word = if invitation.status == InvitationStatus::Accepted { "accepted" } else { "sent" };
                        let text = if invitation.email.is_empty() {
                            format!("The invitation of {name} is {word}.")
                        } else {
                            let to = crate::domain::text::mask_contact(&invitation.email.safe());
                            format!("The invitation of {name} is {word} to {to}.")
                        };
                        self.say(Tone::Ok, &text);
                        return Vec::new();
                    }
                    Some(_) => {}
                }
            }
            Err(problem) => self.log(Tone::Warn, &problem.to_string(), &problem.detail),
        }
        if old {
            self.watches.remove(at);
            let text = format!(
                "The invitation of {who} has not been sent for 2 minutes: the site may not reach the vendor's cloud; \
                 R looks again."
            );
            self.say(Tone::Warn, &text);
            return Vec::new();
        }
        vec![Effect::Timer(Timer::Watch(card.clone()), WATCH_EVERY)]
    }

    /// Whether the holder added another credential, and what is to be done with the old one then.
    fn another_looked_for(&mut self, at: usize, result: Result<Box<HolderView>, Problem>) -> Vec<Effect> {
        let card = self.watches[at].card.clone();
        let again = vec![Effect::Timer(Timer::Watch(card.clone()), AWAITED_EVERY)];
        let view = match result {
            Ok(view) => view,
            Err(problem) => {
                self.log(Tone::Warn, &problem.to_string(), &problem.detail);
                return again;
            }
        };
        let name = view.holder.name().safe();
        let old_works = view.cards.iter().any(|(c, _)| c.id == card && c.state() != State::Ended);
        let Awaits::Another { known, found } = &mut self.watches[at].awaits else { return Vec::new() };
        let fresh = |class, id: &CredentialId| class == CredentialClass::DigitalCard && !known.contains(id);
        let new = view.cards.iter().find(|(c, _)| fresh(c.class, &c.id) && c.state() == State::Active);
        let Some((new, _)) = new else {
            if self.shown.record(&view.holder.id).is_some() {
                self.show(*view);
            }
            return again;
        };
        *found = Some(new.id.clone());
        if self.shown.record(&view.holder.id).is_some() {
            self.show(*view);
        }
        if old_works {
            let text =
                format!("{name} added a new digital card, and it works; the old one still does: w, ENT shows its end.");
            self.say(Tone::Warn, &text);
        } else {
            self.watches.remove(at);
            let text = format!("{name} added a new digital card, and it works; the old one is gone already.");
            self.say(Tone::Ok, &text);
        }
        Vec::new()
    }

    /// A person as people say it: her name where it is on screen, else her id.
    pub fn who(&self, holder: &HolderId) -> String {
        let shown = self.shown.record(holder).map(|r| &r.holder);
        let found = || self.hits.rows.iter().flat_map(HolderHit::records).find(|h| h.id == *holder);
        let named = shown.or_else(found).map(|h| h.name().safe());
        named.or_else(|| self.names.get(holder).cloned()).map_or_else(|| holder.to_string(), |n| n.to_string())
    }

    /// What the ledger says is not finished, and what reading has settled.
    pub(super) fn unfinished(&mut self, work: Work, settled: &[Settled]) -> Vec<Effect> {
        let mut again = None;
        let stood: HashSet<(IntentId, IntentState)> = self.open.iter().map(|r| (r.intent, r.state)).collect();
        for one in settled {
            let (tone, word) = match one.state {
                IntentState::Unknown => (Tone::Error, "OUTCOME UNKNOWN: "),
                IntentState::Ambiguous | IntentState::Diverged => (Tone::Error, "OWNER AMBIGUOUS: "),
                IntentState::Done => (Tone::Ok, "Settled: "),
                IntentState::Applied => (Tone::Warn, "NOT SETTLED YET: "),
                _ => (Tone::Warn, "Settled: "),
            };
            let text = format!("{word}{}: {}.", self.who(&one.holder), one.words);
            if stood.contains(&(one.intent, one.state)) {
                self.log(tone, &text, "");
            } else {
                self.say(tone, &text);
                again = self.shown.record(&one.holder).map(|r| r.holder.clone());
            }
        }
        let known: Vec<IntentId> = self.waiting.iter().map(|w| w.intent).collect();
        let alarmed: Vec<IntentId> = self.arrived.iter().map(|a| a.intent).collect();
        Work {
            open: self.open,
            waiting: self.waiting,
            half: self.half,
            arrived: self.arrived,
            watched: self.watched,
        } = work;
        // The journal shows an outcome, or the end, of what could not be recorded at first.
        let lacks = |state| matches!(state, IntentState::Sending | IntentState::Applied);
        self.unrecorded.retain(|(intent, _)| self.open.iter().any(|r| r.intent == *intent && lacks(r.state)));

        // What is on screen of that person was read before it was settled.
        let mut effects = again.map(|h| self.read_live(h.id, h.link)).unwrap_or_default();
        for record in &self.waiting {
            if !known.contains(&record.intent) {
                effects.push(Effect::Timer(Timer::Waiting(record.intent), Duration::from_secs(2)));
            }
        }
        let youngest = self
            .open
            .iter()
            .filter(|r| r.state.is_open_question() || r.state == IntentState::Applied)
            .map(|r| self.now.duration_since(r.sent.unwrap_or(r.opened)).as_secs())
            .min();
        if let Some(age) = youngest {
            let pause = RECONCILE.iter().find(|(until, _)| age < *until).map_or(600, |(_, pause)| *pause);
            effects.push(Effect::Timer(Timer::Reconcile(0), Duration::from_secs(pause)));
        }
        if self.watched > 0 {
            effects.push(Effect::Timer(Timer::Late, LATE_EVERY));
        }
        let news: Vec<HolderId> =
            self.arrived.iter().filter(|a| !alarmed.contains(&a.intent)).map(|a| a.purpose.holder.clone()).collect();
        for holder in news {
            if let Some(record) = self.shown.record(&holder) {
                let (id, link) = (record.holder.id.clone(), record.holder.link.clone());
                effects.extend(self.read_live(id, link));
            }
            let text = format!(
                "ALARM: {} has a pass that was held not to have been made; {} shows it, ENT there ends it.",
                self.who(&holder),
                self.key("jobs")
            );
            self.say(Tone::Error, &text);
        }
        let rows = self.job_rows().len();
        if let Some(Overlay::Jobs { cursor, .. }) = &mut self.overlay {
            *cursor = (*cursor).min(rows.saturating_sub(1));
        }
        effects
    }

    /// Time to look whether waiting work can go on.
    pub(super) fn check_waiting(&mut self, intent: IntentId) -> Vec<Effect> {
        self.waiting.iter().filter(|w| w.intent == intent).map(|w| Effect::CheckWaiting(Box::new(w.clone()))).collect()
    }

    /// The new credential of waiting work is, or is not, usable yet.
    pub(super) fn usable(&mut self, intent: IntentId, result: Result<bool, Problem>) -> Vec<Effect> {
        let Some(record) = self.waiting.iter().find(|w| w.intent == intent).cloned() else { return Vec::new() };
        match result {
            Ok(true) if self.confirmed.contains(&record.purpose.saga) && self.may_write().is_ok() => {
                if self.running.iter().any(|r| r.holder == record.purpose.holder) {
                    return vec![Effect::Timer(Timer::Waiting(intent), WAITING_EVERY)];
                }
                self.say(Tone::Info, "The new pass is accepted; retiring the old one ...");
                return self.retire(record);
            }
            Ok(true) => {
                let who = self.who(&record.purpose.holder);
                let text = format!("{who}: the new pass is accepted, the old one still works; w, ENT, y retires it.");
                self.say(Tone::Warn, &text);
                return Vec::new();
            }
            Ok(false) => {}
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                // Looking again cannot help; the row stays in the list of jobs until somebody deals with it.
                let text = format!("{}: {problem}", self.who(&record.purpose.holder));
                self.say(Tone::Warn, &text);
                return Vec::new();
            }
            Err(problem) => self.log(Tone::Warn, &problem.to_string(), &problem.detail),
        }
        vec![Effect::Timer(Timer::Waiting(intent), WAITING_EVERY)]
    }

    fn retire(&mut self, record: IntentRecord) -> Vec<Effect> {
        let holder = record.purpose.holder.clone();
        self.running.push(Running { holder, words: "retiring the old pass".into(), done: String::new() });
        vec![Effect::Retire(Box::new(record))]
    }

    /// A key while the list of jobs stands open.
    pub(super) fn jobs_key(&mut self, key: Key) -> Vec<Effect> {
        let count = self.job_rows().len();
        let (now, deliberate) = (self.since_start, self.deliberate());
        let Some(Overlay::Jobs { cursor, confirm, drawn }) = &mut self.overlay else { return Vec::new() };
        if let Some(intent) = *confirm {
            let past = drawn.is_some_and(|d| now.saturating_sub(d) >= DWELL);
            if key == Key::Esc || key == Key::Char('y') && past && deliberate {
                (*confirm, *drawn) = (None, None);
                if key == Key::Char('y') {
                    return self.job_confirmed(intent);
                }
            } else if key == Key::Char('y') && !deliberate {
                *drawn = drawn.map(|_| now);
            }
            return Vec::new();
        }
        match key {
            Key::Esc | Key::Char('q' | 'w') | Key::F(7) => self.overlay = None,
            Key::Down | Key::Char('j') => *cursor = (*cursor + 1).min(count.saturating_sub(1)),
            Key::Up | Key::Char('k') => *cursor = cursor.saturating_sub(1),
            Key::Char('R') | Key::F(5) => return vec![self.look_again()],
            Key::Enter => return self.job_opened(),
            Key::Char('X') => return self.job_dropped(),
            _ => {}
        }
        Vec::new()
    }

    /// Enter on a row: asks, or opens a preview. It never writes (rule R1).
    fn job_opened(&mut self) -> Vec<Effect> {
        let Some(Overlay::Jobs { cursor, .. }) = &self.overlay else { return Vec::new() };
        let mut asked = None;
        let mut next = None;
        match self.job_rows().get(*cursor) {
            Some(Job::Arrived(record)) => {
                next = record.purpose.old.as_ref().map(|late| Pending {
                    verb: Some(Verb::End),
                    why: Some(Why::Mistake),
                    ..finishes(record, late.id.clone())
                });
            }
            Some(Job::Waiting(record)) => asked = Some(record.intent),
            Some(Job::Open(record)) if is_decided_by_person(record) => {
                let record = (*record).clone();
                return self.open_decision(&record);
            }
            // Of the others only questions can be parked.
            Some(Job::Open(record)) => asked = (record.state == IntentState::Unknown).then_some(record.intent),
            Some(Job::HalfDone(record)) if record.purpose.act.makes() => {
                let made = record.binding.as_ref().and_then(|b| b.object.as_ref());
                next = made.map(|new| Pending {
                    verb: Some(Verb::Set),
                    word: Some("in_production"),
                    ..finishes(record, new.id.clone())
                });
            }
            Some(Job::HalfDone(record)) => {
                next = record.purpose.old.as_ref().map(|old| finishes(record, old.id.clone()));
            }
            Some(Job::Awaited(watch)) if matches!(watch.awaits, Awaits::Another { found: Some(_), .. }) => {
                next = Some(Pending {
                    holder: watch.holder.clone(),
                    link: watch.link.clone(),
                    credential: watch.card.clone(),
                    verb: Some(Verb::End),
                    word: None,
                    why: None,
                    ticket: String::new(),
                });
            }
            Some(Job::Awaited(_)) | None => {}
        }
        if let Some(pending) = next {
            return self.look_at(pending);
        }
        if let Some(Overlay::Jobs { confirm, drawn, .. }) = &mut self.overlay {
            (*confirm, *drawn) = (asked, None);
        }
        Vec::new()
    }

    /// `X` on a row: this console stops looking for what a holder was to add, or asks whether an alarm is over because
    /// the pass shall stay. Nothing is changed at any vendor.
    fn job_dropped(&mut self) -> Vec<Effect> {
        let Some(Overlay::Jobs { cursor, .. }) = &self.overlay else { return Vec::new() };
        match self.job_rows().get(*cursor).copied() {
            Some(Job::Awaited(watch)) => {
                let card = watch.card.clone();
                self.watches.retain(|w| w.card != card);
                let count = self.job_rows().len();
                if let Some(Overlay::Jobs { cursor, .. }) = &mut self.overlay {
                    *cursor = (*cursor).min(count.saturating_sub(1));
                }
                self.say(Tone::Info, "This console looks no more for that digital card; both stay as they are.");
            }
            Some(Job::Arrived(record)) => {
                let asked = record.intent;
                if let Some(Overlay::Jobs { confirm, drawn, .. }) = &mut self.overlay {
                    (*confirm, *drawn) = (Some(asked), None);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// `y` on a row of the list: the intent it was asked about, wherever its row stands by now.
    fn job_confirmed(&mut self, intent: IntentId) -> Vec<Effect> {
        if let Some(record) = self.waiting.iter().find(|w| w.intent == intent).cloned() {
            if let Err(reason) = self.may_write() {
                let text = format!("Nothing was sent: {reason}.");
                self.say(Tone::Warn, &text);
                return Vec::new();
            }
            self.overlay = None;
            return self.retire(record);
        }
        if let Some(alarm) = self.arrived.iter().find(|a| a.intent == intent) {
            return vec![Effect::Keep(intent, alarm.purpose.holder.clone())];
        }
        let parked = self.open.iter().find(|r| r.intent == intent).map(|r| r.purpose.holder.clone());
        parked.map(|holder| Effect::Hold(intent, holder)).into_iter().collect()
    }
}

/// A question that is decided on a sheet of its own: there is something to choose.
pub fn is_decided_by_person(record: &IntentRecord) -> bool {
    match record.state {
        IntentState::Ambiguous | IntentState::Diverged | IntentState::Held => true,
        IntentState::Unknown => {
            record.purpose.act.makes()
                && matches!(record.purpose.class.system(), System::AccessGrid | System::CardExchange)
        }
        _ => false,
    }
}

/// A preview that goes on with earlier work: on this credential, for the same reason and ticket.
fn finishes(record: &IntentRecord, credential: CredentialId) -> Pending {
    let purpose = &record.purpose;
    Pending {
        holder: purpose.holder.clone(),
        link: purpose.holder_link.clone(),
        credential,
        verb: None,
        word: None,
        why: Some(purpose.why),
        ticket: purpose.ticket.clone(),
    }
}
