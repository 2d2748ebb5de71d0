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
    for kind in [
        "rsa:2048",
        P256,
        "ec -pkeyopt ec_paramgen_curve:P-521",
        "ec -pkeyopt ec_paramgen_curve:brainpoolP384r1",
    ] {
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
    for algorithm in ["zip", "zlib", "bzip2", "none"] {
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
fn a_message_by_gpg_in_text_mode_has_the_line_ends_of_the_file() {
    let scene = scene_with_gpg(P256);
    scene.write("call.wav", "first\nsecond\n\nlast, without an end");
    gpg_message_opens(&scene, "--textmode");
    scene.gpg("--quick-gen-key signer ed25519 sign never");
    gpg_message_opens(&scene, "--textmode --sign --local-user signer");
    let opened = scene.ok("open -k a.key call.wav.gpg -o -");
    let by_gpg = scene.tool("gpg --batch --quiet --decrypt call.wav.gpg");
    assert_eq!(opened.stdout(), by_gpg.stdout());
}

/// Returns whether the OpenSSL that callseal is linked with has old ciphers.
fn has_legacy_provider() -> bool {
    openssl::provider::Provider::try_load(None, "legacy", true).is_ok()
}

/// Returns whether that OpenSSL has Camellia. The `vendored` one lacks it.
fn has_camellia() -> bool {
    openssl::cipher::Cipher::from_nid(openssl::nid::Nid::CAMELLIA_256_CFB128).is_some()
}

#[test]
fn a_message_by_gpg_with_an_old_cipher_opens_with_a_notice() {
    let (legacy, camellia) = (has_legacy_provider(), has_camellia());
    for kind in ["rsa:2048", P256] {
        let scene = scene_with_gpg(kind);
        for (cipher, name, is_there) in [
            ("3DES", "3DES", true),
            ("CAST5", "CAST5", legacy),
            ("BLOWFISH", "Blowfish", legacy),
            ("CAMELLIA128", "Camellia-128", camellia),
            ("CAMELLIA192", "Camellia-192", camellia),
            ("CAMELLIA256", "Camellia-256", camellia),
        ] {
            scene.gpg(&format!(
                "--cipher-algo {cipher} -r a --output call.wav.gpg --encrypt call.wav"
            ));
            if !is_there {
                refused(&scene, name);
                continue;
            }
            opens_alone_and_zipped(&scene, "gpg", "-k a.key");
            let notice = format!("sealed with {name}, an old cipher");
            scene
                .ok("open -f -k a.key call.wav.gpg -o plain")
                .says(&notice);
            scene.ok("open -k a.key call.wav.gpg -o -").says(&notice);
        }
    }
}

#[test]
fn an_archive_with_old_ciphers_is_converted_to_aes() {
    let scene = scene_with_gpg(P256);
    scene.write("second.wav", content(5000));
    let (cipher, name) = if has_camellia() {
        ("CAMELLIA256", "Camellia-256")
    } else {
        ("3DES", "3DES")
    };
    for (file, cipher) in [("call.wav", "3DES"), ("second.wav", cipher)] {
        scene.gpg(&format!("--cipher-algo {cipher} -r a --encrypt {file}"));
    }
    scene.tool("zip -q old.zip call.wav.gpg second.wav.gpg");
    let extracted = scene.ok("extract --json old.zip -k a.key -C old");
    let old = &extracted.json()["old_ciphers"];
    assert_eq!(old[0]["name"], "call.wav", "{old}");
    assert_eq!(old[0]["cipher"], "3DES", "{old}");
    assert_eq!(old[1]["cipher"], name, "{old}");
    let converted = scene.ok("convert --json old.zip -o new.zip -r a.crt -k a.key");
    let members = &converted.json()["members"];
    assert_eq!(members[0]["old_cipher"], "3DES", "{members}");
    let extracted = scene.ok("extract --json new.zip -k a.key -C new");
    assert_eq!(extracted.json()["old_ciphers"], serde_json::json!([]));
    assert!(scene.read("new/second.wav") == content(5000));
}

#[test]
fn another_cipher_by_gpg_is_refused_by_name() {
    let scene = scene_with_gpg(P256);
    for (cipher, name) in [("TWOFISH", "Twofish"), ("IDEA", "IDEA")] {
        if cipher == "IDEA" && openssl::cipher::Cipher::fetch(None, "IDEA-CFB", None).is_ok() {
            continue;
        }
        scene.gpg(&format!(
            "--cipher-algo {cipher} -r a --output call.wav.gpg --encrypt call.wav"
        ));
        refused(&scene, name);
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
fn messages_by_rnp_open() {
    let scene = scene_with_rnp();
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

/// Makes a key with rnp: `rnp.key`.
fn scene_with_rnp() -> Scene {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("rnp")).unwrap();
    scene.tool("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    scene.tool("rnpkeys --homedir rnp --export-key rnp --secret --output rnp.key");
    scene
}

#[test]
fn messages_in_the_ocb_packet_of_gnupg_open() {
    let scene = scene_with_rnp();
    // Chunks of 2 to the power of so many bits and 6 are authentic one by one.
    for (size, bits) in [
        (0, 0),
        (1, 2),
        (300 << 10, 4),
        (300 << 10, 12),
        (5 << 20, 16),
    ] {
        scene.write("call.wav", content(size));
        for cipher in ["AES128", "AES256"] {
            scene.tool(&format!(
                "rnp --homedir rnp --password '' --overwrite --encrypt -r rnp --aead=OCB \
                 --cipher {cipher} --aead-chunk-bits={bits} -z 0 --output call.wav.pgp call.wav"
            ));
            opens_alone_and_zipped(&scene, "pgp", "-k rnp.key");
        }
    }
    let inspected = scene.ok("inspect --json call.wav.pgp").json();
    let file = &inspected["files"][0];
    assert_eq!(file["format"], "librepgp", "{file}");
    assert_eq!(file["cipher"], "AES-256 with OCB", "{file}");
}

#[test]
fn an_altered_message_in_the_ocb_packet_opens_no_further_than_it_is_authentic() {
    let scene = scene_with_rnp();
    let call = content(4096);
    scene.write("call.wav", &call);
    scene.tool(
        "rnp --homedir rnp --password '' --encrypt -r rnp --aead=OCB --aead-chunk-bits=4 -z 0 \
         --output whole.pgp call.wav",
    );
    let whole = scene.read("whole.pgp");
    for (at, least) in [
        (whole.len() - 1, 1000),
        (whole.len() - 2000, 1000),
        (whole.len() - 4000, 0),
    ] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        scene.write("altered.pgp", altered);
        let opened = scene.line("open altered.pgp -k rnp.key -o -").exits(5);
        let opened = opened
            .complains(&["altered.pgp", "altered or damaged"])
            .output
            .stdout;
        assert!(opened.len() >= least && call.starts_with(&opened), "{at}");
        scene.line("open altered.pgp -k rnp.key -o file").exits(5);
        assert!(!scene.exists("file"));
    }
    for length in [whole.len() - 1, whole.len() - 16, whole.len() - 3000] {
        scene.write("short.pgp", &whole[..length]);
        scene.line("open short.pgp -k rnp.key -o file").exits(5);
        assert!(!scene.exists("file"));
    }
}

#[test]
fn eax_is_refused_by_name() {
    let scene = scene_with_rnp();
    scene.write("call.wav", CALL);
    std::fs::rename(scene.path("rnp.key"), scene.path("a.key")).unwrap();
    scene.tool("rnp --homedir rnp --password '' --encrypt -r rnp --aead=EAX --output call.wav.gpg call.wav");
    refused(&scene, "EAX");
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
