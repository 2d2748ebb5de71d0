//! The program: parse, run, report, exit.

mod cli;
mod exit;
mod failure;
mod ui;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use failure::{Failure, Report};
use ui::Ui;

fn main() -> ExitCode {
    forbid_core_dumps();
    let cli = Cli::parse();
    let ui = Ui::new(cli.global.quiet, cli.global.verbose, cli.global.color);
    let outcome = cli::run(&cli, &ui).and_then(|report| {
        print(&report, cli.global.json)?;
        Ok(report)
    });
    match outcome {
        Ok(report) => report.conclude(&ui),
        // Whoever reads the output has seen enough, as `head` does.
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            if cli.global.json {
                // The exit status tells, if nobody reads this.
                let _ = writeln!(io::stdout().lock(), "{:#}", failure.json());
            }
            failure.conclude(&ui)
        }
    }
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

/// A core dump would hold keys, passphrases and plaintext.
fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Where this is not allowed, the limit is not ours to set.
        let _ = setrlimit(Resource::Core, none);
    }
}
