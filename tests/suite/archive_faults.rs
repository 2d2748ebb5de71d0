//! The faults that the reader of archives refuses, one at a time, and what it
//! accepts.

use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use callseal::archive::{
    Archive, ArchiveError, ArchiveFault, MemberFault, MemberName, NameFault, looks_like_zip,
};

use crate::archive_support::{Member, Zip, Zip64, extra, zip};

type Outcome = Result<Vec<u8>, ArchiveError>;

/// Opens the archive and reads each member, if possible.
fn read_all(zip: &Zip) -> Result<Vec<Outcome>, ArchiveError> {
    let archive = Archive::open(zip.bytes())?;
    let read = |member| -> Outcome {
        let mut bytes = Vec::new();
        archive.read(member)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    Ok(archive.members().iter().map(read).collect())
}

fn archive_fault(error: &ArchiveError) -> ArchiveFault {
    match error {
        ArchiveError::Malformed { fault, .. } => *fault,
        ArchiveError::Io(error) => fault_inside(error),
        ArchiveError::Member { .. } => panic!("{error:?} is a member's"),
    }
}

fn fault_inside(error: &io::Error) -> ArchiveFault {
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    *error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .expect("a fault of the archive")
}

/// Returns the fault that stops the archive from being opened.
fn fault_on_open(zip: &Zip) -> ArchiveFault {
    archive_fault(&read_all(zip).expect_err("a faulty archive"))
}

/// Returns the archive's fault that shows on reading its first member; the last
/// member must be unharmed.
fn fault_on_read(zip: &Zip) -> ArchiveFault {
    let outcomes = read_all(zip).expect("the archive opens");
    assert_eq!(
        outcomes
            .last()
            .unwrap()
            .as_ref()
            .expect("an unharmed member"),
        b"good"
    );
    archive_fault(
        outcomes
            .first()
            .unwrap()
            .as_ref()
            .expect_err("a faulty member"),
    )
}

/// Returns the first member's own fault; the last member must be unharmed.
fn member_fault(first: Member) -> MemberFault {
    let zip = zip([first, good()]);
    let archive = Archive::open(zip.bytes()).expect("the archive opens");
    let outcomes = read_all(&zip).expect("the archive opens");
    assert_eq!(
        outcomes
            .last()
            .unwrap()
            .as_ref()
            .expect("an unharmed member"),
        b"good"
    );
    match outcomes.first() {
        Some(Err(ArchiveError::Member { fault, .. })) => {
            assert_eq!(
                archive.members().first().and_then(|member| member.fault()),
                Some(*fault)
            );
            *fault
        }
        other => panic!("{other:?} is not a member's fault"),
    }
}

fn good() -> Member {
    Member::new("good.pgp", b"good")
}

fn some() -> Member {
    Member::new("calls/a.wav.pgp", b"some data")
}

#[test]
fn a_plain_archive_is_read() {
    let zip = zip([some(), good(), Member::deflated("d.pgp", &[7; 100_000])]);
    let outcomes: Vec<_> = read_all(&zip)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        outcomes,
        [b"some data".to_vec(), b"good".to_vec(), vec![7; 100_000]]
    );

    let archive = Archive::open(zip.bytes()).unwrap();
    let first = archive.members().first().unwrap();
    assert_eq!(first.stored_name(), "calls/a.wav.pgp");
    assert_eq!(first.name().unwrap().as_str(), "calls/a.wav");
    assert_eq!(
        (first.size(), first.stored_size(), first.is_directory()),
        (9, 9, false)
    );
    assert_eq!(first.fault(), None);
}

#[test]
fn an_archive_without_members_is_read() {
    assert!(read_all(&zip([])).unwrap().is_empty());
}

#[test]
fn an_archive_with_a_comment_is_read() {
    let zip = zip([good()]).with(|zip| zip.comment = vec![b'c'; 65_535]);
    assert_eq!(read_all(&zip).unwrap().len(), 1);
}

#[test]
fn members_may_be_stored_in_another_order_than_listed() {
    let mut zip = zip([some(), good()]);
    let second_offset = 30 + 15 + 9;
    zip.members[0].offset = Some(second_offset);
    zip.members[1].offset = Some(0);
    // Now each entry of the directory has the other's local header.
    let (first, second) = (
        zip.members[0].central.clone(),
        zip.members[1].central.clone(),
    );
    zip.members[0].central = second;
    zip.members[1].central = first;
    let outcomes: Vec<_> = read_all(&zip)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(outcomes, [b"good".to_vec(), b"some data".to_vec()]);
}

