//! One party to what is sealed, and its certificates of all ages.

use std::fmt;
use std::path::PathBuf;

use super::certificate_place::CertificatePlace;
use super::recipient::{CertificateKind, Recipient};
use super::refusal::{RecipientError, Refusal};
use super::requirements::Requirements;

/// One owner of certificates, who can open what is sealed: with one certificate,
/// or with any valid one of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    name: Option<String>,
    places: Vec<CertificatePlace>,
    pins: Vec<Pin>,
}

/// The fingerprint that a certificate must have: 40 or 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// Takes a fingerprint in upper or lower case, with or without blanks and
    /// colons between the digits; or all of the line in which `openssl x509` shows
    /// the SHA-256.
    pub fn new(text: &str) -> Option<Self> {
        let text = match text.split_once('=') {
            Some((what, digits)) if what.eq_ignore_ascii_case("sha256 Fingerprint") => digits,
            _ => text,
        };
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex && matches!(digits.len(), 40 | 64)).then_some(Self(digits))
    }

    /// Returns whether it is the fingerprint of the recipient's key, or of its
    /// certificate.
    fn fits(&self, recipient: &Recipient) -> bool {
        recipient.fingerprint().to_string() == self.0
            || recipient.certificate_fingerprint() == Some(&self.0)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A certificate of a party, and the verdict on it.
#[derive(Debug)]
pub struct Examined {
    /// The file.
    pub path: PathBuf,
    /// Its recipients, or why it can't be used.
    pub verdict: Result<Vec<Recipient>, Refusal>,
}

impl Party {
    /// Creates a party with this one certificate.
    pub fn with_certificate(path: impl Into<PathBuf>) -> Self {
        Self {
            name: None,
            places: vec![CertificatePlace::File(path.into())],
            pins: Vec::new(),
        }
    }

    /// Creates a party with certificates of several ages: in files, in
    /// directories (their files that end in crt, cer, pem, der, pub, asc, pgp
    /// or gpg), or where patterns match (`*` and `?` stay within a directory,
    /// `**` crosses up to 8 of them). Each pattern comes with the directory
    /// that it's relative to.
    pub fn with_certificates(
        name: impl Into<String>,
        patterns: impl IntoIterator<Item = (PathBuf, String)>,
    ) -> Self {
        let places = patterns
            .into_iter()
            .map(|(below, pattern)| CertificatePlace::Search { below, pattern });
        Self {
            name: Some(name.into()),
            places: places.collect(),
            pins: Vec::new(),
        }
    }

    /// Pins the party: every certificate that is used must have one of these
    /// fingerprints.
    pub fn pinned_to(self, pins: Vec<Pin>) -> Self {
        Self { pins, ..self }
    }

    /// Returns the fingerprints of which its certificates must have one, if it
    /// is pinned.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Returns its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the places of its certificates: files, directories and patterns.
    pub fn places(&self) -> impl Iterator<Item = PathBuf> {
        self.places.iter().map(CertificatePlace::path)
    }

    /// Returns the files of its certificates, whatever their age: at least one.
    ///
    /// # Errors
    ///
    /// A directory can't be read or holds no certificate, or nothing matches a
    /// pattern.
    pub fn files(&self) -> Result<Vec<PathBuf>, RecipientError> {
        let mut files: Vec<PathBuf> = Vec::new();
        for place in &self.places {
            let found = place.files().map_err(|fault| fault.of(self.to_string()))?;
            for file in found {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }

    /// Judges each of its certificates.
    ///
    /// # Errors
    ///
    /// As [`Party::files`].
    pub fn examine(&self, requirements: &Requirements) -> Result<Vec<Examined>, RecipientError> {
        let files = self.files()?.into_iter();
        let examined = files.map(|path| Examined {
            verdict: Recipient::load(&path, requirements)
                .and_then(|found| self.vouch(found, requirements)),
            path,
        });
        Ok(examined.collect())
    }

    /// Checks the fingerprints, if the party is pinned.
    fn vouch(
        &self,
        found: Vec<Recipient>,
        requirements: &Requirements,
    ) -> Result<Vec<Recipient>, Refusal> {
        for recipient in &found {
            let subject = || recipient.label().to_owned();
            let is_pinned = self.pins.iter().any(|pin| pin.fits(recipient));
            if !self.pins.is_empty() && !is_pinned {
                return Err(Refusal::OtherFingerprint {
                    subject: subject(),
                    found: recipient.fingerprint().to_string(),
                    certificate: recipient.certificate_fingerprint().map(Into::into),
                });
            }
            let is_openpgp = recipient.kind() == CertificateKind::OpenPgp;
            if requirements.ca().is_some() && is_openpgp && !is_pinned {
                return Err(Refusal::NotPinned { subject: subject() });
            }
        }
        Ok(found)
    }
}

/// Certificates that can't be used, and why.
type LeftOut = Vec<(PathBuf, Refusal)>;

/// Returns the recipients of a party: those of all its valid certificates, of
/// which there must be at least one. A certificate with any fault other than
/// its time is an error: its owner may rely on it.
pub(super) fn usable(
    party: &Party,
    examined: Vec<Examined>,
) -> Result<(Vec<Recipient>, LeftOut), RecipientError> {
    let mut usable = Vec::new();
    let mut lapsed = Vec::new();
    for Examined { path, verdict } in examined {
        match verdict {
            Ok(found) => usable.extend(found),
            Err(refusal) if refusal.is_lapse() => lapsed.push((path, refusal)),
            Err(refusal) => return Err(RecipientError::Refused { path, refusal }),
        }
    }
    refuse_issuer(&usable)?;
    if !usable.is_empty() {
        return Ok((usable, lapsed));
    }
    Err(match lapsed.pop() {
        Some((path, refusal)) if lapsed.is_empty() => RecipientError::Refused { path, refusal },
        last => RecipientError::NoneValid {
            party: party.to_string(),
            refusals: lapsed.into_iter().chain(last).collect(),
        },
    })
}

/// Refuses a party that lists a root which vouches for another of its
/// certificates: it was listed by mistake.
fn refuse_issuer(recipients: &[Recipient]) -> Result<(), RecipientError> {
    let is_root = |recipient: &&Recipient| {
        let chain = recipient.chain();
        chain.is_some_and(|chain| chain.issuers.is_empty())
    };
    for root in recipients.iter().filter(is_root) {
        let below = recipients.iter().find(|other| {
            let mut issuers = other.chain().into_iter().flat_map(|chain| &chain.issuers);
            issuers.any(|ca| ca.subject == root.label())
        });
        if let Some(below) = below {
            return Err(RecipientError::Refused {
                path: root.source().to_owned(),
                refusal: Refusal::Issuer {
                    subject: root.label().to_owned(),
                    issued: below.label().to_owned(),
                },
            });
        }
    }
    Ok(())
}

/// Shows its name, or without one the place of its certificate.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.places().next()) {
            (Some(name), _) => f.write_str(name),
            (None, Some(place)) => place.display().fmt(f),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_may_be_written_as_openssl_and_gnupg_do() {
        let digits = "0123456789ABCDEF0123456789ABCDEF01234567";
        let with_blanks = "0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567";
        assert_eq!(Pin::new(digits), Some(Pin(digits.into())));
        assert_eq!(Pin::new(with_blanks), Some(Pin(digits.into())));
        assert!(Pin::new(&["AB"; 32].join(":")).is_some());
        for wrong in ["", "0123456789ABCDEF", &digits.replace('F', "G")] {
            assert_eq!(Pin::new(wrong), None, "{wrong}");
        }
    }
}
