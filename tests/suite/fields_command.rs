//! `callseal fields`: streams of documents, and how they end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::Value;

use crate::support::{P256, Scene, Watchdog, listed};

const CALLS: &str = "\
{\"id\":1,\"caller\":{\"number\":\"+43\"}}\n\
{\"id\":2, \"caller\":{\"number\":\"+49\"}}\r\n\
\n\
 \t\r\n\
{ \"id\":3.10,\"caller\":{\"number\":null} }";

const SEAL: &str = "fields seal --fields caller.number -r vendor.crt -r customer.crt";
const OPEN: &str = "fields open -k customer.key";

#[test]
fn a_stream_comes_back_byte_for_byte() {
    let scene = Scene::with_parties();
    for jobs in [1, 3] {
        let sealed = scene
            .line(&format!("{SEAL} -j {jobs}"))
            .stdin(CALLS)
            .exits(0);
        let sealed = sealed
            .says("sealed 3 fields in 3 documents for 2 recipients (vendor, customer)\n")
            .stdout();
        assert_eq!(sealed.lines().count(), 5);
        assert!(!sealed.contains("\"+43\"") && sealed.contains("\"id\":3.10"));
        scene.write("sealed.ndjson", &sealed);
        let opened = scene.ok(&format!("{OPEN} sealed.ndjson -j {jobs}"));
        let opened = opened.says("opened 3 fields in 3 documents\n");
        assert_eq!(opened.stdout(), CALLS);
    }
}

#[test]
fn one_document_may_have_several_lines() {
    let scene = Scene::with_parties();
    let call = "\n\n{\n  \"caller\":\n  {\"number\": [1,\n2]}\r\n}\n\n";
    let sealed = scene.line(SEAL).stdin(call).exits(0).stdout();
    assert_eq!(listed(&sealed), ["caller.number"]);
    assert_eq!(scene.line(OPEN).stdin(sealed).exits(0).stdout(), call);
    // A mistake has two positions: in the stream and in the document.
    scene
        .line(SEAL)
        .stdin("\n\n{\n  \"caller\": \n}")
        .exits(5)
        .complains_with_hint(&[
            "standard input: line 3: it is not JSON: expected a value at its line 3, column 1",
        ]);
    // The second line is complete, but can't be a document.
    scene
        .line(SEAL)
        .stdin("[1,\n2\n,3")
        .exits(5)
        .complains(&["its only document failed"]);
    let two = "{\n\"a\":1}\n{\n\"a\":1}\n";
    scene
        .line(SEAL)
        .stdin(two)
        .exits(5)
        .complains_with_hint(&["line 1", "there is more after its end"])
        .says("put each on a separate line");
}

#[test]
fn a_bad_line_does_not_harm_the_others() {
    let scene = Scene::with_parties();
    let lines: Vec<String> = (1..=40)
        .map(|n| format!("{{\"id\":{n},\"caller\":{{\"number\":\"n{n}\"}}}}\n"))
        .collect();
    for (bad, why) in [
        (
            "{\"id\":7,\"caller\":{\"num\n",
            "it is not JSON: it ends inside a string at column 22",
        ),
        ("{\"id\":7,\"caller\":{}}\n", "caller.number: it is missing"),
        ("[]\n", "it is not a JSON object"),
        ("\u{1}\n", "it is not JSON"),
        (
            "{\"_callseal\":1}\n",
            "it already has an attribute \"_callseal\"",
        ),
    ] {
        // The first, one in the middle, and the last one.
        for at in [0, 6, 39] {
            let mut with_bad = lines.clone();
            with_bad[at] = bad.to_owned();
            for jobs in [1, 3] {
                let sealed = scene
                    .line(&format!("{SEAL} -j {jobs}"))
                    .stdin(with_bad.concat())
                    .exits(6)
                    .complains(&[&format!("standard input: line {}: {why}", at + 1)])
                    .complains(&["standard input: 1 of 40 documents failed, the others are done"])
                    .stdout();
                let mut good = lines.clone();
                good.remove(at);
                let opened = scene.line(OPEN).stdin(sealed).exits(0).stdout();
                assert_eq!(opened, good.concat(), "{bad} {at}");
            }
        }
    }
}

