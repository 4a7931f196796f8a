//! Nothing of a watched consumer is lost, and what nobody saw is said.

use super::testing::*;
use super::*;
use crate::domain::operation::Operation as Row;
use crate::simulator::population::{HOLDER_OF_8841, JANE};
use crate::simulator::thales_d1::ForeignAct;
use crate::simulator::thales_d1::operations::{Requestor, Subject};
use crate::simulator::{Fault, FaultKind};
use serde_json::json;
use std::collections::BTreeSet;

/// Ids of all that happened to somebody and her cards, from a moment on.
fn happened(branch: &Branch, person: u32, since: Timestamp) -> BTreeSet<String> {
    let all = branch.d1.happened(branch.id(person).key.as_str(), since, branch.d1.now());
    let listed = all.into_iter().filter(|o| !matches!(o.subject, Subject::Digital { .. }));
    listed.map(|o| o.id).collect()
}

async fn archived(branch: &Branch, person: u32) -> BTreeSet<String> {
    let consumer = branch.d1.consumer_of(person).unwrap();
    let mut sources: Vec<VendorKey> = vec![consumer.id.parse().unwrap()];
    sources.extend(consumer.cards.iter().map(|c| format!("{}/{}", consumer.id, c.id).parse().unwrap()));
    let records = branch.archive.records(&tenant(), &sources, 100_000).await.unwrap();
    records.into_iter().map(|r| r.record.id.as_str().to_owned()).collect()
}

async fn rows(branch: &Branch, person: u32) -> Vec<Row> {
    branch.provider.events_of(&branch.id(person), 10_000).await.unwrap()
}

