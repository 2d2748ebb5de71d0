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
fn the_revocation_certificate_that_gnupg_keeps_is_named_by_every_command() {
    let scene = Scene::with_a_call();
    scene.gpg("--quick-gen-key owner rsa2048 default never");
    let owner = scene.gpg_fingerprint("owner");
    let file = format!("gnupg/openpgp-revocs.d/{owner}.rev");
    std::fs::copy(scene.path(&file), scene.path("owner.rev")).unwrap();
    let what = "a revocation certificate, disabled by a colon";
    let shown = scene.ok("inspect owner.rev").prints(what);
    shown.prints(&format!("  certificate: {owner}\n"));
    for (line, status) in [
        ("seal -r owner.rev calls/a.txt", 3),
        ("keys -k owner.rev", 4),
        ("open owner.rev -o x", 5),
        ("list owner.rev", 5),
    ] {
        let outcome = scene.line(line).exits(status);
        assert!(outcome.stderr().contains(what), "{outcome}");
    }
}

#[test]
fn recipients_of_kinds_to_come_are_named() {
    let scene = Scene::with_a_call();
    scene.ok("seal -r customer.crt calls/a.txt -o one.pgp");
    let message = scene.read("one.pgp");
    // A PKESK of version 3 with the algorithm 35, and one of version 6 with 36.
    let three = [&[0xC1, 12, 3][..], &[7; 8], &[35, 0, 0]].concat();
    let six = [&[0xC1, 5, 6, 0][..], &[36, 0, 0]].concat();
    for (pkesk, kind) in [
        (three, "a key of ML-KEM-768 and X25519"),
        (six, "a key of ML-KEM-1024 and X448"),
    ] {
        scene.write("many.pgp", [pkesk.clone(), message.clone()].concat());
        let line = format!("sealed to {kind} (not supported)");
        scene.ok("inspect many.pgp").prints(&line);
        scene.ok("open many.pgp -k customer.key -o -");
    }
}

#[test]
fn only_messages_count_as_sealed() {
    let scene = Scene::with_a_call();
    scene.tool("zip -q -r plain.zip calls");
    let outcome = scene.line("inspect plain.zip").outcome();
    assert!(!outcome.stdout().contains(" sealed\n"), "{outcome}");
    outcome.says("plain.zip: its only member can't be read\n");
}