#[test]
fn every_form_of_data_descriptor_is_read() {
    for bytes in [12, 16, 20, 24] {
        for member in [some(), Member::deflated("d", b"some data")] {
            let outcomes = read_all(&zip([member.streamed(bytes), good()])).unwrap();
            assert_eq!(
                outcomes[0].as_ref().expect("a good member"),
                b"some data",
                "{bytes}"
            );
        }
    }
}

#[test]
fn a_file_without_an_end_record_is_empty_incomplete_or_something_else() {
    let whole = zip([good()]).bytes();
    let cut = whole.get(..whole.len() - 1).unwrap();
    for (bytes, fault) in [
        (&b""[..], ArchiveFault::Empty),
        (b"PK", ArchiveFault::NotZip),
        (&[0; 100], ArchiveFault::NotZip),
        (b"PK\x03\x04", ArchiveFault::NoEnd),
        (cut, ArchiveFault::NoEnd),
    ] {
        let error = Archive::open(bytes).unwrap_err();
        assert_eq!(archive_fault(&error), fault);
        assert_eq!(error.to_string(), fault.to_string());
    }
}

#[test]
fn bytes_after_the_archive_are_refused() {
    for trailer in [&b"x"[..], b"\n\0", b"\0\n", b" ", &[0xFF; 4]] {
        let zip = zip([good()]).with(|zip| zip.trailer = trailer.to_vec());
        assert_eq!(fault_on_open(&zip), ArchiveFault::NoEnd, "{trailer:?}");
    }
}

#[test]
fn an_end_record_within_the_comment_of_another_is_refused() {
    let inner = zip([]).bytes();
    let zip = zip([good()]).with(|zip| zip.comment = inner);
    assert!(
        matches!(fault_on_open(&zip), ArchiveFault::TwoEnds { first, second } if first + 22 == second)
    );
}

#[test]
fn an_end_record_that_claims_more_comment_than_there_is_counts_for_some_readers() {
    // Readers that search backwards for the signature only.
    let mut inner = zip([]).bytes();
    let length = inner.len() - 2;
    inner[length..].copy_from_slice(&9_u16.to_le_bytes());
    let zip = zip([good()]).with(|zip| zip.comment = inner);
    assert!(matches!(fault_on_open(&zip), ArchiveFault::TwoEnds { .. }));
}

#[test]
fn the_signature_of_an_end_record_in_the_last_bytes_of_a_comment_is_refused() {
    for comment in [&b"PK\x05\x06"[..], b"....PK\x05\x06...."] {
        let zip = zip([good()]).with(|zip| zip.comment = comment.to_vec());
        assert!(matches!(fault_on_open(&zip), ArchiveFault::TwoEnds { .. }));
    }
}

#[test]
fn a_part_of_an_archive_on_several_disks_is_refused() {
    // This disk, the directory's disk, the members on this disk.
    for field in [4, 6, 8] {
        let mut bytes = zip([good()]).bytes();
        let end = bytes.len() - 22;
        bytes[end + field] = 2;
        let error = Archive::open(bytes).unwrap_err();
        assert_eq!(archive_fault(&error), ArchiveFault::SeveralDisks, "{field}");
    }
    let member = good().with(|member| member.disk = 1);
    assert_eq!(fault_on_open(&zip([member])), ArchiveFault::SeveralDisks);
    let many = truthful_zip64().with(|zip| zip.zip64.as_mut().unwrap().disks = 2);
    assert_eq!(fault_on_open(&many), ArchiveFault::SeveralDisks);
}

fn truthful_zip64() -> Zip {
    zip([good()]).with(|zip| {
        zip.zip64 = Some(Zip64 {
            members: 1,
            rest: 44,
            shift: 0,
            disks: 1,
        });
    })
}

#[test]
fn unneeded_zip64_records_are_read() {
    assert_eq!(read_all(&truthful_zip64()).unwrap().len(), 1);
    let marked = truthful_zip64().with(|zip| {
        zip.count = Some(u16::MAX);
        zip.directory_size = Some(u32::MAX);
        zip.directory_offset = Some(u32::MAX);
    });
    assert_eq!(read_all(&marked).unwrap().len(), 1);
}

