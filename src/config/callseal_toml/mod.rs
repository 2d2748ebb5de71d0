//! `callseal.toml`, callseal's own config.

mod schema;
mod signers;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::keys::{MinRsaBits, Party, Pin};
use crate::message::{Compression, Format};

use self::schema::{OneOrMany, PartyTable, RecipientEntry};
use super::client_property::SETTING;
use super::{
    Config, ConfigError, INDEX_CHOICES, Profile, SIGNING_TIME_CHOICES, Trust, base, line_at,
    resolve,
};

/// The words for [`Trust`].
#[derive(Clone, Copy, Default)]
enum TrustWord {
    #[default]
    Listed,
    Ca,
}

pub(super) fn parse(text: &str, source: &Path) -> Result<Config, ConfigError> {
    let place = Place { text, source };
    let parser = toml::Deserializer::parse(text).map_err(|e| place.syntax(&e))?;
    let file = schema::File::deserialize(parser).map_err(|e| place.schema(&e))?;

    let profiles = file
        .profiles
        .into_iter()
        .map(|(name, table)| {
            let profile = place.profile(&name, table)?;
            Ok((name, profile))
        })
        .collect::<Result<BTreeMap<_, _>, ConfigError>>()?;

    if let Some(name) = &file.default_profile
        && !profiles.contains_key(name.get_ref())
    {
        return Err(ConfigError::UnknownDefaultProfile {
            file: source.to_owned(),
            line: place.line(name),
            name: name.get_ref().clone(),
            known: profiles.keys().cloned().collect(),
        });
    }

    let keys = file.keys.into_iter().map(|key| {
        if key.get_ref().is_empty() {
            return Err(ConfigError::EmptyKey {
                file: source.to_owned(),
                line: place.line(&key),
            });
        }
        Ok(resolve(key.get_ref(), source))
    });
    let sign = file.sign.map(|paths| place.signing_keys(paths));

    let format_line = file.format.as_ref().map(|format| place.line(format));
    let format = place.choice("format", file.format, Format::CHOICES)?;
    let watches = place.watches(file.watch, &profiles)?;
    if let (Some(Format::Cms), Some(line), [_, ..]) = (format, format_line, watches.as_slice()) {
        let reason =
            "its messages aren't authenticated, so a [[watch]] can't bundle them: use cms-gcm";
        return Err(place.refused(line, "format", "cms", reason));
    }
    Ok(Config {
        source: source.to_owned(),
        default_profile: file.default_profile.map(Spanned::into_inner),
        keys: keys.collect::<Result<_, _>>()?,
        sign: sign.transpose()?.unwrap_or_default(),
        compress: place.choice("compress", file.compress, Compression::CHOICES)?,
        format,
        without_index: place.choice("index", file.index, INDEX_CHOICES)?,
        min_rsa_bits: place.min_rsa_bits(file.min_rsa_bits)?,
        metrics_file: place.metrics_file(file.metrics_file)?,
        watches,
        profiles,
    })
}

/// The place of the config, for errors.
struct Place<'a> {
    text: &'a str,
    source: &'a Path,
}

