//! What callseal seals with `--format rfc4880`, stock OpenPGP software opens.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

mod common;

use common::{CALL, P256, Place, content};

/// Nothing, next to nothing, more than one part of a packet, and many.
const SIZES: [usize; 4] = [0, 1, 300 << 10, 3 << 20];

/// Seals files of all sizes, compressed and not, and has `decrypt` write the
/// content of each message, a file whose name it is given, to `plain`.
#[track_caller]
fn every_size_comes_out(place: &Place, recipient: &str, decrypt: impl Fn(&str)) {
    for size in SIZES {
        let call = content(size);
        place.write("call.wav", &call);
        for how in ["none", "deflate", "none --armor"] {
            if how == "none --armor" && size != 300 << 10 {
                continue;
            }
            place.run(&format!(
                "callseal seal -f --format rfc4880 --compress {how} -r {recipient} \
                 call.wav -o call.pgp"
            ));
            decrypt("call.pgp");
            assert!(place.read("plain") == call, "{size} {how}");
        }
    }
}

/// GnuPG with the key imported that `callseal export` makes of `a.key`.
#[track_caller]
fn gpg_opens(kind: &str) {
    let place = Place::new();
    place.certificate("a", kind);
    place.run("callseal export --gpg a.key -o a.asc");
    place.gpg("--import a.asc");
    every_size_comes_out(&place, "a.crt", |message| {
        let told = place.gpg(&format!("--status-fd 2 --output plain --decrypt {message}"));
        let told = told.stderr;
        assert!(told.contains("DECRYPTION_OKAY"), "{told}");
        assert!(told.contains("GOODMDC"), "{told}");
        // The file's name is within.
        let name = told.lines().find(|line| line.contains("PLAINTEXT "));
        assert!(name.unwrap().ends_with(" call.wav"), "{told}");
    });
}

#[test]
fn gpg_opens_what_is_sealed_to_rsa() {
    gpg_opens("rsa:2048");
}

#[test]
fn gpg_opens_what_is_sealed_to_p256() {
    gpg_opens(P256);
}

#[test]
fn gpg_opens_what_is_sealed_to_p384() {
    gpg_opens("ec -pkeyopt ec_paramgen_curve:P-384");
}

#[test]
fn gpg_opens_what_is_sealed_to_p521() {
    gpg_opens("ec -pkeyopt ec_paramgen_curve:P-521");
}

#[test]
fn gpg_opens_what_is_sealed_to_its_own_key() {
    let place = Place::new();
    place.gpg("--quick-gen-key curve future-default default never");
    place.gpg("--export --output curve.pgp curve");
    every_size_comes_out(&place, "curve.pgp", |message| {
        place.gpg(&format!("--output plain --decrypt {message}"));
    });
}

