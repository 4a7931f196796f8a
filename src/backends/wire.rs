//! The way to a vendor: over the network, or to a server inside this process. It is the one place below which nothing
//! of ours decides anything: signatures, limits, repeats and judgements are all above it, and run in either case.

use super::http::{Limits, chain};
use super::tls::{self, AskedInVain, Trust};
use crate::domain::ids::TenantName;
use crate::domain::origin::Origin;
use crate::domain::text::SafeText;
use crate::ports::provider::{ProviderError, ProviderErrorKind};
use crate::ports::requests::{RequestLine, RequestLog};
use async_trait::async_trait;
use reqwest::{Client, ClientBuilder, Request, Response, redirect, retry};
use std::sync::Arc;

/// How a tenant's system is reached.
#[derive(Clone)]
pub enum Way {
    /// Over the network, with this trust.
    Network(Trust),
    /// To a server inside this process. Nothing that a site file can say leads here.
    Within(Arc<dyn Wire>),
    /// One of the others, and each request is remembered for people to read.
    Noted(Box<Self>, TenantName, Arc<RequestLog>),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(trust) => f.debug_tuple("Network").field(trust).finish(),
            Self::Within(_) => f.write_str("Within(..)"),
            Self::Noted(way, ..) => f.debug_tuple("Noted").field(way).finish(),
        }
    }
}

impl Default for Way {
    fn default() -> Self {
        Self::Network(Trust::default())
    }
}

impl From<Trust> for Way {
    fn from(trust: Trust) -> Self {
        Self::Network(trust)
    }
}

impl Way {
    /// True if we have a certificate to show.
    pub(super) fn shows_certificate(&self) -> bool {
        match self {
            Self::Network(trust) => trust.client.is_some(),
            Self::Within(_) => false,
            Self::Noted(way, ..) => way.shows_certificate(),
        }
    }
}

/// Carries one request to a server and its answer back. It never repeats one and follows nothing.
#[async_trait]
pub trait Wire: Send + Sync {
    /// One exchange.
    ///
    /// # Errors
    /// How far it came is all that an error has to say: [`WireError`].
    async fn exchange(&self, request: Request) -> Result<Response, WireError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// As the network client says it.
    #[error("{}", chain(.0))]
    Network(reqwest::Error),
    /// Nobody took the connection: no byte was sent.
    #[error("nobody listens there")]
    Refused,
    /// The connection broke before there was an answer.
    #[error("the connection broke before there was an answer")]
    Cut,
    /// There was no answer in time.
    #[error("there was no answer in time")]
    TimedOut,
}

impl WireError {
    /// No connection ever stood, so that no byte of the request was written to it.
    pub(super) fn is_connect(&self) -> bool {
        match self {
            Self::Network(error) => error.is_connect(),
            other => matches!(other, Self::Refused),
        }
    }

    pub(super) fn is_timeout(&self) -> bool {
        match self {
            Self::Network(error) => error.is_timeout(),
            other => matches!(other, Self::TimedOut),
        }
    }

    /// Why the server is not who it should be, if that is why.
    pub(super) fn distrust(&self) -> Option<&'static str> {
        match self {
            Self::Network(error) => tls::distrust(error),
            _ => None,
        }
    }

    /// True if the server broke off because of our own certificate.
    pub(super) fn refuses_our_certificate(&self) -> bool {
        matches!(self, Self::Network(error) if tls::refuses_our_certificate(error))
    }
}

#[async_trait]
impl Wire for Client {
    async fn exchange(&self, request: Request) -> Result<Response, WireError> {
        // An address may hold a person's name.
        self.execute(request).await.map_err(|e| WireError::Network(e.without_url()))
    }
}

/// A wire whose requests are remembered, without headers and bodies: what is secret stands in those.
struct Noted {
    wire: Arc<dyn Wire>,
    tenant: TenantName,
    log: Arc<RequestLog>,
}

#[async_trait]
impl Wire for Noted {
    async fn exchange(&self, request: Request) -> Result<Response, WireError> {
        let clock = self.log.clock();
        let (at, since) = (clock.now(), clock.elapsed());
        let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut line = RequestLine {
            at,
            tenant: self.tenant.clone(),
            method: SafeText::of(request.method().as_str()),
            path: RequestLine::place(request.url().path(), request.url().query()),
            sent: request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len),
            status: None,
            took: std::time::Duration::ZERO,
            problem: SafeText::default(),
            correlation: SafeText::of(said("x-correlation-id")),
        };
        let result = self.wire.exchange(request).await;
        line.took = clock.elapsed().saturating_sub(since);
        match &result {
            Ok(response) => line.status = Some(response.status().as_u16()),
            Err(error) => line.problem = SafeText::of(&error.to_string()),
        }
        self.log.note(line);
        result
    }
}

/// The wires of one tenant: reading may pool and unpack, changing neither.
pub(super) struct Wires {
    pub(super) reads: Arc<dyn Wire>,
    pub(super) mutations: Arc<dyn Wire>,
    pub(super) asked: AskedInVain,
}

impl Wires {
    /// The wires of a way.
    ///
    /// # Errors
    /// If trust cannot be set up.
    pub(super) fn of(way: &Way, origin: &Origin, limits: Limits) -> Result<Self, ProviderError> {
        match way {
            Way::Noted(way, tenant, log) => {
                let Self { reads, mutations, asked } = Self::of(way, origin, limits)?;
                let noted = |wire| Arc::new(Noted { wire, tenant: tenant.clone(), log: Arc::clone(log) });
                Ok(Self { reads: noted(reads), mutations: noted(mutations), asked })
            }
            Way::Within(wire) => {
                let (reads, mutations) = (Arc::clone(wire), Arc::clone(wire));
                Ok(Self { reads, mutations, asked: AskedInVain::default() })
            }
            Way::Network(trust) => {
                let tls = if origin.is_https() {
                    trust.client_config()
                } else {
                    Trust::nobody().map(|tls| (tls, AskedInVain::default()))
                };
                Self::over_network(origin, limits, tls.map_err(|e| broken(e.to_string()))?)
            }
        }
    }

    /// As [`of`](Self::of), with a TLS configuration that has been made.
    pub(super) fn over_network(
        origin: &Origin,
        limits: Limits,
        (tls, asked): (rustls::ClientConfig, AskedInVain),
    ) -> Result<Self, ProviderError> {
        let common = || -> ClientBuilder {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .https_only(origin.is_https())
                .http1_only()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .referer(false)
                .retry(retry::never())
                .connect_timeout(limits.connect)
                .timeout(limits.total)
                .user_agent(concat!("passdesk/", env!("CARGO_PKG_VERSION")))
        };
        let build = |builder: ClientBuilder| builder.build().map_err(|e| broken(chain(&e.without_url())));
        let reads = build(common().gzip(true).pool_max_idle_per_host(limits.in_flight))?;
        let mutations = build(common().no_gzip().pool_max_idle_per_host(0))?;
        Ok(Self { reads: Arc::new(reads), mutations: Arc::new(mutations), asked })
    }
}

fn broken(why: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::NotConnected, why)
}