#[test]
fn a_zip64_record_away_from_its_locator_s_offset_is_refused() {
    let shifted = truthful_zip64().with(|zip| zip.zip64.as_mut().unwrap().shift = 1);
    assert_eq!(fault_on_open(&shifted), ArchiveFault::Zip64EndMisplaced);
    let far = truthful_zip64().with(|zip| zip.zip64.as_mut().unwrap().shift = u64::MAX / 2);
    assert_eq!(fault_on_open(&far), ArchiveFault::Zip64EndMisplaced);
    let longer = truthful_zip64().with(|zip| zip.zip64.as_mut().unwrap().rest = 45);
    assert_eq!(fault_on_open(&longer), ArchiveFault::Zip64EndMisplaced);
}

#[test]
fn a_zip64_record_that_contradicts_the_end_record_is_refused() {
    let zip = truthful_zip64().with(|zip| zip.zip64.as_mut().unwrap().members = 2);
    assert_eq!(fault_on_open(&zip), ArchiveFault::Zip64EndDisagrees);
}

#[test]
fn a_directory_that_does_not_reach_the_end_record_is_refused() {
    let gap = zip([good()]).with(|zip| zip.after_directory = vec![0; 7]);
    assert!(
        matches!(fault_on_open(&gap), ArchiveFault::DirectoryMisplaced { end, expected } if end + 7 == expected)
    );
    for bad in [
        zip([good()]).with(|zip| zip.directory_size = Some(u32::MAX)),
        zip([good()]).with(|zip| zip.directory_offset = Some(u32::MAX)),
    ] {
        assert!(matches!(
            fault_on_open(&bad),
            ArchiveFault::DirectoryMisplaced { .. }
        ));
    }
}

#[test]
fn a_directory_with_another_number_of_entries_is_refused() {
    let fewer = zip([some(), good()]).with(|zip| zip.count = Some(1));
    assert_eq!(
        fault_on_open(&fewer),
        ArchiveFault::DirectoryNotFilled { bytes: 54 }
    );
    let more = zip([good()]).with(|zip| zip.count = Some(2));
    assert!(matches!(
        fault_on_open(&more),
        ArchiveFault::NoCentralHeader { .. }
    ));
}

#[test]
fn an_entry_that_reaches_beyond_the_directory_is_refused() {
    let mut bytes = zip([good()]).bytes();
    let comment_length = bytes.len() - 22 - 8 - 46 + 32;
    bytes[comment_length] = 1;
    let error = Archive::open(bytes).unwrap_err();
    assert_eq!(
        archive_fault(&error),
        ArchiveFault::NoCentralHeader { offset: 42 }
    );
}

#[test]
fn bytes_before_the_first_member_are_refused() {
    let zip = zip([good()]).with(|zip| zip.prefix = b"#!/bin/sh\n".to_vec());
    assert_eq!(fault_on_open(&zip), ArchiveFault::Prefix { bytes: 10 });
    let nothing_else = zip_with_members(&zip, []);
    assert_eq!(
        fault_on_open(&nothing_else),
        ArchiveFault::Prefix { bytes: 10 }
    );
}

fn zip_with_members<const N: usize>(zip: &Zip, members: [Member; N]) -> Zip {
    zip.clone().with(|zip| zip.members = members.to_vec())
}

#[test]
fn members_that_share_bytes_are_refused() {
    let second = good().with(|member| member.offset = Some(0));
    let named = fault_on_open(&zip([some(), second]));
    assert!(matches!(named, ArchiveFault::Overlap { .. }), "{named:?}");

    let into_next = some().with_both(|header| (header.size, header.stored_size) = (10, 10));
    assert_eq!(
        fault_on_open(&zip([into_next, good()])),
        ArchiveFault::Overlap {
            offset: 0,
            next: 54
        }
    );
    let into_directory = some().with_both(|header| (header.size, header.stored_size) = (10, 10));
    assert_eq!(
        fault_on_open(&zip([into_directory])),
        ArchiveFault::Overlap {
            offset: 0,
            next: 54
        }
    );
}

