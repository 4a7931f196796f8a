//! What an operator does, by keys, at the three sizes.

mod filters;
pub(crate) mod four_systems;
mod inspector;
mod key_storm;
mod live;
mod mouse;
mod new_phone;
mod reissue_expired;
mod rules;
mod settings;
mod several_systems;
mod suspend;
mod trouble;
mod unfinished;
