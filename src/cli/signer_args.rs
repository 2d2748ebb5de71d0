//! The arguments for whose signatures count.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::config::{Config, Profile};
use callseal::keys::{Pin, SignerName, Signers, SigningKeyFault, SigningTime};
use callseal::{ArchiveFile, Evidence, EvidenceFault};
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
    pub fn signers(&self, ui: &Ui) -> Result<Option<Signers>, Failure> {
        let [first, ..] = self.signers.as_slice() else {
            return Ok(None);
        };
        let signers = named(&self.signers, ui)?;
        match signers.may_sign_messages() {
            true => Ok(Some(signers)),
            false => Err(Failure::usage(
                format!(
                    "{}: it is not an OpenPGP certificate, and only OpenPGP keys sign messages",
                    first.display()
                ),
                "give the signer's OpenPGP certificate; `callseal verify --signer` checks archives that X.509 keys have signed",
            )),
        }
    }
}

/// The signers of archives.
#[derive(Debug, Args)]
pub struct ArchiveSignerArgs {
    /// Accept the archive only if the owner of this certificate signed it (file or
    /// fingerprint); of several, one suffices
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
    choice: Choice,
    /// Whether their profile requires a signature.
    requires_signature: bool,
}

/// How signers were chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// One by one.
    Named,
    /// By the name of their profile.
    Profile,
    /// By the default profile.
    Default,
}

impl ArchiveSignerArgs {
    /// Loads the signers; `None` if neither the command line nor the config names
    /// any.
    pub fn load(&self, config: Option<&Config>, ui: &Ui) -> Result<Option<ChosenSigners>, Failure> {
        if !self.signers.is_empty() {
            return Ok(Some(ChosenSigners {
                signers: named(&self.signers, ui)?,
                choice: Choice::Named,
                requires_signature: false,
            }));
        }
        of_profile(self.signers_of.as_deref(), "--signers-of", config)
    }
}

/// Loads the signers that are given on the command line. Warns of certificates
/// that aren't made for signatures: another one was meant.
pub fn named(given: &[PathBuf], ui: &Ui) -> Result<Signers, Error> {
    let names: Vec<SignerName> = given.iter().map(|given| name(given)).collect();
    let signers = Signers::load(&names, None, SigningTime::Ignored, SystemTime::now())?;
    for fault in signers.faults() {
        if matches!(
            fault,
            SigningKeyFault::Usage { .. } | SigningKeyFault::NoSigningKey { .. }
        ) {
            ui.warning(&format!("{fault}, so no signature of its owner holds"));
        }
    }
    Ok(signers)
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
    let signers = chosen.load_signers(SystemTime::now());
    let signers = signers.map_err(|error| Error::of_signers(config, name, error))?;
    match signers {
        Some(signers) => Ok(Some(ChosenSigners {
            signers,
            choice: match profile {
                Some(_) => Choice::Profile,
                None => Choice::Default,
            },
            requires_signature: chosen.require_signature,
        })),
        None if profile.is_some() => Err(Failure::usage(
            format!("the profile {name:?} has no signers"),
            "list them under signers in the profile, or name one with --signer CERT",
        )),
        None => Ok(None),
    }
}

/// Where the signatures of an archive are.
#[derive(Default)]
pub struct Found {
    /// What was signed, if the archive itself is.
    pub evidence: Option<Evidence>,
    /// The signers whose signatures have to be inside of the messages.
    pub inside: Option<Signers>,
}

impl Found {
    fn of_archive(evidence: Option<Evidence>) -> Self {
        Self {
            evidence,
            inside: None,
        }
    }

    fn inside(signers: Signers) -> Self {
        Self {
            evidence: None,
            inside: Some(signers),
        }
    }
}

impl ChosenSigners {
    /// Returns whether the command line names them, or their profile.
    pub fn are_given(&self) -> bool {
        self.choice != Choice::Default
    }

    /// Returns whether one of them has to have signed what is opened.
    pub fn are_required(&self) -> bool {
        self.are_given() || self.requires_signature
    }

    /// Checks the signatures of an archive that is opened, if they are required.
    /// What is read of it then has to be what was signed.
    pub fn require(
        &self,
        archive: &ArchiveFile,
        ui: &Ui,
    ) -> Result<Option<Evidence>, callseal::Error> {
        if !self.are_required() {
            return Ok(None);
        }
        let evidence = archive.require_signature(&self.signers)?;
        notice_expected(&evidence, ui);
        Ok(Some(evidence))
    }

    /// Does the same. If they have not signed the archive, it returns those whose
    /// signatures can be inside of its messages.
    pub fn require_somewhere(
        self,
        archive: &ArchiveFile,
        ui: &Ui,
    ) -> Result<Found, callseal::Error> {
        let may_be_inside = self.choice == Choice::Named && self.signers.may_sign_messages();
        match self.require(archive, ui) {
            Ok(evidence) => Ok(Found::of_archive(evidence)),
            Err(callseal::Error::Evidence {
                fault: EvidenceFault::NotSigned,
                ..
            }) if may_be_inside => Ok(Found::inside(self.signers)),
            Err(
                error @ callseal::Error::Evidence {
                    fault: EvidenceFault::OtherSigners { .. } | EvidenceFault::NoSignature,
                    ..
                },
            ) if may_be_inside => {
                ui.notice(&format!(
                    "{error}; so a signature has to be inside of each message"
                ));
                Ok(Found::inside(self.signers))
            }
            Err(error) => Err(error),
        }
    }
}
