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
use cli::failure::{Ended, Failure};
use cli::leftovers::warn_of_leftovers;
use cli::nagios;
use cli::printing::print_json;
use cli::slips;
use cli::ui::Ui;

fn main() -> ExitCode {
    keep_memory_to_itself();
    // An argument may name a descriptor: look before any is opened here.
    let parsed = Cli::try_parse();
    if !parsed.as_ref().is_ok_and(Cli::is_service) {
        #[cfg(unix)]
        cli::signals::handle();
        record::remember();
    }
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let is_mistake = error.use_stderr();
            return match slips::check_dashes(std::env::args_os().skip(1)) {
                Err(failure) if is_mistake => {
                    let ui = Ui::new(false, false, cli::ui::Colour::default());
                    failure.conclude(&ui);
                    conclude_mistake(&failure)
                }
                _ => conclude_parsing(error),
            };
        }
    };
    let ui = Ui::new(cli.global.quiet, cli.global.verbose, cli.global.color);
    let arguments = std::env::args_os().skip(1);
    match slips::check_dashes(arguments).and_then(|()| cli::run(&cli, &ui)) {
        Ok(code) => code,
        Err(failure) if cli.plugin().is_some() => cli.code(conclude_plugin(cli.plugin(), &failure)),
        Err(failure) => {
            if cli.global.json && !matches!(failure, Failure::ClosedPipe) {
                // If nobody reads this, the exit status still shows the
                // failure.
                let _ = print_json(&failure.document());
            }
            warn_of_leftovers(&ui);
            cli.code(failure.conclude(&ui))
        }
    }
}

/// Prints the line of a plugin that could not begin.
fn conclude_plugin(service: Option<&'static str>, failure: &Failure) -> Ended {
    let line = nagios::Line::of_failure(service.unwrap_or("CALLSEAL"), failure);
    // If nobody reads this, the exit status still shows it.
    line.print().unwrap_or(Some(ErrorKind::Io))
}

/// Returns the exit status of a mistake on the command line. Monitoring has its own.
fn conclude_mistake(failure: &Failure) -> ExitCode {
    let mut arguments = std::env::args_os().take_while(|argument| argument != "--");
    match arguments.any(|argument| argument == "--nagios") {
        true => nagios::code(conclude_plugin(None, failure)),
        false => exit::code(ErrorKind::Usage),
    }
}

/// Shows the requested help, or the mistake on the command line.
fn conclude_parsing(mut error: clap::Error) -> ExitCode {
    // A value given to a flag that takes none may be a key.
    if error.kind() == clap::error::ErrorKind::TooManyValues {
        let value = ContextValue::String("…".into());
        error.insert(ContextKind::InvalidValue, value);
    }
    let ui = Ui::new(false, false, cli::ui::Colour::default());
    if slips::is_version(&error) {
        let printed = writeln!(io::stdout(), "callseal {}", env!("CARGO_PKG_VERSION"));
        return conclude_printing(printed, &ui);
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // If nobody reads the help, the exit status still shows the mistake.
        let _ = error.print();
        return exit::code(ErrorKind::Usage);
    }
    if !error.use_stderr() {
        let printed = error.print().and_then(|()| io::stdout().flush());
        return conclude_printing(printed, &ui);
    }
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let hint = slips::hint(&error, &arguments).or_else(|| slips::guess(&error));
    // clap's own tips are for programmers.
    for kind in [
        ContextKind::Suggested,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::TrailingArg,
    ] {
        error.remove(kind);
    }
    let rendered = error.render().to_string();
    let mut lines = rendered.lines();
    let message: Vec<&str> = lines.by_ref().map_while(nonblank).collect();
    let message = message.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let usage = lines.filter(|line| line.starts_with("Usage:") || line.starts_with("       "));
    let usage: Vec<&str> = usage.collect();
    let hint = hint.unwrap_or_else(|| "for more information, try --help".into());
    // Without parsed arguments, look for the flag itself.
    let mut flags = arguments.iter().take_while(|argument| *argument != "--");
    let failure = Failure::usage(message, hint);
    if flags.any(|argument| argument == "--json") {
        let _ = print_json(&failure.document());
    }
    failure.conclude(&ui);
    if !usage.is_empty() {
        let _ = writeln!(io::stderr(), "\n{}", usage.join("\n"));
    }
    conclude_mistake(&failure)
}

fn conclude_printing(printed: io::Result<()>, ui: &Ui) -> ExitCode {
    let failed = printed.map_err(Failure::from).err();
    let kind = failed.and_then(|failure| failure.conclude(ui));
    kind.map_or(ExitCode::SUCCESS, exit::code)
}

fn nonblank(line: &str) -> Option<&str> {
    Some(line.trim()).filter(|line| !line.is_empty())
}

/// Keeps keys, passphrases and plaintext out of core dumps and away from other
/// processes of the same user.
fn keep_memory_to_itself() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // This isn't known to fail on any system.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Linux ignores a limit of 0 for a core that it pipes to a handler, but
        // not a limit of 1 byte.
        let none = Rlimit {
            current: Some(1),
            maximum: Some(1),
        };
        // If the system refuses this, its own limit applies.
        let _ = setrlimit(Resource::Core, none);
    }
}
