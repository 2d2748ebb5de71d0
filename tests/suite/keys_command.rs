//! `callseal keys`: the private keys of the keyring, and their certificates.

use serde_json::{Value, json};

use crate::support::{CALL, Outcome, P256, Scene};

/// Returns the facts about each key, in the order of the files.
#[track_caller]
fn listed(scene: &Scene, arguments: &str) -> Vec<Value> {
    let mut document = scene.ok(&format!("keys --json {arguments}")).json();
    let Value::Array(keys) = document["keys"].take() else {
        panic!("no keys in {document}");
    };
    keys
}

/// Returns the same for a single key.
#[track_caller]
fn only(scene: &Scene, arguments: &str) -> Value {
    let keys = listed(scene, arguments);
    let [key] = &*keys else { panic!("{keys:?}") };
    key.clone()
}

#[track_caller]
fn is_quiet(outcome: &Outcome) {
    assert!(outcome.stderr().is_empty(), "{outcome}");
}

/// Makes `a.key` and `a.crt`, and the same key with the passphrase "secret" in
/// `locked.key`.
fn locked() -> Scene {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.tool("openssl pkcs8 -topk8 -in a.key -passout pass:secret -out locked.key");
    scene.write("passphrase", "secret\n");
    scene
}

#[test]
fn every_kind_of_key_in_a_directory_is_listed() {
    let scene = locked();
    scene.key_pair("ec", P256);
    std::fs::create_dir_all(scene.path("keys/2019")).unwrap();
    scene.tool("openssl pkey -in a.key -out keys/1.key");
    scene.tool("openssl pkey -in ec.key -out keys/2.key");
    scene.tool("openssl pkey -in a.key -outform DER -out keys/2019/3.der");
    scene.tool("openssl pkcs8 -topk8 -in ec.key -passout pass:secret -out keys/4.key");
    scene.gpg_with_passphrase("secret", "--quick-gen-key locked future-default - never");
    scene.gpg_with_passphrase("secret", "--export-secret-keys --output keys/5.key locked");
    scene.gpg("--export --output locked.pub locked");

    let (rsa, ec) = (scene.fingerprint("a.crt"), scene.fingerprint("ec.crt"));
    let openpgp = scene.fingerprint("locked.pub");
    let facts: Vec<Value> = listed(&scene, "-k keys")
        .iter()
        .map(|key| {
            let names = [
                "path",
                "kind",
                "algorithm",
                "fingerprint",
                "locked",
                "label",
            ];
            names.map(|name| key[name].clone()).into()
        })
        .collect();
    assert_eq!(
        json!(facts),
        json!([
            ["keys/1.key", "private key", "RSA 2048", rsa, false, null],
            [
                "keys/2.key",
                "private key",
                "ECDH NIST P-256",
                ec,
                false,
                null
            ],
            [
                "keys/2019/3.der",
                "private key",
                "RSA 2048",
                rsa,
                false,
                null
            ],
            ["keys/4.key", "private key", null, null, true, null],
            [
                "keys/5.key",
                "OpenPGP key",
                "ECDH Curve25519",
                openpgp,
                true,
                "locked"
            ],
        ])
    );

    let outcome = scene.ok("keys -k keys");
    let text = outcome.stdout();
    assert_eq!(text.split("\n\n").count(), 5, "{text}");
    assert!(
        text.contains("keys/4.key\n  private key, algorithm unknown while locked, locked"),
        "{text}"
    );
    assert_eq!(
        text.matches("fingerprint  unknown while locked\n").count(),
        1
    );
    for known in [rsa, ec, openpgp] {
        assert!(
            text.contains(&format!("  fingerprint  {known}\n")),
            "{text}"
        );
    }
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    is_quiet(&outcome);
}

#[test]
fn a_key_is_shown_with_the_certificate_next_to_it_locked_or_not() {
    let scene = locked();
    let fingerprint = scene.fingerprint("a.crt");
    let end = scene.inspect("a.crt")["keys"][0]["expires"].clone();
    std::fs::rename(scene.path("a.crt"), scene.path("certificate")).unwrap();
    for key in ["a.key", "locked.key"] {
        let stem = key.strip_suffix(".key").unwrap();
        assert_eq!(
            only(&scene, &format!("-k {key}"))["certificate"],
            Value::Null
        );
        for ending in ["crt", "pem", "cer", "der", "pub", "asc"] {
            let certificate = format!("{stem}.{ending}");
            scene.write(&certificate, scene.read("certificate"));
            let told = only(&scene, &format!("-k {key}"));
            let is_locked = key == "locked.key";
            assert_eq!(
                told,
                json!({
                    "path": key,
                    "kind": "private key",
                    "algorithm": "RSA 2048",
                    "fingerprint": fingerprint,
                    "fingerprint_from_certificate": is_locked,
                    "label": "a",
                    "locked": is_locked,
                    "world_readable": false,
                    "certificate": { "path": certificate, "label": "a", "expires": end },
                })
            );
            let outcome = scene.ok(&format!("keys -k {key}"));
            let text = outcome.stdout();
            let end = end.as_str().unwrap();
            assert!(
                text.contains(&format!(
                    "\n  owner        a\n  certificate  {certificate}\n               valid until {end}\n"
                )),
                "{text}"
            );
            assert_eq!(text.contains("from its certificate"), is_locked, "{text}");
            is_quiet(&outcome);
            std::fs::remove_file(scene.path(certificate)).unwrap();
        }
    }
}

