//! Messages and archives that open.

use crate::PASSPHRASE;
use crate::maker::{ENTRY, Entry, Maker};

const X509: [&str; 4] = ["rsa.crt", "p256.crt", "p384.crt", "p521.crt"];
const PEM: [&str; 4] = ["rsa.key", "p256.key", "p384.key", "p521.key"];

pub fn messages(maker: &mut Maker, text: &[u8]) {
    let source = maker.source("call.log", text);
    let empty = maker.source("empty", b"");
    let gpg = ["gpg-rsa.pub", "gpg-cv25519.pub"];
    let with_gpg: Vec<&str> = X509.into_iter().chain(gpg).collect();
    let v1 = ["--format", "rfc4880"];
    let v2 = ["--format", "rfc9580"];
    let none = ["--compress", "none"];
    let deflate = ["--compress", "deflate"];

    let unlocked_rsa = ["rsa.key", "rsa-traditional.key", "rsa.der"];
    let locked_rsa = [
        "rsa-locked.key",
        "rsa-locked.der",
        "rsa-locked-traditional.key",
    ];
    maker.seal("v2-rsa.pgp", &source, &["rsa.crt"], &[v2, none].concat());
    maker.entry(Entry {
        file: "v2-rsa.pgp",
        shows: "RFC 9580, not compressed, RSA; the key in PKCS#8, traditional and DER form",
        keys: &unlocked_rsa,
        content: Some(text),
        ..ENTRY
    });
    maker.entry(Entry {
        file: "v2-rsa.pgp",
        shows: "the same with locked keys: PKCS#8 in PEM and DER, and Proc-Type: 4,ENCRYPTED",
        keys: &locked_rsa,
        passphrase: Some(PASSPHRASE),
        content: Some(text),
        ..ENTRY
    });
    maker.entry(Entry {
        file: "v2-rsa.pgp",
        shows: "the same with locked keys and a wrong passphrase",
        keys: &locked_rsa,
        passphrase: Some("wrong horse"),
        status: 4,
        ..ENTRY
    });
    maker.entry(Entry {
        file: "v2-rsa.pgp",
        shows: "the same with a key that is none of its recipients'",
        keys: &["p256.key", "gpg-rsa.key", "v6.key"],
        status: 4,
        ..ENTRY
    });
    maker.seal(
        "v2-x509-deflate.pgp",
        &source,
        &X509,
        &[v2, deflate].concat(),
    );
    maker.entry(Entry {
        file: "v2-x509-deflate.pgp",
        shows: "RFC 9580, compressed, sealed to RSA, P-256, P-384 and P-521",
        keys: &[&PEM[..], &["p256-traditional.key"]].concat(),
        content: Some(text),
        ..ENTRY
    });
    maker.seal("v1-all.pgp", &source, &with_gpg, &[v1, none].concat());
    maker.entry(Entry {
        file: "v1-all.pgp",
        shows: "RFC 4880, not compressed, sealed to X.509 and version 4 OpenPGP keys",
        keys: &[&PEM[..], &["gpg-rsa.key"]].concat(),
        content: Some(text),
        ..ENTRY
    });
    maker.entry(Entry {
        file: "v1-all.pgp",
        shows: "the same with locked keys: OpenPGP with Curve25519, PKCS#8 with P-384",
        keys: &["gpg-cv25519.key", "p384-locked.key"],
        passphrase: Some(PASSPHRASE),
        content: Some(text),
        ..ENTRY
    });
    maker.seal(
        "v1-deflate.pgp",
        &source,
        &["p256.crt"],
        &[v1, deflate].concat(),
    );
    maker.entry(Entry {
        file: "v1-deflate.pgp",
        shows: "RFC 4880, compressed",
        keys: &["p256.key"],
        content: Some(text),
        ..ENTRY
    });
    maker.seal("v2-v6.pgp", &source, &["v6.pub", "rsa.crt"], &none);
    maker.entry(Entry {
        file: "v2-v6.pgp",
        shows: "RFC 9580, sealed to a version 6 OpenPGP key with X25519, and to RSA",
        keys: &["v6.key", "rsa.key"],
        content: Some(text),
        ..ENTRY
    });
    for (file, format) in [("v1-hidden.pgp", v1), ("v2-hidden.pgp", v2)] {
        let more = [&format[..], &none, &["--hidden-recipients"]].concat();
        maker.seal(file, &source, &["rsa.crt", "p256.crt"], &more);
        maker.entry(Entry {
            file,
            shows: "hidden recipients: the keys are found by trial",
            keys: &["rsa.key", "p256.key"],
            content: Some(text),
            ..ENTRY
        });
    }
    maker.seal("v2-armored.asc", &source, &["p256.crt"], &["--armor"]);
    maker.entry(Entry {
        file: "v2-armored.asc",
        shows: "RFC 9580 as text",
        keys: &["p256.key"],
        content: Some(text),
        ..ENTRY
    });
    for (file, format) in [("v1-empty.pgp", v1), ("v2-empty.pgp", v2)] {
        maker.seal(file, &empty, &["p256.crt"], &format);
        maker.entry(Entry {
            file,
            shows: "an empty file",
            keys: &["p256.key"],
            content: Some(b""),
            ..ENTRY
        });
    }

    // By GnuPG: zlib and ZIP compression, another cipher, a signature inside.
    let encrypt = [
        "--trust-model",
        "always",
        "-r",
        "gpg-rsa",
        "--passphrase",
        "",
    ];
    for (file, shows, more) in [
        (
            "gpg-zlib.pgp",
            "by GnuPG, with zlib",
            &["--compress-algo", "zlib"][..],
        ),
        (
            "gpg-zip.pgp",
            "by GnuPG, with ZIP",
            &["--compress-algo", "zip"][..],
        ),
        (
            "gpg-aes128.pgp",
            "by GnuPG, with AES-128",
            &["--cipher-algo", "AES"][..],
        ),
        (
            "gpg-signed.pgp",
            "by GnuPG, signed as well: opens, the signature proves nothing",
            &["--sign", "-u", "gpg-rsa"][..],
        ),
        (
            "gpg-armored.asc",
            "by GnuPG, as text, to a hidden recipient",
            &["--armor", "--throw-keyids"][..],
        ),
    ] {
        let out = ["--output", file, "--encrypt", &source];
        maker.gpg(&[&encrypt[..], more, &out].concat());
        maker.entry(Entry {
            file,
            shows,
            keys: &["gpg-rsa.key"],
            content: Some(text),
            ..ENTRY
        });
    }
}

