//! Archives that hide the names and times of their files: `--hide-names`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::archive::Archive;

use crate::index_support::{
    CALLS, Entries, INDEX, Seal, entries, entry, extraction, forge, has_the_calls, index_text,
    modified, names, packed, put_together,
};
use crate::support::Scene;

/// The time of the files in these tests: 2020-01-02T03:04:05Z.
const TIME: Duration = Duration::from_secs(1_577_934_245);

/// Packs the calls with hidden names into `calls.zip`, all with the same time.
fn hidden(options: &str) -> Scene {
    let scene = packed("");
    for (name, _) in CALLS {
        scene.tool(&format!("touch -d 2020-01-02T03:04:05Z {name}"));
    }
    scene.ok(&format!(
        "pack -q -f -o calls.zip -r customer.crt --hide-names {options} calls"
    ));
    scene
}

/// Checks that all calls are in a directory, with their times.
#[track_caller]
fn has_the_calls_and_times(scene: &Scene, directory: &str) {
    has_the_calls(scene, directory);
    for (name, _) in CALLS {
        let path = scene.path(format!("{directory}/{name}"));
        assert_eq!(modified(path), UNIX_EPOCH + TIME, "{name}");
    }
    scene.tool(&format!("rm -r {directory}"));
}

/// Checks that an archive shows nothing of the calls.
#[track_caller]
fn shows_nothing(scene: &Scene, archive: &str, names_shown: &[&str]) {
    assert_eq!(names(&entries(scene, archive)), names_shown);
    let bytes = scene.read(archive);
    for name in ["calls/", "a.txt", "sub", "c.txt", "customer"] {
        let name = name.as_bytes();
        let is_shown = bytes.windows(name.len()).any(|window| window == name);
        assert!(!is_shown, "{}", String::from_utf8_lossy(name));
    }
    // As seconds, in ZIP's fields of either order, and as an MS-DOS time.
    let seconds = u32::try_from(TIME.as_secs()).unwrap();
    for time in [
        seconds.to_le_bytes(),
        seconds.to_be_bytes(),
        [0x82, 0x18, 0x22, 0x50],
    ] {
        assert!(!bytes.windows(4).any(|window| window == time));
    }
    let archive = Archive::open(bytes).unwrap();
    let mut times: Vec<SystemTime> = archive.members().iter().map(|m| m.modified()).collect();
    times.dedup();
    assert_eq!(times.len(), 1, "one time for all");
}

#[test]
fn an_archive_shows_numbers_and_one_time() {
    for options in ["", "--format rfc4880"] {
        let scene = hidden(options);
        let shown = ["000001.pgp", "000002.pgp", "000003.pgp", INDEX];
        shows_nothing(&scene, "calls.zip", &shown);
        scene.ok(&format!(
            "pack -q -f -o calls.zip -r customer.crt --hide-names --index none {options} calls"
        ));
        shows_nothing(&scene, "calls.zip", &shown[..3]);
    }
}

#[test]
fn the_time_of_an_ordinary_archive_would_be_found() {
    let scene = hidden("");
    scene.ok("pack -q -o shown.zip -r customer.crt calls");
    let bytes = scene.read("shown.zip");
    let seconds = u32::try_from(TIME.as_secs()).unwrap().to_le_bytes();
    for time in [seconds, [0x82, 0x18, 0x22, 0x50]] {
        assert!(bytes.windows(4).any(|window| window == time));
    }
}

#[test]
fn names_and_times_come_back() {
    let scene = hidden("");
    extraction(&scene, "calls.zip", "").exits(0);
    has_the_calls_and_times(&scene, "out");
    // From the messages alone.
    extraction(&scene, "calls.zip", "--ignore-index").exits(0);
    has_the_calls_and_times(&scene, "out");
    for options in ["--index none", "--index none --format rfc4880"] {
        let scene = hidden(options);
        extraction(&scene, "calls.zip", "").exits(0);
        has_the_calls_and_times(&scene, "out");
    }
}

#[test]
fn a_file_at_the_root_gets_its_name_back() {
    let scene = Scene::with_parties();
    scene.write("root.txt", "at the root");
    scene.ok("pack -q -o one.zip -r customer.crt --hide-names root.txt");
    assert_eq!(names(&entries(&scene, "one.zip")), ["000001.pgp"]);
    extraction(&scene, "one.zip", "").exits(0);
    assert_eq!(scene.tree("out"), ["root.txt"]);
}

