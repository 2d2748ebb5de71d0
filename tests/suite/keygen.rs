//! `callseal keygen`: keys that openssl and GnuPG can use, and that are never
//! overwritten.

#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::x509::X509;

use crate::support::{CALL, Scene};

const PASSPHRASE: &str = "correct horse";

/// Makes a key `a` without a passphrase, with these arguments.
#[track_caller]
fn keygen(scene: &Scene, arguments: &str) {
    scene.ok(&format!("keygen --name a --no-passphrase {arguments}"));
}

fn mode(scene: &Scene, name: &str) -> u32 {
    let metadata = fs::metadata(scene.path(name)).unwrap();
    metadata.permissions().mode() & 0o777
}

#[test]
fn every_kind_of_x509_key_seals_and_opens() {
    for (arguments, algorithm) in [
        ("", "RSA 3072"),
        ("--rsa 2048", "RSA 2048"),
        ("--rsa 4096", "RSA 4096"),
        ("--ec p256", "ECDH NIST P-256"),
        ("--ec p384", "ECDH NIST P-384"),
        ("--ec p521", "ECDH NIST P-521"),
    ] {
        let scene = Scene::new();
        keygen(&scene, arguments);
        assert_eq!(scene.names(), ["a.crt", "a.key", "a.pub"], "{arguments}");
        assert_eq!(scene.inspect("a.crt")["keys"][0]["algorithm"], algorithm);
        scene.opens("-r a.crt", "-k a.key");
        scene.opens("-r a.pub", "-k a.key");
    }
}

#[test]
fn an_openpgp_key_seals_and_opens() {
    let scene = Scene::new();
    keygen(&scene, "--openpgp");
    assert_eq!(scene.names(), ["a.asc", "a.key", "a.rev"]);
    scene.opens("-r a.asc", "-k a.key");
    scene.opens("-r a.asc --format rfc4880", "-k a.key");
    // As GnuPG expects it, since it should use the key as well.
    scene
        .line("seal -f -r a.asc --format rfc9580 call.wav")
        .exits(3)
        .complains_with_hint(&["“a” can't read rfc9580 messages"]);
    scene.seal("-r a.asc");
    scene.gpg("--import a.key");
    let opened = scene.gpg("--decrypt call.pgp");
    assert_eq!(opened.output.stdout, CALL);
}

#[test]
fn secret_files_are_readable_only_by_their_owner() {
    let scene = Scene::new();
    let made = "callseal keygen -q --name a --no-passphrase";
    scene.bash(&format!("umask 022; {made} --ec p256")).exits(0);
    assert_eq!(mode(&scene, "a.key"), 0o600);
    assert_eq!(mode(&scene, "a.crt"), 0o644);
    assert_eq!(mode(&scene, "a.pub"), 0o644);
    scene
        .bash(&format!("umask 0; {made} --openpgp --out new/openpgp"))
        .exits(0);
    assert_eq!(mode(&scene, "new/openpgp"), 0o700);
    assert_eq!(mode(&scene, "new/openpgp/a.key"), 0o600);
    assert_eq!(mode(&scene, "new/openpgp/a.rev"), 0o600);
    assert_eq!(mode(&scene, "new/openpgp/a.asc"), 0o666);
}

