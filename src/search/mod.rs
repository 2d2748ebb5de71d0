//! Finding lines: which lines of a text match a pattern, while the text comes in
//! pieces of any size.

mod binary;
mod bracket;
mod decode;
mod ere;
mod finder;
mod found;
mod lines;
mod pattern;
mod wiped;

pub(crate) use finder::Finder;
pub use found::{Found, FoundLine};
pub use pattern::{BadSearch, LineSearch, SearchedText, Wanted};

/// The most of one line that is searched, in bytes.
const LONGEST_LINE: usize = 8 << 20;

/// The most memory that the lines to show of one text take, in bytes. It holds a line of
/// any length.
const MOST_FOUND: usize = 2 * LONGEST_LINE;

#[cfg(test)]
mod model;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;