#[test]
fn an_exported_key_keeps_its_passphrase() {
    for kind in ["rsa:2048", P256] {
        let place = Place::new();
        place.certificate("a", kind);
        place.write("passphrase", "sesame\n");
        place.run("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
        place
            .outcome("callseal export --gpg locked.key -o a.asc")
            .exits(4)
            .complains(&["locked.key", "no passphrase"])
            .hints();
        place.run("callseal export --gpg locked.key --passphrase-file passphrase -o a.asc");
        place.gpg_with_passphrase("sesame", "--import a.asc");
        place.seal("--format rfc4880 -r a.crt");

        // What the agent remembers of the import doesn't count.
        place.run("gpgconf --kill gpg-agent");
        let decrypt = |passphrase| {
            place.outcome(&format!(
                "gpg --batch --quiet --yes --pinentry-mode loopback --passphrase {passphrase} \
                 --decrypt call.pgp"
            ))
        };
        for wrong in ["barley", "''"] {
            decrypt(wrong).exits(2);
        }
        assert_eq!(decrypt("sesame").exits(0).stdout, CALL, "{kind}");

        // And callseal itself opens with the exported key.
        place.opens("-r a.crt", "-k a.asc --passphrase-file passphrase");
    }
}

#[test]
fn an_exported_key_has_the_fingerprint_of_the_certificate() {
    let place = Place::new();
    for (name, kind) in [("rsa", "rsa:2048"), ("ec", P256)] {
        place.certificate(name, kind);
        place.run(&format!("callseal export --gpg {name}.key -o {name}.asc"));
        place.gpg(&format!("--import {name}.asc"));
        let fingerprint = place.fingerprint(&format!("{name}.crt"));
        let listed = place.gpg("--with-colons --with-subkey-fingerprint --list-keys");
        assert!(listed.text().contains(&fingerprint), "{listed}");
        assert_eq!(
            place.inspect(&format!("{name}.asc"))["keys"][0]["fingerprint"],
            fingerprint
        );
    }
}

#[test]
fn a_key_that_openpgp_can_not_hold_is_not_exported() {
    let place = Place::new();
    place.run(
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
         -pkeyopt rsa_keygen_primes:3 -out a.key",
    );
    place.run("openssl pkey -in a.key -pubout -out a.pem");
    place.opens("-r a.pem", "-k a.key");
    place
        .outcome("callseal export --gpg a.key -o a.asc")
        .exits(4)
        .complains(&["a.key", "more than two primes"])
        .hints();
    assert!(!place.path("a.asc").exists());
}

#[test]
fn gpg_opens_hidden_recipients() {
    let place = Place::new();
    for (name, kind) in [("rsa", "rsa:2048"), ("ec", P256)] {
        place.certificate(name, kind);
        place.run(&format!("callseal export --gpg {name}.key -o {name}.asc"));
        place.gpg(&format!("--import {name}.asc"));
        place.seal(&format!(
            "--hidden-recipients --format rfc4880 -r {name}.crt"
        ));
        assert_eq!(place.gpg("--decrypt call.pgp").stdout, CALL, "{name}");
    }
}

#[test]
fn unzip_and_gpg_take_an_archive_apart() {
    let place = Place::new();
    place.certificate("a", "rsa:2048");
    place.run("callseal export --gpg a.key -o a.asc");
    place.gpg("--import a.asc");
    place.write("calls/one.wav", content(100_000));
    place.write("calls/two/note.xml", "<note/>");
    place.run("callseal pack --format rfc4880 -r a.crt calls -o calls.zip");
    place.run("unzip -q calls.zip -d apart");
    // GnuPG names what it opens by the message's file.
    place.gpg("--decrypt-files apart/calls/one.wav.pgp apart/calls/two/note.xml.pgp");
    for name in ["calls/one.wav", "calls/two/note.xml"] {
        assert_eq!(
            place.read(&format!("apart/{name}")),
            place.read(name),
            "{name}"
        );
    }
}

#[test]
fn rnp_opens_what_is_sealed_to_its_own_key() {
    let place = Place::new();
    std::fs::create_dir(place.path("rnp")).unwrap();
    place.run("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    place.run("rnpkeys --homedir rnp --export-key rnp --output rnp.asc");
    every_size_comes_out(&place, "rnp.asc", |message| {
        place.run(&format!(
            "rnp --homedir rnp --password '' --overwrite --output plain --decrypt {message}"
        ));
    });
}

#[test]
fn rnp_opens_what_is_sealed_to_rsa() {
    let place = Place::new();
    place.certificate("a", "rsa:2048");
    place.run("callseal export --gpg a.key -o a.asc");
    every_size_comes_out(&place, "a.crt", |message| {
        place.run(&format!(
            "rnp --keyfile a.asc --password '' --overwrite --output plain --decrypt {message}"
        ));
    });
}

#[test]
fn rnp_opens_what_is_sealed_to_nist_curves() {
    for curve in ["P-256", "P-384", "P-521"] {
        let place = Place::new();
        place.certificate("a", &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        place.run("callseal export --gpg a.key -o a.asc");
        place.seal("--format rfc4880 -r a.crt");
        place.run("rnp --keyfile a.asc --password '' --output plain --decrypt call.pgp");
        assert_eq!(place.read("plain"), CALL, "{curve}");
    }
}

#[test]
fn sqop_opens_what_is_sealed_to_x509_and_its_own_key() {
    for kind in ["rsa:2048", P256, "own"] {
        let place = Place::new();
        if kind == "own" {
            place.run_to("sqop generate-key own@example.org", "a.asc");
            let certificate = place.run_with_input("sqop extract-cert", "a.asc");
            place.write("a.crt", certificate.stdout);
        } else {
            place.certificate("a", kind);
            place.run("callseal export --gpg a.key -o a.asc");
        }
        every_size_comes_out(&place, "a.crt", |message| {
            let opened = place.run_with_input("sqop decrypt a.asc", message);
            place.write("plain", opened.stdout);
        });
    }
}
