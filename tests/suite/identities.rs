//! Every kind of private key opens what was sealed to its public half.

use crate::support::{P256, Scene};

const EC_KEYS: [&str; 4] = ["prime256v1", "secp384r1", "secp521r1", "brainpoolP256r1"];

/// Makes a scene with a key of this kind in `a.key`, its certificate in
/// `customer.crt`, and its passphrase, "open sesame", in `passphrase`. (Not
/// `a.crt`: no key here should be found by the certificate next to it.)
fn scene_with(kind: &str) -> Scene {
    let scene = Scene::new();
    scene.key_pair("a", kind);
    std::fs::rename(scene.path("a.crt"), scene.path("customer.crt")).unwrap();
    scene.write("passphrase", "open sesame\n");
    scene.write("wrong", "open barley\n");
    scene
}

#[track_caller]
fn opens(scene: &Scene, key: &str) {
    scene.opens("-r customer.crt", &format!("-k {key}"));
}

/// Checks that a locked key opens with its passphrase, and with no other.
#[track_caller]
fn opens_unlocked(scene: &Scene, key: &str) {
    let with = |passphrase: &str| format!("-k {key} --passphrase-file {passphrase}");
    scene.opens("-r customer.crt", &with("passphrase"));
    scene.seal("-r customer.crt");
    let line = format!("open call.pgp -o - {}", with("wrong"));
    let refused = scene.line(&line).exits(4);
    refused.complains_with_hint(&[key, "passphrase is wrong"]);
}