#[test]
fn a_line_that_is_not_utf8_is_named() {
    let scene = Scene::with_parties();
    let calls =
        [&b"{\"caller\":{\"number\":1}}\n{\"caller\":{\"number\":\"\xff\"}}\n"[..]].concat();
    scene
        .line(SEAL)
        .stdin(calls)
        .exits(6)
        .complains(&["line 2: it is not UTF-8 text"]);
}

#[test]
fn if_all_fail_the_worst_failure_counts() {
    let scene = Scene::with_parties();
    scene.key_pair("stranger", P256);
    let sealed = scene.line(SEAL).stdin(CALLS).exits(0).stdout();
    scene
        .line("fields open -k stranger.key")
        .stdin(&sealed)
        .exits(4)
        .complains_with_hint(&["standard input: line 1: it isn't sealed to your key"])
        .complains(&["all 3 documents failed"]);
    scene
        .line("fields open -k stranger.key")
        .stdin(format!("{sealed}\n{{\n"))
        .exits(5)
        .complains(&["all 4 documents failed"]);
    scene.line(SEAL).stdin("{}\n[]\n").exits(5);
    scene
        .line(OPEN)
        .stdin("{")
        .exits(5)
        .complains(&["its only document failed"]);
    scene.line(OPEN).stdin("").exits(0);
}

#[test]
fn a_recipient_that_cannot_read_sealed_fields_is_refused() {
    let scene = Scene::with_parties();
    scene.gpg("--quick-gen-key old@example.org rsa2048 encr");
    scene.gpg("--export --output old.pgp old@example.org");
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = [\"customer.crt\", \"old.pgp\"]\n",
    );
    for whom in [
        "-r customer.crt -r old.pgp",
        "--config callseal.toml -p acme",
    ] {
        let outcome = scene
            .line(&format!("fields seal --fields id {whom}"))
            .stdin(CALLS)
            .exits(3)
            .complains_with_hint(&["old.pgp: “old@example.org” can't read rfc9580 messages"]);
        assert!(outcome.output.stdout.is_empty());
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", CALLS);
    scene.ok(&format!("{SEAL} calls.ndjson -o sealed.ndjson"));
    scene.ok(&format!("{OPEN} sealed.ndjson -o opened.ndjson"));
    assert_eq!(scene.text("opened.ndjson"), CALLS);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name| scene.path(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("opened.ndjson"), 0o600);
        assert_eq!(mode("sealed.ndjson"), 0o600);
    }
    scene
        .line(&format!("{OPEN} sealed.ndjson -o opened.ndjson"))
        .exits(1)
        .complains_with_hint(&["opened.ndjson: it already exists"]);
    scene
        .line(&format!("{SEAL} calls.ndjson -f -o calls.ndjson"))
        .exits(2)
        .complains(&["calls.ndjson"]);

    // The good documents are the result.
    scene.write("calls.ndjson", format!("{{}}\n{CALLS}"));
    scene
        .line(&format!("{SEAL} calls.ndjson -f -o sealed.ndjson"))
        .exits(6)
        .complains(&["calls.ndjson: line 1: caller.number: it is missing"])
        .complains(&["calls.ndjson: 1 of 4 documents failed"]);
    assert_eq!(
        scene
            .line(OPEN)
            .stdin(scene.read("sealed.ndjson"))
            .exits(0)
            .stdout(),
        CALLS
    );
    // Without a good document, there is no result.
    scene.write("calls.ndjson", "{}\n{}\n");
    scene
        .line(&format!("{SEAL} calls.ndjson -o none.ndjson"))
        .exits(5);
    assert!(!scene.exists("none.ndjson"));
    scene.line(&format!("{SEAL} missing.ndjson")).exits(1);
}

