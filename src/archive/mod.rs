//! ZIP archives of stored members, without ZIP's other features.
//!
//! [`ArchiveWriter`] writes plain archives that every unzip tool splits: stored
//! members, UTF-8 names, ZIP64 if needed, no data descriptors. [`Archive`]
//! reads them, and those of stock tools, from untrusted sources: an archive
//! that two readers could understand differently is refused. [`MemberName`] is
//! the only way to a path that may be extracted.
//!
//! The format is that of PKWARE's APPNOTE.TXT, version 6.3. The comments cite
//! its sections.
//!
//! | file | content |
//! |---|---|
//! | `name.rs` | names that are safe on extraction |
//! | `name_hashes.rs` | hashes of names, which find equal ones |
//! | `name_reading.rs` | names in other forms, and how they are read |
//! | `ending.rs` | the endings of stored names |
//! | `fault.rs` | the faults of an archive or a member |
//! | `dos_time.rs` | MS-DOS and Unix times |
//! | `extra.rs` | extra fields |
//! | `records.rs` | headers and end records, from bytes |
//! | `encode.rs` | headers and end records, to bytes |
//! | `patched_writer.rs` | the buffered output whose past can be patched |
//! | `writer.rs` | the writer |
//! | `written.rs` | the written members, until the central directory is |
//! | `read_at.rs` | positioned reads |
//! | `member.rs` | one member, as the central directory describes it |
//! | `directory.rs` | from the end of the file to the checked list of members |
//! | `reader.rs` | the reader |
//! | `member_reader.rs` | the checked bytes of one member |

mod directory;
mod dos_time;
mod encode;
mod end_records;
mod ending;
mod extra;
mod fault;
mod member;
mod member_reader;
mod name;
mod name_hashes;
mod name_reading;
mod numbers;
mod patched_writer;
mod read_at;
mod reader;
mod records;
mod writer;
mod written;

#[doc(hidden)]
pub use ending::{Ending, without_ending};
pub use fault::{ArchiveError, ArchiveFault, MemberFault};
pub use member::Member;
#[doc(hidden)]
pub use member_reader::MemberReader;
pub(crate) use member_reader::WrongChecksum;
#[doc(hidden)]
pub use name::MemberName;
pub use name::NameFault;
pub(crate) use name_hashes::NameHashes;
#[doc(hidden)]
pub use name_reading::NameReading;
#[doc(hidden)]
pub use read_at::ReadAt;
#[doc(hidden)]
pub use reader::Archive;
pub(crate) use reader::read_member;
#[doc(hidden)]
pub use records::looks_like_zip;
#[doc(hidden)]
pub use writer::{ArchiveWriter, MemberWriter};
