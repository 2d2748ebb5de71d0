//! The facts of `callseal pack`.

use std::fmt::{self, Display, Formatter};

use callseal::sources::Source;
use serde::Serialize;

use crate::cli::expiry::EndingFacts;
use crate::cli::facts::{FormatFacts, PathFact, RecipientFacts};
use crate::cli::sha256sum::hex;
use crate::cli::signing_args::SigningFacts;
use crate::cli::suspects::SuspectFacts;
use crate::cli::ui::safe;

/// The names of the files that would be packed, one on a line.
pub struct Names<'a>(pub &'a [Source]);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut files = self.0.iter();
        files.try_for_each(|file| writeln!(f, "{}", safe(file.name())))
    }
}

#[derive(Serialize)]
pub struct PackFacts<'a, M, V> {
    #[serde(flatten)]
    pub about: About<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    pub members: M,
    /// Missing without `--move`, and if no archive was written.
    #[serde(flatten)]
    pub moving: Option<V>,
    pub plain_bytes: u64,
    /// Missing if no archive was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_bytes: Option<u64>,
}

/// What is known of an archive before it's written.
#[derive(Serialize)]
pub struct About<'a> {
    pub archive: PathFact<'a>,
    #[serde(flatten)]
    pub format: FormatFacts,
    pub recipients: Vec<RecipientFacts<'a>>,
    pub signers: Vec<SigningFacts<'a>>,
    pub suspects: Vec<SuspectFacts<'a>>,
    pub unmatched_patterns: Vec<&'a str>,
    pub left_out: Vec<PathFact<'a>>,
    pub young: usize,
    pub put_back: Vec<PathFact<'a>>,
    pub ending_soon: Vec<EndingFacts<'a>>,
}

/// What became of the files that were to be moved.
#[derive(Serialize)]
pub struct MovingFacts<M, S, F> {
    pub moved: M,
    pub not_moved: S,
    pub not_flushed: F,
}

#[derive(Serialize)]
pub struct MemberFacts<'a> {
    name: &'a str,
    plain_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl<'a> MemberFacts<'a> {
    pub fn of(file: &'a Source, hash: Option<&[u8; 32]>) -> Self {
        Self {
            name: file.name(),
            plain_bytes: file.size(),
            sha256: hash.map(|hash| hex(hash)),
        }
    }
}
