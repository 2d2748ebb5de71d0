//! A second message after the first is never lost silently.

use crate::archive_support::{Member, zip};
use crate::support::{CALL, Scene, content};

const SECOND: &str = "a second message follows the first";

/// Returns messages of two calls in each form and in every order: their names
/// and bytes.
fn pairs(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    scene.rsa_pair("a");
    let forms = [
        "--format rfc4880",
        "--format rfc9580",
        "--format cms",
        "--format cms-gcm",
        "--format rfc4880 --armor",
        "--format rfc9580 --armor",
        "--format cms --armor",
        "--format cms-gcm --armor",
    ];
    let sealed = |call: &[u8]| {
        scene.write("m.txt", call);
        forms.map(|form| {
            scene.ok(&format!("seal -f -q -r a.crt {form} m.txt -o sealed"));
            (form, scene.read("sealed"))
        })
    };
    let (first, second) = (sealed(CALL), sealed(b"the second call"));
    let mut pairs = Vec::new();
    for (one, first) in &first {
        for (two, second) in &second {
            let what = format!("{one}, then {two}");
            pairs.push((what, [&first[..], second].concat()));
        }
    }
    pairs
}

/// Checks that everything that reads the message refuses it, and that nothing
/// is left of it.
#[track_caller]
fn is_refused(scene: &Scene, message: &[u8], says: &str) {
    scene.write("m.pgp", message);
    let archive = zip([Member::new("m.txt.pgp", message)]);
    scene.write("m.zip", archive.bytes());
    for line in [
        "open m.pgp -k a.key -o out",
        "extract m.zip -k a.key -C out",
        "convert m.zip -k a.key -r a.crt -o out",
    ] {
        scene.line(line).exits(5).complains_with_hint(&["m.", says]);
        assert!(!scene.exists("out"), "{line}");
    }
    scene.line("cat m.zip m.txt -k a.key").exits(5).says(says);
    scene.line("open m.pgp -k a.key -o -").exits(5).says(says);
    scene
        .line("open -k a.key")
        .stdin(message)
        .exits(5)
        .says(says);
}

#[test]
fn every_form_of_second_message_is_refused_everywhere() {
    let scene = Scene::new();
    for (_, message) in pairs(&scene) {
        is_refused(&scene, &message, SECOND);
    }
}

#[test]
fn a_message_appended_to_another_as_base64_is_refused() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    // One of each length that base64 pads differently.
    for length in 0..3 {
        scene.write("m.txt", content(100 + length));
        scene.ok("seal -f -q -r a.crt --armor=base64 m.txt -o sealed");
        let text = scene.text("sealed");
        is_refused(&scene, format!("{text}{text}").as_bytes(), SECOND);
        let windows = format!("{text}{text}").replace('\n', "\r\n");
        is_refused(&scene, windows.as_bytes(), SECOND);
        scene.ok("seal -f -q -r a.crt --armor m.txt -o armored");
        let armored = scene.text("armored");
        is_refused(&scene, format!("{armored}{text}").as_bytes(), SECOND);
        is_refused(&scene, format!("{text}{armored}").as_bytes(), SECOND);
    }
}

#[test]
fn a_message_appended_by_windows_powershell_as_utf_16_is_refused() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("m.txt", CALL);
    let sealed = |options: &str| {
        scene.ok(&format!("seal -f -q -r a.crt {options} m.txt -o sealed"));
        scene.text("sealed")
    };
    let utf_16 = |text: &str| -> Vec<u8> {
        let text = text.replace('\n', "\r\n");
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for options in ["--armor", "--armor=base64", "--format cms --armor"] {
        let (first, second) = (sealed("--armor"), sealed(options));
        let both = [first.into_bytes(), utf_16(&second)].concat();
        is_refused(&scene, &both, SECOND);
    }
}

#[test]
fn a_message_is_found_before_and_behind_another_whatever_hides_its_first_line() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    let sealed = |call: &str, options: &str| {
        scene.write("m.txt", call);
        scene.ok(&format!("seal -f -q -r a.crt {options} m.txt -o sealed"));
        scene.text("sealed")
    };
    let utf_16 = |text: &str, big: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        let mut octets = vec![0xFF, 0xFE];
        if big {
            octets.reverse();
            octets.extend(units.flat_map(u16::to_be_bytes));
        } else {
            octets.extend(units.flat_map(u16::to_le_bytes));
        }
        octets
    };
    let first = sealed("the first call", "--armor").into_bytes();
    for form in ["--armor", "--armor=base64", "--format cms --armor"] {
        let other = sealed("the other call", form);
        let sum = format!("{}  calls.b64\n{other}", "e3b0c44298fc1c14".repeat(4));
        for hidden in [
            utf_16(&other, false),
            utf_16(&other, true),
            [b"\x1A", other.as_bytes()].concat(),
            [b"\x0C", other.as_bytes()].concat(),
            sum.into_bytes(),
        ] {
            let before = [b"Please open both:\r\n", &hidden[..], b"\n", &first].concat();
            is_refused(&scene, &before, SECOND);
            let behind = [&first, &hidden[..]].concat();
            is_refused(&scene, &behind, SECOND);
        }
    }
}

