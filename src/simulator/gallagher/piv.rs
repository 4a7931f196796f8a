//! What a PIV card carries beside its number (contract section 5.9).

use super::answer::Refusal;
use crate::simulator::clock::wire_time;
use jiff::Timestamp;
use serde_json::{Value, json};

/// All words of `pivStatus.type`.
const STATUSES: [&str; 12] = [
    "Normal",
    "Offline",
    "NotChecked",
    "Revoked",
    "Expired",
    "CertInChainRevoked",
    "CertInChainExpired",
    "IssuerSigCertRevoked",
    "IssuerSigCertExpired",
    "NotTrusted",
    "PolicyError",
    "OtherError",
];

/// The certificates, which are large and go out only when they are asked for.
const CERTIFICATES: [&str; 4] =
    ["contentSigningCert", "pivAuthenticationCert", "cardAuthenticationCert", "fingerprints"];

/// `pivData` of a card.
#[derive(Clone, Debug, PartialEq)]
pub struct PivData {
    /// `chuid`, as it was sent.
    chuid: Value,
    /// The certificates by name, as they were sent.
    certificates: Vec<(&'static str, String)>,
    status: &'static str,
    checked: Timestamp,
}

impl PivData {
    /// What the site knows of a card that was enrolled long ago.
    pub fn enrolled(number: &str, checked: Timestamp) -> Self {
        let certificates = vec![(CERTIFICATES[0], "MIIB".to_owned()), (CERTIFICATES[1], "MIIC".to_owned())];
        Self { chuid: json!({ "fascn": number }), certificates, status: "Normal", checked }
    }

    /// Reads the block of a new card.
    ///
    /// # Errors
    /// 400, if something mandatory is missing.
    pub fn read(block: &Value, now: Timestamp) -> Result<Self, Refusal> {
        let chuid = block.get("chuid").filter(|c| c.get("fascn").is_some_and(Value::is_string));
        let chuid = chuid.ok_or_else(|| Refusal::bad("pivData needs a chuid with a fascn"))?.clone();
        let mut certificates = Vec::new();
        for (place, name) in CERTIFICATES.into_iter().enumerate() {
            match block.get(name).and_then(Value::as_str) {
                Some(text) if is_base64(text) => certificates.push((name, text.to_owned())),
                None if place >= 2 => {}
                _ => return Err(Refusal::bad(format!("pivData needs {name} in base64"))),
            }
        }
        let mut made = Self { chuid, certificates, status: "NotChecked", checked: now };
        made.update(block, now)?;
        Ok(made)
    }

    /// Takes over the one member that can change; what else is sent is passed over.
    ///
    /// # Errors
    /// 400, if the word is none of the vendor's.
    pub fn update(&mut self, block: &Value, now: Timestamp) -> Result<(), Refusal> {
        let Some(word) = block.get("pivStatus").and_then(|s| s.get("type")) else { return Ok(()) };
        let known = STATUSES.into_iter().find(|status| word == status);
        self.status = known.ok_or_else(|| Refusal::bad("Invalid pivStatus"))?;
        self.checked = now;
        Ok(())
    }

    /// False: the card is inactive, whatever its own state.
    pub fn works(&self) -> bool {
        matches!(self.status, "Normal" | "Offline" | "NotChecked")
    }

    /// The block as it is served; `whole`: with the certificates.
    pub fn shown(&self, whole: bool) -> Value {
        let mut out = json!({
            "chuid": self.chuid, "pivStatus": { "type": self.status }, "lastCheckTime": wire_time(self.checked),
        });
        for (name, text) in self.certificates.iter().filter(|_| whole) {
            out[*name] = text.as_str().into();
        }
        out
    }
}

/// True for text that base64 can have made.
pub fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    !text.is_empty() && base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}
