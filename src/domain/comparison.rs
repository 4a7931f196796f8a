//! Two ledgers side by side: which credentials only one of them claims to have made, which both, and where they
//! contradict each other.

use super::ids::{CredentialId, HolderId, IntentId};
use super::journal::{IntentRecord, IntentState, Marker};
use serde::Serialize;
use std::collections::BTreeMap;

/// How two ledgers stand to one claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Standing {
    /// Both claim the same object or marker, by different intents, or bind one intent to different objects.
    Conflict,
    /// Only this ledger has it.
    OnlyHere,
    /// Only the other one has it.
    OnlyThere,
    /// Both have the same intent, and agree on what it made.
    Both,
}

/// What one ledger says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Claim {
    /// The intent that made it.
    pub intent: IntentId,
    /// Where that stands.
    pub state: IntentState,
    /// The person.
    pub holder: HolderId,
    /// The object, if it was bound to one.
    pub object: Option<CredentialId>,
    /// The marker, if it had one.
    pub marker: Option<Marker>,
}

/// One line of the comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Compared {
    /// How the two stand to it.
    pub standing: Standing,
    /// What this ledger says.
    pub here: Option<Claim>,
    /// What the other one says.
    pub there: Option<Claim>,
}

impl Claim {
    /// `None` for what makes nothing, and for what is known to have made nothing.
    fn of(record: &IntentRecord) -> Option<Self> {
        use IntentState as S;
        let nothing =
            matches!(record.state, S::NotSent | S::Rejected | S::NotApplied | S::Abandoned) || record.sent.is_none();
        (record.purpose.act.makes() && !nothing).then(|| Self {
            intent: record.intent,
            state: record.state,
            holder: record.purpose.holder.clone(),
            object: record.binding.as_ref().and_then(|b| b.object.as_ref()).map(|seen| seen.id.clone()),
            marker: record.purpose.marker.clone(),
        })
    }

    /// They cannot both have made it.
    fn disputes(&self, other: &Self) -> bool {
        let same = |a: bool, b: bool| a || b;
        let object = self.object.is_some() && self.object == other.object;
        let marker = self.marker.is_some() && self.marker == other.marker;
        if self.intent != other.intent {
            return same(object, marker);
        }
        let bound = self.object.is_some() && other.object.is_some();
        self.holder != other.holder || self.marker != other.marker || bound && !object
    }
}

/// Compares two ledgers, conflicts first. Every claim of either stands in at least one row.
pub fn compare(here: &[IntentRecord], there: &[IntentRecord]) -> Vec<Compared> {
    let here: Vec<Claim> = here.iter().filter_map(Claim::of).collect();
    let there: Vec<Claim> = there.iter().filter_map(Claim::of).collect();
    let mut by_intent: BTreeMap<IntentId, Vec<usize>> = BTreeMap::new();
    let mut by_object: BTreeMap<&CredentialId, Vec<usize>> = BTreeMap::new();
    let mut by_marker: BTreeMap<&Marker, Vec<usize>> = BTreeMap::new();
    for (at, claim) in there.iter().enumerate() {
        by_intent.entry(claim.intent).or_default().push(at);
        claim.object.iter().for_each(|object| by_object.entry(object).or_default().push(at));
        claim.marker.iter().for_each(|marker| by_marker.entry(marker).or_default().push(at));
    }
    let mut met = vec![false; there.len()];
    let mut rows = Vec::new();
    for claim in &here {
        let object = claim.object.as_ref().and_then(|object| by_object.get(object));
        let marker = claim.marker.as_ref().and_then(|marker| by_marker.get(marker));
        let mut others: Vec<usize> =
            [by_intent.get(&claim.intent), object, marker].into_iter().flatten().flatten().copied().collect();
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            rows.push(Compared { standing: Standing::OnlyHere, here: Some(claim.clone()), there: None });
        }
        for at in others {
            met[at] = true;
            let standing = if claim.disputes(&there[at]) { Standing::Conflict } else { Standing::Both };
            rows.push(Compared { standing, here: Some(claim.clone()), there: Some(there[at].clone()) });
        }
    }
    let unmet = there.into_iter().zip(met).filter(|(_, met)| !met);
    rows.extend(unmet.map(|(claim, _)| Compared { standing: Standing::OnlyThere, here: None, there: Some(claim) }));
    let claim = |row: &Compared| row.here.as_ref().or(row.there.as_ref()).map(|c| c.intent);
    rows.sort_by_key(|row| (row.standing, claim(row)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::IntentState;

    fn claim(intent: u128, object: Option<&str>, marker: Option<u8>) -> Claim {
        Claim {
            intent: IntentId(uuid::Uuid::from_u128(intent)),
            state: IntentState::Done,
            holder: "gall:1".parse().unwrap(),
            object: object.map(|id| id.parse().unwrap()),
            marker: marker.map(|bits| Marker::from_bits([bits; 10])),
        }
    }

    #[test]
    fn two_claims_dispute_each_other_only_over_the_same_thing() {
        let ours = claim(1, Some("gall:1/a"), Some(1));
        for (theirs, disputed, why) in [
            (claim(1, Some("gall:1/a"), Some(1)), false, "the same claim"),
            (claim(1, None, Some(1)), false, "theirs is not bound yet"),
            (claim(1, Some("gall:1/b"), Some(1)), true, "one change, two objects"),
            (claim(1, Some("gall:1/a"), Some(2)), true, "one change, two markers"),
            (claim(2, Some("gall:1/a"), None), true, "two changes, one object"),
            (claim(2, Some("gall:1/b"), Some(1)), true, "two changes, one marker"),
            (claim(2, Some("gall:1/b"), Some(2)), false, "nothing in common"),
            (claim(2, None, None), false, "nothing is known of theirs"),
        ] {
            assert_eq!(ours.disputes(&theirs), disputed, "{why}");
            assert_eq!(theirs.disputes(&ours), disputed, "{why}, from the other side");
        }
        assert!(!claim(1, None, None).disputes(&claim(2, None, None)), "two that know nothing");
        let moved = Claim { holder: "gall:2".parse().unwrap(), ..ours.clone() };
        assert!(ours.disputes(&moved), "one change, two persons");
    }
}
