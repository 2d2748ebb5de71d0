//! The service: what it seals, when, and what becomes of it.

#![cfg(target_os = "linux")]
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::evidence_support::OF_A_SIGNER;
use crate::support::Scene;
use crate::watch_support::{CALLS, FAST};

#[test]
fn calls_are_sealed_bundled_and_removed() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene.seals_all().says("(4 calls, ");
    scene.has_bundled(&CALLS, "once");
    let archive = scene.only_archive();
    assert!(archive.ends_with("-0001.zip"), "{archive}");
    for key in ["customer.key", "vendor.key"] {
        scene.ok(&format!("extract {archive} -k {key} -C {key}.out"));
        assert_eq!(scene.text(format!("{key}.out/a/one.wav")), CALLS[0].1);
    }
}

#[test]
fn nothing_to_do_is_success() {
    let scene = Scene::with_a_spool(FAST);
    scene.watch_once().exits(0);
    assert_eq!(scene.archives(), Vec::<String>::new());
}

#[test]
fn archives_are_signed_by_a_key_that_opens_nothing() {
    let scene = Scene::with_a_spool(&format!("{FAST}sign = 'server.key'\n"));
    scene.self_signed("server").saying(OF_A_SIGNER).make();
    scene.spool(&CALLS);
    scene.seals_all();
    let archive = scene.only_archive();
    scene.ok(&format!("verify {archive} --signer server.crt"));
}

#[test]
fn a_recipient_never_signs() {
    let scene = Scene::with_a_spool(&format!("{FAST}sign = 'vendor.key'\n"));
    scene.spool(&CALLS);
    scene
        .watch_once()
        .fails()
        .complains(&["vendor.key", "a key that opens must not sign"]);
    scene.has_lost_nothing(&CALLS, "a recipient signs");
    assert_eq!(scene.archives(), Vec::<String>::new());
}

#[test]
fn a_name_that_comes_again_goes_into_the_next_archive() {
    let scene = Scene::with_a_spool(FAST);
    for content in ["first", "second"] {
        scene.spool(&[("a.wav", content), ("A/b.wav", content)]);
        scene.seals_all();
    }
    let archives = scene.archives();
    assert!(archives[0].ends_with("-0001.zip"), "{archives:?}");
    assert!(archives[1].ends_with("-0002.zip"), "{archives:?}");
    let all = [
        ("a.wav", "first"),
        ("A/b.wav", "first"),
        ("a.wav", "second"),
        ("A/b.wav", "second"),
    ];
    scene.has_bundled(&all, "twice");
}

#[test]
fn names_that_differ_in_case_alone_are_not_in_one_archive() {
    let scene = Scene::with_a_spool(FAST);
    let calls = [("a.wav", "small"), ("A.wav", "large"), ("b.wav", "other")];
    scene.spool(&calls);
    scene.seals_all();
    scene.has_bundled(&calls, "both cases");
    assert_eq!(scene.archives().len(), 2);
}

#[test]
fn a_number_is_not_used_again_if_somebody_takes_the_archives_away() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "first")]);
    scene.seals_all();
    fs::rename(scene.path(scene.only_archive()), scene.path("taken.zip")).unwrap();
    scene.spool(&[("b.wav", "second")]);
    scene.seals_all();
    let archive = scene.only_archive();
    assert!(archive.ends_with("-0002.zip"), "{archive}");
}

#[test]
fn a_file_of_the_name_of_an_archive_stays() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "first")]);
    // Which day it is may change meanwhile.
    for day in [0, 1] {
        let name = scene.archive_name(day, 1);
        scene.write(format!("outbox/{name}"), "somebody else's");
    }
    scene.seals_all();
    let archive = scene.archive_name(0, 1);
    assert_eq!(scene.text(format!("outbox/{archive}")), "somebody else's");
    assert_eq!(scene.archives().len(), 3);
}

#[test]
fn calls_are_bundled_by_number_and_by_size() {
    for (bundle, archives) in [("2", 2), ("'1KiB'", 3), ("'1GiB'", 1), ("'hourly'", 1)] {
        let scene = Scene::with_a_spool(&format!("{FAST}bundle = {bundle}\n"));
        // Each run has a batch of its own.
        for number in ["1", "2", "3"] {
            scene.spool(&[(number, &number.repeat(2000))]);
            scene.line("watch --once --config callseal.toml").exits(0);
        }
        assert!(scene.archives().len() >= archives, "{bundle}");
    }
}

