//! What a helpdesk talks about: people, credentials, who issued what, what was done. No screen, no socket,
//! no database and no clock in here; everything below is data and pure functions.

pub mod cardholder;
pub mod change;
pub mod checkup;
pub mod clocks;
pub mod comparison;
pub mod credential;
pub mod decision;
pub mod document;
pub mod filter;
pub mod folding;
pub mod ids;
pub mod journal;
pub mod lifecycle;
pub mod operation;
pub mod operator;
pub mod origin;
pub mod ownership;
pub mod policy;
pub mod problem;
pub mod reissue;
pub mod text;
pub mod turn;
