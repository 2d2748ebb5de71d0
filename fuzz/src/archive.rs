//! A ZIP archive.

use std::collections::HashSet;
use std::io::{Cursor, Read};
use std::path::{Component, Path};
use std::time::SystemTime;

use callseal::archive::{Archive, ArchiveWriter, Member, MemberName};

use super::opening::envelope;
use super::pieces::Pieces;

/// The most that is read of a member.
const MOST: u64 = 1 << 20;

/// Larger members aren't read in pieces, since that takes long.
const MOST_IN_PIECES: u64 = 1 << 15;

type Kept = Vec<(MemberName, SystemTime, Vec<u8>)>;

pub fn check(input: &[u8]) {
    let opened = [Archive::open(input), Archive::open(input)];
    let [first, second] = opened.map(|outcome| outcome.map_err(|error| error.to_string()));
    let (Ok(first), Ok(second)) = (&first, &second) else {
        assert_eq!(first.err(), second.err());
        return;
    };
    let members = |archive: &Archive<_>| format!("{:?}", archive.members());
    assert_eq!(members(first), members(second));

    let mut kept = Kept::new();
    let mut names = HashSet::new();
    for member in first.members() {
        check_name(member);
        let whole = content(first, member, 1 << 20);
        let limit = if member.size() <= MOST_IN_PIECES {
            11
        } else {
            1 << 20
        };
        assert_eq!(whole, content(second, member, limit));
        let shown = |limit| {
            let reader = first.read(member).map_err(|error| error.to_string())?;
            envelope(Pieces::new(reader, limit))
        };
        let whole_shown = shown(1 << 20);
        // Whether damage to a member shows depends on how much is read.
        if whole.is_ok() && member.size() <= MOST_IN_PIECES {
            assert_eq!(whole_shown, shown(13));
        }
        if let (Ok(bytes), Ok(name)) = (whole, member.name())
            && !member.is_directory()
            && names.insert(name.clone())
        {
            kept.push((name.clone(), member.modified(), bytes));
        }
        if kept.iter().map(|(_, _, bytes)| bytes.len()).sum::<usize>() > MOST as usize {
            kept.clear();
        }
    }
    check_written(&kept);
}

/// Checks that a safe name only leads downwards.
fn check_name(member: &Member) {
    if let Ok(name) = member.name() {
        let mut parts = Path::new(name.as_str()).components();
        assert!(parts.all(|part| matches!(part, Component::Normal(_))));
        assert!(!name.as_str().contains(char::is_control));
    }
}

/// Reads the content of a member in pieces of up to this many bytes. Too much
/// content is an error.
fn content(archive: &Archive<&[u8]>, member: &Member, limit: usize) -> Result<Vec<u8>, String> {
    if member.size() > MOST {
        return Err("too large".into());
    }
    let mut reader = archive.read(member).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let outcome = Pieces::new(&mut reader, limit).read_to_end(&mut bytes);
    assert!(bytes.len() as u64 <= member.size());
    match outcome {
        Ok(_) => {
            assert_eq!(bytes.len() as u64, member.size());
            assert_eq!(reader.read(&mut [0]).unwrap(), 0);
            Ok(bytes)
        }
        Err(error) => {
            let again = reader.read(&mut [0]).unwrap_err();
            assert_eq!(again.to_string(), error.to_string());
            Err(error.to_string())
        }
    }
}

/// Writes what was read as an archive, and checks that it reads as the same.
fn check_written(members: &Kept) {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()));
    for (name, modified, bytes) in members {
        writer.add(name, *modified, bytes).unwrap();
    }
    let archive = Archive::open(writer.finish().unwrap().into_inner()).unwrap();
    assert_eq!(archive.members().len(), members.len());
    for (member, (name, modified, bytes)) in archive.members().iter().zip(members) {
        assert_eq!(member.name().unwrap(), name);
        assert_eq!(member.modified(), *modified);
        let mut found = Vec::new();
        archive
            .read(member)
            .unwrap()
            .read_to_end(&mut found)
            .unwrap();
        assert_eq!(found, *bytes);
    }
}
