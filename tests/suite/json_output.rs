//! `--json`: one document on standard output, whatever happens.

use serde_json::Value;

use crate::support::Scene;

fn packed() -> Scene {
    let scene = Scene::with_a_call();
    scene.write("calls/b.txt", "the second call");
    scene.ok("pack -q --index none -o calls.zip -r customer.crt -r vendor.crt calls");
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = [\"customer.crt\"]\n",
    );
    scene
}

/// Checks that the failures of a document agree with the exit status and with
/// standard error.
#[track_caller]
fn document(scene: &Scene, line: &str, status: i32) -> Value {
    let outcome = scene.line(&format!("{line} --json")).exits(status);
    let document = outcome.json();
    let failures = document["failures"].as_array();
    let failures = failures.unwrap_or_else(|| panic!("no list of failures\n{outcome}"));
    assert_eq!(failures.is_empty(), status == 0, "{outcome}");
    let mut said = outcome.stderr();
    for failure in failures {
        let error = failure["error"].as_str().unwrap();
        assert!(said.contains(&format!("error: {error}\n")), "{outcome}");
        if let Some(hint) = failure["hint"].as_str() {
            assert!(said.contains(&format!("hint: {hint}\n")), "{outcome}");
        }
        said = said.replacen("error: ", "", 1);
    }
    assert!(
        !said.contains("error: "),
        "more on standard error\n{outcome}"
    );
    if let Some(last) = failures.last() {
        assert_eq!(last["exit_status"], status, "{outcome}");
    }
    document
}

#[test]
fn every_subcommand_reports_its_success() {
    let scene = packed();
    let packed = document(&scene, "pack -o new.zip -r customer.crt calls", 0);
    let members = packed["members"].as_array().unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0]["name"], "calls/a.txt");
    assert_eq!(members[0]["plain_bytes"], scene.read("calls/a.txt").len());
    assert_eq!(packed["plain_bytes"], 29);
    assert_eq!(packed["archive_bytes"], scene.read("new.zip").len());
    assert_eq!(packed["format"], "rfc9580");
    assert_eq!(packed["recipients"][0]["label"], "customer");
    assert_eq!(packed["recipients"][0]["source"], "customer.crt");

    let listed = document(&scene, "list calls.zip -k customer.key -r vendor.crt", 0);
    let member = &listed["members"][0];
    assert_eq!(member["name"], "calls/a.txt");
    assert_eq!(member["stored_name"], "calls/a.txt.pgp");
    assert_eq!(member["sealed"], 0);
    let recipients = &listed["sealed"][0]["recipients"];
    assert_eq!(recipients[0]["key"], "customer.key");
    assert_eq!(recipients[1]["label"], "vendor");
    assert_eq!(recipients[1]["certificate"], "vendor.crt");
    assert_eq!(recipients[1]["key"], Value::Null);

    let extracted = document(&scene, "extract calls.zip -k customer.key -C out", 0);
    assert_eq!(extracted["extracted"], 2);
    assert_eq!(extracted["plain_bytes"], 29);

    let sealed = document(&scene, "seal -r customer.crt calls/a.txt -o b.pgp", 0);
    assert_eq!(sealed["message"], "b.pgp");
    let opened = document(&scene, "open a.pgp -k customer.key -o a", 0);
    assert_eq!(opened["file"], "a");

    let files = "callseal.toml calls.zip a.pgp customer.crt customer.key calls/a.txt";
    let inspected = document(&scene, &format!("inspect {files}"), 0);
    let kinds: Vec<&Value> = inspected["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["kind"])
        .collect();
    assert_eq!(
        serde_json::json!(kinds),
        serde_json::json!([
            "config",
            "archive",
            "message",
            "certificate",
            "private key",
            null
        ])
    );
    let keys = document(&scene, "keys -k customer.key --archive calls.zip", 0);
    assert_eq!(keys["keys"][0]["path"], "customer.key");
    assert_eq!(keys["keys"][0]["certificate"]["label"], "customer");
    assert_eq!(keys["archives"][0]["opens"], 2);
    document(&scene, "export --gpg customer.key -o customer.asc", 0);
    let checked = document(&scene, "config check --config callseal.toml", 0);
    assert_eq!(checked["profiles"]["acme"][0]["label"], "customer");
    document(&scene, "man --out .", 0);
}

