//! Private keys and certificates in the files that Windows, Java and SSH
//! programs make.

use crate::support::{CALL, Scene};

/// Makes keys and certificates: `customer.crt` for the key in `a.key`, and two
/// other pairs, `b` and `c`. The passphrase in `pass` is "secret".
fn scene() -> Scene {
    let scene = Scene::new();
    for name in ["a", "b", "c"] {
        scene.key_pair(name, "rsa:2048");
    }
    std::fs::rename(scene.path("a.crt"), scene.path("customer.crt")).unwrap();
    scene.write_private("pass", "secret\n");
    scene.write_private("wrong", "wrong\n");
    scene
}

/// Checks that a key opens OpenPGP and CMS messages for its certificate, with
/// these options.
#[track_caller]
fn opens(scene: &Scene, options: &str) {
    scene.opens("-r customer.crt", options);
    opens_cms(scene, options);
}

#[track_caller]
fn opens_cms(scene: &Scene, options: &str) {
    scene.write("call.wav", CALL);
    scene.cms_encrypt("call.wav", "call.p7m", "-aes256 -outform DER customer.crt");
    let opened = scene.ok(&format!("open {options} call.p7m -o -"));
    assert_eq!(opened.output.stdout, CALL, "{options}");
}

/// Checks that a locked key opens with its passphrase, and with no other.
#[track_caller]
fn opens_unlocked(scene: &Scene, key: &str) {
    opens(scene, &format!("-k {key} --passphrase-file pass"));
    scene.seal("-r customer.crt");
    scene
        .line(&format!(
            "open call.pgp -k {key} --passphrase-file wrong -o -"
        ))
        .exits(4)
        .complains_with_hint(&[&format!("{key}: the passphrase is wrong")]);
}

/// Makes a PKCS#12 keystore of one of the pairs.
fn pkcs12(scene: &Scene, pair: &str, certificate: &str, options: &str, keystore: &str) {
    scene.tool(&format!(
        "openssl pkcs12 -export {options} -inkey {pair}.key -in {certificate} -name {pair} \
         -passout pass:secret -out {keystore}"
    ));
    private(scene, keystore);
}

fn private(scene: &Scene, file: &str) {
    scene.write_private(file, scene.read(file));
}

#[test]
fn a_pkcs12_keystore_by_openssl_opens() {
    let scene = scene();
    for options in [
        "",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-keypbe AES-128-CBC -certpbe NONE",
        "-nomac",
    ] {
        pkcs12(&scene, "a", "customer.crt", options, "a.p12");
        opens_unlocked(&scene, "a.p12");
    }
}

#[test]
fn a_pkcs12_keystore_with_old_ciphers_opens() {
    let scene = scene();
    pkcs12(&scene, "a", "customer.crt", "-legacy", "a.p12");
    // Its certificate is encrypted with RC2.
    match openssl::provider::Provider::try_load(None, "legacy", true) {
        Ok(_) => opens_unlocked(&scene, "a.p12"),
        Err(_) => scene.opens("-r customer.crt", "-k a.p12 --passphrase-file pass"),
    }
}

#[test]
fn a_pkcs12_keystore_without_a_passphrase_opens() {
    let scene = scene();
    scene.tool("openssl pkcs12 -export -inkey a.key -in customer.crt -passout pass: -out a.p12");
    private(&scene, "a.p12");
    opens(&scene, "-k a.p12");
}

#[test]
fn every_key_of_a_keystore_opens() {
    let scene = scene();
    for kind in ["PKCS12", "JKS"] {
        let all = format!("all.{kind}");
        for (pair, certificate) in [("b", "b.crt"), ("c", "c.crt"), ("a", "customer.crt")] {
            pkcs12(&scene, pair, certificate, "", "one.p12");
            scene.tool(&format!(
                "keytool -importkeystore -noprompt -srckeystore one.p12 -srcstoretype PKCS12 \
                 -srcstorepass secret -destkeystore {all} -deststoretype {kind} \
                 -deststorepass secret"
            ));
        }
        private(&scene, &all);
        opens_unlocked(&scene, &all);
        let keys = scene.ok(&format!("keys --json -k {all}")).json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 3, "{keys}");
        let fingerprints: Vec<_> = ["customer.crt", "b.crt", "c.crt"]
            .map(|certificate| scene.fingerprint(certificate))
            .into();
        if kind == "JKS" {
            // Its certificates aren't encrypted.
            for fingerprint in fingerprints {
                assert!(keys.to_string().contains(&fingerprint), "{keys}");
            }
        }
    }
}

