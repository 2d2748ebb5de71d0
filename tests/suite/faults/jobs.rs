//! The jobs whose calls are made to fail, and the checks of their output.

use std::fs;

use openssl::pkey::PKey;
use openssl::x509::X509;

use super::place::{Entry, Place, Tree, tree};
use crate::support::{Scene, content};

/// Text that must never appear outside a plaintext file.
pub const SECRETS: &[&str] = &["said in confidence", "PRIVATE KEY", "correct-horse"];

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
const NAMES: &[&str] = &["write", "fsync", "rename|renameat|renameat2|link|linkat"];
const THREADS: &[&str] = &["clone3|clone", "write", "fsync", "linkat", "mmap"];
const STREAMS: &[&str] = &["open|openat|openat2", "read", "write", "close"];

impl Job {
    fn new(stock: &Tree, line: &str) -> Self {
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

    fn writes<F>(mut self, name: &str, is_right: F) -> Self
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
    fn writes_plaintext(mut self, name: &str, expected: &[u8]) -> Self {
        let expected = expected.to_vec();
        self = self.writes(name, move |place, name| same(&read(place, name), &expected));
        self.outputs.last_mut().unwrap().private = true;
        self
    }

    /// Adds an archive of all calls, for these keys, as an output.
    fn writes_archive(self, name: &str, keys: &'static [&'static str]) -> Self {
        let calls = below(&self.before, "calls/");
        self.writes(name, move |place, name| {
            for key in keys {
                place.callseal(&format!("extract -q scene/{name} -k scene/{key} -C check"))?;
                let extracted = tree(&place.file("check"));
                fs::remove_dir_all(place.file("check")).unwrap();
                if below(&extracted, "calls/") != calls {
                    return Err(format!("{name} holds other calls for {key}"));
                }
            }
            Ok(())
        })
    }

    /// Adds a message of a.txt for the customer as an output.
    fn writes_message(self, name: &str) -> Self {
        let call = file(&self.before, "calls/a.txt");
        self.writes(name, move |place, name| {
            let line = format!("open scene/{name} -k scene/customer.key -o -");
            same(&place.callseal(&line)?, &call)
        })
    }

    fn prints(
        mut self,
        is_right: impl Fn(&[u8]) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.stdout = Box::new(is_right);
        self
    }

    fn prints_plaintext(mut self, expected: &[u8]) -> Self {
        let expected = expected.to_vec();
        self.prints_plaintext = true;
        self.calls = STREAMS;
        self.prints(move |stdout| same(stdout, &expected))
    }

    fn reads(mut self, name: &'static str) -> Self {
        self.stdin = Some(name);
        self
    }

    fn named(mut self) -> Self {
        self.named = true;
        self.calls = NAMES;
        self
    }

    fn calling(mut self, calls: &'static [&'static str]) -> Self {
        self.calls = calls;
        self
    }

    /// Returns the same job with old files instead of its outputs.
    fn replacing(mut self) -> Self {
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

fn read(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.work().join(name)).unwrap()
}

