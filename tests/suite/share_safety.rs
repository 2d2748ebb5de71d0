//! Sharing and granting of what is damaged, forged or cut short, and what is
//! left when they fail.

use std::fs;

use crate::archive_support::{Member, zip};
use crate::support::packets::{PKESK, packets};
use crate::support::{CALL, Outcome, P256, Run, Scene, content};

const INDEX: &str = "META-INF/callseal/index.pgp";

/// Text that no file may have but the plaintext itself.
const SAID: &str = "what was said in this call ";

/// Packs calls of several lengths into `calls.zip`, for customer and vendor.
fn packed(options: &str) -> Scene {
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.key_pair("partner", P256);
    scene.write("calls/a.txt", SAID);
    scene.write("calls/b.txt", SAID.repeat(20));
    scene.write("calls/long.txt", SAID.repeat(50_000));
    scene.ok(&format!(
        "pack -q -o calls.zip -r customer.crt -r vendor.crt calls --compress none {options}"
    ));
    scene
}

const SHARE: &str =
    "share calls.zip -q -k customer.key -r partner.crt --remove vendor.crt --in-place -j 1";

/// Writes `forged.zip`: the entries of `calls.zip` without its index, one of
/// them changed.
fn forge(scene: &Scene, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let mut entries = scene.entries("calls.zip");
    entries.retain(|(name, _)| name != INDEX);
    let changed = entries.iter_mut().find(|(entry, _)| entry == name);
    change(&mut changed.unwrap().1);
    write_zip(scene, "forged.zip", &entries);
}

fn write_zip(scene: &Scene, archive: &str, entries: &[(String, Vec<u8>)]) {
    let members = entries.iter().map(|(name, bytes)| Member::new(name, bytes));
    scene.write(archive, zip(members).bytes());
}

/// Checks that `forged.zip` is neither shared nor granted, with these words, and
/// that nothing is written.
#[track_caller]
fn refused(scene: &Scene, members: &str, status: i32, words: &[&str]) {
    let before = scene.read("forged.zip");
    for line in [
        "share forged.zip -k customer.key -r partner.crt --in-place",
        "share forged.zip -k customer.key -r partner.crt -o out",
        "share forged.zip -k customer.key --ignore-index -r partner.crt -o out",
        "share forged.zip -k customer.key -r partner.crt --dry-run",
        &format!("share forged.zip {members} -k customer.key -r partner.crt -o out"),
        &format!("grant forged.zip {members} -k customer.key -r partner.crt -o out"),
    ] {
        let names = scene.names();
        let is_grant = line.starts_with("grant");
        let nothing = match is_grant {
            true => "no grant was written",
            false => "nothing was written",
        };
        scene
            .line(line)
            .exits(status)
            .complains(words)
            .complains(&[nothing]);
        assert!(scene.read("forged.zip") == before, "{line}");
        assert_eq!(scene.names(), names, "{line}");
    }
}

#[test]
fn no_plaintext_is_written_anywhere() {
    for options in ["", "--format rfc4880", "--index none"] {
        let scene = packed(options);
        for line in [
            "share calls.zip -k customer.key -r partner.crt -o out.zip",
            "grant calls.zip calls/long.txt calls/a.txt -k customer.key -r partner.crt -o out",
            "share calls.zip -k customer.key -r partner.crt --remove vendor.crt --in-place",
        ] {
            let trace = "trace=write,pwrite64,writev,pwritev,sendfile,copy_file_range,splice";
            let strace = ["-f", "-qq", "-s", "8388608", "-o", "trace", "-e", trace];
            let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
            scene.program("strace", strace).args(program).exits(0);
            let trace = fs::read(scene.path("trace")).unwrap();
            let trace = String::from_utf8_lossy(&trace);
            assert!(trace.contains("write"), "{trace}");
            assert!(!trace.contains("what was said"), "{options} {line}");
            // Everything is copied by writes, which strace has shown.
            assert!(!trace.contains("copy_file_range(") && !trace.contains("sendfile("));
            assert!(!trace.contains("splice("));
        }
    }
}

/// Runs the line with something done to one of its calls. Returns its status;
/// none if it was killed.
fn injected(scene: &Scene, line: &str, calls: &str, what: &str, number: usize) -> Option<i32> {
    let trace = format!("trace={calls}");
    let inject = format!("inject={calls}:{what}:when={number}");
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace, "-e", &inject];
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    let outcome = scene.program("strace", strace).args(program).outcome();
    fs::remove_file(scene.path("trace")).unwrap();
    assert!(!outcome.stderr().contains("panicked"), "{outcome}");
    outcome.status()
}