#[test]
fn members_are_called_by_their_names_where_a_key_opens_the_index() {
    let scene = hidden("");
    let shown = scene.ok("cat calls.zip calls/b.txt -k customer.key");
    assert_eq!(shown.stdout(), "the second");
    let shown = scene.ok("cat calls.zip sub --names -k customer.key");
    assert_eq!(shown.stdout(), "==> calls/sub/c.txt <==\nand the third");
    extraction(&scene, "calls.zip", "calls/*.txt").exits(0);
    assert_eq!(scene.tree("out"), ["calls/", "calls/a.txt", "calls/b.txt"]);
    scene.tool("rm -r out");
    // By the stored name as well; without the index by that alone.
    extraction(&scene, "calls.zip", "000003.pgp").exits(0);
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/sub/", "calls/sub/c.txt"]
    );
    scene.tool("rm -r out");
    extraction(&scene, "calls.zip", "000002 --ignore-index").exits(0);
    assert_eq!(scene.tree("out"), ["calls/", "calls/b.txt"]);
    extraction(&scene, "calls.zip", "calls/b.txt --ignore-index")
        .exits(1)
        .complains_with_hint(&["no member is called \"calls/b.txt\""]);
}

#[test]
fn members_are_called_by_their_names_beside_other_files() {
    let scene = hidden("");
    scene.write("README", "about these calls");
    scene.tool("zip -q calls.zip README");
    let shown = scene.ok("cat calls.zip calls/b.txt -k customer.key");
    assert_eq!(shown.stdout(), "the second");
    extraction(&scene, "calls.zip", "")
        .exits(0)
        .says("passed over 1 file that was never sealed: README");
    has_the_calls_and_times(&scene, "out");
}

#[test]
fn a_listing_shows_the_names_to_who_has_a_key() {
    let scene = hidden("");
    let listed = |arguments: &str| {
        let listed = scene
            .ok(&format!("list --json calls.zip {arguments}"))
            .json();
        let members = listed["members"].as_array().unwrap().iter();
        let facts = members.map(|member| {
            assert!(member["stored_name"].as_str().unwrap().starts_with("00000"));
            let fact = |name: &str| member[name].as_str().unwrap().to_owned();
            (fact("name"), fact("modified"))
        });
        facts.collect::<Vec<_>>()
    };
    let expected = CALLS.map(|(name, _)| (name.to_owned(), "2020-01-02T03:04:05Z".to_owned()));
    assert_eq!(listed("-k customer.key"), expected);
    for arguments in ["", "-k vendor.key", "-k customer.key --ignore-index"] {
        let names: Vec<String> = listed(arguments)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["000001", "000002", "000003"], "{arguments}");
    }
}

#[test]
fn a_path_that_its_message_cannot_hold_is_not_hidden() {
    let scene = Scene::with_parties();
    let directory = ["d".repeat(100).as_str(); 3].join("/");
    // The longest that a message holds: `./` makes 255 bytes of it, and `d/` does.
    let longest = format!("e/{}", "e".repeat(253));
    let at_the_root = "f".repeat(253);
    for name in [&format!("{directory}/call.json"), &longest, &at_the_root] {
        scene.write(format!("in/{name}"), "a call");
    }
    let pack = |options: &str, paths: &str| {
        scene.bash(&format!(
            "cd in && exec callseal pack -q -o ../calls.zip -r ../customer.crt --hide-names \
             {options} {paths}"
        ))
    };
    for options in ["--index none", "", "--dry-run"] {
        pack(options, "*")
            .exits(2)
            .complains_with_hint(&["call.json", "can't be hidden"]);
        assert!(!scene.exists("calls.zip"), "{options}");
    }
    pack("", "e f*").exits(0);
    for options in ["", "--force --ignore-index"] {
        extraction(&scene, "calls.zip", options).exits(0);
        for name in [&longest, &at_the_root] {
            assert_eq!(scene.text(format!("out/{name}")), "a call");
        }
    }
}

#[test]
fn without_an_index_names_are_said_to_be_in_the_messages_alone() {
    let scene = packed("");
    scene.write("none.toml", "index = \"none\"\n");
    let notice = "without an index, the names are in the messages alone";
    let pack = "pack -f -o new.zip -r customer.crt calls";
    let convert = "convert -f calls.zip -o new.zip -k customer.key -r customer.crt";
    for line in [pack, convert] {
        for index in ["--index none", "--config none.toml"] {
            let outcome = scene.ok(&format!("{line} --hide-names {index}"));
            outcome.says(notice);
            let said = scene.ok(&format!("{line} {index}")).stderr();
            assert!(!said.contains(notice), "{said}");
        }
        let said = scene.ok(&format!("{line} --hide-names")).stderr();
        assert!(!said.contains(notice), "{said}");
    }
}

