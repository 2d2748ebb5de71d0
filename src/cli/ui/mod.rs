//! What the program shows: results, messages, progress, prompts.

mod passphrase;
mod progress;
mod text;

use std::io::{self, IsTerminal, Write};

pub use passphrase::{NoAnswer, Prompt, ask_new};
pub use progress::Bar;
pub use text::{bytes, count, safe, shell_word};

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Even into a file or pipe
    Always,
    /// Not at all
    Never,
}

/// How much is shown, and how.
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

    /// A failure: what failed.
    pub fn error(&self, message: &str) {
        self.line("31", "error:", message);
    }

    /// The remedy for the error before it.
    pub fn hint(&self, message: &str) {
        self.line("36", "hint:", message);
    }

    /// Something to look at, though the command goes on.
    pub fn warning(&self, message: &str) {
        self.line("33", "warning:", message);
    }

    /// Something that an attentive user wants to know.
    pub fn notice(&self, message: &str) {
        if !self.quiet {
            self.line("36", "note:", message);
        }
    }

    /// Something that only helps to understand what happens.
    pub fn detail(&self, message: &str) {
        if self.verbose {
            self.line("2", "note:", message);
        }
    }

    /// Whether only what is wrong is to be said.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether everything is to be said.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// What has been done, in one line at the end.
    pub fn summary(&self, message: &str) {
        if !self.quiet {
            stderr_line(&safe(message));
        }
    }

    /// Whether a progress bar is wanted and can be seen.
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

/// A line on standard error. That it can't be written is nothing that could
/// be told anybody.
fn stderr_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