#[test]
fn killed_at_any_write_it_leaves_the_old_archive_whole() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        let old = scene.read("calls.zip");
        let names = scene.names();
        let calls = "write,pwrite64,writev,pwritev";
        let mut number = 1;
        while injected(&scene, SHARE, calls, "signal=KILL", number).is_none() {
            assert!(scene.read("calls.zip") == old, "killed at write {number}");
            assert_eq!(scene.names(), names, "killed at write {number}");
            number += 1;
        }
        assert!(number > 5, "{number}");
        assert!(scene.read("calls.zip") != old);
        scene.ok("extract -q calls.zip -k partner.key -C opened");
    }
}

#[test]
fn killed_at_any_change_of_a_name_it_leaves_a_whole_archive() {
    let scene = packed("");
    let old = scene.read("calls.zip");
    let calls = "linkat,link,rename,renameat,renameat2,fsync,fdatasync,fchown,fchmod,fsetxattr,unlink,unlinkat";
    let mut number = 1;
    while injected(&scene, SHARE, calls, "signal=KILL", number).is_none() {
        if scene.read("calls.zip") != old {
            scene.ok("extract -q -f calls.zip -k partner.key -C opened");
            scene.write("calls.zip", &old);
        }
        number += 1;
    }
    assert!(number > 2, "{number}");
}

#[test]
fn a_full_disk_leaves_the_old_archive_whole() {
    for (calls, error, first, least) in [
        ("write,pwrite64,writev,pwritev", "ENOSPC", 1, 5),
        ("fsync,fdatasync", "EIO", 1, 1),
        ("rename,renameat,renameat2", "ENOSPC", 1, 1),
        // The new file could also be one that has a name from the start.
        ("fchmod", "EPERM", 2, 1),
    ] {
        let scene = packed("");
        let old = scene.read("calls.zip");
        let names = scene.names();
        let mut failed = 0;
        for number in first.. {
            let what = format!("error={error}");
            let status = injected(&scene, SHARE, calls, &what, number);
            if status == Some(0) {
                break;
            }
            assert_eq!(status, Some(1), "{calls} {number}");
            // The directory is flushed once the new archive has its name.
            if scene.read("calls.zip") != old {
                assert_eq!(calls, "fsync,fdatasync");
                scene.ok("extract -q -f calls.zip -k partner.key -C opened");
                break;
            }
            assert_eq!(scene.names(), names, "{calls} {number}");
            failed += 1;
        }
        assert!(failed >= least, "{calls}: {failed}");
    }
}

/// Runs the line; one of its calls about this file fails.
fn failing(scene: &Scene, line: &str, file: &str, calls: &str, number: usize) -> Outcome {
    let inject = format!("inject={calls}:error=EIO:when={number}");
    let strace = ["-f", "-qq", "-o", "/dev/null", "-P", file, "-e", &inject];
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    scene.program("strace", strace).args(program).outcome()
}

#[test]
fn a_read_that_fails_leaves_the_old_archive_whole() {
    for options in ["", "--hide-names"] {
        let scene = packed(options);
        let (old, names) = (scene.read("calls.zip"), scene.names());
        let mut number = 1;
        loop {
            let outcome = failing(&scene, SHARE, "calls.zip", "pread64", number);
            if outcome.status() == Some(0) {
                break;
            }
            outcome
                .exits(1)
                .complains(&["calls.zip"])
                .complains(&["input/output error"]);
            assert!(scene.read("calls.zip") == old, "{options} read {number}");
            assert_eq!(scene.names(), names, "{options} read {number}");
            number += 1;
        }
        assert!(number > 10, "{number}");
    }
}

#[test]
fn an_index_that_can_not_be_read_is_not_called_damaged() {
    let scene = packed("");
    let line = "extract calls.zip -k customer.key -C opened -j 1 -f";
    let of_index = (1..).find_map(|number| {
        let outcome = failing(&scene, line, "calls.zip", "pread64", number).fails();
        let said = outcome.stderr();
        assert!(!said.contains("damaged"), "{outcome}");
        said.contains("its index can't be read").then_some(outcome)
    });
    of_index
        .unwrap()
        .exits(1)
        .complains_with_hint(&["calls.zip: its index can't be read: input/output error"])
        .says("extracted 3 files");
    assert_eq!(scene.text("opened/calls/a.txt"), SAID);
}

