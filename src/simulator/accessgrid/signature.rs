//! The signature of a call (contract section 2): over the base64 text of a payload, not over method, path or time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// True if `signature` is that of one of the payloads. The comparison takes the same time whatever it finds.
pub fn is_signed(secret: &str, signature: &str, payloads: &[&[u8]]) -> bool {
    let Some(tag) = bytes_of(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    payloads.iter().any(|payload| hmac::verify(&key, STANDARD.encode(payload).as_bytes(), &tag).is_ok())
}

/// 64 lower-case hex digits.
fn bytes_of(signature: &str) -> Option<[u8; 32]> {
    let digits = signature.as_bytes();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// What a call may have signed (contract section 2.2): a real body and nothing else; the body `{}` or what
/// `sig_payload` carries; without a body only the latter.
pub fn payloads<'a>(body: &'a [u8], sig_payload: Option<&'a str>) -> Vec<&'a [u8]> {
    let carried = sig_payload.map(str::as_bytes);
    match body {
        b"" => carried.into_iter().collect(),
        b"{}" => std::iter::once(body).chain(carried).collect(),
        body => vec![body],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    const SECRET: &str = "demo-secret-5Jx2";
    const BODY: &str = r#"{"card_template_id":"tpl_7hq2","full_name":"Rosa Díaz","start_date":"2026-03-01T08:00:00Z","expiration_date":"2027-03-01T08:00:00Z"}"#;

    #[test]
    fn the_worked_vectors_of_the_contract_are_accepted() {
        for (payload, signature) in [
            (r#"{"id":"pass_81kd"}"#, "a22ffada5a5f3aa9e92885394c1da074de51f01f075054ce943fb1c12a37052a"),
            (r#"{"id": "pass_81kd"}"#, "791ecb353d8e4e1f4e1920bcc7edc5505e36122697edc1eff35a465dd4d783be"),
            (r#"{"id":"key-cards"}"#, "c3b8379180c528080711ad47d87163218e49a9f2609c865b4d607caa89da21aa"),
            ("{}", "f4ea53304035af7ed6b29de2fb503c8bcea6ff0996c818265d1cbe14b64f36a5"),
            (BODY, "2e5eac8e82fd9a282a91afa8be05394e36c727f3d7e624efdd31c5d55338da5d"),
        ] {
            assert!(is_signed(SECRET, signature, &[payload.as_bytes()]), "{payload}");
            assert!(!is_signed("another secret", signature, &[payload.as_bytes()]), "{payload}");
            assert!(!is_signed(SECRET, &signature.to_uppercase(), &[payload.as_bytes()]), "{payload}");
            let other = payload.replace('i', "j");
            assert!(other == payload || !is_signed(SECRET, signature, &[other.as_bytes()]), "{payload}");
        }
    }

    #[test]
    fn the_plain_digest_of_the_vendors_prose_is_refused() {
        let payload = br#"{"id":"pass_81kd"}"#;
        let text = format!("{SECRET}{}", STANDARD.encode(payload));
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let digest = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert!(digest.starts_with("76a2b798"), "the contract's own figure: {digest}");
        assert!(!is_signed(SECRET, &digest, &[payload]));
    }

    #[test]
    fn a_body_is_never_left_unsigned() {
        assert_eq!(payloads(b"{\"a\":1}", Some("{}")), [b"{\"a\":1}"]);
        assert_eq!(payloads(b"{}", Some("{\"id\":\"x\"}")), [&b"{}"[..], b"{\"id\":\"x\"}"]);
        assert_eq!(payloads(b"", Some("{\"id\":\"x\"}")), [b"{\"id\":\"x\"}"]);
        assert!(payloads(b"", None).is_empty());
    }
}
