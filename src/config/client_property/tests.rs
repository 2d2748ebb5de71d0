//! The setting as installations write it, and as it must not be.

use super::*;

const SOURCE: &str = "/etc/lumenvox/client_property.conf";

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new(SOURCE))
}

#[track_caller]
fn recipients(text: &str) -> Vec<String> {
    let config = read(text).unwrap();
    let (name, profile) = config.profile(None).unwrap();
    assert_eq!(name, PROFILE_NAME);
    let parties = profile.parties.iter();
    parties.map(ToString::to_string).collect()
}

#[track_caller]
fn refused(text: &str) -> ConfigError {
    match read(text) {
        Ok(config) => panic!("accepted as {config:?}"),
        Err(error) => error,
    }
}

/// A file of the kind that an installation writes.
const WHOLE: &str = "\
########################################################################
#                                                                      #
#  Settings of the speech client                                       #
#  LOGGING_ENCRYPTION_KEY = /this/is/a/comment.crt                     #
#                                                                      #
########################################################################

[GLOBAL]
VERSION = 19.0.100
LICENSE_SERVERS = 127.0.0.1:7569;10.0.0.1:4971
LOGGING_VERBOSITY = default

# Certificates that call files are encrypted to, separated by commas.
LOGGING_ENCRYPTION_KEY = /customer/cert/file.crt,/etc/lumenvox/www/certs/lumenvox.crt

[SRE]
SRE_SERVERS =
    127.0.0.1
LANGUAGE = en-US, \"not closed

[TTS]
";

#[test]
fn a_whole_file_yields_the_profile_client_property() {
    let config = read(WHOLE).unwrap();
    assert_eq!(config.default_profile.as_deref(), Some("client_property"));
    assert_eq!(config.profiles.len(), 1);
    assert!(config.keys.is_empty());
    assert!(config.sign.is_empty());
    assert!(config.profiles[PROFILE_NAME].signers.is_empty());
    assert_eq!(
        recipients(WHOLE),
        [
            "/customer/cert/file.crt",
            "/etc/lumenvox/www/certs/lumenvox.crt"
        ]
    );
}

#[test]
fn crlf_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}", WHOLE.replace('\n', "\r\n"));
    assert_eq!(recipients(&text), recipients(WHOLE));
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY = customer.crt,vendor.crt"),
        ["/etc/lumenvox/customer.crt", "/etc/lumenvox/vendor.crt"]
    );
}

#[test]
fn windows_paths_are_absolute_and_keep_their_spaces_and_backslashes() {
    assert_eq!(
        recipients(
            r"LOGGING_ENCRYPTION_KEY = C:\Program Files\LumenVox\certs\a.crt , d:/b.crt,\\server\share\c.crt"
        ),
        [
            r"C:\Program Files\LumenVox\certs\a.crt",
            "d:/b.crt",
            r"\\server\share\c.crt"
        ]
    );
}

#[test]
fn a_value_may_start_on_the_next_line() {
    for text in [
        "LOGGING_ENCRYPTION_KEY =\nC:\\certs\\a.crt,C:\\b.crt\n",
        "LOGGING_ENCRYPTION_KEY = \r\n  C:\\certs\\a.crt, C:\\b.crt\r\n[SRE]\r\n",
        "LOGGING_ENCRYPTION_KEY=\n\n# both parties\nC:\\certs\\a.crt,C:\\b.crt\nOTHER = 1",
    ] {
        assert_eq!(
            recipients(text),
            [r"C:\certs\a.crt", r"C:\b.crt"],
            "{text:?}"
        );
    }
}

#[test]
fn a_list_continues_after_a_comma_at_the_end_of_a_line() {
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY = /a.crt,\n  # the vendor\n  /b.crt , \n /c.crt\n"),
        ["/a.crt", "/b.crt", "/c.crt"]
    );
}

#[test]
fn quotes_around_a_path_are_not_part_of_it_and_may_hold_a_comma() {
    assert_eq!(
        recipients(r#"LOGGING_ENCRYPTION_KEY = "C:\Call Center, East\a.crt" , /b.crt,"/c.crt""#),
        [r"C:\Call Center, East\a.crt", "/b.crt", "/c.crt"]
    );
}

#[test]
fn a_path_with_an_equals_sign_is_not_treated_as_a_setting() {
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY =\n/certs/cn=acme.crt"),
        ["/certs/cn=acme.crt"]
    );
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY = /certs/cn=acme.crt"),
        ["/certs/cn=acme.crt"]
    );
}

#[test]
fn only_a_line_that_starts_with_a_number_sign_is_a_comment() {
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY = /certs/#1.crt"),
        ["/certs/#1.crt"]
    );
}

