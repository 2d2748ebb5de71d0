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
fn all_settings_are_understood() {
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
    assert_eq!(config.format, Some(Format::Rfc4880));
    assert_eq!(config.profiles.len(), 2);
    assert_eq!(
        config.profiles["acme"].parties,
        [
            Party::with_certificate("/etc/callseal/customer.crt"),
            Party::with_certificate("/etc/lumenvox/www/certs/lumenvox.crt"),
        ]
    );
    assert_eq!(config.profiles["acme"].trust, Trust::Listed);
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = read("").unwrap();
    assert_eq!(config.default_profile, None);
    assert!(config.keys.is_empty());
    assert_eq!(config.compress, Compression::Auto);
    assert_eq!(config.format, None);
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
        ("auto", None),
        ("rfc4880", Some(Format::Rfc4880)),
        ("rfc9580", Some(Format::Rfc9580)),
        ("cms", Some(Format::Cms)),
        ("cms-gcm", Some(Format::CmsGcm)),
    ] {
        let config = read(&format!("format = '{word}'")).unwrap();
        assert_eq!(config.format, format);
    }
}

#[test]
fn an_unknown_word_for_a_choice_is_refused_with_the_known_ones() {
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
}

#[test]
fn metrics_are_written_to_a_file_that_the_collector_takes() {
    let config = read("metrics-file = 'metrics/callseal.prom'").unwrap();
    let path = Path::new("/etc/callseal/metrics/callseal.prom");
    assert_eq!(config.metrics_file.as_deref(), Some(path));
    for path in ["", ".prom", "metrics/", "metrics/.prom", "callseal.txt"] {
        let error = refused(&format!("keys = []\nmetrics-file = '{path}'")).to_string();
        assert!(error.contains(":2: metrics-file cannot be "), "{error}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = refused("# one\n\ndefault_profile = 'acme'\n");
    match &error {
        ConfigError::UnknownKey {
            line, key, known, ..
        } => {
            assert_eq!((*line, key.as_str()), (3, "default_profile"));
            let all = "default-profile keys sign compress format index min-rsa-bits metrics-file profiles watch";
            assert_eq!(known.join(" "), all);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_key_of_a_profile_is_named_with_its_line() {
    let error = refused("[profiles.acme]\r\nrecipients = ['a.crt']\r\nrecipient = 'b.crt'\r\n");
    match &error {
        ConfigError::UnknownKey {
            line, key, known, ..
        } => {
            assert_eq!((*line, key.as_str()), (3, "recipient"));
            let all = "recipients trust ca-file crl-file signers require-signature signing-time";
            assert_eq!(known.join(" "), all);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn invalid_toml_is_refused_with_its_line() {
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
fn a_missing_default_profile_is_refused_with_its_line() {
    let error = refused("\ndefault-profile = 'acne'\n[profiles.acme]\nrecipients = ['a.crt']");
    match &error {
        ConfigError::UnknownDefaultProfile {
            line, name, known, ..
        } => {
            assert_eq!((*line, name.as_str()), (2, "acne"));
            assert_eq!(known, &["acme"]);
        }
        other => panic!("{other:?}"),
    }
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

#[test]
fn a_party_lists_certificates_of_several_ages() {
    let config = read(
        r#"
        [profiles.acme]
        recipients = [
            { name = "customer", certificates = ["2025.crt", "/etc/certs/*.crt", 'C:\certs'] },
            "vendor.crt",
        ]
        "#,
    )
    .unwrap();
    let [customer, vendor] = config.profiles["acme"].parties.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(customer.name(), Some("customer"));
    let places: Vec<PathBuf> = customer.places().collect();
    assert_eq!(
        places,
        [
            Path::new("/etc/callseal/2025.crt"),
            Path::new("/etc/certs/*.crt"),
            Path::new(r"C:\certs"),
        ]
    );
    assert_eq!(*vendor, Party::with_certificate("/etc/callseal/vendor.crt"));
}

#[test]
fn one_certificate_or_directory_needs_no_list() {
    let one = read("profiles.a.recipients = [{ name = 'a', certificates = 'certs/' }]").unwrap();
    let list = read("profiles.a.recipients = [{ name = 'a', certificates = ['certs/'] }]").unwrap();
    assert_eq!(one, list);
}

#[test]
fn a_party_may_be_pinned_to_fingerprints() {
    let digits = "0123456789abcdef0123456789ABCDEF01234567";
    let read = |fingerprint: &str| {
        read(&format!(
            "profiles.a.recipients = [\n{{ name = 'a', certificates = 'a.crt', fingerprint = {fingerprint} }}]"
        ))
    };
    let one = read(&format!("'{digits}'")).unwrap();
    let same = read(&format!("['{}']", digits.to_uppercase())).unwrap();
    let several = read(&format!("['{digits}', '{}']", digits.replace('0', "1"))).unwrap();
    assert_eq!(one, same);
    assert_ne!(one, several);
    assert_ne!(
        one,
        read("'0000000000000000000000000000000000000000'").unwrap()
    );
    for wrong in ["'0123'", "[]", "''", "['x']"] {
        match read(wrong) {
            Err(ConfigError::Fingerprint { line: 2, .. }) => {}
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn a_party_that_says_too_little_or_too_much_is_refused_with_its_line() {
    for (party, words) in [
        ("{ certificates = ['a.crt'] }", "name"),
        ("{ name = 'a' }", "certificates"),
        ("{ name = 'a', certificates = [] }", "no recipients"),
        ("{ name = 'a', certificates = [''] }", "empty path"),
        ("{ name = '', certificates = ['a.crt'] }", "empty path"),
        (
            "{ name = 'a', certificates = 3 }",
            "text in quotes, or a list",
        ),
        ("3", "a certificate's path, or a table"),
    ] {
        let error = refused(&format!("[profiles.acme]\nrecipients = [{party}]"));
        let shown = error.to_string();
        assert!(
            shown.starts_with("/etc/callseal/callseal.toml:2: "),
            "{shown}"
        );
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn parties_cannot_be_optional() {
    let error = refused(
        "[profiles.acme]\nrecipients = [{ name = 'a', certificates = 'a.crt', required = false }]",
    );
    match &error {
        ConfigError::UnknownKey {
            line: 2,
            key,
            known,
            ..
        } => {
            assert_eq!(key, "required");
            assert_eq!(known, &["name", "certificates", "fingerprint"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_profile_names_its_cas() {
    let config = read(
        r#"
        [profiles.acme]
        recipients = ["a.crt"]
        trust = "ca"
        ca-file = "ca.pem"
        [profiles.zenith]
        recipients = ["z.crt"]
        trust = "ca"
        ca-file = ["roots/", "/etc/ssl/intermediate.pem"]
        crl-file = ["crl.pem"]
        "#,
    )
    .unwrap();
    let acme = Trust::Ca {
        ca_files: vec!["/etc/callseal/ca.pem".into()],
        crl_files: vec![],
    };
    let zenith = Trust::Ca {
        ca_files: vec![
            "/etc/callseal/roots/".into(),
            "/etc/ssl/intermediate.pem".into(),
        ],
        crl_files: vec!["/etc/callseal/crl.pem".into()],
    };
    assert_eq!(config.profiles["acme"].trust, acme);
    assert_eq!(config.profiles["zenith"].trust, zenith);
}

#[test]
fn trust_and_its_files_go_together() {
    let refused = |text: &str| refused(&format!("[profiles.acme]\nrecipients = ['a.crt']\n{text}"));
    assert!(matches!(
        refused("trust = 'ca'"),
        ConfigError::CaFileMissing { line: 3, .. }
    ));
    assert!(matches!(
        refused("trust = 'ca'\ncrl-file = 'crl.pem'"),
        ConfigError::CaFileMissing { line: 3, .. }
    ));
    for idle in [
        "ca-file = 'ca.pem'",
        "crl-file = 'crl.pem'",
        "ca-file = 'ca.pem'\ntrust = 'listed'",
    ] {
        assert!(
            matches!(refused(idle), ConfigError::CaFileIdle { line: 3, .. }),
            "{idle}"
        );
    }
    for empty in ["''", "[]", "['']"] {
        assert!(
            matches!(
                refused(&format!("trust = 'ca'\nca-file = {empty}")),
                ConfigError::EmptyCaFile { line: 4, .. }
            ),
            "{empty}"
        );
    }
    let error = refused("trust = 'pki'");
    match &error {
        ConfigError::UnknownValue { known, .. } => assert_eq!(known, &["listed", "ca"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rsa_keys_can_be_required_to_be_larger_but_not_smaller() {
    assert_eq!(read("").unwrap().min_rsa_bits.bits(), 2048);
    assert_eq!(
        read("min-rsa-bits = 4096").unwrap().min_rsa_bits.bits(),
        4096
    );
    for wrong in ["1024", "0", "-1", "16385", "5000000000"] {
        let error = refused(&format!("\nmin-rsa-bits = {wrong}"));
        assert!(
            matches!(error, ConfigError::MinRsaBits { line: 2, .. }),
            "{error}"
        );
    }
}
