//! The vendors on loopback: training ground, demo and test bed. Gallagher Command Centre so far.
//!
//! The simulator serves the vendor's wire contract over real sockets, so closely that other people's clients
//! work against it. Its control interface has a port of its own; [`WorldHandle`] offers the same in-process.

pub mod card_making;
pub mod card_types;
pub mod change_record;
pub mod clock;
pub mod control;
pub mod digest;
pub mod faults;
pub mod foreign;
pub mod gallagher;
pub mod issued;
pub mod judge;
pub mod names;
pub mod operator_events;
pub mod operators;
pub mod person;
pub mod personal_data;
pub mod pipeline;
pub mod population;
pub mod request_log;
pub mod server;
pub mod state;
pub mod switches;
pub mod world;

#[cfg(test)]
mod tests;

pub use faults::{Fault, FaultKind, FaultMatch, Release};
pub use foreign::{ForeignKind, ForeignWrite, When};
pub use issued::{ConsoleIssue, ledger_entries};
pub use judge::{ClientChange, InvitationMove, WorldHandle};
pub use person::Author;
pub use server::Door;
pub use switches::Switches;

use anyhow::ensure;
use clock::VirtualClock;
use jiff::Timestamp;
use operators::Operator;
use pipeline::Pipeline;
use server::Certificate;
use state::Shared;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use world::World;

/// What a simulated world is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// The same seed and start make the same world.
    pub seed: u64,
    /// People: 10 to 1,000,000.
    pub cardholders: u32,
    /// Where the vendor listens; a loopback address. `None`: any free port of 127.0.0.1.
    pub listen: Option<SocketAddr>,
    /// Where the control port listens; likewise.
    pub control: Option<SocketAddr>,
    /// HTTPS with a certificate made at start, instead of plain HTTP.
    pub tls: bool,
    /// Virtual time at the start; `None`: the machine's.
    pub start: Option<Timestamp>,
    /// True: virtual time stands still unless it is advanced.
    pub frozen: bool,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self { seed: 1, cardholders: 5_000, listen: None, control: None, tls: false, start: None, frozen: false }
    }
}

/// A running simulator. Dropping it ends it too; [`stop`](Simulator::stop) also waits.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    vendor: SocketAddr,
    control: SocketAddr,
    certificate: Option<(String, String)>,
    keys: (String, String),
    issued: Vec<ConsoleIssue>,
    tasks: Vec<JoinHandle<()>>,
}

/// Makes the world and serves it.
///
/// # Errors
/// If the number of people is out of bounds, an address is not on loopback or taken, or no certificate can be made.
pub async fn start(options: SimOptions) -> anyhow::Result<Simulator> {
    ensure!(
        (10..=1_000_000).contains(&options.cardholders),
        "the number of cardholders must be 10 to 1,000,000, not {}",
        options.cardholders
    );
    for address in [options.listen, options.control].into_iter().flatten() {
        ensure!(
            address.ip().is_loopback(),
            "{address} is not a loopback address; the simulator serves this machine only"
        );
    }
    let clock = VirtualClock::starting_at(options.start, options.frozen);
    let world = World::new(options.seed, options.cardholders, clock.now());
    let issued = issued::issued_by_console(&world);
    let keys = (world.clients.key_of(Author::Console), world.clients.key_of(Author::Foreign));
    let shared = Arc::new(Shared::new(world, clock));
    let certificate = if options.tls { Some(Certificate::make()?) } else { None };
    let vendor = server::bind(options.listen).await?;
    let control = server::bind(options.control).await?;
    let addresses = (vendor.local_addr()?, control.local_addr()?);
    let pipeline =
        Pipeline { shared: Arc::clone(&shared), router: gallagher::routes(Arc::clone(&shared), options.tls) };
    let acceptor = certificate.as_ref().map(Certificate::acceptor);
    let (doors, stop) = (Arc::clone(&shared.doors), shared.stop.clone());
    let serving = tokio::spawn(server::serve(vendor, acceptor, Arc::new(pipeline), doors, stop.clone()));
    let routes = control::routes(WorldHandle(Arc::clone(&shared)));
    let controlling = tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            // Ends only when it is stopped: accepting goes on after errors.
            _ = axum::serve(control, routes).into_future() => {}
        }
    });
    Ok(Simulator {
        shared,
        vendor: addresses.0,
        control: addresses.1,
        certificate: certificate.map(|c| (c.sha256, c.pem)),
        keys,
        issued,
        tasks: vec![serving, controlling],
    })
}

impl Simulator {
    /// Base address of the Gallagher server, with a slash at the end.
    pub fn gallagher_url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", self.vendor)
    }

    /// Address of the control port, without a slash at the end.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// SHA-256 of the DER certificate, 64 hex digits; `None` without TLS.
    pub fn certificate_sha256(&self) -> Option<String> {
        self.certificate.as_ref().map(|(sha256, _)| sha256.clone())
    }

    /// The certificate in PEM form; `None` without TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_ref().map(|(_, pem)| pem.as_str())
    }

    /// The console's API key.
    pub fn api_key(&self) -> &str {
        &self.keys.0
    }

    /// The other system's API key.
    pub fn foreign_api_key(&self) -> &str {
        &self.keys.1
    }

    /// Path of the console's operator as the change feed shows it.
    pub fn feed_operator(&self) -> String {
        gallagher::operator_path(Operator::CONSOLE)
    }

    /// The judge.
    pub fn world(&self) -> WorldHandle {
        WorldHandle(Arc::clone(&self.shared))
    }

    /// What this console issued before the world began, oldest first.
    pub fn issued_by_console(&self) -> &[ConsoleIssue] {
        &self.issued
    }

    /// Ends it, and waits until its ports are free.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            // A task that panicked is over as well.
            let _ = task.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