#[test]
fn the_setting_counts_in_any_section_and_in_any_case() {
    assert_eq!(recipients("[SRE]\nLOGGING_ENCRYPTION_KEY=/a"), ["/a"]);
    assert_eq!(recipients("[GLOBAL]\nlogging_encryption_key = /a"), ["/a"]);
}

#[test]
fn a_name_that_only_resembles_the_setting_is_another_setting() {
    for name in ["XLOGGING_ENCRYPTION_KEY", "LOGGING_ENCRYPTION_KEY_OLD"] {
        assert!(matches!(
            refused(&format!("{name} = /a.crt")),
            ConfigError::SettingMissing { .. }
        ));
    }
}

#[test]
fn a_missing_setting_is_refused() {
    for text in [
        "",
        "[GLOBAL]\n",
        "# LOGGING_ENCRYPTION_KEY = /a.crt",
        "LOGGING_ENCRYPTION_KEY",
    ] {
        let error = refused(text);
        assert!(
            matches!(error, ConfigError::SettingMissing { .. }),
            "{text:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("{SOURCE}: LOGGING_ENCRYPTION_KEY is missing")
        );
    }
}

#[test]
fn an_empty_setting_is_refused() {
    for text in [
        "[GLOBAL]\nLOGGING_ENCRYPTION_KEY =",
        "[GLOBAL]\nLOGGING_ENCRYPTION_KEY = \n\n[SRE]\nC:\\a.crt",
        "[GLOBAL]\nLOGGING_ENCRYPTION_KEY =\nOTHER = /a.crt",
    ] {
        assert!(
            matches!(refused(text), ConfigError::SettingEmpty { line: 2, .. }),
            "{text:?}"
        );
    }
}

#[test]
fn a_setting_left_at_default_is_refused() {
    for word in ["default", "DEFAULT", "Default", "\"default\"", "\n default"] {
        let error = refused(&format!("\nLOGGING_ENCRYPTION_KEY = {word}"));
        assert!(
            matches!(error, ConfigError::SettingDefault { line: 2, .. }),
            "{word}"
        );
    }
    assert_eq!(
        recipients("LOGGING_ENCRYPTION_KEY = ./default"),
        ["/etc/lumenvox/./default"]
    );
}

#[test]
fn default_among_paths_is_refused() {
    assert!(matches!(
        refused("LOGGING_ENCRYPTION_KEY = /a.crt,\ndefault"),
        ConfigError::DefaultInList { line: 2, .. }
    ));
}

#[test]
fn the_setting_given_twice_must_say_the_same() {
    let same = "[GLOBAL]\nLOGGING_ENCRYPTION_KEY = /a,/b\n[SRE]\nLOGGING_ENCRYPTION_KEY =\n/a, /b";
    assert_eq!(recipients(same), ["/a", "/b"]);
    for second in ["/a", "/a,/c", "default", ""] {
        let text = format!(
            "[GLOBAL]\nLOGGING_ENCRYPTION_KEY = /a,/b\n[SRE]\nLOGGING_ENCRYPTION_KEY = {second}"
        );
        assert!(
            matches!(
                refused(&text),
                ConfigError::SettingRepeated {
                    first_line: 2,
                    line: 4,
                    ..
                }
            ),
            "{second:?}"
        );
    }
}

#[test]
fn an_empty_place_in_the_list_is_refused() {
    for list in ["/a,,/b", ",/a", "/a, , /b", "\"\"", "/a,\n,/b"] {
        assert!(
            matches!(
                refused(&format!("LOGGING_ENCRYPTION_KEY = {list}")),
                ConfigError::EmptyPath { .. }
            ),
            "{list:?}"
        );
    }
}

#[test]
fn a_list_that_ends_in_a_comma_is_refused() {
    for rest in ["", "\n", "\n\n[SRE]\n", "\nOTHER = 1\n"] {
        assert!(
            matches!(
                refused(&format!("LOGGING_ENCRYPTION_KEY = /a,{rest}")),
                ConfigError::UnfinishedList { line: 1, .. }
            ),
            "{rest:?}"
        );
    }
}

#[test]
fn a_path_after_a_forgotten_comma_is_refused_rather_than_dropped() {
    for second in ["/b", ",/b", "\"/b\"", "\n# the vendor\n/b"] {
        assert!(
            matches!(
                refused(&format!("LOGGING_ENCRYPTION_KEY = /a\n{second}")),
                ConfigError::StrayLine { .. }
            ),
            "{second:?}"
        );
    }
}

#[test]
fn quotes_that_do_not_pair_are_refused() {
    assert!(matches!(
        refused("LOGGING_ENCRYPTION_KEY = \"/a,/b\n\""),
        ConfigError::UnclosedQuote { line: 1, .. }
    ));
    assert!(matches!(
        refused("LOGGING_ENCRYPTION_KEY = \"/a\" /b"),
        ConfigError::TextAfterQuote { line: 1, .. }
    ));
}
