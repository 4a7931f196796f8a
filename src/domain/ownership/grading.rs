//! From the journal and a live read to a grade for each credential of one person (safety.md 4.1 and 4.3,
//! decisions 10 to 12). Pure: the same records and cards always give the same grades.

use super::{Evidence, Grade, Imported, Ownership, Strength};
use crate::domain::credential::{Credential, State, System};
use crate::domain::journal::{Act, IntentRecord, IntentState, Marker, Proof, Seen, contact_hash};
use crate::domain::text::{SafeText, Untrusted};

/// Grades all credentials of one person, in their order.
///
/// `records` are all intents of that person, of whatever type; `cards` all her credentials as just read. A
/// record alone raises nothing: every fact below starts at something that the vendor shows (invariant I11).
pub fn grade_all(records: &[IntentRecord], cards: &[Credential]) -> Vec<Ownership> {
    grade_with(records, &[], cards)
}

/// As [`grade_all`], with what the imported ledgers of other consoles say about these cards and their markers. That
/// is never more than a claim; where it contradicts our own journal, or another console, the card is ambiguous.
pub fn grade_with(records: &[IntentRecord], imported: &[Imported], cards: &[Credential]) -> Vec<Ownership> {
    cards.iter().map(|card| grade(records, imported, cards, card)).collect()
}

/// The markers by which imported ledgers are asked about cards.
pub fn markers(cards: &[Credential]) -> Vec<Marker> {
    cards.iter().filter_map(|card| card.marker.clone()).collect()
}

/// One fact: what it says, and the words for it.
struct Fact {
    says: Evidence,
    clues: Vec<SafeText>,
}

impl Fact {
    fn new(says: Evidence, clues: impl IntoIterator<Item = String>) -> Self {
        Self { says, clues: clues.into_iter().map(|c| SafeText::of(&c)).collect() }
    }

    fn contradiction(clue: impl Into<String>) -> Self {
        Self::new(Evidence::Contradiction, [clue.into()])
    }
}

fn grade(records: &[IntentRecord], imported: &[Imported], cards: &[Credential], card: &Credential) -> Ownership {
    if card.class.system() == System::ThalesD1 {
        let clue = "born in the holder's wallet or at the issuer's bank; the issuer role and a ticket decide";
        return Ownership::new(Grade::Issuer, vec![SafeText::of(clue)]);
    }
    // Some vendors go on showing what has ended; that is no coming back.
    let theirs = || imported.iter().filter(|i| i.record.purpose.holder.tenant == card.holder.tenant);
    if card.state() != State::Ended
        && let Some(record) = records.iter().chain(theirs().map(|i| &i.record)).find(|r| ended(r, card))
    {
        let clue = format!("its end was recorded {}; an id that comes back is not ours", day(record));
        return Ownership::new(Evidence::Ended.grade(), vec![SafeText::of(&clue)]);
    }
    let marker = card.marker.clone();
    let mut facts: Vec<Fact> =
        records.iter().flat_map(|r| [by_identity(r, card, marker.as_ref()), by_candidacy(r, card)]).flatten().collect();
    let claims: Vec<Fact> = theirs().filter_map(|i| by_other_console(i, cards, card, marker.as_ref())).collect();
    // A marker that another console explains is no riddle; one that we explain as well is a contradiction.
    facts.extend(
        marker.map(|m| by_marker(records, cards, card, &m)).filter(|f| f.says != Evidence::Claim || claims.is_empty()),
    );
    facts.extend(claims);

    // What decides stands first: where rows are few, the operator sees only the beginning.
    facts.sort_by_key(|fact| std::cmp::Reverse(weight(fact.says)));
    let says = facts.iter().fold(Evidence::Nothing, |all, fact| all.and(fact.says));
    let mut clues: Vec<SafeText> = Vec::new();
    for clue in facts.into_iter().flat_map(|fact| fact.clues) {
        if !clues.contains(&clue) {
            clues.push(clue);
        }
    }
    if clues.is_empty() {
        clues.push(SafeText::of("no record here"));
    }
    let desk = match says {
        Evidence::Theirs { console, .. } => theirs().find(|i| i.desk.console == console).map(|i| i.desk.clone()),
        _ => None,
    };
    let issued = match says {
        Evidence::Ours { intent, .. } => records.iter().find(|r| r.intent == intent),
        Evidence::Theirs { intent, .. } => theirs().map(|i| &i.record).find(|r| r.intent == intent),
        Evidence::Nothing | Evidence::Claim | Evidence::Contradiction | Evidence::Ended => None,
    };
    let issued = issued.map(|record| record.sent.unwrap_or(record.opened));
    Ownership { desk, issued, ..Ownership::new(says.grade(), clues) }
}

