//! `callseal export`: certificates and keys that GnuPG imports.

#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{CALL, P256, Scene};

const P384: &str = "ec -pkeyopt ec_paramgen_curve:P-384";
const P521: &str = "ec -pkeyopt ec_paramgen_curve:P-521";

/// Encrypts a file with GnuPG to an imported certificate, and opens it by
/// callseal with this key.
#[track_caller]
fn gpg_encrypts(scene: &Scene, user: &str, key: &str) {
    scene.write("call.wav", CALL);
    scene.gpg(&format!(
        "--recipient {user} --output theirs.gpg --encrypt call.wav"
    ));
    let opened = scene.ok(&format!("open theirs.gpg {key} -o -"));
    assert_eq!(opened.output.stdout, CALL, "{key}");
}

/// Checks whether GnuPG opens a message with an imported key.
#[track_caller]
fn gpg_opens(scene: &Scene, passphrase: &str) -> bool {
    let line = "gpg --batch --quiet --yes --pinentry-mode loopback --passphrase";
    let opened = scene
        .tool_line(&format!("{line} {passphrase} --decrypt call.pgp"))
        .outcome();
    opened.status() == Some(0) && opened.output.stdout == CALL
}

fn mode(scene: &Scene, name: &str) -> u32 {
    let metadata = fs::metadata(scene.path(name)).unwrap();
    metadata.permissions().mode() & 0o777
}

#[test]
fn gpg_encrypts_to_an_exported_certificate_of_every_kind() {
    for kind in ["rsa:2048", P256, P384, P521] {
        let scene = Scene::new();
        scene.key_pair("customer", kind);
        scene.ok("export customer.crt -k customer.key -o customer.asc");
        scene.gpg("--import customer.asc");
        gpg_encrypts(&scene, "customer", "-k customer.key");
        // It is the key by which callseal's messages name it.
        let fingerprint = scene.fingerprint("customer.crt");
        assert_eq!(scene.fingerprint("customer.asc"), fingerprint, "{kind}");
        scene.opens("-r customer.asc", "-k customer.key");
    }
}

