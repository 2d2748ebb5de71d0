//! Sharing: who can open an archive changes, and nothing that is sealed.

mod change;
mod grant;
mod output;
mod proof;
mod single;

use std::path::{Path, PathBuf};

use crate::archive::Member;
use crate::jobs::archive_file::{Members, member_error};
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::evidence::KeptSignatures;
use crate::jobs::job::Job;
use crate::keys::{Fingerprint, Recipient};
use crate::message::{Format, Opener};
use crate::workers::work_on;
pub use change::{Change, Difference};
use output::{Output, Written};
use proof::{Believed, Proof};

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// Where a shared archive goes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ShareTarget<'a> {
    /// To a new file.
    File(&'a Path),
    /// In the place of the archive itself, in one step. The other members and
    /// files of the archive stay in it.
    InPlace,
    /// Nowhere: it is only found out what would change.
    Nowhere {
        /// Whether that would be in place.
        in_place: bool,
    },
}

impl ShareTarget<'_> {
    /// Returns whether the file itself is replaced, or would be.
    fn is_in_place(self) -> bool {
        matches!(self, Self::InPlace | Self::Nowhere { in_place: true })
    }
}

/// The result of sharing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shared {
    /// The members whose recipients were to be changed, in the archive's order.
    pub members: Vec<SharedMember>,
    /// The number of members that the new index lists; `None` if there is none.
    pub listed: Option<usize>,
    /// The size of the new archive or message in bytes; 0 if none was written.
    pub archive: u64,
    /// The members whose checksum was wrong. What is sealed in them is as it was;
    /// recipients in front of that may be damaged.
    pub damaged: Vec<String>,
    /// The members that had other text around their messages, or headers of
    /// armor: these are left out.
    pub cut: Vec<String>,
    /// Why the index of the old archive could not be used, if it has one that is
    /// damaged.
    pub index_error: Option<Error>,
    /// What became of the signatures of the archive.
    pub old_signatures: KeptSignatures,
}

/// A member whose recipients were to be changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedMember {
    /// Its path.
    pub name: String,
    /// The kind of message. Only OpenPGP messages carry their names.
    pub format: Format,
    /// The recipients that are added, kept and removed.
    pub difference: Difference,
}

/// A member that has been opened, and what becomes of its recipients.
struct Planned<'a> {
    member: &'a Member,
    proof: Proof,
    difference: Difference,
    /// Whether all recipients of the index are its recipients.
    is_listed: bool,
}

