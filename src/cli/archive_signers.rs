//! The signers of archives: whose signatures count.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::OldSignatures;
use callseal::config::{Config, Profile};
use callseal::keys::{Pin, SignatureVerdict, SignerName, Signers, SigningTime, Standing};
use callseal::{ArchiveFile, Evidence, EvidenceFault, KeptSignatures, Timestamp};
use clap::Args;

use super::error::Error;
use super::failure::{Failure, Report};
use super::ui::{Ui, safe};

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
}

impl ArchiveSignerArgs {
    /// Loads the signers; `None` if neither the command line nor the config names
    /// any.
    pub fn load(&self, config: Option<&Config>) -> Result<Option<ChosenSigners>, Failure> {
        if !self.signers.is_empty() {
            return Ok(Some(ChosenSigners {
                signers: named(&self.signers)?,
                are_required: true,
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

/// A fingerprint, or the path of a certificate.
fn name(given: &Path) -> SignerName {
    let pin = given.to_str().and_then(Pin::new);
    match pin {
        Some(pin) if !given.exists() => SignerName::Fingerprint(pin),
        _ => SignerName::Certificate(given.to_owned()),
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
    pub fn require(&self, archive: &mut ArchiveFile, ui: &Ui) -> Result<(), callseal::Error> {
        if self.are_required {
            let evidence = archive.require_signature(&self.signers)?;
            // What was signed is read later.
            for line in evidence_lines(&evidence) {
                ui.notice(&format!("to be compared: {line}"));
            }
            if let Some(line) = passed_over(&evidence) {
                ui.notice(&line);
            }
        }
        Ok(())
    }
}

impl ChosenSigners {
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
            }) if self.signers.may_sign_messages() => Ok(Some(self.signers)),
            Err(error) => Err(error),
        }
    }
}

/// Reports an archive that isn't what was signed.
pub fn not_as_signed(mut error: callseal::Error) -> Report {
    let failures = match &mut error {
        callseal::Error::NotAsSigned { failures, .. } => std::mem::take(failures),
        _ => Vec::new(),
    };
    Report {
        failures: failures.into_iter().map(Error::from).collect(),
        outcome: Some(error.into()),
        ..Report::default()
    }
}

/// Returns what becomes of the signatures of an archive.
pub fn old_signatures<'a>(
    archive: &ArchiveFile,
    signers: Option<&'a ChosenSigners>,
    is_dropped: bool,
) -> OldSignatures<'a> {
    match signers {
        _ if is_dropped => OldSignatures::Drop,
        Some(chosen) if chosen.are_required || archive.has_manifest() => {
            OldSignatures::Keep(&chosen.signers)
        }
        _ => OldSignatures::Refuse,
    }
}

/// Returns the word for what became of the signatures of an archive.
pub fn kept_word(kept: &KeptSignatures) -> &'static str {
    match kept {
        KeptSignatures::AsOrigin(_) | KeptSignatures::WithOrigin(_) | KeptSignatures::Origin => {
            "origin"
        }
        KeptSignatures::Dropped => "dropped",
        _ => "none",
    }
}

/// Says what became of the signatures of an archive from which another one was
/// made.
pub fn notice_kept(kept: &KeptSignatures, is_signed: bool, ui: &Ui) {
    let unsigned = match is_signed {
        true => "",
        false => "; the new archive itself is not signed",
    };
    match kept {
        KeptSignatures::AsOrigin(evidence) => {
            notice_evidence(evidence, ui);
            ui.notice(&format!(
                "the signature stays with the new archive, as the origin of what is sealed in it{unsigned}"
            ));
        }
        KeptSignatures::WithOrigin(evidence) => {
            notice_evidence(evidence, ui);
            let left_out = match evidence.manifest {
                Some(_) => "; the signature of the old archive itself is left out",
                None => "",
            };
            ui.notice(&format!(
                "the origin of what is sealed in the archive stays with the new one{left_out}{unsigned}"
            ));
        }
        KeptSignatures::Origin => ui.notice(&format!(
            "the origin of what is sealed in the archive has stayed, and was not checked{unsigned}"
        )),
        KeptSignatures::Dropped => {
            ui.notice(&format!("the old signatures were left out{unsigned}"));
        }
        _ => {}
    }
}

fn notice_evidence(evidence: &Evidence, ui: &Ui) {
    for line in evidence_lines(evidence) {
        ui.notice(&line);
    }
    if let Some(line) = passed_over(evidence) {
        ui.notice(&line);
    }
}

/// Returns what was signed, and by whom, one line for each signed list.
pub fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(manifest) = &evidence.manifest {
        lines.push(format!("signed by {}", signers_line(&manifest.signatures)));
    }
    if let Some(origin) = &evidence.origin {
        let missing = match origin.missing {
            0 => String::new(),
            1 => ", but 1 member that they signed is not in it".into(),
            more => format!(", but {more} members that they signed are not in it"),
        };
        let itself = match (&evidence.manifest, evidence.unknown.is_empty()) {
            (Some(_), _) => "",
            (None, true) => "the archive itself is not signed; ",
            (None, false) => "the archive itself is not signed by a signer that you named; ",
        };
        lines.push(format!(
            "{itself}what is sealed in its members was signed by {}{missing}",
            signers_line(&origin.signatures)
        ));
    }
    lines
}

/// Names those whose signatures were passed over, if there are any.
pub fn passed_over(evidence: &Evidence) -> Option<String> {
    let unknown = unknown_signers(evidence);
    let names = unknown.join(", ");
    (!unknown.is_empty()).then(|| format!("passed over signatures by others: {names}"))
}

/// Returns the signers whose signatures hold, with the times that they claim.
fn signers_line(signatures: &[SignatureVerdict]) -> String {
    let holding = signatures.iter().filter(|verdict| verdict.holds());
    let signers: Vec<String> = holding
        .map(|verdict| {
            let time = verdict.claimed.map(Timestamp);
            let time = time.map(|time| format!(" on {time}")).unwrap_or_default();
            format!("“{}”{time}", safe(&verdict.signer))
        })
        .collect();
    signers.join(" and ")
}

/// Returns the names that signatures of others claim.
fn unknown_signers(evidence: &Evidence) -> Vec<String> {
    let lists = evidence.manifest.iter().chain(&evidence.origin);
    let verdicts = lists.flat_map(|list| &list.signatures);
    let unknown = verdicts
        .chain(&evidence.unknown)
        .filter(|verdict| verdict.standing == Standing::Unknown);
    unknown
        .map(|verdict| format!("“{}”", safe(&verdict.signer)))
        .collect()
}
