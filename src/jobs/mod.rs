//! Whole jobs, from files to files.

mod archive_file;
mod archive_index;
mod convert;
mod error;
mod extract;
mod extracted_files;
mod hashed;
mod index_use;
mod job;
mod layout;
mod opening;
mod other_files;
mod pack;
mod places;
mod progress;
mod share;
mod signed_files;
mod single;

pub use archive_file::{ArchiveFile, Members};
pub use convert::{Converted, ConvertedMember};
pub use error::{Error, ErrorKind, MemberCause};
pub use extract::Extracted;
pub use job::Job;
pub use pack::Packed;
pub use progress::Progress;
pub use share::{Change, Difference, ShareTarget, Shared, SharedMember};
pub use signed_files::SignedFiles;
