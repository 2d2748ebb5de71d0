//! Signed archives that somebody without the signer's key has changed. Each change
//! has to be found.

use crate::evidence_support::{
    CMS, MANIFEST, extract_required, place, replace, sign_manifest, take_out,
};
use crate::index_support::{
    INDEX, Seal, entries, entry, forge, has_the_calls, names, put_together,
};
use crate::support::Scene;

const ALTERED: &str = "it was altered or replaced after the archive was signed";
const ADDED: &str = "it was added or renamed after the archive was signed";
const REMOVED: &str = "it was removed or renamed after the archive was signed";
const UNFIT: &str = "the signature of “server” does not fit what it is said to sign";

#[test]
fn a_member_that_was_removed_is_found() {
    let scene = Scene::with_signed_calls("");
    for name in ["calls/a.txt", "calls/b.txt", "calls/sub/c.txt"] {
        forge(&scene, |entries| {
            take_out(entries, &[&format!("{name}.pgp")]);
        });
        scene.refuses("forged.zip", &[&format!("{name}: "), REMOVED]);
    }
}

#[test]
fn a_member_that_was_added_is_found() {
    let scene = Scene::with_signed_calls("");
    let message = Seal::for_customer(&scene).seal("calls/d.txt", b"what was never said");
    for at in [0, 3] {
        forge(&scene, |entries| {
            entries.insert(at, ("calls/d.txt.pgp".into(), message.clone()));
        });
        scene.refuses("forged.zip", &["calls/d.txt: ", ADDED]);
    }
}

#[test]
fn a_member_that_was_replaced_is_found() {
    let scene = Scene::with_signed_calls("");
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message.clone();
    });
    scene.refuses("forged.zip", &["calls/b.txt: ", ALTERED]);
    // It isn't listed, so that nothing but the manifest speaks against it.
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message;
        take_out(entries, &[INDEX]);
    });
    scene.refuses("forged.zip", &["META-INF/callseal/index", REMOVED]);
}

#[test]
fn a_member_that_was_replaced_in_an_archive_without_an_index_is_found() {
    let scene = Scene::with_signed_calls("--index none");
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message;
    });
    // The customer's key has nothing against it.
    scene.ok("verify forged.zip -k customer.key");
    scene.refuses("forged.zip", &["calls/b.txt: ", ALTERED]);
}

#[test]
fn a_member_that_was_renamed_is_found() {
    let scene = Scene::with_signed_calls("");
    forge(&scene, |entries| {
        let at = place(entries, "calls/b.txt.pgp");
        entries[at].0 = "calls/d.txt.pgp".into();
    });
    scene
        .refuses("forged.zip", &["calls/d.txt: ", ADDED])
        .complains(&["calls/b.txt: ", REMOVED]);
}

#[test]
fn two_members_that_have_changed_places_are_found() {
    let scene = Scene::with_signed_calls("");
    forge(&scene, |entries| entries.swap(0, 1));
    scene.refuses(
        "forged.zip",
        &["its entries are in another order than they were signed in"],
    );
}

#[test]
fn two_members_that_have_changed_names_are_found() {
    let scene = Scene::with_signed_calls("");
    forge(&scene, |entries| {
        let first = std::mem::take(&mut entries[0].1);
        entries[0].1 = std::mem::replace(&mut entries[1].1, first);
    });
    scene
        .refuses("forged.zip", &["calls/a.txt: ", ALTERED])
        .complains(&["calls/b.txt: ", ALTERED]);
}

#[test]
fn an_index_of_somebody_else_is_found() {
    let scene = Scene::with_signed_calls("");
    scene.ok("pack -q -o other.zip -r customer.crt calls");
    let mut other = entries(&scene, "other.zip");
    let index = std::mem::take(entry(&mut other, INDEX));
    forge(&scene, |entries| *entry(entries, INDEX) = index);
    scene
        .line("verify forged.zip --signer server.crt")
        .exits(5)
        .complains_with_hint(&["META-INF/callseal/index", ALTERED]);
    // It isn't used. The members are what was signed.
    let extracted = extract_required(&scene, "forged.zip", &["server.crt"]).unwrap();
    let [error] = &extracted.failures[..] else {
        panic!("{:?}", extracted.failures)
    };
    assert!(error.to_string().contains(ALTERED), "{error}");
    has_the_calls(&scene, "required");
    scene
        .line("share forged.zip -k customer.key -r vendor.crt --signer server.crt -o no.zip")
        .exits(5)
        .complains(&[ALTERED]);
    assert!(!scene.exists("no.zip"));
}

