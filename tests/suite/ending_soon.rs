//! `pack` and `seal` warn of certificates that end soon.

use crate::support::{P256, Scene};

const COMMANDS: [&str; 2] = [
    "pack -f -o calls.zip calls",
    "seal -f calls/a.txt -o a.txt.pgp",
];

/// Returns a scene with a call and a customer whose certificate lasts so many days.
fn lasting(days: u32) -> Scene {
    let scene = Scene::new();
    scene.write("calls/a.txt", "the first call");
    scene.key_pair("vendor", P256);
    scene.dated_certificate("customer.crt", "customer", 0, days);
    scene
}

/// Returns the warnings of a certificate's end.
#[track_caller]
fn warnings(scene: &Scene, line: &str) -> Vec<String> {
    let outcome = scene.ok(line).stderr();
    let lines = outcome.lines().filter(|line| line.contains(" ends on "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_certificate_that_ends_soon_is_named_in_one_line() {
    let scene = lasting(12);
    for command in COMMANDS {
        let line = format!("{command} -q -r vendor.crt -r customer.crt");
        let found = warnings(&scene, &line);
        let [found] = found.as_slice() else {
            panic!("{line}: {found:?}");
        };
        assert!(
            found.starts_with("warning: “customer” (customer.crt) ends on 20"),
            "{found}"
        );
        assert!(
            found.ends_with(", in 11 days: from then on, nothing is sealed"),
            "{found}"
        );
        let facts = scene.ok(&format!("{line} --json")).json();
        let ending = &facts["ending_soon"];
        assert_eq!(ending.as_array().unwrap().len(), 1, "{facts}");
        assert_eq!(ending[0]["source"], "customer.crt");
        assert_eq!(ending[0]["label"], "customer");
        assert_eq!(ending[0]["days_left"], 11);
        let day = ending[0]["ends"].as_str().unwrap().split('T').next();
        assert!(
            found.contains(&format!(" on {}, ", day.unwrap())),
            "{found}"
        );
    }
}

#[test]
fn thirty_days_are_soon_enough() {
    for (days, count) in [(1, 1), (30, 1), (31, 0)] {
        let scene = lasting(days);
        let found = warnings(&scene, &format!("{} -r customer.crt", COMMANDS[0]));
        assert_eq!(found.len(), count, "{days}: {found:?}");
    }
}

#[test]
fn a_certificate_that_ends_today_ends_within_a_day() {
    let scene = lasting(1);
    let found = warnings(&scene, &format!("{} -r customer.crt", COMMANDS[0]));
    assert!(found[0].contains(", within a day: "), "{found:?}");
}

#[test]
fn each_certificate_has_its_line() {
    let scene = lasting(12);
    scene.dated_certificate("partner.crt", "partner", 0, 5);
    let found = warnings(
        &scene,
        &format!("{} -r customer.crt -r partner.crt", COMMANDS[0]),
    );
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_party_with_its_next_certificate_is_fine() {
    let scene = lasting(12);
    scene.dated_certificate("next.crt", "customer-2", 0, 400);
    // The same key is renewed as well.
    scene.dated_certificate("renewed.crt", "customer", 0, 400);
    for next in ["next.crt", "renewed.crt"] {
        scene.write(
            "callseal.toml",
            format!(
                "[profiles.acme]\nrecipients = [{{ name = 'customer', certificates = ['customer.crt', '{next}'] }}]"
            ),
        );
        let found = warnings(&scene, &format!("{} --config callseal.toml", COMMANDS[0]));
        assert!(found.is_empty(), "{next}: {found:?}");
    }
    // Without the party, each certificate must be valid.
    let found = warnings(
        &scene,
        &format!("{} -r renewed.crt -r customer.crt", COMMANDS[0]),
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_openpgp_certificate_or_its_subkey_ends_too() {
    let scene = lasting(400);
    scene.gpg("--quick-gen-key whole ed25519 default 12d");
    scene.gpg("--quick-gen-key part ed25519 default never");
    let part = scene.gpg_fingerprint("part");
    scene.gpg(&format!("--quick-add-key {part} cv25519 encr 12d"));
    for name in ["whole", "part"] {
        scene.gpg(&format!(
            "--quick-add-key {} cv25519 encr 12d",
            scene.gpg_fingerprint(name)
        ));
        scene.gpg(&format!("--export --armor --output {name}.asc {name}"));
        let found = warnings(&scene, &format!("{} -r {name}.asc", COMMANDS[0]));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(
            found[0].contains(&format!("“{name}” ({name}.asc)")),
            "{found:?}"
        );
        assert!(found[0].contains(", in 11 days: "), "{found:?}");
    }
}
