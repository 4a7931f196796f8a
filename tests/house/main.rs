//! The house itself: who uses whom, and documents that are generated.
