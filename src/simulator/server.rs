//! The sockets of one simulated vendor: HTTP/1.1 on loopback, plain or with TLS, with a listener that can be
//! closed and opened, so that a refused connection can be played as well.

use super::digest::sha256_hex;
use super::pipeline::Pipeline;
use anyhow::Context as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What happens to a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// It is served.
    #[default]
    Open,
    /// It is refused: nobody listens.
    Closed,
    /// It is accepted and closed before a byte is read; with TLS, before the handshake.
    Slammed,
}

/// What the door should be, and what it is. Setting it waits until it is so.
#[derive(Debug)]
pub struct Doorkeeper {
    wanted: watch::Sender<Door>,
    actual: watch::Sender<Door>,
}

impl Default for Doorkeeper {
    fn default() -> Self {
        Self { wanted: watch::Sender::new(Door::Open), actual: watch::Sender::new(Door::Open) }
    }
}

impl Doorkeeper {
    /// Sets the door and waits until new connections meet it.
    pub async fn set(&self, door: Door) {
        let mut actual = self.actual.subscribe();
        self.wanted.send_replace(door);
        // Both ends live in this struct; an accept loop that has stopped needs no door.
        let _ = tokio::time::timeout(Duration::from_secs(5), actual.wait_for(|is| *is == door)).await;
    }

    /// What new connections meet now.
    pub fn door(&self) -> Door {
        *self.actual.borrow()
    }
}

/// A certificate made at start for `localhost` and `127.0.0.1`.
pub struct Certificate {
    acceptor: TlsAcceptor,
    /// SHA-256 of the DER certificate, 64 hex digits.
    pub sha256: String,
    /// The certificate in PEM form, for clients that take a file of trusted roots.
    pub pem: String,
}

impl Certificate {
    /// Makes key and certificate.
    pub fn make() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
            .context("cannot make a certificate")?;
        let der = made.cert.der().clone();
        let sha256 = sha256_hex(&der);
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der())
            .map_err(|e| anyhow::anyhow!("cannot use the key just made: {e}"))?;
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .context("cannot use the certificate just made")?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), sha256, pem: made.cert.pem() })
    }
}

/// Binds a loopback address; `None` takes any free port of 127.0.0.1.
pub async fn bind(address: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves until told to stop.
pub async fn serve(
    listener: TcpListener,
    certificate: Option<TlsAcceptor>,
    pipeline: Arc<Pipeline>,
    doors: Arc<Doorkeeper>,
    stop: CancellationToken,
) {
    let Ok(address) = listener.local_addr() else { return };
    let mut wanted = doors.wanted.subscribe();
    let mut listener = Some(listener);
    loop {
        let door = *wanted.borrow_and_update();
        match door {
            Door::Closed => drop(listener.take()),
            Door::Open | Door::Slammed if listener.is_none() => {
                listener = TcpListener::bind(address).await.ok();
                if listener.is_none() {
                    // The port is briefly in other hands: try again rather than stay shut for good.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            }
            Door::Open | Door::Slammed => {}
        }
        doors.actual.send_replace(door);
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = wanted.changed() => if changed.is_err() { return },
            accepted = accepted => match accepted {
                Ok((stream, _)) if door == Door::Open => {
                    let (pipeline, certificate, stop) = (Arc::clone(&pipeline), certificate.clone(), stop.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = talk(stream, certificate, pipeline) => {}
                        }
                    });
                }
                Ok(_) => {}
                // Out of file handles or the like: give others time to close theirs.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

impl Certificate {
    /// What the accept loop needs of it.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

async fn talk(stream: TcpStream, certificate: Option<TlsAcceptor>, pipeline: Arc<Pipeline>) {
    // Without it, small answers wait for the delayed acknowledgement of the other side.
    let _ = stream.set_nodelay(true);
    match certificate {
        None => converse(stream, pipeline).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, pipeline).await;
            }
        }
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, pipeline: Arc<Pipeline>) {
    let service = service_fn(move |request| {
        let pipeline = Arc::clone(&pipeline);
        async move { pipeline.answer(request).await }
    });
    // An error here is a connection that a fault dropped or the client left: both are meant to end silently.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
