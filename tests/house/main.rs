//! The house itself: who uses whom, and documents that are generated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod architecture;
mod contract_rows;
mod documents;
mod safety_argument;
