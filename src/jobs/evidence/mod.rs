//! What the signatures of an archive are worth.
//!
//! A signed list counts if a named signer's signature of it holds, and none of a
//! named signer's fails. Then what the archive holds is compared with it: the
//! names at once, the bytes when they are read.

mod checked;
mod compare;
mod expected;
mod fault;
mod list;
mod old;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use crate::archive::Member;
use crate::jobs::archive_file::{ArchiveFile, member_error};
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::signed_entries::SignedList;
use crate::keys::{SignatureVerdict, Signers, claims_of_cms, claims_of_openpgp};
use crate::manifest::{MANIFEST, ORIGIN};
use crate::message::Limits;
use crate::workers::work_on;

use compare::{compare_manifest, compare_origin};
pub use fault::{EvidenceFault, SignedFault};
use list::{List, ListFiles};

pub(super) use checked::{Check, Checked, signed_fault};
pub(super) use expected::{Expected, KeptList};
pub use old::{KeptSignatures, OldSignatures};

/// A list of an archive's entries that a named signer has signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signed {
    /// What came of each of its signatures. At least one holds.
    pub signatures: Vec<SignatureVerdict>,
    /// When it was signed, as the list itself claims.
    pub time: SystemTime,
    /// The number of entries that it lists.
    pub listed: u64,
    /// The number of messages that the origin lists and the archive doesn't have.
    pub missing: u64,
    files: Arc<ListFiles>,
}

impl Signed {
    /// Returns what was checked.
    pub(in crate::jobs) fn files(&self) -> &ListFiles {
        &self.files
    }
}

/// What named signers have signed of an archive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// The entries of the archive, as they are.
    pub manifest: Option<Signed>,
    /// What is sealed in the members, as it was in the archive that this one was
    /// shared from.
    pub origin: Option<Signed>,
    /// The signatures by others, which say nothing.
    pub unknown: Vec<SignatureVerdict>,
    /// Whether the archive has an origin that none of them has signed.
    pub has_other_origin: bool,
}

impl Evidence {
    /// Returns whether the same lists count.
    fn has_lists_of(&self, other: &Self) -> bool {
        let hash = |list: &Option<Signed>| list.as_ref().map(|list| list.files.list);
        let hashes = |evidence: &Self| [hash(&evidence.manifest), hash(&evidence.origin)];
        hashes(self) == hashes(other)
    }
}

/// What a signature says of itself. Anybody can have made it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// The signer. Not safe on a terminal.
    pub signer: String,
    /// When it was made.
    pub time: Option<SystemTime>,
}

impl ArchiveFile {
    /// Returns whether the archive has a manifest, or a signature of one.
    #[doc(hidden)]
    pub fn has_manifest(&self) -> bool {
        self.signed.manifest.is_there()
    }

    /// Returns whether the archive has the manifest of another one that it was
    /// shared from.
    #[doc(hidden)]
    pub fn has_origin(&self) -> bool {
        self.signed.origin.is_there()
    }

    /// Returns who claims to have signed the archive, and the one that it was
    /// shared from. Nothing is checked.
    #[doc(hidden)]
    pub fn claimed_signers(&self) -> [Vec<Claimed>; 2] {
        [self.signed.manifest, self.signed.origin].map(|places| {
            let bytes = |place| self.signature_bytes(place).ok().flatten();
            let cms = bytes(places.cms).map(|octets| claims_of_cms(&octets));
            let openpgp = bytes(places.openpgp).map(|octets| claims_of_openpgp(&octets));
            let claims = cms.into_iter().chain(openpgp).flatten();
            let claimed = claims.map(|claim| Claimed {
                signer: claim.signer,
                time: claim.time,
            });
            claimed.collect()
        })
    }

    /// Checks the signatures of the archive, and that it has the entries that were
    /// signed. From now on, whatever is read of it has to be what was signed: it is
    /// hashed while it's read, and published only after that.
    ///
    /// # Errors
    ///
    /// A signature of a named signer doesn't hold, or there is none; the archive
    /// has other entries; or it can't be read.
    #[doc(hidden)]
    pub fn require_signature(&self, signers: &Signers) -> Result<Evidence, Error> {
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.require(signers, &mut Expected::default(), workers)
    }

    /// Does the same, once for the same signers. What was found out before it failed
    /// is left in `partial`.
    pub(super) fn require(
        &self,
        signers: &Signers,
        partial: &mut Expected,
        workers: NonZeroUsize,
    ) -> Result<Evidence, Error> {
        let before = self.evidence.get();
        if let Some((_, evidence)) = before.filter(|(before, _)| before.are_same(signers)) {
            return Ok(evidence.clone());
        }
        let evidence = self.check_signatures(signers, partial, workers)?;
        let is_first = self.expect(std::mem::take(partial));
        if is_first {
            self.evidence
                .get_or_init(|| (signers.clone(), evidence.clone()));
            return Ok(evidence);
        }
        // The entries are compared with the lists that counted first.
        match self.evidence.get() {
            Some((_, first)) if first.has_lists_of(&evidence) => Ok(evidence),
            _ => Err(self.evidence_error(EvidenceFault::List {
                list: MANIFEST.list,
                reason: "was checked before, and another list counted".into(),
            })),
        }
    }

    /// Returns whether what is read of the archive has to be what was signed.
    #[doc(hidden)]
    pub fn is_compared(&self) -> bool {
        self.expected().is_some()
    }

