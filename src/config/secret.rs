//! Where the secret of a tenant comes from (decision 21): a protected file, a command or the environment; never the
//! site file itself and never an argument.

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::{SafeText, Secret};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// No secret is longer; more is a wrong file.
const MAX_BYTES: u64 = 64 << 10;
/// How long a command may take. Nothing is on the screen meanwhile.
const COMMAND_WAIT: Duration = Duration::from_secs(10);
/// How long the complaint of a command that has ended is waited for.
const COMPLAINT_WAIT: Duration = Duration::from_millis(100);
/// So much of a command's complaint is shown.
const COMPLAINT: usize = 160;

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// The output of a program, started without a shell.
    Command(Vec<String>),
    /// An environment variable.
    Env(String),
}

impl SecretSource {
    /// Reads the secret. White space around it is dropped. `hidden` are environment variables that hold other
    /// secrets: a command does not get to see them (invariant I24).
    ///
    /// # Errors
    /// If it cannot be had, is empty, or lies in a file that others can read. No error holds any of it.
    pub fn read(&self, hidden: &[&str]) -> Result<Secret, Problem> {
        let text = match self {
            Self::File(path) => from_file(path)?,
            Self::Command(words) => from_command(words, hidden)?,
            Self::Env(name) => std::env::var(name).map_err(|_| {
                no_secret(format!("the environment variable {name} is not set"), "set it, or use secret_file")
            })?,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(no_secret(format!("{} is empty", self.describe()), "put the key into it"));
        }
        Ok(Secret::new(text.to_owned()))
    }

    fn describe(&self) -> String {
        match self {
            Self::File(path) => format!("the secret file {}", shown(path)),
            Self::Command(words) => format!("the answer of the secret command {}", program(words)),
            Self::Env(name) => format!("the environment variable {name}"),
        }
    }
}

fn no_secret(why: impl Into<String>, next: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Usage, "the secret cannot be read", why, next)
}

fn shown(path: &Path) -> SafeText {
    SafeText::of(&path.to_string_lossy())
}

fn program(words: &[String]) -> SafeText {
    SafeText::of(words.first().map(String::as_str).unwrap_or_default())
}

fn from_file(path: &Path) -> Result<String, Problem> {
    check_private(path)?;
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > MAX_BYTES {
        return Err(no_secret(format!("{} is too large for a secret", shown(path)), "check `secret_file`"));
    }
    std::fs::read_to_string(path).map_err(|e| no_secret(format!("{}: {e}", shown(path)), "check `secret_file`"))
}

/// Refuses a file that others could read, and what is no file: opening a pipe would wait for whoever writes into it.
///
/// # Errors
/// If it is not there, is not a regular file, or its mode lets group or others in.
pub fn check_private(path: &Path) -> Result<(), Problem> {
    let meta = std::fs::metadata(path)
        .map_err(|e| no_secret(format!("{}: {e}", shown(path)), "check the path in the site file"))?;
    if !meta.is_file() {
        return Err(no_secret(format!("{} is not a regular file", shown(path)), "name a file with mode 0600"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(no_secret(
                format!("{} can be read by others (mode {mode:04o})", shown(path)),
                format!("run `chmod 600 {}`", shown(path)),
            ));
        }
    }
    let _ = meta;
    Ok(())
}

fn from_command(words: &[String], hidden: &[&str]) -> Result<String, Problem> {
    let name = program(words);
    let failed = |why: String| no_secret(format!("the secret command {name} {why}"), "run it by hand to see why");
    let Some((file, arguments)) = words.split_first() else {
        return Err(no_secret("`secret_command` is empty", "name a program and its arguments"));
    };
    let mut command = Command::new(file);
    // What it complains of goes through us: on the terminal it could draw over the console, or show the secret.
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in hidden {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|e| failed(format!("does not start: {e}")))?;
    let process = rustix::process::Pid::from_child(&child);
    let complaint = listen(child.stderr.take(), || ());
    let answer = listen(child.stdout.take(), move || {
        // Its number stays taken, so that nobody else can be meant when it is ended below.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = waitid(WaitId::Pid(process), ended);
    });
    let answer = answer.recv_timeout(COMMAND_WAIT);
    if answer.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|e| failed(format!("cannot be waited for: {e}")))?;
    let Ok(answer) = answer else {
        return Err(failed(format!("took longer than {} s", COMMAND_WAIT.as_secs())));
    };
    let answer = answer.and_then(|bytes| String::from_utf8(bytes).ok());
    if status.success() {
        return answer.ok_or_else(|| failed("gave something that is not text".into()));
    }
    // It has ended; if something that it started holds its stderr, what that says is not waited for.
    let complaint = complaint.recv_timeout(COMPLAINT_WAIT).ok().flatten().unwrap_or_default();
    let complaint = first_line(&complaint, answer.as_deref());
    Err(failed(if complaint.as_str().is_empty() {
        format!("failed ({status})")
    } else {
        format!("failed ({status}), it says \"{complaint}\"")
    }))
}

