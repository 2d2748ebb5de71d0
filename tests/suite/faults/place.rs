//! The place where a job runs: a directory with everything that it reads, and
//! its content afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::Scene;

/// A directory `work` for a job to run in, and room next to it.
pub struct Place(Scene);

/// The content of a directory, by names such as `calls/a.txt`.
pub type Tree = BTreeMap<String, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Directory,
    File { content: Vec<u8>, mode: u32 },
    Other,
}

impl Place {
    /// Makes a place with these files in it.
    pub fn with(tree: &Tree) -> Self {
        // In memory, where flushing costs nothing.
        let scene = Scene::in_memory();
        fs::create_dir(scene.path("scene")).unwrap();
        for (name, entry) in tree {
            let path = scene.path("scene").join(name);
            match entry {
                Entry::Directory => fs::create_dir(path).unwrap(),
                Entry::File { content, mode } => {
                    fs::write(&path, content).unwrap();
                    fs::set_permissions(path, fs::Permissions::from_mode(*mode)).unwrap();
                }
                Entry::Other => panic!("{name} is neither a file nor a directory"),
            }
        }
        Self(scene)
    }

    pub fn work(&self) -> PathBuf {
        self.0.path("scene")
    }

    /// Returns a file next to the job's directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub fn tree(&self) -> Tree {
        tree(&self.work())
    }

    /// Returns the entry of an archive in the job's directory, by its stored name.
    pub fn entry(&self, archive: &str, stored: &str) -> Option<Vec<u8>> {
        let entries = self.0.entries(&format!("scene/{archive}"));
        let mut found = entries.into_iter().filter(|(name, _)| name == stored);
        found.next().map(|(_, content)| content)
    }

    pub fn mode(&self, name: &str) -> u32 {
        mode(&fs::metadata(self.work().join(name)).unwrap())
    }

    /// Runs the program next to the job's directory. Returns its exit status.
    pub fn status(&self, line: &str) -> Option<i32> {
        self.0.line(line).outcome().status()
    }

    /// Does the same, and reports a failure.
    pub fn callseal(&self, line: &str) -> Result<Vec<u8>, String> {
        let outcome = self.0.line(line).outcome();
        match outcome.status() {
            Some(0) => Ok(outcome.output.stdout),
            _ => Err(format!("{line}: {}", outcome.stderr().replace('\n', " "))),
        }
    }
}

fn mode(metadata: &fs::Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

pub fn tree(root: &Path) -> Tree {
    let mut found = Tree::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let entry = if metadata.is_dir() {
                open.push(path);
                Entry::Directory
            } else if metadata.is_file() {
                Entry::File {
                    content: fs::read(&path).unwrap(),
                    mode: mode(&metadata),
                }
            } else {
                Entry::Other
            };
            found.insert(name, entry);
        }
    }
    found
}
