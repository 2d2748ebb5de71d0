//! The legacy layout: the arguments, and where its key comes from.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use crate::cli::error::Error;
use callseal::fields::legacy::{AesCbcKey, AesCbcKeyError, KeyForm};
use clap::Args;

use crate::cli::exposed_keys::warn_of_file;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;

/// How keys are given.
const HINT: &str = "give it with --key-file FILE, or --key-env NAME for the variable NAME that holds it, and say with --key-form whether it's raw, hex or text";

/// The legacy layout, and its key.
#[derive(Debug, Args)]
#[group(skip)]
pub struct LegacyArgs {
    /// Legacy, and not authenticated: AES-CBC under a shared key, for peers
    /// that know nothing else
    #[arg(long)]
    legacy_aes_cbc: bool,
    /// The environment variable with the key of --legacy-aes-cbc
    #[arg(
        long,
        value_name = "NAME",
        requires = "legacy_aes_cbc",
        conflicts_with = "key_file"
    )]
    key_env: Option<OsString>,
    /// The file with the key of --legacy-aes-cbc
    #[arg(long, value_name = "FILE", requires = "legacy_aes_cbc")]
    key_file: Option<PathBuf>,
    /// How that key is written: raw (16, 24 or 32 bytes), hex (their digits),
    /// or text (as many characters, taken as bytes)
    // Any text is taken, as clap would show a key that's put here.
    #[arg(long, value_name = "raw|hex|text", requires = "legacy_aes_cbc")]
    key_form: Option<OsString>,
}

impl LegacyArgs {
    /// Whether the legacy layout is wanted.
    pub fn is_wanted(&self) -> bool {
        self.legacy_aes_cbc
    }

    /// The key, if the legacy layout is wanted. No message shows it, nor what
    /// may have been given in its place by mistake.
    pub fn key(&self, ui: &Ui) -> Result<Option<AesCbcKey>, Failure> {
        if !self.legacy_aes_cbc {
            return Ok(None);
        }
        let form = self.form()?;
        let (key, source) = match (&self.key_file, &self.key_env) {
            (Some(path), _) => {
                let key = AesCbcKey::load(path, form);
                if let Err(AesCbcKeyError::Unreadable(error)) = key {
                    if error.kind() == io::ErrorKind::NotFound {
                        return Err(Failure::usage(
                            "the file that --key-file names is not there",
                            HINT,
                        ));
                    }
                    return Err(Error::reading(path, error).into());
                }
                (key, path.display().to_string())
            }
            (None, Some(name)) => {
                let Some(value) = std::env::var_os(name) else {
                    return Err(Failure::usage(
                        "the environment variable that --key-env names is not set",
                        HINT,
                    ));
                };
                let value = zeroize::Zeroizing::new(value.into_encoded_bytes());
                (
                    AesCbcKey::new(&value, form),
                    name.to_string_lossy().into_owned(),
                )
            }
            (None, None) => return Err(Failure::usage("no key is given", HINT)),
        };
        let key = key.map_err(|error| {
            Failure::usage(
                format!("{source}: the key in it can't be used: {error}"),
                HINT,
            )
        })?;
        if key.is_exposed()
            && let Some(path) = &self.key_file
        {
            warn_of_file(path, ui);
        }
        Ok(Some(key))
    }

    fn form(&self) -> Result<KeyForm, Failure> {
        let form = self.key_form.as_ref().and_then(|form| form.to_str());
        match form {
            Some("raw") => Ok(KeyForm::Raw),
            Some("hex") => Ok(KeyForm::Hex),
            Some("text") => Ok(KeyForm::Text),
            _ => Err(Failure::usage(
                "--key-form must say how the key is written: raw, hex or text",
                "hex are the digits of its bytes; text are characters that are the bytes themselves, be they digits too",
            )),
        }
    }
}

/// What is said to whoever gives a key as an argument.
pub fn refuse_key() -> Failure {
    Failure::usage(
        "a key of --legacy-aes-cbc is not taken from the command line, where every user of the machine can see it",
        HINT,
    )
}

/// What is said where there is no file of documents: its name may be a key,
/// given behind --legacy-aes-cbc by mistake.
pub fn refuse_file() -> Failure {
    Failure::usage(
        "the file of documents is not there",
        format!("--legacy-aes-cbc takes no key behind it: {HINT}"),
    )
}

/// What is said where recipients or passphrases are given, of which the legacy
/// layout knows nothing.
pub fn refuse_parties(what: &str) -> Failure {
    Failure::usage(
        format!("--legacy-aes-cbc has one shared key, and no {what}"),
        "leave one of the two out",
    )
}
