//! A sink for a text in which lines are found.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::MOST_FOUND;
use super::binary::BinaryCheck;
use super::decode::Decoder;
use super::found::Found;
use super::lines::{Line, Lines};
use super::pattern::{LineSearch, Wanted};
use super::wiped::Wiped;

/// Finds lines in what is written to it.
pub(crate) struct Finder<'s> {
    decoder: Decoder,
    check: BinaryCheck,
    lines: Lines,
    matching: Matching<'s>,
}

/// The lines that were found so far.
struct Matching<'s> {
    search: &'s LineSearch,
    found: Found,
    /// The number of lines so far.
    number: u64,
    before: Before,
    /// The number of lines that are to be shown since they follow one that matches.
    after: usize,
}

impl<'s> Finder<'s> {
    pub fn new(search: &'s LineSearch) -> Self {
        let context = match search.wanted {
            Wanted::Lines { context } => context,
            Wanted::Count | Wanted::Any => 0,
        };
        Self {
            decoder: Decoder::default(),
            check: BinaryCheck::default(),
            lines: Lines::default(),
            matching: Matching {
                search,
                found: Found::default(),
                number: 0,
                before: Before::new(context),
                after: 0,
            },
        }
    }

    /// Returns what was found, at the end of the text.
    pub fn finish(mut self) -> Found {
        let left = self.decoder.end();
        self.lines.add(left, |line| self.matching.line(line));
        self.lines.finish(|line| self.matching.line(line));
        self.matching.found
    }
}

impl Write for Finder<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.is_empty() || self.matching.is_done() {
            return Ok(piece.len());
        }
        let text = self.decoder.decode(piece);
        if !self.matching.found.is_binary && self.check.add(text) {
            self.lines.be_binary();
            self.matching.be_binary();
        }
        self.lines.add(text, |line| self.matching.line(line));
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Matching<'_> {
    /// Returns whether more of the text would make no difference.
    fn is_done(&self) -> bool {
        let is_enough = match self.search.wanted {
            Wanted::Lines { .. } => self.found.is_binary,
            Wanted::Count => false,
            Wanted::Any => true,
        };
        is_enough && self.found.matches > 0
    }

    fn be_binary(&mut self) {
        self.found.be_binary();
        self.before = Before::new(0);
        self.after = 0;
    }

    fn line(&mut self, line: Line<'_>) {
        self.number += 1;
        if self.is_done() {
            return;
        }
        if line.is_cut {
            self.found.long_line.get_or_insert(self.number);
        }
        let is_match = self.search.matches(line.text);
        self.found.matches += u64::from(is_match);
        let Wanted::Lines { context } = self.search.wanted else {
            return;
        };
        if self.found.is_binary {
            return;
        }
        if is_match {
            self.before.move_to(&mut self.found);
            self.found.keep(self.number, true, line.text);
            self.after = context;
        } else if self.after > 0 {
            self.found.keep(self.number, false, line.text);
            self.after -= 1;
        } else {
            self.before.hold(self.number, line.text);
        }
    }
}

/// The last lines, which are shown if the next one matches.
struct Before {
    most: usize,
    lines: VecDeque<(u64, Wiped)>,
    size: usize,
    /// The number of the last lines that were too much for the memory.
    unheld: usize,
}

impl Before {
    fn new(most: usize) -> Self {
        Self {
            most,
            lines: VecDeque::new(),
            size: 0,
            unheld: 0,
        }
    }

    fn hold(&mut self, number: u64, text: &[u8]) {
        if self.most == 0 {
            return;
        }
        // The memory of one that isn't wanted any more holds the next.
        let mut held = Wiped::default();
        if self.lines.len() == self.most
            && let Some((_, oldest)) = self.lines.pop_front()
        {
            self.size -= size_of_held(&oldest);
            held = oldest;
            held.clear();
        }
        held.push(text);
        self.size += size_of_held(&held);
        self.lines.push_back((number, held));
        while self.size > MOST_FOUND
            && let Some((_, oldest)) = self.lines.pop_front()
        {
            self.size -= size_of_held(&oldest);
            self.unheld += 1;
        }
        self.unheld = self.unheld.min(self.most - self.lines.len());
    }

    fn move_to(&mut self, found: &mut Found) {
        // What is shown has no gaps: if these are too much, so are those after them.
        found.unkept += self.unheld as u64;
        for (number, text) in self.lines.drain(..) {
            found.keep(number, false, text.as_slice());
        }
        self.size = 0;
        self.unheld = 0;
    }
}

fn size_of_held(line: &Wiped) -> usize {
    line.capacity() + size_of::<(u64, Wiped)>()
}
