//! What a request of a simulated vendor goes through: log, faults, other writers' interference, the vendor's
//! own routes, and faults again.

use super::clock::wire_time;
use super::faults::{FaultKind, HeldRequest, Release};
use super::front::Stand;
use super::server::Door;
use crate::simulator::Author;
use axum::body::{Body, Bytes};
use futures::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Requests with a longer body are not read to their end.
const LONGEST_BODY: usize = 16 << 20;

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
pub struct HungUp;

/// Noted by a route in its answer: whose key it was, and whether the world changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Handled {
    /// Whose key.
    pub by: Option<Author>,
    /// Whether something changed.
    pub applied: bool,
}

/// The way of a request through one simulated vendor.
pub struct Pipeline(pub Stand);

impl Pipeline {
    /// Handles one request. The work goes on if the client hangs up: like a real server, it does not notice.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|_| HungUp)?.to_bytes();
        self.ask(Request::from_parts(parts, body)).await
    }

    /// As [`answer`](Self::answer), with the whole body in hand.
    pub async fn ask(self: Arc<Self>, request: Request<Bytes>) -> Result<Response<Body>, HungUp> {
        tokio::spawn(self.process(request)).await.map_err(|_| HungUp)?
    }

    async fn process(self: Arc<Self>, request: Request<Bytes>) -> Result<Response<Body>, HungUp> {
        let front = Arc::clone(&self.0.front);
        let path = request.uri().path().to_owned();
        let whole = request.uri().path_and_query().map_or(path.clone(), ToString::to_string);
        let method = request.method().as_str().to_owned();
        let number = front.log().open(front.clock.now(), &method, &whole, request.body());
        let result = tokio::select! {
            () = front.stop.cancelled() => Err(HungUp),
            result = self.with_faults(request, number, &method, &path) => result,
        };
        front.log().close(number, result.as_ref().ok().map(|r| r.status().as_u16()));
        result
    }

    async fn with_faults(
        &self,
        request: Request<Bytes>,
        number: u64,
        method: &str,
        path: &str,
    ) -> Result<Response<Body>, HungUp> {
        let (delay, fault) = self.0.front.faults.strike(method, path);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        match &fault {
            Some(FaultKind::StatusBefore { status, retry_after }) => return Ok(self.trouble(*status, *retry_after)),
            Some(FaultKind::DropBefore) => return Err(HungUp),
            Some(FaultKind::Hang) => return std::future::pending().await,
            Some(FaultKind::Hold { applied: false }) => {
                let held = HeldRequest { request: number, applied: false };
                if self.0.front.faults.hold(held).await == Release::Drop {
                    return Err(HungUp);
                }
            }
            _ => {}
        }
        let response = self.route(request, number, method, path).await;
        match fault {
            Some(FaultKind::StatusAfter { status, retry_after }) => Ok(self.trouble(status, retry_after)),
            Some(FaultKind::DropAfter) => Err(HungUp),
            Some(FaultKind::HangAfter) => std::future::pending().await,
            Some(FaultKind::Hold { applied: true }) => {
                match self.0.front.faults.hold(HeldRequest { request: number, applied: true }).await {
                    Release::GoOn => Ok(response),
                    Release::Drop => Err(HungUp),
                }
            }
            Some(FaultKind::BrokenJson) => break_off(response).await,
            Some(FaultKind::SlowBody { bytes_per_s }) => trickle(response, bytes_per_s).await,
            Some(FaultKind::HugeBody { bytes }) => Ok(swell(response, bytes)),
            Some(FaultKind::CloseListener) => {
                self.0.front.doors.set(Door::Closed).await;
                Ok(response)
            }
            _ => Ok(response),
        }
    }

    /// The vendor's routes, with other writers before and after where that was asked for.
    async fn route(&self, request: Request<Bytes>, number: u64, method: &str, path: &str) -> Response<Body> {
        self.0.manners.before(method, path);
        let service = TowerToHyperService::new(self.0.router.clone());
        let answered: Result<Response<Body>, Infallible> = service.call(request.map(Body::from)).await;
        let mut response = match answered {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let handled = response.extensions().get::<Handled>().copied().unwrap_or_default();
        self.0.front.log().handled(number, handled.applied, handled.by);
        self.0.manners.after(method, path);
        self.stamp(&mut response);
        response
    }

    fn stamp(&self, response: &mut Response<Body>) {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = printer.timestamp_to_rfc9110_string(&self.0.front.clock.now());
        if let Some(date) = date.ok().and_then(|d| HeaderValue::try_from(d).ok()) {
            response.headers_mut().insert(DATE, date);
        }
    }

    fn trouble(&self, status: u16, retry_after: Option<u32>) -> Response<Body> {
        let at = wire_time(self.0.front.clock.now());
        let (content_type, text) = self.0.manners.trouble(status, &format!("Simulated trouble at {at}"));
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        self.stamp(&mut response);
        response
    }
}

/// The body as bytes. Those of our own routes are in memory already.
async fn bytes_of(body: Body) -> Result<Bytes, HungUp> {
    body.collect().await.map(http_body_util::Collected::to_bytes).map_err(|_| HungUp)
}

/// A success that cannot be read: an answer without a body gets the beginning of one.
async fn break_off(response: Response<Body>) -> Result<Response<Body>, HungUp> {
    let (mut parts, body) = response.into_parts();
    let bytes = bytes_of(body).await?;
    let broken = match bytes.len() {
        0 | 1 => Bytes::from_static(b"{\"message\": \"Chan"),
        length => bytes.slice(..length / 2),
    };
    if parts.status == StatusCode::NO_CONTENT {
        parts.status = StatusCode::OK;
    }
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Response::from_parts(parts, Body::from(broken)))
}

async fn trickle(response: Response<Body>, bytes_per_s: u64) -> Result<Response<Body>, HungUp> {
    const TICKS: u64 = 10;
    let (mut parts, body) = response.into_parts();
    let bytes = bytes_of(body).await?;
    parts.headers.remove(CONTENT_LENGTH);
    let piece = (bytes_per_s / TICKS).max(1) as usize;
    let pause = Duration::from_millis((1000 * piece as u64 / bytes_per_s).max(1));
    let drops = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let drop = rest.split_to(piece.min(rest.len()));
        Some((Ok::<_, Infallible>(drop), rest))
    });
    Ok(Response::from_parts(parts, Body::from_stream(drops)))
}

/// A valid JSON object of exactly `total` bytes (at least its frame), made while it is sent.
fn swell(response: Response<Body>, total: u64) -> Response<Body> {
    const HEAD: &[u8] = b"{\"results\":[],\"padding\":\"";
    const TAIL: &[u8] = b"\"}";
    const PIECE: u64 = 64 * 1024;
    let filler = Bytes::from(vec![b'x'; PIECE as usize]);
    let padding = total.saturating_sub((HEAD.len() + TAIL.len()) as u64);
    let pieces = stream::unfold(Some((true, padding)), move |state| {
        let filler = filler.clone();
        async move {
            let (first, left) = state?;
            let (piece, next) = match (first, left) {
                (true, left) => (Bytes::from_static(HEAD), Some((false, left))),
                (false, 0) => (Bytes::from_static(TAIL), None),
                (false, left) => {
                    let length = left.min(PIECE);
                    (filler.slice(..length as usize), Some((false, left - length)))
                }
            };
            Some((Ok::<_, Infallible>(piece), next))
        }
    });
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::OK;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from_stream(pieces))
}
