//! The one command table. It feeds key dispatch, footer hints, palette, help and the README table.

use super::inspector::Leaf as Inspect;
use super::keymap::Keymap;
use super::keys::{Chord, Key};
use super::message::Effect;
use super::model::{Model, Overlay, Palette, Pane};
use super::settings::Leaf;
use super::{allowed, filtering, wording};
use crate::domain::document::Document;
use crate::domain::lifecycle::Verb;
use std::borrow::Cow;

/// What a command may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// Changes only what is shown.
    Look,
    /// Opens the preview of a change; nothing is sent before `y`.
    Act,
}

/// Where its keys are live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In every pane but the search line, which takes letters as text.
    Panes,
    /// Everywhere, the search line too.
    Everywhere,
}

/// Groups of the help, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display, strum::EnumIter)]
pub enum Group {
    /// Cursor and panes.
    Move,
    /// Search.
    Find,
    /// Change a credential.
    Act,
    /// Look closer.
    See,
    /// Other screens.
    Go,
    /// This session.
    Session,
}

/// One row of the table.
pub struct Command {
    /// Its word in the palette.
    pub name: &'static str,
    /// What the footer says beside the key.
    pub title: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Group in the help.
    pub group: Group,
    /// Keys, the first one is shown in hints.
    pub keys: &'static [Chord],
    /// Where the keys are live.
    pub place: Place,
    /// What it may do.
    pub kind: Kind,
    /// What it does to the credential under the cursor, if it is an act on one that exists.
    pub verb: Option<Verb>,
    /// Shown in the footer of the panes, first ones first; 0: only in the help.
    pub rank: u8,
    /// The same for the search line, where letters are text.
    pub search_rank: u8,
    /// Why it cannot be used now.
    pub enabled: fn(&Model) -> Result<(), Cow<'static, str>>,
    /// What it does.
    pub run: fn(&mut Model) -> Vec<Effect>,
}

impl Command {
    /// What stands beside the key now: the vendor's own word for the credential under the cursor.
    pub fn title_for(&self, model: &Model) -> &'static str {
        match (self.verb, model.shown.card()) {
            (Some(verb), Some((card, _))) => wording::title(card, verb),
            _ => self.title,
        }
    }
}

const fn row(
    name: &'static str,
    title: &'static str,
    group: Group,
    keys: &'static [Chord],
    rank: u8,
    run: fn(&mut Model) -> Vec<Effect>,
    help: &'static str,
) -> Command {
    Command {
        name,
        title,
        help,
        group,
        keys,
        place: Place::Panes,
        kind: Kind::Look,
        verb: None,
        rank,
        search_rank: 0,
        enabled: allowed::always,
        run,
    }
}

const fn anywhere(mut command: Command) -> Command {
    command.place = Place::Everywhere;
    command
}

/// Everywhere, and a hint of the search line.
const fn searching(rank: u8, mut command: Command) -> Command {
    command.place = Place::Everywhere;
    command.search_rank = rank;
    command
}

const fn act(mut command: Command, enabled: fn(&Model) -> Result<(), Cow<'static, str>>) -> Command {
    command.kind = Kind::Act;
    command.enabled = enabled;
    command
}

/// An act on one credential that exists.
const fn turn(verb: Verb, command: Command, enabled: fn(&Model) -> Result<(), Cow<'static, str>>) -> Command {
    let mut command = act(command, enabled);
    command.verb = Some(verb);
    command
}

const fn when(mut command: Command, enabled: fn(&Model) -> Result<(), Cow<'static, str>>) -> Command {
    command.enabled = enabled;
    command
}