#[test]
fn without_archives_each_call_is_a_message_in_the_tree_of_the_spool() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 'none'\n"));
    for content in ["first", "second"] {
        scene.spool(&[("a/one.wav", content), ("two.txt", content)]);
        scene.seals_all();
    }
    let mut tree = scene.tree("outbox");
    tree.retain(|name| !name.starts_with(".callseal"));
    assert_eq!(
        tree,
        [
            "a/",
            "a/one-2.wav.pgp",
            "a/one.wav.pgp",
            "two-2.txt.pgp",
            "two.txt.pgp"
        ]
    );
    scene.ok("open outbox/a/one-2.wav.pgp -k vendor.key -o opened");
    assert_eq!(scene.text("opened"), "second");
}

#[test]
fn sealed_calls_can_be_moved() {
    let scene = Scene::with_a_spool(&format!("{FAST}then = {{ move = 'done' }}\n"));
    fs::create_dir(scene.path("done")).unwrap();
    for _ in 0..2 {
        scene.spool(&[("a/one.wav", "the call")]);
        scene.seals_all();
    }
    assert_eq!(scene.tree("done"), ["a/", "a/one.wav", "a/one.wav.2"]);
    assert_eq!(scene.text("done/a/one.wav"), "the call");
}

#[test]
fn only_what_is_included_is_sealed() {
    let choice = "include = ['**/*.wav']\nexclude = ['old', '*.tmp.wav']\n";
    let scene = Scene::with_a_spool(&format!("{FAST}{choice}"));
    let others = [("b.txt", "2"), ("old/c.wav", "3"), ("d.tmp.wav", "4")];
    scene.spool(&[("sub/a.wav", "1")]);
    scene.spool(&others);
    scene.watch_once().exits(0);
    assert_eq!(scene.bundled().len(), 1);
    for (name, content) in others {
        assert_eq!(scene.text(format!("spool/{name}")), content);
    }
}

#[test]
fn what_is_no_file_or_has_an_unusable_name_stops_nobody_else() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "the call")]);
    let spool = scene.path("spool");
    std::os::unix::fs::symlink("a.wav", spool.join("link")).unwrap();
    scene.tool("mkfifo spool/fifo");
    let _socket = UnixListener::bind(spool.join("socket")).unwrap();
    let odd = Path::new(std::ffi::OsStr::from_bytes(b"odd-\xFF"));
    fs::write(spool.join(odd), "not UTF-8").unwrap();
    fs::write(spool.join("two\nlines"), "a line end").unwrap();
    fs::create_dir(spool.join("META-INF")).unwrap();
    fs::create_dir(spool.join("META-INF/callseal")).unwrap();
    fs::write(spool.join("META-INF/callseal/x"), "reserved").unwrap();
    scene
        .watch_once()
        .exits(6)
        .says("fifo: not a regular file, left alone")
        .says("socket: not a regular file, left alone")
        .says("link: not a regular file, left alone")
        .says("its name is not valid UTF-8")
        .says("spool/two\\u{a}lines: its name has a control character; it's left alone")
        .says("its name is in META-INF/callseal")
        .complains(&["calls: 3 files can't be sealed"]);
    assert_eq!(scene.bundled().len(), 1);
    assert_eq!(fs::read(spool.join(odd)).unwrap(), b"not UTF-8");
}

#[test]
fn a_file_with_two_names_waits() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "the call")]);
    fs::hard_link(scene.path("spool/a.wav"), scene.path("other")).unwrap();
    scene.watch_once().exits(6).says("(a hard link)");
    assert_eq!(scene.text("spool/a.wav"), "the call");
    fs::remove_file(scene.path("other")).unwrap();
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "the call")], "with one name");
}

#[test]
fn nothing_is_sealed_if_a_recipient_can_t_be_used() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene.expired_certificate("vendor");
    scene
        .watch_once()
        .exits(3)
        .complains_with_hint(&["vendor.crt", "expired"]);
    for (name, content) in CALLS {
        assert_eq!(scene.text(format!("spool/{name}")), content);
    }
    assert_eq!(scene.sealed().len() + scene.bundled().len(), 0);
}

#[test]
fn a_batch_that_somebody_has_removed_is_sealed_anew() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '5s'\n");
    scene.spool(&CALLS);
    let mut service = scene.starts_watching();
    service.waits_for("sealed 4 files");
    for entry in fs::read_dir(scene.path("outbox/.callseal/sealed")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    service.waits_for("somebody has removed it; its files are sealed anew");
    service.stops();
    scene.watch(FAST);
    scene.seals_all();
    scene.has_bundled(&CALLS, "after that");
}

