//! Opens what a site file names: ledger, cache and one provider a tenant.

use crate::domain::ids::TenantName;
use crate::domain::journal::ProcessMark;
use crate::domain::policy::Mode;
use crate::ports::cache::Cache;
use crate::ports::clock::{Clock, Ids};
use crate::ports::ledger::Ledger;
use crate::ports::provider::Provider;
use crate::workflow::Means;
use std::sync::Arc;

/// One OS account on one machine with one ledger (decision 9), ready to read and, where allowed, to act.
#[derive(Clone)]
pub struct Desk {
    /// The connected systems, in the order of the site file.
    pub providers: Vec<Arc<dyn Provider>>,
    /// The journal.
    pub ledger: Arc<dyn Ledger>,
    /// People and credentials as last seen.
    pub cache: Arc<dyn Cache>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and markers.
    pub ids: Arc<dyn Ids>,
    /// OS account of the operator.
    pub operator: String,
    /// This process.
    pub owner: ProcessMark,
    /// LIVE, TEST or SIM; one site file holds one mode.
    pub mode: Mode,
}

impl Desk {
    /// The system behind a tenant name.
    pub fn provider(&self, tenant: &TenantName) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|p| p.profile().name == *tenant)
    }

    /// Everything that acting on a tenant needs.
    pub fn means(&self, tenant: &TenantName) -> Option<Means> {
        Some(Means {
            provider: Arc::clone(self.provider(tenant)?),
            ledger: Arc::clone(&self.ledger),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            operator: self.operator.clone(),
            owner: self.owner.clone(),
        })
    }
}
