//! A private key file.

use std::path::Path;

use callseal::keys::{Beside, Identity, Keyring, NoPassphrases, SecretKeyExport};
use callseal::message::{Limits, OpenMessage, Opener};

use super::scratch::{leave_an_error, with_file};
use super::sealed::MESSAGES;

pub fn check(input: &[u8]) {
    let (described, exported) = with_file(input, |path| {
        let described = described(path);
        check_opening(path);
        leave_an_error();
        assert_eq!(described, self::described(path));
        let exported = SecretKeyExport::unlock(path, &NoPassphrases)
            .and_then(|key| key.armored())
            .ok();
        (described, exported)
    });
    if let Some(key) = exported {
        let before = described.unwrap();
        let after = with_file(&key, self::described).unwrap();
        let fingerprints = |keys: &[Described]| -> Vec<_> {
            keys.iter().map(|key| key.fingerprint.clone()).collect()
        };
        assert_eq!(fingerprints(&before), fingerprints(&after));
    }
}

/// Returns the facts about a key.
#[derive(Debug, PartialEq, Eq)]
struct Described {
    fingerprint: Option<String>,
    label: Option<String>,
    algorithm: Option<String>,
    certificate: Option<(bool, String)>,
    locked: bool,
    openpgp: bool,
    presumed: bool,
}

fn described(path: &Path) -> Result<Vec<Described>, String> {
    let found = Identity::load(path).map_err(|fault| fault.to_string())?;
    assert!(!found.is_empty());
    let describe = |identity: &Identity| Described {
        fingerprint: identity.fingerprint().map(ToString::to_string),
        label: identity.label().map(Into::into),
        algorithm: identity.algorithm().map(Into::into),
        certificate: identity.certificate_beside().map(|beside| match beside {
            Beside::Own(own) => (true, own.label().to_owned()),
            Beside::Other(other) => (false, other.label().to_owned()),
        }),
        locked: identity.is_locked(),
        openpgp: identity.is_openpgp(),
        presumed: identity.is_presumed(),
    };
    Ok(found.iter().map(describe).collect())
}

/// Checks that a key opens a message to what was sealed, or not at all.
fn check_opening(path: &Path) {
    let Ok(keyring) = Keyring::load(&[path]) else {
        return;
    };
    // One of each kind, and one for RSA.
    for message in MESSAGES.iter().step_by(2).take(6) {
        let limits = Limits::new(1 << 16, 1 << 16);
        let opener = Opener::new(&keyring).with_limits(&limits);
        let Ok(begun) = OpenMessage::begin(message.bytes, &opener) else {
            continue;
        };
        let mut content = Vec::new();
        if begun
            .copy_to(&mut content)
            .is_ok_and(|done| done.format.is_authenticated())
        {
            assert_eq!(content, message.content.as_bytes());
        }
    }
}
