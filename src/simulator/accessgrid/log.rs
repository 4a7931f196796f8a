//! The template's event log (contract section 7): what happened to passes, from which address, with which program.

use super::early::{Early, early, numbers_of};
use super::ids::Number;
use super::pass::State;
use super::templates::Template;
use crate::simulator::Author;
use crate::simulator::population::Population;
use jiff::Timestamp;

/// Who did something, as the vendor sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The judge's view.
    pub by: Author,
    /// Address that the call came from.
    pub ip: String,
    /// What the program called itself.
    pub user_agent: String,
}

impl Actor {
    /// Somebody who acts without a call of ours: another system long ago, the holder, the vendor's portal.
    pub fn of(by: Author) -> Self {
        let (ip, user_agent) = match by {
            Author::Console => ("203.0.113.20", "passdesk/0.1.0 (desk)"),
            Author::Foreign => ("203.0.113.77", "VisitorSync/3.2"),
            Author::Holder => ("198.51.100.8", "Mozilla/5.0 (iPhone)"),
            Author::Workstation | Author::Import | Author::Vendor => {
                ("203.0.113.5", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
            }
        };
        Self { by, ip: ip.to_owned(), user_agent: user_agent.to_owned() }
    }
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct LogRow {
    /// When.
    pub at: Timestamp,
    /// The vendor's name of what happened.
    pub event: &'static str,
    /// The pass.
    pub pass: Number,
    /// Its template.
    pub template: Template,
    /// Whose doing.
    pub actor: Actor,
}

/// What happened to the passes of the start, oldest first: made when somebody asks, since it is never changed.
pub fn early_rows(people: &Population) -> Vec<(Timestamp, &'static str, Number, Template, Author)> {
    let mut rows = Vec::new();
    for number in (0..people.count).flat_map(|index| numbers_of(people, index)) {
        let Some(pass) = early(people, number) else { continue };
        rows.extend(
            rows_of(&pass, people).into_iter().flatten().map(|(at, event, by)| (at, event, number, pass.template, by)),
        );
    }
    rows.sort_by_key(|row| (row.0, row.2));
    rows
}

fn rows_of(pass: &Early, people: &Population) -> [Option<(Timestamp, &'static str, Author)>; 3] {
    let end = pass.ended.map(|at| match pass.state {
        State::Suspended => (at, "access_pass.suspended", pass.suspended_by(people).unwrap_or(pass.author)),
        State::Unlink => (at, "access_pass.unlinked", pass.author),
        _ => (at, "access_pass.deleted", pass.author),
    });
    [
        Some((pass.created, "access_pass.issued", pass.author)),
        pass.installed.map(|at| (at, "access_pass.device_added", Author::Holder)),
        end,
    ]
}
