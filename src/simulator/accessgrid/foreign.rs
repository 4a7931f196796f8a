//! What others do to the same passes at the worst moment: another system with its own account, or the holder.

use super::ids::Number;
use super::issue::{IssueWish, issue};
use super::log::Actor;
use super::pass::{Action, DeviceType};
use super::world::GridWorld;
use crate::simulator::Author;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What somebody else does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ForeignKind {
    /// Another system issues a pass to the same person, from the same template.
    Issue,
    /// It issues a copy with the same metadata: our marker stands on two passes.
    Copy,
    /// It calls an action.
    Act {
        /// Which.
        action: Action,
    },
    /// It writes a key into the metadata, or takes one out.
    Metadata {
        /// Key.
        key: String,
        /// Value; left out: the key goes.
        #[serde(default)]
        value: Option<String>,
    },
    /// The holder installs it.
    Install {
        /// On what.
        device: DeviceType,
    },
    /// The holder removes it from the wallet.
    Uninstall,
    /// The holder reports the device lost.
    DeviceLost,
    /// The holder reports it found.
    DeviceFound,
    /// Its time runs out.
    Expire,
}

/// When it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before this call returns.
    #[default]
    Now,
    /// Just before the next call that changes something is handled: between somebody's read and write.
    BeforeNextWrite,
    /// Just after it, before its answer leaves.
    AfterNextWrite,
}

/// An act of somebody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForeignAct {
    /// Id of the pass that it refers to.
    pub pass: String,
    /// What.
    #[serde(flatten)]
    pub kind: ForeignKind,
    /// When.
    #[serde(default)]
    pub when: Moment,
}

impl ForeignAct {
    /// Does it. Returns the id of the pass that was made or touched.
    ///
    /// # Errors
    /// One sentence, if it cannot be done.
    pub fn apply(&self, world: &mut GridWorld, now: Timestamp) -> Result<String, String> {
        let number = world.number(&self.pass).ok_or("there is no such pass")?;
        let actor = Actor::of(Author::Foreign);
        match &self.kind {
            ForeignKind::Issue => return copy(world, number, false, &actor, now),
            ForeignKind::Copy => return copy(world, number, true, &actor, now),
            ForeignKind::Act { action } => {
                let done = world.act(number, *action, &actor, now);
                done.map(|_| ()).map_err(|refused| format!("it was refused: {refused:?}"))?;
            }
            ForeignKind::Metadata { key, value } => {
                let mut pass = world.pass(number).ok_or("there is no such pass")?.into_owned();
                match value {
                    Some(value) => pass.metadata.insert(key.clone(), Value::from(value.as_str())),
                    None => pass.metadata.remove(key),
                };
                pass.updated = now;
                world.note(&pass, "access_pass.updated", &actor, now);
                world.keep(pass);
            }
            ForeignKind::Install { device } => world.install(number, *device, now)?,
            ForeignKind::Uninstall => world.uninstall(number, now)?,
            ForeignKind::DeviceLost => world.device_reported(number, false, now)?,
            ForeignKind::DeviceFound => world.device_reported(number, true, now)?,
            ForeignKind::Expire => world.expire(number, now)?,
        }
        Ok(self.pass.clone())
    }
}

fn copy(
    world: &mut GridWorld,
    like: Number,
    with_metadata: bool,
    actor: &Actor,
    now: Timestamp,
) -> Result<String, String> {
    let like = world.pass(like).ok_or("there is no such pass")?.into_owned();
    let wish = IssueWish {
        full_name: like.full_name,
        start: Some(now),
        expires: like.expires,
        attributes: like.attributes,
        metadata: if with_metadata { like.metadata } else { Map::new() },
        ..IssueWish::default()
    };
    let made = issue(world, &[like.template], wish, actor, now);
    Ok(world.id(made))
}
