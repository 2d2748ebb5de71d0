//! Signed archives that are shared, converted and signed again: what becomes of
//! the signature, and of what it says.

use crate::evidence_support::{
    CMS, MANIFEST, OPENPGP, ORIGIN, ORIGIN_CMS, ORIGIN_OPENPGP, place, replace, take_out,
};
use crate::index_support::{Seal, entries, entry, forge, names, put_together};
use crate::support::Scene;

const SHARE: &str = "share calls.zip -k customer.key -r vendor.crt";
const SEALED_OTHER: &str = "what is sealed in it was altered or replaced after it was signed";

/// Shares `calls.zip` with its signature, into `shared.zip`.
fn shared(options: &str) -> Scene {
    let scene = Scene::with_signed_calls(options);
    scene.ok(&format!("{SHARE} --signer server.crt -q -o shared.zip"));
    scene
}

/// Makes `forged.zip` of `shared.zip`, with changed entries.
fn forge_shared(scene: &Scene, change: impl FnOnce(&mut crate::index_support::Entries)) {
    let mut entries = entries(scene, "shared.zip");
    change(&mut entries);
    put_together(scene, "forged.zip", &entries);
}

#[test]
fn a_signed_archive_is_shared_only_by_whoever_knows_its_signer() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("stranger");
    for (options, status) in [("", 2), ("--signer stranger.crt", 5)] {
        scene
            .line(&format!("{SHARE} {options} -o no.zip"))
            .exits(status)
            .complains_with_hint(&["calls.zip: "]);
        assert!(!scene.exists("no.zip"));
    }
    scene
        .line(&format!("{SHARE} -o no.zip"))
        .fails()
        .complains(&["it is signed, and no signer is named to check that"])
        .says("--drop-signatures");
}

#[test]
fn a_shared_archive_keeps_the_manifest_as_its_origin() {
    for options in ["", "--format rfc4880", "--hide-names", "--index none"] {
        let scene = Scene::with_signed_calls(options);
        scene
            .ok(&format!("{SHARE} --signer server.crt -o shared.zip"))
            .says("signed by “server”")
            .says("the signature stays with the new archive, as the origin");
        let (old, new) = (entries(&scene, "calls.zip"), entries(&scene, "shared.zip"));
        assert!(!names(&new).contains(&MANIFEST));
        for (before, after) in [(MANIFEST, ORIGIN), (CMS, ORIGIN_CMS)] {
            assert_eq!(old[place(&old, before)].1, new[place(&new, after)].1);
        }
        let verified = scene.ok("verify shared.zip --signer server.crt -k vendor.key");
        verified
            .prints("the archive itself is not signed")
            .prints("what is sealed in its members was signed by “server” on 20")
            .prints("opened to the end: 3 members");
    }
}

#[test]
fn an_archive_that_is_shared_and_signed_has_both() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("customers");
    scene.make_signer("again");
    scene.ok(&format!(
        "{SHARE} --signer server.crt --sign customers.key -q -o shared.zip"
    ));
    scene
        .ok("verify shared.zip --signer customers.crt --signer server.crt")
        .prints("signed by “customers”")
        .prints("what is sealed in its members was signed by “server”");
    scene
        .verifies_for("customers.crt", "shared.zip")
        .prints("passed over signatures by others: “server”");
    scene
        .ok("verify shared.zip --signer server.crt")
        .prints("the archive itself is not signed")
        .prints("passed over signatures by others: “customers”");
    // The first one stays, however often it is shared.
    scene.ok(
        "share shared.zip -k vendor.key --remove customer.crt --signer customers.crt \
         --signer server.crt --sign again.key -q -o third.zip",
    );
    let (first, third) = (entries(&scene, "calls.zip"), entries(&scene, "third.zip"));
    assert_eq!(
        first[place(&first, MANIFEST)].1,
        third[place(&third, ORIGIN)].1
    );
    scene
        .ok("verify third.zip --signer again.crt --signer server.crt -k vendor.key")
        .prints("signed by “again”")
        .prints("what is sealed in its members was signed by “server”");
}

#[test]
fn signatures_of_both_kinds_stay_in_the_origin() {
    let scene = Scene::with_a_signer();
    scene.make_openpgp_signer("ivr");
    scene.ok("pack -q -o calls.zip -r customer.crt --sign server.key --sign ivr.gpg calls");
    scene.ok(&format!("{SHARE} --signer ivr.asc -q -o shared.zip"));
    let shared = entries(&scene, "shared.zip");
    for name in [ORIGIN, ORIGIN_CMS, ORIGIN_OPENPGP] {
        place(&shared, name);
    }
    for signer in ["server.crt", "ivr.asc"] {
        scene
            .ok(&format!("verify shared.zip --signer {signer}"))
            .prints("what is sealed in its members was signed by");
    }
}

