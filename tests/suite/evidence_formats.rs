//! Signed archives with messages of every format and form. A member that is
//! replaced by another message for the same recipient is found before anything of
//! it is published, however its reader ends.

use callseal::{ArchiveFile, Error};

use crate::archive_support::{Member, zip};
use crate::evidence_support::{extract_opened, replace, signers};
use crate::index_support::{entries, put_together};
use crate::support::Scene;

/// The stored name of the member that is replaced.
const NAME: &str = "calls/b.txt.pgp";

/// Makes `calls.zip` with one call, sealed with these options and signed, and
/// `forged.zip` with another call under that name. `before` and `after` are put
/// around the messages.
fn replaced(options: &str, before: &str, after: &str, is_deflated: bool) -> Scene {
    let scene = Scene::new();
    scene.rsa_pair("customer");
    scene.make_signer("server");
    for (archive, content) in [("true.zip", "what was said"), ("false.zip", "what was not")] {
        scene.write("calls/b.txt", content);
        scene.ok(&format!(
            "seal -q -f -r customer.crt {options} calls/b.txt -o message"
        ));
        let message = [before.as_bytes(), &scene.read("message"), after.as_bytes()].concat();
        let member = match is_deflated {
            true => Member::deflated(NAME, &message),
            false => Member::new(NAME, &message),
        };
        scene.write(archive, zip([member]).bytes());
    }
    scene.ok("sign true.zip --sign server.key -o calls.zip");
    let mut forged = entries(&scene, "calls.zip");
    replace(&mut forged, &entries(&scene, "false.zip"), &[NAME]);
    put_together(&scene, "forged.zip", &forged);
    scene
}

#[track_caller]
fn is_found(scene: &Scene) {
    let open = |archive: &str| {
        let archive = ArchiveFile::open(scene.path(archive)).unwrap();
        let evidence = archive.require_signature(&signers(scene, &["server.crt"]));
        assert!(evidence.unwrap().manifest.is_some());
        archive
    };
    let signed = extract_opened(scene, &open("calls.zip"), &scene.path("signed")).unwrap();
    assert!(signed.failures.is_empty(), "{:?}", signed.failures);
    assert_eq!(scene.text("signed/calls/b.txt"), "what was said");

    // By its own, it opens.
    let forged = ArchiveFile::open(scene.path("forged.zip")).unwrap();
    extract_opened(scene, &forged, &scene.path("forged")).unwrap();
    assert_eq!(scene.text("forged/calls/b.txt"), "what was not");

    let extracted = extract_opened(scene, &open("forged.zip"), &scene.path("out")).unwrap();
    let [Error::Member { cause, .. }] = &extracted.failures[..] else {
        panic!("{:?}", extracted.failures)
    };
    assert_eq!(
        cause.to_string(),
        "it was altered or replaced after the archive was signed"
    );
    assert_eq!(scene.tree("out"), [""; 0], "nothing is published");
    scene
        .line("verify forged.zip --signer server.crt")
        .exits(5)
        .complains(&["calls/b.txt: it was altered or replaced"]);
}

#[test]
fn a_replaced_message_of_any_format_is_found() {
    for options in [
        "--format rfc4880",
        "--format rfc9580",
        "--format cms",
        "--format cms-gcm",
    ] {
        is_found(&replaced(options, "", "", false));
    }
}

#[test]
fn a_replaced_message_that_zip_has_compressed_is_found() {
    for options in ["--format rfc9580", "--format cms"] {
        is_found(&replaced(options, "", "", true));
    }
}

#[test]
fn a_replaced_message_in_text_is_found() {
    for options in ["--format rfc4880", "--format rfc9580"] {
        for (before, after) in [("", ""), ("Dear vendor,\n", "\nregards\n")] {
            is_found(&replaced(
                &format!("{options} --armor"),
                before,
                after,
                false,
            ));
        }
    }
    is_found(&replaced("--format cms --armor", "", "", false));
}

#[test]
fn a_replaced_message_with_zeros_behind_it_is_found() {
    for options in ["--format rfc4880", "--format rfc9580", "--format cms"] {
        is_found(&replaced(options, "", &"\0".repeat(70_000), false));
    }
}

#[test]
fn a_replaced_file_that_was_never_sealed_is_found() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o ours.zip -r customer.crt calls --index none");
    let mut files = entries(&scene, "ours.zip");
    files.push(("notes.txt".into(), b"true".to_vec()));
    put_together(&scene, "theirs.zip", &files);
    scene.ok("sign theirs.zip --sign server.key -o calls.zip");
    scene.verifies("calls.zip");
    let mut forged = entries(&scene, "calls.zip");
    files.last_mut().unwrap().1 = b"false".to_vec();
    replace(&mut forged, &files, &["notes.txt"]);
    put_together(&scene, "forged.zip", &forged);
    scene
        .line("verify forged.zip --signer server.crt")
        .exits(5)
        .complains(&["notes.txt: it was altered or replaced"]);
    let archive = ArchiveFile::open(scene.path("forged.zip")).unwrap();
    let evidence = archive.require_signature(&signers(&scene, &["server.crt"]));
    evidence.unwrap();
    let keyring = callseal::keys::Keyring::load(&[scene.path("customer.key")]).unwrap();
    let opener = callseal::message::Opener::new(&keyring);
    let extracted = callseal::Job::new()
        .with_other_files()
        .extract(&archive.all(), &opener, scene.path("out"))
        .unwrap();
    assert_eq!(extracted.failures.len(), 1, "{:?}", extracted.failures);
    assert!(!scene.exists("out/notes.txt"));
}