#[test]
fn a_keystore_is_unlocked_with_one_question() {
    let scene = scene();
    for (pair, certificate) in [("b", "b.crt"), ("a", "customer.crt")] {
        pkcs12(&scene, pair, certificate, "", "one.p12");
        scene.tool(
            "keytool -importkeystore -noprompt -srckeystore one.p12 -srcstoretype PKCS12 \
             -srcstorepass secret -destkeystore all.p12 -deststoretype PKCS12 \
             -deststorepass secret",
        );
    }
    private(&scene, "all.p12");
    scene.seal("-r customer.crt");
    let shown = scene
        .on_a_terminal(
            "open call.pgp -k all.p12 -o opened",
            "prompt; send \"secret\\r\"",
        )
        .exits(0)
        .stdout();
    assert_eq!(shown.matches("passphrase for ").count(), 1, "{shown}");
}

#[test]
fn a_java_keystore_of_the_other_type_is_named_with_the_command_that_converts_it() {
    let scene = scene();
    pkcs12(&scene, "a", "customer.crt", "", "a.p12");
    scene.tool(
        "keytool -importkeystore -noprompt -srckeystore a.p12 -srcstoretype PKCS12 \
         -srcstorepass secret -destkeystore a.jceks -deststoretype JCEKS -deststorepass secret",
    );
    private(&scene, "a.jceks");
    scene
        .line("keys -k a.jceks")
        .exits(4)
        .complains_with_hint(&["a.jceks: it is a Java keystore of the type JCEKS"])
        .says("keytool -importkeystore");
    scene.tool(
        "keytool -importkeystore -noprompt -srckeystore a.jceks -srcstoretype JCEKS \
         -srcstorepass secret -destkeystore new.p12 -deststoretype PKCS12 -deststorepass secret",
    );
    private(&scene, "new.p12");
    opens_unlocked(&scene, "new.p12");
}

#[test]
fn a_keystore_without_a_private_key_is_not_a_key() {
    let scene = scene();
    for (kind, file) in [("PKCS12", "trust.p12"), ("JKS", "trust.jks")] {
        scene.tool(&format!(
            "keytool -importcert -noprompt -file customer.crt -alias a -keystore {file} \
             -storetype {kind} -storepass secret"
        ));
        scene.write("call.txt", "a call");
        scene
            .line(&format!("seal -r {file} call.txt"))
            .exits(3)
            .complains_with_hint(&[file, "keystore, not a certificate"]);
    }
    scene
        .line("keys -k trust.jks")
        .exits(4)
        .complains_with_hint(&["trust.jks: it holds no private key"]);
}

#[test]
fn damaged_keystores_are_refused() {
    let scene = scene();
    pkcs12(&scene, "a", "customer.crt", "", "a.p12");
    scene.tool(
        "keytool -importkeystore -noprompt -srckeystore a.p12 -srcstoretype PKCS12 \
         -srcstorepass secret -destkeystore a.jks -deststoretype JKS -deststorepass secret",
    );
    scene.seal("-r customer.crt");
    for file in ["a.p12", "a.jks"] {
        let whole = scene.read(file);
        for at in (0..whole.len()).step_by(97) {
            scene.write_private("cut", &whole[..at]);
            let mut altered = whole.clone();
            altered[at] ^= 0x55;
            scene.write_private("altered", altered);
            for damaged in ["cut", "altered"] {
                let opened = scene
                    .line(&format!(
                        "open call.pgp -k {damaged} --passphrase-file pass -o -"
                    ))
                    .outcome();
                let is_right = opened.status() == Some(0) && opened.output.stdout == CALL;
                assert!(
                    is_right || opened.status() == Some(4),
                    "{file} {at}\n{opened}"
                );
            }
        }
    }
}

#[test]
fn a_private_key_by_openssh_opens() {
    let scene = Scene::new();
    scene.write_private("pass", "secret\n");
    scene.write_private("wrong", "wrong\n");
    for kind in [
        "rsa -b 2048",
        "ecdsa -b 256",
        "ecdsa -b 384",
        "ecdsa -b 521",
    ] {
        for (passphrase, options) in [("''", ""), ("secret", "--passphrase-file pass")] {
            scene.tool(&format!(
                "ssh-keygen -q -t {kind} -N {passphrase} -C '' -f id"
            ));
            scene.opens("-r id.pub", &format!("-k id {options}"));
            scene.tool("ssh-keygen -q -e -m RFC4716 -f id.pub");
            let public = scene
                .tool("ssh-keygen -e -m RFC4716 -f id.pub")
                .output
                .stdout;
            scene.write("rfc4716.pub", public);
            scene.opens("-r rfc4716.pub", &format!("-k id {options}"));
            // The same key as openssl has it.
            if passphrase == "''" {
                let public = scene.tool("ssh-keygen -e -m PKCS8 -f id.pub").output.stdout;
                scene.write("id.pem", public);
                assert_eq!(scene.fingerprint("id.pem"), scene.fingerprint("id.pub"));
            } else {
                scene
                    .line("open call.pgp -k id --passphrase-file wrong -o -")
                    .exits(4)
                    .complains_with_hint(&["id: the passphrase is wrong"]);
            }
            std::fs::remove_file(scene.path("id")).unwrap();
            std::fs::remove_file(scene.path("id.pub")).unwrap();
        }
    }
}

