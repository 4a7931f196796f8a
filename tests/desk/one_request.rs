//! What a server, or whoever sits in between, may do to a change: a raw socket counts. At most one request a permit is
//! on the wire, the outcome is one of three and never more than what was proved, and keys go nowhere but to the
//! configured origin (invariants I2 to I4, I22).
//!
//! `PASSDESK_WIRE=10000 cargo test --locked --test desk one_request -- --nocapture`; `PASSDESK_SEED` repeats a run.
// A server that is slow on purpose has a real thread that sleeps.
#![allow(clippy::disallowed_methods)]

mod cases;
mod changes;
mod raw;

use cases::{Case, Proof, cases};
use changes::{Vendor, vendors};
use passdesk::ports::provider::SendOutcome;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use raw::{RawServer, Script, Step};
use std::collections::BTreeMap;

fn word(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Applied { .. } => "applied",
        SendOutcome::Rejected(_) => "rejected",
        SendOutcome::NotSent(_) => "not sent",
        SendOutcome::Unknown(_) => "unknown",
    }
}

/// Sends one change of a vendor to a server that does what the script says, beside a second server to which nothing may
/// go. Gives how it ended.
async fn send(vendor: &Vendor, which: usize, script: Script, name: &str) -> SendOutcome {
    let elsewhere = RawServer::start(Script::answering(cases::SUCCESS));
    let server = RawServer::start(script.naming(elsewhere.address));
    let (provider, change) = vendor.open(&server.origin(), which);
    let permit = changes::permit(&change).await;
    let outcome = provider.send(permit, &change).await;
    // Whoever would repeat it would do so by now or within its own pauses; dropping the client ends both.
    drop(provider);
    let what = format!("{} {} {name}: {}", vendor.name, change.link, word(&outcome));
    let (seen, astray) = tokio::task::spawn_blocking(|| (server.end(), elsewhere.end())).await.unwrap();
    let acts: Vec<_> = seen.iter().filter(|r| r.is_act()).collect();
    assert!(acts.len() <= 1, "{what}: {} requests on the wire\n{acts:#?}", acts.len());
    assert!(acts.iter().all(|r| r.place == 1), "{what}: a connection served before was used again");
    assert_eq!(astray.len(), 0, "{what}: something went to another host");
    let text = format!("{outcome:?}");
    assert!(!text.contains(changes::CANARY), "{what}: a key stands in what is shown: {text}");
    if matches!(outcome, SendOutcome::NotSent(_)) {
        assert!(acts.is_empty(), "{what}: a request was there");
    }
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i2_one_request_a_permit_whatever_the_server_does() {
    let vendors = vendors().await;
    let mut runs = Vec::new();
    for (which, vendor) in &vendors {
        let (vendor, which) = (vendor.clone(), *which);
        runs.push(tokio::spawn(async move {
            let (mut counts, mut wrong) = (BTreeMap::<&'static str, u32>::new(), Vec::new());
            for Case { name, script, allowed } in cases(&vendor) {
                let outcome = word(&send(&vendor, which, script, name).await);
                if !allowed.contains(&outcome) {
                    wrong.push(format!("{} change {which}, {name}: {outcome}, not one of {allowed:?}", vendor.name));
                }
                *counts.entry(outcome).or_default() += 1;
            }
            (vendor.name, which, counts, wrong)
        }));
    }
    let mut wrong = Vec::new();
    for run in runs {
        let (vendor, which, counts, bad) = run.await.unwrap();
        let all: u32 = counts.values().sum();
        println!("{vendor:<13} change {which}: {all} cases, {counts:?}");
        assert!(all >= 40, "{all} cases");
        wrong.extend(bad);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i2_one_request_a_permit_whatever_bytes_come_back() {
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (runs, seed) = (number("PASSDESK_WIRE", 200), number("PASSDESK_SEED", 20_260_611));
    println!("{runs} random answers, seed {seed}");
    let vendors = std::sync::Arc::new(vendors().await);
    let mut tasks = Vec::new();
    for lane in 0..8 {
        let vendors = std::sync::Arc::clone(&vendors);
        tasks.push(tokio::spawn(async move {
            let mut counts = BTreeMap::<&'static str, u32>::new();
            for run in (lane..runs).step_by(8) {
                let mut dice = StdRng::seed_from_u64(seed.wrapping_add(run));
                let (which, vendor) = &vendors[dice.random_range(0..vendors.len())];
                let script = raw::random(&mut dice);
                let proof = Proof::of(&script);
                let name = format!("run {run} of seed {seed}: {script:?}");
                let outcome = send(vendor, *which, script, &name).await;
                let fits = match &outcome {
                    SendOutcome::Applied { .. } => proof.success,
                    SendOutcome::Rejected(_) => proof.refusal || (proof.success && vendor.may_fail_in_success()),
                    // Signing in comes first there, and may run out of time on a busy machine: `send` has seen that no
                    // change arrived.
                    SendOutcome::NotSent(_) => vendor.signs_in(),
                    SendOutcome::Unknown(_) => true,
                };
                assert!(fits, "{} {name}: {outcome:?} was never proved", vendor.name);
                *counts.entry(word(&outcome)).or_default() += 1;
            }
            counts
        }));
    }
    let mut counts = BTreeMap::<&'static str, u32>::new();
    for task in tasks {
        for (outcome, n) in task.await.unwrap() {
            *counts.entry(outcome).or_default() += n;
        }
    }
    println!("{counts:?}");
    assert_eq!(u64::from(counts.values().sum::<u32>()), runs);
    assert!(counts.len() >= 3, "the answers are all of one sort: {counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_a_change_goes_out_on_a_connection_of_its_own() {
    // The server keeps what it answered reads on, says so, and closes it the moment a change could go out on it.
    for (which, vendor) in vendors().await {
        let server = RawServer::start(Script::answering(cases::SUCCESS).keeping_reads());
        let (provider, change) = vendor.open(&server.origin(), which);
        for _ in 0..2 {
            let _ = provider.connect().await;
        }
        let outcome = provider.send(changes::permit(&change).await, &change).await;
        drop(provider);
        let seen = server.end();
        let acts: Vec<_> = seen.iter().filter(|r| r.is_act()).collect();
        assert_eq!(acts.len(), 1, "{} {which}: {} with {seen:#?}", vendor.name, word(&outcome));
        assert_eq!(acts[0].place, 1, "{} {which}: it went over a connection that served a read", vendor.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_no_change_goes_out_on_the_connection_of_the_change_before() {
    // What was kept open could be closed under the second change, and a client would then send it again by itself.
    for (which, vendor) in vendors().await {
        let server = RawServer::start(Script::new(Vec::new()).keeping_everything());
        let (provider, change) = vendor.open(&server.origin(), which);
        let mut outcomes = Vec::new();
        for _ in 0..2 {
            outcomes.push(word(&provider.send(changes::permit(&change).await, &change).await));
        }
        drop(provider);
        let seen = server.end();
        let places: Vec<_> = seen.iter().filter(|r| r.is_act()).map(|r| r.place).collect();
        assert_eq!(places, [1, 1], "{} {which}: {outcomes:?} with {seen:#?}", vendor.name);
    }
}

#[tokio::test]
async fn i4_what_cannot_be_connected_was_not_sent() {
    for (which, vendor) in vendors().await {
        // A door that is shut before anything is asked; where one signs in first, that fails already.
        let server = RawServer::start(Script::new(vec![Step::Close]));
        let origin = server.origin();
        server.end();
        let (provider, change) = vendor.open(&origin, which);
        let outcome = provider.send(changes::permit(&change).await, &change).await;
        assert_eq!(word(&outcome), "not sent", "{} {which}: {outcome:?}", vendor.name);
    }
}
