//! Very large inputs, in bounded memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod support;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{P256, Scene, packages};

/// The most that the program may take with two workers, in KiB.
const MEMORY: u64 = 128 * 1024;

/// A program that waits for another and prints its peak memory in KiB as
/// measured by the kernel. (The result is at least this program's own, some 10
/// MiB.)
const MEASURE: &str = "
import os, sys
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
";

/// Runs callseal and returns its peak memory in KiB.
fn peak(scene: &Scene, line: &str) -> u64 {
    let measure = ["-c", MEASURE, env!("CARGO_BIN_EXE_callseal"), "--quiet"];
    let mut command = Command::new("python3");
    command
        .args(measure)
        .args(line.split_whitespace())
        .current_dir(scene.path(""));
    let output = command.output();
    let output = output.unwrap_or_else(|e| panic!("{}", packages::does_not_start(&command, &e)));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {}\n{said}", output.status);
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn sparse(scene: &Scene, name: &str, length: u64) {
    let file = File::create(scene.path(name)).unwrap();
    file.set_len(length).unwrap();
}

fn many(scene: &Scene, directories: usize, each: usize) {
    for d in 0..directories {
        fs::create_dir_all(scene.path(format!("calls/many/{d:03}"))).unwrap();
        for i in 0..each {
            scene.write(format!("calls/many/{d:03}/{i:04}"), format!("{d} {i}"));
        }
    }
}

#[test]
fn small_files_that_wait_for_a_large_one_take_little_memory() {
    let scene = Scene::in_memory();
    scene.key_pair("a", P256);
    many(&scene, 20, 1000);
    sparse(&scene, "calls/large", 256 << 20);
    let packed = peak(
        &scene,
        "pack --jobs 2 -o calls.zip -r a.crt --compress none calls",
    );
    assert!(packed < MEMORY, "{packed} KiB");
    let extracted = peak(
        &scene,
        "extract --jobs 2 calls.zip calls/large -k a.key -C out",
    );
    assert!(extracted < MEMORY, "{extracted} KiB");
    assert_eq!(
        fs::metadata(scene.path("out/calls/large")).unwrap().len(),
        256 << 20
    );
}

#[test]
fn a_large_message_as_base64_takes_little_memory() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    sparse(&scene, "large", 64 << 20);
    // The content alone would have more.
    let limit = 48 * 1024;
    let sealed = peak(
        &scene,
        "seal -r a.crt --armor=base64 --compress none large -o large.b64",
    );
    assert!(sealed < limit, "sealing took {sealed} KiB");
    let text = fs::metadata(scene.path("large.b64")).unwrap().len();
    assert!(text > 86 << 20, "{text}");
    let opened = peak(&scene, "open -k a.key large.b64 -o opened");
    assert!(opened < limit, "opening took {opened} KiB");
    scene.tool("cmp large opened");
}

