//! The index: the sealed list of an archive's members with their session keys.

use std::io::Cursor;
use std::time::SystemTime;

use callseal::Timestamp;
use callseal::archive::Archive;
use pgp::composed::{Deserializable, Message, SignedSecretKey};
use pgp::types::Password;
use serde_json::Value;

use crate::index_support::{
    CALLS, Entries, INDEX, NAME, Seal, damage_recipient, entries, entry, extraction, first_packet,
    forge, has_the_calls, index_text, lines, modified, names, packed, put_together,
};
use crate::support::Scene;

/// Checks that an archive has just the members, with these endings, and no
/// index.
#[track_caller]
fn has_no_index(scene: &Scene, archive: &str, members: &[&str]) {
    assert_eq!(names(&entries(scene, archive)), members);
    scene.ok(&format!("list {archive}")).prints(", no index");
}

#[test]
fn an_archive_of_several_members_ends_with_an_index() {
    let scene = packed("");
    assert_eq!(
        names(&entries(&scene, "calls.zip")),
        [
            "calls/a.txt.pgp",
            "calls/b.txt.pgp",
            "calls/sub/c.txt.pgp",
            INDEX
        ]
    );
    let listed = scene.ok("list calls.zip").prints("3 members");
    listed.prints("with an index");
    scene.ok("pack -q -o two.zip -r customer.crt --index auto calls/a.txt calls/b.txt");
    assert_eq!(entries(&scene, "two.zip").len(), 3);
}

#[test]
fn an_archive_of_one_member_has_no_index() {
    let scene = packed("");
    scene.ok("pack -q -o one.zip -r customer.crt --index auto calls/a.txt");
    has_no_index(&scene, "one.zip", &["calls/a.txt.pgp"]);
    scene.ok("convert calls.zip calls/a.txt -o one-of.zip -k customer.key -r customer.crt");
    has_no_index(&scene, "one-of.zip", &["calls/a.txt.pgp"]);
}

#[test]
fn an_archive_of_cms_messages_has_no_index() {
    let scene = packed("");
    scene.rsa_pair("gir");
    scene.ok("pack -q -o cms.zip -r gir.crt --format cms --index auto calls");
    let members = ["calls/a.txt.p7m", "calls/b.txt.p7m", "calls/sub/c.txt.p7m"];
    has_no_index(&scene, "cms.zip", &members);
    scene.ok("convert calls.zip -o converted.zip -k customer.key -r gir.crt --format cms");
    has_no_index(&scene, "converted.zip", &members);
    scene.ok("convert cms.zip -o again.zip -k gir.key -r customer.crt");
    assert!(names(&entries(&scene, "again.zip")).contains(&INDEX));
}

#[test]
fn an_index_is_left_out_on_request() {
    let scene = packed("");
    let members = CALLS.map(|(name, _)| format!("{name}.pgp"));
    let members = members.each_ref().map(String::as_str);
    scene.ok("pack -q -o none.zip -r customer.crt --index none calls");
    has_no_index(&scene, "none.zip", &members);
    scene.ok("convert calls.zip -o converted.zip -k customer.key -r vendor.crt --index none");
    has_no_index(&scene, "converted.zip", &members);

    scene.write("callseal.toml", "index = 'none'\n");
    scene.ok("pack -q -o config.zip --config callseal.toml -r customer.crt calls");
    has_no_index(&scene, "config.zip", &members);
    scene.ok("pack -q -o auto.zip --config callseal.toml -r customer.crt --index auto calls");
    assert_eq!(names(&entries(&scene, "auto.zip")).last(), Some(&INDEX));
}

#[test]
fn stock_tools_see_a_stored_entry() {
    let scene = packed("");
    scene
        .tool("unzip -t calls.zip")
        .prints("No errors detected");
    let listed = scene.tool("unzip -v calls.zip").stdout();
    let line = listed.lines().find(|line| line.ends_with(INDEX)).unwrap();
    assert!(line.contains("Stored"), "{listed}");
    scene.tool("7zz t calls.zip").prints("Everything is Ok");
    scene.tool("7zz l calls.zip").prints(INDEX);
    scene.tool("bsdtar -tf calls.zip").prints(INDEX);
    const PYTHON: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    *members, index = archive.infolist()
    assert index.filename == sys.argv[2], index
    assert index.compress_type == zipfile.ZIP_STORED
    assert index.flag_bits & 0x800, 'UTF-8'
    assert len(members) == 3, members
";
    scene.python(PYTHON, &["calls.zip", INDEX]);
}

