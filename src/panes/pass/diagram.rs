//! The diagram of a credential: each system's own states, where it stands, and which ways are lit.
//!
//! Three sizes of the same truth, the largest one that fits is drawn: a drawing with arrows, the states in their
//! groups, or only the state and where it may go from here. A lit way carries its key in round brackets, `?` marks a
//! way that the vendor's texts do not promise, and square brackets stand around the state that it is in.

use super::Drawn;
use crate::console::allowed;
use crate::console::keymap::Keymap;
use crate::console::model::Model;
use crate::domain::credential::{CardStatus, Credential, CredentialClass, InvitationStatus, State, System};
use crate::domain::lifecycle::{self, Verb};
use crate::widgets::theme::{Role, Theme};
use strum::IntoEnumIterator;
use unicode_width::UnicodeWidthStr;

/// A way that is lit: its key, where it leads, and whether the server has the last word.
pub struct Lit {
    verb: Verb,
    key: String,
    word: String,
    tried: bool,
}

/// The ways that are open for the credential under the cursor now.
pub fn lit(model: &Model, card: &Credential) -> Vec<Lit> {
    let mut all: Vec<Lit> = Vec::new();
    for verb in Verb::iter().filter(|verb| allowed::turn(model, *verb).is_ok()) {
        for target in allowed::targets(card, verb, model.now).unwrap_or_default() {
            // A word that has a key of its own keeps it.
            if !all.iter().any(|l| l.word == target.word && !target.word.is_empty()) {
                all.push(Lit {
                    verb,
                    key: key_of(&model.keymap, verb),
                    word: target.word.into_owned(),
                    tried: target.tried,
                });
            }
        }
    }
    all
}

/// True if the server has the last word about all that a verb offers.
pub fn is_tried(lit: &[Lit], verb: Verb) -> bool {
    lit.iter().any(|l| l.verb == verb && l.tried)
}

/// The key of a verb.
fn key_of(keymap: &Keymap, verb: Verb) -> String {
    let command = crate::console::commands::COMMANDS.iter().find(|c| c.verb == Some(verb));
    command.map(|c| keymap.run_by(c.name, false)).unwrap_or_default()
}

/// A station of a diagram: boxed, bold and in capitals if the credential stands there. Always two columns wider than
/// its word, so that nothing moves when the state does.
fn station(word: &str, here: bool) -> (Role, String) {
    if here { (Role::Strong, format!("[{}]", word.to_uppercase())) } else { (Role::Muted, format!(" {word} ")) }
}

/// A piece of a drawing.
enum Piece {
    /// Lines and remarks.
    Wire(&'static str),
    /// A state.
    At(&'static str),
    /// A way of a verb out of these states; its name stands in the line, with its key where it is lit.
    Way(Verb, &'static str),
}

use Piece::{At, Way, Wire};

/// accessgrid.md section 5.
const WALLET_PASS: &[&[Piece]] = &[
    &[
        Wire(" "),
        At("created"),
        Wire("-installs->"),
        At("active"),
        Wire("<"),
        Way(Verb::Resume, "resume"),
        Way(Verb::Suspend, "suspend"),
        Wire(">"),
        At("suspended"),
    ],
    &[Wire("    |                    +-"), Way(Verb::Unlink, "unlink"), Wire("->"), At("unlink"), Wire("<------+")],
    &[Wire("    +--"), Way(Verb::End, "delete"), Wire("-->"), At("deleted"), Wire("<-- from every state, for good")],
];

/// thales-d1.md section 8.
const DIGITAL_CARD: &[&[Piece]] = &[
    &[
        Wire(" "),
        At("PENDING_IDV"),
        Wire("-user->"),
        At("ACTIVE"),
        Wire("<"),
        Way(Verb::Resume, "resume"),
        Way(Verb::Suspend, "suspend"),
        Wire(">"),
        At("SUSPENDED"),
    ],
    &[Wire("      +--"), Way(Verb::End, "delete"), Wire("-->"), At("DELETED"), Wire("<-- from every state, for good")],
];

/// thales-d1.md section 7.
const FUNDING_CARD: &[&[Piece]] = &[
    &[
        Wire(" "),
        At("ACTIVE"),
        Wire("<"),
        Way(Verb::Resume, "resume"),
        Way(Verb::Suspend, "suspend"),
        Wire(">"),
        At("INACTIVE"),
        Wire("-->"),
        At("REPLACED"),
    ],
    &[Wire("    +-- by its date --> "), At("EXPIRED"), Wire("    -- by its issuer --> "), At("DELETED")],
];

/// The drawing of a kind, if it has one that fits.
fn drawing(keymap: &Keymap, card: &Credential, lit: &[Lit], theme: Theme, width: usize) -> Option<Vec<Drawn>> {
    let rows = match card.class {
        CredentialClass::WalletPass => WALLET_PASS,
        CredentialClass::DigitalCard => DIGITAL_CARD,
        CredentialClass::FundingCard => FUNDING_CARD,
        _ => return None,
    };
    let here = card.status_word.safe();
    let here = here.as_str();
    let lines: Vec<Drawn> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|piece| match piece {
                    Wire(text) => (Role::Muted, drawn_wire(text, theme)),
                    // Backends of different versions say SUSPENDED or INACTIVE for one state (thales-d1.md section 8).
                    At("SUSPENDED") if here == "INACTIVE" && card.class == CredentialClass::DigitalCard => {
                        station("INACTIVE", true)
                    }
                    At(word) => station(word, *word == here),
                    Way(verb, name) => way(keymap, lit, *verb, name, theme),
                })
                .collect()
        })
        .collect();
    let columns = |line: &Drawn| line.iter().map(|(_, t)| t.width()).sum::<usize>();
    lines.iter().all(|line| columns(line) <= width).then_some(lines)
}

