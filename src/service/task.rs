//! Work on a thread of its own, while the service goes on.

use std::panic;
use std::thread::{Builder, JoinHandle};

/// Something that is being done, or was done at once.
#[derive(Debug)]
pub(super) enum Task<T> {
    Begun(JoinHandle<T>),
    Done(T),
}

impl<T: Send + 'static> Task<T> {
    /// Begins it on a thread of its own, if that is meant and the system grants it; else,
    /// does it now.
    pub fn begin(
        name: &str,
        on_a_thread: bool,
        work: impl FnOnce() -> T + Clone + Send + 'static,
    ) -> Self {
        if !on_a_thread {
            return Self::Done(work());
        }
        match Builder::new().name(name.to_owned()).spawn(work.clone()) {
            Ok(thread) => Self::Begun(thread),
            Err(_) => Self::Done(work()),
        }
    }

    /// Returns whether it's done.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Begun(thread) => thread.is_finished(),
            Self::Done(_) => true,
        }
    }

    /// Waits until it's done.
    pub fn end(self) -> T {
        match self {
            Self::Done(outcome) => outcome,
            Self::Begun(thread) => match thread.join() {
                Ok(outcome) => outcome,
                Err(panic) => panic::resume_unwind(panic),
            },
        }
    }

    /// Waits until nothing is done any more, whatever has come of it.
    pub fn abandon(self) {
        if let Self::Begun(thread) = self {
            let _ = thread.join();
        }
    }
}