#[test]
fn cms_messages_cannot_hide_names() {
    let scene = packed("");
    scene.rsa_pair("gir");
    for line in [
        "pack -o no.zip -r gir.crt --format cms --hide-names calls",
        "pack -o no.zip -r gir.crt --format cms-gcm --hide-names calls",
        "convert calls.zip -o no.zip -k customer.key -r gir.crt --format cms --hide-names",
    ] {
        scene
            .line(line)
            .exits(2)
            .complains_with_hint(&["can't hold the names that --hide-names hides"]);
        assert!(!scene.exists("no.zip"));
    }
}

#[test]
fn convert_reads_and_writes_such_archives() {
    for index in ["", "--index none"] {
        let scene = hidden(index);
        let convert = |archive: &str, output: &str, options: &str| {
            scene.ok(&format!(
                "convert -q {archive} -o {output} -k customer.key -r customer.crt {options}"
            ));
        };
        convert("calls.zip", "shown.zip", "");
        let shown = CALLS.map(|(name, _)| format!("{name}.pgp"));
        assert_eq!(names(&entries(&scene, "shown.zip"))[..3], shown);
        extraction(&scene, "shown.zip", "").exits(0);
        has_the_calls_and_times(&scene, "out");

        for (archive, output) in [("shown.zip", "hidden.zip"), ("calls.zip", "again.zip")] {
            convert(archive, output, &format!("--hide-names {index}"));
            let numbers = ["000001.pgp", "000002.pgp", "000003.pgp", INDEX];
            let entries = if index.is_empty() { 4 } else { 3 };
            shows_nothing(&scene, output, &numbers[..entries]);
            extraction(&scene, output, "").exits(0);
            has_the_calls_and_times(&scene, "out");
        }
    }
}

#[test]
fn convert_hides_no_path_that_a_message_cannot_hold() {
    let scene = Scene::with_parties();
    let long = format!("calls/{}", "x".repeat(254));
    scene.write(&long, "a call");
    scene.write("calls/b.txt", "b");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let convert = "convert calls.zip -o new.zip -k customer.key -r vendor.crt --hide-names";
    for index in ["auto", "none"] {
        scene
            .line(&format!("{convert} --index {index}"))
            .exits(5)
            .complains(&["xxx: it ", "can't be hidden"]);
        assert!(!scene.exists("new.zip"));
    }
}

/// Makes `forged.zip` of messages with these stored names, literal names and
/// contents, without an index.
fn sealed_as(scene: &Scene, members: &[(&str, &str, &str)]) {
    let seal = Seal::for_customer(scene);
    let members = members.iter().map(|(stored, literal, content)| {
        let message = seal.seal(literal, content.as_bytes());
        ((*stored).to_owned(), message)
    });
    put_together(scene, "forged.zip", &members.collect());
}

#[test]
fn of_two_members_with_one_sealed_name_only_one_comes_out() {
    let scene = Scene::with_parties();
    sealed_as(
        &scene,
        &[
            ("000001.pgp", "calls/a.txt", "one"),
            ("000002.pgp", "calls/a.txt", "another"),
            ("000003.pgp", "calls/b.txt", "b"),
        ],
    );
    for options in ["-j 1", "-j 4 --force"] {
        extraction(&scene, "forged.zip", options)
            .exits(6)
            .complains(&["another member has the same path"])
            .says("1 of 3 members failed");
        let content = scene.text("out/calls/a.txt");
        assert!(["one", "another"].contains(&&*content), "{content}");
        assert_eq!(scene.text("out/calls/b.txt"), "b");
        scene.tool("rm -r out");
    }
    for layout in ["", "--hide-names"] {
        scene
            .line(&format!(
                "convert forged.zip -o no.zip -k customer.key -r vendor.crt {layout}"
            ))
            .exits(5)
            .complains(&["another member has the same path"]);
        assert!(!scene.exists("no.zip"));
    }
}

#[test]
fn a_sealed_name_takes_no_other_member_s_place() {
    let scene = Scene::with_parties();
    sealed_as(
        &scene,
        &[
            ("000001.pgp", "calls/a.txt", "hidden"),
            ("calls/a.txt.pgp", "calls/a.txt", "shown"),
        ],
    );
    extraction(&scene, "forged.zip", "--force")
        .exits(6)
        .complains(&["000001", "another member has the same path"]);
    assert_eq!(scene.text("out/calls/a.txt"), "shown");
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r vendor.crt")
        .exits(5);
}

