//! Stock OpenPGP software opens what callseal seals with `--format rfc4880`.

use crate::support::{CALL, P256, Scene, content};

/// Sizes: none, one byte or so, more than one part of a packet, and many parts.
const SIZES: [usize; 4] = [0, 1, 300 << 10, 3 << 20];

/// Seals files of all sizes, compressed and not, and lets `decrypt` write the
/// content of each message file to `plain`.
#[track_caller]
fn every_size_comes_out(scene: &Scene, recipient: &str, decrypt: impl Fn(&str)) {
    for size in SIZES {
        let call = content(size);
        scene.write("call.wav", &call);
        for how in ["none", "deflate", "none --armor"] {
            if how == "none --armor" && size != 300 << 10 {
                continue;
            }
            scene.ok(&format!(
                "seal -f --format rfc4880 --compress {how} -r {recipient} \
                 call.wav -o call.pgp"
            ));
            decrypt("call.pgp");
            assert!(scene.read("plain") == call, "{size} {how}");
        }
    }
}

/// Returns GnuPG with the imported key that `callseal export` makes of `a.key`.
#[track_caller]
fn gpg_opens(kind: &str) {
    let scene = Scene::new();
    scene.key_pair("a", kind);
    scene.ok("export --gpg a.key -o a.asc");
    scene.gpg("--import a.asc");
    every_size_comes_out(&scene, "a.crt", |message| {
        let told = scene.gpg(&format!("--status-fd 2 --output plain --decrypt {message}"));
        let told = told.stderr();
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
fn gpg_opens_what_is_sealed_to_brainpool() {
    for curve in ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"] {
        gpg_opens(&format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
    }
}

#[test]
fn gpg_opens_what_is_sealed_to_its_own_key() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key curve future-default default never");
    scene.gpg("--export --output curve.pgp curve");
    every_size_comes_out(&scene, "curve.pgp", |message| {
        scene.gpg(&format!("--output plain --decrypt {message}"));
    });
}

#[test]
fn an_exported_key_keeps_its_passphrase() {
    for kind in ["rsa:2048", P256] {
        let scene = Scene::new();
        scene.key_pair("a", kind);
        scene.write("passphrase", "sesame\n");
        scene.tool("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
        scene
            .line("export --gpg locked.key -o a.asc")
            .exits(4)
            .complains_with_hint(&["locked.key", "no passphrase"]);
        scene.ok("export --gpg locked.key --passphrase-file passphrase -o a.asc");
        scene.gpg_with_passphrase("sesame", "--import a.asc");
        scene.seal("--format rfc4880 -r a.crt");

        let decrypt = |passphrase| {
            scene.tool_line(&format!(
                "gpg --batch --quiet --yes --pinentry-mode loopback --passphrase {passphrase} \
                 --decrypt call.pgp"
            ))
        };
        for wrong in ["barley", "''"] {
            let refused = decrypt(wrong).fails();
            assert_eq!(refused.output.stdout, b"", "{refused}");
        }
        assert_eq!(decrypt("sesame").exits(0).output.stdout, CALL, "{kind}");

        // And callseal itself opens with the exported key.
        scene.opens("-r a.crt", "-k a.asc --passphrase-file passphrase");
    }
}

#[test]
fn an_exported_key_has_the_fingerprint_of_the_certificate() {
    let scene = Scene::new();
    for (name, kind) in [("rsa", "rsa:2048"), ("ec", P256)] {
        scene.key_pair(name, kind);
        scene.ok(&format!("export --gpg {name}.key -o {name}.asc"));
        scene.gpg(&format!("--import {name}.asc"));
        let fingerprint = scene.fingerprint(&format!("{name}.crt"));
        let listed = scene.gpg("--with-colons --with-subkey-fingerprint --list-keys");
        assert!(listed.stdout().contains(&fingerprint), "{listed}");
        assert_eq!(
            scene.inspect(&format!("{name}.asc"))["keys"][0]["fingerprint"],
            fingerprint
        );
    }
}

#[test]
fn a_key_without_an_openpgp_form_is_not_exported() {
    let scene = Scene::new();
    scene.tool(
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
         -pkeyopt rsa_keygen_primes:3 -out a.key",
    );
    scene.tool("openssl pkey -in a.key -pubout -out a.pem");
    scene.opens("-r a.pem", "-k a.key");
    scene
        .line("export --gpg a.key -o a.asc")
        .exits(4)
        .complains_with_hint(&["a.key", "more than two primes"]);
    assert!(!scene.path("a.asc").exists());
}

#[test]
fn gpg_opens_hidden_recipients() {
    let scene = Scene::new();
    for (name, kind) in [("rsa", "rsa:2048"), ("ec", P256)] {
        scene.key_pair(name, kind);
        scene.ok(&format!("export --gpg {name}.key -o {name}.asc"));
        scene.gpg(&format!("--import {name}.asc"));
        scene.seal(&format!(
            "--hidden-recipients --format rfc4880 -r {name}.crt"
        ));
        assert_eq!(
            scene.gpg("--decrypt call.pgp").output.stdout,
            CALL,
            "{name}"
        );
    }
}

#[test]
fn unzip_and_gpg_take_an_archive_apart() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.ok("export --gpg a.key -o a.asc");
    scene.gpg("--import a.asc");
    scene.write("calls/one.wav", content(100_000));
    scene.write("calls/two/note.xml", "<note/>");
    scene.ok("pack --format rfc4880 -r a.crt calls -o calls.zip");
    scene.tool("unzip -q calls.zip -d apart");
    // GnuPG names its output after the message's file.
    scene.gpg("--decrypt-files apart/calls/one.wav.pgp apart/calls/two/note.xml.pgp");
    for name in ["calls/one.wav", "calls/two/note.xml"] {
        assert_eq!(
            scene.read(format!("apart/{name}")),
            scene.read(name),
            "{name}"
        );
    }
}

#[test]
fn rnp_opens_what_is_sealed_to_its_own_key() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("rnp")).unwrap();
    scene.tool("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --output rnp.asc");
    every_size_comes_out(&scene, "rnp.asc", |message| {
        scene.tool(&format!(
            "rnp --homedir rnp --password '' --overwrite --output plain --decrypt {message}"
        ));
    });
}