#[test]
fn some_members_of_a_signed_archive_keep_its_origin() {
    let scene = Scene::with_signed_calls("");
    scene.ok("share calls.zip calls/b.txt -k customer.key -r vendor.crt --signer server.crt -q -o shared.zip");
    scene
        .ok("verify shared.zip --signer server.crt")
        .prints("was signed by “server”")
        .prints("but 2 entries that they signed are not in it");
    let facts = scene
        .ok("verify shared.zip --signer server.crt --json")
        .json();
    assert_eq!(facts["archives"][0]["origin_missing"], 2, "{facts}");
}

#[test]
fn signatures_that_are_dropped_are_gone() {
    let scene = shared("");
    for (archive, line) in [
        ("one.zip", format!("{SHARE} --drop-signatures -o one.zip")),
        (
            "two.zip",
            "share shared.zip -k customer.key --remove vendor.crt --drop-signatures -o two.zip"
                .into(),
        ),
    ] {
        scene.ok(&line).says("the old signatures were left out");
        let entries = entries(&scene, archive);
        let mut names = names(&entries).into_iter();
        assert!(names.all(|name| !name.contains("manifest") && !name.contains("origin")));
    }
}

#[test]
fn an_archive_that_is_signed_again_keeps_the_first_signature_as_its_origin() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("auditor");
    scene
        .line("sign calls.zip --sign auditor.key -o no.zip")
        .exits(2)
        .complains_with_hint(&["it is signed"]);
    assert!(!scene.exists("no.zip"));
    scene.ok("sign calls.zip --sign auditor.key --signer server.crt --in-place");
    scene
        .ok("verify calls.zip --signer auditor.crt --signer server.crt")
        .prints("signed by “auditor”")
        .prints("what is sealed in its members was signed by “server”");
}

#[test]
fn what_is_not_as_it_was_signed_is_neither_shared_nor_signed_again() {
    let scene = Scene::with_signed_calls("--index none");
    scene.make_signer("auditor");
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message;
    });
    for line in [
        "share forged.zip -k customer.key -r vendor.crt --signer server.crt -o no.zip",
        "sign forged.zip --sign auditor.key --signer server.crt -o no.zip",
        "sign forged.zip --sign auditor.key --signer server.crt --in-place",
        "convert forged.zip -k customer.key -r vendor.crt --signer server.crt -o no.zip",
    ] {
        let before = scene.read("forged.zip");
        scene
            .line(line)
            .exits(5)
            .complains(&["calls/b.txt: it was altered or replaced"]);
        assert!(!scene.exists("no.zip"), "{line}");
        assert_eq!(scene.read("forged.zip"), before);
    }
    // As it stands, it may be signed.
    scene.ok("sign forged.zip --sign auditor.key --drop-signatures -o new.zip");
    scene.verifies_for("auditor.crt", "new.zip");
}

#[test]
fn a_conversion_seals_anew_and_drops_the_signature() {
    let scene = shared("");
    for (archive, signers) in [
        ("calls.zip", "--signer server.crt"),
        ("calls.zip", ""),
        ("shared.zip", "--signer server.crt"),
    ] {
        let line = format!(
            "convert {archive} -k customer.key -r vendor.crt {signers} -f -o converted.zip"
        );
        scene.ok(&line).says("signature");
        let converted = entries(&scene, "converted.zip");
        let names = names(&converted);
        assert!(!names.contains(&MANIFEST) && !names.contains(&ORIGIN));
        scene.ok("verify converted.zip").prints("not signed");
    }
    scene.make_signer("customers");
    scene.ok(
        "convert calls.zip -k customer.key -r vendor.crt --signer server.crt \
         --sign customers.key -f -o converted.zip",
    );
    scene.verifies_for("customers.crt", "converted.zip");
    assert!(!names(&entries(&scene, "converted.zip")).contains(&ORIGIN));
}

