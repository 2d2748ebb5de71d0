//! callseal opens what other programs seal: single messages, and ZIP archives
//! of them.

use crate::support::{CALL, P256, Scene, content};

/// Checks that callseal opens the message in `call.wav.ENDING`, alone and in
/// ZIPs that `zip` makes of it, stored and deflated.
#[track_caller]
fn opens_alone_and_zipped(scene: &Scene, ending: &str, keys: &str) {
    let call = scene.read("call.wav");
    let message = format!("call.wav.{ending}");
    let opened = scene.ok(&format!("open {keys} {message} -o -"));
    assert!(
        opened.output.stdout == call,
        "{ending}: {}",
        opened.output.stdout.len()
    );

    for level in ["-0", "-9"] {
        let calls = format!("calls{level}.zip");
        scene.write(format!("in/{message}"), scene.read(&message));
        scene.tool(&format!("zip -q -r {level} -j {calls} in/{message}"));
        let listed = scene.ok(&format!("list --json {calls}")).json();
        assert_eq!(listed["members"][0]["name"], "call.wav", "{listed}");
        assert_eq!(listed["failures"].as_array().unwrap().len(), 0, "{listed}");
        scene.ok(&format!("extract {keys} {calls} -C opened"));
        assert!(scene.read("opened/call.wav") == call, "{calls}");
        std::fs::remove_dir_all(scene.path("opened")).unwrap();
        std::fs::remove_file(scene.path(&calls)).unwrap();
    }
}

/// Sets up GnuPG with a certificate that callseal knows as well: `a.key` is
/// imported, `a` is its name there, and `call.wav` is a call.
fn scene_with_gpg(kind: &str) -> Scene {
    let scene = Scene::new();
    scene.key_pair("a", kind);
    scene.ok("export --gpg a.key -o a.asc");
    scene.gpg("--import a.asc");
    scene.write("call.wav", content(100_000));
    scene
}

#[track_caller]
fn gpg_message_opens(scene: &Scene, options: &str) {
    scene.gpg(&format!(
        "{options} -r a --output call.wav.gpg --encrypt call.wav"
    ));
    opens_alone_and_zipped(scene, "gpg", "-k a.key");
}

#[test]
fn a_message_by_gpg_opens() {
    for kind in ["rsa:2048", P256, "ec -pkeyopt ec_paramgen_curve:P-521"] {
        gpg_message_opens(&scene_with_gpg(kind), "");
    }
}

#[test]
fn messages_by_gpg_of_all_sizes_open() {
    let scene = scene_with_gpg(P256);
    for size in [0, 1, 300 << 10, 3 << 20] {
        scene.write("call.wav", content(size));
        gpg_message_opens(&scene, "");
        gpg_message_opens(&scene, "--compress-algo none");
    }
}

#[test]
fn a_message_by_gpg_opens_however_it_is_compressed() {
    let scene = scene_with_gpg(P256);
    for algorithm in ["zip", "zlib", "none"] {
        gpg_message_opens(&scene, &format!("--compress-algo {algorithm}"));
    }
}

#[test]
fn a_message_by_gpg_opens_with_every_size_of_aes() {
    let scene = scene_with_gpg("rsa:2048");
    for cipher in ["AES128", "AES192", "AES256"] {
        gpg_message_opens(&scene, &format!("--cipher-algo {cipher}"));
    }
}

#[test]
fn a_message_by_gpg_opens_in_its_older_modes() {
    let scene = scene_with_gpg("rsa:2048");
    gpg_message_opens(&scene, "--rfc4880 --cipher-algo AES256");
    gpg_message_opens(&scene, "--openpgp --cipher-algo AES256");
}

#[test]
fn an_armored_message_by_gpg_opens() {
    let scene = scene_with_gpg(P256);
    scene.gpg("--armor -r a --output call.wav.asc --encrypt call.wav");
    opens_alone_and_zipped(&scene, "asc", "-k a.key");
    let crlf = scene.text("call.wav.asc").replace('\n', "\r\n");
    scene.write("call.wav.asc", format!("Here is the call:\r\n\r\n{crlf}"));
    opens_alone_and_zipped(&scene, "asc", "-k a.key");
}

#[test]
fn a_signed_message_by_gpg_opens() {
    let scene = scene_with_gpg(P256);
    scene.gpg("--quick-gen-key signer ed25519 sign never");
    gpg_message_opens(&scene, "--sign --local-user signer");
    gpg_message_opens(&scene, "--sign --local-user signer --compress-algo none");
}

#[test]
fn a_message_by_gpg_to_a_hidden_recipient_opens() {
    for kind in ["rsa:2048", P256] {
        let scene = scene_with_gpg(kind);
        scene.key_pair("other", P256);
        scene.gpg("--throw-keyids -r a --output call.wav.gpg --encrypt call.wav");
        opens_alone_and_zipped(&scene, "gpg", "-k other.key -k a.key");
    }
}

#[test]
fn a_message_by_gpg_to_several_opens_for_each() {
    let scene = scene_with_gpg("rsa:2048");
    scene.gpg("--quick-gen-key b future-default default never");
    scene.gpg("--export-secret-keys --output b.key b");
    scene.gpg("-r a -r b --output call.wav.pgp --encrypt call.wav");
    for key in ["a.key", "b.key"] {
        opens_alone_and_zipped(&scene, "pgp", &format!("-k {key}"));
    }
    // With a passphrase that opens it as well.
    scene.gpg_with_passphrase(
        "sesame",
        "-r a --symmetric --output call.wav.pgp --encrypt call.wav",
    );
    opens_alone_and_zipped(&scene, "pgp", "-k a.key");
}

