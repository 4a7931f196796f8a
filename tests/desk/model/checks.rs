//! The rules that no run may break, each against what is truly so. Written from the specification (safety.md sections
//! 1, 2.1 and 4) without the product's own tables.

use super::book::{Line, Pages, Reading, short};
use super::truth::TruePass;
use super::unseen::Unseen;
use passdesk::domain::credential::System;
use passdesk::domain::journal::{Act, IntentState};
use passdesk::domain::ownership::Ownership;
use passdesk::domain::policy::{ReissueMode, Why};
use passdesk::domain::text::SafeText;
use passdesk::simulator::Author;

/// The table of safety.md 2.1, and what a binding may say.
pub fn of_transition(was: IntentState, line: &Line, unseen: &Unseen) -> Option<String> {
    use IntentState as S;
    let now = line.state;
    let allowed = match was {
        S::Intent => matches!(now, S::Snapshotted | S::Abandoned),
        S::Snapshotted => matches!(now, S::Sending | S::Abandoned),
        S::Sending => matches!(now, S::Applied | S::Rejected | S::NotSent | S::Unknown),
        S::NotSent | S::Rejected | S::NotApplied => matches!(now, S::Snapshotted | S::Abandoned),
        S::Unknown => matches!(now, S::Applied | S::NotApplied | S::Ambiguous | S::Held),
        S::Applied => matches!(now, S::Bound | S::Diverged),
        S::Bound => now == S::Done,
        S::Ambiguous => matches!(now, S::Applied | S::Held),
        S::Held => matches!(now, S::Applied | S::NotApplied | S::WrittenOff),
        S::Diverged => matches!(now, S::Bound | S::Held),
        S::Done | S::Abandoned | S::WrittenOff => false,
    };
    if !allowed {
        return Some(format!("{was} became {now}"));
    }
    let object = line.binding.as_ref().and_then(|b| b.object.as_ref());
    match (now, object) {
        (S::Bound, Some(object)) if line.purpose.act.makes() => {
            let ids: Vec<&str> = object.id.key.as_str().split('/').collect();
            // A Gallagher id has two parts as well, and is one.
            let whole = object.id.key.as_str();
            let truly =
                |made: &String| made == whole || ids.contains(&made.as_str()) || unseen.took_over(line, made, whole);
            let right = !line.made.is_empty() && line.made.iter().all(truly);
            (!right).then(|| format!("WRONG BINDING: bound to {whole}, and truly made {:?}", line.made))
        }
        (S::Bound, None) if line.purpose.act.makes() => Some("bound to nothing".to_owned()),
        (S::NotSent, _) if line.requests > 0 => Some("called NOT_SENT after a request had set out".to_owned()),
        (S::NotApplied, _) if line.applied && !line.disturbed => {
            Some("called NOT_APPLIED although it was done".to_owned())
        }
        (S::Rejected, _) if line.applied => Some("called REJECTED although it was done".to_owned()),
        (S::Abandoned, _) if !line.made.is_empty() => Some("given up although it made a pass".to_owned()),
        _ => None,
    }
}

/// A request may set out only if its person was read after it was begun, at most 30 s before, and if what it is about
/// was then as it had been shown, as far as an operator sees it (invariant I12).
pub fn of_gate(line: &Line, reading: Option<&Reading>, shown: Option<&Vec<TruePass>>) -> Option<String> {
    let old = line.purpose.old.as_ref();
    if line.state == IntentState::Snapshotted {
        let snapshot = line.snapshot.as_ref()?;
        // What waits to be retired may have been looked at again since it was written down.
        let seen = snapshot.before.iter().find(|seen| old.is_some_and(|old| old.id == seen.id))?;
        let same = old.is_none_or(|old| old.fingerprint == seen.fingerprint);
        return (!same && line.purpose.act != Act::Retire)
            .then(|| format!("I12: {} was not as shown when the gate read it", seen.id));
    }
    if line.state != IntentState::Sending {
        return None;
    }
    let Some(reading) = reading.filter(|reading| reading.after >= line.opened) else {
        return Some("I12: SENDING without a reading of the person since INTENT".to_owned());
    };
    if line.read_before > 30 {
        return Some(format!("I12: SENDING on a reading that is {} s old", line.read_before));
    }
    let (truth, key) = (reading.truth.as_ref()?, old?.id.key.as_str());
    let meant = |pass: &&TruePass| pass.whole == key;
    let differs =
        shown?.iter().filter(meant).find(|was| truth.iter().all(|now| now.id != was.id || now.face != was.face));
    differs.map(|was| {
        let now = truth.iter().find(|now| now.id == was.id).map_or("gone", |now| now.face.as_str());
        format!("I12: SENDING although {key} is {now}, and was shown as {}", was.face)
    })
}

