//! The command line. Each subcommand has one file with its arguments and its
//! work.

mod archive_overview;
mod args;
mod cat;
mod check;
mod config;
mod convert;
pub mod error;
mod evidence_report;
pub mod exit;
mod expiry;
mod export;
mod exposed_keys;
mod extract;
mod facts;
pub mod failure;
mod fields;
mod file_kind;
mod generate;
mod global;
mod grant;
mod grep;
pub mod hints;
mod inspect;
mod keygen;
mod keys;
mod known_recipients;
mod layout_args;
pub mod leftovers;
mod list;
mod man;
mod member_args;
pub mod nagios;
mod new_passphrases;
mod open;
mod open_args;
mod opened_members;
mod origin;
mod pack;
mod passphrases;
mod play;
mod player;
mod player_page;
pub mod printing;
mod recipient_args;
mod seal;
mod sha256sum;
mod share;
mod sharing_args;
mod sign;
#[cfg(unix)]
pub mod signals;
mod signatures;
mod signer_args;
mod signers_of_config;
mod signing_args;
mod sink;
pub mod slips;
mod streams;
mod suspects;
pub mod ui;
mod verify;
#[cfg(target_os = "linux")]
mod watch;
mod watches_of_config;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::failure::{Ended, Failure};
use self::global::Global;
use self::ui::Ui;

/// Seal call files to a list of certificates, in ZIP archives whose members
/// each open with any one recipient's key
#[derive(Debug, Parser)]
#[command(name = "callseal", version, after_help = exit::TABLE, max_term_width = 100)]
#[command(propagate_version = true, infer_subcommands = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Pack(pack::Arguments),
    List(list::Arguments),
    Extract(extract::Arguments),
    Cat(cat::Arguments),
    Grep(grep::Arguments),
    Share(share::Arguments),
    Grant(grant::Arguments),
    Sign(sign::Arguments),
    Verify(verify::Arguments),
    Convert(convert::Arguments),
    Seal(seal::Arguments),
    Open(open::Arguments),
    Play(play::Arguments),
    Player(player::Arguments),
    Inspect(inspect::Arguments),
    Fields(fields::Arguments),
    Keygen(keygen::Arguments),
    Keys(keys::Arguments),
    Export(export::Arguments),
    Check(check::Arguments),
    Config(config::Arguments),
    #[cfg(target_os = "linux")]
    Watch(watch::Arguments),
    Completions(generate::Completions),
    Man(generate::Man),
}

impl Cli {
    /// Returns whether this is a service, which works until a signal ends it in order.
    pub fn is_service(&self) -> bool {
        match &self.command {
            #[cfg(target_os = "linux")]
            Command::Watch(arguments) => arguments.is_service(),
            Command::Play(_) => true,
            _ => false,
        }
    }

    /// Returns what is monitored, if the output is a line for that.
    pub fn plugin(&self) -> Option<&'static str> {
        let (given, service) = match &self.command {
            Command::Check(arguments) => (&arguments.nagios, "CHECK"),
            Command::Verify(arguments) => (&arguments.nagios, "VERIFY"),
            #[cfg(target_os = "linux")]
            Command::Watch(arguments) => (&arguments.nagios, "WATCH"),
            _ => return None,
        };
        given.is_given().then_some(service)
    }

    /// Returns the exit status of the subcommand when it has ended so.
    pub fn code(&self, ended: Ended) -> ExitCode {
        match &self.command {
            _ if self.plugin().is_some() => nagios::code(ended),
            // Without a failure, nobody has read what was found.
            Command::Grep(_) => exit::of_search(ended, true),
            _ => ended.map_or(ExitCode::SUCCESS, exit::code),
        }
    }
}

/// Runs the subcommand, and prints its report.
pub fn run(cli: &Cli, ui: &Ui) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    let code = |ended| cli.code(ended);
    let report = match &cli.command {
        // What these report on may be a million members. They print it while
        // they have it, instead of gathering a report of it.
        Command::Pack(arguments) => return pack::run(arguments, global, ui).map(code),
        Command::List(arguments) => return list::run(arguments, global, ui).map(code),
        Command::Extract(arguments) => return extract::run(arguments, global, ui).map(code),
        Command::Share(arguments) => return share::run(arguments, global, ui).map(code),
        Command::Grant(arguments) => return grant::run(arguments, global, ui).map(code),
        Command::Convert(arguments) => return convert::run(arguments, global, ui).map(code),
        Command::Sign(arguments) => return sign::run(arguments, global, ui).map(code),
        Command::Verify(arguments) => return verify::run(arguments, global, ui).map(code),
        Command::Check(arguments) => return check::run(arguments, global, ui).map(code),
        #[cfg(target_os = "linux")]
        Command::Watch(arguments) => return watch::run(arguments, global, ui).map(code),
        Command::Grep(arguments) => return grep::run(arguments, global, ui),
        Command::Play(arguments) => return play::run(arguments, global, ui).map(code),
        Command::Player(arguments) => player::run(arguments, global, ui),
        Command::Cat(arguments) => cat::run(arguments, global, ui),
        Command::Seal(arguments) => seal::run(arguments, global, ui),
        Command::Open(arguments) => open::run(arguments, global, ui),
        Command::Inspect(arguments) => inspect::run(arguments, global, ui),
        Command::Fields(arguments) => fields::run(arguments, global, ui),
        Command::Keygen(arguments) => keygen::run(arguments, global, ui),
        Command::Keys(arguments) => keys::run(arguments, global, ui),
        Command::Export(arguments) => export::run(arguments, global, ui),
        Command::Config(arguments) => config::run(arguments, global, ui),
        Command::Completions(arguments) => generate::completions(arguments, global),
        Command::Man(arguments) => generate::man(arguments, global),
    };
    Ok(code(report?.end(global.json, ui)))
}
