//! Searching the cache in tiers, best first. Each tier walks an index and stops as soon as enough is found; nothing
//! is ever sorted as a whole.

use super::fold::{after, fold, has_word, words};
use super::one_person;
use super::people::{self, HOLDER};
use crate::domain::credential::State;
use crate::domain::ids::CredentialId;
use crate::ports::cache::{Hits, HolderHit, Scope};
use rusqlite::{Connection, Params, Row, params};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

/// Index entries that one tier may look at, so that a query that fits nearly nothing still answers at once. What
/// lies beyond is announced as "more".
const LOOK_AT: usize = 20_000;

/// The same for tiers that must fetch the person for every entry.
const FETCH: usize = 4_000;

/// Records that are looked for in place of each person: one in each of four systems.
const RECORDS: usize = 4;

/// Entries that are counted to tell a rare word from a frequent one.
const RARE: i64 = 1_000;

/// Characters that the trigram index needs.
const TRIGRAM: usize = 3;

/// The hits so far.
struct Found {
    wanted: usize,
    seen: HashSet<i64>,
    order: Vec<(i64, Option<CredentialId>)>,
    cut: bool,
}

impl Found {
    fn full(&self) -> bool {
        self.order.len() > self.wanted
    }

    fn add(&mut self, n: i64, card: Option<CredentialId>) {
        if self.seen.insert(n) {
            self.order.push((n, card));
        }
    }

    /// Runs one tier: takes the rows of `sql` until there are enough; `pick` gives what a row hits.
    fn tier(
        &mut self,
        connection: &Connection,
        sql: &str,
        args: impl Params,
        look_at: usize,
        mut pick: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<(i64, Option<CredentialId>)>>,
    ) -> rusqlite::Result<()> {
        if self.full() {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(args)?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            if let Some((n, card)) = pick(row)? {
                self.add(n, card);
            }
            looked_at += 1;
            self.cut |= looked_at >= look_at;
            if self.full() || looked_at >= look_at {
                break;
            }
        }
        Ok(())
    }
}

/// Searches; see the port.
pub(super) fn search(connection: &Connection, text: &str, scope: Scope, limit: usize) -> rusqlite::Result<Hits> {
    let query = fold(text);
    let wanted = limit.saturating_mul(RECORDS);
    let mut found = Found { wanted, seen: HashSet::new(), order: Vec::new(), cut: false };
    let meant = if scope == Scope::Name { Scope::meant_by(text) } else { scope };
    look(connection, text, &query, meant, &mut found)?;
    if scope != meant && found.order.is_empty() {
        // It looked like something else, and may be a name all the same.
        names(connection, &query, &mut found)?;
    }
    let mut rows: Vec<HolderHit> = Vec::with_capacity(limit.min(found.order.len()));
    // Where the records of the people so far stand.
    let mut placed: HashMap<i64, usize> = HashMap::new();
    let mut more = found.full();
    for (n, card) in found.order {
        let card = if card.is_none() && scope == Scope::Number { matching_card(connection, n, &query)? } else { card };
        if let Some(at) = placed.get(&n) {
            rows[*at].card = rows[*at].card.take().or(card);
            continue;
        }
        if rows.len() == limit {
            more = true;
            break;
        }
        let records = one_person::records(connection, n)?;
        placed.extend(records.iter().map(|n| (*n, rows.len())));
        rows.push(hit(connection, &records, card)?);
    }
    more |= found.cut && rows.len() < limit;
    let total: i64 = connection
        .prepare_cached("SELECT value FROM counts WHERE name = 'holders'")?
        .query_row([], |row| row.get(0))?;
    Ok(Hits { rows, more, total: total.try_into().unwrap_or(0) })
}

