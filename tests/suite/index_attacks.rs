//! Indexes that were forged, damaged, or moved: what is wrong is found, and
//! nothing wrong comes out.

use serde_json::Value;

use crate::index_support::{
    CALLS, INDEX, NAME, Seal, entries, entry, extraction, first_packet, forge, forge_index,
    has_the_calls, index_text, lines, packed, put_together,
};
use crate::support::packets::false_key;
use crate::support::{Outcome, Scene};

/// Returns the text of an index of these lines.
fn text_of(head: &str, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("{line}\n"));
    format!("{head}\n{}", lines.collect::<String>())
}

/// Returns the first line of a text, and the others.
fn apart(text: &str) -> (String, Vec<String>) {
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.collect())
}

/// Makes `forged.zip` with changed lines in its index.
fn forge_lines(scene: &Scene, change: impl FnOnce(&mut Vec<String>)) {
    forge_index(scene, |text| {
        let (head, mut lines) = apart(&text);
        change(&mut lines);
        text_of(&head, &lines)
    });
}

/// Makes `forged.zip` with another value in a line of its index.
fn forge_value(scene: &Scene, line: usize, name: &str, value: impl Into<Value>) {
    forge_lines(scene, |lines| {
        let mut parsed: Value = serde_json::from_str(&lines[line]).unwrap();
        parsed[name] = value.into();
        lines[line] = parsed.to_string();
    });
}

/// Checks that an index is refused as a whole for this reason, and that all
/// members come out by their own recipients.
#[track_caller]
fn index_is_refused(scene: &Scene, reason: &str) {
    extraction(scene, "forged.zip", "")
        .exits(6)
        .complains_with_hint(&["forged.zip: its index is damaged: ", reason])
        .says("--ignore-index");
    has_the_calls(scene, "out");
    scene.tool("rm -r out");
    extraction(scene, "forged.zip", "-q --ignore-index")
        .exits(0)
        .stays_silent();
    has_the_calls(scene, "out");
    scene.tool("rm -r out");
    let shown = scene.line("cat forged.zip *.txt -k customer.key").exits(6);
    let shown = shown.complains_with_hint(&["its index is damaged", reason]);
    assert_eq!(shown.stdout(), "firstthe secondand the third");
    scene
        .line("list forged.zip -k customer.key")
        .exits(6)
        .complains_with_hint(&["its index is damaged", reason])
        .prints("3 members");
    scene
        .line("convert -f forged.zip -o new.zip -k customer.key -r customer.crt")
        .exits(6)
        .complains_with_hint(&["its index is damaged", reason]);
    scene.ok("extract -q new.zip -k customer.key -C out");
    has_the_calls(scene, "out");
    scene.tool("rm -r out");
}

/// Checks that one member is refused, as one that an index may be false about.
/// The others come out.
#[track_caller]
fn member_is_refused(scene: &Scene, name: &str, reason: &str) -> Outcome {
    let outcome = extraction(scene, "forged.zip", "").exits(6);
    let outcome = outcome.complains_with_hint(&[name, reason]);
    for (other, content) in CALLS {
        match other == name {
            true => assert!(!scene.exists(format!("out/{other}"))),
            false => assert_eq!(scene.text(format!("out/{other}")), content),
        }
    }
    scene.tool("rm -r out");
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r customer.crt")
        .exits(5)
        .complains(&[name, reason]);
    assert!(!scene.exists("no.zip"));
    outcome
}

const FALSE_KEY: &str = "9:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";

#[test]
fn a_wrong_session_key_is_found_and_the_index_can_be_ignored() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        forge_value(&scene, 1, "session-key", FALSE_KEY);
        member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
        let shown = scene.line("cat forged.zip *.txt -k customer.key").exits(5);
        let shown = shown.complains_with_hint(&["calls/b.txt", "it was replaced"]);
        assert_eq!(shown.stdout(), "first");
        extraction(&scene, "forged.zip", "--ignore-index").exits(0);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn the_session_key_of_another_member_is_found() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        let lines = lines(&index_text(&scene, "calls.zip"));
        forge_value(&scene, 1, "session-key", lines[0]["session-key"].clone());
        member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
    }
}

