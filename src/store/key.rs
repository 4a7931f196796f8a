//! The key of the ledger's MACs.

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::path::Path;

const KEY_BYTES: usize = 32;

/// Where the ledger key is kept (decision 21).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPlace {
    /// In memory, or nowhere: it is lost.
    Nowhere,
    /// In a 0600 file of the account: whoever can read that can forge the ledger.
    File,
    /// In the keyring of the operating system.
    Keyring,
}

/// The ledger key. It is never shown, and there is no way to get it out again.
#[derive(Clone)]
pub(super) struct LedgerKey {
    key: hmac::Key,
    place: KeyPlace,
}

impl std::fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LedgerKey(..)")
    }
}

impl LedgerKey {
    /// A key that lives as long as the process.
    pub(super) fn fresh() -> io::Result<Self> {
        Ok(Self::of(&random()?, KeyPlace::Nowhere))
    }

    /// Reads the key: the file at `path`, or else, where this program was built with it, the keyring's entry for that
    /// path. `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is no key. A keyring that does not answer is an error, never a missing key: a lost key
    /// could be made anew over an empty ledger.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return kept::read(path),
            Err(e) => return Err(e),
        };
        Self::from_text(&text, KeyPlace::File).map(Some)
    }

    fn from_text(text: &str, place: KeyPlace) -> io::Result<Self> {
        from_hex(text.trim())
            .filter(|bytes| bytes.len() == KEY_BYTES)
            .map(|bytes| Self::of(&bytes, place))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the ledger key is not 64 hex digits"))
    }

    /// A new key, and the text to [`Self::keep`] it by.
    pub(super) fn draw() -> io::Result<(Self, String)> {
        let bytes = random()?;
        Ok((Self::of(&bytes, kept::PLACE), format!("{}\n", hex(&bytes))))
    }

    /// Keeps a key that was drawn just now.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
        kept::keep(path, text)
    }

    fn of(bytes: &[u8], place: KeyPlace) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, bytes), place }
    }

    /// Where it is kept.
    pub(super) fn place(&self) -> KeyPlace {
        self.place
    }

    /// HMAC-SHA-256, hex.
    pub(super) fn mac(&self, text: &str) -> String {
        hex(hmac::sign(&self.key, text.as_bytes()).as_ref())
    }

    /// True if `mac` was made with this key over `text`.
    pub(super) fn agrees(&self, text: &str, mac: &str) -> bool {
        from_hex(mac).is_some_and(|mac| hmac::verify(&self.key, text.as_bytes(), &mac).is_ok())
    }
}

/// Without the keyring: the 0600 file alone.
#[cfg(not(feature = "os-keyring"))]
mod kept {
    use super::super::place;
    use super::{KeyPlace, LedgerKey};
    use std::io;
    use std::path::Path;

    pub(super) const PLACE: KeyPlace = KeyPlace::File;

    #[expect(clippy::unnecessary_wraps, reason = "with the keyring it can fail")]
    pub(super) fn read(_: &Path) -> io::Result<Option<LedgerKey>> {
        Ok(None)
    }

    pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            place::private_folder(folder)?;
        }
        place::create_once(path, text.as_bytes())
    }
}

/// With the keyring of the operating system. A key that is a file already stays one until somebody moves it.
#[cfg(feature = "os-keyring")]
mod kept {
    use super::{KeyPlace, LedgerKey};
    use std::io;
    use std::path::Path;

    pub(super) const PLACE: KeyPlace = KeyPlace::Keyring;

    pub(super) fn read(path: &Path) -> io::Result<Option<LedgerKey>> {
        let name = path.to_owned();
        let found = aside(move || match entry(&name)?.get_password() {
            Ok(text) => Ok(Some(text)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(silent(&error)),
        })?;
        found.map(|text| LedgerKey::from_text(&text, PLACE)).transpose()
    }

    pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
        let (name, text) = (path.to_owned(), text.trim().to_owned());
        aside(move || entry(&name)?.set_password(&text).map_err(|error| silent(&error)))
    }

    /// One entry a ledger: its name is the place where the file would be.
    fn entry(path: &Path) -> io::Result<keyring::Entry> {
        let path = std::path::absolute(path)?;
        keyring::Entry::new("passdesk ledger key", &path.to_string_lossy()).map_err(|error| silent(&error))
    }

    fn silent(error: &keyring::Error) -> io::Error {
        io::Error::other(format!("the keyring of this account does not answer: {error}"))
    }

    /// The keyring waits for its own bus, which must not happen on a thread of the event loop.
    fn aside<R: Send + 'static>(work: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
        std::thread::spawn(work).join().unwrap_or_else(|_| Err(io::Error::other("the keyring's thread ended")))
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
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
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
