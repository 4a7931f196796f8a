//! Lists: filters, search and paging (contract section 5).

use super::answer::{Answer, Refusal, Reply};
use super::catalogue;
use super::data_set::DataSet;
use super::ids::{Key, Kind};
use super::objects::Metadata;
use super::shown::Shown;
use super::switches::Switches;
use super::words;
use crate::simulator::clock::read_time;
use crate::simulator::gallagher::query::encoded;
use http::header::{HeaderName, LINK};
use jiff::Timestamp;
use std::cell::OnceCell;

const USUAL: usize = 15;
const MOST: usize = 100;
/// The vendor's own header.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// Parameters of a query in their order.
pub type Query = Vec<(String, String)>;

fn filters(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Address => &["person", "type"],
        Kind::AnonymousSet => {
            &["profile", "business_unit", "external_company", "department", "location", "cost_account"]
        }
        Kind::Cardholder => &[
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
        Kind::Card => &["cardholder", "status", "type", "encryption", "layout", "starting_after", "ending_before"],
        Kind::Person => &["address_preference", "id_type", "gender", "prefix", "suffix", "production_status"],
        _ => &[],
    }
}

/// A list of a kind. `base` is scheme, host and port for the links.
pub fn list(set: &mut DataSet, switches: &Switches, kind: Kind, query: &Query, base: &str) -> Reply {
    let asked = Asked { query, kind };
    if switches.unknown_refused {
        let known = |name: &str| ["q", "page", "per_page"].contains(&name) || filters(kind).contains(&name);
        if let Some((name, _)) = query.iter().find(|(name, _)| !known(name)) {
            return Err(Refusal::parameter(name, "This parameter is not known."));
        }
    }
    let whole = kind == Kind::Production && !switches.production_paging;
    let (page, size) = if whole { (1, usize::MAX) } else { (asked.page()?, asked.size()?) };
    let mut keys = rows(set, switches, asked)?;
    if switches.newest_first {
        keys.reverse();
    }
    let total = keys.len();
    let first = (page - 1).saturating_mul(size).min(total);
    let last = first.saturating_add(size).min(total);
    let shown = Shown { set, switches };
    let body = keys[first..last].iter().map(|key| shown.any(*key)).collect();
    let mut answer = Answer::of(body);
    if !whole {
        answer.headers = vec![(TOTAL, total.to_string()), (LINK, asked.links(base, page, total.div_ceil(size).max(1)))];
    }
    Ok(answer)
}

/// What is asked of a list.
#[derive(Clone, Copy)]
struct Asked<'a> {
    query: &'a Query,
    kind: Kind,
}

impl<'a> Asked<'a> {
    fn get(self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn filter(self, name: &str) -> Option<&'a str> {
        filters(self.kind).contains(&name).then(|| self.get(name)).flatten()
    }

    fn page(self) -> Result<usize, Refusal> {
        match self.get("page").map(str::parse) {
            None => Ok(1),
            Some(Ok(page)) if page >= 1 => Ok(page),
            Some(_) => Err(Refusal::parameter("page", "A number from 1 is expected.")),
        }
    }

    fn size(self) -> Result<usize, Refusal> {
        match self.get("per_page").map(str::parse) {
            None => Ok(USUAL),
            Some(Ok(size)) if (1..=MOST).contains(&size) => Ok(size),
            Some(_) => Err(Refusal::parameter("per_page", "A number from 1 to 100 is expected.")),
        }
    }

    fn word(self, name: &'static str, words: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
        let Some(sent) = self.filter(name) else { return Ok(None) };
        let known = words.iter().find(|w| **w == sent).copied();
        known.map(Some).ok_or_else(|| Refusal::parameter(name, format!("'{sent}' is not a known {name}.")))
    }

    fn time(self, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
        let Some(sent) = self.filter(name) else { return Ok(None) };
        let at = read_time(sent);
        at.map(Some).ok_or_else(|| Refusal::parameter(name, "A date or date-time is expected."))
    }

    /// RFC 8288 links to first, last, next and previous page.
    fn links(self, base: &str, page: usize, pages: usize) -> String {
        let to = |page: usize, rel: &str| {
            let mut url = format!("<{base}/api/v1/{}?", self.kind.path());
            for (name, value) in self.query.iter().filter(|(name, _)| name != "page") {
                url.push_str(&format!("{}={}&", encoded(name), encoded(value)));
            }
            format!("{url}page={page}>; rel=\"{rel}\"")
        };
        let mut links = vec![to(1, "first"), to(pages, "last")];
        if page < pages {
            links.push(to(page + 1, "next"));
        }
        if page > 1 {
            links.push(to(page - 1, "prev"));
        }
        links.join(", ")
    }
}

/// A search term, and whether texts mention it.
struct Term<'a> {
    lower: OnceCell<String>,
    term: Option<&'a str>,
}

impl<'a> Term<'a> {
    fn new(term: Option<&'a str>) -> Self {
        Self { lower: OnceCell::new(), term: term.filter(|t| !t.is_empty()) }
    }

