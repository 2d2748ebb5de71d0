//! Messages as text: base64 and armor, on their own and in archives.

use crate::support::{CALL, Scene, content};

/// Makes a message to the customer as bytes, `call.pgp`, of a call that does
/// not compress.
fn sealed(call: &[u8]) -> Scene {
    let scene = Scene::with_parties();
    scene.write("call.wav", call);
    scene.ok("seal -r customer.crt --compress none call.wav -o call.pgp");
    scene
}

/// Checks that the text opens, from a file and from a pipe.
#[track_caller]
fn opens(scene: &Scene, text: impl AsRef<[u8]>, call: &[u8]) {
    scene.write("call.text", text);
    let opened = scene.ok("open -k customer.key call.text -o -");
    assert!(opened.output.stdout == call);
    let opened = scene
        .line("open -k customer.key")
        .stdin(scene.read("call.text"));
    assert!(opened.exits(0).output.stdout == call);
    assert_eq!(scene.inspect("call.text")["kind"], "message");
}

/// Checks that the text doesn't open, and leaves nothing.
#[track_caller]
fn is_refused(scene: &Scene, text: impl AsRef<[u8]>, reasons: &[&str]) {
    scene.write("call.text", text);
    scene
        .line("open -k customer.key call.text -o opened")
        .exits(5)
        .complains(&[&["call.text"], reasons].concat());
    assert!(!scene.exists("opened"));
}

#[test]
fn the_base64_of_other_tools_opens() {
    for length in [0, 1, 2, 3, 200_000] {
        let call = content(length);
        let scene = sealed(&call);
        for tool in [
            "base64 -w 0 call.pgp",
            "base64 -w 64 call.pgp",
            "base64 -w 76 call.pgp",
            "base64 -w 1 call.pgp",
            "openssl enc -base64 -in call.pgp",
            "openssl enc -base64 -A -in call.pgp",
        ] {
            if tool == "base64 -w 1 call.pgp" && length > 3 {
                continue;
            }
            opens(&scene, scene.tool(tool).output.stdout, &call);
        }
    }
}

#[test]
fn base64_with_any_white_space_opens() {
    let scene = sealed(CALL);
    let text = scene.tool("base64 call.pgp").stdout();
    opens(&scene, text.replace('\n', "\r\n"), CALL);
    opens(&scene, text.replace('\n', "\n\n"), CALL);
    opens(&scene, format!("\n \t\r\n{text}\n\n  \n"), CALL);
}

#[test]
fn text_after_a_byte_order_mark_opens() {
    let call = content(1000);
    let scene = sealed(&call);
    scene.ok("seal -r customer.crt --armor=base64 call.wav");
    scene.ok("seal -r customer.crt --armor call.wav");
    for text in ["call.wav.b64", "call.wav.asc"] {
        let text = [b"\xEF\xBB\xBF", &scene.read(text)[..]].concat();
        opens(&scene, text, &call);
    }
    is_refused(&scene, b"\xEF\xBB", &[]);
    is_refused(&scene, b"\xEF\xBB\xBF", &[]);
}

#[test]
fn base64_that_was_cut_off_or_altered_is_refused() {
    let call = content(1000);
    let scene = sealed(&call);
    let text = scene.tool("base64 call.pgp").stdout();
    let text = text.trim_end();
    for left in [0, 1, 3, 20, 21, 100, 400, text.len() - 5, text.len() - 1] {
        is_refused(&scene, &text[..left], &[]);
    }
    is_refused(&scene, &text[..text.len() - 1], &["it is truncated"]);
    is_refused(&scene, &text[..text.len() - 100], &["it is truncated"]);
    // The recipient's packet comes before it.
    for at in (400..text.len()).step_by(97) {
        for bit in [1, 2, 4, 8, 16, 32, 64, 128] {
            let mut text = text.as_bytes().to_vec();
            text[at] ^= bit;
            if !text[at].is_ascii_whitespace() {
                is_refused(&scene, text, &[]);
            }
        }
    }
    for behind in [
        "!",
        "\n\nkind regards",
        "\0",
        "AAAB",
        "====",
        "\n-----END CMS-----",
    ] {
        is_refused(&scene, format!("{text}{behind}"), &[]);
    }
    is_refused(
        &scene,
        format!("{text}\n\n- see there"),
        &["it was altered"],
    );
    is_refused(&scene, format!("see there\n\n{text}"), &["it is neither"]);
}

#[test]
fn an_openpgp_message_in_a_pem_block_after_text_opens() {
    let scene = sealed(CALL);
    let text = scene.tool("base64 call.pgp").stdout();
    for label in ["CMS", "PKCS7"] {
        let block = format!("-----BEGIN {label}-----\n{text}-----END {label}-----\n");
        opens(&scene, &block, CALL);
        opens(&scene, format!("From: us\n\n{block}\nRegards"), CALL);
        is_refused(&scene, block.replace("-----END", ""), &["it was altered"]);
        let cut = block.split_once("-----END").unwrap().0;
        is_refused(&scene, cut, &["it is truncated"]);
    }
}

