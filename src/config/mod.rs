//! The settings of an installation: the profiles (named lists of recipients and
//! signers), the places of the keys, and how to pack.
//!
//! There are two kinds of config file, distinguished by name:
//!
//! - `client_property.conf`, the speech platform's own settings file, or any
//!   other name that ends in `.conf`;
//! - `callseal.toml`, or any other name.
//!
//! A config holds paths. Whether there is a certificate at a path is checked
//! when recipients or signers are loaded.

mod callseal_toml;
mod client_property;
mod error;
mod time_span;
mod watch;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use client_property::PROFILE_NAME as CLIENT_PROPERTY_PROFILE;
pub use error::ConfigError;
#[doc(hidden)]
pub use time_span::{NotATimeSpan, TimeSpan};
#[doc(hidden)]
pub use watch::{Bundle, Then, Watch};

use crate::files::input;
use crate::keys::{MinRsaBits, Party, SignerError, SignerName, Signers, SigningTime};
use crate::message::{Compression, Format};

/// The largest config that is read, in bytes (1 MiB).
///
/// The platform's own file has some tens of KiB, nearly all of it comments.
pub const MAX_SIZE: u64 = 1 << 20;

/// The words for whether archives are written without an index. An index needs
/// two or more OpenPGP messages.
#[doc(hidden)]
pub const INDEX_CHOICES: [(&str, bool); 2] = [("auto", false), ("none", true)];

/// The words for the time at which signers' certificates are judged.
#[doc(hidden)]
pub const SIGNING_TIME_CHOICES: [(&str, SigningTime); 2] = [
    ("ignored", SigningTime::Ignored),
    ("trusted", SigningTime::Trusted),
];

/// A config as read from one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file that it was read from, as named by the caller.
    pub source: PathBuf,
    /// The profile to use if none is named; one of `profiles`.
    pub default_profile: Option<String>,
    /// Files and directories with the keyring's identities.
    pub keys: Vec<PathBuf>,
    /// The private keys that sign the archives that are written.
    pub sign: Vec<PathBuf>,
    /// Whether files are compressed before they are sealed.
    pub compress: Compression,
    /// The kind of message that is written.
    pub format: Option<Format>,
    /// Whether archives are written without an index.
    pub without_index: bool,
    /// The minimum size of the recipients' RSA keys.
    pub min_rsa_bits: MinRsaBits,
    /// The profiles by name. May be empty: extraction needs none.
    pub profiles: BTreeMap<String, Profile>,
    /// Where a service writes metrics for Prometheus.
    #[doc(hidden)]
    pub metrics_file: Option<PathBuf>,
    /// The spools that a service watches.
    #[doc(hidden)]
    pub watches: Vec<Watch>,
}

/// A named list of recipients, of signers, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The parties that may open what is sealed, in the order of the file; none
    /// if the profile only has signers. Relative paths are resolved against the
    /// config's directory.
    pub parties: Vec<Party>,
    /// The authority that vouches for the certificates of recipients and
    /// signers.
    pub trust: Trust,
    /// The signers whose signatures count, in the order of the file; none if
    /// signatures aren't verified.
    pub signers: Vec<SignerName>,
    /// Whether only archives are opened that one of the signers has signed.
    pub require_signature: bool,
    /// The time at which the signers' certificates are judged.
    pub signing_time: SigningTime,
}

impl Profile {
    /// Loads the signers at the time of verification, with the CAs and CRLs of
    /// the profile. `None` if it has no signers.
    ///
    /// # Errors
    ///
    /// A certificate of a signer, or a file of CAs or CRLs, can't be used.
    pub fn load_signers(&self, at: SystemTime) -> Result<Option<Signers>, SignerError> {
        if self.signers.is_empty() {
            return Ok(None);
        }
        let ca = match &self.trust {
            Trust::Listed => None,
            Trust::Ca {
                ca_files,
                crl_files,
            } => Some((ca_files.as_slice(), crl_files.as_slice())),
        };
        Signers::load(&self.signers, ca, self.signing_time, at).map(Some)
    }
}

