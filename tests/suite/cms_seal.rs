//! openssl opens what callseal seals with `--format cms` and `--format
//! cms-gcm`.

use openssl::pkey::PKey;
use openssl::rsa::Padding;

use crate::support::{CALL, Scene, content, der_value};

/// Sizes around those of cipher blocks, of lengths in ASN.1 and of the pieces
/// in which messages are sealed.
const SIZES: [usize; 14] = [
    0,
    1,
    15,
    16,
    17,
    127,
    65_535,
    65_536,
    65_537,
    262_143,
    262_144,
    262_145,
    524_288,
    (8 << 20) + 1,
];

#[test]
fn the_documented_command_opens_files_of_all_sizes_for_each_recipient() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.rsa_pair("b");
    for size in SIZES {
        let content = content(size);
        scene.write("call.wav", &content);
        scene.ok("seal -f --format cms -r a.crt -r b.crt call.wav");
        for name in ["a", "b"] {
            scene.smime_as("call.wav.p7m", name).yields(&content);
        }
        // A sole recipient opens it without its certificate.
        scene.ok("seal -f --format cms -r a.crt call.wav");
        scene.smime("call.wav.p7m", "a").outcome().yields(&content);
    }
}

#[test]
fn openssl_cms_opens_files_of_all_sizes_with_rsa_and_ec_keys() {
    let scene = Scene::new();
    scene.rsa_pair("rsa");
    scene.ec_pair("p256", "P-256");
    scene.ec_pair("p384", "P-384");
    scene.ec_pair("p521", "P-521");
    scene.ec_pair("brainpool", "brainpoolP512r1");
    let names = ["rsa", "p256", "p384", "p521", "brainpool"];
    for size in SIZES {
        let content = content(size);
        scene.write("call.wav", &content);
        scene
            .ok("seal -f --format cms-gcm -r rsa.crt -r p256.crt -r p384.crt -r p521.crt -r brainpool.crt call.wav");
        for name in names {
            scene.cms_as("call.wav.p7m", name).yields(&content);
        }
    }
    for name in names {
        // Without its certificate as well.
        let content = content(SIZES[13]);
        scene.cms("call.wav.p7m", name).outcome().yields(&content);
    }
}

#[test]
fn messages_from_a_pipe_open() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("e", "P-256");
    for size in SIZES {
        let content = content(size);
        let seal = |line: &str, sealed: &str| {
            let run = scene.line(line).stdin(&content);
            scene.write(sealed, run.exits(0).output.stdout);
        };
        seal("seal --format cms -r a.crt", "cbc.p7m");
        scene.smime("cbc.p7m", "a").outcome().yields(&content);
        scene.cms("cbc.p7m", "a").outcome().yields(&content);
        seal("seal --format cms-gcm -r a.crt -r e.crt", "gcm.p7m");
        scene.cms("gcm.p7m", "a").outcome().yields(&content);
        scene.cms("gcm.p7m", "e").outcome().yields(&content);
    }
    // Its length isn't known when its front is written.
    for sealed in ["cbc.p7m", "gcm.p7m"] {
        let parsed = scene.tool(&format!("openssl asn1parse -inform DER -in {sealed}"));
        assert_eq!(parsed.stdout().matches("l=inf").count(), 5, "{parsed}");
    }
}

#[test]
fn other_keys_open_nothing() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("e", "P-384");
    scene.rsa_pair("stranger");
    scene.ec_pair("other", "P-384");
    scene.write("call.wav", CALL);
    scene.ok("seal --format cms-gcm -r a.crt -r e.crt call.wav");
    // openssl may do anything with a wrong key: some versions write garbage. It
    // must not be the call.
    for name in ["stranger", "other"] {
        let opened = scene.cms("call.wav.p7m", name).outcome();
        assert_ne!(opened.output.stdout, CALL, "{opened}");
    }
    let refused = |key: &str| {
        scene
            .line(&format!("open call.wav.p7m -k {key}.key -o opened"))
            .exits(4)
            .complains_with_hint(&["call.wav.p7m"]);
        assert!(!scene.exists("opened"), "{key}");
    };
    refused("stranger");
    refused("other");
    scene.ok("seal -f --format cms -r a.crt call.wav");
    let opened = scene.smime("call.wav.p7m", "stranger").outcome();
    assert_ne!(opened.output.stdout, CALL, "{opened}");
    refused("stranger");
}

