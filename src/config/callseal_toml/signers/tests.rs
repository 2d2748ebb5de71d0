use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::super::{Config, Profile};
use super::*;

/// 64 digits: the SHA-256 of an X.509 certificate.
const FINGERPRINT: &str = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF";

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/callseal/callseal.toml"))
}

/// Reads a profile with a recipient and these settings, from line 3 on.
fn profile(settings: &str) -> Result<Profile, ConfigError> {
    let text = format!("[profiles.acme]\nrecipients = ['a.crt']\n{settings}");
    read(&text).map(|mut config| config.profiles.remove("acme").unwrap())
}

#[track_caller]
fn refused(settings: &str) -> ConfigError {
    match profile(settings) {
        Ok(profile) => panic!("accepted as {profile:?}"),
        Err(error) => error,
    }
}

fn certificate(path: &str) -> SignerName {
    SignerName::Certificate(PathBuf::from(path))
}

#[test]
fn a_profile_says_whose_signatures_count() {
    let profile = profile(&format!(
        "signers = ['ivr.crt', '/etc/certs/old.asc', '{FINGERPRINT}', 'C:\\ivr.crt']\n\
         require-signature = true\nsigning-time = 'trusted'"
    ))
    .unwrap();
    assert_eq!(
        profile.signers,
        [
            certificate("/etc/callseal/ivr.crt"),
            certificate("/etc/certs/old.asc"),
            SignerName::Fingerprint(Pin::new(FINGERPRINT).unwrap()),
            certificate("C:\\ivr.crt"),
        ]
    );
    assert!(profile.require_signature);
    assert_eq!(profile.signing_time, SigningTime::Trusted);
}

#[test]
fn without_a_word_nothing_is_verified_required_or_trusted() {
    for settings in ["", "require-signature = false"] {
        let profile = profile(settings).unwrap();
        assert!(profile.signers.is_empty());
        assert!(!profile.require_signature);
        assert_eq!(profile.signing_time, SigningTime::Ignored);
    }
    let with_signers = |more: &str| profile(&format!("signers = ['ivr.crt']\n{more}")).unwrap();
    assert!(!with_signers("").require_signature);
    for settings in ["", "signing-time = 'ignored'"] {
        assert_eq!(with_signers(settings).signing_time, SigningTime::Ignored);
    }
    assert!(read("").unwrap().sign.is_empty());
}

#[test]
fn a_fingerprint_may_be_written_with_colons_and_a_file_be_called_like_one() {
    let with_colons = ["aB"; 32].join(":");
    let digits = "AB".repeat(20);
    let profile = profile(&format!("signers = ['{with_colons}', './{digits}']")).unwrap();
    assert_eq!(
        profile.signers,
        [
            SignerName::Fingerprint(Pin::new(&with_colons).unwrap()),
            certificate(&format!("/etc/callseal/./{digits}")),
        ]
    );
}

#[test]
fn a_subject_names_a_signer_under_a_ca_alone() {
    let subject = "signers = [\n  'ivr.crt',\n  { subject = 'CN=ivr-1, O=Acme' },\n]\n";
    let profile = profile(&format!("trust = 'ca'\nca-file = 'ca.pem'\n{subject}")).unwrap();
    assert_eq!(
        profile.signers,
        [
            certificate("/etc/callseal/ivr.crt"),
            SignerName::Subject("CN=ivr-1, O=Acme".into()),
        ]
    );
    for trust in ["", "trust = 'listed'"] {
        let error = refused(&format!("{subject}{trust}"));
        match &error {
            ConfigError::SubjectWithoutCa {
                line: 5,
                profile,
                subject,
                ..
            } => assert_eq!(
                (&**profile, &**subject),
                ("acme", "CN=ivr-1, O=Acme"),
                "{trust}"
            ),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            error.to_string(),
            "/etc/callseal/callseal.toml:5: the profile \"acme\" names the signer \
             \"CN=ivr-1, O=Acme\" by its subject without trust = \"ca\""
        );
    }
}

