//! The arguments for whose signatures count.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::config::Config;
use callseal::keys::{Pin, SignerName, Signers, SigningTime};
use clap::Args;

use super::failure::Failure;
use crate::cli::error::Error;

/// The signers of messages.
#[derive(Debug, Args)]
pub struct SignerArgs {
    /// Open only what is signed by the owner of this OpenPGP certificate, inside
    /// of the message; of several, one suffices
    #[arg(long = "signer", value_name = "CERT")]
    signers: Vec<PathBuf>,
}

impl SignerArgs {
    /// Loads the certificates of the signers; `None` if no signer is named.
    pub fn signers(&self, _config: Option<&Config>) -> Result<Option<Signers>, Failure> {
        if self.signers.is_empty() {
            return Ok(None);
        }
        let names: Vec<SignerName> = self.signers.iter().map(|given| name(given)).collect();
        let signers = Signers::load(&names, None, SigningTime::Ignored, SystemTime::now());
        Ok(Some(signers.map_err(Error::from)?))
    }
}

/// A file, or if there is none of that name, perhaps a fingerprint.
fn name(given: &Path) -> SignerName {
    let pin = given.to_str().and_then(Pin::new);
    match pin.filter(|_| !given.exists()) {
        Some(pin) => SignerName::Fingerprint(pin),
        None => SignerName::Certificate(given.to_owned()),
    }
}
