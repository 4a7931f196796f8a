//! The real terminal: taken over, and put back on every path (decision 25). Nothing is asked of it that it
//! must answer.

use super::{Console, Looks, Wanted, input};
use crate::console::message::Msg;
use crate::desk::Desk;
use crate::domain::text::SafeText;
use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, BufWriter, IsTerminal, Write, stdout};
use tokio::signal::unix::{SignalKind, signal};

/// Clicks and the wheel, in the coordinates of today's terminals. Movement is not asked for: nothing here hangs on it,
/// and each of its reports would wake the loop.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Holds the terminal; puts it back when dropped.
struct Taken;

impl Taken {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let taken = Self;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        put_back();
    }
}

/// Puts the terminal back. Safe to call more than once; errors are of no use to anybody here.
fn put_back() {
    let _ = execute!(stdout(), Print(MOUSE_OFF), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// A panic in any task ends the program: terminal back first, then one clean line, never a live program that
/// draws over the shell.
fn end_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        put_back();
        let text = SafeText::of(&info.to_string().replace('\n', " "));
        let _ = writeln!(
            io::stderr(),
            "passdesk stopped because of a defect: {text}. Nothing is lost: the next start checks what was being sent."
        );
        std::process::exit(101);
    }));
}

/// Runs the console on the terminal until the operator leaves.
///
/// # Errors
/// If there is no terminal, or it fails.
pub async fn run(desk: Desk, looks: Looks) -> anyhow::Result<()> {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        anyhow::bail!(
            "The console needs a terminal; for scripts use `passdesk search`, `cards`, `show`, `reissue` or `history`."
        );
    }
    let taken = Taken::take()?;
    end_on_panic();
    let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 14, stdout())))?;
    let mut console = Console::new(terminal, desk, looks)?;
    // A terminal that knows nothing of it ignores it; whether it took the text, none of them says.
    console.ask_of(Box::new(|wanted| {
        let _ = match wanted {
            Wanted::Copy(text) => execute!(stdout(), CopyToClipboard::to_clipboard_from(text)),
            Wanted::Mouse(true) => execute!(stdout(), Print(MOUSE_ON)),
            Wanted::Mouse(false) => execute!(stdout(), Print(MOUSE_OFF)),
        };
    }));
    input::read(console.outbox())?;
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (outbox, mut signals) = (console.outbox(), signal(kind)?);
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let _ = outbox.send(Msg::Leave);
            }
        });
    }
    #[cfg(debug_assertions)]
    panic_if_asked();
    let result = console.run().await;
    drop(taken);
    if !console.model.running.is_empty() {
        let _ = writeln!(
            io::stderr(),
            "A change was still being sent; the next start checks what came of it (passdesk, then w)."
        );
    }
    let waiting = console.model.waiting.len();
    if waiting > 0 {
        let passes = if waiting == 1 { "1 old pass waits".to_owned() } else { format!("{waiting} old passes wait") };
        let _ = writeln!(io::stderr(), "{passes} for the new one to be accepted; open the console again to retire it.");
    }
    Ok(result?)
}

/// Debug builds only: lets the terminal tests see what a panic in a background task does.
#[cfg(debug_assertions)]
fn panic_if_asked() {
    if std::env::var_os("PASSDESK_TEST_PANIC").is_some() {
        tokio::spawn(async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            #[expect(clippy::panic, reason = "the test asks for exactly this")]
            {
                panic!("asked for by the test");
            }
        });
    }
}
