//! What an operator does, by keys, at the three sizes.

mod reissue_expired;
