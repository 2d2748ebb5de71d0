//! The options of every command.

use std::io;
use std::path::{Path, PathBuf};

use callseal::config::{Config, ConfigError};
use clap::Args;

use super::error::Error;
use super::failure::Failure;
use super::ui::Colour;

/// The config to use if no other is given.
pub const SYSTEM_CONFIG: &str = "/etc/callseal/callseal.toml";

/// The options of every subcommand.
#[derive(Debug, Args)]
pub struct Global {
    /// The config: callseal.toml, or LumenVox's client_property.conf itself
    /// [default: $CALLSEAL_CONFIG, then /etc/callseal/callseal.toml]
    #[arg(long, global = true, value_name = "FILE", display_order = 100)]
    pub config: Option<PathBuf>,
    /// Print results as one JSON document on standard output
    #[arg(long, global = true, display_order = 101)]
    pub json: bool,
    /// Show only warnings and errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 102
    )]
    pub quiet: bool,
    /// Show more details
    #[arg(short, long, global = true, display_order = 103)]
    pub verbose: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 104
    )]
    pub color: Colour,
}

impl Global {
    /// Loads the given config, or the system's if it exists.
    pub fn config(&self) -> Result<Option<Config>, Failure> {
        let path = match &self.config {
            Some(path) => path.clone(),
            None => match std::env::var_os("CALLSEAL_CONFIG").filter(|path| !path.is_empty()) {
                Some(path) => path.into(),
                None => return system_config(),
            },
        };
        Ok(Some(Config::load(&path).map_err(Error::from)?))
    }

    /// Loads the config for a command that needs one.
    pub fn some_config(&self) -> Result<Config, Failure> {
        match self.config()? {
            Some(config) => Ok(config),
            // It may be there, and this user may not be allowed to see it.
            None if !matches!(Path::new(SYSTEM_CONFIG).try_exists(), Ok(false)) => {
                Ok(Config::load(Path::new(SYSTEM_CONFIG)).map_err(Error::from)?)
            }
            None => Err(Failure::usage(
                "no config is given",
                "give one with --config, or in the environment variable CALLSEAL_CONFIG",
            )),
        }
    }

    /// Refuses --json where the content goes to standard output.
    pub fn refuse_json(&self) -> Result<(), Failure> {
        if self.json {
            return Err(Failure::usage(
                "standard output can't hold both the content and the JSON document",
                "leave out --json, or write the content to a file",
            ));
        }
        Ok(())
    }
}

/// Loads the system's config, if there is one that this user may read. It's for the service;
/// others have their own.
fn system_config() -> Result<Option<Config>, Failure> {
    let path = Path::new(SYSTEM_CONFIG);
    if !path.try_exists().unwrap_or(false) {
        return Ok(None);
    }
    match Config::load(path) {
        Err(ConfigError::Unreadable { error, .. })
            if error.kind() == io::ErrorKind::PermissionDenied =>
        {
            Ok(None)
        }
        loaded => Ok(Some(loaded.map_err(Error::from)?)),
    }
}
