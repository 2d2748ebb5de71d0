//! Reading an archive: the list of its members.

use super::directory;
use super::end_records;
use super::fault::ArchiveError;
use super::member::Member;
use super::member_reader::{MemberReader, WrongChecksum};
use super::name::MemberName;
use super::read_at::ReadAt;

/// An open archive.
///
/// It is strict: an archive that two readers could understand differently is
/// refused. [`open`](Self::open) reads the end records and the central
/// directory, so it is quick however large the archive. They divide the file
/// among the members, so that none can overlap. [`read`](Self::read) checks
/// whether a member's own header agrees, and whether the member fills its part
/// of the file without a gap: so a damaged header costs one member instead of
/// all.
#[derive(Debug)]
pub struct Archive<R> {
    source: R,
    members: Box<[Member]>,
    padding: u64,
}

impl<R: ReadAt> Archive<R> {
    /// Reads and checks the central directory.
    ///
    /// This takes 72 bytes and the stored name of memory for each member,
    /// whatever the archive declares.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Malformed`] if the archive breaks the format or could be
    /// understood in two ways; [`ArchiveError::Io`] if it can't be read.
    pub fn open(source: R) -> Result<Self, ArchiveError> {
        let location = end_records::locate(&source)?;
        let members = directory::read_members(&source, &location)?;
        Ok(Self {
            source,
            members,
            padding: location.padding,
        })
    }

    /// Returns what it is read from.
    pub(crate) fn source(&self) -> &R {
        &self.source
    }

    /// Returns what it was read from, for its bytes alone.
    pub(crate) fn into_source(self) -> R {
        self.source
    }

    /// Returns the number of bytes behind the archive that mean nothing: zeros
    /// or line ends.
    pub fn padding(&self) -> u64 {
        self.padding
    }

    /// Returns the members, in the order of the central directory, including
    /// directories that have an entry.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Gives the members whose stored names are numbers their names.
    pub(crate) fn read_names(&mut self, mut name: impl FnMut(&Member) -> Option<MemberName>) {
        for member in &mut self.members {
            if let Some(name) = name(member) {
                member.read_as(name);
            }
        }
    }

    /// Begins to read a member of this archive.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Member`] if the member has a [`fault`](Member::fault);
    /// [`ArchiveError::Malformed`] if its local header or data descriptor
    /// contradicts the central directory or leaves a gap; [`ArchiveError::Io`]
    /// if it can't be read. None of them affects the other members.
    pub fn read(&self, member: &Member) -> Result<MemberReader<'_, R>, ArchiveError> {
        read_member(&self.source, member)
    }

    /// Does the same, but a wrong checksum is noted and no error: what is sealed
    /// is authenticated in another way.
    ///
    /// # Errors
    ///
    /// As for [`Archive::read`].
    pub(crate) fn read_leniently(
        &self,
        member: &Member,
    ) -> Result<(MemberReader<'_, R>, WrongChecksum), ArchiveError> {
        let wrong = WrongChecksum::default();
        let reader = self.read(member)?.noting(wrong.clone());
        Ok((reader, wrong))
    }
}

/// Begins to read a member of an archive from any source of the archive's bytes.
///
/// # Errors
///
/// As for [`Archive::read`].
pub(crate) fn read_member<'a, R: ReadAt>(
    source: &'a R,
    member: &Member,
) -> Result<MemberReader<'a, R>, ArchiveError> {
    if let Some(fault) = member.fault() {
        return Err(ArchiveError::Member {
            fault,
            member: member.stored_name().into(),
        });
    }
    MemberReader::new(source, member)
}
