//! The sockets of one simulated vendor: HTTP/1.1 on loopback, plain or with TLS, with a listener that can be
//! closed and opened, so that a refused connection can be played as well.

use super::digest::sha1_hex;
use super::pipeline::Pipeline;
use anyhow::Context as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
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

/// SHA-1 of the certificate that a client has shown, 40 upper-case hex digits; a request carries it to the routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientThumbprint(pub String);

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

async fn talk(stream: TcpStream, certificate: Option<TlsAcceptor>, pipeline: Arc<Pipeline>) {
    // Without it, small answers wait for the delayed acknowledgement of the other side.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = certificate else {
        return converse(stream, None, pipeline).await;
    };
    if let Some(stream) = greet(stream, acceptor).await {
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let shown = shown.map(|leaf| ClientThumbprint(sha1_hex(leaf)));
        converse(stream, shown, pipeline).await;
    }
}

/// The TLS handshake; `None` if it failed and the client has been told why.
pub async fn greet(stream: TcpStream, acceptor: TlsAcceptor) -> Option<TlsStream<TcpStream>> {
    match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => Some(stream),
        Err((_, stream)) => {
            see_off(stream).await;
            None
        }
    }
}

/// Lets the alert of a failed handshake arrive: closing at once, with bytes unread, would overtake it.
async fn see_off(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let rest = async {
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await.is_ok_and(|n| n > 0) {}
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shown: Option<ClientThumbprint>,
    pipeline: Arc<Pipeline>,
) {
    let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        let pipeline = Arc::clone(&pipeline);
        if let Some(shown) = &shown {
            request.extensions_mut().insert(shown.clone());
        }
        async move { pipeline.answer(request).await }
    });
    // An error here is a connection that a fault dropped or the client left: both are meant to end silently.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
