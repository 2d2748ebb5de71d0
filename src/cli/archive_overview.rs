//! An overview of who can open an archive.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::num::NonZeroU32;
use std::path::Path;

use callseal::archive::Member;
use callseal::keys::{Fit, Identity, KeyHandle, Keyring, NoIdentity, Recipient};
use callseal::message::{Envelope, Limits, MessageFault, OpenError};
use callseal::{ArchiveFile, Error};
use serde::Serialize;

use super::facts::FormatFacts;
use super::known_recipients::{HandleFacts, KnownKeys};
use super::open_args::format_name;
use super::ui::count;
use crate::cli;

/// The members of an archive, grouped by their envelopes.
pub struct Overview {
    sets: Vec<EnvelopeSet>,
    /// For each member the set that it is in, counted from 1.
    set_of: Vec<Option<NonZeroU32>>,
    failures: Vec<Error>,
    /// The indexes of files that were never sealed.
    other_files: BTreeSet<usize>,
}

/// Members that are sealed in the same way to the same recipients.
struct EnvelopeSet {
    envelope: Envelope,
    members: u64,
}

/// How some members of an archive are sealed, and to whom.
#[derive(Serialize)]
pub struct SealedFacts<'a> {
    members: u64,
    #[serde(flatten)]
    format: FormatFacts,
    cipher: Option<&'a str>,
    recipients: Vec<HandleFacts<'a>>,
    others: &'a [String],
    passphrases: usize,
}

/// How many members some keys open, as far as the envelopes show.
#[derive(Default)]
pub struct Reach {
    /// Members that name one of the keys.
    pub opens: u64,
    /// Members that may be for one of the keys: they hide recipients, or the
    /// fingerprint of a key is unknown.
    pub may_open: u64,
    /// Those of them that hide recipients.
    pub hidden: u64,
    /// Members that none of the keys opens.
    pub closed: u64,
}