impl Job<'_> {
    /// Changes who can open members, without touching what is sealed: the
    /// packets in front of it change alone. Writes the archive with a new index.
    ///
    /// Every member is opened first, as far as is needed to be certain of its
    /// session key, and of the name that is sealed with it. That is a part of
    /// the file for messages of version 2, and all of it for version 1 and for
    /// CMS messages. These carry no name, and have to be authenticated.
    ///
    /// # Errors
    ///
    /// [`Error::NotShared`] with the failure of each member; nothing is written
    /// then. A recipient can't read a member's message; the archive can't be
    /// written.
    pub fn share(
        &self,
        members: &Members<'_>,
        opener: &Opener<'_>,
        change: &Change,
        target: ShareTarget<'_>,
    ) -> Result<Shared, Error> {
        let Members { archive, list, .. } = members;
        let added = change.recipients();
        self.refuse_signing_recipients(added)?;
        self.check_signable(archive)?;
        let old = self.check_old_signatures(archive)?;
        old.refuse_recipients(archive, change.recipients())?;
        // What was removed from it must not be forgotten with the old index.
        match target.is_in_place() {
            true => members.open_index(opener),
            false => members.use_index(opener),
        }
        self.progress.begin(list.len() as u64, members.total_size());
        // What is said of signed archives, and signed, is what is sealed in them.
        let is_evidence = archive.is_compared() || !self.signing.is_empty();
        let believed = Believed {
            sizes: !is_evidence || archive.has_signed_index(),
            times: !is_evidence,
        };
        let prove = |(): &mut (), _, member: &&Member| {
            let proof = Proof::of(archive, member, opener, believed).and_then(|proof| {
                old.check_changeable(archive, member)?;
                Ok(proof)
            });
            Some(proof.map_err(Box::new))
        };
        let proofs = work_on(list, self.workers, || (), prove);
        let mut failures = members.index_errors();
        if target.is_in_place() && !members.are_all {
            failures.extend(archive.removed_members());
        }
        let is_of_index = |error: &mut Error| matches!(error, Error::Index { .. });
        let mut index_error = failures.extract_if(.., is_of_index).next();
        // One that can't be read now may be read later. What it says of missing
        // members would be lost with it.
        if matches!(target, ShareTarget::InPlace)
            && let Some(error) = index_error.take_if(|error| error.kind() == ErrorKind::Io)
        {
            return Err(error);
        }
        let mut proven = Vec::new();
        for (member, proof) in list.iter().zip(proofs) {
            match proof {
                Ok(proof) if target.is_in_place() && !proof.is_whole => {
                    failures.push(member_error(member, MemberCause::TextAround));
                }
                Ok(proof) => proven.push((*member, proof)),
                Err(cause) => failures.push(member_error(member, *cause)),
            }
        }
        let opened_by = archive
            .index_key()
            .or_else(|| proven.iter().find_map(|(_, proof)| proof.opened_by.clone()));
        let by_own = proven
            .iter()
            .filter_map(|(_, proof)| proof.opened_by.as_ref());
        self.refuse_signing_key(by_own.chain(&opened_by))?;
        let readers = index_recipients(opener, change, opened_by.as_ref());
        let mut planned = Vec::with_capacity(proven.len());
        for (member, proof) in proven {
            match change.of(archive, member, &proof) {
                Ok(difference) => planned.push(Planned {
                    is_listed: proof.format.is_open_pgp()
                        && readers.iter().all(|r| difference.has(r, &proof)),
                    member,
                    proof,
                    difference,
                }),
                Err(Refused::Member(cause)) => failures.push(member_error(member, cause)),
                Err(Refused::Recipient(error)) => return Err(error.into()),
            }
        }
        if let Some(worst) = failures.iter().map(Error::kind).max() {
            return Err(not_shared(members, worst, failures, false));
        }
        let hides_names = archive.hides_names() || list.iter().any(|member| member.hides_name());
        if target.is_in_place() && !members.are_all && hides_names {
            return Err(Error::HiddenNames {
                archive: archive.path().to_owned(),
            });
        }
        let differences = planned.iter().map(|planned| &planned.difference);
        change.check_removed(differences, archive.path())?;
        let members_of = |planned: &[Planned<'_>]| {
            let members = planned.iter().map(|planned| SharedMember {
                name: planned.proof.name.as_str().to_owned(),
                format: planned.proof.format,
                difference: planned.difference.clone(),
            });
            members.collect()
        };
        let output = Output {
            job: self,
            archive,
            change,
            readers,
            planned: &planned,
            keeps_others: members.are_all || target.is_in_place(),
        };
        let kept = archive.origin_entries(&old)?;
        let written = match target {
            ShareTarget::Nowhere { .. } => Ok(Written {
                listed: output.listed(),
                ..Written::default()
            }),
            ShareTarget::File(path) => output.write(path, false, kept),
            ShareTarget::InPlace => output.write(archive.path(), true, kept),
        };
        let written = written.map_err(|error| match error {
            Error::Member { .. } => not_shared(members, error.kind(), vec![error], false),
            error => error,
        })?;
        let cut = planned.iter().filter(|planned| !planned.proof.is_whole);
        let cut = cut.map(|planned| planned.proof.name.as_str().to_owned());
        Ok(Shared {
            members: members_of(&planned),
            listed: written.listed,
            archive: written.size,
            damaged: written.damaged,
            cut: cut.collect(),
            index_error,
            old_signatures: old,
        })
    }
}

/// Why a member's recipients can't be changed.
enum Refused {
    Member(MemberCause),
    Recipient(crate::keys::RecipientError),
}

impl From<MemberCause> for Refused {
    fn from(cause: MemberCause) -> Self {
        Self::Member(cause)
    }
}

/// Returns who can read the new index: those who are named now, and the key that
/// has opened the archive. Nobody is learnt from the archive itself.
fn index_recipients(
    opener: &Opener<'_>,
    change: &Change,
    opened_by: Option<&Fingerprint>,
) -> Vec<Recipient> {
    let mut readers: Vec<Recipient> = change.recipients().cloned().collect();
    let own = opened_by
        .filter(|key| !change.removes_key(key))
        .filter(|key| readers.iter().all(|reader| reader.fingerprint() != *key))
        .and_then(|key| opener.own_recipient(key));
    readers.extend(own);
    readers
}

fn not_shared(
    members: &Members<'_>,
    worst: ErrorKind,
    failures: Vec<Error>,
    is_grant: bool,
) -> Error {
    // They aren't among those that were to be shared.
    let removed = failures.iter().filter(|error| error.is_of_removed());
    let removed = removed.count();
    Error::NotShared {
        archive: PathBuf::from(members.archive.path()),
        failed: failures.len() - removed,
        removed,
        total: members.list.len(),
        is_grant,
        worst,
        failures,
    }
}
