//! How a call reaches its connection: on a thread of its own for files, at once for databases in memory.

use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};

/// A connection that async code may use.
#[derive(Clone, Debug)]
pub(super) enum Lane {
    /// The connection lives on its own thread, so that disk waits never stop the event loop.
    Thread(tokio_rusqlite::Connection),
    /// The call runs in place: nothing waits for a disk, and tests on a paused clock see no time pass.
    Inline(Arc<Mutex<Connection>>),
}

impl Lane {
    /// A lane with a thread of its own.
    pub(super) fn thread(connection: Connection) -> Self {
        Self::Thread(connection.into())
    }

    /// A lane without one.
    pub(super) fn inline(connection: Connection) -> Self {
        Self::Inline(Arc::new(Mutex::new(connection)))
    }

    /// Runs `work` on the connection, in the order of the calls. `None`: the thread is gone, because a call before
    /// panicked.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> R + Send + 'static,
    ) -> Option<R> {
        match self {
            Self::Thread(connection) => connection.call_raw(work).await.ok(),
            Self::Inline(connection) => Some(work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))),
        }
    }
}
