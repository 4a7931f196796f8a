//! The check-up: what can be found out about a desk by looking and asking, and nothing by changing.

use super::Desk;
use crate::domain::checkup::{Check, Mark};
use crate::domain::clocks::ClockTrouble;
use crate::domain::credential::System;
use crate::domain::problem::Problem;
use crate::ports::ledger::LedgerHealth;
use crate::ports::provider::Provider;
use futures::future::join_all;
use jiff::SignedDuration;

/// The cache is old from here on.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Looks at ledger, cache and archive, and asks every system who it is and whether it shows anybody. Reads only; the
/// systems are asked side by side.
pub async fn examine(desk: &Desk) -> Vec<Check> {
    let mut found: Vec<Check> = desk.missing.iter().map(|problem| trouble(Mark::Warn, "data", problem)).collect();
    found.push(ledger(desk).await);
    found.extend(join_all(desk.providers.iter().map(|provider| system(desk, provider.as_ref()))).await.concat());
    for provider in &desk.providers {
        found.push(cache(desk, provider.as_ref()).await);
    }
    found
}

fn trouble(mark: Mark, subject: &str, problem: &Problem) -> Check {
    let says = if problem.why.is_empty() { problem.what.clone() } else { format!("{}: {}", problem.what, problem.why) };
    Check::new(mark, subject, says, &problem.next)
}

async fn ledger(desk: &Desk) -> Check {
    match desk.ledger.verify().await {
        LedgerHealth::Verified { events } => {
            Check::ok("ledger", format!("{events} events, chain, marks and anchor agree"))
        }
        LedgerHealth::Verifying => {
            Check::new(Mark::Warn, "ledger", "it is still being verified", "look again in a moment")
        }
        LedgerHealth::ReadOnly(why) => Check::new(
            Mark::Fail,
            "ledger",
            format!("it can only be read: {why}"),
            "nothing can be changed until it can be written",
        ),
        LedgerHealth::Broken(why) => Check::new(
            Mark::Fail,
            "ledger",
            format!("it cannot be trusted: {why}"),
            "run `passdesk ledger verify`; changes are off",
        ),
    }
}

/// Who the system says it is, whether it shows anybody, and whether its clock agrees.
async fn system(desk: &Desk, provider: &dyn Provider) -> Vec<Check> {
    let name = provider.profile().name.as_str();
    let connection = match provider.connect().await {
        Ok(connection) => connection,
        Err(error) => return vec![trouble(Mark::Fail, name, &error.problem(&provider.profile().name))],
    };
    let version =
        if connection.version.as_str().is_empty() { String::new() } else { format!(" {}", connection.version) };
    let took = connection.round_trip.as_millis();
    let mut found = vec![Check::ok(name, format!("{}{version} answers in {took} ms", provider.profile().system))];
    if provider.profile().system == System::Gallagher {
        found.push(match (connection.has_feed, connection.has_events) {
            (true, true) => Check::ok(name, "it shows changes and events"),
            (feed, events) => {
                let missing = match (feed, events) {
                    (false, false) => "neither changes nor events",
                    (false, true) => "no changes",
                    _ => "no events",
                };
                let fix = "the key's operator needs the privileges \"View Events and Alarms\" and the licence for them";
                Check::new(Mark::Warn, name, format!("it shows {missing}"), fix)
            }
        });
    }
    found.extend(shows_somebody(desk, provider).await);
    found
}

async fn shows_somebody(desk: &Desk, provider: &dyn Provider) -> Option<Check> {
    let tenant = &provider.profile().name;
    let name = tenant.as_str();
    let page = match provider.list_holders(None, 1).await {
        Ok(page) => page,
        Err(error) => return Some(trouble(Mark::Fail, name, &error.problem(tenant))),
    };
    let Some(first) = page.rows.first() else {
        let (says, fix) = if provider.profile().system == System::ThalesD1 {
            ("nobody is known here", "it lists nobody by itself: run `passdesk directory import LIST.csv`")
        } else {
            let fix = "this key may not be allowed to see anybody: ask its administrator for the right to view";
            ("it answers, and shows nobody at all", fix)
        };
        return Some(Check::new(Mark::Warn, name, says, fix));
    };
    let read = provider.holder(&first.holder.id, &first.holder.link).await.ok()?;
    let trouble = ClockTrouble::judge(desk.clock.now(), read.server_date, SignedDuration::ZERO)?;
    Some(Check::new(
        Mark::Warn,
        name,
        trouble.to_string(),
        "set the clock that is wrong; comparing lists proves nothing until then",
    ))
}

async fn cache(desk: &Desk, provider: &dyn Provider) -> Check {
    let tenant = &provider.profile().name;
    let subject = format!("{tenant} cache");
    match desk.cache.fill_mark(tenant).await {
        Err(error) => {
            Check::new(Mark::Warn, &subject, error.to_string(), "check the data folder; the cache may be deleted")
        }
        Ok(mark) => match mark.completed {
            None => {
                Check::new(Mark::Warn, &subject, "it was never filled whole", "open the console: it fills the cache")
            }
            Some(at) if desk.clock.now().duration_since(at) > OLD => {
                Check::new(Mark::Warn, &subject, "it is older than a day", "open the console: it fills the cache")
            }
            Some(_) => Check::ok(&subject, "filled within a day"),
        },
    }
}
