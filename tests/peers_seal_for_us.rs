//! What other programs seal, callseal opens: single messages, and ZIP
//! archives of them.

// Helpers outside of test functions fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

mod common;

use common::{CALL, P256, Place, content};

/// That callseal opens the message in `call.wav.ENDING`, alone and in ZIPs
/// that `zip` makes of it, stored and deflated.
#[track_caller]
fn opens_alone_and_zipped(place: &Place, ending: &str, keys: &str) {
    let call = place.read("call.wav");
    let message = format!("call.wav.{ending}");
    let opened = place.run(&format!("callseal open {keys} {message} -o -"));
    assert!(opened.stdout == call, "{ending}: {}", opened.stdout.len());

    for level in ["-0", "-9"] {
        let calls = format!("calls{level}.zip");
        place.write(&format!("in/{message}"), place.read(&message));
        place.run(&format!("zip -q -r {level} -j {calls} in/{message}"));
        let listed = place.run(&format!("callseal list --json {calls}")).json();
        assert_eq!(listed["members"][0]["name"], "call.wav", "{listed}");
        assert_eq!(listed["failures"].as_array().unwrap().len(), 0, "{listed}");
        place.run(&format!("callseal extract {keys} {calls} -C opened"));
        assert!(place.read("opened/call.wav") == call, "{calls}");
        std::fs::remove_dir_all(place.path("opened")).unwrap();
        std::fs::remove_file(place.path(&calls)).unwrap();
    }
}

/// GnuPG with a certificate that callseal knows as well: `a.key` is imported,
/// `a` is its name there, and `call.wav` is a call.
fn place_with_gpg(kind: &str) -> Place {
    let place = Place::new();
    place.certificate("a", kind);
    place.run("callseal export --gpg a.key -o a.asc");
    place.gpg("--import a.asc");
    place.write("call.wav", content(100_000));
    place
}

#[track_caller]
fn gpg_message_opens(place: &Place, options: &str) {
    place.gpg(&format!(
        "{options} -r a --output call.wav.gpg --encrypt call.wav"
    ));
    opens_alone_and_zipped(place, "gpg", "-k a.key");
}

#[test]
fn a_message_by_gpg_opens() {
    for kind in ["rsa:2048", P256, "ec -pkeyopt ec_paramgen_curve:P-521"] {
        gpg_message_opens(&place_with_gpg(kind), "");
    }
}

#[test]
fn messages_by_gpg_of_all_sizes_open() {
    let place = place_with_gpg(P256);
    for size in [0, 1, 300 << 10, 3 << 20] {
        place.write("call.wav", content(size));
        gpg_message_opens(&place, "");
        gpg_message_opens(&place, "--compress-algo none");
    }
}

#[test]
fn a_message_by_gpg_opens_however_it_is_compressed() {
    let place = place_with_gpg(P256);
    for algorithm in ["zip", "zlib", "none"] {
        gpg_message_opens(&place, &format!("--compress-algo {algorithm}"));
    }
}

#[test]
fn a_message_by_gpg_opens_with_every_size_of_aes() {
    let place = place_with_gpg("rsa:2048");
    for cipher in ["AES128", "AES192", "AES256"] {
        gpg_message_opens(&place, &format!("--cipher-algo {cipher}"));
    }
}

#[test]
fn a_message_by_gpg_opens_in_its_older_modes() {
    let place = place_with_gpg("rsa:2048");
    gpg_message_opens(&place, "--rfc4880 --cipher-algo AES256");
    gpg_message_opens(&place, "--openpgp --cipher-algo AES256");
}

#[test]
fn an_armored_message_by_gpg_opens() {
    let place = place_with_gpg(P256);
    place.gpg("--armor -r a --output call.wav.asc --encrypt call.wav");
    opens_alone_and_zipped(&place, "asc", "-k a.key");
    let crlf = place.text("call.wav.asc").replace('\n', "\r\n");
    place.write("call.wav.asc", format!("Here is the call:\r\n\r\n{crlf}"));
    opens_alone_and_zipped(&place, "asc", "-k a.key");
}

#[test]
fn a_signed_message_by_gpg_opens() {
    let place = place_with_gpg(P256);
    place.gpg("--quick-gen-key signer ed25519 sign never");
    gpg_message_opens(&place, "--sign --local-user signer");
    gpg_message_opens(&place, "--sign --local-user signer --compress-algo none");
}

#[test]
fn a_message_by_gpg_to_nobody_in_particular_opens() {
    for kind in ["rsa:2048", P256] {
        let place = place_with_gpg(kind);
        place.cheap_certificate("other");
        place.gpg("--throw-keyids -r a --output call.wav.gpg --encrypt call.wav");
        opens_alone_and_zipped(&place, "gpg", "-k other.key -k a.key");
    }
}

#[test]
fn a_message_by_gpg_to_several_opens_for_each() {
    let place = place_with_gpg("rsa:2048");
    place.gpg("--quick-gen-key b future-default default never");
    place.gpg("--export-secret-keys --output b.key b");
    place.gpg("-r a -r b --output call.wav.pgp --encrypt call.wav");
    for key in ["a.key", "b.key"] {
        opens_alone_and_zipped(&place, "pgp", &format!("-k {key}"));
    }
    // With a passphrase that opens it as well.
    place.gpg_with_passphrase(
        "sesame",
        "-r a --symmetric --output call.wav.pgp --encrypt call.wav",
    );
    opens_alone_and_zipped(&place, "pgp", "-k a.key");
}

