//! callseal opens messages that other programs sealed with a passphrase, alone
//! or next to keys.

use crate::support::{P256, Scene, content};

/// Makes `call.wav`, and files with passphrases: `right` has "sesame".
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("call.wav", content(100_000));
    scene.write_private("right", "sesame");
    scene.write_private("wrong", "open sesame\n");
    scene.write_private("all", "one\ntwo\n\nsesame\nother\n");
    scene
}

#[track_caller]
fn opens(scene: &Scene, options: &str) {
    let opened = scene.ok(&format!("open call.wav.pgp -o - {options}"));
    assert!(opened.output.stdout == scene.read("call.wav"), "{options}");
    scene.tool("zip -q calls.zip call.wav.pgp");
    scene.ok(&format!("extract calls.zip -C opened {options}"));
    assert!(
        scene.read("opened/call.wav") == scene.read("call.wav"),
        "{options}"
    );
    std::fs::remove_dir_all(scene.path("opened")).unwrap();
    let shown = scene.ok(&format!("cat calls.zip call.wav {options}"));
    assert!(shown.output.stdout == scene.read("call.wav"), "{options}");
    std::fs::remove_file(scene.path("calls.zip")).unwrap();
}

#[track_caller]
fn opens_with_the_right_passphrase_only(scene: &Scene) {
    opens(scene, "--passphrase-file right");
    opens(scene, "--passphrase-file all");
    opens(scene, "--passphrase-file wrong --passphrase-file right");
    scene
        .line("open call.wav.pgp -o opened --passphrase-file wrong")
        .exits(4)
        .complains_with_hint(&["call.wav.pgp: it is sealed with a passphrase", "is wrong"]);
    assert!(!scene.exists("opened"));
}

#[test]
fn a_message_by_gpg_opens_with_its_passphrase() {
    let scene = scene();
    for options in [
        "",
        "--s2k-mode 0",
        "--s2k-mode 1 --s2k-digest-algo SHA512",
        "--s2k-digest-algo SHA1 --s2k-cipher-algo AES128",
        "--cipher-algo 3DES",
        "--rfc4880",
    ] {
        scene.gpg_with_passphrase(
            "sesame",
            &format!("{options} --output call.wav.pgp --symmetric call.wav"),
        );
        opens_with_the_right_passphrase_only(&scene);
    }
}

#[test]
fn a_message_by_rnp_opens_with_its_passphrase() {
    let scene = scene();
    for options in ["", "--aead=OCB", "--aead=OCB --cipher AES128", "--armor"] {
        scene.tool(&format!(
            "rnp --homedir . --overwrite --password sesame --symmetric {options} \
             --output call.wav.pgp call.wav"
        ));
        opens_with_the_right_passphrase_only(&scene);
    }
}

#[test]
fn a_message_by_sqop_opens_with_its_passphrase() {
    let scene = scene();
    let sealed = scene.tool_from("sqop encrypt --with-password right", "call.wav");
    scene.write("call.wav.pgp", sealed.output.stdout);
    opens_with_the_right_passphrase_only(&scene);
}

#[test]
fn a_key_comes_before_the_passphrase() {
    let scene = scene();
    scene.key_pair("a", P256);
    scene.key_pair("other", P256);
    scene.ok("export --gpg a.key -o a.asc");
    scene.gpg("--import a.asc");
    scene.gpg_with_passphrase(
        "sesame",
        "-r a --symmetric --output call.wav.pgp --encrypt call.wav",
    );
    opens(&scene, "-k a.key");
    opens(&scene, "-k a.key --passphrase-file wrong");
    opens(&scene, "-k other.key --passphrase-file right");
    opens(&scene, "--passphrase-file right");
    scene
        .without_terminal("open call.wav.pgp -o opened -k other.key")
        .exits(4)
        .complains_with_hint(&["it isn't sealed to your key"]);
    scene
        .without_terminal("open call.wav.pgp -o opened")
        .exits(4)
        .complains_with_hint(&["no private key is given"]);
}

#[test]
fn without_a_passphrase_it_is_said_where_one_can_be_given() {
    let scene = scene();
    scene.gpg_with_passphrase("sesame", "--output call.wav.pgp --symmetric call.wav");
    scene.tool("zip -q calls.zip call.wav.pgp");
    for line in ["open call.wav.pgp -o opened", "extract calls.zip -C opened"] {
        scene
            .without_terminal(line)
            .exits(4)
            .complains_with_hint(&["call.wav", "a passphrase, and none was given"])
            .says("--passphrase-file");
    }
    scene
        .ok("list calls.zip")
        .prints("it opens with a passphrase\n");
}

#[test]
fn a_terminal_asks_once_for_all_members() {
    let scene = scene();
    for name in ["a", "b", "c"] {
        scene.write(name, name);
        scene.gpg_with_passphrase("sesame", &format!("--symmetric {name}"));
    }
    scene.tool("zip -q calls.zip a.gpg b.gpg c.gpg");
    let shown = scene
        .on_a_terminal(
            "extract calls.zip -C opened",
            "prompt; send \"wrong\\r\"; prompt; send \"sesame\\r\"",
        )
        .exits(0)
        .stdout();
    assert_eq!(
        shown.matches("passphrase for the message: ").count(),
        2,
        "{shown}"
    );
    assert_eq!(scene.read("opened/c"), b"c");
}

#[test]
fn members_may_have_different_passphrases() {
    let scene = scene();
    for (name, passphrase) in [
        ("a", "sesame"),
        ("b", "two"),
        ("c", "sesame"),
        ("d", "three"),
    ] {
        scene.write(name, name);
        scene.gpg_with_passphrase(passphrase, &format!("--symmetric {name}"));
    }
    scene.tool("zip -q calls.zip a.gpg b.gpg c.gpg d.gpg");
    scene
        .line("extract calls.zip -C opened --passphrase-file all")
        .exits(6)
        .complains(&["d: it is sealed with a passphrase, and the passphrase is wrong"]);
    assert_eq!(scene.tree("opened"), ["a", "b", "c"]);
    // A member with an unknown passphrase doesn't close those after it.
    for (name, passphrase) in [("1", "unknown"), ("2", "two")] {
        scene.write(name, name);
        scene.gpg_with_passphrase(passphrase, &format!("--symmetric {name}"));
    }
    scene.tool("zip -q first.zip 1.gpg 2.gpg");
    scene
        .line("extract first.zip -j 1 -C second --passphrase-file all")
        .exits(6);
    assert_eq!(scene.tree("second"), ["2"]);
}

#[test]
fn an_empty_passphrase_file_is_named() {
    let scene = scene();
    scene.gpg_with_passphrase("sesame", "--output call.wav.pgp --symmetric call.wav");
    for content in ["", "\n", "\r\n\n"] {
        scene.write("empty", content);
        scene
            .line("open call.wav.pgp -o opened --passphrase-file right --passphrase-file empty")
            .exits(4)
            .complains_with_hint(&["empty: there is no passphrase in it"]);
    }
}

#[test]
fn text_that_ends_with_a_carriage_return_opens() {
    let scene = scene();
    for text in ["a\r", "\r", "a\r\r", "a\rb\r\n\r"] {
        scene.write("text", text);
        // rnp leaves the line ends as they are.
        scene.tool(
            "rnp --homedir . --overwrite --password sesame --symmetric --output text.pgp text",
        );
        scene.gpg_with_passphrase("sesame", "--textmode --output text.gpg --symmetric text");
        for message in ["text.pgp", "text.gpg"] {
            scene.ok(&format!("open {message} -o - --passphrase-file right"));
        }
    }
}
