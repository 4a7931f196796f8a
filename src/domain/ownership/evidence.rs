//! What one fact says about one credential, and how facts combine. The combination is a join: order, grouping
//! and repetition of the facts cannot change the outcome, so no clever sequence of reads can raise a grade.

use super::Grade;
use crate::domain::ids::IntentId;
use crate::domain::operator::ConsoleId;

/// How strongly a fact ties an object to one intent of ours, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::EnumIter)]
pub enum Strength {
    /// It was the only new object between two reads.
    Inferred,
    /// The vendor's log names our identity as its creator.
    Witnessed,
    /// It carries the marker of that intent.
    Tagged,
    /// The vendor's answer to our create named it.
    Confirmed,
}

/// Everything that is known about the origin of one object, or one part of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Evidence {
    /// No fact at all (the bottom: changes nothing when combined).
    Nothing,
    /// A marker in valid form that no journal row here explains.
    Claim,
    /// The verified ledger of another console says that it comes from an intent of that console.
    Theirs {
        /// The other console.
        console: ConsoleId,
        /// Its intent.
        intent: IntentId,
    },
    /// It comes from this intent.
    Ours {
        /// The intent.
        intent: IntentId,
        /// The strongest fact that says so.
        strength: Strength,
    },
    /// Facts that cannot all be true.
    Contradiction,
    /// Its end was seen: whatever now bears its id is not what we made (invariant I14). Outranks even a
    /// contradiction, because it is the lower grade of the two.
    Ended,
}