#[test]
fn json_is_printed_if_the_documents_go_to_a_file() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", format!("{CALLS}\n{{}}\n{{\"x\":"));
    let sealed = scene
        .line(&format!("{SEAL} calls.ndjson -o sealed.ndjson --json"))
        .exits(6);
    let facts = sealed.json();
    assert_eq!(facts["documents"], 5);
    assert_eq!(facts["fields"], 3);
    assert_eq!(facts["changed"], 3);
    assert_eq!(facts["failed"], 2);
    assert_eq!(facts["recipients"].as_array().unwrap().len(), 2);
    let failures = facts["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 3);
    assert_eq!(
        failures[0]["error"],
        "calls.ndjson: line 6: caller.number: it is missing"
    );
    assert_eq!(failures[0]["exit_status"], 5);
    let opened = scene.ok(&format!("{OPEN} sealed.ndjson -o opened.ndjson --json"));
    assert_eq!(opened.json()["fields"], 3);
    scene
        .line(&format!("{SEAL} --json"))
        .stdin(CALLS)
        .exits(2)
        .says("standard output can't hold both");
}

#[test]
fn a_path_that_no_document_has_is_named_even_if_missing_fields_are_ignored() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", CALLS);
    let line = "fields seal calls.ndjson -o sealed.ndjson -r customer.crt --missing ignore";
    let outcome = scene.ok(&format!("{line} --fields id,caller.nummer,**.pn --json"));
    let outcome = outcome
        .says("warning: no document has the field caller.nummer\n")
        .says("warning: no document has the field **.pn\n");
    let unmatched = &outcome.json()["unmatched_fields"];
    assert_eq!(*unmatched, serde_json::json!(["caller.nummer", "**.pn"]));
    scene
        .ok("fields open sealed.ndjson -o - -k customer.key --fields id,nummer --missing ignore")
        .says("warning: no document has the field nummer\nhint: ");
}

#[test]
fn a_path_of_documents_that_fail_is_not_called_misspelt() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", "{\"a\":1,\"_callseal\":1}\n{\"b\":2}\n");
    let line = "fields seal calls.ndjson -o sealed.ndjson -r customer.crt --fields a,b";
    let outcome = scene
        .line(&format!("{line} --missing ignore"))
        .exits(6)
        .complains(&["line 1"])
        .says("warning: no document that could be read has the field a\n");
    assert!(!outcome.stderr().contains("the field b"), "{outcome}");

    // A failure doesn't hide that nothing was sealed.
    scene.write("calls.ndjson", "{\"b\":2}\n{bad\n");
    scene
        .line(&format!("{line} -f -q --missing ignore").replace("a,b", "c,d"))
        .exits(6)
        .says("warning: nothing sealed: none of these fields is in the other document\n");

    // A document without one field has the other.
    scene.write("calls.ndjson", "{\"a\":1}\n");
    let outcome = scene.line(&format!("{line} -f --json")).exits(5);
    assert_eq!(outcome.json()["unmatched_fields"], serde_json::json!(["b"]));
}

#[test]
fn missing_fields_can_be_ignored() {
    let scene = Scene::with_parties();
    let calls = format!("{{\"id\":0}}\n{CALLS}");
    let sealed = scene
        .line(&format!("{SEAL} --missing ignore"))
        .stdin(&calls)
        .exits(0)
        .says(
            "sealed 3 fields in 3 documents for 2 recipients (vendor, customer); 1 other had none",
        );
    let sealed = sealed.stdout();
    assert!(sealed.starts_with("{\"id\":0}\n"));
    let opened = scene
        .line(OPEN)
        .stdin(sealed)
        .exits(0)
        .says("; 1 other had none");
    assert_eq!(opened.stdout(), calls);
}

