//! Archives of CMS messages: listed, extracted, and who can open them.

use crate::support::{ENVELOPED, P256, Scene};

fn genesys() -> Scene {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.key_pair("auditor", "rsa:2048");
    scene.genesys_archive("gir.crt auditor.crt");
    scene
}

fn serial(scene: &Scene, certificate: &str) -> String {
    let shown = scene.tool(&format!("openssl x509 -noout -serial -in {certificate}"));
    shown.stdout().trim().replace("serial=", "")
}

#[test]
fn an_archive_is_extracted_under_the_recordings_names_and_times() {
    let scene = genesys();
    scene
        .ok("extract GIR.zip -k gir.key -C opened")
        .says("extracted 2 files (29 B) to opened, not authenticated");
    assert_eq!(
        scene.tree("opened"),
        ["GIR/", "GIR/1001.wav", "GIR/1002.wav"]
    );
    for name in ["1001.wav", "1002.wav"] {
        assert_eq!(
            scene.read(format!("opened/GIR/{name}")),
            scene.read(format!("said/{name}"))
        );
    }
    scene
        .tool("stat -c %Y opened/GIR/1001.wav")
        .prints("1551522030");
}

#[test]
fn every_recipient_opens_it() {
    let scene = genesys();
    for key in ["gir.key", "auditor.key"] {
        scene
            .ok(&format!("cat GIR.zip GIR/1001.wav -k {key}"))
            .prints("RIFF said first");
    }
}

#[test]
fn a_listing_shows_the_recipients_by_issuer_and_serial_number() {
    let scene = genesys();
    let listed = scene.ok("list GIR.zip -k gir.key -r auditor.crt");
    for text in [
        format!("serial {} of gir", serial(&scene, "gir.crt")),
        "your key: gir.key".to_owned(),
        format!("serial {} of auditor", serial(&scene, "auditor.crt")),
        "(auditor.crt)".to_owned(),
        "format cms, not authenticated, AES-256 with CBC".to_owned(),
    ] {
        assert!(listed.stdout().contains(&text), "{text}\n{listed}");
    }
}

#[test]
fn a_listing_as_json_says_the_same() {
    let scene = genesys();
    let listed = scene.ok("list --json GIR.zip -k gir.key").json();
    let sealed = &listed["sealed"][0];
    assert_eq!(sealed["format"], "cms");
    assert_eq!(sealed["authenticated"], false);
    assert_eq!(sealed["cipher"], "AES-256 with CBC");
    let recipient = &sealed["recipients"][0];
    let gir = sealed["recipients"].as_array().unwrap();
    let gir = gir.iter().find(|r| r["key"] == "gir.key").unwrap();
    assert_eq!(gir["issuer"], "gir");
    assert_eq!(gir["serial"], serial(&scene, "gir.crt"));
    assert!(recipient.get("fingerprint").is_none());
}

#[test]
fn unauthenticated_content_is_marked_in_all_output() {
    let scene = genesys();
    scene
        .ok("cat GIR.zip GIR/1001.wav -k gir.key")
        .says("warning: GIR/1001.wav: not authenticated: this CMS message may have been changed\n");
    let extracted = scene
        .ok("extract --json GIR.zip -k gir.key -C opened")
        .json();
    assert_eq!(
        extracted["not_authenticated"],
        serde_json::json!(["GIR/1001.wav", "GIR/1002.wav"])
    );
    scene
        .ok("open GIR/1001.wav.p7m -k gir.key -o 1001.wav")
        .says("not authenticated");
    let opened = scene.ok("open --json -f GIR/1001.wav.p7m -k gir.key -o 1001.wav");
    assert_eq!(opened.json()["authenticated"], false);
    scene
        .ok("inspect GIR/1001.wav.p7m")
        .prints("format cms, not authenticated, AES-256 with CBC");
    assert_eq!(scene.inspect("GIR/1001.wav.p7m")["authenticated"], false);
}

