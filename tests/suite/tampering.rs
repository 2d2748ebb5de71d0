//! Altered, damaged and truncated archives and messages.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use callseal::archive::{ArchiveWriter, MemberName};
use callseal::keys::{Keyring, Party, Recipients, Requirements};
use callseal::message::{Format, Limits, OpenMessage, Opener, SealOptions, SealPlan, SealedFile};
use callseal::{ArchiveFile, Error, ErrorKind, Job};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::support::{Scene, day};

/// Returns a file that callseal wrote once, or a key or certificate for it.
fn vector(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors/0.1.0");
    directory.join(name)
}

/// The keys are always the same, so that a failure can be repeated.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let parties = [vector("p384.crt"), vector("p256.crt")].map(Party::with_certificate);
    let requirements = Requirements::listed(day("2030-01-02"));
    let recipients = Recipients::load(&parties, &requirements).unwrap();
    let plan = |format| {
        SealPlan::new(
            recipients.clone(),
            SealOptions {
                format: Some(format),
                ..SealOptions::default()
            },
        )
    };
    Keys {
        keyring: Keyring::load(&[vector("p256.key"), vector("rsa.key")]).unwrap(),
        v1: plan(Format::Rfc4880).unwrap(),
        v2: plan(Format::Rfc9580).unwrap(),
    }
});

struct Keys {
    keyring: Keyring,
    v1: SealPlan,
    v2: SealPlan,
}

/// Runs a check on some bytes, and keeps them in a file if it fails: sealing
/// again would give other bytes.
fn kept<T>(bytes: &[u8], check: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|failure| {
        let digest = openssl::sha::sha256(bytes);
        let name = format!(
            "tampering-{:02x}{:02x}{:02x}",
            digest[0], digest[1], digest[2]
        );
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::write(&path, bytes);
        let key = vector("p256.key");
        eprintln!("it fails on {} with {}", path.display(), key.display());
        resume_unwind(failure)
    })
}

/// The packed files by name.
type Calls = BTreeMap<String, Vec<u8>>;

fn calls() -> Calls {
    let calls = [
        ("a.txt", b"the first call".to_vec()),
        ("b/b.txt", vec![b'x'; 900]),
        ("c.txt", Vec::new()),
    ];
    calls
        .map(|(name, content)| (name.to_owned(), content))
        .into()
}

fn seal(plan: &SealPlan, name: &str, content: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let modified = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = SealedFile {
        name,
        modified,
        length: Some(content.len() as u64),
    };
    plan.sealer()
        .seal(&mut &*content, &file, &mut message)
        .unwrap();
    message
}

fn archive(plan: &SealPlan) -> Vec<u8> {
    zip(calls()
        .iter()
        .map(|(name, call)| (&**name, seal(plan, name, call))))
}

fn zip<'a>(messages: impl Iterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, message) in messages {
        let modified = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let name = MemberName::parse(name).unwrap();
        writer.add(&name, modified, &message).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Checks that only the right bytes come out of the archive. Returns how many
/// members failed, or the failure of them all.
fn nothing_wrong_comes_out(
    path: &Path,
    bytes: &[u8],
    expected: &Calls,
    context: &str,
) -> Result<usize, Error> {
    fs::write(path, bytes).unwrap();
    kept(bytes, || what_comes_out_is_right(path, expected, context))
}

fn what_comes_out_is_right(path: &Path, expected: &Calls, context: &str) -> Result<usize, Error> {
    let archive = ArchiveFile::open(path)?;
    let mut failed = 0;
    for member in archive.members() {
        let _ = archive.envelope(member, &Limits::default());
        let mut plain = Vec::new();
        let right = expected.get(&*member.shown_name());
        match archive.cat(
            member,
            &mut plain,
            &opener(&Limits::default()),
            std::env::temp_dir(),
        ) {
            Ok(opened) => {
                assert_eq!(Some(&plain), right, "{context}");
                assert_eq!(opened.length, plain.len() as u64, "{context}");
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(
                    plain.is_empty() || right.is_some_and(|right| right.starts_with(&plain)),
                    "{context}: wrong bytes before the error"
                );
                failed += 1;
            }
        }
    }
    if archive.members().count() != expected.len() {
        panic!("{context}: a member is missing, and nobody said so");
    }
    Ok(failed)
}

