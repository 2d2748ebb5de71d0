//! Unusable recipients are refused by name, and nothing is sealed.

use sequoia_openpgp::Packet;
use sequoia_openpgp::cert::{CertBuilder, SubkeyRevocationBuilder};
use sequoia_openpgp::serialize::SerializeInto;

use crate::support::{P256, Scene};

/// Checks that the file is refused with these words, alone and after a good
/// one, and that nothing is left behind.
#[track_caller]
fn is_refused(scene: &Scene, file: &str, words: &[&str]) {
    if !scene.path("good.crt").exists() {
        scene.key_pair("good", P256);
    }
    scene.write("call.wav", "said");
    let words = [&[file], words].concat();
    let before = scene.names();
    for line in [
        format!("seal -r {file} call.wav"),
        format!("seal -r good.crt -r {file} call.wav -o -"),
        format!("pack -r {file} call.wav -o calls.zip"),
        format!("pack -r good.crt -r {file} call.wav -o calls.zip"),
    ] {
        let refused = scene.line(&line).exits(3).complains_with_hint(&words);
        assert_eq!(refused.output.stdout, b"", "{refused}");
        assert_eq!(scene.names(), before, "{line}");
    }
}

/// Makes a certificate for another public key than the requested one, for keys
/// that can't sign a request themselves.
fn issue_for(scene: &Scene, key: &str, certificate: &str) {
    scene.key_pair("issuer", P256);
    scene.tool("openssl req -new -key issuer.key -subj /CN=a -out a.csr");
    scene.tool(&format!("openssl pkey -in {key} -pubout -out a.pub"));
    scene.tool(&format!(
        "openssl x509 -req -in a.csr -force_pubkey a.pub -CA issuer.crt -CAkey issuer.key \
         -CAcreateserial -days 30 -out {certificate}"
    ));
}

/// Makes a certificate that is valid between two dates, as `YYYYMMDD`.
fn issue_with_dates(scene: &Scene, start: &str, end: &str, certificate: &str) {
    scene.write(
        "ca.cnf",
        "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nserial = serial\n\
         new_certs_dir = .\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n",
    );
    scene.write("index.txt", "");
    scene.write("serial", "01\n");
    scene.tool("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out a.key");
    scene.tool("openssl req -new -key a.key -subj /CN=customer -out a.csr");
    scene.tool(&format!(
        "openssl ca -batch -notext -config ca.cnf -selfsign -keyfile a.key -in a.csr \
         -startdate {start}000000Z -enddate {end}000000Z -out {certificate}"
    ));
}

#[test]
fn rsa_of_1024_bits() {
    let scene = Scene::new();
    scene.key_pair("weak", "rsa:1024");
    is_refused(&scene, "weak.crt", &["1024"]);
    scene.tool("openssl pkey -in weak.key -pubout -out weak.pem");
    is_refused(&scene, "weak.pem", &["1024"]);
}

#[test]
fn an_ed25519_certificate() {
    let scene = Scene::new();
    scene.key_pair("a", "ed25519");
    is_refused(
        &scene,
        "a.crt",
        &["an Ed25519 key, which callseal doesn't support"],
    );
}

#[test]
fn an_x25519_certificate() {
    let scene = Scene::new();
    scene.tool("openssl genpkey -algorithm x25519 -out a.key");
    issue_for(&scene, "a.key", "a.crt");
    is_refused(&scene, "a.crt", &["X25519"]);
}

#[test]
fn a_dsa_certificate() {
    let scene = Scene::new();
    scene.tool("openssl dsaparam -genkey -noout -out a.key 1024");
    scene.tool("openssl req -x509 -key a.key -subj /CN=a -days 30 -out a.crt");
    is_refused(&scene, "a.crt", &["a DSA key"]);
}

#[test]
fn curves_that_openpgp_has_not() {
    let scene = Scene::new();
    for curve in ["secp256k1", "brainpoolP320r1"] {
        scene.key_pair(curve, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        is_refused(&scene, &format!("{curve}.crt"), &[curve]);
    }
}

#[test]
fn an_rsa_key_for_signatures_only() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa-pss -pkeyopt rsa_keygen_bits:2048");
    is_refused(&scene, "a.crt", &["an RSA-PSS key"]);
}

