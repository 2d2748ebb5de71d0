//! Comparing the entries of an archive with signed lists.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::archive::without_ending;
use crate::index;
use crate::jobs::archive_file::ArchiveFile;
use crate::jobs::error::{Error, MemberCause};
use crate::manifest::ListedEntry;

use super::expected::ExpectedHash;
use super::list::List;
use super::{EvidenceFault, Expected, Signed, SignedFault, not_as_signed};

/// Compares the names of all entries with the manifest, one by one. Notes what
/// hash each of them has to have.
pub(super) fn compare_manifest(
    archive: &ArchiveFile,
    list: List<'_>,
    expected: &mut Expected,
) -> Result<Signed, Error> {
    let (time, listed, hashes) = list.read(|reader| {
        let mut listed = 0;
        let mut hashes = Some(Vec::with_capacity(archive.archive.members().len()));
        let mut entries = archive.listed_entries();
        while let Some(line) = reader.next()? {
            listed += 1;
            match entries.next() {
                Some(entry) if entry.is_stored_as(&line.name) => {
                    if let Some(hashes) = &mut hashes {
                        hashes.push((entry.offset(), line.hashes));
                    }
                }
                _ => hashes = None,
            }
        }
        let hashes = hashes.filter(|_| entries.next().is_none());
        Ok((reader.head().time, listed, hashes))
    })?;
    let Some(hashes) = hashes else {
        return Err(difference(archive, &list)?);
    };
    expected.all_entries(hashes);
    Ok(Signed {
        signatures: list.signatures,
        files: Arc::new(list.files),
        time,
        listed,
        missing: 0,
    })
}

/// Returns how the entries differ from those of the manifest.
fn difference(archive: &ArchiveFile, list: &List<'_>) -> Result<Error, Error> {
    let signed = names(list)?;
    let names: HashSet<&[u8]> = signed.iter().map(String::as_bytes).collect();
    let own: Vec<Vec<u8>> = archive
        .listed_entries()
        .map(|entry| entry.stored_bytes().into_owned())
        .collect();
    let own_names: HashSet<&[u8]> = own.iter().map(Vec::as_slice).collect();
    let mut failures: Vec<Error> = archive
        .listed_entries()
        .zip(&own)
        .filter(|(_, name)| !names.contains(name.as_slice()))
        .map(|(entry, _)| not_as_signed(entry, SignedFault::Added))
        .collect();
    let removed = signed
        .iter()
        .filter(|name| !own_names.contains(name.as_bytes()));
    failures.extend(removed.map(|name| Error::Member {
        // As that of an entry that is there.
        member: without_ending(name).unwrap_or(name).to_owned(),
        cause: SignedFault::Removed.into(),
    }));
    if failures.is_empty() {
        let moved = signed.iter().zip(&own);
        let moved = moved
            .into_iter()
            .find(|(signed, own)| signed.as_bytes() != own.as_slice());
        let name = moved.map(|(signed, _)| signed.clone());
        return Ok(archive.evidence_error(EvidenceFault::Order(name.unwrap_or_default())));
    }
    Ok(Error::NotAsSigned {
        archive: archive.path().to_owned(),
        failures,
    })
}

/// Compares the names of all members with the origin. The archive may have fewer
/// of them, in the same order.
pub(super) fn compare_origin(
    archive: &ArchiveFile,
    list: List<'_>,
    expected: &mut Expected,
) -> Result<Signed, Error> {
    let (time, listed, missing, hashes, unknown) = list.read(|reader| {
        let (mut listed, mut missing) = (0, 0);
        let mut hashes = Vec::new();
        let mut members = archive.members().peekable();
        while let Some(line) = reader.next()? {
            listed += 1;
            let own = members.next_if(|own| own.is_stored_as(&line.name));
            match (own, line.hashes.sealed) {
                (Some(member), Some(sealed)) => {
                    hashes.push((member.offset(), ExpectedHash::Sealed(sealed)));
                }
                // A file that was never sealed is copied as it is.
                (Some(other), None) => {
                    let hash = ExpectedHash::Entry(line.hashes.entry);
                    hashes.push((other.offset(), hash));
                }
                // The index is new.
                (None, None) if line.name == index::ENTRY => {}
                (None, _) => missing += 1,
            }
        }
        let unknown = members.next().is_some();
        Ok((reader.head().time, listed, missing, hashes, unknown))
    })?;
    if unknown {
        return Err(difference_from_origin(archive, &list)?);
    }
    expected.all_members(hashes);
    Ok(Signed {
        signatures: list.signatures,
        files: Arc::new(list.files),
        time,
        listed,
        missing,
    })
}

/// Returns how the members differ from those of the origin, other than that some
/// are missing.
fn difference_from_origin(archive: &ArchiveFile, list: &List<'_>) -> Result<Error, Error> {
    let signed = names(list)?;
    let mut places = HashMap::new();
    for (place, name) in signed.iter().enumerate() {
        places.insert(name.as_bytes(), place);
    }
    let mut failures = Vec::new();
    let (mut last, mut moved) = (None, None);
    for member in archive.members() {
        match places.get(&*member.stored_bytes()) {
            None => failures.push(not_as_signed(member, SignedFault::Added)),
            Some(place) if last.is_none_or(|last| last < *place) => last = Some(*place),
            Some(_) => {
                moved.get_or_insert_with(|| member.stored_name().into_owned());
            }
        }
    }
    Ok(match failures.is_empty() {
        true => archive.evidence_error(EvidenceFault::Order(moved.unwrap_or_default())),
        false => Error::NotAsSigned {
            archive: archive.path().to_owned(),
            failures,
        },
    })
}

/// Returns the stored names of the entries of a list.
fn names(list: &List<'_>) -> Result<Vec<String>, Error> {
    list.read(|reader| {
        let mut names = Vec::new();
        while let Some(ListedEntry { name, .. }) = reader.next()? {
            names.push(name);
        }
        Ok(names)
    })
}

impl From<SignedFault> for MemberCause {
    fn from(fault: SignedFault) -> Self {
        Self::NotAsSigned(fault)
    }
}
