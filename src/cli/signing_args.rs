//! The arguments for the keys that sign.

use std::path::PathBuf;
use std::time::SystemTime;

use callseal::config::Config;
use callseal::keys::{Passphrases, SigningKey, SigningKeyError};
use clap::Args;
use serde::Serialize;

use super::error::Error;
use super::exposed_keys::warn_of_file;
use super::facts::PathFact;
use super::failure::Failure;
use super::passphrases::PassphraseArgs;
use super::ui::{Bar, Ui, quoted};

/// The keys that sign an archive.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Sign the archive with this private key, whose certificate is in the same
    /// file or next to it [default: `sign` in the config]
    #[arg(long, value_name = "KEY")]
    sign: Vec<PathBuf>,
}

/// The keys that sign the content of a message.
#[derive(Debug, Args)]
pub struct MessageSignArgs {
    /// Sign the content with this OpenPGP key, inside of the message; its name
    /// is not signed
    #[arg(long, value_name = "KEY")]
    sign: Vec<PathBuf>,
    #[command(flatten)]
    pub passphrases: PassphraseArgs,
}

impl SignArgs {
    /// Returns whether any key is given on the command line.
    pub fn is_given(&self) -> bool {
        !self.sign.is_empty()
    }

    /// Loads the keys: those of the config, if none is given.
    pub fn load(
        &self,
        config: Option<&Config>,
        passphrases: &dyn Passphrases,
        ui: &Ui,
    ) -> Result<Vec<SigningKey>, Error> {
        match (self.sign.as_slice(), config) {
            ([], Some(config)) => load(&config.sign, passphrases, ui).map_err(|error| {
                let config = config.source.clone();
                let error = Box::new(error);
                Error::SigningKeyOfConfig { config, error }
            }),
            (given, _) => Ok(load(given, passphrases, ui)?),
        }
    }
}

impl MessageSignArgs {
    /// Loads the keys.
    pub fn load(&self, ui: &Ui) -> Result<Vec<SigningKey>, Failure> {
        if self.sign.is_empty() && self.passphrases.is_given() {
            return Err(Failure::usage(
                "a passphrase is given, and no key that signs",
                "give the key with --sign, or leave out the passphrase",
            ));
        }
        if self.sign.is_empty() {
            return Ok(Vec::new());
        }
        let passphrases = self.passphrases.source(Bar::none(), ui)?;
        let keys = load(&self.sign, &*passphrases, ui);
        Ok(keys.map_err(Error::from)?)
    }
}

/// Loads keys, each of which signs once.
pub fn load(
    paths: &[PathBuf],
    passphrases: &dyn Passphrases,
    ui: &Ui,
) -> Result<Vec<SigningKey>, SigningKeyError> {
    let now = SystemTime::now();
    let mut keys: Vec<SigningKey> = Vec::new();
    for path in paths {
        let key = SigningKey::load(path, passphrases, now)?;
        if key.is_exposed() {
            warn_of_file(path, ui);
        }
        let is_known = |known: &SigningKey| known.fingerprint() == key.fingerprint();
        match keys.iter().any(is_known) {
            true => ui.notice(&format!("{}: given twice, counted once", path.display())),
            false => keys.push(key),
        }
    }
    Ok(keys)
}

/// Says who has signed, for the end of a summary.
pub fn signed_by(keys: &[SigningKey]) -> String {
    let labels: Vec<String> = keys.iter().map(|key| quoted(key.label())).collect();
    match labels.is_empty() {
        true => String::new(),
        false => format!(", signed by {}", labels.join(" and ")),
    }
}

/// A key that has signed.
#[derive(Serialize)]
pub struct SigningFacts<'a> {
    signer: &'a str,
    fingerprint: &'a str,
    source: PathFact<'a>,
}

/// Returns the facts of all keys that sign.
pub fn signer_facts(keys: &[SigningKey]) -> Vec<SigningFacts<'_>> {
    keys.iter()
        .map(|key| SigningFacts {
            signer: key.label(),
            fingerprint: key.fingerprint(),
            source: PathFact(key.source()),
        })
        .collect()
}
