//! The key of the ledger's MACs.

use super::place;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::path::Path;

const KEY_BYTES: usize = 32;

/// The ledger key. It is never shown, and there is no way to get it out again.
#[derive(Clone)]
pub(super) struct LedgerKey(hmac::Key);

impl std::fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LedgerKey(..)")
    }
}

impl LedgerKey {
    /// A key that lives as long as the process.
    pub(super) fn fresh() -> io::Result<Self> {
        Ok(Self::of(&random()?))
    }

    /// Reads the key file; `None` if there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        from_hex(text.trim())
            .filter(|bytes| bytes.len() == KEY_BYTES)
            .map(|bytes| Some(Self::of(&bytes)))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the ledger key is not 64 hex digits"))
    }

    /// A new key, and the text to [`Self::keep`] it by.
    pub(super) fn draw() -> io::Result<(Self, String)> {
        let bytes = random()?;
        Ok((Self::of(&bytes), format!("{}\n", hex(&bytes))))
    }

    /// Makes the key file.
    pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            place::private_folder(folder)?;
        }
        place::create_once(path, text.as_bytes())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// HMAC-SHA-256, hex.
    pub(super) fn mac(&self, text: &str) -> String {
        hex(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }

    /// True if `mac` was made with this key over `text`.
    pub(super) fn agrees(&self, text: &str, mac: &str) -> bool {
        from_hex(mac).is_some_and(|mac| hmac::verify(&self.0, text.as_bytes(), &mac).is_ok())
    }
}

/// Random bytes from the operating system.
pub(super) fn random() -> io::Result<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gave no random bytes"))?;
    Ok(bytes)
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

/// Only lower-case digits count, so that one value has one spelling and an edit of the letters' case is found.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
