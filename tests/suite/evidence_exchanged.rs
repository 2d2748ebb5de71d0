//! Signed archives whose file gets other bytes after the signature was checked,
//! or while members are extracted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use callseal::keys::{Keyring, NoPassphrases, Recipients, SigningKey};
use callseal::message::Opener;
use callseal::{
    ArchiveFile, Change, Error, Extracted, Job, MemberCause, OldSignatures, Progress, ShareTarget,
    SignedFault,
};

use crate::evidence_support::{extract_opened, signers};
use crate::support::packets::{PKESK, packets};
use crate::support::{Scene, content};

/// Packs calls, one of this length, into `calls.zip` for two recipients, signed;
/// and makes `forged.zip`, which has the same bytes but for a member with another
/// message in it: of the same length, for the same recipients, with the same
/// checksum.
fn exchanged(length: usize, options: &str) -> Scene {
    let scene = Scene::with_parties();
    scene.make_signer("server");
    scene.write("calls/a.txt", "first");
    scene.write("calls/b.txt", content(length));
    scene.write("calls/c.txt", "third");
    let pack = format!("pack -q -r customer.crt -r vendor.crt --compress none {options}");
    scene.ok(&format!("{pack} calls --sign server.key -o calls.zip"));
    let mut false_content = content(length);
    false_content.reverse();
    scene.write("calls/b.txt", false_content);
    scene.ok(&format!("{pack} calls -o other.zip"));
    let is_cms = options.contains("cms");
    let member = match is_cms {
        true => "calls/b.txt.p7m",
        false => "calls/b.txt.pgp",
    };
    let (true_message, mut false_message) = (
        scene.entry("calls.zip", member),
        scene.entry("other.zip", member),
    );
    assert_eq!(true_message.len(), false_message.len());
    // `share` takes those with another checksum as well.
    if !is_cms {
        false_message = with_checksum(false_message, crc32fast::hash(&true_message));
    }
    let mut archive = scene.read("calls.zip");
    let mut places = archive.windows(true_message.len());
    let at = places.position(|octets| octets == true_message).unwrap();
    archive[at..at + false_message.len()].copy_from_slice(&false_message);
    scene.write("forged.zip", archive);
    scene
}

/// Gives a message another CRC-32, by what is sealed to its second recipient.
fn with_checksum(mut message: Vec<u8>, checksum: u32) -> Vec<u8> {
    let front = packets(&message).front;
    let [(PKESK, first), (PKESK, second)] = &front[..] else {
        panic!("{front:?}")
    };
    let at = first.len() + second.len() - 4;
    message[at..at + 4].fill(0);
    // Each bit of the four octets flips the same bits of the checksum, whatever
    // the others are.
    let base = crc32fast::hash(&message);
    let mut basis: Vec<(u32, u32)> = Vec::new();
    for bit in 0..32 {
        message[at..at + 4].copy_from_slice(&(1_u32 << bit).to_le_bytes());
        let flips = (crc32fast::hash(&message) ^ base, 1 << bit);
        let (flipped, bits) = reduced(flips, &basis);
        assert!(flipped != 0, "they are independent");
        basis.push((flipped, bits));
    }
    let (rest, bits) = reduced((base ^ checksum, 0), &basis);
    assert_eq!(rest, 0);
    message[at..at + 4].copy_from_slice(&bits.to_le_bytes());
    assert_eq!(crc32fast::hash(&message), checksum);
    message
}

/// Takes the highest bits of a basis out of a value, in their order.
fn reduced(value: (u32, u32), basis: &[(u32, u32)]) -> (u32, u32) {
    basis
        .iter()
        .fold(value, |(flipped, bits), (own, own_bits)| {
            let highest = 1 << (31 - own.leading_zeros());
            match flipped & highest {
                0 => (flipped, bits),
                _ => (flipped ^ own, bits ^ own_bits),
            }
        })
}

#[track_caller]
fn required(scene: &Scene) -> ArchiveFile {
    let archive = ArchiveFile::open(scene.path("calls.zip")).unwrap();
    let evidence = archive.require_signature(&signers(scene, &["server.crt"]));
    assert!(evidence.unwrap().manifest.is_some());
    archive
}

/// Checks that the exchanged member alone isn't there.
#[track_caller]
fn is_found(scene: &Scene, extracted: &Extracted) {
    let [
        Error::Member {
            member,
            cause: MemberCause::NotAsSigned(SignedFault::Altered),
        },
    ] = &extracted.failures[..]
    else {
        panic!("{:?}", extracted.failures)
    };
    assert_eq!(member, "calls/b.txt");
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/a.txt", "calls/c.txt"],
        "nothing of it is published"
    );
}

