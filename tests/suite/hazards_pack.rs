//! Hazards among the files to pack.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use callseal::keys::{Party, Recipients, Requirements};
use callseal::message::{Compression, Format};
use callseal::message::{SealOptions, SealPlan};
use callseal::sources::{SourceError, Sources};
use callseal::{Error, ErrorKind, Job, Progress};

use crate::support::{Outcome, Scene, ticks};

const PACK: &str = "pack -o calls.zip -r customer.crt";

/// Checks that nothing is packed, and nothing of the attempt is left.
#[track_caller]
fn refused(scene: &Scene, arguments: &str, status: i32) -> Outcome {
    let before = scene.tree("");
    let outcome = scene.line(&format!("{PACK} {arguments}")).exits(status);
    assert_eq!(scene.tree(""), before, "something was written\n{outcome}");
    outcome
}

#[track_caller]
fn members(scene: &Scene) -> Vec<String> {
    let listed = scene.ok("list --json calls.zip").json();
    let members = listed["members"].as_array().unwrap().iter();
    members
        .map(|member| member["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn links_in_a_directory_are_reported_and_left_out() {
    let scene = Scene::with_a_call();
    scene.write("secret.txt", "not to be packed");
    scene.write("other/b.txt", "nor this");
    symlink("../secret.txt", scene.path("calls/file-link")).unwrap();
    symlink("../other", scene.path("calls/directory-link")).unwrap();
    symlink("nowhere", scene.path("calls/dangling")).unwrap();
    let outcome = scene
        .ok(&format!("{PACK} calls --json"))
        .says("warning: calls/file-link: a symbolic link, left out")
        .says("warning: calls/directory-link: a symbolic link, left out")
        .says("warning: calls/dangling: a symbolic link, left out");
    assert_eq!(outcome.json()["left_out"].as_array().unwrap().len(), 3);
    assert_eq!(members(&scene), ["calls/a.txt"]);
}

#[test]
fn links_are_followed_on_demand() {
    let scene = Scene::with_a_call();
    scene.write("secret.txt", "wanted");
    scene.write("other/b.txt", "this too");
    symlink("../secret.txt", scene.path("calls/file-link")).unwrap();
    symlink("../other", scene.path("calls/directory-link")).unwrap();
    scene.ok(&format!("{PACK} calls --follow-links"));
    assert_eq!(
        members(&scene),
        [
            "calls/a.txt",
            "calls/directory-link/b.txt",
            "calls/file-link"
        ]
    );
    scene.ok("extract calls.zip -k customer.key -C out");
    assert_eq!(scene.read("out/calls/file-link"), b"wanted");
}

#[test]
fn a_loop_of_links_is_an_error_when_links_are_followed() {
    let scene = Scene::with_a_call();
    symlink("..", scene.path("calls/up")).unwrap();
    scene.ok(&format!("{PACK} calls"));
    fs::remove_file(scene.path("calls.zip")).unwrap();
    refused(&scene, "calls --follow-links", 2)
        .complains_with_hint(&["calls/up: a loop of symbolic links"]);
    fs::remove_file(scene.path("calls/up")).unwrap();
    symlink("self", scene.path("calls/self")).unwrap();
    refused(&scene, "calls --follow-links", 2).complains_with_hint(&["calls/self"]);
}

#[test]
fn a_named_link_is_refused_with_a_hint() {
    let scene = Scene::with_a_call();
    symlink("calls", scene.path("link")).unwrap();
    for name in ["link", "link/"] {
        refused(&scene, name, 2)
            .complains_with_hint(&["link: a symbolic link"])
            .says("--follow-links");
    }
    scene.ok(&format!("{PACK} link --follow-links"));
    assert_eq!(members(&scene), ["link/a.txt"]);
}

#[test]
fn special_files_are_never_opened() {
    let scene = Scene::with_a_call();
    for (name, kind) in [("fifo", FileType::Fifo), ("socket", FileType::Socket)] {
        let path = scene.path("calls").join(name);
        mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    // It would hang, if it opened the FIFO.
    scene
        .ok(&format!("{PACK} calls"))
        .says("warning: calls/fifo: a FIFO, left out")
        .says("warning: calls/socket: a socket, left out");
    assert_eq!(members(&scene), ["calls/a.txt"]);
    fs::remove_file(scene.path("calls.zip")).unwrap();
    refused(&scene, "calls/fifo", 2).complains_with_hint(&["calls/fifo: a FIFO"]);
    refused(&scene, "/dev/null", 2).complains_with_hint(&["/dev/null: a character device"]);
}

/// Changes a file once the first bytes of the long one have been read.
struct Meddler<F>(F, AtomicBool);

impl<F: Fn() + Sync> Progress for Meddler<F> {
    fn begin(&self, _: u64, _: u64) {}
    fn bytes(&self, count: u64) {
        if count > 1000 && !self.1.swap(true, Ordering::Relaxed) {
            (self.0)();
        }
    }
    fn member(&self) {}
}

#[test]
fn a_file_that_changes_while_it_is_packed_fails_the_pack() {
    let scene = Scene::with_a_call();
    let file = scene.path("calls/long.wav");
    let parties = [scene.path("customer.crt")].map(Party::with_certificate);
    let requirements = Requirements::listed(SystemTime::now());
    let recipients = Recipients::load(&parties, &requirements).unwrap();
    let plan = |format| {
        SealPlan::new(
            recipients.clone(),
            SealOptions {
                format,
                compression: Compression::None,
                ..SealOptions::default()
            },
        )
    };
    let plans = [None, Some(Format::CmsGcm)].map(|format| plan(format).unwrap());
    let append = || {
        let mut file = fs::OpenOptions::new().append(true).open(&file).unwrap();
        file.write_all(b"more").unwrap();
    };
    let truncate = || {
        let file = fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.set_len(100).unwrap();
    };
    let overwrite = || {
        let mut file = fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.write_all(b"other").unwrap();
    };
    let remove = || {
        fs::remove_file(&file).unwrap();
        fs::write(&file, "another file").unwrap();
    };
    let changes: [(&str, &(dyn Fn() + Sync)); 4] = [
        ("grown", &append),
        ("cut", &truncate),
        ("changed in place", &overwrite),
        ("replaced", &remove),
    ];
    let cases = changes
        .iter()
        .flat_map(|c| plans.iter().map(move |plan| (c, plan)));
    for ((what, change), plan) in cases {
        fs::write(&file, vec![1; 4 << 20]).unwrap();
        // For the change to come later by the file system's clock as well.
        ticks::wait_for_another_time(&file);
        let found = Sources::collect(&[scene.path("calls")], &Default::default()).unwrap();
        let meddler = Meddler(change, AtomicBool::new(false));
        let job = Job::new().workers(NonZeroUsize::MIN).progress(&meddler);
        let outcome = job.pack(&found.files, plan, scene.path("calls.zip"));
        let error = outcome.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error}");
        assert!(
            matches!(&error, Error::Source(SourceError::ChangedWhileRead { path }) if *path == file),
            "{what}: {error}"
        );
        assert!(!scene.exists("calls.zip"), "{what}");
    }
}

#[test]
fn a_file_that_is_written_to_during_the_walk_and_the_reading_is_noticed() {
    let scene = Scene::with_a_call();
    let paths = [scene.path("calls")];
    let sources = Sources::collect(&paths, &Default::default()).unwrap().files;
    let mut file = sources.first().unwrap().open().unwrap();
    let mut content = Vec::new();
    file.read_to_end(&mut content).unwrap();
    scene.write("calls/a.txt", "the second call");
    assert!(matches!(
        file.finish(),
        Err(SourceError::ChangedWhileRead { .. })
    ));
}

#[test]
fn names_that_differ_only_in_case_or_normalisation_are_refused() {
    for (one, other) in [
        ("Call.wav", "call.wav"),
        ("STRASSE.wav", "straße.wav"),
        // é as one character, and as e with an accent.
        ("\u{e9}.wav", "e\u{301}.wav"),
        ("\u{c9}.wav", "e\u{301}.wav"),
    ] {
        let scene = Scene::with_parties();
        scene.write(format!("calls/{one}"), "1");
        scene.write(format!("calls/{other}"), "2");
        refused(&scene, "calls", 2)
            .complains_with_hint(&["would be the same member"])
            .says(&format!("calls/{one}"))
            .says(&format!("calls/{other}"));
    }
    // A file with the name of a directory, on some systems.
    let scene = Scene::with_parties();
    scene.write("calls/day", "1");
    scene.write("calls/Day/a.wav", "2");
    refused(&scene, "calls", 2).complains_with_hint(&["would be the same member"]);
    // The same file named twice.
    refused(&scene, "calls/day calls/day", 2)
        .complains_with_hint(&["calls/day: it is given twice"]);
    refused(&scene, "calls/day ./calls/Day/../day", 2)
        .complains_with_hint(&["would be the same member"]);
}

#[test]
fn unsafe_member_names_are_refused() {
    for (name, reason) in [
        (&b"\xff\xfe.wav"[..], "not valid UTF-8"),
        (b"line\nfeed.wav", "has a control character"),
        (b"esc\x1b[31m.wav", "has a control character"),
        (b"back\\slash.wav", "has a backslash"),
    ] {
        let scene = Scene::with_a_call();
        scene.write(
            std::path::Path::new("calls").join(OsStr::from_bytes(name)),
            "1",
        );
        let outcome = refused(&scene, "calls", 2).complains_with_hint(&[reason]);
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!outcome.stderr().contains(control), "{outcome}");
        scene.ok(&format!("{PACK} calls --include a.txt"));
    }
}

#[test]
fn the_output_inside_a_walked_directory_is_left_out() {
    let scene = Scene::with_a_call();
    let pack = "pack -o calls/out.zip -r customer.crt calls";
    scene.ok(pack);
    let first = scene.ok("list --json calls/out.zip").json();
    assert_eq!(first["members"].as_array().unwrap().len(), 1);
    scene
        .line(pack)
        .exits(1)
        .complains_with_hint(&["calls/out.zip"]);
    scene.ok(&format!("{pack} --force"));
    let second = scene.ok("list --json calls/out.zip").json();
    assert_eq!(second["members"].as_array().unwrap().len(), 1);
}

#[test]
fn the_output_as_an_input_is_refused() {
    let scene = Scene::with_a_call();
    scene.ok(&format!("{PACK} calls"));
    let archive = scene.read("calls.zip");
    refused(&scene, "calls.zip --force", 2)
        .complains_with_hint(&["calls.zip is both an input and the output"]);
    refused(&scene, "calls/../calls.zip -f", 2)
        .complains_with_hint(&["both an input and the output"]);
    fs::hard_link(scene.path("calls.zip"), scene.path("same.zip")).unwrap();
    refused(&scene, "same.zip --force", 2).complains_with_hint(&["both an input and the output"]);
    assert_eq!(scene.read("calls.zip"), archive);
    for line in [
        "seal -r customer.crt calls/a.txt -o calls/a.txt -f",
        "open calls.zip -k customer.key -o calls.zip -f",
    ] {
        assert_ne!(scene.line(line).outcome().status(), Some(0), "{line}");
    }
    assert_eq!(scene.read("calls/a.txt"), b"the first call");
    assert_eq!(scene.read("calls.zip"), archive);
}

#[test]
fn an_existing_output_is_replaced_only_on_demand() {
    let scene = Scene::with_a_call();
    scene.write("calls.zip", "something dear");
    refused(&scene, "calls", 1).complains_with_hint(&["calls.zip: it already exists"]);
    assert_eq!(scene.read("calls.zip"), b"something dear");
    scene.ok(&format!("{PACK} calls --force"));
    assert_eq!(members(&scene), ["calls/a.txt"]);
    // A failure with --force leaves the old file.
    let archive = scene.read("calls.zip");
    refused(&scene, "calls missing --force", 1);
    refused(&scene, "calls --force -r missing.crt", 3);
    assert_eq!(scene.read("calls.zip"), archive);
}

#[test]
fn a_missing_or_unreadable_file_stops_the_whole_pack() {
    let scene = Scene::with_a_call();
    refused(&scene, "calls missing.txt", 1).says("error: missing.txt: no such file or directory");
    refused(&scene, "calls/a.txt/b", 1).says("calls/a.txt/b: ");
    scene
        .line("pack -o missing/calls.zip -r customer.crt calls")
        .exits(1)
        .says("missing/calls.zip: ");
    // The root user can read everything, whatever the mode.
    let unreadable = "/proc/self/mem";
    refused(&scene, unreadable, 1).says("error: /proc/self/mem: ");
}

#[test]
fn nothing_to_pack_is_no_usage_error() {
    let scene = Scene::with_a_call();
    fs::create_dir(scene.path("empty")).unwrap();
    let empty = refused(&scene, "empty", 1).complains_with_hint(&["no files to pack"]);
    assert!(!empty.stderr().contains("--include"), "{empty}");
    refused(&scene, "calls --include *.wav", 1)
        .complains_with_hint(&["no files to pack"])
        .says("check --include and --exclude");
    refused(&scene, "calls --exclude calls", 1).complains_with_hint(&["no files to pack"]);
    refused(&scene, "", 2).says("required");
}
