//! Where the secret of a tenant comes from (decision 21): a protected file, a command or the environment; never the
//! site file itself and never an argument.

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::{SafeText, Secret};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// No secret is longer; more is a wrong file.
const MAX_BYTES: u64 = 64 << 10;
/// How long a command may take: somebody may have to type a passphrase or touch a token.
const COMMAND_WAIT: Duration = Duration::from_mins(1);

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

/// Refuses a file that others could read.
///
/// # Errors
/// If it is not there, or its mode lets group or others in.
pub fn check_private(path: &Path) -> Result<(), Problem> {
    let meta = std::fs::metadata(path)
        .map_err(|e| no_secret(format!("{}: {e}", shown(path)), "check the path in the site file"))?;
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
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    for variable in hidden {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|e| failed(format!("does not start: {e}")))?;
    let output = child.stdout.take();
    let (tell, hear) = mpsc::channel();
    std::thread::spawn(move || {
        use std::io::Read;
        let mut text = String::new();
        let read = output.map(|o| o.take(MAX_BYTES).read_to_string(&mut text));
        // Nobody listens any more after the time is up.
        let _ = tell.send(matches!(read, Some(Ok(_))).then_some(text));
    });
    let Ok(answer) = hear.recv_timeout(COMMAND_WAIT) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("took longer than {} s", COMMAND_WAIT.as_secs())));
    };
    let status = child.wait().map_err(|e| failed(format!("cannot be waited for: {e}")))?;
    match answer {
        Some(text) if status.success() => Ok(text),
        Some(_) => Err(failed(format!("failed ({status})"))),
        None => Err(failed("gave something that is not text".into())),
    }
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
}