#[test]
fn a_message_that_gpg_was_piped_opens() {
    // It has no file name within, and its length is not known beforehand.
    let place = place_with_gpg(P256);
    let mut gpg = place.command("gpg --batch --quiet --trust-model always -r a --encrypt");
    gpg.stdin(std::fs::File::open(place.path("call.wav")).unwrap());
    place.write("call.wav.gpg", gpg.output().unwrap().stdout);
    opens_alone_and_zipped(&place, "gpg", "-k a.key");
}

#[test]
fn what_gpg_compressed_with_bzip2_is_refused_by_name() {
    let place = place_with_gpg(P256);
    place.gpg("--compress-algo bzip2 -r a --output call.wav.gpg --encrypt call.wav");
    refused(&place, "BZip2");
}

#[test]
fn what_gpg_sealed_with_another_cipher_is_refused_by_name() {
    for kind in ["rsa:2048", P256] {
        let place = place_with_gpg(kind);
        for (cipher, name) in [
            ("CAMELLIA256", "Camellia"),
            ("TWOFISH", "Twofish"),
            ("3DES", "3DES"),
            ("CAST5", "CAST5"),
        ] {
            place.gpg(&format!(
                "--cipher-algo {cipher} -r a --output call.wav.gpg --encrypt call.wav"
            ));
            refused(&place, name);
        }
    }
}

/// That callseal says what it doesn't support, and leaves nothing behind.
#[track_caller]
fn refused(place: &Place, what: &str) {
    place.write("calls.zip", "");
    std::fs::remove_file(place.path("calls.zip")).unwrap();
    place.run("zip -q calls.zip call.wav.gpg");
    let before = place.names();
    place
        .outcome("callseal open -k a.key call.wav.gpg -o opened")
        .exits(5)
        .complains(&["call.wav.gpg", what, "not supported"]);
    assert_eq!(place.names(), before);
    place
        .outcome("callseal extract -k a.key calls.zip -C opened")
        .exits(5)
        .complains(&["call.wav", what, "not supported"]);
    assert!(!place.path("opened/call.wav").exists());
    let _ = std::fs::remove_dir_all(place.path("opened"));
}

#[test]
fn what_gpg_sealed_with_a_passphrase_alone_needs_gpg() {
    let place = place_with_gpg(P256);
    place.gpg_with_passphrase("sesame", "--output call.wav.gpg --symmetric call.wav");
    place.run("zip -q calls.zip call.wav.gpg");
    for line in [
        "callseal open -k a.key call.wav.gpg -o opened",
        "callseal extract -k a.key calls.zip -C opened",
    ] {
        place
            .outcome(line)
            .exits(4)
            .complains(&["call.wav", "passphrase"])
            .hints();
    }
}

#[test]
fn messages_by_rnp_open() {
    let place = Place::new();
    std::fs::create_dir(place.path("rnp")).unwrap();
    place.run("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    place.run("rnpkeys --homedir rnp --export-key rnp --secret --output rnp.key");
    place.write("call.wav", content(300 << 10));
    for options in [
        "",
        "--zip -z 6",
        "--zlib -z 9",
        "-z 0",
        "--sign",
        "--cipher AES128",
    ] {
        place.run(&format!(
            "rnp --homedir rnp --password '' --overwrite --encrypt -r rnp {options} \
             --output call.wav.pgp call.wav"
        ));
        opens_alone_and_zipped(&place, "pgp", "-k rnp.key");
    }
    place.run(
        "rnp --homedir rnp --password '' --encrypt -r rnp --armor --output call.wav.asc call.wav",
    );
    opens_alone_and_zipped(&place, "asc", "-k rnp.key");
}

#[test]
fn the_draft_of_authenticated_encryption_is_refused_by_name() {
    let place = Place::new();
    std::fs::create_dir(place.path("rnp")).unwrap();
    place.run("rnpkeys --homedir rnp --password '' --generate-key --userid rnp");
    place.run("rnpkeys --homedir rnp --export-key rnp --secret --output a.key");
    place.write("call.wav", CALL);
    place.run("rnp --homedir rnp --password '' --encrypt -r rnp --aead=OCB --output call.wav.gpg call.wav");
    refused(&place, "draft of authenticated encryption");
}

#[test]
fn messages_by_sqop_open() {
    let place = Place::new();
    place.run_to("sqop generate-key sq@example.org", "own.key");
    place.certificate("a", "rsa:2048");
    place.run("callseal export --gpg a.key -o a.asc");
    place.write("call.wav", content(300 << 10));
    for key in ["own.key", "a.asc"] {
        let certificate = place.run_with_input("sqop extract-cert", key);
        place.write("certificate", certificate.stdout);
        for (options, ending) in [
            ("--no-armor", "pgp"),
            ("", "asc"),
            ("--sign-with own.key", "asc"),
        ] {
            let sealed =
                place.run_with_input(&format!("sqop encrypt {options} certificate"), "call.wav");
            place.write(&format!("call.wav.{ending}"), sealed.stdout);
            opens_alone_and_zipped(&place, ending, &format!("-k {key}"));
        }
    }
    // To the X.509 key that the exported one was made of.
    opens_alone_and_zipped(&place, "asc", "-k a.key");
}