#[test]
fn a_member_that_can_not_be_read_is_not_called_missing_from_a_grant() {
    let scene = packed("");
    let granted = "calls/a.txt calls/b.txt";
    scene.ok(&format!(
        "grant calls.zip {granted} -q -k customer.key -r partner.crt -o ab.grant"
    ));
    let line = "extract calls.zip --grant ab.grant -k partner.key -C opened -j 1 -f";
    let mut failed = 0;
    // With these reads all members are found and opened.
    for number in 1..=20 {
        let outcome = failing(&scene, line, "calls.zip", "pread64", number);
        if outcome.status() != Some(0) {
            let outcome = outcome.complains(&["input/output error"]);
            let said = outcome.stderr();
            assert!(!said.contains("grants no member"), "{outcome}");
            assert!(!said.contains("the grant lists it"), "{outcome}");
            failed += 1;
        }
    }
    assert!(failed > 6, "{failed}");
}

#[test]
fn a_message_that_can_not_be_read_is_not_called_an_archive() {
    let scene = packed("");
    scene.ok("seal -q -r customer.crt calls/a.txt -o ./a.pgp");
    let line = "share a.pgp -k customer.key -r partner.crt -o out.pgp";
    for (calls, least) in [("open,openat", 3), ("read", 2)] {
        let mut number = 1;
        loop {
            let outcome = failing(&scene, line, "a.pgp", calls, number);
            if scene.exists("out.pgp") {
                break;
            }
            outcome.exits(1).complains(&["a.pgp: input/output error"]);
            number += 1;
        }
        assert!(number > least, "{calls}: {number}");
        fs::remove_file(scene.path("out.pgp")).unwrap();
    }
}

#[test]
fn a_limit_on_the_size_of_files_leaves_the_old_archive_whole() {
    let scene = packed("");
    let (old, names) = (scene.read("calls.zip"), scene.names());
    for line in [
        SHARE,
        "share calls.zip -k customer.key -r partner.crt -o new.zip",
    ] {
        scene
            .bash(&format!("ulimit -f 1000; exec callseal {line}"))
            .exits(1)
            .complains(&[".zip", "file too large"]);
        assert!(scene.read("calls.zip") == old);
        assert_eq!(scene.names(), names);
    }
}

#[test]
fn a_wrong_final_tag_is_refused() {
    let scene = packed("");
    for name in ["calls/long.txt", "calls/a.txt"] {
        forge(&scene, &format!("{name}.pgp"), |message| {
            *message.last_mut().unwrap() ^= 1;
        });
        refused(&scene, name, 5, &[name, "altered"]);
        scene.write("one.pgp", scene.entry("forged.zip", &format!("{name}.pgp")));
        let before = scene.names();
        for target in ["--in-place", "-o out"] {
            scene
                .line(&format!(
                    "share one.pgp -k customer.key -r partner.crt {target}"
                ))
                .exits(5)
                .complains(&["one.pgp"]);
        }
        assert_eq!(scene.names(), before);
    }
}

#[test]
fn a_truncated_message_is_refused() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        for octets in [1, 16, 40, 100_000] {
            forge(&scene, "calls/long.txt.pgp", |message| {
                message.truncate(message.len() - octets);
            });
            refused(&scene, "calls/long.txt", 5, &["calls/long.txt"]);
        }
    }
}

#[test]
fn a_bit_flipped_at_the_end_of_a_version_1_message_is_refused() {
    let scene = packed("--format rfc4880");
    for from_end in [1, 23, 50] {
        forge(&scene, "calls/long.txt.pgp", |message| {
            let at = message.len() - from_end;
            message[at] ^= 1;
        });
        refused(&scene, "calls/long.txt", 5, &["calls/long.txt", "altered"]);
    }
}

#[test]
fn what_was_damaged_in_the_archive_does_not_get_a_right_checksum() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        let mut bytes = scene.read("calls.zip");
        let message = scene.entry("calls.zip", "calls/long.txt.pgp");
        let start = bytes.windows(message.len()).position(|at| at == message);
        // In the middle: no tag that sharing checks is there.
        bytes[start.unwrap() + message.len() / 2] ^= 1;
        scene.write("forged.zip", &bytes);
        let names = scene.names();
        for target in ["--in-place", "-o out.zip"] {
            scene
                .line(&format!(
                    "share forged.zip -k customer.key -r partner.crt {target}"
                ))
                .exits(5)
                .complains(&["calls/long.txt"])
                .complains(&["forged.zip", "nothing was written"]);
            assert!(scene.read("forged.zip") == bytes);
            assert_eq!(scene.names(), names);
        }
    }
}

