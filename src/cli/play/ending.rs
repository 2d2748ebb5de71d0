//! The end by a signal.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::cli::failure::Failure;

/// Begins to wait for the signals that end the program, and returns what they notify. If the
/// end takes long, or with a second signal, the program ends at once.
#[cfg(unix)]
pub fn listen() -> Result<Arc<Notify>, Failure> {
    use std::thread::{self, Builder};
    use std::time::Duration;

    use crate::cli::error::Error;
    use crate::cli::signals;

    /// The time after which the program ends, whatever it's doing: a disk may hang.
    const LAST_STEP: Duration = Duration::from_secs(2);

    let failed = |error| Error::reading("signals", error);
    let ending = Arc::new(Notify::new());
    let mut received = signals::ending().map_err(failed)?;
    let told = Arc::clone(&ending);
    let wait = move || {
        let mut signals = received.forever();
        let Some(first) = signals.next() else {
            return;
        };
        told.notify_one();
        let _ = Builder::new().spawn(move || {
            thread::sleep(LAST_STEP);
            signals::end(first);
        });
        if let Some(second) = signals.next() {
            signals::end(second);
        }
    };
    let thread = Builder::new().name("signals".into()).spawn(wait);
    thread.map_err(failed)?;
    Ok(ending)
}

/// Returns what nothing notifies: the system ends the program.
#[cfg(not(unix))]
pub fn listen() -> Result<Arc<Notify>, Failure> {
    Ok(Arc::new(Notify::new()))
}
