//! OpenPGP certificates of other programs are sealed to, alone and together
//! with X.509 certificates.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

mod common;

use std::time::{Duration, SystemTime};

use common::Place;
use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::KeyFlags;

/// Exports a key of GnuPG's in all forms, and seals and opens with them.
#[track_caller]
fn gpg_key_opens(place: &Place, user: &str) {
    place.gpg(&format!("--export --output {user}.pgp {user}"));
    place.gpg(&format!("--export --armor --output {user}.asc {user}"));
    place.gpg(&format!("--export-secret-keys --output {user}.key {user}"));
    place.opens(&format!("-r {user}.pgp"), &format!("-k {user}.key"));
    place.opens(&format!("-r {user}.asc"), &format!("-k {user}.key"));
}

#[test]
fn rsa_by_gpg_opens() {
    let place = Place::new();
    place.gpg("--quick-gen-key rsa rsa2048 default never");
    place.gpg(&format!(
        "--quick-add-key {} rsa2048 encr never",
        place.gpg_fingerprint("rsa")
    ));
    gpg_key_opens(&place, "rsa");
}

#[test]
fn an_rsa_primary_key_that_encrypts_itself_opens() {
    let place = Place::new();
    place.gpg("--quick-gen-key rsa rsa2048 encr never");
    gpg_key_opens(&place, "rsa");
}

#[test]
fn curve25519_by_gpg_opens() {
    let place = Place::new();
    place.gpg("--quick-gen-key curve future-default default never");
    let listed = place.gpg("--with-colons --list-keys curve").text();
    assert!(listed.contains("cv25519"), "{listed}");
    gpg_key_opens(&place, "curve");
}

#[test]
fn other_curves_by_gpg_open() {
    let place = Place::new();
    for curve in ["nistp256", "nistp384", "nistp521", "brainpoolP256r1"] {
        place.gpg(&format!("--quick-gen-key {curve} {curve} cert never"));
        let fingerprint = place.gpg_fingerprint(curve);
        place.gpg(&format!("--quick-add-key {fingerprint} {curve} encr never"));
        gpg_key_opens(&place, curve);
    }
}

#[test]
fn a_key_by_sqop_opens() {
    let place = Place::new();
    place.run_to("sqop generate-key sq@example.org", "sq.key");
    let certificate = place.run_with_input("sqop extract-cert", "sq.key");
    place.write("sq.asc", certificate.stdout);
    place.opens("-r sq.asc", "-k sq.key");
    let binary = place.run_with_input("sqop dearmor", "sq.asc");
    place.write("sq.pgp", binary.stdout);
    place.opens("-r sq.pgp", "-k sq.key");
}

