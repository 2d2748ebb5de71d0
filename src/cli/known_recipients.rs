//! Names for the recipients of sealed messages.

use std::path::Path;

use callseal::keys::{Identity, KeyHandle, Keyring, Recipient, RecipientError, Recipients};
use callseal::message::Envelope;
use serde::Serialize;

use super::facts::PathFact;
use super::failure::Failure;
use super::recipient_args::KnownFiles;
use super::ui::{Ui, count, safe};
use crate::cli::error::Error;

/// The known certificates and keys.
pub struct KnownKeys {
    recipients: Vec<Recipient>,
    /// How many of them were given, rather than configured.
    given: usize,
    keyring: Keyring,
}

impl KnownKeys {
    /// Loads certificates, including expired ones. A given one that can't be
    /// used is an error; one of the config is skipped, as it only adds a name.
    pub fn load(files: &KnownFiles, keyring: Keyring, ui: &Ui) -> Result<Self, Failure> {
        let mut recipients = Vec::new();
        for path in &files.given {
            let found = Recipient::load_any_age(path).map_err(|refusal| {
                let path = path.clone();
                Error::from(RecipientError::Refused { path, refusal })
            });
            recipients.extend(found?);
        }
        let given = recipients.len();
        for file in &files.configured {
            match Recipient::load_any_age(file) {
                Ok(found) => recipients.extend(found),
                Err(refusal) => ui.detail(&format!("{}: {refusal}", file.display())),
            }
        }
        Ok(Self {
            recipients,
            given,
            keyring,
        })
    }

    /// Returns the keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the given certificates that none of these messages names, if all
    /// of them name keys.
    pub fn strangers<'a>(
        &'a self,
        envelopes: impl Iterator<Item = &'a Envelope> + Clone,
    ) -> Vec<&'a Recipient> {
        let handles = || envelopes.clone().flat_map(|envelope| &envelope.recipients);
        // A certificate may have been renewed over the same key.
        let is_named_key =
            |handle: &KeyHandle| matches!(handle, KeyHandle::Fingerprint(_) | KeyHandle::KeyId(_));
        if handles().next().is_none() || !handles().all(is_named_key) {
            return Vec::new();
        }
        let given = self.recipients.iter().take(self.given);
        let mut files: Vec<&Recipient> = Vec::new();
        for certificate in given.clone() {
            // One file may have several keys.
            let mut keys = given
                .clone()
                .filter(|key| key.source() == certificate.source());
            let is_named = keys.any(|key| handles().any(|handle| key.is_named_by(handle)));
            let is_listed = files
                .iter()
                .any(|file| file.source() == certificate.source());
            if !is_named && !is_listed {
                files.push(certificate);
            }
        }
        files
    }

    /// Returns the certificate of the key that a handle names, if known.
    fn certificate(&self, handle: &KeyHandle) -> Option<&Recipient> {
        self.recipients
            .iter()
            .find(|recipient| recipient.is_named_by(handle))
    }

    /// Returns the owner of the key that a handle names, if known.
    fn label(&self, handle: &KeyHandle) -> Option<&str> {
        match self.certificate(handle) {
            Some(certificate) => Some(certificate.label()),
            None => self.keyring.find(handle)?.label(),
        }
    }

    /// Returns the key file that opens what is sealed to a handle.
    fn key(&self, handle: &KeyHandle) -> Option<String> {
        let identity = self.keyring.find(handle)?;
        let source = identity.source().display();
        Some(match identity.is_presumed() {
            true => format!("{source} (by the certificate next to it)"),
            false => source.to_string(),
        })
    }

    /// Returns a line for each recipient of a message.
    pub fn lines(&self, envelope: &Envelope) -> Vec<String> {
        let named = envelope.recipients().map(|(handle, unsupported)| {
            let line = self.line(handle);
            match unsupported {
                Some(what) => format!("{line}  ({}, not supported)", safe(what)),
                None => line,
            }
        });
        let others = envelope.others.iter();
        let others = others.map(|what| format!("{} (not supported)", safe(what)));
        named.chain(others).collect()
    }

    /// Returns one line: fingerprint, name and your key.
    fn line(&self, handle: &KeyHandle) -> String {
        let mut line = safe(&handle.to_string()).into_owned();
        if let Some(label) = self.label(handle) {
            line.push_str("  ");
            line.push_str(&safe(label));
        }
        if let Some(certificate) = self.certificate(handle) {
            let source = certificate.source().display().to_string();
            line.push_str(&format!(" ({})", safe(&source)));
        }
        if let Some(key) = self.key(handle) {
            line.push_str("  your key: ");
            line.push_str(&safe(&key));
        }
        line
    }

    /// Returns the facts of the recipients of a message that have a name.
    pub fn facts<'a>(&'a self, envelope: &'a Envelope) -> Vec<HandleFacts<'a>> {
        let facts = |(handle, unsupported): (&'a KeyHandle, Option<&'a str>)| HandleFacts {
            handle: handle.into(),
            unsupported,
            label: self.label(handle),
            certificate: self.certificate(handle).map(|c| PathFact(c.source())),
            key: self.key(handle),
        };
        envelope.recipients().map(facts).collect()
    }
}