#[test]
fn the_structure_follows_the_standards() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("p256", "P-256");
    scene.ec_pair("p384", "P-384");
    scene.ec_pair("p521", "P-521");
    scene.write("call.wav", CALL);

    scene.ok("seal --format cms -r a.crt call.wav");
    let text = scene.cms_structure("call.wav.p7m");
    in_order(
        &text,
        &[
            "pkcs7-envelopedData",
            "version: 0",
            "originatorInfo: <ABSENT>",
            "d.ktri",
            "version: 0",
            "d.issuerAndSerialNumber",
            "issuer: CN=a",
            "keyEncryptionAlgorithm",
            "rsaEncryption",
            "parameter: NULL",
            "contentType: pkcs7-data",
            "aes-256-cbc",
            "unprotectedAttrs:\n      <ABSENT>",
        ],
    );

    scene.ok("seal -f --format cms-gcm -r a.crt call.wav");
    let text = scene.cms_structure("call.wav.p7m");
    in_order(
        &text,
        &[
            "id-smime-ct-authEnvelopedData",
            "version: 0",
            "d.ktri",
            "version: 0",
            "d.issuerAndSerialNumber",
            "rsaesOaep",
            ":sha256",
            ":mgf1",
            ":sha256",
            "contentType: pkcs7-data",
            "aes-256-gcm",
            "INTEGER           :10",
            "authAttrs:\n      <ABSENT>",
            "mac",
            "unauthAttrs:\n      <ABSENT>",
        ],
    );

    for (name, scheme) in [
        ("p256", "dhSinglePass-stdDH-sha256kdf-scheme"),
        ("p384", "dhSinglePass-stdDH-sha384kdf-scheme"),
        ("p521", "dhSinglePass-stdDH-sha512kdf-scheme"),
    ] {
        scene.ok(&format!("seal -f --format cms-gcm -r {name}.crt call.wav"));
        let text = scene.cms_structure("call.wav.p7m");
        let issuer = format!("issuer: CN={name}");
        in_order(
            &text,
            &[
                "version: 0",
                "d.kari",
                "version: 3",
                "d.originatorKey",
                "id-ecPublicKey",
                "parameter: <ABSENT>",
                "ukm: <ABSENT>",
                scheme,
                "id-aes256-wrap",
                "d.issuerAndSerialNumber",
                &issuer,
                "aes-256-gcm",
            ],
        );
    }
}

/// Checks that a text has these parts in this order.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no {part:?} in\n{rest}\n--- of\n{text}");
        };
        rest = after;
    }
}

#[test]
fn a_file_becomes_der() {
    let scene = Scene::new();
    for name in ["a", "b", "c"] {
        scene.rsa_pair(name);
    }
    scene.ec_pair("e", "P-256");
    scene.write("call.wav", content(70_000));
    for options in [
        "--format cms -r a.crt -r b.crt -r c.crt",
        "--format cms -r c.crt -r b.crt -r a.crt",
        "--format cms-gcm -r a.crt -r e.crt -r b.crt",
        "--format cms-gcm -r e.crt -r b.crt -r a.crt",
    ] {
        scene.ok(&format!("seal -f {options} call.wav -o call.p7m"));
        // openssl writes DER, with the recipients in order.
        scene.tool("openssl cms -cmsout -inform DER -in call.p7m -outform DER -out again.p7m");
        assert!(
            scene.read("call.p7m") == scene.read("again.p7m"),
            "{options}"
        );
    }
}

#[test]
fn armor_is_pem_that_openssl_reads() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    for size in [0, 1, 1000, 300_000] {
        let content = content(size);
        scene.write("call.wav", &content);
        scene.ok("seal -f --armor --format cms -r a.crt call.wav");
        for command in ["smime", "cms"] {
            let line =
                format!("openssl {command} -decrypt -inform PEM -in call.wav.p7m -inkey a.key");
            scene.tool_line(&line).outcome().yields(&content);
        }
        is_pem(&scene.text("call.wav.p7m"), "PKCS7");
        scene.ok("seal -f --armor --format cms-gcm -r a.crt call.wav");
        let line = "openssl cms -decrypt -inform PEM -in call.wav.p7m -inkey a.key";
        scene.tool_line(line).outcome().yields(&content);
        is_pem(&scene.text("call.wav.p7m"), "CMS");
        let piped = scene
            .line("seal --armor --format cms-gcm -r a.crt")
            .stdin(&content);
        scene.write("piped.p7m", piped.exits(0).output.stdout);
        let line = "openssl cms -decrypt -inform PEM -in piped.p7m -inkey a.key";
        scene.tool_line(line).outcome().yields(&content);
    }
}

/// Checks RFC 7468, section 3: 64 characters in every line except the last.
#[track_caller]
fn is_pem(text: &str, label: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let (first, rest) = lines.split_first().unwrap();
    let (last, body) = rest.split_last().unwrap();
    assert_eq!(*first, format!("-----BEGIN {label}-----"));
    assert_eq!(*last, format!("-----END {label}-----"));
    let (end, full) = body.split_last().unwrap();
    assert!(full.iter().all(|line| line.len() == 64));
    assert!((1..=64).contains(&end.len()));
    assert!(text.ends_with('\n'));
}