#[test]
fn a_member_whose_extra_field_reaches_into_the_next_is_refused() {
    let long = some().with(|member| {
        member.data = b"some dat".to_vec();
        member.local.extra = extra(0xcafe, &[]);
        member.local.extra.pop();
    });
    // The three remaining bytes of the extra field, minus one of the data.
    let outcome = fault_on_read(&zip([long, good()]));
    assert_eq!(
        outcome,
        ArchiveFault::Overlap {
            offset: 0,
            next: 57
        }
    );
}

#[test]
fn a_gap_after_a_member_is_refused() {
    let gap = some().with(|member| member.after = vec![0; 12]);
    assert_eq!(
        fault_on_read(&zip([gap, good()])),
        ArchiveFault::Gap {
            offset: 0,
            bytes: 12
        }
    );
    let wide = some().with(|member| member.after = vec![0; 70_000]);
    assert_eq!(
        fault_on_open(&zip([wide, good()])),
        ArchiveFault::Gap {
            offset: 0,
            bytes: 70_000
        }
    );
}

#[test]
fn a_member_that_is_not_listed_is_refused() {
    let mut zip = zip([some(), Member::new("hidden", b"x"), good()]);
    let hidden = zip.members.remove(1);
    zip.members[0].after = {
        let bytes = crate::archive_support::zip([hidden]).bytes();
        bytes[..30 + 6 + 1].to_vec()
    };
    assert_eq!(
        fault_on_read(&zip),
        ArchiveFault::Gap {
            offset: 0,
            bytes: 37
        }
    );
}

#[test]
fn a_second_member_of_the_same_name_is_refused() {
    let error = read_all(&zip([some(), good(), some()])).unwrap_err();
    let ArchiveError::Malformed { fault, member } = error else {
        panic!("{error:?}");
    };
    assert_eq!(fault, ArchiveFault::DuplicateName);
    assert_eq!(member.as_deref(), Some("calls/a.wav.pgp"));
}

#[test]
fn a_stored_member_with_two_sizes_is_refused() {
    let member = some().with_both(|header| header.size = 8);
    assert_eq!(
        fault_on_open(&zip([member])),
        ArchiveFault::StoredSizes {
            size: 8,
            stored_size: 9
        }
    );
}

#[test]
fn an_extra_field_that_its_records_do_not_fill_is_refused() {
    let central = some().with(|member| member.central.extra = vec![1, 0, 9]);
    assert_eq!(fault_on_open(&zip([central])), ArchiveFault::ExtraField);
    let local = some().with(|member| member.local.extra = vec![1, 2, 9, 0, 1]);
    assert_eq!(
        fault_on_read(&zip([local, good()])),
        ArchiveFault::ExtraField
    );
}

#[test]
fn two_timestamps_in_one_extra_field_are_refused() {
    let member = some().with(|member| {
        member.central.extra = [
            extra(0x5455, &[1, 0, 0, 0, 0]),
            extra(0x5455, &[1, 1, 0, 0, 0]),
        ]
        .concat();
    });
    assert_eq!(fault_on_open(&zip([member])), ArchiveFault::ExtraField);
}

#[test]
fn zip64_has_exactly_the_values_that_the_header_leaves_out() {
    let sizes = extra(1, &[9_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat());
    let left_to = |header: &mut crate::archive_support::Header| {
        (header.size, header.stored_size) = (u32::MAX, u32::MAX)
    };
    let good_one = some().with_both(|header| {
        left_to(header);
        header.extra = sizes.clone();
    });
    let outcomes = read_all(&zip([good_one, good()])).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap(), b"some data");

    let missing = some().with(|member| left_to(&mut member.central));
    assert_eq!(fault_on_open(&zip([missing])), ArchiveFault::Zip64Extra);
    // What only repeats the header means the same to every reader.
    let repeated = some().with(|member| member.central.extra = sizes.clone());
    let outcomes = read_all(&zip([repeated, good()])).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap(), b"some data");
    for numbers in [&[9, 8][..], &[8], &[9, 9, 7], &[9, 9, 0, 0, 0]] {
        let octets: Vec<u8> = numbers.iter().flat_map(|n: &u64| n.to_le_bytes()).collect();
        let uncalled_for = some().with(|member| member.central.extra = extra(1, &octets));
        assert_eq!(
            fault_on_open(&zip([uncalled_for])),
            ArchiveFault::Zip64Extra,
            "{numbers:?}"
        );
    }
    // A reader that skips what the header has takes another value for the size.
    let skipped = some().with(|member| {
        member.central.size = u32::MAX;
        member.central.extra = extra(1, &[9_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat());
    });
    let outcomes = read_all(&zip([skipped, good()])).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap(), b"some data");
    let other_order = some().with(|member| {
        member.central.stored_size = u32::MAX;
        member.central.extra = sizes.clone();
    });
    assert_eq!(fault_on_open(&zip([other_order])), ArchiveFault::Zip64Extra);
    let missing = some().with(|member| left_to(&mut member.local));
    assert_eq!(
        fault_on_read(&zip([missing, good()])),
        ArchiveFault::Zip64Extra
    );
}

