//! The arguments for whose signatures count.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::config::{Config, Profile};
use callseal::keys::{Pin, SignerName, Signers, SigningTime};
use callseal::{ArchiveFile, EvidenceFault};
use clap::Args;

use super::error::Error;
use super::evidence_report::notice_expected;
use super::failure::Failure;
use super::ui::Ui;

/// The signers of one message.
#[derive(Debug, Args)]
pub struct SignerArgs {
    /// Open only what is signed by the owner of this OpenPGP certificate, inside
    /// of the message; of several, one suffices
    #[arg(long = "signer", value_name = "CERT")]
    signers: Vec<PathBuf>,
}

impl SignerArgs {
    /// Loads the certificates of the signers; `None` if no signer is named.
    pub fn signers(&self) -> Result<Option<Signers>, Error> {
        match self.signers.as_slice() {
            [] => Ok(None),
            given => named(given).map(Some),
        }
    }
}

/// The signers of archives.
#[derive(Debug, Args)]
pub struct ArchiveSignerArgs {
    /// A signer of the archive, by certificate or fingerprint: it has to be as
    /// they signed it
    #[arg(long = "signer", value_name = "CERT")]
    signers: Vec<PathBuf>,
    /// Take the signers of this profile in the config [default: the default
    /// profile, if it has any]
    #[arg(long, value_name = "NAME", conflicts_with = "signers")]
    signers_of: Option<String>,
}

/// The signers that count, and whether a signature is required.
pub struct ChosenSigners {
    pub signers: Signers,
    pub are_required: bool,
    /// Whether they are named one by one, and not by a profile.
    are_named: bool,
}

impl ArchiveSignerArgs {
    /// Loads the signers; `None` if neither the command line nor the config names
    /// any.
    pub fn load(&self, config: Option<&Config>) -> Result<Option<ChosenSigners>, Failure> {
        if !self.signers.is_empty() {
            return Ok(Some(ChosenSigners {
                signers: named(&self.signers)?,
                are_required: true,
                are_named: true,
            }));
        }
        of_profile(self.signers_of.as_deref(), "--signers-of", config)
    }
}

/// Loads the signers that are given on the command line.
pub fn named(given: &[PathBuf]) -> Result<Signers, Error> {
    let names: Vec<SignerName> = given.iter().map(|given| name(given)).collect();
    let now = SystemTime::now();
    Ok(Signers::load(&names, None, SigningTime::Ignored, now)?)
}

/// A fingerprint, or the path of a certificate: as in the config, digits are never
/// a file of that name.
fn name(given: &Path) -> SignerName {
    match given.to_str().and_then(Pin::new) {
        Some(pin) => SignerName::Fingerprint(pin),
        None => SignerName::Certificate(given.to_owned()),
    }
}

/// Loads the signers of a profile: of the default one, if none is named.
pub fn of_profile(
    profile: Option<&str>,
    option: &str,
    config: Option<&Config>,
) -> Result<Option<ChosenSigners>, Failure> {
    let Some(config) = config else {
        return match profile {
            None => Ok(None),
            Some(name) => Err(Failure::usage(
                format!("no config is given for the profile {name:?}"),
                "give the config with --config",
            )),
        };
    };
    let found = config.profile(profile);
    let (name, chosen) = match (found, profile) {
        (Ok(found), _) => found,
        (Err(error), Some(_)) => return Err(Error::from(error).into()),
        // There is no default profile.
        (Err(_), None) => {
            let mut profiles = config.profiles.values();
            if profiles.any(|profile: &Profile| profile.require_signature) {
                return Err(Failure::usage(
                    format!(
                        "{}: it is not clear whose signature is required: there is no default profile",
                        config.source.display()
                    ),
                    format!("name the profile with {option}, or set default-profile"),
                ));
            }
            return Ok(None);
        }
    };
    let signers = chosen
        .load_signers(SystemTime::now())
        .map_err(Error::from)?;
    match signers {
        Some(signers) => Ok(Some(ChosenSigners {
            signers,
            are_required: chosen.require_signature || profile.is_some(),
            are_named: false,
        })),
        None if profile.is_some() => Err(Failure::usage(
            format!("the profile {name:?} has no signers"),
            "list them under signers in the profile, or name one with --signer CERT",
        )),
        None => Ok(None),
    }
}

impl ChosenSigners {
    /// Checks the signatures of an archive that is opened, if they are required.
    /// What is read of it then has to be what was signed.
    pub fn require(&self, archive: &ArchiveFile, ui: &Ui) -> Result<(), callseal::Error> {
        if self.are_required {
            let evidence = archive.require_signature(&self.signers)?;
            notice_expected(&evidence, ui);
        }
        Ok(())
    }

    /// Does the same. If they have not signed the archive, it returns those whose
    /// signatures can be inside of its messages.
    pub fn require_somewhere(
        self,
        archive: &mut ArchiveFile,
        ui: &Ui,
    ) -> Result<Option<Signers>, callseal::Error> {
        match self.require(archive, ui) {
            Ok(()) => Ok(None),
            Err(callseal::Error::Evidence {
                fault: EvidenceFault::NotSigned | EvidenceFault::OtherSigners(_),
                ..
            }) if self.are_named && self.signers.may_sign_messages() => Ok(Some(self.signers)),
            Err(error) => Err(error),
        }
    }
}
