//! Which files are packed, and how.

use crate::support::Scene;
use serde_json::Value;

/// Makes two days of calls, with a recording and a log each.
fn two_days() -> Scene {
    let scene = Scene::with_parties();
    for day in ["mon", "tue"] {
        scene.write(format!("calls/{day}/a.wav"), "RIFF");
        scene.write(format!("calls/{day}/a.xml"), "<call/>");
    }
    scene.write("calls/b.xml", "<day/>");
    scene
}

/// Returns what a dry run with these arguments would pack, and checks that it
/// writes nothing.
#[track_caller]
fn chosen(scene: &Scene, arguments: &[&str], input: &str) -> Vec<String> {
    let before = scene.tree("");
    let fixed = ["pack", "--dry-run", "-o", "calls.zip", "-r", "customer.crt"];
    let outcome = scene
        .callseal(fixed.iter().chain(arguments))
        .stdin(input)
        .exits(0)
        .says("nothing was written");
    assert_eq!(scene.tree(""), before, "a dry run writes\n{outcome}");
    outcome.stdout().lines().map(str::to_owned).collect()
}

/// Returns the members of an archive without their sizes, in order.
fn listing(scene: &Scene, archive: &str) -> Vec<Value> {
    let mut document = scene.ok(&format!("list --json {archive}")).json();
    let members = document["members"].as_array_mut().unwrap();
    std::mem::take(members)
}

#[test]
fn patterns_choose_by_name_or_by_path() {
    let scene = two_days();
    for (arguments, expected) in [
        (
            &["calls"][..],
            &[
                "calls/b.xml",
                "calls/mon/a.wav",
                "calls/mon/a.xml",
                "calls/tue/a.wav",
                "calls/tue/a.xml",
            ][..],
        ),
        (
            &["calls", "--include", "*.wav"],
            &["calls/mon/a.wav", "calls/tue/a.wav"],
        ),
        (
            &["calls", "--include", "*.wav", "--include", "b.*"],
            &["calls/b.xml", "calls/mon/a.wav", "calls/tue/a.wav"],
        ),
        (
            &["calls", "--exclude", "mon", "--exclude", "b.xml"],
            &["calls/tue/a.wav", "calls/tue/a.xml"],
        ),
        (
            &["calls", "--include", "calls/*/*.xml", "--exclude", "tue/"],
            &["calls/mon/a.xml"],
        ),
        (&["calls", "--exclude", "calls/*/*"], &["calls/b.xml"]),
        (
            &["calls/tue", "calls/b.xml"],
            &["calls/b.xml", "calls/tue/a.wav", "calls/tue/a.xml"],
        ),
    ] {
        assert_eq!(chosen(&scene, arguments, ""), expected, "{arguments:?}");
    }
}