#[test]
fn a_missing_local_header_is_refused() {
    let mut bytes = zip([some(), good()]).bytes();
    bytes[0] = b'Q';
    let archive = Archive::open(bytes).unwrap();
    let error = archive
        .read(archive.members().first().unwrap())
        .unwrap_err();
    assert_eq!(
        archive_fault(&error),
        ArchiveFault::NoLocalHeader { offset: 0 }
    );
}

#[test]
fn a_local_header_that_differs_is_refused() {
    let change = |change: fn(&mut crate::archive_support::Header)| {
        fault_on_read(&zip([
            some().with(|member| change(&mut member.local)),
            good(),
        ]))
    };
    assert_eq!(
        change(|local| local.name = b"calls/b.wav.pgp".to_vec()),
        ArchiveFault::LocalName
    );
    assert_eq!(
        change(|local| local.name.push(b'p')),
        ArchiveFault::LocalName
    );
    for bit in [0, 3, 6, 11, 13] {
        let member = some().with(|member| member.local.flags ^= 1 << bit);
        assert_eq!(
            fault_on_read(&zip([member, good()])),
            ArchiveFault::LocalFlags,
            "{bit}"
        );
    }
    assert_eq!(change(|local| local.method = 8), ArchiveFault::LocalMethod);
    assert_eq!(change(|local| local.crc ^= 1), ArchiveFault::LocalChecksum);
    assert_eq!(change(|local| local.size ^= 1), ArchiveFault::LocalSizes);
    assert_eq!(
        change(|local| local.stored_size ^= 1),
        ArchiveFault::LocalSizes
    );
    assert_eq!(
        change(|local| local.stored_size = 0),
        ArchiveFault::LocalSizes
    );
}

#[test]
fn a_contradicting_data_descriptor_is_refused() {
    for bytes in [12, 16, 20, 24] {
        for position in 0..bytes {
            let member = some()
                .streamed(bytes)
                .with(|member| member.after[position] ^= 1);
            assert_eq!(
                fault_on_read(&zip([member, good()])),
                ArchiveFault::Descriptor,
                "{bytes} {position}"
            );
        }
    }
    for bytes in [0, 11, 13, 25] {
        let member = some()
            .streamed(12)
            .with(|member| member.after.resize(bytes, 0));
        assert_eq!(
            fault_on_read(&zip([member, good()])),
            ArchiveFault::Descriptor,
            "{bytes}"
        );
    }
}

#[test]
fn a_member_whose_bytes_changed_is_refused() {
    let member = some().with(|member| member.data[3] ^= 1);
    let declared = member.central.crc;
    let actual = crc32fast::hash(&member.data);
    let fault = fault_on_read(&zip([member, good()]));
    assert_eq!(fault, ArchiveFault::Checksum { declared, actual });
}

#[test]
fn a_failed_check_replaces_the_last_bytes_and_persists() {
    let member = some().with(|member| member.data[3] ^= 1);
    let archive = Archive::open(zip([member]).bytes()).unwrap();
    let mut reader = archive.read(archive.members().first().unwrap()).unwrap();
    let mut exactly = [0; 9];
    let error = reader.read_exact(&mut exactly).unwrap_err();
    assert!(matches!(
        fault_inside(&error),
        ArchiveFault::Checksum { .. }
    ));
    let error = reader.read(&mut exactly).unwrap_err();
    assert!(matches!(
        fault_inside(&error),
        ArchiveFault::Checksum { .. }
    ));
}

#[test]
fn an_empty_member_with_a_checksum_is_refused() {
    let member = Member::new("empty", b"").with_both(|header| header.crc = 1);
    assert_eq!(
        fault_on_read(&zip([member, good()])),
        ArchiveFault::Checksum {
            declared: 1,
            actual: 0
        }
    );
}