#[test]
fn fields_can_be_selected_in_every_way() {
    let scene = Scene::with_parties();
    let paths = |arguments: &[&str]| {
        let sealed = scene
            .callseal(
                ["fields", "seal", "-q", "-r", "customer.crt"]
                    .iter()
                    .chain(arguments),
            )
            .stdin("{\"a\":{\"b\":1},\"a.b\":2,\"c\":[3]}")
            .exits(0);
        assert!(sealed.output.stderr.is_empty());
        listed(&sealed.stdout()).join(" ")
    };
    assert_eq!(paths(&["--fields", "a.b", "--fields", "c[*]"]), "a.b c[0]");
    assert_eq!(paths(&["--fields", "a.b, c"]), "a.b c");
    assert_eq!(paths(&["--fields", "[\"a.b\"]"]), "[\"a.b\"]");
    assert_eq!(paths(&["--fields-regex", "b"]), "a.b [\"a.b\"]");
    for (arguments, why) in [
        (&[][..], "no fields are given"),
        (&["--fields", ""], "invalid field"),
        (
            &["--fields", "a."],
            "invalid field \"a.\": a key is missing",
        ),
        (&["--fields-regex", "["], "is not a regular expression"),
        (
            &["--fields-regex", ""],
            "is empty and would match every key",
        ),
        (
            &["--fields", "a", "--fields-regex", "a"],
            "cannot be used with",
        ),
    ] {
        scene
            .callseal(
                ["fields", "seal", "-r", "customer.crt"]
                    .iter()
                    .chain(arguments),
            )
            .exits(2)
            .complains(&[why]);
    }
    let hinted = |fields: &str, hint: &str| {
        let seal = ["fields", "seal", "-r", "customer.crt", "--fields", fields];
        let document = "{\"cards\":[{\"pan\":1}]}";
        let outcome = scene.callseal(seal).stdin(document).outcome();
        assert_ne!(outcome.status(), Some(0), "{fields}");
        outcome.says(&format!("hint: {hint}"));
    };
    hinted("$.a", "leave out the $");
    hinted(".a", "leave out the dot");
    hinted("/a/b", "separate keys with dots");
    hinted("cards[].pan", "write [*] for all elements of an array");
    hinted("a,", "remove the extra comma");
    hinted("a b", "write fields as in");
    let bracket = "write elements of an array in brackets:";
    hinted("cards.0.pan", &format!("{bracket} cards[0].pan\n"));
    hinted("cards.0", &format!("{bracket} cards[0]\n"));
    hinted("cards.0a", "check its spelling; if it may be missing");
}

#[test]
fn an_empty_attribute_is_refused() {
    let scene = Scene::with_parties();
    for line in [SEAL, OPEN] {
        scene
            .line(&format!("{line} --attribute="))
            .stdin(CALLS)
            .exits(2)
            .says("--attribute");
    }
}

#[test]
fn the_attribute_can_have_another_name() {
    let scene = Scene::with_parties();
    let sealed = scene
        .line(&format!("{SEAL} --attribute vault"))
        .stdin(CALLS)
        .exits(0)
        .stdout();
    assert!(sealed.contains(",\"vault\":{"));
    let same = scene
        .line(OPEN)
        .stdin(&sealed)
        .exits(0)
        .says("nothing opened: the attribute \"_callseal\" isn't in any of the 3 documents\n");
    assert_eq!(same.stdout(), sealed);
    // One document that has it is enough, and an empty stream is fine.
    for some in [format!("{{}}\n{sealed}"), String::new()] {
        let opened = scene.line(&format!("{OPEN} --attribute vault")).stdin(some);
        assert!(!opened.exits(0).stderr().contains("warning"));
    }
    let opened = scene
        .line(&format!("{OPEN} --attribute vault"))
        .stdin(sealed)
        .exits(0);
    assert_eq!(opened.stdout(), CALLS);
}

