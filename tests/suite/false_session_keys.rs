//! Recipients that were put in front of a message and hold a false session key.

use std::time::SystemTime;

use callseal::archive::{ArchiveWriter, MemberName};

use crate::support::{CALL, Scene};

/// Makes a message of version 1 with a false session key before the true one,
/// in a file and in an archive.
fn with_a_false_key(scene: &Scene) {
    scene.rsa_pair("a");
    scene.write("call", CALL);
    let forged = scene.seal_with_a_false_key("a", "call");
    scene.write("call.pgp", &forged);
    let mut archive = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    let name = MemberName::parse("call").unwrap();
    archive.add(&name, SystemTime::now(), &forged).unwrap();
    scene.write("calls.zip", archive.finish().unwrap().into_inner());
}

#[test]
fn a_message_opens_by_the_next_session_key_if_the_first_is_false() {
    let scene = Scene::new();
    with_a_false_key(&scene);
    scene.ok("open call.pgp -k a.key -o opened");
    assert!(scene.read("opened") == CALL);
    assert!(scene.ok("open call.pgp -k a.key -o -").output.stdout == CALL);
    scene.ok("extract calls.zip -k a.key -C out");
    assert!(scene.read("out/call") == CALL);
    assert!(scene.ok("cat calls.zip call -k a.key").output.stdout == CALL);
    scene.ok("convert calls.zip -k a.key -r a.crt -o new.zip");
    assert!(scene.ok("cat new.zip call -k a.key").output.stdout == CALL);
}

#[test]
fn an_altered_message_with_a_false_session_key_stays_altered() {
    let scene = Scene::new();
    with_a_false_key(&scene);
    let mut message = scene.read("call.pgp");
    let at = message.len() - 40;
    message[at] ^= 1;
    scene.write("altered.pgp", message);
    scene
        .line("open altered.pgp -k a.key -o out")
        .exits(5)
        .complains(&["altered.pgp"]);
    assert!(!scene.exists("out"));
}
