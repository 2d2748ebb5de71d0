//! Spools and outboxes, and where a call is.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use callseal::ArchiveFile;
use callseal::keys::Keyring;
use callseal::message::Opener;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Outcome, Run, Scene};

/// Settles and lets go as soon as possible.
pub const FAST: &str = "settle = '1s'\ngrace = '0s'\n";

/// The time after which something counts as never happening, even on a slow and busy
/// machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The calls that are in the spool at first.
pub const CALLS: [(&str, &str); 4] = [
    ("a/one.wav", "the first call"),
    ("a/two.wav", "the second call"),
    ("b/c/three.txt", "the third call, which is a little longer"),
    ("four.txt", ""),
];

/// Where calls are: their names and contents.
pub type Found = BTreeMap<(String, Vec<u8>), usize>;

impl Scene {
    /// Makes a spool, an outbox and their config, with the parties as recipients.
    #[track_caller]
    pub fn with_a_spool(settings: &str) -> Self {
        let scene = Self::with_parties();
        scene.make_a_spool(settings);
        scene
    }

    /// Makes a spool, an outbox and their config, where there are parties.
    #[track_caller]
    pub fn make_a_spool(&self, settings: &str) {
        self.watch(settings);
        for directory in ["spool", "outbox"] {
            std::fs::create_dir(self.path(directory)).unwrap();
        }
    }

    /// Writes the config of a spool.
    #[track_caller]
    pub fn watch(&self, settings: &str) {
        let config = format!(
            "[profiles.acme]\nrecipients = ['customer.crt', 'vendor.crt']\n\
             [[watch]]\nname = 'calls'\nspool = 'spool'\noutbox = 'outbox'\n{settings}"
        );
        self.write("callseal.toml", config);
    }

    /// Makes another spool and outbox, `spool2` and `outbox2`, with a service called `others`.
    #[track_caller]
    pub fn make_another_spool(&self) {
        let second = "[[watch]]\nname = 'others'\nspool = 'spool2'\noutbox = 'outbox2'\n";
        let config = self.text("callseal.toml");
        self.write("callseal.toml", format!("{config}{second}"));
        for name in ["spool2", "outbox2"] {
            std::fs::create_dir(self.path(name)).unwrap();
        }
    }

    /// Puts calls into the spool.
    #[track_caller]
    pub fn spool(&self, calls: &[(&str, &str)]) {
        for (name, content) in calls {
            self.write(format!("spool/{name}"), content);
        }
    }

    /// Puts a finished call into the spool: it's renamed there.
    #[track_caller]
    pub fn spool_finished(&self, name: &str) {
        let made = self.write("finished", "a call");
        std::fs::rename(made, self.path(format!("spool/{name}"))).unwrap();
    }

    /// Runs the service until there is nothing to do.
    pub fn watch_once(&self) -> Run {
        self.line("watch --once --config callseal.toml -j 1")
    }

    /// Checks that the service has sealed everything.
    #[track_caller]
    pub fn seals_all(&self) -> Outcome {
        let outcome = self.watch_once().exits(0);
        assert_eq!(self.spooled(), Found::new(), "{outcome}");
        outcome
    }

    /// Returns the files in the spool, claimed or not.
    pub fn spooled(&self) -> Found {
        let mut found = Found::new();
        for path in files_below(&self.path("spool")) {
            let below = path.strip_prefix(self.path("spool")).unwrap();
            let claims = below.strip_prefix(".callseal/claims");
            let name = match claims {
                Ok(claim) => claim.components().skip(1).collect(),
                Err(_) if below.starts_with(".callseal") => continue,
                Err(_) => below.to_path_buf(),
            };
            let name = name.to_str().unwrap().to_owned();
            // A running service may have let go of it.
            if let Ok(content) = std::fs::read(&path) {
                *found.entry((name, content)).or_default() += 1;
            }
        }
        found
    }

    /// Returns the calls in archives that are in the outbox for the service alone.
    pub fn sealed(&self) -> Found {
        self.opened(|path| path.starts_with(self.path("outbox/.callseal")))
    }

    /// Returns the calls in archives that are in the outbox for everybody.
    pub fn bundled(&self) -> Found {
        self.opened(|path| !path.starts_with(self.path("outbox/.callseal")))
    }

    fn opened(&self, is_meant: impl Fn(&Path) -> bool) -> Found {
        let keyring = Keyring::load(&[self.path("customer.key")]).unwrap();
        let opener = Opener::new(&keyring);
        let mut found = Found::new();
        for path in files_below(&self.path("outbox")) {
            if !is_meant(&path) || path.extension().is_none_or(|ending| ending != "zip") {
                continue;
            }
            let archive = ArchiveFile::open(&path).unwrap();
            for member in archive.members() {
                let mut content = Vec::new();
                archive
                    .cat(member, &mut content, &opener, std::env::temp_dir())
                    .unwrap();
                let name = member.shown_name().into_owned();
                *found.entry((name, content)).or_default() += 1;
            }
        }
        found
    }

    /// Checks that each of these calls is whole somewhere.
    #[track_caller]
    pub fn has_lost_nothing(&self, calls: &[(&str, &str)], when: &str) {
        let (spooled, sealed, bundled) = (self.spooled(), self.sealed(), self.bundled());
        for (name, content) in calls {
            let call = ((*name).to_owned(), content.as_bytes().to_vec());
            assert!(
                [&spooled, &sealed, &bundled]
                    .iter()
                    .any(|place| place.contains_key(&call)),
                "{when}: {name} is lost"
            );
        }
    }