/// Seals documents that come one by one. If it kept any back, it would wait
/// until the watchdog ends it.
fn awaited(scene: &Scene) -> (Child, Watchdog, ChildStdin, BufReader<ChildStdout>) {
    let mut run = scene.line(SEAL).start(Stdio::piped());
    let watchdog = Watchdog::new(&run);
    let input = run.stdin.take().unwrap();
    let output = BufReader::new(run.stdout.take().unwrap());
    (run, watchdog, input, output)
}

#[test]
fn documents_come_out_before_the_next_ones_arrive() {
    let scene = Scene::with_parties();
    let (mut run, _watchdog, mut input, mut output) = awaited(&scene);
    let mut errors = BufReader::new(run.stderr.take().unwrap());
    for number in 0..5 {
        writeln!(input, "{{\"id\":{number},\"caller\":{{\"number\":1}}}}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{{\"id\":{number},")), "{line}");
        writeln!(input, "{{}}").unwrap();
        let mut line = String::new();
        while !line.starts_with("error") {
            line.clear();
            assert_ne!(errors.read_line(&mut line).unwrap(), 0, "it has ended");
        }
        assert!(
            line.contains(&format!("line {}: ", 2 * number + 2)),
            "{line}"
        );
    }
    drop(input);
    assert_eq!(run.wait().unwrap().code(), Some(6));
}

#[test]
fn a_reader_that_stops_early_is_not_a_failure() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", "{\"id\":1}\n");
    scene
        .bash(
            "yes '{\"id\":1}' | head -n2000 >many.ndjson
            callseal fields seal --fields id -r customer.crt many.ndjson | head -n1 >/dev/null
            exit ${PIPESTATUS[0]}",
        )
        .exits(0);
    scene
        .bash("callseal fields seal --fields id -r customer.crt calls.ndjson >/dev/full")
        .exits(1)
        .complains(&["standard output", "o space left"]);
}

#[test]
fn lines_have_a_limit_and_reading_goes_on_with_the_next() {
    let scene = Scene::with_parties();
    let call = "{\"caller\":{\"number\":1}}\n";
    let mut calls = call.as_bytes().to_vec();
    calls.extend(b"{\"caller\":{\"number\":\"");
    calls.resize(calls.len() + (65 << 20), b'x');
    calls.extend(b"\"}}\n");
    calls.extend(call.as_bytes());
    scene.write("calls.ndjson", &calls);
    let sealed = scene
        .line(&format!("{SEAL} calls.ndjson"))
        .exits(6)
        .complains(&["calls.ndjson: line 2: it has more than 64 MiB"])
        .stdout();
    assert_eq!(
        scene.line(OPEN).stdin(sealed).exits(0).stdout(),
        call.repeat(2)
    );

    // Also as the first one.
    scene.write("calls.ndjson", &calls[call.len()..]);
    let sealed = scene
        .line(&format!("{SEAL} calls.ndjson"))
        .exits(6)
        .complains(&["calls.ndjson: line 1: it has more than 64 MiB"])
        .stdout();
    assert_eq!(scene.line(OPEN).stdin(sealed).exits(0).stdout(), call);
}

#[test]
fn a_field_too_large_to_open_is_not_sealed() {
    let scene = Scene::with_parties();
    let large = format!("{{\"caller\":{{\"number\":\"{}\"}}}}", "x".repeat(60 << 20));
    scene
        .line(SEAL)
        .stdin(large)
        .exits(5)
        .complains(&["64 MiB"]);
}

#[test]
fn a_broken_first_line_is_distinguished_from_a_document_of_several_lines() {
    let scene = Scene::with_parties();
    let call = format!(
        "{{\"caller\":{{\"number\":1}},\"notes\":\"{:2000}\"}}\n",
        ""
    );
    // More than is read at once, with the mistake at the start.
    let calls = format!("\"caller\":{{}}}}\n\n{}", call.repeat(300));
    let sealed = scene
        .line(SEAL)
        .stdin(calls)
        .exits(6)
        .complains(&["standard input: line 1: it is not JSON"])
        .complains(&["1 of 301 documents failed"])
        .stdout();
    let opened = scene.line(OPEN).stdin(sealed).exits(0).stdout();
    assert_eq!(opened, format!("\n{}", call.repeat(300)));
}

