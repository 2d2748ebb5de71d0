//! What was found, as grep shows it.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use callseal::{Found, FoundLine};

use crate::cli::ui::{Ui, UntilWritten, safe};

/// What is shown of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Lines { has_context: bool },
    Counts,
    Names,
    Nothing,
}

/// Prints what was found on standard output. What isn't a line is said on standard error,
/// as by grep.
pub struct Printer<'a> {
    ui: &'a Ui,
    stdout: BufWriter<UntilWritten<StdoutLock<'a>>>,
    is_terminal: bool,
    shown: Shown,
    /// Whether lines stand above already, from which others are separated.
    has_group: bool,
    printed: io::Result<()>,
}

impl<'a> Printer<'a> {
    pub fn new(stdout: UntilWritten<StdoutLock<'a>>, shown: Shown, ui: &'a Ui) -> Self {
        Self {
            ui,
            stdout: BufWriter::with_capacity(CAPACITY, stdout),
            is_terminal: io::stdout().is_terminal(),
            shown,
            has_group: false,
            printed: Ok(()),
        }
    }

    /// Prints what was found in a member. Returns whether anybody reads it.
    pub fn member(&mut self, name: &str, found: &Found) -> bool {
        self.printed = self.print(name, found);
        self.printed.is_ok()
    }

    /// Returns whether all was printed.
    pub fn finish(self) -> io::Result<()> {
        if self.printed.is_err() {
            // The rest would fail in the same way.
            let _ = self.stdout.into_parts();
        }
        self.printed
    }

    fn print(&mut self, name: &str, found: &Found) -> io::Result<()> {
        let matches = found.matches();
        match self.shown {
            Shown::Nothing => return Ok(()),
            Shown::Counts => writeln!(self.stdout, "{}:{matches}", self.shown(name))?,
            _ if matches == 0 => return Ok(()),
            Shown::Names => writeln!(self.stdout, "{}", self.shown(name))?,
            Shown::Lines { .. } if found.is_binary() => {
                self.ui.notice(&format!("{name}: binary file matches"));
            }
            Shown::Lines { has_context } => {
                let name = self.shown(name);
                let mut last = None;
                for line in found.lines() {
                    let is_next =
                        last.is_some_and(|last: u64| last.checked_add(1) == Some(line.number));
                    if has_context && self.has_group && !is_next {
                        writeln!(self.stdout, "--")?;
                    }
                    self.line(&name, line)?;
                    self.has_group = true;
                    last = Some(line.number);
                }
            }
        }
        self.stdout.flush()
    }

    /// Returns a name as it can be given back by a script, or as it's safe on a terminal. No
    /// name has control characters.
    fn shown<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.is_terminal {
            true => safe(name),
            false => name.into(),
        }
    }

    fn line(&mut self, name: &str, line: FoundLine<'_>) -> io::Result<()> {
        let mark = if line.is_match { ':' } else { '-' };
        let number = line.number;
        write!(self.stdout, "{name}{mark}{number}{mark}")?;
        match self.is_terminal {
            true => self.stdout.write_all(on_terminal(line.text).as_bytes())?,
            false => self.stdout.write_all(line.text)?,
        }
        self.stdout.write_all(b"\n")
    }
}

/// The bytes that are collected before they are written.
const CAPACITY: usize = 64 * 1024;

/// Returns a line as it is safe on a terminal. Tabs are harmless.
fn on_terminal(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let parts: Vec<Cow<'_, str>> = line.split('\t').map(safe).collect();
    parts.join("\t")
}
