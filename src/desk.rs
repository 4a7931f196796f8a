//! Opens what a site file names: ledger, cache and one provider a tenant.

pub mod account;
pub mod checkup;
pub mod clock;
mod systems;

use crate::config::Site;
use crate::domain::ids::TenantName;
use crate::domain::journal::ProcessMark;
use crate::domain::policy::Mode;
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::archive::Archive;
use crate::ports::cache::{Cache, CacheError};
use crate::ports::clock::{Clock, Ids};
use crate::ports::ledger::Ledger;
use crate::ports::provider::Provider;
use crate::ports::requests::RequestLog;
use crate::store::archive::SqliteArchive;
use crate::store::cache::SqliteCache;
use crate::store::ledger::SqliteLedger;
use crate::store::paths::{DataRoot, LedgerPaths};
use crate::store::process;
use crate::workflow::Means;
use clock::{RandomIds, SystemClock};
use std::path::Path;
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
    /// What vendors forget, and the directory of Thales D1.
    pub archive: Arc<dyn Archive>,
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
    /// What was asked of the systems in this run.
    pub requests: Arc<RequestLog>,
    /// What could not be opened, and is done without: the ledger's own trouble is told by its health.
    pub missing: Vec<Problem>,
}

impl Desk {
    /// Opens everything that a site names, with data below `data`. Asks no system anything yet.
    ///
    /// A ledger that cannot be opened does not stop browsing: an empty one that refuses everything stands in for
    /// it, and its health says why (invariant I8). A cache that cannot be written is kept in memory.
    ///
    /// # Errors
    /// If a secret, a certificate or the cache cannot be had, or a tenant's system is not in this version.
    pub fn open(site: &Site, data: &Path) -> Result<Self, Problem> {
        Self::open_at(site, data, Arc::new(SystemClock::start()))
    }

    /// As [`open`](Self::open), on a clock of its own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_at(site: &Site, data: &Path, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let root = DataRoot::new(data);
        // Side by side: the console is on screen only when both are open.
        let cache_file = root.cache(site.mode);
        let cache = std::thread::spawn(move || {
            let (opened, missing) = match SqliteCache::open(&cache_file) {
                Ok(cache) => (Ok(cache), None),
                Err(error) => {
                    tracing::warn!(%error, "the cache cannot be written; it is kept in memory");
                    (SqliteCache::open_detached(&cache_file), Some(no_lasting_cache(&error)))
                }
            };
            opened.map(|cache| (cache, missing))
        });
        let archive_file = root.archive(site.mode);
        let archive = std::thread::spawn(move || open_archive(&archive_file));
        let ledger = open_ledger(&root.ledger(site.mode), &clock)?;
        let (archive, forgetful) = archive.join().unwrap_or_else(|_| Err(no_archive("its thread ended")))?;
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let parts = Parts {
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            archive: Arc::clone(&archive),
            console_id: ledger.console_id().to_owned(),
            requests: Arc::new(RequestLog::new(Arc::clone(&clock))),
        };
        let providers =
            site.tenants.iter().map(|tenant| systems::provider(site, tenant, &parts)).collect::<Result<Vec<_>, _>>()?;
        let (cache, fleeting) =
            cache.join().unwrap_or_else(|_| Err(CacheError("its thread ended".into()))).map_err(|e| {
                Problem::new(
                    ProblemKind::Failed,
                    "the cache cannot be opened",
                    e.to_string(),
                    "check the data folder; the cache holds nothing of its own and may be deleted",
                )
            })?;
        Ok(Self {
            providers,
            ledger: Arc::new(ledger),
            cache: Arc::new(cache),
            archive,
            clock,
            ids,
            operator: account::name(),
            owner: process::this_process(),
            mode: site.mode,
            requests: parts.requests,
            missing: forgetful.into_iter().chain(fleeting).collect(),
        })
    }

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

/// What every provider is made with.
struct Parts {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    archive: Arc<dyn Archive>,
    /// What tells this desk from others in a vendor's own log.
    console_id: String,
    requests: Arc<RequestLog>,
}

/// The archive; where it cannot be written, one in memory with the reason: it is then as empty as the vendor's memory
/// is short, and says so by its coverage.
fn open_archive(file: &Path) -> Result<(Arc<dyn Archive>, Option<Problem>), Problem> {
    let error = match SqliteArchive::open(file) {
        Ok(archive) => return Ok((Arc::new(archive), None)),
        Err(error) => error,
    };
    tracing::error!(%error, "the archive cannot be opened; what vendors forget is not kept");
    let archive = SqliteArchive::open_in_memory().map_err(|e| no_archive(&e.to_string()))?;
    let told = Problem::new(
        ProblemKind::Failed,
        "the archive cannot be opened",
        error.to_string(),
        format!("what vendors forget is not kept in this run, and no directory is known; see {}", file.display()),
    );
    Ok((Arc::new(archive), Some(told)))
}

fn no_lasting_cache(error: &CacheError) -> Problem {
    let next = "what is read is kept for this run only; check the data folder";
    Problem::new(ProblemKind::Failed, "the cache cannot be written", error.to_string(), next)
}

