//! The keys that sign an archive.

use std::path::PathBuf;

use callseal::config::Config;
use callseal::keys::{Passphrases, SigningKey};
use clap::Args;
use serde::Serialize;

use super::error::Error;
use super::exposed_keys::warn_of_file;
use super::ui::{Ui, safe};

/// The keys that sign an archive.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Sign the archive with this private key, whose certificate is in the same
    /// file or next to it [default: `sign` in the config]
    #[arg(long, value_name = "KEY")]
    sign: Vec<PathBuf>,
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
        let paths = match (self.sign.as_slice(), config) {
            ([], Some(config)) => &config.sign,
            _ => &self.sign,
        };
        let now = std::time::SystemTime::now();
        let mut keys: Vec<SigningKey> = Vec::new();
        for path in paths {
            let key = SigningKey::load(path, passphrases, now)?;
            if keys
                .iter()
                .any(|known| known.fingerprint() == key.fingerprint())
            {
                ui.notice(&format!("{}: given twice, signs once", path.display()));
                continue;
            }
            if key.is_exposed() {
                warn_of_file(path, ui);
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

/// Says who has signed, for the end of a summary.
pub fn signed_by(keys: &[SigningKey]) -> String {
    let labels: Vec<String> = keys
        .iter()
        .map(|key| format!("“{}”", safe(key.label())))
        .collect();
    match labels.is_empty() {
        true => String::new(),
        false => format!(", signed by {}", labels.join(" and ")),
    }
}

/// A key that has signed.
#[derive(Serialize)]
pub struct SigningFacts<'a> {
    name: &'a str,
    fingerprint: &'a str,
}

/// Returns the facts of all keys that sign.
pub fn signer_facts(keys: &[SigningKey]) -> Vec<SigningFacts<'_>> {
    keys.iter()
        .map(|key| SigningFacts {
            name: key.label(),
            fingerprint: key.fingerprint(),
        })
        .collect()
}