#[test]
fn text_and_signatures_next_to_a_message_are_not_messages() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("m.txt", CALL);
    scene.ok("seal -q -r a.crt --armor m.txt -o sealed");
    scene.tool("openssl smime -sign -in m.txt -signer a.crt -inkey a.key -out signed.eml");
    let arabic: Vec<u8> = "0٪ ضريبة\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for text in [scene.read("signed.eml"), arabic] {
        scene.write("m.pgp", [scene.read("sealed"), text].concat());
        scene.ok("open -f m.pgp -k a.key -o out");
        assert_eq!(scene.read("out"), CALL);
    }
}

#[test]
fn text_between_two_messages_hides_neither_of_them() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("m.txt", CALL);
    let sealed = |options: &str| {
        scene.ok(&format!("seal -f -q -r a.crt {options} m.txt -o sealed"));
        scene.read("sealed")
    };
    let block = sealed("--armor");
    for other in [
        sealed("--armor=base64"),
        sealed("--armor=base64 --format cms"),
        sealed(""),
        sealed("--format rfc4880"),
        sealed("--format cms"),
    ] {
        for between in ["\nThe second call:\n\n", "\n> ", "\n\0"] {
            let message = [&block, between.as_bytes(), &other].concat();
            is_refused(&scene, &message, SECOND);
        }
        // Far after it.
        let between = "words and words\n".repeat(20_000);
        is_refused(
            &scene,
            &[&block, between.as_bytes(), &other].concat(),
            SECOND,
        );
    }
    let base64 = sealed("--armor=base64");
    let first = [
        b"The first call:\n\n",
        &*base64,
        b"\nThe second:\n\n",
        &block,
    ]
    .concat();
    is_refused(&scene, &first, SECOND);
    is_refused(&scene, &[b"\0", &*block, &block].concat(), SECOND);
}

#[test]
fn held_back_data_is_not_released_if_a_second_message_follows() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    // Longer than the part that is read first.
    scene.write("m.txt", content(300_000));
    for form in ["rfc4880", "cms", "cms-gcm", "rfc9580"] {
        scene.ok(&format!(
            "seal -f -q -r a.crt --format {form} --armor --compress none m.txt -o sealed"
        ));
        let text = scene.text("sealed");
        for behind in [
            text.clone(),
            format!("\r\n-- \r\nRegards\r\n\r\n{text}"),
            format!("{}\n{text}", "words - and dashes\n".repeat(5000)),
        ] {
            let message = format!("{text}{behind}");
            is_refused(&scene, message.as_bytes(), SECOND);
            let opened = scene.line("open m.pgp -k a.key -o -").exits(5);
            if form != "rfc9580" {
                assert!(opened.output.stdout.is_empty(), "{form}");
            }
        }
    }
}

#[test]
fn listings_report_a_second_message_in_a_small_file() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("m.txt", CALL);
    scene.ok("seal -q -r a.crt --armor m.txt -o m.asc");
    let text = scene.text("m.asc");
    scene.write("m.asc", format!("{text}{text}"));
    let archive = zip([Member::new("m.asc", &scene.read("m.asc"))]);
    scene.write("m.zip", archive.bytes());
    for line in [
        "inspect m.asc",
        "inspect m.zip",
        "list m.zip",
        "keys -k a.key --archive m.zip",
    ] {
        scene.line(line).exits(5).complains_with_hint(&[SECOND]);
    }
}

#[test]
fn the_hint_splits_text_into_its_messages() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    for (number, call) in ["the first", "the second"].into_iter().enumerate() {
        scene.write("call", call);
        scene.ok(&format!("seal -q -r a.crt --armor call -o {number}.asc"));
    }
    scene.concatenate(&["0.asc", "1.asc"], "both.asc");
    let hint = "csplit -z FILE '/^-----BEGIN /' '{*}'";
    scene
        .line("open both.asc -k a.key -o -")
        .exits(5)
        .says(hint);
    scene.bash(&hint.replace("FILE", "both.asc")).exits(0);
    for (part, call) in [("xx00", "the first"), ("xx01", "the second")] {
        scene.ok(&format!("open {part} -k a.key -o -")).prints(call);
    }
}

#[test]
fn other_text_after_a_message_is_ignored() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("m.txt", CALL);
    for form in ["rfc9580", "cms"] {
        scene.ok(&format!(
            "seal -f -q -r a.crt --armor --format {form} m.txt -o sealed"
        ));
        let text = scene.text("sealed");
        let certificate = scene.text("a.crt");
        for behind in [
            "-- \nKind regards - Käufer & Söhne\n",
            "\r\n_______\r\nlist mailing list\r\n",
            &certificate,
            "-----BEGIN PGP SIGNATURE-----\n\nwsBc\n-----END PGP SIGNATURE-----\n",
        ] {
            scene.write("m.asc", format!("{text}{behind}"));
            let opened = scene.ok("open m.asc -k a.key -o -");
            assert!(opened.output.stdout == CALL, "{behind}");
        }
    }
}