#[test]
fn an_existing_file_is_not_overwritten_by_a_sealed_name() {
    let scene = hidden("--index none");
    scene.write("out/calls/b.txt", "mine");
    extraction(&scene, "calls.zip", "")
        .exits(6)
        .complains_with_hint(&["out/calls/b.txt already exists"]);
    assert_eq!(scene.text("out/calls/b.txt"), "mine");
    extraction(&scene, "calls.zip", "--skip-existing")
        .exits(0)
        .says("passed over 3 members whose files exist");
    assert_eq!(scene.text("out/calls/b.txt"), "mine");
    extraction(&scene, "calls.zip", "--force").exits(0);
    has_the_calls_and_times(&scene, "out");
}

#[test]
fn a_sealed_name_that_leads_outside_is_refused() {
    let scene = Scene::with_parties();
    for literal in [
        "../a.txt",
        "/tmp/a.txt",
        "calls/../../a.txt",
        "calls//a.txt",
        "./../a.txt",
    ] {
        sealed_as(&scene, &[("000001.pgp", literal, "planted")]);
        extraction(&scene, "forged.zip", "")
            .exits(5)
            .complains_with_hint(&["000001: it was sealed as"]);
        assert!(!scene.exists("a.txt") && !scene.exists("out"), "{literal}");
        scene
            .line("convert forged.zip -o no.zip -k customer.key -r vendor.crt")
            .exits(5);
    }
}

#[test]
fn a_file_that_is_called_by_a_number_keeps_that_name() {
    let scene = Scene::with_parties();
    for name in ["000001", "123456"] {
        scene.write(name, name);
    }
    for options in [
        "",
        "--index none",
        "--hide-names",
        "--hide-names --index none",
    ] {
        scene.ok(&format!(
            "pack -q -f -o calls.zip -r customer.crt {options} 123456 000001"
        ));
        for open in ["", "--ignore-index"] {
            extraction(&scene, "calls.zip", open).exits(0);
            assert_eq!(scene.tree("out"), ["000001", "123456"], "{options} {open}");
            assert_eq!(scene.text("out/000001"), "000001");
            assert_eq!(scene.text("out/123456"), "123456");
            scene.tool("rm -r out");
        }
        if options != "--hide-names --index none" {
            let shown = scene.ok("cat calls.zip 123456 -k customer.key");
            assert_eq!(shown.stdout(), "123456", "{options}");
        }
    }
}

#[test]
fn a_member_that_was_renamed_to_a_number_comes_out_under_its_sealed_name() {
    let scene = packed("--index none");
    let rename = |new: &str| {
        forge(&scene, |entries| entries[0].0 = format!("{new}.pgp"));
    };
    rename("000007");
    extraction(&scene, "forged.zip", "").exits(0);
    has_the_calls(&scene, "out");
    scene.tool("rm -r out");
    for other in ["00007", "calls/000007", "000007a"] {
        rename(other);
        extraction(&scene, "forged.zip", "")
            .exits(6)
            .complains_with_hint(&[&format!("{other}: it was sealed as \"calls/a.txt\"")]);
        assert!(!scene.exists("out/calls/a.txt"));
        scene.tool("rm -r out");
    }
    // Other tools seal the last component alone: it isn't a whole path.
    sealed_as(&scene, &[("000001.pgp", "a.txt", "first")]);
    extraction(&scene, "forged.zip", "")
        .exits(5)
        .complains_with_hint(&["000001: it was sealed as \"a.txt\""]);
}

