//! `callseal.toml`, the config of our own.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use toml::Spanned;

use super::{Config, ConfigError, Profile, line_at, resolve};

/// The file as it stands, each value with its place.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    default_profile: Option<Spanned<String>>,
    keys: Vec<Spanned<String>>,
    compress: Option<Spanned<String>>,
    format: Option<Spanned<String>>,
    profiles: BTreeMap<String, Spanned<Table>>,
}

/// One `[profiles.NAME]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    recipients: Option<Spanned<Vec<Spanned<String>>>>,
}

pub(super) fn parse(text: &str, source: &Path) -> Result<Config, ConfigError> {
    let place = Place { text, source };
    let parser = toml::Deserializer::parse(text).map_err(|e| place.syntax(&e))?;
    let file = File::deserialize(parser).map_err(|e| place.schema(&e))?;

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

    Ok(Config {
        source: source.to_owned(),
        default_profile: file.default_profile.map(Spanned::into_inner),
        keys: keys.collect::<Result<_, _>>()?,
        compress: place.choice("compress", file.compress, &["auto", "none", "deflate"])?,
        format: place.choice("format", file.format, &["auto", "rfc4880", "rfc9580"])?,
        profiles,
    })
}

/// Where we are, for errors.
struct Place<'a> {
    text: &'a str,
    source: &'a Path,
}

impl Place<'_> {
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

    /// The text is TOML but not of our shape.
    fn schema(&self, error: &toml::de::Error) -> ConfigError {
        let file = self.source.to_owned();
        let line = self.line_of(error);
        // serde hands over the key, and which ones it knows, in words only.
        match unknown_key(error.message()) {
            Some((key, known)) => ConfigError::UnknownKey {
                file,
                line,
                key,
                known,
            },
            None => ConfigError::WrongType {
                file,
                line,
                detail: on_one_line(error.message()),
            },
        }
    }

    fn profile(&self, name: &str, table: Spanned<Table>) -> Result<Profile, ConfigError> {
        let line = match &table.get_ref().recipients {
            Some(recipients) => self.line(recipients),
            None => self.line(&table),
        };
        let recipients = match table.into_inner().recipients {
            Some(recipients) => recipients.into_inner(),
            None => Vec::new(),
        };
        if recipients.is_empty() {
            return Err(ConfigError::NoRecipients {
                file: self.source.to_owned(),
                line,
                profile: name.to_owned(),
            });
        }
        let recipients = recipients.into_iter().map(|recipient| {
            if recipient.get_ref().is_empty() {
                return Err(ConfigError::EmptyRecipient {
                    file: self.source.to_owned(),
                    line: self.line(&recipient),
                    profile: name.to_owned(),
                });
            }
            Ok(resolve(recipient.get_ref(), self.source))
        });
        Ok(Profile {
            recipients: recipients.collect::<Result<_, _>>()?,
        })
    }

    /// The value of a key that has a few words to choose from.
    fn choice<T>(
        &self,
        key: &'static str,
        value: Option<Spanned<String>>,
        known: &'static [&'static str],
    ) -> Result<T, ConfigError>
    where
        T: Default + for<'de> Deserialize<'de>,
    {
        let Some(value) = value else {
            return Ok(T::default());
        };
        let word: StrDeserializer<'_, ValueError> = value.get_ref().as_str().into_deserializer();
        T::deserialize(word).map_err(|_| ConfigError::UnknownValue {
            file: self.source.to_owned(),
            line: self.line(&value),
            key,
            value: value.get_ref().clone(),
            known,
        })
    }
}

/// The key that serde found unknown, and those that it knows in that place.
fn unknown_key(message: &str) -> Option<(String, Vec<String>)> {
    let (key, expected) = message
        .strip_prefix("unknown field `")?
        .rsplit_once("`, expected ")?;
    let known = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((key.to_owned(), known.collect()))
}

