//! Whole jobs, from files to files.

mod archive_file;
mod convert;
mod error;
mod extract;
mod inspect;
mod pack;
mod progress;

pub use archive_file::ArchiveFile;
pub use convert::{Converted, ConvertedMember};
pub use error::{Error, ErrorKind, MemberCause};
pub use extract::Extracted;
pub use inspect::{Inspection, inspect};
pub use pack::{Packed, PackedFile, name_members, pack, total_size};
pub use progress::{NoProgress, Progress};
