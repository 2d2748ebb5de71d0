//! `callseal completions` and `callseal man`, generated from the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::failure::{Failure, Report};
use super::global::Global;
use super::{Cli, man};
use crate::cli::error::Error;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  callseal completions bash > /etc/bash_completion.d/callseal")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

pub fn completions(arguments: &Completions, global: &Global) -> Result<Report, Failure> {
    global.refuse_json()?;
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "callseal", &mut text);
    Ok(Report {
        text: String::from_utf8_lossy(&text).into_owned(),
        ..Report::default()
    })
}

/// Print the manual page, or write the pages of all commands to a directory
#[derive(Debug, Args)]
pub struct Man {
    /// The directory to write callseal.1, callseal-pack.1 … to; made if missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn man(arguments: &Man, global: &Global) -> Result<Report, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(directory) = &arguments.out {
        man::pages(&command, directory).map_err(|error| Error::writing(directory, error))?;
        return Ok(Report::default());
    }
    global.refuse_json()?;
    let mut page = Vec::new();
    man::page(&command, &mut page)?;
    Ok(Report {
        text: String::from_utf8_lossy(&page).into_owned(),
        ..Report::default()
    })
}