#[test]
fn plain_text_is_distinguished_from_base64() {
    let scene = sealed(CALL);
    for text in [
        "hello",
        "hello world",
        "word\nby\nword\n",
        "0123456789abcdef",
    ] {
        is_refused(&scene, text, &["it is neither"]);
        assert!(scene.inspect("call.text")["kind"].is_null(), "{text}");
    }
}

#[test]
fn each_form_adds_its_ending_and_opening_removes_it() {
    let scene = Scene::with_parties();
    scene.write("call.wav", CALL);
    for (option, ending, start) in [
        ("--armor", "asc", "-----BEGIN PGP MESSAGE-----"),
        ("-a", "asc", "-----BEGIN PGP MESSAGE-----"),
        ("--armor=ascii", "asc", "-----BEGIN PGP MESSAGE-----"),
        ("--armor=base64", "b64", "w"),
        ("-a=base64", "b64", "w"),
    ] {
        scene.write("call.wav", CALL);
        scene.ok(&format!("seal -f -r customer.crt {option} call.wav"));
        std::fs::remove_file(scene.path("call.wav")).unwrap();
        let message = format!("call.wav.{ending}");
        assert!(scene.text(&message).starts_with(start), "{option}");
        scene.ok(&format!("open -k customer.key {message}"));
        assert_eq!(scene.read("call.wav"), CALL, "{option}");
    }
    // Without `=`, the word is a file.
    scene
        .line("seal -r customer.crt --armor base64 -o -")
        .exits(1)
        .complains_with_hint(&["base64: no such file"])
        .says("write --armor=base64 (with \"=\")\n");
    scene
        .line("seal -r customer.crt --armor=hex call.wav")
        .exits(2);

    let script = "callseal seal -r customer.crt --armor=base64 < call.wav | base64 -d \
                  | callseal open -k customer.key | cmp - call.wav";
    scene.bash(script).exits(0);
}

#[test]
fn members_of_an_archive_may_be_text() {
    let scene = Scene::with_parties();
    for (name, options) in [("a", "--armor=base64"), ("b", "--armor"), ("c", "")] {
        scene.write(format!("{name}.txt"), name);
        scene.ok(&format!(
            "seal -r customer.crt {options} {name}.txt -o {name}.txt.pgp"
        ));
    }
    let zip = "import sys, zipfile
with zipfile.ZipFile('calls.zip', 'w') as archive:
    for name in sys.argv[1:]:
        archive.write(name)";
    scene.python(zip, &["a.txt.pgp", "b.txt.pgp", "c.txt.pgp"]);
    let listed = scene.ok("list --json calls.zip").json();
    assert_eq!(
        listed["sealed"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    scene.ok("extract calls.zip -k customer.key -C opened");
    for name in ["a", "b", "c"] {
        assert_eq!(scene.text(format!("opened/{name}.txt")), name);
        scene
            .ok(&format!("cat calls.zip {name}.txt -k customer.key"))
            .prints(name);
    }
}

#[test]
fn a_message_and_an_archive_are_not_mistaken_for_each_other() {
    let scene = Scene::with_a_call();
    scene.ok("pack -r customer.crt -o calls.zip calls");
    for line in [
        "open calls.zip -k customer.key",
        "open calls.zip -k customer.key -o out",
    ] {
        scene
            .line(line)
            .exits(5)
            .complains_with_hint(&["calls.zip", "it is a ZIP archive, not a sealed message"])
            .says("callseal extract");
    }
    for option in ["", "--armor", "--armor=base64"] {
        scene.ok(&format!(
            "seal -f -r customer.crt {option} calls/a.txt -o one"
        ));
        for line in [
            "extract one -k customer.key",
            "cat one a.txt -k customer.key",
            "list one",
        ] {
            scene
                .line(line)
                .exits(5)
                .complains_with_hint(&["one", "it is one message, not an archive"])
                .says("callseal open");
        }
    }
    // A file that is neither is named as neither.
    scene.write("note", "plain text");
    scene
        .line("list note")
        .exits(5)
        .says("error: note: not a ZIP archive\nhint: `callseal inspect note` shows what it is\n");
    scene.write("nothing", "");
    scene
        .line("list nothing")
        .exits(5)
        .complains_with_hint(&["nothing: the file is empty"]);
    scene
        .line("open note -k customer.key")
        .exits(5)
        .complains_with_hint(&["note: it is neither an OpenPGP nor a CMS message"]);
    scene.ok("seal -q -r customer.crt calls/a.txt -o sealed");
    scene
        .line("open sealed -k customer.key")
        .exits(2)
        .complains_with_hint(&[
            "sealed: can't derive an output name: the name doesn't end in .pgp",
        ]);
    std::fs::create_dir(scene.path("directory")).unwrap();
    scene
        .line("open directory -k customer.key")
        .exits(1)
        .complains(&["directory: is a directory"]);
    scene
        .line("open note -k customer.key -o out")
        .exits(5)
        .complains(&["note: it is neither an OpenPGP nor a CMS message"]);
    assert!(!scene.exists("out"));
}
