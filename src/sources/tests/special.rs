//! Links, special files and faults that only Unix file systems have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, mknodat, open, openat};

use super::*;

pub(super) fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// It isn't bound: the path of a bound socket is limited in length.
pub(super) fn socket(path: &Path) {
    mknodat(CWD, path, FileType::Socket, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn following() -> SourceOptions {
    SourceOptions {
        follow_links: true,
        ..SourceOptions::default()
    }
}

fn excluding_and_following(pattern: &str) -> SourceOptions {
    SourceOptions {
        follow_links: true,
        ..filter(&[], &[pattern])
    }
}

#[test]
fn links_and_special_files_met_in_a_walk_are_reported_and_left_out() {
    let directory = tree(&["a", "sub/b"]);
    let path = |name| directory.path().join(name);
    symlink("a", path("link")).unwrap();
    symlink("sub", path("link-to-directory")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    fifo(&path("fifo"));
    socket(&path("socket"));
    // Not even the include list hides them.
    for options in [SourceOptions::default(), filter(&["a", "b"], &[])] {
        let (names, mut notices) = found(directory.path(), &["."], &options).unwrap();
        assert_eq!(names, ["a", "sub/b"]);
        notices.sort_by_key(|notice| format!("{notice:?}"));
        let special = |name, kind| SourceNotice::Special {
            path: path(name),
            kind,
        };
        let expected = [
            SourceNotice::Link {
                path: path("dangling"),
            },
            SourceNotice::Link { path: path("link") },
            SourceNotice::Link {
                path: path("link-to-directory"),
            },
            special("fifo", "a FIFO"),
            special("socket", "a socket"),
        ];
        assert_eq!(notices, expected);
    }
    let options = filter(&[], &["*link*", "dangling", "fifo", "socket"]);
    assert_eq!(names(&directory, &["."], &options), ["a", "sub/b"]);
}

#[test]
fn a_link_that_is_named_is_an_error() {
    let directory = tree(&["a", "sub/b"]);
    symlink("a", directory.path().join("link")).unwrap();
    symlink("sub", directory.path().join("sublink")).unwrap();
    for input in ["link", "sublink", "sublink/", "sublink/."] {
        let error = error(&directory, &[input], &SourceOptions::default());
        assert!(matches!(error, SourceError::Link { .. }), "{input}");
    }
    assert_eq!(
        names(&directory, &["sublink/b"], &SourceOptions::default()),
        ["sublink/b"]
    );
}

#[test]
fn a_special_file_that_is_named_is_an_error_that_names_its_kind() {
    let directory = tree(&[]);
    fifo(&directory.path().join("fifo"));
    let refused = error(&directory, &["fifo"], &SourceOptions::default());
    assert!(
        refused
            .to_string()
            .ends_with("fifo: a FIFO, not a regular file")
    );
    let device = Sources::collect(&["/dev/null"], &following()).unwrap_err();
    let SourceError::Special { kind, .. } = device else {
        panic!("{device}");
    };
    assert_eq!(kind, "a character device");
}

#[test]
fn links_are_followed_on_demand() {
    let directory = tree(&["real/a", "calls/b"]);
    symlink("../real", directory.path().join("calls/link")).unwrap();
    symlink("../real/a", directory.path().join("calls/file-link")).unwrap();
    let expected = ["calls/b", "calls/file-link", "calls/link/a"];
    assert_eq!(names(&directory, &["calls"], &following()), expected);
    let named = ["calls/link", "calls/file-link"];
    assert_eq!(names(&directory, &named, &following()), expected[1..]);

    let input = directory.path().join("calls/file-link");
    let sources = Sources::collect(&[input], &following()).unwrap().files;
    sources[0].open().unwrap().finish().unwrap();
}

#[test]
fn a_loop_of_links_is_an_error_that_names_the_link() {
    for (link, target) in [("sub/up", ".."), ("self", "self")] {
        let directory = tree(&["sub/a"]);
        symlink(target, directory.path().join(link)).unwrap();
        let error = error(&directory, &["."], &following());
        assert!(
            matches!(&error, SourceError::Loop { path } if path.ends_with(link)),
            "{error:?}"
        );
        let options = excluding_and_following(link.rsplit('/').next().unwrap());
        assert_eq!(names(&directory, &["."], &options), ["sub/a"]);
    }
}

#[test]
fn a_dangling_link_is_an_error_where_links_are_followed() {
    let directory = tree(&["a"]);
    symlink("nowhere", directory.path().join("dangling")).unwrap();
    for input in [".", "dangling"] {
        let error = error(&directory, &[input], &following());
        assert!(matches!(error, SourceError::Io { path, .. } if path.ends_with("dangling")));
    }
    let options = excluding_and_following("dangling");
    assert_eq!(names(&directory, &["."], &options), ["a"]);
}

#[test]
fn an_output_that_is_a_link_among_the_files_to_pack_is_refused() {
    let directory = tree(&["calls/a"]);
    let output = directory.path().join("calls/out.zip");
    symlink("a", &output).unwrap();
    for follow_links in [false, true] {
        let options = SourceOptions {
            follow_links,
            ..with_output(output.clone())
        };
        let refused = error(&directory, &["calls"], &options);
        assert!(matches!(&refused, SourceError::WouldReplace { path } if *path == output));
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "the file systems of other systems have no such names"
)]
fn a_name_that_is_not_utf8_is_refused_by_name_unless_it_is_left_out() {
    let directory = tree(&["a"]);
    let bad = directory.path().join(OsStr::from_bytes(b"call-\xFF.wav"));
    fs::write(&bad, "").unwrap();
    let refused = error(&directory, &["."], &SourceOptions::default());
    assert!(matches!(&refused, SourceError::NotUtf8 { path } if *path == bad));
    let options = filter(&[], &["call-*.wav"]);
    assert_eq!(names(&directory, &["."], &options), ["a"]);
}

/// Drops root's power to list every directory, for this thread alone.
#[cfg(target_os = "linux")]
fn without_the_power_of_root<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
            set_capabilities(None, sets).unwrap();
            work()
        });
        thread.join().unwrap()
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_cannot_be_listed_is_an_error_that_names_it() {
    without_the_power_of_root(a_directory_that_cannot_be_listed);
}

#[cfg(target_os = "linux")]
fn a_directory_that_cannot_be_listed() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tree(&["a", "locked/b"]);
    let locked = directory.path().join("locked");
    let set = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).unwrap();
    set(0o000);
    let refused = error(&directory, &["."], &SourceOptions::default());
    assert!(matches!(&refused, SourceError::Io { path, .. } if *path == locked));
    assert!(refused.to_string().ends_with("locked: permission denied"));
    assert_eq!(names(&directory, &["."], &filter(&[], &["locked"])), ["a"]);
    set(0o700);
}

