//! An act on one credential that exists: what exactly it would do, and doing it once.

use super::Means;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::reissue::{ReissueEnd, ReissueStep};
use crate::domain::turn::{TurnPlan, TurnRequest};

/// Computes exactly what an act would do now. Reads only.
///
/// # Errors
/// Always: this build cannot act on a single credential.
#[expect(clippy::unused_async, reason = "the act reads the vendor")]
pub async fn preview(means: &Means, request: TurnRequest) -> Result<TurnPlan, Problem> {
    drop(request);
    Err(unable(means))
}

/// Does what a plan says, once.
#[expect(clippy::unused_async, reason = "the act writes to the vendor")]
pub async fn run(means: &Means, plan: TurnPlan, progress: impl Fn(ReissueStep) + Send) -> ReissueEnd {
    drop((plan, progress));
    ReissueEnd::NotSent(unable(means))
}

fn unable(means: &Means) -> Problem {
    let tenant = &means.provider.profile().name;
    Problem::new(ProblemKind::Refused, format!("{tenant} is not acted on"), "this build cannot do it yet", "")
}
