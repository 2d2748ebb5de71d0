//! From the paths on a command line to the files that are packed.
//!
//! [`Sources::collect`] walks the paths and returns a [`Source`] for each file,
//! sorted by member path. [`Source::open`] reads one, and [`SourceFile::finish`]
//! checks that it didn't change meanwhile. [`read_file_list`] takes the paths
//! from a list instead.
//!
//! No file is left out silently: a file that can't be read is an error, and one
//! that is intentionally not packed is a [`SourceNotice`].

mod collect;
mod error;
mod file;
mod filter;
mod list;
mod name;
mod output;
mod patterns;
mod removal;

pub use collect::{SourceNotice, SourceOptions, Sources};
pub use error::SourceError;
pub use file::Source;
#[doc(hidden)]
pub use file::SourceFile;
pub(crate) use filter::Filter;
#[doc(hidden)]
pub use list::read_file_list;
#[doc(hidden)]
pub use name::check_names;
pub(crate) use name::member_name_of;
pub(crate) use patterns::{BadPattern, Patterns};
pub(crate) use removal::remove;
#[doc(hidden)]
pub use removal::{NotRemoved, Removal, StayCause};

/// Returns the size of all files together, in bytes.
#[doc(hidden)]
pub fn total_size(files: &[Source]) -> u64 {
    let sizes = files.iter().map(Source::size);
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
