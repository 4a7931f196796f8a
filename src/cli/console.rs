//! The console on a site, and on a simulated one.

use super::{Ending, Start, failed, journal, sim};
use crate::desk::Desk;
use crate::domain::problem::Problem;
use crate::runtime::{Looks, terminal};
use crate::simulator::{self, SimOptions};
use crate::widgets::theme::Theme;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

/// Arguments of `passdesk demo`. `--data` keeps its files; without it they are gone at the end.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// The same seed makes the same people and cards.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people, 10 to 1000000.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    cardholders: u32,
}

/// Opens the console on a site.
pub async fn open(start: &Start) -> Result<Ending, Problem> {
    let (desk, _log) = start.desk()?;
    show(desk, start.ascii).await
}

async fn show(desk: Desk, ascii: bool) -> Result<Ending, Problem> {
    terminal::run(desk, looks(ascii))
        .await
        .map_err(|e| failed("the console", &std::io::Error::other(format!("{e:#}"))))?;
    Ok(Ending::Done)
}

/// Colours unless somebody asked for none (no-color.org); times in the machine's zone.
fn looks(ascii: bool) -> Looks {
    let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
    let theme = Theme { colour: !asked_for_none && !dumb, lines: !ascii && !dumb && draws_lines() };
    Looks { theme, zone: zone() }
}

/// The machine's zone. Its file says all that is needed; only `TZ` needs the search for a name, which walks the
/// whole database of zones.
fn zone() -> TimeZone {
    let file = if std::env::var_os("TZ").is_none() { std::fs::read("/etc/localtime").ok() } else { None };
    file.and_then(|data| TimeZone::tzif("local", &data).ok()).unwrap_or_else(TimeZone::system)
}

/// Line-drawing characters are one column wide in Unicode locales, but two in those of Chinese, Japanese and
/// Korean terminals; nothing is asked of the terminal itself at start (decision 25).
fn draws_lines() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
    let locale = locale.unwrap_or_default().to_lowercase();
    let unicode = locale.contains("utf-8") || locale.contains("utf8");
    unicode && !["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language))
}

/// Starts a simulated site, writes its site file and matching ledger, and opens the console on it: the same code
/// and the same configuration as for a real one, only the address is another (decision 4).
pub async fn demo(args: DemoArgs, data: Option<PathBuf>, log: &str, ascii: bool) -> Result<Ending, Problem> {
    let (folder, _temporary) = if let Some(folder) = data {
        (folder, None)
    } else {
        let temporary = Temporary::make().map_err(|e| failed("making a temporary folder", &e))?;
        (temporary.0.clone(), Some(temporary))
    };
    let options = SimOptions { seed: args.seed, cardholders: args.cardholders, ..SimOptions::default() };
    let simulator = simulator::start(options).await.map_err(|e| journal::simulator_failed(&e))?;
    let file = folder.join("site.toml");
    let prepared = async {
        sim::write_site(&simulator, &file).await?;
        sim::write_books(&simulator, &journal::open(&file, None).await?).await
    };
    prepared.await.map_err(|e| journal::simulator_failed(&e))?;
    let ended = open(&Start { ascii, ..Start::new(Some(file), None, log.to_owned()) }).await;
    simulator.stop().await;
    ended
}

/// A private folder that goes when the demonstration ends.
struct Temporary(PathBuf);

impl Temporary {
    fn make() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let folder = std::env::temp_dir().join(format!("passdesk-demo-{}", uuid::Uuid::new_v4()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left behind lies in the system's temporary folder and is private.
        let _ = remove(&self.0);
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_dir_all(folder)
}