/// How much a fact decides, for the order of the clues.
fn weight(says: Evidence) -> (u8, Option<Strength>) {
    match says {
        Evidence::Nothing => (0, None),
        Evidence::Claim | Evidence::Theirs { .. } => (1, None),
        Evidence::Ours { strength, .. } => (2, Some(strength)),
        Evidence::Contradiction => (3, None),
        Evidence::Ended => (4, None),
    }
}

/// Its end was seen. Either identity suffices: an id that lives on under another reference is as suspect as a
/// reference that is used again.
fn ended(record: &IntentRecord, card: &Credential) -> bool {
    record.binding.as_ref().and_then(|b| b.ended.as_ref()).is_some_and(|seen| {
        seen.link == card.link || (!seen.lasting_id.is_empty() && seen.lasting_id == card.lasting_id.raw())
    })
}

/// The journal bound this very object to an intent.
fn by_identity(record: &IntentRecord, card: &Credential, marker: Option<&Marker>) -> Option<Fact> {
    if !makes(record) {
        return None;
    }
    let binding = record.binding.as_ref()?;
    let seen = binding.object.as_ref().filter(|seen| seen.is(card))?;
    if record.purpose.marker.is_some() && marker != record.purpose.marker.as_ref() {
        return Some(Fact::contradiction("it should carry our marker and does not"));
    }
    if let Some(what) = drift(record, seen, card, marker) {
        return Some(Fact::contradiction(format!("{what} differs from what was recorded {}", day(record))));
    }
    if binding.proofs.contains(&Proof::Person) {
        // What could not be told apart does not become certain because somebody chose (safety.md 4.1, adoption).
        return Some(Fact::new(Evidence::Claim, [chosen_clue(record), read_back_clue(card)]));
    }
    let strength = binding.proofs.iter().filter_map(|proof| match proof {
        Proof::Answer => Some((Strength::Confirmed, "the vendor's answer named it")),
        Proof::Feed => Some((Strength::Witnessed, "the vendor's log names us as its creator")),
        Proof::Diff => Some((Strength::Inferred, "the only new card between our two reads")),
        // The marker speaks for itself, from the live card; an absence or a state says nothing about who made it.
        Proof::Marker | Proof::Absence | Proof::State | Proof::Person => None,
    });
    let (strength, clue) = strength.max_by_key(|(strength, _)| *strength)?;
    Some(Fact::new(
        Evidence::Ours { intent: record.intent, strength },
        [ledger_clue(record), clue.to_owned(), read_back_clue(card)],
    ))
}

/// What no longer agrees with the binding, although it cannot change on a living credential (invariant I13).
fn drift(record: &IntentRecord, seen: &Seen, card: &Credential, marker: Option<&Marker>) -> Option<&'static str> {
    if record.purpose.holder != card.holder {
        Some("the person")
    } else if seen.type_link != card.type_link {
        Some("the card type")
    } else if seen.class != card.class {
        Some("the kind of card")
    } else if seen.marker.as_ref() != marker {
        Some("the number")
    } else if contact_changed(seen, card) {
        Some("the contact")
    } else {
        None
    }
}