#[test]
fn authenticated_content_is_not_marked() {
    let scene = genesys();
    scene.cms_encrypt(
        "said/1001.wav",
        "1001.wav.p7m",
        "-aes-256-gcm -outform DER gir.crt",
    );
    scene.tool("zip -q gcm.zip 1001.wav.p7m");
    let extracted = scene.ok("extract gcm.zip -k gir.key -C opened");
    assert!(!extracted.stderr().contains("authenticated"), "{extracted}");
    let listed = scene.ok("list gcm.zip");
    assert!(!listed.stdout().contains("authenticated"), "{listed}");
    listed.prints("format cms-gcm, AES-256 with GCM");
    assert_eq!(scene.inspect("1001.wav.p7m")["authenticated"], true);
}

#[test]
fn an_archive_of_both_kinds_of_message_is_extracted_whole() {
    let scene = genesys();
    scene.write("note.txt", "of our own");
    scene.ok("seal -r gir.crt note.txt");
    scene.tool("zip -q GIR.zip note.txt.pgp");
    scene
        .ok("extract GIR.zip -k gir.key -C opened")
        .says("extracted 3 files (39 B) to opened, 2 of them not authenticated");
    assert_eq!(scene.text("opened/note.txt"), "of our own");
    scene
        .ok("list GIR.zip")
        .prints("2 members open, each with any one of these keys")
        .prints("1 member opens with any one of these keys");
}

#[test]
fn members_lose_the_endings_of_messages() {
    let scene = genesys();
    scene.write("in.txt", "x");
    for ending in ["p7m", "p7", "cms", "der", "P7M"] {
        scene.cms_encrypt(
            "in.txt",
            &format!("{ending}.txt.{ending}"),
            &format!("{ENVELOPED} gir.crt"),
        );
    }
    scene.bash("zip -q endings.zip *.txt.*").exits(0);
    scene.ok("extract endings.zip -k gir.key -C opened");
    assert_eq!(
        scene.tree("opened"),
        ["P7M.txt", "cms.txt", "der.txt", "p7.txt", "p7m.txt"]
    );
    scene.ok("open p7m.txt.p7m -k gir.key");
    assert_eq!(scene.text("p7m.txt"), "x");
}

#[test]
fn a_signed_but_unencrypted_message_is_named_as_such() {
    let scene = genesys();
    scene.tool("openssl cms -sign -binary -nodetach -in said/1001.wav -signer gir.crt -inkey gir.key -outform DER -out signed.p7m");
    scene
        .line("open signed.p7m -k gir.key")
        .exits(4)
        .complains_with_hint(&["signed.p7m: it is signed CMS data, not a sealed message"])
        .says("openssl cms -verify");
}

#[test]
fn callseal_extracts_what_it_packs_in_either_format() {
    let scene = Scene::new();
    scene.key_pair("rsa", "rsa:2048");
    scene.key_pair("ec", P256);
    scene.write("calls/a.wav", "RIFF said");
    scene.write("calls/empty", "");
    for (format, recipients, key, mark) in [
        ("cms", "-r rsa.crt", "rsa.key", ", not authenticated"),
        ("cms-gcm", "-r rsa.crt -r ec.crt", "rsa.key", ""),
        ("cms-gcm", "-r rsa.crt -r ec.crt", "ec.key", ""),
    ] {
        scene.ok(&format!(
            "pack -f -o calls.zip --format {format} {recipients} calls"
        ));
        let extracted = scene.ok(&format!("extract -f calls.zip -k {key} -C opened"));
        let summary = format!("extracted 2 files (9 B) to opened{mark}\n");
        assert_eq!(extracted.stderr(), summary, "{format}");
        scene.tool("diff -r calls opened/calls");
    }
}

