//! People, of whom AccessGrid has none: there are passes, and whoever has the same employee number is one person here.
//! A pass without a usable number is a person of its own.
//!
//! Filters are asked for and never trusted, lists may leave passes out, and absence from them proves nothing (contract
//! section 4.4): every row is looked at again, and every pass once seen is asked for by its id.

use super::passes::{Unit, key_of, units};
use super::templates::Templates;
use super::wire::{FIRST_PASS, ListPage, PassRow};
use super::{AccessGrid, KEY_CARDS, link, optional, unreadable};
use crate::backends::bounds::MAX_PAGES;
use crate::backends::query::encoded;
use crate::domain::cardholder::Cardholder;
use crate::domain::credential::Credential;
use crate::domain::ids::{HolderId, Link, VendorKey};
use crate::domain::journal::Marker;
use crate::domain::text::Untrusted;
use crate::ports::provider::{HolderPage, HolderRead, ProviderError, ProviderErrorKind};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

/// Sizes of pages, the vendor's largest first; each divides the one before.
const SIZES: [usize; 5] = [100, 50, 25, 5, 1];
const EMPLOYEE: &str = "emp.";
const FIRST: &str = "pass.";

/// What makes up a person here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Person<'a> {
    /// All passes with this employee number.
    Employee(&'a str),
    /// One pass, and what replaced it.
    Pass(&'a str),
}

impl<'a> Person<'a> {
    fn of(key: &'a VendorKey) -> Option<Self> {
        let key = key.as_str();
        key.strip_prefix(EMPLOYEE).map(Self::Employee).or_else(|| key.strip_prefix(FIRST).map(Self::Pass))
    }
}

/// The person that a pass belongs to, by employee number or by pass id.
pub fn person_key(employee: &str, first_pass: &str) -> Option<VendorKey> {
    let fits = !employee.is_empty() && !employee.contains('/');
    let by_number = fits.then(|| format!("{EMPLOYEE}{employee}").parse().ok()).flatten();
    by_number.or_else(|| format!("{FIRST}{}", key_of(first_pass)?).parse().ok())
}

fn person_of(row: &PassRow) -> Option<VendorKey> {
    let first = row.note(FIRST_PASS);
    // Only what we wrote ourselves ties passes together.
    let first = if row.marker().is_some() && AccessGrid::fits_a_path(first.raw()) { first.raw() } else { &row.id };
    person_key(row.text("employee_id").raw(), first)
}

/// Passes by id, so that each counts once wherever it was met.
type Found = BTreeMap<String, PassRow>;

/// A walk through all lists, and what it has met so far.
pub struct Walk {
    next: Link,
    people: HashMap<VendorKey, Vec<Box<str>>>,
}

impl AccessGrid {
    /// One page of a list, in smaller pieces if it is too long to be read: passes may embed photos (decision 28).
    async fn page(&self, list: &Link, page: u64) -> Result<(ListPage, Option<Timestamp>), ProviderError> {
        self.pieces(list, page, &SIZES).await
    }

    async fn pieces(
        &self,
        list: &Link,
        page: u64,
        sizes: &[usize],
    ) -> Result<(ListPage, Option<Timestamp>), ProviderError> {
        let (size, smaller) = sizes.split_first().map_or((1, &[][..]), |(size, smaller)| (*size, smaller));
        let asked = with(list, &[("page", &page.to_string()), ("per_page", &size.to_string())])?;
        match self.reads.json(&asked).await {
            Ok(answer) => {
                let read = ListPage::read(&answer.value, page, size);
                Ok((read.ok_or_else(|| unreadable("the list of passes has no keys"))?, answer.server_date))
            }
            Err(e) if e.kind == ProviderErrorKind::TooLarge && !smaller.is_empty() => {
                let pieces = (size / smaller[0]) as u64;
                let (mut rows, mut more, mut date) = (Vec::new(), true, None);
                for piece in (page - 1) * pieces + 1..=page * pieces {
                    let (read, server_date) = Box::pin(self.pieces(list, piece, smaller)).await?;
                    rows.extend(read.rows);
                    (more, date) = (read.more, server_date.or(date));
                    if !more {
                        break;
                    }
                }
                Ok((ListPage { rows, more }, date))
            }
            Err(e) => Err(e),
        }
    }

    /// Everything in a list that fits. `None`: it holds what does not fit, so its filter is not heeded.
    async fn filtered(
        &self,
        filter: &[(&str, &str)],
        found: &mut Found,
        fits: &(dyn Fn(&PassRow) -> bool + Sync),
    ) -> Result<Option<Option<Timestamp>>, ProviderError> {
        let list = link(KEY_CARDS, filter)?;
        let mut date = None;
        for page in 1..=MAX_PAGES as u64 {
            let (read, server_date) = match self.page(&list, page).await {
                // A filter that the vendor refuses is one that it does not have.
                Err(e) if e.kind == ProviderErrorKind::Invalid => return Ok(None),
                other => other?,
            };
            date = server_date.or(date);
            if read.rows.iter().any(|row| !fits(row)) {
                return Ok(None);
            }
            found.extend(read.rows.into_iter().map(|row| (row.id.clone(), row)));
            if !read.more {
                return Ok(Some(date));
            }
        }
        Err(unreadable("the list of passes does not end"))
    }

    /// Everything that fits, in all lists of all templates.
    async fn in_all_lists(
        &self,
        templates: &Templates,
        found: &mut Found,
        fits: &(dyn Fn(&PassRow) -> bool + Sync),
    ) -> Result<(), ProviderError> {
        for list in lists(templates)? {
            let mut page = 1;
            loop {
                let (read, _) = self.page(&list, page).await?;
                found.extend(read.rows.into_iter().filter(|row| fits(row)).map(|row| (row.id.clone(), row)));
                if !read.more {
                    break;
                }
                page += 1;
                if page > MAX_PAGES as u64 {
                    return Err(unreadable("the list of passes does not end"));
                }
            }
        }
        Ok(())
    }

    /// One pass by its id; `None` if the vendor does not know it.
    async fn pass(&self, id: &str) -> Result<Option<(PassRow, Option<Timestamp>)>, ProviderError> {
        if !Self::fits_a_path(id) {
            return Ok(None);
        }
        let answer = match self.reads.json(&link(&format!("{KEY_CARDS}/{id}"), &[])?).await {
            Err(e) if e.kind == ProviderErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let row = PassRow::read(&answer.value).ok_or_else(|| unreadable("the answer is not a pass"))?;
        if row.id != id {
            return Err(unreadable("the server answered with another pass"));
        }
        Ok(Some((row, answer.server_date)))
    }

    /// Everything of a person, by the vendor's filter if it is heeded, else by reading all lists.
    async fn passes_of(
        &self,
        person: Person<'_>,
        key: &VendorKey,
        templates: &Templates,
        found: &mut Found,
    ) -> Result<Option<Timestamp>, ProviderError> {
        let mut date = None;
        let (name, value) = match person {
            Person::Employee(number) => ("employee_id", number),
            Person::Pass(id) => {
                if let Some((row, server_date)) = self.pass(id).await? {
                    date = server_date;
                    found.insert(row.id.clone(), row);
                }
                ("metadata%5Bconsole_holder%5D", id)
            }
        };
        let fits = |row: &PassRow| match person {
            Person::Employee(number) => row.text("employee_id").raw() == number,
            Person::Pass(id) => row.note(FIRST_PASS).raw() == id,
        };
        let value = encoded(value);
        // Deleted passes are evidence, and plain lists need not show them (contract C7).
        for more in [&[][..], &[("state", "deleted")][..]] {
            let filter: Vec<(&str, &str)> =
                std::iter::once((name, value.as_str())).chain(more.iter().copied()).collect();
            let Some(server_date) = self.filtered(&filter, found, &fits).await? else {
                let belongs = |row: &PassRow| person_of(row).as_ref() == Some(key);
                self.in_all_lists(templates, found, &belongs).await?;
                break;
            };
            date = server_date.or(date);
        }
        Ok(date)
    }

    /// One person, live. What was once seen of her, or sent for her and not answered, is asked for by name.
    pub(super) async fn person(&self, id: &HolderId) -> Result<HolderRead, ProviderError> {
        let person = Person::of(&id.key).ok_or_else(|| {
            ProviderError::new(ProviderErrorKind::NotFound, "ids of people here begin with emp. or pass.")
        })?;
        let templates = self.templates().await?;
        let mut found = Found::new();
        let mut date = self.passes_of(person, &id.key, &templates, &mut found).await?;
        let (known, sent, unanswered) = {
            let memory = self.memory();
            (memory.seen_of(&id.key), memory.sent_for(&id.key), memory.unanswered_of(&id.key))
        };
        for marker in &unanswered {
            self.bearers(marker, &templates, &mut found).await?;
        }
        for pass in known {
            if !found.contains_key(&pass)
                && let Some((row, server_date)) = self.pass(&pass).await?
            {
                date = server_date.or(date);
                found.insert(row.id.clone(), row);
            }
        }
        // What we sent for her is hers here, even if the vendor wrote her number in another way.
        let hers = |row: &PassRow| {
            person_of(row).as_ref() == Some(&id.key) || row.marker().is_some_and(|marker| sent.contains(&marker))
        };
        found.retain(|_, row| hers(row) && templates.has(row.template().raw()));
        self.memory().saw(&id.key, found.keys());
        let rows: Vec<PassRow> = found.into_values().collect();
        if rows.is_empty() {
            return Err(ProviderError::new(ProviderErrorKind::NotFound, "no pass of this person is shown"));
        }
        let units = units(rows, &templates);
        self.learn_unified_ids(&units).await?;
        let mut read = self.read_person(id, &units, &templates)?;
        read.server_date = date;
        let of_card = |card: &Credential| {
            let unit = units.iter().find(|unit| unit.key() == card.id.key.as_str());
            unit.map(|unit| (card.id.clone(), unit.document()))
        };
        read.documents = read.credentials.iter().filter_map(of_card).collect();
        Ok(read)
    }

    /// Every pass that carries a marker: by the vendor's filter, then by reading all lists (contract section 9).
    async fn bearers(&self, marker: &Marker, templates: &Templates, found: &mut Found) -> Result<(), ProviderError> {
        let fits = |row: &PassRow| row.marker().as_ref() == Some(marker);
        let mut bearers = Found::new();
        let filter = [("metadata%5Bconsole_ref%5D", marker.as_str())];
        let heeded = self.filtered(&filter, &mut bearers, &fits).await?.is_some();
        bearers.retain(|_, row| fits(row));
        if !heeded || bearers.is_empty() {
            self.in_all_lists(templates, &mut bearers, &fits).await?;
        }
        found.extend(bearers);
        Ok(())
    }

    /// Looks for the own ids of pairs whose halves are both there.
    async fn learn_unified_ids(&self, units: &[Unit]) -> Result<(), ProviderError> {
        for unit in units.iter().filter(|unit| unit.needs_unified_id()) {
            let Some(created) = unit.created().filter(|_| !self.memory().unified.contains_key(&unit.key())) else {
                continue;
            };
            let around =
                |seconds| created.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(created).to_string();
            let (from, until) = (encoded(&around(-60)), encoded(&around(60)));
            if let Some(id) = self.unified_id(&unit.ids(), &from, &until).await? {
                self.memory().unified.insert(unit.key(), id);
            }
        }
        Ok(())
    }

    /// A person out of her passes.
    fn read_person(&self, id: &HolderId, units: &[Unit], templates: &Templates) -> Result<HolderRead, ProviderError> {
        let unified = self.memory().unified.clone();
        let credentials = units.iter().map(|unit| self.credential(unit, id, templates, &unified));
        let mut credentials = credentials.collect::<Result<Vec<_>, _>>()?;
        let newest = units.iter().max_by_key(|unit| unit.created());
        credentials.sort_by(|a, b| a.id.cmp(&b.id));
        let said = |name: &str| newest.map(|unit| unit.said(name)).unwrap_or_default();
        let full_name = said("full_name");
        let (first, last) = full_name.raw().rsplit_once(' ').unwrap_or(("", full_name.raw()));
        Ok(HolderRead {
            holder: Cardholder {
                id: id.clone(),
                link: person_link(&id.key)?,
                first_name: Untrusted::new(first),
                last_name: Untrusted::new(last),
                description: said("department"),
                division: said("organization_name"),
                employee_number: said("employee_id"),
                email: said("email"),
                authorised: true,
                as_of: self.clock.now(),
            },
            credentials,
            whole: true,
            server_date: None,
            documents: Vec::new(),
        })
    }

    /// All people, page by page. A page of the vendor's list holds passes of anybody, so each row carries what this
    /// walk has met of its person so far. A walk that this process did not begin begins anew: half of what it had met
    /// would be forgotten.
    pub(super) async fn list_people(&self, page: Option<&Link>) -> Result<HolderPage, ProviderError> {
        let templates = self.templates().await?;
        let lists = lists(&templates)?;
        let Some(first) = lists.first() else { return Ok(HolderPage::default()) };
        let begun = self.walk.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut walk = match (begun, page) {
            (Some(walk), Some(page)) if walk.next == *page => walk,
            _ => Walk { next: with(first, &[("page", "1")])?, people: HashMap::new() },
        };
        let (list, number) = of_page(&walk.next, &lists).ok_or_else(|| unreadable("no such page of people"))?;
        let (read, server_date) = match self.page(&lists[list], number).await {
            Ok(page) => page,
            Err(error) => {
                // So that the same page can be asked for again.
                *self.walk.lock().unwrap_or_else(PoisonError::into_inner) = Some(walk);
                return Err(error);
            }
        };
        let mut touched = BTreeSet::new();
        for row in read.rows.iter().filter(|row| templates.has(row.template().raw())) {
            let Some(key) = person_of(row) else { continue };
            let known = walk.people.entry(key.clone()).or_default();
            known.retain(|packed| PassRow::unpacked(packed).is_some_and(|known| known.id != row.id));
            known.push(row.packed());
            touched.insert(key);
        }
        let mut rows = Vec::with_capacity(touched.len());
        for key in touched {
            let passes = walk.people.get(&key).into_iter().flatten().filter_map(|packed| PassRow::unpacked(packed));
            let id = HolderId::new(self.profile.name.clone(), key);
            let mut read = self.read_person(&id, &units(passes.collect(), &templates), &templates)?;
            read.server_date = server_date;
            rows.push(read);
        }
        let next = match (read.more && number < MAX_PAGES as u64, lists.get(list + 1)) {
            (true, _) => Some(with(&lists[list], &[("page", &(number + 1).to_string())])?),
            (false, Some(next)) => Some(with(next, &[("page", "1")])?),
            (false, None) => None,
        };
        if let Some(next) = &next {
            walk.next = next.clone();
            *self.walk.lock().unwrap_or_else(PoisonError::into_inner) = Some(walk);
        }
        Ok(HolderPage { rows, next })
    }

    /// There is no search by name here: the cache answers that. An employee number or the id of a pass is looked up.
    pub(super) async fn find(&self, typed: &str, limit: usize) -> Result<HolderPage, ProviderError> {
        let typed = typed.trim();
        let mut keys = BTreeSet::new();
        let is_word = !typed.contains(char::is_whitespace) && typed.len() <= 64;
        if is_word && typed.len() >= 8 {
            let pass = self.pass(typed).await?;
            keys.extend(pass.and_then(|(row, _)| person_of(row.halves().first().unwrap_or(&row))));
        }
        if keys.is_empty() && is_word && typed.bytes().any(|b| b.is_ascii_digit()) {
            let mut found = Found::new();
            let fits = |row: &PassRow| row.text("employee_id").raw() == typed;
            self.filtered(&[("employee_id", &encoded(typed))], &mut found, &fits).await?;
            keys.extend(found.values().filter(|row| fits(row)).filter_map(person_of));
        }
        let mut page = HolderPage::default();
        for key in keys.into_iter().take(limit) {
            match self.person(&HolderId::new(self.profile.name.clone(), key)).await {
                Err(e) if e.kind == ProviderErrorKind::NotFound => {}
                other => page.rows.push(other?),
            }
        }
        Ok(page)
    }

    /// True if the template logs can be read on this plan.
    pub(super) async fn has_logs(&self, templates: &Templates) -> Result<bool, ProviderError> {
        let Some(first) = templates.singles.first() else { return Ok(false) };
        let logs = link(&format!("{}/{}/logs", super::TEMPLATES, first.id), &[("per_page", "1")])?;
        Ok(optional(self.reads.json(&logs).await)?.is_some())
    }
}

/// Where a person is read: the vendor's nearest thing to it.
fn person_link(key: &VendorKey) -> Result<Link, ProviderError> {
    match Person::of(key) {
        Some(Person::Employee(number)) => link(KEY_CARDS, &[("employee_id", &encoded(number))]),
        Some(Person::Pass(id)) => link(&format!("{KEY_CARDS}/{id}"), &[]),
        None => link(KEY_CARDS, &[]),
    }
}

/// All lists: of each template what it shows by itself, and then what is deleted.
fn lists(templates: &Templates) -> Result<Vec<Link>, ProviderError> {
    let mut lists = Vec::new();
    for template in &templates.singles {
        lists.push(link(KEY_CARDS, &[("template_id", &template.id)])?);
        lists.push(link(KEY_CARDS, &[("template_id", &template.id), ("state", "deleted")])?);
    }
    Ok(lists)
}

/// Which list a mark of a walk stands in, and on which page.
fn of_page(mark: &Link, lists: &[Link]) -> Option<(usize, u64)> {
    let (list, page) = mark.as_str().rsplit_once("&page=")?;
    Some((lists.iter().position(|known| known.as_str() == list)?, page.parse().ok()?))
}

fn with(list: &Link, more: &[(&str, &str)]) -> Result<Link, ProviderError> {
    link(list.as_str(), more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(row: &serde_json::Value) -> String {
        person_of(&PassRow::read(row).unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_person_is_an_employee_number_or_a_pass() {
        let tag = "9b0e5a52-6a5c-4f8e-9f6e-0d6c3c1f0a11";
        assert_eq!(key(&json!({ "id": "p1", "employee_id": "E-4471" })), "emp.E-4471");
        assert_eq!(key(&json!({ "id": "p1", "employee_id": "" })), "pass.p1");
        assert_eq!(key(&json!({ "id": "p1", "employee_id": "E 4471/2" })), "pass.p1");
        assert_eq!(key(&json!({ "id": "p2", "metadata": { "console_ref": tag, "console_holder": "p1" } })), "pass.p1");
        assert_eq!(key(&json!({ "id": "p2", "metadata": { "console_holder": "p1" } })), "pass.p2", "not of our hand");
        let odd = key(&json!({ "id": "p/../1" }));
        assert!(odd.starts_with("pass.odd.") && odd.len() == 33, "{odd}");
    }
}
