//! Keys that sign, and those that are refused.

use super::*;
use crate::keys::{
    KeyFault, KeyKind, KeyPurpose, NewKey, Passphrase, Recipient, Requirements, Subject,
};

#[track_caller]
fn recipients(desk: &Desk, name: &str) -> Vec<Recipient> {
    let found = Recipient::load_any_age(&desk.path(name));
    let found = found.unwrap();
    assert!(!found.is_empty());
    found
}

/// Checks that a key signs what holds for its certificate.
#[track_caller]
fn signs(desk: &Desk, key: SigningKey, certificate: &str) {
    assert_eq!(judged(&desk.signers(&[certificate]), &cms(&[key])), HOLDS);
}

#[test]
fn every_form_of_a_key_signs() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[SIGNS]);
    desk.bash(
        "openssl ec -in a.key -out old.key; cp a.crt old.cer
         openssl pkey -in a.key -outform DER -out der.key; openssl x509 -in a.crt -outform DER -out der.der
         cat a.key a.crt > one.pem; cat a.crt a.key > other.pem
         openssl pkcs12 -export -in a.crt -inkey a.key -passout pass: -out a.p12
         openssl pkcs12 -export -in a.crt -inkey a.key -passout pass:secret -out locked.p12
         openssl pkcs8 -topk8 -in a.key -passout pass:secret -out locked.key; cp a.crt locked.crt",
    );
    for name in [
        "a.key",
        "old.key",
        "der.key",
        "one.pem",
        "other.pem",
        "a.p12",
    ] {
        let key = desk.key(name);
        assert_eq!(
            (key.label(), key.source()),
            ("a", &*desk.path(name)),
            "{name}"
        );
        assert!(!key.is_openpgp() && key.openpgp().is_none());
        signs(&desk, key, "a.crt");
    }
    let load = |name: &str, phrase: &[u8]| {
        let phrase = Passphrase::new(phrase.to_vec());
        SigningKey::load(&desk.path(name), &phrase, SystemTime::now())
    };
    for name in ["locked.p12", "locked.key"] {
        signs(&desk, load(name, b"secret").unwrap(), "a.crt");
        assert!(matches!(
            load(name, b"wrong").unwrap_err().fault,
            SigningKeyFault::Locked(_)
        ));
        assert!(matches!(desk.refusal(name), SigningKeyFault::Locked(_)));
    }
    // Without a certificate nobody is asked for a passphrase.
    desk.bash("mv locked.crt gone");
    assert!(matches!(
        load("locked.key", b"secret").unwrap_err().fault,
        SigningKeyFault::NoCertificate
    ));
}

#[test]
fn a_java_keystore_signs() {
    let desk = Desk::new();
    desk.bash(
        "keytool -genkeypair -storetype jks -keystore a.jks -alias a -keyalg RSA -dname CN=a \
         -storepass secret -keypass secret 2> /dev/null
         keytool -exportcert -rfc -keystore a.jks -alias a -storepass secret > a.crt 2> /dev/null",
    );
    let secret = Passphrase::new(b"secret".to_vec());
    let key = SigningKey::load(&desk.path("a.jks"), &secret, SystemTime::now());
    signs(&desk, key.unwrap(), "a.crt");
}

#[test]
fn the_chain_in_a_keystore_goes_with_the_signature() {
    let desk = Desk::new();
    desk.chain();
    desk.bash(
        "cat issuing.crt root.crt > chain.pem
         openssl pkcs12 -export -in leaf.crt -inkey leaf.key -certfile chain.pem -passout pass: -out a.p12",
    );
    let name = SignerName::Subject("leaf".into());
    let cas = [desk.path("root.crt")];
    let ca: Option<(&[PathBuf], &[PathBuf])> = Some((&cas, &[]));
    let signers = Signers::load(&[name], ca, SigningTime::Ignored, SystemTime::now()).unwrap();
    assert_eq!(judged(&signers, &cms(&[desk.key("a.p12")])), HOLDS);
}

