//! Signatures of GnuPG inside of messages, and those that it finds good.

use crate::signing_peers::opens;
use crate::support::{P256, Scene, content};

/// A scene with `vendor.key`, whose certificate GnuPG knows as `vendor`.
fn scene_with_gpg() -> Scene {
    let scene = Scene::new();
    scene.key_pair("vendor", P256);
    scene.ok("export --gpg vendor.key -o vendor.gpg");
    scene.gpg("--import vendor.gpg");
    scene
}

/// Makes a signing key with GnuPG: `NAME.key`, and its certificate `NAME.asc`.
fn gpg_signer(scene: &Scene, name: &str, kind: &str) {
    scene.gpg(&format!("--quick-gen-key {name} {kind} sign,cert never"));
    scene.gpg(&format!("--armor --output {name}.asc --export {name}"));
    scene.gpg(&format!(
        "--armor --output {name}.key --export-secret-keys {name}"
    ));
}

#[test]
fn signatures_of_gpg_inside_of_messages_hold() {
    let scene = scene_with_gpg();
    let call = content(300_000);
    scene.write("call.wav", &call);
    for kind in ["rsa2048", "ed25519", "nistp256"] {
        gpg_signer(&scene, kind, kind);
        for options in [
            "",
            "--compress-algo none",
            "--compress-algo bzip2 --digest-algo SHA384",
        ] {
            scene.gpg(&format!(
                "{options} -u {kind} -r vendor --sign --output m.pgp --encrypt call.wav"
            ));
            let signer = format!("-k vendor.key --signer {kind}.asc");
            opens(&scene, "m.pgp", &signer, &call);
        }
    }
}

#[test]
fn of_two_signers_one_suffices() {
    let scene = scene_with_gpg();
    gpg_signer(&scene, "anna", "rsa2048");
    gpg_signer(&scene, "bert", "ed25519");
    scene.write("call.wav", "said");
    scene.gpg("-u anna -u bert -r vendor --sign --output m.pgp --encrypt call.wav");
    for (named, other) in [("anna", "bert"), ("bert", "anna")] {
        let other = scene.gpg_fingerprint(other);
        scene
            .ok(&format!(
                "open -f m.pgp -k vendor.key --signer {named}.asc -o out"
            ))
            .says(&format!(
                "signed by “{named}” ({}",
                scene.gpg_fingerprint(named)
            ))
            .says(&format!(
                "note: passed over a signature by {other}, who is not a named signer"
            ));
    }
    scene
        .ok("open -f m.pgp -k vendor.key --signer anna.asc --signer bert.asc -o out")
        .says("signed by “anna”")
        .says("signed by “bert”");
}

#[test]
fn a_text_signed_by_gpg_holds_and_keeps_its_line_ends() {
    let scene = scene_with_gpg();
    gpg_signer(&scene, "anna", "ed25519");
    scene.write("notes.txt", "one\ntwo\n\nlast \nend");
    scene.gpg("--textmode -u anna -r vendor --sign --output m.pgp --encrypt notes.txt");
    let said = "one\ntwo\n\nlast \nend";
    scene.ok("open m.pgp -k vendor.key --signer anna.asc -o out.txt");
    assert_eq!(scene.text("out.txt"), said);
    let piped = scene.ok("open m.pgp -k vendor.key --signer anna.asc -o -");
    assert_eq!(piped.stdout(), said);
}

#[test]
fn gpg_finds_the_signatures_of_callseal_good() {
    let scene = scene_with_gpg();
    let call = content(600_000);
    scene.write("call.wav", &call);
    for kind in ["rsa2048", "ed25519", "nistp256", "nistp521"] {
        gpg_signer(&scene, kind, kind);
        for compress in ["none", "deflate"] {
            scene.ok(&format!(
                "seal -f --format rfc4880 -r vendor.crt --sign {kind}.key call.wav \
                 --compress {compress} -o call.pgp"
            ));
            let opened = scene.gpg("--decrypt call.pgp");
            assert!(opened.output.stdout == call);
        }
        let bad = scene.tool_line("gpg --batch --trust-model always --decrypt call.pgp");
        bad.exits(0)
            .says(&format!("Good signature from \"{kind}\""));
    }
    scene
        .ok(
            "seal -f --format rfc4880 -r vendor.crt --sign rsa2048.key --sign ed25519.key \
             call.wav -o call.pgp",
        )
        .says(", signed by “rsa2048” and “ed25519”");
    let opened = scene.tool_line("gpg --batch --trust-model always --decrypt call.pgp");
    opened
        .exits(0)
        .says("Good signature from \"rsa2048\"")
        .says("Good signature from \"ed25519\"");
}