#[test]
fn deflated_data_must_make_exactly_the_declared_size() {
    for size in [0, 1, 99_999, 100_001] {
        let member = Member::deflated("d", &[7; 100_000]).with_both(|header| header.size = size);
        assert_eq!(
            fault_on_read(&zip([member, good()])),
            ArchiveFault::DeflateSize,
            "{size}"
        );
    }
}

#[test]
fn deflated_data_must_fill_the_bytes_stored_for_it() {
    let longer = Member::deflated("d", b"some data")
        .with(|member| member.data.push(0))
        .fit();
    assert_eq!(
        fault_on_read(&zip([longer, good()])),
        ArchiveFault::DeflateSize
    );
    let far_longer = Member::deflated("d", b"some data")
        .with(|member| member.data.extend([0; 40_000]))
        .fit();
    assert_eq!(
        fault_on_read(&zip([far_longer, good()])),
        ArchiveFault::DeflateSize
    );
    let shorter = Member::deflated("d", b"some data")
        .with(|member| member.data.truncate(member.data.len() - 1))
        .fit();
    assert_eq!(
        fault_on_read(&zip([shorter, good()])),
        ArchiveFault::DeflateSize
    );
    let none = Member::deflated("d", b"")
        .with(|member| member.data.clear())
        .fit();
    assert_eq!(
        fault_on_read(&zip([none, good()])),
        ArchiveFault::DeflateSize
    );
}

#[test]
fn deflated_data_that_ends_with_a_full_buffer_must_fill_the_bytes_stored_for_it() {
    // One final block without compression, 32 KiB with its header, and a byte.
    let length = 32_763_u16;
    let member = Member::new("d", &vec![7; length.into()])
        .with(|member| {
            let mut data = vec![1];
            data.extend(length.to_le_bytes());
            data.extend((!length).to_le_bytes());
            data.append(&mut member.data);
            member.data = data;
        })
        .with_both(|header| header.method = 8)
        .fit();
    assert!(read_all(&zip([member.clone()])).unwrap()[0].is_ok());
    let longer = member.with(|member| member.data.push(0)).fit();
    assert_eq!(
        fault_on_read(&zip([longer, good()])),
        ArchiveFault::DeflateSize
    );
}

#[test]
fn damaged_deflated_data_is_refused() {
    let member = Member::deflated("d", b"some data").with(|member| member.data[0] = 0xff);
    assert_eq!(fault_on_read(&zip([member, good()])), ArchiveFault::Deflate);
}

#[test]
fn an_unsafe_name_affects_only_its_member() {
    for (name, fault) in [
        ("../../etc/passwd", NameFault::Parent),
        ("/etc/passwd", NameFault::Absolute),
        ("a/./b", NameFault::EmptyComponent),
        ("a\u{1b}[2J", NameFault::ControlCharacter),
        ("a\\b", NameFault::Backslash),
        ("", NameFault::Empty),
        ("../", NameFault::Parent),
        ("...pgp", NameFault::Parent),
    ] {
        assert_eq!(
            member_fault(Member::new(name, b"")),
            MemberFault::Name(fault),
            "{name}"
        );
    }
}

#[test]
fn a_name_that_is_not_utf8_affects_only_its_member() {
    let marked = |name: &[u8]| {
        some().with_both(|header| {
            header.name = name.to_vec();
            header.flags = 1 << 11;
        })
    };
    let latin = || marked(b"\xe4.wav");
    assert_eq!(member_fault(latin()), MemberFault::Name(NameFault::NotUtf8));
    // Two that differ only in what can't be shown are two members.
    let archive = Archive::open(zip([latin(), marked(b"\xf6.wav")]).bytes()).unwrap();
    let names: Vec<_> = archive
        .members()
        .iter()
        .map(|member| member.stored_name())
        .collect();
    assert_eq!(names, ["\u{fffd}.wav", "\u{fffd}.wav"]);
}

#[test]
fn a_utf8_name_needs_no_flag() {
    let archive = Archive::open(zip([Member::new("ünï.wav.pgp", b"")]).bytes()).unwrap();
    assert_eq!(
        archive.members().first().unwrap().name().unwrap().as_str(),
        "ünï.wav"
    );
}

