//! The vendors on loopback, on one world of people: training ground, demo and test bed.
//!
//! The simulator serves the vendors' wire contracts over real sockets, so closely that other people's clients
//! work against it. Its control interface has a port of its own; [`WorldHandle`] offers the same in-process.

pub mod accessgrid;
pub mod author;
pub mod cardexchange;
pub mod certificates;
pub mod clock;
pub mod control;
pub mod digest;
pub mod faults;
pub mod front;
pub mod gallagher;
pub mod names;
pub mod past;
pub mod pipeline;
pub mod population;
pub mod request_log;
pub mod server;
pub mod thales_d1;

pub use author::Author;
pub use certificates::ShownCertificate;
pub use faults::{Fault, FaultKind, FaultMatch, Release};
pub use gallagher::foreign::{ForeignKind, ForeignWrite, When, Writer};
pub use gallagher::issued::{ConsoleIssue, ledger_entries};
pub use gallagher::judge::{ClientChange, InvitationMove, TrueCard, TrueCardholder, WorldHandle};
pub use gallagher::operators::Licence;
pub use gallagher::switches::Switches;
pub use gallagher::wallet::{Device, WalletAct, WalletMove};
pub use server::Door;
pub use thales_d1::D1Handle;

use crate::domain::credential::System;
use crate::domain::ids::{BadId, TenantName};
use crate::domain::journal::EventDraft;
use accessgrid::GridHandle;
use anyhow::{Context as _, ensure};
use axum::body::{Body, Bytes};
use certificates::{Certificates, Wanted};
use clock::VirtualClock;
use front::{Front, Stand};
use gallagher::operators::Operator;
use gallagher::state::Shared;
use gallagher::world::World;
use http::{Request, Response};
use jiff::Timestamp;
use pipeline::{HungUp, Pipeline};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a simulated world is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// The same seed and start make the same world.
    pub seed: u64,
    /// People: 10 to 1,000,000.
    pub cardholders: u32,
    /// Where the first vendor listens, the others on the ports after it in the order of [`System`]; a loopback
    /// address. `None`, or port 0: any free ports.
    pub listen: Option<SocketAddr>,
    /// Where the control port listens; likewise.
    pub control: Option<SocketAddr>,
    /// HTTPS with a certificate made at start, instead of plain HTTP.
    pub tls: bool,
    /// With TLS: every listener wants to see the client certificate made at start. Thales D1 always does.
    pub client_certificates: bool,
    /// Virtual time at the start; `None`: the machine's.
    pub start: Option<Timestamp>,
    /// True: virtual time stands still unless it is advanced.
    pub frozen: bool,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            cardholders: 5_000,
            listen: None,
            control: None,
            tls: false,
            client_certificates: false,
            start: None,
            frozen: false,
        }
    }
}

/// One vendor that is played, and where it listens, if it does.
struct Vendor {
    pipeline: Arc<Pipeline>,
    address: Option<SocketAddr>,
}

impl Vendor {
    fn front(&self) -> &Arc<Front> {
        &self.pipeline.0.front
    }
}

/// A running simulator. Dropping it ends it too; [`stop`](Simulator::stop) also waits.
pub struct Simulator {
    shared: Arc<Shared>,
    d1: Arc<thales_d1::Desk>,
    stop: CancellationToken,
    vendors: Vec<Vendor>,
    control: Option<SocketAddr>,
    certificates: Option<Arc<Certificates>>,
    client_certificates: bool,
    keys: (String, String),
    issued: Vec<ConsoleIssue>,
    grid: GridHandle,
    exchange: cardexchange::ExchangeHandle,
    tasks: Vec<JoinHandle<()>>,
}

/// Makes the world and serves it.
///
/// # Errors
/// If the number of people is out of bounds, an address is not on loopback or taken, or no certificate can be made.
pub async fn start(options: SimOptions) -> anyhow::Result<Simulator> {
    for address in [options.listen, options.control].into_iter().flatten() {
        ensure!(
            address.ip().is_loopback(),
            "{address} is not a loopback address; the simulator serves this machine only"
        );
    }
    let mut made = indoors(&options)?;
    let control = server::bind(options.control).await?;
    made.control = Some(control.local_addr()?);
    let mut controls = control::routes(made.world())
        .nest("/accessgrid", accessgrid::control(made.grid()))
        .nest("/thales-d1", thales_d1::control(made.d1()))
        .nest("/cardexchange", cardexchange::control(made.exchange()))
        .merge(control::certificate_routes(made.certificates.clone()));
    for (place, vendor) in (0..).zip(&mut made.vendors) {
        let listener = server::bind(port_after(options.listen, place)?).await?;
        vendor.address = Some(listener.local_addr()?);
        let front = Arc::clone(vendor.front());
        controls = controls.nest(&format!("/{}", front.system), control::front_routes(Arc::clone(&front)));
        let wanted = wanted_certificate(front.system, options.client_certificates);
        let acceptor = made.certificates.as_ref().map(|made| made.acceptor(wanted)).transpose()?;
        let (pipeline, doors) = (Arc::clone(&vendor.pipeline), Arc::clone(&front.doors));
        made.tasks.push(tokio::spawn(server::serve(listener, acceptor, pipeline, doors, made.stop.clone())));
    }
    let ending = made.stop.clone();
    made.tasks.push(tokio::spawn(async move {
        tokio::select! {
            () = ending.cancelled() => {}
            // Ends only when it is stopped: accepting goes on after errors.
            _ = axum::serve(control, controls).into_future() => {}
        }
    }));
    Ok(made)
}