#[test]
fn a_file_that_changes_after_it_was_sealed_is_sealed_anew() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '3s'\n");
    scene.spool(&[("a.wav", "half"), ("b.wav", "whole")]);
    let mut writer = fs::File::options()
        .append(true)
        .open(scene.path("spool/a.wav"))
        .unwrap();
    let mut service = scene.starts_watching();
    service.waits_for("sealed 2 files");
    std::io::Write::write_all(&mut writer, b" and half").unwrap();
    service.waits_for("it was changed after it was sealed, and is sealed anew");
    service.stops();
    drop(writer);
    scene.watch(FAST);
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "half and half"), ("b.wav", "whole")], "changed");
}

#[test]
fn a_file_that_is_renamed_into_place_is_sealed_at_once() {
    // Other files have to be unchanged for ten seconds.
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\nbundle = 1\n");
    let service = scene.starts_watching_by_notices_alone();
    scene.write("growing", "the call");
    fs::rename(scene.path("growing"), scene.path("spool/a.wav")).unwrap();
    scene.waits_until("bundled", || !scene.bundled().is_empty());
    service.stops();
    scene.has_bundled(&[("a.wav", "the call")], "renamed");
}

#[test]
fn what_comes_in_new_directories_is_found() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '0s'\nbundle = 1\n");
    let service = scene.starts_watching_by_notices_alone();
    scene.write("made/deep/er/a.wav", "first");
    fs::rename(scene.path("made"), scene.path("spool/moved")).unwrap();
    scene.write("spool/new/dir/b.wav", "second");
    scene.waits_until("bundled", || scene.bundled().len() == 2);
    service.stops();
    scene.has_bundled(
        &[
            ("moved/deep/er/a.wav", "first"),
            ("new/dir/b.wav", "second"),
        ],
        "in directories",
    );
}

#[test]
fn a_service_goes_on_when_its_trouble_is_over() {
    let scene = Scene::with_a_spool(FAST);
    let good = scene.read("vendor.crt");
    scene.expired_certificate("vendor");
    let mut service = scene.starts_watching();
    scene.spool(&CALLS);
    service.waits_for("nothing is sealed, next try in 1 s");
    service.waits_for("next try in 2 s");
    scene.has_lost_nothing(&CALLS, "in trouble");
    assert_eq!(scene.sealed().len(), 0);
    scene.write("vendor.crt", good);
    service.waits_for("calls: sealing again");
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    service.stops();
}

#[test]
fn an_outbox_that_is_gone_keeps_everything_in_the_spool() {
    let scene = Scene::with_a_spool(FAST);
    let mut service = scene.starts_watching();
    fs::rename(scene.path("outbox"), scene.path("away")).unwrap();
    scene.spool(&CALLS);
    service.waits_for("outbox: no such file or directory; next try in ");
    fs::create_dir(scene.path("outbox")).unwrap();
    service.waits_for("outbox: it is another directory than before; next try in ");
    scene.has_lost_nothing(&CALLS, "without an outbox");
    fs::remove_dir(scene.path("outbox")).unwrap();
    fs::rename(scene.path("away"), scene.path("outbox")).unwrap();
    service.waits_for("calls: sealing again");
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    service.stops();
}

#[test]
fn a_broken_config_keeps_the_one_from_before() {
    let scene = Scene::with_a_spool(FAST);
    let mut service = scene.starts_watching();
    let good = scene.read("callseal.toml");
    scene.write("callseal.toml", "not = toml = at all");
    scene.spool(&CALLS);
    service.waits_for("the config from before is used");
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    scene.write("callseal.toml", good);
    scene.spool(&[("more.wav", "more")]);
    service.waits_for("callseal.toml: it can be used again");
    service.stops();
}

#[test]
fn another_service_is_told_who_works_there() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_watching();
    let process = format!("process {}, watching “calls”", service.id());
    scene
        .watch_once()
        .exits(1)
        .complains_with_hint(&["spool: another service works here already", &process]);
    service.stops();
    scene.watch_once().exits(0);
}