#[test]
fn a_different_second_name_affects_only_its_member() {
    let path = |name: &str| extra(0x7075, &[&[1, 0, 0, 0, 0], name.as_bytes()].concat());
    let same = some().with_both(|header| header.extra = path("calls/a.wav.pgp"));
    assert!(
        read_all(&zip([same, good()]))
            .unwrap()
            .iter()
            .all(Result::is_ok)
    );
    let other = some().with(|member| member.central.extra = path("calls/b.wav.pgp"));
    assert_eq!(member_fault(other), MemberFault::SecondName);
    let broken = some().with(|member| member.central.extra = extra(0x7075, &[1]));
    assert_eq!(member_fault(broken), MemberFault::SecondName);
    let local = some().with(|member| member.local.extra = path("calls/b.wav.pgp"));
    assert_eq!(
        fault_on_read(&zip([local, good()])),
        ArchiveFault::LocalName
    );
}

#[test]
fn an_encrypted_member_affects_only_itself() {
    for bit in [0, 6, 13] {
        let member = some().with_both(|header| header.flags = 1 << bit);
        assert_eq!(member_fault(member), MemberFault::Encrypted, "{bit}");
    }
    // As in unzip: twelve bytes of encryption header are stored too.
    let member = some()
        .with_both(|header| header.flags = 1)
        .with(|member| member.data.extend([0; 12]));
    assert_eq!(member_fault(member.fit()), MemberFault::Encrypted);
}

#[test]
fn an_unsupported_method_affects_only_its_member() {
    for method in [1, 9, 12, 14, 93, 99] {
        let member = some().with_both(|header| header.method = method);
        assert_eq!(member_fault(member), MemberFault::Method { method });
    }
    let named = MemberFault::Method { method: 12 }.to_string();
    assert_eq!(named, "is compressed by the unsupported method 12 (bzip2)");
}

#[test]
fn a_link_or_a_special_file_affects_only_itself() {
    for mode in [0o120_777, 0o020_644, 0o060_644, 0o010_644, 0o140_644] {
        let member = some().with(|member| member.mode = mode);
        assert_eq!(member_fault(member), MemberFault::Special { mode });
    }
}

#[test]
fn a_member_that_is_half_a_directory_affects_only_itself() {
    let named = Member::new("d/", b"").with(|member| member.mode = 0o100_644);
    assert_eq!(member_fault(named), MemberFault::HalfDirectory);
    let moded = Member::new("d", b"").with(|member| member.mode = 0o040_755);
    assert_eq!(member_fault(moded), MemberFault::HalfDirectory);
    assert_eq!(
        member_fault(Member::new("d/", b"x")),
        MemberFault::HalfDirectory
    );
}

#[test]
fn a_directory_keeps_its_whole_name() {
    let directory = Member::new("a.pgp/", b"").with(|member| member.mode = 0o040_755);
    let archive = Archive::open(zip([directory]).bytes()).unwrap();
    let member = archive.members().first().unwrap();
    assert!(member.is_directory());
    assert_eq!(
        member.name(),
        MemberName::parse("a.pgp").as_ref().map_err(|fault| *fault)
    );
}

#[test]
fn the_extended_timestamp_takes_precedence_over_the_msdos_time() {
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let modified = |extra: Vec<u8>| {
        let member = some().with(|member| member.central.extra = extra);
        let archive = Archive::open(zip([member]).bytes()).unwrap();
        archive.members().first().unwrap().modified()
    };
    assert_eq!(modified(Vec::new()), at(1_735_689_600));
    assert_eq!(modified(extra(0x5455, &[1, 7, 0, 0, 0])), at(7));
    assert_eq!(
        modified(extra(0x5455, &[3, 0xff, 0xff, 0xff, 0xff])),
        at(0) - Duration::from_secs(1)
    );
    // Only an access time, or a truncated field.
    assert_eq!(modified(extra(0x5455, &[2, 7, 0, 0, 0])), at(1_735_689_600));
    assert_eq!(modified(extra(0x5455, &[1, 7])), at(1_735_689_600));
}

#[test]
fn archives_are_recognised_by_their_first_bytes() {
    assert!(looks_like_zip(&zip([good()]).bytes()));
    assert!(looks_like_zip(&zip([]).bytes()));
    assert!(!looks_like_zip(b"PK"));
    assert!(!looks_like_zip(b"\x85\x01"));
}
