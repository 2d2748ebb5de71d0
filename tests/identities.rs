//! Every kind of private key opens what was sealed to its public half.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

mod common;

use common::{P256, Place};

const EC_KEYS: [&str; 3] = ["prime256v1", "secp384r1", "secp521r1"];

/// A place with a key of that kind in `a.key`, its certificate in
/// `customer.crt`, and its passphrase, "open sesame", in `passphrase`. (Not
/// `a.crt`: no key here is to be found by the certificate beside it.)
fn place_with(kind: &str) -> Place {
    let place = Place::new();
    place.certificate("a", kind);
    std::fs::rename(place.path("a.crt"), place.path("customer.crt")).unwrap();
    place.write("passphrase", "open sesame\n");
    place.write("wrong", "open barley\n");
    place
}

#[track_caller]
fn opens(place: &Place, key: &str) {
    place.opens("-r customer.crt", &format!("-k {key}"));
}

/// That a locked key opens with its passphrase, and with no other.
#[track_caller]
fn opens_unlocked(place: &Place, key: &str) {
    let with = |passphrase: &str| format!("-k {key} --passphrase-file {passphrase}");
    place.opens("-r customer.crt", &with("passphrase"));
    place.seal("-r customer.crt");
    let line = format!("callseal open call.pgp -o - {}", with("wrong"));
    let refused = place.outcome(&line).exits(4);
    refused.complains(&[key, "passphrase is wrong"]).hints();
}

