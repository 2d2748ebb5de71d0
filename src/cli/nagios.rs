//! One line for monitoring: Nagios, Icinga, and whatever else runs their plugins.
//!
//! The form, the statuses and the units are those of the Monitoring Plugins' guidelines.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use callseal::ErrorKind;
use clap::Args;

use super::failure::{Ended, Failure};
use super::global::Global;
use super::ui::{cut, safe};

/// The longest text in bytes: those that pass the line on may cut it, and its data with it.
const LONGEST: usize = 1024;

/// The choice of a plugin's output.
#[derive(Debug, Args)]
pub struct NagiosArgs {
    /// Print one line for Nagios and the like, with performance data; the exit status is 0
    /// if all is well, 1 for a warning, 2 if something is critical, and 3 if that isn't
    /// known
    #[arg(long)]
    nagios: bool,
}

impl NagiosArgs {
    pub fn is_given(&self) -> bool {
        self.nagios
    }

    /// Refuses what else would be printed.
    pub fn check(&self, global: &Global) -> Result<(), Failure> {
        match self.nagios && global.json {
            true => Err(Failure::usage(
                "--nagios and --json can't be used together",
                "leave out one of them",
            )),
            false => Ok(()),
        }
    }
}

/// The result of a plugin.
pub struct Line {
    /// What was checked.
    pub service: &'static str,
    /// What is wrong. Warnings are [`ErrorKind::Partial`], and what can't be found out is
    /// [`ErrorKind::Usage`]. All else is critical.
    pub ended: Ended,
    pub text: String,
    pub data: Vec<Datum>,
}

/// A value that is drawn as a graph.
pub struct Datum {
    pub label: String,
    pub value: u64,
    /// `s`, `B`, `c` for what only grows, or nothing.
    pub unit: &'static str,
    /// From which value on it's worth a warning, and critical: ranges such as `900` or
    /// `30:`.
    pub warning: String,
    pub critical: String,
}

impl Datum {
    /// A value that is always fine.
    pub fn plain(label: impl Into<String>, value: u64, unit: &'static str) -> Self {
        Self {
            label: label.into(),
            value,
            unit,
            warning: String::new(),
            critical: String::new(),
        }
    }
}

impl Line {
    /// Returns the line of a command that could not begin.
    pub fn of_failure(service: &'static str, failure: &Failure) -> Self {
        let (text, ended) = match failure.words() {
            Some((message, Some(hint), kind)) => (format!("{message}; {hint}"), Some(kind)),
            Some((message, None, kind)) => (message, Some(kind)),
            // Nobody reads it.
            None => (String::new(), Some(ErrorKind::Io)),
        };
        Self {
            service,
            ended,
            text,
            data: Vec::new(),
        }
    }

    /// Prints the line. Returns the kind of what is wrong.
    pub fn print(&self) -> Result<Ended, Failure> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", self.text())?;
        stdout.flush()?;
        Ok(self.ended)
    }

    fn text(&self) -> String {
        let state = match status(self.ended) {
            0 => "OK",
            1 => "WARNING",
            2 => "CRITICAL",
            _ => "UNKNOWN",
        };
        // A bar ends the text.
        let text = cut(&safe(&self.text), LONGEST).replace('|', "/");
        let mut line = format!("{} {state} - {text}", self.service);
        for (n, datum) in self.data.iter().enumerate() {
            line.push_str(if n == 0 { " | " } else { " " });
            // Writing to a string does not fail.
            let _ = write!(
                line,
                "'{}'={}{};{};{};0",
                datum.label.replace(['\'', '='], "_"),
                datum.value,
                datum.unit,
                datum.warning,
                datum.critical
            );
        }
        line
    }
}

/// Returns the exit status of a plugin.
fn status(ended: Ended) -> u8 {
    match ended {
        None => 0,
        Some(ErrorKind::Partial) => 1,
        Some(ErrorKind::Usage) => 3,
        Some(_) => 2,
    }
}

/// Returns the same for `main`.
pub fn code(ended: Ended) -> ExitCode {
    status(ended).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_bar_but_that_before_its_data() {
        let line = Line {
            service: "CHECK",
            ended: Some(ErrorKind::Io),
            text: "a|b\nc".into(),
            data: vec![
                Datum::plain("it's=1", 7, "s"),
                Datum {
                    warning: "30:".into(),
                    critical: "0:".into(),
                    ..Datum::plain("days", 8, "")
                },
            ],
        };
        assert_eq!(
            line.text(),
            "CHECK CRITICAL - a/b\\u{a}c | 'it_s_1'=7s;;;0 'days'=8;30:;0:;0"
        );
    }

    #[test]
    fn each_state_has_its_status() {
        for (ended, expected) in [
            (None, 0),
            (Some(ErrorKind::Partial), 1),
            (Some(ErrorKind::Recipient), 2),
            (Some(ErrorKind::Integrity), 2),
            (Some(ErrorKind::Usage), 3),
        ] {
            assert_eq!(status(ended), expected, "{ended:?}");
        }
    }
}
