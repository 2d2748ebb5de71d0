//! Spools and outboxes, and where a call is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use callseal::ArchiveFile;
use callseal::keys::Keyring;
use callseal::message::Opener;

use crate::support::{Outcome, Run, Scene};

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
        scene.watch(settings);
        for directory in ["spool", "outbox"] {
            std::fs::create_dir(scene.path(directory)).unwrap();
        }
        scene
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

    /// Puts calls into the spool.
    #[track_caller]
    pub fn spool(&self, calls: &[(&str, &str)]) {
        for (name, content) in calls {
            self.write(format!("spool/{name}"), content);
        }
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
            *found
                .entry((name, std::fs::read(&path).unwrap()))
                .or_default() += 1;
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
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}
