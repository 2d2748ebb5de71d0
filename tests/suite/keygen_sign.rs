//! `callseal keygen --sign`: keys that sign with other software, and open
//! nothing.

use std::time::SystemTime;

use callseal::keys::{NoPassphrases, SigningKey};

use crate::support::{CALL, Scene};

/// Makes a signer's key `a` without a passphrase, with these arguments.
#[track_caller]
fn keygen(scene: &Scene, arguments: &str) -> crate::support::Outcome {
    scene.ok(&format!(
        "keygen --name a --sign --no-passphrase {arguments}"
    ))
}

#[test]
fn openssl_signs_with_the_key_and_verifies_with_its_certificate() {
    for arguments in ["--rsa 2048", "--ec p256", "--ec p384", "--ec p521"] {
        let scene = Scene::new();
        keygen(&scene, arguments).says("signing: `callseal pack --sign a.key …` signs with it");
        assert_eq!(scene.names(), ["a.crt", "a.key"], "{arguments}");
        scene.write("calls.zip", CALL);
        scene.tool(
            "openssl cms -sign -binary -in calls.zip -signer a.crt -inkey a.key -outform DER -out a.p7s",
        );
        scene.tool(
            "openssl cms -verify -binary -no-CApath -no-CAstore -CAfile a.crt -inform DER -in a.p7s \
             -content calls.zip -out verified",
        );
        assert_eq!(scene.read("verified"), CALL);
        let shown = scene.tool("openssl x509 -in a.crt -noout -text").stdout();
        for line in [
            "X509v3 Key Usage: critical\n                Digital Signature\n",
            "X509v3 Extended Key Usage: \n                E-mail Protection\n",
            "CA:FALSE",
        ] {
            assert!(shown.contains(line), "{arguments}: {shown}");
        }
        let key = SigningKey::load(&scene.path("a.key"), &NoPassphrases, SystemTime::now());
        assert_eq!(key.unwrap().label(), "a");
    }
}

#[test]
fn nobody_seals_to_a_signer() {
    let scene = Scene::new();
    scene.write("call.wav", CALL);
    for (kind, lacks) in [
        ("--rsa 2048", "keyEncipherment"),
        ("--ec p256", "keyAgreement"),
    ] {
        keygen(&scene, &format!("{kind} --out {lacks}"));
        scene
            .line(&format!("seal -r {lacks}/a.crt call.wav"))
            .exits(3)
            .complains_with_hint(&["“a” is not for encryption: its keyUsage lacks", lacks])
            .says("a signer's certificate, as `keygen --sign` makes it, opens nothing");
    }
    keygen(&scene, "--openpgp");
    scene
        .line("seal -r a.asc call.wav")
        .exits(3)
        .complains_with_hint(&["“a” has no valid encryption key"])
        .says("a signer's certificate, as `keygen --sign` makes it, opens nothing");
    assert!(!scene.exists("call.wav.pgp"));
}

#[test]
fn gnupg_signs_with_the_openpgp_key() {
    let scene = Scene::new();
    keygen(&scene, "--openpgp").says("those who verify need a.asc");
    assert_eq!(scene.names(), ["a.asc", "a.key", "a.rev"]);
    scene.write("calls.zip", CALL);
    scene.gpg("--import a.key");
    scene.gpg("--detach-sign calls.zip");
    scene.gpg("--output a.gpg --dearmor a.asc");
    scene.tool("gpgv --keyring ./a.gpg calls.zip.sig calls.zip");
    let shown = scene.gpg("--with-colons --list-keys a").stdout();
    assert!(!shown.contains("\nsub:"), "{shown}");
    let key = SigningKey::load(&scene.path("a.key"), &NoPassphrases, SystemTime::now());
    assert!(key.unwrap().is_openpgp());
}

#[test]
fn a_ca_issues_a_signer_s_certificate() {
    let scene = Scene::new();
    keygen(&scene, "--ec p256 --csr").says("once the CA's certificate is next to it");
    assert_eq!(scene.names(), ["a.csr", "a.key"]);
    let asked = scene
        .tool("openssl req -in a.csr -noout -text -verify")
        .stdout();
    assert!(
        asked.contains("Digital Signature") && asked.contains("E-mail Protection"),
        "{asked}"
    );
    scene.tool(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 9",
    );
    scene.tool(
        "openssl x509 -req -in a.csr -CA ca.crt -CAkey ca.key -copy_extensions copy -days 9 -out a.crt",
    );
    assert!(SigningKey::load(&scene.path("a.key"), &NoPassphrases, SystemTime::now()).is_ok());
}

#[test]
fn the_paths_of_a_signer_s_files_are_facts() {
    let scene = Scene::new();
    let made = keygen(&scene, "--ec p256 --json").json();
    assert_eq!(made["key"], "a.key");
    assert_eq!(made["certificate"], "a.crt");
    assert_eq!(made.get("public_key"), None);
}
