//! The simulated account over real sockets, as clients meet it.

mod lists;
mod management;
mod passes;
mod set_up;
mod states;
mod transport;

use super::*;
use crate::domain::credential::System;
use crate::simulator::population::{JANE, JOHN};
use crate::simulator::{SimOptions, Simulator, start};
use base64::Engine as _;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A client of one running simulator, with the account of the console unless it says otherwise.
struct Desk {
    sim: Simulator,
    grid: GridHandle,
    http: Client,
    account: Account,
}

impl Desk {
    async fn open() -> Self {
        // Only the first test of a process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start_at = Some("2026-06-02T08:00:00Z".parse().unwrap());
        let sim = start(SimOptions { cardholders: 600, start: start_at, frozen: true, ..SimOptions::default() });
        let sim = sim.await.unwrap();
        let grid = sim.grid();
        let account = grid.account(Author::Console).unwrap();
        Self { sim, grid, http: Client::builder().no_proxy().build().unwrap(), account }
    }

    fn switch(&self, changes: &Value) {
        self.grid.change_switches(changes).unwrap();
    }

    /// Sends exactly these bytes with exactly this signature.
    async fn raw(&self, method: Method, path: &str, body: &str, signature: &str) -> Response {
        let url = format!("{}{}", self.sim.url(System::AccessGrid), path.trim_start_matches('/'));
        let request = self.http.request(method, url).header("X-ACCT-ID", &self.account.id);
        let request = request.header("X-PAYLOAD-SIG", signature).header("Content-Type", "application/json");
        request.header("User-Agent", "test-desk/1").body(body.to_owned()).send().await.unwrap()
    }

    fn sign(&self, payload: &str) -> String {
        sign(&self.account.secret, payload)
    }

    /// A call without a body, signed over the id that the vendor's own clients would name.
    async fn bare(&self, method: Method, path: &str) -> (u16, Value) {
        let plain = path.split('?').next().unwrap();
        let mut parts = plain.rsplit('/');
        let last = parts.next().unwrap();
        let id = if last.parse::<Action>().is_ok() { parts.next().unwrap() } else { last };
        let payload = json!({ "id": id }).to_string();
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{mark}sig_payload={}", encoded(&payload));
        read(self.raw(method, &path, "", &self.sign(&payload)).await).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.bare(Method::GET, path).await
    }

    async fn act(&self, id: &str, action: Action) -> (u16, Value) {
        self.bare(Method::POST, &format!("/v1/key-cards/{id}/{action}")).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let body = body.to_string();
        read(self.raw(method, path, &body, &self.sign(&body)).await).await
    }

