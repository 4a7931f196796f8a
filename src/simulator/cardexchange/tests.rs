//! The simulated tenant over real sockets, as clients meet it.

mod life;
mod lists;
mod open_points;
mod resources;

use super::{DataMode, ExchangeHandle};
use crate::domain::credential::System;
use crate::simulator::Author;
use crate::simulator::{SimOptions, Simulator, start};
use http::Method;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::time::Duration;

const START: &str = "2026-06-02T08:00:00Z";

/// A client of one running simulator, with one key.
struct Desk {
    sim: Simulator,
    world: ExchangeHandle,
    http: Client,
    key: String,
}

impl Desk {
    async fn open() -> Self {
        Self::with_people(400).await
    }

    async fn with_people(cardholders: u32) -> Self {
        // Only the first test of a process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = SimOptions { cardholders, start: START.parse().ok(), frozen: true, ..SimOptions::default() };
        let sim = start(options).await.unwrap();
        let http = Client::builder().timeout(Duration::from_secs(20)).no_proxy().build().unwrap();
        let key = sim.exchange_key();
        Self { world: sim.exchange(), sim, http, key }
    }

    /// The same desk with another key.
    fn with_key(self, mode: DataMode, author: Author) -> Self {
        Self { key: self.world.of(mode).key_of(author), ..self }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}api/v1/{path}", self.sim.url(System::CardExchange));
        let request = self.http.request(method, url).basic_auth(&self.key, Some(""));
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.call(Method::GET, path, None).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn rows(&self, path: &str) -> Vec<Value> {
        self.get(path).await.as_array().unwrap().clone()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.call(Method::POST, path, Some(body)).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// Status of a POST, and the names of the parameters that it complains of.
    async fn refused(&self, path: &str, body: Value) -> (u16, Vec<String>) {
        let response = self.call(Method::POST, path, Some(body)).await;
        let status = response.status().as_u16();
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status);
        (status, problem["errors"].as_object().unwrap().keys().cloned().collect())
    }

    /// All rows of a list, page by page.
    async fn all(&self, path: &str) -> Vec<Value> {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1.. {
            let rows = self.rows(&format!("{path}{join}per_page=100&page={page}")).await;
            if rows.is_empty() {
                break;
            }
            all.extend(rows);
        }
        all
    }

    fn switch(&self, changes: &Value) {
        self.world.change_switches(changes).unwrap();
    }

    /// A card in a state, of somebody who has just been made.
    async fn fresh_card(&self) -> (String, String, String) {
        let person =
            self.post("persons", json!({ "firstName": "Mo", "lastName": "Nyström", "birthDate": "1990-02-03" })).await;
        let profile = self.profile("Employee").await;
        let person = id(&person);
        let holder = self.post("cardholders", json!({ "person": person, "profile": profile })).await;
        let card = self.post("cards", json!({ "cardholder": id(&holder) })).await;
        (person, id(&holder), id(&card))
    }

    async fn profile(&self, name: &str) -> String {
        let holders = self.all("cardholders").await;
        let holder = holders.iter().find(|h| h["profile"]["name"] == name).unwrap();
        id(&holder["profile"])
    }
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(id).collect()
}
