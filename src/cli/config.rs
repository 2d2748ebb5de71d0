//! `callseal config`

use std::fmt::Write;
use std::time::SystemTime;

use callseal::Error;
use callseal::config::Config;
use callseal::keys::Recipients;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Global;
use super::names::recipients_json;
use crate::failure::{Failure, Report};
use crate::ui::{Ui, safe};

/// Check the config
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what was understood, and whether every recipient can be used now
    Check,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let Command::Check = arguments.command;
    let Some(config) = global.config()? else {
        return Err(Failure::usage(
            "no config is given",
            "give one with --config, or in the environment variable CALLSEAL_CONFIG",
        ));
    };
    Ok(check(&config, ui))
}

fn check(config: &Config, ui: &Ui) -> Report {
    let mut report = Report {
        text: describe(config),
        ..Report::default()
    };
    let mut profiles = serde_json::Map::new();
    for (name, profile) in &config.profiles {
        let checked = Recipients::load(&profile.recipients, SystemTime::now(), &mut |duplicate| {
            ui.notice(&format!(
                "{}: the same key as {}, counted once",
                duplicate.source.display(),
                duplicate.first.display()
            ));
        });
        match checked {
            Ok(recipients) => {
                profiles.insert(name.clone(), recipients_json(&recipients));
            }
            Err(error) => {
                profiles.insert(name.clone(), Value::Null);
                report.failures.push(Error::from(error));
            }
        }
    }
    report.facts = json!({
        "config": config.source.to_string_lossy(),
        "default_profile": config.default_profile,
        "keys": config.keys.iter().map(|key| key.to_string_lossy()).collect::<Vec<_>>(),
        "compress": format!("{:?}", config.compress).to_lowercase(),
        "format": format!("{:?}", config.format).to_lowercase(),
        "profiles": profiles,
    });
    report
}

/// The config as it was understood, for people.
pub fn describe(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{label:<16} {}", safe(value));
    };
    line("config", &config.source.display().to_string());
    line(
        "default profile",
        config.default_profile.as_deref().unwrap_or("none"),
    );
    line("compress", &format!("{:?}", config.compress).to_lowercase());
    line("format", &format!("{:?}", config.format).to_lowercase());
    for key in &config.keys {
        line("key", &key.display().to_string());
    }
    for (name, profile) in &config.profiles {
        line("profile", name);
        for recipient in &profile.recipients {
            line("  recipient", &recipient.display().to_string());
        }
    }
    text
}