#[track_caller]
fn starts_with(place: &Place, file: &str, start: &str) {
    let text = place.text(file);
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn pkcs1_opens() {
    let place = place_with("rsa:2048");
    place.run("openssl rsa -in a.key -traditional -out pem.key");
    starts_with(&place, "pem.key", "-----BEGIN RSA PRIVATE KEY-----");
    place.run("openssl rsa -in a.key -traditional -outform DER -out der.key");
    opens(&place, "pem.key");
    opens(&place, "der.key");
}

#[test]
fn pkcs8_opens() {
    let place = place_with("rsa:2048");
    place.run("openssl pkcs8 -topk8 -nocrypt -in a.key -out pem.key");
    starts_with(&place, "pem.key", "-----BEGIN PRIVATE KEY-----");
    place.run("openssl pkcs8 -topk8 -nocrypt -in a.key -outform DER -out der.key");
    opens(&place, "pem.key");
    opens(&place, "der.key");
}

#[test]
fn locked_pkcs8_opens_with_its_passphrase() {
    let place = place_with("rsa:2048");
    for (name, how) in [
        ("default", ""),
        ("scrypt", "-scrypt"),
        ("pbkdf2", "-v2 aes-128-cbc -v2prf hmacWithSHA512 -iter 5000"),
        ("3des", "-v2 des3"),
        ("pkcs12", "-v1 PBE-SHA1-3DES"),
    ] {
        let make = format!("openssl pkcs8 -topk8 {how} -in a.key -passout file:passphrase");
        place.run(&format!("{make} -out {name}.pem"));
        starts_with(
            &place,
            &format!("{name}.pem"),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        );
        place.run(&format!("{make} -outform DER -out {name}.der"));
        opens_unlocked(&place, &format!("{name}.pem"));
        opens_unlocked(&place, &format!("{name}.der"));
    }
}

#[test]
fn the_old_locked_form_opens_with_its_passphrase() {
    let place = place_with("rsa:2048");
    for cipher in ["aes128", "aes256", "des3"] {
        place.run(&format!(
            "openssl rsa -in a.key -{cipher} -traditional -passout file:passphrase \
             -out {cipher}.key"
        ));
        assert!(
            place
                .text(&format!("{cipher}.key"))
                .contains("Proc-Type: 4,ENCRYPTED")
        );
        opens_unlocked(&place, &format!("{cipher}.key"));
    }
}

#[test]
fn ec_keys_open() {
    for curve in EC_KEYS {
        let place = place_with(&format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        place.run("openssl ec -in a.key -out sec1.key");
        starts_with(&place, "sec1.key", "-----BEGIN EC PRIVATE KEY-----");
        place.run("openssl ec -in a.key -outform DER -out sec1.der");
        place.run("openssl pkcs8 -topk8 -nocrypt -in a.key -outform DER -out pkcs8.der");
        for key in ["a.key", "sec1.key", "sec1.der", "pkcs8.der"] {
            opens(&place, key);
        }
        place.run("openssl ec -in a.key -aes128 -passout file:passphrase -out old.key");
        assert!(place.text("old.key").contains("Proc-Type: 4,ENCRYPTED"));
        place.run("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
        for key in ["old.key", "locked.key"] {
            opens_unlocked(&place, key);
        }
    }
}

#[test]
fn an_ec_key_behind_its_parameters_opens() {
    let place = Place::new();
    place.run("openssl ecparam -name prime256v1 -genkey -out a.key");
    starts_with(&place, "a.key", "-----BEGIN EC PARAMETERS-----");
    place.run("openssl req -x509 -key a.key -subj /CN=a -out customer.crt");
    opens(&place, "a.key");
    place.write("passphrase", "open sesame\n");
    place.write("wrong", "open barley\n");
    place.run("openssl ec -in a.key -aes128 -passout file:passphrase -out locked.key");
    place.run("openssl ecparam -name prime256v1 -out parameters");
    place.concatenate(&["parameters", "locked.key"], "both.key");
    opens_unlocked(&place, "both.key");
}

#[test]
fn a_key_in_one_file_with_its_certificate_opens() {
    let place = place_with("rsa:2048");
    place.concatenate(&["customer.crt", "a.key"], "before.pem");
    place.concatenate(&["a.key", "customer.crt"], "behind.pem");
    opens(&place, "before.pem");
    opens(&place, "behind.pem");
    place.run("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
    place.concatenate(&["locked.key", "customer.crt"], "locked.pem");
    opens_unlocked(&place, "locked.pem");
}

#[test]
fn text_around_a_key_does_no_harm() {
    let place = place_with(P256);
    place.run("openssl pkey -in a.key -text -out text.key");
    place.write("header", "Bag Attributes\r\n    friendlyName: a\r\n");
    place.concatenate(&["header", "a.key"], "bag.key");
    place.write("crlf.key", place.text("a.key").replace('\n', "\r\n"));
    place.write("bom.key", format!("\u{feff}{}", place.text("a.key")));
    for key in ["text.key", "bag.key", "crlf.key", "bom.key"] {
        opens(&place, key);
    }
}

#[test]
fn openpgp_keys_by_gpg_open_locked_or_not() {
    let place = Place::new();
    place.write("passphrase", "sesame\n");
    place.write("wrong", "barley\n");
    for (user, passphrase) in [("open", "''"), ("locked", "sesame")] {
        place.gpg_with_passphrase(
            passphrase,
            &format!("--quick-gen-key {user} rsa2048 default never"),
        );
        let primary = place.gpg_fingerprint(user);
        for kind in ["rsa2048", "cv25519", "nistp384"] {
            place.gpg_with_passphrase(
                passphrase,
                &format!("--quick-add-key {primary} {kind} encr never"),
            );
        }
        place.gpg(&format!("--export --output customer.crt {user}"));
        let export = |how: &str| {
            place.gpg_with_passphrase(passphrase, &format!("{how} {user}"));
        };
        export("--output binary.key --export-secret-keys");
        export("--output armored.key --armor --export-secret-keys");
        export("--output subkeys.key --export-secret-subkeys");
        for key in ["binary.key", "armored.key", "subkeys.key"] {
            if passphrase == "''" {
                opens(&place, key);
            } else {
                opens_unlocked(&place, key);
            }
        }
    }
}

#[test]
fn each_subkey_by_gpg_opens_alone() {
    let place = Place::new();
    place.gpg("--quick-gen-key two ed25519 sign never");
    let primary = place.gpg_fingerprint("two");
    for kind in ["rsa2048", "cv25519"] {
        place.gpg(&format!("--quick-add-key {primary} {kind} encr never"));
    }
    place.gpg("--export --output customer.crt two");
    let keys = place.inspect("customer.crt");
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        // The exclamation mark leaves out the other one, and the primary key
        // is a stub.
        let fingerprint = key["fingerprint"].as_str().unwrap();
        place.gpg(&format!(
            "--output one.key --export-secret-subkeys {fingerprint}!"
        ));
        opens(&place, "one.key");
    }
}

#[test]
fn inspect_shows_the_fingerprint_of_a_key_and_no_secret() {
    let place = place_with("rsa:2048");
    let fingerprint = place.fingerprint("customer.crt");
    place.run("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out a.locked");
    place.run_to("openssl pkey -in a.key -noout -text", "numbers");
    let secret: Vec<String> = secrets(&place.text("numbers"), &place.text("a.key"));
    assert!(secret.len() > 20, "{secret:?}");
    for flag in ["", "--json", "-v"] {
        let shown = place.run(&format!("callseal inspect {flag} a.key a.locked"));
        assert!(shown.text().contains(&fingerprint), "{shown}");
        assert!(shown.text().contains("RSA 2048"), "{shown}");
        let all = format!("{}{}", shown.text(), shown.stderr)
            .replace(':', "")
            .to_lowercase();
        for line in &secret {
            assert!(!all.contains(line), "{shown}");
        }
    }
    let locked = place.inspect("a.locked");
    assert_eq!(locked["keys"][0]["locked"], true, "{locked}");
    assert!(locked["keys"][0]["fingerprint"].is_null(), "{locked}");
}

/// The lines of a private key, as numbers and in PEM, as they would stand in
/// text in lower case without colons.
fn secrets(numbers: &str, pem: &str) -> Vec<String> {
    let private = numbers.split("privateExponent:").nth(1).unwrap();
    let base64 = pem.lines().filter(|line| !line.starts_with("---"));
    private
        .lines()
        .map(|line| line.trim().replace(':', ""))
        .chain(base64.map(str::to_lowercase))
        .filter(|line| line.len() > 20)
        .collect()
}

#[test]
fn what_is_no_private_key_is_refused_by_name() {
    let place = place_with(P256);
    place.seal("-r customer.crt");
    place.write("text.key", "no key\n");
    place.write("empty.key", "");
    for key in ["customer.crt", "text.key", "empty.key", "call.pgp"] {
        place
            .outcome(&format!("callseal open -k {key} call.pgp -o -"))
            .exits(4)
            .complains(&[key, "no private key"])
            .hints();
    }
    place
        .outcome("callseal open -k missing.key call.pgp -o -")
        .exits(1)
        .complains(&["missing.key", "no such file"])
        .hints();
}