#[test]
fn a_new_recipient_gets_the_true_session_key_if_a_false_one_comes_first() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.make_parties();
    scene.write("call", CALL);
    let forged = scene.seal_with_a_false_key("a", "call");
    scene.write("call.pgp", &forged);
    let message = Member::new("call.pgp", &forged);
    scene.write("calls.zip", zip([message]).bytes());
    scene.ok("grant calls.zip call -q -k a.key -r vendor.crt -o call.grant");
    let granted = scene.ok("cat calls.zip call --grant call.grant -k vendor.key");
    assert!(granted.output.stdout == CALL);
    for file in ["calls.zip", "call.pgp"] {
        scene.ok(&format!(
            "share {file} -q -k a.key -r vendor.crt --in-place"
        ));
    }
    assert!(scene.ok("cat calls.zip call -k vendor.key").output.stdout == CALL);
    assert!(scene.ok("open call.pgp -k vendor.key -o -").output.stdout == CALL);
    // Both session keys for the other key are still there.
    assert_eq!(packets(&scene.read("call.pgp")).front.len(), 3);
    assert!(scene.ok("cat calls.zip call -k a.key").output.stdout == CALL);
}

#[test]
fn garbage_in_the_name_of_a_recipient_is_replaced_when_it_is_let_in() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        scene.ok(&format!(
            "seal -q -r customer.crt -r partner.crt calls/a.txt -o ./a.pgp {options}"
        ));
        let mut parts = packets(&scene.read("a.pgp"));
        let (tag, packet) = parts.front.last_mut().unwrap();
        assert_eq!(*tag, PKESK);
        for octet in packet.iter_mut().rev().take(20) {
            *octet ^= 0x5A;
        }
        scene.write("a.pgp", parts.join());
        forge(&scene, "calls/a.txt.pgp", |message| *message = parts.join());
        scene.line("open a.pgp -k partner.key -o -").fails();
        scene.ok("share forged.zip -q -k customer.key -r partner.crt --in-place");
        scene.ok("share a.pgp -q -k customer.key -r partner.crt --in-place");
        scene.ok("open a.pgp -k partner.key -o -").prints(SAID);
        scene
            .ok("cat forged.zip calls/a.txt -k partner.key")
            .prints(SAID);
        scene.ok("extract -q forged.zip -k partner.key -C opened");
        let message = scene.entry("forged.zip", "calls/a.txt.pgp");
        assert_eq!(packets(&message).front.len(), 2);
    }
}

#[test]
fn the_index_of_another_archive_is_neither_shared_nor_granted_nor_extracted() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        // What the attacker is after: the session keys of other calls.
        scene.write("secret/a.txt", "not for the partner");
        scene.write("secret/b.txt", "nor this");
        scene.ok(&format!(
            "pack -q -o secret.zip -r customer.crt secret {options}"
        ));
        scene.ok("grant secret.zip secret/a.txt -q -k customer.key -r customer.crt -o a.grant");
        let index = scene.entry("secret.zip", INDEX);
        for (sealed, list) in [("index", index), ("grant", scene.read("a.grant"))] {
            for member in [
                "calls/x.txt".to_owned(),
                sealed.to_owned(),
                format!("META-INF/callseal/{sealed}s"),
                "META-INF/callseal/x".to_owned(),
                "meta-inf/CallSeal/index".to_owned(),
            ] {
                let mut entries = scene.entries("calls.zip");
                entries.retain(|(name, _)| name != INDEX);
                entries.push((format!("{member}.pgp"), list.clone()));
                write_zip(&scene, "forged.zip", &entries);
                refused(
                    &scene,
                    &member,
                    5,
                    &[&member, "it is the index of an archive"],
                );
                for open in ["", "--accept-renamed"] {
                    scene
                        .line(&format!(
                            "extract forged.zip {member} -k customer.key -C out {open}"
                        ))
                        .exits(5)
                        .complains(&[&member, "it is the index of an archive"]);
                    scene
                        .line(&format!("cat forged.zip {member} -k customer.key {open}"))
                        .exits(5)
                        .complains(&[&member]);
                    assert!(!scene.exists("out"), "{member}");
                }
            }
            scene.write("call.pgp", &list);
            let before = scene.names();
            for target in ["--in-place", "-o out.pgp"] {
                scene
                    .line(&format!(
                        "share call.pgp -k customer.key -r partner.crt {target}"
                    ))
                    .exits(5)
                    .complains(&["call.pgp", "it is the index of an archive"]);
            }
            assert!(scene.read("call.pgp") == list);
            assert_eq!(scene.names(), before);
        }
    }
}