#[test]
fn a_certificate_anywhere_in_the_key_s_file_is_found() {
    let scene = locked();
    scene.key_pair("issuer", P256);
    std::fs::rename(scene.path("a.crt"), scene.path("certificate")).unwrap();
    for parts in [
        ["certificate", "a.key"].as_slice(),
        &["a.key", "certificate"],
        &["issuer.crt", "a.key", "certificate"],
        &["locked.key", "certificate", "issuer.crt"],
    ] {
        scene.concatenate(parts, "whole.pem");
        let outcome = scene.ok("keys -k whole.pem");
        outcome.prints("certificate  in the same file\n");
        let key = only(&scene, "-k whole.pem");
        assert_eq!(key["certificate"]["path"], "whole.pem", "{parts:?}");
        assert_eq!(key["certificate"]["label"], "a", "{parts:?}");
    }
}

#[test]
fn a_bare_public_key_next_to_a_key_names_no_owner() {
    let scene = locked();
    std::fs::remove_file(scene.path("a.crt")).unwrap();
    for stem in ["a", "locked"] {
        scene.tool(&format!("openssl pkey -in a.key -pubout -out {stem}.pub"));
        let key = only(&scene, &format!("-k {stem}.key"));
        assert_eq!(key["certificate"]["path"], format!("{stem}.pub"));
        assert_eq!(key["certificate"]["expires"], Value::Null);
        assert_eq!(key["label"], Value::Null);
        let text = scene.ok(&format!("keys -k {stem}.key")).stdout();
        assert!(!text.contains("owner"), "{text}");
    }
}

#[test]
fn a_certificate_of_another_key_causes_a_warning_and_is_not_shown() {
    let scene = Scene::new();
    scene.key_pair("vendor", P256);
    scene.key_pair("other", P256);
    scene.write("vendor.crt", scene.read("other.crt"));
    let outcome = scene.ok("keys -k vendor.key");
    assert_eq!(
        outcome.stderr(),
        "warning: vendor.crt next to vendor.key belongs to another key\n"
    );
    assert!(!outcome.stdout().contains("vendor.crt"), "{outcome}");
    assert!(!outcome.stdout().contains("owner"), "{outcome}");
    let key = only(&scene, "-k vendor.key");
    assert_eq!(key["certificate"], Value::Null);
    assert_eq!(key["label"], Value::Null);

    // Once for a file, however many keys it holds.
    scene.concatenate(&["vendor.key", "vendor.key", "other.crt"], "vendor.key");
    let outcome = scene.ok("keys -k vendor.key");
    assert_eq!(
        outcome.stderr(),
        "warning: the certificate in vendor.key belongs to another key\n"
    );
}

#[test]
fn the_key_s_own_certificate_is_found_after_another() {
    let scene = Scene::new();
    scene.key_pair("vendor", P256);
    scene.key_pair("other", P256);
    std::fs::rename(scene.path("vendor.crt"), scene.path("vendor.pem")).unwrap();
    std::fs::rename(scene.path("other.crt"), scene.path("vendor.crt")).unwrap();
    let outcome = scene.ok("keys -k vendor.key");
    is_quiet(&outcome);
    outcome.prints("certificate  vendor.pem\n");
}

#[test]
fn an_expired_certificate_is_marked_and_its_key_opens() {
    let scene = locked();
    // A message that was sealed while it was valid.
    scene.tool("openssl pkey -in a.key -pubout -out public");
    scene.expired_certificate("a");
    scene.write("locked.crt", scene.read("a.crt"));
    for key in ["a.key", "locked.key"] {
        let outcome = scene.ok(&format!("keys -k {key}"));
        is_quiet(&outcome);
        outcome.prints("\n               expired 2012-01-01T00:00:00Z\n");
        let told = only(&scene, &format!("-k {key}"));
        assert_eq!(told["certificate"]["expires"], "2012-01-01T00:00:00Z");
        let open = format!("-k {key} --passphrase-file passphrase");
        scene.opens("-r public", &open);
    }
}