/// Makes a file of one letter, without an end of line.
fn one_line(scene: &Scene, name: &str, mebibytes: u64) {
    let mut file = File::create(scene.path(name)).unwrap();
    for _ in 0..mebibytes {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
}

/// Searches a line of that length, and as many lines that all match.
fn search_large_members(mebibytes: u64) {
    let scene = Scene::in_memory();
    scene.key_pair("a", P256);
    fs::create_dir(scene.path("calls")).unwrap();
    one_line(&scene, "calls/line.txt", mebibytes);
    let lines = "a line of a call\n".repeat(1 << 16);
    let mut file = File::create(scene.path("calls/lines.txt")).unwrap();
    for _ in 0..mebibytes {
        file.write_all(lines.as_bytes()).unwrap();
    }
    scene.ok("pack -q --jobs 2 -o calls.zip -r a.crt --compress none calls");
    fs::remove_dir_all(scene.path("calls")).unwrap();
    for (options, status) in [
        ("x", 2),
        ("call", 2),
        ("-C 1000000 call", 2),
        ("-c line", 2),
    ] {
        let line = format!("grep --jobs 2 {options} calls.zip -k a.key");
        let measure = ["-c", MEASURE, env!("CARGO_BIN_EXE_callseal")];
        let words = measure.into_iter().chain(line.split_whitespace());
        let found = scene.program("python3", words).exits(status);
        let last = found.output.stdout.trim_ascii_end();
        let last = last.rsplit(|octet| *octet == b'\n').next().unwrap();
        let peak: u64 = std::str::from_utf8(last).unwrap().parse().unwrap();
        eprintln!("{line}: {peak} KiB");
        assert!(peak < MEMORY, "{line}: {peak} KiB");
    }
}

#[test]
fn searching_a_long_line_and_many_matches_takes_little_memory() {
    search_large_members(64);
}

#[test]
#[ignore = "takes minutes; `make large` runs it"]
fn searching_a_line_of_1_gib_and_as_many_matches_takes_little_memory() {
    search_large_members(1024);
}

#[test]
#[ignore = "takes minutes; `make large` runs it"]
fn a_hundred_thousand_members_come_back() {
    let scene = Scene::in_memory();
    scene.key_pair("a", P256);
    many(&scene, 100, 1000);
    let packed = peak(&scene, "pack --jobs 2 -o calls.zip -r a.crt calls");
    let extracted = peak(&scene, "extract --jobs 2 calls.zip -k a.key -C out");
    assert!(packed < MEMORY, "packing took {packed} KiB");
    assert!(extracted < MEMORY, "extracting took {extracted} KiB");
    scene.tool("diff -r calls out/calls");
    scene.tool("unzip -qt calls.zip");
    scene.tool("7zz t calls.zip");
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes a minute; `make large` runs it"]
fn a_hundred_thousand_calls_that_come_at_once_are_sealed() {
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = ['customer.crt', 'vendor.crt']\n\
         [[watch]]\nname = 'calls'\nspool = 'spool'\noutbox = 'outbox'\n\
         settle = '1s'\ngrace = '0s'\nbundle = 100000\n",
    );
    many(&scene, 100, 1000);
    scene.tool("mkdir spool outbox");
    scene.tool("cp -r calls copy");
    let watch = scene.line("watch --jobs 2 --config callseal.toml");
    let mut service = watch.start(Stdio::null());
    scene.tool("mv copy spool/calls");
    let begin = Instant::now();
    let archive = || {
        let entries = fs::read_dir(scene.path("outbox")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths.find(|path| path.extension().is_some())
    };
    while archive().is_none() {
        let waited = begin.elapsed();
        assert!(waited < Duration::from_secs(600), "they aren't sealed");
        std::thread::sleep(Duration::from_millis(100));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    let took = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let took: u64 = took
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(took < MEMORY, "it took {took} KiB");
    fs::rename(archive().unwrap(), scene.path("calls.zip")).unwrap();
    peak(&scene, "extract --jobs 2 calls.zip -k vendor.key -C out");
    scene.tool("diff -r calls out/calls");
}

#[test]
#[ignore = "takes minutes and 14 GB of disk; `make large` runs it"]
fn six_gibibytes_come_back() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    sparse(&scene, "large", 6 << 30);
    for compression in ["none", "auto"] {
        let pack =
            format!("pack --jobs 2 --force -o large.zip -r a.crt --compress {compression} large");
        let packed = peak(&scene, &pack);
        let extracted = peak(&scene, "extract --jobs 2 --force large.zip -k a.key -C out");
        assert!(packed < MEMORY, "packing took {packed} KiB");
        assert!(extracted < MEMORY, "extracting took {extracted} KiB");
        for tool in [
            "cmp large out/large",
            "unzip -qt large.zip",
            "7zz t large.zip",
            "python3 -m zipfile -t large.zip",
        ] {
            run(&scene, tool);
        }
    }
}

#[test]
fn a_large_cms_message_takes_little_memory() {
    cms_in_bounded_memory(64 << 20);
}

#[test]
#[ignore = "takes minutes and 10 GB of disk; `make large` runs it"]
fn a_cms_member_of_three_gibibytes_takes_no_more() {
    cms_in_bounded_memory(3 << 30);
}

/// Extracts members of this size: one as openssl writes it, and one that
/// openssl couldn't write without holding all of it in memory.
fn cms_in_bounded_memory(length: u64) {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    sparse(&scene, "large", length);
    let openssl = "openssl cms -encrypt -binary -stream -aes256 -outform DER -in large -out";
    let callseal = env!("CARGO_BIN_EXE_callseal");
    for (form, line) in [
        ("CBC", format!("{openssl} large.p7m a.crt")),
        (
            "GCM",
            format!("{callseal} seal --format cms-gcm -r a.crt large -o large.p7m"),
        ),
    ] {
        run(&scene, &line);
        run(&scene, "zip -q -0 large.zip large.p7m");
        fs::remove_file(scene.path("large.p7m")).unwrap();
        let extracted = peak(&scene, "extract --jobs 2 --force large.zip -k a.key -C out");
        assert!(
            extracted < 32 * 1024,
            "{form}: extracting took {extracted} KiB"
        );
        run(&scene, "cmp large out/large");
    }
}

/// Runs a program that outlasts the time which other runs get.
fn run(scene: &Scene, line: &str) {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).current_dir(scene.path(""));
    let status = command.status();
    let status = status.unwrap_or_else(|e| panic!("{}", packages::does_not_start(&command, &e)));
    assert!(status.success(), "{line}");
}
