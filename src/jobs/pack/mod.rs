//! Packing: files to one archive.

mod assembly;
mod queue;
mod workers;

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

use crate::archive::MemberName;
use crate::index::Listed;
use crate::jobs::error::Error;
use crate::jobs::hashed::Hashed;
use crate::jobs::job::Job;
use crate::jobs::progress::Counted;
use crate::message::name_binding::literal_name;
use crate::message::{SealPlan, SealedFile, Sealer};
use crate::output::PendingFile;
use crate::sources::{Source, SourceError, member_names, total_size};
pub(crate) use assembly::Layout;
pub(crate) use queue::{NextMember, Queue};
pub(crate) use workers::{Content, write_archive};

/// The result of packing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// The members, in the archive's order.
    pub members: Vec<PackedMember>,
    /// The number of bytes of plaintext.
    pub plain: u64,
    /// The size of the archive in bytes.
    pub archive: u64,
}

/// A file that has been packed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackedMember {
    /// Its path, as it will be extracted.
    pub name: String,
    /// Its length in bytes.
    pub plain: u64,
    /// Its SHA-256, if it was asked for ([`Job::hashing`]).
    pub sha256: Option<Box<[u8; 32]>>,
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
        let names = member_names(files)?;
        let layout = self.layout().of(files.len());
        for (file, name) in files.iter().zip(&names) {
            if let Some(fault) = layout.fault(name) {
                let path = file.path.clone();
                return Err(SourceError::Name { path, fault }.into());
            }
        }
        self.progress.begin(files.len() as u64, total_size(files));
        let contents: Vec<FileContent<'_>> = files
            .iter()
            .zip(&names)
            .map(|(source, name)| FileContent {
                source,
                name,
                plan,
                output,
                job: self,
            })
            .collect();
        let written = write_archive(&contents, plan, output, layout, self);
        let written = written.map_err(|failures| first(failures, output))?;
        let lengths = written.members.iter().map(|sealed| sealed.plain);
        let plain = lengths.fold(0, u64::saturating_add);
        // The names are moved: an archive may have a million of them.
        let members = names.into_iter().zip(written.members);
        let members = members.map(|(name, sealed)| PackedMember {
            name: name.into_string(),
            plain: sealed.plain,
            sha256: sealed.sha256,
        });
        Ok(Packed {
            members: members.collect(),
            plain,
            archive: written.size,
        })
    }
}

/// Returns the first failure as that of all: an archive leaves nothing out.
pub(crate) fn first(failures: Vec<Error>, output: &Path) -> Error {
    let missing = || Error::writing(output, io::Error::other("a member is missing"));
    failures.into_iter().next().unwrap_or_else(missing)
}

/// A file to be sealed into the archive.
struct FileContent<'a> {
    source: &'a Source,
    name: &'a MemberName,
    plan: &'a SealPlan,
    output: &'a Path,
    job: &'a Job<'a>,
}

/// What is known of a file once it's sealed.
struct SealedContent {
    plain: u64,
    sha256: Option<Box<[u8; 32]>>,
}

impl Content for FileContent<'_> {
    type Done = SealedContent;

    fn seal<'a>(
        &'a self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<'a, PendingFile>,
    ) -> Result<SealedContent, Error> {
        let source = self.source;
        let write_error = |e| Error::writing(self.output, e);
        let content = Counted {
            source: source.open()?,
            progress: self.job.progress,
        };
        let mut sink = queue.sink(
            number,
            NextMember {
                name: Cow::Borrowed(self.name),
                modified: source.modified,
                at_most: self.plan.at_most(source.size),
            },
        );
        let file = SealedFile {
            name: &literal_name(self.name.as_str()),
            modified: source.modified,
            length: Some(source.size),
        };
        let mut seal = |content: &mut dyn Read| {
            let sealed = sealer.seal_member(content, &file, &mut sink);
            sealed.map_err(|error| Error::sealing(&source.path, self.output, error))
        };
        let ((plain, session), content, sha256) = if self.job.hashes {
            let mut content = Hashed::new(content);
            let sealed = seal(&mut content)?;
            let (content, hash) = content.finish();
            (sealed, content, Some(Box::new(hash)))
        } else {
            let mut content = content;
            (seal(&mut content)?, content, None)
        };
        // Only a file that didn't change meanwhile gets its turn in the
        // archive.
        content.source.finish()?;
        let listed = session.map(|session| Listed {
            size: plain,
            modified: source.modified,
            session,
        });
        sink.finish(listed).map_err(write_error)?;
        Ok(SealedContent { plain, sha256 })
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