/// The tiers of one scope. `query` is the folded `text`.
fn look(connection: &Connection, text: &str, query: &str, scope: Scope, found: &mut Found) -> rusqlite::Result<()> {
    match scope {
        Scope::Name => names(connection, query, found)?,
        Scope::Number => {
            numbers(connection, query, found, false)?;
            anywhere(connection, "number", query, found)?;
        }
        Scope::Contact => {
            beginning(connection, "SELECT n FROM holders", "email_folded", query, found)?;
            anywhere(connection, "contact", query, found)?;
        }
        Scope::Id => {
            // An id may be pasted as lists show it, with the tenant before the colon: then nothing fits better.
            let whole = text.trim();
            found.tier(connection, "SELECT n FROM holders WHERE id = ?1", [whole], 1, |row| {
                Ok(Some((row.get(0)?, None)))
            })?;
            found.tier(connection, "SELECT holder, id FROM credentials WHERE id = ?1", [whole], 1, |row| {
                Ok(Some((row.get(0)?, Some(people::parsed(row, 1)?))))
            })?;
            let key = query.split_once(':').map_or(query, |(_, key)| key);
            beginning(connection, "SELECT n FROM holders", "key_folded", key, found)?;
            identified(connection, key, found)?;
            anywhere(connection, "ident", key, found)?;
        }
    }
    Ok(())
}

/// The person that these records are; the first of them matched.
fn hit(connection: &Connection, records: &[i64], card: Option<CredentialId>) -> rusqlite::Result<HolderHit> {
    let mut record = connection.prepare_cached(&format!("SELECT {HOLDER} FROM holders h WHERE h.n = ?1"))?;
    let mut person: Option<HolderHit> = None;
    for n in records {
        let one = record.query_row([n], |row| {
            Ok(HolderHit {
                holder: people::holder(row)?,
                others: Vec::new(),
                cards: row.get::<_, i64>(10)?.try_into().unwrap_or(0),
                need: row.get::<_, Option<String>>(11)?.and_then(|word| State::from_str(&word).ok()),
                card: None,
            })
        })?;
        match &mut person {
            None => person = Some(one),
            Some(person) => {
                person.cards += one.cards;
                person.need = person.need.into_iter().chain(one.need).min();
                person.others.push(one.holder);
            }
        }
    }
    person.map(|person| HolderHit { card, ..person }).ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Names: exact card numbers for digits, then names that begin with the query, then names of which every word of the
/// query begins a word, then the query's words anywhere in name and description.
fn names(connection: &Connection, query: &str, found: &mut Found) -> rusqlite::Result<()> {
    if !query.is_empty() && query.bytes().all(|b| b.is_ascii_digit()) {
        numbers(connection, query, found, true)?;
    }
    beginning(connection, "SELECT n FROM holders", "folded", query, found)?;
    let parts: Vec<&str> = words(query).collect();
    if let Some(rarest) = rarest(connection, &parts)? {
        let fits = |row: &Row<'_>| -> rusqlite::Result<Option<(i64, Option<CredentialId>)>> {
            let name = row.get_ref(1)?.as_str()?;
            let all = parts.len() == 1 || parts.iter().all(|part| has_word(name, part));
            Ok(if all { Some((row.get(0)?, None)) } else { None })
        };
        found.tier(
            connection,
            "SELECT n, folded FROM words WHERE word >= ?1 AND word < ?2 ORDER BY word, folded",
            [rarest, &end_of(rarest)],
            LOOK_AT,
            fits,
        )?;
    }
    all_anywhere(connection, query, found)
}

/// The word that begins the fewest words of names: walking its entries leaves the least to look at.
fn rarest<'a>(connection: &Connection, parts: &[&'a str]) -> rusqlite::Result<Option<&'a str>> {
    if let [only] = parts {
        return Ok(Some(only));
    }
    let mut statement = connection
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM words WHERE word >= ?1 AND word < ?2 LIMIT ?3)")?;
    let mut best: Option<(i64, &str)> = None;
    for part in parts {
        let entries: i64 = statement.query_row(params![part, end_of(part), RARE], |row| row.get(0))?;
        let longer = |other: &str| part.chars().count() > other.chars().count();
        if best.is_none_or(|(least, word)| entries < least || (entries == least && longer(word))) {
            best = Some((entries, part));
        }
    }
    Ok(best.map(|(_, word)| word))
}

/// Where the words that begin with this one end; a text beyond all words if nothing comes after them.
fn end_of(start: &str) -> String {
    after(start).unwrap_or_else(|| char::MAX.to_string().repeat(4))
}

/// People of whom one folded column begins with the query, in its order.
fn beginning(
    connection: &Connection,
    select: &str,
    column: &str,
    query: &str,
    found: &mut Found,
) -> rusqlite::Result<()> {
    let pick = |row: &Row<'_>| Ok(Some((row.get(0)?, None)));
    // The condition on the empty text lets the partial index be used.
    match after(query) {
        Some(end) => found.tier(
            connection,
            &format!("{select} WHERE {column} >= ?1 AND {column} < ?2 AND {column} <> '' ORDER BY {column}"),
            [query, &end],
            LOOK_AT,
            pick,
        ),
        None => found.tier(connection, &format!("{select} WHERE {column} <> '' ORDER BY {column}"), [], LOOK_AT, pick),
    }
}

