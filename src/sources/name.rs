//! Member paths, as zip and tar make them.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::{Source, SourceError};
use crate::archive::MemberName;

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

/// Returns the member name of every file, in their order.
///
/// # Errors
///
/// A name is unsafe, or would be the same as another on some file system: equal
/// up to case and Unicode normalisation, or a file where another needs a
/// directory.
pub fn member_names(sources: &[Source]) -> Result<Vec<MemberName>, SourceError> {
    let mut taken: HashMap<String, &Path> = HashMap::with_capacity(sources.len());
    let mut names = Vec::with_capacity(sources.len());
    let same = |first: &Path, second: &Path| SourceError::SameName {
        first: first.to_owned(),
        second: second.to_owned(),
    };
    for source in sources {
        let name = MemberName::parse(&source.name).map_err(|fault| SourceError::Name {
            path: source.path.clone(),
            fault,
        })?;
        if let Some(first) = taken.insert(name.collision_key(), &source.path) {
            return Err(same(first, &source.path));
        }
        names.push(name);
    }
    let mut checked: HashSet<String> = HashSet::new();
    for (source, name) in sources.iter().zip(&names) {
        let key = name.collision_key();
        let mut path = key.as_str();
        // Upwards, until a directory that has been checked already.
        while let Some((directory, _)) = path.rsplit_once('/') {
            if let Some(first) = taken.get(directory) {
                return Err(same(first, &source.path));
            }
            if !checked.insert(directory.to_owned()) {
                break;
            }
            path = directory;
        }
    }
    Ok(names)
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