#[test]
fn every_message_has_its_own_key() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("e", "P-256");
    scene.write("call.wav", content(4000));
    for options in ["--format cms -r a.crt", "--format cms-gcm -r e.crt"] {
        for sealed in ["one.p7m", "two.p7m"] {
            scene.ok(&format!("seal -f {options} call.wav -o {sealed}"));
        }
        let [one, two] = ["one.p7m", "two.p7m"].map(|sealed| scene.read(sealed));
        assert_eq!(one.len(), two.len());
        let same = |range: std::ops::Range<usize>| {
            let pairs = one[range.clone()].iter().zip(&two[range.clone()]);
            pairs.filter(|(one, two)| one == two).count() * 16 > range.len()
        };
        assert!(!same(one.len() - 4000..one.len()), "{options}: the content");
        // Encrypted keys, ephemeral points and initial vectors.
        let texts = ["one.p7m", "two.p7m"].map(|sealed| scene.cms_structure(sealed));
        let dumps = texts.each_ref().map(|text| {
            let dumped = |line: &&str| line.contains(" - ") || line.contains("[HEX DUMP]");
            let lines: Vec<&str> = text.lines().filter(dumped).collect();
            assert!(lines.len() > 10, "{text}");
            lines
        });
        // A few octets at the end of a dump may be the same by chance.
        let is_long = |line: &&&str| match line.split_once(" - ") {
            Some((_, octets)) => {
                octets
                    .split([' ', '-'])
                    .take_while(|o| o.len() == 2)
                    .count()
                    > 8
            }
            None => line.len() > 24,
        };
        for line in dumps[0].iter().filter(is_long) {
            assert!(!dumps[1].contains(line), "{line}");
        }
    }
}

#[test]
fn every_session_key_is_random() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    let key = PKey::private_key_from_pem(&scene.read("a.key")).unwrap();
    scene.write("call.wav", CALL);
    let mut keys = Vec::new();
    for _ in 0..3 {
        scene.ok("seal -f --format cms -r a.crt call.wav");
        let message = scene.read("call.wav.p7m");
        let encrypted = only_encrypted_key(&message);
        let mut session_key = vec![0; 256];
        let length = key
            .rsa()
            .unwrap()
            .private_decrypt(encrypted, &mut session_key, Padding::PKCS1)
            .unwrap();
        assert_eq!(length, 32);
        session_key.truncate(length);
        keys.push(session_key);
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

/// Returns the encryptedKey of the only recipient (RFC 5652, sections 6.1 and
/// 6.2.1).
fn only_encrypted_key(message: &[u8]) -> &[u8] {
    let (_, info, _) = der_value(message);
    let (_, _, content) = der_value(info);
    let (_, enveloped, _) = der_value(der_value(content).1);
    let (_, _, rest) = der_value(enveloped);
    let (_, recipients, _) = der_value(rest);
    let (_, recipient, nothing) = der_value(recipients);
    assert_eq!(nothing, b"");
    let (_, _, rest) = der_value(recipient);
    let (_, _, rest) = der_value(rest);
    let (_, _, rest) = der_value(rest);
    der_value(rest).1
}

#[test]
fn a_change_of_an_authenticated_message_is_noticed() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("call.wav", content(5000));
    scene.ok("seal --format cms-gcm -r a.crt call.wav -o call.p7m");
    let message = scene.read("call.p7m");
    // The nonce, the content and the mac.
    for at in [
        message.len() - 5030,
        message.len() - 2000,
        message.len() - 1,
    ] {
        let mut changed = message.clone();
        changed[at] ^= 1;
        scene.write("changed.p7m", changed);
        scene.cms("changed.p7m", "a").outcome().fails();
        scene
            .line("open changed.p7m -k a.key -o opened")
            .exits(5)
            .complains(&["changed.p7m", "altered"]);
        assert!(!scene.exists("opened"), "{at}");
    }
}

#[test]
fn a_change_of_an_unauthenticated_message_goes_unnoticed_as_documented() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("call.wav", b"amount: 100 EUR");
    scene.ok("seal --format cms -r a.crt call.wav -o call.p7m");
    let mut message = scene.read("call.p7m");
    // CBC: a bit of the initial vector is the same bit of the first block.
    let iv = message.len() - 16 - 2 - 16;
    message[iv + 8] ^= b'1' ^ b'9';
    scene.write("changed.p7m", message);
    scene
        .smime("changed.p7m", "a")
        .outcome()
        .yields(b"amount: 900 EUR");
}
