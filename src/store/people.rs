//! People and their credentials as rows of the cache. Text from vendors is kept as it came and handed out as untrusted.

use super::fold::{entries, fold};
use super::key::hex;
use super::one_person::Keys;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::{Credential, Invitation, Particular};
use crate::domain::ids::{HolderId, TenantName};
use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use crate::ports::provider::HolderRead;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::str::FromStr;

/// The columns that [`holder`] takes.
pub(super) const HOLDER: &str = "h.id, h.link, h.first_name, h.last_name, h.description, h.division, \
                                 h.employee_number, h.email, h.authorised, h.as_of, h.cards, h.need";

const CREDENTIAL: &str = "c.id, h.id, c.link, c.lasting_id, c.class, c.type_link, c.type_name, c.number, \
                          c.issue_level, c.status, c.status_word, c.invited, c.inv_email, c.inv_phone, \
                          c.inv_single, c.valid_from, c.valid_until, c.last_used, c.as_of, c.marker, c.barred, \
                          c.particulars";

/// A time from milliseconds; one that cannot be is none.
pub(super) fn moment(milliseconds: Option<i64>) -> Option<Timestamp> {
    milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

/// A column that must hold a text of some checked type.
pub(super) fn parsed<T: FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

fn untrusted(row: &Row<'_>, column: usize) -> rusqlite::Result<Untrusted> {
    Ok(Untrusted::new(row.get::<_, Option<String>>(column)?.unwrap_or_default()))
}

/// Takes a row of [`HOLDER`].
pub(super) fn holder(row: &Row<'_>) -> rusqlite::Result<Cardholder> {
    Ok(Cardholder {
        id: parsed(row, 0)?,
        link: parsed(row, 1)?,
        first_name: untrusted(row, 2)?,
        last_name: untrusted(row, 3)?,
        description: untrusted(row, 4)?,
        division: untrusted(row, 5)?,
        employee_number: untrusted(row, 6)?,
        email: untrusted(row, 7)?,
        authorised: row.get(8)?,
        as_of: moment(row.get(9)?).unwrap_or_default(),
    })
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let day = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        if row.get_ref(column)? == rusqlite::types::ValueRef::Null { Ok(None) } else { parsed(row, column).map(Some) }
    };
    let invited: Option<String> = row.get(11)?;
    Ok(Credential {
        id: parsed(row, 0)?,
        holder: parsed(row, 1)?,
        link: parsed(row, 2)?,
        lasting_id: untrusted(row, 3)?,
        class: parsed(row, 4)?,
        type_link: parsed(row, 5)?,
        type_name: untrusted(row, 6)?,
        number: untrusted(row, 7)?,
        issue_level: row.get(8)?,
        status: parsed(row, 9)?,
        status_word: untrusted(row, 10)?,
        invitation: match invited {
            None => None,
            Some(_) => Some(Invitation {
                status: parsed(row, 11)?,
                email: untrusted(row, 12)?,
                phone: untrusted(row, 13)?,
                single_factor: row.get::<_, Option<bool>>(14)?.unwrap_or_default(),
            }),
        },
        from: day(15)?,
        until: day(16)?,
        last_used: moment(row.get(17)?),
        as_of: moment(row.get(18)?).unwrap_or_default(),
        marker: row.get::<_, Option<String>>(19)?.and_then(|text| Marker::parse(&text)),
        barred: row.get(20)?,
        particulars: particulars(row.get::<_, Option<String>>(21)?.as_deref()),
    })
}

/// Particulars out of their column; one whose name this version does not know is left out.
fn particulars(column: Option<&str>) -> Vec<(Particular, Untrusted)> {
    let pairs: Vec<(String, String)> = column.and_then(|c| serde_json::from_str(c).ok()).unwrap_or_default();
    pairs.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, Untrusted::new(value)))).collect()
}

/// Particulars as their column; nothing where there are none.
fn particulars_column(card: &Credential) -> Option<String> {
    let pairs: Vec<(String, &str)> = card.particulars.iter().map(|(n, v)| (n.to_string(), v.raw())).collect();
    if pairs.is_empty() { None } else { serde_json::to_string(&pairs).ok() }
}

/// What a person is searched by, folded.
struct Texts {
    name: String,
    number: String,
    contact: String,
    ident: String,
}