    /// Checks that each of these calls is bundled once, and nothing else.
    #[track_caller]
    pub fn has_bundled(&self, calls: &[(&str, &str)], when: &str) {
        let expected = calls.iter().map(|(name, content)| {
            let call = ((*name).to_owned(), content.as_bytes().to_vec());
            (call, 1)
        });
        let expected: Found = expected.collect();
        assert_eq!(self.bundled(), expected, "{when}");
        assert_eq!(self.sealed(), Found::new(), "{when}");
        assert_eq!(self.spooled(), Found::new(), "{when}");
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // A running service may have removed it.
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    for entry in entries.map(Result::unwrap) {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

/// A file system of one MiB as the outbox.
pub struct SmallOutbox<'a>(&'a Scene);

impl<'a> SmallOutbox<'a> {
    /// Mounts it, if that is allowed: only root can do so, also in a namespace of its
    /// own.
    pub fn mount(scene: &'a Scene) -> Option<Self> {
        let mount = scene.tool_line("mount -t tmpfs -o size=1m tmpfs outbox");
        let mounted = mount.outcome();
        if mounted.status() != Some(0) {
            println!("not tested: no disk can be mounted: {mounted}");
            return None;
        }
        Some(Self(scene))
    }
}

impl Drop for SmallOutbox<'_> {
    fn drop(&mut self) {
        let _ = self.0.tool_line("umount outbox").outcome();
    }
}

/// A service that runs.
pub struct Service {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Scene {
    /// Starts the service, and waits until it watches.
    #[track_caller]
    pub fn starts_watching(&self) -> Service {
        let mut service = self.service(self.line("watch -v --config callseal.toml"));
        service.waits_for("calls: watching");
        service
    }

    /// Starts the service where no look finds anything in the spool itself: it learns
    /// only from the system's notices what appears there.
    #[track_caller]
    pub fn starts_watching_by_notices_alone(&self) -> Service {
        let strace = "-D -f -qq -o trace -P spool -e inject=getdents64:error=EIO";
        let line = "watch -v --config callseal.toml";
        let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
        let run = self.program("strace", strace.split(' ').chain(program));
        let mut service = self.service(run);
        service.waits_for("spool/: input/output error, left alone");
        service.waits_for("calls: watching");
        service
    }

    /// Starts a program that is the service, or becomes it.
    #[track_caller]
    pub fn service(&self, run: Run) -> Service {
        let mut child = run.start(Stdio::null());
        let (sender, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Service {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits until a tracer has a service.
    #[track_caller]
    pub fn is_traced(&self, service: &Service) {
        let path = format!("/proc/{}/status", service.id());
        self.waits_until("traced", || {
            let status = std::fs::read_to_string(&path).unwrap_or_default();
            let mut lines = status.lines();
            lines.any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        });
    }

    /// Waits until something has happened.
    #[track_caller]
    pub fn waits_until(&self, what: &str, has_happened: impl Fn() -> bool) {
        let begin = Instant::now();
        while !has_happened() {
            assert!(begin.elapsed() < PATIENCE, "not {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the archives in the outbox.
    pub fn archives(&self) -> Vec<String> {
        let mut found = self.tree("outbox");
        found.retain(|name| !name.starts_with(".callseal") && name.ends_with(".zip"));
        found.iter().map(|name| format!("outbox/{name}")).collect()
    }

    #[track_caller]
    pub fn only_archive(&self) -> String {
        let archives = self.archives();
        assert_eq!(archives.len(), 1, "{archives:?}");
        archives.into_iter().next().unwrap()
    }

    /// Returns the name of an archive of today, or of a later day.
    pub fn archive_name(&self, days: i64, number: u32) -> String {
        let day = self.tool(&format!("date -u -d {days}day +%F"));
        format!("calls-{}-{number:04}.zip", day.stdout().trim())
    }

    pub fn is_on_the_file_system_of(&self, path: &str) -> bool {
        use std::os::unix::fs::MetadataExt;
        let device = |path: &Path| std::fs::metadata(path).unwrap().dev();
        device(self.root()) == device(Path::new(path))
    }
}

impl Service {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said something, since this was asked last.
    #[track_caller]
    pub fn waits_for(&mut self, words: &str) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let is_it = line.contains(words);
                    self.seen.push(line);
                    if is_it {
                        return;
                    }
                }
                Err(_) => panic!("it doesn't say “{words}”:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Returns how often it has said something so far.
    pub fn said(&mut self, words: &str) -> usize {
        self.seen.extend(self.lines.try_iter());
        let said = self.seen.iter().filter(|line| line.contains(words));
        said.count()
    }

    pub fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits until it has ended, in whatever way.
    pub fn ends(&mut self) {
        self.child.wait().unwrap();
    }

    /// Ends it in order.
    #[track_caller]
    pub fn stops(self) {
        self.stops_with(0);
    }

    /// Ends it in order where it ends with a status of its own: some files can't be sealed.
    #[track_caller]
    pub fn stops_with(mut self, status: i32) {
        self.signal(Signal::TERM);
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.code(), Some(status), "{}", self.seen.join("\n"));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
