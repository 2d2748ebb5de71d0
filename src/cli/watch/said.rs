//! What a service says of itself: for `--status`, for Prometheus and for systemd.

use std::time::{SystemTime, UNIX_EPOCH};

use callseal::service::State;
use serde::{Deserialize, Serialize};

use crate::cli::ui::cut;

/// What a service says of itself. Times are in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// The version of callseal.
    pub version: String,
    pub process: u32,
    /// Whether it ends by itself: it's a run for cron.
    pub once: bool,
    pub started: u64,
    pub outbox: String,
    /// The outboxes from before in which batches are left.
    pub old_outboxes: Vec<String>,
    /// The time for which a file has to be unchanged.
    pub settle: u64,
    /// When it was told to end.
    pub stopping: Option<u64>,
    /// When it has ended in order.
    pub ended: Option<u64>,
    /// For how many seconds the present step has shown no progress.
    pub still_for: u64,
    /// What it has done since its start.
    pub done: Counts,
    pub last_sealed: Option<u64>,
    /// How it does now.
    pub now: Now,
    /// Why calls can't be sealed now.
    pub sealing_trouble: Option<Problem>,
    /// Why archives can't be made now.
    pub archive_trouble: Option<Problem>,
    pub last_error: Option<Problem>,
    /// What is wrong with the config: the one from before is in use.
    pub config_fault: Option<String>,
    /// The settings that take a restart.
    pub needs_restart: Vec<String>,
    /// From when on a recipient will be refused.
    pub certificate_ends: Option<u64>,
}

/// What a service has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub sealed_files: u64,
    pub sealed_bytes: u64,
    pub released_files: u64,
    pub bundled_files: u64,
    pub archives: u64,
    /// How often a file couldn't be sealed.
    pub failed: u64,
    pub errors: u64,
}

/// How a service does at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Now {
    pub waiting: u64,
    pub oldest: Option<u64>,
    pub kept: u64,
    pub to_bundle: u64,
    pub set_aside: u64,
    pub named: Vec<SetAside>,
    pub passed_over: u64,
    pub damaged: u64,
    pub unflushed: u64,
    pub is_polling: bool,
}

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetAside {
    pub path: String,
    pub reason: String,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Problem {
    pub since: u64,
    pub message: String,
    pub hint: Option<String>,
}

impl From<&State> for Now {
    fn from(state: &State) -> Self {
        let named = state.named.iter().map(|(path, reason)| SetAside {
            path: short(&path.to_string_lossy()),
            reason: short(reason),
        });
        Self {
            waiting: state.waiting,
            oldest: state.oldest.map(seconds),
            kept: state.kept,
            to_bundle: state.to_bundle,
            set_aside: state.set_aside,
            named: named.collect(),
            passed_over: state.passed_over,
            damaged: state.damaged,
            unflushed: state.unflushed,
            is_polling: state.is_polling,
        }
    }
}

impl Said {
    /// Reads what a service has written; `None` if it can't be read.
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Writes it, in that many bytes at most: files that were set aside are left out of the
    /// list, and only counted.
    pub fn to_text(&self, longest: usize) -> Vec<u8> {
        let mut said = self.clone();
        loop {
            // Strings and numbers can always be written.
            let text = serde_json::to_vec(&said).unwrap_or_default();
            if text.len() <= longest || said.now.named.is_empty() {
                return text;
            }
            // All else is short.
            said.now.named.pop();
        }
    }
}

/// The longest path or message that is kept, in bytes: names of a spool may be hostile.
const LONGEST: usize = 512;

/// Returns a text that is no longer than it has to be.
pub(super) fn short(text: &str) -> String {
    cut(text, LONGEST).into_owned()
}

/// Returns the seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_leaves_room_for_what_a_service_says() {
        let message = short(&"\u{1}".repeat(32 * 1024));
        assert!(message.len() < 600, "{}", message.len());
        let problem = Some(Problem {
            since: 1,
            message: message.clone(),
            hint: Some(message.clone()),
        });
        let said = Said {
            sealing_trouble: problem.clone(),
            archive_trouble: problem.clone(),
            last_error: problem,
            config_fault: Some(message),
            ..Said::default()
        };
        // In JSON, each takes six bytes.
        assert!(said.to_text(usize::MAX).len() < 32 * 1024);
    }

    #[test]
    fn what_a_service_says_can_be_read_again_and_is_never_too_long() {
        let named = (0..100).map(|number| SetAside {
            path: format!("{number}-{}", "a".repeat(3000)),
            reason: "it can't be read".into(),
        });
        let said = Said {
            process: 7,
            now: Now {
                set_aside: 100,
                named: named.collect(),
                ..Now::default()
            },
            ..Said::default()
        };
        let text = said.to_text(64 * 1024);
        assert!(text.len() <= 64 * 1024);
        let read = Said::parse(&text).unwrap();
        assert_eq!((read.process, read.now.set_aside), (7, 100));
        assert!(read.now.named.len() > 15, "{}", read.now.named.len());
        assert_eq!(Said::parse(&said.to_text(usize::MAX)), Some(said));
    }
}
