//! How a vendor knows that a request is ours: a fixed header, a signature over the bytes sent, a token that runs out.

use crate::domain::ids::Link;
use crate::domain::text::Secret;
use crate::ports::provider::{ProviderError, ProviderErrorKind};
use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// What is put on a request to sign it. Every value in here is a secret: never logged, never in an error.
#[derive(Default)]
pub struct Signed {
    /// Headers, marked as sensitive.
    pub headers: HeaderMap,
    /// What is appended to the query, already encoded and without `?` or `&` in front.
    pub query: Option<String>,
}

/// Signs requests. Called once a request, with exactly the bytes that go out.
#[async_trait]
pub trait Signature: Send + Sync {
    /// What makes this request ours.
    ///
    /// # Errors
    /// If it cannot be signed; nothing is sent then.
    async fn sign(&self, method: &str, link: &Link, body: &[u8]) -> Result<Signed, ProviderError>;

    /// Told of a 401: true if a new signature may help, so that a read may be tried once more. A change never is.
    async fn refused(&self) -> bool {
        false
    }
}

/// One header that never changes, such as an API key.
pub struct FixedKey(HeaderValue);

impl FixedKey {
    /// `authorization` is the whole value of that header.
    ///
    /// # Errors
    /// If it cannot stand in a header.
    pub fn new(authorization: &Secret) -> Result<Self, ProviderError> {
        Ok(Self(sensitive(authorization)?))
    }
}

/// A secret as the value of a header.
///
/// # Errors
/// If it cannot stand in a header.
pub fn sensitive(secret: &Secret) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
        ProviderError::new(ProviderErrorKind::NotConnected, "the key holds characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Signature for FixedKey {
    async fn sign(&self, _method: &str, _link: &Link, _body: &[u8]) -> Result<Signed, ProviderError> {
        Ok(Signed { headers: HeaderMap::from_iter([(AUTHORIZATION, self.0.clone())]), query: None })
    }
}

/// Nothing at all: for the call that asks for a token.
pub struct Unsigned;

#[async_trait]
impl Signature for Unsigned {
    async fn sign(&self, _method: &str, _link: &Link, _body: &[u8]) -> Result<Signed, ProviderError> {
        Ok(Signed::default())
    }
}
