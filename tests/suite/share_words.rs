//! What `share` and `grant` say: errors that name the cause, and hints that help.

use std::fs;

use crate::archive_support::{Member, zip};
use crate::support::Scene;

const CALLS: [(&str, &str); 3] = [
    ("calls/a.txt", "first"),
    ("calls/b.txt", "second"),
    ("calls/c.txt", "third"),
];

/// Makes two parties, a partner who is no recipient, and three calls in
/// `calls.zip`.
fn packed(options: &str) -> Scene {
    Scene::with_packed_calls(&CALLS, options)
}

/// Writes `forged.zip` from the entries of `calls.zip` after a change.
fn forge(scene: &Scene, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) {
    let mut entries = scene.entries("calls.zip");
    change(&mut entries);
    let members = entries.iter().map(|(name, bytes)| Member::new(name, bytes));
    scene.write("forged.zip", zip(members).bytes());
}

/// Makes `forged.zip`, of which one member is the vendor's alone.
fn with_a_member_of_another(scene: &Scene) {
    scene.ok("pack -q -o own.zip -r vendor.crt calls/a.txt");
    let own = scene.entry("own.zip", "calls/a.txt.pgp");
    forge(scene, |entries| {
        entries[0].1 = own;
        entries.pop();
    });
}

const SHARE: &str = "share forged.zip -k customer.key -r partner.crt";
const GRANT: &str = "grant forged.zip calls -k customer.key -r partner.crt -o x.grant";

#[test]
fn what_is_not_granted_is_not_called_shared() {
    let scene = packed("");
    with_a_member_of_another(&scene);
    let said = scene
        .line(GRANT)
        .exits(4)
        .complains_with_hint(&["1 of 3 members can't be granted", "no grant was written"])
        .says("leave them out with --exclude")
        .stderr();
    assert!(!said.contains("shared"), "{said}");
    scene.ok(&format!("{GRANT} --exclude calls/a.txt"));
    let said = scene
        .line(&format!("{SHARE} -o x.zip"))
        .exits(4)
        .complains_with_hint(&["1 of 3 members can't be shared", "nothing was written"])
        .stderr();
    assert!(!said.contains("grant"), "{said}");
    scene.ok(&format!("{SHARE} -o x.zip --exclude calls/a.txt"));
}

#[test]
fn members_that_were_removed_are_counted_apart() {
    let scene = packed("");
    forge(&scene, |entries| drop(entries.remove(1)));
    for (line, written) in [
        (format!("{SHARE} --in-place"), "nothing was written"),
        (GRANT.to_owned(), "no grant was written"),
    ] {
        let said = scene
            .line(&line)
            .exits(5)
            .complains(&[&format!("forged.zip: 1 member was removed; {written}")])
            .complains_with_hint(&["calls/b.txt: the index lists it", "it isn't in the archive"])
            .says("--ignore-index")
            .stderr();
        assert!(!said.contains("of 2 members"), "{said}");
    }
    let own = scene.read("forged.zip");
    scene.ok("pack -q -o own.zip -r vendor.crt calls/a.txt");
    let entry = scene.entry("own.zip", "calls/a.txt.pgp");
    forge(&scene, |entries| {
        entries.remove(1);
        entries[0].1 = entry;
    });
    scene
        .line(&format!("{SHARE} --in-place"))
        .fails()
        .complains(&["1 of 2 members can't be shared; 1 member was removed; nothing was written"]);
    // What the hint says helps.
    scene.write("forged.zip", own);
    scene.ok(&format!("{SHARE} -q --in-place --ignore-index"));
    scene.ok("extract -q forged.zip -k partner.key -C out");
}

#[test]
fn no_hint_names_an_option_that_the_command_does_not_have() {
    let scene = packed("");
    forge(&scene, |entries| {
        entries[1].0 = "calls/new.txt.pgp".into();
        entries.pop();
    });
    for line in [&format!("{SHARE} -o x.zip"), GRANT] {
        let said = scene
            .line(line)
            .exits(5)
            .complains_with_hint(&["calls/new.txt", "it was sealed as \"calls/b.txt\""])
            .says("callseal convert --accept-renamed")
            .stderr();
        assert!(!said.contains(" use --accept-renamed"), "{said}");
    }
    scene.ok("convert -q --accept-renamed forged.zip -k customer.key -r customer.crt -o new.zip");
    scene.ok("share new.zip -q -k customer.key -r partner.crt --in-place");
}

#[test]
fn where_names_are_hidden_the_others_are_shared_into_another_archive() {
    let scene = packed("--hide-names");
    scene.ok("pack -q -o own.zip -r vendor.crt --hide-names calls/a.txt");
    let own = scene.entry("own.zip", "000001.pgp");
    forge(&scene, |entries| entries[0].1 = own);
    scene
        .line(&format!("{SHARE} --in-place"))
        .fails()
        .complains_with_hint(&["1 of 3 members can't be shared"])
        .says("with --exclude and -o");
    scene.ok(&format!("{SHARE} -q --exclude calls/a.txt -o x.zip"));
}

