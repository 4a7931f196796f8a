//! Whose OS account this is: the operator's name in the journal (decision 9). Taken from the system and not from
//! `$USER`, which anybody can set.

use std::process::{Command, Stdio};

/// The name of the account that runs this process, or `uid:N` if the system has no name for it.
pub fn name() -> String {
    let uid = rustix::process::getuid().as_raw();
    let local = std::fs::read_to_string("/etc/passwd").ok();
    local.and_then(|text| in_passwd(&text, uid)).or_else(from_directory).unwrap_or_else(|| format!("uid:{uid}"))
}

/// The account in the local file.
fn in_passwd(text: &str, uid: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|n| !n.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Accounts of a directory service are in no file; the system's own tool knows them.
fn from_directory() -> Option<String> {
    let said = Command::new("/usr/bin/id").arg("-un").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let name = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    (said.status.success() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_number() {
        let text = "root:x:0:0:root:/root:/bin/sh\nop7:x:1007:1007::/home/op7:/bin/sh\nbroken\n";
        assert_eq!(in_passwd(text, 1007).as_deref(), Some("op7"));
        assert_eq!(in_passwd(text, 1), None);
        assert!(!name().is_empty());
    }
}
