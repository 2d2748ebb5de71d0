//! What documents that are made to do harm can cost: each runs with bounds on
//! the memory and the processor time that the program may take.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod support;
use support::{Outcome, Scene};

const LEGACY: &str = "--legacy-aes-cbc --key-file aes.key --key-form text";

/// Runs `callseal fields` on a document with a gigabyte and a minute.
fn bounded(scene: &Scene, arguments: &str, document: &str) -> Outcome {
    scene.write("document.json", document);
    scene.write_private("aes.key", "0123456789abcdef");
    let script = format!(
        "ulimit -v 1000000 -t 60; exec callseal fields {arguments} document.json -o out.json"
    );
    scene.bash(&script).outcome()
}

fn attribute(path: &str) -> String {
    format!(r#""_callseal":{{"version":1,"keys":"AAAA","sealed":["{path}"]}}"#)
}

#[test]
fn a_listed_key_that_is_there_many_times_costs_nothing() {
    let scene = Scene::with_parties();
    let key = "K".repeat(500_000);
    let members = vec![r#""a":1"#; 20_000].join(",");
    let list = attribute(&format!("{key}.a"));
    let document = format!(r#"{{"{key}":{{{members}}},{list}}}"#);
    bounded(&scene, "open -k vendor.key", &document)
        .exits(5)
        .complains(&["it is there more than once"]);
}

#[test]
fn a_long_key_above_many_objects_costs_nothing() {
    let scene = Scene::with_parties();
    let key = "K".repeat(500_000);
    let members = vec![r#""a":{}"#; 300_000].join(",");
    let list = attribute(&format!("{key}.a.b"));
    let document = format!(r#"{{"{key}":{{{members}}},{list}}}"#);
    bounded(&scene, "open -k vendor.key", &document)
        .exits(5)
        .complains(&["it was sealed, and has been removed"]);
}

#[test]
fn paths_have_a_limit_together() {
    let scene = Scene::with_parties();
    let key = "K".repeat(100_000);
    let elements = vec![r#"{"pan":1}"#; 20_000].join(",");
    let document = format!(r#"{{"{key}":[{elements}]}}"#);
    for how in ["-r vendor.crt", LEGACY] {
        bounded(&scene, &format!("seal --fields '**.pan' {how}"), &document)
            .exits(5)
            .complains(&["more than 100000 of its fields are meant, or their paths are too long"]);
    }
}

#[test]
fn fields_have_a_limit_before_they_are_counted() {
    let scene = Scene::with_parties();
    let elements = vec!["1"; 8 << 20].join(",");
    let document = format!(r#"{{"a":[{elements}]}}"#);
    for how in ["-r vendor.crt", LEGACY] {
        bounded(&scene, &format!("seal --fields 'a[*]' {how}"), &document)
            .exits(5)
            .complains(&["more than 100000 of its fields are meant"]);
    }
}

#[test]
fn a_path_has_no_more_steps_than_a_document_has_levels() {
    let scene = Scene::with_parties();
    let list = attribute(&vec!["a"; 24 << 20].join("."));
    bounded(
        &scene,
        "open -k vendor.key",
        &format!(r#"{{"a":1,{list}}}"#),
    )
    .exits(5)
    .complains(&["_callseal: it is malformed"]);
}

#[test]
fn nothing_is_sealed_in_the_legacy_layout_that_would_be_too_large() {
    let scene = Scene::with_parties();
    let document = format!(r#"{{"a":"{}"}}"#, "x".repeat(60 << 20));
    bounded(&scene, &format!("seal --fields a {LEGACY}"), &document)
        .exits(5)
        .complains(&["64 MiB"]);
}