fn opener(limits: &Limits) -> Opener<'static> {
    Opener::new(&KEYS.keyring).with_limits(limits)
}

fn extract(path: &Path, target: &Path) -> Result<(), ErrorKind> {
    let archive = ArchiveFile::open(path).map_err(|error| error.kind())?;
    let job = Job::new().workers(NonZeroUsize::new(2).unwrap());
    let extracted = job
        .extract(&archive.all(), &opener(&Limits::default()), target)
        .unwrap();
    match extracted.outcome().1 {
        None => Ok(()),
        Some(error) => Err(error.kind()),
    }
}

/// Returns a directory on a memory file system if there is one, for the many
/// small writes.
fn scratch() -> (Scene, PathBuf) {
    let scene = Scene::in_memory();
    let path = scene.path("calls.zip");
    (scene, path)
}

/// Flips bits of each byte in turn.
fn flip_each_byte(whole: &[u8]) {
    let (_scene, path) = scratch();
    let calls = calls();
    let unaltered = nothing_wrong_comes_out(&path, whole, &calls, "unaltered");
    assert_eq!(unaltered.unwrap(), 0);
    for at in 0..whole.len() {
        // One bit, or all of them.
        let bits = if at % 3 == 0 { 0xFF } else { 1 << (at % 8) };
        let mut bytes = whole.to_vec();
        bytes[at] ^= bits;
        let context = format!("byte {at} with {bits:02x}");
        // Either is fine: that nothing wrong came out has been checked.
        let _ = nothing_wrong_comes_out(&path, &bytes, &calls, &context);
    }
}

#[test]
fn a_flipped_byte_of_a_version_1_archive_never_gives_wrong_bytes() {
    flip_each_byte(&archive(&KEYS.v1));
}

#[test]
fn a_flipped_byte_of_a_version_2_archive_never_gives_wrong_bytes() {
    flip_each_byte(&archive(&KEYS.v2));
}

#[test]
fn a_flipped_byte_of_a_bare_message_never_gives_wrong_bytes() {
    for plan in [&KEYS.v1, &KEYS.v2] {
        let content = b"a call of two sentences. this is the second one";
        let whole = seal(plan, "a.txt", content);
        // The other recipient's part of the envelope doesn't matter; nothing
        // after it may be changed.
        let others = 2 + usize::from(whole[1]);
        for at in 0..whole.len() {
            for bits in [1, 0x10, 0x80, 0xFF] {
                let mut message = whole.clone();
                message[at] ^= bits;
                kept(&message, || {
                    if let Some(plain) = open(&message) {
                        assert_eq!(plain, content, "byte {at} with {bits:02x}");
                        assert!(at < others, "byte {at} with {bits:02x} opens");
                    }
                });
            }
        }
    }
}

fn open(message: &[u8]) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let opened = OpenMessage::begin(message, &opener(&limits)).ok()?;
    let mut plain = Vec::new();
    opened.copy_to(&mut plain).ok()?;
    Some(plain)
}