#[test]
fn every_subcommand_reports_its_failure() {
    let scene = packed();
    scene.write("bad.toml", "nonsense = 1\n");
    for (line, status) in [
        ("pack -o calls.zip -r customer.crt calls", 1),
        ("pack -o new.zip -r customer.crt -r missing.crt calls", 3),
        ("pack -o new.zip calls", 2),
        ("list missing.zip", 1),
        ("list calls/a.txt", 5),
        ("extract calls.zip -C out", 4),
        ("extract calls.zip x* -k customer.key -C out", 1),
        ("cat calls.zip calls/a.txt -k customer.key", 2),
        ("seal -r customer.crt missing.txt", 1),
        ("open calls.zip -k customer.key -o x", 5),
        ("inspect missing calls.zip", 1),
        ("keys", 4),
        ("keys -k customer.key --archive missing.zip", 1),
        ("export --gpg calls/a.txt -o x", 4),
        ("config check --config bad.toml", 2),
        ("config check", 2),
        ("man --out customer.crt/directory", 1),
    ] {
        document(&scene, line, status);
    }
}

#[test]
fn a_usage_error_is_reported_as_json_too() {
    let scene = packed();
    for line in [
        "extract calls.zip --bogus",
        "list",
        "pack -o x.zip -r customer.crt calls --jobs 0",
        "frobnicate",
    ] {
        let outcome = scene.line(&format!("{line} --json")).exits(2);
        let failure = &outcome.json()["failures"][0];
        assert_eq!(failure["exit_status"], 2, "{outcome}");
        let error = failure["error"].as_str().unwrap();
        assert!(!error.is_empty() && !error.contains('\n'), "{outcome}");
        let start: String = error.chars().take(20).collect();
        let outcome = outcome.says(&format!("error: {start}"));
        assert!(outcome.stderr().contains("--help"), "{outcome}");
    }
    // A file may have that name.
    let outcome = scene.line("list -- --json x y").exits(1);
    assert!(outcome.output.stdout.is_empty(), "{outcome}");
}

#[test]
fn content_and_json_are_not_mixed() {
    let scene = packed();
    for line in [
        "cat calls.zip calls/a.txt -k customer.key",
        "open a.pgp -k customer.key -o -",
        "seal -r customer.crt calls/a.txt -o -",
        "export --gpg customer.key",
        "export --gpg customer.key -o -",
        "completions bash",
        "man",
    ] {
        let failures = document(&scene, line, 2);
        let error = failures["failures"][0]["error"].as_str().unwrap();
        assert!(
            error.contains("both the content and the JSON document"),
            "{line}: {error}"
        );
    }
}

#[test]
fn partial_work_is_reported_with_what_was_done() {
    let scene = packed();
    let mut bytes = scene.read("calls.zip");
    let directory = bytes.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    *bytes.get_mut(directory - 5).unwrap() ^= 1;
    scene.write("calls.zip", bytes);
    let report = document(&scene, "extract calls.zip -k customer.key -C out", 6);
    assert_eq!(report["extracted"], 1);
    let statuses: Vec<&Value> = report["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| &failure["exit_status"])
        .collect();
    assert_eq!(statuses, [5, 6]);
}

#[test]
fn hidden_recipients_are_counted_and_not_named() {
    let scene = packed();
    for format in ["rfc4880", "rfc9580"] {
        scene.ok(&format!(
            "pack -q -f -o hidden.zip -r customer.crt -r vendor.crt calls --hidden-recipients --format {format}"
        ));
        let listed = document(&scene, "list hidden.zip -k customer.key -r vendor.crt", 0);
        for recipient in [0, 1] {
            let recipient = &listed["sealed"][0]["recipients"][recipient];
            assert_eq!(recipient["hidden"], true, "{format}");
            assert_eq!(recipient["label"], Value::Null);
            assert_eq!(recipient["key"], Value::Null);
        }
        let text = scene.ok("list hidden.zip -k customer.key").stdout();
        assert_eq!(text.matches("hidden").count(), 2, "{text}");
        assert!(!text.contains("customer"), "{text}");
        for party in ["customer", "vendor"] {
            scene.ok(&format!("extract -f hidden.zip -k {party}.key -C {party}"));
            assert_eq!(
                scene.read(format!("{party}/calls/a.txt")),
                b"the first call"
            );
        }
    }
}
