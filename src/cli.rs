//! Arguments, and the plain twins of what the console does: data on stdout, talk on stderr, an exit code that says
//! what happened (ux.md section 11). They use the same policy and the same ledger as the console.

mod acting;
mod cards;
mod console;
mod directory;
mod doctor;
mod filtering;
mod history;
mod jobs;
mod journal;
mod lines;
mod looks;
mod operator;
mod output;
mod reissue;
mod search;
pub mod sim;
mod turn;

use crate::config::Site;
use crate::desk::Desk;
use crate::domain::ids::HolderId;
use crate::domain::lifecycle::Verb;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::logging;
use crate::ports::ledger::LedgerHealth;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "passdesk",
    version,
    about = "Runs access passes and always knows which of them this desk issued",
    long_about = "Without a command, the console opens. The commands do the same from scripts: data on stdout, \
                  talk on stderr, JSON lines with --json.",
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage or site file, 3 partly done, 4 nothing found, 5 refused by policy \
                  or ownership, 6 key, licence or privilege, 7 not reachable, 8 changed since it was seen, 9 outcome \
                  unknown, 130 interrupted."
)]
pub struct Cli {
    /// Site file: which systems there are [default: site.toml in the configuration folder].
    #[arg(long, global = true, value_name = "FILE", env = "PASSDESK_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of ledger, cache and log [default: as the site file says, else the account's data folder].
    #[arg(long, global = true, value_name = "DIR", env = "PASSDESK_DATA")]
    pub data: Option<PathBuf>,
    /// How much goes to the log.
    #[arg(long, global = true, value_name = "LEVEL", env = "PASSDESK_LOG", default_value = "info",
          value_parser = ["error", "warn", "info", "debug", "trace"])]
    pub log: String,
    /// How the console looks.
    #[command(flatten)]
    pub looks: looks::LooksArgs,
    /// What to do; without one, the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done without the console.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on a simulated site, data included.
    Demo(console::DemoArgs),
    /// Run the simulated systems on their own.
    Sim(sim::SimArgs),
    /// Find people by name, card number, contact or id.
    Search(search::SearchArgs),
    /// List the credentials of a person, or those of everybody that fit a filter, with whose they are.
    Cards(cards::CardsArgs),
    /// Show one credential, or one person, in full.
    Show(cards::ShowArgs),
    /// Replace a credential by a new one; without --yes, show exactly what would happen.
    Reissue(reissue::ReissueArgs),
    /// Stop a credential so that it can be resumed.
    Suspend(turn::TurnArgs),
    /// Let a stopped credential work again.
    Resume(turn::TurnArgs),
    /// Take a pass off its device for good, and keep its record.
    Unlink(turn::TurnArgs),
    /// End a credential for good: remove, delete or withdraw, as its system calls it.
    End(turn::TurnArgs),
    /// Give a credential another state word of its vendor or site.
    Set(turn::TurnArgs),
    /// See what is not finished, and go on with it.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Show what was done, newest first.
    History(history::HistoryArgs),
    /// Look after the directory of Thales D1's end users.
    #[command(subcommand)]
    Directory(directory::DirectoryCommand),
    /// Look after the ledger.
    #[command(subcommand)]
    Ledger(journal::LedgerCommand),
    /// Look at everything that this desk needs, one line each with what mends it.
    Doctor(doctor::DoctorArgs),
    /// The key by which what this desk signs is known.
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// Write completions for a shell to stdout.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page to stdout.
    Man,
}

/// `--json`, in every command that prints data.
#[derive(Debug, clap::Args)]
pub struct Json {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All of it.
    Done,
    /// Some of it; the rest was told on stderr.
    Partly,
    /// There was nothing.
    Nothing,
}

/// Says what is wrong with a command line, or the help that was asked for, and gives the exit code. A word of the
/// command line may have come from anywhere, so it is shown as any other foreign text is (invariant I21).
pub fn explain(said: &clap::Error) -> u8 {
    if !said.use_stderr() {
        // A help that cannot be written is no reason to fail.
        let _ = said.print();
        return 0;
    }
    for line in said.render().to_string().lines() {
        say(line);
    }
    u8::try_from(said.exit_code()).unwrap_or(2)
}

/// Runs the program with its arguments, and says how the process shall end.
pub async fn run(cli: Cli) -> ExitCode {
    survive_file_size_limit();
    match Box::pin(dispatch(cli)).await {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Partly) => ExitCode::from(3),
        Ok(Ending::Nothing) => ExitCode::from(ProblemKind::NotFound.exit_code()),
        Err(problem) => {
            tell(&Problem { what: format!("passdesk: {}", problem.what), ..problem.clone() });
            ExitCode::from(problem.kind.exit_code())
        }
    }
}