#[test]
fn pem_and_indefinite_lengths_are_recognised_by_their_content() {
    let scene = genesys();
    for (name, arguments) in [
        ("der", "-aes256 -outform DER"),
        ("ber", "-aes256 -stream -outform DER"),
        ("pem", "-aes256 -outform PEM"),
    ] {
        scene.write(format!("{name}/call.p7m"), "");
        scene.cms_encrypt(
            "said/1001.wav",
            &format!("{name}/call.p7m"),
            &format!("{arguments} gir.crt"),
        );
        scene
            .ok(&format!("open {name}/call.p7m -k gir.key -o -"))
            .prints("RIFF said first");
        assert_eq!(scene.inspect(&format!("{name}/call.p7m"))["format"], "cms");
    }
    scene.bash("zip -q forms.zip */call.p7m").exits(0);
    scene.ok("extract forms.zip -k gir.key -C opened");
    for name in ["der", "ber", "pem"] {
        assert_eq!(scene.text(format!("opened/{name}/call")), "RIFF said first");
    }
}

#[test]
fn damage_to_a_stored_member_is_detected_in_every_form_of_message() {
    let scene = genesys();
    // Longer than what is read before the message begins.
    scene.write("long.txt", "what was said, and answered. ".repeat(10_000));
    for (name, form) in [("der.p7m", "DER"), ("pem.p7m", "PEM")] {
        scene.cms_encrypt(
            "long.txt",
            name,
            &format!("-aes256 -outform {form} gir.crt"),
        );
        let archive = format!("{form}.zip");
        // In the middle of the content, whose padding stays as it is.
        let at = scene.read(name).len() / 2;
        if form == "PEM" {
            // Text after a block is ignored, but the checksum covers it.
            let text = scene.text(name) + &"as it was mailed\n".repeat(20_000);
            scene.write(name, text);
        }
        scene.tool(&format!("zip -q -0 {archive} {name}"));
        let mut bytes = scene.read(&archive);
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        scene.write(&archive, bytes);
        scene
            .line(&format!("extract {archive} -k gir.key -C opened"))
            .exits(5)
            .complains(&["altered or damaged in the archive"]);
        assert_eq!(scene.tree("opened"), [""; 0]);
    }
}

#[test]
fn in_a_mixed_archive_the_members_are_marked_one_by_one() {
    let scene = genesys();
    scene.write("note.txt", "of our own");
    scene.ok("seal -r gir.crt note.txt");
    scene.tool("zip -q GIR.zip note.txt.pgp");
    let listed = scene.ok("list GIR.zip").stdout();
    let line = |name: &str| listed.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("GIR/1001.wav").ends_with("(not authenticated)"));
    assert!(line("note.txt").ends_with("note.txt"));
}

#[test]
fn a_message_for_a_shared_key_or_a_passphrase_alone_is_named_as_such() {
    let scene = genesys();
    let key = "-secretkey 000102030405060708090A0B0C0D0E0F -secretkeyid C0FFEE";
    scene.cms_encrypt("said/1001.wav", "shared.p7m", &format!("{ENVELOPED} {key}"));
    scene
        .line("open shared.p7m -k gir.key")
        .exits(4)
        .complains(&["shared.p7m", "a key that both sides share"]);
    scene.cms_encrypt(
        "said/1001.wav",
        "word.p7m",
        &format!("{ENVELOPED} -pwri_password word"),
    );
    scene
        .line("open word.p7m -k gir.key")
        .exits(4)
        .complains_with_hint(&["word.p7m", "a passphrase, which is not supported"]);
    scene
        .ok("inspect word.p7m")
        .prints("sealed with a passphrase\n");
}

#[test]
fn an_issuer_with_a_name_of_many_kilobytes_is_malformed() {
    let scene = Scene::new();
    scene.write("in.txt", "x");
    let long = "x".repeat(64);
    let name: String = (0..80).map(|_| format!("/OU={long}")).collect();
    scene
        .program(
            "openssl",
            [
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "a.key",
                "-out",
                "a.crt",
                "-subj",
                &format!("/CN=a{name}"),
            ],
        )
        .exits(0);
    scene.cms_encrypt("in.txt", "in.p7m", &format!("{ENVELOPED} a.crt"));
    scene
        .line("inspect in.p7m")
        .exits(5)
        .complains(&["in.p7m", "a recipient can't be decoded"]);
}
