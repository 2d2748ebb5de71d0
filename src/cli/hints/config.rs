//! Hints for the config.

use std::path::Path;

use callseal::config::ConfigError;
use callseal::files::input;

use super::{Hint, REGULAR_FILE, some};

/// LumenVox's setting.
const SETTING: &str = "LOGGING_ENCRYPTION_KEY";

/// The keys that apply to all profiles.
const TOP_LEVEL: [&str; 7] = [
    "default-profile",
    "keys",
    "sign",
    "compress",
    "format",
    "index",
    "min-rsa-bits",
];

/// The keys of one profile.
const IN_PROFILE: [&str; 7] = [
    "recipients",
    "trust",
    "ca-file",
    "crl-file",
    "signers",
    "require-signature",
    "signing-time",
];

pub fn of_config(error: &ConfigError) -> Hint {
    some(match error {
        ConfigError::NotFound { .. } => {
            "check the path given with --config, or in the environment variable CALLSEAL_CONFIG"
        }
        ConfigError::IsPem { .. } => {
            "name the config, such as callseal.toml; certificates and keys are given with -r and -k, or listed in it"
        }
        ConfigError::IsDirectory { .. } => "name the file in it, such as callseal.toml",
        ConfigError::Unreadable { error, .. } => {
            input::is_not_a_file(error).then_some(REGULAR_FILE)?
        }
        ConfigError::TooLarge { .. } => "check that this is the config and not some other file",
        ConfigError::NotUtf8 { .. } => "save the file as UTF-8",
        ConfigError::NoProfiles { .. } => ADD_PROFILE,
        ConfigError::NoDefaultProfile { known, .. } => {
            return some(format!(
                "choose {} with -p, or set default-profile",
                list(known, "or")
            ));
        }
        ConfigError::UnknownProfile { known, .. }
        | ConfigError::UnknownDefaultProfile { known, .. } => return some(known_profiles(known)),
        // The usual mistake is a path, bare or with single backslashes.
        ConfigError::Syntax { file, detail, .. } => {
            let hint = match detail.contains("quoted") || detail.contains("escape") {
                true => {
                    "put text in quotes, and a Windows path in single quotes, as in 'C:\\certs\\a.crt'"
                }
                false => "",
            };
            return or_other_kind(file, "callseal.toml", hint);
        }
        ConfigError::SecretKey { key, .. } if key.contains("pass") => {
            "give the passphrase with --passphrase-file FILE"
        }
        ConfigError::SecretKey { .. } => {
            "keep the key in a separate file for --key-file, or in an environment variable for --key-env; list the paths of private keys under keys if they open, under sign if they sign"
        }
        ConfigError::UnknownKey { key, known, .. }
            if TOP_LEVEL.contains(&key.as_str()) && !known.contains(key) =>
        {
            return some(format!(
                "{key} belongs at the top, before the first [profiles.NAME]"
            ));
        }
        ConfigError::UnknownKey { key, known, .. }
            if IN_PROFILE.contains(&key.as_str()) && known.iter().any(|key| key == "profiles") =>
        {
            return some(format!("{key} belongs in a profile, after [profiles.NAME]"));
        }
        ConfigError::UnknownKey { file, key, .. } if key.eq_ignore_ascii_case(SETTING) => {
            let hint = "put it into client_property.conf; here, list the certificates under recipients in [profiles.NAME]";
            return or_other_kind(file, "callseal.toml", hint);
        }
        ConfigError::UnknownKey { known, .. } => {
            return some(format!("use one of: {}", known.join(", ")));
        }
        ConfigError::WrongType { detail, .. } if detail.starts_with("this [[watch]] has no") => {
            "a [[watch]] needs a name, a spool and an outbox; docs/service.md lists what else it may have"
        }
        ConfigError::WrongType { detail, .. } if detail.starts_with("expected [[watch]]") => {
            "write it in two pairs of brackets: there may be several"
        }
        ConfigError::WrongType { detail, .. } if detail.contains("missing field `subject`") => {
            "write a signer as { subject = \"CN=NAME, O=ORGANISATION\" }"
        }
        ConfigError::WrongType { detail, .. } if detail.contains("missing field") => {
            "write a party as { name = \"NAME\", certificates = [\"CERT\"] }"
        }
        ConfigError::WrongType { detail, .. } if detail.starts_with("signers: expected a list") => {
            "write a list in brackets, even of one: [\"ivr-1.crt\"]"
        }
        ConfigError::WrongType { detail, .. } if detail.contains("expected a list") => {
            "write a list in brackets, even of one: [\"customer.crt\"]"
        }
        ConfigError::UnknownValue { known, .. } => {
            return some(format!("use one of: {}", known.join(", ")));
        }
        ConfigError::NoRecipients { profile, .. } => {
            return some(format!(
                "list at least one certificate under recipients, or remove the profile {profile:?}"
            ));
        }
        ConfigError::Fingerprint { .. } => {
            "give its 40 or 64 hexadecimal digits, as `callseal inspect CERT` shows them"
        }
        ConfigError::CaFileMissing { .. } => {
            "name the file or directory with the certificates of the CAs: ca-file = \"ca.pem\""
        }
        ConfigError::CaFileIdle { .. } => {
            "set trust = \"ca\" if a CA vouches for the certificates, else remove it"
        }
        ConfigError::MinRsaBits { .. } => "use 2048 to 16384",
        ConfigError::EmptyRecipient { .. }
        | ConfigError::EmptyKey { .. }
        | ConfigError::EmptySigningKey { .. }
        | ConfigError::EmptyCaFile { .. } => "write the path, or remove the empty string",
        ConfigError::NoSigners { .. } => {
            "list a certificate or its fingerprint, or remove signers: then no signature is verified"
        }
        ConfigError::EmptySigner { .. } => {
            "write the certificate's path, its fingerprint or its subject, or remove the empty string"
        }
        ConfigError::SubjectWithoutCa { .. } => {
            "set trust = \"ca\" with a ca-file, or name the signer's certificate or its fingerprint: anybody can make a certificate with that subject"
        }
        ConfigError::SignersMissing { .. } => {
            "list the certificates that may sign: signers = [\"signer.crt\"]"
        }
        ConfigError::SigningTimeIdle { .. } => {
            "list the certificates that may sign: signers = [\"signer.crt\"]; else remove it"
        }
        ConfigError::SettingMissing { file } => {
            return or_other_kind(file, "client_property.conf", &set());
        }
        ConfigError::SettingEmpty { .. } | ConfigError::SettingDefault { .. } => {
            return some(set());
        }
        ConfigError::SettingRepeated { .. } => "keep the right one and remove the other",
        ConfigError::EmptyPath { .. } => {
            "check that no path is missing, then remove the extra comma"
        }
        ConfigError::UnfinishedList { .. } => {
            "check that no path is missing, then remove the last comma"
        }
        ConfigError::StrayLine { .. } => {
            "if it is another path, end the line before it with a comma, else remove it"
        }
        ConfigError::DefaultInList { .. } => {
            "remove it, or write ./default for a file of that name"
        }
        ConfigError::UnclosedQuote { .. } | ConfigError::TextAfterQuote { .. } => {
            "put each path in its own pair of quotes, or leave out the quotes"
        }
        _ => return None,
    })
}

