//! The issuer's list of end users as CSV (thales-d1.md section 12).

use super::directory::{Entered, Labels, enter, owners};
use crate::domain::ids::{TenantName, VendorKey};
use crate::domain::text::{SafeText, Untrusted};
use crate::ports::archive::{ArchiveError, DirectorySource, ImportReport, KnownPass, Sighting};
use jiff::Timestamp;
use rusqlite::Transaction;
use std::collections::BTreeMap;

const COLUMNS: [&str; 7] =
    ["consumer_id", "card_id", "digital_card_id", "display_name", "customer_ref", "last4", "tags"];
/// Rows that are named as wrong; a file that is wrong throughout need not be listed whole.
const MOST_ERRORS: usize = 100;

/// One person of the list, put together from all her rows.
struct Person {
    line: u64,
    seen: Sighting,
    labels: Labels,
}

/// See the port.
pub(super) fn import(
    db: &Transaction<'_>,
    tenant: &TenantName,
    csv: &[u8],
    now: Timestamp,
) -> Result<ImportReport, ArchiveError> {
    let mut report = ImportReport::default();
    let mut people: BTreeMap<VendorKey, Person> = BTreeMap::new();
    // A mark that some programs write before the first name.
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(csv);
    let places = match reader.headers().map_err(|e| e.to_string()).and_then(columns) {
        Ok(places) => places,
        Err(why) => {
            report.errors.push((1, why));
            return Ok(report);
        }
    };
    for row in reader.records() {
        let (line, read) = match &row {
            Ok(row) => (row.position().map_or(0, csv::Position::line), person(row, &places)),
            Err(error) => (error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        };
        match read {
            Ok((seen, labels)) => add(&mut people, Person { line, seen, labels }),
            Err(why) if report.errors.len() < MOST_ERRORS => report.errors.push((line, why)),
            Err(_) => {}
        }
    }
    for (consumer, person) in people {
        let cards = person.seen.cards.iter().chain(person.seen.passes.iter().map(|pass| &pass.id));
        let mut elsewhere = None;
        for id in cards {
            let owner = owners(db, tenant, id)?.into_iter().find(|(_, owner)| *owner != consumer);
            elsewhere = elsewhere.or(owner.map(|(_, owner)| format!("{} belongs to {}", id.as_str(), owner.as_str())));
        }
        if let Some(why) = elsewhere {
            report.errors.push((person.line, why));
            continue;
        }
        match enter(db, tenant, &person.seen, &person.labels, None, now)?.1 {
            Entered::New => report.new += 1,
            Entered::Changed => report.changed += 1,
            Entered::Unchanged => report.unchanged += 1,
        }
    }
    report.errors.sort();
    Ok(report)
}

/// Where each known column stands.
fn columns(header: &csv::StringRecord) -> Result<[Option<usize>; 7], String> {
    let place = |name: &str| header.iter().position(|found| found == name);
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!(
            "there is no column {:?}; there are {}",
            SafeText::of(unknown).as_str(),
            COLUMNS.join(", ")
        ));
    }
    if place("consumer_id").is_none() {
        return Err("the first line must name the columns, consumer_id among them".into());
    }
    Ok(COLUMNS.map(place))
}

fn person(row: &csv::StringRecord, places: &[Option<usize>; 7]) -> Result<(Sighting, Labels), String> {
    let [consumer, card, pass, display_name, customer_ref, last4, tags] =
        places.map(|place| place.and_then(|place| row.get(place)).unwrap_or_default());
    for (name, value) in COLUMNS.iter().zip([consumer, card, pass, display_name, customer_ref, last4, tags]) {
        if holds_card_number(value) {
            return Err(format!("{name} looks like a card number; it is not taken, and must not be in such a list"));
        }
        if value.chars().count() > 200 {
            return Err(format!("{name} is longer than 200 characters"));
        }
    }
    let consumer = id(consumer, "consumer_id", 64)?.ok_or("consumer_id is empty")?;
    let (card, pass) = (id(card, "card_id", 48)?, id(pass, "digital_card_id", 64)?);
    if !last4.is_empty() && !(last4.len() == 4 && last4.bytes().all(|b| b.is_ascii_digit())) {
        return Err("last4 must be four digits".into());
    }
    let seen = Sighting {
        consumer,
        passes: pass.into_iter().map(|id| KnownPass { id, card: card.clone() }).collect(),
        cards: card.into_iter().collect(),
        last4: Untrusted::default(),
        source: DirectorySource::Csv,
        verified: false,
        deleted: false,
    };
    let [display_name, customer_ref, last4, tags] =
        [display_name, customer_ref, last4, tags].map(|label| label.trim().to_owned());
    Ok((seen, Labels { display_name, customer_ref, last4, tags }))
}

/// An id as thales-d1.md section 1 has it; never trimmed, never folded.
fn id(text: &str, name: &str, longest: usize) -> Result<Option<VendorKey>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.len() <= longest && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = text.parse().ok().filter(|_| fits);
    key.map(Some).ok_or_else(|| format!("{name} must be 1 to {longest} letters, digits, _ or -"))
}

/// True if a text is, but for blanks and hyphens, 12 to 19 digits with the check digit of a card number.
pub(super) fn holds_card_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter(|c| !matches!(c, ' ' | '-')).map_while(|c| c.to_digit(10)).collect();
    let all = text.chars().filter(|c| !matches!(c, ' ' | '-')).count() == digits.len();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    all && (12..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

fn add(people: &mut BTreeMap<VendorKey, Person>, new: Person) {
    let Some(known) = people.get_mut(&new.seen.consumer) else {
        people.insert(new.seen.consumer.clone(), new);
        return;
    };
    known.seen.cards.extend(new.seen.cards);
    known.seen.passes.extend(new.seen.passes);
    for (old, label) in [
        (&mut known.labels.display_name, new.labels.display_name),
        (&mut known.labels.customer_ref, new.labels.customer_ref),
        (&mut known.labels.last4, new.labels.last4),
        (&mut known.labels.tags, new.labels.tags),
    ] {
        if old.is_empty() {
            *old = label;
        }
    }
}
