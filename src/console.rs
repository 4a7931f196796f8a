//! The state of the screen and the one function that changes it. No I/O and no clock in here.
