//! The loop: input, messages, drawing, tasks.
