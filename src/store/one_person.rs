//! Which records of the systems are one person. A name alone never tells, and a mailbox that several people read
//! does not either: an e-mail address or an employee number has to agree, and with it the name or the other of the two.
//! Taking two people for one would put somebody else's passes under the operator's cursor; taking one for two only
//! lists her twice. So whatever is in doubt stays apart.

use super::fold::{fold, words};
use crate::domain::cardholder::Cardholder;
use rusqlite::{Connection, Params, Row};

/// More records than this are no person but a mailbox, a placeholder or a test account.
const MOST: usize = 16;

/// What tells that two records are one person. Empty: cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) tenant: String,
    /// The e-mail address, folded.
    pub(super) email: String,
    /// The employee number, folded.
    pub(super) number: String,
    /// The words of the name, folded and in alphabetical order: systems disagree about which name comes first.
    pub(super) name: String,
}

impl Keys {
    /// The keys of a record as a system gives it.
    pub(super) fn of(person: &Cardholder) -> Self {
        let email = fold(person.email.raw());
        let number = fold(person.employee_number.raw());
        let full = fold(&format!("{} {}", person.first_name.raw(), person.last_name.raw()));
        let mut name: Vec<&str> = words(&full).collect();
        name.sort_unstable();
        Self {
            tenant: person.id.tenant.as_str().to_owned(),
            // "n/a", "none" and "000" stand where nobody knows better.
            email: if email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()) {
                email
            } else {
                String::new()
            },
            number: if number.chars().any(|c| c.is_numeric() && c != '0') { number.clone() } else { String::new() },
            name: name.join(" "),
        }
    }

    fn same_number(&self, other: &Self) -> bool {
        !self.number.is_empty() && self.number == other.number
    }

    fn other_number(&self, other: &Self) -> bool {
        !self.number.is_empty() && !other.number.is_empty() && self.number != other.number
    }

    /// These two records say by themselves that they are one person.
    fn agree(&self, other: &Self) -> bool {
        let name = !self.name.is_empty() && self.name == other.name;
        let email = !self.email.is_empty() && self.email == other.email;
        let number = self.same_number(other);
        !self.other_number(other) && ((number && (name || email)) || (email && name))
    }

    /// These two cannot be one person, whoever stands between them: different numbers, or one system that keeps them
    /// apart without giving both the same number.
    fn differ(&self, other: &Self) -> bool {
        self.other_number(other) || self.tenant == other.tenant && !self.same_number(other)
    }
}

type Record = (i64, Keys);

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok((row.get(0)?, Keys { tenant: row.get(1)?, email: row.get(2)?, number: row.get(3)?, name: row.get(4)? }))
}

/// The records that a key names; none if it names a crowd.
fn named(connection: &Connection, condition: &str, args: impl Params) -> rusqlite::Result<Option<Vec<Record>>> {
    let found: Vec<Record> = connection
        .prepare_cached(&format!(
            "SELECT n, tenant, email_key, number_key, name_key FROM holders WHERE {condition} LIMIT {}",
            MOST + 1
        ))?
        .query_map(args, record)?
        .collect::<Result<_, _>>()?;
    Ok((found.len() <= MOST).then_some(found))
}

/// Records that agree with this one.
fn agreeing(connection: &Connection, one: &Keys) -> rusqlite::Result<Vec<Record>> {
    let mut found = Vec::new();
    if !one.number.is_empty() {
        let by_number = match named(connection, "number_key = ?1 AND number_key <> ''", [&one.number])? {
            None => {
                named(connection, "number_key = ?1 AND name_key = ?2 AND number_key <> ''", [&one.number, &one.name])?
            }
            few => few,
        };
        found.extend(by_number.unwrap_or_default());
    }
    if !one.email.is_empty() && !one.name.is_empty() {
        let by_email =
            named(connection, "email_key = ?1 AND name_key = ?2 AND email_key <> ''", [&one.email, &one.name])?;
        found.extend(by_email.unwrap_or_default());
    }
    found.retain(|(_, other)| one.agree(other));
    Ok(found)
}

/// All records of the person that record `n` is part of: `n` first, the others by id.
pub(super) fn records(connection: &Connection, n: i64) -> rusqlite::Result<Vec<i64>> {
    let Some(mut start) = named(connection, "n = ?1", [n])? else { return Ok(vec![n]) };
    if start.is_empty() {
        return Ok(vec![n]);
    }
    let mut group: Vec<Record> = vec![start.remove(0)];
    let mut at = 0;
    while at < group.len() {
        for (m, keys) in agreeing(connection, &group[at].1)? {
            if !group.iter().any(|(known, _)| *known == m) {
                group.push((m, keys));
            }
        }
        if group.len() > MOST {
            return Ok(vec![n]);
        }
        at += 1;
    }
    let doubt = group.iter().enumerate().any(|(i, (_, a))| group[i + 1..].iter().any(|(_, b)| a.differ(b)));
    if doubt {
        // Two people meet in a record that fits both. Only the number still tells who is who.
        let mut sure = vec![group.remove(0)];
        let mut at = 0;
        while at < sure.len() {
            let by_number = |(_, keys): &mut Record| sure[at].1.same_number(keys) && sure[at].1.agree(keys);
            let more: Vec<Record> = group.extract_if(.., by_number).collect();
            sure.extend(more);
            at += 1;
        }
        group = sure;
    }
    group[1..].sort_by(|(a, x), (b, y)| x.tenant.cmp(&y.tenant).then(a.cmp(b)));
    Ok(group.into_iter().map(|(m, _)| m).collect())
}