/// Makes the world and listens nowhere: [`Simulator::ask`] is the only way in. Every vendor is the one that
/// [`start`] serves, but for its sockets.
///
/// # Errors
/// If the number of people is out of bounds, or no certificate can be made.
pub fn indoors(options: &SimOptions) -> anyhow::Result<Simulator> {
    ensure!(
        (10..=1_000_000).contains(&options.cardholders),
        "the number of cardholders must be 10 to 1,000,000, not {}",
        options.cardholders
    );
    let clock = Arc::new(VirtualClock::starting_at(options.start, options.frozen));
    let stop = CancellationToken::new();
    let front = |system| Front::new(system, Arc::clone(&clock), stop.clone());
    let certificates = if options.tls { Some(Arc::new(Certificates::make()?)) } else { None };
    ensure!(options.tls || !options.client_certificates, "client certificates need TLS");
    let mut world = World::new(options.seed, options.cardholders, clock.now());
    if let (Some(made), true) = (&certificates, options.client_certificates) {
        world.demand_certificate(&made.client_thumbprint);
    }
    let issued = gallagher::issued::issued_by_console(&world);
    let keys = (world.clients.key_of(Author::Console), world.clients.key_of(Author::Foreign));
    let people = world.population.clone();
    let shared = Arc::new(Shared::new(world, front(System::Gallagher)));
    let (grid_stand, grid) = accessgrid::open(options.seed, people.clone(), front(System::AccessGrid));
    let d1 = thales_d1::Desk::open(options.seed, people.clone(), front(System::ThalesD1))?;
    let (exchange_stand, exchange) = cardexchange::open(&people, front(System::CardExchange), options.tls);
    // In the order of their ports.
    let stands = [
        Stand {
            front: Arc::clone(&shared.front),
            router: gallagher::routes(Arc::clone(&shared), options.tls),
            manners: Arc::clone(&shared) as _,
        },
        grid_stand,
        d1.stand(),
        exchange_stand,
    ];
    Ok(Simulator {
        shared,
        d1,
        stop,
        vendors: stands.map(|stand| Vendor { pipeline: Arc::new(Pipeline(stand)), address: None }).into(),
        control: None,
        certificates,
        client_certificates: options.client_certificates,
        keys,
        issued,
        grid,
        exchange,
        tasks: Vec::new(),
    })
}

/// Whose certificate a vendor's listener wants to see. Command Centre always asks, and judges by the thumbprint
/// (gallagher.md section 1); Thales D1 takes no call without one.
fn wanted_certificate(system: System, demanded: bool) -> Wanted {
    match system {
        System::Gallagher => Wanted::Anybodys,
        System::ThalesD1 => Wanted::Issued,
        System::AccessGrid | System::CardExchange if demanded => Wanted::Issued,
        System::AccessGrid | System::CardExchange => Wanted::Nobodys,
    }
}

/// The address of the vendor at a place, counted from the first one's.
fn port_after(first: Option<SocketAddr>, place: u16) -> anyhow::Result<Option<SocketAddr>> {
    let Some(mut address) = first else { return Ok(None) };
    if address.port() != 0 {
        let port = address.port().checked_add(place);
        address.set_port(port.with_context(|| format!("{address} leaves no ports for the other systems"))?);
    }
    Ok(Some(address))
}

impl Simulator {
    /// Base address of a system, with a slash at the end; empty if it listens nowhere.
    pub fn url(&self, system: System) -> String {
        let scheme = if self.certificates.is_some() { "https" } else { "http" };
        let address = self.vendor(system).and_then(|vendor| vendor.address);
        address.map(|address| format!("{scheme}://{address}/")).unwrap_or_default()
    }