/// The parser's messages may quote what they found, line ends included.
fn on_one_line(message: &str) -> String {
    let words: Vec<&str> = message
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Compression, Format};
    use super::*;
    use std::path::PathBuf;

    fn read(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/callseal/callseal.toml"))
    }

    fn refused(text: &str) -> ConfigError {
        match read(text) {
            Ok(config) => panic!("accepted as {config:?}"),
            Err(error) => error,
        }
    }

    #[test]
    fn everything_that_can_be_said_is_understood() {
        let config = read(
            r#"
            default-profile = "acme"
            keys = ["keys/", 'C:\keys']           # files and directories
            compress = "deflate"
            format = "rfc4880"

            [profiles.acme]
            recipients = ["customer.crt", "/etc/lumenvox/www/certs/lumenvox.crt"]

            [profiles."two words"]
            recipients = ["other.crt"]
            "#,
        )
        .unwrap();
        assert_eq!(config.source, Path::new("/etc/callseal/callseal.toml"));
        assert_eq!(config.default_profile.as_deref(), Some("acme"));
        assert_eq!(
            config.keys,
            [Path::new("/etc/callseal/keys/"), Path::new(r"C:\keys")]
        );
        assert_eq!(config.compress, Compression::Deflate);
        assert_eq!(config.format, Format::Rfc4880);
        assert_eq!(config.profiles.len(), 2);
        assert_eq!(
            config.profiles["acme"].recipients,
            [
                PathBuf::from("/etc/callseal/customer.crt"),
                PathBuf::from("/etc/lumenvox/www/certs/lumenvox.crt"),
            ]
        );
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = read("").unwrap();
        assert_eq!(config.default_profile, None);
        assert!(config.keys.is_empty());
        assert_eq!(config.compress, Compression::Auto);
        assert_eq!(config.format, Format::Auto);
        assert!(config.profiles.is_empty());
    }

    #[test]
    fn every_word_of_a_choice_is_known() {
        for (word, compress) in [
            ("auto", Compression::Auto),
            ("none", Compression::None),
            ("deflate", Compression::Deflate),
        ] {
            let config = read(&format!("compress = '{word}'")).unwrap();
            assert_eq!(config.compress, compress);
        }
        for (word, format) in [
            ("auto", Format::Auto),
            ("rfc4880", Format::Rfc4880),
            ("rfc9580", Format::Rfc9580),
        ] {
            let config = read(&format!("format = '{word}'")).unwrap();
            assert_eq!(config.format, format);
        }
    }

    #[test]
    fn another_word_for_a_choice_is_refused_with_the_known_ones() {
        let error = refused("keys = []\ncompress = \"gzip\"");
        assert!(matches!(
            error,
            ConfigError::UnknownValue {
                line: 2,
                key: "compress",
                ..
            }
        ));
        assert_eq!(
            error.to_string(),
            "/etc/callseal/callseal.toml:2: compress cannot be \"gzip\""
        );
        assert_eq!(error.hint().unwrap(), "it can be auto, none, deflate");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = refused("# one\n\ndefault_profile = 'acme'\n");
        match &error {
            ConfigError::UnknownKey { line, key, .. } => {
                assert_eq!((*line, key.as_str()), (3, "default_profile"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(
            error.hint().unwrap(),
            "known here: default-profile, keys, compress, format, profiles"
        );
    }

    #[test]
    fn an_unknown_key_of_a_profile_is_named_with_its_line() {
        let error = refused("[profiles.acme]\r\nrecipients = ['a.crt']\r\nrecipient = 'b.crt'\r\n");
        match &error {
            ConfigError::UnknownKey { line, key, .. } => {
                assert_eq!((*line, key.as_str()), (3, "recipient"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(error.hint().unwrap(), "known here: recipients");
    }

    #[test]
    fn what_is_not_toml_is_refused_with_its_line() {
        let error = refused("keys = []\n\nkeys = [\n");
        assert!(
            matches!(error, ConfigError::Syntax { line: 3 | 4, .. }),
            "{error}"
        );
        let error = refused("keys = ['a'");
        assert!(
            matches!(error, ConfigError::Syntax { line: 1, .. }),
            "{error}"
        );
        let error = refused("keys = []\nkeys = []\n");
        assert!(
            matches!(error, ConfigError::Syntax { line: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_windows_path_in_double_quotes_gets_a_hint_about_quotes() {
        for text in [r#"keys = ["C:\Program Files"]"#, r"keys = C:\certs"] {
            let hint = refused(text).hint().unwrap();
            assert!(hint.contains("single quotes"), "{hint}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_line() {
        for text in [
            "\nkeys = 3",
            "\nkeys = [\"a\", 3]",
            "\nprofiles = 'acme'",
            "\nprofiles.acme = ['a.crt']",
            "[profiles.acme]\nrecipients = 'a.crt'",
        ] {
            let error = refused(text);
            assert!(
                matches!(error, ConfigError::WrongType { line: 2, .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_default_profile_that_is_not_there_is_refused_with_its_line() {
        let error = refused("\ndefault-profile = 'acne'\n[profiles.acme]\nrecipients = ['a.crt']");
        match &error {
            ConfigError::UnknownDefaultProfile { line, name, .. } => {
                assert_eq!((*line, name.as_str()), (2, "acne"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(error.hint().unwrap(), "the only profile is \"acme\"");
    }

    #[test]
    fn a_profile_without_recipients_is_refused_by_name() {
        for text in [
            "[profiles.zenith]\nrecipients = ['z.crt']\n[profiles.acme]\n",
            "\n\n[profiles.acme]",
            "[profiles.acme]\n\nrecipients = []",
        ] {
            match refused(text) {
                ConfigError::NoRecipients { line, profile, .. } => {
                    assert_eq!((line, profile.as_str()), (3, "acme"), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_empty_path_is_refused_with_its_line() {
        match refused("[profiles.acme]\nrecipients = [\n  'a.crt',\n  '',\n]") {
            ConfigError::EmptyRecipient { line, profile, .. } => {
                assert_eq!((line, profile.as_str()), (4, "acme"));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            refused("keys = ['']"),
            ConfigError::EmptyKey { line: 1, .. }
        ));
    }
}