#[test]
fn an_entry_that_the_manifest_does_not_list_is_found_wherever_it_hides() {
    let scene = Scene::with_signed_calls("");
    let whole = entries(&scene, "calls.zip");
    for name in [
        "notes.txt",
        "calls/",
        "META-INF/callseal/notes",
        "META-INF/callseal/manifest.txt",
        "META-INF/callseal/MANIFEST",
        "META-INF/MANIFEST.MF",
    ] {
        for at in [0, whole.len()] {
            let mut forged = whole.clone();
            forged.insert(at, (name.into(), Vec::new()));
            put_together(&scene, "forged.zip", &forged);
            scene
                .line("verify forged.zip --signer server.crt")
                .exits(5)
                .complains(&[name.trim_end_matches('/'), ADDED]);
        }
    }
}

#[test]
fn two_manifests_are_refused() {
    let scene = Scene::with_signed_calls("");
    for name in [MANIFEST, CMS] {
        forge(&scene, |entries| {
            let content = entry(entries, name).clone();
            entries.insert(0, (name.into(), content));
        });
        scene
            .line("verify forged.zip --signer server.crt")
            .exits(5)
            .complains(&["forged.zip", "two members have the same name"]);
    }
}

#[test]
fn an_entry_that_the_manifest_alone_has_is_found() {
    let scene = Scene::with_signed_calls("");
    sign_manifest(&scene, |manifest| {
        let digits = "0".repeat(64);
        format!("{manifest}{digits}  calls/d.txt.pgp\n")
    });
    scene.refuses("forged.zip", &["calls/d.txt: ", REMOVED]);
    sign_manifest(&scene, |manifest| {
        let line = manifest.lines().nth(1).unwrap();
        format!("{manifest}{line}\n")
    });
    scene.refuses("forged.zip", &["forged.zip: "]);
}

#[test]
fn a_manifest_that_was_cut_does_not_fit_its_signature() {
    let scene = Scene::with_signed_calls("");
    let mut whole = entries(&scene, "calls.zip");
    let manifest = entry(&mut whole, MANIFEST).clone();
    let ends = manifest.iter().enumerate().filter(|(_, c)| **c == b'\n');
    let ends: Vec<usize> = ends.map(|(at, _)| at + 1).collect();
    let (_, all_but_one) = ends.split_last().unwrap();
    for end in [0, 20, ends[1] + 30].iter().chain(all_but_one) {
        let mut forged = whole.clone();
        entry(&mut forged, MANIFEST).truncate(*end);
        put_together(&scene, "forged.zip", &forged);
        scene
            .line("verify forged.zip --signer server.crt")
            .exits(5)
            .complains_with_hint(&["forged.zip: ", UNFIT]);
    }
}

#[test]
fn a_manifest_that_its_signer_has_cut_is_not_one() {
    let scene = Scene::with_signed_calls("");
    for (end, words) in [
        (0, "doesn't begin as a manifest of callseal does"),
        (20, "doesn't begin as a manifest of callseal does"),
    ] {
        sign_manifest(&scene, |manifest| manifest[..end].to_owned());
        scene.refuses("forged.zip", &[MANIFEST, words]);
    }
    sign_manifest(&scene, |manifest| manifest[..manifest.len() - 1].to_owned());
    scene.refuses("forged.zip", &[MANIFEST, "ends in the middle of line"]);
    // Without its last line.
    sign_manifest(&scene, |manifest| {
        let lines: Vec<&str> = manifest.lines().collect();
        let (_, others) = lines.split_last().unwrap();
        others.join("\n") + "\n"
    });
    scene.refuses("forged.zip", &[INDEX.trim_end_matches(".pgp"), ADDED]);
}

