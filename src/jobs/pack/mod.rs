//! Packing: files to one archive.

mod assembly;
mod queue;
mod workers;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use openssl::sha::Sha256;

use crate::index::Listed;
use crate::jobs::error::Error;
use crate::jobs::hashed::Hashed;
use crate::jobs::job::Job;
use crate::jobs::layout::Layout;
use crate::jobs::progress::Counted;
use crate::message::name_binding::literal_name;
use crate::message::{MessageId, SealPlan, SealedFile, Sealer};
use crate::output::PendingFile;
use crate::sources::{
    Removal, Source, SourceError, check_names, member_name_of, remove, total_size,
};
pub(crate) use assembly::NextMember;
pub(crate) use queue::Queue;
pub(crate) use workers::{Content, write_archive};

/// The result of packing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// The number of members: one for each file, in the order of the files.
    pub members: usize,
    /// The number of bytes of plaintext.
    pub plain: u64,
    /// The size of the archive in bytes.
    pub archive: u64,
    /// The SHA-256 of each file, in their order, if they were asked for
    /// ([`Job::hashing`]); else empty.
    pub hashes: Vec<[u8; 32]>,
    /// The BLAKE3 of each file, in their order, if they are to be removed; else empty.
    pub(crate) digests: Vec<blake3::Hash>,
    /// What finds the message of each file again, in their order; CMS messages have
    /// nothing of the kind.
    pub(crate) ids: Vec<Option<MessageId>>,
    /// The hash of all entries of the archive, if it is to be read back.
    entries: Option<blake3::Hash>,
}

impl Packed {
    /// Returns the hash of all entries of the archive at `output`.
    pub(crate) fn entries(&self, output: &Path) -> Result<blake3::Hash, Error> {
        self.entries.ok_or_else(|| {
            let error = io::Error::other("it was packed to be kept, and not to be moved");
            Error::reading(output, error)
        })
    }
}

impl Job<'_> {
    /// Seals the files into a new archive at `output`. The archive exists when
    /// this returns `Ok`, complete and flushed to disk; otherwise nothing does.
    ///
    /// Finished messages that wait for their turn need at most 32 MiB together,
    /// in addition to what the workers need.
    ///
    /// # Errors
    ///
    /// The first failure of any file: an archive leaves nothing out.
    pub fn pack(
        &self,
        files: &[Source],
        plan: &SealPlan,
        output: impl AsRef<Path>,
    ) -> Result<Packed, Error> {
        let output = output.as_ref();
        let layout = self.check_names(files)?;
        self.refuse_signing_recipients(plan.recipients().iter())?;
        self.progress.begin(files.len() as u64, total_size(files));
        let content = |source| FileContent {
            source,
            plan,
            output,
            job: self,
        };
        let written = write_archive(files, content, plan, output, layout, self);
        let written = written.map_err(|failures| first(failures, output))?;
        Ok(Packed {
            members: files.len(),
            // A file of another length than at the walk is an error.
            plain: total_size(files),
            archive: written.size,
            hashes: written
                .reports
                .iter()
                .filter_map(|read| read.sha256)
                .collect(),
            digests: written
                .reports
                .iter()
                .filter_map(|read| read.digest)
                .collect(),
            ids: written.reports.iter().map(|read| read.id).collect(),
            entries: written.entries,
        })
    }
}

impl Job<'_> {
    /// Removes files that [`pack`](Self::pack) has packed into the archive at
    /// `output`, after the archive has been read back from the disk as it was written.
    /// The job must have been [made for that](Self::removing). Files with the numbers
    /// in `kept` stay.
    ///
    /// Each file is claimed, compared with what was packed, and removed. It stays if
    /// it's another one by then or has changed.
    ///
    /// # Errors
    ///
    /// The archive isn't on the disk as it was written. All files stay.
    #[doc(hidden)]
    pub fn remove_packed(
        &self,
        files: &[Source],
        packed: &Packed,
        output: impl AsRef<Path>,
        kept: &BTreeSet<usize>,
    ) -> Result<Removal, Error> {
        let output = output.as_ref();
        self.read_back(output, &packed.entries(output)?, None)?;
        Ok(remove(files, &packed.digests, kept, self.workers))
    }

    /// Checks that the files can be members of one archive, and returns how it
    /// shows them.
    fn check_names(&self, files: &[Source]) -> Result<Layout, Error> {
        check_names(files)?;
        let layout = self.layout().of(files.len());
        for file in files {
            if let Some(fault) = layout.fault(&member_name_of(file)?) {
                let path = file.path().to_owned();
                return Err(SourceError::Name { path, fault }.into());
            }
        }
        Ok(layout)
    }

    /// Checks what [`pack`](Self::pack) checks before it reads the files.
    ///
    /// # Errors
    ///
    /// A file can't be a member, or two of them not of one archive.
    #[doc(hidden)]
    pub fn check(&self, files: &[Source], plan: &SealPlan) -> Result<(), Error> {
        self.check_names(files).map(drop)?;
        self.refuse_signing_recipients(plan.recipients().iter())
    }
}

/// Returns the first failure as that of all: an archive leaves nothing out.
pub(crate) fn first(failures: Vec<Error>, output: &Path) -> Error {
    let missing = || Error::writing(output, io::Error::other("a member is missing"));
    failures.into_iter().next().unwrap_or_else(missing)
}

/// The hashes of a file that were needed, and what finds its message.
#[derive(Clone, Copy)]
struct FileHashes {
    id: Option<MessageId>,
    sha256: Option<[u8; 32]>,
    digest: Option<blake3::Hash>,
}

/// A file to be sealed into the archive.
struct FileContent<'a> {
    source: &'a Source,
    plan: &'a SealPlan,
    output: &'a Path,
    job: &'a Job<'a>,
}

impl Content for FileContent<'_> {
    type Done = FileHashes;

    fn seal(
        &self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<PendingFile>,
    ) -> Result<Option<FileHashes>, Error> {
        let source = self.source;
        let name = member_name_of(source)?;
        let literal_name = literal_name(name.as_str()).into_owned();
        let write_error = |e| Error::writing(self.output, e);
        let content = Counted {
            source: source.open()?,
            progress: self.job.progress,
        };
        let mut sink = queue.sink(
            number,
            NextMember {
                name,
                modified: source.modified(),
                at_most: self.plan.at_most(source.size()),
            },
        );
        let file = SealedFile {
            name: &literal_name,
            modified: source.modified(),
            length: Some(source.size()),
        };
        let needed = (
            self.job.hashes.then(Sha256::new),
            self.job.is_read_back.then(blake3::Hasher::new),
        );
        let mut content = Hashed::with(content, needed);
        let sealed = sealer.seal_member(&mut content, &file, &mut sink);
        let (size, session) =
            sealed.map_err(|error| Error::sealing(source.path(), self.output, error))?;
        let (content, (sha256, digest)) = content.finish();
        // Only a file that didn't change meanwhile gets its turn in the
        // archive.
        content.source.finish()?;
        let id = session.as_ref().map(|session| session.id);
        let listed = session.map(|session| Listed {
            size,
            modified: source.modified(),
            session,
        });
        sink.finish(listed).map_err(write_error)?;
        Ok(Some(FileHashes {
            id,
            sha256: sha256.map(Sha256::finish),
            digest: digest.map(|digest| digest.finalize()),
        }))
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
