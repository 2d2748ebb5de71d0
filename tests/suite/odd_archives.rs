//! Archives as other programs write them, with harmless oddities.

use crate::archive_support::{Member, extra, zip};
use crate::support::{Scene, content};

/// Makes `calls/a.txt` and `calls/b.wav`, and a message of each next to it, in
/// `in/calls`.
fn scene() -> Scene {
    let scene = Scene::with_parties();
    scene.write("calls/a.txt", "a call\n");
    scene.write("calls/b.wav", content(70_000));
    for name in ["a.txt", "b.wav"] {
        let sealed = format!("in/calls/{name}.pgp");
        scene.write(&sealed, "");
        scene.ok(&format!(
            "seal -q -f -r customer.crt calls/{name} -o {sealed}"
        ));
    }
    scene
}

#[track_caller]
fn extracts(scene: &Scene, archive: &str) -> String {
    let shown = scene
        .ok(&format!("extract {archive} -k customer.key -C out"))
        .stderr();
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/a.txt", "calls/b.wav"],
        "{shown}"
    );
    assert_eq!(scene.text("out/calls/a.txt"), "a call\n");
    assert!(scene.read("out/calls/b.wav") == content(70_000));
    std::fs::remove_dir_all(scene.path("out")).unwrap();
    shown
}

/// Writes an archive of the messages with Python: `name` makes a member's name
/// of its path.
fn by_python(scene: &Scene, archive: &str, system: u8, name: &str, force_zip64: bool) {
    let program = format!(
        r#"
import os, zipfile
with zipfile.ZipFile("{archive}", "w") as out:
    for path in ["calls/a.txt.pgp", "calls/b.wav.pgp"]:
        info = zipfile.ZipInfo(path)
        info.filename = {name}
        info.create_system = {system}
        with out.open(info, "w", force_zip64={}) as member:
            member.write(open("in/" + path, "rb").read())
"#,
        if force_zip64 { "True" } else { "False" }
    );
    scene.python(&program, &[]);
}

