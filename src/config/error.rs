//! Why a config was refused.

use std::io;
use std::path::PathBuf;

use super::client_property::SETTING;
use crate::input;

/// Why a config was refused, or a profile in it not found.
///
/// Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what it is")]
pub enum ConfigError {
    #[error("{}: no such file", file.display())]
    NotFound { file: PathBuf },
    #[error("{}: is a directory, not a config file", file.display())]
    IsDirectory { file: PathBuf },
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}: larger than a config may be ({limit} bytes)", file.display())]
    TooLarge { file: PathBuf, limit: u64 },
    #[error("{}:{line}: not UTF-8 text", file.display())]
    NotUtf8 { file: PathBuf, line: usize },

    #[error("{}: has no profiles", file.display())]
    NoProfiles { file: PathBuf },
    #[error("{}: has several profiles and no default one", file.display())]
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
    /// In `callseal.toml`. `known` are the keys that can stand there.
    #[error("{}:{line}: unknown key {key:?}", file.display())]
    UnknownKey {
        file: PathBuf,
        line: usize,
        key: String,
        known: Vec<String>,
    },
    /// In `callseal.toml`: a setting with a secret in it, by its name.
    #[error("{}:{line}: {key:?} looks like a secret key, and the config takes none", file.display())]
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
    #[error("{}:{line}: default-profile names the profile {name:?}, which is not there", file.display())]
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
    /// In `callseal.toml`: a pin that is no fingerprint.
    #[error("{}:{line}: {value:?} is no fingerprint", file.display())]
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
    #[error("{}:{line}: the profile {profile:?} has a ca-file or crl-file that its trust makes no use of", file.display())]
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

    /// In `client_property.conf`.
    #[error("{}: {SETTING} is not there", file.display())]
    SettingMissing { file: PathBuf },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is empty", file.display())]
    SettingEmpty { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is set to default, which means no encryption", file.display())]
    SettingDefault { file: PathBuf, line: usize },
    /// In `client_property.conf`.
    #[error("{}:{line}: {SETTING} is set again, to something else than on line {first_line}", file.display())]
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
    /// In `client_property.conf`: a line with text follows a list that was
    /// complete. It may be a path whose comma was forgotten.
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

/// What is said once for all profiles.
const TOP_LEVEL: [&str; 5] = [
    "default-profile",
    "keys",
    "compress",
    "format",
    "min-rsa-bits",
];

impl ConfigError {
    /// What to do about it, as one sentence in lower case without a full stop.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { .. } => "check the path given for the config".into(),
            Self::IsDirectory { .. } => "name the file in it, such as callseal.toml".into(),
            Self::Unreadable { source, .. } => return input::hint(source).map(Into::into),
            Self::TooLarge { .. } => "check that this is the config and not some other file".into(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".into(),
            Self::NoProfiles { .. } => {
                "add a profile, such as [profiles.NAME] with recipients = [\"CERT\"], or name the recipients with -r"
                    .into()
            }
            Self::NoDefaultProfile { known, .. } => {
                format!("choose {} with -p, or set default-profile", list(known, "or"))
            }
            Self::UnknownProfile { known, .. } => known_profiles(known),
            // A path bare or with single backslashes is how most get it wrong.
            Self::Syntax { detail, .. } if detail.contains("quoted") || detail.contains("escape") => {
                "put text in quotes; a Windows path in single quotes, as in 'C:\\certs\\a.crt'".into()
            }
            Self::Syntax { .. } => return None,
            Self::SecretKey { .. } => {
                "keep it in a file of its own, for --key-file, or in a variable, for --key-env; the paths of private keys stand under keys".into()
            }
            Self::UnknownKey { key, known, .. }
                if TOP_LEVEL.contains(&key.as_str()) && !known.contains(key) =>
            {
                format!("{key} belongs at the top, before the first [profiles.NAME]")
            }
            Self::UnknownKey { key, .. } if key.eq_ignore_ascii_case(SETTING) => {
                "it belongs into client_property.conf; here, list the certificates under recipients in [profiles.NAME]".into()
            }
            Self::UnknownKey { known, .. } => format!("known here: {}", known.join(", ")),
            Self::WrongType { detail, .. } if detail.contains("missing field") => {
                "a party is written as { name = \"NAME\", certificates = [\"CERT\"] }".into()
            }
            Self::WrongType { .. } => return None,
            Self::UnknownValue { known, .. } => format!("it can be {}", known.join(", ")),
            Self::UnknownDefaultProfile { known, .. } => known_profiles(known),
            Self::NoRecipients { profile, .. } => {
                format!("list at least one certificate under recipients, or remove the profile {profile:?}")
            }
            Self::Fingerprint { .. } => {
                "it has 40 or 64 hexadecimal digits; `callseal inspect CERT` shows it".into()
            }
            Self::CaFileMissing { .. } => {
                "name the file or directory with the certificates of the CAs: ca-file = \"ca.pem\"".into()
            }
            Self::CaFileIdle { .. } => {
                "set trust = \"ca\", if a CA is to vouch for the certificates; else remove it".into()
            }
            Self::MinRsaBits { .. } => "it can be 2048 to 16384".into(),
            Self::EmptyRecipient { .. } | Self::EmptyKey { .. } | Self::EmptyCaFile { .. } => {
                "write the path, or remove the empty string".into()
            }
            Self::SettingMissing { .. } | Self::SettingEmpty { .. } | Self::SettingDefault { .. } => {
                format!("set {SETTING} = CERT,CERT to the certificates of all who may open the files")
            }
            Self::SettingRepeated { .. } => "keep the one that is right and remove the other".into(),
            Self::EmptyPath { .. } => {
                "check that no path is missing, then remove the comma that is too many".into()
            }
            Self::UnfinishedList { .. } => {
                "check that no path is missing, then remove the last comma".into()
            }
            Self::StrayLine { .. } => {
                "if it is one more path, end the line before it with a comma; else remove it".into()
            }
            Self::DefaultInList { .. } => {
                "remove it; a file of that name can be written as ./default".into()
            }
            Self::UnclosedQuote { .. } | Self::TextAfterQuote { .. } => {
                "put each path in its own pair of quotes, or leave the quotes out".into()
            }
        };
        Some(hint)
    }
}

fn known_profiles(known: &[String]) -> String {
    match known {
        [] => "there are no profiles".into(),
        [only] => format!("the only profile is {only:?}"),
        _ => format!("the profiles are {}", list(known, "and")),
    }
}

/// `"a"`, `"a" and "b"`, `"a", "b" and "c"`.
fn list(names: &[String], conjunction: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}