/// Returns a session key of version 1 with which the encrypted data seem to
/// begin as they should: its 15th and 16th octet come twice.
fn false_key_that_seems_right(message: &[u8]) -> String {
    let container = &message[first_packet(message)..];
    let header = match container[1] {
        0..=191 => 2,
        _ => 3,
    };
    let encrypted = &container[header + 1..];
    let key = false_key(encrypted);
    let digits = key.iter().map(|octet| format!("{octet:02X}"));
    format!("9:{}", digits.collect::<String>())
}

#[test]
fn a_false_session_key_that_seems_right_opens_nothing() {
    let scene = packed("--format rfc4880");
    let mut entries = entries(&scene, "calls.zip");
    let key = false_key_that_seems_right(entry(&mut entries, "calls/b.txt.pgp"));
    forge_value(&scene, 1, "session-key", key);
    // What it decrypts to is nonsense, of whatever kind.
    extraction(&scene, "forged.zip", "")
        .exits(6)
        .complains(&["calls/b.txt: "])
        .says("1 of 3 members failed");
    assert!(!scene.exists("out/calls/b.txt"));
    scene.tool("rm -r out");
    let shown = scene.line("cat forged.zip *.txt -k customer.key").fails();
    assert_eq!(shown.stdout(), "first");
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r customer.crt")
        .fails();
    assert!(!scene.exists("no.zip"));
    extraction(&scene, "forged.zip", "--ignore-index").exits(0);
    has_the_calls(&scene, "out");
}

#[test]
fn a_session_key_for_another_cipher_is_found() {
    for options in ["", "--format rfc4880"] {
        for (cipher, digits) in [(7, 32), (8, 48), (13, 64)] {
            let scene = packed(options);
            let digits = "5A".repeat(digits / 2);
            forge_value(&scene, 1, "session-key", format!("{cipher}:{digits}"));
            member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
        }
    }
    // Twofish, which callseal doesn't read.
    let scene = packed("--format rfc4880");
    forge_value(&scene, 1, "session-key", FALSE_KEY.replace("9:", "10:"));
    member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
}

