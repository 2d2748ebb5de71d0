//! `callseal fields`: fields of JSON documents.

mod legacy;
mod open;
mod seal;
mod select;
mod stream;
use clap::{Args, Subcommand};

use super::global::Global;
use crate::cli::failure::{Failure, Report};
use crate::cli::ui::Ui;

/// Seal and open fields of JSON documents
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Seal(seal::Arguments),
    Open(open::Arguments),
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    match &arguments.command {
        Command::Seal(arguments) => seal::run(arguments, global, ui),
        Command::Open(arguments) => open::run(arguments, global, ui),
    }
}
