//! What can't be sealed to is refused by name, and nothing is sealed.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

mod common;

use common::{P256, Place};
use sequoia_openpgp::Packet;
use sequoia_openpgp::cert::{CertBuilder, SubkeyRevocationBuilder};
use sequoia_openpgp::serialize::SerializeInto;

/// That the file is refused with those words, alone and after a good one, and
/// that nothing is left behind.
#[track_caller]
fn is_refused(place: &Place, file: &str, words: &[&str]) {
    if !place.path("good.crt").exists() {
        place.cheap_certificate("good");
    }
    place.write("call.wav", "said");
    let words = [&[file], words].concat();
    let before = place.names();
    for line in [
        format!("callseal seal -r {file} call.wav"),
        format!("callseal seal -r good.crt -r {file} call.wav -o -"),
        format!("callseal pack -r {file} call.wav -o calls.zip"),
        format!("callseal pack -r good.crt -r {file} call.wav -o calls.zip"),
    ] {
        let refused = place.outcome(&line).exits(3).complains(&words).hints();
        assert_eq!(refused.stdout, b"", "{refused}");
        assert_eq!(place.names(), before, "{line}");
    }
}

/// A certificate for another public key than the one that was asked for:
/// for keys that can't sign a request themselves.
fn issue_for(place: &Place, key: &str, certificate: &str) {
    place.cheap_certificate("issuer");
    place.run("openssl req -new -key issuer.key -subj /CN=a -out a.csr");
    place.run(&format!("openssl pkey -in {key} -pubout -out a.pub"));
    place.run(&format!(
        "openssl x509 -req -in a.csr -force_pubkey a.pub -CA issuer.crt -CAkey issuer.key \
         -CAcreateserial -days 30 -out {certificate}"
    ));
}

/// A certificate that is valid between two moments, as `YYYYMMDD`.
fn issue_with_dates(place: &Place, start: &str, end: &str, certificate: &str) {
    place.write(
        "ca.cnf",
        "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nserial = serial\n\
         new_certs_dir = .\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n",
    );
    place.write("index.txt", "");
    place.write("serial", "01\n");
    place.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out a.key");
    place.run("openssl req -new -key a.key -subj /CN=customer -out a.csr");
    place.run(&format!(
        "openssl ca -batch -notext -config ca.cnf -selfsign -keyfile a.key -in a.csr \
         -startdate {start}000000Z -enddate {end}000000Z -out {certificate}"
    ));
}

#[test]
fn rsa_of_1024_bits() {
    let place = Place::new();
    place.certificate("weak", "rsa:1024");
    is_refused(&place, "weak.crt", &["1024"]);
    place.run("openssl pkey -in weak.key -pubout -out weak.pem");
    is_refused(&place, "weak.pem", &["1024"]);
}

#[test]
fn an_ed25519_certificate() {
    let place = Place::new();
    place.certificate("a", "ed25519");
    is_refused(&place, "a.crt", &["ED25519"]);
}

#[test]
fn an_x25519_certificate() {
    let place = Place::new();
    place.run("openssl genpkey -algorithm x25519 -out a.key");
    issue_for(&place, "a.key", "a.crt");
    is_refused(&place, "a.crt", &["X25519"]);
}

#[test]
fn a_dsa_certificate() {
    let place = Place::new();
    place.run("openssl dsaparam -genkey -noout -out a.key 1024");
    place.run("openssl req -x509 -key a.key -subj /CN=a -days 30 -out a.crt");
    is_refused(&place, "a.crt", &["dsa"]);
}