pub fn archives(maker: &mut Maker, text: &[u8]) {
    let plain = maker.scratch.path("pack");
    let long = format!(
        "{}/{}/{}/end.wav",
        "a".repeat(100),
        "b".repeat(100),
        "c".repeat(100)
    );
    let members: [(&str, &[u8]); 4] = [
        ("calls/2026-03-14/call.log", text),
        (
            "calls/2026-03-15/message-enregistré.wav",
            b"RIFF\0\0\0\0WAVE",
        ),
        ("calls/empty", b""),
        (&long, b"the literal name holds the last component alone"),
    ];
    for (name, content) in members {
        let path = plain.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let inputs = ["calls", long.split('/').next().unwrap()];
    let out = |name: &str| maker.directory.join(name).to_str().unwrap().to_owned();
    let (rsa, p256) = (out("rsa.crt"), out("p256.crt"));
    for (file, format) in [("v1.zip", "rfc4880"), ("v2.zip", "rfc9580")] {
        let to = out(file);
        let arguments = [
            "pack", "-q", "-o", &to, "-r", &rsa, "-r", &p256, "--format", format,
        ];
        maker.run_in(&plain, "callseal", &[&arguments[..], &inputs].concat());
    }
    for (file, shows) in [
        (
            "v1.zip",
            "an archive of RFC 4880 messages, with a name of 300 bytes and one that is not ASCII",
        ),
        ("v2.zip", "the same of RFC 9580 messages"),
    ] {
        maker.entry(Entry {
            file,
            shows,
            keys: &["rsa.key", "p256.key"],
            members: &members,
            ..ENTRY
        });
    }
    let (v1, v2) = (maker.read("v1-all.pgp"), maker.read("v2-rsa.pgp"));
    maker.zip(
        "mixed.zip",
        &[("a/call.log.pgp", &v1), ("b/call.log.pgp", &v2)],
        "-0",
    );
    maker.entry(Entry {
        file: "mixed.zip",
        shows: "messages of both versions in an archive by stock zip",
        keys: &["rsa.key"],
        members: &[("a/call.log", text), ("b/call.log", text)],
        ..ENTRY
    });
    let (zlib, armored) = (maker.read("gpg-zlib.pgp"), maker.read("gpg-armored.asc"));
    maker.zip(
        "stock.zip",
        &[("a/call.log.gpg", &zlib), ("call.log.asc", &armored)],
        "-9",
    );
    maker.entry(Entry {
        file: "stock.zip",
        shows: "messages by GnuPG in a compressed archive by stock zip",
        keys: &["gpg-rsa.key"],
        members: &[("a/call.log", text), ("call.log", text)],
        ..ENTRY
    });
}