    async fn issue(&self, more: Value) -> (u16, Value) {
        let mut body = json!({
            "card_template_id": APPLE_TEMPLATE, "full_name": "Rosa Díaz", "employee_id": "E-4471",
            "email": "rosa@site.example", "start_date": "2026-06-01T08:00:00Z",
            "expiration_date": "2027-03-01T08:00:00Z", "metadata": { "console_ref": "r1" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send(Method::POST, "/v1/key-cards", body).await
    }

    /// A pass in a state, made anew.
    async fn in_state(&self, state: State) -> String {
        let id = self.issue(json!({})).await.1["id"].as_str().unwrap().to_owned();
        if matches!(state, State::Active | State::Suspended | State::Unlink) {
            self.grid.install(&id, DeviceType::Iphone).unwrap();
        }
        let action = match state {
            State::Created | State::Active => return id,
            State::Suspended => Action::Suspend,
            State::Unlink => Action::Unlink,
            State::Deleted => Action::Delete,
        };
        assert_eq!(self.act(&id, action).await.0, 200);
        id
    }

    fn state(&self, id: &str) -> State {
        self.grid.passes(id)[0].state
    }

    async fn close(self) {
        self.sim.stop().await;
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json", "all answers are JSON");
    (status, response.json().await.unwrap())
}

fn sign(secret: &str, payload: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let message = base64::engine::general_purpose::STANDARD.encode(payload);
    ring::hmac::sign(&key, message.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The one pass of a person of the guides.
fn pass_of(desk: &Desk, index: u32) -> TruePass {
    let mut passes = desk.grid.passes_of(&format!("E{}", 10_422 + index));
    assert_eq!(passes.len(), 1);
    passes.remove(0)
}

#[tokio::test]
async fn the_people_of_the_guides_are_served() {
    let desk = Desk::open().await;
    let jane = pass_of(&desk, JANE);
    let (status, shown) = desk.get(&format!("/v1/key-cards/{}", jane.id)).await;
    assert_eq!((status, &shown["state"], &shown["full_name"]), (200, &json!("suspended"), &json!("Jane Doe")));
    assert!(shown["metadata"]["console_ref"].is_null());
    let john = pass_of(&desk, JOHN);
    let (_, shown) = desk.get(&format!("/v1/key-cards/{}", john.id)).await;
    let tag = shown["metadata"]["console_ref"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(tag).unwrap().get_version_num(), 4);
    assert!(desk.grid.issued().iter().any(|issue| issue.ids == [john.id.clone()] && issue.console_ref == tag));
    for member in [
        "id",
        "state",
        "install_url",
        "card_template_id",
        "full_name",
        "employee_id",
        "card_number",
        "site_code",
        "expiration_date",
        "start_date",
        "created_at",
        "updated_at",
        "temporary",
        "devices",
        "metadata",
    ] {
        assert!(shown.get(member).is_some(), "{member} is always there");
    }
    assert!(shown.get("details").is_none() && shown["card_number"].is_string() && shown["metadata"].is_object());
    desk.close().await;
}

#[tokio::test]
async fn what_others_do_reaches_the_account_over_the_control_port() {
    let desk = Desk::open().await;
    let control = |path: &str| format!("{}/accessgrid{path}", desk.sim.control_url());
    let john = pass_of(&desk, JOHN).id;
    let post = async |path: &str, body: Value| {
        read(desk.http.post(control(path)).body(body.to_string()).send().await.unwrap()).await
    };
    assert_eq!(post("/foreign", json!({ "pass": john, "kind": "device_lost" })).await.0, 200);
    assert_eq!(desk.state(&john), State::Suspended);
    let (_, made) = post("/foreign", json!({ "pass": john, "kind": "copy" })).await;
    let copy = &desk.grid.passes(made["pass"].as_str().unwrap())[0];
    assert_eq!((copy.created_by, copy.metadata.contains_key("console_ref")), (Author::Foreign, true));
    assert_eq!(post("/foreign", json!({ "pass": "nothing", "kind": "expire" })).await.0, 400);
    assert_eq!(post("/foreign", json!({ "pass": john, "kind": "expire", "wehn": "now" })).await.0, 400);
    assert_eq!(post("/switches", json!({ "pair_action": "first_half" })).await.1["pair_action"], "first_half");
    assert_eq!(post("/switches", json!({ "no_such": 1 })).await.0, 400);
    assert_eq!(post("/balance", json!({ "cents": 3 })).await.0, 200);
    let world = read(desk.http.get(control("/world")).send().await.unwrap()).await.1;
    assert_eq!((&world["balance"], &world["events"]), (&json!(3), &json!(2)));
    let log = read(desk.http.get(control("/log")).send().await.unwrap()).await.1;
    assert_eq!(log["received"], 0, "the control port is not the vendor's");
    let shown = read(desk.http.get(control(&format!("/passes/{john}"))).send().await.unwrap()).await.1;
    assert_eq!(shown[0]["suspended_by"], "holder");
    let account = &desk.account.id;
    assert_eq!(post("/accounts", json!({ "account": account, "disabled": true })).await.0, 200);
    assert_eq!(desk.get("/v1/key-cards").await.0, 401);
    assert_eq!(post("/accounts", json!({ "account": account, "disabled": false })).await.0, 200);
    assert_eq!(post("/throttle", json!({ "calls": 1 })).await.0, 200);
    assert_eq!((desk.get("/v1/key-cards").await.0, desk.get("/v1/key-cards").await.0), (429, 200));
    desk.close().await;
}

#[tokio::test]
async fn others_may_act_around_a_write() {
    let desk = Desk::open().await;
    let id = desk.in_state(State::Active).await;
    let act = |when, kind| ForeignAct { pass: id.clone(), kind, when };
    let before = ForeignKind::Act { action: Action::Suspend };
    desk.grid.foreign(act(Moment::BeforeNextWrite, before)).unwrap();
    assert_eq!(desk.get(&format!("/v1/key-cards/{id}")).await.1["state"], "active", "reads wake nobody");
    assert_eq!(desk.act(&id, Action::Suspend).await.0, 422, "somebody came first");
    desk.grid.foreign(act(Moment::AfterNextWrite, ForeignKind::DeviceFound)).unwrap();
    desk.switch(&json!({ "found_resumes_api_suspend": true }));
    let (status, answer) = desk.send(Method::PATCH, &format!("/v1/key-cards/{id}"), json!({ "title": "Boss" })).await;
    assert_eq!((status, &answer["state"]), (200, &json!("suspended")));
    assert_eq!(desk.state(&id), State::Active);
    desk.close().await;
}