#[test]
fn a_message_that_gpg_was_piped_opens() {
    // It has no file name inside, and its length is not known beforehand.
    let scene = scene_with_gpg(P256);
    let sealed = scene.tool_from(
        "gpg --batch --quiet --trust-model always -r a --encrypt",
        "call.wav",
    );
    scene.write("call.wav.gpg", sealed.output.stdout);
    opens_alone_and_zipped(&scene, "gpg", "-k a.key");
}

#[test]
fn bzip2_compression_by_gpg_is_refused_by_name() {
    let scene = scene_with_gpg(P256);
    scene.gpg("--compress-algo bzip2 -r a --output call.wav.gpg --encrypt call.wav");
    refused(&scene, "BZip2");
}

#[test]
fn another_cipher_by_gpg_is_refused_by_name() {
    for kind in ["rsa:2048", P256] {
        let scene = scene_with_gpg(kind);
        for (cipher, name) in [
            ("CAMELLIA256", "Camellia"),
            ("TWOFISH", "Twofish"),
            ("3DES", "3DES"),
            ("CAST5", "CAST5"),
        ] {
            scene.gpg(&format!(
                "--cipher-algo {cipher} -r a --output call.wav.gpg --encrypt call.wav"
            ));
            refused(&scene, name);
        }
    }
}

/// Checks that callseal names what it doesn't support, and leaves nothing
/// behind.
#[track_caller]
fn refused(scene: &Scene, what: &str) {
    scene.write("calls.zip", "");
    std::fs::remove_file(scene.path("calls.zip")).unwrap();
    scene.tool("zip -q calls.zip call.wav.gpg");
    let before = scene.names();
    scene
        .line("open -k a.key call.wav.gpg -o opened")
        .exits(4)
        .complains(&["call.wav.gpg", what, "not supported"]);
    assert_eq!(scene.names(), before);
    scene
        .line("extract -k a.key calls.zip -C opened")
        .exits(4)
        .complains(&["call.wav", what, "not supported"]);
    assert!(!scene.path("opened/call.wav").exists());
    let _ = std::fs::remove_dir_all(scene.path("opened"));
}

#[test]
fn a_message_by_gpg_for_a_passphrase_alone_needs_gpg() {
    let scene = scene_with_gpg(P256);
    scene.gpg_with_passphrase("sesame", "--output call.wav.gpg --symmetric call.wav");
    scene.tool("zip -q calls.zip call.wav.gpg");
    for line in [
        "open -k a.key call.wav.gpg -o opened",
        "extract -k a.key calls.zip -C opened",
    ] {
        scene
            .line(line)
            .exits(4)
            .complains_with_hint(&["call.wav", "passphrase"]);
    }
}

#[test]
fn messages_by_rnp_open() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("rnp")).unwrap();
    scene.tool("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --secret --output rnp.key");
    scene.write("call.wav", content(300 << 10));
    for options in [
        "",
        "--zip -z 6",
        "--zlib -z 9",
        "-z 0",
        "--sign",
        "--cipher AES128",
    ] {
        scene.tool(&format!(
            "rnp --homedir rnp --password '' --overwrite --encrypt -r rnp {options} \
             --output call.wav.pgp call.wav"
        ));
        opens_alone_and_zipped(&scene, "pgp", "-k rnp.key");
    }
    scene.tool(
        "rnp --homedir rnp --password '' --encrypt -r rnp --armor --output call.wav.asc call.wav",
    );
    opens_alone_and_zipped(&scene, "asc", "-k rnp.key");
}

#[test]
fn the_draft_of_authenticated_encryption_is_refused_by_name() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("rnp")).unwrap();
    scene.tool("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --secret --output a.key");
    scene.write("call.wav", CALL);
    scene.tool("rnp --homedir rnp --password '' --encrypt -r rnp --aead=OCB --output call.wav.gpg call.wav");
    refused(&scene, "draft of authenticated encryption");
}

#[test]
fn messages_by_sqop_open() {
    let scene = Scene::new();
    scene.tool_to("sqop generate-key sq@example.org", "own.key");
    scene.key_pair("a", "rsa:2048");
    scene.ok("export --gpg a.key -o a.asc");
    scene.write("call.wav", content(300 << 10));
    for key in ["own.key", "a.asc"] {
        let certificate = scene.tool_from("sqop extract-cert", key);
        scene.write("certificate", certificate.output.stdout);
        for (options, ending) in [
            ("--no-armor", "pgp"),
            ("", "asc"),
            ("--sign-with own.key", "asc"),
        ] {
            let sealed =
                scene.tool_from(&format!("sqop encrypt {options} certificate"), "call.wav");
            scene.write(format!("call.wav.{ending}"), sealed.output.stdout);
            opens_alone_and_zipped(&scene, ending, &format!("-k {key}"));
        }
    }
    // To the X.509 key that the exported one was made of.
    opens_alone_and_zipped(&scene, "asc", "-k a.key");
}