#[test]
fn keys_without_a_fit_certificate_are_refused_by_name() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[SIGNS]);
    desk.self_signed("b", P256, &[SIGNS]);
    desk.bash(
        "cp a.key alone.key; openssl pkey -in a.key -pubout -out alone.pub
         cp a.key mixed.key; cp b.crt mixed.crt
         cat a.key b.key a.crt > two.pem
         head -c 100 a.key > cut.key",
    );
    desk.self_signed("small", "rsa:1024", &[SIGNS]);
    desk.self_signed("edwards", "ed25519", &[SIGNS]);
    desk.self_signed("server", P256, &["extendedKeyUsage=serverAuth"]);
    desk.self_signed("opens", P256, &["keyUsage=keyAgreement"]);
    for (name, words) in [
        (
            "alone.key",
            "its certificate was found neither in the file nor next to it",
        ),
        ("mixed.key", "the certificate “b” belongs to another key"),
        ("two.pem", "it holds 2 private keys, and one is needed"),
        ("cut.key", "its END line is missing"),
        (
            "a.crt",
            "it is a certificate or public key, not a private key",
        ),
        ("content", "it holds no private key"),
        ("none.key", "no such file or directory"),
        (
            "small.key",
            "the certificate “small” has an RSA key of 1024 bits, and at least 2048",
        ),
        ("edwards.key", "Ed25519 key, which callseal doesn't support"),
        (
            "server.key",
            "is not for signatures: its extendedKeyUsage lacks emailProtection",
        ),
        (
            "opens.key",
            "the certificate “opens” is not for signatures: its keyUsage lacks digitalSignature",
        ),
    ] {
        let said = desk.refusal(name).to_string();
        assert!(said.contains(words), "{name}: {said}");
    }
    let load = |at| {
        SigningKey::load(&desk.path("a.key"), &NoPassphrases, at)
            .unwrap_err()
            .fault
    };
    let now = SystemTime::now();
    assert!(matches!(
        load(now + 366 * DAY),
        SigningKeyFault::Expired { .. }
    ));
    assert!(matches!(
        load(now - 2 * DAY),
        SigningKeyFault::NotYetValid { .. }
    ));
}

#[test]
fn a_renewed_certificate_next_to_an_expired_one_counts() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[SIGNS]);
    desk.bash("mv a.crt a.pem; faketime '2011-01-01 00:00:00' openssl req -x509 -key a.key -days 9 -subj /CN=old -out a.crt");
    assert_eq!(desk.key("a.key").label(), "a");
    desk.bash("rm a.pem");
    assert!(matches!(
        desk.refusal("a.key"),
        SigningKeyFault::Expired { .. }
    ));
}

#[test]
fn a_key_that_callseal_makes_for_recipients_signs_nothing() {
    let desk = Desk::new();
    let key = NewKey::generate(KeyKind::P256, KeyPurpose::Open).unwrap();
    let subject = Subject::new("a").unwrap();
    desk.write("a.key", &key.private_pem(None).unwrap());
    desk.write(
        "a.crt",
        &key.certificate(&subject, SystemTime::now(), 9).unwrap(),
    );
    assert!(matches!(
        desk.refusal("a.key"),
        SigningKeyFault::Usage { .. }
    ));
}

#[test]
fn a_signer_knows_whether_it_is_a_recipient() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[]);
    desk.self_signed("b", P256, &[]);
    desk.bash(
        "openssl req -x509 -key a.key -subj /CN=renewed -days 9 -out renewed.crt
         openssl pkey -in a.key -pubout -out bare.pub",
    );
    let key = desk.key("a.key");
    for name in ["a.crt", "renewed.crt", "bare.pub"] {
        let found = recipients(&desk, name);
        assert!(
            found.iter().all(|recipient| key.is_recipient(recipient)),
            "{name}"
        );
    }
    let (own, other) = (recipients(&desk, "a.crt"), recipients(&desk, "b.crt"));
    assert!(!key.is_recipient(&other[0]));
    let handles = own[0].handles();
    assert!(handles.len() >= 3);
    let verdicts = desk
        .signers(&["a.crt"])
        .verify_cms(&cms(&[desk.key("a.key")]), &mut &*CONTENT);
    let verdict = &verdicts.unwrap()[0];
    for handle in &handles {
        assert!(
            key.is_named_by(handle) && verdict.is_named_by(handle),
            "{handle}"
        );
    }
    let fingerprint = own[0].fingerprint();
    assert!(key.is_named_by(&fingerprint.key_id()));
    for handle in other[0].handles() {
        assert!(
            !key.is_named_by(&handle) && !verdict.is_named_by(&handle),
            "{handle}"
        );
    }
}

