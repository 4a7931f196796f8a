//! Lists, page by page (contract section 5). Paging is by offset over an order that nobody promises, so rows can
//! repeat or be missed while data changes: they are told apart by id, counted against `X-Total-Count`, and read
//! again when the two differ.

use super::{CardExchange, ProviderError, ProviderErrorKind, not_possible, unreadable, wire};
use crate::backends::bounds::MAX_PAGES;
use crate::backends::query::encoded;
use crate::domain::ids::Link;
use http::HeaderMap;
use http::header::LINK;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Rows of a page: the most that the vendor gives.
pub(super) const PAGE: usize = 100;
/// A list is read so often at most until a whole reading agrees with its own count.
const RUNS: usize = 3;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Postal addresses.
    Addresses,
    /// Sets of anonymous persons; only ever read.
    AnonymousSets,
    /// Profiles of persons.
    Cardholders,
    /// Cards.
    Cards,
    /// Humans.
    Persons,
    /// Cards that are being printed.
    Productions,
}

impl Resource {
    /// Its path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Addresses => "/api/v1/addresses",
            Self::AnonymousSets => "/api/v1/anonymous-sets",
            Self::Cardholders => "/api/v1/cardholders",
            Self::Cards => "/api/v1/cards",
            Self::Persons => "/api/v1/persons",
            Self::Productions => "/api/v1/productions",
        }
    }

    /// The filters that the reference names, besides `q`. No other is ever sent (A16).
    pub fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Addresses => &["person", "type"],
            Self::AnonymousSets => {
                &["profile", "business_unit", "external_company", "department", "location", "cost_account"]
            }
            Self::Cardholders => &[
                "person",
                "profile",
                "business_unit",
                "external_company",
                "department",
                "location",
                "cost_account",
                "status",
                "starting_after",
                "ending_before",
            ],
            Self::Cards => &["cardholder", "status", "type", "encryption", "layout", "starting_after", "ending_before"],
            Self::Persons => &["address_preference", "id_type", "gender", "prefix", "suffix", "production_status"],
            Self::Productions => &[],
        }
    }
}

/// What is asked of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    resource: Resource,
    parameters: Vec<(&'static str, String)>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Question {
    /// Everything of a resource.
    pub fn new(resource: Resource) -> Self {
        Self { resource, parameters: Vec::new(), after: None, before: None }
    }

    /// Only what mentions a term. A hit is never identity: the caller looks again.
    #[must_use]
    pub fn mentioning(mut self, term: &str) -> Self {
        self.parameters.push(("q", term.to_owned()));
        self
    }

    /// Only what a filter lets through.
    ///
    /// # Errors
    /// If this list has no such filter.
    pub fn filtered(mut self, filter: &str, value: &str) -> Result<Self, ProviderError> {
        let known = self.resource.filters().iter().find(|name| **name == filter);
        let Some(name) = known.filter(|name| !matches!(**name, "starting_after" | "ending_before")) else {
            return Err(not_possible(format!("{} cannot be filtered by {filter}", self.resource.path())));
        };
        self.parameters.push((*name, value.to_owned()));
        Ok(self)
    }

    /// Only what begins after one moment and ends before another, the moments themselves left out (A11): whole
    /// moments are sent, and what comes back is looked at again.
    ///
    /// # Errors
    /// If this list has no such filter.
    pub fn between(mut self, after: Option<Timestamp>, before: Option<Timestamp>) -> Result<Self, ProviderError> {
        if !self.resource.filters().contains(&"starting_after") {
            return Err(not_possible(format!("{} cannot be filtered by dates", self.resource.path())));
        }
        let written = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.parameters.extend(after.map(|at| ("starting_after", written(at))));
        self.parameters.extend(before.map(|at| ("ending_before", written(at))));
        (self.after, self.before) = (after, before);
        Ok(self)
    }

    fn link(&self, page: usize, size: usize) -> Result<Link, ProviderError> {
        let mut link = format!("{}?page={page}&per_page={size}", self.resource.path());
        for (name, value) in &self.parameters {
            link.push_str(&format!("&{name}={}", encoded(value)));
        }
        link.parse().map_err(|_| not_possible("the question is too long for the server"))
    }

    /// A date that the vendor let through on its own reading of the bound is not what was asked for.
    fn meant(&self, row: &Value) -> bool {
        let out = |bound: Option<Timestamp>, name: &str, late: fn(Timestamp, Timestamp) -> bool| {
            let at = wire::moment(row, name).at();
            bound.zip(at).is_some_and(|(bound, at)| !late(at, bound))
        };
        !out(self.after, "startDate", |at, bound| at > bound) && !out(self.before, "endDate", |at, bound| at < bound)
    }
}

/// One page as it came.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its rows; photos are dropped already.
    pub rows: Vec<Value>,
    /// Rows that are too long to be read even alone.
    pub unreadable: usize,
    /// `X-Total-Count`.
    pub total: Option<usize>,
    /// True if `Link` is there and names no next page.
    pub says_last: bool,
    /// The vendor's `Date`.
    pub server_date: Option<Timestamp>,
}