#[test]
fn a_manifest_of_another_archive_is_found() {
    let scene = Scene::with_signed_calls("");
    for (file, options) in [("calls/a.txt", ""), ("calls", "")] {
        scene.ok(&format!(
            "pack -q -f -o other.zip -r customer.crt --sign server.key {options} {file}"
        ));
        scene.verifies("other.zip");
        let other = entries(&scene, "other.zip");
        // With its signature, and with that of the other one.
        forge(&scene, |entries| {
            replace(entries, &other, &[MANIFEST, CMS]);
        });
        scene.refuses("forged.zip", &["after the archive was signed"]);
        forge(&scene, |entries| replace(entries, &other, &[MANIFEST]));
        scene.refuses("forged.zip", &["forged.zip: ", UNFIT]);
    }
}

#[test]
fn a_signed_list_of_checksums_is_not_a_manifest() {
    let scene = Scene::with_signed_calls("");
    // What a release has, and `sha256sum -c` accepts.
    sign_manifest(&scene, |manifest| {
        let lines = manifest.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| format!("{line}\n")).collect()
    });
    scene.refuses(
        "forged.zip",
        &[MANIFEST, "doesn't begin as a manifest of callseal does"],
    );
}

#[test]
fn the_manifest_of_yesterday_does_not_fit_the_calls_of_today() {
    let scene = Scene::with_a_signer();
    let pack = "-q -r customer.crt --sign server.key calls";
    scene.ok(&format!("pack -o yesterday.zip {pack}"));
    scene.write("calls/b.txt", "what was corrected");
    scene.ok(&format!("pack -o calls.zip {pack}"));
    let yesterday = entries(&scene, "yesterday.zip");
    forge(&scene, |entries| {
        replace(entries, &yesterday, &[MANIFEST, CMS]);
    });
    scene.refuses("forged.zip", &["calls/b.txt: ", ALTERED]);
    // With the member of yesterday as well, the others don't fit.
    forge(&scene, |entries| {
        replace(entries, &yesterday, &[MANIFEST, CMS, "calls/b.txt.pgp"]);
    });
    scene.refuses("forged.zip", &["calls/a.txt: ", ALTERED]);
}

#[test]
fn an_archive_of_yesterday_says_when_it_was_signed() {
    let scene = Scene::with_a_signer();
    scene.self_signed("lasting").make();
    let line = "pack -q -o calls.zip -r lasting.crt --sign server.key calls";
    let clock = ["-f", "2026-03-14 09:15:02", crate::support::Run::CALLSEAL];
    let words = clock.into_iter().chain(line.split_whitespace());
    scene.program("faketime", words).exits(0);
    // All of it is what was signed then: only its time tells.
    scene
        .verifies("calls.zip")
        .prints("signed by “server” on 2026-03-14T09:15:0");
}

#[test]
fn a_manifest_without_its_signature_is_worth_nothing() {
    let scene = Scene::with_signed_calls("");
    forge(&scene, |entries| take_out(entries, &[CMS]));
    scene.refuses(
        "forged.zip",
        &["it has a list that was to be signed, and its signature is missing"],
    );
}

#[test]
fn an_archive_without_its_manifest_is_not_signed() {
    let scene = Scene::with_signed_calls("");
    forge(&scene, |entries| take_out(entries, &[MANIFEST, CMS]));
    assert_eq!(names(&entries(&scene, "forged.zip")).len(), 4);
    scene.refuses("forged.zip", &["forged.zip: it is not signed"]);
    forge(&scene, |entries| take_out(entries, &[MANIFEST]));
    scene.refuses(
        "forged.zip",
        &[
            "META-INF/callseal/manifest is missing",
            "its signatures are for",
        ],
    );
}

#[test]
fn every_octet_of_a_signed_archive_counts() {
    let scene = Scene::with_signed_calls("");
    let whole = entries(&scene, "calls.zip");
    for (at, (name, content)) in whole.iter().enumerate() {
        // The certificate that comes with a signature isn't signed by it.
        let octets = match name == CMS {
            true => vec![content.len() - 1],
            false => vec![0, content.len() / 2, content.len() - 1],
        };
        for octet in octets {
            let mut forged = whole.clone();
            forged[at].1[octet] ^= 1;
            put_together(&scene, "forged.zip", &forged);
            let outcome = scene
                .line("verify forged.zip --signer server.crt")
                .outcome();
            assert_eq!(outcome.status(), Some(5), "{name}: {octet}: {outcome}");
        }
    }
}