    /// Door, faults and log of a system; `None` if it is not played.
    pub fn front(&self, system: System) -> Option<&Arc<Front>> {
        self.vendor(system).map(Vendor::front)
    }

    fn vendor(&self, system: System) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.front().system == system)
    }

    /// One request to a system without a socket: through its log, its faults and its routes, as any other. The work
    /// goes on if the caller goes away. Whether its door is open is the caller's to look at.
    ///
    /// # Errors
    /// If the connection would have been dropped without an answer.
    pub async fn ask(&self, system: System, request: Request<Bytes>) -> Result<Response<Body>, HungUp> {
        match self.vendor(system) {
            Some(vendor) => Arc::clone(&vendor.pipeline).ask(request).await,
            None => Err(HungUp),
        }
    }

    /// The journal of what this console did in a system before the world began, for a tenant of this name. Thales D1
    /// has none: its digital cards are born in wallets.
    ///
    /// # Errors
    /// If an id of the world is none, which its own tests exclude.
    pub fn past(&self, system: System, tenant: &TenantName) -> Result<Vec<EventDraft>, BadId> {
        match system {
            System::Gallagher => ledger_entries(&self.issued, tenant),
            System::AccessGrid => {
                let issues = self.grid.issued();
                let past = issues.iter().map(|issue| accessgrid::past(issue, tenant)).collect::<Result<Vec<_>, _>>()?;
                Ok(past::journal(&past, 1))
            }
            System::ThalesD1 => Ok(Vec::new()),
            System::CardExchange => {
                let issues = self.shared.at_once(|world, _| cardexchange::issued(&world.population));
                let past = issues.iter().map(|issue| cardexchange::past(issue, tenant));
                Ok(past::journal(&past.collect::<Result<Vec<_>, _>>()?, 2))
            }
        }
    }

    /// Base address of the Gallagher server, with a slash at the end.
    pub fn gallagher_url(&self) -> String {
        self.url(System::Gallagher)
    }

    /// Address of the control port, without a slash at the end; empty if there is none.
    pub fn control_url(&self) -> String {
        self.control.map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// SHA-256 of the DER certificate, 64 hex digits; `None` without TLS.
    pub fn certificate_sha256(&self) -> Option<String> {
        self.certificates.as_ref().map(|made| made.sha256(ShownCertificate::Own))
    }

    /// The certificate in PEM form; `None` without TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificates.as_ref().map(|made| made.pem.as_str())
    }

    /// The certificates, to look at and to show others; `None` without TLS.
    pub fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// Client certificate and private key (PEM) that a system's listener wants to see; `None` if it wants none.
    pub fn client_certificate(&self, system: System) -> Option<(&str, &str)> {
        let made = self.certificates.as_ref().filter(|_| self.front(system).is_some())?;
        let wanted = self.client_certificates || wanted_certificate(system, false) == Wanted::Issued;
        wanted.then_some((made.client_pem.as_str(), made.client_key_pem.as_str()))
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

    /// The judge of the AccessGrid account: its accounts, passes, switches and holders.
    pub fn grid(&self) -> GridHandle {
        self.grid.clone()
    }

    /// `X-ACCT-ID` of the console's AccessGrid account.
    pub fn grid_account(&self) -> String {
        self.grid.account(Author::Console).map(|account| account.id).unwrap_or_default()
    }

    /// Secret of the console's AccessGrid account.
    pub fn grid_secret(&self) -> String {
        self.grid.account(Author::Console).map(|account| account.secret).unwrap_or_default()
    }

    /// The judge of Thales D1.
    pub fn d1(&self) -> D1Handle {
        D1Handle(Arc::clone(&self.d1))
    }

    /// Private half of the console's key pair at Thales D1, for its secret file: PKCS#8 in PEM. Its id is
    /// [`thales_d1::KID`], the issuer [`thales_d1::ISSUER`].
    pub fn d1_private_key(&self) -> &str {
        self.d1.private_key()
    }

    /// Private half of the key pair of the issuer's other system at Thales D1; its id is [`thales_d1::OTHER_KID`].
    pub fn d1_other_private_key(&self) -> &str {
        self.d1.other_private_key()
    }

    /// What this console issued before the world began, oldest first.
    pub fn issued_by_console(&self) -> &[ConsoleIssue] {
        &self.issued
    }

    /// CardExchange Cloud: judge, controls and API keys.
    pub fn exchange(&self) -> cardexchange::ExchangeHandle {
        self.exchange.clone()
    }

    /// This console's CardExchange API key for the test data.
    pub fn exchange_key(&self) -> String {
        self.exchange.key_of(Author::Console)
    }

    /// Ends it, and waits until its ports are free.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            // A task that panicked is over as well.
            let _ = task.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