impl Page {
    /// True if nothing can follow this page of a list.
    pub fn is_last(&self, page: usize, size: usize) -> bool {
        let given = self.rows.len() + self.unreadable;
        given == 0
            || match self.total {
                Some(total) => page.saturating_mul(size) >= total,
                // A server that pays no heed to paging gives more than was asked for.
                None => self.says_last || given != size,
            }
    }
}

/// A whole list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Its rows, each id once, in the order in which they were first met. A row without an id is kept.
    pub rows: Vec<Value>,
    /// True if one reading of it agreed with the vendor's own count, which did not change meanwhile.
    pub complete: bool,
    /// Rows that are too long to be read.
    pub unreadable: usize,
    /// The vendor's own count at the end.
    pub total: Option<usize>,
}

impl Listed {
    /// The ids, in order of the alphabet.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.rows.iter().filter_map(row_id).collect();
        ids.sort_unstable();
        ids
    }
}

fn row_id(row: &Value) -> Option<String> {
    wire::key(row, "id").map(|key| key.as_str().to_owned())
}

impl CardExchange {
    /// Everything that a question brings, page by page. Read again when the count does not agree; what three readings
    /// cannot settle is all of them together, and marked as incomplete.
    ///
    /// # Errors
    /// As the pages say; a list that does not end is unreadable.
    pub async fn list(&self, question: &Question) -> Result<Listed, ProviderError> {
        let mut all = Listed::default();
        for run in 1..=RUNS {
            let once = self.list_once(question).await?;
            if once.complete {
                return Ok(once);
            }
            let known: HashSet<String> = all.ids().into_iter().collect();
            all.rows.extend(once.rows.into_iter().filter(|row| row_id(row).is_none_or(|id| !known.contains(&id))));
            (all.unreadable, all.total) = (once.unreadable, once.total);
            tracing::info!(list = question.resource.path(), run, "a list changed while it was read");
        }
        Ok(all)
    }

    async fn list_once(&self, question: &Question) -> Result<Listed, ProviderError> {
        let (mut listed, mut seen, mut steady) = (Listed::default(), HashSet::new(), true);
        let (mut given, mut left_out) = (0, 0);
        for number in 1..=MAX_PAGES {
            let page = self.page(question, number, PAGE).await?;
            let last = page.is_last(number, PAGE);
            steady &= number == 1 || page.total == listed.total;
            (listed.total, listed.unreadable) = (page.total, listed.unreadable + page.unreadable);
            let before = given;
            for row in page.rows {
                if row_id(&row).is_some_and(|id| !seen.insert(id)) {
                    continue;
                }
                given += 1;
                if question.meant(&row) {
                    listed.rows.push(row);
                } else {
                    left_out += 1;
                }
            }
            if last || (given == before && page.unreadable == 0) {
                listed.complete = steady && listed.total.is_none_or(|total| total == given + listed.unreadable);
                // What was left out here was counted there.
                listed.total = listed.total.map(|total| total.saturating_sub(left_out));
                return Ok(listed);
            }
        }
        Err(unreadable("the list has no end"))
    }

    /// One page; `number` from 1, `size` 1 to 100. If the answer is too long, the page is fetched in smaller ones,
    /// down to single rows (decision 28).
    pub(super) async fn page(&self, question: &Question, number: usize, size: usize) -> Result<Page, ProviderError> {
        let answer = match self.reads.json(&question.link(number, size)?).await {
            Err(error) if error.kind == ProviderErrorKind::TooLarge => {
                return self.smaller_pages(question, number, size).await;
            }
            answer => answer?,
        };
        let Value::Array(mut rows) = answer.value else {
            return Err(unreadable("the list is not an array"));
        };
        rows.iter_mut().for_each(drop_photos);
        let (total, says_last) = (total_of(&answer.headers), says_last(&answer.headers));
        Ok(Page { rows, unreadable: 0, total, says_last, server_date: answer.server_date })
    }

    async fn smaller_pages(&self, question: &Question, number: usize, size: usize) -> Result<Page, ProviderError> {
        let Some(part) = (1..size).rev().find(|part| size % part == 0) else {
            let place = number;
            tracing::warn!(list = question.resource.path(), place, "a row is too long to be read and is left out");
            return Ok(Page { unreadable: 1, ..Page::default() });
        };
        let mut whole = Page::default();
        let parts = size / part;
        for nth in 1..=parts {
            let page = Box::pin(self.page(question, (number - 1) * parts + nth, part)).await?;
            let last = page.is_last((number - 1) * parts + nth, part);
            whole.total = page.total.or(whole.total);
            whole.server_date = page.server_date.or(whole.server_date);
            whole.says_last = page.says_last;
            whole.unreadable += page.unreadable;
            whole.rows.extend(page.rows);
            // Of a row that cannot be read, neither can its headers be: only the count of another tells.
            if last && page.unreadable == 0 {
                break;
            }
        }
        Ok(whole)
    }
}