#[test]
fn private_keys_in_pem() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.key_pair("ec", P256);
    let made = "-passout pass:secret -out";
    scene.tool("openssl rsa -in a.key -traditional -out pkcs1.key");
    scene.tool(&format!(
        "openssl rsa -in a.key -aes128 -traditional {made} old.key"
    ));
    scene.tool(&format!("openssl pkey -in a.key -aes256 {made} locked.key"));
    scene.tool("openssl ec -in ec.key -out sec1.key");
    for key in [
        "a.key",
        "ec.key",
        "pkcs1.key",
        "old.key",
        "locked.key",
        "sec1.key",
    ] {
        is_refused(&scene, key, &["private key"]);
    }
    // A certificate doesn't excuse the key next to it, in either order.
    scene.concatenate(&["a.crt", "a.key"], "both.pem");
    is_refused(&scene, "both.pem", &["private key"]);
    scene.concatenate(&["locked.key", "a.crt"], "behind.pem");
    is_refused(&scene, "behind.pem", &["private key"]);
}

#[test]
fn private_keys_in_der() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.tool("openssl rsa -in a.key -traditional -outform DER -out pkcs1.der");
    scene.tool("openssl pkcs8 -topk8 -in a.key -nocrypt -outform DER -out pkcs8.der");
    scene.tool("openssl pkcs8 -topk8 -in a.key -passout pass:x -outform DER -out locked.der");
    scene.tool("openssl ecparam -name prime256v1 -genkey -noout -outform DER -out sec1.der");
    for key in ["pkcs1.der", "pkcs8.der", "locked.der", "sec1.der"] {
        is_refused(&scene, key, &["private key"]);
    }
}

#[test]
fn an_openpgp_secret_key() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key a future-default default never");
    scene.gpg("--export-secret-keys --output a.pgp a");
    scene.gpg("--export-secret-keys --armor --output a.asc a");
    scene.gpg("--export-secret-subkeys --output sub.pgp a");
    for key in ["a.pgp", "a.asc", "sub.pgp"] {
        is_refused(&scene, key, &["private key"]);
    }
}

#[test]
fn a_certificate_signing_request() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.tool("openssl req -new -key a.key -subj /CN=a -out a.csr");
    is_refused(&scene, "a.csr", &["signing request"]);
    scene.tool("openssl req -in a.csr -outform DER -out csr.der");
    is_refused(&scene, "csr.der", &[]);
}

#[test]
fn an_expired_certificate() {
    let scene = Scene::new();
    issue_with_dates(&scene, "20190101", "20200101", "old.crt");
    is_refused(&scene, "old.crt", &["customer", "expired", "2020-01-01"]);
}

#[test]
fn a_certificate_of_the_future() {
    let scene = Scene::new();
    issue_with_dates(&scene, "99970101", "99980101", "new.crt");
    is_refused(&scene, "new.crt", &["customer", "9997-01-01"]);
}

#[test]
fn an_expired_openpgp_certificate() {
    let scene = Scene::new();
    scene.gpg("--faked-system-time 20200101T000000 --quick-gen-key old rsa2048 encr 30d");
    scene.gpg("--export --output old.pgp old");
    is_refused(&scene, "old.pgp", &["old", "expired", "2020-01-31"]);
}

#[test]
fn a_revoked_openpgp_certificate() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key gone rsa2048 encr never");
    let fingerprint = scene.gpg_fingerprint("gone");
    // GnuPG writes the revocation with the key, disabled by a colon.
    let revocation = scene.text(format!("gnupg/openpgp-revocs.d/{fingerprint}.rev"));
    scene.write("gone.rev", revocation.replace(":-----BEGIN", "-----BEGIN"));
    scene.gpg("--import gone.rev");
    scene.gpg("--export --output gone.pgp gone");
    is_refused(&scene, "gone.pgp", &["gone", "revoked"]);
}

