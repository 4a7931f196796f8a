//! Private folders and files, whatever the umask, on a local file system.

use rusqlite::{Connection, OpenFlags};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Tells the type of the file system under a path (`f_type` of statfs); replaced in tests.
pub type FsProbe = fn(&Path) -> io::Result<u64>;

/// File systems on which locks, shared memory or sync do not mean what SQLite needs: those over a network, and
/// FUSE, behind which anything can be.
const REMOTE: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9P"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x7375_7245, "Coda"),
];

/// Asks the kernel for the file-system type. Elsewhere than on Linux the types are not numbered; 0 is answered there.
pub fn kernel_probe(path: &Path) -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    {
        let stat = rustix::fs::statfs(path)?;
        // Some targets have a signed 32-bit field; only those bits count.
        #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
        Ok((stat.f_type as u64) & 0xFFFF_FFFF)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Ok(0)
    }
}

/// The name of the network file system that `folder` lies on, or `None` if it is local.
///
/// # Errors
/// If the folder cannot be examined.
pub fn remote_file_system(folder: &Path, probe: FsProbe) -> io::Result<Option<&'static str>> {
    let found = probe(folder)?;
    Ok(REMOTE.iter().find(|(magic, _)| *magic == found).map(|(_, name)| *name))
}

/// Creates a folder with its parents, 0700. A folder that is there already is made 0700 too.
///
/// # Errors
/// If it cannot be created, or belongs to somebody else.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

/// Makes sure that a file is there, and 0600, before anything else opens it.
///
/// # Errors
/// If it cannot be created, or belongs to somebody else.
pub(super) fn private_file(path: &Path) -> io::Result<()> {
    // An existing file is not opened: closing it again would drop the locks that SQLite holds on it in this process.
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Makes a file 0600 if it is there.
///
/// # Errors
/// If it belongs to somebody else.
pub(super) fn keep_private(path: &Path) -> io::Result<()> {
    match fs::set_permissions(path, Permissions::from_mode(0o600)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens a database for reading where nothing can be written, not even the files that SQLite keeps beside it.
///
/// # Errors
/// If it cannot be read, or a part of it lies in a log that cannot be read without writing.
pub(super) fn open_untouched(path: &Path) -> rusqlite::Result<Connection> {
    let readable = |connection: Connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(|_| connection)
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(path, flags).and_then(readable);
    let mut log = path.as_os_str().to_os_string();
    log.push("-wal");
    // Taking the file for one that never changes leaves its log out, so there must be nothing in that.
    if found.is_ok() || fs::metadata(log).is_ok_and(|meta| meta.len() > 0) {
        return found;
    }
    let Some(text) = path.to_str() else { return found };
    let text = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = flags | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file://{text}?immutable=1"), flags).and_then(readable)
}

/// Writes a file so that a reader sees the old or the new content, never a part, and the content is on the disk
/// before its name is.
///
/// # Errors
/// If any step fails; then the old content is still in place.
pub(super) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a file with this content unless there is one: the first of several processes wins.
///
/// # Errors
/// If it cannot be written. That it exists is no error.
pub(super) fn create_once(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    let linked = write_new(&temporary, content).and_then(|()| match fs::hard_link(&temporary, path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = fs::remove_file(&temporary);
    linked
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    // What a crash left behind under our process id is of no use to anybody.
    let _ = fs::remove_file(path);
    let mut file: File = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name in the same folder that no other process or thread uses.
fn beside(path: &Path) -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{}.new", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_named() {
        let folder = Path::new("/");
        assert_eq!(remote_file_system(folder, |_| Ok(0x6969)).unwrap(), Some("NFS"));
        assert_eq!(remote_file_system(folder, |_| Ok(0xFF53_4D42)).unwrap(), Some("CIFS"));
        assert_eq!(remote_file_system(folder, |_| Ok(0x6573_5546)).unwrap(), Some("FUSE"));
        assert_eq!(remote_file_system(folder, |_| Ok(0xEF53)).unwrap(), None);
    }

    #[test]
    fn a_file_is_created_once_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        create_once(&path, b"one").unwrap();
        create_once(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace_file(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