#[track_caller]
fn starts_with(scene: &Scene, file: &str, start: &str) {
    let text = scene.text(file);
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn pkcs1_opens() {
    let scene = scene_with("rsa:2048");
    scene.tool("openssl rsa -in a.key -traditional -out pem.key");
    starts_with(&scene, "pem.key", "-----BEGIN RSA PRIVATE KEY-----");
    scene.tool("openssl rsa -in a.key -traditional -outform DER -out der.key");
    opens(&scene, "pem.key");
    opens(&scene, "der.key");
}

#[test]
fn pkcs8_opens() {
    let scene = scene_with("rsa:2048");
    scene.tool("openssl pkcs8 -topk8 -nocrypt -in a.key -out pem.key");
    starts_with(&scene, "pem.key", "-----BEGIN PRIVATE KEY-----");
    scene.tool("openssl pkcs8 -topk8 -nocrypt -in a.key -outform DER -out der.key");
    opens(&scene, "pem.key");
    opens(&scene, "der.key");
}

#[test]
fn locked_pkcs8_opens_with_its_passphrase() {
    let scene = scene_with("rsa:2048");
    for (name, how) in [
        ("default", ""),
        ("scrypt", "-scrypt"),
        ("pbkdf2", "-v2 aes-128-cbc -v2prf hmacWithSHA512 -iter 5000"),
        ("3des", "-v2 des3"),
        ("pkcs12", "-v1 PBE-SHA1-3DES"),
    ] {
        let make = format!("openssl pkcs8 -topk8 {how} -in a.key -passout file:passphrase");
        scene.tool(&format!("{make} -out {name}.pem"));
        starts_with(
            &scene,
            &format!("{name}.pem"),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        );
        scene.tool(&format!("{make} -outform DER -out {name}.der"));
        opens_unlocked(&scene, &format!("{name}.pem"));
        opens_unlocked(&scene, &format!("{name}.der"));
    }
}

#[test]
fn the_old_locked_form_opens_with_its_passphrase() {
    let scene = scene_with("rsa:2048");
    for cipher in ["aes128", "aes256", "des3"] {
        scene.tool(&format!(
            "openssl rsa -in a.key -{cipher} -traditional -passout file:passphrase \
             -out {cipher}.key"
        ));
        assert!(
            scene
                .text(format!("{cipher}.key"))
                .contains("Proc-Type: 4,ENCRYPTED")
        );
        opens_unlocked(&scene, &format!("{cipher}.key"));
    }
}

#[test]
fn ec_keys_open() {
    for curve in EC_KEYS {
        let scene = scene_with(&format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        scene.tool("openssl ec -in a.key -out sec1.key");
        starts_with(&scene, "sec1.key", "-----BEGIN EC PRIVATE KEY-----");
        scene.tool("openssl ec -in a.key -outform DER -out sec1.der");
        scene.tool("openssl pkcs8 -topk8 -nocrypt -in a.key -outform DER -out pkcs8.der");
        for key in ["a.key", "sec1.key", "sec1.der", "pkcs8.der"] {
            opens(&scene, key);
        }
        scene.tool("openssl ec -in a.key -aes128 -passout file:passphrase -out old.key");
        assert!(scene.text("old.key").contains("Proc-Type: 4,ENCRYPTED"));
        scene.tool("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
        for key in ["old.key", "locked.key"] {
            opens_unlocked(&scene, key);
        }
    }
}

#[test]
fn an_ec_key_after_its_parameters_opens() {
    let scene = Scene::new();
    scene.tool("openssl ecparam -name prime256v1 -genkey -out a.key");
    starts_with(&scene, "a.key", "-----BEGIN EC PARAMETERS-----");
    scene.tool("openssl req -x509 -key a.key -subj /CN=a -out customer.crt");
    opens(&scene, "a.key");
    scene.write("passphrase", "open sesame\n");
    scene.write("wrong", "open barley\n");
    scene.tool("openssl ec -in a.key -aes128 -passout file:passphrase -out locked.key");
    scene.tool("openssl ecparam -name prime256v1 -out parameters");
    scene.concatenate(&["parameters", "locked.key"], "both.key");
    opens_unlocked(&scene, "both.key");
}

#[test]
fn a_key_in_one_file_with_its_certificate_opens() {
    let scene = scene_with("rsa:2048");
    scene.concatenate(&["customer.crt", "a.key"], "before.pem");
    scene.concatenate(&["a.key", "customer.crt"], "behind.pem");
    opens(&scene, "before.pem");
    opens(&scene, "behind.pem");
    scene.tool("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out locked.key");
    scene.concatenate(&["locked.key", "customer.crt"], "locked.pem");
    opens_unlocked(&scene, "locked.pem");
}

#[test]
fn text_around_a_key_is_ignored() {
    let scene = scene_with(P256);
    scene.tool("openssl pkey -in a.key -text -out text.key");
    scene.write("header", "Bag Attributes\r\n    friendlyName: a\r\n");
    scene.concatenate(&["header", "a.key"], "bag.key");
    scene.write("crlf.key", scene.text("a.key").replace('\n', "\r\n"));
    scene.write("bom.key", format!("\u{feff}{}", scene.text("a.key")));
    for key in ["text.key", "bag.key", "crlf.key", "bom.key"] {
        opens(&scene, key);
    }
}

#[test]
fn openpgp_keys_by_gpg_open_locked_or_not() {
    let scene = Scene::new();
    scene.write("passphrase", "sesame\n");
    scene.write("wrong", "barley\n");
    for (user, passphrase) in [("open", "''"), ("locked", "sesame")] {
        scene.gpg_with_passphrase(
            passphrase,
            &format!("--quick-gen-key {user} rsa2048 default never"),
        );
        let primary = scene.gpg_fingerprint(user);
        for kind in ["rsa2048", "cv25519", "nistp384"] {
            scene.gpg_with_passphrase(
                passphrase,
                &format!("--quick-add-key {primary} {kind} encr never"),
            );
        }
        scene.gpg(&format!("--export --output customer.crt {user}"));
        let export = |how: &str| {
            scene.gpg_with_passphrase(passphrase, &format!("{how} {user}"));
        };
        export("--output binary.key --export-secret-keys");
        export("--output armored.key --armor --export-secret-keys");
        export("--output subkeys.key --export-secret-subkeys");
        for key in ["binary.key", "armored.key", "subkeys.key"] {
            if passphrase == "''" {
                opens(&scene, key);
            } else {
                opens_unlocked(&scene, key);
            }
        }
    }
}

#[test]
fn each_subkey_by_gpg_opens_alone() {
    let scene = Scene::new();
    scene.gpg("--quick-gen-key two ed25519 sign never");
    let primary = scene.gpg_fingerprint("two");
    for kind in ["rsa2048", "cv25519"] {
        scene.gpg(&format!("--quick-add-key {primary} {kind} encr never"));
    }
    scene.gpg("--export --output customer.crt two");
    let keys = scene.inspect("customer.crt");
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        // The exclamation mark leaves out the other subkey, and the primary key
        // is a stub.
        let fingerprint = key["fingerprint"].as_str().unwrap();
        scene.gpg(&format!(
            "--output one.key --export-secret-subkeys {fingerprint}!"
        ));
        opens(&scene, "one.key");
    }
}

#[test]
fn inspect_shows_the_fingerprint_of_a_key_and_no_secret() {
    let scene = scene_with("rsa:2048");
    let fingerprint = scene.fingerprint("customer.crt");
    scene.tool("openssl pkcs8 -topk8 -in a.key -passout file:passphrase -out a.locked");
    scene.tool_to("openssl pkey -in a.key -noout -text", "numbers");
    let secret: Vec<String> = secrets(&scene.text("numbers"), &scene.text("a.key"));
    assert!(secret.len() > 20, "{secret:?}");
    for flag in ["", "--json", "-v"] {
        let shown = scene.ok(&format!("inspect {flag} a.key a.locked"));
        assert!(shown.stdout().contains(&fingerprint), "{shown}");
        assert!(shown.stdout().contains("RSA 2048"), "{shown}");
        let all = format!("{}{}", shown.stdout(), shown.stderr())
            .replace(':', "")
            .to_lowercase();
        for line in &secret {
            assert!(!all.contains(line), "{shown}");
        }
    }
    let locked = scene.inspect("a.locked");
    assert_eq!(locked["keys"][0]["locked"], true, "{locked}");
    assert!(locked["keys"][0]["fingerprint"].is_null(), "{locked}");
}

/// Returns the lines of a private key, as numbers and in PEM, in lower case
/// without colons.
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
fn a_file_that_is_not_a_private_key_is_refused_by_name() {
    let scene = scene_with(P256);
    scene.seal("-r customer.crt");
    scene.write("text.key", "no key\n");
    scene.write("empty.key", "");
    for (key, reason) in [
        (
            "customer.crt",
            "it is a certificate or public key, not a private key",
        ),
        ("text.key", "it holds no private key"),
        ("empty.key", "the file is empty"),
        ("call.pgp", "it holds no private key"),
    ] {
        scene
            .line(&format!("open -k {key} call.pgp -o -"))
            .exits(4)
            .complains_with_hint(&[key, reason]);
    }
    scene
        .line("open -k missing.key call.pgp -o -")
        .exits(1)
        .complains_with_hint(&["missing.key", "no such file"]);
}

#[test]
fn a_key_that_is_elsewhere_is_named_as_such() {
    let scene = Scene::new();
    // GnuPG writes a stub for a primary key of which only subkeys are exported,
    // as it does for a key on a smart card.
    scene.gpg("--quick-gen-key card rsa2048 encr never");
    scene.gpg("--output stub.key --export-secret-subkeys card");
    scene
        .line("keys -k stub.key")
        .exits(4)
        .complains_with_hint(&["stub.key: its private key is not in this file"]);
    scene
        .ok("inspect stub.key")
        .prints("its private key is not in this file");
}