#[test]
fn files_extracted_from_a_damaged_archive_are_right_and_complete() {
    for plan in [&KEYS.v1, &KEYS.v2] {
        let whole = archive(plan);
        for at in (0..whole.len()).step_by(23) {
            let (scene, path) = scratch();
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, &bytes).unwrap();
            let target = scene.path("out");
            kept(&bytes, || {
                let outcome = extract(&path, &target);
                let mut done = 0;
                for (name, content) in calls() {
                    if let Ok(found) = fs::read(target.join(&name)) {
                        assert_eq!(found, content, "byte {at}: {name}");
                        done += 1;
                    }
                }
                match outcome {
                    Ok(()) => assert_eq!(done, 3, "byte {at}"),
                    Err(ErrorKind::Partial) => assert!((1..3).contains(&done), "byte {at}"),
                    Err(_) => assert!(!target.exists(), "byte {at}: something stayed behind"),
                }
                assert_eq!(
                    target.join("b").exists(),
                    target.join("b/b.txt").exists(),
                    "byte {at}: an empty directory stayed behind"
                );
            });
        }
    }
}

#[test]
fn an_altered_message_under_a_fresh_checksum_is_not_extracted() {
    for plan in [&KEYS.v1, &KEYS.v2] {
        let whole = seal(plan, "a.txt", b"the first call");
        let others = 2 + usize::from(whole[1]);
        for at in (others..whole.len()).step_by(5) {
            let (scene, path) = scratch();
            let mut message = whole.clone();
            message[at] ^= 1 << (at % 8);
            let bytes = zip([("a.txt", message)].into_iter());
            fs::write(&path, &bytes).unwrap();
            let target = scene.path("out");
            kept(&bytes, || {
                assert!(extract(&path, &target).is_err(), "byte {at}");
                assert!(!target.exists(), "byte {at}");
            });
        }
    }
}

#[test]
fn an_archive_cut_off_anywhere_is_refused_as_a_whole() {
    let (scene, path) = scratch();
    for plan in [&KEYS.v1, &KEYS.v2] {
        let whole = archive(plan);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let target = scene.path("out");
            kept(&whole[..length], || {
                assert_eq!(
                    extract(&path, &target),
                    Err(ErrorKind::Integrity),
                    "{length} bytes"
                );
                assert!(!target.exists(), "{length} bytes");
            });
        }
    }
}

#[test]
fn a_message_cut_off_anywhere_does_not_open() {
    for plan in [&KEYS.v1, &KEYS.v2] {
        let whole = seal(plan, "", b"the end of this call is missing");
        for length in 0..whole.len() {
            kept(&whole[..length], || {
                assert_eq!(open(&whole[..length]), None, "{length} bytes");
            });
        }
    }
}

#[test]
fn the_program_reports_a_truncated_archive_as_malformed() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o calls.zip -r customer.crt calls");
    let whole = scene.read("calls.zip");
    for length in [0, 10, whole.len() / 2, whole.len() - 1] {
        scene.write("cut.zip", &whole[..length]);
        scene
            .line("extract cut.zip -k customer.key -C out")
            .exits(5)
            .complains_with_hint(&["cut.zip: "]);
        scene.line("list cut.zip").exits(5);
        assert!(!scene.exists("out"));
    }
}