#[test]
fn an_index_has_the_time_of_the_newest_member() {
    let scene = Scene::with_parties();
    for (name, date) in [
        ("a", "2024-02-03"),
        ("b", "2025-06-07"),
        ("c", "2023-01-01"),
    ] {
        scene.write(format!("calls/{name}"), name);
        scene.tool(&format!("touch -d {date}T12:00:00Z calls/{name}"));
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let archive = Archive::open(scene.read("calls.zip")).unwrap();
    let times = archive.members().iter().map(|entry| entry.modified());
    let [_, newest, _, index] = times.collect::<Vec<SystemTime>>()[..] else {
        panic!("three members and an index");
    };
    assert_eq!(index, newest);
}

/// Returns, in hex, the part of a message that its line in the index has.
fn id(message: &[u8], version: u8) -> String {
    // The header of the container has two octets or three, as these are small.
    let container = &message[first_packet(message)..];
    assert_eq!(container[0], 0xD2, "the container follows one recipient");
    let header = match container[1] {
        0..=191 => 2,
        _ => 3,
    };
    assert_eq!(container[header], version);
    // Version 2 has a cipher, a mode, and the size of its chunks before the salt.
    let before = match version {
        1 => 1,
        _ => 4,
    };
    let id = &container[header + before..][..32];
    id.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[track_caller]
fn lists_what_it_should(scene: &Scene, version: u8) {
    let text = index_text(scene, "calls.zip");
    assert!(text.ends_with('\n'));
    let mut all = text.lines();
    assert_eq!(all.next(), Some(r#"{"callseal-index":1,"members":3}"#));
    assert_eq!(all.clone().count(), 3);
    let mut entries = entries(scene, "calls.zip");
    for (line, (name, content)) in all.zip(CALLS) {
        let stored = format!("{name}.pgp");
        let time = Timestamp(modified(scene.path(name)));
        let id = id(entry(&mut entries, &stored), version);
        let parsed: Value = serde_json::from_str(line).unwrap();
        let key = parsed["session-key"].as_str().unwrap();
        let digits = key.strip_prefix("9:").expect("AES-256");
        assert_eq!(digits.len(), 64);
        assert!(!digits.contains(|c: char| c.is_ascii_lowercase()), "{key}");
        // The order of the properties is fixed, too.
        assert_eq!(
            line,
            format!(
                "{{\"member\":\"{stored}\",\"name\":\"{name}\",\"size\":{},\
                 \"modified\":\"{time}\",\"id\":\"{id}\",\"session-key\":\"{key}\"}}",
                content.len()
            )
        );
    }
}

#[test]
fn an_index_lists_the_members_of_version_2() {
    lists_what_it_should(&packed(""), 2);
}

#[test]
fn an_index_lists_the_members_of_version_1() {
    lists_what_it_should(&packed("--format rfc4880"), 1);
}

#[test]
fn session_keys_differ_from_member_to_member_and_from_archive_to_archive() {
    let scene = packed("");
    scene.ok("pack -q -o again.zip -r customer.crt calls");
    let texts = ["calls.zip", "again.zip"].map(|archive| index_text(&scene, archive));
    let lines = texts.iter().flat_map(|text| lines(text));
    let mut keys: Vec<String> = lines.map(|line| line["session-key"].to_string()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 6);
}

#[test]
fn an_index_is_sealed_as_the_members_are() {
    for (options, format) in [("", "rfc9580"), ("--format rfc4880", "rfc4880")] {
        let scene = packed(&format!("-r vendor.crt {options}"));
        let mut entries = entries(&scene, "calls.zip");
        let index = entry(&mut entries, INDEX);
        scene.write("index.pgp", &*index);
        let inspected = scene.inspect("index.pgp");
        assert_eq!(inspected["format"], format);
        assert_eq!(inspected["recipients"].as_array().unwrap().len(), 2);
        scene.ok("open index.pgp -k vendor.key -o -");
    }
}

#[test]
fn an_index_keeps_hidden_recipients_hidden() {
    let scene = packed("--hidden-recipients");
    let mut entries = entries(&scene, "calls.zip");
    scene.write("index.pgp", &*entry(&mut entries, INDEX));
    let inspected = scene.ok("inspect index.pgp");
    inspected.prints("hidden recipient");
    let fingerprint = scene.fingerprint("customer.crt");
    let octets: Vec<u8> = (0..20)
        .map(|i| u8::from_str_radix(&fingerprint[2 * i..][..2], 16).unwrap())
        .collect();
    let archive = scene.read("calls.zip");
    // Neither the fingerprint nor its last part, the key ID.
    assert!(!archive.windows(8).any(|window| window == &octets[12..]));
    extraction(&scene, "calls.zip", "").exits(0);
    has_the_calls(&scene, "out");
}

/// Makes `forged.zip`, whose members open by the index alone.
fn without_recipients(scene: &Scene) {
    forge(scene, |entries| {
        for (name, message) in entries {
            if name != INDEX {
                damage_recipient(message);
            }
        }
    });
    extraction(scene, "forged.zip", "--ignore-index").fails();
    assert!(!scene.exists("out"));
}

#[test]
fn one_private_key_operation_opens_all_members() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        without_recipients(&scene);
        extraction(&scene, "forged.zip", "").exits(0);
        has_the_calls(&scene, "out");
        let shown = scene.ok("cat forged.zip *.txt -k customer.key").stdout();
        assert_eq!(shown, "firstthe secondand the third");
        let found = scene.ok("grep -c . forged.zip -k customer.key").stdout();
        assert_eq!(found.lines().count(), 3, "{found}");
        scene.ok("convert -q forged.zip -o again.zip -k customer.key -r vendor.crt");
        scene.ok("extract -q again.zip -k vendor.key -C converted");
        has_the_calls(&scene, "converted");
    }
}

#[test]
fn a_single_member_opens_by_its_own_recipients() {
    let scene = packed("");
    forge(&scene, |entries| {
        *entry(entries, INDEX) = b"not an index at all".to_vec();
    });
    let shown = scene.ok("cat forged.zip calls/b.txt -k customer.key");
    assert_eq!(shown.stdout(), "the second");
    extraction(&scene, "forged.zip", "calls/a.txt").exits(0);
    assert_eq!(scene.tree("out"), ["calls/", "calls/a.txt"]);
}

#[test]
fn a_listing_with_a_key_shows_the_sizes_of_the_files() {
    let scene = packed("");
    let sizes = |arguments: &str| {
        let listed = scene.ok(&format!("list --json calls.zip {arguments}"));
        let listed = listed.json();
        assert_eq!(listed["index"], true);
        let members = listed["members"].as_array().unwrap().iter();
        let sizes = members.map(|member| member["plain_bytes"].as_u64());
        sizes.collect::<Vec<_>>()
    };
    assert_eq!(sizes("-k customer.key"), [Some(5), Some(10), Some(13)]);
    assert_eq!(sizes(""), [None; 3]);
    assert_eq!(sizes("-k vendor.key"), [None; 3]);
    assert_eq!(sizes("-k customer.key --ignore-index"), [None; 3]);
    let listed = scene.ok("list calls.zip -k customer.key").stdout();
    let columns = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    let column: Vec<_> = listed.lines().take(4).filter_map(columns).collect();
    assert_eq!(column, ["BYTES", "5", "10", "13"], "{listed}");
}

#[test]
fn an_index_sealed_to_others_is_passed_over_without_a_word() {
    let scene = packed("-r vendor.crt");
    let text = index_text(&scene, "calls.zip");
    let index = Seal::for_vendor(&scene).seal(NAME, text.as_bytes());
    forge(&scene, |entries| *entry(entries, INDEX) = index);
    extraction(&scene, "forged.zip", "-q")
        .exits(0)
        .stays_silent();
    has_the_calls(&scene, "out");
    let listed = scene.ok("list forged.zip -k customer.key");
    assert_eq!(listed.stderr(), "");
}

/// Imports the customer's key into GnuPG.
fn gpg_has_the_key(scene: &Scene) {
    scene.ok("export --gpg customer.key -o customer.asc");
    scene.gpg("--import customer.asc");
}

#[test]
fn gpg_opens_an_index_and_a_member_by_a_session_key_in_it() {
    let scene = packed("--format rfc4880");
    gpg_has_the_key(&scene);
    scene.tool("unzip -q calls.zip -d apart");
    let text = scene.gpg(&format!("--decrypt apart/{INDEX}")).stdout();
    assert_eq!(text, index_text(&scene, "calls.zip"));
    std::fs::remove_dir_all(scene.path("gnupg/private-keys-v1.d")).unwrap();
    for (line, (name, content)) in lines(&text).iter().zip(CALLS) {
        let key = line["session-key"].as_str().unwrap();
        scene.write("session-key", key);
        let script = format!(
            "exec gpg --batch --quiet --override-session-key-fd 3 --decrypt 'apart/{name}.pgp' \
             3<session-key"
        );
        assert_eq!(scene.bash(&script).exits(0).stdout(), content);
    }
}

#[test]
fn pgp_opens_an_index_of_version_2() {
    let scene = packed("");
    scene.ok("export --gpg customer.key -o customer.asc");
    let (key, _) = SignedSecretKey::from_string(&scene.text("customer.asc")).unwrap();
    let mut entries = entries(&scene, "calls.zip");
    let index = entry(&mut entries, INDEX).clone();
    let sealed = Message::from_bytes(Cursor::new(index)).unwrap();
    let mut message = sealed.decrypt(&Password::empty(), &key).unwrap();
    let text = message.as_data_vec().unwrap();
    assert_eq!(text, index_text(&scene, "calls.zip").as_bytes());
    let literal = message.literal_data_header().unwrap();
    assert_eq!(&literal.file_name()[..], NAME.as_bytes());
}

#[test]
fn no_file_is_packed_into_the_directory_of_the_index() {
    let scene = Scene::with_a_call();
    for name in [
        "META-INF/callseal/index",
        "META-INF/callseal/deep/x",
        "meta-inf/CALLSEAL/manifest",
        "META-INF/callseal",
    ] {
        scene.write(name, "mine");
        let top = name.split('/').next().unwrap();
        for options in ["", "--index none", "--hide-names"] {
            scene
                .line(&format!(
                    "pack -o no.zip -r customer.crt {options} calls {top}"
                ))
                .exits(2)
                .complains_with_hint(&[name, "META-INF/callseal"]);
            assert!(!scene.exists("no.zip"), "{name} {options}");
        }
        scene.tool(&format!("rm -r {top}"));
    }
    for name in [
        "META-INF/other",
        "META-INF/callseals/x",
        "a/META-INF/callseal/x",
    ] {
        scene.write(name, "mine");
    }
    scene.ok("pack -q -o yes.zip -r customer.crt META-INF a");
}

#[test]
fn convert_refuses_a_member_in_the_directory_of_the_index() {
    let scene = packed("");
    let message = Seal::for_customer(&scene).seal("x.txt", b"mine");
    forge(&scene, |entries| {
        entries.push(("META-INF/callseal/x.txt.pgp".into(), message));
    });
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r vendor.crt")
        .exits(5)
        .complains_with_hint(&["META-INF/callseal/x.txt"])
        .says("--exclude");
    assert!(!scene.exists("no.zip"));
    scene.ok("convert forged.zip --exclude META-INF -o yes.zip -k customer.key -r vendor.crt");
}

#[test]
fn other_entries_beside_an_index_are_ordinary_members() {
    let scene = packed("");
    let message = Seal::for_customer(&scene).seal("x.txt", b"mine");
    let others = [
        "META-INF/callseal/x.txt.pgp",
        "meta-inf/callseal/x.txt.pgp",
        "META-INF/callseal/sub/x.txt.pgp",
    ];
    forge(&scene, |entries| {
        entries.extend(others.map(|name| (name.to_owned(), message.clone())));
    });
    scene.ok("list forged.zip").prints("6 members");
    extraction(&scene, "forged.zip", "").exits(0);
    for name in others {
        let path = format!("out/{}", name.strip_suffix(".pgp").unwrap());
        assert_eq!(scene.text(path), "mine");
    }
    // Also in an archive that has no index.
    let entries: Entries = vec![(others[0].to_owned(), message)];
    put_together(&scene, "single.zip", &entries);
    scene
        .ok("list single.zip")
        .prints("1 member for 1 recipient, no index");
    scene.ok("extract single.zip -k customer.key -C single");
    assert_eq!(scene.text("single/META-INF/callseal/x.txt"), "mine");
}

#[test]
fn two_archives_that_unzip_splits_into_one_directory_are_not_harmed() {
    let scene = packed("");
    scene.write("more/d.txt", "of another day");
    scene.write("more/e.txt", "of yet another day");
    scene.ok("pack -q -o more.zip -r customer.crt more");
    scene.tool("unzip -q calls.zip -d apart");
    scene.tool("unzip -q -o more.zip -d apart");
    for name in CALLS
        .map(|(name, _)| name)
        .into_iter()
        .chain(["more/d.txt", "more/e.txt"])
    {
        scene.ok(&format!("open apart/{name}.pgp -k customer.key -o opened"));
        assert_eq!(scene.read("opened"), scene.read(name));
        scene.tool("rm opened");
    }
}