#[test]
fn what_a_grant_does_not_find_has_no_hint_to_ignore_the_index() {
    let scene = packed("");
    scene.ok(
        "grant calls.zip calls/a.txt calls/b.txt -q -k customer.key -r partner.crt -o ab.grant",
    );
    forge(&scene, |entries| drop(entries.remove(1)));
    let with = "--grant ab.grant -k partner.key";
    let extracted = scene
        .line(&format!("extract forged.zip {with} -C out"))
        .exits(6)
        .complains_with_hint(&["calls/b.txt: the grant lists it", "it isn't in the archive"]);
    let listed = scene
        .line(&format!("list forged.zip {with}"))
        .exits(6)
        .complains_with_hint(&["calls/b.txt: the grant lists it", "it isn't in the archive"])
        .complains(&["1 of 2 members can't be read"])
        .prints("calls/a.txt");
    forge(&scene, |entries| {
        let octets = entries[0].1.len();
        entries[0].1[octets - 2] ^= 1;
    });
    let cat = scene
        .line(&format!("cat forged.zip calls/a.txt {with}"))
        .fails();
    for outcome in [extracted, listed, cat] {
        assert!(!outcome.stderr().contains("--ignore-index"), "{outcome}");
    }
}

#[test]
fn a_damaged_index_has_a_hint_of_its_own_for_list_and_for_share() {
    let scene = packed("");
    forge(&scene, |entries| {
        let (_, index) = entries.last_mut().unwrap();
        let octets = index.len();
        index[octets - 20] ^= 1;
    });
    scene
        .line("list forged.zip -k customer.key")
        .exits(6)
        .complains_with_hint(&["forged.zip", "its index is damaged"])
        .says("hint: the members are shown as the archive has them")
        .says("--ignore-index")
        .prints("3 members");
    scene.ok("list forged.zip -k customer.key --ignore-index");
    let said = scene
        .line(&format!("{SHARE} --in-place"))
        .exits(6)
        .complains_with_hint(&["its index is damaged"])
        .says("hint: the members were opened by their own recipients")
        .stderr();
    assert!(!said.contains("--ignore-index"), "{said}");
}

#[test]
fn a_shared_archive_needs_a_target_and_all_three_are_named() {
    let scene = packed("");
    let said = scene
        .line("share calls.zip -k customer.key -r partner.crt")
        .exits(2)
        .complains_with_hint(&["--output <OUT>", "--in-place", "--dry-run"])
        .stderr();
    assert!(said.contains("hint: -o OUT writes another file"), "{said}");
}

#[test]
fn what_is_no_fingerprint_is_said_to_be_none() {
    let scene = packed("");
    let fingerprint = scene.fingerprint("vendor.crt");
    let colons = format!("{}:{}", &fingerprint[..20], &fingerprint[20..]);
    for given in ["39BC", "0x39bc", &fingerprint[1..], &colons] {
        scene
            .line(&format!(
                "share calls.zip -k customer.key --remove {given} -o x.zip"
            ))
            .exits(2)
            .complains_with_hint(&[given, "no such file, and no fingerprint"])
            .says("40 or 64 hexadecimal digits")
            .says("`callseal list ARCHIVE` shows those of the recipients");
    }
    // A file is still one, and its name may be misspelled.
    scene
        .line("share calls.zip -k customer.key --remove vendro.crt -o x.zip")
        .exits(3)
        .complains_with_hint(&["vendro.crt"])
        .says("did you mean vendor.crt?");
    // GnuPG writes fingerprints like this.
    scene.ok(&format!(
        "share calls.zip -q -k customer.key --remove 0x{fingerprint} -o x.zip"
    ));
    scene.line("extract x.zip -k vendor.key -C no").exits(4);
}

#[test]
fn the_other_names_of_an_archive_that_is_replaced_are_counted() {
    let scene = packed("");
    let share = "share calls.zip -k customer.key -r partner.crt";
    let quiet = |line: &str| {
        let said = scene.ok(line).stderr();
        assert!(!said.contains("hard link"), "{said}");
    };
    quiet(&format!("{share} --in-place"));
    let old = scene.read("calls.zip");
    for number in 1..=2 {
        let link = scene.path(format!("link-{number}.zip"));
        fs::hard_link(scene.path("calls.zip"), link).unwrap();
    }
    quiet(&format!("{share} --dry-run"));
    quiet(&format!("{share} -o other.zip"));
    scene
        .ok(&format!("{share} --in-place"))
        .says("calls.zip: it had 2 other names (hard links), which keep the old file");
    assert!(scene.read("link-1.zip") == old && scene.read("link-2.zip") == old);
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    fs::hard_link(scene.path("a.pgp"), scene.path("link.pgp")).unwrap();
    scene
        .ok("share a.pgp -k customer.key -r partner.crt --in-place")
        .says("a.pgp: it had 1 other name (a hard link), which keeps the old file");
}

#[test]
fn a_member_that_can_not_be_read_is_not_taken_for_a_removed_one() {
    let scene = packed("");
    scene.ok("grant calls.zip calls/a.txt -q -k customer.key -r partner.crt -o a.grant");
    let line = "list calls.zip --grant a.grant -k partner.key";
    let mut failures = 0;
    for number in 1.. {
        let strace = "strace -f -qq -o trace -e trace=pread64 -P calls.zip";
        let inject = format!("-e inject=pread64:error=EIO:when={number}");
        let said = scene
            .bash(&format!("exec {strace} {inject} callseal {line}"))
            .outcome();
        if said.status() == Some(0) {
            break;
        }
        failures += 1;
        let said = said.complains(&["input/output error"]);
        assert!(!said.stderr().contains("removed"), "{said}");
    }
    assert!(failures > 2);
}

#[test]
fn a_member_whose_name_is_hidden_is_not_called_moved_without_a_remedy() {
    let scene = packed("--hide-names --index none");
    scene
        .line("share calls.zip -k customer.key -r partner.crt -o out.zip")
        .exits(5)
        .complains_with_hint(&["000001"])
        .says("`callseal convert` gives the names back");
    scene.ok("convert calls.zip -q -k customer.key -r partner.crt -o out.zip");
    scene.ok("cat out.zip calls/a.txt -k partner.key");
}