#[test]
fn a_byte_order_mark_stays_before_the_documents() {
    let scene = Scene::with_parties();
    for calls in [CALLS, "{\n\"caller\":{\"number\":1}}\n"] {
        let calls = format!("\u{FEFF}{calls}");
        let sealed = scene.line(SEAL).stdin(&calls).exits(0).stdout();
        assert!(sealed.starts_with("\u{FEFF}{"));
        let opened = scene.line(OPEN).stdin(sealed).exits(0).stdout();
        assert_eq!(opened, calls);
    }
    for none in ["\u{FEFF}".as_bytes(), b"\xEF", b""] {
        let status = if none == b"\xEF" { 5 } else { 0 };
        assert_eq!(
            scene.line(OPEN).stdin(none).outcome().status(),
            Some(status)
        );
    }
}

#[test]
fn the_first_of_many_failures_are_shown_and_all_are_counted() {
    let scene = Scene::with_parties();
    scene.write("calls.ndjson", "{}\n".repeat(1500));
    for (verbose, shown) in [("", 10), ("-v", 1500)] {
        let seal = format!("{SEAL} {verbose} calls.ndjson");
        let failed = scene.line(&seal).exits(5).stderr();
        assert_eq!(failed.matches(": it is missing").count(), shown);
        assert_eq!(
            failed.contains("error: 1490 more like these; -v"),
            shown == 10
        );
        assert!(failed.contains("all 1500 documents failed"), "{failed}");
    }
    let failed = scene.line(&format!("{SEAL} calls.ndjson -o out --json"));
    let failed = failed.exits(5).complains(&["1490 more like these"]);
    assert_eq!(failed.json()["failed"], 1500);
    // And the result as a whole.
    assert_eq!(failed.json()["failures"].as_array().unwrap().len(), 1001);
}

#[test]
fn a_required_field_that_is_not_sealed_is_refused() {
    let scene = Scene::with_parties();
    let call = "{\"caller\":{\"number\":1},\"keys\":2}\n";
    let seal = |fields: &str| {
        let line = format!("fields seal -r customer.crt --fields {fields}");
        scene.line(&line).stdin(call).exits(0).stdout()
    };
    let open = |fields: &str, sealed: &str| {
        let line = format!("{OPEN} {fields}");
        scene.line(&line).stdin(sealed).outcome()
    };
    let sealed = seal("caller.number,keys");
    for fields in [
        "--fields caller.number,keys",
        "--fields **.keys",
        "--fields-regex ^(number|keys)$",
    ] {
        assert_eq!(open(fields, &sealed).exits(0).stdout(), call, "{fields}");
    }
    // The attribute is gone, or the field is off the list.
    for forged in [call, &seal("keys")] {
        open("--fields caller.number", forged)
            .exits(5)
            .complains_with_hint(&["caller.number: it does not hold a sealed value"]);
        open("", forged).exits(0);
    }
    open("--fields caller.name", &sealed)
        .exits(5)
        .complains(&["caller.name: it is missing"]);
    open("--fields caller.name --missing ignore", &sealed).exits(0);
    open("--missing ignore", &sealed)
        .exits(2)
        .complains(&["no fields are given"]);
}

