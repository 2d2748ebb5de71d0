//! What `callseal.toml` says about signatures.

use std::path::PathBuf;

use toml::Spanned;

use super::schema::{self, Paths, SignerEntry};
use super::{ConfigError, Place, SIGNING_TIME_CHOICES, Trust, resolve};
use crate::keys::{Pin, SignerName, SigningTime};

/// What a profile says about signatures.
pub(super) struct Signing {
    pub signers: Vec<SignerName>,
    pub required: bool,
    pub time: SigningTime,
}

impl Place<'_> {
    /// Returns the keys that sign.
    pub(super) fn signing_keys(&self, paths: Spanned<Paths>) -> Result<Vec<PathBuf>, ConfigError> {
        let line = self.line(&paths);
        let paths = match paths.into_inner() {
            Paths::One(path) => vec![(line, path)],
            Paths::Many(list) => list
                .into_iter()
                .map(|path| (self.line(&path), path.into_inner()))
                .collect(),
        };
        let keys = paths.into_iter().map(|(line, path)| match path.is_empty() {
            true => Err(ConfigError::EmptySigningKey {
                file: self.source.to_owned(),
                line,
            }),
            false => Ok(resolve(&path, self.source)),
        });
        keys.collect()
    }

    /// Returns the signers of a profile, and how their signatures count. What
    /// would have no effect without signers is refused: somebody may rely on it.
    pub(super) fn signing(
        &self,
        name: &str,
        table: &mut schema::Profile,
        trust: &Trust,
    ) -> Result<Signing, ConfigError> {
        let (file, profile) = (|| self.source.to_owned(), || name.to_owned());
        let signers = match table.signers.take() {
            Some(list) => self.signers(name, list, trust)?,
            None => Vec::new(),
        };
        if signers.is_empty() {
            if let Some(required) = table.require_signature.as_ref().filter(|it| *it.get_ref()) {
                return Err(ConfigError::SignersMissing {
                    file: file(),
                    line: self.line(required),
                    profile: profile(),
                });
            }
            if let Some(time) = &table.signing_time {
                return Err(ConfigError::SigningTimeIdle {
                    file: file(),
                    line: self.line(time),
                    profile: profile(),
                });
            }
        }
        let required = table.require_signature.take().map(Spanned::into_inner);
        let time = table.signing_time.take();
        Ok(Signing {
            signers,
            required: required.unwrap_or_default(),
            time: self.choice("signing-time", time, SIGNING_TIME_CHOICES)?,
        })
    }

    fn signers(
        &self,
        profile: &str,
        list: Spanned<Vec<Spanned<SignerEntry>>>,
        trust: &Trust,
    ) -> Result<Vec<SignerName>, ConfigError> {
        if list.get_ref().is_empty() {
            return Err(ConfigError::NoSigners {
                file: self.source.to_owned(),
                line: self.line(&list),
                profile: profile.to_owned(),
            });
        }
        let list = list.into_inner().into_iter();
        list.map(|entry| self.signer(profile, entry, trust))
            .collect()
    }

    fn signer(
        &self,
        profile: &str,
        entry: Spanned<SignerEntry>,
        trust: &Trust,
    ) -> Result<SignerName, ConfigError> {
        let line = self.line(&entry);
        let (file, profile) = (|| self.source.to_owned(), || profile.to_owned());
        let text = match entry.get_ref() {
            SignerEntry::Name(text) => text,
            SignerEntry::Subject(table) => &table.subject,
        };
        if text.trim().is_empty() {
            return Err(ConfigError::EmptySigner {
                file: file(),
                line,
                profile: profile(),
            });
        }
        match (entry.into_inner(), trust) {
            (SignerEntry::Name(text), _) => Ok(match Pin::new(&text) {
                Some(pin) => SignerName::Fingerprint(pin),
                None => SignerName::Certificate(resolve(&text, self.source)),
            }),
            (SignerEntry::Subject(table), Trust::Ca { .. }) => {
                Ok(SignerName::Subject(table.subject))
            }
            // Anybody can make a certificate with that subject.
            (SignerEntry::Subject(table), Trust::Listed) => Err(ConfigError::SubjectWithoutCa {
                file: file(),
                line,
                profile: profile(),
                subject: table.subject,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
