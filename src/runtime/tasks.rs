//! Effects become tasks. A query of a slot replaces the one before; a timer replaces one of its name; an act
//! runs to its end whatever the screen does.

use super::{fill, jobs, reading};
use crate::console::message::{Effect, Msg, Report, Slot, Timer};
use crate::desk::Desk;
use crate::domain::ids::TenantName;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

/// A timer up to this long counts as work that a test waits for.
const SHORT: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Count {
    running: AtomicUsize,
    idle: Notify,
}

/// Counts a task from before it is spawned until it is gone, however it ends.
struct Counted(Arc<Count>);

impl Counted {
    fn new(count: &Arc<Count>) -> Self {
        count.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// The running tasks.
pub struct Tasks {
    desk: Desk,
    outbox: UnboundedSender<Msg>,
    count: Arc<Count>,
    slots: HashMap<Slot, AbortHandle>,
    timers: HashMap<Timer, AbortHandle>,
    fills: HashMap<TenantName, AbortHandle>,
}

impl Tasks {
    /// No task yet.
    pub fn new(desk: Desk, outbox: UnboundedSender<Msg>) -> Self {
        Self {
            desk,
            outbox,
            count: Arc::default(),
            slots: HashMap::new(),
            timers: HashMap::new(),
            fills: HashMap::new(),
        }
    }

    /// How many tasks run, without long timers.
    pub fn busy(&self) -> usize {
        self.count.running.load(Ordering::SeqCst)
    }

    /// Waits until no task runs.
    pub async fn until_idle(&self) {
        let notified = self.count.idle.notified();
        tokio::pin!(notified);
        // Registered before the count is looked at, so that the last task cannot end unseen in between.
        notified.as_mut().enable();
        if self.busy() > 0 {
            notified.await;
        }
    }

    fn spawn<F>(&self, work: F) -> AbortHandle
    where
        F: Future<Output = Option<Msg>> + Send + 'static,
    {
        let counted = Counted::new(&self.count);
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            if let Some(msg) = work.await {
                // The receiver is gone only when the program ends.
                let _ = outbox.send(msg);
            }
            drop(counted);
        })
        .abort_handle()
    }

    /// Starts what an effect asks for.
    pub fn start(&mut self, effect: Effect) {
        let desk = self.desk.clone();
        match effect {
            Effect::Query(slot, generation, query) => {
                let place = slot.clone();
                let task = self
                    .spawn(async move { Some(Msg::Answer(place, generation, reading::answer(&desk, query).await)) });
                if let Some(old) = self.slots.insert(slot, task) {
                    old.abort();
                }
            }
            Effect::Cancel(slot) => {
                if let Some(old) = self.slots.remove(&slot) {
                    old.abort();
                }
            }
            Effect::Timer(timer, after) => self.start_timer(timer, after),
            Effect::Connect(tenant) => self.connect(tenant),
            Effect::VerifyLedger => {
                self.spawn(async move { Some(Msg::Report(Report::Ledger(desk.ledger.verify().await))) });
            }
            Effect::Recover { list_first, busy } => {
                let outbox = self.outbox.clone();
                self.spawn(async move {
                    if list_first {
                        // The receiver is gone only when the program ends.
                        let _ = outbox.send(Msg::Report(jobs::listed(&desk).await));
                    }
                    Some(Msg::Report(jobs::looked_at(&desk, &busy).await))
                });
            }
            Effect::Watch(card, holder, link) => {
                self.spawn(async move {
                    let result = reading::live(&desk, &holder, &link).await.map(Box::new);
                    Some(Msg::Report(Report::Watched(card, result)))
                });
            }
            Effect::CheckWaiting(record) => {
                self.spawn(async move {
                    let usable = reading::usable(&desk, &record).await;
                    Some(Msg::Report(Report::Usable(record.intent, usable)))
                });
            }
            Effect::Hold(intent, holder) => {
                self.spawn(async move { Some(Msg::Report(jobs::hold(&desk, intent, &holder).await)) });
            }
            Effect::Keep(intent, holder) => {
                self.spawn(async move { Some(Msg::Report(jobs::keep(&desk, intent, &holder).await)) });
            }
            Effect::Decide(case, verdict, reason) => {
                self.spawn(async move {
                    let report = Box::pin(jobs::decide(&desk, &case, &verdict, &reason)).await;
                    Some(Msg::Report(report))
                });
            }
            Effect::Reissue(plan) => {
                let outbox = self.outbox.clone();
                self.spawn(async move {
                    let holder = plan.holder.id.clone();
                    let told = holder.clone();
                    let step = move |step| drop(outbox.send(Msg::Report(Report::Step(told.clone(), step))));
                    let end = Box::pin(reading::reissue(&desk, *plan, step)).await;
                    Some(Msg::Report(Report::Ended(holder, end)))
                });
            }
            Effect::Turn(plan) => {
                let outbox = self.outbox.clone();
                self.spawn(async move {
                    let holder = plan.holder.id.clone();
                    let told = holder.clone();
                    let step = move |step| drop(outbox.send(Msg::Report(Report::Step(told.clone(), step))));
                    let end = Box::pin(reading::turn(&desk, *plan, step)).await;
                    Some(Msg::Report(Report::Ended(holder, end)))
                });
            }
            Effect::Retire(record) => {
                self.spawn(async move {
                    let holder = record.purpose.holder.clone();
                    let end = reading::retire(&desk, *record).await;
                    Some(Msg::Report(Report::Ended(holder, end)))
                });
            }
            // Handled by the loop, which owns the screen.
            Effect::Copy(_) | Effect::Mouse(_) | Effect::Theme(_) | Effect::Themes | Effect::Repaint | Effect::Quit => {
            }
        }
    }

    fn start_timer(&mut self, timer: Timer, after: Duration) {
        let counted = (after <= SHORT).then(|| Counted::new(&self.count));
        let (outbox, name) = (self.outbox.clone(), timer.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _ = outbox.send(Msg::Timer(name));
            drop(counted);
        });
        if let Some(old) = self.timers.insert(timer, task.abort_handle()) {
            old.abort();
        }
        // Toasts and searches mint new timer names; what has run out is forgotten here.
        if self.timers.len() > 64 {
            self.timers.retain(|_, task| !task.is_finished());
        }
    }

    fn connect(&mut self, tenant: TenantName) {
        let (desk, outbox, name) = (self.desk.clone(), self.outbox.clone(), tenant.clone());
        let task = self.spawn(async move {
            let result = reading::connect(&desk, &name).await;
            let connected = result.is_ok();
            let _ = outbox.send(Msg::Report(Report::Connection(name.clone(), result)));
            if connected {
                fill::fill(&desk, &name, &outbox).await;
            }
            None
        });
        if let Some(old) = self.fills.insert(tenant, task) {
            old.abort();
        }
    }
}
