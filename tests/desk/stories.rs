//! What an operator does, by keys, at the three sizes.

mod filters;
mod four_systems;
mod inspector;
mod mouse;
mod new_phone;
mod reissue_expired;
mod rules;
mod settings;
mod several_systems;
mod suspend;
mod trouble;
mod unfinished;
