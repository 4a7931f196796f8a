//! The state of the screen and the one function that changes it. No I/O and no clock in here.

pub mod allowed;
pub mod answers;
pub mod browse;
pub mod commands;
pub mod decision;
pub mod filtering;
pub mod inspector;
pub mod jobs;
pub mod keymap;
pub mod keys;
pub mod live;
pub mod message;
pub mod model;
pub mod session;
pub mod settings;
pub mod shown;
pub mod update;
pub mod wizard;
pub mod wording;

#[cfg(test)]
mod tests;