#[test]
fn an_openpgp_signer_is_a_recipient_by_any_key_of_its_certificate() {
    let desk = Desk::new();
    desk.bash("mkdir -m 700 gnupg");
    desk.bash(
        "gpg --batch -q --passphrase '' --quick-gen-key ann default default never
         gpg --batch -q --passphrase '' --quick-gen-key bob default default never
         gpg --batch --export-secret-keys ann > ann.key; gpg --export ann > ann.gpg; gpg --export bob > bob.gpg",
    );
    let key = desk.key("ann.key");
    assert!(key.is_openpgp());
    assert!(
        recipients(&desk, "ann.gpg")
            .iter()
            .all(|found| key.is_recipient(found))
    );
    assert!(
        !recipients(&desk, "bob.gpg")
            .iter()
            .any(|found| key.is_recipient(found))
    );
    for recipient in Recipient::load(
        &desk.path("ann.gpg"),
        &Requirements::listed(SystemTime::now()),
    )
    .unwrap()
    {
        assert!(key.is_named_by(&recipient.fingerprint().key_id()));
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_all_can_read_is_exposed() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[]);
    desk.bash("chmod 600 a.key");
    assert!(!desk.key("a.key").is_exposed());
    desk.bash("chmod 604 a.key");
    assert!(desk.key("a.key").is_exposed());
    let shown = format!("{:?}", desk.key("a.key"));
    assert!(
        shown.contains("a.key") && !shown.contains("PKey"),
        "{shown}"
    );
}

#[test]
fn openpgp_keys_without_a_key_that_signs_are_refused_by_name() {
    let desk = Desk::new();
    desk.bash(
        "mkdir -m 700 gnupg
         quick() { gpg --batch -q --passphrase '' \"$@\"; }
         quick --quick-gen-key opens rsa2048 encr never; gpg --batch --export-secret-keys opens > opens.key
         quick --quick-gen-key old ed25519 sign 1d; gpg --batch --export-secret-keys old > old.key
         gpg --export old > old.gpg
         quick --quick-gen-key stub ed25519 sign never
         gpg --batch --export-secret-subkeys stub > stub.key
         quick --quick-gen-key off ed25519 sign never
         fpr=$(gpg --with-colons --list-keys off | awk -F: '/^fpr/{print $10; exit}')
         sed 's/^:---/---/' gnupg/openpgp-revocs.d/$fpr.rev | gpg --batch -q --import
         gpg --batch --export-secret-keys off > off.key
         gpg --batch --export-secret-keys old off > two.key",
    );
    for (name, words) in [
        (
            "opens.key",
            "the certificate “opens” has no valid signing key",
        ),
        ("off.key", "the certificate “off” was revoked on "),
        ("old.gpg", "it is an OpenPGP certificate, not a private key"),
        ("stub.key", "its private key is not in this file"),
        ("two.key", "it holds 2 private keys, and one is needed"),
    ] {
        let said = desk.refusal(name).to_string();
        assert!(said.contains(words), "{name}: {said}");
    }
    let later = SystemTime::now() + 2 * DAY;
    let loaded = SigningKey::load(&desk.path("old.key"), &NoPassphrases, later);
    assert!(matches!(
        loaded.unwrap_err().fault,
        SigningKeyFault::Expired { .. }
    ));
    assert!(!matches!(desk.key("old.key").fingerprint(), ""));
    assert!(matches!(
        desk.refusal("missing"),
        SigningKeyFault::Key(KeyFault::Unreadable(_))
    ));
}
