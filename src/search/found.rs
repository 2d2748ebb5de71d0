//! What was found in a text.

use super::wiped::Wiped;
use super::{LONGEST_LINE, MOST_FOUND};

/// What was found in a text. It takes little memory, whatever the text is.
#[derive(Debug, Default)]
pub struct Found {
    pub(super) matches: u64,
    pub(super) is_binary: bool,
    pub(super) unkept: u64,
    pub(super) long_line: Option<u64>,
    text: Wiped,
    lines: Vec<Kept>,
}

/// A line that is kept.
#[derive(Debug)]
struct Kept {
    number: u64,
    is_match: bool,
    /// Where its text ends. That begins where the one before ends.
    end: usize,
}

/// A line that matches, or is near one that does.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FoundLine<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// Whether it matches itself.
    pub is_match: bool,
    /// Its text without its end. Not safe on a terminal.
    pub text: &'a [u8],
}

impl Found {
    /// The most of one line that is searched, in bytes.
    pub const LONGEST_LINE: usize = LONGEST_LINE;

    /// The number of lines that match.
    pub fn matches(&self) -> u64 {
        self.matches
    }

    /// Whether it isn't a text: its lines are not kept then.
    pub fn is_binary(&self) -> bool {
        self.is_binary
    }

    /// The lines to show, in their order.
    pub fn lines(&self) -> impl Iterator<Item = FoundLine<'_>> {
        let mut begin = 0;
        self.lines.iter().map(move |kept| {
            let text = self.text.as_slice().get(begin..kept.end);
            begin = kept.end;
            FoundLine {
                number: kept.number,
                is_match: kept.is_match,
                text: text.unwrap_or_default(),
            }
        })
    }

    /// The number of lines that were to be shown as well, and were too much for the
    /// memory.
    pub fn unkept(&self) -> u64 {
        self.unkept
    }

    /// The number of the first line that is longer than what is searched of one.
    pub fn long_line(&self) -> Option<u64> {
        self.long_line
    }

    /// Returns how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.as_slice().len() + self.lines.len() * size_of::<Kept>()
    }

    /// Keeps a line to be shown. Once one was too much, so are all that follow it: the
    /// others are shown without gaps.
    pub(super) fn keep(&mut self, number: u64, is_match: bool, text: &[u8]) {
        let size = self.size() + size_of::<Kept>() + text.len();
        if self.unkept > 0 || size > MOST_FOUND {
            self.unkept += 1;
            return;
        }
        self.text.push(text);
        let end = self.text.as_slice().len();
        self.lines.push(Kept {
            number,
            is_match,
            end,
        });
    }

    /// Becomes binary: no lines of it are shown.
    pub(super) fn be_binary(&mut self) {
        *self = Self {
            matches: self.matches,
            is_binary: true,
            long_line: self.long_line,
            ..Self::default()
        };
    }
}