/// A contact that the vendor withholds, then or now, says nothing; two shown ones must agree.
fn contact_changed(seen: &Seen, card: &Credential) -> bool {
    let now = contact_hash(card);
    if seen.contact_hash == now {
        return false;
    }
    let mut withheld = card.clone();
    if let Some(invitation) = &mut withheld.invitation {
        invitation.email = Untrusted::default();
        invitation.phone = Untrusted::default();
    }
    let withheld = contact_hash(&withheld);
    seen.contact_hash != withheld && now != withheld
}

/// An unsettled change of ours could have made it, and so could somebody else.
fn by_candidacy(record: &IntentRecord, card: &Credential) -> Option<Fact> {
    let open =
        makes(record) && matches!(record.state, IntentState::Ambiguous | IntentState::Diverged | IntentState::Held);
    let candidates = &record.remark.as_ref().filter(|_| open)?.candidates;
    candidates.iter().any(|seen| seen.is(card)).then(|| {
        let count = candidates.len();
        Fact::contradiction(if count > 1 {
            format!("one of {count} candidates of a change of {} that is not settled", day(record))
        } else {
            format!("a change of {} that is not settled names it", day(record))
        })
    })
}

/// It carries a marker of our form. A copied marker proves nothing (decision 11).
fn by_marker(records: &[IntentRecord], cards: &[Credential], card: &Credential, marker: &Marker) -> Fact {
    let mut rows = records.iter().filter(|r| makes(r) && r.purpose.marker.as_ref() == Some(marker));
    let Some(record) = rows.next() else {
        return Fact::new(Evidence::Claim, ["it carries a marker like ours, but there is no record here".to_owned()]);
    };
    if rows.next().is_some() {
        return Fact::contradiction("two records here claim its marker");
    }
    if record.purpose.holder != card.holder {
        return Fact::contradiction("its marker belongs to another person");
    }
    if record.purpose.type_link != card.type_link {
        return Fact::contradiction("its marker belongs to another card type");
    }
    let bearers = cards.iter().filter(|c| c.marker.as_ref() == Some(marker)).count();
    let several = || Fact::contradiction(format!("{bearers} cards carry the marker"));
    let bound = record.binding.as_ref().and_then(|b| b.object.as_ref());
    if bound.is_some_and(|seen| !seen.is(card)) {
        return Fact::contradiction(format!("its marker was copied from the card that we issued {}", day(record)));
    }
    if let Some(fact) = by_arrival(records, record, card, marker, bearers) {
        return fact;
    }
    let settled = matches!(record.state, IntentState::Bound | IntentState::Done);
    if !(settled && bound.is_some()) {
        if bearers != 1 {
            return several();
        }
        let Some(snapshot) = record.snapshot.as_ref().filter(|_| record.sent.is_some()) else {
            return Fact::contradiction("it carries a marker that we never sent");
        };
        if snapshot.before.iter().any(|seen| seen.is(card)) {
            return Fact::contradiction("it was there before we sent its marker");
        }
        // One list cannot tell our card from a copy that took its place. Binding looks at more than this.
        return Fact::contradiction("our marker, not settled yet");
    }
    if record.binding.as_ref().is_some_and(|b| b.proofs.contains(&Proof::Person)) {
        return Fact::new(Evidence::Claim, [chosen_clue(record)]);
    }
    let copies = match bearers {
        0 | 1 => "our marker on exactly one card".to_owned(),
        n => format!("our marker on the recorded card; copied onto {}", n - 1),
    };
    Fact::new(
        Evidence::Ours { intent: record.intent, strength: Strength::Tagged },
        [ledger_clue(record), copies, read_back_clue(card)],
    )
}

/// True if this record says that exactly this credential arrived late, and that its marker is ours for certain.
pub fn arrived(record: &IntentRecord, card: &Credential) -> bool {
    let purpose = &record.purpose;
    purpose.act == Act::Arrival && purpose.marker.is_some() && purpose.old.as_ref().is_some_and(|seen| seen.is(card))
}

