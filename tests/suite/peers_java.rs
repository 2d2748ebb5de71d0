//! What Java programs seal and zip opens, and they open ours: BouncyCastle, and
//! Java's own ZipOutputStream. BeanShell runs them without a compiler.

use std::path::Path;

use crate::support::{Outcome, P256, Scene, content, packages};

const SEAL: &str = include_str!("java/openpgp_seal.bsh");
const OPEN: &str = include_str!("java/openpgp_open.bsh");
const SEAL_CMS: &str = include_str!("java/cms_seal.bsh");
const ZIP: &str = include_str!("java/zip.bsh");

/// Runs a script with these words.
#[track_caller]
fn java(scene: &Scene, script: &str, words: &str) -> Outcome {
    let jars = ["bsh", "bcpg", "bcprov", "bcpkix"].map(|name| {
        let jar = format!("/usr/share/java/{name}.jar");
        assert!(
            Path::new(&jar).exists(),
            "{}",
            packages::not_installed(name)
        );
        jar
    });
    scene.write("script.bsh", script);
    let class_path = jars.join(":");
    scene.tool(&format!(
        "java -cp {class_path} bsh.Interpreter script.bsh {words}"
    ))
}

/// Makes a key pair, its OpenPGP forms `a.asc` and `secret.asc`, and a call.
fn scene(kind: &str) -> Scene {
    let scene = Scene::new();
    scene.key_pair("a", kind);
    scene.ok("export a.crt -k a.key -o a.asc");
    scene.ok("export --gpg a.key -o secret.asc");
    scene.write("call.wav", content(100_000));
    scene
}

#[test]
fn openpgp_messages_by_bouncycastle_open() {
    // AES-128, AES-256, and what old senders have: CAST5 and 3DES; each
    // compressed in another way, or not.
    let ways = ["7 0 call.wav m.pgp", "9 1 call.wav m.asc"];
    let old = ["3 2 call.wav m.pgp", "2 3 call.wav m.pgp"];
    for (kind, ways) in [("rsa:2048", [ways, old].concat()), (P256, ways.to_vec())] {
        let scene = scene(kind);
        for way in ways {
            java(&scene, SEAL, &format!("a.asc {way}"));
            let message = way.rsplit(' ').next().unwrap();
            let run = scene.line(&format!("open {message} -k a.key -o -"));
            run.outcome().yields(&content(100_000));
        }
        // The name in them is a placeholder.
        scene.tool("mv m.pgp call.wav.pgp");
        scene.tool("zip -q -0 calls.zip call.wav.pgp");
        let run = scene.line("cat calls.zip call.wav -k a.key");
        run.outcome().yields(&content(100_000));
    }
}

#[test]
fn bouncycastle_opens_what_is_sealed_to_it() {
    for kind in ["rsa:2048", P256] {
        let scene = scene(kind);
        for options in ["", "--compress none --armor"] {
            scene.ok(&format!(
                "seal -f --format rfc4880 {options} -r a.crt call.wav -o m.pgp"
            ));
            let opened = java(&scene, OPEN, "secret.asc m.pgp");
            opened.yields(&content(100_000));
        }
    }
}

#[test]
fn cms_messages_by_bouncycastle_open() {
    for kind in ["rsa:2048", P256] {
        let scene = scene(kind);
        java(&scene, SEAL_CMS, "a.crt call.wav m.p7m");
        let run = scene.line("open m.p7m -k a.key -o -");
        run.outcome().yields(&content(100_000));
    }
}

#[test]
fn an_archive_by_java_opens() {
    let scene = Scene::with_parties();
    for name in ["calls/a.wav", "calls/Grüße.wav"] {
        scene.write(name, content(5000));
        scene.ok(&format!("seal -r customer.crt {name}"));
    }
    // Its sizes follow the members, which are deflated.
    let members = "calls/a.wav.pgp calls/Grüße.wav.pgp";
    java(&scene, ZIP, &format!("calls.zip {members}"));
    scene.ok("extract calls.zip -k customer.key -C opened --accept-renamed");
    for name in ["calls/a.wav", "calls/Grüße.wav"] {
        assert_eq!(scene.read(format!("opened/{name}")), content(5000));
    }
}
