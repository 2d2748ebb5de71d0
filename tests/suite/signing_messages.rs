//! Keys that sign inside of messages, and what can't be signed.

use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::CipherSuite;

use crate::signing_peers::{peer, signer};
use crate::support::Scene;

/// A scene with the signer `anna` and the recipient `vendor`.
fn scene() -> Scene {
    let scene = Scene::new();
    signer(&scene, "anna", Profile::RFC4880, CipherSuite::P256);
    peer(&scene, "vendor", Profile::RFC4880, CipherSuite::P256);
    scene
}

#[test]
fn a_key_that_opens_does_not_sign() {
    let scene = scene();
    scene.write("call.wav", "said");
    scene
        .line("seal -r vendor.asc --sign vendor.key call.wav -o m.pgp")
        .exits(2)
        .complains_with_hint(&["vendor.key", "keys that open don't sign"]);
    assert!(!scene.exists("m.pgp"));
}

#[test]
fn what_can_not_be_signed_inside_is_refused() {
    let scene = Scene::with_parties();
    signer(&scene, "anna", Profile::RFC9580, CipherSuite::Cv25519);
    scene.key_pair("ivr", "rsa:2048");
    scene.write("call.wav", "said");
    let refuses = |options: &str, words: &[&str]| {
        scene
            .line(&format!("seal call.wav -o m.pgp {options}"))
            .exits(2)
            .complains_with_hint(words);
        assert!(!scene.exists("m.pgp"));
    };
    refuses("-r vendor.crt --sign ivr.key", &["ivr.key", "X.509"]);
    refuses(
        "-r vendor.crt --sign anna.key --format cms-gcm",
        &["cms-gcm messages can't be signed"],
    );
    refuses(
        "-r ivr.crt --sign anna.key --format cms",
        &["cms messages can't be signed"],
    );
    refuses(
        "-r vendor.crt --sign anna.key --hidden-recipients",
        &["to be hidden"],
    );
    scene.ok("seal -r vendor.crt call.wav -o m.p7m --format cms-gcm");
    scene
        .line("open m.p7m -k vendor.key --signer anna.asc -o out.wav")
        .exits(5)
        .complains_with_hint(&["m.p7m", "CMS", "no signature"]);
    assert!(!scene.exists("out.wav"));
}

#[test]
fn neither_signers_nor_keys_that_sign_are_overwritten() {
    let scene = scene();
    scene.write("call.wav", "said");
    let before = (scene.read("anna.asc"), scene.read("anna.key"));
    scene
        .line("seal -f -r vendor.asc --sign anna.key call.wav -o anna.key")
        .fails();
    scene.ok("seal -r vendor.asc --sign anna.key call.wav -o m.pgp");
    scene
        .line("open -f m.pgp -k vendor.key --signer anna.asc -o anna.asc")
        .fails();
    assert!(before == (scene.read("anna.asc"), scene.read("anna.key")));
}

#[test]
fn a_locked_key_signs_with_its_passphrase() {
    let scene = Scene::with_parties();
    scene.gpg_with_passphrase("sesame", "--quick-gen-key anna ed25519 sign,cert never");
    scene.gpg_with_passphrase("sesame", "--output anna.key --export-secret-keys anna");
    scene.gpg("--output anna.asc --export anna");
    scene.write("call.wav", "said");
    scene.write_private("passphrase", "sesame");
    scene
        .without_terminal("seal -r vendor.crt --sign anna.key call.wav -o m.pgp")
        .exits(4)
        .complains_with_hint(&["anna.key", "locked"]);
    scene.ok("seal -r vendor.crt --sign anna.key call.wav -o m.pgp --passphrase-file passphrase");
    scene.ok("open m.pgp -k vendor.key --signer anna.asc -o out.wav");
    scene
        .line("seal -r vendor.crt call.wav -o n.pgp --passphrase-file passphrase")
        .exits(2)
        .complains_with_hint(&["no key that signs"]);
}

#[test]
fn a_key_of_version_6_does_not_sign_what_gpg_is_to_read() {
    let scene = scene();
    signer(&scene, "six", Profile::RFC9580, CipherSuite::Cv25519);
    scene.write("call.wav", "said");
    // GnuPG 2.2 shows nothing of such a message.
    scene
        .line("seal --format rfc4880 -r vendor.asc --sign six.key call.wav -o m.pgp")
        .exits(2)
        .complains_with_hint(&["six.key", "version 6", "rfc4880"]);
    assert!(!scene.exists("m.pgp"));
}