#[test]
fn an_openpgp_certificate_with_an_unusable_encryption_key() {
    let scene = Scene::new();
    for (kind, word) in [
        ("elg2048", "ElGamal"),
        ("secp256k1", "ECDH"),
        ("rsa1024", "1024"),
    ] {
        scene.gpg(&format!("--quick-gen-key {kind} ed25519 sign never"));
        let primary = scene.gpg_fingerprint(kind);
        scene.gpg(&format!("--quick-add-key {primary} {kind} encr never"));
        scene.gpg(&format!("--export --output {kind}.pgp {kind}"));
        is_refused(&scene, &format!("{kind}.pgp"), &[word]);
        // A good key next to it changes nothing: its owner may have only the
        // other one.
        scene.gpg(&format!("--quick-add-key {primary} cv25519 encr never"));
        scene.gpg(&format!("--export --output {kind}.pgp {kind}"));
        is_refused(&scene, &format!("{kind}.pgp"), &[word]);
    }
    scene.gpg("--quick-gen-key primary rsa1024 default never");
    scene.gpg("--export --output primary.pgp primary");
    is_refused(&scene, "primary.pgp", &["RSA1024"]);
}

#[test]
fn an_openpgp_certificate_that_only_signs() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key signer ed25519 sign never");
    scene.gpg("--export --output signer.pgp signer");
    is_refused(&scene, "signer.pgp", &["signer", "no valid encryption key"]);
}

#[test]
fn an_openpgp_certificate_whose_encryption_key_is_revoked() {
    let scene = Scene::new();
    let (cert, _) = CertBuilder::new()
        .add_userid("halved")
        .add_transport_encryption_subkey()
        .generate()
        .unwrap();
    let primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap();
    let revocation = SubkeyRevocationBuilder::new()
        .build(
            &mut primary.into_keypair().unwrap(),
            &cert,
            subkey.key(),
            None,
        )
        .unwrap();
    let (cert, _) = cert.insert_packets([Packet::from(revocation)]).unwrap();
    scene.write("halved.pgp", cert.to_vec().unwrap());
    is_refused(&scene, "halved.pgp", &["halved", "no valid encryption key"]);
}

#[test]
fn several_openpgp_certificates_in_one_file() {
    let scene = Scene::new();
    for user in ["one", "two"] {
        scene.gpg(&format!(
            "--quick-gen-key {user} future-default default never"
        ));
    }
    scene.gpg("--export --armor --output both.asc");
    is_refused(&scene, "both.asc", &["2 certificates"]);
    // Separately armored, too: the second would be another recipient.
    scene.gpg("--export --armor --output one.asc one");
    scene.gpg("--export --armor --output two.asc two");
    let apart = [scene.read("one.asc"), scene.read("two.asc")].concat();
    scene.write("apart.asc", apart);
    is_refused(&scene, "apart.asc", &["2 certificates"]);
}

#[test]
fn an_openpgp_certificate_with_a_weakly_bound_encryption_subkey() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key owner rsa2048 cert never");
    let owner = scene.gpg_fingerprint("owner");
    scene.gpg(&format!("--quick-add-key {owner} rsa2048 encr never"));
    scene.gpg("--export --armor --output good.asc");
    scene.seal("-r good.asc");
    scene.gpg(&format!(
        "--cert-digest-algo SHA1 --quick-add-key {owner} rsa2048 encr never"
    ));
    scene.gpg("--export --armor --output mixed.asc");
    let refusal = "“owner” is signed by its owner with SHA-1, which is broken";
    is_refused(&scene, "mixed.asc", &[refusal]);
}

#[test]
fn an_openpgp_certificate_signed_with_sha_1_until_it_is_signed_anew() {
    let scene = Scene::new();
    scene.gpg("--cert-digest-algo SHA1 --quick-gen-key owner rsa2048 cert never");
    let owner = scene.gpg_fingerprint("owner");
    scene.gpg(&format!(
        "--cert-digest-algo SHA1 --quick-add-key {owner} rsa2048 encr never"
    ));
    scene.gpg("--export --armor --output old.asc");
    let refusal = "“owner” is signed by its owner with SHA-1, which is broken";
    is_refused(&scene, "old.asc", &[refusal]);
    let told = scene.line("inspect old.asc").exits(0);
    told.prints(refusal);
    // As the hint has it.
    scene.gpg(&format!("--quick-set-expire {owner} 2y"));
    scene.gpg(&format!("--quick-set-expire {owner} 2y *"));
    scene.gpg(&format!("--armor --output new.asc --export {owner}"));
    scene.seal("-r new.asc");
}