#[test]
fn a_file_with_several_ssh_keys_is_refused() {
    let scene = Scene::new();
    scene.write("call.txt", "a call");
    for name in ["a", "b"] {
        scene.tool(&format!("ssh-keygen -q -t rsa -b 2048 -N '' -f {name}"));
        let public = scene.tool(&format!("ssh-keygen -e -m RFC4716 -f {name}.pub"));
        scene.write(format!("{name}.4716"), public.output.stdout);
    }
    for ending in ["pub", "4716"] {
        scene.concatenate(&[&format!("a.{ending}"), &format!("b.{ending}")], "both");
        scene
            .line("seal -r both call.txt")
            .exits(3)
            .complains_with_hint(&["both: it holds 2 certificates"]);
    }
}

#[test]
fn an_ssh_key_of_another_kind_is_refused_by_name() {
    let scene = Scene::new();
    scene.write("call.txt", "a call");
    scene.tool("ssh-keygen -q -t ed25519 -N '' -f id");
    scene
        .line("seal -r id.pub call.txt")
        .exits(3)
        .complains_with_hint(&["id.pub", "an Ed25519 key"]);
    scene
        .line("keys -k id")
        .exits(4)
        .complains_with_hint(&["id", "an Ed25519 key"]);
}

#[test]
fn a_key_by_puttygen_opens_once_it_is_converted() {
    let scene = Scene::new();
    scene.write_private("no", "");
    scene.tool("puttygen -q -t rsa -b 2048 --new-passphrase no -o a.ppk");
    private(&scene, "a.ppk");
    scene.tool("puttygen a.ppk -O public -o saved.pub");
    scene.tool("puttygen a.ppk -O public-openssh -o line.pub");
    scene
        .line("keys -k a.ppk")
        .exits(4)
        .complains_with_hint(&["a.ppk: it is a PuTTY private key"])
        .says("puttygen FILE -O private-openssh");
    scene
        .ok("inspect a.ppk")
        .prints("a.ppk: a PuTTY private key\n");
    scene.tool("puttygen a.ppk -O private-openssh -o a.key");
    scene.tool("puttygen a.ppk -O private-openssh-new -o new.key");
    for key in ["a.key", "new.key"] {
        private(&scene, key);
        for public in ["saved.pub", "line.pub"] {
            scene.opens(&format!("-r {public}"), &format!("-k {key}"));
        }
    }
    // A directory doesn't pass over it in silence.
    scene.tool("mkdir keys");
    scene.tool("cp a.ppk a.key keys");
    scene
        .ok("keys -k keys")
        .says("keys/a.ppk: it is a PuTTY private key");
}

#[test]
fn a_bundle_of_certificates_is_a_recipient_with_its_chain() {
    let scene = scene();
    scene.write("call.txt", "a call\n");
    for form in ["PEM", "DER"] {
        scene.tool(&format!(
            "openssl crl2pkcs7 -nocrl -certfile customer.crt -outform {form} -out a.p7b"
        ));
        scene.opens("-r a.p7b", "-k a.key");
        let inspected = scene.inspect("a.p7b");
        assert_eq!(inspected["kind"], "certificate", "{inspected}");
    }
    scene.tool("openssl crl2pkcs7 -nocrl -certfile customer.crt -certfile b.crt -out two.p7b");
    scene
        .line("seal -r two.p7b call.txt")
        .exits(3)
        .complains_with_hint(&["two.p7b: it holds 2 certificates"]);
}

