//! A list with its signatures.

use std::io::{self, BufReader, Read};

use crate::archive::Member;
use crate::jobs::archive_file::{ArchiveFile, bytes_cause, expands, member_error, open_cause};
use crate::jobs::error::{Error, ErrorKind};
use crate::jobs::hashed::Hashed;
use crate::jobs::signed_entries::SignedList;
use crate::keys::{MAX_SIGNATURE_FILE, SignatureVerdict, Signers, Standing};
use crate::manifest::{ManifestFault, ManifestReader};
use crate::message::Limits;

use super::EvidenceFault;

/// A list and its signatures, as they were checked.
#[derive(Clone, Debug, Default)]
pub(in crate::jobs) struct ListFiles {
    /// The SHA-256 of the list.
    pub list: [u8; 32],
    pub cms: Option<Vec<u8>>,
    pub openpgp: Option<Vec<u8>>,
}

/// A list of entries whose signatures have been checked.
pub(super) struct List<'a> {
    archive: &'a ArchiveFile,
    entry: &'a Member,
    pub name: &'static str,
    /// None of a named signer fails.
    pub signatures: Vec<SignatureVerdict>,
    /// What was checked.
    pub files: ListFiles,
}

impl<'a> List<'a> {
    /// Checks the signatures of the list at these places.
    ///
    /// # Errors
    ///
    /// The list is missing, or something can't be read; or a signature of a named
    /// signer doesn't hold.
    pub fn verify(
        archive: &'a ArchiveFile,
        places: SignedList,
        name: &'static str,
        signers: &Signers,
    ) -> Result<Self, Error> {
        let fail = |fault| archive.evidence_error(fault);
        let entries = archive.archive.members();
        let entry = places.list.and_then(|place| entries.get(place));
        let entry = entry.ok_or_else(|| fail(EvidenceFault::NoList(name)))?;
        let mut list = Self {
            archive,
            entry,
            name,
            signatures: Vec::new(),
            files: ListFiles::default(),
        };
        list.files.list = list.with_content(|content| {
            io::copy(content, &mut io::sink())?;
            Ok(())
        })?;
        list.files.cms = archive.signature_bytes(places.cms)?;
        list.files.openpgp = archive.signature_bytes(places.openpgp)?;
        for is_cms in [true, false] {
            let signature = match is_cms {
                true => &list.files.cms,
                false => &list.files.openpgp,
            };
            let Some(signature) = signature else { continue };
            let mut verdicts = Vec::new();
            let hash = list.with_content(|content| {
                verdicts = match is_cms {
                    true => signers.verify_cms(signature, content),
                    false => signers.verify_openpgp(signature, content),
                }?;
                // A signature of nobody's isn't compared with the content.
                io::copy(content, &mut io::sink()).map(drop)
            })?;
            list.expect(hash)?;
            list.signatures.extend(verdicts);
        }
        for verdict in &list.signatures {
            if let Standing::Fails(fault) = &verdict.standing {
                return Err(fail(EvidenceFault::Fails {
                    signer: verdict.signer.clone(),
                    fault: fault.clone(),
                }));
            }
        }
        Ok(list)
    }

    /// Reads the list that was signed. What `work` returns counts only if that is
    /// all of it.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&mut ManifestReader<BufReader<&mut dyn Read>>) -> Result<T, ManifestFault>,
    ) -> Result<T, Error> {
        let mut outcome = None;
        let hash = self.with_content(|content| {
            let source = BufReader::new(content);
            let read = ManifestReader::new(source).and_then(|mut reader| {
                let outcome = work(&mut reader)?;
                while reader.next()?.is_some() {}
                Ok(outcome)
            });
            outcome = Some(read);
            Ok(())
        })?;
        match outcome {
            Some(Ok(outcome)) => {
                self.expect(hash)?;
                Ok(outcome)
            }
            Some(Err(ManifestFault::Unreadable(error))) => Err(self.unreadable(error)),
            Some(Err(fault)) => Err(self.fault(fault.to_string())),
            None => Err(self.fault("was not read".into())),
        }
    }

    /// The file may be changed between two readings.
    fn expect(&self, hash: [u8; 32]) -> Result<(), Error> {
        match hash == self.files.list {
            true => Ok(()),
            false => Err(self.fault("was changed while it was read".into())),
        }
    }

    /// Passes the content of the list to `work`. Returns the hash of what it has
    /// read.
    fn with_content(
        &self,
        work: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> Result<[u8; 32], Error> {
        let fail = |cause| member_error(self.entry, cause);
        let spent = Limits::default().spend(0, expands(self.entry));
        spent.map_err(|fault| fail(open_cause(fault.into())))?;
        let source = self.archive.archive.read(self.entry);
        let source = source.map_err(|error| fail(bytes_cause(error)))?;
        let mut content = Hashed::new(source);
        work(&mut content).map_err(|error| self.unreadable(error))?;
        Ok(content.finish().1.finish())
    }

    fn unreadable(&self, error: io::Error) -> Error {
        match error.kind() {
            // The archive's reader says so of what was altered.
            io::ErrorKind::InvalidData => member_error(self.entry, open_cause(error.into())),
            _ => Error::reading(self.archive.path(), error),
        }
    }

    fn fault(&self, reason: String) -> Error {
        let list = self.name;
        self.archive
            .evidence_error(EvidenceFault::List { list, reason })
    }
}

impl ArchiveFile {
    /// Returns the signatures at this place; `None` if there are none.
    pub(super) fn signature_bytes(&self, place: Option<usize>) -> Result<Option<Vec<u8>>, Error> {
        let entries = self.archive.members();
        let Some(entry) = place.and_then(|place| entries.get(place)) else {
            return Ok(None);
        };
        let fail = |cause| member_error(entry, cause);
        let mut octets = Vec::new();
        let source = self.read(entry).map_err(fail)?;
        let read = source.take(MAX_SIGNATURE_FILE + 1).read_to_end(&mut octets);
        match read {
            Ok(_) => Ok(Some(octets)),
            Err(error) => {
                let cause = open_cause(error.into());
                match cause.kind() {
                    ErrorKind::Io => Err(Error::reading(
                        self.path(),
                        io::Error::other(cause.to_string()),
                    )),
                    _ => Err(fail(cause)),
                }
            }
        }
    }
}
