//! The arguments of the legacy layout, and its key.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use callseal::fields::legacy::{AesCbcKey, AesCbcKeyError, KeyForm};
use callseal::fields::{Selection, Streamed};
use clap::Args;

use super::select::SelectionArgs;
use crate::cli::error::Error;
use crate::cli::exposed_keys::warn_of_file;
use crate::cli::failure::Failure;
use crate::cli::ui::{Ui, count};

/// The hint on how to give the key.
const HINT: &str = "give it with --key-file FILE, or with --key-env NAME in the environment variable NAME, and set --key-form to raw, hex or text";

/// The hint on the forms of the key.
const FORMS: &str = "use hex for the digits of its bytes, and text for characters that are the bytes themselves, even if they are digits";

/// The options of the legacy layout and its key.
#[derive(Debug, Args)]
#[group(skip)]
pub struct LegacyArgs {
    /// Use the legacy layout for peers that support nothing else: AES-CBC under
    /// a shared key, not authenticated. It needs the key (--key-file or
    /// --key-env) and its form (--key-form)
    #[arg(long)]
    legacy_aes_cbc: bool,
    /// Take each text as a whole, rather than fields of JSON: sealed, it is one
    /// string of base64 on a line
    #[arg(long, requires = "legacy_aes_cbc", conflicts_with_all = ["fields", "fields_regex", "missing"])]
    bare: bool,
    /// The environment variable that holds the key for --legacy-aes-cbc
    #[arg(
        long,
        value_name = "NAME",
        requires = "legacy_aes_cbc",
        conflicts_with = "key_file"
    )]
    key_env: Option<OsString>,
    /// The file that holds the key for --legacy-aes-cbc
    #[arg(long, value_name = "FILE", requires = "legacy_aes_cbc")]
    key_file: Option<PathBuf>,
    /// The form of that key: raw (16, 24 or 32 bytes), hex (the digits of these
    /// bytes), or text (16, 24 or 32 characters, each one byte)
    // Any text is accepted: clap's error would show a key that was put here.
    #[arg(long, value_name = "raw|hex|text", requires = "legacy_aes_cbc")]
    key_form: Option<OsString>,
}

impl LegacyArgs {
    /// Returns whether the legacy layout is chosen.
    pub fn is_wanted(&self) -> bool {
        self.legacy_aes_cbc
    }

    /// Returns the selected fields; none with --bare, which takes no fields.
    pub fn selection(&self, fields: &SelectionArgs) -> Result<Option<Selection>, Failure> {
        match self.bare {
            true => Ok(None),
            false => fields.selection().map(Some),
        }
    }

    /// Returns how many were sealed or opened of what is sealed.
    pub fn counted(&self, done: &Streamed) -> String {
        match self.bare {
            true => count(done.fields, "string"),
            false => format!(
                "{} in {}",
                count(done.fields, "field"),
                count(done.changed, "document")
            ),
        }
    }

    /// Returns the key, if the legacy layout is chosen. No message shows it, or
    /// anything that was given instead by mistake.
    pub fn key(&self, ui: &Ui) -> Result<Option<AesCbcKey>, Failure> {
        if !self.legacy_aes_cbc {
            return Ok(None);
        }
        if self.key_file.is_none() && self.key_env.is_none() {
            return Err(Failure::usage(
                "--legacy-aes-cbc needs a key (--key-file or --key-env) and its form (--key-form raw, hex or text)",
                FORMS,
            ));
        }
        let form = self.form()?;
        let (key, source) = match (&self.key_file, &self.key_env) {
            (Some(path), _) => {
                let key = AesCbcKey::load(path, form);
                if let Err(AesCbcKeyError::Unreadable(error)) = key {
                    if error.kind() == io::ErrorKind::NotFound {
                        return Err(Failure::usage(
                            "the file given with --key-file does not exist",
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
                        "the environment variable given with --key-env is not set",
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
                "check the key and --key-form",
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
            _ => Err(Failure::usage("--key-form must be raw, hex or text", FORMS)),
        }
    }
}

/// Returns the failure for a key that is given as an argument.
pub fn refuse_key() -> Failure {
    Failure::usage(
        "-k can't be used with --legacy-aes-cbc, which uses a shared key",
        "use --key-file or --key-env",
    )
}

/// Returns the failure for a missing file of documents. It doesn't show the
/// name, which may be a key that was given after --legacy-aes-cbc by mistake.
pub fn refuse_file() -> Failure {
    Failure::usage(
        "the file of documents does not exist",
        format!("don't put the key after --legacy-aes-cbc: {HINT}"),
    )
}

/// Returns the failure for recipients or passphrases, which the legacy layout
/// doesn't have.
pub fn refuse_parties(what: &str) -> Failure {
    Failure::usage(
        format!("--legacy-aes-cbc uses one shared key and no {what}"),
        "leave out one of the two",
    )
}
