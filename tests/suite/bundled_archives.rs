//! Archives of messages become one archive, without a key that opens them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use callseal::archive::Archive;
use callseal::keys::{NoPassphrases, Recipients, SigningKey};
use callseal::sources::{Source, SourceOptions, Sources};
use callseal::{Bundled, Error, ErrorKind, Job, Progress, Sealed};

use crate::archive_support::{Member, zip};
use crate::index_support::{Seal, entries, names, put_together};
use crate::support::{P256, Scene, content};

/// Packs files for both parties into an archive without an index.
#[track_caller]
fn pack(scene: &Scene, archive: &str, files: &[(&str, usize)], options: &str) {
    for (name, length) in files {
        scene.write(format!("{archive}.d/{name}"), content(*length));
    }
    scene
        .bash(&format!(
            "cd {archive}.d && callseal pack -q -o ../{archive} -r ../customer.crt \
             -r ../vendor.crt --index none {options} *"
        ))
        .exits(0);
}

/// Makes two parties and two archives: `1.zip` and `2.zip`.
fn scene() -> Scene {
    let scene = Scene::with_parties();
    pack(&scene, "1.zip", &[("a/1.wav", 5000), ("a/2.wav", 0)], "");
    let long = [("a/3.wav", 700_000), ("b.json", 10)];
    pack(&scene, "2.zip", &long, "--format rfc4880 --compress none");
    scene
}

fn archives<'a>(scene: &Scene, names: &[&str]) -> Vec<Sealed<'a>> {
    let paths = names.iter().map(|name| scene.path(name));
    paths.map(Sealed::Archive).collect()
}

fn recipients(scene: &Scene, names: &[&str]) -> Recipients {
    let paths: Vec<PathBuf> = names.iter().map(|name| scene.path(name)).collect();
    Recipients::from_files(&paths).unwrap()
}