/// A mark that several passes carry proves nothing, unless the vendor's answer named ours (invariant I13).
pub fn of_marker(line: &Line, reading: Option<&Reading>) -> Option<String> {
    let (marker, bound) = (line.purpose.marker.as_ref()?, line.binding.as_ref()?);
    if line.state != IntentState::Bound || !line.purpose.act.makes() || bound.named.is_some() {
        return None;
    }
    let reading = reading?;
    // What the vendor's list left out, nobody can count.
    let carries =
        |pass: &&TruePass| !pass.gone && pass.word.contains(marker.as_str()) && !reading.left_out.contains(&pass.whole);
    let bearers = reading.truth.as_ref()?.iter().filter(carries);
    let wholes: std::collections::BTreeSet<&str> = bearers.map(|pass| pass.whole.as_str()).collect();
    (wholes.len() > 1).then(|| format!("I13: bound by a mark that {wholes:?} all carry"))
}

/// Passes that came, and those that changed or went.
pub fn difference(before: &[TruePass], after: &[TruePass]) -> (Vec<String>, Vec<String>) {
    let at = |pass: &TruePass| before.iter().find(|b| b.id == pass.id);
    let made = after.iter().filter(|pass| at(pass).is_none()).map(|pass| pass.id.clone()).collect();
    let differs = |pass: &&TruePass| at(pass).is_some_and(|was| (&was.word, was.gone) != (&pass.word, pass.gone));
    let mut changed: Vec<String> = after.iter().filter(differs).map(|pass| pass.id.clone()).collect();
    changed.extend(before.iter().filter(|b| after.iter().all(|a| a.id != b.id)).map(|b| b.id.clone()));
    (made, changed)
}

/// What one request of ours truly did.
pub fn of_effect(
    line: &Line,
    before: &[TruePass],
    after: &[TruePass],
    made: &[String],
    changed: &[String],
    issued: &[String],
    touched: bool,
) -> Vec<String> {
    let mut wrongs = Vec::new();
    let purpose = &line.purpose;
    for id in changed {
        let Some(pass) = before.iter().find(|pass| pass.id == *id) else { continue };
        let may = match purpose.class.system() {
            System::ThalesD1 => !purpose.ticket.is_empty(),
            _ => pass.by == Author::Console,
        };
        if !may {
            wrongs.push(format!("FOREIGN MUTATED: {} changed {id}, which {:?} made", purpose.act, pass.by));
        }
        let meant = purpose.old.as_ref().is_some_and(|old| {
            old.id.key.as_str() == id
                || old.id.key.as_str().split('/').any(|part| part == id)
                || pass.whole == old.id.key.as_str()
        });
        if !meant {
            wrongs.push(format!(
                "{} of {:?} changed {id}",
                purpose.act,
                purpose.old.as_ref().map(|o| o.id.to_string())
            ));
        }
    }
    let wholes: std::collections::BTreeSet<&str> =
        after.iter().filter(|p| made.contains(&p.id)).map(|p| p.whole.as_str()).collect();
    if wholes.len() + line.made.len().min(1) > usize::from(purpose.act.makes()) {
        wrongs.push(format!("DUPLICATE: {} made {made:?} after {:?}", purpose.act, line.made));
    }
    if after.iter().any(|p| made.contains(&p.id) && p.by != Author::Console) {
        wrongs.push(format!("somebody else made {made:?} by our request"));
    }
    // What others did after the gate had looked, a call that arrives late cannot know.
    let touched = touched || line.disturbed;
    let usable = |passes: &[TruePass]| passes.iter().filter(|p| p.usable).count();
    let outweighs = matches!(purpose.why, Why::Lost | Why::Stolen | Why::Leaver);
    if !touched && !outweighs && usable(before) > 0 && usable(after) == 0 && purpose.act != Act::Resume {
        wrongs.push(format!("I17: {} for {} took the last usable pass", purpose.act, purpose.why));
    }
    let old_usable = before.iter().any(|p| changed.contains(&p.id) && p.usable);
    let works = before.iter().any(|p| p.works && issued.contains(&p.whole));
    if purpose.act == Act::Retire && !touched && old_usable && !works {
        wrongs.push("I16: the old pass was retired before the new one worked".to_owned());
    }
    if purpose.act == Act::Swap && purpose.mode != ReissueMode::Swap {
        wrongs.push(format!("a swap in mode {}", purpose.mode));
    }
    wrongs
}

