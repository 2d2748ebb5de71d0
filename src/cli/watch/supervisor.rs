//! What systemd is told, by the protocol of sd_notify(3).

use std::time::Duration;

use sd_notify::NotifyState;

use crate::cli::ui::safe;

/// The supervisor that has started the program, if there is one.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    readied: Vec<u64>,
    status: String,
}

impl Supervisor {
    /// Tells it that all services watch, or have read the config anew, if that is new.
    pub fn are_ready(&mut self, readied: Vec<u64>) {
        if readied != self.readied {
            tell(&[NotifyState::Ready]);
            self.readied = readied;
        }
    }

    /// Tells it in a line how the services do.
    pub fn status(&mut self, status: &str) {
        // A line end would begin another message.
        let status = safe(status);
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status.into_owned();
        }
    }

    /// Tells it that all services go on.
    pub fn is_alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }
}

/// Tells the supervisor that the config is read anew.
pub(super) fn is_reloading() {
    let now = NotifyState::monotonic_usec_now();
    tell(
        &[NotifyState::Reloading]
            .into_iter()
            .chain(now)
            .collect::<Vec<_>>(),
    );
}

/// Tells the supervisor that the program is about to end.
pub(super) fn is_stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Returns how often the supervisor wants to hear that the program is alive, if it does.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn tell(states: &[NotifyState<'_>]) {
    // Without a supervisor, nothing is told. One that doesn't listen finds out by itself.
    let _ = sd_notify::notify(states);
}