impl Texts {
    fn of(read: &HolderRead) -> Self {
        let person = &read.holder;
        let cards = &read.credentials;
        let lines =
            |parts: Vec<&str>| parts.into_iter().filter(|p| !p.is_empty()).map(fold).collect::<Vec<_>>().join("\n");
        let invitations = || cards.iter().filter_map(|c| c.invitation.as_ref());
        Self {
            name: lines(vec![person.name().raw(), person.description.raw()]),
            number: lines(cards.iter().map(|c| c.number.raw()).collect()),
            contact: lines(
                std::iter::once(person.email.raw())
                    .chain(invitations().flat_map(|i| [i.email.raw(), i.phone.raw()]))
                    .collect(),
            ),
            ident: lines(
                [person.id.key.as_str(), person.employee_number.raw()]
                    .into_iter()
                    .chain(cards.iter().flat_map(|c| [c.id.key.as_str(), c.lasting_id.raw()]))
                    .collect(),
            ),
        }
    }

    fn mark(&self) -> String {
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        for part in [&self.name, &self.number, &self.contact, &self.ident] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex(&hash.finish().as_ref()[..12])
    }
}

/// Stores a person with all her credentials in place of what was cached of her.
pub(super) fn put(connection: &Connection, read: &HolderRead) -> rusqlite::Result<()> {
    let person = &read.holder;
    let folded = fold(person.name().raw());
    let keys = Keys::of(person);
    let texts = Texts::of(read);
    let text_mark = texts.mark();
    let need =
        read.credentials.iter().filter(|c| c.was_read()).map(Credential::state).min().map(|state| state.to_string());
    let before: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT n, folded, text_mark FROM holders WHERE id = ?1")?
        .query_row([person.id.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    connection
        .prepare_cached(
            "INSERT INTO holders (id, tenant, key_folded, link, first_name, last_name, description, division, \
             employee_number, email, authorised, as_of, folded, email_folded, text_mark, cards, need, email_key, \
             number_key, name_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
             ?18, ?19, ?20) \
             ON CONFLICT (id) DO UPDATE SET link = ?4, first_name = ?5, last_name = ?6, description = ?7, \
             division = ?8, employee_number = ?9, email = ?10, authorised = ?11, as_of = ?12, folded = ?13, \
             email_folded = ?14, text_mark = ?15, cards = ?16, need = ?17, email_key = ?18, number_key = ?19, \
             name_key = ?20",
        )?
        .execute(params![
            person.id.to_string(),
            person.id.tenant.as_str(),
            fold(person.id.key.as_str()),
            person.link.as_str(),
            person.first_name.raw(),
            person.last_name.raw(),
            person.description.raw(),
            person.division.raw(),
            person.employee_number.raw(),
            person.email.raw(),
            person.authorised,
            person.as_of.as_millisecond(),
            folded,
            fold(person.email.raw()),
            text_mark,
            i64::try_from(read.credentials.len()).unwrap_or(i64::MAX),
            need,
            keys.email,
            keys.number,
            keys.name,
        ])?;
    let n = match &before {
        Some((n, ..)) => *n,
        None => connection.last_insert_rowid(),
    };
    let old_name = before.as_ref().map(|(_, name, _)| name.as_str());
    if old_name != Some(folded.as_str()) {
        if let Some(old) = old_name {
            remove_words(connection, old, n)?;
        }
        let mut statement = connection.prepare_cached("INSERT INTO words (word, folded, n) VALUES (?1, ?2, ?3)")?;
        for word in entries(&folded) {
            statement.execute(params![word, folded, n])?;
        }
    }
    if before.as_ref().is_none_or(|(_, _, mark)| *mark != text_mark) {
        if before.is_some() {
            connection.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?.execute([n])?;
        }
        connection
            .prepare_cached("INSERT INTO texts (rowid, name, number, contact, ident) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![n, texts.name, texts.number, texts.contact, texts.ident])?;
    }
    if before.is_some() {
        connection.prepare_cached("DELETE FROM credentials WHERE holder = ?1")?.execute([n])?;
    }
    for (at, card) in read.credentials.iter().enumerate() {
        put_credential(connection, n, at, card)?;
    }
    Ok(())
}

fn put_credential(connection: &Connection, n: i64, at: usize, card: &Credential) -> rusqlite::Result<()> {
    let invitation = card.invitation.as_ref();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO credentials (id, holder, place, link, lasting_id, class, type_link, type_name, \
             number, issue_level, status, status_word, invited, inv_email, inv_phone, inv_single, valid_from, \
             valid_until, last_used, as_of, number_folded, key_folded, marker, barred, particulars) VALUES (?1, ?2, \
             ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, \
             ?25)",
        )?
        .execute(params![
            card.id.to_string(),
            n,
            i64::try_from(at).unwrap_or(i64::MAX),
            card.link.as_str(),
            card.lasting_id.raw(),
            card.class.to_string(),
            card.type_link.as_str(),
            card.type_name.raw(),
            card.number.raw(),
            card.issue_level,
            card.status.to_string(),
            card.status_word.raw(),
            invitation.map(|i| i.status.to_string()),
            invitation.map(|i| i.email.raw()),
            invitation.map(|i| i.phone.raw()),
            invitation.map(|i| i.single_factor),
            card.from.map(|t| t.to_string()),
            card.until.map(|t| t.to_string()),
            card.last_used.map(Timestamp::as_millisecond),
            card.as_of.as_millisecond(),
            fold(card.number.raw()),
            fold(card.id.key.as_str()),
            card.marker.as_ref().map(Marker::as_str),
            card.barred,
            particulars_column(card),
        ])?;
    Ok(())
}

fn remove_words(connection: &Connection, folded: &str, n: i64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM words WHERE word = ?1 AND folded = ?2 AND n = ?3")?;
    for word in entries(folded) {
        statement.execute(params![word, folded, n])?;
    }
    Ok(())
}

/// Forgets people of a tenant that were last read before `began`, at most so many; gives how many they were.
pub(super) fn forget_before(
    connection: &Connection,
    tenant: &TenantName,
    began: Timestamp,
    most: usize,
) -> rusqlite::Result<usize> {
    let gone: Vec<(i64, String)> = connection
        .prepare_cached("SELECT n, folded FROM holders WHERE tenant = ?1 AND as_of < ?2 LIMIT ?3")?
        .query_map(params![tenant.as_str(), began.as_millisecond(), most as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (n, folded) in &gone {
        remove_words(connection, folded, *n)?;
        connection.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?.execute([n])?;
        connection.prepare_cached("DELETE FROM holders WHERE n = ?1")?.execute([n])?;
    }
    Ok(gone.len())
}

/// The records that are one person with a given one, that one first, the others by id; empty if it is not known.
pub(super) fn person(connection: &Connection, id: &HolderId) -> rusqlite::Result<Vec<(Cardholder, Vec<Credential>)>> {
    let n: Option<i64> = connection
        .prepare_cached("SELECT n FROM holders WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    let Some(n) = n else { return Ok(Vec::new()) };
    let mut records = Vec::new();
    for member in super::one_person::records(connection, n)? {
        let id = connection
            .prepare_cached("SELECT id FROM holders WHERE n = ?1")?
            .query_row([member], |row| parsed(row, 0))?;
        records.extend(get(connection, &id)?);
    }
    Ok(records)
}

/// One person with her credentials.
pub(super) fn get(connection: &Connection, id: &HolderId) -> rusqlite::Result<Option<(Cardholder, Vec<Credential>)>> {
    let person = connection
        .prepare_cached(&format!("SELECT {HOLDER} FROM holders h WHERE h.id = ?1"))?
        .query_row([id.to_string()], holder)
        .optional()?;
    let Some(person) = person else { return Ok(None) };
    let cards = connection
        .prepare_cached(&format!(
            "SELECT {CREDENTIAL} FROM holders h JOIN credentials c ON c.holder = h.n WHERE h.id = ?1 ORDER BY c.place"
        ))?
        .query_map([id.to_string()], credential)?
        .collect::<Result<_, _>>()?;
    Ok(Some((person, cards)))
}

/// So many people after an id, in the order of their ids.
pub(super) fn page(
    connection: &Connection,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<(Cardholder, Vec<Credential>)>> {
    let ids: Vec<HolderId> = connection
        .prepare_cached("SELECT id FROM holders WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| parsed(row, 0))?
        .collect::<Result<_, _>>()?;
    ids.iter().filter_map(|id| get(connection, id).transpose()).collect()
}
