//! The choice of members of an archive.

use std::collections::BTreeMap;
use std::path::Path;

use callseal::archive::{Member, NameReading};
use callseal::message::Opener;
use callseal::{ArchiveFile, Error, Evidence, Members, OldSignatures};
use clap::Args;

use super::evidence_report::old_signatures;
use super::failure::Failure;
use super::signer_args::{ChosenSigners, Found};
use super::ui::{Ui, count, safe};

/// How members are named, for the help of commands.
pub const PATTERNS: &str = "\
MEMBER is a member's name, a directory (all that is below it) or a pattern: *
and ? match within one name, ** any directories. A pattern without / matches
names at any depth: '*.wav' means all of them.";

/// The option to leave out members.
#[derive(Debug, Args)]
pub struct ExcludeArgs {
    /// Leave out these members
    #[arg(long, value_name = "MEMBER")]
    exclude: Vec<String>,
}

impl ExcludeArgs {
    /// Returns whether any member is to be left out.
    pub fn is_given(&self) -> bool {
        !self.exclude.is_empty()
    }

    /// Returns the named members, or all, without the excluded ones.
    pub fn choose<'a>(
        &self,
        archive: &'a ArchiveFile,
        named: &[String],
        ui: &Ui,
    ) -> Result<Members<'a>, Failure> {
        let members = archive.select(named).map_err(|error| {
            let is_unknown = matches!(error, Error::NoSuchMember { .. });
            let unread = || archive.closed_names().or_else(|| archive.unread_names());
            match is_unknown.then(unread).flatten() {
                Some(unread) => unread.into(),
                None => not_chosen(error),
            }
        })?;
        notice_readings(archive, ui);
        let (members, unmatched) = members.except(&self.exclude)?;
        for pattern in unmatched {
            ui.warning(&format!("--exclude {pattern:?} matches no member"));
        }
        if members.as_slice().is_empty() && !self.exclude.is_empty() {
            return Err(Failure::usage(
                format!("{}: no member is left", archive.path().display()),
                "exclude fewer members; `callseal list ARCHIVE` shows them",
            ));
        }
        Ok(members)
    }
}

/// Opens an archive. If its members have numbers instead of names, a key opens its
/// index, which has the names.
pub fn open_archive(path: &Path, opener: &Opener<'_>) -> Result<ArchiveFile, Error> {
    names_read(ArchiveFile::open(path)?, opener)
}

/// Does the same with an archive that may have to be signed.
pub fn open_required(
    path: &Path,
    opener: &Opener<'_>,
    signers: Option<&ChosenSigners>,
    ui: &Ui,
) -> Result<(ArchiveFile, Option<Evidence>), Error> {
    let archive = ArchiveFile::open(path)?;
    let evidence = match signers {
        Some(signers) => signers.require(&archive, ui)?,
        None => None,
    };
    Ok((names_read(archive, opener)?, evidence))
}

/// Does the same. If the archive isn't signed by those who are required, their
/// signatures have to be inside of its messages.
pub fn open_signed(
    path: &Path,
    opener: &Opener<'_>,
    signers: Option<ChosenSigners>,
    ui: &Ui,
) -> Result<(ArchiveFile, Found), Error> {
    let archive = ArchiveFile::open(path)?;
    let found = match signers {
        Some(signers) => signers.require_somewhere(&archive, ui)?,
        None => Found::default(),
    };
    Ok((names_read(archive, opener)?, found))
}

/// Does the same with an archive whose signatures are to be kept. They are checked
/// before its index is opened; if they don't hold, whatever keeps them says so.
pub fn open_kept(
    path: &Path,
    opener: &Opener<'_>,
    signers: Option<&ChosenSigners>,
    are_dropped: bool,
) -> Result<ArchiveFile, Error> {
    let archive = ArchiveFile::open(path)?;
    if let OldSignatures::Keep(signers) = old_signatures(&archive, signers, are_dropped) {
        let _ = archive.require_signature(signers);
    }
    names_read(archive, opener)
}

fn names_read(mut archive: ArchiveFile, opener: &Opener<'_>) -> Result<ArchiveFile, Error> {
    if archive.hides_names() {
        archive.read_names(opener);
    }
    Ok(archive)
}

/// Says how the archive is read where that isn't plain.
fn notice_readings(archive: &ArchiveFile, ui: &Ui) {
    if archive.padding() > 0 {
        ui.notice("passed over zeros or line ends behind the archive");
    }
    let mut readings: BTreeMap<NameReading, u64> = BTreeMap::new();
    for reading in archive.members().filter_map(Member::name_reading) {
        *readings.entry(reading).or_default() += 1;
    }
    for (reading, members) in readings {
        ui.notice(&format!(
            "{} with names that {}",
            count(members, "member"),
            reading.describe()
        ));
    }
}

/// Says which files of an archive were never sealed, and what became of them.
pub fn notice_other_files(files: &[String], are_extracted: bool, ui: &Ui) {
    const SHOWN: usize = 3;
    if files.is_empty() {
        return;
    }
    let mut names: Vec<String> = files
        .iter()
        .take(SHOWN)
        .map(|file| safe(file).into())
        .collect();
    let more = files.len().saturating_sub(names.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let number = count(files.len() as u64, "file");
    ui.notice(&format!(
        "{} {number} that {} never sealed: {}{}",
        if are_extracted {
            "extracted"
        } else {
            "passed over"
        },
        if files.len() == 1 { "was" } else { "were" },
        names.join(", "),
        if are_extracted {
            ""
        } else {
            "; `extract --plain` extracts such files"
        },
    ));
}

/// Says more of a name that is another archive's.
fn not_chosen(error: Error) -> Failure {
    match error {
        Error::NoSuchMember { pattern, .. } if is_archive(&pattern) => Failure::usage(
            format!("{pattern}: one archive at a time"),
            "run the command once for each archive",
        ),
        error => error.into(),
    }
}

fn is_archive(path: &str) -> bool {
    let path = Path::new(path);
    path.is_file() && ArchiveFile::open(path).is_ok()
}
