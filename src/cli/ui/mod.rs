//! The output for the user: results, messages, progress, prompts.

mod passphrase;
mod progress;
mod text;
mod waiting;

use std::io::{self, IsTerminal, Write};

pub use passphrase::{NoAnswer, Prompt, ask_new};
pub use progress::Bar;
pub use text::{batches, bytes, count, cut, entries, is_unsafe, quoted, safe, shell_word, span};
pub use waiting::{UntilWritten, Waiting};

/// The number of failures or files that are shown one by one.
pub const SHOWN: usize = 10;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Even to a file or pipe
    Always,
    /// Not at all
    Never,
}

/// The amount and the colours of the output.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    quiet: bool,
    verbose: bool,
    colour: bool,
}

impl Ui {
    pub fn new(quiet: bool, verbose: bool, colour: Colour) -> Self {
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                io::stderr().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            quiet,
            verbose,
            colour,
        }
    }

    /// Shows an error.
    pub fn error(&self, message: &str) {
        self.line("31", "error:", message);
    }

    /// Shows the remedy for the error before it.
    pub fn hint(&self, message: &str) {
        self.line("36", "hint:", message);
    }

    /// Shows a warning; the command goes on.
    pub fn warning(&self, message: &str) {
        self.line("33", "warning:", message);
    }

    /// Shows a notice, unless the user wants quiet.
    pub fn notice(&self, message: &str) {
        if !self.quiet {
            self.line("36", "note:", message);
        }
    }

    /// Shows a detail, if the user asked for details.
    pub fn detail(&self, message: &str) {
        if self.verbose {
            self.line("2", "note:", message);
        }
    }

    /// Returns whether to show only warnings and errors.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Returns whether to show details.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Shows the result in one line at the end.
    pub fn summary(&self, message: &str) {
        if !self.quiet {
            stderr_line(&safe(message));
        }
    }

    /// Returns whether to show a progress bar.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    fn line(&self, colour: &str, label: &str, message: &str) {
        let message = safe(message);
        if self.colour {
            stderr_line(&format!("\x1b[1;{colour}m{label}\x1b[0m {message}"));
        } else {
            stderr_line(&format!("{label} {message}"));
        }
    }
}

/// Writes a line to standard error. If that fails, there is nowhere to report
/// it.
fn stderr_line(line: &str) {
    waiting::without_spinner(|| {
        let _ = writeln!(io::stderr().lock(), "{line}");
    });
}
