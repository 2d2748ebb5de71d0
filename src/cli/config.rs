//! `callseal config`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::SystemTime;

use callseal::config::{Config, ConfigError, INDEX_CHOICES, Profile, SIGNING_TIME_CHOICES, Trust};
use callseal::keys::{KeyError, Keyring, Recipient, Recipients, SignerName};
use callseal::message::{Compression, Format, PlanError, SealOptions, SealPlan};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::word;
use super::facts::{Facts, PathFact, recipient_facts};
use super::failure::{Failure, Report};
use super::global::Global;
use super::recipient_args::{load_recipients, requirements};
use super::signers_of_config::{
    recipients_that_sign, report_once, signer_errors, signing_keys, unclear_signers,
};
use super::ui::{Ui, safe};
use super::watches_of_config::{self, WatchFacts};
use crate::cli::error::Error;

/// Check the config
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the config as callseal reads it, and check whether every recipient,
    /// signer and key can be used now
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
    let mut profiles = BTreeMap::new();
    let mut signatures = BTreeMap::new();
    let keys = signing_keys(config, ui, &mut report.failures);
    for (name, profile) in &config.profiles {
        let recipients = recipients(config, name, profile, ui);
        let known = recipients.as_ref().ok().and_then(Option::as_ref);
        let known: Vec<Recipient> = known
            .into_iter()
            .flat_map(Recipients::iter)
            .cloned()
            .collect();
        for error in recipients_that_sign(&keys, &known) {
            report_once(&mut report.failures, error);
        }
        let facts = recipients.as_ref().map(|recipients| {
            let facts = recipients.as_ref().map(recipient_facts);
            Facts::of(&facts.unwrap_or_default())
        });
        profiles.insert(name.as_str(), facts.ok());
        report
            .failures
            .extend(recipients.err().into_iter().flatten());
        if !profile.signers.is_empty() {
            signatures.insert(name.as_str(), SignatureFacts::from(profile));
            for error in signer_errors(config, name, profile, &known) {
                report_once(&mut report.failures, error);
            }
        }
    }
    report.failures.extend(key_errors(config));
    report.failures.extend(watches_of_config::errors(config));
    if let Err(error @ ConfigError::NoProfiles { .. }) = config.profile(None) {
        ui.warning(&format!("{error}, so the commands that seal need -r"));
    }
    if let Some(line) = unclear_signers(config) {
        ui.warning(&line);
    }
    report.facts = Some(Facts::of(&ConfigFacts {
        config: PathFact(&config.source),
        default_profile: config.profile(None).ok().map(|(name, _)| name),
        keys: config.keys.iter().map(|key| PathFact(key)).collect(),
        sign: config.sign.iter().map(|key| PathFact(key)).collect(),
        compress: word(&Compression::CHOICES, &config.compress),
        format: word(&Format::CHOICES, &config.format),
        index: word(&INDEX_CHOICES, &config.without_index),
        min_rsa_bits: config.min_rsa_bits.bits(),
        metrics_file: config.metrics_file.as_deref().map(PathFact),
        profiles,
        signatures,
        watches: config.watches.iter().map(WatchFacts::from).collect(),
    }));
    report
}

/// Returns the recipients of a profile, if it has any, or why each of them is
/// refused, or why no message can be sealed to all of them.
fn recipients(
    config: &Config,
    name: &str,
    profile: &Profile,
    ui: &Ui,
) -> Result<Option<Recipients>, Vec<Error>> {
    let refused = |error| Error::Profile {
        config: config.source.clone(),
        profile: name.to_owned(),
        error: Box::new(error),
    };
    if profile.parties.is_empty() {
        return Ok(None);
    }
    let now = SystemTime::now();
    let requirements = requirements(&profile.trust, config.min_rsa_bits, now);
    let requirements = requirements.map_err(|error| vec![refused(error)])?;
    let alone = |party| Recipients::load(std::slice::from_ref(party), &requirements);
    let errors = profile
        .parties
        .iter()
        .filter_map(|party| alone(party).err());
    let errors: Vec<Error> = errors.map(refused).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let recipients = load_recipients(&profile.parties, &requirements, ui);
    let recipients = recipients.map_err(|error| vec![refused(error)])?;
    let options = SealOptions {
        format: config.format,
        compression: config.compress,
        hidden_recipients: false,
    };
    match SealPlan::new(recipients.clone(), options) {
        Ok(_) => Ok(Some(recipients)),
        Err(PlanError::Recipient(error)) => Err(vec![refused(error)]),
        Err(error) => Err(vec![error.into()]),
    }
}