/// The authority that vouches for the certificates of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The administrator, by listing them.
    Listed,
    /// A CA: every X.509 certificate must chain to one of these.
    Ca {
        /// CA bundles: files or directories, at least one.
        ca_files: Vec<PathBuf>,
        /// Certificate revocation lists: files or directories.
        crl_files: Vec<PathBuf>,
    },
}

impl Config {
    /// Reads the config at `path`.
    ///
    /// # Errors
    ///
    /// If the file is missing, is a directory, is larger than [`MAX_SIZE`], is
    /// not UTF-8, or has anything that [`Config::parse`] refuses.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = read_bounded(path)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, path),
            Err(e) => Err(ConfigError::NotUtf8 {
                file: path.to_owned(),
                line: line_at(&bytes, e.valid_up_to()),
            }),
        }
    }

    /// Parses `text` as the contents of the file `source`, which is not read:
    /// its name decides which of the two formats this is, and relative paths
    /// are relative to its directory.
    ///
    /// # Errors
    ///
    /// If the text does not follow its format, has unknown keys, or contradicts
    /// itself.
    pub fn parse(text: &str, source: &Path) -> Result<Self, ConfigError> {
        // Editors on Windows put a byte order mark before UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.starts_with("-----BEGIN ") {
            let file = source.to_owned();
            return Err(ConfigError::IsPem { file });
        }
        if is_client_property(source) {
            client_property::parse(text, source)
        } else {
            callseal_toml::parse(text, source)
        }
    }

    /// Returns the profile called `name`. Without a name it is the default
    /// profile, or the only one.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or several might be meant.
    pub fn profile(&self, name: Option<&str>) -> Result<(&str, &Profile), ConfigError> {
        let Some(name) = name.or(self.default_profile.as_deref()) else {
            let mut all = self.profiles.iter();
            return match (all.next(), all.next()) {
                (Some((name, profile)), None) => Ok((name, profile)),
                (None, _) => Err(ConfigError::NoProfiles {
                    file: self.source.clone(),
                }),
                (Some(_), Some(_)) => Err(ConfigError::NoDefaultProfile {
                    file: self.source.clone(),
                    known: self.profile_names(),
                }),
            };
        };
        match self.profiles.get_key_value(name) {
            Some((name, profile)) => Ok((name, profile)),
            None => Err(ConfigError::UnknownProfile {
                file: self.source.clone(),
                name: name.to_owned(),
                known: self.profile_names(),
            }),
        }
    }

    fn profile_names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }
}

/// Reads all bytes of the file, at most [`MAX_SIZE`].
///
/// A file that isn't regular is read as well (`--config <(…)` in a shell is a
/// pipe), so the limit is on what is read and not on what the file system says.
fn read_bounded(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ConfigError::NotFound {
            file: path.to_owned(),
        },
        _ => ConfigError::Unreadable {
            file: path.to_owned(),
            error,
        },
    };
    // Before opening, since Windows cannot open a directory as a file.
    if std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(ConfigError::IsDirectory {
            file: path.to_owned(),
        });
    }
    let mut bytes = Vec::new();
    input::open(path)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(ConfigError::TooLarge {
            file: path.to_owned(),
            limit: MAX_SIZE,
        });
    }
    Ok(bytes)
}

/// Returns whether the name is that of the platform's own settings file.
fn is_client_property(source: &Path) -> bool {
    source.file_name().is_some_and(|name| {
        name.to_string_lossy()
            .to_ascii_lowercase()
            .ends_with(".conf")
    })
}

/// Returns the line, counted from 1, of the byte at `offset`.
fn line_at(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// Resolves `path` relative to the directory of the config `source`.
fn resolve(path: &str, source: &Path) -> PathBuf {
    base(path, source).join(path)
}

/// Returns the base of `path`: the directory of the config `source`.
///
/// Drive letters and UNC names are absolute on every system: a config copied
/// from a Windows server must not silently mean a file next to it on Linux.
fn base<'a>(path: &str, source: &'a Path) -> &'a Path {
    let windows_absolute = match path.as_bytes() {
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        [b'\\', b'\\', ..] => true,
        _ => false,
    };
    match source.parent() {
        Some(directory) if !windows_absolute => directory,
        _ => Path::new(""),
    }
}

#[cfg(test)]
mod tests;
