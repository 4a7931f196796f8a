//! passdesk: the thin program around the library.

use clap::Parser;
use passdesk::cli::{self, Cli};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    keep_secrets_inside();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return ExitCode::from(cli::explain(&said)),
    };
    // Everything here names its provider itself; this is for libraries that ask for the process's own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(cli::run(cli));
            // A read of stdin that nobody ends would hold the program.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "passdesk: cannot start: {error}.");
            ExitCode::FAILURE
        }
    }
}

/// No core file, no debugger of the same account, no file that others can read (invariant I24). A system that
/// refuses any of this is used all the same.
fn keep_secrets_inside() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