/// Reads a stream to its end on a thread, and tells after something more has happened; `None` if it cannot be read.
fn listen(
    stream: Option<impl Read + Send + 'static>,
    then: impl FnOnce() + Send + 'static,
) -> mpsc::Receiver<Option<Vec<u8>>> {
    let (tell, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.map(|stream| stream.take(MAX_BYTES).read_to_end(&mut bytes));
        then();
        // Nobody listens any more after the time is up.
        let _ = tell.send(matches!(read, Some(Ok(_))).then_some(bytes));
    });
    hear
}

/// The first line of a complaint that says anything, made safe. If it repeats any of what the command answered,
/// nothing of it is shown; if the answer could not be read, neither.
fn first_line(complaint: &[u8], answer: Option<&str>) -> SafeText {
    let complaint = String::from_utf8_lossy(complaint);
    let line = complaint.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let repeats = answer.is_none_or(|answer| answer.split_whitespace().any(|word| complaint.contains(word)));
    if repeats { SafeText::default() } else { SafeText::of(&line.chars().take(COMPLAINT).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn words(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|w| (*w).to_owned()).collect())
    }

    #[test]
    fn i24_a_secret_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "  CANARY-7F3A\n").unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let problem = SecretSource::File(path.clone()).read(&[]).unwrap_err();
            assert!(problem.next.contains("chmod 600 "), "{problem}");
            assert!(!format!("{problem:?}").contains("CANARY"), "{problem:?}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(SecretSource::File(path).read(&[]).unwrap().expose(), "CANARY-7F3A");
    }

    #[test]
    fn a_command_gives_the_secret_and_its_failures_are_named() {
        assert_eq!(words(&["printf", "%s\n", "CANARY"]).read(&[]).unwrap().expose(), "CANARY");
        for (source, word) in [
            (words(&["false"]), "failed"),
            (words(&["true"]), "empty"),
            (words(&["/nonexistent/program"]), "does not start"),
            (words(&[]), "empty"),
            (words(&["printf", "\\377"]), "not text"),
            (SecretSource::Env("PASSDESK_TEST_NOT_SET".into()), "not set"),
        ] {
            let problem = source.read(&[]).unwrap_err();
            assert!(problem.to_string().contains(word), "{word}: {problem}");
        }
    }

    #[test]
    fn i24_a_command_does_not_see_the_secrets_of_others() {
        // PATH stands for any variable: it is one that is always set.
        let env = words(&["/usr/bin/env"]);
        let seen = |hidden: &[&str]| env.read(hidden).map(|s| s.expose().lines().any(|l| l.starts_with("PATH=")));
        assert_eq!(seen(&[]).ok(), Some(true));
        assert_ne!(seen(&["PATH"]).ok(), Some(true));
    }

    #[test]
    fn i24_a_complaint_of_a_command_is_shown_without_tricks_and_without_the_secret() {
        let shell = |script: &str| words(&["sh", "-c", script]).read(&[]).unwrap_err().to_string();
        let shown = shell(r"printf '\n\033[2Jno such entry\nmore\n' >&2; exit 3");
        assert!(shown.contains("no such entry") && !shown.contains("more") && !shown.contains('\u{1b}'), "{shown}");
        let shown = shell("echo CANARY-7F3A; echo 'cannot store CANARY-7F3A' >&2; exit 1");
        assert!(shown.contains("failed") && !shown.contains("CANARY"), "{shown}");
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let problem = SecretSource::File(path).read(&[]).unwrap_err();
        assert!(problem.to_string().contains("not a regular file"), "{problem}");
    }
}
