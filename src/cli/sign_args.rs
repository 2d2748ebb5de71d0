//! The arguments for signing.

use std::path::PathBuf;
use std::time::SystemTime;

use callseal::keys::SigningKey;
use clap::Args;

use super::exposed_keys::warn_of_file;
use super::failure::Failure;
use super::passphrases::PassphraseArgs;
use super::ui::{Bar, Ui};
use crate::cli::error::Error;

/// The keys that sign.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Sign the content with this OpenPGP key, inside of the message; its name
    /// is not signed
    #[arg(long = "sign", value_name = "KEY")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    pub passphrases: PassphraseArgs,
}

impl SignArgs {
    /// Loads the keys, each of which counts once.
    pub fn keys(&self, ui: &Ui) -> Result<Vec<SigningKey>, Failure> {
        let mut keys: Vec<SigningKey> = Vec::new();
        if self.keys.is_empty() {
            if self.passphrases.is_given() {
                return Err(Failure::usage(
                    "a passphrase is given, and no key that signs",
                    "give the key with --sign, or leave out the passphrase",
                ));
            }
            return Ok(keys);
        }
        let passphrases = self.passphrases.source(Bar::none(), ui)?;
        for path in &self.keys {
            let key = SigningKey::load(path, &*passphrases, SystemTime::now());
            let key = key.map_err(Error::from)?;
            if key.is_exposed() {
                warn_of_file(path, ui);
            }
            match keys
                .iter()
                .any(|known| known.fingerprint() == key.fingerprint())
            {
                true => ui.notice(&format!("{}: given twice, counted once", path.display())),
                false => keys.push(key),
            }
        }
        Ok(keys)
    }
}
