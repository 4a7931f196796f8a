//! The log file. Nothing is ever printed over the screen.
