//! The site file: which systems, how to reach them, what this desk may do.
