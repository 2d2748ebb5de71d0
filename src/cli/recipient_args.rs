//! The arguments for the recipients to seal to and to show, and the
//! certificates that they resolve to.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::config::{Config, Profile, Trust};
use callseal::keys::{
    MinRsaBits, Party, Recipient, RecipientError, RecipientNotice, Recipients, Requirements,
};
use clap::Args;

use super::expiry::{EndingSoon, is_soon};
use super::failure::Failure;
use super::ui::{Ui, shell_word};
use crate::cli::error::Error;

/// The recipients to seal to.
#[derive(Debug, Args)]
pub struct RecipientArgs {
    /// A recipient: X.509 certificate, public key or OpenPGP certificate
    #[arg(short, long = "recipient", value_name = "CERT")]
    recipients: Vec<PathBuf>,
    /// Use the recipients of a profile in the config [default: the default
    /// profile, unless -r is given]
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
}

impl RecipientArgs {
    /// Returns those that stand for a profile: the default one, if it has no name.
    #[cfg(target_os = "linux")]
    pub fn of_profile(profile: Option<String>) -> Self {
        Self {
            recipients: Vec::new(),
            profile,
        }
    }

    /// Returns whether any recipient is named on the command line.
    pub fn is_given(&self) -> bool {
        !self.recipients.is_empty() || self.profile.is_some()
    }

    /// Loads the certificates given with -r and those of the profile. The rules
    /// of the profile then apply to all of them.
    pub fn load(&self, config: Option<&Config>, ui: &Ui) -> Result<Recipients, Failure> {
        let (parties, requirements) = self.parties(config)?;
        let loaded = load_recipients(&parties, &requirements, ui);
        Ok(loaded.map_err(|error| self.refused(config, error))?)
    }

    /// Returns which of the certificates that were loaded end soon.
    pub fn ending_soon(
        &self,
        loaded: &Recipients,
        config: Option<&Config>,
    ) -> Result<Vec<EndingSoon>, Failure> {
        let now = SystemTime::now();
        let ends = |recipient: &Recipient| recipient.usable_until();
        let mut ends = loaded.iter().filter_map(ends);
        // Of a key that is listed twice, only one certificate is known here.
        let is_duplicate = |notice| matches!(notice, &RecipientNotice::Duplicate { .. });
        let is_worth_a_look =
            ends.any(|end| is_soon(end, now)) || loaded.notices().iter().any(is_duplicate);
        if !is_worth_a_look {
            return Ok(Vec::new());
        }
        let (parties, requirements) = self.parties(config)?;
        let parties = parties.iter();
        let ending = parties.flat_map(|party| EndingSoon::of(party, &requirements, now));
        Ok(ending.collect())
    }

    /// Returns from when on the first of the parties will be refused; `None` if none will.
    pub fn first_end(&self, config: Option<&Config>) -> Result<Option<SystemTime>, Failure> {
        let (parties, requirements) = self.parties(config)?;
        let outlooks = parties.iter().map(|party| party.outlook(&requirements));
        let ends = outlooks.flatten().map(|outlook| outlook.refused_from);
        Ok(ends.min())
    }

    /// Returns the parties, and what their certificates have to be.
    fn parties(&self, config: Option<&Config>) -> Result<(Vec<Party>, Requirements), Failure> {
        for path in &self.recipients {
            refuse_list(path)?;
        }
        let mut parties: Vec<Party> = self
            .recipients
            .iter()
            .map(Party::with_certificate)
            .collect();
        let profile = self.profile(config)?;
        parties.extend(profile.into_iter().flat_map(|p| p.parties.clone()));
        let trust = profile.map_or(&Trust::Listed, |profile| &profile.trust);
        let min_rsa_bits = config.map(|config| config.min_rsa_bits);
        let requirements = requirements(trust, min_rsa_bits.unwrap_or_default(), SystemTime::now())
            .map_err(|error| self.refused(config, error))?;
        Ok((parties, requirements))
    }

    /// Returns the error that recipients can't be used; of the profile, if all are from
    /// there.
    fn refused(&self, config: Option<&Config>, error: RecipientError) -> Error {
        let profile = match config {
            Some(config) if self.recipients.is_empty() => config
                .profile(self.profile.as_deref())
                .ok()
                .map(|(name, _)| (config, name)),
            _ => None,
        };
        match profile {
            Some((config, name)) => Error::Profile {
                config: config.source.clone(),
                profile: name.to_owned(),
                error: Box::new(error),
            },
            None => error.into(),
        }
    }

