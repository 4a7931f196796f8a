//! Who is calling: account and signature are checked before anything else is looked at (contract sections 1 and 2).

use super::Grid;
use super::answer::Refusal;
use super::log::Actor;
use super::signature::{is_signed, payloads};
use super::switches::{ErrorForm, RateLimit};
use crate::simulator::Author;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request};
use http::header::USER_AGENT;
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A call that was signed by one of the accounts, with everything it carried.
#[derive(Debug)]
pub struct Caller {
    /// Whose account, from which address, with which program.
    pub actor: Actor,
    /// Decoded query parameters in their order.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Form in which errors go out.
    pub form: ErrorForm,
    _call: RunningCall,
}

impl Caller {
    /// Whose account.
    pub fn by(&self) -> Author {
        self.actor.by
    }

    /// The first value of a parameter.
    pub fn asked(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The body, which must be a JSON object.
    ///
    /// # Errors
    /// 400, if it is none.
    pub fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(body)) => Ok(body),
            _ => Err(self.refuse(Refusal::new(400, "The body is not a JSON object"))),
        }
    }

    /// Makes a refusal this caller's.
    pub fn refuse(&self, refusal: Refusal) -> Refusal {
        refusal.to(self.by(), self.form)
    }
}

fn first<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

impl FromRequest<Arc<Grid>> for Caller {
    type Rejection = Refusal;

    async fn from_request(request: Request, grid: &Arc<Grid>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Refusal::new(400, "Unreadable body"))?;
        // Form encoding: `+` is a space; empty pairs and names without `=` are passed over.
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
        let header = |name: &str| text(&parts.headers, name);
        let sig_payload = first(&query, "sig_payload");
        let (account, signature) = (header("x-acct-id"), header("x-payload-sig"));
        let (author, switches) = grid.at_once(|world, _| {
            let known = world.accounts.iter().find(|a| a.id == account && !a.disabled);
            let genuine = known.filter(|a| is_signed(&a.secret, &signature, &payloads(&body, sig_payload)));
            (genuine.map(|a| a.author), world.switches.clone())
        });
        let author = author.ok_or_else(|| Refusal::new(401, "Invalid credentials"))?;
        let refuse = |refusal: Refusal| refusal.to(author, switches.error_form);
        if switches.strict_sig_id && body.is_empty() && !names_resource(sig_payload, &parts.uri) {
            return Err(refuse(Refusal::new(401, "Invalid credentials")));
        }
        let counted = match switches.rate_limit {
            RateLimit::Off => false,
            RateLimit::Writes => parts.method != Method::GET,
            RateLimit::Everything => true,
        };
        let throttled = grid.at_once(|world, _| {
            let throttled = world.throttled > 0;
            world.throttled = world.throttled.saturating_sub(1);
            throttled
        });
        let call = grid.traffic(author).begin(counted);
        let Some(call) = call.filter(|_| !throttled) else {
            return Err(refuse(Refusal::new(429, "Too many requests").with_retry_after(switches.retry_after)));
        };
        if switches.work_ms > 0 {
            tokio::time::sleep(Duration::from_millis(u64::from(switches.work_ms))).await;
        }
        // The simulator listens on loopback only.
        let actor = Actor { by: author, ip: "127.0.0.1".to_owned(), user_agent: header(USER_AGENT.as_str()) };
        Ok(Self { actor, query, body, form: switches.error_form, _call: call })
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Whether the signed id is that of the path: its last part, or the one before an action word (contract section 2).
fn names_resource(sig_payload: Option<&str>, uri: &Uri) -> bool {
    let mut parts = uri.path().rsplit('/');
    let last = parts.next().unwrap_or_default();
    let resource = match last {
        "suspend" | "resume" | "unlink" | "delete" | "publish" | "verify" => parts.next().unwrap_or_default(),
        last => last,
    };
    let said = sig_payload.and_then(|text| serde_json::from_str::<Value>(text).ok());
    said.is_some_and(|said| said.get("id").and_then(Value::as_str) == Some(resource))
}

/// Calls of one account: those that run, and when the last began.
#[derive(Debug, Default)]
pub struct Traffic {
    running: u32,
    begun: VecDeque<Instant>,
    /// The most that ever ran at once.
    pub most_at_once: u32,
    /// The most that ever began within a second.
    pub most_a_second: u32,
}

/// How many calls may run at once (contract section 1).
const AT_ONCE: u32 = 5;
/// How many may begin within a second.
const A_SECOND: usize = 20;

/// A call that runs until this is dropped.
#[derive(Debug)]
pub struct RunningCall(Arc<Mutex<Traffic>>);

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut traffic = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.running = traffic.running.saturating_sub(1);
    }
}

/// The traffic of one account, shared by its calls.
#[derive(Debug, Default, Clone)]
pub struct Meter(pub Arc<Mutex<Traffic>>);

impl Meter {
    /// Notes a call; `None` if it is one too many of those that count.
    fn begin(&self, counted: bool) -> Option<RunningCall> {
        let now = Instant::now();
        let mut traffic = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while traffic.begun.front().is_some_and(|at| now.duration_since(*at) >= Duration::from_secs(1)) {
            traffic.begun.pop_front();
        }
        if counted && (traffic.running >= AT_ONCE || traffic.begun.len() >= A_SECOND) {
            return None;
        }
        traffic.begun.push_back(now);
        traffic.running += 1;
        traffic.most_at_once = traffic.most_at_once.max(traffic.running);
        traffic.most_a_second = traffic.most_a_second.max(traffic.begun.len() as u32);
        drop(traffic);
        Some(RunningCall(Arc::clone(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_id_is_compared_with_the_right_part_of_the_path() {
        for (payload, path, want) in [
            (Some(r#"{"id":"x"}"#), "/v1/key-cards/x", true),
            (Some(r#"{"id":"x"}"#), "/v1/key-cards/x/suspend", true),
            (Some(r#"{"id":"key-cards"}"#), "/v1/key-cards", true),
            (Some(r#"{"id":"logs"}"#), "/v1/console/card-templates/t/logs", true),
            (Some(r#"{"id":"y"}"#), "/v1/key-cards/x/delete", false),
            (Some("{}"), "/v1/key-cards", false),
            (None, "/v1/key-cards", false),
        ] {
            assert_eq!(names_resource(payload, &path.parse().unwrap()), want, "{payload:?} {path}");
        }
    }
}
