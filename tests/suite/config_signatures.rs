//! What the config says about signatures, through the program.

use crate::evidence_support::OF_A_SIGNER;
use crate::support::{P256, Scene};

/// The SHA-256 of some X.509 certificate.
const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";

#[test]
fn a_check_shows_whose_signatures_count() {
    let scene = Scene::with_parties();
    make_signer(&scene);
    scene.write(
        "callseal.toml",
        format!(
            "[profiles.acme]\nrecipients = ['vendor.crt']\n\
             trust = 'ca'\nca-file = ['root.crt', 'vendor.crt']\n\
             signers = ['ivr.crt', '{FINGERPRINT}', {{ subject = 'CN=ivr-1, O=Acme' }}]\n\
             require-signature = true\nsigning-time = 'trusted'\n\
             [profiles.plain]\nrecipients = ['customer.crt']\n"
        ),
    );
    for line in [
        "  signer            ivr.crt\n",
        &format!("  signer            {FINGERPRINT}\n"),
        "  signer            subject CN=ivr-1, O=Acme\n",
        "  require-signature true\n",
        "  signing-time      trusted\n",
    ] {
        scene.ok("config check --config callseal.toml").prints(line);
    }
    let facts = scene
        .ok("config check --config callseal.toml --json")
        .json();
    assert_eq!(
        facts["signatures"],
        serde_json::json!({"acme": {
            "signers": [
                {"certificate": "ivr.crt"},
                {"fingerprint": FINGERPRINT},
                {"subject": "CN=ivr-1, O=Acme"},
            ],
            "require_signature": true,
            "signing_time": "trusted",
        }})
    );
}

#[test]
fn a_profile_with_signers_alone_is_checked_and_cannot_be_sealed_to() {
    let scene = Scene::with_a_call();
    scene.write(
        "callseal.toml",
        format!("[profiles.verify]\nsigners = ['{FINGERPRINT}']\n"),
    );
    let facts = scene
        .ok("config check --config callseal.toml --json")
        .json();
    assert_eq!(facts["profiles"]["verify"], serde_json::json!([]));
    scene
        .ok("check --config callseal.toml")
        .prints("  no recipients, only signers\n");
    for line in [
        "pack -o calls.zip calls",
        "pack -o calls.zip -p verify calls",
        "pack -o calls.zip -p verify -r customer.crt calls",
        "seal -p verify calls/a.txt -o a.pgp",
    ] {
        scene
            .line(&format!("{line} --config callseal.toml"))
            .exits(2)
            .complains_with_hint(&[
                "callseal.toml: the profile \"verify\" has no recipients, only signers",
            ]);
    }
    assert!(!scene.exists("calls.zip") && !scene.exists("a.pgp"));
    // Without the profile, its lack of recipients is no matter.
    scene.ok("pack -o calls.zip -r customer.crt --config callseal.toml calls");
    scene.ok("list calls.zip -p verify --config callseal.toml");
}

#[test]
fn faulty_settings_of_signatures_are_errors_that_name_their_line() {
    let scene = Scene::with_parties();
    let acme = "[profiles.acme]\nrecipients = ['customer.crt']\n";
    for (text, line, reason) in [
        (format!("{acme}signers = []"), 3, "is empty"),
        (format!("{acme}signers = ['']"), 3, "an empty text"),
        (
            format!("{acme}signers = [{{ subject = 'CN=ivr' }}]"),
            3,
            "by its subject",
        ),
        (
            format!("{acme}require-signature = true"),
            3,
            "without signers",
        ),
        (
            format!("{acme}signing-time = 'ignored'"),
            3,
            "without signers",
        ),
        (format!("sign = ''\n{acme}"), 1, "an empty path"),
    ] {
        scene.write("callseal.toml", text);
        scene
            .line("config check --config callseal.toml")
            .exits(2)
            .complains_with_hint(&[&format!("callseal.toml:{line}: "), reason]);
    }
}

/// Makes `ivr.key` and `ivr.crt`, of a signer.
fn make_signer(scene: &Scene) {
    scene.make_cas();
    scene
        .leaf("ivr", "issuing")
        .saying("keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n")
        .make();
}

#[test]
fn archives_are_signed_by_the_keys_of_the_config_and_open_for_whom_it_requires_them() {
    let scene = Scene::with_a_call();
    make_signer(&scene);
    scene.write(
        "server.toml",
        "sign = 'ivr.key'\n[profiles.acme]\nrecipients = ['customer.crt']\n",
    );
    let trust = "trust = 'ca'\nca-file = ['root.crt', 'regional.crt', 'issuing.crt']\n";
    scene.write(
        "customer.toml",
        format!(
            "keys = ['customer.key']\n[profiles.ivr]\n{trust}\
             signers = [{{ subject = 'CN=ivr' }}]\nrequire-signature = true\n"
        ),
    );
    scene
        .ok("config check --config server.toml")
        .prints("sign                ivr.key\n");
    scene.ok("config check --config customer.toml");
    scene.ok("pack -o signed.zip --config server.toml calls");
    scene.ok("pack -o unsigned.zip -r customer.crt calls");
    scene.ok("extract signed.zip -C out --config customer.toml");
    assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
    scene
        .line("extract unsigned.zip -C no --config customer.toml")
        .exits(5)
        .complains_with_hint(&["unsigned.zip"]);
    assert!(!scene.exists("no/calls/a.txt"));
}

