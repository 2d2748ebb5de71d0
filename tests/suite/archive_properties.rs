//! Properties of every archive, and of all other inputs.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::time::{Duration, SystemTime};

use callseal::archive::{Archive, ArchiveError, ArchiveWriter, Ending, MemberName, MemberReader};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::archive_support::{Member, zip};

type Contents = Vec<(String, Vec<u8>)>;

/// Returns the names and bytes of all members, or the first error.
fn contents(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    let archive = Archive::open(bytes)?;
    let mut all = Vec::new();
    for member in archive.members() {
        let mut bytes = Vec::new();
        archive.read(member)?.read_to_end(&mut bytes)?;
        all.push((member.stored_name().into_owned(), bytes));
    }
    Ok(all)
}

fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_001)
}

fn written(members: &Contents, streamed: bool) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()));
    for (name, data) in members {
        let name = MemberName::parse(name).unwrap();
        if streamed {
            let mut member = writer.begin(&name, time(), data.len() as u64).unwrap();
            member.write_all(data).unwrap();
            writer = member.end().unwrap();
        } else {
            writer.add(&name, time(), data).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn stored(members: &Contents) -> Contents {
    members
        .iter()
        .map(|(name, data)| (format!("{name}.pgp"), data.clone()))
        .collect()
}

fn three_members() -> Contents {
    vec![
        ("calls/a.wav".into(), b"some data".to_vec()),
        ("empty".into(), Vec::new()),
        ("ünï".into(), (0..=255).collect()),
    ]
}

#[test]
fn the_reader_and_the_writer_may_move_between_threads() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<ArchiveWriter<Cursor<Vec<u8>>>>();
    send::<MemberReader<'_, std::fs::File>>();
    sync::<MemberReader<'_, std::fs::File>>();
    sync::<Archive<std::fs::File>>();
}

#[test]
fn a_streamed_member_is_written_like_one_in_memory() {
    assert_eq!(
        written(&three_members(), true),
        written(&three_members(), false)
    );
}

/// Returns the bytes that no member's name or content depends on.
fn carries_no_content(archive: &[u8], at: usize) -> bool {
    let find = |signature: &[u8]| -> Vec<usize> {
        (0..archive.len())
            .filter(|&start| archive[start..].starts_with(signature))
            .collect()
    };
    let within = |start: usize, ranges: &[std::ops::Range<usize>]| {
        at.checked_sub(start)
            .is_some_and(|offset| ranges.iter().any(|range| range.contains(&offset)))
    };
    let word = |at: usize| usize::from(archive[at]) | usize::from(archive[at + 1]) << 8;
    // Version needed, flags (those without effect), time and date; extra field.
    find(b"PK\x03\x04").into_iter().any(|start| {
        let extra = 30 + word(start + 26);
        within(start, &[4..8, 10..14, extra..extra + word(start + 28)])
    }) || find(b"PK\x01\x02").into_iter().any(|start| {
        let extra = 46 + word(start + 28);
        within(
            start,
            &[4..10, 12..16, 36..42, extra..extra + word(start + 30)],
        )
    })
}

fn every_flipped_bit_shows(archive: &[u8]) {
    let expected = contents(archive).unwrap();
    let mut harmless = 0;
    for at in 0..archive.len() {
        for bit in 0..8 {
            let mut flipped = archive.to_vec();
            flipped[at] ^= 1 << bit;
            if let Ok(found) = contents(&flipped) {
                assert_eq!(found, expected, "byte {at}, bit {bit}");
                assert!(
                    carries_no_content(archive, at),
                    "byte {at}, bit {bit} went unnoticed"
                );
                harmless += 1;
            }
        }
    }
    assert!(harmless > 0, "a timestamp's flipped bit is harmless");
}

#[test]
fn every_flipped_bit_of_a_written_archive_is_detected_or_harmless() {
    every_flipped_bit_shows(&written(&three_members(), false));
}

#[test]
fn every_flipped_bit_of_a_streamed_deflated_archive_is_detected_or_harmless() {
    let members = [
        Member::deflated("a", b"some some some some data").streamed(16),
        Member::new("d/", b""),
        Member::new("b", b"some data").streamed(24),
    ];
    every_flipped_bit_shows(&zip(members).bytes());
}

#[test]
fn an_archive_cut_short_anywhere_is_refused() {
    let archive = written(&three_members(), false);
    for length in 0..archive.len() {
        assert!(Archive::open(&archive[..length]).is_err(), "{length} bytes");
    }
}

/// Generates names that are safe, and distinct by their numbers.
fn members() -> impl Strategy<Value = Contents> {
    let data = prop::collection::vec(any::<u8>(), 0..300);
    prop::collection::vec(
        ("[^\\p{Cc}\\\\/:.]{1,8}(/[^\\p{Cc}\\\\/:.]{1,8}){0,2}", data),
        0..20,
    )
    .prop_map(|members| {
        let numbered = members.into_iter().enumerate();
        numbered
            .map(|(number, (name, data))| (format!("{name}{number}"), data))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Default::default()
    })]

    #[test]
    fn written_archives_are_read_back(members in members(), streamed: bool) {
        let bytes = written(&members, streamed);
        prop_assert_eq!(contents(&bytes).unwrap(), stored(&members));
        let archive = Archive::open(bytes).unwrap();
        for (member, (name, data)) in archive.members().iter().zip(&members) {
            prop_assert_eq!(member.name().unwrap().as_str(), name);
            prop_assert_eq!(member.size(), data.len() as u64);
            prop_assert_eq!(member.modified(), time());
        }
    }

    #[test]
    fn modification_times_survive(seconds in -4_000_000_000_i64..6_000_000_000) {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let epoch = SystemTime::UNIX_EPOCH;
        let modified = if seconds < 0 { epoch - distance } else { epoch + distance };
        let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()));
        writer.add(&MemberName::parse("a").unwrap(), modified, b"").unwrap();
        let archive = Archive::open(writer.finish().unwrap().into_inner()).unwrap();
        let found = archive.members().first().unwrap().modified();
        let first = epoch + Duration::from_secs(315_532_800);
        let last = epoch + Duration::from_secs(4_354_819_198);
        if i32::try_from(seconds).is_ok() {
            prop_assert_eq!(found, modified);
        } else {
            let even = if seconds % 2 == 0 { modified } else { modified - Duration::from_secs(1) };
            prop_assert_eq!(found, even.clamp(first, last));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(contents(&bytes).is_err());
    }

    #[test]
    fn arbitrary_changes_never_panic(changes: Vec<(prop::sample::Index, u8)>, members in members()) {
        let mut bytes = written(&members, false);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = contents(&bytes);
    }

    #[test]
    fn a_parsed_name_stays_within_its_directory(path in "\\PC*") {
        if let Ok(name) = MemberName::parse(&path) {
            prop_assert_eq!(name.as_str(), &path);
            let mut components = std::path::Path::new(name.as_str()).components();
            prop_assert!(components.all(|part| matches!(part, std::path::Component::Normal(_))));
            for ending in [Ending::Pgp, Ending::P7m] {
                let stored = name.stored(ending);
                prop_assert_eq!(MemberName::from_stored(&stored), Ok(name.clone()));
            }
        }
    }

    #[test]
    fn the_last_component_ends_the_name(members in members()) {
        let names: BTreeMap<_, _> = members.into_iter().collect();
        for path in names.keys() {
            let name = MemberName::parse(path).unwrap();
            prop_assert!(path.ends_with(name.last_component()));
            prop_assert!(!name.last_component().contains('/'));
        }
    }
}