#[test]
fn an_exported_certificate_has_nothing_secret_in_it() {
    for kind in ["rsa:2048", P256] {
        let scene = Scene::new();
        scene.key_pair("customer", kind);
        let exported = scene.ok("export customer.crt -k customer.key");
        let text = exported.stdout();
        assert!(text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
        scene.write("customer.asc", text);
        let packets = scene.gpg("--list-packets customer.asc").stdout();
        assert!(packets.contains(":public key packet:"), "{packets}");
        assert!(
            packets.contains(":user ID packet: \"customer\""),
            "{packets}"
        );
        assert!(!packets.contains("secret"), "{packets}");
    }
}

#[test]
fn gpg_joins_the_exported_certificate_and_the_exported_key() {
    for kind in ["rsa:2048", P256] {
        for order in [["public", "secret"], ["secret", "public"]] {
            let scene = Scene::new();
            scene.key_pair("customer", kind);
            scene.ok("export customer.crt -k customer.key -o public.asc");
            scene.ok("export --gpg customer.key -o secret.asc");
            for name in order {
                scene.gpg(&format!("--import {name}.asc"));
            }
            let listed = scene.gpg("--with-colons --list-secret-keys").stdout();
            let lines = |start: &str| listed.lines().filter(|l| l.starts_with(start)).count();
            assert_eq!(lines("sec:"), 1, "{listed}");
            scene.seal("--format rfc4880 -r public.asc");
            assert!(gpg_opens(&scene, "''"), "{kind} {order:?}");
            gpg_encrypts(&scene, &scene.gpg_fingerprint(""), "-k customer.key");
        }
    }
}

#[test]
fn the_private_key_is_found_among_many() {
    let scene = Scene::new();
    for name in ["one", "two", "three"] {
        scene.key_pair(name, P256);
        let key = format!("{name}.key");
        scene.write(format!("keys/{key}"), scene.read(&key));
    }
    for keys in ["-k keys", "-k one.key -k two.key", "-k two.key -k keys"] {
        let exported = scene.ok(&format!("export two.crt {keys}"));
        scene.write("two.asc", exported.output.stdout);
        assert_eq!(scene.fingerprint("two.asc"), scene.fingerprint("two.crt"));
    }
    scene.write("callseal.toml", "keys = [\"keys\"]\n[profiles]\n");
    scene.ok("export two.crt --config callseal.toml");
}

#[test]
fn exporting_a_certificate_that_is_refused_as_a_recipient_is_a_warning() {
    let scene = Scene::new();
    scene.tool(
        "openssl req -x509 -days 9 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
         -keyout sign.key -out sign.crt -subj /CN=sign -addext keyUsage=digitalSignature",
    );
    scene
        .ok("export sign.crt -k sign.key -o sign.asc")
        .says("warning: sign.crt: “sign” is not for encryption: ")
        .says("; the exported certificate doesn't show that");
}

#[test]
fn a_bare_public_key_and_an_expired_certificate_are_exported_too() {
    let scene = Scene::new();
    scene.key_pair("customer", "rsa:2048");
    scene.tool("openssl pkey -in customer.key -pubout -out bare.pem");
    scene.write(
        "ca.cnf",
        "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nserial = serial\n\
         new_certs_dir = .\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n",
    );
    scene.write("index.txt", "");
    scene.write("serial", "01\n");
    scene.tool("openssl req -new -key customer.key -subj /CN=customer -out customer.csr");
    scene.tool(
        "openssl ca -batch -notext -config ca.cnf -selfsign -keyfile customer.key \
         -in customer.csr -startdate 20190101000000Z -enddate 20200101000000Z -out old.crt",
    );
    scene
        .line("seal -r old.crt customer.csr -o none.pgp")
        .exits(3)
        .says("expired");
    for file in ["bare.pem", "old.crt"] {
        scene.ok(&format!("export {file} -k customer.key -o {file}.asc"));
        let exported = scene.fingerprint(&format!("{file}.asc"));
        assert_eq!(exported, scene.fingerprint("customer.crt"), "{file}");
    }
}

#[test]
fn a_locked_key_is_unlocked_to_certify() {
    let scene = Scene::new();
    scene.locked_key_pair("customer", P256, "sesame");
    scene.locked_key_pair("other", P256, "sesame");
    scene.write("phrase", "sesame\n");
    // Without a certificate next to it, the owner of the key is unknown.
    scene.write("keys/1.pem", scene.read("other.key"));
    scene.write("keys/2.pem", scene.read("customer.key"));
    for key in ["-k customer.key", "-k keys"] {
        let export = format!("export customer.crt {key} -f -o customer.asc");
        scene
            .without_terminal(&export)
            .exits(4)
            .complains_with_hint(&["it is locked, and no passphrase was given"]);
        assert!(!scene.exists("customer.asc"));
        scene.ok(&format!("{export} --passphrase-file phrase"));
        let fingerprint = scene.fingerprint("customer.asc");
        assert_eq!(fingerprint, scene.fingerprint("customer.crt"), "{key}");
        fs::remove_file(scene.path("customer.asc")).unwrap();
    }
    // The passphrase of a key that belongs to another certificate is not asked
    // for.
    scene
        .without_terminal("export customer.crt -k other.key")
        .exits(4)
        .complains_with_hint(&["is not the private key of customer.crt"]);
    scene.write("phrase", "barley\n");
    scene
        .line("export customer.crt -k customer.key --passphrase-file phrase")
        .exits(4)
        .complains_with_hint(&["customer.key: the passphrase is wrong"]);
}

#[test]
fn a_certificate_next_to_the_wrong_key_is_not_exported_with_it() {
    let scene = Scene::new();
    scene.locked_key_pair("customer", P256, "sesame");
    scene.locked_key_pair("other", P256, "sesame");
    scene.write("phrase", "sesame\n");
    scene.write("swapped.key", scene.read("other.key"));
    scene.write("swapped.crt", scene.read("customer.crt"));
    scene
        .line("export customer.crt -k swapped.key --passphrase-file phrase")
        .exits(4)
        .complains_with_hint(&["is not the private key of customer.crt"]);
}

#[test]
fn without_the_private_key_there_is_no_certificate() {
    let scene = Scene::with_parties();
    scene
        .line("export customer.crt -k vendor.key -o customer.asc")
        .exits(4)
        .complains_with_hint(&["is not the private key of customer.crt"])
        .says("hint: give its private key with -k");
    scene.key_pair("third", P256);
    scene
        .line("export customer.crt -k vendor.key -k third.key -o customer.asc")
        .exits(4)
        .complains_with_hint(&["customer.crt: none of your 2 keys"]);
    scene
        .line("export customer.crt -o customer.asc")
        .exits(4)
        .complains_with_hint(&["no private key is given"])
        .says("-k");
    assert!(!scene.exists("customer.asc"));
}

#[test]
fn a_file_that_is_not_a_certificate_is_not_exported() {
    let scene = Scene::with_parties();
    scene.ok("keygen --name own --openpgp --no-passphrase");
    scene.ok("keygen --name asked --csr --ec p256 --no-passphrase");
    scene.key_pair("edwards", "ed25519");
    scene.write("notes.txt", "nothing");
    for (file, status, says) in [
        ("own.asc", 3, "it is already an OpenPGP certificate"),
        ("customer.key", 3, "it holds a private key"),
        ("asked.csr", 3, "signing request"),
        ("edwards.crt", 3, "has an Ed25519 key"),
        ("notes.txt", 3, "not a certificate"),
        ("missing.crt", 1, "no such file"),
    ] {
        scene
            .line(&format!("export {file} -k customer.key -o out.asc"))
            .exits(status)
            .complains_with_hint(&[file, says]);
    }
    // Even before any key is asked for.
    for line in ["export customer.key -k customer.key", "export customer.key"] {
        scene.line(line).exits(3).says("--gpg");
    }
    assert!(!scene.exists("out.asc"));
}

#[test]
fn conflicting_options_are_usage_errors() {
    let scene = Scene::with_parties();
    scene.write("phrase", "sesame");
    for arguments in [
        "",
        "-k customer.key",
        "customer.crt --gpg customer.key",
        "--gpg customer.key -k customer.key",
        "customer.crt -k customer.key --new-passphrase",
        "customer.crt -k customer.key --new-passphrase-file phrase",
        "--gpg customer.key --new-passphrase --new-passphrase-file phrase",
        "--gpg customer.key --new-passphrase-fd 3 --new-passphrase-file phrase",
        "customer.crt -k customer.key --json",
    ] {
        let outcome = scene.line(&format!("export {arguments}")).exits(2);
        assert!(outcome.stderr().starts_with("error: "), "{outcome}");
    }
}

#[test]
fn an_exported_key_may_get_a_new_passphrase() {
    for (kind, lock) in [("rsa:2048", "sesame"), (P256, "sesame"), (P256, "")] {
        let scene = Scene::new();
        match lock {
            "" => scene.key_pair("a", kind),
            lock => scene.locked_key_pair("a", kind, lock),
        }
        scene.write("old", lock);
        scene.write("new", "barley\r\n");
        let old = if lock.is_empty() {
            ""
        } else {
            "--passphrase-file old"
        };
        scene.ok(&format!(
            "export --gpg a.key {old} --new-passphrase-file new -o a.asc"
        ));
        scene.gpg_with_passphrase("barley", "--import a.asc");
        scene.seal("--format rfc4880 -r a.crt");
        assert!(gpg_opens(&scene, "barley"), "{kind} {lock}");
        for wrong in ["sesame", "''"] {
            assert!(!gpg_opens(&scene, wrong), "{kind} {lock} {wrong}");
        }
        scene.opens("-r a.crt", "-k a.asc --passphrase-file new");
    }
}

#[test]
fn a_new_passphrase_comes_from_its_own_descriptor() {
    let scene = Scene::new();
    scene.locked_key_pair("a", P256, "sesame");
    scene
        .bash(
            "callseal export --gpg a.key --passphrase-fd 3 --new-passphrase-fd 4 -o a.asc \
             3<<<sesame 4<<<barley",
        )
        .exits(0);
    scene.write("new", "barley");
    scene.opens("-r a.crt", "-k a.asc --passphrase-file new");
    scene
        .line("export --gpg a.key --passphrase-fd 0 --new-passphrase-fd 0 -o b.asc")
        .stdin("sesame\nbarley\n")
        .exits(2)
        .complains_with_hint(&["file descriptor 0 can't hold both passphrases"]);
    assert!(!scene.exists("b.asc"));
}

#[test]
fn the_terminal_is_asked_for_the_old_passphrase_and_twice_for_the_new_one() {
    let scene = Scene::new();
    scene.locked_key_pair("a", P256, "sesame");
    let dialogue = "prompt\nsend \"sesame\\r\"\nprompt \"new passphrase for a.key: \"\n\
                    send \"barley\\r\"\nprompt \"the same again: \"\nsend \"barley\\r\"";
    let outcome = scene
        .on_a_terminal("export --gpg a.key --new-passphrase -o a.asc", dialogue)
        .exits(0)
        .prints("passphrase for a.key (a): ");
    for phrase in ["sesame", "barley"] {
        assert!(!outcome.stdout().contains(phrase), "{outcome}");
    }
    scene.write("new", "barley");
    scene.opens("-r a.crt", "-k a.asc --passphrase-file new");

    scene
        .on_a_terminal(
            "export --gpg a.asc --new-passphrase -o b.asc",
            "expect \"it is already an OpenPGP key\"",
        )
        .exits(4);
    let dialogue = "prompt\nsend \"sesame\\r\"\nprompt \"new passphrase for \"\nsend \"\\r\"";
    scene
        .on_a_terminal("export --gpg a.key --new-passphrase -o b.asc", dialogue)
        .exits(2)
        .prints("a.key: the new passphrase is empty");
    assert!(!scene.exists("b.asc"));
}

#[test]
fn without_a_terminal_a_new_passphrase_is_not_asked_for() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene
        .without_terminal("export --gpg a.key --new-passphrase -o a.asc")
        .exits(2)
        .complains_with_hint(&["no passphrase given for a.key"])
        .says("--new-passphrase-file or --new-passphrase-fd");
    scene.write("empty", "\n");
    scene
        .line("export --gpg a.key --new-passphrase-file empty -o a.asc")
        .exits(2)
        .complains_with_hint(&["empty: the new passphrase is empty"]);
    scene
        .line("export --gpg a.key --new-passphrase-file missing -o a.asc")
        .exits(1)
        .complains(&["missing: no such file"]);
    assert!(!scene.exists("a.asc"));
}