/// Returns why the keys of the config can't be used, for each place.
fn key_errors(config: &Config) -> Vec<Error> {
    match Keyring::load(&config.keys) {
        Ok(keyring) if !keyring.identities().is_empty() => Vec::new(),
        Ok(_) => {
            let place = config.keys.first().cloned();
            place
                .map(|place| Error::NoKeysThere { place })
                .into_iter()
                .collect()
        }
        // The certificate of a key may be listed, but only next to a key.
        Err(error) => {
            let alone = |place| Keyring::load(std::slice::from_ref(place)).err();
            let is_certificate = |error: &KeyError| Recipient::load_any_age(&error.path).is_ok();
            let errors = config.keys.iter().filter_map(alone);
            let mut errors: Vec<Error> = errors
                .filter(|error| !is_certificate(error))
                .map(Error::from)
                .collect();
            if errors.is_empty() {
                errors.push(error.into());
            }
            errors
        }
    }
}

#[derive(Serialize)]
struct ConfigFacts<'a> {
    config: PathFact<'a>,
    default_profile: Option<&'a str>,
    keys: Vec<PathFact<'a>>,
    sign: Vec<PathFact<'a>>,
    compress: &'static str,
    format: &'static str,
    index: &'static str,
    min_rsa_bits: u32,
    metrics_file: Option<PathFact<'a>>,
    /// The recipients of each profile; null if any is refused.
    profiles: BTreeMap<&'a str, Option<Facts>>,
    /// What the profiles that have signers say about signatures.
    signatures: BTreeMap<&'a str, SignatureFacts<'a>>,
    watches: Vec<WatchFacts<'a>>,
}

#[derive(Serialize)]
struct SignatureFacts<'a> {
    signers: Vec<SignerFacts<'a>>,
    require_signature: bool,
    signing_time: &'static str,
}

/// How a signer is named.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum SignerFacts<'a> {
    Certificate(PathFact<'a>),
    Fingerprint(String),
    Subject(&'a str),
}

impl<'a> From<&'a Profile> for SignatureFacts<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            signers: profile.signers.iter().map(SignerFacts::from).collect(),
            require_signature: profile.require_signature,
            signing_time: word(&SIGNING_TIME_CHOICES, &profile.signing_time),
        }
    }
}

impl<'a> From<&'a SignerName> for SignerFacts<'a> {
    fn from(signer: &'a SignerName) -> Self {
        match signer {
            SignerName::Certificate(path) => Self::Certificate(PathFact(path)),
            SignerName::Fingerprint(pin) => Self::Fingerprint(pin.to_string()),
            SignerName::Subject(subject) => Self::Subject(subject),
        }
    }
}

/// Describes the config as callseal reads it.
pub fn describe(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{label:<19} {}", safe(value));
    };
    line("config", &config.source.display().to_string());
    let default = match config.profile(None) {
        Ok((name, _)) => name,
        Err(ConfigError::NoDefaultProfile { .. }) => "none, so commands need -p",
        Err(_) => "none",
    };
    line("default profile", default);
    line("compress", word(&Compression::CHOICES, &config.compress));
    line("format", word(&Format::CHOICES, &config.format));
    line("index", word(&INDEX_CHOICES, &config.without_index));
    line("min-rsa-bits", &config.min_rsa_bits.bits().to_string());
    for key in &config.keys {
        line("key", &key.display().to_string());
    }
    for key in &config.sign {
        line("sign", &key.display().to_string());
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
        if profile.signers.is_empty() {
            continue;
        }
        for signer in &profile.signers {
            let name = match signer {
                SignerName::Certificate(path) => path.display().to_string(),
                SignerName::Fingerprint(pin) => pin.to_string(),
                SignerName::Subject(subject) => format!("subject {subject}"),
            };
            line("  signer", &name);
        }
        line(
            "  require-signature",
            &profile.require_signature.to_string(),
        );
        let time = word(&SIGNING_TIME_CHOICES, &profile.signing_time);
        line("  signing-time", time);
    }
    if let Some(path) = &config.metrics_file {
        line("metrics-file", &path.display().to_string());
    }
    for watch in &config.watches {
        watches_of_config::describe(watch, &mut line);
    }
    text
}