/// The lines between states in the glyphs of the theme.
fn drawn_wire(text: &str, theme: Theme) -> String {
    text.replace('-', theme.rule()).replace('|', theme.bar())
}

/// A way in a drawing: its key and name in round brackets where it is lit, else its name in the line.
fn way(keymap: &Keymap, lit: &[Lit], verb: Verb, name: &str, theme: Theme) -> (Role, String) {
    let open = lit.iter().find(|l| l.verb == verb);
    let key = key_of(keymap, verb);
    if open.is_some() {
        return (Role::Key, format!("({key} {name})"));
    }
    // As wide as when it is lit.
    let ends = theme.rule().repeat(key.width() + 3);
    let (left, right) = ends.split_at(theme.rule().len() * 2);
    (Role::Muted, format!("{left}{name}{right}"))
}

/// The groups of a kind, in the order of its life: a label and the vendor's words.
fn groups(class: CredentialClass) -> &'static [(&'static str, &'static [&'static str])] {
    match class {
        CredentialClass::WalletPass => &[("use", &["created", "active", "suspended"]), ("end", &["unlink", "deleted"])],
        CredentialClass::DigitalCard => &[("use", &["PENDING_IDV", "ACTIVE", "SUSPENDED"]), ("end", &["DELETED"])],
        CredentialClass::FundingCard => {
            &[("use", &["ACTIVE", "INACTIVE"]), ("end", &["EXPIRED", "REPLACED", "DELETED"])]
        }
        CredentialClass::PrintedCard => &[
            ("make", &["initialized", "in_production", "personalized", "issued"]),
            ("use", &["activated", "linked", "unlinked"]),
            ("stop", &["blocked", "bulk_blocked", "expired"]),
            ("end", &["returned", "withdrawn", "blacklisted", "destroyed"]),
        ],
        _ => &[],
    }
}

/// A state among others: boxed where it stands, in round brackets with its key where a lit way leads to it.
fn grouped(word: &str, card: &Credential, lit: &[Lit]) -> (Role, String) {
    if word == card.status_word.safe().as_str() {
        return station(word, true);
    }
    let alias = card.class == CredentialClass::DigitalCard && word == "SUSPENDED";
    if alias && card.status_word.safe().as_str() == "INACTIVE" {
        return station("INACTIVE", true);
    }
    match lit.iter().find(|l| l.word == word) {
        Some(l) => (Role::Key, format!("({} {word}{})", l.key, if l.tried { " ?" } else { "" })),
        None => station(word, false),
    }
}

/// The states in their groups, each group on a line of its own, or two short ones on one.
fn in_groups(card: &Credential, lit: &[Lit], width: usize) -> Vec<Drawn> {
    let mut lines: Vec<Drawn> = Vec::new();
    for (label, words) in groups(card.class) {
        let pieces: Vec<_> = words.iter().map(|word| grouped(word, card, lit)).collect();
        lines.extend(flow(label, pieces, width));
    }
    lines
}

/// Only the state and where it may go from here, the words of one key together.
fn nearby(card: &Credential, lit: &[Lit], width: usize) -> Vec<Drawn> {
    let mut ways: Vec<(&str, String, &str)> = Vec::new();
    for l in lit.iter().filter(|l| !l.word.is_empty()) {
        match ways.iter_mut().find(|(key, ..)| *key == l.key) {
            Some((_, words, _)) => *words = format!("{words} {}", l.word),
            None => ways.push((&l.key, l.word.clone(), if l.tried { " ?" } else { "" })),
        }
    }
    let mut pieces = vec![station(card.status_word.safe().as_str(), true)];
    pieces.extend(ways.into_iter().map(|(key, words, mark)| (Role::Key, format!("({key} {words}{mark})"))));
    flow("state", pieces, width)
}