#[test]
fn keys_made_by_callseal_are_exported() {
    for kind in ["--rsa 2048", "--ec p384"] {
        let scene = Scene::new();
        scene.write("phrase", "sesame");
        scene.ok(&format!(
            "keygen --name customer {kind} --passphrase-file phrase"
        ));
        scene.ok("export --gpg customer.key --passphrase-file phrase -o secret.asc");
        scene.ok("export customer.crt -k customer.key --passphrase-file phrase -o public.asc");
        scene.gpg("--import public.asc");
        gpg_encrypts(
            &scene,
            "customer",
            "-k customer.key --passphrase-file phrase",
        );
        scene.gpg_with_passphrase("sesame", "--import secret.asc");
        scene.seal("--format rfc4880 -r customer.crt");
        assert!(gpg_opens(&scene, "sesame"), "{kind}");
    }
}

#[test]
fn an_existing_output_stays_and_no_passphrase_is_asked_for() {
    let scene = Scene::new();
    scene.locked_key_pair("a", P256, "sesame");
    scene.write("a.asc", "what was there");
    scene.write("phrase", "sesame");
    for export in ["export --gpg a.key", "export a.crt -k a.key"] {
        scene
            .without_terminal(&format!("{export} -o a.asc"))
            .exits(1)
            .complains_with_hint(&["a.asc: it already exists"]);
        assert_eq!(scene.text("a.asc"), "what was there");
    }
    scene
        .bash("umask 022; callseal export -f a.crt -k a.key --passphrase-file phrase -o a.asc")
        .exits(0);
    assert_eq!(mode(&scene, "a.asc"), 0o644);
    scene.ok("export -f --gpg a.key --passphrase-file phrase -o a.asc");
    assert_eq!(mode(&scene, "a.asc"), 0o600);
}