#[test]
fn the_index_of_another_archive_in_the_place_of_an_archive_s_own_is_not_passed_on() {
    let scene = packed("");
    scene.write("secret/a.txt", "not for the partner");
    scene.write("secret/b.txt", "nor this");
    scene.ok("pack -q -o secret.zip -r customer.crt secret");
    let index = scene.entry("secret.zip", INDEX);
    let mut entries = scene.entries("calls.zip");
    entries.retain(|(name, _)| name != INDEX);
    entries.push((INDEX.to_owned(), index.clone()));
    write_zip(&scene, "forged.zip", &entries);
    // It lists what isn't there.
    let before = scene.read("forged.zip");
    scene
        .line("share forged.zip -k customer.key -r partner.crt --in-place")
        .exits(5)
        .complains(&["secret/a.txt", "it isn't in the archive"]);
    assert!(scene.read("forged.zip") == before);
    scene.ok("share forged.zip -q -k customer.key -r partner.crt --in-place --ignore-index");
    scene.ok("extract -q forged.zip -k partner.key -C opened");
    let new = scene.entry("forged.zip", INDEX);
    assert!(packets(&new).sealed != packets(&index).sealed);
    scene.write("new.pgp", new);
    let listed = scene.ok("open new.pgp -k partner.key -o -").stdout();
    assert!(!listed.contains("secret"), "{listed}");
}

#[test]
fn two_indexes_in_one_archive_are_not_passed_on() {
    let scene = packed("");
    let mut entries = scene.entries("calls.zip");
    let index = entries.last().unwrap().1.clone();
    entries.push((INDEX.to_owned(), index));
    write_zip(&scene, "forged.zip", &entries);
    let before = scene.read("forged.zip");
    let names = scene.names();
    for target in ["--in-place", "-o out.zip"] {
        scene
            .line(&format!(
                "share forged.zip -k customer.key -r partner.crt {target}"
            ))
            .exits(5);
        assert!(scene.read("forged.zip") == before);
        assert_eq!(scene.names(), names);
    }
}

/// Returns the session key of a message, as GnuPG shows it.
#[track_caller]
fn session_key(scene: &Scene, message: &str) -> String {
    let shown = scene.gpg(&format!("--show-session-key --decrypt {message}"));
    let shown = shown.stderr();
    let (_, key) = shown.split_once("session key: '").unwrap();
    key.split('\'').next().unwrap().to_owned()
}

#[test]
fn the_session_key_of_a_partial_index_does_not_open_the_whole_one() {
    let scene = packed("--format rfc4880");
    scene.write("whole.pgp", scene.entry("calls.zip", INDEX));
    scene.ok(
        "share calls.zip calls/a.txt calls/b.txt -q -k customer.key -r partner.crt -o part.zip",
    );
    scene.write("part.pgp", scene.entry("part.zip", INDEX));
    scene.ok("export --gpg partner.key -o partner.asc");
    scene.gpg("--import partner.asc");
    let key = session_key(&scene, "part.pgp");
    let open = |message: &str| {
        scene.tool_line(&format!(
            "gpg --batch --override-session-key {key} --decrypt {message}"
        ))
    };
    assert!(open("part.pgp").exits(0).stdout().contains("calls/b.txt"));
    // With a wrong key, gpg may print what it takes for a file.
    let refused = open("whole.pgp").fails();
    let printed = String::from_utf8_lossy(&refused.output.stdout);
    assert!(!printed.contains("calls/"), "{refused}");
    scene.line("open whole.pgp -k partner.key -o -").exits(4);
    // Neither do two runs that are alike give the same key.
    scene.ok("share calls.zip -q -k customer.key -r partner.crt -o one.zip");
    scene.ok("share calls.zip -q -k customer.key -r partner.crt -o two.zip");
    let keys = ["one", "two"].map(|name| {
        scene.write("index.pgp", scene.entry(&format!("{name}.zip"), INDEX));
        session_key(&scene, "index.pgp")
    });
    assert!(keys[0] != keys[1]);
}

