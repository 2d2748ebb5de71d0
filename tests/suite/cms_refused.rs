//! What can't be sealed as a CMS message is refused, and what is sealed has the
//! length that was announced.

use std::time::{SystemTime, UNIX_EPOCH};

use callseal::keys::{Party, Recipients, Requirements};
use callseal::message::{Format, SealError, SealOptions, SealPlan, SealedFile};

use crate::support::{CALL, Scene, content};

fn plan(scene: &Scene, certificates: &[&str], format: impl Into<Option<Format>>) -> SealPlan {
    let parties: Vec<Party> = certificates
        .iter()
        .map(|name| Party::with_certificate(scene.path(name)))
        .collect();
    let requirements = Requirements::listed(SystemTime::now());
    let recipients = Recipients::load(&parties, &requirements).unwrap();
    SealPlan::new(
        recipients,
        SealOptions {
            format: format.into(),
            ..SealOptions::default()
        },
    )
    .unwrap()
}

fn file(length: Option<u64>) -> SealedFile<'static> {
    SealedFile {
        name: "call.wav",
        modified: UNIX_EPOCH,
        length,
    }
}

#[test]
fn recipients_that_cannot_read_the_format_are_refused_and_nothing_is_written() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("e", "P-256");
    scene.rsa_pair("gone");
    scene.expired_certificate("gone");
    scene.rsa_pair("other");
    scene.tool("openssl pkey -in other.key -pubout -out bare.pem");
    scene.ok("keygen --openpgp --name pgp --no-passphrase");
    scene.write("call.wav", CALL);
    let refused = |recipients: &str, format: &str, words: &[&str]| {
        let before = scene.tree("");
        let line = format!("seal --format {format} {recipients} call.wav");
        let outcome = scene.line(&line).exits(3).complains_with_hint(words);
        assert_eq!(scene.tree(""), before, "{line}");
        outcome
    };
    refused(
        "-r a.crt -r e.crt",
        "cms",
        &["e.crt: “e” has an ECDH", "works only with RSA keys"],
    )
    .says("hint: `--format cms-gcm` takes EC certificates too");
    for format in ["cms", "cms-gcm"] {
        let words = ["bare.pem: “bare.pem” has no X.509 certificate", format];
        refused("-r e.crt -r bare.pem", "cms-gcm", &words[..1]);
        refused("-r bare.pem -r a.crt", format, &words)
            .says("hint: use its owner's X.509 certificate");
        refused(
            "-r a.crt -r pgp.asc",
            format,
            &["pgp.asc", "has no X.509 certificate"],
        );
        refused(
            "-r a.crt -r gone.crt",
            format,
            &["gone.crt: “gone” expired"],
        );
    }
}

#[test]
fn options_that_the_format_does_not_support_are_usage_errors() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("call.wav", vec![b'a'; 100_000]);
    for format in ["cms", "cms-gcm"] {
        let line = |options: &str| {
            scene.line(&format!(
                "seal --format {format} -r a.crt {options} call.wav"
            ))
        };
        line("--compress deflate")
            .exits(2)
            .complains_with_hint(&[&format!("{format} messages can't be compressed")]);
        line("--hidden-recipients")
            .exits(2)
            .complains_with_hint(&[&format!("{format} messages name all their recipients")]);
        assert!(!scene.exists("call.wav.p7m"));
        for compress in ["auto", "none"] {
            line(&format!("-f --compress {compress}")).exits(0);
            assert!(scene.read("call.wav.p7m").len() > 100_000);
        }
        std::fs::remove_file(scene.path("call.wav.p7m")).unwrap();
    }
}

