//! Archives with an index: packed, taken apart, and put together in other ways.

use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::archive::Archive;
use callseal::keys::{Party, Recipients, Requirements};
use callseal::message::{Compression, SealOptions, SealPlan, SealedFile};
use serde_json::Value;

use crate::archive_support::{Member, zip};
use crate::support::{Run, Scene};

/// The stored name of an index.
pub const INDEX: &str = "META-INF/callseal/index.pgp";

/// The name that is sealed with it.
pub const NAME: &str = "META-INF/callseal/index";

/// The files in the archives of these tests, in the archives' order.
pub const CALLS: [(&str, &str); 3] = [
    ("calls/a.txt", "first"),
    ("calls/b.txt", "the second"),
    ("calls/sub/c.txt", "and the third"),
];

/// The entries of an archive, with their stored names.
pub type Entries = Vec<(String, Vec<u8>)>;

/// Packs the calls for the customer into `calls.zip`.
pub fn packed(options: &str) -> Scene {
    let scene = Scene::with_parties();
    for (name, content) in CALLS {
        scene.write(name, content);
    }
    scene.ok(&format!(
        "pack -q -o calls.zip -r customer.crt {options} calls"
    ));
    scene
}

/// Returns the time of a file in whole seconds.
pub fn modified(path: PathBuf) -> SystemTime {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let since = modified.duration_since(UNIX_EPOCH).unwrap();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

pub fn entries(scene: &Scene, archive: &str) -> Entries {
    let archive = Archive::open(scene.read(archive)).unwrap();
    let members = archive.members().iter();
    let content = |member| {
        let mut content = Vec::new();
        let read = archive.read(member).unwrap().read_to_end(&mut content);
        read.map(|_| content).unwrap()
    };
    members
        .map(|member| (member.stored_name().into_owned(), content(member)))
        .collect()
}

pub fn names(entries: &Entries) -> Vec<&str> {
    entries.iter().map(|(name, _)| name.as_str()).collect()
}

/// Makes an archive of these entries.
pub fn put_together(scene: &Scene, archive: &str, entries: &Entries) {
    let members = entries.iter().map(|(name, data)| Member::new(name, data));
    scene.write(archive, zip(members).bytes());
}

/// Returns the one entry of that stored name.
pub fn entry<'a>(entries: &'a mut Entries, name: &str) -> &'a mut Vec<u8> {
    let mut found = entries.iter_mut().filter(|(stored, _)| stored == name);
    let (_, content) = found.next().unwrap_or_else(|| panic!("no entry {name}"));
    content
}

/// Makes `forged.zip` of `calls.zip`, with changed entries.
pub fn forge(scene: &Scene, change: impl FnOnce(&mut Entries)) {
    let mut entries = entries(scene, "calls.zip");
    change(&mut entries);
    put_together(scene, "forged.zip", &entries);
}

/// Returns the text of the index of an archive.
pub fn index_text(scene: &Scene, archive: &str) -> String {
    let mut entries = entries(scene, archive);
    scene.write("index.pgp", &*entry(&mut entries, INDEX));
    let opened = scene.ok("open index.pgp -k customer.key -o -");
    opened.stdout()
}

/// Returns the lines of the members in the text of an index.
pub fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().skip(1);
    let parse = |line| serde_json::from_str(line).unwrap();
    lines.map(parse).collect()
}

/// Makes `forged.zip` of `calls.zip`, with another text in its index.
pub fn forge_index(scene: &Scene, change: impl FnOnce(String) -> String) {
    let text = change(index_text(scene, "calls.zip"));
    let index = Seal::for_customer(scene).seal(NAME, text.as_bytes());
    forge(scene, |entries| *entry(entries, INDEX) = index);
}

/// Ways to seal a message.
pub struct Seal<'a> {
    scene: &'a Scene,
    certificate: &'static str,
    options: SealOptions,
}

impl<'a> Seal<'a> {
    pub fn for_customer(scene: &'a Scene) -> Self {
        Self {
            scene,
            certificate: "customer.crt",
            options: SealOptions::default(),
        }
    }

    pub fn for_vendor(scene: &'a Scene) -> Self {
        let certificate = "vendor.crt";
        Self {
            certificate,
            ..Self::for_customer(scene)
        }
    }

    pub fn compressed(mut self) -> Self {
        self.options.compression = Compression::Deflate;
        self
    }

    /// Seals content under a literal name.
    pub fn seal(&self, name: &str, content: &[u8]) -> Vec<u8> {
        let parties = [Party::with_certificate(self.scene.path(self.certificate))];
        let requirements = Requirements::listed(SystemTime::now());
        let recipients = Recipients::load(&parties, &requirements).unwrap();
        let plan = SealPlan::new(recipients, self.options).unwrap();
        let file = SealedFile {
            name,
            modified: UNIX_EPOCH,
            length: Some(content.len() as u64),
        };
        let mut message = Vec::new();
        let sealed = plan.sealer().seal(&mut &*content, &file, &mut message);
        sealed.unwrap();
        message
    }
}

/// Returns the length of the first packet of a message, header included.
pub fn first_packet(message: &[u8]) -> usize {
    match *message {
        [_, one @ 0..=191, ..] => 2 + usize::from(one),
        [_, two @ 192..=223, low, ..] => {
            3 + ((usize::from(two) - 192) << 8) + usize::from(low) + 192
        }
        [_, 255, a, b, c, d, ..] => 6 + u32::from_be_bytes([a, b, c, d]) as usize,
        _ => panic!("no packet of a definite length"),
    }
}

/// Damages the session key that is sealed to the only recipient.
pub fn damage_recipient(message: &mut [u8]) {
    assert_eq!(message[0], 0xC1, "a message begins with its recipient");
    let last = first_packet(message) - 1;
    message[last] ^= 1;
}

/// Returns an extraction of an archive with the customer's key to `out`.
pub fn extraction(scene: &Scene, archive: &str, options: &str) -> Run {
    scene.line(&format!(
        "extract {archive} -k customer.key -C out {options}"
    ))
}

/// Checks that all calls are in a directory, and nothing else.
#[track_caller]
pub fn has_the_calls(scene: &Scene, directory: &str) {
    for (name, content) in CALLS {
        assert_eq!(scene.text(format!("{directory}/{name}")), content);
    }
    let files = scene.tree(directory);
    let files = files.iter().filter(|path| !path.ends_with('/'));
    assert_eq!(files.count(), CALLS.len());
}