#[test]
fn spools_and_outboxes_are_not_within_each_other() {
    for (spool, outbox, words) in [
        ("spool", "spool/outbox", "is within"),
        ("outbox/spool", "outbox", "is within"),
        (
            "spool",
            "spool",
            "it is both the spool of “calls” and the outbox of “calls”",
        ),
    ] {
        let scene = Scene::with_a_spool(FAST);
        for directory in ["spool/outbox", "outbox/spool"] {
            fs::create_dir_all(scene.path(directory)).unwrap();
        }
        let config = scene.text("callseal.toml");
        let config = config.replace("spool = 'spool'", &format!("spool = '{spool}'"));
        let config = config.replace("outbox = 'outbox'", &format!("outbox = '{outbox}'"));
        scene.write("callseal.toml", config);
        scene.watch_once().exits(2).complains_with_hint(&[words]);
        assert!(!scene.exists("spool/.callseal"));
    }
}

#[test]
fn spools_and_outboxes_of_several_services_are_apart() {
    for (spool, outbox, words) in [
        ("spool/sub", "other", "is within"),
        (
            "other",
            "outbox",
            "it is both the outbox of “calls” and the outbox of “second”",
        ),
    ] {
        let scene = Scene::with_a_spool(&format!(
            "{FAST}[[watch]]\nname = 'second'\nspool = '{spool}'\noutbox = '{outbox}'\n"
        ));
        for directory in ["spool/sub", "other"] {
            fs::create_dir(scene.path(directory)).unwrap();
        }
        scene.watch_once().exits(2).complains_with_hint(&[words]);
    }
}

#[test]
fn a_reload_takes_over_the_settings_at_once() {
    let scene = Scene::with_a_spool(&format!("{FAST}exclude = ['*.wav']\n"));
    scene.spool(&[("a.wav", "the call")]);
    let service = scene.starts_watching();
    scene.watch(FAST);
    service.signal(rustix::process::Signal::HUP);
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    service.stops();
}

#[test]
fn a_file_in_the_way_of_one_that_is_moved_stops_nobody() {
    let scene = Scene::with_a_spool(&format!("{FAST}then = {{ move = 'done' }}\n"));
    fs::create_dir(scene.path("done")).unwrap();
    scene.spool(&[("a", "a file")]);
    scene.seals_all();
    scene.spool(&[("a/b", "below a directory of that name"), ("c", "another")]);
    scene.seals_all();
    assert_eq!(scene.text("done/c"), "another");
    assert_eq!(
        scene
            .tree("done")
            .iter()
            .filter(|name| name.ends_with("a/b"))
            .count(),
        1
    );
}

#[test]
fn an_archive_that_was_not_flushed_is_written_anew() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '0s'\nbundle = 1\n");
    scene.spool(&[("a.wav", "the call")]);
    // The flush of the outbox behind the link is the one that fails.
    let inject = [
        "-f",
        "-qq",
        "-o",
        "trace",
        "-P",
        "outbox",
        "-e",
        "trace=fsync",
    ];
    let fail = ["-e", "inject=fsync:error=EIO:when=1"];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [crate::support::Run::CALLSEAL].into_iter().chain(line);
    scene
        .program("strace", inject.into_iter().chain(fail))
        .args(program)
        .exits(1)
        .says("input/output error");
    assert_eq!(scene.archives(), Vec::<String>::new());
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "the call")], "written anew");
}

#[test]
fn sealed_calls_are_not_moved_to_another_file_system() {
    let scene = Scene::with_a_spool(FAST);
    if scene.is_on_the_file_system_of("/dev/shm") {
        println!("not tested: the tests run on a memory file system");
        return;
    }
    scene.watch(&format!("{FAST}then = {{ move = '/dev/shm' }}\n"));
    scene
        .watch_once()
        .exits(2)
        .complains_with_hint(&["/dev/shm: it is on another file system than the spool"]);
}

#[test]
fn a_config_in_the_spool_is_refused() {
    let scene = Scene::with_a_spool(FAST);
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        config.replace("spool = 'spool'", "spool = '.'"),
    );
    scene.watch_once().exits(2).complains(&[
        "callseal.toml:5: spool cannot be \".\": this config is within it, and would be sealed",
    ]);
    assert!(scene.exists("callseal.toml"));
}

#[test]
fn messages_that_are_not_authenticated_are_refused_at_the_start() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    let config = scene.text("callseal.toml");
    scene.write("callseal.toml", format!("format = 'cms'\n{config}"));
    let refused = "callseal.toml:1: format cannot be \"cms\": its messages aren't authenticated";
    scene.watch_once().exits(2).complains(&[refused]);
    scene
        .line("config check --config callseal.toml")
        .exits(2)
        .complains(&[refused]);
    scene.has_lost_nothing(&CALLS, "refused");
    scene.write("callseal.toml", format!("format = 'cms-gcm'\n{config}"));
    scene.seals_all();
}

