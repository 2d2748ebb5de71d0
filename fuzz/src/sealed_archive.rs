//! Changes to an archive that callseal packed.

use callseal::ArchiveFile;
use callseal::message::{Limits, Opener};

use super::edits::edited;
use super::scratch::with_file;
use super::sealed::{ARCHIVES, EMPTY, KEYRINGS, LONG, SHORT};

/// Checks an input. The first octet chooses the archive.
pub fn check(input: &[u8]) {
    let Some((choice, edits)) = input.split_first() else {
        return;
    };
    let choice = usize::from(*choice) % ARCHIVES.len();
    let original = ARCHIVES[choice];
    let bytes = edited(original, edits, &ARCHIVES);
    let contents = with_file(&bytes, |path| {
        let first = contents(path, names_are_sealed(&bytes));
        assert_eq!(first, contents(path, names_are_sealed(&bytes)));
        first
    });
    if bytes == original {
        assert_eq!(contents, Ok(3), "it was not changed");
    }
}

/// Returns whether names are sealed. CMS messages carry none: swapped members
/// go unnoticed.
fn names_are_sealed(bytes: &[u8]) -> bool {
    !bytes.windows(4).any(|at| at.eq_ignore_ascii_case(b".p7m"))
}

/// Reads all members and returns how many were right.
fn contents(path: &std::path::Path, names_are_sealed: bool) -> Result<usize, String> {
    let archive = ArchiveFile::open(path).map_err(|error| error.to_string())?;
    let limits = Limits::new(1 << 20, 1 << 20);
    let opener = Opener::new(&KEYRINGS[0]).with_limits(&limits);
    let mut right = 0;
    for member in archive.members() {
        let mut plain = Vec::new();
        let outcome = archive.cat(member, &mut plain, &opener, std::env::temp_dir());
        let is_it = |(name, content): &(&str, &str)| {
            let content = content.as_bytes();
            (*name == member.shown_name() || !names_are_sealed)
                && match outcome {
                    Ok(_) => plain == content,
                    Err(_) => content.starts_with(&plain),
                }
        };
        assert!(
            [SHORT, LONG, EMPTY].iter().any(is_it) || (outcome.is_err() && plain.is_empty()),
            "{:?} opened to what was never sealed under its name: {plain:?}",
            member.shown_name()
        );
        right += usize::from(outcome.is_ok());
    }
    Ok(right)
}