/// Cards whose number begins with the query; `exact`: whose number, or whose label before our marker, is the query.
fn numbers(connection: &Connection, query: &str, found: &mut Found, exact: bool) -> rusqlite::Result<()> {
    let label = format!("{query} ");
    // An exact number stands first in the order of the index, a label with a marker after it next.
    let Some(end) = (if exact { after(&label) } else { after(query) }) else { return Ok(()) };
    found.tier(
        connection,
        "SELECT holder, id, number_folded FROM credentials \
         WHERE number_folded >= ?1 AND number_folded < ?2 AND number_folded <> '' ORDER BY number_folded",
        params![query, end],
        LOOK_AT,
        |row| {
            let number = row.get_ref(2)?.as_str()?;
            let fits = !exact || number == query || number.starts_with(&label);
            if fits { Ok(Some((row.get(0)?, Some(people::parsed(row, 1)?)))) } else { Ok(None) }
        },
    )
}

/// Cards whose id begins with the query.
fn identified(connection: &Connection, query: &str, found: &mut Found) -> rusqlite::Result<()> {
    let Some(end) = after(query) else { return Ok(()) };
    found.tier(
        connection,
        "SELECT holder, id FROM credentials WHERE key_folded >= ?1 AND key_folded < ?2 ORDER BY key_folded",
        params![query, end],
        LOOK_AT,
        |row| Ok(Some((row.get(0)?, Some(people::parsed(row, 1)?)))),
    )
}

/// The query as it stands, anywhere in one column of the text index.
fn anywhere(connection: &Connection, column: &str, query: &str, found: &mut Found) -> rusqlite::Result<()> {
    if query.chars().count() < TRIGRAM {
        return Ok(());
    }
    let wanted = format!("{{{column}}} : {}", quoted(query));
    found.tier(connection, "SELECT rowid FROM texts WHERE texts MATCH ?1", [wanted], LOOK_AT, |row| {
        Ok(Some((row.get(0)?, None)))
    })
}

/// Every word of the query anywhere in name and description. Words too short for the text index must begin a word;
/// if all are, the tiers before have said everything.
fn all_anywhere(connection: &Connection, query: &str, found: &mut Found) -> rusqlite::Result<()> {
    let (long, short): (Vec<&str>, Vec<&str>) =
        query.split(' ').filter(|w| !w.is_empty()).partition(|word| word.chars().count() >= TRIGRAM);
    if long.is_empty() {
        return Ok(());
    }
    let wanted = format!("{{name}} : ({})", long.into_iter().map(quoted).collect::<Vec<_>>().join(" AND "));
    if short.is_empty() {
        return found.tier(connection, "SELECT rowid FROM texts WHERE texts MATCH ?1", [wanted], LOOK_AT, |row| {
            Ok(Some((row.get(0)?, None)))
        });
    }
    found.tier(
        connection,
        "SELECT t.rowid, h.folded, h.description FROM texts t CROSS JOIN holders h ON h.n = t.rowid \
         WHERE t.texts MATCH ?1",
        [wanted],
        FETCH,
        |row| {
            let name = row.get_ref(1)?.as_str()?;
            let description = fold(row.get_ref(2)?.as_str()?);
            let fits = short.iter().all(|word| has_word(name, word) || has_word(&description, word));
            if fits { Ok(Some((row.get(0)?, None))) } else { Ok(None) }
        },
    )
}

/// In quotes everything is text to FTS5, except the quote itself, which is doubled.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The card of a person whose number holds the query.
fn matching_card(connection: &Connection, n: i64, query: &str) -> rusqlite::Result<Option<CredentialId>> {
    let mut statement =
        connection.prepare_cached("SELECT id, number_folded FROM credentials WHERE holder = ?1 ORDER BY place")?;
    let mut rows = statement.query([n])?;
    while let Some(row) = rows.next()? {
        let number = row.get_ref(1)?.as_str()?;
        if number.contains(query) {
            return people::parsed(row, 0).map(Some);
        }
    }
    Ok(None)
}
