//! The places of a party's certificates: files, directories and patterns.

use std::io;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::refusal::RecipientError;
use crate::keys::directory_walk;

/// The depth to which `**` searches.
const MAX_DEPTH: usize = 8;

/// The characters that begin the pattern in a path.
const SPECIAL: [char; 4] = ['*', '?', '[', '{'];

/// A place of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CertificatePlace {
    File(PathBuf),
    /// A file, a directory or a pattern, as written, below a directory.
    Search {
        below: PathBuf,
        pattern: String,
    },
}

/// Why a place yields no certificates.
pub(super) enum PlaceFault {
    /// It holds none.
    Empty { place: PathBuf },
    /// Something in it can't be read.
    Obstacle { path: PathBuf, error: io::Error },
    /// The pattern is invalid.
    Pattern { place: PathBuf, reason: String },
}

impl PlaceFault {
    /// Returns the error of the party whose place it is.
    pub fn of(self, party: String) -> RecipientError {
        match self {
            Self::Empty { place } => RecipientError::NoCertificates { party, place },
            Self::Obstacle { path, error } => RecipientError::Search { party, path, error },
            Self::Pattern { place, reason } => RecipientError::Pattern { place, reason },
        }
    }
}

impl CertificatePlace {
    /// Returns the place as a path, special characters included.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Search { below, pattern } => below.join(pattern),
        }
    }

    /// Returns the files there, at least one.
    pub fn files(&self) -> Result<Vec<PathBuf>, PlaceFault> {
        let Self::Search { below, pattern } = self else {
            return Ok(vec![self.path()]);
        };
        let place = self.path();
        let found = match std::fs::metadata(&place) {
            Ok(metadata) if metadata.is_dir() => {
                directory_walk::wanted(&place, 1, &|file| has_ending(file)).map_err(obstacle)?
            }
            Err(_) if pattern.contains(SPECIAL) => fitting(below, pattern)?,
            // If it's missing, reading it reports its name.
            _ => vec![place.clone()],
        };
        if found.is_empty() {
            return Err(PlaceFault::Empty { place });
        }
        Ok(found)
    }
}

/// Returns whether a file of a directory is one of its certificates, by its
/// name.
fn has_ending(file: &Path) -> bool {
    !directory_walk::is_hidden(file)
        && file.extension().is_some_and(|ending| {
            directory_walk::CERTIFICATE_ENDINGS
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        })
}

/// Returns the files that match a pattern, sorted by name.
fn fitting(below: &Path, pattern: &str) -> Result<Vec<PathBuf>, PlaceFault> {
    // The part before the first special character isn't a pattern: it says
    // where to search.
    let special = pattern.find(SPECIAL).unwrap_or(pattern.len());
    let (plain, _) = pattern.split_at(special);
    let start = plain.rfind(std::path::is_separator).map_or(0, |at| at + 1);
    let (root, glob) = pattern.split_at(start);
    let root = match below.join(root) {
        here if here.as_os_str().is_empty() => PathBuf::from("."),
        root => root,
    };
    let matcher = GlobBuilder::new(glob)
        .literal_separator(true)
        .build()
        .map_err(|e| PlaceFault::Pattern {
            place: below.join(pattern),
            reason: e.kind().to_string(),
        })?
        .compile_matcher();
    let depth = if glob.contains("**") {
        MAX_DEPTH
    } else {
        glob.split(std::path::is_separator).count()
    };
    // As in a shell, only patterns that say so match hidden files.
    let wants_hidden = glob.starts_with('.') || glob.contains("/.");
    let is_wanted = |file: &Path| {
        let name = file.strip_prefix(&root).unwrap_or(file);
        let mut parts = name.iter();
        matcher.is_match(name)
            && (wants_hidden || !parts.any(|part| directory_walk::is_hidden(part.as_ref())))
    };
    directory_walk::wanted(&root, depth, &is_wanted).map_err(obstacle)
}

fn obstacle((path, error): (PathBuf, io::Error)) -> PlaceFault {
    PlaceFault::Obstacle { path, error }
}
