//! A data folder that cannot be written, files under every mask, and several programs on one ledger.

use super::trial::said_properly;
use crate::branch::{Branch, Candidate, Data};
use crate::interposer::skipped;
use crate::site::wait;
use passdesk::domain::credential::{State, System};
use passdesk::ports::ledger::{Ledger, LedgerHealth};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn working(branch: &Branch) -> Vec<Candidate> {
    let all = branch.candidates.iter().filter(|c| c.system == System::AccessGrid && c.state == State::Active);
    all.filter(|c| c.word == "active" && !c.id.key.as_str().contains('/')).cloned().collect()
}

/// The same command, run by a shell after something else.
fn after(first: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first} && exec \"$0\" \"$@\"")]).arg(command.get_program()).args(command.get_args());
    shell.stdin(std::process::Stdio::null());
    shell
}

fn suspend(branch: &Branch, data: &Data, whose: &Candidate) -> Command {
    let id = whose.id.to_string();
    branch.command(whose.system, data, &["suspend", &id, "--why", "lost", "--ticket", "INC0012345", "--yes"])
}

#[test]
fn i8_a_folder_that_cannot_be_written_leaves_browsing_and_sends_nothing() {
    let branch = Branch::open(11, 600);
    let (whose, data) = (&working(&branch)[0], branch.fresh(System::AccessGrid));
    let root = data.root.to_str().unwrap();
    let mount = format!("mount --bind {root} {root} && mount -o remount,bind,ro {root}");
    let in_place = |command: &Command| -> Output {
        let mut all = Command::new("unshare");
        let inner = after(&mount, command);
        all.arg("-m").arg(inner.get_program()).args(inner.get_args());
        all.output().unwrap()
    };
    let probe = format!("{mount} && ! touch {root}/probe 2>/dev/null");
    if !Command::new("unshare").args(["-m", "sh", "-c", &probe]).output().is_ok_and(|out| out.status.success()) {
        skipped("a read-only data folder", "this account cannot mount one");
        return;
    }
    let before = branch.truth(System::AccessGrid, &whose.holder);
    let since = branch.logged(System::AccessGrid);
    let holder = whose.holder.to_string();
    for (args, code) in
        [(&["search", &holder][..], 0), (&["cards", &holder], 0), (&["history", &holder], 0), (&["jobs", "list"], 4)]
    {
        let out = in_place(&branch.command(System::AccessGrid, &data, args));
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(said_properly(&format!("{args:?}"), &out), code, "{args:?}: {told}");
        assert!(args[0] != "cards" || String::from_utf8_lossy(&out.stdout).contains("ours"), "ownership still shows");
    }
    let out = in_place(&suspend(&branch, &data, whose));
    assert_eq!(said_properly("suspend", &out), 5, "{}", String::from_utf8_lossy(&out.stderr));
    assert!(branch.mutations(System::AccessGrid, since).is_empty());
    assert_eq!(branch.truth(System::AccessGrid, &whose.holder), before);
    assert!(!data.root.join("probe").exists());
    assert!(matches!(wait(data.ledger().verify()), LedgerHealth::Verified { .. }));
}

fn modes(folder: &Path, told: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, meta) = (entry.path(), entry.metadata().unwrap());
        let mode = meta.permissions().mode() & 0o777;
        let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
        told.extend((mode != wanted).then(|| format!("{} is {mode:o}", path.display())));
        if meta.is_dir() {
            modes(&path, told);
        }
    }
}

#[test]
fn every_file_is_private_whatever_the_mask_of_whoever_starts_it() {
    let branch = Branch::open(12, 600);
    let people = working(&branch);
    for (mask, whose) in ["000", "077"].into_iter().zip(&people) {
        let data = branch.fresh(System::AccessGrid);
        let out = after(&format!("umask {mask}"), &suspend(&branch, &data, whose)).output().unwrap();
        assert_eq!(said_properly(mask, &out), 0, "{}", String::from_utf8_lossy(&out.stderr));
        // Once more where nothing was there before: everything is made anew.
        let fresh = data.beside("fresh");
        let first = branch.command_in(System::AccessGrid, &fresh, &["search", "e", "--live"]);
        let out = after(&format!("umask {mask}"), &first).output().unwrap();
        // Nobody is found by a letter where a system knows no names; the files are made all the same.
        assert!(matches!(said_properly(mask, &out), 0 | 4), "{}", String::from_utf8_lossy(&out.stderr));
        for root in [&data.root, &fresh] {
            assert!(root.join("sim/ledger.db").exists() && root.join("keys/sim.key").exists(), "{root:?}");
            let mut told = Vec::new();
            modes(root, &mut told);
            assert!(told.is_empty(), "under umask {mask}: {told:?}");
        }
    }
}

#[test]
fn i6_several_programs_on_one_ledger_make_one_chain_and_one_request_a_person() {
    let branch = Branch::open(13, 600);
    let people = working(&branch);
    let data = branch.fresh(System::AccessGrid);
    let since = branch.logged(System::AccessGrid);
    let recorded = data.events("SENDING").unwrap();
    // Four on one person at one moment, and one each on four others.
    let whose = [&people[0], &people[0], &people[0], &people[0], &people[1], &people[2], &people[3], &people[4]];
    let running: Vec<_> = whose
        .iter()
        .map(|whose| {
            let mut command = suspend(&branch, &data, whose);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ends: Vec<Output> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let codes: Vec<i32> = ends.iter().map(|out| said_properly("two at once", out)).collect();
    println!("exit codes {codes:?}");
    let told: Vec<_> = ends.iter().map(|out| String::from_utf8_lossy(&out.stderr).into_owned()).collect();
    assert_eq!(codes[..4].iter().filter(|code| **code == 0).count(), 1, "one of four: {codes:?}\n{told:#?}");
    assert!(codes[4..].iter().all(|code| *code == 0), "{codes:?}\n{told:#?}");
    let sent = branch.mutations(System::AccessGrid, since);
    for whose in &people[..5] {
        let of = sent.iter().filter(|r| r.path.contains(whose.id.key.as_str())).count();
        assert_eq!(of, 1, "{}: {of} requests", whose.id);
    }
    assert_eq!(data.events("SENDING").unwrap() - recorded, 5);
    assert!(matches!(wait(data.ledger().verify()), LedgerHealth::Verified { .. }));
}