    fn mentioned<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let Some(term) = self.term else { return true };
        let lower = self.lower.get_or_init(|| term.to_lowercase());
        texts.into_iter().any(|text| text.to_lowercase().contains(lower.as_str()))
    }
}

fn in_metadata(switches: &Switches, metadata: &Metadata) -> String {
    match metadata {
        Some(map) if switches.q_in_metadata => serde_json::Value::Object(map.clone()).to_string(),
        _ => String::new(),
    }
}

fn rows(set: &mut DataSet, switches: &Switches, asked: Asked<'_>) -> Result<Vec<Key>, Refusal> {
    match asked.kind {
        Kind::Person => persons(set, switches, asked),
        Kind::Cardholder => cardholders(set, switches, asked),
        Kind::Card => cards(set, switches, asked),
        Kind::Address => addresses(set, switches, asked),
        Kind::Production => Ok(productions(set, asked)),
        _ => Ok(anonymous_sets(set, asked)),
    }
}

/// All of a kind in order, or those of one owner. Of an owner that is not there: none.
fn candidates(set: &mut DataSet, asked: Asked<'_>, filter: &str, owner: Kind) -> Vec<Key> {
    let Some(id) = asked.filter(filter) else {
        return set.order(asked.kind).iter().map(|(_, _, key)| *key).collect();
    };
    let owned = set.guids.place(id, owner).map(|key| set.owned(key, asked.kind)).unwrap_or_default();
    let created = |set: &DataSet, key: Key| match asked.kind {
        Kind::Card => set.card(key).map(|c| c.created),
        Kind::Cardholder => set.cardholder(key).map(|h| h.created),
        _ => set.address(key).map(|a| a.created),
    };
    let mut owned: Vec<Key> = owned.into_iter().filter(|key| created(set, *key).is_some()).collect();
    owned.sort_by_key(|key| (created(set, *key), set.guid(*key)));
    owned
}

fn persons(set: &mut DataSet, switches: &Switches, asked: Asked<'_>) -> Result<Vec<Key>, Refusal> {
    let preference = asked.word("address_preference", words::ADDRESS_TYPE)?;
    let id_type = asked.word("id_type", words::ID_TYPE)?;
    let gender = asked.word("gender", words::GENDER)?;
    let prefix = asked.word("prefix", words::PREFIX)?;
    let suffix = asked.word("suffix", words::SUFFIX)?;
    let stages: Vec<&str> = words::PRODUCTION_STAGE.iter().map(|(stage, _)| *stage).collect();
    let stage = asked.word("production_status", &stages)?;
    let stage =
        stage.and_then(|s| words::PRODUCTION_STAGE.iter().find(|(name, _)| *name == s)).map(|(_, state)| *state);
    let term = Term::new(asked.get("q"));
    let keys: Vec<Key> = set.order(Kind::Person).iter().map(|(_, _, key)| *key).collect();
    if term.term.is_none() && [preference, id_type, gender, prefix, suffix, stage].iter().all(Option::is_none) {
        return Ok(keys);
    }
    let wanted = |filter: Option<&str>, value: Option<&str>| filter.is_none() || filter == value;
    let shown = Shown { set, switches };
    let in_stage = |key: Key, state: &str| {
        let holders = shown.set.owned(key, Kind::Cardholder).into_iter();
        holders
            .flat_map(|h| shown.set.owned(h, Kind::Card))
            .any(|c| shown.set.card(c).is_some_and(|c| c.status == state))
    };
    let kept = keys.iter().copied().filter(|key| {
        let Some(person) = shown.set.person(*key) else { return false };
        wanted(preference, person.address_preference)
            && wanted(id_type, person.id_type)
            && wanted(gender, person.gender)
            && wanted(prefix, person.prefix)
            && wanted(suffix, person.suffix)
            && stage.is_none_or(|state| in_stage(*key, state))
            && term.mentioned([
                &*person.first,
                &*person.last,
                &*format!("{} {}", person.first, person.last),
                person.middle.as_deref().unwrap_or_default(),
                &*shown.person_number(&person),
                person.id_value.as_deref().unwrap_or_default(),
                person.phone.as_deref().unwrap_or_default(),
                person.mobile.as_deref().unwrap_or_default(),
                &*in_metadata(switches, &person.metadata),
            ])
    });
    Ok(kept.collect())
}

/// Whether a span of time lies behind one bound and before the other (row A11).
fn within(
    switches: &Switches,
    span: (Option<Timestamp>, Option<Timestamp>),
    bounds: (Option<Timestamp>, Option<Timestamp>),
) -> bool {
    let after = |bound: Timestamp, at: Timestamp| at > bound || (switches.bounds_inclusive && at == bound);
    bounds.0.is_none_or(|bound| span.0.is_some_and(|start| after(bound, start)))
        && bounds.1.is_none_or(|bound| span.1.is_some_and(|end| after(end, bound)))
}

