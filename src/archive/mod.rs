//! ZIP archives of stored members, and nothing else of ZIP.
//!
//! [`ArchiveWriter`] writes plain archives that every unzip tool splits:
//! stored members, UTF-8 names, ZIP64 where it is needed, no data
//! descriptors. [`Archive`] reads them, and what stock tools make, from
//! strangers: an archive that two readers could understand differently is
//! refused. [`MemberName`] is the only way to a path that may be extracted.
//!
//! The format is that of PKWARE's APPNOTE.TXT, version 6.3; the comments name
//! its sections.
//!
//! | file | idea |
//! |---|---|
//! | `name.rs` | names that are safe on extraction |
//! | `ending.rs` | what stored names end with |
//! | `fault.rs` | what can be wrong with an archive or a member |
//! | `dos_time.rs` | MS-DOS and Unix times |
//! | `extra.rs` | extra fields |
//! | `records.rs` | headers and end records, from bytes |
//! | `encode.rs` | headers and end records, to bytes |
//! | `sink.rs` | the buffered output whose past can be patched |
//! | `writer.rs` | the writer |
//! | `read_at.rs` | positioned reads |
//! | `member.rs` | what the central directory says of one member |
//! | `directory.rs` | from the end of the file to the checked list of members |
//! | `reader.rs` | the reader |
//! | `member_reader.rs` | one member's bytes, checked |

mod directory;
mod dos_time;
mod encode;
mod ending;
mod extra;
mod fault;
mod member;
mod member_reader;
mod name;
mod numbers;
mod patched_writer;
mod read_at;
mod reader;
mod records;
mod writer;

#[doc(hidden)]
pub use ending::{Ending, without_ending};
pub use fault::{ArchiveError, ArchiveFault, MemberFault};
pub use member::Member;
#[doc(hidden)]
pub use member_reader::MemberReader;
#[doc(hidden)]
pub use name::MemberName;
pub use name::NameFault;
#[doc(hidden)]
pub use read_at::ReadAt;
#[doc(hidden)]
pub use reader::{Archive, looks_like_zip};
#[doc(hidden)]
pub use writer::{ArchiveWriter, MemberWriter};
