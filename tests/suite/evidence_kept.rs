//! What a shared or signed archive says of the one that it was made from: its
//! origin holds, its index is true, and what is missing is said.

use crate::evidence_support::{sign_manifest, take_out};
use crate::index_support::{Entries, INDEX, NAME, Seal, entries, entry, index_text, put_together};
use crate::support::{Scene, content};

const SHARE: &str = "share forged.zip -k customer.key -r vendor.crt --signer server.crt";
const SIGN: &str = "sign forged.zip --signer server.crt --sign customers.key";

/// Returns the entries of `calls.zip`, the manifest as an origin.
fn as_origin(scene: &Scene) -> Entries {
    entries(scene, "calls.zip")
        .into_iter()
        .map(|(name, content)| (name.replace("/manifest", "/origin"), content))
        .collect()
}

/// Checks that this leaves `forged.zip` as it is, and makes no other.
#[track_caller]
fn changes_nothing(scene: &Scene, line: &str, status: i32, words: &[&str]) {
    let before = scene.read("forged.zip");
    scene.line(line).exits(status).complains_with_hint(words);
    assert!(scene.read("forged.zip") == before, "{line}");
    assert!(!scene.exists("no.zip"), "{line}");
}

#[test]
fn an_archive_is_not_shared_if_its_origin_would_not_hold() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("customers");
    let is_sealed = |line: &&str| !line.starts_with("# sealed");
    sign_manifest(&scene, |list| {
        let lines: Vec<&str> = list.lines().filter(is_sealed).collect();
        lines.join("\n") + "\n"
    });
    scene.verifies("forged.zip");
    for target in [
        "--in-place",
        "-o no.zip",
        "--dry-run",
        "-o no.zip calls/a.txt",
    ] {
        let says = ["calls/a.txt", "no hash of what is sealed in it"];
        changes_nothing(&scene, &format!("{SHARE} {target}"), 2, &says);
    }
    // Every byte of the members stays when it's signed again.
    scene.ok(&format!("{SIGN} -q -o signed.zip"));
    scene.verifies("signed.zip");
}

#[test]
fn a_signed_list_that_contradicts_itself_is_kept_as_no_origin() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("customers");
    sign_manifest(&scene, |list| {
        let (before, after) = list.split_once("# sealed ").unwrap();
        format!("{before}# sealed {}{}", "0".repeat(64), &after[64..])
    });
    for line in [
        format!("{SHARE} --in-place"),
        format!("{SHARE} -o no.zip"),
        format!("{SHARE} --dry-run"),
        format!("{SIGN} --in-place"),
        format!("{SIGN} -o no.zip"),
    ] {
        let says = ["calls/a.txt", "another hash of what is sealed in it"];
        changes_nothing(&scene, &line, 5, &says);
    }
}

/// A recipient has replaced the index by one that says something else of the
/// sizes.
#[test]
fn sizes_that_an_index_states_are_not_signed_unseen() {
    let scene = Scene::with_a_signer();
    scene.make_signer("customers");
    scene.write("calls/long.bin", content(600_000));
    scene.ok("pack -q -o calls.zip -r customer.crt --compress none --sign server.key calls");
    let text = index_text(&scene, "calls.zip")
        .replace(r#""size":5,"#, r#""size":99999999,"#)
        .replace(r#""size":600000,"#, r#""size":99999998,"#);
    assert_eq!(text.matches("9999999").count(), 2, "{text}");
    let mut forged = as_origin(&scene);
    *entry(&mut forged, INDEX) = Seal::for_customer(&scene).seal(NAME, text.as_bytes());
    put_together(&scene, "forged.zip", &forged);
    for sign in ["", "--sign customers.key"] {
        scene.ok(&format!("{SHARE} {sign} -q -f -o new.zip"));
        let listed = scene.ok("list new.zip -k vendor.key --json").stdout();
        assert!(!listed.contains("9999999"), "{listed}");
        scene.ok("verify new.zip -k vendor.key --signer server.crt");
    }
    scene.ok("verify new.zip -k vendor.key --signer server.crt --signer customers.crt");
    scene
        .ok("grant forged.zip calls/long.bin calls/a.txt -k customer.key -r vendor.crt -o a.grant");
    scene.ok("verify forged.zip --grant a.grant -k vendor.key");
}

#[test]
fn what_is_missing_is_said_to_those_who_want_no_notes_as_well() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("customers");
    let mut less = as_origin(&scene);
    take_out(&mut less, &["calls/b.txt.pgp", INDEX]);
    put_together(&scene, "forged.zip", &less);
    for line in [
        "extract forged.zip -k customer.key --signer server.crt -C out",
        "cat forged.zip calls/a.txt -k customer.key --signer server.crt",
        "convert forged.zip -k customer.key -r vendor.crt --signer server.crt -o new.zip",
        &format!("{SHARE} -o shared.zip"),
        &format!("{SIGN} -o signed.zip"),
    ] {
        let told = scene.ok(&format!("{line} -q")).stderr();
        let warnings: Vec<&str> = told.lines().collect();
        let [warning] = warnings[..] else {
            panic!("{line}: {told}")
        };
        assert!(warning.starts_with("warning: "), "{line}: {told}");
        assert!(
            warning.contains("1 entry that they signed is not in it"),
            "{line}: {told}"
        );
    }
}
