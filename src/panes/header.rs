//! The first row: mode, systems, may we write, ticket, time, jobs. Always visible.

use crate::console::model::{Model, TenantState};
use crate::domain::policy::{Mode, Writes};
use crate::domain::problem::ProblemKind;
use crate::ports::ledger::LedgerHealth;
use crate::widgets::text::Pen;
use crate::widgets::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A round trip longer than this is called slow.
const SLOW_MS: u128 = 1000;

fn state_of(tenant: &TenantState, wide: bool) -> (Role, String) {
    match &tenant.connection {
        None => (Role::Muted, "..".into()),
        Some(Ok(c)) => {
            let ms = c.round_trip.as_millis();
            let word = if ms > SLOW_MS { "slow" } else { "ok" };
            let role = if ms > SLOW_MS { Role::Warn } else { Role::Good };
            (role, if wide { format!("{word} {ms}ms") } else { word.into() })
        }
        Some(Err(problem)) => {
            let word = match problem.kind {
                ProblemKind::Unauthorised => "refused",
                ProblemKind::Unreachable => "OFFLINE",
                _ => "error",
            };
            (Role::Bad, word.into())
        }
    }
}

/// Draws the header.
pub fn draw(model: &Model, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let wide = area.width >= 100;
    let mut pen = Pen::new(buffer, theme, area, 0);
    let bar = format!(" {} ", theme.bar());
    let (role, word) = match model.mode {
        Mode::Live => (Role::Live, " LIVE "),
        Mode::Test => (Role::Practice, " TEST "),
        Mode::Sim => (Role::Practice, " SIM "),
    };
    pen.put(role, word).put(Role::Muted, &bar);
    for (i, tenant) in model.tenants.iter().enumerate() {
        let (role, word) = state_of(tenant, wide);
        if i > 0 {
            pen.put(Role::Plain, "  ");
        }
        pen.put(Role::Plain, tenant.profile.name.as_str()).put(Role::Plain, " ").put(role, &word);
        if tenant.filling && wide {
            pen.put(Role::Muted, &format!(" reading {}", tenant.fill.seen));
        }
    }
    pen.put(Role::Muted, &bar);
    let (role, word) = match (model.writes, &model.ledger) {
        (Writes::ReadOnly(_) | Writes::Locked, _) => (Role::Warn, "READ ONLY"),
        (Writes::Unlocked, LedgerHealth::Verified { .. }) => (Role::Plain, "RW"),
        (Writes::Unlocked, LedgerHealth::Verifying) => (Role::Muted, "verifying"),
        (Writes::Unlocked, LedgerHealth::Broken(_)) => (Role::Bad, "LEDGER BROKEN"),
    };
    pen.put(role, word);
    if !model.ticket.is_empty() {
        pen.put(Role::Muted, &bar).whole(Role::Plain, &model.ticket);
    }
    let time = super::history::clock(model, wide);
    pen.put(Role::Muted, &bar).whole(Role::Plain, &time);
    let jobs = model.jobs();
    if jobs > 0 {
        let text = if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
        pen.put(Role::Muted, &bar).whole(Role::Warn, &text);
    }
}
