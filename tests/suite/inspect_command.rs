//! `callseal inspect`, with files that can't be used.

use crate::support::Scene;

#[test]
fn a_private_key_of_an_unsupported_kind_is_named_as_one() {
    let scene = Scene::new();
    scene.tool("openssl genpkey -algorithm ed25519 -out ed.key");
    scene.tool("openssl ecparam -name secp256k1 -genkey -noout -out k1.key");
    scene
        .ok("inspect ed.key")
        .prints("ed.key: private key\n")
        .prints("it has an Ed25519 key, which callseal doesn't support\n");
    scene
        .ok("inspect k1.key")
        .prints("k1.key: private key\n")
        .prints("it has an EC secp256k1 key, which callseal doesn't support\n");
}

#[test]
fn a_pem_file_that_was_cut_off_is_named_as_incomplete() {
    let scene = Scene::with_parties();
    let why = "the PEM block is incomplete: its END line is missing";
    for (file, kind) in [
        ("customer.crt", "incomplete file"),
        ("customer.key", "private key"),
    ] {
        let whole = scene.text(file);
        let begin = whole.find("-----BEGIN ").unwrap();
        scene.write_private("cut", &whole[begin..begin + 200]);
        scene
            .ok("inspect cut")
            .prints(&format!("cut: {kind}\n"))
            .prints(why);
        // Nobody should copy a private key to here.
        let refused = match kind {
            "private key" => "it holds a private key",
            _ => why,
        };
        scene
            .line("seal -r cut customer.crt -o x.pgp")
            .exits(3)
            .complains_with_hint(&["cut: ", refused]);
    }
}

#[test]
fn a_revocation_certificate_is_named_as_one() {
    let scene = Scene::with_parties();
    scene.ok("keygen --name a --openpgp --no-passphrase");
    let why = "it is a revocation certificate, not a certificate";
    scene
        .ok("inspect a.rev")
        .prints("a.rev: a revocation certificate\n")
        .prints("  made: 20")
        .prints("  reason: ");
    let shown = scene.inspect("a.rev");
    let certificate = scene.inspect("a.asc");
    assert_eq!(
        shown["details"]["certificate"],
        certificate["keys"][0]["certificate_fingerprint"]
    );
    scene
        .line("seal -r a.rev customer.crt -o x.pgp")
        .exits(3)
        .complains_with_hint(&["a.rev: ", why]);
}

#[test]
fn only_messages_count_as_sealed() {
    let scene = Scene::with_a_call();
    scene.tool("zip -q -r plain.zip calls");
    let outcome = scene.line("inspect plain.zip").outcome();
    assert!(!outcome.stdout().contains(" sealed\n"), "{outcome}");
    outcome.says("plain.zip: its only member can't be read\n");
}
