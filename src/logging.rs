//! The log: a file a day below the data folder, never the screen. It holds no bodies, no queries, no headers
//! (invariant I24): only this program's own lines are let in, and those are written to be safe.

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;
use std::path::Path;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Days that are kept.
const DAYS: usize = 14;
/// Lines that may wait to be written.
const LINES_WAITING: usize = 2048;

/// Keeps the log being written; what is not yet on disk is written when it is dropped.
pub struct LogGuard {
    _held: WorkerGuard,
}

/// Starts the log in `DATA/logs` (0700). `level` is one of error, warn, info, debug, trace.
///
/// # Errors
/// If the folder or file cannot be made; the program can do without.
pub fn start(data: &Path, level: &str) -> Result<LogGuard, Problem> {
    let folder = data.join("logs");
    let failed = |why: String| {
        let folder = SafeText::of(&folder.to_string_lossy());
        Problem::new(
            ProblemKind::Failed,
            format!("no log is written to {folder}"),
            why,
            "check the folder; the rest works",
        )
    };
    private_folder(&folder).map_err(|e| failed(e.to_string()))?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("passdesk")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&folder)
        .map_err(|e| failed(e.to_string()))?;
    // The default sets room for 128,000 lines aside at start; a desk never has that many waiting.
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LINES_WAITING).finish(appender);
    // Libraries may only warn: at finer levels the HTTP stack would write addresses with their queries.
    let filter = EnvFilter::try_new(format!("error,passdesk={level}"))
        .map_err(|_| failed(format!("there is no log level {:?}", SafeText::of(level))))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .try_init()
        .map_err(|e| failed(e.to_string()))?;
    Ok(LogGuard { _held: guard })
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // The mask at the time of creation does not matter then.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    std::fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_log_is_private_and_holds_only_our_lines() {
        let data = tempfile::tempdir().unwrap();
        let guard = start(data.path(), "info").unwrap();
        tracing::info!("ours");
        tracing::debug!("too fine");
        tracing::warn!(target: "hyper", "theirs");
        drop(guard);
        let folder = data.path().join("logs");
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("ours") && !text.contains("theirs") && !text.contains("too fine"), "{text}");
    }
}