/// Pieces after a label, a blank between two, broken between pieces where a line ends.
pub fn flow(label: &str, pieces: Vec<(Role, String)>, width: usize) -> Vec<Drawn> {
    let indent = super::LABEL;
    let mut lines: Vec<Drawn> = vec![vec![(Role::Muted, format!(" {label:<w$}", w = indent - 1))]];
    let mut used = indent;
    for (role, text) in pieces {
        let wide = text.width();
        if used > indent && used + wide > width {
            lines.push(vec![(Role::Muted, " ".repeat(indent))]);
            used = indent;
        }
        used += wide + 1;
        if let Some(line) = lines.last_mut() {
            line.push((role, text));
            line.push((Role::Plain, " ".into()));
        }
    }
    lines
}

/// The sizes of a credential's diagram, the largest first.
pub fn sizes(model: &Model, card: &Credential, theme: Theme, width: usize) -> Vec<Vec<Drawn>> {
    let lit = lit(model, card);
    if card.class.system() == System::Gallagher {
        return vec![gallagher(card, &lit, width)];
    }
    if card.state() == State::Unknown || lifecycle::meaning(card.class, card.status_word.safe().as_str()).is_none() {
        let word = card.status_word.safe();
        let text = format!("[{word}] is none of the words that this version knows: it is only shown");
        let wrapped = crate::widgets::text::wrap(&text, width.saturating_sub(super::LABEL).max(10));
        return vec![super::labelled("state", Role::Warn, wrapped)];
    }
    let mut all: Vec<Vec<Drawn>> = drawing(&model.keymap, card, &lit, theme, width).into_iter().collect();
    all.push(in_groups(card, &lit, width));
    all.push(nearby(card, &lit, width));
    all
}

fn arrow() -> (Role, String) {
    (Role::Muted, " > ".into())
}

/// A station of Gallagher's two ways, which are short of room.
fn stop(word: &str, here: bool) -> (Role, String) {
    if here { station(word, true) } else { (Role::Muted, word.to_owned()) }
}

/// The invitation's way (gallagher.md section 5.4), two lines.
fn invitation_lines(status: InvitationStatus) -> [Drawn; 2] {
    use InvitationStatus as I;
    [
        vec![
            (Role::Muted, " invite  ".into()),
            stop("not sent", status == I::NotSent),
            arrow(),
            stop("sent", status == I::Sent),
            arrow(),
            stop("accepted", status == I::Accepted),
        ],
        vec![
            (Role::Muted, format!("{}\\-> ", " ".repeat(if status == I::NotSent { 22 } else { 20 }))),
            stop("expired", status == I::Expired),
        ],
    ]
}

/// The card's own way (gallagher.md section 5.3); it ends by date or in a disabled state.
fn card_line(card: &Credential, lit: &[Lit]) -> Drawn {
    use CardStatus as C;
    let status = card.status;
    let end = if status == C::Expired { "expired" } else { "inactive" };
    let open = |verb| lit.iter().any(|l| l.verb == verb);
    let between = if open(Verb::Suspend) {
        (Role::Key, " (s)> ".to_owned())
    } else if open(Verb::Resume) {
        (Role::Key, " <(S) ".to_owned())
    } else {
        arrow()
    };
    let mut line = vec![
        (Role::Muted, " card    ".into()),
        stop("pending", status == C::Pending),
        arrow(),
        stop("active", status == C::Active),
        between,
        stop(end, matches!(status, C::Expired | C::Inactive)),
    ];
    if status == C::Unknown {
        line.push((Role::Warn, "  in none of these".into()));
    }
    line.push((Role::Muted, format!("   site word: {}", card.status_word.safe())));
    line
}

/// Command Centre's two ways, which are independent of each other.
fn gallagher(card: &Credential, lit: &[Lit], width: usize) -> Vec<Drawn> {
    let columns = |line: &Drawn| line.iter().map(|(_, t)| t.width()).sum::<usize>();
    let mut own = card_line(card, lit);
    let Some([mut way, mut branch]) = card.invitation.as_ref().map(|i| invitation_lines(i.status)) else {
        return vec![own];
    };
    // Side by side where that fits; the site's word may then stand below.
    let word = own.pop();
    if columns(&way) + columns(&own) <= width {
        own[0].1 = "    card ".into();
        way.append(&mut own);
        if let Some((role, word)) = word {
            let gap = columns(&way).saturating_sub(columns(&branch) + word.width());
            branch.push((role, format!("{}{word}", " ".repeat(gap))));
        }
        return vec![way, branch];
    }
    own.extend(word);
    vec![way, branch, own]
}