/// A grade that was shown for a pass.
pub fn of_grade(pages: &mut Pages, truth: &[TruePass], whole: &str, ownership: &Ownership) {
    if ownership.grade.badge() != "*ours" {
        return;
    }
    let Some(pass) = truth.iter().find(|pass| pass.whole == whole) else { return };
    let bound = |line: &Line| line.made.iter().any(|made| pages.unseen.took_over(line, made, whole));
    if pass.by != Author::Console && !pages.lines.values().any(bound) {
        let clues: Vec<&str> = ownership.clues.iter().map(SafeText::as_str).collect();
        pages.wrong(format!("{whole} is shown as *ours, and {:?} made it ({})", pass.by, clues.join(", ")));
    }
    let ended = pages.lines.iter().find(|(_, line)| {
        let ended = line.binding.as_ref().and_then(|b| b.ended.as_ref());
        line.state == IntentState::Done && ended.is_some_and(|seen| seen.id.key.as_str() == whole)
    });
    if let Some((id, _)) = ended
        && !pass.gone
    {
        let id = short(*id);
        pages.wrong(format!("I14: {whole} is shown as *ours, and {id} saw its end"));
    }
}

/// After every step: nothing that was made is missing.
pub fn of_standing(pages: &mut Pages) {
    use IntentState as S;
    let mut wrongs = Vec::new();
    for (id, line) in &pages.lines {
        if line.made.is_empty() {
            continue;
        }
        let known = matches!(
            line.state,
            S::Sending | S::Unknown | S::Applied | S::Ambiguous | S::Held | S::Diverged | S::Bound | S::Done
        );
        if !known {
            wrongs.push(format!("LOST: {} made {:?} and is {}", short(*id), line.made, line.state));
        }
        let bound = line.binding.as_ref().and_then(|b| b.object.as_ref()).map(|o| o.id.key.as_str());
        let agrees = line.state != S::Done
            || bound.is_some_and(|whole| {
                line.made.iter().all(|made| {
                    let part = whole.split('/').any(|part| part == made);
                    made == whole || part || pages.unseen.took_over(line, made, whole)
                })
            });
        if !agrees {
            wrongs.push(format!("LOST: {} made {:?} and is DONE with {bound:?}", short(*id), line.made));
        }
    }
    for (plan, count) in &pages.issued_by_plan {
        if *count > 1 {
            wrongs.push(format!("DUPLICATE: plan {plan} was sent {count} times"));
        }
    }
    for wrong in wrongs {
        if !pages.wrongs.contains(&wrong) {
            pages.wrong(wrong);
        }
    }
}
