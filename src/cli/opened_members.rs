//! What isn't plain about the members that were opened.

use std::mem::take;
use std::path::PathBuf;

use callseal::{Extracted, SignedFiles};
use serde::Serialize;

use super::facts::PathFact;
use super::open_args::{notice_old_ciphers, notice_padding, warn_of_renamed, warn_of_tried};
use super::printing::Each;
use super::signatures::{SignedFilesFacts, notice_unchecked, report_signed_files};
use super::ui::Ui;

/// What opening the members has shown, besides what they hold.
#[derive(Debug, Default)]
pub struct OpenedMembers {
    not_authenticated: Vec<String>,
    other_files: Vec<String>,
    tried: Vec<(String, PathBuf)>,
    renamed: Vec<(String, String)>,
    old_ciphers: Vec<(String, String)>,
    padded: usize,
    signed: Vec<SignedFiles>,
    unchecked_signatures: usize,
}

impl OpenedMembers {
    /// Takes it out of the result of a job.
    pub fn take(extracted: &mut Extracted) -> Self {
        Self {
            not_authenticated: take(&mut extracted.not_authenticated),
            other_files: take(&mut extracted.other_files),
            tried: take(&mut extracted.tried),
            renamed: take(&mut extracted.renamed),
            old_ciphers: take(&mut extracted.old_ciphers),
            padded: extracted.padded.len(),
            signed: take(&mut extracted.signed),
            unchecked_signatures: extracted.unchecked_signatures,
        }
    }

    /// Returns the files that were never sealed.
    pub fn other_files(&self) -> &[String] {
        &self.other_files
    }

    /// Returns the number of members that nothing authenticates.
    pub fn not_authenticated(&self) -> usize {
        self.not_authenticated.len()
    }

    /// Says how they were sealed and by whom.
    pub fn report(&self, ui: &Ui) {
        warn_of_tried(self.tried.iter().map(|(_, key)| key), ui);
        let old = self.old_ciphers.iter();
        notice_old_ciphers(old.map(|(_, cipher)| cipher.as_str()), ui);
        notice_padding(self.padded, ui);
        report_signed_files(&self.signed, ui);
        notice_unchecked(self.unchecked_signatures, ui);
        let renamed = self.renamed.iter();
        warn_of_renamed(
            renamed.map(|(member, name)| (member.as_str(), name.as_str())),
            ui,
        );
    }

    /// Returns the same and the rest as facts.
    pub fn facts(&self) -> impl Serialize + '_ {
        OpenedFacts {
            not_authenticated: &self.not_authenticated,
            other_files: &self.other_files,
            tried: Each(|| {
                let tried = self.tried.iter();
                tried.map(|(name, key)| TriedFacts {
                    name,
                    key: PathFact(key),
                })
            }),
            renamed: Each(|| {
                let renamed = self.renamed.iter();
                renamed.map(|(name, sealed_as)| RenamedFacts { name, sealed_as })
            }),
            old_ciphers: Each(|| {
                let old = self.old_ciphers.iter();
                old.map(|(name, cipher)| OldCipherFacts { name, cipher })
            }),
            signatures: self.signed.iter().map(SignedFilesFacts::from).collect(),
            unchecked_signatures: self.unchecked_signatures,
        }
    }
}

#[derive(Serialize)]
struct OpenedFacts<'a, T, R, C> {
    not_authenticated: &'a [String],
    other_files: &'a [String],
    tried: T,
    renamed: R,
    old_ciphers: C,
    signatures: Vec<SignedFilesFacts<'a>>,
    unchecked_signatures: usize,
}

/// A member that isn't sealed with AES.
#[derive(Serialize)]
struct OldCipherFacts<'a> {
    name: &'a str,
    cipher: &'a str,
}

/// A member that a key has opened without being named in it.
#[derive(Serialize)]
struct TriedFacts<'a> {
    name: &'a str,
    key: PathFact<'a>,
}

/// A member that was sealed under another name.
#[derive(Serialize)]
struct RenamedFacts<'a> {
    name: &'a str,
    sealed_as: &'a str,
}
