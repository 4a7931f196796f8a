//! Tokens: an assertion signed with our key is changed into a token that lives a quarter of an hour (contract
//! section 3), one for all calls, renewed early and by one call at a time.

use super::{ProviderError, ProviderErrorKind};
use crate::backends::http::Reads;
use crate::backends::query::encoded;
use crate::backends::signature::{Signature, Signed, sensitive};
use crate::domain::ids::Link;
use crate::domain::text::{SafeText, Secret};
use crate::ports::clock::{Clock, Ids};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use std::sync::{Arc, Mutex as Held, PoisonError};
use tokio::sync::Mutex;

/// The assertion may live a quarter of an hour; a clock that is five minutes off still does.
const ASSERTION_S: i64 = 600;
/// How long a token is used that does not say how long it lives.
const UNSAID_S: i64 = 600;
/// Clocks that differ by more are named in the log: the assertion's end depends on them.
const SKEW_S: i64 = 60;

/// Our key pair, ready to sign.
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl SigningKey {
    /// Reads PKCS#8 in PEM.
    ///
    /// # Errors
    /// If it is none, or not of the curve P-256.
    pub(super) fn read(pem: &Secret) -> Result<Self, ProviderError> {
        let bad = |why: &str| ProviderError::new(ProviderErrorKind::NotConnected, why);
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.expose().as_bytes())
            .map_err(|_| bad("the secret is not a private key: D1 wants PKCS#8 in PEM (BEGIN PRIVATE KEY)"))?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &random)
            .map_err(|_| bad("the private key is not one of the curve P-256, the only one that D1 takes (ES256)"))?;
        Ok(Self { pair, random })
    }

    fn sign(&self, text: &str) -> Result<String, ProviderError> {
        let signature = self.pair.sign(&self.random, text.as_bytes());
        let signature =
            signature.map_err(|_| ProviderError::new(ProviderErrorKind::NotConnected, "the key cannot sign"))?;
        Ok(URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

struct Token {
    header: HeaderValue,
    renew: Timestamp,
    end: Timestamp,
}

/// What the token endpoint said last: a token, or that it does not want us.
#[derive(Default)]
struct Kept {
    token: Option<Token>,
    refusal: Option<ProviderError>,
}

/// Signs every request with a token; each request has an id of its own for the vendor's support.
pub(super) struct Tokens {
    pub issuer: String,
    pub kid: String,
    pub audience: String,
    pub key: SigningKey,
    /// The client that asks for tokens; it signs nothing itself.
    pub reads: Reads,
    pub link: Link,
    /// True if there is a client certificate; if not, the server may want one.
    pub knows_us: bool,
    /// Who asks, sent on v2 only (contract section 14, row 14).
    pub user: Option<HeaderValue>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    kept: Mutex<Kept>,
    scope: Held<String>,
}

/// What is configured about tokens.
pub(super) struct Identity {
    pub issuer: String,
    pub kid: String,
    pub audience: String,
    pub user: Option<String>,
    pub knows_us: bool,
}

impl Tokens {
    pub(super) fn new(
        identity: Identity,
        key: SigningKey,
        (reads, link): (Reads, Link),
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
    ) -> Result<Self, ProviderError> {
        let user =
            identity.user.map(HeaderValue::try_from).transpose().map_err(|_| {
                ProviderError::new(ProviderErrorKind::Invalid, "the user handle cannot stand in a header")
            })?;
        let Identity { issuer, kid, audience, knows_us, .. } = identity;
        let (kept, scope) = (Mutex::default(), Held::default());
        Ok(Self { issuer, kid, audience, key, reads, link, knows_us, user, clock, ids, kept, scope })
    }

    /// Forgets that we were refused, so that the next call asks again.
    pub(super) async fn try_again(&self) {
        self.reads.try_key_again();
        self.kept.lock().await.refusal = None;
    }

    /// What the last token may do, in the vendor's words.
    pub(super) fn scope(&self) -> String {
        self.scope.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The header of a token that is good for now. Whoever comes while one is being fetched waits for that one.
    async fn header(&self) -> Result<HeaderValue, ProviderError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.token.as_ref().filter(|token| now < token.renew) {
            return Ok(token.header.clone());
        }
        if let Some(refusal) = &kept.refusal {
            return Err(refusal.clone());
        }
        match self.fetch(now).await {
            Ok(token) => {
                let header = token.header.clone();
                kept.token = Some(token);
                Ok(header)
            }
            Err(error) => {
                if error.kind == ProviderErrorKind::Unauthorised {
                    kept.refusal = Some(error.clone());
                }
                // One that has not run out is as good as a new one.
                let old = kept.token.as_ref().filter(|token| now < token.end).map(|token| token.header.clone());
                old.ok_or(error)
            }
        }
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, ProviderError> {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" });
        let claims = json!({
            "iss": self.issuer,
            "sub": self.issuer,
            "aud": self.audience,
            "iat": now.as_second(),
            "exp": now.as_second() + ASSERTION_S,
        });
        let text = format!("{}.{}", part(&header), part(&claims));
        let assertion = format!("{text}.{}", self.key.sign(&text)?);
        let grant = encoded("urn:ietf:params:oauth:grant-type:jwt-bearer");
        let form = format!("grant_type={grant}&assertion={assertion}");
        let answer = self.reads.sign_in(&self.link, form).await.map_err(|error| self.explained(error))?;
        if let Some(server) = answer.server_date {
            let skew = server.as_second() - now.as_second();
            if skew.abs() > SKEW_S {
                tracing::warn!(skew, "this machine's clock and the server's differ by so many seconds");
            }
        }
        let text = |name: &str| answer.value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        if text("access_token").is_empty() {
            return Err(ProviderError::new(ProviderErrorKind::Unreadable, "the token answer holds no token"));
        }
        let header = sensitive(&Secret::new(format!("Bearer {}", text("access_token"))))?;
        text("scope").clone_into(&mut self.scope.lock().unwrap_or_else(PoisonError::into_inner));
        let lives = answer.value.get("expires_in").and_then(serde_json::Value::as_f64).unwrap_or(UNSAID_S as f64);
        let lives = (lives as i64).clamp(1, 86_400);
        let after = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        Ok(Token { header, renew: after(lives * 4 / 5), end: after(lives) })
    }

    /// Why there is no token, in words that say what to do.
    fn explained(&self, mut error: ProviderError) -> ProviderError {
        let said = error.detail.as_str().to_owned();
        if matches!(error.status, Some(400 | 401 | 403)) {
            error.kind = ProviderErrorKind::Unauthorised;
            error.detail = SafeText::of(&format!(
                "the signed assertion was refused: check issuer_id, kid, the private key and this machine's clock ({said})"
            ));
        }
        let alert = ["CertificateRequired", "HandshakeFailure", "BadCertificate", "certificate required"];
        if error.status.is_none() && !self.knows_us && alert.iter().any(|word| said.contains(word)) {
            error.kind = ProviderErrorKind::Unauthorised;
            error.said = SafeText::of("a client certificate is required");
            error.detail = SafeText::of(&format!(
                "the server wants a client certificate: name client_cert_file and client_key_file in the site file ({said})"
            ));
        }
        error
    }
}

#[async_trait]
impl Signature for Tokens {
    async fn sign(&self, method: &str, link: &Link, _body: &[u8]) -> Result<Signed, ProviderError> {
        let mut signed = Signed::default();
        signed.headers.insert(AUTHORIZATION, self.header().await?);
        // Random, so that it tells nothing about anybody; fits the patterns of both versions (contract section 4).
        let correlation = self.ids.random_uuid().to_string();
        tracing::info!(method, path = %link.as_str().split('?').next().unwrap_or_default(), correlation, "asks Thales D1");
        if let Ok(value) = HeaderValue::try_from(correlation) {
            signed.headers.insert(HeaderName::from_static("x-correlation-id"), value);
        }
        if let (Some(user), true) = (&self.user, link.as_str().contains("/v2/")) {
            signed.headers.insert(HeaderName::from_static("x-user-id"), user.clone());
        }
        Ok(signed)
    }

    async fn refused(&self) -> bool {
        self.kept.lock().await.token = None;
        true
    }
}
