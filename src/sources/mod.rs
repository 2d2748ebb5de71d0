//! From the paths on a command line to the files that are packed.
//!
//! [`Sources::collect`] walks the paths and gives a [`Source`] for each file, sorted by
//! member path. [`Source::open`] reads one, and [`SourceFile::finish`] says
//! whether it held still meanwhile. [`read_file_list`] takes the paths from a
//! list instead.
//!
//! No file is left out silently: what can't be read is an error, and what is
//! not packed on purpose is a [`SourceNotice`].

mod collect;
mod error;
mod file;
mod filter;
mod list;
mod name;
mod output;

pub use collect::{SourceNotice, SourceOptions, Sources};
pub use error::SourceError;
pub use file::Source;
#[doc(hidden)]
pub use file::SourceFile;
#[doc(hidden)]
pub use list::read_file_list;
#[doc(hidden)]
pub use name::member_names;

/// Returns the size of all files together, in bytes.
#[doc(hidden)]
pub fn total_size(files: &[Source]) -> u64 {
    let sizes = files.iter().map(|file| file.size);
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
