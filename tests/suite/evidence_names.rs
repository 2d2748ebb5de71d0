//! Signed archives whose members are numbers, and whose messages hold no names:
//! somebody who knows the session keys gives them names.

use crate::evidence_support::place;
use crate::index_support::{Entries, INDEX, NAME, Seal, entries, index_text, put_together};
use crate::support::Scene;

const UNSIGNED: &str = "from an index or a grant";

/// Signs two messages from a pipe as `calls.zip`, and returns an index of them
/// that makes calls of the numbers.
fn numbered() -> (Scene, String) {
    let scene = Scene::with_a_signer();
    let mut all: Entries = Vec::new();
    for number in ["000001", "000002"] {
        let sealed = scene.line("seal -r customer.crt -").stdin(number).exits(0);
        all.push((format!("{number}.pgp"), sealed.output.stdout));
    }
    put_together(&scene, "numbers.zip", &all);
    scene.ok("sign numbers.zip --sign server.key -q -o calls.zip");
    scene.ok("share numbers.zip -k customer.key -q -o listed.zip");
    let text = index_text(&scene, "listed.zip")
        .replace(r#""members":2}"#, r#""members":2,"hidden-names":true}"#)
        .replace(r#""name":"000001""#, r#""name":"calls/false-1.wav""#)
        .replace(r#""name":"000002""#, r#""name":"calls/false-2.wav""#);
    assert_eq!(text.matches("calls/false-").count(), 2, "{text}");
    (scene, text)
}

/// Returns the entries of `calls.zip` with an index, the manifest as an origin.
fn with_index(scene: &Scene, text: &str) -> Entries {
    let mut all: Entries = entries(scene, "calls.zip")
        .into_iter()
        .map(|(name, content)| (name.replace("/manifest", "/origin"), content))
        .collect();
    let index = Seal::for_customer(scene).seal(NAME, text.as_bytes());
    all.insert(2, (INDEX.to_owned(), index));
    all
}

#[test]
fn an_index_that_nobody_signed_gives_no_names_to_what_was_signed() {
    let (scene, text) = numbered();
    put_together(&scene, "forged.zip", &with_index(&scene, &text));
    scene.verifies("forged.zip");
    for line in [
        "extract forged.zip -C out",
        "cat forged.zip calls/false-1.wav",
        "convert forged.zip -r vendor.crt -o no.zip",
        "share forged.zip -r vendor.crt -o no.zip",
        "share forged.zip -r vendor.crt --in-place",
        "verify forged.zip",
    ] {
        let refused = scene.line(&format!("{line} -k customer.key --signer server.crt"));
        refused.exits(5).complains(&[UNSIGNED]).says("hint: ");
        assert!(!scene.exists("no.zip"), "{line}");
        assert!(!scene.exists("out/calls"), "{line}");
    }
    // Nobody says whose they are without a signer, and by their numbers they open.
    scene.ok("extract forged.zip -k customer.key -C unsigned -q");
    scene.ok("extract forged.zip -k customer.key --signer server.crt --ignore-index -C out -q");
    assert_eq!(scene.tree("out"), ["000001", "000002"]);
}

/// The signature of whoever has signed the index with the rest, unopened, makes
/// no name true.
#[test]
fn an_index_that_somebody_signed_unopened_gives_no_names_either() {
    let (scene, text) = numbered();
    scene.make_signer("customers");
    put_together(&scene, "forged.zip", &with_index(&scene, &text));
    scene.ok("sign forged.zip --signer server.crt --sign customers.key -q -o signed.zip");
    scene
        .line(
            "extract signed.zip -k customer.key --signer server.crt --signer customers.crt -C out",
        )
        .exits(5)
        .complains(&[UNSIGNED]);
    assert!(!scene.exists("out/calls"));
}

#[test]
fn a_grant_gives_no_names_to_what_was_signed() {
    let (scene, text) = numbered();
    let grant = Seal::for_vendor(&scene).seal("META-INF/callseal/grant", text.as_bytes());
    scene.write("false.grant", grant);
    let granted = "calls.zip --grant false.grant -k vendor.key --signer server.crt";
    for line in [
        format!("extract {granted} -C out"),
        format!("cat {granted} calls/false-1.wav"),
        format!("verify {granted}"),
    ] {
        let refused = scene.line(&line).exits(5);
        refused.complains(&[UNSIGNED]).says("hint: ");
    }
    assert!(!scene.exists("out/calls"));
}

#[test]
fn hidden_names_that_are_sealed_with_the_calls_are_as_signed() {
    for options in ["--hide-names", "--hide-names --format rfc4880"] {
        let scene = Scene::with_signed_calls(options);
        let share = "share calls.zip -k customer.key -r vendor.crt --signer server.crt";
        scene.ok(&format!("{share} -q -o shared.zip"));
        let shared = entries(&scene, "shared.zip");
        place(&shared, INDEX);
        for archive in ["calls.zip -k customer.key", "shared.zip -k vendor.key"] {
            scene.ok(&format!("verify {archive} --signer server.crt"));
            scene.ok(&format!(
                "extract {archive} --signer server.crt -f -C out -q"
            ));
            crate::index_support::has_the_calls(&scene, "out");
        }
    }
}
