//! A certificate or public key file, a CA bundle, a CRL.

use std::path::Path;

use callseal::keys::{Party, Recipient, Recipients, Requirements};
use callseal::message::{Compression, Format};
use callseal::message::{Envelope, SealOptions, SealPlan, SealedFile};

use super::scratch::{leave_an_error, with_file};
use super::sealed::now;

pub fn check(input: &[u8]) {
    with_file(input, |path| {
        let any_age = described(Recipient::load_any_age(path));
        leave_an_error();
        assert_eq!(any_age, described(Recipient::load_any_age(path)));
        let requirements = Requirements::listed(now());
        let valid = described(Recipient::load(path, &requirements));
        assert_eq!(valid, described(Recipient::load(path, &requirements)));
        if let Ok(valid) = valid {
            let any_age = any_age.expect("what is valid now is of some age");
            assert!(!valid.is_empty());
            assert!(valid.iter().all(|recipient| any_age.contains(recipient)));
            check_sealing(path, &requirements);
        }
        check_trust(path);
    });
}

/// Returns the facts about recipients.
fn described<E: ToString>(found: Result<Vec<Recipient>, E>) -> Result<Vec<String>, String> {
    let describe = |recipient: &Recipient| {
        format!(
            "{:?} {:?} {} {} {:?}",
            recipient.kind(),
            recipient.label(),
            recipient.fingerprint(),
            recipient.algorithm(),
            recipient.expires(),
        )
    };
    match found {
        Ok(recipients) => Ok(recipients.iter().map(describe).collect()),
        Err(error) => Err(error.to_string()),
    }
}

/// Checks that a message has exactly these recipients in its envelope.
fn check_sealing(path: &Path, requirements: &Requirements) {
    let party = Party::with_certificate(path);
    let recipients = Recipients::load(&[party], requirements).unwrap();
    for format in [None, Some(Format::Cms)] {
        let plan = SealPlan::new(
            recipients.clone(),
            SealOptions {
                format,
                compression: Compression::None,
                ..SealOptions::default()
            },
        );
        // CMS can't hold some keys.
        let Ok(plan) = plan else { continue };
        let file = SealedFile {
            name: "calls/a",
            modified: now(),
            length: Some(4),
        };
        let mut message = Vec::new();
        // OpenSSL refuses some keys only when they are used.
        if plan
            .sealer()
            .seal(&mut &b"call"[..], &file, &mut message)
            .is_err()
        {
            continue;
        }
        let envelope = Envelope::read(&*message).unwrap();
        let named = &envelope.recipients;
        assert_eq!(named.len(), recipients.iter().count());
        for (recipient, handle) in recipients.iter().zip(named) {
            assert!(recipient.is_named_by(handle));
        }
    }
}

/// Reads it as a CA bundle and as CRLs.
fn check_trust(path: &Path) {
    let [first, second] = [(); 2].map(|()| {
        leave_an_error();
        let (cas, crls) = (&[path.into()], &[path.into()]);
        let requirements = Requirements::listed(now()).with_ca(cas, crls);
        let requirements = requirements.map_err(|error| error.to_string())?;
        described(Recipient::load(path, &requirements))
    });
    assert_eq!(first, second);
}
