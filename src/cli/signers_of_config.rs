//! What `config check` says of signers, and of keys that sign.

use std::path::Path;
use std::time::SystemTime;

use callseal::config::{Config, ConfigError, Profile};
use callseal::keys::{
    NoPassphrases, Recipient, SignerName, Signers, SigningKey, SigningKeyFault, UnlockFault,
};

use super::error::Error;
use super::ui::Ui;

/// Returns why the signers of a profile can't be used, or their signatures never
/// hold.
pub fn signer_errors(
    config: &Config,
    name: &str,
    profile: &Profile,
    recipients: &[Recipient],
) -> Vec<Error> {
    let now = SystemTime::now();
    let together = profile.load_signers(now).err();
    let mut errors: Vec<Error> = Vec::new();
    for signer in &profile.signers {
        // A fingerprint may need the certificate that another entry names.
        if matches!(signer, SignerName::Fingerprint(_)) {
            continue;
        }
        let alone = Profile {
            signers: vec![signer.clone()],
            ..profile.clone()
        };
        match (alone.load_signers(now), signer) {
            (Err(error), _) => {
                report_once(&mut errors, Error::of_signers(config, name, error));
            }
            (Ok(Some(signers)), SignerName::Certificate(path)) => {
                errors.extend(useless(config, name, path, &signers, recipients));
            }
            (Ok(_), _) => {}
        }
    }
    if let Some(error) = together {
        report_once(&mut errors, Error::of_signers(config, name, error));
    }
    errors
}

/// Returns why no signature of a signer can hold.
fn useless(
    config: &Config,
    profile: &str,
    path: &Path,
    signers: &Signers,
    recipients: &[Recipient],
) -> Vec<Error> {
    let faults = signers
        .faults()
        .into_iter()
        .map(|fault| Error::UselessSigner {
            config: config.source.clone(),
            profile: profile.to_owned(),
            path: path.to_owned(),
            fault: Box::new(fault),
        });
    let opens = |recipient: &&Recipient| signers.has_recipient(recipient);
    let opening = recipients.iter().find(opens);
    let opening = opening.map(|_| Error::SignerIsRecipient {
        config: config.source.clone(),
        profile: profile.to_owned(),
        path: path.to_owned(),
    });
    faults.chain(opening).collect()
}

/// Returns the errors of keys that are to sign, and are those of recipients.
pub fn recipients_that_sign(keys: &[SigningKey], recipients: &[Recipient]) -> Vec<Error> {
    let pairs = keys.iter().flat_map(|key| {
        let recipients = recipients.iter();
        recipients.map(move |recipient| (key, recipient))
    });
    let same = pairs.filter(|(key, recipient)| key.is_recipient(recipient));
    let errors = same.map(|(key, recipient)| callseal::Error::SignerIsRecipient {
        signer: key.source().to_owned(),
        label: recipient.label().to_owned(),
    });
    errors.map(Error::from).collect()
}

/// Returns what to do if it isn't clear whose signature is required.
pub fn unclear_signers(config: &Config) -> Option<String> {
    let Err(error @ ConfigError::NoDefaultProfile { .. }) = config.profile(None) else {
        return None;
    };
    let mut profiles = config.profiles.values();
    profiles
        .any(|profile| profile.require_signature)
        .then(|| format!("{error}, and a signature may be required: `verify` needs -p, and the other commands that read archives need --signers-of"))
}

/// Adds an error, unless it says the same as another one: a file of CAs is for
/// recipients and signers.
pub fn report_once(errors: &mut Vec<Error>, error: Error) {
    let shown = error.to_string();
    if errors.iter().all(|known| known.to_string() != shown) {
        errors.push(error);
    }
}

/// Returns the keys of the config that sign, those of services too. A locked one isn't
/// opened.
pub fn signing_keys(config: &Config, ui: &Ui, errors: &mut Vec<Error>) -> Vec<SigningKey> {
    let now = SystemTime::now();
    let mut keys = Vec::new();
    let of_services = config.watches.iter().flat_map(|watch| &watch.sign);
    for path in config.sign.iter().chain(of_services) {
        match SigningKey::load(path, &NoPassphrases, now) {
            Ok(key) => keys.push(key),
            Err(error) => match error.fault {
                SigningKeyFault::Locked(UnlockFault::NoPassphrase) => ui.notice(&format!(
                    "{}: it's locked, so whether it can sign wasn't checked",
                    error.path.display()
                )),
                _ => errors.push(Error::SigningKeyOfConfig {
                    config: config.source.clone(),
                    error: Box::new(error),
                }),
            },
        }
    }
    keys
}
