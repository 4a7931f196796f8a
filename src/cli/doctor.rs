//! `passdesk doctor`: looks at everything that this desk needs, one line each, with what mends it.

use super::looks::{self, LooksArgs, draws_lines};
use super::output::{self, Form, Row};
use super::{Ending, Json, Start};
use crate::desk::Desk;
use crate::desk::checkup;
use crate::domain::checkup::{Check, Mark};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::text::SafeText;

/// Arguments of `passdesk doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    json: Json,
}

#[derive(serde::Serialize)]
struct Line {
    schema: &'static str,
    v: u8,
    #[serde(flatten)]
    check: Check,
}

impl Row for Line {
    const HEAD: &'static [&'static str] = &["", "WHAT", "FOUND", "MEND"];
    fn cells(&self) -> Vec<SafeText> {
        let check = &self.check;
        vec![SafeText::of(&check.mark.to_string()), check.subject.clone(), check.says.clone(), check.fix.clone()]
    }
}

/// Looks, and prints what it found.
///
/// # Errors
/// If something does not work: exit code 1, after everything was printed.
pub async fn run(start: &Start, looks: &LooksArgs, args: &DoctorArgs) -> Result<Ending, Problem> {
    let mut found = terminal(looks);
    match start.site() {
        Err(problem) => found.push(failed("site file", &problem)),
        Ok((site, data)) => {
            found.push(Check::ok("site file", format!("{} systems, mode {}", site.tenants.len(), site.mode)));
            match Desk::open(&site, &data) {
                Ok(desk) => found.extend(checkup::examine(&desk).await),
                Err(problem) => found.push(failed("desk", &problem)),
            }
        }
    }
    let bad = found.iter().filter(|check| check.mark == Mark::Fail).count();
    let lines: Vec<Line> = found.into_iter().map(|check| Line { schema: "passdesk.check", v: 1, check }).collect();
    output::rows(Form::of(args.json.json), &lines)?;
    match bad {
        0 => Ok(Ending::Done),
        1 => Err(Problem::new(ProblemKind::Failed, "1 thing does not work", "", "see the line that says fail")),
        n => {
            Err(Problem::new(ProblemKind::Failed, format!("{n} things do not work"), "", "see the lines that say fail"))
        }
    }
}

fn failed(subject: &str, problem: &Problem) -> Check {
    let says = if problem.why.is_empty() { problem.what.clone() } else { format!("{}: {}", problem.what, problem.why) };
    Check::new(Mark::Fail, subject, says, &problem.next)
}

/// What can be told about the terminal without asking it anything, and the preferences.
fn terminal(args: &LooksArgs) -> Vec<Check> {
    let mut found = Vec::new();
    match looks::looks(args) {
        Ok(looks) => {
            let changed = looks::preferences(args).map(|liked| liked.keys.len()).unwrap_or_default();
            let keys = if changed == 0 {
                "no key is changed".to_owned()
            } else {
                format!("{changed} commands have keys of yours")
            };
            found.push(Check::ok("preferences", format!("theme {}, {keys}, nothing clashes", looks.name)));
            let colour =
                match (looks.colour, std::env::var("COLORTERM").is_ok_and(|v| v == "truecolor" || v == "24bit")) {
                    (false, _) => "without colour",
                    (true, true) => "every colour",
                    (true, false) => "16 colours; the named themes want COLORTERM=truecolor",
                };
            let lines = if looks.theme.lines { "lines" } else { "ASCII" };
            let term = std::env::var("TERM").unwrap_or_default();
            found.push(Check::ok("terminal", format!("TERM={term}, {colour}, drawn with {lines}")));
            if !draws_lines() {
                let fix = "set LANG to a UTF-8 locale for lines, or leave it: ASCII says the same";
                found.push(Check::ok("locale", "no UTF-8, or one whose lines are two columns wide").with_fix(fix));
            }
        }
        Err(problem) => found.push(failed("preferences", &problem)),
    }
    found.push(Check::ok("clipboard", "texts go to the terminal by OSC 52; whether it takes them, it does not say"));
    found
}