#[test]
fn recipients_without_a_common_message_version() {
    let scene = Scene::new();
    let (cert, _) = CertBuilder::new()
        .set_profile(sequoia_openpgp::Profile::RFC9580)
        .unwrap()
        .add_userid("six")
        .add_storage_encryption_subkey()
        .generate()
        .unwrap();
    scene.write("six.pgp", cert.to_vec().unwrap());
    scene.gpg("--quick-gen-key four future-default default never");
    scene.gpg("--export --output four.pgp");
    scene
        .line("seal -r six.pgp -r four.pgp -o out.pgp six.pgp")
        .exits(3)
        .complains_with_hint(&["six.pgp", "“six” reads only rfc9580", "“four” only rfc4880"]);
    assert!(!scene.exists("out.pgp"));
}

#[test]
fn files_without_a_certificate() {
    let scene = Scene::new();
    scene.write(
        "garbage.crt",
        (0..1000u32)
            .map(|i| (i * i % 251) as u8)
            .collect::<Vec<_>>(),
    );
    scene.write("text.crt", "this is no certificate\n");
    scene.write("empty.crt", "");
    scene.write("zero.crt", [0; 100]);
    for file in ["garbage.crt", "text.crt", "empty.crt", "zero.crt"] {
        is_refused(&scene, file, &[]);
    }
    scene.key_pair("a", P256);
    let certificate = scene.text("a.crt");
    scene.write("broken.crt", certificate.replacen("MII", "MIJ", 1));
    scene.write("cut.crt", &certificate[..certificate.len() / 2]);
    is_refused(&scene, "broken.crt", &[]);
    is_refused(&scene, "cut.crt", &[]);
    scene.tool("openssl x509 -in a.crt -outform DER -out a.der");
    let der = scene.read("a.der");
    scene.write("cut.der", &der[..der.len() - 1]);
    is_refused(&scene, "cut.der", &[]);
}

#[test]
fn a_message_and_an_archive_are_not_certificates() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.write("note", "said");
    scene.ok("seal -r a.crt note -o note.pgp");
    scene.ok("seal --armor -r a.crt note -o note.asc");
    scene.ok("pack -r a.crt note -o note.zip");
    for file in ["note.pgp", "note.asc", "note.zip"] {
        is_refused(&scene, file, &[]);
    }
}

#[test]
fn paths_without_a_file() {
    let scene = Scene::new();
    is_refused(&scene, "missing.crt", &["no such file"]);
    std::fs::create_dir(scene.path("directory.crt")).unwrap();
    is_refused(&scene, "directory.crt", &["directory"]);
}

#[test]
fn any_one_unusable_recipient_of_four_stops_the_whole_pack() {
    let scene = Scene::new();
    scene.key_pair("weak", "rsa:1024");
    for name in ["a", "b", "c", "d"] {
        scene.key_pair(name, P256);
    }
    scene.write("calls/one.wav", "said");
    scene.write("calls/two.wav", "answered");
    let before = scene.names();
    for unusable in 0..4 {
        for (file, words) in [("weak.crt", "1024"), ("missing.crt", "no such file")] {
            let mut list = ["a.crt", "b.crt", "c.crt", "d.crt"];
            list[unusable] = file;
            let given: String = list.iter().map(|name| format!(" -r {name}")).collect();
            let refused = scene
                .line(&format!("pack{given} calls -o calls.zip"))
                .exits(3)
                .complains_with_hint(&[file, words]);
            for good in list.iter().filter(|name| **name != file) {
                assert!(!refused.stderr().contains(good), "{refused}");
            }
            assert_eq!(scene.names(), before, "{refused}");
        }
    }
    scene.ok("pack -r a.crt -r b.crt -r c.crt -r d.crt calls -o calls.zip");
}