async fn dispatch(cli: Cli) -> Result<Ending, Problem> {
    match cli.command {
        None => console::open(&Start { looks: cli.looks, ..Start::new(cli.config, cli.data, cli.log) }).await,
        Some(Command::Demo(args)) => console::demo(args, cli.data, &cli.log, cli.looks).await,
        Some(Command::Sim(args)) => journal::simulate(args, cli.data).await,
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "passdesk", &mut text);
            output::bytes(&text)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(|e| failed("the manual page", &e))?;
            output::bytes(&text)
        }
        Some(Command::Ledger(command)) => {
            let (site, data) = Start::new(cli.config, cli.data, cli.log).site()?;
            journal::run(&site, &data, command).await
        }
        Some(Command::Doctor(args)) => doctor::run(&Start::new(cli.config, cli.data, cli.log), &cli.looks, &args).await,
        Some(Command::Operator(command)) => {
            let start = Start::new(cli.config, cli.data, cli.log);
            match (start.site(), &start.data) {
                (Ok((site, data)), _) => operator::run(&data, &site.operators, &command),
                // A desk gets its key before its site file is finished.
                (Err(_), Some(data)) => operator::run(data, &[], &command),
                (Err(problem), None) => Err(problem),
            }
        }
        Some(command) => {
            let (desk, _log) = Start::new(cli.config, cli.data, cli.log).desk()?;
            desk.missing.iter().for_each(tell);
            // What these print rests on the ledger, and nobody reads it a second time.
            let rests_on_ledger =
                matches!(command, Command::Cards(_) | Command::Show(_) | Command::Jobs(_) | Command::History(_));
            let doubted = if rests_on_ledger { doubt(&desk).await } else { None };
            if let Some(problem) = &doubted {
                tell(problem);
            }
            let ending = match command {
                Command::Search(args) => search::run(&desk, args).await,
                Command::Cards(args) => cards::list(&desk, args).await,
                Command::Show(args) => cards::show(&desk, args).await,
                Command::Reissue(args) => reissue::run(&desk, args).await,
                Command::Suspend(args) => turn::run(&desk, Verb::Suspend, args).await,
                Command::Resume(args) => turn::run(&desk, Verb::Resume, args).await,
                Command::Unlink(args) => turn::run(&desk, Verb::Unlink, args).await,
                Command::End(args) => turn::run(&desk, Verb::End, args).await,
                Command::Set(args) => turn::run(&desk, Verb::Set, args).await,
                Command::Jobs(command) => jobs::run(&desk, command).await,
                Command::History(args) => history::run(&desk, args).await,
                Command::Directory(command) => directory::run(&desk, command).await,
                // Dealt with above: they need no desk.
                Command::Demo(_)
                | Command::Sim(_)
                | Command::Ledger(_)
                | Command::Operator(_)
                | Command::Doctor(_)
                | Command::Completions { .. }
                | Command::Man => Ok(Ending::Done),
            }?;
            Ok(if doubted.is_some() && ending == Ending::Done { Ending::Partly } else { ending })
        }
    }
}

/// Verifies the ledger; what speaks against it, as told beside what is printed from it.
async fn doubt(desk: &Desk) -> Option<Problem> {
    match desk.ledger.verify().await {
        LedgerHealth::Broken(why) => {
            let words = "the ledger cannot be trusted, so nothing below is proved to be ours";
            Some(Problem::new(ProblemKind::Failed, words, why, "run `passdesk ledger verify`"))
        }
        // What it says still stands.
        LedgerHealth::Verified { .. } | LedgerHealth::ReadOnly(_) | LedgerHealth::Verifying => None,
    }
}

/// Where the site file and the data are, and how much is logged.
struct Start {
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    log: String,
    looks: looks::LooksArgs,
}

impl Start {
    fn new(config: Option<PathBuf>, data: Option<PathBuf>, log: String) -> Self {
        Self { config, data, log, looks: looks::LooksArgs::default() }
    }

    /// Reads the site file, and says where the data are.
    fn site(&self) -> Result<(Site, PathBuf), Problem> {
        let file = match &self.config {
            Some(file) => file.clone(),
            None => account_folders()?.config_dir().join("site.toml"),
        };
        let site = Site::load(&file)?;
        let data = data_folder(&site, self.data.clone())?;
        Ok((site, data))
    }

    /// Opens the desk and its log. A log that cannot be written stops nothing.
    fn desk(&self) -> Result<(Desk, Option<logging::LogGuard>), Problem> {
        let (site, data) = self.site()?;
        let log = logging::start(&data, &self.log).map_err(|problem| say(problem.to_string())).ok();
        Ok((Desk::open(&site, &data)?, log))
    }
}

/// The folder of all data: as asked, else as the site file says, else the account's own.
fn data_folder(site: &Site, asked: Option<PathBuf>) -> Result<PathBuf, Problem> {
    match asked.or_else(|| site.data.clone()) {
        Some(folder) => Ok(folder),
        None => Ok(account_folders()?.data_local_dir().to_owned()),
    }
}

fn account_folders() -> Result<directories::ProjectDirs, Problem> {
    directories::ProjectDirs::from("", "", "passdesk").ok_or_else(|| {
        Problem::new(ProblemKind::Usage, "this account has no home folder", "", "give --config FILE and --data DIR")
    })
}

/// A line for people, on stderr. If nobody reads it, that is no error.
fn say(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", SafeText::of(line.as_ref()));
}

/// A problem that does not end the command, with its technical text.
fn tell(problem: &Problem) {
    say(problem.to_string());
    if !problem.detail.is_empty() {
        say(format!("  {}", problem.detail));
    }
}

/// A failure without more to say about it.
fn failed(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new(ProblemKind::Failed, format!("{what} failed"), SafeText::of(&error.to_string()).as_str(), "")
}

/// Text for an id argument.
fn holder_id(text: &str) -> Result<HolderId, String> {
    text.parse().map_err(|e: crate::domain::ids::BadId| e.to_string())
}

/// A full disk or quota shall be an error of the write, never the end of the process between SENDING and the
/// recorded outcome: with a handler in place, the kernel's SIGXFSZ does not kill. Without signals nothing is lost
/// but this.
fn survive_file_size_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    let number = rustix::process::Signal::XFSZ.as_raw();
    if let Err(error) = signal(SignalKind::from_raw(number)) {
        tracing::warn!(%error, "a file-size limit would end the program");
    }
}

#[cfg(test)]
mod tests;