#[test]
fn backslashes_are_separators_in_an_archive_by_windows() {
    let scene = scene();
    by_python(
        &scene,
        "windows.zip",
        0,
        r#"path.replace("/", "\\")"#,
        false,
    );
    assert!(extracts(&scene, "windows.zip").contains("2 members with names that have backslashes"));
    let listed = scene.ok("list --json windows.zip").json();
    assert_eq!(listed["members"][0]["name"], "calls/a.txt");
    assert_eq!(listed["members"][0]["stored_name"], "calls\\a.txt.pgp");
    scene
        .ok("cat windows.zip calls/a.txt -k customer.key")
        .prints("a call\n");
    // On Unix, a name may have a backslash.
    by_python(&scene, "unix.zip", 3, r#"path.replace("/", "\\")"#, false);
    scene
        .line("extract unix.zip -k customer.key -C out")
        .exits(5)
        .complains(&["unsafe name", "backslash"]);
}

#[test]
fn a_backslash_leads_out_of_the_target_no_more_than_a_slash() {
    let scene = scene();
    by_python(
        &scene,
        "evil.zip",
        0,
        r#""..\\..\\" + path.replace("/", "")"#,
        false,
    );
    scene
        .line("extract evil.zip -k customer.key -C in/out")
        .exits(5)
        .complains(&["unsafe name"]);
    assert!(!scene.exists("in/out"));
}

#[test]
fn a_dot_and_a_slash_in_front_are_dropped() {
    let scene = scene();
    by_python(&scene, "dots.zip", 3, r#""./" + path"#, false);
    assert!(extracts(&scene, "dots.zip").contains("2 members with names that begin with ./"));
}

#[test]
fn zip64_fields_that_repeat_the_header_are_no_fault() {
    let scene = scene();
    by_python(&scene, "zip64.zip", 3, "path", true);
    extracts(&scene, "zip64.zip");
}

#[test]
fn what_a_program_pads_is_passed_over() {
    let scene = scene();
    scene
        .bash("cd in && bsdtar -cf - --format zip --options zip:compression=store calls | cat > ../padded.zip")
        .exits(0);
    extracts(&scene, "padded.zip");
    scene
        .bash("cd in && zip -q -0 -r ../plain.zip calls")
        .exits(0);
    let plain = scene.read("plain.zip");
    for padding in [&b"\n"[..], b"\r\n", b"\n\n", b"\0", &[0; 9000]] {
        scene.write("padded.zip", [&plain[..], padding].concat());
        let said = extracts(&scene, "padded.zip");
        assert!(said.contains("passed over zeros or line ends"), "{said}");
    }
    for other in [&b"x"[..], b"\n\0", b" \n", b"PK"] {
        scene.write("longer.zip", [&plain[..], other].concat());
        scene
            .line("extract longer.zip -k customer.key -C out")
            .exits(5)
            .complains_with_hint(&["longer.zip", "something was appended"]);
    }
}

#[test]
fn a_part_of_a_split_archive_is_named_with_the_command_that_joins_it() {
    let scene = scene();
    // Info-ZIP's zip can't join what fills more than two parts.
    let script = "cd in && for i in 1 2 3; do head -c 40000 /dev/urandom > $i.pgp; done \
                  && zip -q -0 -s 64k -r ../split.zip calls ?.pgp";
    scene.bash(script).exits(0);
    for part in ["split.zip", "split.z01"] {
        scene
            .line(&format!("list {part}"))
            .exits(5)
            .complains_with_hint(&[part, "a part of a split archive"])
            .says("zip -s 0");
    }
    scene.tool("zip -q -s 0 split.zip --out whole.zip");
    scene.ok("list whole.zip *.wav *.txt");
}

#[test]
fn a_name_in_code_page_437_is_read_as_such() {
    let scene = scene();
    let message = scene.read("in/calls/a.txt.pgp");
    let member = || {
        Member::new("", &message).with_both(|header| header.name = b"calls/caf\x82.pgp".to_vec())
    };
    scene.write("dos.zip", zip([member()]).bytes());
    scene
        .ok("extract dos.zip -k customer.key -C out --accept-renamed")
        .says("1 member with names that are in code page 437");
    assert_eq!(scene.tree("out"), ["calls/", "calls/café"]);
    std::fs::remove_dir_all(scene.path("out")).unwrap();

    // Info-ZIP adds the name in Unicode.
    let crc = crc32fast::hash(b"calls/caf\x82.pgp").to_le_bytes();
    let with_path = |path: &str| {
        let record = [&[1][..], &crc, path.as_bytes()].concat();
        member().with_both(|header| header.extra = extra(0x7075, &record))
    };
    scene.write("unicode.zip", zip([with_path("calls/cafë.pgp")]).bytes());
    scene
        .ok("extract unicode.zip -k customer.key -C out --accept-renamed")
        .says("read by their Unicode form");
    assert_eq!(scene.tree("out"), ["calls/", "calls/cafë"]);
    // Another name altogether would be another member to another reader.
    scene.write("two.zip", zip([with_path("calls/other.pgp")]).bytes());
    scene
        .line("extract two.zip -k customer.key -C out")
        .exits(5);
}

/// Adds files to an archive that nobody sealed.
fn with_other_files() -> Scene {
    let scene = scene();
    scene.write("in/metadata.json", "{}");
    scene.write("in/calls/Thumbs.db", "thumbs");
    scene.write("in/__MACOSX/calls/._a.txt.pgp", b"\x00\x05\x16\x07side");
    scene.write("in/calls/.DS_Store", "\0\0\0\x01Bud1");
    scene.bash("cd in && zip -q -0 -r ../mixed.zip .").exits(0);
    scene
}

#[test]
fn files_that_were_never_sealed_are_shown_and_passed_over() {
    let scene = with_other_files();
    let listed = scene.ok("list mixed.zip");
    for name in ["metadata.json", "Thumbs.db", "._a.txt", ".DS_Store"] {
        let line = listed.stdout();
        let line = line.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.ends_with("(not sealed)"), "{line}");
    }
    let said = extracts(&scene, "mixed.zip");
    assert!(
        said.contains("passed over 4 files that were never sealed: "),
        "{said}"
    );
    let json = scene
        .ok("extract mixed.zip -k customer.key -C json --json")
        .json();
    assert_eq!(json["other_files"].as_array().unwrap().len(), 4, "{json}");
}

#[test]
fn what_was_never_sealed_may_begin_as_a_packet_does() {
    let scene = scene();
    for (name, content) in [
        ("photo.jpg", &b"\xFF\xD8\xFF\xE0\x00\x10JFIF"[..]),
        ("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("notes.txt", "Übersicht: Äpfel".as_bytes()),
        ("other.txt", "-----BEGIN CERTIFICATE-----".as_bytes()),
        ("zeros.bin", &[0; 100]),
        // In Latin-1 and in code page 1251.
        ("ecole.txt", b"\xC9cole: Tr\xE8s bien, merci beaucoup"),
        ("test.txt", b"\xD2\xE5\xF1\xF2 \xEF\xF0\xEE\xF8\xB8\xEB"),
        (
            "guide.md",
            b"It begins with `-----BEGIN PGP MESSAGE-----` and goes on.",
        ),
        (
            "note.eml",
            b"From: us\nContent-Type: text/plain\n\nThe calls are in the archive.\n",
        ),
    ] {
        scene.write(format!("in/{name}"), content);
    }
    // Random octets hold every short pattern.
    let mut pattern = 1_u32;
    for number in 0..20 {
        let octets = (0..100_000).map(|_| {
            pattern = pattern.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            pattern.to_be_bytes()[0]
        });
        let octets: Vec<u8> = octets.collect();
        scene.write(
            format!("in/{number}.jpg"),
            [b"\xFF\xD8\xFF", &*octets].concat(),
        );
    }
    scene.tool("openssl cms -sign -binary -in calls/a.txt -signer customer.crt -inkey customer.key -outform DER -out in/a.p7s");
    scene.tool(
        "openssl pkcs12 -export -inkey customer.key -in customer.crt -passout pass:x -out in/a.p12",
    );
    scene.bash("cd in && zip -q -0 -r ../mixed.zip .").exits(0);
    let said = extracts(&scene, "mixed.zip");
    assert!(said.contains("passed over 31 files"), "{said}");
    // One that begins as a message is a message, and damaged.
    scene.write("in/cut.wav", &scene.read("in/calls/a.txt.pgp")[..100]);
    scene.bash("cd in && zip -q -0 -r ../cut.zip .").exits(0);
    scene
        .line("extract cut.zip -k customer.key -C cut")
        .exits(6)
        .complains(&["cut.wav: it is truncated"]);
}

/// What is damaged, or of a kind that isn't supported, is no other file, though
/// its name has no ending of messages.
#[test]
fn what_is_left_of_a_message_is_not_passed_over() {
    let scene = scene();
    let octets = scene.read("in/calls/a.txt.pgp");
    scene.ok("seal -q -r customer.crt --armor calls/a.txt -o a.asc");
    let armored = scene.text("a.asc");
    scene.ok("seal -q -r customer.crt --format cms-gcm calls/a.txt -o a.p7m");
    let utf_16: Vec<u8> = armored.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let without_first_line = armored.split_once('\n').unwrap().1;
    for (name, content) in [
        ("first dash", armored.as_bytes()[1..].to_vec()),
        ("first line", without_first_line.into()),
        (
            "part",
            armored
                .replace("MESSAGE-----", "MESSAGE, PART 01/02-----")
                .into(),
        ),
        ("utf-16", utf_16),
        ("zeros", [&[0; 9][..], &octets].concat()),
        ("text", [b"see below\n", &*octets].concat()),
        ("trust packet", [&b"\xCC\x02ab"[..], &octets].concat()),
        ("version", b"\xD2\x05\x03abcd".to_vec()),
        ("key version", b"\xC1\x05\x02abcd".to_vec()),
        ("cms", {
            let mut cms = scene.read("a.p7m");
            cms[..3].fill(0);
            cms
        }),
        ("passphrase", b"\xC3\x05\x07abcd".to_vec()),
    ] {
        scene.write("in/call.bin", content);
        scene.tool("rm -f cut.zip");
        scene.bash("cd in && zip -q -0 -r ../cut.zip .").exits(0);
        let outcome = scene
            .line("extract -f cut.zip -k customer.key -C cut")
            .outcome();
        assert_eq!(outcome.status(), Some(6), "{name}\n{outcome}");
        assert!(
            outcome.stderr().contains("error: call.bin: "),
            "{name}\n{outcome}"
        );
    }
}

#[test]
fn a_damaged_file_is_not_called_one_that_was_never_sealed() {
    let scene = scene();
    scene.write("in/call.bin", content(200_000));
    scene.write(
        "in/__MACOSX/calls/a.wav.pgp",
        scene.read("in/calls/a.txt.pgp"),
    );
    scene.bash("cd in && zip -q -0 -r ../mixed.zip .").exits(0);
    scene.ok("extract mixed.zip -k customer.key -C whole --accept-renamed");
    let archive = scene.read("mixed.zip");
    let at = |start: &[u8]| {
        let mut windows = archive.windows(start.len());
        windows.position(|window| window == start).unwrap()
    };
    let sealed = scene.read("in/calls/a.txt.pgp");
    for (at, name) in [
        (at(&content(200_000)[..64]) + 150_000, "call.bin"),
        (at(b"__MACOSX/calls/a.wav.pgp"), "a.wav"),
    ] {
        let mut damaged = archive.clone();
        let at = match name {
            "a.wav" => {
                let rest = &archive[at..];
                let mut windows = rest.windows(20);
                at + windows.position(|window| window == &sealed[..20]).unwrap()
            }
            _ => at,
        };
        damaged[at] ^= 1;
        scene.write("damaged.zip", damaged);
        let outcome = scene
            .line("extract -f damaged.zip -k customer.key -C out --accept-renamed")
            .exits(6);
        assert!(outcome.stderr().contains(name), "{outcome}");
    }
}

#[test]
fn a_file_that_is_named_is_not_passed_over() {
    let scene = with_other_files();
    for line in [
        "extract mixed.zip calls/a.txt metadata.json -k customer.key -C out",
        "cat mixed.zip calls/a.txt metadata.json -k customer.key",
    ] {
        let outcome = scene.line(line).outcome();
        assert!(matches!(outcome.status(), Some(5 | 6)), "{outcome}");
        assert!(
            outcome.stderr().contains("error: metadata.json: "),
            "{outcome}"
        );
    }
}

#[test]
fn what_was_never_sealed_does_not_stand_in_the_way_of_a_member() {
    let scene = scene();
    scene.write("in/calls/a.txt", "the same name, in the clear");
    scene.bash("cd in && zip -q -0 -r ../both.zip .").exits(0);
    let said = extracts(&scene, "both.zip");
    assert!(said.contains("passed over 1 file"), "{said}");
    scene
        .ok("cat both.zip calls/a.txt -k customer.key")
        .prints("a call\n")
        .says("passed over 1 file that was never sealed: calls/a.txt");
    let converted = scene
        .ok("convert both.zip -k customer.key -r customer.crt -o new.zip --json")
        .says("passed over 1 file");
    assert_eq!(converted.json()["other_files"][0], "calls/a.txt");
    scene
        .ok("list both.zip")
        .prints("2 members for 1 recipient, 1 other file, no index\n");
    scene
        .line("extract both.zip --plain -k customer.key -C plain")
        .exits(6)
        .complains(&["calls/a.txt"]);
}

#[test]
fn files_that_were_never_sealed_are_extracted_on_demand() {
    let scene = with_other_files();
    scene
        .ok("extract mixed.zip --plain --exclude __MACOSX -k customer.key -C out")
        .says("extracted 3 files that were never sealed");
    assert_eq!(scene.text("out/metadata.json"), "{}");
    assert_eq!(scene.text("out/calls/Thumbs.db"), "thumbs");
    assert!(!scene.exists("out/__MACOSX"));
}

#[test]
fn a_damaged_message_is_not_taken_for_another_file() {
    let scene = scene();
    scene.write("in/calls/c.wav.pgp", "damaged");
    scene.bash("cd in && zip -q -0 -r ../mixed.zip .").exits(0);
    scene
        .line("extract mixed.zip -k customer.key -C out")
        .exits(6)
        .complains(&["calls/c.wav: it is neither an OpenPGP nor a CMS message"]);
}

#[test]
fn an_archive_in_which_nothing_is_sealed_is_an_error() {
    let scene = Scene::with_parties();
    scene.write("in/readme.txt", "hello");
    scene.bash("cd in && zip -q -0 -r ../plain.zip .").exits(0);
    for line in ["extract plain.zip -k customer.key -C out", "list plain.zip"] {
        scene.line(line).exits(5).complains(&["readme.txt"]);
    }
}