#[test]
fn who_kept_the_session_keys_of_an_old_index_opens_the_same_sealed_data() {
    let scene = packed("--format rfc4880");
    scene.write("index.pgp", scene.entry("calls.zip", INDEX));
    let kept = scene.ok("open index.pgp -k vendor.key -o -").stdout();
    scene
        .ok("share calls.zip -k customer.key --remove vendor.crt --in-place")
        .says("whoever has the old archive can still open the same members")
        .says("`callseal convert` seals them anew");
    scene.line("extract calls.zip -k vendor.key -C no").exits(4);
    let line = kept.lines().find(|line| line.contains("calls/b.txt"));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    let key = line["session-key"].as_str().unwrap();
    let open = |archive: &str| {
        scene.write("b.pgp", scene.entry(archive, "calls/b.txt.pgp"));
        scene.make_gnupg_home();
        scene.tool_line(&format!(
            "gpg --batch --override-session-key {key} --decrypt b.pgp"
        ))
    };
    assert_eq!(open("calls.zip").exits(0).stdout(), SAID.repeat(20));
    // Only what is sealed anew is closed to them.
    scene.ok("convert calls.zip -k customer.key -r customer.crt --format rfc4880 -o new.zip");
    // What gpg makes of it with a wrong key is noise, if anything.
    let noise = open("new.zip").fails().output.stdout;
    assert!(!String::from_utf8_lossy(&noise).contains(SAID));
}

#[test]
fn a_renamed_member_is_neither_shared_nor_granted() {
    for options in ["", "--format rfc4880", "--hide-names"] {
        let scene = packed(options);
        if options == "--hide-names" {
            // A number stands for any name, so that it has to be another one.
            scene
                .ok("list calls.zip -k customer.key")
                .prints("calls/a.txt");
        }
        let mut entries = scene.entries("calls.zip");
        entries.retain(|(name, _)| name != INDEX);
        entries[0].0 = "calls/of-somebody-else.txt.pgp".into();
        write_zip(&scene, "forged.zip", &entries);
        refused(
            &scene,
            "calls/of-somebody-else.txt",
            5,
            &["calls/of-somebody-else.txt", "it was sealed as"],
        );
    }
}

#[test]
fn members_that_changed_places_are_neither_shared_nor_granted() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        let mut entries = scene.entries("calls.zip");
        let [(a, _), (b, _), ..] = &mut entries[..] else {
            panic!("{entries:?}")
        };
        std::mem::swap(a, b);
        // The index says that they were replaced.
        write_zip(&scene, "forged.zip", &entries);
        let before = scene.read("forged.zip");
        for line in [
            "share forged.zip -k customer.key -r partner.crt --in-place",
            "share forged.zip -k customer.key -r partner.crt --in-place --ignore-index",
            "grant forged.zip calls -k customer.key -r partner.crt -o out",
        ] {
            scene.line(line).exits(5).complains(&["calls/a.txt"]);
            assert!(scene.read("forged.zip") == before && !scene.exists("out"));
        }
        entries.pop();
        write_zip(&scene, "forged.zip", &entries);
        refused(&scene, "calls/a.txt calls/b.txt", 5, &["it was sealed as"]);
    }
}

#[test]
fn a_member_that_was_removed_from_an_archive_with_an_index_is_missed() {
    let scene = packed("");
    let mut entries = scene.entries("calls.zip");
    entries.remove(1);
    write_zip(&scene, "forged.zip", &entries);
    let before = scene.read("forged.zip");
    scene
        .line("share forged.zip -k customer.key -r partner.crt --in-place")
        .exits(5)
        .complains(&["calls/b.txt", "it isn't in the archive"]);
    assert!(scene.read("forged.zip") == before);
    scene.ok("share forged.zip -q -k customer.key -r partner.crt --in-place --ignore-index");
}

