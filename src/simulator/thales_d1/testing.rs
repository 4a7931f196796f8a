//! A client of the simulated server that does as it is told, rightly or wrongly.

use super::handle::D1Handle;
use super::{ISSUER, KID};
use crate::domain::credential::System;
use crate::simulator::{SimOptions, Simulator, start};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

pub(super) struct Caller {
    pub sim: Simulator,
    pub http: reqwest::Client,
    pub token: String,
}

pub(super) fn signed(pem: &str, header: &Value, claims: &Value) -> String {
    let random = SystemRandom::new();
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der(), &random).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(&random, text.as_bytes()).unwrap().as_ref());
    format!("{text}.{signature}")
}

impl Caller {
    pub async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let begin = Some("2026-06-02T08:00:00Z".parse().unwrap());
        let sim =
            start(SimOptions { start: begin, frozen: true, cardholders: 600, ..SimOptions::default() }).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut caller = Self { sim, http, token: String::new() };
        caller.renew().await;
        caller
    }

    pub fn d1(&self) -> D1Handle {
        self.sim.d1()
    }

    pub fn good_claims(&self) -> Value {
        json!({ "iss": ISSUER, "sub": ISSUER, "exp": self.d1().now().as_second() + 600 })
    }

    pub async fn renew(&mut self) {
        let assertion = signed(self.sim.d1_private_key(), &json!({ "alg": "ES256", "kid": KID }), &self.good_claims());
        let (status, body) = self.ask_token(&assertion).await;
        assert_eq!(status, 200, "{body}");
        self.token = body["access_token"].as_str().unwrap().to_owned();
    }

    pub async fn ask_token(&self, assertion: &str) -> (u16, Value) {
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let url = format!("{}authz/v1/oauth2/token", self.sim.url(System::ThalesD1));
        let request = self.http.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// `path` after `/banking/`; `I` stands for the issuer's part.
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> (u16, String) {
        let path = path.replace("/I/", &format!("/issuers/{ISSUER}/"));
        let url = format!("{}banking/{path}", self.sim.url(System::ThalesD1));
        let mut request = self.http.request(method, url).header("Authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.call_with(Method::GET, path, &[], None).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let (status, text) = self.call_with(Method::POST, path, &[], Some(&body.to_string())).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub fn switch(&self, changes: Value) {
        self.d1().change_switches(&changes).unwrap();
    }

    /// Consumer, card and digital card of one of the people of the guides.
    pub fn ids_of(&self, index: u32) -> (String, String, String) {
        let consumer = self.d1().consumer_of(index).unwrap();
        let card = &consumer.cards[0];
        (consumer.id.clone(), card.id.clone(), card.digital[0].id.clone())
    }
}
