//! Whole jobs, from files to files.

mod archive_file;
mod archive_index;
mod bundle;
mod convert;
#[cfg(target_os = "linux")]
mod disk;
mod entry_hashes;
mod error;
mod evidence;
mod extract;
mod extracted;
mod extracted_files;
mod hashed;
mod index_use;
mod job;
mod layout;
mod new_entry;
mod opening;
mod other_files;
mod pack;
#[cfg(target_os = "linux")]
mod parts;
mod places;
mod progress;
mod read_back;
mod same_bytes;
mod search;
mod share;
mod sign;
mod signed_entries;
mod signed_files;
mod signing;
mod single;
#[cfg(target_os = "linux")]
mod split;
mod tail;
mod verify;
mod written_entry;

pub use archive_file::{ArchiveFile, Members};
pub use bundle::{BundleFault, Bundled, MessagePlace, Sealed};
pub use convert::{Converted, ConvertedMember};
pub use error::{Error, ErrorKind, MemberCause};
pub use evidence::{
    Claimed, Evidence, EvidenceFault, KeptSignatures, OldSignatures, Signed, SignedFault,
};
pub use extracted::Extracted;
pub use job::Job;
pub use pack::Packed;
#[cfg(target_os = "linux")]
pub(crate) use progress::Alive;
pub use progress::Progress;
pub use share::{Change, Difference, ShareTarget, Shared, SharedMember};
pub use sign::SignedArchive;
pub use signed_files::SignedFiles;
#[cfg(target_os = "linux")]
pub(crate) use split::{Fallback, Published};
pub use verify::{OpenedMembers, Verified};