#[test]
fn members_in_another_order_keep_their_names() {
    for options in ["", "--index none"] {
        let scene = hidden(options);
        let mut all: Entries = entries(&scene, "calls.zip");
        all.reverse();
        put_together(&scene, "forged.zip", &all);
        extraction(&scene, "forged.zip", "").exits(0);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn two_numbers_that_changed_places_are_found_by_the_index() {
    let scene = hidden("");
    forge(&scene, |entries| {
        let first = entry(entries, "000001.pgp").clone();
        let second = std::mem::replace(entry(entries, "000002.pgp"), first);
        *entry(entries, "000001.pgp") = second;
    });
    extraction(&scene, "forged.zip", "")
        .exits(6)
        .complains_with_hint(&["it was replaced"])
        .says("2 of 3 members failed");
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/sub/", "calls/sub/c.txt"]
    );
    scene.tool("rm -r out");
    // Numbers mean nothing, and the messages have their names.
    extraction(&scene, "forged.zip", "--ignore-index").exits(0);
    has_the_calls(&scene, "out");
}

#[test]
fn stock_tools_open_the_members_one_by_one() {
    let scene = hidden("--format rfc4880");
    scene.tool("unzip -q calls.zip -d apart");
    scene.ok("export --gpg customer.key -o customer.asc");
    scene.gpg("--import customer.asc");
    let text = scene.gpg(&format!("--decrypt apart/{INDEX}")).stdout();
    assert_eq!(text, index_text(&scene, "calls.zip"));
    let numbers = ["000001", "000002", "000003"];
    for (number, (name, content)) in numbers.into_iter().zip(CALLS) {
        let opened = scene.gpg(&format!("--status-fd 2 --decrypt apart/{number}.pgp"));
        assert_eq!(opened.stdout(), content);
        // GnuPG shows the name in its own escapes.
        let told = opened.stderr();
        let told = told
            .lines()
            .find(|line| line.contains("PLAINTEXT "))
            .unwrap();
        assert!(
            told.ends_with(&name.replace('/', "%2F")) || told.ends_with(name),
            "{told}"
        );
        scene.ok(&format!(
            "open apart/{number}.pgp -k customer.key -o opened"
        ));
        assert_eq!(scene.text("opened"), content);
        scene.tool("rm opened");
    }
}

/// Makes an archive of two members that changed places.
fn swapped(scene: &Scene, one: &str, other: &str) {
    scene.write(format!("in/{one}"), "one");
    scene.write(format!("in/{other}"), "other");
    scene
        .bash("cd in && callseal pack -q --index none -r ../customer.crt -o ../numbers.zip *")
        .exits(0);
    scene.python(
        r#"
import sys, zipfile
one, other = sys.argv[1:]
with zipfile.ZipFile("numbers.zip") as old, zipfile.ZipFile("swapped.zip", "w") as new:
    new.writestr(one + ".pgp", old.read(other + ".pgp"))
    new.writestr(other + ".pgp", old.read(one + ".pgp"))
"#,
        &[one, other],
    );
}

#[test]
fn files_that_are_called_by_numbers_are_bound_to_their_names() {
    let scene = Scene::with_parties();
    swapped(&scene, "111111", "222222");
    for line in [
        "extract swapped.zip -k customer.key -C out",
        "cat swapped.zip 111111 -k customer.key",
        "share swapped.zip -k customer.key -r vendor.crt -o shared.zip",
        "grant swapped.zip 111111 -k customer.key -r vendor.crt -o one.grant",
    ] {
        scene.line(line).exits(5).says("it was sealed as");
    }
    assert!(!scene.exists("shared.zip") && !scene.exists("one.grant"));
}

#[test]
fn a_member_that_is_chosen_by_its_number_is_not_another_one() {
    let scene = Scene::with_parties();
    swapped(&scene, "000001", "000002");
    for line in [
        "cat swapped.zip 000001 -k customer.key",
        "share swapped.zip 000001 -k customer.key -r vendor.crt -o shared.zip",
        "grant swapped.zip 000001 -k customer.key -r vendor.crt -o one.grant",
    ] {
        scene.line(line).exits(5).says("it was sealed as");
    }
    assert!(!scene.exists("shared.zip") && !scene.exists("one.grant"));
    scene
        .line("extract swapped.zip -k customer.key -C out")
        .exits(5)
        .says("another member has the same path");
    assert!(!scene.exists("out"));
}

#[test]
fn without_a_key_of_the_index_nobody_is_told_that_there_is_no_such_member() {
    let scene = Scene::with_parties();
    scene.write("calls/a.txt", "a");
    scene.write("calls/b.txt", "b");
    scene.ok("pack -q --hide-names -r customer.crt -o calls.zip calls");
    scene
        .line("cat calls.zip calls/a.txt -k vendor.key")
        .exits(4)
        .complains_with_hint(&[
            "the names of its members are hidden",
            "its index doesn't open",
        ]);
    scene
        .ok("list calls.zip -k vendor.key")
        .says("names of its members are hidden");
    scene
        .line("share calls.zip calls/a.txt -k customer.key -r vendor.crt --in-place")
        .exits(2)
        .complains_with_hint(&["the names of its members are hidden"]);
}
