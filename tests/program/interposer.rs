//! The interposer of `interposer/io.c`: compiled once with the machine's C compiler, loaded into the program before the
//! C library (decision 31). Where that cannot be done it is said, and nothing is counted as passed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the interposer does to the n-th call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Nothing: every call is written down.
    Trace,
    /// It alone fails with this error.
    Fail(Errno),
    /// It and all that follow fail with this error.
    FailFrom(Errno),
    /// The program is killed before it.
    Kill,
    /// The program is killed before it, and what was not synced is lost.
    Cut,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errno {
    Io = 5,
    NoSpace = 28,
    Quota = 122,
}

fn library() -> Result<&'static Path, &'static str> {
    static LIBRARY: OnceLock<Result<(PathBuf, tempfile::TempDir), String>> = OnceLock::new();
    let made = LIBRARY.get_or_init(|| {
        if !cfg!(target_os = "linux") {
            return Err("there is no LD_PRELOAD on this system".to_owned());
        }
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("io.c"), folder.path().join("io.so"));
        std::fs::write(&source, include_str!("interposer/io.c")).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).args(["-ldl", "-lpthread"]);
        let done = compiler.output().map_err(|e| format!("no C compiler: {e}"))?;
        if !done.status.success() {
            return Err(format!("the C compiler refused it: {}", String::from_utf8_lossy(&done.stderr)));
        }
        // A program that is linked statically, or a loader that ignores the library, calls past it.
        let report = folder.path().join("report");
        let mut command = Command::new(env!("CARGO_BIN_EXE_passdesk"));
        command.args(["--data"]).arg(folder.path().join("data")).args(["ledger", "verify", "--config"]);
        let site = folder.path().join("site.toml");
        std::fs::write(&site, "").unwrap();
        command.arg(site).env("LD_PRELOAD", &library);
        command.env("PDIO_ROOT", folder.path()).env("PDIO_OUT", &report).env("PDIO_MODE", "trace");
        command.output().map_err(|e| e.to_string())?;
        if std::fs::metadata(&report).map_or(0, |m| m.len()) == 0 {
            return Err("the program does not call through LD_PRELOAD here".to_owned());
        }
        Ok((library, folder))
    });
    made.as_ref().map(|(library, _)| library.as_path()).map_err(String::as_str)
}

/// True if the interposer works here. Otherwise it is said, past any capture, that the test did not run.
pub fn available(test: &str) -> bool {
    library().map_err(|why| skipped(test, why)).is_ok()
}

/// Says past any capture that a test did not run, and why.
pub fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED, NOT PASSED: {test}: {why}");
}

/// Loads the interposer into a command: `deed` at the n-th call on files below `root` (and on sockets, if `net`).
pub fn steer(command: &mut Command, root: &Path, report: &Path, deed: Deed, at: u64, net: bool) {
    for (name, value) in settings(root, report, deed, at, net) {
        command.env(name, value);
    }
}

/// The same as environment, for programs in a terminal.
pub fn settings(root: &Path, report: &Path, deed: Deed, at: u64, net: bool) -> Vec<(&'static str, String)> {
    let (word, errno) = match deed {
        Deed::Trace => ("trace", Errno::Io),
        Deed::Fail(errno) => ("fail", errno),
        Deed::FailFrom(errno) => ("from", errno),
        Deed::Kill => ("kill", Errno::Io),
        Deed::Cut => ("cut", Errno::Io),
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut all = vec![
        ("LD_PRELOAD", text(library().unwrap())),
        ("PDIO_ROOT", text(root)),
        ("PDIO_OUT", text(report)),
        ("PDIO_MODE", word.to_owned()),
        ("PDIO_ERRNO", (errno as i32).to_string()),
        ("PDIO_AT", at.to_string()),
    ];
    all.extend(net.then(|| ("PDIO_NET", "1".to_owned())));
    all
}

/// A line of the report.
#[derive(Clone, Debug)]
pub struct Call {
    pub n: u64,
    pub word: String,
    pub path: String,
    pub more: String,
}

/// What the interposer reported.
pub fn reported(report: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(report).unwrap_or_default();
    let call = |line: &str| {
        let mut parts = line.splitn(4, ' ');
        let n = parts.next()?.parse().ok()?;
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Some(Call { n, word: next(), path: next(), more: next() })
    };
    text.lines().filter_map(call).collect()
}
