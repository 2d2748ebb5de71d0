//! From the paths on a command line to the files that are packed.
//!
//! [`collect()`] walks the paths and gives a [`Source`] for each file, sorted by
//! member path. [`Source::open`] reads one, and [`SourceFile::finish`] says
//! whether it held still meanwhile. [`read_file_list`] takes the paths from a
//! list instead.
//!
//! No file is left out silently: what can't be read is an error, and what is
//! not packed on purpose is a [`Notice`].

mod collect;
mod error;
mod file;
mod filter;
mod list;
mod name;
mod output;

pub use collect::{Notice, SourceOptions, collect};
pub use error::{SourceError, SpecialKind};
pub use file::{Source, SourceFile};
pub use list::read_file_list;

#[cfg(test)]
mod tests;
