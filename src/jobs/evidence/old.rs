//! What becomes of the signatures of an archive from which another one is made.

use std::io::{self, Cursor};

use super::{Checked, Evidence, EvidenceFault, Expected, KeptList};
use crate::archive::Member;
use crate::jobs::archive_file::{ArchiveFile, bytes_cause, member_error};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::job::Job;
use crate::jobs::new_entry::stored_name;
use crate::jobs::tail::Kept;
use crate::keys::{Recipient, SignatureVerdict, Signers};
use crate::manifest::ORIGIN;

/// What becomes of the signatures of an archive from which another one is made.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum OldSignatures<'a> {
    /// A signed archive is refused.
    #[default]
    Refuse,
    /// They have to hold for one of these signers, and are kept as the origin.
    Keep(&'a Signers),
    /// They are left out, whether they hold or not.
    Drop,
}

/// What became of the signatures of an archive.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeptSignatures {
    /// There were none.
    None,
    /// They were checked, and the new archive has them as its origin.
    AsOrigin(Box<Evidence>),
    /// They were checked. The archive had an origin, which has stayed; the
    /// signatures of the archive itself are left out.
    WithOrigin(Box<Evidence>),
    /// They were left out.
    Dropped,
}

impl KeptSignatures {
    /// Returns the list that is the origin of the new archive.
    fn list(&self) -> Option<KeptList> {
        match self {
            Self::AsOrigin(_) => Some(KeptList::Manifest),
            Self::WithOrigin(_) => Some(KeptList::Origin),
            Self::None | Self::Dropped => None,
        }
    }

    /// Refuses to change what precedes the sealed data of a member if the origin of
    /// the new archive has nothing to compare these with: it would not hold.
    pub(in crate::jobs) fn check_changeable(
        &self,
        archive: &ArchiveFile,
        member: &Member,
    ) -> Result<(), MemberCause> {
        let names_sealed = |list| {
            let expected = archive.expected();
            expected.is_some_and(|expected| expected.names_sealed(member, list))
        };
        match self.list().is_none_or(names_sealed) {
            true => Ok(()),
            false => Err(MemberCause::NotKept(
                "the signed list has no hash of what is sealed in it",
            )),
        }
    }

    /// Refuses a recipient who has signed what is kept: that signature would count
    /// no more.
    pub(in crate::jobs) fn refuse_recipients<'r>(
        &self,
        archive: &ArchiveFile,
        recipients: impl IntoIterator<Item = &'r Recipient>,
    ) -> Result<(), Error> {
        let (Self::AsOrigin(evidence) | Self::WithOrigin(evidence)) = self else {
            return Ok(());
        };
        let lists = evidence.manifest.iter().chain(&evidence.origin);
        let signatures: Vec<_> = lists.flat_map(|list| &list.signatures).collect();
        for recipient in recipients {
            let handles = recipient.handles();
            let mut signers = signatures.iter().filter(|verdict| verdict.holds());
            let is_it = |verdict: &&&SignatureVerdict| {
                handles.iter().any(|handle| verdict.is_named_by(handle))
            };
            if let Some(verdict) = signers.find(is_it) {
                return Err(archive.evidence_error(EvidenceFault::SignerWouldOpen {
                    signer: verdict.signer.clone(),
                }));
            }
        }
        Ok(())
    }
}