#[test]
fn mistakes_in_the_config_are_named_with_their_lines() {
    for (settings, words) in [
        (
            "settle = '10'",
            "settle cannot be \"10\": expected a whole number and a unit",
        ),
        ("grace = 'soon'", "grace cannot be \"soon\""),
        (
            "bundle = 'weekly'",
            "bundle cannot be \"weekly\": expected \"none\"",
        ),
        ("bundle = 0", "bundle cannot be \"0\""),
        ("bundle = '0GiB'", "bundle cannot be \"0GiB\""),
        (
            "then = 'keep'",
            "then cannot be \"keep\": expected \"delete\"",
        ),
        ("then = { move = '' }", "move cannot be \"\""),
        (
            "profile = 'other'",
            "there is no profile of that name, but: acme",
        ),
        ("settel = '1s'", "unknown key \"settel\""),
        (
            "bundle = 'none'\nsign = 'ivr.key'",
            "bundle cannot be \"none\": only archives are signed",
        ),
    ] {
        let scene = Scene::with_a_spool(settings);
        scene
            .watch_once()
            .exits(2)
            .complains(&["callseal.toml:7: ", words]);
    }
    let scene = Scene::with_a_spool("[[watch]]\nname = 'calls'\nspool = 'a'\noutbox = 'b'\n");
    scene
        .watch_once()
        .exits(2)
        .complains(&["callseal.toml:8: name cannot be \"calls\": another [[watch]] has it"]);
    let scene = Scene::with_a_spool("[[watch]]\nname = '.calls'\nspool = 'a'\noutbox = 'b'\n");
    scene.watch_once().exits(2).complains(&[
        "callseal.toml:8: name cannot be \".calls\": ",
        "use letters, digits, -, _ and ., but no . at its beginning",
    ]);
    let scene = Scene::with_a_spool(FAST);
    scene
        .line("watch --once --config callseal.toml cals")
        .exits(2)
        .complains_with_hint(&["no [[watch]] is called \"cals\""]);
}

#[test]
fn config_check_says_what_is_watched_and_whether_that_can_work() {
    let scene = Scene::with_a_spool("settle = '2m'\nbundle = '1GiB'\n");
    scene
        .ok("config check --config callseal.toml")
        .prints("watch               calls\n")
        .prints("  settle            120s\n")
        .prints("  bundle            1073741824 bytes\n");
    assert!(!scene.exists("spool/.callseal"));
    fs::remove_dir(scene.path("outbox")).unwrap();
    scene
        .line("config check --config callseal.toml")
        .exits(1)
        .complains(&["outbox: no such file or directory"]);
}

#[test]
fn names_are_flushed_before_what_they_replace_goes() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "the call")]);
    let calls = "trace=renameat2,linkat,fsync,unlinkat";
    let strace = ["-f", "-qq", "-y", "-o", "trace", "-e", calls];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [crate::support::Run::CALLSEAL].into_iter().chain(line);
    scene.program("strace", strace).args(program).exits(0);
    let trace = scene.text("trace");
    let mut steps = Vec::new();
    for line in trace.lines() {
        let step = match line {
            _ if line.contains("renameat2(") && line.contains("\"a.wav\"") => "claim",
            _ if line.contains("unlinkat(") && line.contains("\"a.wav\"") => "let go",
            _ if line.contains("linkat(") && line.contains("/sealed>") => "seal",
            _ if line.contains("linkat(") && line.contains("/outbox>") => "bundle",
            _ if line.contains("fsync(") && line.contains("/claims/") => "flush claims",
            _ if line.contains("fsync(") && line.contains("/spool>") => "flush spool",
            _ if line.contains("fsync(") && line.contains("/sealed>") => "flush sealed",
            _ if line.contains("fsync(") && line.contains("/outbox>") => "flush outbox",
            _ if line.contains("fsync(") && line.contains("(deleted)") => "flush content",
            _ => continue,
        };
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    let order = [
        "claim",
        "flush claims",
        "flush spool",
        "flush content",
        "seal",
        "flush sealed",
        "let go",
        "flush claims",
        "flush content",
        "bundle",
        "flush outbox",
    ];
    let mut found = steps.iter();
    for step in order {
        assert!(
            found.any(|found| *found == step),
            "{step} in {steps:?}\n{trace}"
        );
    }
}
