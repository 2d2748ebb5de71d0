//! Packed files come out unchanged, with callseal and with other tools.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::keys::Keyring;
use callseal::message::{Limits, OpenMessage, Opener};

use crate::support::Scene;

fn set_modified(path: &Path, time: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[test]
fn files_of_all_sizes_come_out_with_their_bytes_and_dates() {
    let scene = Scene::with_parties();
    // Around the sizes of chunks, parts and buffers.
    let sizes = [
        0,
        1,
        22,
        65_535,
        65_536,
        262_143,
        262_144,
        262_145,
        9 << 20,
        (9 << 20) + 1,
    ];
    let date = |i: usize| UNIX_EPOCH + Duration::from_secs(1_000_000_000 + 86_400 * i as u64);
    for (i, size) in sizes.into_iter().enumerate() {
        let content: Vec<u8> = (0..size).map(|at| (at * 7 + i) as u8).collect();
        let path = scene.write(format!("calls/{i}.wav"), content);
        set_modified(&path, date(i));
    }
    for format in ["rfc4880", "rfc9580"] {
        scene.ok(&format!(
            "pack -f -o calls.zip -r vendor.crt -r customer.crt calls --format {format}"
        ));
        let out = format!("out-{format}");
        scene.ok(&format!("extract calls.zip -k customer.key -C {out}"));
        for i in 0..sizes.len() {
            let name = format!("calls/{i}.wav");
            let extracted = scene.path(&out).join(&name);
            assert!(fs::read(&extracted).unwrap() == scene.read(&name), "{name}");
            let modified = fs::metadata(&extracted).unwrap().modified().unwrap();
            assert_eq!(modified, date(i), "{name}");
        }
    }
}

#[test]
fn a_deep_path_comes_out_whole_although_the_message_has_only_its_hash() {
    let scene = Scene::with_parties();
    let deep = format!(
        "calls/{}/end.wav",
        vec!["directory-of-thirty-characters"; 20].join("/")
    );
    assert!(deep.len() > 255);
    scene.write(&deep, "far down");
    scene.ok("pack -o calls.zip -r customer.crt calls");
    scene.ok("extract calls.zip -k customer.key -C out");
    assert_eq!(scene.read(Path::new("out").join(&deep)), b"far down");

    let stored = format!("{deep}.pgp");
    let message = scene
        .program("unzip", ["-p", "calls.zip", &stored])
        .exits(0)
        .output
        .stdout;
    let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
    let limits = Limits::default();
    let opener = Opener::new(&keyring).with_limits(&limits);
    let opened = OpenMessage::begin(&*message, &opener).unwrap();
    let digest = openssl::sha::sha256(deep.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = format!("sha256:{digits}");
    assert_eq!(opened.name(), expected.as_bytes());

    // At 255 bytes the message still has all of it.
    let fits = format!("calls/{}", "n".repeat(249));
    scene.write(&fits, "just so");
    scene.ok(&format!("pack -o fits.zip -r customer.crt {fits}"));
    let stored = format!("{fits}.pgp");
    let message = scene
        .program("unzip", ["-p", "fits.zip", &stored])
        .exits(0)
        .output
        .stdout;
    let limits = Limits::default();
    let opener = Opener::new(&keyring).with_limits(&limits);
    let opened = OpenMessage::begin(&*message, &opener).unwrap();
    assert_eq!(opened.name(), fits.as_bytes());
}

#[test]
fn dates_that_the_format_cannot_hold_are_harmless() {
    let scene = Scene::with_parties();
    let path = scene.write("old.wav", "from before 1970");
    set_modified(&path, UNIX_EPOCH - Duration::from_secs(86_400 * 365 * 20));
    let path = scene.write("new.wav", "from after 2106");
    set_modified(&path, UNIX_EPOCH + Duration::from_secs(5_000_000_000));
    scene.ok("pack -o calls.zip -r customer.crt old.wav new.wav");
    scene.ok("extract calls.zip -k customer.key -C out");
    assert_eq!(scene.read("out/old.wav"), b"from before 1970");
    assert_eq!(scene.read("out/new.wav"), b"from after 2106");
}

#[test]
fn three_thousand_members_come_out() {
    let scene = Scene::in_memory();
    scene.make_parties();
    for number in 0..3000 {
        scene.write(
            format!("calls/{:02}/{number:04}.txt", number % 30),
            number.to_string(),
        );
    }
    scene
        .ok("pack -o calls.zip -r customer.crt calls")
        .says("packed 3000 files");
    let listed = scene.ok("list --json calls.zip").json();
    assert_eq!(listed["members"].as_array().unwrap().len(), 3000);
    scene
        .ok("extract calls.zip -k customer.key -C out")
        .says("extracted 3000 files");
    assert_eq!(scene.tree("out/calls"), scene.tree("calls"));
    for number in 0..3000 {
        let name = format!("out/calls/{:02}/{number:04}.txt", number % 30);
        assert_eq!(scene.read(name), number.to_string().as_bytes());
    }
}

/// Returns the names and sizes that another program sees, as `size name` lines.
fn seen_by(scene: &Scene, script: &str) -> BTreeMap<String, u64> {
    let outcome = scene.bash(&format!("set -euo pipefail; {script}")).exits(0);
    let line = |line: &str| {
        let (size, name) = line.trim().split_once(' ').unwrap();
        (name.trim().to_owned(), size.parse().unwrap())
    };
    outcome.stdout().lines().map(line).collect()
}

#[test]
fn other_unzip_tools_see_the_same_names_and_bytes() {
    let scene = Scene::with_parties();
    for (name, size) in [
        ("calls/a.wav", 70_000),
        ("calls/empty.xml", 0),
        ("calls/with blanks.txt", 3),
        ("calls/enregistré 录音.wav", 400_000),
        ("calls/long.wav", 10 << 20),
    ] {
        scene.write(name, vec![3; size]);
    }
    scene.ok("pack -o calls.zip -r customer.crt calls --compress none --index none");
    let listed = scene.ok("list --json calls.zip").json();
    let ours: BTreeMap<String, u64> = listed["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| {
            let name = member["stored_name"].as_str().unwrap().to_owned();
            (name, member["sealed_bytes"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(ours.len(), 5);
    assert!(ours.keys().all(|name| name.ends_with(".pgp")));
    let utf8 = "export LC_ALL=C.UTF-8;";
    let sizes = "cd $d; find . -type f -printf '%s %P\\n'";
    for (tool, script) in [
        (
            "unzip",
            format!("{utf8} d=$(mktemp -dp .); unzip -q calls.zip -d $d; {sizes}"),
        ),
        (
            "7zz",
            format!("{utf8} d=$(mktemp -dp .); 7zz x -bd -o$d calls.zip >&2; {sizes}"),
        ),
        (
            "bsdtar",
            format!("{utf8} d=$(mktemp -dp .); bsdtar -xf calls.zip -C $d; {sizes}"),
        ),
        (
            "Python",
            r#"python3 -X utf8 -c '
import zipfile
archive = zipfile.ZipFile("calls.zip")
assert archive.testzip() is None
for member in archive.infolist():
    assert member.compress_type == zipfile.ZIP_STORED
    print(member.file_size, member.filename)'"#
                .to_owned(),
        ),
    ] {
        assert_eq!(seen_by(&scene, &script), ours, "{tool}");
    }
    scene.tool("unzip -tq calls.zip");
    scene.tool("7zz t calls.zip");
    // Each extracted message opens alone.
    scene
        .bash("mkdir apart && unzip -q calls.zip -d apart")
        .exits(0);
    scene.ok("open apart/calls/a.wav.pgp -k customer.key");
    assert_eq!(scene.read("apart/calls/a.wav"), scene.read("calls/a.wav"));
}
