//! A job whose calls are made to fail, and its output.

use super::checks::{below, extracts, file, lists, read, same};
use super::place::{Entry, Place, Tree};

/// Text that must never appear outside a plaintext file. The player's page knows the labels of
/// keys, but has none of their lines.
pub const SECRETS: &[&str] = &[
    "said in confidence",
    "PRIVATE KEY-----\n",
    "PRIVATE KEY BLOCK-----\n",
    "correct-horse",
];

/// A command line, what it reads and what it writes.
pub struct Job {
    pub line: String,
    /// The content of its directory beforehand.
    pub before: Tree,
    /// The file that is its standard input.
    pub stdin: Option<&'static str>,
    /// The files that it writes.
    pub outputs: Vec<Output>,
    /// Whether its standard output is right and complete.
    pub stdout: Check<[u8]>,
    /// Whether standard output carries plaintext.
    pub prints_plaintext: bool,
    /// The checks after all has been written.
    pub together: Check<Place>,
    /// Whether its outputs have names while they are written, as on file
    /// systems without O_TMPFILE.
    pub named: bool,
    /// The calls that this job must make, each with its other names.
    pub calls: &'static [&'static str],
}

pub struct Output {
    pub name: String,
    /// Readable only by its owner.
    pub private: bool,
    pub is_right: CheckNamed,
}

/// A check of the output of a given name.
type CheckNamed = Box<dyn Fn(&Place, &str) -> Result<(), String> + Send + Sync>;

type Check<T> = Box<dyn Fn(&T) -> Result<(), String> + Send + Sync>;

/// The calls of a job that writes a file and gives it its name.
const WRITES: &[&str] = &["open|openat|openat2", "write", "fsync", "linkat", "close"];
const REPLACES: &[&str] = &["write", "fsync", "linkat", "rename|renameat|renameat2"];
const KEEPS_MODE: &[&str] = &["fgetxattr", "fchmod", "fsync", "rename|renameat|renameat2"];
const NAMES: &[&str] = &["write", "fsync", "rename|renameat|renameat2|link|linkat"];
pub const THREADS: &[&str] = &["clone3|clone", "write", "fsync", "linkat", "mmap"];
pub const STREAMS: &[&str] = &["open|openat|openat2", "read", "write", "close"];

impl Job {
    pub fn new(stock: &Tree, line: &str) -> Self {
        Self {
            line: line.into(),
            before: stock.clone(),
            stdin: None,
            outputs: Vec::new(),
            stdout: Box::new(|stdout| same(stdout, b"")),
            prints_plaintext: false,
            together: Box::new(|_| Ok(())),
            named: false,
            calls: WRITES,
        }
    }

    pub fn writes<F>(mut self, name: &str, is_right: F) -> Self
    where
        F: Fn(&Place, &str) -> Result<(), String> + Send + Sync + 'static,
    {
        self.outputs.push(Output {
            name: name.into(),
            private: false,
            is_right: Box::new(is_right),
        });
        self
    }

    /// Returns a file with this content, readable only by its owner.
    pub fn writes_plaintext(mut self, name: &str, expected: &[u8]) -> Self {
        let expected = expected.to_vec();
        self = self.writes(name, move |place, name| same(&read(place, name), &expected));
        self.outputs.last_mut().unwrap().private = true;
        self
    }

    /// Adds an archive of all calls with an index, for these keys, as an output.
    pub fn writes_archive(self, name: &str, keys: &'static [&'static str]) -> Self {
        let calls = below(&self.before, "calls/");
        self.writes(name, move |place, name| {
            keys.iter().try_for_each(|key| {
                extracts(place, &format!("scene/{name} -k scene/{key}"), &calls)?;
                lists(place, name, key, &calls)
            })
        })
    }

    /// Adds a message of a call, for these keys, as an output.
    pub fn writes_message(self, name: &str, call: &str, keys: &'static [&'static str]) -> Self {
        let call = file(&self.before, call);
        self.writes(name, move |place, name| {
            keys.iter().try_for_each(|key| {
                let line = format!("open scene/{name} -k scene/{key} -o -");
                same(&place.callseal(&line)?, &call)
            })
        })
    }

    /// Adds a check of the last output.
    pub fn and<F>(mut self, is_right: F) -> Self
    where
        F: Fn(&Place, &str) -> Result<(), String> + Send + Sync + 'static,
    {
        let Output {
            name,
            is_right: first,
            ..
        } = self.outputs.pop().unwrap();
        self.writes(&name, move |place, name| {
            first(place, name)?;
            is_right(place, name)
        })
    }

    pub fn prints(
        mut self,
        is_right: impl Fn(&[u8]) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.stdout = Box::new(is_right);
        self
    }

    pub fn prints_plaintext(mut self, expected: &[u8]) -> Self {
        let expected = expected.to_vec();
        self.prints_plaintext = true;
        self.calls = STREAMS;
        self.prints(move |stdout| same(stdout, &expected))
    }

    pub fn reads(mut self, name: &'static str) -> Self {
        self.stdin = Some(name);
        self
    }

    pub fn named(mut self) -> Self {
        self.named = true;
        self.calls = NAMES;
        self
    }

    pub fn calling(mut self, calls: &'static [&'static str]) -> Self {
        self.calls = calls;
        self
    }

    /// Returns the same job with old files instead of its outputs.
    pub fn replacing(mut self) -> Self {
        for output in &self.outputs {
            for (at, _) in output.name.match_indices('/') {
                self.before
                    .insert(output.name[..at].into(), Entry::Directory);
            }
            let old = Entry::File {
                content: format!("an old {}", output.name).into(),
                mode: 0o644,
            };
            self.before.insert(output.name.clone(), old);
        }
        self.calls = REPLACES;
        self
    }

    /// Returns the same job with another mode of its last output's old file,
    /// which the new one must have too.
    pub fn keeping_mode(mut self, mode: u32) -> Self {
        let name = &self.outputs.last().unwrap().name;
        match self.before.get_mut(name) {
            Some(Entry::File { mode: old, .. }) => *old = mode,
            other => panic!("{name}: {other:?}"),
        }
        self.calls = KEEPS_MODE;
        self.and(move |place, name| match place.mode(name) {
            found if found == mode => Ok(()),
            found => Err(format!("{name} has mode {found:o}, not {mode:o}")),
        })
    }

    pub fn prepare(&self) -> Place {
        Place::with(&self.before)
    }

    pub fn replaces(&self) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|output| self.before.contains_key(&output.name))
    }

    pub fn has_threads(&self) -> bool {
        self.calls == THREADS
    }

    /// Returns the fault in the output of a job that reported success.
    pub fn check_all(&self, place: &Place, stdout: &[u8]) -> Vec<String> {
        let outputs = self.outputs.iter().map(|output| {
            if !place.work().join(&output.name).exists() {
                return Err(format!("{} is not there", output.name));
            }
            (output.is_right)(place, &output.name)
        });
        let mut found: Vec<String> = outputs.filter_map(Result::err).collect();
        found.extend((self.stdout)(stdout).err());
        if found.is_empty() {
            found.extend((self.together)(place).err());
        }
        found
    }
}