/// Bundles archives for both parties into `all.zip`.
fn bundle(scene: &Scene, from: &[Sealed<'_>]) -> Result<Bundled, Error> {
    let parties = recipients(scene, &["customer.crt", "vendor.crt"]);
    let checked = Job::new().check_bundle(from, Some(&parties));
    let bundled = Job::new().bundle(from, Some(&parties), scene.path("all.zip"));
    // The check alone finds the same.
    match (&checked, &bundled) {
        (Ok(checked), Ok(bundled)) => {
            let archive = bundled.archive;
            let mut checked = checked.clone();
            checked.archive = archive;
            assert_eq!(&checked, bundled);
        }
        (Err(checked), Err(refused)) => {
            assert_eq!(checked.to_string(), refused.to_string());
            assert!(!scene.exists("all.zip"));
        }
        _ => panic!("{checked:?} {bundled:?}"),
    }
    bundled
}

/// Checks that nothing is written, of what kind the error is, and that it has these
/// words.
#[track_caller]
fn is_refused(scene: &Scene, from: &[Sealed<'_>], kind: ErrorKind, words: &[&str]) {
    let error = bundle(scene, from).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[test]
fn the_members_of_all_archives_are_in_one_byte_for_byte() {
    let scene = scene();
    let bundled = bundle(&scene, &archives(&scene, &["1.zip", "2.zip"])).unwrap();
    let mut expected = entries(&scene, "1.zip");
    expected.extend(entries(&scene, "2.zip"));
    assert!(entries(&scene, "all.zip") == expected);
    assert_eq!(bundled.members, 4);
    assert_eq!(bundled.formats.len(), 2);
    assert_eq!(bundled.left_out, []);
    let sealed: usize = expected.iter().map(|(_, message)| message.len()).sum();
    assert_eq!(bundled.sealed, sealed as u64);
    assert_eq!(bundled.archive, scene.read("all.zip").len() as u64);
    for key in ["customer.key", "vendor.key"] {
        scene.ok(&format!("extract all.zip -k {key} -C {key}.out"));
        assert_eq!(scene.read(format!("{key}.out/a/3.wav")), content(700_000));
        assert_eq!(scene.read(format!("{key}.out/b.json")), content(10));
    }
    scene.tool("unzip -tq all.zip");
}

#[test]
fn members_keep_their_times() {
    let scene = scene();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    let file = std::fs::File::open(scene.path("1.zip.d/a/1.wav")).unwrap();
    file.set_modified(then).unwrap();
    pack_again(&scene);
    bundle(&scene, &archives(&scene, &["1.zip"])).unwrap();
    scene.ok("extract all.zip -k customer.key -C out");
    let found = std::fs::metadata(scene.path("out/a/1.wav")).unwrap();
    assert_eq!(found.modified().unwrap(), then);
    let archive = Archive::open(scene.read("all.zip")).unwrap();
    assert_eq!(archive.members()[0].modified(), then);
}

/// Packs `1.zip` again from its files as they are.
fn pack_again(scene: &Scene) {
    let line = "cd 1.zip.d && callseal pack -q -f -o ../1.zip -r ../customer.crt -r ../vendor.crt --index none *";
    scene.bash(line).exits(0);
}

#[test]
fn a_single_message_is_a_member_between_those_of_archives() {
    let scene = scene();
    scene.write("big.wav", content(3_000_000));
    scene.ok("seal -q -r customer.crt -r vendor.crt big.wav -o big.wav.pgp");
    let mut from = archives(&scene, &["1.zip", "2.zip"]);
    let big = source(&scene, "big.wav.pgp");
    from.insert(1, Sealed::File(&big));
    bundle(&scene, &from).unwrap();
    let entries = entries(&scene, "all.zip");
    let root = scene.root().to_str().unwrap().trim_start_matches('/');
    let big = format!("{root}/big.wav.pgp");
    assert_eq!(
        names(&entries),
        [
            "a/1.wav.pgp",
            "a/2.wav.pgp",
            &*big,
            "a/3.wav.pgp",
            "b.json.pgp"
        ]
    );
    assert!(entries[2].1 == scene.read("big.wav.pgp"));
}

fn source(scene: &Scene, name: &str) -> Source {
    let found = Sources::collect(&[scene.path(name)], &SourceOptions::default());
    found.unwrap().files.pop().unwrap()
}

#[test]
fn what_an_archive_says_of_its_members_is_left_out_and_reported() {
    let scene = scene();
    scene.make_signer("server");
    for name in ["1.zip", "2.zip"] {
        scene.ok(&format!("sign -q {name} --sign server.key --in-place"));
    }
    scene.write("c", "c");
    scene.write("d", "d");
    scene.ok("pack -q -o 3.zip -r customer.crt -r vendor.crt c d");
    let mut unknown = entries(&scene, "3.zip");
    unknown.push(("meta-inf/CALLSEAL/later".into(), b"?".to_vec()));
    put_together(&scene, "3.zip", &unknown);
    let bundled = bundle(&scene, &archives(&scene, &["1.zip", "2.zip", "3.zip"])).unwrap();
    assert_eq!(bundled.members, 6);
    let left_out: Vec<String> = bundled.left_out.iter().map(ToString::to_string).collect();
    let place = |archive, entry| format!("{}: {entry}", scene.path(archive).display());
    assert_eq!(
        left_out,
        [
            place("1.zip", "META-INF/callseal/manifest"),
            place("1.zip", "META-INF/callseal/manifest.p7s"),
            place("2.zip", "META-INF/callseal/manifest"),
            place("2.zip", "META-INF/callseal/manifest.p7s"),
            place("3.zip", "META-INF/callseal/index.pgp"),
            place("3.zip", "meta-inf/CALLSEAL/later"),
        ]
    );
    assert_eq!(names(&entries(&scene, "all.zip")).len(), 6);
}

#[test]
fn the_new_archive_is_signed() {
    let scene = scene();
    scene.make_signer("server");
    let keys = [signing_key(&scene, "server.key")];
    let from = archives(&scene, &["1.zip", "2.zip"]);
    let job = Job::new().signing(&keys);
    job.bundle(&from, None, scene.path("all.zip")).unwrap();
    scene.verifies("all.zip");
    // The lines for the sealed data hold as well: they are what sharing leaves.
    scene.key_pair("partner", P256);
    scene.ok("share all.zip -k customer.key --signer server.crt -r partner.crt -o shared.zip");
    scene
        .ok("verify shared.zip --signer server.crt -k partner.key")
        .prints("what is sealed in its members was signed by “server”");
}

fn signing_key(scene: &Scene, name: &str) -> SigningKey {
    SigningKey::load(&scene.path(name), &NoPassphrases, SystemTime::now()).unwrap()
}

#[test]
fn whoever_can_open_a_member_does_not_sign() {
    let scene = scene();
    // A certificate for everything.
    scene.self_signed("both").saying("").make();
    pack(&scene, "3.zip", &[("c", 1)], "-r ../both.crt");
    let keys = [signing_key(&scene, "both.key")];
    let from = archives(&scene, &["1.zip", "3.zip"]);
    let job = Job::new().signing(&keys);
    let error = job.bundle(&from, None, scene.path("all.zip")).unwrap_err();
    assert!(matches!(error, Error::SignerIsRecipient { .. }), "{error}");
    assert!(!scene.exists("all.zip"));
}

/// Checks that a member is refused if any of these octets of it is altered.
#[track_caller]
fn refuses_altered(scene: &Scene, archive: &str, member: &str, places: &[usize]) {
    let message = scene.entry(archive, member);
    let sound = scene.read(archive);
    let found = sound.windows(64).position(|part| part == &message[..64]);
    let start = found.unwrap();
    for place in places {
        let mut altered = sound.clone();
        altered[start + place] ^= 0x40;
        scene.write(archive, altered);
        let damage = "it was altered or damaged in the archive";
        let words = format!("{archive}: {member}: {damage}");
        let from = archives(scene, &[archive]);
        is_refused(scene, &from, ErrorKind::Integrity, &[&words]);
    }
}

#[test]
fn an_altered_member_is_refused_wherever_it_was_altered() {
    let scene = scene();
    let end = scene.entry("1.zip", "a/1.wav.pgp").len() - 1;
    let places = (0..200).chain((200..end).step_by(97)).chain([end]);
    let places: Vec<usize> = places.collect();
    refuses_altered(&scene, "1.zip", "a/1.wav.pgp", &places);
    // Of a long one, the front is read before the checksum is known to be wrong.
    let end = scene.entry("2.zip", "a/3.wav.pgp").len() - 1;
    let places: Vec<usize> = (0..60).step_by(4).chain([1000, end / 2, end]).collect();
    refuses_altered(&scene, "2.zip", "a/3.wav.pgp", &places);
}

#[test]
fn an_archive_that_is_cut_off_is_refused() {
    let scene = scene();
    let archive = scene.read("2.zip");
    scene.write("2.zip", &archive[..archive.len() - 30]);
    let from = archives(&scene, &["1.zip", "2.zip"]);
    is_refused(&scene, &from, ErrorKind::Integrity, &["2.zip: "]);
}

#[test]
fn an_archive_whose_members_were_never_sealed_is_refused() {
    let scene = scene();
    let sealed = Seal::for_customer(&scene).seal("x", b"x");
    for (name, data, kind, why) in [
        (
            "x.pgp",
            &b"a call"[..],
            ErrorKind::Integrity,
            "neither an OpenPGP nor a CMS message",
        ),
        (
            "x.pgp",
            b"",
            ErrorKind::Integrity,
            "neither an OpenPGP nor a CMS message",
        ),
        (
            "x.wav",
            b"a call",
            ErrorKind::Usage,
            "its name ends neither in",
        ),
        (
            "x.gpg",
            &sealed,
            ErrorKind::Usage,
            "its name ends neither in",
        ),
        (
            "x.p7m",
            &sealed,
            ErrorKind::Usage,
            "its name is not that of an OpenPGP message",
        ),
        (
            "../x.pgp",
            &sealed,
            ErrorKind::Integrity,
            "has a parent component",
        ),
    ] {
        scene.write("x.zip", zip([Member::new(name, data)]).bytes());
        let from = archives(&scene, &["1.zip", "x.zip"]);
        is_refused(&scene, &from, kind, &["x.zip: ", name, why]);
    }
    scene.write("x.zip", zip([]).bytes());
    let from = archives(&scene, &["x.zip"]);
    is_refused(&scene, &from, ErrorKind::Io, &["no files to pack"]);
    // Next to others, there is nothing to say of it.
    bundle(&scene, &archives(&scene, &["x.zip", "1.zip"])).unwrap();
}

#[test]
fn names_that_some_system_takes_for_one_are_refused() {
    let scene = scene();
    for (name, other) in [
        ("a/1.wav", "a/1.wav.pgp"),
        ("A/1.WAV", "A/1.WAV.pgp"),
        ("a/1.wav/x", "a/1.wav/x.pgp"),
        ("a", "a.pgp"),
        ("b.JSON", "b.JSON.pgp"),
    ] {
        let message = Seal::for_customer(&scene).seal(name, b"x");
        scene.write("x.zip", zip([Member::new(other, &message)]).bytes());
        for order in [["1.zip", "2.zip", "x.zip"], ["x.zip", "1.zip", "2.zip"]] {
            let from = archives(&scene, &order);
            let words = [
                "x.zip: ",
                other,
                "would be the same member",
                ".zip: a/",
                "b.json",
            ];
            let words = match name {
                "b.JSON" => vec![words[0], words[1], words[2], "2.zip: b.json.pgp"],
                _ => vec![words[0], words[1], words[2], "1.zip: a/1.wav.pgp"],
            };
            is_refused(&scene, &from, ErrorKind::Usage, &words);
        }
    }
    let from = archives(&scene, &["1.zip", "2.zip", "1.zip"]);
    is_refused(
        &scene,
        &from,
        ErrorKind::Usage,
        &["1.zip: a/1.wav.pgp: it is given twice"],
    );
}

#[test]
fn names_in_other_normalisations_are_refused() {
    let scene = scene();
    for (archive, name) in [("x.zip", "\u{e9}.pgp"), ("y.zip", "e\u{301}.pgp")] {
        let message = Seal::for_customer(&scene).seal("", b"x");
        let member = Member::new(name, &message).with_both(|header| header.flags |= 1 << 11);
        scene.write(archive, zip([member]).bytes());
    }
    let from = archives(&scene, &["x.zip", "y.zip"]);
    is_refused(
        &scene,
        &from,
        ErrorKind::Usage,
        &["x.zip: ", "y.zip: ", "the same member"],
    );
}

#[test]
fn each_member_is_sealed_to_all_recipients_and_nobody_else() {
    let scene = scene();
    scene.key_pair("stranger", P256);
    pack(&scene, "more.zip", &[("c", 1)], "-r ../stranger.crt");
    scene.write("d", "d");
    scene.ok("pack -q -o less.zip -r customer.crt d");
    scene.ok("pack -q -o other.zip -r customer.crt -r stranger.crt d");
    let stranger = scene.fingerprint("stranger.crt");
    for (archive, words) in [
        (
            "more.zip",
            vec!["more.zip: c.pgp: it is also sealed to", &*stranger],
        ),
        (
            "less.zip",
            vec!["less.zip: d.pgp: it is not sealed to “vendor”"],
        ),
        (
            "other.zip",
            vec![
                "other.zip: d.pgp: it is sealed to",
                &*stranger,
                "and not to “vendor”",
            ],
        ),
    ] {
        let from = archives(&scene, &["1.zip", archive]);
        is_refused(&scene, &from, ErrorKind::Recipient, &words);
        // Without recipients, everybody may be one.
        let output = scene.path(format!("all-{archive}"));
        Job::new().bundle(&from, None, output).unwrap();
    }
}

#[test]
fn recipients_without_names_are_not_those_who_are_expected() {
    let scene = scene();
    pack(&scene, "hidden.zip", &[("c", 1)], "--hidden-recipients");
    let from = archives(&scene, &["1.zip", "hidden.zip"]);
    is_refused(
        &scene,
        &from,
        ErrorKind::Recipient,
        &["hidden.zip: c.pgp: it hides a recipient"],
    );
}

#[test]
fn what_zip_has_compressed_is_stored() {
    let scene = scene();
    let message = scene.entry("2.zip", "a/3.wav.pgp");
    let member = Member::deflated("a/3.wav.pgp", &message);
    scene.write("x.zip", zip([member]).bytes());
    bundle(&scene, &archives(&scene, &["x.zip"])).unwrap();
    let archive = Archive::open(scene.read("all.zip")).unwrap();
    let member = &archive.members()[0];
    assert_eq!(member.stored_size(), message.len() as u64);
    assert!(scene.entry("all.zip", "a/3.wav.pgp") == message);
}

/// Replaces an archive after the names have been read.
struct Replacing<'a>(&'a Scene);

impl Progress for Replacing<'_> {
    fn begin(&self, _: u64, _: u64) {
        std::fs::rename(self.0.path("other.zip"), self.0.path("1.zip")).unwrap();
    }
    fn bytes(&self, _: u64) {}
    fn member(&self) {}
}

#[test]
fn an_archive_that_is_replaced_meanwhile_is_refused() {
    let scene = scene();
    // Its names would be those of the other archive once more.
    scene.tool("cp 2.zip other.zip");
    let from = archives(&scene, &["1.zip", "2.zip"]);
    let progress = Replacing(&scene);
    let job = Job::new().progress(&progress);
    let error = job.bundle(&from, None, scene.path("all.zip")).unwrap_err();
    let expected = format!(
        "{}: changed while it was read",
        scene.path("1.zip").display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(!scene.exists("all.zip"));
}

/// Counts the descriptors of this process.
#[derive(Default)]
struct Descriptors(AtomicUsize);

impl Descriptors {
    fn now() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }
}

impl Progress for Descriptors {
    fn begin(&self, _: u64, _: u64) {}
    fn bytes(&self, _: u64) {}
    fn member(&self) {
        self.0.fetch_max(Self::now(), Ordering::Relaxed);
    }
}

#[test]
fn thousands_of_archives_need_few_descriptors() {
    let scene = scene();
    let from: Vec<Sealed<'_>> = (0..300)
        .map(|number| {
            let name = format!("{number}.wav");
            let message = Seal::for_customer(&scene).seal(&name, b"x");
            let archive = format!("many/{number}.zip");
            scene.write(
                &archive,
                zip([Member::new(&format!("{name}.pgp"), &message)]).bytes(),
            );
            Sealed::Archive(scene.path(archive))
        })
        .collect();
    let before = Descriptors::now();
    let customer = recipients(&scene, &["customer.crt"]);
    let most = Descriptors::default();
    let job = Job::new().progress(&most);
    let bundled = job.bundle(&from, Some(&customer), scene.path("all.zip"));
    assert_eq!(bundled.unwrap().members, 300);
    // Other tests of this process may open some.
    assert!(most.0.into_inner() < before + 100);
}
