//! The ledger on a disk that fails, fills up, is torn, cannot be written, or is shared: never a request without its
//! record, always plain words and a proper exit code, and browsing goes on (decision 31).

mod failing_io;
mod full_disk;
mod places;
mod torn_files;
mod trial;