impl Job<'_> {
    /// Checks the signatures of an archive, and its entries by them, as far as the
    /// job has to keep them.
    ///
    /// # Errors
    ///
    /// It is signed, and that isn't expected; it isn't what was signed; or it
    /// can't be read.
    pub(in crate::jobs) fn check_old_signatures(
        &self,
        archive: &ArchiveFile,
    ) -> Result<KeptSignatures, Error> {
        let is_signed = archive.has_manifest() || archive.has_origin();
        let signers = match self.old_signatures {
            OldSignatures::Drop if is_signed => return Ok(KeptSignatures::Dropped),
            OldSignatures::Keep(signers) if is_signed => signers,
            OldSignatures::Keep(_) => {
                return Err(archive.evidence_error(EvidenceFault::NotSigned));
            }
            OldSignatures::Refuse if is_signed => {
                return Err(archive.evidence_error(EvidenceFault::NoSignerNamed));
            }
            OldSignatures::Refuse | OldSignatures::Drop => return Ok(KeptSignatures::None),
        };
        let evidence = archive.require(signers, &mut Expected::default(), self.workers)?;
        if archive.has_manifest() && evidence.manifest.is_none() {
            // The origin's are by named signers, or else there would be no evidence.
            let fault = archive.nobody_named(evidence.unknown, Vec::new());
            return Err(archive.evidence_error(fault));
        }
        // Anybody can add one, and it would take the place of the manifest.
        if archive.has_origin() && evidence.origin.is_none() {
            return Err(archive.evidence_error(EvidenceFault::OtherOrigin));
        }
        let kept = match archive.has_origin() {
            true => KeptSignatures::WithOrigin(Box::new(evidence)),
            false => KeptSignatures::AsOrigin(Box::new(evidence)),
        };
        archive.check_names_stay()?;
        // What is read after this is compared again: the file may be changed.
        let failures = self.check_entries(archive, kept.list());
        match failures.is_empty() {
            true => Ok(kept),
            false => Err(Error::NotAsSigned {
                archive: archive.path().to_owned(),
                failures,
            }),
        }
    }
}

impl ArchiveFile {
    /// Refuses entries that would have other names in a new archive, by which a signed
    /// list wouldn't find them.
    fn check_names_stay(&self) -> Result<(), Error> {
        for entry in self.entries() {
            // A fault of the entry says more.
            let changes = stored_name(entry).is_ok_and(|new| !entry.is_stored_as(&new));
            if changes {
                let cause = MemberCause::NotKept("its name would be stored in another way");
                return Err(member_error(entry, cause));
            }
        }
        Ok(())
    }

    /// Returns the entries that the new archive has as its origin: the list and the
    /// signatures that were checked.
    pub(in crate::jobs) fn origin_entries(
        &self,
        kept: &KeptSignatures,
    ) -> Result<Vec<Kept<'_>>, Error> {
        let (places, signed) = match kept {
            KeptSignatures::None | KeptSignatures::Dropped => return Ok(Vec::new()),
            KeptSignatures::AsOrigin(evidence) => (self.signed.manifest, &evidence.manifest),
            KeptSignatures::WithOrigin(evidence) => (self.signed.origin, &evidence.origin),
        };
        let Some(signed) = signed else {
            return Ok(Vec::new());
        };
        let files = signed.files();
        let mut kept = Vec::new();
        if let Some(entry) = places
            .list
            .and_then(|place| self.archive.members().get(place))
        {
            kept.push(self.kept_list(ORIGIN.list, entry, files.list)?);
        }
        let signatures = [(ORIGIN.cms, &files.cms), (ORIGIN.openpgp, &files.openpgp)];
        for (name, signature) in signatures {
            let Some(signature) = signature else { continue };
            kept.push(Kept {
                name,
                length: signature.len() as u64,
                source: Box::new(Cursor::new(signature.clone())),
                read_error: Box::new(|error| Error::reading(self.path(), error)),
            });
        }
        Ok(kept)
    }

    fn kept_list(
        &self,
        name: &'static str,
        entry: &Member,
        hash: [u8; 32],
    ) -> Result<Kept<'_>, Error> {
        let source = self.archive.read(entry);
        let source = source.map_err(|error| member_error(entry, bytes_cause(error)))?;
        Ok(Kept {
            name,
            length: entry.size(),
            source: Box::new(Checked::new(source, Some(hash))),
            read_error: Box::new(move |error: io::Error| match error.kind() {
                io::ErrorKind::InvalidData => self.evidence_error(EvidenceFault::List {
                    list: name,
                    reason: "was changed while it was read".into(),
                }),
                _ => Error::reading(self.path(), error),
            }),
        })
    }
}