#[test]
fn text_in_utf_16_is_named_wherever_it_is_given() {
    let scene = scene();
    scene.write("call.txt", "a call\n");
    scene.ok("seal -q --armor -r customer.crt call.txt -o call.asc");
    for file in ["customer.crt", "a.key", "call.asc", "pass"] {
        for (mark, order) in [("\\xff\\xfe", "LE"), ("\\xfe\\xff", "BE")] {
            scene
                .bash(&format!("(printf '{mark}'; iconv -t UTF-16{order} {file}) > {order}.{file}; chmod 600 {order}.{file}"))
                .exits(0);
        }
    }
    for order in ["LE", "BE"] {
        for (line, status) in [
            (format!("seal -r {order}.customer.crt call.txt -o x"), 3),
            (format!("open -k {order}.a.key call.asc -o x"), 4),
            (format!("open -k a.key {order}.call.asc -o x"), 5),
            (
                format!("open -k a.key call.asc -o x --passphrase-file {order}.pass"),
                4,
            ),
        ] {
            scene
                .line(&line)
                .exits(status)
                .complains_with_hint(&[order, "UTF-16"]);
        }
    }
}

#[test]
fn requests_and_lists_of_revoked_certificates_are_named() {
    let scene = scene();
    scene.write("call.txt", "a call\n");
    scene.tool("openssl req -new -key a.key -subj /CN=a -out a.csr");
    scene.tool("openssl req -new -key a.key -subj /CN=a -outform DER -out a.der");
    for file in ["a.csr", "a.der"] {
        scene
            .line(&format!("seal -r {file} call.txt"))
            .exits(3)
            .complains_with_hint(&[file, "a certificate signing request"]);
        scene
            .line(&format!("keys -k {file}"))
            .exits(4)
            .complains_with_hint(&[file, "a certificate signing request"]);
        scene
            .ok(&format!("inspect {file}"))
            .prints(&format!(
                "{file}: a certificate signing request\n  subject: a\n"
            ))
            .prints(&scene.fingerprint("customer.crt"));
    }
}

#[test]
fn a_crl_is_shown_with_its_issuer_and_dates() {
    let scene = Scene::new();
    scene.ca("ca").make();
    scene.current_crl("ca");
    scene
        .ok("inspect ca.crl")
        .prints("ca.crl: a list of revoked certificates\n  issuer: ca\n  updated: ")
        .prints("  next update: ")
        .prints("  revoked certificates: 0\n");
    let shown = scene.inspect("ca.crl");
    assert_eq!(shown["details"]["issuer"], "ca", "{shown}");
    // In the form of RFC 3339.
    let updated = shown["details"]["updated"].as_str().unwrap();
    assert!(updated.ends_with('Z') && updated.contains('T'), "{shown}");
}

#[test]
fn a_putty_key_is_shown_with_its_public_half() {
    let scene = scene();
    scene.tool("openssl rsa -in a.key -traditional -out old.key");
    scene.tool("puttygen old.key -O private -o open.ppk -C of-a");
    scene.tool("puttygen old.key -O private -o a.ppk -C of-a --new-passphrase pass");
    let fingerprint = scene.fingerprint("customer.crt");
    for (file, lock) in [
        ("open.ppk", "not locked by a passphrase"),
        ("a.ppk", "locked by a passphrase (aes256-cbc)"),
    ] {
        let details = scene.inspect(file)["details"].take();
        assert_eq!(details["comment"], "of-a", "{details}");
        assert_eq!(details["fingerprint"], *fingerprint, "{details}");
        assert_eq!(details["passphrase"], lock, "{details}");
    }
}

/// Nests an element of ASN.1 this often.
fn nested(depth: usize, inner: Vec<u8>) -> Vec<u8> {
    (0..depth).fold(inner, |inner, _| {
        let mut outer = vec![0x30, 0x84];
        outer.extend((inner.len() as u32).to_be_bytes());
        outer.extend(inner);
        outer
    })
}

#[test]
fn a_keystore_that_is_nested_without_end_is_refused() {
    let scene = scene();
    scene.seal("-r customer.crt");
    scene.tool("mkdir keys");
    scene.tool("cp a.key keys");
    for depth in [100, 20_000] {
        let version = vec![2, 1, 3];
        let body = [version, nested(depth, vec![5, 0])].concat();
        scene.write_private("keys/deep.p12", nested(1, body));
        for line in [
            "keys -k keys/deep.p12",
            "open call.pgp -k keys/deep.p12 -o -",
        ] {
            scene
                .line(line)
                .exits(4)
                .complains_with_hint(&["keys/deep.p12"]);
        }
        scene.ok("inspect keys/deep.p12");
        // It doesn't keep the right key from opening.
        scene
            .ok("open call.pgp -k keys -o -")
            .says("left out keys/deep.p12");
    }
}

#[test]
fn a_key_that_is_locked_with_scrypt_opens() {
    let scene = scene();
    scene.tool("openssl pkcs8 -topk8 -scrypt -in a.key -passout pass:secret -out locked.pem");
    private(&scene, "locked.pem");
    opens_unlocked(&scene, "locked.pem");
}