fn set() -> String {
    format!("set {SETTING} = CERT,CERT to the certificates of everyone who may open the files")
}

/// How to add a profile.
const ADD_PROFILE: &str = "add a profile, such as [profiles.NAME] with recipients = [\"CERT\"]";

/// The rule by which a config is read as one of the two kinds.
const KINDS: &str =
    "a file named *.conf is read as client_property.conf, any other as callseal.toml";

/// Returns a hint with the rule, unless the file has the usual name.
fn or_other_kind(file: &Path, usual: &str, hint: &str) -> Hint {
    let is_usual = file.file_name().is_some_and(|name| name == usual);
    some(match (is_usual, hint) {
        (true, hint) => hint.to_owned(),
        (false, "") => KINDS.to_owned(),
        (false, hint) => format!("{hint}; {KINDS}"),
    })
    .filter(|hint| !hint.is_empty())
}

fn known_profiles(known: &[String]) -> String {
    match known {
        [] => ADD_PROFILE.into(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use callseal::config::Config;

    /// Returns the hint for a faulty config.
    fn hint(text: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("callseal.toml");
        std::fs::write(&path, text).unwrap();
        let refused = Config::load(&path).and_then(|config| config.profile(None).map(|_| ()));
        of_config(&refused.unwrap_err()).unwrap().into_owned()
    }

    #[test]
    fn known_keys_and_values_are_listed() {
        let known = "use one of: default-profile, keys, sign, compress, format, index, min-rsa-bits, metrics-file, profiles, watch";
        assert_eq!(hint("default_profile = 'acme'"), known);
        let acme = "[profiles.acme]\nrecipients = ['a.crt']\n";
        let of_profile = hint(&format!("{acme}recipient = 'b.crt'"));
        assert_eq!(
            of_profile,
            "use one of: recipients, trust, ca-file, crl-file, signers, require-signature, signing-time"
        );
        let trust = hint(&format!("{acme}trust = 'pki'"));
        assert_eq!(trust, "use one of: listed, ca");
        assert_eq!(hint("compress = 'gzip'"), "use one of: auto, none, deflate");
        let default = hint(&format!("default-profile = 'acne'\n{acme}"));
        assert_eq!(default, "the only profile is \"acme\"");
        let choose = hint(&format!("{acme}[profiles.zenith]\nrecipients = ['b.crt']"));
        assert_eq!(
            choose,
            "choose \"acme\" or \"zenith\" with -p, or set default-profile"
        );
    }

    #[test]
    fn a_windows_path_in_double_quotes_belongs_in_single_ones() {
        for text in [r#"keys = ["C:\Program Files"]"#, r"keys = C:\certs"] {
            assert!(hint(text).contains("single quotes"), "{text}");
        }
    }

    #[test]
    fn a_config_under_an_unusual_name_may_be_of_the_other_kind() {
        let of = |name: &str, text: &str| {
            let error = Config::parse(text, Path::new(name)).unwrap_err();
            of_config(&error).unwrap_or_default().into_owned()
        };
        let toml = "[profiles.acme]\nrecipients = ['a.crt']\n";
        assert!(of("callseal.conf", toml).ends_with(KINDS));
        assert!(!of("client_property.conf", toml).contains(KINDS));
        let setting = "LOGGING_ENCRYPTION_KEY = a.crt\n";
        assert!(of("lumenvox.cfg", setting).ends_with(KINDS));
        assert!(!of("callseal.toml", setting).contains(KINDS));
        assert_eq!(of("acme", "a = 1\na = 2"), KINDS);
        assert_eq!(of("callseal.toml", "a = 1\na = 2"), "");
    }

    #[test]
    fn a_misplaced_key_gets_its_right_place() {
        let profile = "[profiles.acme]\nrecipients = ['a.crt']\n";
        assert_eq!(
            hint(&format!("{profile}min-rsa-bits = 3072")),
            "min-rsa-bits belongs at the top, before the first [profiles.NAME]"
        );
        assert_eq!(
            hint(&format!("{profile}sign = 'signer.key'")),
            "sign belongs at the top, before the first [profiles.NAME]"
        );
        assert_eq!(
            hint(&format!("signers = ['signer.crt']\n{profile}")),
            "signers belongs in a profile, after [profiles.NAME]"
        );
        let list = hint("[profiles.acme]\nrecipients = 'a.crt'");
        assert!(list.contains("in brackets"), "{list}");
        let lumenvox = hint("LOGGING_ENCRYPTION_KEY = 'a.crt'");
        assert!(lumenvox.contains("client_property.conf"), "{lumenvox}");
    }

    #[test]
    fn a_faulty_setting_of_signatures_gets_its_remedy() {
        let profile = "[profiles.acme]\nrecipients = ['a.crt']\n";
        for (setting, remedy) in [
            ("signers = []", "remove signers"),
            ("signers = ['']", "its fingerprint"),
            ("signers = 'ivr.crt'", "in brackets"),
            ("signers = [{ subject = 'CN=ivr' }]", "trust = \"ca\""),
            ("signers = [{}]", "{ subject = "),
            ("signers = [{ name = 'CN=ivr' }]", "use one of: subject"),
            ("require-signature = true", "signers = ["),
            ("signing-time = 'trusted'", "signers = ["),
            (
                "signers = ['ivr.crt']\nsigning-time = 'claimed'",
                "use one of: ignored, trusted",
            ),
        ] {
            let hint = hint(&format!("{profile}{setting}"));
            assert!(hint.contains(remedy), "{setting}: {hint}");
        }
        assert!(hint("sign = ''").contains("write the path"));
        assert!(hint("sign-key = 'ivr.key'").contains("under sign"));
    }
}