#[test]
fn a_directory_deeper_than_a_path_can_be_is_an_error_that_names_it() {
    let directory = tree(&["a"]);
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let mut deepest = open(directory.path(), flags, Mode::empty()).unwrap();
    let name = "d".repeat(250);
    for _ in 0..20 {
        mkdirat(&deepest, &*name, Mode::from_raw_mode(0o700)).unwrap();
        deepest = openat(&deepest, &*name, flags, Mode::empty()).unwrap();
    }
    let refused = error(&directory, &["."], &SourceOptions::default());
    assert!(matches!(&refused, SourceError::Io { path, .. } if path.ends_with(&name)));
    assert!(refused.to_string().ends_with("d: file name too long"));
    let options = filter(&[], &["**/d*/d*"]);
    assert_eq!(names(&directory, &["."], &options), ["a"]);
}

#[test]
fn a_hard_link_to_the_output_is_a_separate_file() {
    let directory = tree(&["calls/a", "out.zip"]);
    let output = "out.zip";
    let alias = directory.path().join("calls/alias.zip");
    fs::hard_link(directory.path().join(output), alias).unwrap();
    let options = with_output(directory.path().join(output));
    let (names, notices) = found(directory.path(), &["calls"], &options).unwrap();
    assert_eq!(names, ["calls/a", "calls/alias.zip"]);
    assert_eq!(notices, []);
    // If it is named, it is the output as an input.
    let refused = error(&directory, &["calls/alias.zip"], &options);
    assert!(matches!(refused, SourceError::IsOutput { .. }));
}