#[test]
fn a_check_names_every_key_that_cannot_sign() {
    let scene = Scene::with_parties();
    make_signer(&scene);
    scene.tool("cp ivr.key alone.key");
    scene.tool("cp customer.crt other.crt");
    scene.tool("cp ivr.key other.key");
    scene.write(
        "callseal.toml",
        "sign = ['lost.key', 'ivr.crt', 'ivr.key', 'alone.key', 'other.key']\n",
    );
    let checked = scene
        .line("config check --config callseal.toml")
        .fails()
        .says("error: callseal.toml: sign: lost.key: ")
        .says("error: callseal.toml: sign: ivr.crt: ")
        .says("the file next to it: ivr.key")
        .says("error: callseal.toml: sign: alone.key: its certificate was found neither in the file nor next to it")
        .says("error: callseal.toml: sign: other.key: the certificate “customer” belongs to another key");
    let stderr = checked.stderr();
    assert!(!stderr.contains("sign: ivr.key: "), "{checked}");
}

#[test]
fn a_check_asks_for_no_passphrase_of_a_key_that_signs() {
    let scene = Scene::with_parties();
    scene.locked_key_pair("ivr", P256, "secret");
    scene.write("callseal.toml", "sign = 'ivr.key'\n");
    scene
        .ok("config check --config callseal.toml")
        .says("note: ivr.key: it's locked, so whether it can sign wasn't checked");
}

#[test]
fn a_check_names_every_signer_that_cannot_be_used() {
    let scene = Scene::with_parties();
    make_signer(&scene);
    scene.write(
        "callseal.toml",
        "[profiles.a]\ntrust = 'ca'\nca-file = 'root.crt'\n\
         signers = ['lost.crt', 'ivr.key', 'ivr.crt', { subject = 'ivr-1=' }]\n\
         [profiles.b]\nsigners = ['0123456789012345678901234567890123456789']\n\
         [profiles.c]\ntrust = 'ca'\nca-file = 'gone.crt'\nsigners = ['ivr.crt', 'lost.crt']\n\
         [profiles.d]\ntrust = 'ca'\nca-file = 'gone.crt'\nsigners = ['ivr.crt']\n\
         recipients = ['customer.crt']\n",
    );
    let checked = scene.line("config check --config callseal.toml").exits(3);
    let stderr = checked.stderr();
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    for (error, begin) in errors.iter().zip([
        "error: callseal.toml: profile a: lost.crt: ",
        "error: callseal.toml: profile a: ivr.key: ",
        "error: callseal.toml: profile a: “ivr-1=” ",
        "error: callseal.toml: profile b: the signer 0123456789012345678901234567890123456789 ",
        "error: callseal.toml: profile c: gone.crt: ",
        "error: callseal.toml: profile d: gone.crt: ",
    ]) {
        assert!(error.starts_with(begin), "{error}");
    }
    assert_eq!(errors.len(), 6, "{checked}");
    checked.says("hint: name its certificate instead: ivr.crt");
}

#[test]
fn a_check_of_the_config_finds_signers_whose_signatures_never_hold() {
    let scene = Scene::with_a_signer();
    scene.ca("root").make();
    scene
        .self_signed("old")
        .saying(OF_A_SIGNER)
        .valid("2020-01-01", "2021-01-01")
        .make();
    scene.self_signed("both").make();
    scene.make_sealer();
    let check = |text: &str, words: &[&str]| {
        scene.write("callseal.toml", text);
        scene
            .line("config check --config callseal.toml")
            .exits(2)
            .complains_with_hint(words);
    };
    check(
        "[profiles.a]\nsigners = ['old.crt']\n",
        &[
            "profile a: old.crt: the certificate “old” expired on 2021-01-01",
            "don't hold",
        ],
    );
    check(
        "[profiles.a]\nsigners = ['sealer.crt']\n",
        &["profile a: sealer.crt: the certificate “sealer” is not for signatures"],
    );
    check(
        "[profiles.a]\nrecipients = ['both.crt']\nsigners = ['both.crt']\n",
        &["profile a: both.crt: it is a recipient as well"],
    );
    check(
        "[profiles.a]\ntrust = 'ca'\nca-file = 'root.crt'\nsigners = ['server.crt']\n",
        &["profile a: server.crt: the certificate “server” is self-signed"],
    );
    check(
        "sign = 'both.key'\n[profiles.a]\nrecipients = ['both.crt']\n",
        &["both.key: its key belongs to the recipient “both”"],
    );
    // What was signed before the end counts.
    scene.write(
        "trusted.toml",
        "[profiles.a]\nsigners = ['old.crt']\nsigning-time = 'trusted'\n",
    );
    scene.ok("config check --config trusted.toml");
    scene.write(
        "two.toml",
        "[profiles.a]\nsigners = ['server.crt']\nrequire-signature = true\n\
         [profiles.b]\nrecipients = ['customer.crt']\n",
    );
    scene
        .ok("config check --config two.toml")
        .says("--signers-of");
}

#[test]
fn a_file_that_the_config_names_is_missed_in_the_same_way_by_all_commands() {
    let scene = Scene::with_signed_calls("");
    scene.write("signers.toml", "[profiles.a]\nsigners = ['lost.crt']\n");
    for line in ["verify calls.zip", "config check"] {
        scene
            .line(&format!("{line} --config signers.toml"))
            .exits(2)
            .complains(&["signers.toml: profile a: lost.crt: no such file"]);
    }
    scene.write("sign.toml", "sign = 'lost.key'\n");
    for line in ["pack -o no.zip -r customer.crt calls", "config check"] {
        scene
            .line(&format!("{line} --config sign.toml"))
            .exits(2)
            .complains(&["sign.toml: sign: lost.key: no such file"]);
    }
}
