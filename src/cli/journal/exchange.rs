//! Exports of ledgers: writing one, checking one, taking one in, and comparing one with what is here.

use super::super::output::{self, Form, Row};
use super::super::{Ending, Json, failed, say};
use super::verified;
use crate::config::Site;
use crate::desk::account;
use crate::domain::comparison::{Claim, Compared, Standing, compare};
use crate::domain::operator::PublicKey;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use crate::store::export::Export;
use crate::store::ledger::{open_export, verify_export};
use crate::store::operator_key::OperatorKey;
use crate::store::paths::DataRoot;
use jiff::Timestamp;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Said wherever an export is called good.
const NO_MACS: &str =
    "Its MACs cannot be checked here: their key never leaves its desk. The signature stands for them.";

/// `ledger export`.
pub(super) async fn export(site: &Site, data: &Path, file: Option<PathBuf>) -> Result<Ending, Problem> {
    let path = DataRoot::new(data).operator_key();
    let signer = OperatorKey::read(&path).map_err(|e| failed("reading the operator's key", &e))?.ok_or_else(|| {
        Problem::new(ProblemKind::Usage, "this account has no key to sign with", "", "run `passdesk operator init`")
    })?;
    let public = signer.public();
    let (ledger, _) = verified(site, data).await?;
    let written = if let Some(path) = &file {
        let file = create(path)?;
        let written = ledger.export(site.mode, signer, Whole(BufWriter::new(file))).await;
        if written.is_err() {
            // What was written of it is no export, and would stand in the way of the next one.
            let _ = std::fs::remove_file(path);
        }
        written
    } else {
        ledger.export(site.mode, signer, BufWriter::new(io::stdout())).await
    };
    let header = written.map_err(|e| failed("the export", &e))?;
    let to = file.as_ref().map_or(String::new(), |path| format!(" to {}", path.display()));
    say(format!("Exported {} events of {}{to}, signed with {public}.", header.last, header.console));
    Ok(Ending::Done)
}

/// A new file that only its owner can read.
fn create(path: &Path) -> Result<File, Problem> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(|e| {
        let name = SafeText::of(&path.to_string_lossy());
        if e.kind() == io::ErrorKind::AlreadyExists {
            return Problem::new(ProblemKind::Usage, format!("{name} is there already"), "", "name a new file");
        }
        Problem::new(ProblemKind::Failed, format!("{name} cannot be made"), e.to_string(), "check the folder")
    })
}

/// A file whose content is on the disk when it was flushed.
struct Whole(BufWriter<File>);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}

fn open(path: &Path) -> Result<BufReader<File>, Problem> {
    File::open(path).map(BufReader::new).map_err(|e| {
        let name = SafeText::of(&path.to_string_lossy());
        Problem::new(ProblemKind::Usage, format!("{name} cannot be read"), e.to_string(), "name the export")
    })
}

fn no_export(file: &Path, why: &str) -> Problem {
    let name = SafeText::of(&file.to_string_lossy());
    Problem::new(ProblemKind::Failed, format!("{name} is not to be trusted"), why, "ask for a new export")
}

/// The keys that may sign, with the names of their desks.
fn trusted(site: &Site, key: Option<PublicKey>) -> Vec<(Option<String>, PublicKey)> {
    let named = site.operators.iter().map(|operator| (Some(operator.name.clone()), operator.key));
    named.chain(key.map(|key| (None, key))).collect()
}

/// As [`trusted`], with this account's own key: its own exports are no strangers, though nothing is taken in on it.
fn known(site: &Site, data: &Path, key: Option<PublicKey>) -> Vec<(Option<String>, PublicKey)> {
    let own = OperatorKey::read(&DataRoot::new(data).operator_key()).ok().flatten();
    let own = own.map(|key| (Some("this account".to_owned()), key.public()));
    trusted(site, key).into_iter().chain(own).collect()
}

/// Whose key it is, in words.
///
/// # Errors
/// If nobody named it: then anybody can have made the export.
fn signer(export: &Export, trusted: &[(Option<String>, PublicKey)]) -> Result<String, Problem> {
    let key = export.header.key;
    match trusted.iter().find(|(_, known)| *known == key) {
        Some((Some(name), _)) => Ok(name.clone()),
        Some((None, _)) => Ok("the key that was given".to_owned()),
        None => Err(Problem::new(
            ProblemKind::Refused,
            "it is whole, and signed by somebody whom nobody named here",
            format!("its key is {key}"),
            "have that desk read its key out (`passdesk operator init` prints it), then add it as [[operator]] or give \
             it with --key",
        )),
    }
}

