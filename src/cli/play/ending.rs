//! The end by a signal.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::cli::failure::Failure;

/// Begins to wait for the signals that end the program, and returns what the first of them
/// notifies. If the end takes long, the program ends at once. Signals that follow change
/// nothing: what has to be removed would stay.
#[cfg(unix)]
pub fn listen() -> Result<Arc<Notify>, Failure> {
    use std::thread::{Builder, sleep};
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
        let Some(first) = received.forever().next() else {
            return;
        };
        told.notify_one();
        sleep(LAST_STEP);
        signals::end(first);
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
