//! Member paths, as zip and tar make them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::{Source, SourceError};
use crate::archive::{MemberName, NameHashes};

/// Returns the path of `input` inside an archive: without a leading `/`, `./`
/// or `../`, and with inner `.` and `..` resolved by the text alone. Also
/// returns whether anything other than `.` had to be dropped at its start.
pub(super) fn member_path(input: &Path) -> (PathBuf, bool) {
    let mut member = PathBuf::new();
    let mut dropped = false;
    for component in input.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => dropped = true,
            Component::CurDir => {}
            Component::ParentDir => dropped |= !member.pop(),
            Component::Normal(name) => member.push(name),
        }
    }
    (member, dropped)
}

/// Returns `member` as text with `/` between its components, on any system;
/// `None` if it is not UTF-8.
pub(super) fn member_name(member: &Path) -> Option<String> {
    let mut name = String::with_capacity(member.as_os_str().len());
    for component in member.components() {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(component.as_os_str().to_str()?);
    }
    Some(name)
}

/// Checks the member name of every file.
///
/// # Errors
///
/// A name is unsafe, or would be the same as another on some file system: equal
/// up to case and Unicode normalisation, or a file where another needs a
/// directory.
pub fn check_names(sources: &[Source]) -> Result<(), SourceError> {
    for source in sources {
        member_name_of(source)?;
    }
    let keys = NameHashes::of(sources.iter(), |source, key| {
        key.extend_from_slice(collision_key(source).as_bytes());
    });
    if keys.may_repeat() {
        refuse_equal(sources)?;
    }
    let mut last: Option<String> = None;
    for source in sources {
        let key = collision_key(source);
        for (end, _) in key.rmatch_indices('/') {
            let (directory, _) = key.split_at(end);
            // Most files are in the directory of the one before. It has been
            // looked at then, with all directories above it.
            let is_known = last.as_ref().is_some_and(|last| {
                let rest = last.strip_prefix(directory);
                rest.is_some_and(|rest| rest.starts_with('/'))
            });
            if is_known {
                break;
            }
            if keys.may_have(directory.as_bytes())
                && let Some(first) = sources.iter().find(|s| collision_key(s) == directory)
            {
                return Err(same_name(first, source));
            }
        }
        last = Some(key);
    }
    Ok(())
}

/// Returns the member name of a file.
pub(crate) fn member_name_of(source: &Source) -> Result<MemberName, SourceError> {
    MemberName::parse(source.name()).map_err(|fault| SourceError::Name {
        path: source.path().to_owned(),
        fault,
    })
}

fn refuse_equal(sources: &[Source]) -> Result<(), SourceError> {
    let mut taken = HashMap::with_capacity(sources.len());
    for source in sources {
        if let Some(first) = taken.insert(collision_key(source), source) {
            return Err(same_name(first, source));
        }
    }
    Ok(())
}

fn same_name(first: &Source, second: &Source) -> SourceError {
    SourceError::SameName {
        first: first.path().to_owned(),
        second: second.path().to_owned(),
    }
}

fn collision_key(source: &Source) -> String {
    MemberName::key_of(source.name())
}

#[cfg(test)]
mod tests {
    use super::{member_name, member_path};
    use proptest::prelude::*;
    use std::path::Path;

    #[test]
    fn member_paths_are_those_of_zip_and_tar() {
        for (input, name, dropped) in [
            ("a/b.wav", "a/b.wav", false),
            (".", "", false),
            ("./a//b/", "a/b", false),
            ("/var/calls", "var/calls", true),
            ("../../calls", "calls", true),
            ("..", "", true),
            ("a/./b/../c", "a/c", false),
            ("a/../../c", "c", true),
            ("a b\\c", "a b\\c", false),
        ] {
            if cfg!(windows) && input.contains('\\') {
                continue;
            }
            let (member, was_dropped) = member_path(Path::new(input));
            assert_eq!(member_name(&member).unwrap(), name, "{input}");
            assert_eq!(was_dropped, dropped, "{input}");
        }
    }

    proptest! {
        #[test]
        fn a_member_path_is_plain_and_stays_unchanged(input in "[ab./]{0,20}") {
            let (member, _) = member_path(Path::new(&input));
            let name = member_name(&member).unwrap();
            let plain = |part| !matches!(part, "" | "." | "..");
            prop_assert!(name.is_empty() || name.split('/').all(plain), "{}", name);
            prop_assert_eq!(member_path(Path::new(&name)), (member, false));
        }
    }
}
