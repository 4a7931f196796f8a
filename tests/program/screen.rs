//! The program in a pseudo-terminal: keys in, a screen and every raw byte out. It answers nothing to the program,
//! and everything is waited for, never slept through.

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two presses of a key that a fresh confirm may have dropped.
const AGAIN: Duration = Duration::from_millis(150);

pub const ENTER: &str = "\r";
pub const CTRL_C: &str = "\x03";
pub const PAGE_DOWN: &str = "\x1b[6~";

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Exit code.
    pub code: u32,
    /// The signal that ended it, if one did.
    pub signal: Option<String>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
    end: Option<End>,
}

/// A program and its terminal. Dropped, it is killed.
pub struct Screen {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    writer: Mutex<Box<dyn Write + Send>>,
    pid: rustix::process::Pid,
    threads: Vec<JoinHandle<()>>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Screen {
    /// The console on a site.
    pub fn console(site: &Path, columns: u16, rows: u16) -> Self {
        Self::start(columns, rows, &["--config", site.to_str().unwrap()], &[])
    }

    /// The program with arguments and environment in a terminal of this size.
    pub fn start(columns: u16, rows: u16, args: &[&str], env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_passdesk"));
        command.args(args);
        for name in
            ["NO_COLOR", "PASSDESK_CONFIG", "PASSDESK_DATA", "PASSDESK_LOG", "PASSDESK_THEME", "PASSDESK_TEST_PANIC"]
        {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        command.env("PASSDESK_PREFERENCES", "/dev/null");
        for (name, value) in env {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap();
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), closed: false, end: None }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = Mutex::new(pair.master.take_writer().unwrap());
        let (reading, waiting) = (Arc::clone(&seen), Arc::clone(&seen));
        let read = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let mut seen = reading.0.lock().unwrap();
                seen.raw.extend_from_slice(&buffer[..n]);
                seen.parser.process(&buffer[..n]);
                reading.1.notify_all();
            }
            reading.0.lock().unwrap().closed = true;
            reading.1.notify_all();
        });
        let wait = std::thread::spawn(move || {
            let status = child.wait().unwrap();
            let end = End { code: status.exit_code(), signal: status.signal().map(ToOwned::to_owned) };
            waiting.0.lock().unwrap().end = Some(end);
            waiting.1.notify_all();
        });
        Self { seen, master: pair.master, writer, pid, threads: vec![read, wait] }
    }

    /// True once the condition holds within this time.
    fn holds(&self, within: Duration, mut condition: impl FnMut(&Seen) -> bool) -> bool {
        let until = Instant::now() + within;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        loop {
            if condition(&seen) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until the screen satisfies a condition; fails with the whole screen otherwise.
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut(&vt100::Screen) -> bool) -> &Self {
        assert!(
            self.holds(PATIENCE, |seen| condition(seen.parser.screen())),
            "never saw {what}; the screen is:\n{}\nended: {:?}",
            self.text(),
            self.end()
        );
        self
    }

    /// Waits until the text is on the screen.
    pub fn wait_for(&self, text: &str) -> &Self {
        self.wait_until(&format!("{text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until the text is not on the screen any more.
    pub fn wait_gone(&self, text: &str) -> &Self {
        self.wait_until(&format!("{text:?} go"), |screen| !screen.contents().contains(text))
    }

    /// True if the text is on the screen before this time is over.
    pub fn sees(&self, text: &str, within: Duration) -> bool {
        self.holds(within, |seen| seen.parser.screen().contents().contains(text))
    }

    /// Sends keys as they are.
    pub fn press(&self, keys: &str) -> &Self {
        let mut writer = self.writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    /// Presses a key until the text is on the screen: a confirm that was drawn just now drops what comes too early.
    pub fn press_until(&self, key: &str, text: &str) -> &Self {
        let until = Instant::now() + PATIENCE;
        loop {
            self.press(key);
            if self.sees(text, AGAIN) {
                return self;
            }
            assert!(Instant::now() < until, "{key:?} never led to {text:?}; the screen is:\n{}", self.text());
        }
    }

    /// Types into the search line, waits for the person, opens her, and waits until keys are commands again.
    pub fn open_person(&self, typed: &str, name: &str) -> &Self {
        self.press(typed).wait_for(name).press(ENTER).wait_for("/ filter").wait_for(&format!("3 Cards of {name}"))
    }

    /// Presses Escape until the text is gone. Alone, never with another key: that would be a key with Alt.
    pub fn escape(&self, text: &str) -> &Self {
        let until = Instant::now() + PATIENCE;
        loop {
            self.press("\x1b");
            if self.holds(AGAIN, |seen| !seen.parser.screen().contents().contains(text)) {
                return self;
            }
            assert!(Instant::now() < until, "Escape never closed {text:?}; the screen is:\n{}", self.text());
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) -> &Self {
        self.seen.0.lock().unwrap().parser.set_size(cells(rows), cells(columns));
        self.master.resize(size(columns, rows)).unwrap();
        self
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) -> &Self {
        if self.end().is_none() {
            rustix::process::kill_process(self.pid, signal).unwrap();
        }
        self
    }

    /// Ends the program without giving it a chance, and waits until it is gone.
    pub fn kill9(&self) -> End {
        self.signal(rustix::process::Signal::KILL).wait_exit()
    }

    /// Waits until the program has ended and everything it wrote is here.
    pub fn wait_exit(&self) -> End {
        assert!(
            self.holds(PATIENCE, |seen| seen.end.is_some() && seen.closed),
            "it never ended; the screen is:\n{}",
            self.text()
        );
        self.end().unwrap()
    }

    fn end(&self) -> Option<End> {
        self.seen.0.lock().unwrap().end.clone()
    }

    /// Everything that the program wrote so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// The screen, a line a row.
    pub fn text(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// The text of each row, blanks included.
    pub fn rows(&self) -> Vec<String> {
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        screen.rows(0, screen.size().1.get()).collect()
    }

    /// Looks at the screen as it is now.
    pub fn with<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.0.lock().unwrap().parser.screen())
    }

    /// Prints the screen, for those who look with their own eyes (`PASSDESK_LOOK=1`, `--nocapture`).
    pub fn look(&self, what: &str) -> &Self {
        if std::env::var_os("PASSDESK_LOOK").is_some() {
            println!("==== {what}\n{}\n====", self.text());
        }
        self
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.end().is_none() {
            let _ = rustix::process::kill_process(self.pid, rustix::process::Signal::KILL);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The column at which a text begins in a row, from that column on.
pub fn column_of(screen: &vt100::Screen, row: u16, text: &str, from: u16) -> Option<u16> {
    let columns = screen.size().1.get();
    let begins = |at: u16| {
        // A cell that was never written is a blank and begins nothing.
        let mut here = String::new();
        let mut column = at;
        while here.len() < text.len() && column < columns {
            let cell = screen.cell(row, column)?;
            here.push_str(if cell.has_contents() { cell.contents() } else { " " });
            column += 1;
        }
        (here == text).then_some(at)
    };
    (from..columns).find_map(begins)
}
