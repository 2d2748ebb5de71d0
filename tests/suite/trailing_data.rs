//! Data behind a message.

use crate::support::Scene;

const FORMATS: [&str; 4] = ["rfc4880", "rfc9580", "cms", "cms-gcm"];

/// Makes `call.txt` and a message of it in each format.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    scene.write("call.txt", "a call\n");
    for format in FORMATS {
        scene.ok(&format!(
            "seal -q --format {format} -r a.crt call.txt -o {format}"
        ));
    }
    scene
}

#[test]
fn white_space_and_zeros_behind_a_message_are_passed_over_with_a_notice() {
    let scene = scene();
    for format in FORMATS {
        for padding in [&b"\n"[..], b"\r\n \t", b"\0", &[0; 70_000]] {
            scene.write("padded.pgp", [&scene.read(format), padding].concat());
            for line in [
                "open padded.pgp -k a.key -o -",
                "open -f padded.pgp -k a.key -o opened",
            ] {
                scene
                    .ok(line)
                    .says("note: passed over white space or zeros behind 1 message\n");
            }
            assert_eq!(scene.text("opened"), "a call\n");
        }
    }
    scene.tool("zip -q padded.zip padded.pgp");
    let extracted = scene.ok("extract padded.zip -k a.key -C out");
    extracted.says("note: passed over white space or zeros behind 1 message\n");
}

#[test]
fn nothing_of_a_short_message_is_published_if_something_else_follows_it() {
    let scene = scene();
    for format in FORMATS {
        for behind in [&b"x"[..], b"\n\0\nx", b"\0\x01"] {
            scene.write("longer.pgp", [&scene.read(format), behind].concat());
            let opened = scene.line("open longer.pgp -k a.key -o -").exits(5);
            let opened = opened.complains(&["longer.pgp", "something else follows the message"]);
            assert_eq!(opened.stdout(), "", "{format}");
        }
    }
}