#[test]
fn a_malformed_session_key_is_found() {
    for key in [
        "",
        "9",
        "9:",
        "9:0123",
        &format!("{FALSE_KEY}00"),
        &FALSE_KEY[..FALSE_KEY.len() - 2],
        &FALSE_KEY.replace("9:", "1000:"),
        &FALSE_KEY.replace("9:", "0:"),
        &FALSE_KEY.replace("9:", "-9:"),
        &FALSE_KEY.replace('F', "G"),
    ] {
        let scene = packed("");
        forge_value(&scene, 2, "session-key", key);
        extraction(&scene, "forged.zip", "")
            .exits(6)
            .complains_with_hint(&["its index is damaged", "line 4 has a malformed session key"]);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn other_values_of_a_wrong_form_are_found() {
    let no_text = Value::from(7);
    for (name, value, reason) in [
        ("id", "".into(), "has a malformed id"),
        ("id", "ab".repeat(31).into(), "has a malformed id"),
        ("id", "xy".repeat(32).into(), "has a malformed id"),
        ("modified", "yesterday".into(), "has a malformed time"),
        (
            "modified",
            "2026-13-01T00:00:00Z".into(),
            "has a malformed time",
        ),
        ("size", Value::from(-1), "is malformed"),
        ("size", "5".into(), "is malformed"),
        ("name", no_text.clone(), "is malformed"),
        ("member", no_text, "is malformed"),
        ("comment", "new".into(), "is malformed"),
        ("name", "../a.txt".into(), "has an unsafe name"),
        ("name", "/etc/passwd".into(), "has an unsafe name"),
        ("name", "calls/../../a.txt".into(), "has an unsafe name"),
        ("name", "".into(), "has an unsafe name"),
        ("name", "calls/a\u{0}.txt".into(), "has an unsafe name"),
    ] {
        let scene = packed("");
        forge_value(&scene, 0, name, value);
        extraction(&scene, "forged.zip", "")
            .exits(6)
            .complains_with_hint(&["its index is damaged", "line 2", reason]);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn a_member_that_is_listed_twice_is_found() {
    let scene = packed("");
    forge_index(&scene, |text| {
        let (head, mut lines) = apart(&text);
        lines.insert(1, lines[0].clone());
        text_of(&head.replace('3', "4"), &lines)
    });
    index_is_refused(&scene, "line 3 lists a member again");
}

#[test]
fn a_missing_member_that_is_listed_twice_is_found() {
    let scene = packed("");
    forge_index(&scene, |text| {
        let (head, mut lines) = apart(&text);
        let missing = lines[0].replace("a.txt", "gone.txt");
        lines.extend([missing.clone(), missing]);
        text_of(&head.replace('3', "5"), &lines)
    });
    index_is_refused(&scene, "lists a member again");
}

#[test]
fn a_property_that_comes_twice_is_found() {
    let scene = packed("");
    forge_lines(&scene, |lines| {
        lines[1] = lines[1].replace("{\"member\":", "{\"size\":3,\"member\":");
    });
    index_is_refused(&scene, "line 3 is malformed");
    forge_index(&scene, |text| {
        text.replacen("\"members\":3", "\"members\":3,\"members\":3", 1)
    });
    index_is_refused(&scene, "line 1 is not the beginning of an index");
}

#[test]
fn a_name_that_does_not_fit_its_member_is_found() {
    let scene = packed("");
    for name in ["calls/b.txt", "a.txt", "calls/a.txt.pgp", "000001"] {
        forge_value(&scene, 0, "name", name);
        index_is_refused(&scene, "line 2 has another name than its member");
    }
    // Two names that changed places.
    forge_lines(&scene, |lines| {
        for line in lines.iter_mut().take(2) {
            let (member, rest) = line.split_once(",\"name\":").unwrap();
            let rest = match rest.contains("a.txt") {
                true => rest.replace("a.txt", "b.txt"),
                false => rest.replace("b.txt", "a.txt"),
            };
            *line = format!("{member},\"name\":{rest}");
        }
    });
    index_is_refused(&scene, "line 2 has another name than its member");
}

#[test]
fn an_index_that_says_that_it_hides_names_renames_no_member_that_has_one() {
    let scene = packed("");
    forge_index(&scene, |text| {
        let text = text.replacen("\"members\":3", "\"members\":3,\"hidden-names\":true", 1);
        text.replacen(
            "\"name\":\"calls/a.txt\"",
            "\"name\":\"calls/other.txt\"",
            1,
        )
    });
    index_is_refused(&scene, "line 2 has another name than its member");
}

#[test]
fn lines_that_are_missing_are_found() {
    let scene = packed("");
    for left in [0, 1, 2] {
        forge_lines(&scene, |lines| lines.truncate(left));
        let reason = format!("it says that it lists 3 members, but lists {left}");
        index_is_refused(&scene, &reason);
    }
    for said in [0, 2, 4, 1_000_000_000_000_u64] {
        forge_index(&scene, |text| text.replacen('3', &said.to_string(), 1));
        let reason = format!("it says that it lists {said} members, but lists");
        index_is_refused(&scene, &reason);
    }
}

#[test]
fn an_index_that_is_cut_anywhere_is_found() {
    let scene = packed("");
    let text = index_text(&scene, "calls.zip");
    let seal = Seal::for_customer(&scene);
    for length in (0..text.len()).step_by(29).chain([text.len() - 1]) {
        let index = seal.seal(NAME, &text.as_bytes()[..length]);
        forge(&scene, |entries| *entry(entries, INDEX) = index);
        extraction(&scene, "forged.zip", "--force")
            .exits(6)
            .complains_with_hint(&["its index is damaged"]);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn something_behind_the_lines_is_found() {
    let scene = packed("");
    for more in ["\n", "garbage", "garbage\n", "{}\n", "\0\0\0\0"] {
        forge_index(&scene, |text| text + more);
        extraction(&scene, "forged.zip", "--force")
            .exits(6)
            .complains_with_hint(&["its index is damaged: line 5"]);
        has_the_calls(&scene, "out");
    }
}

#[test]
fn something_behind_the_message_of_an_index_is_found() {
    let scene = packed("");
    forge(&scene, |entries| {
        let index = entry(entries, INDEX);
        *index = index.repeat(2);
    });
    index_is_refused(&scene, "");
}

#[test]
fn another_version_of_the_format_is_not_read() {
    let scene = packed("");
    for (known, other) in [
        ("callseal-index\":1", "callseal-index\":2"),
        ("{\"callseal-index\":1,", "{"),
        ("\"members\":3", "\"members\":3,\"new\":true"),
    ] {
        forge_index(&scene, |text| text.replacen(known, other, 1));
        index_is_refused(&scene, "line 1 is not the beginning of an index");
    }
}

#[test]
fn a_member_that_was_removed_is_named() {
    let scene = packed("");
    scene.tool("cp calls.zip forged.zip");
    scene.tool("zip -q -d forged.zip calls/b.txt.pgp");
    extraction(&scene, "forged.zip", "")
        .exits(6)
        .complains_with_hint(&["calls/b.txt: the index lists it", "it isn't in the archive"])
        .says("--ignore-index");
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/a.txt", "calls/sub/", "calls/sub/c.txt"]
    );
    scene.tool("rm -r out");
    extraction(&scene, "forged.zip", "-q --ignore-index")
        .exits(0)
        .stays_silent();
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r vendor.crt")
        .exits(5)
        .complains_with_hint(&["calls/b.txt: the index lists it", "it isn't in the archive"]);
    assert!(!scene.exists("no.zip"));
    scene
        .line("list forged.zip -k customer.key")
        .exits(6)
        .complains_with_hint(&["calls/b.txt: the index lists it", "it isn't in the archive"]);
    // Who asks for other members doesn't miss it.
    scene.ok("extract forged.zip calls/a.txt calls/sub -k customer.key -C some");
}

#[test]
fn members_that_were_removed_are_named_however_few_are_left() {
    for left in [0, 1, 2] {
        let scene = packed("");
        forge(&scene, |entries| drop(entries.drain(left..3)));
        let refused = extraction(&scene, "forged.zip", "-v").outcome();
        let refused = refused.exits(if left == 0 { 5 } else { 6 });
        for (number, (name, content)) in CALLS.into_iter().enumerate() {
            let error = format!("error: {name}: the index lists it, and it isn't in the archive");
            assert_eq!(
                refused.stderr().contains(&error),
                number >= left,
                "{refused}"
            );
            if number < left {
                assert_eq!(scene.text(format!("out/{name}")), content);
            }
        }
    }
}

#[test]
fn a_member_that_was_replaced_is_found_even_under_its_own_name() {
    let scene = packed("");
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message
    });
    member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
    extraction(&scene, "forged.zip", "--ignore-index").exits(0);
    assert_eq!(scene.text("out/calls/b.txt"), "what was never said");
}

#[test]
fn a_member_that_was_replaced_by_something_else_is_found() {
    let scene = packed("");
    scene.rsa_pair("gir");
    scene.ok("seal -q -r gir.crt --format cms calls/b.txt -o b.p7m");
    for content in [scene.read("b.p7m"), b"no message".to_vec(), Vec::new()] {
        forge(&scene, |entries| {
            *entry(entries, "calls/b.txt.pgp") = content
        });
        member_is_refused(&scene, "calls/b.txt", "it was replaced").says("--ignore-index");
    }
}

#[test]
fn a_file_in_place_of_a_member_is_not_passed_over() {
    let scene = packed("");
    // A name without the ending of messages, which only a forger gives.
    forge(&scene, |entries| {
        for (name, content) in entries.iter_mut() {
            if name == "calls/b.txt.pgp" {
                *name = "calls/b.txt".into();
                *content = b"a note".to_vec();
            }
        }
    });
    extraction(&scene, "forged.zip", "")
        .exits(6)
        .complains_with_hint(&["calls/b.txt: the index lists it", "it isn't in the archive"]);
    let text = index_text(&scene, "calls.zip").replace("b.txt.pgp", "b.txt");
    let index = Seal::for_customer(&scene).seal(NAME, text.as_bytes());
    let mut entries = entries(&scene, "forged.zip");
    *entry(&mut entries, INDEX) = index;
    put_together(&scene, "forged.zip", &entries);
    extraction(&scene, "forged.zip", "--force")
        .exits(6)
        .complains_with_hint(&["calls/b.txt", "it was replaced"]);
    assert!(!scene.exists("out/calls/b.txt"));
}

#[test]
fn the_order_of_the_members_does_not_matter() {
    let scene = packed("");
    let mut reversed = entries(&scene, "calls.zip");
    reversed.reverse();
    put_together(&scene, "forged.zip", &reversed);
    extraction(&scene, "forged.zip", "-q")
        .exits(0)
        .stays_silent();
    has_the_calls(&scene, "out");
    forge_lines(&scene, |lines| lines.swap(0, 2));
    extraction(&scene, "forged.zip", "-q --force")
        .exits(0)
        .stays_silent();
    has_the_calls(&scene, "out");
    // Members that it doesn't list open by their own recipients.
    forge_index(&scene, |text| {
        let (head, lines) = apart(&text);
        text_of(&head.replace('3', "1"), &lines[1..2])
    });
    extraction(&scene, "forged.zip", "-q --force")
        .exits(0)
        .stays_silent();
    has_the_calls(&scene, "out");
}

/// Damages each of some octets of an index in turn.
#[track_caller]
fn damaged_octets_are_found(options: &str) {
    let scene = packed(options);
    let mut whole = entries(&scene, "calls.zip");
    let index = entry(&mut whole, INDEX).clone();
    let sealed = first_packet(&index)..index.len();
    for (number, at) in sealed.step_by(41).enumerate() {
        let mut index = index.clone();
        index[at] ^= 1 << (number % 8);
        forge(&scene, |entries| *entry(entries, INDEX) = index);
        extraction(&scene, "forged.zip", "--force")
            .exits(6)
            .complains_with_hint(&["its index is damaged"])
            .says("the members were opened by their own recipients");
        has_the_calls(&scene, "out");
    }
}

#[test]
fn a_damaged_index_of_version_1_is_not_used() {
    damaged_octets_are_found("--format rfc4880");
}

#[test]
fn a_damaged_index_of_version_2_is_not_used() {
    damaged_octets_are_found("");
}

#[test]
fn an_index_that_does_not_fit_its_checksum_is_not_used() {
    let scene = packed("");
    let mut archive = scene.read("calls.zip");
    let mut whole = entries(&scene, "calls.zip");
    let index = entry(&mut whole, INDEX);
    let at = archive
        .windows(index.len())
        .position(|window| window == &**index)
        .unwrap();
    archive[at + index.len() / 2] ^= 1;
    scene.write("forged.zip", archive);
    index_is_refused(&scene, "");
}

#[test]
fn no_member_opens_by_an_index_that_is_not_authentic() {
    // The members have no other way to open.
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        forge(&scene, |entries| {
            for (name, message) in entries.iter_mut() {
                match name == INDEX {
                    true => *message.last_mut().unwrap() ^= 1,
                    false => crate::index_support::damage_recipient(message),
                }
            }
        });
        let outcome = extraction(&scene, "forged.zip", "").fails();
        assert!(!scene.exists("out"), "{outcome}");
        let outcome = scene.line("cat forged.zip *.txt -k customer.key").fails();
        assert_eq!(outcome.stdout(), "");
    }
}

#[test]
fn an_index_of_another_archive_is_found() {
    let scene = packed("");
    scene.ok("pack -q -o other.zip -r customer.crt calls");
    let mut other = entries(&scene, "other.zip");
    let index = entry(&mut other, INDEX).clone();
    forge(&scene, |entries| *entry(entries, INDEX) = index);
    let refused = extraction(&scene, "forged.zip", "-v").exits(5);
    let refused = refused.says("--ignore-index");
    for (name, _) in CALLS {
        assert!(
            refused
                .stderr()
                .contains(&format!("{name}: it was replaced"))
        );
    }
    assert!(!scene.exists("out"));
    extraction(&scene, "forged.zip", "--ignore-index").exits(0);
    has_the_calls(&scene, "out");
}

#[test]
fn an_index_of_other_files_is_found() {
    let scene = packed("");
    scene.write("more/d.txt", "d");
    scene.write("more/e.txt", "e");
    scene.ok("pack -q -o other.zip -r customer.crt more");
    let mut other = entries(&scene, "other.zip");
    let index = entry(&mut other, INDEX).clone();
    forge(&scene, |entries| *entry(entries, INDEX) = index);
    let refused = extraction(&scene, "forged.zip", "").exits(6);
    for name in ["more/d.txt", "more/e.txt"] {
        assert!(
            refused
                .stderr()
                .contains(&format!("{name}: the index lists it"))
        );
    }
    has_the_calls(&scene, "out");
}

#[test]
fn a_call_in_place_of_the_index_is_found() {
    let scene = packed("");
    let text = index_text(&scene, "calls.zip");
    let seal = Seal::for_customer(&scene);
    for name in [
        "calls/a.txt",
        "index",
        "./META-INF/callseal/index",
        "",
        "META-INF/callseal/grant",
    ] {
        let index = seal.seal(name, text.as_bytes());
        forge(&scene, |entries| *entry(entries, INDEX) = index);
        index_is_refused(&scene, "not as an index");
    }
    forge(&scene, |entries| {
        let call = entry(entries, "calls/a.txt.pgp").clone();
        *entry(entries, INDEX) = call;
    });
    index_is_refused(&scene, "it was sealed as \"calls/a.txt\", not as an index");
}

#[test]
fn something_else_in_place_of_the_index_is_found() {
    let scene = packed("");
    scene.rsa_pair("gir");
    scene.ok("seal -q -r gir.crt --format cms calls/b.txt -o b.p7m");
    for content in [
        b"a text".to_vec(),
        Vec::new(),
        index_text(&scene, "calls.zip").into(),
    ] {
        forge(&scene, |entries| *entry(entries, INDEX) = content);
        index_is_refused(&scene, "");
    }
    // Others may have sealed it.
    forge(&scene, |entries| {
        *entry(entries, INDEX) = scene.read("b.p7m")
    });
    extraction(&scene, "forged.zip", "").exits(0);
    has_the_calls(&scene, "out");
}

#[test]
fn two_indexes_are_refused() {
    let scene = packed("");
    forge(&scene, |entries| {
        let index = entry(entries, INDEX).clone();
        entries.insert(0, (INDEX.into(), index));
    });
    extraction(&scene, "forged.zip", "")
        .exits(5)
        .complains(&["two members have the same name"]);
    assert!(!scene.exists("out"));
}

/// Runs the program with 400 MiB of addresses, most of which it needs to start,
/// and 60 seconds of processor time.
#[track_caller]
fn bounded(scene: &Scene, line: &str) -> Outcome {
    let script = format!("ulimit -v 400000 -t 60; exec callseal {line}");
    scene.bash(&script).outcome()
}

/// Checks that an index of this text is refused in bounded memory.
#[track_caller]
fn bomb_is_refused(scene: &Scene, text: &str, reason: &str) {
    let index = Seal::for_customer(scene).compressed();
    let index = index.seal(NAME, text.as_bytes());
    assert!(index.len() < text.len() / 20, "it is compressed");
    forge(scene, |entries| *entry(entries, INDEX) = index);
    bounded(scene, "extract -f forged.zip -k customer.key -C out")
        .exits(6)
        .complains_with_hint(&["its index is damaged", reason]);
    has_the_calls(scene, "out");
    bounded(scene, "list forged.zip -k customer.key")
        .exits(6)
        .complains_with_hint(&["its index is damaged", reason]);
}

#[test]
fn an_endless_line_is_refused_in_little_memory() {
    let scene = packed("");
    let (head, lines) = apart(&index_text(&scene, "calls.zip"));
    let blanks = " ".repeat(300 << 20);
    let text = format!("{head}\n{}{blanks}\n", lines[0]);
    bomb_is_refused(&scene, &text, "line 2 doesn't end, or is too long");
}

#[test]
fn long_names_of_missing_members_are_refused_in_little_memory() {
    let scene = packed("");
    let (_, lines) = apart(&index_text(&scene, "calls.zip"));
    let (_, rest) = lines[0].split_once("calls/a.txt.pgp").unwrap();
    let long = "x".repeat(1_000_000);
    let mut text = "{\"callseal-index\":1,\"members\":400}\n".to_owned();
    for number in 0..400 {
        text += &format!("{{\"member\":\"{number}{long}{rest}\n");
    }
    bomb_is_refused(&scene, &text, "too many missing members");
}

/// Makes `forged.zip`, an archive with hidden names whose index gives them
/// these.
fn forge_hidden(scene: &Scene, names: [&str; 3]) {
    forge_index(scene, |text| {
        let (head, lines) = apart(&text);
        let lines = lines.iter().zip(names).map(|(line, name)| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["name"] = name.into();
            line.to_string()
        });
        text_of(&head, &lines.collect::<Vec<_>>())
    });
}

#[test]
fn two_members_to_which_an_index_gives_one_name_are_both_refused() {
    let scene = packed("--hide-names");
    forge_hidden(&scene, ["calls/a.txt", "calls/a.txt", "calls/sub/c.txt"]);
    scene.write("out/calls/a.txt", "mine");
    for options in ["", "--force"] {
        extraction(&scene, "forged.zip", options)
            .fails()
            .complains(&["calls/a.txt", "another member has the same path"]);
        assert_eq!(scene.text("out/calls/a.txt"), "mine");
    }
    assert_eq!(scene.text("out/calls/sub/c.txt"), "and the third");
    scene
        .line("convert forged.zip -o no.zip -k customer.key -r vendor.crt")
        .exits(5)
        .complains(&["calls/a.txt", "another member has the same path"]);
    assert!(!scene.exists("no.zip"));
}

#[test]
fn a_name_in_an_index_that_is_not_the_sealed_one_is_found() {
    let scene = packed("--hide-names");
    forge_hidden(&scene, ["calls/b.txt", "calls/a.txt", "calls/sub/c.txt"]);
    extraction(&scene, "forged.zip", "")
        .exits(6)
        .complains_with_hint(&[r#"calls/b.txt: it was sealed as "calls/a.txt""#])
        .complains(&[r#"calls/a.txt: it was sealed as "calls/b.txt""#]);
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/sub/", "calls/sub/c.txt"]
    );
}

#[test]
fn hidden_names_that_are_unsafe_or_reserved_are_refused() {
    let scene = packed("--hide-names");
    for (name, reason) in [
        ("../a.txt", "line 2 has an unsafe name"),
        ("/a.txt", "line 2 has an unsafe name"),
        ("META-INF/callseal/index", "line 2 has a reserved name"),
        ("meta-inf/callseal/x", "line 2 has a reserved name"),
    ] {
        forge_hidden(&scene, [name, "calls/b.txt", "calls/sub/c.txt"]);
        extraction(&scene, "forged.zip", "--force")
            .exits(6)
            .complains_with_hint(&["its index is damaged", reason]);
        // The names come from the messages.
        has_the_calls(&scene, "out");
    }
}

#[test]
fn the_index_itself_is_not_listed_as_a_member() {
    let scene = packed("");
    let line = |lines: &[String]| {
        let line = lines[0].replace("calls/a.txt.pgp", INDEX);
        line.replace("\"calls/a.txt\"", &format!("\"{NAME}\""))
    };
    forge_index(&scene, |text| {
        let (head, mut lines) = apart(&text);
        lines.push(line(&lines));
        text_of(&head.replace('3', "4"), &lines)
    });
    let listed = scene.line("list forged.zip -k customer.key").outcome();
    assert!(!listed.stdout().contains(NAME), "{listed}");
    extraction(&scene, "forged.zip", "").outcome();
    has_the_calls(&scene, "out");
}

#[test]
fn a_damaged_index_is_why_hidden_names_are_unknown() {
    let scene = packed("--hide-names");
    forge_index(&scene, |_| "this is no index\n".into());
    for line in [
        "extract forged.zip calls/a.txt -k customer.key -C out",
        "cat forged.zip calls/a.txt -k customer.key",
        "grant forged.zip calls/a.txt -k customer.key -r vendor.crt -o out",
    ] {
        scene
            .line(line)
            .exits(5)
            .complains_with_hint(&["forged.zip: its index is damaged: line 1"])
            .says("`callseal extract` of all members finds their names");
        assert!(!scene.exists("out"), "{line}");
    }
    extraction(&scene, "forged.zip", "").exits(6);
    has_the_calls(&scene, "out");
}