impl Evidence {
    /// Combines two pieces of evidence. Commutative, associative and idempotent; two origins for one object
    /// are a contradiction, and a contradiction is never argued away by further facts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        use Evidence as E;
        match (self, other) {
            (E::Ended, _) | (_, E::Ended) => E::Ended,
            (E::Nothing, it) | (it, E::Nothing) => it,
            (E::Claim, E::Claim) => E::Claim,
            (E::Ours { intent: a, strength: x }, E::Ours { intent: b, strength: y }) if a == b => {
                E::Ours { intent: a, strength: x.max(y) }
            }
            (E::Theirs { console: a, intent: x }, E::Theirs { console: b, intent: y }) if (a, x) == (b, y) => {
                E::Theirs { console: a, intent: x }
            }
            _ => E::Contradiction,
        }
    }

    /// The grade that this evidence amounts to.
    pub fn grade(self) -> Grade {
        match self {
            Self::Nothing | Self::Ended => Grade::Foreign,
            Self::Claim | Self::Theirs { .. } => Grade::Claimed,
            Self::Contradiction => Grade::Ambiguous,
            Self::Ours { strength, .. } => match strength {
                Strength::Inferred => Grade::Inferred,
                Strength::Witnessed => Grade::Witnessed,
                Strength::Tagged => Grade::Tagged,
                Strength::Confirmed => Grade::Confirmed,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ownership::{Action, permits};
    use proptest::prelude::*;

    fn any_evidence() -> impl Strategy<Value = Evidence> {
        let strength = prop_oneof![
            Just(Strength::Inferred),
            Just(Strength::Witnessed),
            Just(Strength::Tagged),
            Just(Strength::Confirmed)
        ];
        prop_oneof![
            2 => Just(Evidence::Nothing),
            1 => Just(Evidence::Claim),
            3 => (0u32..3, 0u128..3).prop_map(|(console, n)| Evidence::Theirs {
                console: format!("desk-{console:08x}").parse().unwrap(),
                intent: IntentId(uuid::Uuid::from_u128(n)),
            }),
            4 => (0u128..3, strength)
                .prop_map(|(n, strength)| Evidence::Ours { intent: IntentId(uuid::Uuid::from_u128(n)), strength }),
            1 => Just(Evidence::Contradiction),
            1 => Just(Evidence::Ended),
        ]
    }

    fn sure(evidence: Evidence) -> bool {
        permits(evidence.grade(), Action::Irreversible).is_ok()
    }

    /// Cases a law; `PASSDESK_CASES=1000000` for the long run.
    fn cases() -> u32 {
        std::env::var("PASSDESK_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

        #[test]
        fn i13_the_order_of_two_facts_does_not_matter(a in any_evidence(), b in any_evidence()) {
            prop_assert_eq!(a.and(b), b.and(a));
        }

        #[test]
        fn i13_the_grouping_of_facts_does_not_matter(a in any_evidence(), b in any_evidence(), c in any_evidence()) {
            prop_assert_eq!(a.and(b).and(c), a.and(b.and(c)));
        }

        #[test]
        fn i13_a_fact_told_twice_counts_once(a in any_evidence()) {
            prop_assert_eq!(a.and(a), a);
        }

        #[test]
        fn i13_nothing_changes_nothing(a in any_evidence()) {
            prop_assert_eq!(a.and(Evidence::Nothing), a);
        }

        #[test]
        fn i13_a_contradiction_is_never_argued_away(facts in proptest::collection::vec(any_evidence(), 0..8)) {
            let all = facts.into_iter().fold(Evidence::Contradiction, Evidence::and);
            prop_assert!(matches!(all, Evidence::Contradiction | Evidence::Ended));
            prop_assert!(!sure(all));
        }

        #[test]
        fn i14_a_seen_end_is_never_argued_away(facts in proptest::collection::vec(any_evidence(), 0..8)) {
            let all = facts.into_iter().fold(Evidence::Ended, Evidence::and);
            prop_assert_eq!(all.grade(), Grade::Foreign);
        }

        /// The three laws together: neither order nor repetition of any facts changes what they amount to.
        #[test]
        fn i13_facts_in_any_order_and_number_say_the_same(
            facts in proptest::collection::vec(any_evidence(), 1..8),
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..16),
        ) {
            let all = |facts: &[Evidence]| facts.iter().copied().fold(Evidence::Nothing, Evidence::and);
            let mut again: Vec<Evidence> = picks.iter().map(|pick| *pick.get(&facts)).collect();
            again.extend(facts.iter().rev());
            prop_assert_eq!(all(&again), all(&facts));
        }

        /// Nothing is added up: facts together are no better than the best of them, for the intent that it names.
        #[test]
        fn i11_facts_together_are_no_better_than_the_best_of_them(
            facts in proptest::collection::vec(any_evidence(), 1..8),
        ) {
            let all = facts.iter().copied().fold(Evidence::Nothing, Evidence::and);
            let best = facts.iter().map(|fact| fact.grade()).min();
            prop_assert!(best <= Some(all.grade()), "{:?} became {:?}", facts, all);
            // And what contradicts any of them leaves nothing that may be ended.
            if facts.contains(&Evidence::Contradiction) || facts.contains(&Evidence::Ended) {
                prop_assert!(!sure(all));
            }
        }

        /// What a store alone could hold (a claim, a seen end, a dispute, nothing) never makes a thing ours.
        #[test]
        fn i11_local_facts_alone_make_nothing_ours(picks in proptest::collection::vec(0..4_usize, 0..8)) {
            let local = [Evidence::Nothing, Evidence::Claim, Evidence::Contradiction, Evidence::Ended];
            let all = picks.into_iter().map(|pick| local[pick]).fold(Evidence::Nothing, Evidence::and);
            prop_assert!(all.grade() >= Grade::Claimed);
            prop_assert!(!sure(all));
        }

        #[test]
        fn i13_what_two_consoles_claim_is_nobodys(a in any_evidence(), b in any_evidence()) {
            let whose = |e: Evidence| match e {
                Evidence::Ours { .. } => Some(None),
                Evidence::Theirs { console, .. } => Some(Some(console)),
                _ => None,
            };
            if let (Some(x), Some(y)) = (whose(a), whose(b)) && x != y {
                prop_assert_eq!(a.and(b), Evidence::Contradiction);
            }
        }

        #[test]
        fn i11_what_another_console_says_is_never_more_than_a_claim(facts in proptest::collection::vec(any_evidence(), 0..8)) {
            let sum = |facts: &[Evidence]| facts.iter().copied().fold(Evidence::Nothing, Evidence::and);
            let own: Vec<_> = facts.iter().copied().filter(|e| !matches!(e, Evidence::Theirs { .. })).collect();
            // Their facts never make ours stronger: the grade is as without them, a claim, or worse.
            let (all, alone) = (sum(&facts).grade(), sum(&own).grade());
            prop_assert!(all == alone || all >= Grade::Claimed, "{alone} became {all}");
        }

        #[test]
        fn i13_more_facts_only_climb(a in any_evidence(), b in any_evidence()) {
            // `x <= y` in the order of the join means `x.and(y) == y`.
            let both = a.and(b);
            prop_assert_eq!(a.and(both), both);
            // What is sure with more facts was claimed by at least one of them alone, for the same intent.
            if let Evidence::Ours { intent, strength } = both {
                let says = |e: Evidence| e == Evidence::Ours { intent, strength };
                prop_assert!(says(a) || says(b));
            }
        }
    }
}