#[test]
fn no_passphrase_is_shown_and_json_names_the_file() {
    let scene = Scene::new();
    scene.locked_key_pair("a", P256, "sesame");
    scene.write("old", "sesame");
    scene.write("new", "barley");
    for (export, what) in [
        ("--gpg a.key --new-passphrase-file new", "key"),
        ("a.crt -k a.key", "certificate"),
    ] {
        let line = format!("export {export} --passphrase-file old -v -f --json -o a.asc");
        let outcome = scene.ok(&line);
        assert_eq!(outcome.json()[what], "a.asc");
        for text in [outcome.stdout(), outcome.stderr()] {
            assert!(
                !text.contains("sesame") && !text.contains("barley"),
                "{text}"
            );
        }
    }
}

#[test]
fn an_exported_certificate_expires_when_the_x509_one_does() {
    let scene = Scene::new();
    for (kind, name) in [(P256, "a"), ("rsa:2048", "b")] {
        scene.key_pair(name, kind);
        scene.dated_certificate(&format!("{name}.crt"), name, -10, 30);
        scene.ok(&format!("export {name}.crt -k {name}.key -o {name}.asc"));
        let end = scene.inspect(&format!("{name}.crt"))["keys"][0]["expires"].take();
        assert_eq!(
            scene.inspect(&format!("{name}.asc"))["keys"][0]["expires"],
            end
        );
        scene.dated_certificate(&format!("{name}.crt"), name, -40, 30);
        scene.ok(&format!("export -f {name}.crt -k {name}.key -o {name}.asc"));
        scene.write("call.wav", "said");
        scene
            .line(&format!("seal -r {name}.asc call.wav"))
            .exits(3)
            .complains_with_hint(&["expired on"]);
    }
}

#[test]
fn a_passphrase_that_locks_nothing_causes_a_warning() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.write("phrase", "sesame");
    scene
        .ok("export --gpg a.key -o a.asc --passphrase-file phrase")
        .says("warning: a.key: neither this key")
        .says("--new-passphrase-file");
    let quiet = scene.ok("export --gpg a.key -o b.asc --new-passphrase-file phrase");
    assert!(!quiet.stderr().contains("warning"), "{quiet}");
}