fn unobserved(rows: &[Row]) -> Vec<String> {
    let words = rows.iter().map(|row| row.action.as_str());
    words.filter(|words| words.starts_with("not observed 2")).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn seven_months_of_weekly_sweeps_lose_nothing() {
    let branch = Branch::open().await;
    branch.read(HOLDER_OF_8841).await;
    branch.read(JANE).await;
    let begun = branch.d1.now();
    for week in 0..30 {
        branch.advance_days(7);
        let now = branch.d1.now();
        let report = branch.provider.sweep(now).await.unwrap();
        assert_eq!((report.swept, report.failed.len()), (2, 0), "week {week}");
        // A helpdesk that goes on having to do with them.
        for person in [HOLDER_OF_8841, JANE] {
            branch.archive.watch(&tenant(), &branch.id(person).key, now).await.unwrap();
        }
        assert_eq!(branch.provider.sweep(now).await.unwrap(), SweepReport::default(), "not due again");
    }
    for person in [HOLDER_OF_8841, JANE] {
        let truth = happened(&branch, person, begun);
        assert!(!truth.is_empty());
        let lost: Vec<_> = truth.difference(&archived(&branch, person).await).cloned().collect();
        assert_eq!(lost, Vec::<String>::new());
        assert_eq!(unobserved(&rows(&branch, person).await), Vec::<String>::new());
    }
    assert!(happened(&branch, HOLDER_OF_8841, begun).len() > 200);
    branch.archive.verify().await.unwrap();
    branch.sim.stop().await;
}

#[tokio::test]
async fn two_months_away_lose_nothing_and_four_leave_a_dated_gap() {
    for (days, gap) in [(61, false), (122, true)] {
        let branch = Branch::open().await;
        branch.read(HOLDER_OF_8841).await;
        let left = branch.d1.now();
        branch.advance_days(days);
        let shown = rows(&branch, HOLDER_OF_8841).await;
        let lost = happened(&branch, HOLDER_OF_8841, left).difference(&archived(&branch, HOLDER_OF_8841).await).count();
        assert_eq!(lost > 0, gap, "{days} days: {lost} lost");
        let gaps = unobserved(&shown);
        if gap {
            let back = branch.d1.now().checked_sub(jiff::SignedDuration::from_hours(89 * 24)).unwrap();
            let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
            assert_eq!(gaps, [format!("not observed {}..{}", day(left), day(back))], "once, for all her sources");
            // Every lost operation lies inside the gap that is drawn.
            let known = archived(&branch, HOLDER_OF_8841).await;
            let all = branch.d1.happened(branch.id(HOLDER_OF_8841).key.as_str(), left, branch.d1.now());
            let lost = all.iter().filter(|o| !known.contains(&o.id));
            assert!(lost.clone().all(|o| o.start >= left && o.start <= back));
            // And it stays, also after the next weeks.
            branch.advance_days(7);
            assert_eq!(unobserved(&rows(&branch, HOLDER_OF_8841).await), gaps);
        } else {
            assert_eq!(gaps, Vec::<String>::new());
        }
        assert!(shown.iter().any(|row| row.action.as_str().starts_with("not observed before ")));
        branch.sim.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_now_is_shown_from_the_archive_with_its_gap() {
    let branch = Branch::open().await;
    let id = branch.id(HOLDER_OF_8841);
    branch.read(HOLDER_OF_8841).await;
    let known = archived(&branch, HOLDER_OF_8841).await.len();
    branch.advance_days(3);
    let kind = FaultKind::StatusBefore { status: 500, retry_after: None };
    branch.d1.front().faults.arm(Fault { times: 0, ..Fault::once("GET", kind) }).unwrap();
    let shown = rows(&branch, HOLDER_OF_8841).await;
    assert_eq!(unobserved(&shown).len(), 1, "the last three days");
    assert!(shown.len() > known);
    let report = branch.provider.sweep_all().await.unwrap();
    assert_eq!((report.swept, report.failed.len()), (0, branch.d1.directory().len()));
    let error = branch.provider.events_of(&branch.id(JANE), 5).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unavailable, "nothing is known of her");
    branch.d1.front().faults.clear();
    assert_eq!(unobserved(&rows(&branch, HOLDER_OF_8841).await), Vec::<String>::new(), "read in time");
    let stranger = HolderId::new(tenant(), "nobody-1".parse().unwrap());
    assert_eq!(branch.provider.events_of(&stranger, 5).await.unwrap_err().kind, ProviderErrorKind::NotFound);
    assert!(
        archived(&branch, HOLDER_OF_8841)
            .await
            .contains(&branch.d1.happened(id.key.as_str(), Timestamp::MIN, branch.d1.now())[0].id)
    );
    branch.sim.stop().await;
}

#[tokio::test]
async fn rows_say_who_did_what_and_come_newest_first() {
    let branch = Branch::open().await;
    let pass = branch.d1.consumer_of(JANE).unwrap().cards[0].digital[0].id.clone();
    let wish = ForeignAct {
        on: pass.clone(),
        operation: "suspend".into(),
        by: Requestor::Cci,
        reason: Some("call 4711".into()),
        code: Some("USER_DECISION".into()),
    };
    branch.d1.foreign(&wish).unwrap();
    let shown = rows(&branch, JANE).await;
    let row = shown.iter().find(|row| row.action.as_str() == "SUSPEND" && row.note.as_str().contains("4711")).unwrap();
    assert_eq!((row.result.as_str(), row.operator.as_str()), ("SUCCESSFUL", "CCI cci-agent-07"));
    assert_eq!(row.note.as_str(), "USER_DECISION call 4711");
    assert_eq!(row.credential.as_ref().unwrap().key.as_str(), pass);
    assert!(shown.is_sorted_by(|a, b| a.at >= b.at));
    assert_eq!(
        branch
            .provider
            .events_of(&branch.id(JANE), 1)
            .await
            .unwrap()
            .iter()
            .filter(|r| !r.action.as_str().starts_with("not "))
            .count(),
        1
    );
    branch.sim.stop().await;
}

#[tokio::test]
async fn a_pending_version_and_its_end_are_both_kept() {
    let branch = Branch::open().await;
    branch.switch(&json!({ "pending_polls": 3 }));
    branch.act(JANE, false, crate::domain::lifecycle::Verb::Suspend, Why::Test).await;
    for _ in 0..8 {
        branch.read(JANE).await;
        branch.sim.world().advance(700);
    }
    let shown = rows(&branch, JANE).await;
    let ours: Vec<_> = shown.iter().filter(|row| row.note.as_str().contains("PDX")).collect();
    assert_eq!((ours.len(), ours[0].result.as_str()), (1, "SUCCESSFUL"), "one row, the newest version");
    branch.archive.verify().await.unwrap();
    branch.sim.stop().await;
}