#[test]
fn rnp_opens_what_is_sealed_to_rsa() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.ok("export --gpg a.key -o a.asc");
    every_size_comes_out(&scene, "a.crt", |message| {
        scene.tool(&format!(
            "rnp --keyfile a.asc --password '' --overwrite --output plain --decrypt {message}"
        ));
    });
}

#[test]
fn rnp_opens_what_is_sealed_to_nist_curves() {
    for curve in ["P-256", "P-384", "P-521"] {
        let scene = Scene::new();
        scene.key_pair("a", &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        scene.ok("export --gpg a.key -o a.asc");
        scene.seal("--format rfc4880 -r a.crt");
        scene.tool("rnp --keyfile a.asc --password '' --output plain --decrypt call.pgp");
        assert_eq!(scene.read("plain"), CALL, "{curve}");
    }
}

#[test]
fn sqop_opens_what_is_sealed_to_x509_and_its_own_key() {
    for kind in ["rsa:2048", P256, "own"] {
        let scene = Scene::new();
        if kind == "own" {
            scene.tool_to("sqop generate-key own@example.org", "a.asc");
            let certificate = scene.tool_from("sqop extract-cert", "a.asc");
            scene.write("a.crt", certificate.output.stdout);
        } else {
            scene.key_pair("a", kind);
            scene.ok("export --gpg a.key -o a.asc");
        }
        every_size_comes_out(&scene, "a.crt", |message| {
            let opened = scene.tool_from("sqop decrypt a.asc", message);
            scene.write("plain", opened.output.stdout);
        });
    }
}