fn cardholders(set: &mut DataSet, switches: &Switches, asked: Asked<'_>) -> Result<Vec<Key>, Refusal> {
    let status = asked.word("status", words::CARDHOLDER_STATUS)?;
    let bounds = (asked.time("starting_after")?, asked.time("ending_before")?);
    let term = Term::new(asked.get("q"));
    let keys = candidates(set, asked, "person", Kind::Person);
    let guids = set.guids;
    // A filter with an id that nobody has lets nothing through.
    let is = |filter: &str, kind: Kind, value: Option<u16>| {
        asked.filter(filter).is_none_or(|id| value.is_some() && catalogue::entry(guids, kind, id) == value)
    };
    let kept = keys.into_iter().filter(|key| {
        let Some(holder) = set.cardholder(*key) else { return false };
        status.is_none_or(|s| s == holder.status)
            && is("profile", Kind::Profile, Some(holder.profile))
            && is("business_unit", Kind::BusinessUnit, holder.business_unit)
            && is("external_company", Kind::ExternalCompany, holder.external_company)
            && is("department", Kind::Department, holder.department)
            && is("location", Kind::Location, holder.location)
            && is("cost_account", Kind::CostAccount, holder.cost_account)
            && within(switches, (holder.start, holder.end), bounds)
            && term.mentioned([
                holder.number.as_str(),
                holder.login.as_deref().unwrap_or_default(),
                holder.email.as_deref().unwrap_or_default(),
                holder.name_on_card.as_deref().unwrap_or_default(),
                holder.note.as_deref().unwrap_or_default(),
                &*in_metadata(switches, &holder.metadata),
            ])
    });
    Ok(kept.collect())
}

fn cards(set: &mut DataSet, switches: &Switches, asked: Asked<'_>) -> Result<Vec<Key>, Refusal> {
    let status = asked.word("status", words::CARD_STATUS)?;
    let encryption = asked.word("encryption", words::ENCRYPTION)?;
    let bounds = (asked.time("starting_after")?, asked.time("ending_before")?);
    let term = Term::new(asked.get("q"));
    let keys = candidates(set, asked, "cardholder", Kind::Cardholder);
    let guids = set.guids;
    let is = |filter: &str, kind: Kind, value: u16| {
        asked.filter(filter).is_none_or(|id| catalogue::entry(guids, kind, id) == Some(value))
    };
    let kept = keys.into_iter().filter(|key| {
        let Some(card) = set.card(*key) else { return false };
        status.is_none_or(|s| s == card.status)
            && encryption.is_none_or(|e| e == card.encryption)
            && is("type", Kind::CardType, card.card_type)
            && is("layout", Kind::Layout, card.layout)
            && within(switches, (card.start, card.end), bounds)
            && term.mentioned([
                card.number.as_str(),
                card.chip.as_deref().unwrap_or_default(),
                &*in_metadata(switches, &card.metadata),
            ])
    });
    Ok(kept.collect())
}

fn addresses(set: &mut DataSet, switches: &Switches, asked: Asked<'_>) -> Result<Vec<Key>, Refusal> {
    let kind = asked.word("type", words::ADDRESS_TYPE)?;
    let term = Term::new(asked.get("q"));
    let keys = candidates(set, asked, "person", Kind::Person);
    let kept = keys.into_iter().filter(|key| {
        let Some(address) = set.address(*key) else { return false };
        let metadata = in_metadata(switches, &address.metadata);
        kind.is_none_or(|k| k == address.kind)
            && term.mentioned([
                address.street.as_str(),
                &address.locality,
                &address.region,
                &address.postal_code,
                &address.country,
                &metadata,
            ])
    });
    Ok(kept.collect())
}

fn productions(set: &mut DataSet, asked: Asked<'_>) -> Vec<Key> {
    let term = Term::new(asked.get("q"));
    let keys: Vec<Key> = set.order(Kind::Card).iter().map(|(_, _, key)| *key).collect();
    let running = keys.into_iter().filter_map(|key| {
        let card = set.card(key)?;
        let production = card.production.as_ref()?;
        let mentioned = term.mentioned([
            production.name_on_card.as_deref().unwrap_or_default(),
            production.chip.as_deref().unwrap_or_default(),
            production.user_name.as_deref().unwrap_or_default(),
            card.number.as_str(),
        ]);
        mentioned.then_some(production.key)
    });
    running.collect()
}

fn anonymous_sets(set: &DataSet, asked: Asked<'_>) -> Vec<Key> {
    let term = Term::new(asked.get("q"));
    let is = |filter: &str, kind: Kind, value: Option<u16>| {
        asked.filter(filter).is_none_or(|id| value.is_some() && catalogue::entry(set.guids, kind, id) == value)
    };
    let kept = set.sets.iter().filter(|s| {
        is("profile", Kind::Profile, Some(s.profile))
            && is("business_unit", Kind::BusinessUnit, s.given.business_unit)
            && is("external_company", Kind::ExternalCompany, s.given.external_company)
            && is("department", Kind::Department, s.given.department)
            && is("location", Kind::Location, s.given.location)
            && is("cost_account", Kind::CostAccount, s.given.cost_account)
            && term.mentioned([s.name.as_str()])
    });
    kept.map(|s| s.key).collect()
}
