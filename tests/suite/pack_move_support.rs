//! Calls to move, and what must become of them.

use std::collections::BTreeMap;
use std::fs;

use crate::support::Scene;

pub const PACK: &str = "pack --move -o calls.zip -r customer.crt";

/// Calls in a directory, and what they are.
pub struct Calls {
    pub scene: Scene,
    contents: BTreeMap<String, Vec<u8>>,
}

/// Makes three calls in two directories, and an empty directory.
pub fn calls() -> Calls {
    Calls::new()
}

impl Calls {
    pub fn new() -> Self {
        let scene = Scene::with_parties();
        fs::create_dir_all(scene.path("calls/empty")).unwrap();
        let calls = Self {
            scene,
            contents: BTreeMap::new(),
        };
        let calls = calls.with("calls/a.txt", b"the call a");
        let calls = calls.with("calls/b.txt", b"the call b");
        calls.with("calls/day/c.txt", b"the call c")
    }

    /// Adds a call.
    pub fn with(mut self, name: &str, content: &[u8]) -> Self {
        self.scene.write(name, content);
        self.contents.insert(name.to_owned(), content.to_owned());
        self
    }

    /// Writes them all once more.
    pub fn write(&self) {
        for (name, content) in &self.contents {
            self.scene.write(name, content);
        }
    }

    pub fn paths(&self) -> Vec<&str> {
        self.contents.keys().map(String::as_str).collect()
    }

    /// Checks that each call is in one of these archives.
    #[track_caller]
    pub fn are_all_in(&self, archives: &[&str]) {
        let lost = self.missing_in(archives);
        assert!(lost.is_empty(), "lost: {lost:?}");
    }

    /// Checks that each call is in one of these archives, or on the disk as a whole:
    /// in its place, or claimed.
    #[track_caller]
    pub fn are_somewhere(&self, archives: &[&str]) {
        let on_disk = |name: &str| {
            let content = &self.contents[name];
            self.scene.tree("calls").iter().any(|found| {
                let path = self.scene.path("calls").join(found);
                let last = name.rsplit('/').next().unwrap();
                path.ends_with(last) && fs::read(&path).is_ok_and(|found| found == *content)
            })
        };
        let mut lost = self.missing_in(archives);
        lost.retain(|name| !on_disk(name));
        assert!(
            lost.is_empty(),
            "lost: {lost:?}, left: {:?}",
            self.scene.tree("calls")
        );
    }

    fn missing_in(&self, archives: &[&str]) -> Vec<&str> {
        let mut missing = self.paths();
        for (number, archive) in archives.iter().enumerate() {
            if !self.scene.exists(archive) {
                continue;
            }
            let to = format!("opened-{number}");
            let _ = fs::remove_dir_all(self.scene.path(&to));
            let extract = format!("extract -q {archive} -k customer.key -C {to}");
            self.scene.ok(&extract);
            missing.retain(|name| {
                let found = fs::read(self.scene.path(&to).join(name));
                !found.is_ok_and(|found| found == self.contents[*name])
            });
        }
        missing
    }
}