#[test]
fn other_curves_than_nist_s() {
    let place = Place::new();
    for curve in ["secp256k1", "brainpoolP256r1"] {
        place.certificate(curve, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        is_refused(&place, &format!("{curve}.crt"), &[curve]);
    }
}

#[test]
fn an_rsa_key_for_signatures_alone() {
    let place = Place::new();
    place.certificate("a", "rsa-pss -pkeyopt rsa_keygen_bits:2048");
    is_refused(&place, "a.crt", &["rsassaPss"]);
}

#[test]
fn private_keys_in_pem() {
    let place = Place::new();
    place.certificate("a", "rsa:2048");
    place.certificate("ec", P256);
    let made = "-passout pass:secret -out";
    place.run("openssl rsa -in a.key -traditional -out pkcs1.key");
    place.run(&format!(
        "openssl rsa -in a.key -aes128 -traditional {made} old.key"
    ));
    place.run(&format!("openssl pkey -in a.key -aes256 {made} locked.key"));
    place.run("openssl ec -in ec.key -out sec1.key");
    for key in [
        "a.key",
        "ec.key",
        "pkcs1.key",
        "old.key",
        "locked.key",
        "sec1.key",
    ] {
        is_refused(&place, key, &["private key"]);
    }
    // A certificate doesn't excuse the key beside it, in either order.
    place.concatenate(&["a.crt", "a.key"], "both.pem");
    is_refused(&place, "both.pem", &["private key"]);
    place.concatenate(&["locked.key", "a.crt"], "behind.pem");
    is_refused(&place, "behind.pem", &["private key"]);
}

#[test]
fn private_keys_in_der() {
    let place = Place::new();
    place.certificate("a", "rsa:2048");
    place.run("openssl rsa -in a.key -traditional -outform DER -out pkcs1.der");
    place.run("openssl pkcs8 -topk8 -in a.key -nocrypt -outform DER -out pkcs8.der");
    place.run("openssl pkcs8 -topk8 -in a.key -passout pass:x -outform DER -out locked.der");
    place.run("openssl ecparam -name prime256v1 -genkey -noout -outform DER -out sec1.der");
    for key in ["pkcs1.der", "pkcs8.der", "locked.der", "sec1.der"] {
        is_refused(&place, key, &["private key"]);
    }
}

#[test]
fn an_openpgp_secret_key() {
    let place = Place::new();
    place.gpg("--quick-gen-key a future-default default never");
    place.gpg("--export-secret-keys --output a.pgp a");
    place.gpg("--export-secret-keys --armor --output a.asc a");
    place.gpg("--export-secret-subkeys --output sub.pgp a");
    for key in ["a.pgp", "a.asc", "sub.pgp"] {
        is_refused(&place, key, &["private key"]);
    }
}

#[test]
fn a_certificate_signing_request() {
    let place = Place::new();
    place.cheap_certificate("a");
    place.run("openssl req -new -key a.key -subj /CN=a -out a.csr");
    is_refused(&place, "a.csr", &["signing request"]);
    place.run("openssl req -in a.csr -outform DER -out csr.der");
    is_refused(&place, "csr.der", &[]);
}

#[test]
fn an_expired_certificate() {
    let place = Place::new();
    issue_with_dates(&place, "20190101", "20200101", "old.crt");
    is_refused(&place, "old.crt", &["customer", "expired", "2020-01-01"]);
}

#[test]
fn a_certificate_of_the_future() {
    let place = Place::new();
    issue_with_dates(&place, "20980101", "20990101", "new.crt");
    is_refused(&place, "new.crt", &["customer", "2098-01-01"]);
}

#[test]
fn an_expired_openpgp_certificate() {
    let place = Place::new();
    place.gpg("--faked-system-time 20200101T000000 --quick-gen-key old rsa2048 encr 30d");
    place.gpg("--export --output old.pgp old");
    is_refused(&place, "old.pgp", &["old", "expired", "2020-01-31"]);
}

#[test]
fn a_revoked_openpgp_certificate() {
    let place = Place::new();
    place.gpg("--quick-gen-key gone rsa2048 encr never");
    let fingerprint = place.gpg_fingerprint("gone");
    // GnuPG writes the revocation along with the key, disarmed by a colon.
    let revocation = place.text(&format!("gnupg/openpgp-revocs.d/{fingerprint}.rev"));
    place.write("gone.rev", revocation.replace(":-----BEGIN", "-----BEGIN"));
    place.gpg("--import gone.rev");
    place.gpg("--export --output gone.pgp gone");
    is_refused(&place, "gone.pgp", &["gone", "revoked"]);
}

#[test]
fn an_openpgp_certificate_with_an_encryption_key_of_no_use() {
    let place = Place::new();
    for (kind, word) in [
        ("elg2048", "ElGamal"),
        ("secp256k1", "ECDH"),
        ("rsa1024", "1024"),
    ] {
        place.gpg(&format!("--quick-gen-key {kind} ed25519 sign never"));
        let primary = place.gpg_fingerprint(kind);
        place.gpg(&format!("--quick-add-key {primary} {kind} encr never"));
        place.gpg(&format!("--export --output {kind}.pgp {kind}"));
        is_refused(&place, &format!("{kind}.pgp"), &[word]);
        // A good key beside it changes nothing: its owner may hold only the
        // other one.
        place.gpg(&format!("--quick-add-key {primary} cv25519 encr never"));
        place.gpg(&format!("--export --output {kind}.pgp {kind}"));
        is_refused(&place, &format!("{kind}.pgp"), &[word]);
    }
    place.gpg("--quick-gen-key primary rsa1024 default never");
    place.gpg("--export --output primary.pgp primary");
    is_refused(&place, "primary.pgp", &["RSA1024"]);
}

#[test]
fn an_openpgp_certificate_that_only_signs() {
    let place = Place::new();
    place.gpg("--quick-gen-key signer ed25519 sign never");
    place.gpg("--export --output signer.pgp signer");
    is_refused(&place, "signer.pgp", &["signer", "no valid encryption key"]);
}

#[test]
fn an_openpgp_certificate_whose_encryption_key_is_revoked() {
    let place = Place::new();
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
    place.write("halved.pgp", cert.to_vec().unwrap());
    is_refused(&place, "halved.pgp", &["halved", "no valid encryption key"]);
}

#[test]
fn several_openpgp_certificates_in_one_file() {
    let place = Place::new();
    for user in ["one", "two"] {
        place.gpg(&format!(
            "--quick-gen-key {user} future-default default never"
        ));
    }
    place.gpg("--export --armor --output both.asc");
    is_refused(&place, "both.asc", &["2 OpenPGP certificates"]);
}

#[test]
fn files_that_hold_no_certificate() {
    let place = Place::new();
    place.write(
        "garbage.crt",
        (0..1000u32)
            .map(|i| (i * i % 251) as u8)
            .collect::<Vec<_>>(),
    );
    place.write("text.crt", "this is no certificate\n");
    place.write("empty.crt", "");
    place.write("zero.crt", [0; 100]);
    for file in ["garbage.crt", "text.crt", "empty.crt", "zero.crt"] {
        is_refused(&place, file, &[]);
    }
    place.cheap_certificate("a");
    let certificate = place.text("a.crt");
    place.write("broken.crt", certificate.replacen("MII", "MIJ", 1));
    place.write("cut.crt", &certificate[..certificate.len() / 2]);
    is_refused(&place, "broken.crt", &[]);
    is_refused(&place, "cut.crt", &[]);
    place.run("openssl x509 -in a.crt -outform DER -out a.der");
    let der = place.read("a.der");
    place.write("cut.der", &der[..der.len() - 1]);
    is_refused(&place, "cut.der", &[]);
}

#[test]
fn a_message_and_an_archive_are_no_certificates() {
    let place = Place::new();
    place.cheap_certificate("a");
    place.write("note", "said");
    place.run("callseal seal -r a.crt note -o note.pgp");
    place.run("callseal seal --armor -r a.crt note -o note.asc");
    place.run("callseal pack -r a.crt note -o note.zip");
    for file in ["note.pgp", "note.asc", "note.zip"] {
        is_refused(&place, file, &[]);
    }
}

#[test]
fn paths_that_lead_to_no_file() {
    let place = Place::new();
    is_refused(&place, "missing.crt", &["no such file"]);
    std::fs::create_dir(place.path("directory.crt")).unwrap();
    is_refused(&place, "directory.crt", &["directory"]);
}

#[test]
fn any_one_unusable_recipient_of_four_stops_the_whole_pack() {
    let place = Place::new();
    place.certificate("weak", "rsa:1024");
    for name in ["a", "b", "c", "d"] {
        place.cheap_certificate(name);
    }
    place.write("calls/one.wav", "said");
    place.write("calls/two.wav", "answered");
    let before = place.names();
    for unusable in 0..4 {
        for (file, words) in [("weak.crt", "1024"), ("missing.crt", "no such file")] {
            let mut list = ["a.crt", "b.crt", "c.crt", "d.crt"];
            list[unusable] = file;
            let given: String = list.iter().map(|name| format!(" -r {name}")).collect();
            let refused = place
                .outcome(&format!("callseal pack{given} calls -o calls.zip"))
                .exits(3)
                .complains(&[file, words])
                .hints();
            for good in list.iter().filter(|name| **name != file) {
                assert!(!refused.stderr.contains(good), "{refused}");
            }
            assert_eq!(place.names(), before, "{refused}");
        }
    }
    place.run("callseal pack -r a.crt -r b.crt -r c.crt -r d.crt calls -o calls.zip");
}
