//! Arguments, and the plain twins of what the console does.
pub mod sim;