#[test]
fn the_exchanged_archive_would_be_believed_without_its_signature() {
    for options in ["--index none", "--index none --format rfc4880"] {
        let scene = exchanged(20, options);
        scene.ok("verify forged.zip -k customer.key");
        let opened = scene.ok("cat forged.zip calls/b.txt -k customer.key");
        let mut expected = content(20);
        expected.reverse();
        assert_eq!(opened.output.stdout, expected);
        scene
            .line("verify forged.zip --signer server.crt")
            .exits(5)
            .complains(&["calls/b.txt: it was altered or replaced"]);
    }
}

#[test]
fn an_archive_that_is_exchanged_before_it_is_extracted_is_found() {
    for options in [
        "--index none",
        "--index none --format rfc4880",
        "",
        "--format rfc4880",
    ] {
        let scene = exchanged(20, options);
        let archive = required(&scene);
        // It is still the same file, with other bytes.
        std::fs::write(archive.path(), scene.read("forged.zip")).unwrap();
        let extracted = extract_opened(&scene, &archive, &scene.path("out")).unwrap();
        match options.contains("--index none") {
            true => is_found(&scene, &extracted),
            // The session key in the index isn't that of the false message.
            false => assert_eq!(extracted.failures.len(), 1),
        }
        assert!(!scene.exists("out/calls/b.txt"));
    }
}

#[test]
fn nothing_of_an_exchanged_member_goes_to_a_pipe() {
    // More than one chunk: what is authentic is streamed otherwise.
    for length in [20, 600_000] {
        for options in ["--index none", "--index none --format rfc4880"] {
            let scene = exchanged(length, options);
            let archive = required(&scene);
            std::fs::write(archive.path(), scene.read("forged.zip")).unwrap();
            let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
            let opener = Opener::new(&keyring);
            let members = archive.select(&["calls/b.txt"]).unwrap();
            let mut published = Vec::new();
            let refused = archive
                .cat(members.as_slice()[0], &mut published, &opener, scene.root())
                .unwrap_err();
            assert!(
                refused.to_string().contains("it was altered or replaced"),
                "{refused}"
            );
            assert_eq!(published.len(), 0, "{options}");
        }
    }
}

/// Writes other bytes to a file when so many have been read of its members.
struct ExchangeAfter {
    bytes: AtomicU64,
    count: u64,
    archive: PathBuf,
    other: Vec<u8>,
}

impl Progress for ExchangeAfter {
    fn begin(&self, _: u64, _: u64) {}

    fn bytes(&self, count: u64) {
        let before = self.bytes.fetch_add(count, Ordering::SeqCst);
        if before < self.count && before + count >= self.count {
            std::fs::write(&self.archive, &self.other).unwrap();
        }
    }

    fn member(&self) {}
}

#[test]
fn an_archive_that_is_exchanged_while_it_is_extracted_is_found() {
    // At the first member, and in the middle of the long one.
    for count in [1, 400_000] {
        let scene = exchanged(1_000_000, "--index none");
        let archive = required(&scene);
        let exchange = ExchangeAfter {
            bytes: AtomicU64::new(0),
            count,
            archive: scene.path("calls.zip"),
            other: scene.read("forged.zip"),
        };
        let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
        let job = Job::new()
            .workers(std::num::NonZeroUsize::MIN)
            .progress(&exchange);
        let opener = Opener::new(&keyring);
        let extracted = job
            .extract(&archive.all(), &opener, scene.path("out"))
            .unwrap();
        assert_eq!(scene.read("calls.zip"), exchange.other);
        assert_eq!(extracted.failures.len(), 1, "{:?}", extracted.failures);
        assert!(!scene.exists("out/calls/b.txt"));
        if count == 1 {
            is_found(&scene, &extracted);
        }
    }
}