#[test]
fn the_config_can_set_the_format() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ec_pair("e", "P-256");
    scene.write("call.wav", CALL);
    let config = |first: &str, certificate: &str| {
        let text = format!("{first}\n[profiles.acme]\nrecipients = ['{certificate}']\n");
        scene.write("callseal.toml", text);
    };
    config("format = 'cms'", "a.crt");
    let sealed = scene
        .ok("seal --config callseal.toml --json call.wav")
        .json();
    assert_eq!(sealed["format"], "cms");
    scene.smime("call.wav.p7m", "a").outcome().yields(CALL);
    scene.ok("check --config callseal.toml");

    config("format = 'cms'", "e.crt");
    let refused = scene.line("check --config callseal.toml").exits(3);
    refused.complains_with_hint(&["profile acme: e.crt: “e” has an ECDH"]);
    config("format = 'cms-gcm'\ncompress = 'deflate'", "e.crt");
    for line in [
        "check --config callseal.toml",
        "seal -f --config callseal.toml call.wav",
    ] {
        let refused = scene.line(line).exits(2);
        refused.complains_with_hint(&["cms-gcm messages can't be compressed"]);
    }
    scene.ok("seal -f --config callseal.toml --compress none call.wav");
    scene.cms("call.wav.p7m", "e").outcome().yields(CALL);
}

#[test]
fn a_file_of_another_length_than_announced_is_not_sealed() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    for (format, size) in [
        (Some(Format::Cms), 1000),
        (Some(Format::CmsGcm), 1000),
        (Some(Format::Cms), 600_000),
        (Some(Format::CmsGcm), 524_288),
        (None, 1000),
    ] {
        let plan = plan(&scene, &["a.crt"], format);
        let content = content(size);
        for said in [size - 1, size + 1, 0, 2 * size] {
            let mut sink = Vec::new();
            let mut sealer = plan.sealer();
            let sealed = sealer.seal(&mut &*content, &file(Some(said as u64)), &mut sink);
            assert!(
                matches!(sealed, Err(SealError::OtherLength)),
                "{format:?}, {size}, {said}: {sealed:?}"
            );
            // The output so far doesn't open if it is CMS, where the length
            // comes first. In OpenPGP it may be a whole message: only the error
            // keeps it from being published.
            if format.is_none() {
                continue;
            }
            scene.write("call.p7m", sink);
            scene.cms("call.p7m", "a").outcome().fails();
            let opened = scene.line("open call.p7m -k a.key -o opened").outcome();
            assert_eq!(
                opened.status(),
                Some(5),
                "{format:?}, {size}, {said}\n{opened}"
            );
            assert!(!scene.exists("opened"), "{format:?}, {size}, {said}");
        }
    }
}

#[test]
fn a_file_that_is_too_long_for_the_cipher_is_refused_at_once() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    let most = (1 << 36) - 32;
    let plan = plan(&scene, &["a.crt"], Format::CmsGcm);
    let seal = |length: u64, sink: &mut Vec<u8>| {
        plan.sealer()
            .seal(&mut std::io::empty(), &file(Some(length)), sink)
    };
    let mut sink = Vec::new();
    match seal(most + 1, &mut sink) {
        Err(SealError::TooLong { format, most: said }) => {
            assert_eq!((format, said), (Format::CmsGcm, most));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sink, b"");
    assert!(matches!(seal(most, &mut sink), Err(SealError::OtherLength)));
}

#[test]
fn no_message_is_larger_than_estimated() {
    let scene = Scene::new();
    let name = "x".repeat(60);
    let subject = format!("/C=DE/O={name}/OU={name}/CN={name}");
    for (file, key) in [("a", "rsa:3072"), ("b", "rsa:2048")] {
        let line =
            format!("req -x509 -newkey {key} -nodes -keyout {file}.key -out {file}.crt -subj");
        let line = line.split_whitespace().chain([&*subject]);
        scene.program("openssl", line).exits(0);
    }
    scene.ec_pair("e", "P-521");
    for (format, certificates) in [
        (Format::Cms, &["a.crt", "b.crt"][..]),
        (Format::CmsGcm, &["a.crt", "b.crt", "e.crt"]),
    ] {
        let plan = plan(&scene, certificates, format);
        for size in [0, 1, 65_536, 262_145, (8 << 20) + 1] {
            for length in [Some(size as u64), None] {
                let mut message = Vec::new();
                let sealed = plan
                    .sealer()
                    .seal(&mut &*content(size), &file(length), &mut message);
                assert_eq!(sealed.unwrap(), size as u64);
                assert!(message.len() as u64 <= plan.at_most(size as u64), "{size}");
            }
        }
    }
}
