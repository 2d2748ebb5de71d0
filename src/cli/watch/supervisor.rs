//! What systemd is told, by the protocol of sd_notify(3).

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

use crate::cli::ui::{cut, safe};

/// The longest status in bytes: systemd takes messages of 4 KiB.
const LONGEST: usize = 1024;

/// The supervisor that has started the program, if there is one.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    readied: Option<Vec<u64>>,
    status: String,
    knows_of_the_end: bool,
}

impl Supervisor {
    /// Tells it how often each service has begun to watch or read the config anew, if that
    /// is new; `None` while any of them still does so.
    pub fn are_ready(&mut self, readied: Option<Vec<u64>>) {
        match (&readied, &self.readied) {
            (Some(now), Some(before)) if now != before => {
                // The reload was over before anybody could say that it has begun.
                tell(&reloading());
            }
            (None, Some(_)) => {
                tell(&reloading());
                self.readied = None;
                return;
            }
            (Some(_), None) => {}
            _ => return,
        }
        // A supervisor that doesn't listen is told again.
        if tell(&[NotifyState::Ready]) {
            self.readied = readied;
        }
    }

    /// Tells it in a line how the services do.
    pub fn status(&mut self, status: &str) {
        // A line end would begin another message.
        let status = safe(status);
        let status = cut(&status, LONGEST);
        if status != self.status && tell(&[NotifyState::Status(&status)]) {
            self.status = status.into_owned();
        }
    }

    /// Tells it that the program is about to end.
    pub fn is_stopping(&mut self) {
        if !self.knows_of_the_end {
            self.knows_of_the_end = tell(&[NotifyState::Stopping]);
        }
    }

    /// Tells it that all services go on.
    pub fn is_alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }
}

fn reloading() -> Vec<NotifyState<'static>> {
    let now = NotifyState::monotonic_usec_now();
    [NotifyState::Reloading].into_iter().chain(now).collect()
}

/// Returns how often the supervisor wants to hear that the program is alive, if it does.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Tells the supervisor something. Returns whether it has got that, or there is none.
fn tell(states: &[NotifyState<'_>]) -> bool {
    match std::env::var_os("NOTIFY_SOCKET") {
        None => true,
        Some(name) => send(name.as_bytes(), states).is_ok(),
    }
}

/// Sends without waiting: sd_notify's own way would wait for a supervisor that doesn't
/// listen.
fn send(name: &[u8], states: &[NotifyState<'_>]) -> io::Result<()> {
    let address = match name {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        name => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    let lines: Vec<String> = states.iter().map(NotifyState::to_string).collect();
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(lines.join("\n").as_bytes(), &address)?;
    Ok(())
}