#[test]
fn good_lines_are_found_after_several_broken_ones() {
    let scene = Scene::with_parties();
    for (broken, lines) in [
        ("{\"id\":0,\"a\":\"hello\nworld\"}\n", 2),
        ("{\"a\":1,\n{\"a\":2,\n{\"a\":3,\n", 3),
        ("{\"a\":[\n{\"b\":\n", 2),
        ("{\n}\n{\n\"a\":1\n}\n", 5),
        ("x\n1\n", 2),
    ] {
        let calls = format!("{broken}{}", "{\"caller\":{\"number\":1}}\n".repeat(1000));
        let sealed = scene.line(SEAL).stdin(calls).exits(6);
        let all = 1000 + lines;
        let sealed = sealed.complains(&[&format!("{lines} of {all} documents failed")]);
        assert_eq!(sealed.stdout().lines().count(), 1000, "{broken:?}");
    }
    // One broken document is still one document.
    scene
        .line(SEAL)
        .stdin("{\n  \"a\": [\n    {\"b\": 1},,\n    1\n  ]\n}\n")
        .exits(5)
        .complains(&["at its line 3, column"]);
}

#[test]
fn a_broken_first_line_does_not_delay_the_rest() {
    let scene = Scene::with_parties();
    let (mut run, _watchdog, mut input, mut output) = awaited(&scene);
    writeln!(input, "{{\"a\":x}}\n{{\"caller\":{{\"number\":1}}}}").unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(listed(&line), ["caller.number"]);
    drop(input);
    assert_eq!(run.wait().unwrap().code(), Some(6));
}

#[test]
fn a_document_stays_on_its_line() {
    let scene = Scene::with_parties();
    let sealed = scene
        .line(SEAL)
        .stdin("{\n \"caller\": {\"number\": [1,\n 2]}}")
        .exits(0)
        .stdout();
    // As `jq -c` does.
    let one_line: Value = serde_json::from_str(&sealed).unwrap();
    let opened = scene
        .line(OPEN)
        .stdin(format!("{one_line}\n{one_line}\n"))
        .exits(0);
    let expected = "{\"caller\":{\"number\":[1,  2]}}\n";
    assert_eq!(opened.stdout(), expected.repeat(2));
}

#[test]
fn a_locked_key_opens_with_its_passphrase() {
    let scene = Scene::with_parties();
    scene.locked_key_pair("locked", P256, "secret");
    scene.write("locked.pass", "secret\n");
    let sealed = scene
        .line("fields seal --fields id -r locked.crt")
        .stdin("{\"id\":1}")
        .exits(0)
        .stdout();
    scene
        .line("fields open -k locked.key --passphrase-file locked.pass")
        .stdin(&sealed)
        .exits(0)
        .prints("{\"id\":1}");
    scene
        .line("fields open -k locked.key --passphrase-fd 0")
        .exits(2)
        .complains_with_hint(&["standard input can't hold both"]);
}

#[test]
fn no_value_of_a_document_is_in_any_message() {
    let scene = Scene::with_parties();
    let text = "SECRETSECRET";
    for bad in [
        format!("{{\"id\":\"{text}\"}}"),
        format!("{{\"id\":\"{text}\",}}"),
        format!("{{\"id\":{text}}}"),
        format!("\"{text}\""),
        text.to_owned(),
        format!("{{\"id\":\"{text}\",\"_callseal\":\"{text}\"}}"),
        format!(
            "{{\"id\":\"{text}\",\"_callseal\":{{\"version\":1,\"keys\":\"{text}\",\"sealed\":[\"id\"]}}}}"
        ),
    ] {
        for line in [SEAL, OPEN] {
            let outcome = scene.line(&format!("{line} -v")).stdin(&bad).outcome();
            assert!(!outcome.stderr().contains("SECRET"), "{outcome}");
        }
    }
}

#[test]
fn a_stream_without_sealed_fields_causes_a_warning() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    let input = "{\"caller\": 1}\n{\"caller\": 2}\n";
    let seal = "fields seal -q --missing ignore -r a.crt --fields";
    let missed = scene.line(&format!("{seal} calller")).stdin(input).exits(0);
    assert_eq!(missed.stdout(), input);
    missed.says("warning: nothing sealed: none of these fields is in any of the 2 documents\n");
    let sealed = scene.line(&format!("{seal} caller")).stdin(input).exits(0);
    assert_eq!(sealed.stderr(), "");
}
