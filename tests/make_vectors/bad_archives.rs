//! Archives with one fault each.

use crate::maker::{ENTRY, Entry, Maker};

/// Returns the archive with every occurrence of a text replaced by one of the
/// same length.
fn renamed(archive: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut renamed = archive.to_vec();
    for at in 0..renamed.len() - from.len() {
        if renamed[at..].starts_with(from) {
            renamed[at..at + to.len()].copy_from_slice(to);
        }
    }
    renamed
}

pub fn archives(maker: &mut Maker, text: &[u8]) {
    let source_a = maker.source("a.log", text);
    let source_b = maker.source("b.log", b"b");
    maker.seal("a.tmp", &source_a, &["p256.crt"], &[]);
    maker.seal("b.tmp", &source_b, &["p256.crt"], &[]);
    let (a, b) = (maker.read("a.tmp"), maker.read("b.tmp"));
    for temporary in ["a.tmp", "b.tmp"] {
        std::fs::remove_file(maker.directory.join(temporary)).unwrap();
    }
    let mut altered = b.clone();
    *altered.last_mut().unwrap() ^= 1;
    maker.zip("swapped.zip", &[("a.log.pgp", &b), ("b.log.pgp", &a)], "-0");
    maker.zip(
        "one-altered.zip",
        &[("a.log.pgp", &a), ("b.log.pgp", &altered)],
        "-0",
    );
    maker.zip(
        "same-path.zip",
        &[("a.log.pgp", &a), ("a.log.gpg", &a)],
        "-0",
    );
    maker.zip("inner.tmp", &[("up/a.log.pgp", &a)], "-0");
    let good = maker.read("inner.tmp");
    std::fs::remove_file(maker.directory.join("inner.tmp")).unwrap();
    maker.write("parent.zip", renamed(&good, b"up/", b"../"));
    maker.write("absolute.zip", renamed(&good, b"up/", b"/p/"));
    maker.write("backslash.zip", renamed(&good, b"up/", b"u\\\\"));
    maker.write("prepended.zip", [b"MZ prepended", &good[..]].concat());
    maker.write("appended.zip", [&good[..], b"appended"].concat());
    maker.write("truncated.zip", &good[..good.len() - 30]);
    // The checksum in the local header and in the central directory.
    let crc = crc32fast::hash(&a).to_le_bytes();
    maker.write("checksum.zip", renamed(&good, &crc, b"crc!"));
    let member = ("a.log", text);
    for (file, shows, status, members) in [
        (
            "swapped.zip",
            "two members swapped: the names sealed in them tell",
            5,
            &[][..],
        ),
        (
            "one-altered.zip",
            "one of two members altered: the other one comes out",
            6,
            &[member][..],
        ),
        (
            "same-path.zip",
            "two members for the same path: neither comes out",
            5,
            &[][..],
        ),
        ("parent.zip", "a member ../a.log.pgp", 5, &[][..]),
        ("absolute.zip", "a member with an absolute path", 5, &[][..]),
        (
            "backslash.zip",
            "a member with a backslash in its name",
            5,
            &[][..],
        ),
        (
            "prepended.zip",
            "something in front of the archive",
            5,
            &[][..],
        ),
        ("appended.zip", "something behind the archive", 5, &[][..]),
        ("truncated.zip", "an archive without its end", 5, &[][..]),
        ("checksum.zip", "a member with another checksum", 5, &[][..]),
    ] {
        maker.entry(Entry {
            file,
            shows,
            keys: &["p256.key"],
            status,
            members,
            ..ENTRY
        });
    }
}