fn file(tree: &Tree, name: &str) -> Vec<u8> {
    match &tree[name] {
        Entry::File { content, .. } => content.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Returns the files below a directory.
fn below(tree: &Tree, directory: &str) -> Vec<(String, Vec<u8>)> {
    let files = tree.iter().filter_map(|(name, entry)| match entry {
        Entry::File { content, .. } if name.starts_with(directory) => {
            Some((name.clone(), content.clone()))
        }
        _ => None,
    });
    files.collect()
}

fn same(found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let alike = found.iter().zip(expected).take_while(|(a, b)| a == b);
    Err(format!(
        "{} bytes instead of {}, of which the first {} are right",
        found.len(),
        expected.len(),
        alike.count()
    ))
}

/// Returns the files that all jobs find in their directory.
pub fn stock() -> Tree {
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.locked_key_pair("locked", crate::support::P256, "correct-horse");
    scene.write("passphrase", "correct-horse\n");
    scene.write("calls/a.txt", "said in confidence: the first call");
    scene.write("calls/empty.txt", "");
    // Longer than any buffer, and incompressible.
    let mut noise = content(0);
    let mut state = 1_u32;
    noise.resize_with(100_000, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    noise.splice(..0, *b"RIFF said in confidence ");
    scene.write("calls/more/b.wav", &noise);
    let documents: String = (0..6)
        .map(|n| format!("{{\"n\":{n},\"caller\":{{\"number\":\"said in confidence {n}\"}}}}\n"))
        .collect();
    scene.write("docs.ndjson", documents);
    scene.write(
        "callseal.toml",
        "default-profile = \"both\"\n[profiles.both]\nrecipients = [\"customer.crt\", \"vendor.crt\"]\n",
    );
    scene.ok("pack -q -o in.zip -r customer.crt -r vendor.crt calls");
    scene.ok("seal -q -r customer.crt -r locked.crt calls/more/b.wav -o in.pgp");
    scene.ok("seal -q --format rfc4880 -r customer.crt calls/more/b.wav -o v1.pgp");
    scene.ok("fields seal -q --fields caller.number -r customer.crt docs.ndjson -o sealed.ndjson");
    fs::create_dir(scene.path("tmp")).unwrap();
    tree(scene.root())
}

pub fn pack(stock: &Tree) -> Vec<Job> {
    const LINE: &str = "pack -o out.zip -r customer.crt -r vendor.crt calls";
    let job = |arguments: &str| {
        let job = Job::new(stock, &format!("{LINE} {arguments}"));
        job.writes_archive("out.zip", &["customer.key", "vendor.key"])
    };
    let with_config = Job::new(stock, "pack -o out.zip -j 1 --config callseal.toml calls");
    vec![
        job("-j 1"),
        job("-j 2").calling(THREADS),
        job("-j 1 --force").replacing(),
        with_config.writes_archive("out.zip", &["customer.key", "vendor.key"]),
    ]
}

pub fn extract(stock: &Tree) -> Vec<Job> {
    let job = |arguments: &str| {
        let line = format!("extract in.zip -k customer.key -C opened {arguments}");
        let mut job = Job::new(stock, &line);
        for (name, content) in below(stock, "calls/") {
            job = job.writes_plaintext(&format!("opened/{name}"), &content);
        }
        job
    };
    vec![
        job("-j 1"),
        job("-j 2").calling(THREADS),
        job("-j 1 --force").replacing(),
        job("-j 1").named(),
    ]
}

pub fn convert(stock: &Tree) -> Vec<Job> {
    let job = |arguments: &str| {
        let line = format!("convert in.zip -o out.zip -r vendor.crt -k customer.key {arguments}");
        let calls = below(stock, "calls/");
        let job = Job::new(stock, &line).writes_archive("out.zip", &["vendor.key"]);
        job.prints(move |stdout| {
            let lines = calls.iter().map(|(name, content)| {
                let hash = openssl::sha::sha256(content);
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{hash}  {name}\n")
            });
            same(stdout, lines.collect::<String>().as_bytes())
        })
    };
    vec![
        job("-j 1"),
        job("-j 2").calling(THREADS),
        job("-j 1 --force").replacing(),
    ]
}

pub fn seal(stock: &Tree) -> Vec<Job> {
    let job = |line: &str| Job::new(stock, line);
    const TO_FILE: &str = "seal -r customer.crt calls/a.txt -o out.pgp";
    vec![
        job(TO_FILE).writes_message("out.pgp"),
        job(&format!("{TO_FILE} -f"))
            .writes_message("out.pgp")
            .replacing(),
        job(TO_FILE).writes_message("out.pgp").named(),
        job("seal -r customer.crt --armor calls/a.txt -o out.asc").writes_message("out.asc"),
        job("seal -r customer.crt --format cms-gcm calls/a.txt -o out.p7m")
            .writes_message("out.p7m"),
        job("seal -r customer.crt -")
            .reads("calls/a.txt")
            .calling(STREAMS)
            .prints(|stdout| match stdout.is_empty() {
                true => Err("nothing is printed".into()),
                false => Ok(()),
            }),
    ]
}

pub fn open(stock: &Tree) -> Vec<Job> {
    let call = file(stock, "calls/more/b.wav");
    let job = |line: &str| Job::new(stock, line);
    let to_file = |line: &str| job(line).writes_plaintext("out.wav", &call);
    const TO_FILE: &str = "open in.pgp -k customer.key -o out.wav";
    vec![
        to_file(TO_FILE),
        to_file(&format!("{TO_FILE} -f")).replacing(),
        to_file(TO_FILE).named(),
        to_file("open in.pgp -k locked.key --passphrase-file passphrase -o out.wav"),
        job("open in.pgp -k customer.key -o -").prints_plaintext(&call),
        job("open v1.pgp -k customer.key -o -").prints_plaintext(&call),
    ]
}

pub fn fields(stock: &Tree) -> Vec<Job> {
    let documents = file(stock, "docs.ndjson");
    let seal = |arguments: &str| {
        let line = format!("fields seal --fields caller.number -r customer.crt {arguments}");
        Job::new(stock, &line)
    };
    let sealed = {
        let documents = documents.clone();
        move |place: &Place, name: &str| {
            let opened = place.callseal(&format!("fields open -k scene/customer.key scene/{name}"));
            same(&opened?, &documents)
        }
    };
    let open =
        |arguments: &str| Job::new(stock, &format!("fields open -k customer.key {arguments}"));
    let to_file = |job: Job| job.writes_plaintext("out.ndjson", &documents);
    vec![
        seal("-j 1 docs.ndjson -o out.ndjson").writes("out.ndjson", sealed.clone()),
        seal("-j 2 docs.ndjson -o out.ndjson")
            .writes("out.ndjson", sealed.clone())
            .calling(THREADS),
        seal("-j 1 docs.ndjson -f -o out.ndjson")
            .writes("out.ndjson", sealed)
            .replacing(),
        to_file(open("-j 1 sealed.ndjson -o out.ndjson")),
        to_file(open("-j 2 sealed.ndjson -o out.ndjson")).calling(THREADS),
        to_file(open("-j 1 sealed.ndjson -o out.ndjson")).named(),
        open("-j 1")
            .reads("sealed.ndjson")
            .prints_plaintext(&documents),
    ]
}

pub fn keygen(stock: &Tree) -> Vec<Job> {
    let x509 = |arguments: &str| {
        let line = format!("keygen --ec p256 --name new --out keys {arguments}");
        let mut job = Job::new(stock, &line)
            .writes("keys/new.key", pem)
            .writes("keys/new.crt", pem)
            .writes("keys/new.pub", pem);
        job.outputs[0].private = true;
        job.together = Box::new(|place| {
            let key = read(place, "keys/new.key");
            let key = PKey::private_key_from_pem_passphrase(&key, b"correct-horse").unwrap();
            let certificate = X509::from_pem(&read(place, "keys/new.crt")).unwrap();
            let public = PKey::public_key_from_pem(&read(place, "keys/new.pub")).unwrap();
            match certificate.public_key().unwrap().public_eq(&key) && public.public_eq(&key) {
                true => Ok(()),
                false => Err("the key pair does not match".into()),
            }
        });
        job
    };
    let openpgp = || {
        let line = "keygen --openpgp --no-passphrase --name new --out keys";
        let mut job = Job::new(stock, line)
            .writes("keys/new.key", pem)
            .writes("keys/new.asc", pem)
            .writes("keys/new.rev", pem);
        job.outputs[0].private = true;
        job.outputs[2].private = true;
        job.together = Box::new(|place| {
            place.callseal("seal -q -r scene/keys/new.asc scene/calls/a.txt -o sealed")?;
            let opened = place.callseal("open sealed -k scene/keys/new.key -o -")?;
            same(&opened, &read(place, "calls/a.txt"))
        });
        job
    };
    vec![
        x509("--no-passphrase"),
        x509("--passphrase-file passphrase"),
        x509("--no-passphrase").named(),
        openpgp(),
    ]
}

/// Checks for a whole PEM block.
fn pem(place: &Place, name: &str) -> Result<(), String> {
    let text = String::from_utf8(read(place, name)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let begins = lines
        .first()
        .is_some_and(|line| line.starts_with("-----BEGIN "));
    let ends = lines
        .last()
        .is_some_and(|line| line.starts_with("-----END "));
    match begins && ends && text.ends_with('\n') {
        true => Ok(()),
        false => Err(format!("{name} is not whole")),
    }
}