fn total_of(headers: &HeaderMap) -> Option<usize> {
    headers.get("x-total-count")?.to_str().ok()?.trim().parse().ok()
}

/// `Link` is a hint that the list ends here. It is never followed: it may name another host, and requests carry the
/// key.
fn says_last(headers: &HeaderMap) -> bool {
    let mut links = headers.get_all(LINK).iter().filter_map(|v| v.to_str().ok()).peekable();
    let next = |link: &str| {
        let relations = link.split(';').skip(1).filter_map(|p| p.trim().strip_prefix("rel="));
        relations.flat_map(|r| r.trim_matches('"').split(' ')).any(|r| r.eq_ignore_ascii_case("next"))
    };
    links.peek().is_some() && !links.flat_map(|v| v.split(',')).any(next)
}

/// Pictures are dropped before anything else sees the row (contract section 10).
pub(super) fn drop_photos(row: &mut Value) {
    if let Some(members) = row.as_object_mut() {
        members.remove("photo");
        if let Some(Value::Array(persons)) = members.get_mut("data") {
            persons.iter_mut().for_each(drop_photos);
        }
    }
}

/// A walk through all persons that a caller drives page by page.
#[derive(Debug)]
struct Scan {
    number: u64,
    run: u64,
    seen: HashSet<String>,
    first_total: Option<usize>,
    steady: bool,
    unreadable: usize,
}

/// Where a walk stands: what the link to its next page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub page: usize,
    pub size: usize,
    scan: u64,
    run: u64,
}

/// The walks that are under way; old ones are forgotten.
#[derive(Debug, Default)]
pub(super) struct Scans(Mutex<(u64, VecDeque<Scan>)>);

impl Scans {
    /// Begins a walk.
    pub fn begin(&self, size: usize) -> Step {
        const KEPT: usize = 4;
        let mut scans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scans.0 += 1;
        let number = scans.0;
        if scans.1.len() == KEPT {
            scans.1.pop_front();
        }
        scans.1.push_back(Scan::new(number, 1));
        Step { page: 1, size: size.clamp(1, PAGE), scan: number, run: 1 }
    }

    /// Takes in a page: keeps of its rows those that this walk has not had yet, and says where the next page is. A
    /// walk whose count does not agree begins once more from the start.
    pub fn take(&self, step: Step, page: &mut Page) -> Option<Step> {
        let last = page.is_last(step.page, step.size);
        let onward = Step { page: step.page + 1, ..step };
        let mut scans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(scan) = scans.1.iter_mut().find(|s| (s.number, s.run) == (step.scan, step.run)) else {
            return (!last).then_some(onward);
        };
        if step.page == 1 {
            scan.first_total = page.total;
        }
        scan.steady &= page.total == scan.first_total;
        scan.unreadable += page.unreadable;
        let before = scan.seen.len();
        page.rows.retain(|row| row_id(row).is_none_or(|id| scan.seen.insert(id)));
        if !last && (scan.seen.len() > before || page.unreadable > 0) && step.page < MAX_PAGES {
            return Some(onward);
        }
        let counted = page.total.is_none_or(|total| total == scan.seen.len() + scan.unreadable);
        if (scan.steady && counted) || step.run > 1 {
            if !(scan.steady && counted) {
                tracing::warn!("the people of the tenant changed while they were read, twice");
            }
            let number = step.scan;
            scans.1.retain(|s| s.number != number);
            return None;
        }
        *scan = Scan::new(step.scan, step.run + 1);
        Some(Step { page: 1, run: step.run + 1, ..step })
    }
}

impl Scan {
    fn new(number: u64, run: u64) -> Self {
        Self { number, run, seen: HashSet::new(), first_total: None, steady: true, unreadable: 0 }
    }
}

impl Step {
    /// As a link that only this console understands; the server is never asked for it.
    pub fn link(self) -> Result<Link, ProviderError> {
        let Self { page, size, scan, run } = self;
        let path = Resource::Persons.path();
        let link = format!("{path}?page={page}&per_page={size}&scan={scan}&run={run}");
        link.parse().map_err(|_| unreadable("no link can be made of the next page"))
    }

    /// Reads such a link.
    pub fn read(link: &Link) -> Option<Self> {
        let query = link.as_str().strip_prefix(Resource::Persons.path())?.strip_prefix('?')?;
        let value = |name: &str| -> Option<u64> {
            let pair = query.split('&').find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name));
            pair?.1.parse().ok()
        };
        let (page, size) = (value("page")? as usize, value("per_page")? as usize);
        let fits = page >= 1 && (1..=PAGE).contains(&size);
        fits.then(|| Some(Self { page, size, scan: value("scan")?, run: value("run")? })).flatten()
    }
}
