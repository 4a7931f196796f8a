//! Which process this is, and whether another one still lives. A process id alone is not enough: ids are used again,
//! and after a restart of the machine every one of them may be.

use crate::domain::journal::ProcessMark;

/// The mark of this process.
pub fn this_process() -> ProcessMark {
    let pid = std::process::id();
    ProcessMark { pid, boot: boot_id(), started: started(pid).unwrap_or(0) }
}

/// True if the process that left this mark still runs on this machine. If nobody can say, it is taken for alive:
/// taking a lease from a living process is worse than waiting for a dead one.
pub fn is_alive(mark: &ProcessMark) -> bool {
    let boot = boot_id();
    if !boot.is_empty() && !mark.boot.is_empty() && boot != mark.boot {
        return false;
    }
    if cfg!(target_os = "linux") { started(mark.pid).is_some_and(|at| at == mark.started) } else { answers(mark.pid) }
}

/// Changes with every start of the machine. Empty where the system has none.
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|s| s.trim().to_owned()).unwrap_or_default()
}

/// Start of a process in clock ticks since boot; `None` if it is gone, or dead and not yet collected.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, so fields are counted from its end.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    // The start time is the 22nd field; the state was the third.
    let at = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(at)
}

/// Asks the kernel by a signal that is not sent.
fn answers(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else {
        return false;
    };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_others_are_told_apart() {
        let own = this_process();
        assert!(is_alive(&own));
        assert!(answers(own.pid));
        if cfg!(target_os = "linux") {
            assert!(!is_alive(&ProcessMark { started: own.started + 1, ..own.clone() }), "the id was used again");
            assert!(!is_alive(&ProcessMark { boot: "another".into(), ..own.clone() }), "the machine was restarted");
        }
    }

    #[test]
    fn a_process_that_ended_is_dead() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mark = ProcessMark { pid: child.id(), boot: boot_id(), started: started(child.id()).unwrap_or(0) };
        assert!(is_alive(&mark));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(&mark));
    }
}
