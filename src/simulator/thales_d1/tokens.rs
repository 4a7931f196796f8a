//! The keys of the issuer's systems, and the token endpoint (contract section 3).

use super::answer::{Answer, Refusal, Reply};
use super::bank::Bank;
use super::{ISSUER, KID, OTHER_KID};
use crate::simulator::Author;
use crate::simulator::clock::later;
use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// How long an assertion, and then a token, is good for, in seconds.
const QUARTER_HOUR: i64 = 900;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// One key pair that was onboarded.
pub struct SigningKey {
    /// Which it is.
    pub kid: &'static str,
    /// Whose it is.
    pub by: Author,
    /// Private half: PKCS#8 in PEM.
    pub pem: String,
    public: Vec<u8>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// A new P-256 pair. It is never the same twice: keys do not come from seeds.
    ///
    /// # Errors
    /// If the machine has no randomness.
    pub fn make(kid: &'static str, by: Author) -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| anyhow!("no key pair can be made"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .map_err(|why| anyhow!("a new key pair cannot be used: {why}"))?;
        let text = STANDARD.encode(document.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|b| char::from(*b)));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(Self { kid, by, pem, public: pair.public_key().as_ref().to_vec() })
    }
}

/// Both key pairs: the console's, and that of the issuer's other system.
///
/// # Errors
/// If the machine has no randomness.
pub fn make_keys() -> anyhow::Result<[SigningKey; 2]> {
    Ok([SigningKey::make(KID, Author::Console)?, SigningKey::make(OTHER_KID, Author::Foreign)?])
}

/// The token endpoint: 400 for whatever is wrong with the assertion.
pub fn token(
    bank: &mut Bank,
    keys: &[SigningKey],
    form: &[(String, String)],
    now: Timestamp,
) -> (Reply, Option<Author>) {
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
    if field("grant_type") != GRANT {
        return (Err(Refusal::value("grant_type")), None);
    }
    let Some(by) = signer(field("assertion"), keys, now, bank.switches.audience.as_deref()) else {
        return (Err(Refusal::value("assertion")), None);
    };
    let text = format!("sim.{:016x}{:016x}.{:016x}", bank.draw(), bank.draw(), bank.draw());
    bank.tokens.retain(|_, (until, _)| *until > now);
    bank.tokens.insert(text.clone(), (later(now, QUARTER_HOUR), by));
    let body = json!({
        "access_token": text,
        "expires_in": QUARTER_HOUR,
        "scope": bank.switches.scope,
        "token_type": "Bearer",
    });
    (Ok(Answer::read(body)), Some(by))
}

/// Whose key signed an assertion; `None` if any rule of contract section 3 is broken.
fn signer(assertion: &str, keys: &[SigningKey], now: Timestamp, audience: Option<&str>) -> Option<Author> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (header, claims) = (part(header)?, part(claims)?);
    let key = keys.iter().find(|key| header["kid"] == key.kid)?;
    if header["alg"] != "ES256" {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public).verify(signed.as_bytes(), &signature).ok()?;
    let until = claims["exp"].as_i64()?;
    let good = claims["iss"] == ISSUER
        && claims["sub"] == claims["iss"]
        && until > now.as_second()
        && until <= now.as_second().saturating_add(QUARTER_HOUR)
        && audience.is_none_or(|wanted| claims["aud"] == wanted);
    good.then_some(key.by)
}

/// Whose a bearer token is.
pub fn bearer(bank: &Bank, header: Option<&str>, now: Timestamp) -> Result<Author, Refusal> {
    let token = header.and_then(|text| text.strip_prefix("Bearer "));
    let found = token.and_then(|token| bank.tokens.get(token)).filter(|(until, _)| *until > now);
    found.map(|(_, by)| *by).ok_or_else(|| Refusal::unauthorised(&bank.switches))
}
