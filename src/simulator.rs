//! The four vendors on loopback: training ground, demo and test bed.