impl Overview {
    /// Reads the envelopes of the members.
    pub fn of(archive: &ArchiveFile, members: &[&Member], limits: &Limits) -> Self {
        let mut known = HashMap::new();
        let mut overview = Self {
            sets: Vec::new(),
            set_of: Vec::with_capacity(members.len()),
            failures: Vec::new(),
            other_files: BTreeSet::new(),
        };
        let mut others = Vec::new();
        for member in members {
            let set = match archive.envelope(member, limits) {
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
                    numbered(set)
                }
                Err(error) if archive.is_other_file(member, &error) => {
                    others.push((overview.set_of.len(), error));
                    None
                }
                Err(error) => {
                    overview.failures.push(error);
                    None
                }
            };
            overview.set_of.push(set);
        }
        // If nothing at all is sealed, it isn't the archive that was meant.
        let is_sealed = !overview.sets.is_empty();
        for (index, error) in others {
            match is_sealed {
                true => {
                    overview.other_files.insert(index);
                }
                false => overview.failures.push(error),
            }
        }
        overview
    }

    /// Returns whether the member with this index is a file that was never
    /// sealed.
    pub fn is_other_file(&self, index: usize) -> bool {
        self.other_files.contains(&index)
    }

    /// Returns the facts of who can open it.
    pub fn facts<'a>(&'a self, known: &'a KnownKeys) -> Vec<SealedFacts<'a>> {
        let sets = self.sets.iter().map(|set| SealedFacts {
            members: set.members,
            format: set.envelope.format.into(),
            cipher: set.envelope.cipher.as_deref(),
            recipients: known.facts(&set.envelope),
            others: &set.envelope.others,
            passphrases: set.envelope.passphrases,
        });
        sets.collect()
    }

    /// Returns whether any of the members is a message.
    pub fn has_messages(&self) -> bool {
        !self.sets.is_empty()
    }

    /// Returns for each member the index of its set, or `None` if it isn't a
    /// message.
    pub fn set_of(&self) -> impl Iterator<Item = Option<usize>> {
        self.set_of.iter().map(|number| number.and_then(index))
    }

    /// Returns for each member whether to mark it as not authenticated. Members
    /// are marked only in an archive that has authenticated ones, too.
    pub fn marks(&self) -> impl Iterator<Item = bool> {
        let is_authenticated = |set: &EnvelopeSet| set.envelope.format.is_authenticated();
        let is_mixed = self.sets.iter().any(is_authenticated);
        let set = |index: Option<usize>| index.and_then(|index| self.sets.get(index));
        let marked = move |index| set(index).is_some_and(|set| is_mixed && !is_authenticated(set));
        self.set_of().map(marked)
    }

    /// Returns who can open it, as text.
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
            let what = match (set.envelope.recipients.len(), set.envelope.passphrases) {
                (0, 1) => "a passphrase",
                (0, 2..) => "any one of several passphrases",
                (_, 0) => "any one of these keys:",
                _ => "a passphrase, or any one of these keys:",
            };
            let _ = writeln!(text, "\n{which} with {what}");
            for line in known.lines(&set.envelope) {
                let _ = writeln!(text, "  {line}");
            }
            let cipher = set
                .envelope
                .cipher
                .as_deref()
                .unwrap_or("cipher unknown until opened");
            let _ = writeln!(
                text,
                "format {}, {cipher}",
                format_name(set.envelope.format)
            );
        }
        text
    }

    /// Opens an archive and reads the envelopes of all members.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, Error> {
        let archive = ArchiveFile::open(path)?;
        let members: Vec<_> = archive.members().collect();
        Ok(Self::of(&archive, &members, limits))
    }

    /// Returns the given certificates that open none of the members.
    pub fn strangers<'a>(&'a self, known: &'a KnownKeys) -> Vec<&'a Recipient> {
        known.strangers(self.sets.iter().map(|set| &set.envelope))
    }

    /// Returns how many members there are and for how many recipients, how many
    /// other files, and whether there is an index.
    pub fn counted(&self, archive: &ArchiveFile) -> String {
        let mut counted = count(self.members(), "member");
        let recipients = self.recipients();
        if recipients > 0 {
            counted += &format!(" for {}", count(recipients, "recipient"));
        }
        let others = self.other_files.len() as u64;
        if others > 0 {
            counted += &format!(", {}", count(others, "other file"));
        }
        counted
            + match archive.has_index() {
                true => ", with an index",
                false => ", no index",
            }
    }

    /// Returns the number of different recipients. Hidden ones may be the same in
    /// all members.
    fn recipients(&self) -> u64 {
        let is_hidden = |handle: &&KeyHandle| **handle == KeyHandle::Hidden;
        let mut named = BTreeSet::new();
        let mut others = 0;
        for EnvelopeSet { envelope, .. } in &self.sets {
            let hidden = envelope.recipients.iter().filter(is_hidden).count();
            others = others.max(hidden + envelope.others.len());
            named.extend(
                envelope
                    .recipients
                    .iter()
                    .filter(|handle| !is_hidden(handle)),
            );
        }
        (named.len() + others) as u64
    }

    /// Returns the number of members, damaged ones included.
    pub fn members(&self) -> u64 {
        (self.set_of.len() - self.other_files.len()) as u64
    }

    /// Returns how many members these keys of the keyring open.
    pub fn reach(&self, keys: &[Identity], keyring: &Keyring) -> Reach {
        let mut reach = Reach::default();
        for set in &self.sets {
            let surest = keys
                .iter()
                .filter_map(|key| set.envelope.fit(key, keyring))
                .min();
            match surest {
                Some(Fit::Named) => reach.opens += set.members,
                Some(Fit::Hidden) => {
                    reach.may_open += set.members;
                    reach.hidden += set.members;
                }
                Some(Fit::Unknown) => reach.may_open += set.members,
                None => reach.closed += set.members,
            }
        }
        reach
    }

    /// Returns the error if none of the keys opens any of the messages.
    pub fn closed_to(&self, archive: &Path, keyring: &Keyring) -> Option<Error> {
        let keys = keyring.identities();
        let reach = self.reach(keys, keyring);
        if reach.closed == 0 || reach.opens + reach.may_open > 0 {
            return None;
        }
        let envelopes = || self.sets.iter().map(|set| &set.envelope);
        let handles: BTreeSet<_> = envelopes().flat_map(|e| &e.recipients).cloned().collect();
        let error = if !handles.is_empty() {
            OpenError::from(keyring.none_fits(handles.into_iter().collect()))
        } else if envelopes().any(|envelope| envelope.passphrases > 0) {
            NoIdentity::PassphraseOnly.into()
        } else {
            MessageFault::Malformed("it names no recipient".into()).into()
        };
        Some(Error::Open {
            path: archive.to_owned(),
            error,
        })
    }

    /// Takes the failures of the members that aren't messages, with those of the
    /// members that were removed, and that of the archive as a whole.
    pub fn take_failures(
        &mut self,
        archive: &Path,
        removed: Vec<cli::error::Error>,
    ) -> (Vec<cli::error::Error>, Option<cli::error::Error>) {
        let total = self.set_of.len() + removed.len();
        let failures = std::mem::take(&mut self.failures).into_iter();
        let failures: Vec<_> = failures.map(Into::into).chain(removed).collect();
        let worst = failures.iter().map(cli::error::Error::kind).max();
        let outcome = worst.map(|worst| cli::error::Error::Unread {
            archive: archive.to_owned(),
            failed: failures.len(),
            total,
            worst,
        });
        (failures, outcome)
    }
}

/// Returns the number of the set with this index.
fn numbered(index: usize) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(index).ok()?.checked_add(1)?)
}

/// Returns the index of the set with this number.
fn index(number: NonZeroU32) -> Option<usize> {
    usize::try_from(number.get() - 1).ok()
}
