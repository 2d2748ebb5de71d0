//! Sealing to OpenPGP certificates of other programs, alone and together with
//! X.509 certificates.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::KeyFlags;

use crate::support::{P256, Scene};

/// Exports a key of GnuPG's in all forms, and seals and opens with them.
#[track_caller]
fn gpg_key_opens(scene: &Scene, user: &str) {
    scene.gpg(&format!("--export --output {user}.pgp {user}"));
    scene.gpg(&format!("--export --armor --output {user}.asc {user}"));
    scene.gpg(&format!("--export-secret-keys --output {user}.key {user}"));
    scene.opens(&format!("-r {user}.pgp"), &format!("-k {user}.key"));
    scene.opens(&format!("-r {user}.asc"), &format!("-k {user}.key"));
}

#[test]
fn rsa_by_gpg_opens() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key rsa rsa2048 default never");
    scene.gpg(&format!(
        "--quick-add-key {} rsa2048 encr never",
        scene.gpg_fingerprint("rsa")
    ));
    gpg_key_opens(&scene, "rsa");
}

#[test]
fn an_rsa_primary_key_that_encrypts_itself_opens() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key rsa rsa2048 encr never");
    gpg_key_opens(&scene, "rsa");
}

#[test]
fn curve25519_by_gpg_opens() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key curve future-default default never");
    let listed = scene.gpg("--with-colons --list-keys curve").stdout();
    assert!(listed.contains("cv25519"), "{listed}");
    gpg_key_opens(&scene, "curve");
}

#[test]
fn other_curves_by_gpg_open() {
    let scene = Scene::new();
    for curve in ["nistp256", "nistp384", "nistp521", "brainpoolP256r1"] {
        scene.gpg(&format!("--quick-gen-key {curve} {curve} cert never"));
        let fingerprint = scene.gpg_fingerprint(curve);
        scene.gpg(&format!("--quick-add-key {fingerprint} {curve} encr never"));
        gpg_key_opens(&scene, curve);
    }
}

#[test]
fn a_key_by_sqop_opens() {
    let scene = Scene::new();
    scene.tool_to("sqop generate-key sq@example.org", "sq.key");
    let certificate = scene.tool_from("sqop extract-cert", "sq.key");
    scene.write("sq.asc", certificate.output.stdout);
    scene.opens("-r sq.asc", "-k sq.key");
    let binary = scene.tool_from("sqop dearmor", "sq.asc");
    scene.write("sq.pgp", binary.output.stdout);
    scene.opens("-r sq.pgp", "-k sq.key");
}

#[test]
fn a_key_by_rnp_opens() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("rnp")).unwrap();
    scene.tool("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --output rnp.asc");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --secret --output rnp.key");
    scene.opens("-r rnp.asc", "-k rnp.key");
}

#[test]
fn a_version_6_certificate_opens() {
    let scene = Scene::new();
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .set_cipher_suite(CipherSuite::Cv25519)
        .add_userid("six")
        .add_transport_encryption_subkey()
        .generate()
        .unwrap();
    assert_eq!(cert.primary_key().key().version(), 6);
    scene.write("six.pgp", cert.to_vec().unwrap());
    scene.write("six.asc", cert.armored().to_vec().unwrap());
    scene.write("six.key", cert.as_tsk().to_vec().unwrap());
    scene.opens("-r six.pgp", "-k six.key");
    scene.opens("-r six.asc", "-k six.key");

    // A reader that supports it also supports version 2 messages, and others
    // don't.
    scene.write("call.wav", "said");
    scene
        .line("seal --format rfc4880 -r six.pgp call.wav -o call.pgp")
        .exits(3)
        .complains_with_hint(&["six.pgp", "rfc4880"]);
}

#[test]
fn both_encryption_subkeys_count() {
    let scene = Scene::new();
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
    scene.write("two.pgp", cert.to_vec().unwrap());
    let keys = scene.inspect("two.pgp");
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");

    let subkeys = cert.keys().subkeys().map(|key| key.key());
    let for_encryption = subkeys.filter(|key| key.pk_algo().for_encryption());
    for held in for_encryption {
        // A secret key with only one of the subkeys.
        let tsk = cert
            .as_tsk()
            .set_filter(|key| key.fingerprint() == held.fingerprint())
            .to_vec()
            .unwrap();
        scene.write("one.key", tsk);
        scene.opens("-r two.pgp", "-k one.key");
    }
}

#[test]
fn an_expired_subkey_next_to_a_valid_one_is_ignored() {
    let scene = Scene::new();
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
    scene.write("renewed.pgp", cert.to_vec().unwrap());
    scene.write("renewed.key", cert.as_tsk().to_vec().unwrap());
    scene.opens("-r renewed.pgp", "-k renewed.key");
    scene.seal("-r renewed.pgp");
    let message = scene.inspect("call.pgp");
    assert_eq!(
        message["recipients"].as_array().unwrap().len(),
        1,
        "{message}"
    );
}

#[test]
fn all_kinds_of_recipients_share_one_message() {
    let scene = Scene::new();
    scene.key_pair("rsa", "rsa:2048");
    scene.key_pair("ec", P256);
    scene.gpg("--quick-gen-key curve future-default default never");
    scene.gpg("--export --output curve.pgp curve");
    scene.gpg("--export-secret-keys --output curve.key curve");
    scene.tool_to("sqop generate-key sq@example.org", "sq.key");
    let certificate = scene.tool_from("sqop extract-cert", "sq.key");
    scene.write("sq.crt", certificate.output.stdout);

    let all = "-r rsa.crt -r ec.crt -r curve.pgp -r sq.crt";
    for key in ["rsa.key", "ec.key", "curve.key", "sq.key"] {
        scene.opens(all, &format!("-k {key}"));
    }
    // One of them reads only version 1, so all get that.
    scene.seal(all);
    let message = scene.inspect("call.pgp");
    assert_eq!(message["format"], "rfc4880", "{message}");
    assert_eq!(
        message["recipients"].as_array().unwrap().len(),
        4,
        "{message}"
    );
    scene.seal("-r rsa.crt -r ec.crt");
    assert_eq!(scene.inspect("call.pgp")["format"], "rfc9580");
}

#[test]
fn a_version_6_certificate_and_x509_share_one_message() {
    let scene = Scene::new();
    scene.key_pair("rsa", "rsa:2048");
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .add_userid("six")
        .add_storage_encryption_subkey()
        .generate()
        .unwrap();
    scene.write("six.pgp", cert.to_vec().unwrap());
    scene.write("six.key", cert.as_tsk().to_vec().unwrap());
    scene.opens("-r rsa.crt -r six.pgp", "-k rsa.key");
    scene.opens("-r rsa.crt -r six.pgp", "-k six.key");
}

#[test]
fn a_certificate_of_the_future_is_not_valid_yet() {
    let scene = Scene::new();
    scene.write("call.wav", "said");
    scene.gpg("--faked-system-time 20980101T000000! --quick-gen-key later rsa2048 encr never");
    scene.gpg("--faked-system-time 20980101T000000! --export --output later.pgp later");
    scene
        .line("seal -r later.pgp call.wav")
        .exits(3)
        .complains_with_hint(&["later.pgp: “later” is not valid before 2098-01-01"]);
}
