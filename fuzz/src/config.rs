//! A config, in both of its formats.

use std::path::Path;

use callseal::config::{Config, ConfigError};

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for name in ["dir/callseal.toml", "dir/client_property.conf"] {
        let parse = |text: &str| Config::parse(text, Path::new(name));
        match parse(text) {
            Ok(config) => {
                check_config(&config);
                assert_eq!(parse(text).unwrap(), config);
                if !text.starts_with('\u{feff}') {
                    let marked = parse(&format!("\u{feff}{text}"));
                    assert_eq!(marked.unwrap(), config, "a byte order mark is not text");
                }
                let commented = parse(&format!("{text}\n# a comment\n"));
                assert_eq!(commented.unwrap(), config, "a comment says nothing");
            }
            Err(error) => {
                check_error(&error, name);
                assert_eq!(parse(text).unwrap_err().to_string(), error.to_string());
            }
        }
    }
}

fn check_config(config: &Config) {
    if let Some(name) = &config.default_profile {
        assert!(config.profiles.contains_key(name));
        assert_eq!(config.profile(None).unwrap().0, name);
    }
    for (name, profile) in &config.profiles {
        assert_eq!(config.profile(Some(name)).unwrap(), (&**name, profile));
        assert!(!profile.parties.is_empty() || !profile.signers.is_empty());
        assert!(!profile.require_signature || !profile.signers.is_empty());
        for party in &profile.parties {
            assert!(party.places().next().is_some());
        }
    }
}

/// Checks that an error is one line that begins with the file's name.
fn check_error(error: &ConfigError, name: &str) {
    let said = error.to_string();
    assert!(said.starts_with(name), "{said}");
    assert!(!said.contains('\n'), "{said}");
}