/// A change that was held to have had no effect, and whose credential was seen after all: from then on its marker
/// counts on that object alone, as that of a bound one does (decision 11).
fn by_arrival(
    records: &[IntentRecord],
    record: &IntentRecord,
    card: &Credential,
    marker: &Marker,
    bearers: usize,
) -> Option<Fact> {
    if !matches!(record.state, IntentState::NotApplied | IntentState::Abandoned | IntentState::WrittenOff) {
        return None;
    }
    let of_it = |r: &&IntentRecord| {
        r.purpose.act == Act::Arrival
            && r.purpose.saga == record.purpose.saga
            && r.purpose.marker.as_ref() == Some(marker)
    };
    let arrival = records.iter().find(of_it)?;
    let seen = arrival.purpose.old.as_ref()?;
    if !seen.is(card) {
        let clue = format!("its marker was copied from the card that arrived late, {}", day(arrival));
        return Some(Fact::contradiction(clue));
    }
    if let Some(what) = drift(record, seen, card, Some(marker)) {
        return Some(Fact::contradiction(format!("{what} differs from what was recorded {}", day(arrival))));
    }
    let copies = if bearers > 1 { format!("; copied onto {}", bearers - 1) } else { String::new() };
    Some(Fact::new(
        Evidence::Ours { intent: record.intent, strength: Strength::Tagged },
        [ledger_clue(record), format!("our marker, which arrived late{copies}"), read_back_clue(card)],
    ))
}

/// The verified ledger of another console: does it say that it made this very card? Its journal must have bound the
/// card, by more than an inference, and everything that cannot change on a living card must agree; where its marker is
/// on a card that it did not bind, that is a copy.
fn by_other_console(
    imported: &Imported,
    cards: &[Credential],
    card: &Credential,
    marker: Option<&Marker>,
) -> Option<Fact> {
    if !imported.is_settled() {
        return None;
    }
    let (record, desk) = (&imported.record, &imported.desk);
    let seen = record.binding.as_ref()?.object.as_ref()?;
    let carries = marker.is_some() && marker == record.purpose.marker.as_ref();
    if !seen.is(card) {
        return carries.then(|| {
            let whose = if record.purpose.holder == card.holder { "the card" } else { "another person's card" };
            Fact::contradiction(format!("its marker was copied from {whose} that {} issued {}", desk.name, day(record)))
        });
    }
    if record.purpose.marker.is_some() && !carries {
        return Some(Fact::contradiction(format!("it should carry the marker of {} and does not", desk.name)));
    }
    if let Some(what) = drift(record, seen, card, marker) {
        let said = format!("{what} differs from what {} recorded {}", desk.name, day(record));
        return Some(Fact::contradiction(said));
    }
    let copies = cards.iter().filter(|c| c.marker.is_some() && c.marker.as_ref() == marker && c.id != card.id).count();
    let how = match (carries, copies) {
        (false, _) => "no marker".to_owned(),
        (true, 0) => "its marker on exactly one card".to_owned(),
        (true, n) => format!("its marker on the recorded card; copied onto {n}"),
    };
    let imported_on = desk.imported.strftime("%d %b %Y");
    Some(Fact::new(
        Evidence::Theirs { console: desk.console, intent: record.intent },
        [
            format!(
                "ledger of {} ({}), imported {imported_on}: {} by {}",
                desk.name,
                desk.console,
                day(record),
                record.operator
            ),
            how,
            read_back_clue(card),
        ],
    ))
}

/// True if the intent's call adds an object.
fn makes(record: &IntentRecord) -> bool {
    record.purpose.act.makes()
}

fn day(record: &IntentRecord) -> String {
    record.sent.unwrap_or(record.opened).strftime("%d %b %Y").to_string()
}

fn ledger_clue(record: &IntentRecord) -> String {
    format!("ledger {} by {} on this console", day(record), record.operator)
}

fn chosen_clue(record: &IntentRecord) -> String {
    format!("chosen by a person {}: the evidence could not tell it apart", record.moved.strftime("%d %b %Y"))
}

fn read_back_clue(card: &Credential) -> String {
    if card.lasting_id.is_empty() { "href read back".to_owned() } else { "credential id read back".to_owned() }
}