#[test]
fn an_empty_list_of_signers_is_refused_with_its_line() {
    for more in ["", "require-signature = true", "signing-time = 'trusted'"] {
        match refused(&format!("\nsigners = []\n{more}")) {
            ConfigError::NoSigners { line, profile, .. } => {
                assert_eq!((line, profile.as_str()), (4, "acme"), "{more}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_empty_name_of_a_signer_is_refused_with_its_line() {
    for empty in ["''", "' '", "{ subject = '' }", "{ subject = ' ' }"] {
        let settings = format!("signers = [\n'ivr.crt',\n{empty},\n]");
        match refused(&format!("{settings}\ntrust = 'ca'\nca-file = 'ca.pem'")) {
            ConfigError::EmptySigner { line, profile, .. } => {
                assert_eq!((line, profile.as_str()), (5, "acme"), "{empty}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_signature_cannot_be_required_of_nobody() {
    let error = refused("\nrequire-signature = true");
    assert!(
        matches!(&error, ConfigError::SignersMissing { line: 4, profile, .. } if profile == "acme"),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "/etc/callseal/callseal.toml:4: the profile \"acme\" has require-signature without signers"
    );
}

#[test]
fn a_signing_time_without_signers_is_refused() {
    for time in ["trusted", "ignored"] {
        let error = refused(&format!("\nsigning-time = '{time}'"));
        assert!(
            matches!(&error, ConfigError::SigningTimeIdle { line: 4, profile, .. } if profile == "acme"),
            "{error:?}"
        );
    }
}

#[test]
fn an_unknown_signing_time_is_refused_with_the_known_ones() {
    match refused("signers = ['ivr.crt']\nsigning-time = 'claimed'") {
        ConfigError::UnknownValue {
            line: 4,
            key: "signing-time",
            value,
            known,
            ..
        } => assert_eq!((&*value, &*known), ("claimed", &["ignored", "trusted"][..])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_the_wrong_type_are_refused_with_their_line() {
    for (settings, words) in [
        ("signers = 'ivr.crt'", "signers: expected a list"),
        (
            "signers = [3]",
            "a fingerprint, a certificate's path, or a table",
        ),
        ("signers = [{}]", "missing field `subject`"),
        ("signers = [{ subject = 3 }]", "expected text in quotes"),
        (
            "require-signature = 'yes'",
            "require-signature: expected true or false",
        ),
        (
            "require-signature = 1",
            "require-signature: expected true or false",
        ),
        ("signing-time = 3", "signing-time: expected text in quotes"),
    ] {
        let error = refused(settings);
        let shown = error.to_string();
        assert!(
            matches!(error, ConfigError::WrongType { line: 3, .. }),
            "{settings}: {shown}"
        );
        assert!(shown.contains(words), "{settings}: {shown}");
    }
}

#[test]
fn a_table_of_a_signer_has_only_a_subject() {
    match refused("signers = [{ subject = 'CN=ivr', fingerprint = 'AB' }]") {
        ConfigError::UnknownKey {
            line: 3,
            key,
            known,
            ..
        } => assert_eq!(
            (&*key, &*known),
            ("fingerprint", &["subject".to_owned()][..])
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_profile_may_have_signers_alone() {
    for recipients in ["", "recipients = []\n"] {
        let text = format!("[profiles.ivr]\n{recipients}signers = ['ivr.crt']");
        let config = read(&text).unwrap();
        let (name, profile) = config.profile(None).unwrap();
        assert_eq!(name, "ivr");
        assert!(profile.parties.is_empty());
        assert_eq!(profile.signers, [certificate("/etc/callseal/ivr.crt")]);
    }
    // The CA then vouches for the signers alone.
    let ca = "trust = 'ca'\nca-file = 'ca.pem'\n";
    assert!(read(&format!("[profiles.ivr]\n{ca}signers = ['ivr.crt']")).is_ok());
    assert!(matches!(
        read(&format!("[profiles.ivr]\n{ca}")),
        Err(ConfigError::NoRecipients { line: 1, .. })
    ));
    // But none of them is written with nobody in it.
    assert!(matches!(
        read(
            "[profiles.ivr]\nsigners = ['i.crt']\nrecipients = [{ name = 'a', certificates = [] }]"
        ),
        Err(ConfigError::NoRecipients { line: 3, .. })
    ));
}

#[test]
fn the_keys_that_sign_are_one_or_several() {
    let one = read("sign = 'ivr.key'").unwrap();
    assert_eq!(one.sign, [Path::new("/etc/callseal/ivr.key")]);
    let several = read("sign = ['ivr.key', '/keys/ivr.asc', 'C:\\ivr.p12']").unwrap();
    assert_eq!(
        several.sign,
        [
            Path::new("/etc/callseal/ivr.key"),
            Path::new("/keys/ivr.asc"),
            Path::new(r"C:\ivr.p12"),
        ]
    );
    assert!(read("sign = []").unwrap().sign.is_empty());
}

#[test]
fn an_empty_path_of_a_key_that_signs_is_refused_with_its_line() {
    for (text, at) in [
        ("\nsign = ''", 2),
        ("sign = ['']", 1),
        ("sign = [\n'ivr.key',\n'',\n]", 3),
    ] {
        match read(text) {
            Err(ConfigError::EmptySigningKey { line, .. }) => assert_eq!(line, at, "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        read("\nsign = [3]"),
        Err(ConfigError::WrongType { line: 2, .. })
    ));
}

#[test]
fn settings_of_signatures_are_not_taken_for_secrets() {
    for text in [
        "sign = 'ivr.key'\ncolour = 1",
        "[profile.acme]\nsigners = ['ivr.crt']\nrequire-signature = true\nsigning-time = 'trusted'",
        "[profiles.acme]\nsign = 'ivr.key'",
        "signers = ['ivr.crt']",
    ] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, ConfigError::UnknownKey { .. }),
            "{text}: {error}"
        );
    }
    for text in ["signing-key = 'ABCD'", "[profiles.acme]\nsign-key = 'ABCD'"] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, ConfigError::SecretKey { .. }),
            "{text}: {error}"
        );
    }
}

#[test]
fn signers_are_loaded_if_there_are_any() {
    let now = SystemTime::now();
    assert!(profile("").unwrap().load_signers(now).unwrap().is_none());
    let signers = profile(&format!("signers = ['{FINGERPRINT}']")).unwrap();
    assert!(signers.load_signers(now).unwrap().is_some());
}