#[test]
fn openssl_accepts_the_key_and_the_certificate() {
    for (arguments, usage, hash) in [
        ("", "Key Encipherment", "sha256WithRSAEncryption"),
        ("--ec p256", "Key Agreement", "ecdsa-with-SHA256"),
        ("--ec p384", "Key Agreement", "ecdsa-with-SHA384"),
        ("--ec p521", "Key Agreement", "ecdsa-with-SHA512"),
    ] {
        let scene = Scene::new();
        keygen(&scene, arguments);
        scene
            .tool("openssl pkey -in a.key -noout -check")
            .prints("Key is valid");
        // One key in all three files.
        let public = scene.text("a.pub");
        for line in [
            "openssl pkey -in a.key -pubout",
            "openssl x509 -in a.crt -noout -pubkey",
        ] {
            assert_eq!(scene.tool(line).stdout(), public, "{arguments}");
        }

        scene.tool("openssl verify -x509_strict -check_ss_sig -CAfile a.crt a.crt");
        let text = scene.tool("openssl x509 -in a.crt -noout -text").stdout();
        for part in [
            "Version: 3",
            hash,
            "Basic Constraints: critical\n                CA:FALSE\n",
            &format!("Key Usage: critical\n                {usage}\n"),
            "Subject Key Identifier",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        if usage == "Key Encipherment" {
            // OpenSSL shows this for RSA keys only.
            scene
                .tool("openssl x509 -in a.crt -noout -purpose")
                .prints("S/MIME encryption : Yes");
        }

        // And openssl's own mail encryption works with both.
        scene.write("call.wav", CALL);
        scene.tool("openssl cms -encrypt -binary -in call.wav -outform DER -out call.cms a.crt");
        let opened =
            scene.tool("openssl cms -decrypt -binary -inform DER -in call.cms -inkey a.key");
        assert_eq!(opened.output.stdout, CALL, "{arguments}");
    }
}

fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

#[test]
fn a_certificate_is_valid_for_the_given_number_of_days() {
    let scene = Scene::new();
    for (days, arguments) in [
        (730, "--ec p256"),
        (1, "--ec p256 --days 1"),
        (36_500, "--ec p256 --days 36500"),
    ] {
        let directory = format!("{days}");
        let before = unix_now();
        keygen(&scene, &format!("{arguments} --out {directory}"));
        let certificate = X509::from_pem(&scene.read(format!("{directory}/a.crt"))).unwrap();
        let validity = certificate.not_before().diff(certificate.not_after());
        let validity = validity.unwrap();
        assert_eq!((validity.days, validity.secs), (days, 0));
        // Its validity begins while this runs.
        let moment = |seconds| Asn1Time::from_unix(seconds).unwrap();
        assert!(certificate.not_before() >= &*moment(before));
        assert!(certificate.not_before() <= &*moment(unix_now()));
        scene.opens(
            &format!("-r {directory}/a.crt"),
            &format!("-k {directory}/a.key"),
        );
    }
}

#[test]
fn a_passphrase_locks_the_key_for_callseal_and_openssl() {
    for kind in ["--rsa 3072", "--ec p384"] {
        let scene = Scene::new();
        // As an editor on Windows leaves it.
        scene.write("phrase", format!("{PASSPHRASE}\r\nsomething else\r\n"));
        scene.ok(&format!("keygen --name a {kind} --passphrase-file phrase"));
        scene.opens("-r a.crt", "-k a.key --passphrase-file phrase");
        scene
            .without_terminal("open call.pgp -k a.key -o -")
            .exits(4)
            .complains_with_hint(&["a.key: it is locked"]);

        let check = |phrase: &str| {
            let phrase = format!("pass:{phrase}");
            scene.program(
                "openssl",
                [
                    "pkey", "-in", "a.key", "-noout", "-check", "-passin", &phrase,
                ],
            )
        };
        check(PASSPHRASE).exits(0).prints("Key is valid");
        check("wrong").fails();
        // A guess is expensive: 600,000 rounds.
        scene
            .tool("openssl asn1parse -in a.key")
            .prints("PBKDF2")
            .prints("INTEGER           :0927C0")
            .prints("hmacWithSHA256")
            .prints("aes-256-cbc");
    }
}

#[test]
fn a_passphrase_locks_an_openpgp_key_for_callseal_and_gpg() {
    let scene = Scene::new();
    scene.write("phrase", "sesame\n");
    scene.ok("keygen --name a --openpgp --passphrase-file phrase");
    scene.opens("-r a.asc", "-k a.key --passphrase-file phrase");
    scene
        .without_terminal("open call.pgp -k a.key -o -")
        .exits(4);

    scene.seal("-r a.asc --format rfc4880");
    scene.gpg_with_passphrase("sesame", "--import a.key");
    let decrypt = "gpg --batch --quiet --pinentry-mode loopback --decrypt call.pgp --passphrase";
    let decrypt = |phrase| {
        let line = decrypt.replace("--decrypt call.pgp --passphrase", "--passphrase");
        scene.tool_line(&format!("{line} {phrase} --decrypt call.pgp"))
    };
    let refused = decrypt("barley").fails();
    assert_eq!(refused.output.stdout, b"", "{refused}");
    assert_eq!(decrypt("sesame").exits(0).output.stdout, CALL);
}

#[test]
fn gpg_works_with_an_openpgp_key_in_both_directions() {
    let scene = Scene::new();
    scene
        .callseal(["keygen", "--name", "Ann <ann@example.org>"])
        .args(["--openpgp", "--no-passphrase", "--days", "30"])
        .exits(0)
        .says("Ann-ann-example.org.key");
    for (ending, name) in [("key", "a.key"), ("asc", "a.asc"), ("rev", "a.rev")] {
        let from = scene.path(format!("Ann-ann-example.org.{ending}"));
        fs::rename(from, scene.path(name)).unwrap();
    }
    scene.gpg("--import a.asc");
    let listed = scene
        .gpg("--with-colons --list-keys ann@example.org")
        .prints("uid:-::::")
        .prints("Ann <ann@example.org>");
    // The primary key certifies and signs, the subkey encrypts, both expire.
    let fields: Vec<Vec<String>> = listed
        .stdout()
        .lines()
        .filter(|line| line.starts_with("pub:") || line.starts_with("sub:"))
        .map(|line| line.split(':').map(str::to_owned).collect())
        .collect();
    let uses: Vec<&str> = fields.iter().map(|field| field[11].as_str()).collect();
    assert_eq!(uses, ["scESC", "e"]);
    for field in &fields {
        let (from, until): (u64, u64) = (field[5].parse().unwrap(), field[6].parse().unwrap());
        assert_eq!(until - from, 30 * 24 * 60 * 60);
    }

    scene.write("call.wav", CALL);
    scene.gpg("--recipient ann@example.org --output theirs.gpg --encrypt call.wav");
    let opened = scene.ok("open theirs.gpg -k a.key -o -");
    assert_eq!(opened.output.stdout, CALL);

    scene.gpg("--import a.key");
    scene.seal("-r a.asc --format rfc4880");
    assert_eq!(scene.gpg("--decrypt call.pgp").output.stdout, CALL);

    // The third file revokes it.
    scene.tool("gpg --batch --quiet --import a.rev");
    scene.gpg("--export --output revoked.pgp ann@example.org");
    scene
        .line("seal -r revoked.pgp call.wav -o none.pgp")
        .exits(3)
        .complains_with_hint(&["revoked.pgp", "was revoked on "]);
}

#[test]
fn sqop_works_with_an_openpgp_key_in_both_directions() {
    let scene = Scene::new();
    keygen(&scene, "--openpgp");
    scene.seal("-r a.asc --format rfc4880");
    let opened = scene.tool_from("sqop decrypt a.key", "call.pgp");
    assert_eq!(opened.output.stdout, CALL);

    // And seals to it.
    scene.write("call.wav", CALL);
    let sealed = scene.tool_from("sqop encrypt a.asc", "call.wav");
    scene.write("theirs.pgp", sealed.output.stdout);
    let opened = scene.ok("open theirs.pgp -k a.key -o -");
    assert_eq!(opened.output.stdout, CALL);
}

#[test]
fn a_ca_signs_the_request_and_the_key_opens_for_its_certificate() {
    let scene = Scene::new();
    scene.key_pair("ca", "rsa:2048");
    for kind in ["--rsa 2048", "--ec p256"] {
        let directory = kind.rsplit(' ').next().unwrap();
        keygen(
            &scene,
            &format!("{kind} --csr --country DE --out {directory}"),
        );
        assert_eq!(scene.tree(directory), ["a.csr", "a.key", "a.pub"]);
        scene
            .tool(&format!("openssl req -in {directory}/a.csr -noout -verify"))
            .says("verify OK");
        scene.tool(&format!(
            "openssl x509 -req -in {directory}/a.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
             -copy_extensions copy -days 30 -out {directory}/a.crt"
        ));
        scene.tool(&format!("openssl verify -CAfile ca.crt {directory}/a.crt"));
        let certificate = format!("openssl x509 -in {directory}/a.crt -noout");
        // OpenSSL 3.2 has left out the blanks of its own form.
        scene
            .tool(&format!("{certificate} -subject -nameopt RFC2253"))
            .prints("subject=CN=a,C=DE\n");
        scene
            .tool(&format!("{certificate} -text"))
            .prints("Key Usage: critical");
        scene.opens(
            &format!("-r {directory}/a.crt"),
            &format!("-k {directory}/a.key"),
        );
    }
}

#[test]
fn the_subject_has_the_given_names() {
    let scene = Scene::new();
    let fields = [
        ("--name", "Anrufe Köln, Süd"),
        ("--organization", "Acme GmbH & Co. KG"),
        ("--organizational-unit", "Störungsstelle"),
        ("--locality", "Köln"),
        ("--state", "Nordrhein-Westfalen"),
        ("--country", "DE"),
    ];
    let arguments = fields.iter().flat_map(|(option, text)| [option, text]);
    let common = ["keygen", "--ec", "p256", "--no-passphrase"];
    let made = |more: &[&str]| {
        scene
            .callseal(common)
            .args(arguments.clone())
            .args(more)
            .exits(0)
            .says("Anrufe-Köln-Süd.key")
    };
    made(&["--out", "signed"]);
    made(&["--out", "asked", "--csr"]);
    let subject = "subject=\n    countryName=DE\n    stateOrProvinceName=Nordrhein-Westfalen\n    \
                   localityName=Köln\n    organizationName=Acme GmbH & Co. KG\n    \
                   organizationalUnitName=Störungsstelle\n    commonName=Anrufe Köln, Süd\n";
    let options = "-noout -subject -nameopt sep_multiline,utf8,lname,-esc_msb,align=0";
    let options = options.replace(",align=0", "");
    for line in [
        format!("openssl x509 -in signed/Anrufe-Köln-Süd.crt {options}"),
        format!("openssl req -in asked/Anrufe-Köln-Süd.csr {options}"),
    ] {
        assert_eq!(scene.tool(&line).stdout(), subject, "{line}");
    }
    // RFC 5280, section 4.1.2.4: in UTF-8, except for the country.
    scene
        .tool("openssl asn1parse -in signed/Anrufe-Köln-Süd.crt")
        .prints("PRINTABLESTRING   :DE")
        .prints("UTF8STRING        :Acme GmbH");
    let certificate = "signed/Anrufe-Köln-Süd.crt";
    scene.ok(&format!("inspect {certificate}")).prints("Köln");
}

#[test]
fn an_empty_name_is_asked_for() {
    for kind in ["", "--openpgp"] {
        Scene::new()
            .callseal(
                ["keygen", "--name="]
                    .into_iter()
                    .chain(kind.split_whitespace()),
            )
            .exits(2)
            .says("hint: give the name of the key's owner\n");
    }
}

#[test]
fn an_invalid_subject_is_a_usage_error() {
    let scene = Scene::new();
    let long = "x".repeat(65);
    let longer = "x".repeat(129);
    for (arguments, says) in [
        (
            ["--name", long.as_str()].as_slice(),
            "common name (CN) is longer than 64",
        ),
        (&["--name", ""], "common name (CN) is empty"),
        (
            &["--name", "a\nb"],
            "common name (CN) has a control character",
        ),
        (&["--name", "", "--openpgp"], "user ID is empty"),
        (
            &["--name", "a", "--organization", &long],
            "organization (O)",
        ),
        (
            &["--name", "a", "--organizational-unit", &long],
            "organizational unit (OU)",
        ),
        (&["--name", "a", "--locality", &longer], "locality (L)"),
        (&["--name", "a", "--state", &longer], "state (ST)"),
        (
            &["--name", "a", "--country", "Germany"],
            "country (C) is not two letters",
        ),
        (
            &["--name", "a", "--country", "D1"],
            "country (C) is not two letters",
        ),
        (
            &["--name", "a", "--csr", "--country", ""],
            "country (C) is empty",
        ),
    ] {
        scene
            .callseal(["keygen", "--no-passphrase"])
            .args(arguments)
            .exits(2)
            .complains_with_hint(&[says]);
    }
    assert!(scene.names().is_empty(), "{:?}", scene.names());
}

#[test]
fn conflicting_options_are_usage_errors() {
    let scene = Scene::new();
    scene.write("phrase", PASSPHRASE);
    for arguments in [
        "",
        "--name a --rsa 1024",
        "--name a --rsa 2049",
        "--name a --rsa 32768",
        "--name a --rsa many",
        "--name a --ec p192",
        "--name a --rsa 2048 --ec p256",
        "--name a --rsa 2048 --openpgp",
        "--name a --ec p256 --openpgp",
        "--name a --csr --openpgp",
        "--name a --csr --days 30",
        "--name a --openpgp --country DE",
        "--name a --openpgp --organization Acme",
        "--name a --days 0",
        "--name a --days 36501",
        "--name a --force",
        "--name a --passphrase secret",
        "--name a --passphrase-file phrase",
        "--name a --passphrase-fd 0",
    ] {
        scene
            .line(&format!("keygen --no-passphrase {arguments}"))
            .exits(2)
            .says("error: ");
    }
    scene
        .line("keygen --name a --passphrase-file phrase --passphrase-fd 0")
        .exits(2);
    assert_eq!(scene.names(), ["phrase"]);
}

#[test]
fn nothing_is_ever_overwritten() {
    for (arguments, names) in [
        ("--ec p256", ["a.key", "a.crt", "a.pub"]),
        ("--ec p256 --csr", ["a.key", "a.csr", "a.pub"]),
        ("--openpgp", ["a.key", "a.asc", "a.rev"]),
    ] {
        for name in names {
            let scene = Scene::new();
            scene.write(name, "the only copy");
            // No passphrase is asked for first.
            scene
                .without_terminal(&format!("keygen --name a {arguments}"))
                .exits(1)
                .complains_with_hint(&[name, "it already exists"])
                .says("hint: choose another --name or --out");
            assert_eq!(scene.names(), [name]);
            assert_eq!(scene.text(name), "the only copy");
        }
    }
    let scene = Scene::new();
    std::os::unix::fs::symlink("nowhere", scene.path("a.crt")).unwrap();
    scene
        .line("keygen --name a --ec p256 --no-passphrase")
        .exits(1)
        .complains_with_hint(&["a.crt: it already exists"]);
    assert_eq!(scene.names(), ["a.crt"]);
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten_and_no_half_pair_stays() {
    for name in ["a.key", "a.crt", "a.pub"] {
        let scene = Scene::new();
        // It has checked the files before it asks.
        let dialogue = format!(
            "prompt\nexec touch {name}\nsend \"{PASSPHRASE}\\r\"\n\
             prompt \"the same again: \"\nsend \"{PASSPHRASE}\\r\""
        );
        let outcome = scene.on_a_terminal("keygen --name a --ec p256", &dialogue);
        outcome
            .exits(1)
            .prints(&format!("{name}: it already exists"));
        assert_eq!(scene.names(), [name, "dialogue.exp"]);
        assert_eq!(scene.text(name), "");
    }
}

#[test]
fn the_terminal_is_asked_twice() {
    let scene = Scene::new();
    let dialogue = format!(
        "prompt\nsend \"{PASSPHRASE}\\r\"\nprompt \"the same again: \"\nsend \"{PASSPHRASE}\\r\""
    );
    let outcome = scene
        .on_a_terminal("keygen --name a --ec p256", &dialogue)
        .exits(0)
        .prints("new passphrase for a.key: ")
        .prints("made a.key, a.crt, a.pub");
    assert!(!outcome.stdout().contains(PASSPHRASE), "{outcome}");
    scene.write("phrase", PASSPHRASE);
    scene.opens("-r a.crt", "-k a.key --passphrase-file phrase");
}

#[test]
fn passphrases_that_differ_are_asked_for_again() {
    let scene = Scene::new();
    let differ = "prompt\nsend \"one\\r\"\nprompt \"the same again: \"\nsend \"two\\r\"\n";
    let dialogue = format!(
        "{differ}prompt \"they differ, try again: new passphrase for \"\nsend \"three\\r\"\n\
         prompt \"the same again: \"\nsend \"three\\r\""
    );
    scene
        .on_a_terminal("keygen --name a --ec p256", &dialogue)
        .exits(0);
    scene.write("phrase", "three");
    scene.opens("-r a.crt", "-k a.key --passphrase-file phrase");

    scene
        .on_a_terminal("keygen --name b --ec p256", &differ.repeat(3))
        .exits(2)
        .prints("b.key: the two passphrases did not match");
    assert!(!scene.exists("b.key") && !scene.exists("b.crt"));
}

#[test]
fn an_empty_passphrase_at_the_prompt_is_refused() {
    let scene = Scene::new();
    // Enter, and the end of input.
    for (answer, says) in [
        ("\\r", "new/a.key: the new passphrase is empty"),
        ("\\004", "no passphrase given for new/a.key"),
    ] {
        let dialogue = format!("prompt\nsend \"{answer}\"");
        let outcome = scene.on_a_terminal("keygen --name a --out new", &dialogue);
        outcome.exits(2).prints(says).prints("--no-passphrase");
        assert_eq!(scene.names(), ["dialogue.exp"]);
    }
}

#[test]
fn without_a_terminal_and_a_passphrase_nothing_is_made() {
    let scene = Scene::new();
    for kind in ["--ec p256", "--csr", "--openpgp"] {
        let outcome = scene
            .without_terminal(&format!("keygen --name a {kind} --out new/directory"))
            .exits(2)
            .complains_with_hint(&["no passphrase given for new/directory/a.key"]);
        for way in ["--passphrase-file", "--passphrase-fd", "--no-passphrase"] {
            assert!(outcome.stderr().contains(way), "{outcome}");
        }
        assert!(scene.names().is_empty(), "{:?}", scene.names());
    }
}

#[test]
fn an_unusable_passphrase_is_refused() {
    let scene = Scene::new();
    let utf16: Vec<u8> = "geheim\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, says) in [
        (Vec::new(), "is empty"),
        (b"\r\nsecond line".to_vec(), "is empty"),
        (utf16, "has a NUL byte"),
        (vec![b'x'; 1001], "is longer than 1000 bytes"),
    ] {
        scene.write("phrase", content);
        scene
            .line("keygen --name a --ec p256 --passphrase-file phrase")
            .exits(2)
            .complains_with_hint(&["phrase: the new passphrase", says]);
    }
    scene
        .line("keygen --name a --passphrase-file missing")
        .exits(1)
        .complains(&["missing: no such file"]);
    assert_eq!(scene.names(), ["phrase"]);

    // The longest one still opens.
    scene.write("phrase", [b'x'; 1000]);
    scene.ok("keygen --name a --ec p256 --passphrase-file phrase");
    scene.opens("-r a.crt", "-k a.key --passphrase-file phrase");
    scene.tool("openssl pkey -in a.key -passin file:phrase -noout -check");
}

#[test]
fn a_passphrase_comes_from_a_descriptor_and_goes_nowhere_else() {
    let scene = Scene::new();
    // While it waits, its environment is read from outside. Where that isn't
    // allowed, the check shows nothing.
    let script = format!(
        "mkfifo looked-at
         callseal keygen -v --name a --ec p256 --passphrase-fd 9 \
             9< <(read <looked-at; printf '%s\\r\\n' '{PASSPHRASE}') &
         until grep -zqx callseal /proc/$!/cmdline; do sleep 0.01; done
         cat /proc/$!/cmdline > seen
         cat /proc/$!/environ >> seen 2>> no-environment
         echo >looked-at
         wait $!"
    );
    let outcome = scene.bash(&script).exits(0);
    let seen = String::from_utf8_lossy(&scene.read("seen")).into_owned();
    assert!(seen.contains("--passphrase-fd\09"), "{seen}");
    for text in [seen, outcome.stdout(), outcome.stderr()] {
        assert!(!text.contains(PASSPHRASE), "{text}");
    }
    for name in ["a.key", "a.crt", "a.pub"] {
        assert!(!scene.text(name).contains(PASSPHRASE), "{name}");
    }
    scene.write("phrase", PASSPHRASE);
    scene.opens("-r a.crt", "-k a.key --passphrase-file phrase");
}

#[test]
fn a_passphrase_is_in_no_message() {
    let scene = Scene::new();
    scene.write("taken/a.key", "");
    scene.write("phrase", PASSPHRASE);
    for (arguments, status) in [
        ("--ec p256 --out one", 0),
        ("--openpgp --out two", 0),
        ("--csr --ec p256 --out three", 0),
        ("--ec p256 --out taken", 1),
        ("--country Germany", 2),
        ("--out phrase", 1),
    ] {
        for flags in ["-v", "-v --json", "-q"] {
            let outcome = scene
                .line(&format!(
                    "keygen --name a {arguments} {flags} --passphrase-file phrase"
                ))
                .exits(status);
            for text in [outcome.stdout(), outcome.stderr()] {
                assert!(!text.contains(PASSPHRASE), "{outcome}");
            }
            for made in ["one", "two", "three"] {
                let _ = fs::remove_dir_all(scene.path(made));
            }
        }
    }
}

#[test]
fn the_directory_is_made_or_the_error_names_it() {
    let scene = Scene::new();
    keygen_into(&scene, "new/keys")
        .exits(0)
        .says("new/keys/a.key");
    assert_eq!(scene.tree("new/keys"), ["a.crt", "a.key", "a.pub"]);
    scene.write("file", "");
    keygen_into(&scene, "file")
        .exits(1)
        .complains(&["file: not a directory"]);
    keygen_into(&scene, "file/below")
        .exits(1)
        .complains(&["file/below: not a directory"]);
}

fn keygen_into(scene: &Scene, directory: &str) -> crate::support::Outcome {
    scene
        .line(&format!(
            "keygen --name a --ec p256 --no-passphrase --out {directory}"
        ))
        .outcome()
}

#[test]
fn json_names_the_files() {
    let scene = Scene::new();
    let files = |arguments: &str| {
        let line = format!("keygen --json --name a --no-passphrase {arguments}");
        scene.ok(&line).json()
    };
    let made = files("--ec p256 --out one");
    assert_eq!(made["key"], "one/a.key");
    assert_eq!(made["certificate"], "one/a.crt");
    assert_eq!(made["public_key"], "one/a.pub");
    assert_eq!(files("--ec p256 --csr --out two")["request"], "two/a.csr");
    let made = files("--openpgp");
    assert_eq!(made["certificate"], "a.asc");
    assert_eq!(made["revocation"], "a.rev");
}

#[test]
fn no_two_keys_are_the_same() {
    let scene = Scene::new();
    for directory in ["one", "two"] {
        keygen(&scene, &format!("--ec p256 --out {directory}"));
    }
    assert_ne!(scene.read("one/a.key"), scene.read("two/a.key"));
    assert_ne!(
        scene.fingerprint("one/a.crt"),
        scene.fingerprint("two/a.crt")
    );
    let serial = |directory| {
        let line = format!("openssl x509 -in {directory}/a.crt -noout -serial");
        scene.tool(&line).stdout()
    };
    assert_ne!(serial("one"), serial("two"));
}
