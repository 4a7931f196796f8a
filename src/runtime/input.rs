//! Terminal events become messages.

use crate::console::keymap::Key;
use crate::console::message::Msg;
use crate::domain::text::Untrusted;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use tokio::sync::mpsc::UnboundedSender;

/// The key that an event means; `None` for releases, held keys of acts, and keys that the console does not use.
fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let repeat = event.kind == KeyEventKind::Repeat;
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let key = match event.code {
        KeyCode::Char(c) if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(_) if event.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(n) => Key::F(n),
        _ => return None,
    };
    // A held key may move and edit, but never confirm (invariant I3).
    (!repeat || key != Key::Char('y')).then_some(key)
}

/// The rows that one notch of the wheel moves.
const NOTCH: i8 = 3;

/// The message that an event of the mouse means; what stands there, the loop finds out.
fn mouse(event: MouseEvent) -> Option<Msg> {
    let (column, row) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Msg::Clicked { column, row }),
        MouseEventKind::ScrollDown => Some(Msg::Wheel { column, row, rows: NOTCH }),
        MouseEventKind::ScrollUp => Some(Msg::Wheel { column, row, rows: -NOTCH }),
        _ => None,
    }
}

/// Reads the terminal in a thread of its own until the console is gone: one hop from key to queue. The thread
/// waits in a read that nothing interrupts, and ends with the process.
///
/// # Errors
/// If no thread can be had.
pub fn read(outbox: UnboundedSender<Msg>) -> std::io::Result<()> {
    std::thread::Builder::new().name("input".into()).spawn(move || {
        while let Ok(event) = crossterm::event::read() {
            let msg = match event {
                Event::Key(event) => key(event).map(Msg::Key),
                Event::Paste(text) => Some(Msg::Paste(Untrusted::new(text))),
                Event::Mouse(event) => mouse(event),
                Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
                _ => None,
            };
            if let Some(msg) = msg
                && outbox.send(msg).is_err()
            {
                return;
            }
        }
        // The terminal is gone: nothing more can be asked of anybody.
        let _ = outbox.send(Msg::Leave);
    })?;
    Ok(())
}
