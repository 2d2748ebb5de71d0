//! Who can open an archive.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use callseal::archive::Member;
use callseal::message::Envelope;
use callseal::{ArchiveFile, Error};
use serde_json::{Value, json};

use super::names::KnownKeys;
use crate::failure::Report;
use crate::ui::count;

/// The members of an archive by what their envelopes show.
pub struct Overview {
    sets: Vec<EnvelopeSet>,
    set_of: Vec<Option<usize>>,
    failures: Vec<Error>,
}

/// Members that are sealed in the same way to the same recipients.
struct EnvelopeSet {
    envelope: Envelope,
    members: u64,
}

impl Overview {
    /// Reads the envelopes of the members.
    pub fn of(archive: &ArchiveFile, members: &[&Member]) -> Self {
        let mut known = HashMap::new();
        let mut overview = Self {
            sets: Vec::new(),
            set_of: Vec::with_capacity(members.len()),
            failures: Vec::new(),
        };
        for member in members {
            let set = match archive.envelope(member) {
                Ok(envelope) => {
                    let set = *known.entry(envelope).or_insert_with_key(|envelope| {
                        overview.sets.push(EnvelopeSet {
                            envelope: envelope.clone(),
                            members: 0,
                        });
                        overview.sets.len() - 1
                    });
                    if let Some(set) = overview.sets.get_mut(set) {
                        set.members += 1;
                    }
                    Some(set)
                }
                Err(error) => {
                    overview.failures.push(error);
                    None
                }
            };
            overview.set_of.push(set);
        }
        overview
    }

    /// Who can open it, for programs.
    pub fn json(&self, known: &KnownKeys) -> Value {
        let sets = self.sets.iter();
        sets.map(|set| {
            json!({
                "members": set.members,
                "format": set.envelope.version.standard(),
                "cipher": set.envelope.cipher,
                "recipients": known.json(&set.envelope.recipients),
            })
        })
        .collect()
    }

    /// For each member the index of its set, where it's a message.
    pub fn set_of(&self) -> impl Iterator<Item = Option<usize>> {
        self.set_of.iter().copied()
    }

    /// Who can open it, for people.
    pub fn text(&self, known: &KnownKeys) -> String {
        let mut text = String::new();
        for set in &self.sets {
            let which = match self.set_of.len() as u64 {
                all if all == set.members && all == 1 => "it opens".to_owned(),
                all if all == set.members => "each opens".to_owned(),
                _ if set.members == 1 => "1 member opens".to_owned(),
                _ => format!("{} open, each", count(set.members, "member")),
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n{which} with any one of these keys:");
            for handle in &set.envelope.recipients {
                let _ = writeln!(text, "  {}", known.line(handle));
            }
            let cipher = set
                .envelope
                .cipher
                .as_deref()
                .unwrap_or("its cipher shows on opening");
            let _ = writeln!(
                text,
                "  format {}, {cipher}",
                set.envelope.version.standard()
            );
        }
        text
    }

    /// Puts the members that are no messages into the report.
    pub fn conclude(self, archive: &Path, report: &mut Report) {
        let (failed, total) = (self.failures.len(), self.set_of.len());
        if let Some(worst) = self.failures.iter().map(Error::kind).max() {
            report.outcome = Some(Error::Partial {
                archive: archive.to_owned(),
                failed,
                total,
                worst,
            });
            report.failures = self.failures;
        }
    }
}
