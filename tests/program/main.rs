//! The built program: terminal, plain commands, kill and restart.
