//! The choice of a profile, and what both formats share.

use super::*;

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/callseal/callseal.toml")).unwrap()
}

const TWO_PROFILES: &str = "
    [profiles.acme]
    recipients = ['a.crt']
    [profiles.zenith]
    recipients = ['z.crt']
";

#[test]
fn the_only_profile_is_used_if_none_is_named() {
    let config = config("[profiles.acme]\nrecipients = ['a.crt']");
    assert_eq!(config.profile(None).unwrap().0, "acme");
}

#[test]
fn the_default_profile_is_used_if_none_is_named() {
    let config = config(&format!("default-profile = 'zenith'\n{TWO_PROFILES}"));
    assert_eq!(config.profile(None).unwrap().0, "zenith");
    assert_eq!(config.profile(Some("acme")).unwrap().0, "acme");
}

#[test]
fn several_profiles_without_a_default_need_a_name() {
    let config = config(TWO_PROFILES);
    match config.profile(None) {
        Err(ConfigError::NoDefaultProfile { known, .. }) => {
            assert_eq!(known, ["acme", "zenith"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_profile_is_refused_with_the_known_ones() {
    let config = config(TWO_PROFILES);
    let error = config.profile(Some("acne")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/etc/callseal/callseal.toml: no profile named \"acne\""
    );
}

#[test]
fn a_config_with_only_keys_has_no_profile_to_pack_for() {
    let config = config("keys = ['keys/']");
    assert!(matches!(
        config.profile(None),
        Err(ConfigError::NoProfiles { .. })
    ));
    assert!(matches!(
        config.profile(Some("acme")),
        Err(ConfigError::UnknownProfile { .. })
    ));
}

#[test]
fn the_name_of_a_file_decides_its_format() {
    for name in ["client_property.conf", "/x/CLIENT_PROPERTY.CONF", "a.Conf"] {
        assert!(is_client_property(Path::new(name)), "{name}");
    }
    for name in ["callseal.toml", "conf", "a.conf/callseal", "a.conf.toml"] {
        assert!(!is_client_property(Path::new(name)), "{name}");
    }
}

#[test]
fn relative_paths_are_relative_to_the_config() {
    let source = Path::new("/etc/callseal/callseal.toml");
    let resolved = |path| resolve(path, source);
    assert_eq!(resolved("a.crt"), Path::new("/etc/callseal/a.crt"));
    assert_eq!(resolved("../a.crt"), Path::new("/etc/callseal/../a.crt"));
    assert_eq!(resolved("/a.crt"), Path::new("/a.crt"));
    let bare = Path::new("callseal.toml");
    assert_eq!(resolve("a.crt", bare), Path::new("a.crt"));
}

#[test]
fn drive_letters_and_unc_names_are_absolute_on_every_system() {
    let source = Path::new("/etc/callseal/callseal.toml");
    for path in [r"C:\certs\a.crt", "d:/certs/a.crt", r"\\server\share\a.crt"] {
        assert_eq!(resolve(path, source), Path::new(path));
    }
}

#[test]
fn a_missing_file_is_reported_as_missing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("callseal.toml");
    let error = Config::load(&path).unwrap_err();
    assert!(matches!(error, ConfigError::NotFound { file } if file == path));
}

#[test]
fn a_certificate_is_not_a_config() {
    for name in ["customer.crt", "client_property.conf"] {
        let text = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let error = Config::parse(text, Path::new(name)).unwrap_err();
        assert!(matches!(error, ConfigError::IsPem { .. }), "{error}");
    }
}

#[test]
fn a_directory_is_not_a_config() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        Config::load(directory.path()),
        Err(ConfigError::IsDirectory { .. })
    ));
}

#[test]
fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("callseal.toml");
    let mut text = vec![b'#'; MAX_SIZE as usize];
    std::fs::write(&path, &text).unwrap();
    assert!(Config::load(&path).is_ok());
    text.push(b'#');
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(
        Config::load(&path),
        Err(ConfigError::TooLarge { .. })
    ));
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_line() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["callseal.toml", "client_property.conf"] {
        let path = directory.path().join(name);
        std::fs::write(&path, b"# one\r\n# two\r\n# caf\xe9\r\n").unwrap();
        assert!(matches!(
            Config::load(&path),
            Err(ConfigError::NotUtf8 { line: 3, .. })
        ));
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("callseal.toml");
    std::fs::write(&path, "\u{feff}keys = ['a']\r\n").unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.keys, [directory.path().join("a")]);
    assert_eq!(config.source, path);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Text with many of the parts that the parsers look for.
    fn nearly_a_config() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "LOGGING_ENCRYPTION_KEY",
            "default-profile",
            "keys",
            "profiles",
            "[profiles.acme]",
            "[GLOBAL]",
            "recipients",
            "sign",
            "signers",
            "subject",
            "require-signature",
            "true",
            "compress",
            "default",
            "é",
            "a.crt",
            "=",
            " = ",
            ",",
            "\"",
            "'",
            "[",
            "]",
            "\\",
            "#",
            "\n",
            "\r\n",
            "\u{feff}",
        ]);
        prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(
            text in prop_oneof![any::<String>(), nearly_a_config()],
        ) {
            for name in ["dir/callseal.toml", "dir/client_property.conf"] {
                if let Err(error) = Config::parse(&text, Path::new(name)) {
                    let shown = error.to_string();
                    prop_assert!(shown.starts_with(name), "{shown}");
                    prop_assert!(!shown.contains('\n'), "{shown}");
                    prop_assert!(!shown.ends_with('.'), "{shown}");
                }
            }
        }
    }
}
