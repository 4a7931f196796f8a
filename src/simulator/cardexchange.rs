//! CardExchange Cloud's REST API over the one world of people (contract: cardexchange.md).
//!
//! Two data sets that never meet, chosen by the prefix of the key; persons, their profiles, cards and productions
//! as functions of the population, with what changed laid over them.

mod answer;
mod catalogue;
mod changes;
mod control;
mod data_set;
mod fields;
mod handle;
mod ids;
mod issued;
mod keys;
mod lists;
mod objects;
mod others;
mod people;
mod shown;
mod switches;
#[cfg(test)]
mod tests;
mod words;

pub use control::control;
pub use data_set::Deed;
pub use handle::{ExchangeHandle, TrueCard, TruePerson};
pub use ids::DataMode;
pub use issued::{IssuedCard, issued};
pub use keys::ApiKey;
pub use others::{Act, Interference, Moment};
pub use switches::{
    DeleteOwner, Descriptor, ErrorEntries, MetadataUpdate, NullValue, ProblemBody, Switches as ExchangeSwitches,
};

use super::front::{Front, Manners};
use super::population::Population;
use answer::{Answer, Refusal, Reply};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::response::Response;
use changes::Writer;
use data_set::DataSet;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{Method, Request};
use ids::{Key, Kind};
use jiff::Timestamp;
use keys::ApiKeys;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use switches::Switches;

/// Everything that the simulated tenant consists of.
#[derive(Debug)]
pub struct Tenant {
    keys: ApiKeys,
    switches: Switches,
    test: DataSet,
    live: DataSet,
    waiting: Vec<Interference>,
}

impl Tenant {
    fn new(population: &Population) -> Self {
        Self {
            keys: ApiKeys::new(population),
            switches: Switches::default(),
            test: DataSet::new(population.clone(), DataMode::Test),
            live: DataSet::new(population.clone(), DataMode::Live),
            waiting: Vec::new(),
        }
    }

    /// The data set of a mode, and how the tenant behaves.
    fn set(&mut self, mode: DataMode) -> (&mut DataSet, &Switches) {
        match mode {
            DataMode::Test => (&mut self.test, &self.switches),
            DataMode::Live => (&mut self.live, &self.switches),
        }
    }
}

/// The tenant behind its one lock: each request sees and changes it whole.
#[derive(Debug)]
pub struct Exchange {
    tenant: Mutex<Tenant>,
    /// Door, faults, log and time.
    pub front: Arc<Front>,
    scheme: &'static str,
}

impl Exchange {
    /// A tenant with the people of the one world.
    pub fn new(population: &Population, front: Arc<Front>, tls: bool) -> Arc<Self> {
        let scheme = if tls { "https" } else { "http" };
        Arc::new(Self { tenant: Mutex::new(Tenant::new(population)), front, scheme })
    }

    /// Lets somebody look at a data set, or change it, at one moment of virtual time.
    fn at_once<R>(&self, mode: DataMode, act: impl FnOnce(&mut DataSet, &Switches, Timestamp) -> R) -> R {
        self.whole(|tenant, now| {
            let (set, switches) = tenant.set(mode);
            set.tick(now, switches);
            act(set, switches, now)
        })
    }

    /// As [`at_once`](Self::at_once), for what concerns the whole tenant.
    fn whole<R>(&self, act: impl FnOnce(&mut Tenant, Timestamp) -> R) -> R {
        let mut tenant = self.tenant.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut tenant, self.front.clock.now())
    }
}

impl Manners for Exchange {
    fn before(&self, method: &str, path: &str) {
        self.interfere(method, path, false);
    }

    fn after(&self, method: &str, path: &str) {
        self.interfere(method, path, true);
    }

    fn trouble(&self, status: u16, words: &str) -> (&'static str, String) {
        let problem = json!({ "title": "Simulated trouble", "status": status, "detail": words, "errors": {} });
        ("application/problem+json", problem.to_string())
    }
}

/// All routes. Every one of them authenticates first, those that do not exist included.
pub fn routes(exchange: Arc<Exchange>) -> Router {
    Router::new().fallback(handle_request).with_state(exchange)
}

async fn handle_request(State(exchange): State<Arc<Exchange>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    // The pipeline has read and bounded it already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    exchange.whole(|tenant, now| {
        let Some(key) = tenant.keys.presented(parts.headers.get(AUTHORIZATION)).cloned() else {
            return Refusal::unauthorised().response(None, &tenant.switches);
        };
        let (set, switches) = tenant.set(key.mode);
        set.tick(now, switches);
        let mut writer = Writer { set, switches, by: key.author, user: key.user, now };
        match reply(&mut writer, &parts, &body, exchange.scheme) {
            Ok(answer) => answer.response(key.author),
            Err(refusal) => refusal.response(Some(key.author), switches),
        }
    })
}

/// What a path names.
enum Target<'a> {
    All(Kind),
    One(Kind, &'a str),
}

fn target(path: &str) -> Option<Target<'_>> {
    let mut parts = path.strip_prefix("/api/v1/")?.split('/');
    let kind = Kind::of_path(parts.next()?)?;
    match (parts.next(), parts.next()) {
        (None, _) => Some(Target::All(kind)),
        (Some(id), None) if !id.is_empty() => Some(Target::One(kind, id)),
        _ => None,
    }
}

fn reply(writer: &mut Writer<'_>, parts: &Parts, body: &[u8], scheme: &str) -> Reply {
    let target = target(parts.uri.path()).ok_or_else(Refusal::not_found)?;
    match (target, parts.method.clone()) {
        (Target::All(kind), Method::GET) => {
            let query = Query::<lists::Query>::try_from_uri(&parts.uri);
            let query = query.map_err(|_| Refusal::parameter("", "The query cannot be read."))?;
            let host = parts.headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost");
            lists::list(writer.set, writer.switches, kind, &query.0, &format!("{scheme}://{host}"))
        }
        (Target::All(kind), Method::POST) if kind != Kind::Production => writer.create(kind, &object(parts, body)?),
        (Target::All(kind), _) => Err(Refusal::method(if kind == Kind::Production { "GET" } else { "GET, POST" })),
        (Target::One(kind, id), Method::GET) => {
            let key = existing(writer, kind, id)?;
            Ok(Answer::of(shown::Shown { set: writer.set, switches: writer.switches }.any(key)))
        }
        (Target::One(kind, id), Method::POST) => {
            let key = existing(writer, kind, id)?;
            writer.update(key, &object(parts, body)?)
        }
        (Target::One(kind, id), Method::DELETE) if deletable(kind) => {
            let key = existing(writer, kind, id)?;
            writer.delete(key)
        }
        (Target::One(kind, _), _) => {
            Err(Refusal::method(if deletable(kind) { "GET, POST, DELETE" } else { "GET, POST" }))
        }
    }
}

/// Cards, and with them anonymous sets and productions, cannot be deleted.
fn deletable(kind: Kind) -> bool {
    matches!(kind, Kind::Person | Kind::Cardholder | Kind::Address)
}

fn existing(writer: &Writer<'_>, kind: Kind, id: &str) -> Result<Key, Refusal> {
    let key = writer.set.guids.place(id, kind).filter(|key| writer.set.exists(*key));
    key.ok_or_else(Refusal::not_found)
}

fn object(parts: &Parts, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let sent = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::content_type());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(Refusal::malformed()),
    }
}