/// `ledger verify FILE`.
pub(super) fn verify(site: &Site, data: &Path, file: &Path, key: Option<PublicKey>) -> Result<Ending, Problem> {
    let export = verify_export(open(file)?).map_err(|why| no_export(file, &why))?;
    let by = signer(&export, &known(site, data, key))?;
    let header = &export.header;
    say(format!("Chain and signature agree: a {} ledger, signed by {by} on {}.", header.mode, header.wall));
    say(NO_MACS);
    let line = match Form::of(false) {
        Form::Table => format!("verified: {} events, console {}, key {}\n", header.last, header.console, header.key),
        _ => format!("verified\t{}\t{}\t{}\n", header.last, header.console, header.key),
    };
    output::bytes(line.as_bytes())
}

/// `ledger import FILE`.
pub(super) async fn import(site: &Site, data: &Path, file: &Path, key: Option<PublicKey>) -> Result<Ending, Problem> {
    let refused = |why: String| {
        let name = SafeText::of(&file.to_string_lossy());
        Problem::new(ProblemKind::Refused, format!("{name} was not taken in"), why, "nothing was changed")
    };
    // Looked at once before the ledger is held for writing: others wait while it is.
    let export = verify_export(open(file)?).map_err(|why| no_export(file, &why))?;
    let trusted = trusted(site, key);
    signer(&export, &trusted)?;
    let (ledger, _) = verified(site, data).await?;
    let done = ledger.import(site.mode, trusted, account::name(), open(file)?).await.map_err(refused)?;
    let header = &done.export.header;
    say(match done.new {
        0 => format!("Nothing is new in it: {} events of {} were here already.", header.last, header.console),
        new => format!("Took in {new} events of {} ({}), now {} in all.", done.name, header.console, header.last),
    });
    say(NO_MACS);
    output::bytes(format!("imported\t{}\t{}\t{}\n", done.new, header.last, header.console).as_bytes())
}

/// One row of `ledger diff`.
#[derive(Serialize)]
struct DiffLine {
    schema: &'static str,
    v: u8,
    #[serde(flatten)]
    row: Compared,
    /// The console that was compared.
    console: String,
    as_of: Timestamp,
}

impl Row for DiffLine {
    const HEAD: &'static [&'static str] = &["WHERE", "CREDENTIAL", "HOLDER", "MARKER", "HERE", "THERE"];
    fn cells(&self) -> Vec<SafeText> {
        let Compared { standing, here, there } = &self.row;
        let one = here.as_ref().or(there.as_ref());
        let text = |text: Option<String>| SafeText::of(&text.unwrap_or_default());
        let says = |claim: &Option<Claim>| {
            text(claim.as_ref().map(|claim| match &claim.object {
                // A conflict may be about two objects.
                Some(object) if *standing == Standing::Conflict => {
                    format!("{} {object} by {}", claim.state, claim.intent)
                }
                _ => format!("{} by {}", claim.state, claim.intent),
            }))
        };
        vec![
            SafeText::of(&standing.to_string()),
            text(one.and_then(|claim| claim.object.as_ref()).map(ToString::to_string)),
            text(one.map(|claim| claim.holder.to_string())),
            text(one.and_then(|claim| claim.marker.as_ref()).map(|marker| marker.as_str().to_owned())),
            says(here),
            says(there),
        ]
    }
}

/// `ledger diff FILE`.
pub(super) async fn diff(site: &Site, data: &Path, file: &Path, json: &Json) -> Result<Ending, Problem> {
    let (export, theirs) = open_export(open(file)?).map_err(|why| no_export(file, &why))?;
    let header = &export.header;
    if header.mode != site.mode {
        return Err(Problem::new(
            ProblemKind::Refused,
            format!("it is a {} ledger, and this one is {}", header.mode, site.mode),
            "",
            "compare it where its mode is at home",
        ));
    }
    if let Err(problem) = signer(&export, &known(site, data, None)) {
        say(format!("Mind: {problem}"));
    }
    let (ledger, _) = verified(site, data).await?;
    let ours = ledger.all_intents().await.map_err(|e| failed("reading the ledger", &e))?;
    let rows = compare(&ours, &theirs);
    let count = |standing| rows.iter().filter(|row| row.standing == standing).count();
    say(format!(
        "{} in conflict, {} only here, {} only there, {} in both; there is {} with {} events.",
        count(Standing::Conflict),
        count(Standing::OnlyHere),
        count(Standing::OnlyThere),
        count(Standing::Both),
        header.console,
        header.last,
    ));
    let (console, as_of) = (header.console.to_string(), header.wall);
    let line = |row| DiffLine { schema: "passdesk.ledger-diff", v: 1, row, console: console.clone(), as_of };
    let lines: Vec<DiffLine> = rows.into_iter().map(line).collect();
    output::rows(Form::of(json.json), &lines)
}
