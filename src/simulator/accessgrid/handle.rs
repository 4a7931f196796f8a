//! The judge of the simulated account: sees everything, and does what holders, clocks and others do (contract
//! section 10). None of it is the vendor's surface.

use super::Grid;
use super::caller::Traffic;
use super::foreign::{ForeignAct, ForeignKind, Moment};
use super::issued::{GridIssue, issued};
use super::pass::{Action, DeviceType, State};
use super::switches::Switches;
use super::world::{Account, GridWorld};
use crate::simulator::Author;
use crate::simulator::faults::{Fault, FaultKind, FaultMatch};
use crate::simulator::front::Front;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError};

/// A pass as it really is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruePass {
    /// Id.
    pub id: String,
    /// Id of the pair that it is half of.
    pub unified_id: Option<String>,
    /// Template.
    pub template_id: &'static str,
    /// State.
    pub state: State,
    /// Name of the holder.
    pub full_name: String,
    /// Employee number, or empty.
    pub employee_id: String,
    /// What its writers noted.
    pub metadata: Map<String, Value>,
    /// Valid until.
    pub expires: Option<Timestamp>,
    /// When it was issued (virtual time).
    pub created_at: Timestamp,
    /// Who issued it.
    pub created_by: Author,
    /// Who suspended it, while it is suspended.
    pub suspended_by: Option<Author>,
    /// What has become of it on its devices.
    pub devices: Vec<String>,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GridCounts {
    /// Passes in any state.
    pub passes: usize,
    /// Those that this console issued.
    pub of_console: usize,
    /// Those of them whose date has passed.
    pub expired_of_console: usize,
    /// Cents left.
    pub balance: i64,
    /// Rows of the log since the start.
    pub events: usize,
}

/// What a test changes about an account; what is left out stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// Account id.
    pub account: String,
    /// Disabled: 401.
    pub disabled: bool,
}

/// The judge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GridHandle(pub(super) Arc<Grid>);

impl GridHandle {
    /// Door, faults and log.
    pub fn front(&self) -> &Arc<Front> {
        &self.0.front
    }

    /// The account of the console, or of the other system.
    pub fn account(&self, author: Author) -> Option<Account> {
        self.0.at_once(|world, _| world.accounts.iter().find(|account| account.author == author).cloned())
    }

    /// Disables an account, or lets it in again.
    ///
    /// # Errors
    /// If there is none of that id.
    pub fn change_account(&self, change: &AccountChange) -> Result<(), String> {
        self.0.at_once(|world, _| {
            let account = world.accounts.iter_mut().find(|account| account.id == change.account);
            account.ok_or("there is no such account")?.disabled = change.disabled;
            Ok(())
        })
    }

    /// What this console issued before the world began, oldest first.
    pub fn issued(&self) -> Vec<GridIssue> {
        self.0.at_once(|world, _| issued(world))
    }

    /// How much there is; walks everything.
    pub fn counts(&self) -> GridCounts {
        self.0.at_once(|world, now| {
            let ours = || world.order().iter().filter_map(|n| world.pass(*n)).filter(|p| p.author == Author::Console);
            GridCounts {
                passes: world.order().len(),
                of_console: ours().count(),
                expired_of_console: ours().filter(|p| p.expires.is_some_and(|until| until < now)).count(),
                balance: world.balance,
                events: world.log.len(),
            }
        })
    }

    /// The pass with this id, or the halves of the pair.
    pub fn passes(&self, id: &str) -> Vec<TruePass> {
        self.0.at_once(|world, _| {
            let Some(number) = world.number(id) else { return Vec::new() };
            let numbers = world.pair(number).map_or_else(|| vec![number], Vec::from);
            numbers.into_iter().filter_map(|number| true_pass(world, number)).collect()
        })
    }

    /// All passes with this employee number, oldest first.
    pub fn passes_of(&self, employee: &str) -> Vec<TruePass> {
        self.0.at_once(|world, _| {
            let candidates = world.candidates_of_employee(employee);
            let mut passes: Vec<_> = candidates.into_iter().filter_map(|number| true_pass(world, number)).collect();
            passes.retain(|pass| pass.employee_id == employee);
            passes.sort_by_key(|pass| pass.created_at);
            passes
        })
    }

    /// Does what somebody else does: now, or around the next call that changes something. Returns the id of the
    /// pass made or touched, if it happened at once.
    ///
    /// # Errors
    /// One sentence, if it cannot be done.
    pub fn foreign(&self, act: ForeignAct) -> Result<Option<String>, String> {
        self.0.at_once(|world, now| {
            if act.when == Moment::Now {
                return act.apply(world, now).map(Some);
            }
            world.number(&act.pass).ok_or("there is no such pass")?;
            world.waiting.push(act);
            Ok(None)
        })
    }

    fn now_do(&self, pass: &str, kind: ForeignKind) -> Result<String, String> {
        let act = ForeignAct { pass: pass.to_owned(), kind, when: Moment::Now };
        self.foreign(act).map(Option::unwrap_or_default)
    }