fn no_archive(why: &str) -> Problem {
    Problem::new(ProblemKind::Failed, "the archive cannot be opened", why, "check the data folder")
}

/// The ledger; where it cannot be written, what can be read of it; where it cannot be read, an empty one. Neither
/// stand-in lets anything begin (invariant I8).
fn open_ledger(paths: &LedgerPaths, clock: &Arc<dyn Clock>) -> Result<SqliteLedger, Problem> {
    SqliteLedger::open(paths, Arc::clone(clock))
        .or_else(|error| {
            tracing::error!(%error, "the ledger cannot be opened; changes are off");
            let browsing = SqliteLedger::read_only(paths, format!("it cannot be written: {error}"), Arc::clone(clock));
            browsing.or_else(|_| SqliteLedger::unavailable(error.to_string(), Arc::clone(clock)))
        })
        .map_err(|e| Problem::new(ProblemKind::Failed, "the ledger cannot be opened", e.to_string(), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn site(folder: &Path, extra: &str) -> Site {
        let key = folder.join("gall.key");
        std::fs::write(&key, "7F3A-0C11\n").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let text = format!(
            "[[tenant]]\nname = \"gall\"\nsystem = \"gallagher\"\nurl = \"http://127.0.0.1:1\"\nmode = \"sim\"\nsecret_file = \"gall.key\"\n{extra}"
        );
        Site::parse(&folder.join("site.toml"), &text).unwrap()
    }

    #[test]
    fn a_desk_opens_without_asking_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(&site(folder.path(), "marker = false"), &folder.path().join("data")).unwrap();
        assert_eq!((desk.providers.len(), desk.mode), (1, Mode::Sim));
        let profile = desk.means(&"gall".parse().unwrap()).unwrap().provider.profile().clone();
        assert!(profile.starts_unlocked && !profile.marker);
        assert!(desk.provider(&"other".parse().unwrap()).is_none());
    }

    #[test]
    fn i8_a_ledger_that_cannot_be_opened_leaves_browsing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("sim/ledger.db")).unwrap();
        let desk = Desk::open(&site(folder.path(), ""), &data).unwrap();
        assert!(matches!(desk.ledger.health(), crate::ports::ledger::LedgerHealth::Broken(_)));
    }

    #[tokio::test]
    async fn i8_a_data_folder_that_cannot_be_written_leaves_browsing() {
        use crate::ports::ledger::LedgerHealth;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::write(&data, "no folder").unwrap();
        let desk = Desk::open(&site(folder.path(), ""), &data).unwrap();
        assert!(matches!(desk.ledger.health(), LedgerHealth::Broken(_)));
        let told: Vec<_> = desk.missing.iter().map(|problem| problem.what.as_str()).collect();
        assert_eq!(told, ["the archive cannot be opened", "the cache cannot be written"]);
        assert!(desk.cache.search("x", crate::ports::cache::Scope::Name, 5).await.unwrap().rows.is_empty());

        // A ledger whose anchor can be nowhere stands for one on a disk that takes nothing more.
        std::fs::remove_file(&data).unwrap();
        drop(Desk::open(&site(folder.path(), ""), &data).unwrap());
        std::fs::remove_dir_all(data.join("anchor")).unwrap();
        std::fs::write(data.join("anchor"), "no folder").unwrap();
        let desk = Desk::open(&site(folder.path(), ""), &data).unwrap();
        assert_eq!(desk.ledger.health(), LedgerHealth::Verifying);
        let health = desk.ledger.verify().await;
        assert!(matches!(&health, LedgerHealth::Broken(why) if why.contains("cannot be written")), "{health:?}");
        assert!(desk.ledger.unfinished().await.unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_opened_names_the_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let open = |site: &Site| Desk::open(site, &folder.path().join("data")).err().unwrap();
        let grid = "[[tenant]]\nname = \"grid\"\nsystem = \"accessgrid\"\nurl = \"https://a.example\"\nmode = \"sim\"\nsecret_file = \"gall.key\"\naccount_id = \"a\"\ntemplate_id = \"no/path\"\n";
        let problem = open(&site(folder.path(), grid));
        assert_eq!(problem.kind.exit_code(), 2);
        assert!(problem.to_string().contains("grid") && problem.to_string().contains("template_id"), "{problem}");
        let pair = "client_cert_file = \"none.pem\"\nclient_key_file = \"gall.key\"\n";
        let mut site = site(folder.path(), pair);
        site.tenants[0].pin = Some("00".repeat(32).parse().unwrap());
        site.tenants[0].origin = crate::domain::origin::Origin::parse("https://a.example").unwrap();
        let problem = open(&site);
        assert!(problem.to_string().contains("gall") && problem.to_string().contains("none.pem"), "{problem}");
        std::fs::write(folder.path().join("gall.key"), "7F3A\r\n0C11\n").unwrap();
        let problem = open(&site);
        assert!(problem.to_string().contains("line break inside"), "{problem}");
    }
}