#[test]
fn unsafe_names_are_refused_and_other_readings_are_settled() {
    let scene = packed("");
    let message = scene.entry("calls.zip", "calls/a.txt.pgp");
    let other = scene.entry("calls.zip", "calls/b.txt.pgp");
    let archive = |names: &[&str]| {
        let entries = names.iter().zip([&message, &other]);
        let entries: Vec<_> = entries
            .map(|(name, message)| ((*name).to_owned(), message.clone()))
            .collect();
        write_zip(&scene, "forged.zip", &entries);
    };
    let share = "share forged.zip -k customer.key -r partner.crt --in-place";
    for names in [
        &["../calls/a.txt.pgp"][..],
        &["/calls/a.txt.pgp"],
        &["calls/a.txt\n.pgp"],
        &["calls/a.txt.pgp", "CALLS/A.TXT.pgp"],
        &["calls/a.txt.pgp", "calls/a.txt.gpg"],
        &["calls\\..\\..\\a.txt.pgp"],
    ] {
        archive(names);
        let before = scene.read("forged.zip");
        scene.line(share).exits(5);
        assert!(scene.read("forged.zip") == before, "{names:?}");
    }
    // Windows programs write this.
    archive(&["calls\\a.txt.pgp", "calls\\b.txt.pgp"]);
    scene.line(share).exits(5).says("the name has a backslash");
    let mut bytes = scene.read("forged.zip");
    for at in 0..bytes.len() - 6 {
        if bytes[at..].starts_with(b"PK\x01\x02") {
            bytes[at + 5] = 0;
        }
    }
    scene.write("forged.zip", bytes);
    scene.ok(share);
    let names: Vec<String> = scene
        .entries("forged.zip")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["calls/a.txt.pgp", "calls/b.txt.pgp", INDEX]);
    scene.ok("extract -q forged.zip -k partner.key -C opened");
    assert_eq!(
        scene.tree("opened"),
        ["calls/", "calls/a.txt", "calls/b.txt"]
    );
    scene.tool("unzip -tqq forged.zip");
}

#[test]
fn a_message_of_many_parts_and_sizes_is_copied_whole() {
    let scene = packed("");
    for size in [0, 1, 15, 16, 8191, 65_536, 1 << 20] {
        let call = content(size);
        scene.write("calls/size", &call);
        for options in ["", "--format rfc4880", "--compress deflate"] {
            scene.ok(&format!(
                "pack -q -f -o size.zip -r customer.crt calls/size calls/a.txt {options}"
            ));
            scene.ok("share size.zip -q -k customer.key -r partner.crt --in-place");
            scene.ok("extract -q -f size.zip -k partner.key -C opened");
            assert!(scene.read("opened/calls/size") == call, "{size} {options}");
        }
    }
}

#[test]
fn a_field_of_a_document_is_not_shared_since_its_session_key_opens_the_others() {
    let scene = Scene::with_parties();
    scene.write("call.json", r#"{"lang":"en","pan":"4111111111111111"}"#);
    scene.ok("fields seal -q -r customer.crt --fields lang,pan call.json -o sealed.json");
    scene.python(
        r#"
import base64, json, zipfile
document = json.load(open("sealed.json"))
parts = [document["_callseal"]["keys"], document["lang"]]
message = b"".join(map(base64.b64decode, parts))
open("lang.pgp", "wb").write(message)
with zipfile.ZipFile("calls.zip", "w") as archive:
    archive.writestr("prompts/lang.pgp", message)
"#,
        &[],
    );
    scene.ok("cat calls.zip prompts/lang -k customer.key");
    for line in [
        "share calls.zip -k customer.key -r vendor.crt -o shared.zip",
        "share lang.pgp -k customer.key -r vendor.crt -o shared.pgp",
        "grant calls.zip prompts/lang -k customer.key -r vendor.crt -o lang.grant",
    ] {
        scene
            .line(line)
            .exits(4)
            .complains_with_hint(&["it may be a field of a document"]);
    }
    for output in ["shared.zip", "shared.pgp", "lang.grant"] {
        assert!(!scene.exists(output), "{output}");
    }
}

#[test]
fn a_packet_of_another_version_is_no_recipient_that_would_be_left() {
    let scene = Scene::with_parties();
    scene.write("call", CALL);
    scene.ok("seal -q -r vendor.crt --format rfc4880 call -o old.pgp");
    scene.ok("seal -q -r customer.crt --format rfc9580 call -o call.pgp");
    let old = scene.read("old.pgp");
    let message = [packets(&old).front[0].1.to_vec(), scene.read("call.pgp")].concat();
    scene.write("call.pgp", message);
    scene
        .line("share call.pgp -k customer.key --remove customer.crt -o shared.pgp")
        .exits(2)
        .complains(&["no recipient would be left"]);
    assert!(!scene.exists("shared.pgp"));
}
