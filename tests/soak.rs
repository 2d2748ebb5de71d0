//! The service for minutes or hours: producers of all habits, kills, full disks,
//! certificates that end, clocks that are set. In the end, each byte is accounted for.
//!
//! `make soak` runs it. `SOAK_MINUTES` says for how long.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod support;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callseal::ArchiveFile;
use callseal::keys::Keyring;
use callseal::message::Opener;
use rand::{Rng, RngCore, thread_rng};
use support::{P256, Scene};

const CONFIG: &str = "[profiles.acme]\nrecipients = ['customer.crt', 'vendor.crt']\n\
    [[watch]]\nname = 'calls'\nspool = 'spool'\noutbox = 'outbox'\n\
    settle = '1s'\ngrace = '15s'\nbundle = 500\n";

/// Returns the room in the outbox, on a file system of its own: nobody takes archives
/// away, and an archive is made beside its batches.
fn room(minutes: u64) -> String {
    format!("size={}m,mode=700", 3072.max(150 * minutes))
}

/// What was written: by the number in its first line, the content.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    files: Mutex<HashMap<u64, Entry>>,
}

struct Entry {
    content: Vec<u8>,
    /// Whether somebody else may have removed it before it was sealed.
    may_be_gone: bool,
}

impl Ledger {
    /// Returns a new content with a number of its own.
    fn content(&self) -> (u64, Vec<u8>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut noise = vec![0; thread_rng().gen_range(0..40_000)];
        thread_rng().fill_bytes(&mut noise);
        let mut content = format!("{id}\n").into_bytes();
        content.extend(noise);
        (id, content)
    }

    fn note(&self, id: u64, content: Vec<u8>, may_be_gone: bool) {
        let entry = Entry {
            content,
            may_be_gone,
        };
        self.files.lock().unwrap().insert(id, entry);
    }
}

fn pause(least: u64, most: u64) {
    std::thread::sleep(Duration::from_millis(thread_rng().gen_range(least..most)));
}

/// Writes in pieces, with pauses that are shorter than those of a finished file.
fn slow(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    fs::create_dir_all(spool.join("slow")).unwrap();
    let mut file = File::create(spool.join(format!("slow/{id}.wav"))).unwrap();
    for piece in content.chunks(8000) {
        file.write_all(piece).unwrap();
        pause(20, 400);
    }
    ledger.note(id, content, false);
}

/// Goes on after a pause that looks like the end.
fn appending(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    let mut file = File::create(spool.join(format!("append-{id}.wav"))).unwrap();
    let (first, second) = content.split_at(content.len() / 2);
    file.write_all(first).unwrap();
    pause(1500, 4000);
    file.write_all(second).unwrap();
    ledger.note(id, content, false);
}

/// Renames a finished file into place.
fn renaming(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    let elsewhere = spool.with_file_name(format!("growing-{id}"));
    fs::write(&elsewhere, &content).unwrap();
    let directory = spool.join(format!("by-day/{}", id % 7));
    fs::create_dir_all(&directory).unwrap();
    fs::rename(&elsewhere, directory.join(format!("{id}.callsre"))).unwrap();
    ledger.note(id, content, false);
    pause(1, 30);
}

/// Gives a file a second name, and takes one away later.
fn linking(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    let outside = spool.with_file_name(format!("linked-{id}"));
    fs::write(&outside, &content).unwrap();
    fs::hard_link(&outside, spool.join(format!("linked-{id}.wav"))).unwrap();
    pause(500, 2500);
    fs::remove_file(&outside).unwrap();
    ledger.note(id, content, false);
}

/// Uses the same few names again and again.
fn reusing(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    let path = spool.join(format!("again-{}.txt", id % 3));
    let Ok(mut file) = File::create_new(&path) else {
        return pause(50, 200);
    };
    file.write_all(&content).unwrap();
    ledger.note(id, content, false);
}

/// Removes what it has written, if it's still there.
fn removing(spool: &Path, ledger: &Ledger) {
    let (id, content) = ledger.content();
    let path = spool.join(format!("removed-{id}.tmp"));
    fs::write(&path, &content).unwrap();
    ledger.note(id, content, true);
    pause(1, 1500);
    let _ = fs::remove_file(path);
}

/// What goes wrong.
struct Disasters<'a> {
    scene: &'a Scene,
    good: Vec<u8>,
    is_mounted: bool,
}

impl Disasters<'_> {
    /// Fills the disk of the outbox for some seconds.
    fn full_disk(&self) {
        if !self.is_mounted {
            return;
        }
        let ballast = self.scene.path("outbox/ballast");
        let mut file = File::create(&ballast).unwrap();
        while file.write_all(&[1; 1 << 20]).is_ok() {}
        pause(1000, 4000);
        fs::remove_file(ballast).unwrap();
    }

    /// Puts a certificate in place that has ended, for some seconds.
    fn ended_certificate(&self) {
        let certificate = self.scene.path("vendor.crt");
        fs::copy(self.scene.path("ended.crt"), &certificate).unwrap();
        pause(1000, 4000);
        fs::write(certificate, &self.good).unwrap();
    }
}