    fn profile<'a>(&self, config: Option<&'a Config>) -> Result<Option<&'a Profile>, Failure> {
        match (&self.profile, config) {
            (None, _) if !self.recipients.is_empty() => Ok(None),
            (None, None) => Err(Failure::usage(
                "no recipient is given",
                "give certificates with -r, or a config with --config",
            )),
            (Some(name), None) => Err(no_config(name)),
            (None, Some(config)) if config.profiles.is_empty() => Err(Failure::usage(
                format!(
                    "no recipient is given, and {} has no profiles",
                    config.source.display()
                ),
                "give certificates with -r, or add a profile, such as [profiles.NAME] with recipients = [\"CERT\"]",
            )),
            (name, Some(config)) => {
                let (name, profile) = config.profile(name.as_deref()).map_err(Error::from)?;
                match profile.parties.is_empty() {
                    true => Err(no_recipients(config, name)),
                    false => Ok(Some(profile)),
                }
            }
        }
    }
}

fn no_config(profile: &str) -> Failure {
    Failure::usage(
        format!("no config is given for the profile {profile:?}"),
        "give the config with --config",
    )
}

/// A profile that is only for verifying signatures. It is refused even if there
/// are other recipients: somebody expects more of them from it.
fn no_recipients(config: &Config, profile: &str) -> Failure {
    Failure::usage(
        format!(
            "{}: the profile {profile:?} has no recipients, only signers",
            config.source.display()
        ),
        "list certificates under recipients in the profile, name another profile with -p, or give certificates with -r alone",
    )
}

/// Refuses several files in one option: `-r a.crt,b.crt`.
fn refuse_list(path: &Path) -> Result<(), Failure> {
    let text = path.to_string_lossy();
    let parts = || text.split(',').map(str::trim);
    if path.exists() || !text.contains(',') || !parts().any(|part| Path::new(part).is_file()) {
        return Ok(());
    }
    let options: Vec<String> = parts()
        .map(|part| format!("-r {}", shell_word(part)))
        .collect();
    Err(Failure::usage(
        format!("{text}: no such file; these are several certificates"),
        format!("give each with a separate option: {}", options.join(" ")),
    ))
}

/// Returns the requirements for certificates, with the CA bundle loaded if
/// there is one.
pub fn requirements(
    trust: &Trust,
    min_rsa_bits: MinRsaBits,
    at: SystemTime,
) -> Result<Requirements, RecipientError> {
    let requirements = Requirements::listed(at).with_min_rsa_bits(min_rsa_bits);
    match trust {
        Trust::Listed => Ok(requirements),
        Trust::Ca {
            ca_files,
            crl_files,
        } => Ok(requirements.with_ca(ca_files, crl_files)?),
    }
}

/// Loads recipients, with a notice of each certificate that isn't used.
pub fn load_recipients(
    parties: &[Party],
    requirements: &Requirements,
    ui: &Ui,
) -> Result<Recipients, RecipientError> {
    let recipients = Recipients::load(parties, requirements)?;
    for notice in recipients.notices() {
        match notice {
            RecipientNotice::Duplicate { source, first } if source == first => {
                ui.notice(&format!("{}: given twice, counted once", source.display()));
            }
            RecipientNotice::Duplicate { source, first } => ui.notice(&format!(
                "{}: the same key as {}, counted once",
                source.display(),
                first.display()
            )),
            RecipientNotice::LeftOut { path, refusal } => {
                ui.notice(&format!("{}: {refusal}, left out", path.display()));
            }
            _ => {}
        }
    }
    Ok(recipients)
}

/// The certificate files that give recipients their names.
pub struct KnownFiles {
    /// The files on the command line.
    pub given: Vec<PathBuf>,
    /// The files of the config.
    pub configured: Vec<PathBuf>,
}

/// The certificates that give recipients of sealed messages their names.
#[derive(Debug, Args)]
pub struct KnownArgs {
    /// Show the owner of this certificate if it is a recipient
    #[arg(short, long = "recipient", value_name = "CERT")]
    recipients: Vec<PathBuf>,
    /// Show the owners of the certificates of this profile [default: all
    /// profiles in the config]
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
}

impl KnownArgs {
    /// Returns the files given with -r, and those of the named profile or of
    /// all profiles. A party without files is skipped, as it only adds names.
    pub fn files(&self, config: Option<&Config>, ui: &Ui) -> Result<KnownFiles, Failure> {
        let profiles: Vec<&Profile> = match (&self.profile, config) {
            (Some(name), None) => return Err(no_config(name)),
            (Some(name), Some(config)) => {
                let (_, profile) = config.profile(Some(name)).map_err(Error::from)?;
                vec![profile]
            }
            (None, Some(config)) => config.profiles.values().collect(),
            (None, None) => Vec::new(),
        };
        let mut configured = Vec::new();
        for party in profiles.iter().flat_map(|profile| &profile.parties) {
            match party.files() {
                Ok(found) => configured.extend(found),
                Err(error) => ui.detail(&error.to_string()),
            }
        }
        Ok(KnownFiles {
            given: self.recipients.clone(),
            configured,
        })
    }
}