#[test]
fn an_origin_whose_members_were_replaced_is_found() {
    for options in ["", "--index none --format rfc4880"] {
        let scene = shared(options);
        let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
        forge_shared(&scene, |entries| {
            *entry(entries, "calls/b.txt.pgp") = message;
        });
        scene.refuses("forged.zip", &["calls/b.txt: ", SEALED_OTHER]);
        // Other recipients in front of the same sealed data are no matter.
        scene.ok("share shared.zip -k vendor.key --remove customer.crt --signer server.crt -q -o fewer.zip");
        scene.ok("verify fewer.zip --signer server.crt");
    }
}

#[test]
fn the_origin_of_another_archive_is_found() {
    let scene = shared("");
    scene.ok("pack -q -o other.zip -r customer.crt --sign server.key calls");
    scene.ok("share other.zip -q -k customer.key -r vendor.crt --signer server.crt -o second.zip");
    let other = entries(&scene, "second.zip");
    forge_shared(&scene, |entries| {
        replace(entries, &other, &[ORIGIN, ORIGIN_CMS]);
    });
    scene.refuses("forged.zip", &["calls/a.txt: ", SEALED_OTHER]);
    forge_shared(&scene, |entries| replace(entries, &other, &[ORIGIN]));
    scene.refuses(
        "forged.zip",
        &["“server” does not fit what it is said to sign"],
    );
}

#[test]
fn members_that_the_origin_does_not_have_are_found() {
    let scene = shared("");
    let message = Seal::for_customer(&scene).seal("calls/d.txt", b"what was never said");
    for at in [0, 1, 3] {
        forge_shared(&scene, |entries| {
            entries.insert(at, ("calls/d.txt.pgp".into(), message.clone()));
        });
        let refused = scene.refuses("forged.zip", &["calls/d.txt: it was added or renamed"]);
        // The others are as they were.
        assert_eq!(
            refused.stderr().matches("it was added").count(),
            1,
            "{refused}"
        );
    }
    forge_shared(&scene, |entries| {
        let at = place(entries, "calls/b.txt.pgp");
        entries[at].0 = "calls/d.txt.pgp".into();
    });
    let refused = scene.refuses("forged.zip", &["calls/d.txt: it was added or renamed"]);
    assert!(!refused.stderr().contains("calls/sub/c.txt"), "{refused}");
}

#[test]
fn members_in_another_order_than_that_of_the_origin_are_found() {
    let scene = shared("");
    forge_shared(&scene, |entries| entries.swap(0, 1));
    let refused = scene.refuses("forged.zip", &["another order"]);
    assert!(!refused.stderr().contains("added"), "{refused}");
}

#[test]
fn an_origin_without_its_list_or_signatures_is_found() {
    let scene = shared("");
    forge_shared(&scene, |entries| take_out(entries, &[ORIGIN]));
    scene.refuses("forged.zip", &["META-INF/callseal/origin is missing"]);
    forge_shared(&scene, |entries| take_out(entries, &[ORIGIN_CMS]));
    scene.refuses(
        "forged.zip",
        &["it has a list that was to be signed, and its signature is missing"],
    );
    // The OpenPGP signatures of the manifest aren't those of the origin.
    forge_shared(&scene, |entries| {
        let at = place(entries, ORIGIN_CMS);
        entries[at].0 = OPENPGP.into();
    });
    scene.line("verify forged.zip --signer server.crt").exits(5);
}

#[test]
fn an_origin_counts_even_if_somebody_else_has_signed_the_archive() {
    // A colleague, whom the verifier trusts as well, signs what was altered.
    let scene = shared("--index none");
    scene.make_signer("colleague");
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge_shared(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message;
    });
    scene.ok(
        "share shared.zip -q -k customer.key --signer server.crt --sign colleague.key -o good.zip",
    );
    // The forged members, signed as they stand, and the origin.
    scene.ok("sign forged.zip --sign colleague.key --drop-signatures -o signed.zip");
    let origin = entries(&scene, "shared.zip");
    let mut both = entries(&scene, "signed.zip");
    for name in [ORIGIN, ORIGIN_CMS] {
        both.push(origin[place(&origin, name)].clone());
    }
    put_together(&scene, "forged.zip", &both);
    scene.verifies_for("colleague.crt", "forged.zip");
    scene
        .line("verify forged.zip --signer colleague.crt --signer server.crt")
        .exits(5)
        .complains(&["calls/b.txt: ", SEALED_OTHER]);
    let extracted = crate::evidence_support::extract_required(
        &scene,
        "forged.zip",
        &["colleague.crt", "server.crt"],
    );
    assert_eq!(extracted.unwrap().failures.len(), 1);
    assert!(!scene.exists("required/calls/b.txt"));
}
