//! The signature of a call (contract section 2): HMAC over the base64 text of exactly the bytes sent, or, without a
//! body, of a small JSON text that travels in the query.
//!
//! It covers neither method nor path nor time: a captured one fits every body-less call for the same pass. So it is
//! handled as what it is, a secret.

use super::AccessGrid;
use crate::backends::query::encoded;
use crate::backends::signature::{Signature, Signed, sensitive};
use crate::domain::ids::Link;
use crate::domain::text::Secret;
use crate::ports::provider::{ProviderError, ProviderErrorKind};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use std::fmt::Write as _;

const ACCOUNT: HeaderName = HeaderName::from_static("x-acct-id");
const PAYLOAD_SIGNATURE: HeaderName = HeaderName::from_static("x-payload-sig");
/// Last parts of a path that are no ids.
const ACTIONS: [&str; 4] = ["suspend", "resume", "unlink", "delete"];

/// Signs with an account's secret.
pub struct AccountSignature {
    account: HeaderValue,
    agent: HeaderValue,
    key: hmac::Key,
}

impl AccountSignature {
    /// `desk` distinguishes this installation in the vendor's event log; or empty. White space around account and
    /// secret is dropped: a pasted line end would look like a wrong key.
    ///
    /// # Errors
    /// If account or desk cannot stand in a header.
    pub fn new(account: &str, secret: &Secret, desk: &str) -> Result<Self, ProviderError> {
        let wrong = |what: &str| {
            ProviderError::new(
                ProviderErrorKind::NotConnected,
                format!("{what} holds characters that no header can carry"),
            )
        };
        let product = concat!("passdesk/", env!("CARGO_PKG_VERSION"));
        let agent = if desk.is_empty() { product.to_owned() } else { format!("{product} ({desk})") };
        Ok(Self {
            account: HeaderValue::from_str(account.trim()).map_err(|_| wrong("the account id"))?,
            agent: HeaderValue::from_str(&agent).map_err(|_| wrong("the desk's name"))?,
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.expose().trim().as_bytes()),
        })
    }

    fn hex(&self, payload: &[u8]) -> Secret {
        let tag = hmac::sign(&self.key, STANDARD.encode(payload).as_bytes());
        Secret::new(tag.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }
}

/// What a call without a body signs: the id that it is about, which is the last part of the path, or the one before
/// an action word.
fn payload_of(link: &Link) -> String {
    let path = link.as_str().split('?').next().unwrap_or_default();
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or_default();
    let id = if ACTIONS.contains(&last) { parts.next().unwrap_or_default() } else { last };
    serde_json::json!({ "id": id }).to_string()
}

#[async_trait]
impl Signature for AccountSignature {
    async fn sign(&self, _method: &str, link: &Link, body: &[u8]) -> Result<Signed, ProviderError> {
        let (signature, query) = if body.is_empty() {
            let payload = payload_of(link);
            (self.hex(payload.as_bytes()), Some(format!("sig_payload={}", encoded(&payload))))
        } else {
            (self.hex(body), None)
        };
        let headers = [
            (ACCOUNT, self.account.clone()),
            (PAYLOAD_SIGNATURE, sensitive(&signature)?),
            (USER_AGENT, self.agent.clone()),
        ];
        Ok(Signed { headers: HeaderMap::from_iter(headers), query })
    }
}

impl AccessGrid {
    /// True if an id can stand in a path as it is; others are shown and never asked for.
    pub(super) fn fits_a_path(id: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        !id.is_empty() && id.len() <= 70 && id.bytes().all(plain) && !ACTIONS.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_worked_vectors_of_the_contract_come_out() {
        // White space around both is a paste, not a secret.
        let signer = AccountSignature::new(" acct_1\n", &Secret::new("demo-secret-5Jx2\n".into()), "desk 4").unwrap();
        let body = r#"{"card_template_id":"tpl_7hq2","full_name":"Rosa Díaz","start_date":"2026-03-01T08:00:00Z","expiration_date":"2027-03-01T08:00:00Z"}"#;
        for (path, body, wanted) in [
            ("/v1/key-cards/pass_81kd", "", "a22ffada5a5f3aa9e92885394c1da074de51f01f075054ce943fb1c12a37052a"),
            ("/v1/key-cards/pass_81kd/suspend", "", "a22ffada5a5f3aa9e92885394c1da074de51f01f075054ce943fb1c12a37052a"),
            ("/v1/key-cards?page=2", "", "c3b8379180c528080711ad47d87163218e49a9f2609c865b4d607caa89da21aa"),
            ("/v1/key-cards", "{}", "f4ea53304035af7ed6b29de2fb503c8bcea6ff0996c818265d1cbe14b64f36a5"),
            (
                "/v1/key-cards",
                r#"{"id": "pass_81kd"}"#,
                "791ecb353d8e4e1f4e1920bcc7edc5505e36122697edc1eff35a465dd4d783be",
            ),
            ("/v1/key-cards", body, "2e5eac8e82fd9a282a91afa8be05394e36c727f3d7e624efdd31c5d55338da5d"),
        ] {
            let signed = signer.sign("POST", &path.parse().unwrap(), body.as_bytes()).await.unwrap();
            assert_eq!(signed.headers[PAYLOAD_SIGNATURE], wanted, "{path} {body}");
            assert!(signed.headers[PAYLOAD_SIGNATURE].is_sensitive(), "never printed");
            assert_eq!(signed.headers[ACCOUNT], "acct_1");
            assert!(signed.headers[USER_AGENT].to_str().unwrap().ends_with("(desk 4)"));
            assert_eq!(signed.query.is_some(), body.is_empty());
        }
        let signed = signer.sign("POST", &"/v1/key-cards/pass_81kd/suspend".parse().unwrap(), b"").await.unwrap();
        assert_eq!(signed.query.unwrap(), "sig_payload=%7B%22id%22%3A%22pass_81kd%22%7D");
    }

    #[test]
    fn ids_that_cannot_stand_in_a_path_are_known() {
        for good in ["mQ7xT_b2LwZ0aKe", "0xa1f7", "key_1-2"] {
            assert!(AccessGrid::fits_a_path(good), "{good}");
        }
        for bad in ["", "a/b", "a b", "a?b", "delete", "é", "..", "a%2fb"] {
            assert!(!AccessGrid::fits_a_path(bad), "{bad}");
        }
    }
}