/// A recipient of a message, and what is known of it.
#[derive(Serialize)]
pub struct HandleFacts<'a> {
    #[serde(flatten)]
    handle: Handle<'a>,
    unsupported: Option<&'a str>,
    label: Option<&'a str>,
    certificate: Option<PathFact<'a>>,
    key: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Handle<'a> {
    Fingerprint { fingerprint: String },
    KeyId { key_id: &'a str },
    Hidden { hidden: bool },
    IssuerAndSerial { issuer: String, serial: String },
    SubjectKeyId { subject_key_id: String },
}

impl<'a> From<&'a KeyHandle> for Handle<'a> {
    fn from(handle: &'a KeyHandle) -> Self {
        match handle {
            KeyHandle::Fingerprint(fingerprint) => Self::Fingerprint {
                fingerprint: fingerprint.to_string(),
            },
            KeyHandle::KeyId(id) => Self::KeyId { key_id: id },
            KeyHandle::Hidden => Self::Hidden { hidden: true },
            KeyHandle::IssuerAndSerial(certificate) => Self::IssuerAndSerial {
                issuer: certificate.issuer(),
                serial: certificate.serial(),
            },
            KeyHandle::SubjectKeyId(id) => Self::SubjectKeyId {
                subject_key_id: id.to_string(),
            },
        }
    }
}

/// Returns a private key's algorithm, and whether it's locked.
pub fn key_line(identity: &Identity) -> String {
    let algorithm = identity
        .algorithm()
        .unwrap_or("algorithm unknown while locked");
    match identity.is_locked() {
        true => format!("{algorithm}, locked by a passphrase"),
        false => format!("{algorithm}, not locked"),
    }
}

/// The number of recipients that a summary names.
const NAMED: usize = 6;

/// Returns the recipients in one line: their number and names, with the file
/// where two have the same name.
pub fn recipients_line(recipients: &Recipients) -> String {
    let mut certificates: Vec<(&str, &Path)> = Vec::new();
    for recipient in recipients.iter() {
        let certificate = (recipient.label(), recipient.source());
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    let is_shared = |label: &str| certificates.iter().filter(|(l, _)| *l == label).count() > 1;
    let names = certificates
        .iter()
        .take(NAMED)
        .map(|(label, source)| match is_shared(label) {
            true => format!("{label} in {}", source.display()),
            false => (*label).to_owned(),
        });
    let names: Vec<String> = names.collect();
    let more = match certificates.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let number = count(recipients.iter().count() as u64, "recipient");
    format!("{number} ({}{more})", names.join(", "))
}