/// Does a job of the auditor's on a signed archive, which is exchanged when all of
/// it has been checked, and is about to be copied. Returns the error.
#[track_caller]
fn exchanged_before_it_is_copied(
    scene: &Scene,
    work: impl FnOnce(&Job<'_>, &ArchiveFile) -> Error,
) -> Error {
    scene.make_signer("auditor");
    let now = std::time::SystemTime::now();
    let key = SigningKey::load(&scene.path("auditor.key"), &NoPassphrases, now).unwrap();
    let keys = [key];
    let archive = ArchiveFile::open(scene.path("calls.zip")).unwrap();
    let sizes = scene.entries("calls.zip");
    let sizes = sizes.iter().map(|(_, content)| content.len() as u64);
    let exchange = ExchangeAfter {
        bytes: AtomicU64::new(0),
        count: sizes.sum(),
        archive: scene.path("calls.zip"),
        other: scene.read("forged.zip"),
    };
    let signers = signers(scene, &["server.crt"]);
    let job = Job::new()
        .signing(&keys)
        .old_signatures(OldSignatures::Keep(&signers))
        .progress(&exchange);
    let refused = work(&job, &archive);
    assert_eq!(scene.read("calls.zip"), exchange.other);
    assert!(!scene.exists("new.zip"));
    refused
}

#[test]
fn an_archive_that_is_exchanged_while_it_is_signed_again_is_found() {
    let scene = exchanged(20, "--index none");
    let refused = exchanged_before_it_is_copied(&scene, |job, archive| {
        let signed = job.sign(archive, Some(&scene.path("new.zip")));
        signed.unwrap_err()
    });
    let said = refused.to_string();
    assert!(
        said.contains("calls/b.txt: it was altered or replaced"),
        "{said}"
    );
}

#[test]
fn an_archive_that_is_exchanged_while_it_is_shared_and_signed_is_found() {
    for options in ["--index none", "--index none --format rfc4880"] {
        let scene = exchanged(20, options);
        scene.key_pair("partner", crate::support::P256);
        let refused = exchanged_before_it_is_copied(&scene, |job, archive| {
            let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
            let partner = Recipients::from_files(&[scene.path("partner.crt")]).unwrap();
            let change = Change::default().adding(partner);
            let (members, new) = (archive.all(), scene.path("new.zip"));
            let target = ShareTarget::File(&new);
            job.share(&members, &Opener::new(&keyring), &change, target)
                .unwrap_err()
        });
        let Error::NotShared { failures, .. } = &refused else {
            panic!("{refused}")
        };
        assert_eq!(
            failures[0].to_string(),
            "calls/b.txt: it was altered or replaced after the archive was signed"
        );
    }
}

/// Writes other bytes to a file while the session keys of its members are proven,
/// and its own ones again when the first of them has been copied.
struct ExchangeWhileProven {
    archive: PathBuf,
    own: Vec<u8>,
    other: Vec<u8>,
    has_begun: AtomicBool,
}

impl Progress for ExchangeWhileProven {
    fn begin(&self, _: u64, _: u64) {
        std::fs::write(&self.archive, &self.other).unwrap();
        self.has_begun.store(true, Ordering::SeqCst);
    }

    fn bytes(&self, _: u64) {}

    fn member(&self) {
        // Before that, all are compared with what was signed.
        if self.has_begun.load(Ordering::SeqCst) {
            std::fs::write(&self.archive, &self.own).unwrap();
        }
    }
}

#[test]
fn a_session_key_is_shared_for_nothing_else_than_what_has_proven_it() {
    for format in ["rfc4880", "cms-gcm"] {
        for is_signed in [true, false] {
            let scene = exchanged(20, &format!("--index none --format {format}"));
            scene.key_pair("partner", crate::support::P256);
            let exchange = ExchangeWhileProven {
                archive: scene.path("calls.zip"),
                own: scene.read("calls.zip"),
                other: scene.read("forged.zip"),
                has_begun: AtomicBool::new(false),
            };
            let signers = signers(&scene, &["server.crt"]);
            let job = Job::new()
                .workers(std::num::NonZeroUsize::MIN)
                .old_signatures(match is_signed {
                    true => OldSignatures::Keep(&signers),
                    false => OldSignatures::Drop,
                })
                .progress(&exchange);
            let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
            let partner = Recipients::from_files(&[scene.path("partner.crt")]).unwrap();
            let change = Change::default().adding(partner);
            let archive = ArchiveFile::open(scene.path("calls.zip")).unwrap();
            let (members, new) = (archive.all(), scene.path("new.zip"));
            let target = ShareTarget::File(&new);
            let refused = job
                .share(&members, &Opener::new(&keyring), &change, target)
                .unwrap_err();
            let Error::NotShared { failures, .. } = &refused else {
                panic!("{format}: {refused}")
            };
            let said = failures[0].to_string();
            assert!(said.starts_with("calls/b.txt: "), "{said}");
            assert!(said.contains("was changed while it was read"), "{said}");
            assert!(!scene.exists("new.zip"));
        }
    }
}

#[test]
fn a_manifest_that_is_exchanged_is_the_one_that_was_signed() {
    let scene = exchanged(20, "--index none");
    let archive = required(&scene);
    // A second check of the same open archive sees the other bytes.
    let mut bytes = scene.read("calls.zip");
    let manifest = scene.entry("calls.zip", crate::evidence_support::MANIFEST);
    let mut places = bytes.windows(manifest.len());
    let at = places.position(|octets| octets == manifest).unwrap();
    bytes[at + 100] ^= 1;
    std::fs::write(archive.path(), bytes).unwrap();
    let refused = archive
        .require_signature(&signers(&scene, &["server.crt"]))
        .unwrap_err();
    assert!(
        refused.to_string().contains("META-INF/callseal/manifest"),
        "{refused}"
    );
}