use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// THE command table.
pub static COMMANDS: &[Command] = &[
    act(
        row(
            "reissue",
            "reissue",
            Group::Act,
            &[&[Char('r')]],
            1,
            Model::open_wizard,
            "replace the credential under the cursor; opens a preview, nothing is sent before y",
        ),
        allowed::reissue,
    ),
    turn(
        Verb::Suspend,
        row(
            "suspend",
            "suspend",
            Group::Act,
            &[&[Char('s')]],
            2,
            |m| m.open_turn(Verb::Suspend),
            "stop it so that it can be resumed (CardExchange: block); opens a preview, nothing is sent before y",
        ),
        |m| allowed::turn(m, Verb::Suspend),
    ),
    turn(
        Verb::Resume,
        row(
            "resume",
            "resume",
            Group::Act,
            &[&[Char('S')]],
            3,
            |m| m.open_turn(Verb::Resume),
            "let a stopped one work again (CardExchange: unblock); opens a preview, nothing is sent before y",
        ),
        |m| allowed::turn(m, Verb::Resume),
    ),
    turn(
        Verb::End,
        row(
            "end",
            "end",
            Group::Act,
            &[&[Char('x')]],
            4,
            |m| m.open_turn(Verb::End),
            "end it for good: remove, delete or withdraw, as its vendor says; opens a preview, nothing is sent before y",
        ),
        |m| allowed::turn(m, Verb::End),
    ),
    turn(
        Verb::Unlink,
        row(
            "unlink",
            "unlink",
            Group::Act,
            &[&[Char('a'), Char('l')]],
            5,
            |m| m.open_turn(Verb::Unlink),
            "take a pass out of the wallet for good (AccessGrid); opens a preview, nothing is sent before y",
        ),
        |m| allowed::turn(m, Verb::Unlink),
    ),
    turn(
        Verb::Set,
        row(
            "set-word",
            "set word",
            Group::Act,
            &[&[Char('a'), Char('w')]],
            5,
            |m| m.open_turn(Verb::Set),
            "give it another of its vendor's or site's own state words; opens a preview, nothing is sent before y",
        ),
        |m| allowed::turn(m, Verb::Set),
    ),
    act(
        row(
            "undo",
            "undo",
            Group::Act,
            &[&[Char('u')]],
            0,
            Model::open_undo,
            "take the last change of this person back, if its system can; opens a preview, nothing is sent before y",
        ),
        |m| allowed::undo(m).map(|_| ()),
    ),
    searching(
        1,
        row("open", "open", Group::Move, &[&[Enter]], 5, Model::open, "open what is under the cursor; never writes"),
    ),
    searching(
        3,
        row(
            "back",
            "back",
            Group::Move,
            &[&[Esc]],
            0,
            Model::back,
            "one step back: popup, input, filter, pane; never quits",
        ),
    ),
    searching(2, row("down", "move", Group::Move, &[&[Down], &[Char('j')]], 0, |m| m.step(1), "cursor down")),
    anywhere(row("up", "up", Group::Move, &[&[Up], &[Char('k')]], 0, |m| m.step(-1), "cursor up")),
    row("in", "in", Group::Move, &[&[Char('l')], &[Right]], 0, |m| m.turn(1), "to the pane further in"),
    row("out", "out", Group::Move, &[&[Char('h')], &[Left]], 0, |m| m.turn(-1), "to the pane further out"),
    row("top", "top", Group::Move, &[&[Char('g'), Char('g')], &[Home]], 0, |m| m.step(-1_000_000), "first row"),
    row("bottom", "bottom", Group::Move, &[&[Char('G')], &[End]], 0, |m| m.step(1_000_000), "last row"),
    anywhere(row(
        "page-down",
        "page down",
        Group::Move,
        &[&[PageDown], &[Ctrl('f')]],
        0,
        |m| m.page(1, 1),
        "one page down",
    )),
    anywhere(row("page-up", "page up", Group::Move, &[&[PageUp], &[Ctrl('b')]], 0, |m| m.page(-1, 1), "one page up")),
    row("half-down", "half down", Group::Move, &[&[Ctrl('d')]], 0, |m| m.page(1, 2), "half a page down"),
    row("half-up", "half up", Group::Move, &[&[Ctrl('u')]], 0, |m| m.page(-1, 2), "half a page up"),
    searching(5, row("next-pane", "next pane", Group::Move, &[&[Tab], &[F(6)]], 0, |m| m.turn(1), "next pane")),
    anywhere(row("previous-pane", "previous pane", Group::Move, &[&[BackTab]], 0, |m| m.turn(-1), "previous pane")),
    row("pane-1", "search", Group::Move, &[&[Char('1')]], 0, |m| m.go(Pane::Search), "to the search line"),
    row("pane-2", "cardholders", Group::Move, &[&[Char('2')]], 0, |m| m.go(Pane::Holders), "to the cardholders"),
    row("pane-3", "cards", Group::Move, &[&[Char('3')]], 0, |m| m.go(Pane::Cards), "to the cards"),
    row("pane-4", "state", Group::Move, &[&[Char('4')]], 0, |m| m.go(Pane::Pass), "to the state of the card"),
    row("pane-5", "history", Group::Move, &[&[Char('5')]], 0, |m| m.go(Pane::History), "to the history of the person"),
    row("last-view", "last view", Group::Move, &[&[Char('-')]], 0, |m| m.go(m.before), "to the pane before"),
    when(
        row(
            "filter",
            "filter",
            Group::Find,
            &[&[Char('/')]],
            6,
            Model::open_filter,
            "filter this list: state:expired issued:me -type:wallet; TAB completes, ENT keeps, ESC takes it off",
        ),
        filtering::allowed,
    ),
    anywhere(row(
        "search",
        "search",
        Group::Find,
        &[&[F(3)]],
        0,
        |m| m.go(Pane::Search),
        "type to find a cardholder: name, or a card number of digits only",
    )),
    searching(
        4,
        row(
            "scope",
            "scope",
            Group::Find,
            &[&[Ctrl('s')]],
            0,
            Model::next_scope,
            "what the search looks in: name, number, contact, id",
        ),
    ),
    anywhere(row(
        "refresh",
        "refresh",
        Group::See,
        &[&[Char('R')], &[F(5)]],
        7,
        Model::refresh,
        "read the person again from her system; asks a paused system again",
    )),
    when(
        row(
            "inspect",
            "details",
            Group::See,
            &[&[Char('o')]],
            6,
            |m| m.inspect(Inspect::Fields),
            "all that is known of the credential: 1 fields, 2 its vendor's JSON, 3 whose it is and why, 4 requests",
        ),
        allowed::a_card,
    ),
    when(
        row(
            "json",
            "JSON",
            Group::See,
            &[&[Char('J')]],
            0,
            |m| m.inspect(Inspect::Json),
            "what its system itself says of the credential, without secrets",
        ),
        allowed::a_card,
    ),
    row(
        "requests",
        "requests",
        Group::See,
        &[&[Char('@')]],
        0,
        |m| m.inspect(Inspect::Requests),
        "what was asked of the systems in this run, newest first; no secret, no name",
    ),
    when(
        row(
            "copy-id",
            "id",
            Group::See,
            &[&[Char('c'), Char('i')]],
            7,
            |m| m.copy("id", m.shown.card().map(|(card, _)| card.id.to_string())),
            "its id to the terminal's clipboard",
        ),
        allowed::a_card,
    ),
    when(
        row(
            "copy-number",
            "number",
            Group::See,
            &[&[Char('c'), Char('n')]],
            7,
            |m| m.copy("number", m.shown.card().map(|(card, _)| card.number.safe().to_string())),
            "its number to the terminal's clipboard",
        ),
        allowed::a_number,
    ),
    when(
        row(
            "copy-row",
            "row",
            Group::See,
            &[&[Char('c'), Char('r')]],
            7,
            |m| m.copy("row", m.shown.card().map(|(card, owner)| wording::row(card, owner))),
            "state, system, type, number, owner and id to the terminal's clipboard, with tabs between",
        ),
        allowed::a_card,
    ),
    when(
        row(
            "copy-json",
            "JSON",
            Group::See,
            &[&[Char('c'), Char('j')]],
            7,
            |m| m.copy("JSON", m.shown.document().map(Document::text)),
            "what its system itself says of it to the terminal's clipboard, without secrets",
        ),
        allowed::a_document,
    ),
    row(
        "zoom",
        "zoom",
        Group::See,
        &[&[Char('+')], &[Char('_')]],
        0,
        Model::toggle_zoom,
        "the focused pane fills the screen, or not",
    ),
    searching(
        7,
        row("jobs", "jobs", Group::Go, &[&[Char('w')], &[F(7)]], 8, Model::open_jobs, "unfinished and waiting changes"),
    ),
    row(
        "messages",
        "messages",
        Group::Go,
        &[&[Char('M')]],
        0,
        Model::open_messages,
        "everything that was said, with the full text",
    ),
    row(
        "health",
        "health",
        Group::Go,
        &[&[Char(',')]],
        0,
        |m| m.open_settings(Leaf::Health),
        "how the desk stands: systems, ledger, cache; and its looks, keys and policy",
    ),
    row(
        "theme",
        "theme",
        Group::Session,
        &[],
        0,
        |m| m.open_settings(Leaf::Looks),
        "choose the colours: default, dark, light, high-contrast, for other eyes, or your own",
    ),
    row(
        "palette",
        "command",
        Group::Go,
        &[&[Char(':')], &[F(9)]],
        0,
        |m| m.open_palette(false),
        "find and run any command",
    ),
    searching(
        6,
        row(
            "help",
            "help",
            Group::Go,
            &[&[Char('?')], &[F(1)]],
            9,
            |m| m.open_palette(true),
            "all commands and their keys; type to narrow",
        ),
    ),
    row(
        "ticket",
        "ticket",
        Group::Session,
        &[&[Char('t')], &[F(2)]],
        10,
        Model::open_ticket,
        "the ticket that goes with what follows",
    ),
    when(
        row("lock", "lock", Group::Session, &[&[Char('L')]], 0, Model::toggle_lock, "lock writes, or unlock them"),
        allowed::lock_allowed,
    ),
    row(
        "mouse",
        "mouse",
        Group::Session,
        &[],
        0,
        Model::toggle_mouse,
        "let the mouse click rows and hints, or leave it to the terminal; Shift-drag selects text",
    ),
    row("utc", "utc", Group::Session, &[&[Char('T')]], 0, Model::toggle_utc, "times in UTC, or local"),
    anywhere(row(
        "repaint",
        "repaint",
        Group::Session,
        &[&[Ctrl('l')]],
        0,
        |_| vec![Effect::Repaint],
        "draw everything anew",
    )),
    searching(
        8,
        row(
            "quit",
            "quit",
            Group::Session,
            &[&[Char('q')], &[F(10)]],
            11,
            Model::leave,
            "leave; waits for a change that is being sent",
        ),
    ),
];

