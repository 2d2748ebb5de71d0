//! The program: parse, run, report, exit.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod cli;

use std::io::{self, Write};
use std::process::ExitCode;

use callseal::ErrorKind;
use callseal::files::record;
use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use cli::Cli;
use cli::exit;
use cli::failure::{Failure, Report, SHOWN};
use cli::ui::{Ui, shell_word};

fn main() -> ExitCode {
    keep_memory_to_itself();
    #[cfg(unix)]
    cli::signals::handle();
    record::remember();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return conclude_parsing(error),
    };
    let ui = Ui::new(cli.global.quiet, cli.global.verbose, cli.global.color);
    let ended = match cli::run(&cli, &ui) {
        Ok(report) => conclude(&report, cli.global.json, &ui),
        Err(failure) => {
            if cli.global.json && !matches!(failure, Failure::ClosedPipe) {
                // The exit status tells, if nobody reads this.
                let _ = writeln!(io::stdout().lock(), "{:#}", failure.json());
            }
            warn_of_leftovers(&ui);
            failure.conclude(&ui)
        }
    };
    ended.map_or(ExitCode::SUCCESS, exit::code)
}

/// Prints a report and says what went wrong. That a reader has seen enough of
/// standard output, as `head` does, changes nothing of that.
fn conclude(report: &Report, json: bool, ui: &Ui) -> Option<ErrorKind> {
    let printed = print(report, json);
    warn_of_leftovers(ui);
    let of_report = report.conclude(ui);
    let of_printing = printed.err().and_then(|failure| failure.conclude(ui));
    of_report.max(of_printing)
}

/// Shows the help that was asked for, or what is wrong with the command line.
fn conclude_parsing(mut error: clap::Error) -> ExitCode {
    // What a flag was given that takes no value may be a key.
    if error.kind() == clap::error::ErrorKind::TooManyValues {
        let value = ContextValue::String("…".into());
        error.insert(ContextKind::InvalidValue, value);
    }
    // Nobody reads it, if it can't be written.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    // There are no parsed arguments that could tell.
    let mut flags = std::env::args_os().take_while(|argument| argument != "--");
    if flags.any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let first: Vec<&str> = text.lines().map_while(nonblank).collect();
        let message = first.join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let failure = Failure::usage(message, "for more information, try --help");
        let _ = writeln!(io::stdout().lock(), "{:#}", failure.json());
    }
    exit::code(ErrorKind::Usage)
}

fn nonblank(line: &str) -> Option<&str> {
    Some(line.trim()).filter(|line| !line.is_empty())
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    if json {
        writeln!(stdout, "{:#}", report.json())?;
    } else {
        stdout.write_all(report.text.as_bytes())?;
    }
    Ok(stdout.flush()?)
}

/// Says what a run that was killed has left where this one has written.
fn warn_of_leftovers(ui: &Ui) {
    let leftovers = record::leftovers();
    for path in leftovers.iter().take(SHOWN) {
        ui.warning(&format!(
            "{}: a run of callseal that was killed has left it; it may hold plaintext",
            path.display()
        ));
    }
    if let Some(more @ 1..) = leftovers.len().checked_sub(SHOWN) {
        ui.warning(&format!("{more} more like these"));
    }
    if let Some(path) = leftovers.first() {
        let word = path.display().to_string();
        ui.hint(&format!(
            "nobody uses it any more: `rm {}`",
            shell_word(&word)
        ));
    }
}

/// A core dump would hold keys, passphrases and plaintext, and so does the
/// memory that another process of the same user could read.
fn keep_memory_to_itself() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // That this fails is not known of any system.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // A limit of 0 does not hold for a core that Linux pipes to a handler,
        // a limit of 1 byte does.
        let none = Rlimit {
            current: Some(1),
            maximum: Some(1),
        };
        // Where this is not allowed, the limit is not ours to set.
        let _ = setrlimit(Resource::Core, none);
    }
}