#[test]
fn an_expired_openpgp_key_is_marked_and_opens() {
    let scene = Scene::new();
    scene.expired_openpgp_key("old");
    let outcome = scene.ok("keys -k old.gpg");
    is_quiet(&outcome);
    outcome.prints(
        "\n  owner        old\n  certificate  in the same file\n               \
         expired 2012-01-01T00:00:00Z\n",
    );
    let key = only(&scene, "-k old.gpg");
    assert_eq!(key["kind"], "OpenPGP key");
    assert_eq!(
        key["certificate"],
        json!({ "path": "old.gpg", "label": "old", "expires": "2012-01-01T00:00:00Z" })
    );

    scene.write("call.wav", CALL);
    scene.gpg(
        "--faked-system-time 20110601T000000! -r old --output call.wav.pgp --encrypt call.wav",
    );
    scene.tool("zip -q -0 calls.zip call.wav.pgp");
    scene
        .ok("keys -k old.gpg --archive calls.zip")
        .prints("archive      opens 1 of 1 member\n");
    scene.ok("extract calls.zip -k old.gpg -C opened");
    assert_eq!(scene.read("opened/call.wav"), CALL);
}

#[test]
fn the_contents_of_files_can_not_control_the_terminal() {
    let scene = Scene::new();
    let request = "req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let subject = ["-subj", "/CN=\u{1b}[2Jevil\u{202e}", "-utf8"];
    let files = [
        "-keyout",
        "a\u{1b}]0;x\u{7}.key",
        "-out",
        "a\u{1b}]0;x\u{7}.crt",
    ];
    let arguments = request.split(' ').chain(subject).chain(files);
    scene.program("openssl", arguments).exits(0);
    let outcome = scene.ok("keys -k .");
    let text = outcome.stdout();
    assert!(
        text.contains("owner        \\u{1b}[2Jevil\\u{202e}\n"),
        "{text}"
    );
    assert!(text.contains("a\\u{1b}]0;x\\u{7}.crt\n"), "{text}");
    let harmless = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
    assert!(text.chars().all(harmless), "{text:?}");
}

#[test]
fn other_files_are_skipped_and_an_unusable_key_causes_a_warning() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("keys")).unwrap();
    scene.tool("openssl genpkey -algorithm ed25519 -out keys/signing.key");
    scene.write("keys/README", "Keys of the past years.\n");
    scene.key_pair("a", P256);
    scene.write("keys/a.crt", scene.read("a.crt"));
    scene.tool("openssl pkey -in a.key -out keys/a.key");
    let outcome = scene.ok("keys -k keys");
    assert_eq!(outcome.stdout().lines().next(), Some("keys/a.key"));
    let stderr = outcome.stderr();
    assert!(
        stderr.starts_with("warning: left out keys/signing.key: ") && stderr.lines().count() == 1,
        "{outcome}"
    );
    scene
        .ok("keys -v -k keys")
        .says("note: left out keys/README: it holds no private key\n")
        .says("note: left out keys/a.crt: it is a certificate or public key, not a private key\n");
}

#[test]
fn without_a_key_it_ends_with_status_4() {
    let scene = Scene::with_a_call();
    std::fs::create_dir(scene.path("keys")).unwrap();
    for line in ["keys", "keys --archive calls.zip"] {
        scene
            .line(line)
            .exits(4)
            .complains_with_hint(&["no private key is given"]);
    }
    for line in ["keys -k keys", "extract calls.zip -k keys"] {
        scene
            .line(line)
            .exits(4)
            .complains_with_hint(&["keys: it holds no private key that can be used"]);
    }
    scene
        .line("keys -k customer.crt")
        .exits(4)
        .complains_with_hint(&["customer.crt", "not a private key"]);
    scene.line("keys -k missing.key").exits(1);
    // The keys of the config count if -k is not given.
    scene.write("callseal.toml", "keys = [\"customer.key\"]\n");
    let key = only(&scene, "--config callseal.toml");
    assert_eq!(key["certificate"]["label"], "customer");
    let key = only(&scene, "--config callseal.toml -k vendor.key");
    assert_eq!(key["path"], "vendor.key");
}

#[cfg(unix)]
#[test]
fn no_passphrase_is_asked_for_not_even_on_a_terminal() {
    let scene = locked();
    scene.seal("-r a.crt");
    scene.ok("pack -q -o calls.zip -r a.crt call.wav");
    let keys = "callseal keys -k locked.key --archive calls.zip";
    for script in [
        format!("exec setsid -w {keys} </dev/null"),
        format!("exec script -qec '{keys}' /dev/null </dev/null"),
    ] {
        let outcome = scene.bash(&script).exits(0);
        is_quiet(&outcome);
        let shown = outcome.stdout().replace('\r', "");
        assert!(shown.contains("locked by a passphrase\n"), "{outcome}");
        assert!(
            shown.contains("archive      unknown while locked\n"),
            "{outcome}"
        );
        assert!(!shown.contains("passphrase for"), "{outcome}");
    }
}