    /// The holder installs a pass; of a pair, the other half is deleted then.
    ///
    /// # Errors
    /// One sentence, if state, date or kind of device forbid it.
    pub fn install(&self, pass: &str, device: DeviceType) -> Result<(), String> {
        self.now_do(pass, ForeignKind::Install { device }).map(drop)
    }

    /// The holder removes it from the wallet.
    ///
    /// # Errors
    /// One sentence, if it is on no device.
    pub fn uninstall(&self, pass: &str) -> Result<(), String> {
        self.now_do(pass, ForeignKind::Uninstall).map(drop)
    }

    /// The holder reports the device lost.
    ///
    /// # Errors
    /// One sentence, if the pass is not active.
    pub fn device_lost(&self, pass: &str) -> Result<(), String> {
        self.now_do(pass, ForeignKind::DeviceLost).map(drop)
    }

    /// The holder reports the device found.
    ///
    /// # Errors
    /// One sentence, if the pass is not suspended, or a call suspended it and the switch says no.
    pub fn device_found(&self, pass: &str) -> Result<(), String> {
        self.now_do(pass, ForeignKind::DeviceFound).map(drop)
    }

    /// Its time runs out; the state stays.
    ///
    /// # Errors
    /// One sentence, if there is no such pass.
    pub fn expire(&self, pass: &str) -> Result<(), String> {
        self.now_do(pass, ForeignKind::Expire).map(drop)
    }

    /// The other system issues a pass to the same person; returns its id.
    ///
    /// # Errors
    /// One sentence, if there is no such pass.
    pub fn foreign_issue(&self, like: &str) -> Result<String, String> {
        self.now_do(like, ForeignKind::Issue)
    }

    /// The other system issues a pass with the same metadata; returns its id.
    ///
    /// # Errors
    /// One sentence, if there is no such pass.
    pub fn foreign_copy(&self, of: &str) -> Result<String, String> {
        self.now_do(of, ForeignKind::Copy)
    }

    /// The other system calls an action.
    ///
    /// # Errors
    /// One sentence, if the state forbids it.
    pub fn foreign_act(&self, pass: &str, action: Action) -> Result<(), String> {
        self.now_do(pass, ForeignKind::Act { action }).map(drop)
    }

    /// Sets the balance, in cents: an issue that it does not cover gets 402.
    pub fn set_balance(&self, cents: i64) {
        self.0.at_once(|world, _| world.balance = cents);
    }

    /// The next calls get 429.
    pub fn throttle(&self, calls: u32) {
        self.0.at_once(|world, _| world.throttled = calls);
    }

    /// The next call gets this status and has no effect.
    ///
    /// # Errors
    /// If it is no status.
    pub fn fail_next(&self, status: u16) -> Result<(), String> {
        let kind = FaultKind::StatusBefore { status, retry_after: None };
        self.0.front.faults.arm(Fault { on: FaultMatch::default(), kind, skip: 0, times: 1 })
    }

    /// The next POST has its whole effect and no answer.
    ///
    /// # Errors
    /// Never; as [`fail_next`](Self::fail_next).
    pub fn drop_response_after_commit(&self) -> Result<(), String> {
        self.0.front.faults.arm(Fault::once("POST", FaultKind::DropAfter))
    }

    /// The switches in force.
    pub fn switches(&self) -> Switches {
        self.0.at_once(|world, _| world.switches.clone())
    }

    /// Puts switches in force.
    pub fn set_switches(&self, switches: Switches) {
        self.0.at_once(|world, _| world.switches = switches);
    }

    /// Changes some switches by name and leaves the others.
    ///
    /// # Errors
    /// One sentence naming what was not understood.
    pub fn change_switches(&self, changes: &Value) -> Result<Switches, String> {
        let changes = changes.as_object().ok_or("an object of switches is needed")?;
        let mut all = serde_json::to_value(self.switches()).map_err(|e| e.to_string())?;
        for (name, value) in changes {
            all[name.as_str()] = value.clone();
        }
        let switches: Switches = serde_json::from_value(all).map_err(|e| e.to_string())?;
        self.set_switches(switches.clone());
        Ok(switches)
    }

    /// The most calls of an account that ever ran at once, and that ever began within a second (real time).
    pub fn peaks(&self, author: Author) -> (u32, u32) {
        let meter = self.0.traffic(author);
        let traffic: std::sync::MutexGuard<'_, Traffic> = meter.0.lock().unwrap_or_else(PoisonError::into_inner);
        (traffic.most_at_once, traffic.most_a_second)
    }
}

fn true_pass(world: &GridWorld, number: super::ids::Number) -> Option<TruePass> {
    let pass = world.pass(number)?.into_owned();
    Some(TruePass {
        id: world.id(number),
        unified_id: pass.unified.map(|pair| world.id(pair)),
        template_id: pass.template.id(),
        state: pass.state,
        employee_id: pass.attribute("employee_id").to_owned(),
        devices: pass.devices.iter().map(|device| device.status.to_string()).collect(),
        full_name: pass.full_name,
        metadata: pass.metadata,
        expires: pass.expires,
        created_at: pass.created,
        created_by: pass.author,
        suspended_by: pass.suspended_by,
    })
}