impl Model {
    /// Opens the palette, as help or empty.
    pub(super) fn open_palette(&mut self, help: bool) -> Vec<Effect> {
        self.overlay = Some(Overlay::Palette(Palette { help, ..Palette::default() }));
        Vec::new()
    }
}

impl Palette {
    /// The commands that fit what is typed: every word must occur in name, title, help or keys.
    pub fn rows(&self, keymap: &Keymap) -> Vec<&'static Command> {
        let wanted: Vec<String> = self.input.value().split_whitespace().map(str::to_lowercase).collect();
        let mut rows: Vec<&'static Command> = COMMANDS
            .iter()
            .filter(|c| {
                let keys: Vec<String> = keymap.chords(c).iter().map(|k| super::keys::written(k)).collect();
                let text = format!("{} {} {} {}", c.name, c.title, c.help, keys.join(" ")).to_lowercase();
                wanted.iter().all(|w| text.contains(w.as_str()))
            })
            .collect();
        rows.sort_by_key(|c| {
            let exact = wanted.first().is_some_and(|w| c.name.starts_with(w.as_str()));
            (!exact, c.group)
        });
        rows
    }
}

/// The key table of the README, in Markdown; a test compares.
pub fn markdown_table() -> String {
    use strum::IntoEnumIterator;
    let mut out = String::from("| Group | Keys | Command | What it does |\n|---|---|---|---|\n");
    for group in Group::iter() {
        for command in COMMANDS.iter().filter(|c| c.group == group) {
            let mut keys: Vec<String> = command.keys.iter().map(|k| format!("`{}`", super::keys::written(k))).collect();
            if keys.is_empty() {
                keys.push(format!("`:{}`", command.name));
            }
            out.push_str(&format!("| {group} | {} | {} | {} |\n", keys.join(" "), command.name, command.help));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_commands_share_a_key_or_a_name() {
        let mut keys = HashSet::new();
        let mut names = HashSet::new();
        for command in COMMANDS {
            assert!(names.insert(command.name), "{} twice", command.name);
            for chord in command.keys {
                assert!(keys.insert(*chord), "{chord:?} twice");
            }
        }
        for chord in &keys {
            assert!(chord.len() == 1 || !keys.contains(&chord[..1]), "{chord:?} hides behind its own first key");
        }
    }

    #[test]
    fn r2_no_act_hangs_on_an_editing_key() {
        for command in COMMANDS.iter().filter(|c| c.kind == Kind::Act) {
            for chord in command.keys {
                assert!(
                    match chord {
                        [Key::Char(c)] => *c != 'y',
                        [Key::Char(a), Key::Char(b)] => a != b && *a != 'y' && *b != 'y',
                        _ => false,
                    },
                    "{} must hang on plain letters that are not y and not one letter twice",
                    command.name
                );
            }
        }
    }
}
