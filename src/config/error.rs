//! Why a config is refused.

use std::io;
use std::path::PathBuf;

use super::client_property::SETTING;
use crate::files::cause;

/// Why a config is refused, or a profile in it is not found.
///
/// Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what it is")]
pub enum ConfigError {
    #[error("{}: no such file", file.display())]
    NotFound { file: PathBuf },
    #[error("{}: it is a directory, not a config file", file.display())]
    IsDirectory { file: PathBuf },
    #[error("{}: cannot be read: {}", file.display(), cause(error))]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{}: it is larger than a config may be ({limit} bytes)", file.display())]
    TooLarge { file: PathBuf, limit: u64 },
    #[error("{}: it is a certificate or key, not a config", file.display())]
    IsPem { file: PathBuf },
    #[error("{}:{line}: not UTF-8 text", file.display())]
    NotUtf8 { file: PathBuf, line: usize },

    #[error("{}: it has no profiles", file.display())]
    NoProfiles { file: PathBuf },
    #[error("{}: it has several profiles and no default one", file.display())]
    NoDefaultProfile { file: PathBuf, known: Vec<String> },
    #[error("{}: no profile named {name:?}", file.display())]
    UnknownProfile {
        file: PathBuf,
        name: String,
        known: Vec<String>,
    },

    /// In `callseal.toml`.
    #[error("{}:{line}: not valid TOML: {detail}", file.display())]
    Syntax {
        file: PathBuf,
        line: usize,
        detail: String,
    },
    /// In `callseal.toml`. `known` are the keys that are allowed there.
    #[error("{}:{line}: unknown key {key:?}", file.display())]
    UnknownKey {
        file: PathBuf,
        line: usize,
        key: String,
        known: Vec<String>,
    },
    /// In `callseal.toml`: a setting with a secret in it, by its name.
    #[error("{}:{line}: {key:?} looks like a secret, which doesn't belong in the config", file.display())]
    SecretKey {
        file: PathBuf,
        line: usize,
        key: String,
    },
    /// In `callseal.toml`: a value of the wrong type.
    #[error("{}:{line}: {detail}", file.display())]
    WrongType {
        file: PathBuf,
        line: usize,
        detail: String,
    },
    /// In `callseal.toml`: a value that is not one of those known for `key`.
    #[error("{}:{line}: {key} cannot be {value:?}", file.display())]
    UnknownValue {
        file: PathBuf,
        line: usize,
        key: &'static str,
        value: String,
        known: Vec<&'static str>,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: default-profile names the profile {name:?}, which doesn't exist", file.display())]
    UnknownDefaultProfile {
        file: PathBuf,
        line: usize,
        name: String,
        known: Vec<String>,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has no recipients", file.display())]
    NoRecipients {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has an empty path among its recipients", file.display())]
    EmptyRecipient {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`: a pin that is not a fingerprint.
    #[error("{}:{line}: {value:?} is not a fingerprint", file.display())]
    Fingerprint {
        file: PathBuf,
        line: usize,
        value: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has trust = \"ca\" without a ca-file", file.display())]
    CaFileMissing {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has a ca-file or crl-file that its trust doesn't use", file.display())]
    CaFileIdle {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has an empty path for its CAs or CRLs", file.display())]
    EmptyCaFile {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: min-rsa-bits cannot be {value}", file.display())]
    MinRsaBits {
        file: PathBuf,
        line: usize,
        value: i64,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: there is an empty path among the keys", file.display())]
    EmptyKey { file: PathBuf, line: usize },
    /// In `callseal.toml`.
    #[error("{}:{line}: there is an empty path among the keys that sign", file.display())]
    EmptySigningKey { file: PathBuf, line: usize },
    /// In `callseal.toml`.
    #[error("{}:{line}: the list of signers of the profile {profile:?} is empty", file.display())]
    NoSigners {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has an empty text among its signers", file.display())]
    EmptySigner {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} names the signer {subject:?} by its subject without trust = \"ca\"", file.display())]
    SubjectWithoutCa {
        file: PathBuf,
        line: usize,
        profile: String,
        subject: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has require-signature without signers", file.display())]
    SignersMissing {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`.
    #[error("{}:{line}: the profile {profile:?} has a signing-time without signers", file.display())]
    SigningTimeIdle {
        file: PathBuf,
        line: usize,
        profile: String,
    },
    /// In `callseal.toml`: a setting of a `[[watch]]`.
    #[error("{}:{line}: {key} cannot be {value:?}: {reason}", file.display())]
    Watch {
        file: PathBuf,
        line: usize,
        key: &'static str,
        value: String,
        reason: String,
    },

    /// In `client_property.conf`.
    #[error("{}: {SETTING} is missing", file.display())]
    SettingMissing { file: PathBuf },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is empty", file.display())]
    SettingEmpty { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is set to default, which means no encryption", file.display())]
    SettingDefault { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is set again, to another value than on line {first_line}", file.display())]
    SettingRepeated {
        file: PathBuf,
        line: usize,
        first_line: usize,
    },
    /// In `client_property.conf`: two commas in a row, or one in front.
    #[error("{}:{line}: {SETTING} has an empty path in its list", file.display())]
    EmptyPath { file: PathBuf, line: usize },
    /// In `client_property.conf`: nothing follows the last comma.
    #[error("{}:{line}: the list of {SETTING} ends in a comma", file.display())]
    UnfinishedList { file: PathBuf, line: usize },
    /// In `client_property.conf`: a line with text follows a complete list. It
    /// may be a path after a forgotten comma.
    #[error("{}:{line}: this line after {SETTING} is neither a setting nor part of its list", file.display())]
    StrayLine { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} has default in a list with other paths", file.display())]
    DefaultInList { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} has a quote that is not closed on its line", file.display())]
    UnclosedQuote { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} has text between a closing quote and the next comma", file.display())]
    TextAfterQuote { file: PathBuf, line: usize },
}
