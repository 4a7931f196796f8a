//! The operator's key pair (decision 9): what exports are signed with. The private half is a 0600 file of one account
//! and is never shown.

use super::key::{from_hex, hex, random};
use super::place;
use crate::domain::operator::PublicKey;
use ring::signature::{self, Ed25519KeyPair, KeyPair};
use std::io;
use std::path::Path;

const SEED_BYTES: usize = 32;

/// An Ed25519 key pair.
pub struct OperatorKey(Ed25519KeyPair);

impl std::fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorKey({})", self.public())
    }
}

impl OperatorKey {
    /// Makes a pair, unless there is one. True: it was made just now.
    ///
    /// # Errors
    /// If it cannot be written or read.
    pub fn init(path: &Path) -> io::Result<(Self, bool)> {
        if let Some(key) = Self::read(path)? {
            return Ok((key, false));
        }
        if let Some(folder) = path.parent() {
            place::private_folder(folder)?;
        }
        place::create_once(path, format!("{}\n", hex(&random()?)).as_bytes())?;
        // Of two that are started at once, one wins: what counts is what is in the file.
        let made = Self::read(path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok((made, true))
    }

    /// Reads the private half; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is no key.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        place::keep_private(path)?;
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "the operator's key is not 64 hex digits");
        let seed = from_hex(text.trim()).filter(|seed| seed.len() == SEED_BYTES).ok_or_else(bad)?;
        Ed25519KeyPair::from_seed_unchecked(&seed).map(|pair| Some(Self(pair))).map_err(|_| bad())
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs, hex.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        hex(self.0.sign(message).as_ref())
    }
}

/// True if the holder of the private half of `key` signed `message`.
pub(super) fn signed_by(key: PublicKey, message: &[u8], signature: &str) -> bool {
    let public = signature::UnparsedPublicKey::new(&signature::ED25519, key.0);
    from_hex(signature).is_some_and(|signature| public.verify(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_pair_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/operator.key");
        assert!(OperatorKey::read(&path).unwrap().is_none());
        let (key, made) = OperatorKey::init(&path).unwrap();
        assert!(made);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (again, made) = OperatorKey::init(&path).unwrap();
        assert!(!made && again.public() == key.public());
        assert!(!format!("{key:?}").contains(std::fs::read_to_string(&path).unwrap().trim()));
        let signature = key.sign(b"said");
        assert!(signed_by(key.public(), b"said", &signature));
        assert!(!signed_by(key.public(), b"sad", &signature));
        assert!(!signed_by(PublicKey([7; 32]), b"said", &signature));
        assert!(!signed_by(key.public(), b"said", &signature.to_uppercase()), "one value has one spelling");
        std::fs::write(&path, "short").unwrap();
        assert!(OperatorKey::init(&path).is_err(), "a key that is there is never replaced");
    }
}