fn start(scene: &Scene, log: &File) -> Child {
    let program = env!("CARGO_BIN_EXE_callseal");
    let line = ["watch", "-v", "--config", "callseal.toml"];
    // The wall clock is set; the monotonic one isn't.
    let clock = ["+0", "+30h", "-20h"][thread_rng().gen_range(0..3)];
    let mut command = match clock {
        "+0" => Command::new(program),
        clock => {
            let mut command = Command::new("faketime");
            command.args(["-f", clock, program]);
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command.env("DONT_FAKE_MONOTONIC", "1");
            command
        }
    };
    command
        .args(line)
        .current_dir(scene.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone().unwrap())
        .spawn()
        .unwrap()
}

/// Returns the contents that one key opens in the archives of the outbox, with how
/// often each is there.
fn opened(scene: &Scene, key: &str) -> HashMap<Vec<u8>, usize> {
    let keyring = Keyring::load(&[scene.path(key)]).unwrap();
    let opener = Opener::new(&keyring);
    let mut found: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut archives: Vec<PathBuf> = fs::read_dir(scene.path("outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    archives.retain(|path| path.extension().is_some_and(|ending| ending == "zip"));
    for path in archives {
        let archive = ArchiveFile::open(&path).unwrap();
        for member in archive.members() {
            let mut content = Vec::new();
            archive
                .cat(member, &mut content, &opener, std::env::temp_dir())
                .unwrap();
            *found.entry(content).or_default() += 1;
        }
    }
    found
}

#[test]
#[ignore = "minutes or hours: make soak"]
fn every_byte_is_accounted_for() {
    let minutes = std::env::var("SOAK_MINUTES").ok();
    let minutes: u64 = minutes.map_or(10, |minutes| minutes.parse().unwrap());
    let scene = Scene::with_parties();
    scene.key_pair("ended", P256);
    scene.expired_certificate("ended");
    scene.write("callseal.toml", CONFIG);
    let spool = scene.path("spool");
    for directory in [&spool, &scene.path("outbox")] {
        fs::create_dir(directory).unwrap();
    }
    let outbox = scene.path("outbox");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &room(minutes), "tmpfs"])
        .arg(&outbox)
        .status();
    let is_mounted = mount.is_ok_and(|status| status.success());
    if !is_mounted {
        println!("the disk is never full: only root can mount a small one");
    }
    let ledger = Ledger::default();
    let disasters = Disasters {
        scene: &scene,
        good: scene.read("vendor.crt"),
        is_mounted,
    };
    let log = File::create(scene.path("log")).unwrap();
    let is_over = AtomicBool::new(false);
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut kills = 0;
    std::thread::scope(|scope| {
        for producer in [slow, appending, renaming, linking, reusing, removing] {
            let (spool, ledger, is_over) = (&spool, &ledger, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    producer(spool, ledger);
                }
            });
        }
        let (disasters, stopped) = (&disasters, &is_over);
        scope.spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                pause(5_000, 30_000);
                match thread_rng().gen_bool(0.5) {
                    true => disasters.full_disk(),
                    false => disasters.ended_certificate(),
                }
            }
        });
        while Instant::now() < end {
            let mut service = start(&scene, &log);
            pause(1_000, 30_000);
            // Killing faketime would leave the service alone, and its semaphores in
            // /dev/shm, where they are in the way of a later run with its number.
            let killed = Command::new("pkill")
                .args(["-KILL", "-P", &service.id().to_string()])
                .status();
            if !killed.is_ok_and(|status| status.success()) {
                let _ = service.kill();
            }
            service.wait().unwrap();
            kills += 1;
        }
        is_over.store(true, Ordering::Relaxed);
    });
    scene.line("watch --once --config callseal.toml").exits(0);
    let files = ledger.files.into_inner().unwrap();
    let log = scene.text("log");
    let mut left = scene.tree("spool");
    let own = [".callseal/lock", ".callseal/status"];
    left.retain(|name| !name.ends_with('/') && !own.contains(&name.as_str()));
    assert_eq!(left, Vec::<String>::new(), "left in the spool");
    let (mut sealed, mut removed) = (0, 0);
    for key in ["customer.key", "vendor.key"] {
        let mut found = opened(&scene, key);
        (sealed, removed) = (0, 0);
        for (id, entry) in &files {
            match found.remove(&entry.content) {
                Some(1) => sealed += 1,
                Some(times) => panic!("{id} is there {times} times"),
                None if entry.may_be_gone => removed += 1,
                None => panic!("{id} is lost\n{log}"),
            }
        }
        let unknown = found.keys().map(|content| {
            let line = content.split(|octet| *octet == b'\n').next().unwrap();
            String::from_utf8_lossy(line).into_owned()
        });
        let unknown: Vec<String> = unknown.collect();
        assert_eq!(unknown, Vec::<String>::new(), "half of a file was kept");
    }
    println!(
        "{minutes} minutes: {} files written, {sealed} sealed, {removed} removed by their writer; \
         {kills} kills; {} times in trouble, {} files sealed anew",
        files.len(),
        log.matches("next try in ").count(),
        log.matches("is sealed anew").count(),
    );
    if is_mounted {
        let _ = Command::new("umount").arg(&outbox).status();
    }
}
