//! Outboxes from before the config was changed: what is sealed there would never be bundled.

use std::path::PathBuf;

use callseal::config::Watch;
use callseal::service::{SeenOutbox, SeenSpool};

use super::said::Said;

/// The most outboxes that are remembered.
const MOST: usize = 8;

/// Returns the outboxes that services of this spool have had before, and in which there are
/// batches.
pub(super) fn find(settings: &Watch) -> Vec<String> {
    // Whatever can't be seen is said when the service starts.
    let Ok(spool) = SeenSpool::look(settings) else {
        return Vec::new();
    };
    let said = spool.said.and_then(|(text, _)| Said::parse(&text));
    let Some(said) = said else {
        return Vec::new();
    };
    let now = settings.outbox.to_string_lossy();
    let before = said.old_outboxes.into_iter().chain([said.outbox]);
    let mut found: Vec<String> = Vec::new();
    for outbox in before.filter(|outbox| !outbox.is_empty() && *outbox != now) {
        let old = Watch {
            outbox: PathBuf::from(&outbox),
            ..settings.clone()
        };
        let has_batches = SeenOutbox::look(&old).is_ok_and(|seen| seen.batches > 0);
        if has_batches && !found.contains(&outbox) && found.len() < MOST {
            found.push(outbox);
        }
    }
    found
}

/// Says what is left in one of them, and what to do about it.
pub(super) fn words(outbox: &str) -> (String, &'static str) {
    let message =
        format!("{outbox}: it was the outbox before, and batches in it are in no archive");
    let hint = "run `callseal watch --once` with a config that has this outbox, while the service \
                is stopped";
    (message, hint)
}