#[test]
fn the_output_to_a_pipe_is_right_up_to_an_altered_chunk() {
    let scene = Scene::with_parties();
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
    scene.write("long.wav", &content);
    let pack = "pack -r customer.crt long.wav --compress none";
    scene.ok(&format!("{pack} -o v2.zip"));
    scene.ok(&format!("{pack} -o v1.zip --format rfc4880"));
    for (archive, streams) in [("v1.zip", false), ("v2.zip", true)] {
        let mut bytes = scene.read(archive);
        bytes[700_000] ^= 1;
        scene.write(archive, &bytes);
        let outcome = scene
            .line(&format!("cat {archive} long.wav -k customer.key"))
            .exits(5)
            .says("long.wav: ");
        assert!(content.starts_with(&outcome.output.stdout));
        assert_eq!(outcome.output.stdout.is_empty(), !streams, "{archive}");
        scene
            .line(&format!("extract {archive} -k customer.key -C out"))
            .exits(5);
        assert!(!scene.exists("out"));
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|at| at.index(4096));
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at.clone(), 1..40_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (at.clone(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at, 1..400_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn changed(whole: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in changes {
        let (Change::Set(at, _)
        | Change::Remove(at, _)
        | Change::Insert(at, _)
        | Change::Repeat(at, _)) = change;
        let at = at % bytes.len().max(1);
        let from_there = |count: &usize| at..(at + count).min(bytes.len());
        match change {
            Change::Set(_, byte) => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = *byte),
            Change::Remove(_, count) => drop(bytes.drain(from_there(count))),
            Change::Insert(_, new) => drop(bytes.splice(at..at, new.clone())),
            Change::Repeat(_, count) => {
                let copy = bytes[from_there(count)].to_vec();
                drop(bytes.splice(at..at, copy));
            }
        }
    }
    bytes
}

/// Files that were written once: only then does a seed make the same changes to
/// the same bytes.
struct Written {
    message: Vec<u8>,
    content: Vec<u8>,
    archive: Vec<u8>,
    members: Calls,
}

/// Of version 1, and of version 2.
static WRITTEN: LazyLock<[Written; 2]> = LazyLock::new(|| {
    ["v1", "v2"].map(|version| {
        let message = fs::read(vector(&format!("{version}-rsa.pgp"))).unwrap();
        let path = vector(&format!("{version}.zip"));
        let archive = ArchiveFile::open(&path).unwrap();
        let members = archive.members().map(|member| {
            let mut plain = Vec::new();
            archive
                .cat(
                    member,
                    &mut plain,
                    &opener(&Limits::default()),
                    std::env::temp_dir(),
                )
                .unwrap();
            (member.shown_name().into_owned(), plain)
        });
        Written {
            content: open(&message).unwrap(),
            message,
            archive: fs::read(&path).unwrap(),
            members: members.collect(),
        }
    })
});

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Default::default()
    })]

    #[test]
    fn no_change_of_a_message_causes_a_panic_or_wrong_content(
        v2: bool,
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let written = &WRITTEN[usize::from(v2)];
        let message = changed(&written.message, &changes);
        let _ = callseal::message::Envelope::read(&*message);
        if let Some(plain) = open(&message) {
            prop_assert_eq!(&plain, &written.content);
        }
    }

    #[test]
    fn no_change_of_an_archive_causes_a_panic_or_wrong_content(
        v2: bool,
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let written = &WRITTEN[usize::from(v2)];
        let bytes = changed(&written.archive, &changes);
        let (_scene, path) = scratch();
        let _ = nothing_wrong_comes_out(&path, &bytes, &written.members, "changed at random");
    }
}

#[test]
fn huge_sizes_are_added_up_without_overflow() {
    let scene = Scene::new();
    scene.write("make.py", HUGE_SIZES);
    scene.tool("python3 make.py");
    for line in [
        "list huge.zip",
        "inspect huge.zip",
        "extract huge.zip -k a.key -C out",
    ] {
        scene.key_pair("a", crate::support::P256);
        let outcome = scene.line(line).outcome();
        assert!(
            [1, 4, 5].contains(&outcome.status().unwrap_or_default()),
            "{outcome}"
        );
        assert!(!outcome.stderr().contains("panicked"), "{outcome}");
    }
}

/// Two deflated members that each declare half of the largest total.
const HUGE_SIZES: &str = r#"
import struct, zlib
body = zlib.compress(b"x")[2:-4]
local, central = b"", b""
for name in (b"a.pgp", b"b.pgp"):
    extra = struct.pack("<HHQQ", 1, 16, 1 << 63, len(body))
    common = struct.pack("<HHHHHIIIHH", 45, 0, 8, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    offset = len(local)
    local += b"PK\x03\x04" + common + name + extra + body
    central += b"PK\x01\x02" + struct.pack("<H", 45) + common + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name + extra
end = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(central), len(local), 0)
open("huge.zip", "wb").write(local + central + b"PK\x05\x06" + end)
"#;
