//! `callseal config`

use std::fmt::Write;
use std::time::SystemTime;

use callseal::config::{Config, Trust};
use callseal::message::{Compression, Format};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::word;
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::recipients_json;
use super::recipient_args::{load_recipients, requirements};
use super::ui::{Ui, safe};
use crate::cli::error::Error;

/// Check the config
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the config as callseal reads it, and check whether every recipient
    /// can be used now
    Check,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let Command::Check = arguments.command;
    let config = global.some_config()?;
    let mut report = check(&config, ui);
    if ui.is_quiet() {
        report.text.clear();
    }
    Ok(report)
}

fn check(config: &Config, ui: &Ui) -> Report {
    let mut report = Report {
        text: describe(config),
        ..Report::default()
    };
    let mut profiles = serde_json::Map::new();
    for (name, profile) in &config.profiles {
        let checked = requirements(&profile.trust, config.min_rsa_bits, SystemTime::now())
            .and_then(|requirements| load_recipients(&profile.parties, &requirements, ui));
        match checked {
            Ok(recipients) => {
                profiles.insert(name.clone(), recipients_json(&recipients));
            }
            Err(error) => {
                profiles.insert(name.clone(), Value::Null);
                report.failures.push(Error::Profile {
                    profile: name.clone(),
                    error: Box::new(error),
                });
            }
        }
    }
    report.facts = json!({
        "config": config.source.to_string_lossy(),
        "default_profile": config.default_profile,
        "keys": config.keys.iter().map(|key| key.to_string_lossy()).collect::<Vec<_>>(),
        "compress": word(&Compression::CHOICES, &config.compress),
        "format": word(&Format::CHOICES, &config.format),
        "min_rsa_bits": config.min_rsa_bits.bits(),
        "profiles": profiles,
    });
    report
}

/// Describes the config as callseal reads it.
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
    line("compress", word(&Compression::CHOICES, &config.compress));
    line("format", word(&Format::CHOICES, &config.format));
    line("min-rsa-bits", &config.min_rsa_bits.bits().to_string());
    for key in &config.keys {
        line("key", &key.display().to_string());
    }
    for (name, profile) in &config.profiles {
        line("profile", name);
        match &profile.trust {
            Trust::Listed => line("  trust", "listed"),
            Trust::Ca {
                ca_files,
                crl_files,
            } => {
                line("  trust", "ca");
                for file in ca_files {
                    line("  ca-file", &file.display().to_string());
                }
                for file in crl_files {
                    line("  crl-file", &file.display().to_string());
                }
            }
        }
        for party in &profile.parties {
            if let Some(name) = party.name() {
                line("  party", name);
            }
            for place in party.places() {
                line("  recipient", &place.display().to_string());
            }
            for pin in party.pins() {
                line("  fingerprint", &pin.to_string());
            }
        }
    }
    text
}
