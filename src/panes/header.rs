//! The first row: mode, systems, may we write, ticket, time, jobs. Always visible.

use crate::console::model::{Model, SLOW, TenantState};
use crate::domain::clocks::ClockTrouble;
use crate::domain::policy::{Mode, Writes};
use crate::domain::problem::{Problem, ProblemKind};
use crate::ports::ledger::LedgerHealth;
use crate::widgets::text::{Pen, cut};
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// How a system stands, as the header and the card list say it: `ok`, `slow`, `off`, and what is known of why.
pub fn state_of(model: &Model, tenant: &TenantState) -> (Role, &'static str, String) {
    if let Some(Err(problem)) = &tenant.connection {
        return trouble(problem);
    }
    // A question that is open longer than that says more than the last answer.
    let waiting = model.waiting_for(&tenant.profile.name).filter(|d| *d > SLOW);
    match (waiting, &tenant.connection, tenant.round_trip) {
        (Some(so_far), ..) => slow(so_far),
        (None, Some(Ok(_)), _) if tenant.clock.is_some() => {
            (Role::Warn, "clock", tenant.clock.map(ClockTrouble::span).unwrap_or_default())
        }
        (None, Some(Ok(_)), Some(took)) if took > SLOW => slow(took),
        (None, Some(Ok(_)), took) => (Role::Good, "ok", took.map(span).unwrap_or_default()),
        (None, ..) => (Role::Muted, "..", String::new()),
    }
}

/// The same of a system that takes its time.
pub fn slow(time: Duration) -> (Role, &'static str, String) {
    (Role::Warn, "slow", span(time))
}

/// The same of a system that did not give what it was asked for.
pub fn trouble(problem: &Problem) -> (Role, &'static str, String) {
    let status = problem.status.filter(|s| *s >= 400).map(|s| s.to_string()).unwrap_or_default();
    let word = match problem.kind {
        ProblemKind::Unauthorised | ProblemKind::Unreachable => "off",
        ProblemKind::NotFound => "gone",
        _ => "error",
    };
    (Role::Bad, word, status)
}

/// `84ms`, `2.1s`.
fn span(time: Duration) -> String {
    let ms = time.as_millis();
    if ms < 1000 { format!("{ms}ms") } else { format!("{}.{}s", ms / 1000, ms % 1000 / 100) }
}

/// LIVE, TEST or SIM in words; systems of another mode than the desk's say so themselves.
fn mode(mode: Mode) -> (Role, &'static str) {
    match mode {
        Mode::Live => (Role::Live, " LIVE "),
        Mode::Test => (Role::Practice, " TEST "),
        Mode::Sim => (Role::Practice, " SIM "),
    }
}

/// The systems as pieces with their roles; `names` columns for a name at most.
fn systems(model: &Model, figures: Figures, names: usize) -> Vec<(Role, String)> {
    let mut pieces = Vec::new();
    for tenant in &model.tenants {
        let (role, word, figure) = state_of(model, tenant);
        if !pieces.is_empty() {
            pieces.push((Role::Plain, "  ".to_owned()));
        }
        pieces.push((Role::Plain, cut(tenant.profile.name.as_str(), names)));
        if tenant.profile.mode == model.mode {
            pieces.push((Role::Plain, " ".to_owned()));
        } else {
            let (role, word) = mode(tenant.profile.mode);
            pieces.push((role, word.to_owned()));
        }
        let told = match figures {
            Figures::All => true,
            Figures::OfTrouble => word != "ok",
            Figures::None => false,
        };
        pieces.push((role, if told && !figure.is_empty() { format!("{word} {figure}") } else { word.to_owned() }));
        if tenant.filling && figures == Figures::All {
            pieces.push((Role::Muted, format!(" reading {}", tenant.fill.seen)));
        }
    }
    pieces
}

/// Where there is no room for all: how many are ok, and the others by name.
fn summary(model: &Model) -> Vec<(Role, String)> {
    let (mut ok, mut others) = (0, Vec::new());
    for tenant in &model.tenants {
        match state_of(model, tenant) {
            (_, "ok", _) => ok += 1,
            (role, word, _) => others.push((role, format!(" {} {word}", cut(tenant.profile.name.as_str(), 6)))),
        }
    }
    std::iter::once((Role::Plain, format!("{ok} of {} ok", model.tenants.len()))).chain(others).collect()
}

/// Which figures stand beside the words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Figures {
    /// All, and how far the cache is filled.
    All,
    /// Those of systems that are not ok.
    OfTrouble,
    /// None.
    None,
}

/// Draws the header.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let wide = area.width >= 100;
    let mut pen = Pen::new(buffer, theme, area, 0);
    let bar = format!(" {} ", theme.bar());
    let right = after_systems(model, wide);
    let (role, word) = mode(model.mode);
    pen.put(role, word).put(Role::Muted, &bar);
    // What follows must stay on screen, the lock above all.
    let rest = right.iter().map(|(_, text)| text.width() + bar.width()).sum::<usize>();
    let room = pen.room().saturating_sub(rest);
    let widest = if wide { Figures::All } else { Figures::OfTrouble };
    let ways = [(widest, 32), (Figures::OfTrouble, 32), (Figures::None, 32), (Figures::None, 8)];
    let fits = |pieces: &Vec<(Role, String)>| pieces.iter().map(|(_, text)| text.width()).sum::<usize>() <= room;
    let pieces = ways.into_iter().map(|(figures, names)| systems(model, figures, names)).find(fits);
    for (role, text) in pieces.unwrap_or_else(|| summary(model)) {
        pen.put(role, &text);
    }
    for (role, text) in right {
        if text.width() + bar.width() <= pen.room() {
            pen.put(Role::Muted, &bar).put(role, &text);
        }
    }
}

/// What stands behind the systems: may we write, ticket, time, jobs.
fn after_systems(model: &Model, wide: bool) -> Vec<(Role, String)> {
    let (role, word) = match (model.writes, &model.ledger) {
        (Writes::ReadOnly(_) | Writes::Locked, _) => (Role::Warn, "READ ONLY"),
        (Writes::Unlocked, LedgerHealth::Verified { .. }) => (Role::Plain, "RW"),
        (Writes::Unlocked, LedgerHealth::Verifying) => (Role::Muted, "verifying"),
        (Writes::Unlocked, LedgerHealth::ReadOnly(_)) => (Role::Bad, "LEDGER READ ONLY"),
        (Writes::Unlocked, LedgerHealth::Broken(_)) => (Role::Bad, "LEDGER BROKEN"),
    };
    let mut pieces = vec![(role, word.to_owned())];
    if !model.ticket.is_empty() {
        pieces.push((Role::Plain, model.ticket.clone()));
    }
    pieces.push((Role::Plain, super::history::clock(model, wide)));
    let jobs = model.jobs();
    if jobs > 0 {
        pieces.push((Role::Warn, if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") }));
    }
    pieces
}