impl Place<'_> {
    /// The collector takes only files of this name.
    fn metrics_file(&self, path: Option<Spanned<String>>) -> Result<Option<PathBuf>, ConfigError> {
        let Some(path) = path else { return Ok(None) };
        let text = path.get_ref();
        match text.strip_suffix(".prom") {
            Some(name) if !name.is_empty() && !name.ends_with('/') => {
                Ok(Some(resolve(text, self.source)))
            }
            _ => {
                let reason = "expected a path that ends in .prom";
                Err(self.refused(self.line(&path), "metrics-file", text, reason))
            }
        }
    }

    fn line<T>(&self, value: &Spanned<T>) -> usize {
        line_at(self.text.as_bytes(), value.span().start)
    }

    fn line_of(&self, error: &toml::de::Error) -> usize {
        let start = error.span().map_or(0, |span| span.start);
        line_at(self.text.as_bytes(), start)
    }

    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        ConfigError::Syntax {
            file: self.source.to_owned(),
            line: self.line_of(error),
            detail: on_one_line(error.message()),
        }
    }

    /// Returns the error of TOML that has the wrong shape.
    fn schema(&self, error: &toml::de::Error) -> ConfigError {
        let file = self.source.to_owned();
        let line = self.line_of(error);
        // serde reports the key, and the keys that it knows, only in words.
        match unknown_key(error.message()) {
            Some((key, known)) => match self.secret(&key) {
                Some(key) => ConfigError::SecretKey { file, line, key },
                None => ConfigError::UnknownKey {
                    file,
                    line,
                    key,
                    known,
                },
            },
            None => ConfigError::WrongType {
                file,
                line,
                detail: words::wrong_type(
                    &without_text(&on_one_line(error.message())),
                    self.text.lines().nth(line.saturating_sub(1)),
                ),
            },
        }
    }

    /// Returns the name of an unknown setting that looks like a secret key,
    /// also in a table where somebody may expect it.
    fn secret(&self, key: &str) -> Option<String> {
        if is_secret(key) {
            return Some(key.to_owned());
        }
        let file: toml::Table = toml::from_str(self.text).ok()?;
        secret_below(&file.into(), Some(key))
    }

    fn profile(&self, name: &str, table: Spanned<schema::Profile>) -> Result<Profile, ConfigError> {
        let profile = || name.to_owned();
        let line = match &table.get_ref().recipients {
            Some(recipients) => self.line(recipients),
            None => self.line(&table),
        };
        let mut table = table.into_inner();
        let trust = self.trust(name, &mut table)?;
        let signing = self.signing(name, &mut table, &trust)?;
        let recipients = table.recipients.map(Spanned::into_inner);
        let recipients = recipients.unwrap_or_default();
        // Whoever only verifies seals to nobody.
        if recipients.is_empty() && signing.signers.is_empty() {
            return Err(ConfigError::NoRecipients {
                file: self.source.to_owned(),
                line,
                profile: profile(),
            });
        }
        let parties = recipients.into_iter().map(|entry| {
            let line = self.line(&entry);
            match entry.into_inner() {
                RecipientEntry::Certificate(path) if path.is_empty() => {
                    Err(ConfigError::EmptyRecipient {
                        file: self.source.to_owned(),
                        line,
                        profile: profile(),
                    })
                }
                RecipientEntry::Certificate(path) => {
                    Ok(Party::with_certificate(resolve(&path, self.source)))
                }
                RecipientEntry::Party(table) => self.party(name, table),
            }
        });
        Ok(Profile {
            parties: parties.collect::<Result<_, _>>()?,
            trust,
            signers: signing.signers,
            require_signature: signing.required,
            signing_time: signing.time,
        })
    }

    fn party(&self, profile: &str, table: PartyTable) -> Result<Party, ConfigError> {
        let file = || self.source.to_owned();
        let line = self.line(&table.certificates);
        let certificates = table.certificates.into_inner().0;
        if table.name.trim().is_empty() || certificates.iter().any(String::is_empty) {
            return Err(ConfigError::EmptyRecipient {
                file: file(),
                line,
                profile: profile.to_owned(),
            });
        }
        if certificates.is_empty() {
            return Err(ConfigError::NoRecipients {
                file: file(),
                line,
                profile: profile.to_owned(),
            });
        }
        let pins = match table.fingerprint {
            Some(fingerprints) => self.pins(fingerprints)?,
            None => Vec::new(),
        };
        let places = certificates
            .into_iter()
            .map(|pattern| (base(&pattern, self.source).to_owned(), pattern));
        Ok(Party::with_certificates(table.name, places).pinned_to(pins))
    }

    fn pins(&self, fingerprints: Spanned<OneOrMany>) -> Result<Vec<Pin>, ConfigError> {
        let line = self.line(&fingerprints);
        let refused = |value: &str| ConfigError::Fingerprint {
            file: self.source.to_owned(),
            line,
            value: value.to_owned(),
        };
        let texts = fingerprints.into_inner().0;
        if texts.is_empty() {
            return Err(refused(""));
        }
        let pins = texts
            .iter()
            .map(|text| Pin::new(text).ok_or_else(|| refused(text)));
        pins.collect()
    }

    fn trust(&self, name: &str, table: &mut schema::Profile) -> Result<Trust, ConfigError> {
        let files = |line, list: Vec<String>| {
            if list.is_empty() || list.iter().any(String::is_empty) {
                return Err(ConfigError::EmptyCaFile {
                    file: self.source.to_owned(),
                    line,
                    profile: name.to_owned(),
                });
            }
            Ok(list.iter().map(|path| resolve(path, self.source)).collect())
        };
        let line = table.trust.as_ref().map_or(0, |trust| self.line(trust));
        let word: TrustWord = self.choice(
            "trust",
            table.trust.take(),
            [("listed", TrustWord::Listed), ("ca", TrustWord::Ca)],
        )?;
        let ca = table
            .ca_file
            .take()
            .map(|ca| (self.line(&ca), ca.into_inner().0));
        let crl = table
            .crl_file
            .take()
            .map(|crl| (self.line(&crl), crl.into_inner().0));
        match (word, ca, crl) {
            (TrustWord::Listed, None, None) => Ok(Trust::Listed),
            (TrustWord::Listed, Some((line, _)), _)
            | (TrustWord::Listed, None, Some((line, _))) => Err(ConfigError::CaFileIdle {
                file: self.source.to_owned(),
                line,
                profile: name.to_owned(),
            }),
            (TrustWord::Ca, None, _) => Err(ConfigError::CaFileMissing {
                file: self.source.to_owned(),
                line,
                profile: name.to_owned(),
            }),
            (TrustWord::Ca, Some((line, ca)), crl) => Ok(Trust::Ca {
                ca_files: files(line, ca)?,
                crl_files: match crl {
                    Some((line, crl)) => files(line, crl)?,
                    None => Vec::new(),
                },
            }),
        }
    }

    fn min_rsa_bits(&self, bits: Option<Spanned<i64>>) -> Result<MinRsaBits, ConfigError> {
        let Some(bits) = bits else {
            return Ok(MinRsaBits::default());
        };
        let in_range = u32::try_from(*bits.get_ref())
            .ok()
            .and_then(MinRsaBits::new);
        in_range.ok_or_else(|| ConfigError::MinRsaBits {
            file: self.source.to_owned(),
            line: self.line(&bits),
            value: *bits.get_ref(),
        })
    }

    /// Returns the value of a key that has a fixed choice of words.
    fn choice<T: Default, const N: usize>(
        &self,
        key: &'static str,
        value: Option<Spanned<String>>,
        known: [(&'static str, T); N],
    ) -> Result<T, ConfigError> {
        let Some(value) = value else {
            return Ok(T::default());
        };
        let names = known.each_ref().map(|(name, _)| *name);
        let mut known = known.into_iter();
        match known.find(|(name, _)| name == value.get_ref()) {
            Some((_, choice)) => Ok(choice),
            None => Err(ConfigError::UnknownValue {
                file: self.source.to_owned(),
                line: self.line(&value),
                key,
                value: value.into_inner(),
                known: names.into(),
            }),
        }
    }
}

/// Returns the key that serde doesn't know, and those that it knows in that
/// place.
fn unknown_key(message: &str) -> Option<(String, Vec<String>)> {
    let (key, expected) = message
        .strip_prefix("unknown field `")?
        .rsplit_once("`, expected ")?;
    let known = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((key.to_owned(), known.collect()))
}

/// Returns the name of a setting that looks like a secret key, anywhere below,
/// or only below settings of that name.
fn secret_below(value: &toml::Value, unknown: Option<&str>) -> Option<String> {
    match value {
        toml::Value::Array(list) => list.iter().find_map(|value| secret_below(value, unknown)),
        toml::Value::Table(table) => table.iter().find_map(|(key, value)| match unknown {
            None if is_secret(key) => Some(key.clone()),
            unknown => secret_below(value, unknown.filter(|unknown| unknown != key)),
        }),
        _ => None,
    }
}

fn is_secret(key: &str) -> bool {
    let name = key.to_ascii_lowercase().replace('_', "-");
    let (_, last) = name.rsplit_once('-').unwrap_or_default();
    let is_elsewhere = ["file", "env", "form", "fd"].contains(&last);
    let is_setting = key.eq_ignore_ascii_case(SETTING);
    let says_so = ["secret", "password", "passphrase", "aes"];
    !is_elsewhere
        && !is_setting
        && (name.ends_with("key")
            || name.split('-').any(|word| word == "key")
            || says_so.iter().any(|word| name.contains(word)))
}

/// Returns the message without the text that was found instead of the expected:
/// it may contain a secret.
fn without_text(message: &str) -> String {
    match (message.split_once("string \""), message.rsplit_once("\", ")) {
        (Some((before, _)), Some((_, after))) => format!("{before}string, {after}"),
        _ => message.to_owned(),
    }
}

/// Puts it on one line: the parser's messages may quote what they found, line
/// ends included.
fn on_one_line(message: &str) -> String {
    let words: Vec<&str> = message
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