    /// Checks the signatures of the archive, and that it has the entries that were
    /// signed, in their order. Their bytes are not read. What has to be found in
    /// them is noted in `expected`.
    ///
    /// # Errors
    ///
    /// A signature of a named signer doesn't hold, or there is none; the archive
    /// has other entries; or it can't be read.
    fn check_signatures(
        &self,
        signers: &Signers,
        expected: &mut Expected,
        workers: NonZeroUsize,
    ) -> Result<Evidence, Error> {
        let (mut own, mut of_origin) = (Vec::new(), Vec::new());
        let manifest = self.signed_list(self.signed.manifest, MANIFEST.list, signers)?;
        let manifest = self.counted(manifest, &mut own);
        let origin = self.signed_list(self.signed.origin, ORIGIN.list, signers)?;
        let origin = self.counted(origin, &mut of_origin);
        if manifest.is_none() && origin.is_none() {
            return Err(self.evidence_error(self.nobody_named(own, of_origin)));
        }
        let lists = [&manifest, &origin].into_iter().flatten();
        let holding: Vec<&SignatureVerdict> = lists
            .flat_map(|list| &list.signatures)
            .filter(|verdict| verdict.holds())
            .collect();
        self.refuse_recipients(&holding, workers)?;
        let manifest = match manifest {
            Some(list) => Some(compare_manifest(self, list, expected)?),
            None => None,
        };
        let origin = match origin {
            Some(list) => Some(compare_origin(self, list, expected)?),
            None => None,
        };
        Ok(Evidence {
            has_other_origin: origin.is_none() && self.has_origin(),
            manifest,
            origin,
            unknown: own.into_iter().chain(of_origin).collect(),
        })
    }

    /// Returns the fault that no named signer has signed the archive or its origin.
    fn nobody_named(
        &self,
        own: Vec<SignatureVerdict>,
        origin: Vec<SignatureVerdict>,
    ) -> EvidenceFault {
        match self.has_manifest() || self.has_origin() {
            false => EvidenceFault::NotSigned,
            true if own.is_empty() && origin.is_empty() => EvidenceFault::NoSignature,
            true => EvidenceFault::OtherSigners { own, origin },
        }
    }

    /// Returns a list if a named signer has signed it; else notes its signatures.
    fn counted<'a>(
        &self,
        list: Option<List<'a>>,
        unknown: &mut Vec<SignatureVerdict>,
    ) -> Option<List<'a>> {
        let list = list?;
        match list.signatures.iter().any(SignatureVerdict::holds) {
            true => Some(list),
            false => {
                unknown.extend(list.signatures);
                None
            }
        }
    }

    /// Refuses a signer whose key opens a member: a server would hold a key that
    /// opens, and whoever makes it open something could make it sign.
    fn refuse_recipients(
        &self,
        signers: &[&SignatureVerdict],
        workers: NonZeroUsize,
    ) -> Result<(), Error> {
        let entries: Vec<&Member> = self.listed_entries().collect();
        let limits = Limits::default();
        let opened_by = |(): &mut (), _, member: &&Member| {
            // What isn't a message has no recipients.
            let envelope = self.envelope(member, &limits).ok()?;
            let names = |verdict: &&&SignatureVerdict| {
                let mut recipients = envelope.recipients.iter();
                recipients.any(|handle| verdict.is_named_by(handle))
            };
            let verdict = signers.iter().find(names)?;
            Some((verdict.signer.clone(), member.shown_name().into_owned()))
        };
        let found = work_on(&entries, workers, || (), opened_by);
        match found.into_iter().next() {
            None => Ok(()),
            Some((signer, member)) => {
                Err(self.evidence_error(EvidenceFault::SignerOpens { signer, member }))
            }
        }
    }

    fn signed_list(
        &self,
        places: SignedList,
        name: &'static str,
        signers: &Signers,
    ) -> Result<Option<List<'_>>, Error> {
        match places.is_there() {
            true => List::verify(self, places, name, signers).map(Some),
            false => Ok(None),
        }
    }

    /// Returns why a member fails: if it isn't what was signed, that says more.
    pub(super) fn as_signed(&self, member: &Member, cause: MemberCause) -> MemberCause {
        match cause.kind() {
            ErrorKind::Integrity | ErrorKind::NoIdentity => {
                self.is_as_signed(member).err().unwrap_or(cause)
            }
            _ => cause,
        }
    }

    /// Checks that an entry is what was signed, if it has to be. A fault of
    /// another kind is no matter.
    pub(super) fn is_as_signed(&self, entry: &Member) -> Result<(), MemberCause> {
        let checked = match self.expected() {
            Some(_) => self.read_all(entry),
            None => Ok(()),
        };
        match checked {
            Err(cause @ MemberCause::NotAsSigned(_)) => Err(cause),
            _ => Ok(()),
        }
    }

    pub(super) fn evidence_error(&self, fault: EvidenceFault) -> Error {
        Error::Evidence {
            archive: self.path().to_owned(),
            fault,
        }
    }

    /// Returns all entries that a manifest lists.
    fn listed_entries(&self) -> impl Iterator<Item = &Member> {
        let entries = self.archive.members().iter().enumerate();
        let entries = entries.filter(|(place, _)| !self.signed.is_at(*place));
        entries.map(|(_, entry)| entry)
    }
}

/// Returns the error that an entry isn't what was signed.
fn not_as_signed(entry: &Member, fault: SignedFault) -> Error {
    member_error(entry, fault.into())
}