#[test]
fn a_key_by_rnp_opens() {
    let place = Place::new();
    std::fs::create_dir(place.path("rnp")).unwrap();
    place.run("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    place.run("rnpkeys --homedir rnp --export-key rnp --output rnp.asc");
    place.run("rnpkeys --homedir rnp --export-key rnp --secret --output rnp.key");
    place.opens("-r rnp.asc", "-k rnp.key");
}

#[test]
fn a_version_6_certificate_opens() {
    let place = Place::new();
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .set_cipher_suite(CipherSuite::Cv25519)
        .add_userid("six")
        .add_transport_encryption_subkey()
        .generate()
        .unwrap();
    assert_eq!(cert.primary_key().key().version(), 6);
    place.write("six.pgp", cert.to_vec().unwrap());
    place.write("six.asc", cert.armored().to_vec().unwrap());
    place.write("six.key", cert.as_tsk().to_vec().unwrap());
    place.opens("-r six.pgp", "-k six.key");
    place.opens("-r six.asc", "-k six.key");

    // A reader that has it has version 2 messages as well, and no others.
    place.write("call.wav", "said");
    place
        .outcome("callseal seal --format rfc4880 -r six.pgp call.wav -o call.pgp")
        .exits(3)
        .complains(&["six.pgp", "rfc4880"])
        .hints();
}

#[test]
fn both_encryption_subkeys_count() {
    let place = Place::new();
    let (cert, _) = CertBuilder::new()
        .set_cipher_suite(CipherSuite::P256)
        .add_userid("two")
        .add_subkey(
            KeyFlags::empty().set_storage_encryption(),
            None,
            CipherSuite::P256,
        )
        .add_subkey(
            KeyFlags::empty().set_transport_encryption(),
            None,
            CipherSuite::P384,
        )
        .add_signing_subkey()
        .generate()
        .unwrap();
    place.write("two.pgp", cert.to_vec().unwrap());
    let keys = place.inspect("two.pgp");
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");

    let subkeys = cert.keys().subkeys().map(|key| key.key());
    let for_encryption = subkeys.filter(|key| key.pk_algo().for_encryption());
    for held in for_encryption {
        // A secret key with one of the subkeys alone.
        let tsk = cert
            .as_tsk()
            .set_filter(|key| key.fingerprint() == held.fingerprint())
            .to_vec()
            .unwrap();
        place.write("one.key", tsk);
        place.opens("-r two.pgp", "-k one.key");
    }
}

#[test]
fn an_expired_subkey_beside_a_valid_one_is_left_alone() {
    let place = Place::new();
    let (cert, _) = CertBuilder::new()
        .set_creation_time(SystemTime::now() - Duration::from_secs(1000))
        .set_cipher_suite(CipherSuite::P256)
        .add_userid("renewed")
        .add_subkey(
            KeyFlags::empty().set_storage_encryption(),
            Duration::from_secs(10),
            None,
        )
        .add_subkey(KeyFlags::empty().set_storage_encryption(), None, None)
        .generate()
        .unwrap();
    place.write("renewed.pgp", cert.to_vec().unwrap());
    place.write("renewed.key", cert.as_tsk().to_vec().unwrap());
    place.opens("-r renewed.pgp", "-k renewed.key");
    place.seal("-r renewed.pgp");
    let message = place.inspect("call.pgp");
    assert_eq!(
        message["recipients"].as_array().unwrap().len(),
        1,
        "{message}"
    );
}

#[test]
fn all_kinds_of_recipients_share_one_message() {
    let place = Place::new();
    place.certificate("rsa", "rsa:2048");
    place.cheap_certificate("ec");
    place.gpg("--quick-gen-key curve future-default default never");
    place.gpg("--export --output curve.pgp curve");
    place.gpg("--export-secret-keys --output curve.key curve");
    place.run_to("sqop generate-key sq@example.org", "sq.key");
    let certificate = place.run_with_input("sqop extract-cert", "sq.key");
    place.write("sq.crt", certificate.stdout);

    let all = "-r rsa.crt -r ec.crt -r curve.pgp -r sq.crt";
    for key in ["rsa.key", "ec.key", "curve.key", "sq.key"] {
        place.opens(all, &format!("-k {key}"));
    }
    // One of them reads version 1 alone, and so all get that.
    place.seal(all);
    let message = place.inspect("call.pgp");
    assert_eq!(message["format"], "rfc4880", "{message}");
    assert_eq!(
        message["recipients"].as_array().unwrap().len(),
        4,
        "{message}"
    );
    place.seal("-r rsa.crt -r ec.crt");
    assert_eq!(place.inspect("call.pgp")["format"], "rfc9580");
}

#[test]
fn a_version_6_certificate_and_x509_share_one_message() {
    let place = Place::new();
    place.certificate("rsa", "rsa:2048");
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .add_userid("six")
        .add_storage_encryption_subkey()
        .generate()
        .unwrap();
    place.write("six.pgp", cert.to_vec().unwrap());
    place.write("six.key", cert.as_tsk().to_vec().unwrap());
    place.opens("-r rsa.crt -r six.pgp", "-k rsa.key");
    place.opens("-r rsa.crt -r six.pgp", "-k six.key");
}