#[test]
fn an_invalid_pattern_is_a_usage_error() {
    let scene = two_days();
    scene
        .line("pack -o calls.zip -r customer.crt calls --include [")
        .exits(2)
        .says(r#"error: "[" is not a valid pattern"#);
}

#[test]
fn files_are_taken_from_a_list() {
    let scene = two_days();
    let (wav, xml) = ("calls/mon/a.wav", "calls/b.xml");
    let lines = format!("{wav}\r\n\r\n{xml}\n");
    assert_eq!(chosen(&scene, &["--files-from", "-"], &lines), [xml, wav]);
    scene.write("list.txt", &lines);
    assert_eq!(
        chosen(&scene, &["--files-from", "list.txt", "calls/tue/a.xml"], ""),
        [xml, wav, "calls/tue/a.xml"]
    );
    let nul = format!("{wav}\0{xml}\0");
    assert_eq!(
        chosen(&scene, &["--files-from", "-", "-0"], &nul),
        [xml, wav]
    );
    scene
        .line("pack -o calls.zip -r customer.crt --files-from -")
        .stdin(nul)
        .exits(2)
        .complains_with_hint(&["a NUL byte"]);
    scene
        .line("pack -o calls.zip -r customer.crt --files-from missing")
        .exits(1)
        .says("missing: no such file");
    scene.line("pack -o calls.zip -0 calls").exits(2);
}

#[test]
fn names_with_line_feeds_from_find_print0_are_refused() {
    let scene = two_days();
    scene.write("calls/two\nlines.wav", "RIFF");
    scene
        .bash(
            "find calls -name 'two*' -print0 | callseal pack -o c.zip -r customer.crt --files-from - -0",
        )
        .exits(2)
        .complains_with_hint(&["control character"]);
    scene
        .bash("set -o pipefail; find calls -name 'a.*' -print0 | callseal pack -o c.zip -r customer.crt --files-from - -0")
        .exits(0);
    assert_eq!(listing(&scene, "c.zip").len(), 4);
}

#[test]
fn a_dry_run_refuses_what_the_pack_would_refuse() {
    let scene = two_days();
    scene.write("calls/B.xml", "<day/>");
    scene
        .line("pack --dry-run -o c.zip -r customer.crt calls")
        .exits(2)
        .complains_with_hint(&["would be the same member"]);
    scene
        .line("pack --dry-run -o c.zip -r customer.key calls/mon")
        .exits(3)
        .complains_with_hint(&["customer.key"]);
    let facts = scene
        .ok("pack --dry-run --json -o c.zip -r customer.crt calls/mon")
        .json();
    assert_eq!(facts["members"][1]["name"], "calls/mon/a.xml");
    assert_eq!(facts["dry_run"], true);
    assert!(!scene.exists("c.zip"));
}

#[test]
fn the_sha_256_of_each_file_is_printed() {
    let scene = two_days();
    let packed = scene.ok("pack --sha256 -o c.zip -r customer.crt calls");
    scene.write("c.sha256", packed.stdout());
    scene.tool("sha256sum --strict -c c.sha256");
    assert_eq!(packed.stdout().lines().count(), 5);
    let facts = scene
        .ok("pack --sha256 --json -f -o c.zip -r customer.crt calls/b.xml")
        .json();
    let hash = facts["members"][0]["sha256"].as_str().unwrap();
    assert!(packed.stdout().starts_with(hash), "{facts}");
}

#[test]
fn paths_outside_are_packed_under_names_inside() {
    let scene = two_days();
    let absolute = scene.path("calls/b.xml");
    let outcome = scene
        .callseal(["pack", "-o", "c.zip", "-r", "customer.crt"])
        .outcome();
    assert_eq!(outcome.status(), Some(2));
    let outcome = scene
        .callseal([
            "pack",
            "-o",
            "c.zip",
            "-r",
            "customer.crt",
            absolute.to_str().unwrap(),
        ])
        .exits(0)
        .says("note: ");
    let inside = absolute.to_str().unwrap().trim_start_matches('/');
    assert_eq!(listing(&scene, "c.zip")[0]["name"], inside, "{outcome}");
    let up = format!(
        "../{}/calls/b.xml",
        scene.root().file_name().unwrap().to_str().unwrap()
    );
    scene
        .callseal(["pack", "-q", "-o", "up.zip", "-r", "customer.crt", &up])
        .exits(0)
        .stays_silent();
    assert_eq!(
        listing(&scene, "up.zip")[0]["name"],
        up.trim_start_matches("../")
    );
}

#[test]
fn the_listing_does_not_depend_on_the_number_of_workers_or_the_run() {
    let scene = Scene::with_parties();
    for number in 0..60 {
        // Sizes that make the workers overtake each other.
        let size = if number % 7 == 0 { 300_000 } else { number };
        scene.write(format!("calls/{number:02}.wav"), vec![1; size]);
    }
    for (archive, jobs) in [("1.zip", "1"), ("4.zip", "4"), ("again.zip", "4")] {
        scene.ok(&format!(
            "pack -o {archive} -r customer.crt -r vendor.crt calls --jobs {jobs}"
        ));
    }
    let first = listing(&scene, "1.zip");
    assert_eq!(first.len(), 60);
    assert_eq!(first, listing(&scene, "4.zip"));
    assert_eq!(first, listing(&scene, "again.zip"));
    scene
        .line("pack -o no.zip -r customer.crt calls --jobs 0")
        .exits(2);
    // The messages themselves are never the same.
    assert_ne!(scene.read("4.zip"), scene.read("again.zip"));
}

#[test]
fn recordings_stay_as_they_are_and_text_is_compressed() {
    let scene = Scene::with_parties();
    let samples: Vec<u8> = (0..100_000_u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    scene.write("noise.wav", &samples);
    scene.write("log.xml", "<call id='1'/>\n".repeat(20_000));
    let sizes = |how: &str| {
        scene.ok(&format!(
            "pack -f -q -o c.zip -r customer.crt log.xml noise.wav {how}"
        ));
        let listing = listing(&scene, "c.zip");
        let size = |i: usize| listing[i]["sealed_bytes"].as_u64().unwrap();
        (size(0), size(1))
    };
    let (log, noise) = sizes("");
    assert!(log < 10_000 && noise >= 400_000, "{log}, {noise}");
    let (log, _) = sizes("--compress none");
    assert!(log >= 300_000, "{log}");
    let (log, _) = sizes("--compress deflate");
    assert!(log < 10_000, "{log}");
}

#[test]
fn a_dry_run_reports_an_existing_archive() {
    let scene = two_days();
    let dry = [
        "pack",
        "--dry-run",
        "-o",
        "calls.zip",
        "-r",
        "customer.crt",
        "calls",
    ];
    scene.write("calls.zip", "an older archive");
    scene
        .callseal(dry)
        .exits(1)
        .complains_with_hint(&["it already exists"]);
    scene.callseal(dry.iter().chain(&["--force"])).exits(0);
}
