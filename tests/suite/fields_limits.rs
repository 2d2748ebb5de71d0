//! The cost of hostile documents: each runs with bounds on the program's memory
//! and processor time.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use callseal::fields::{
    Convert, Document, DocumentError, FieldSealer, Missing, Selection, StreamConverter,
};

use crate::support::{Office, Outcome, Scene};

const LEGACY: &str = "--legacy-aes-cbc --key-file aes.key --key-form text";

/// Runs `callseal fields` on a document with a gigabyte of addresses and a
/// minute of processor time. With two workers: on a machine with many cores,
/// the stacks of more workers would take up the addresses.
fn bounded(scene: &Scene, arguments: &str, document: &str) -> Outcome {
    scene.write("document.json", document);
    scene.write_private("aes.key", "0123456789abcdef");
    let script = format!(
        "ulimit -v 1000000 -t 60; exec callseal fields {arguments} -j 2 document.json -o out.json"
    );
    scene.bash(&script).outcome()
}

/// Returns the attribute of a document with correct keys.
fn attribute(scene: &Scene, path: &str) -> String {
    let sealed = scene
        .line("fields seal --fields a -r vendor.crt")
        .stdin(r#"{"a":1}"#)
        .exits(0);
    let keys = &sealed.json()["_callseal"]["keys"];
    format!(r#""_callseal":{{"version":1,"keys":{keys},"sealed":["{path}"]}}"#)
}

#[test]
fn a_listed_key_that_appears_many_times_costs_nothing() {
    let scene = Scene::with_parties();
    let key = "K".repeat(500_000);
    let members = vec![r#""a":1"#; 20_000].join(",");
    let list = attribute(&scene, &format!("{key}.a"));
    let document = format!(r#"{{"{key}":{{{members}}},{list}}}"#);
    bounded(&scene, "open -k vendor.key", &document)
        .exits(5)
        .complains(&["it exists more than once"]);
}

#[test]
fn a_long_key_above_many_objects_costs_nothing() {
    let scene = Scene::with_parties();
    let key = "K".repeat(500_000);
    let members = vec![r#""a":{}"#; 300_000].join(",");
    let list = attribute(&scene, &format!("{key}.a.b"));
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
            .complains(&[
                "more than 100000 of its fields are selected, or their paths are too long",
            ]);
    }
}

#[test]
fn the_limit_on_fields_applies_before_they_are_counted() {
    let scene = Scene::with_parties();
    let elements = vec!["1"; 2 << 20].join(",");
    let document = format!(r#"{{"a":[{elements}]}}"#);
    for how in ["-r vendor.crt", LEGACY] {
        bounded(&scene, &format!("seal --fields 'a[*]' {how}"), &document)
            .exits(5)
            .complains(&["more than 100000 of its fields are selected"]);
    }
}

#[test]
fn a_path_has_no_more_steps_than_a_document_has_levels() {
    let scene = Scene::with_parties();
    let list = attribute(&scene, &vec!["a"; 1 << 20].join("."));
    bounded(
        &scene,
        "open -k vendor.key",
        &format!(r#"{{"a":1,{list}}}"#),
    )
    .exits(5)
    .complains(&["_callseal: it is malformed"]);
}

#[test]
fn a_field_too_large_is_not_sealed_in_the_legacy_layout() {
    let scene = Scene::with_parties();
    let document = format!(r#"{{"a":"{}"}}"#, "x".repeat(60 << 20));
    bounded(&scene, &format!("seal --fields a {LEGACY}"), &document)
        .exits(5)
        .complains(&["64 MiB"]);
}

#[test]
fn more_jobs_than_the_system_allows_are_not_a_failure() {
    let scene = Scene::with_parties();
    let done = scene
        .line("fields seal --fields a --missing ignore -r vendor.crt -j 100000")
        .stdin("{}\n".repeat(60_000))
        .exits(0);
    assert_eq!(done.output.stdout.len(), 180_000);
}

/// A converter that makes the same large document of each, and counts them.
struct Large {
    document: Document,
    made: AtomicUsize,
}

impl Convert for Large {
    fn convert(&self, _: &str) -> Result<Document, DocumentError> {
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(self.document.clone())
    }
}

/// A sink that notes how many documents were made at the first write.
struct FirstWrite<'l> {
    large: &'l Large,
    made: Option<usize>,
}

impl Write for FirstWrite<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let made = || self.large.made.load(Ordering::Relaxed);
        self.made.get_or_insert_with(made);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn documents_are_written_before_all_others_are_ready() {
    let office = Office::new();
    let selection = Selection::paths("a").unwrap();
    let sealer = FieldSealer::new(&office.plan, &selection, Missing::Error);
    let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let large = Large {
        document: sealer.seal(&text).unwrap(),
        made: AtomicUsize::new(0),
    };
    for jobs in [1, 2, 5] {
        large.made.store(0, Ordering::Relaxed);
        let large = &large;
        let mut sink = FirstWrite { large, made: None };
        let calls = "{}\n".repeat(300);
        let jobs = NonZeroUsize::new(jobs).unwrap();
        let converter = StreamConverter::new(large).workers(jobs);
        let done = converter.convert(&mut calls.as_bytes(), &mut sink, &mut |_, _| {});
        assert_eq!(done.unwrap().changed, 300);
        let made = sink.made.unwrap();
        assert!(made <= 80, "{made} documents with {jobs} jobs");
    }
}
