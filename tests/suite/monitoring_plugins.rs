//! `check` and `verify` as plugins of Nagios and the like.

use crate::support::{Outcome, Scene};

/// Returns the one line of a plugin, and nothing else was printed.
#[track_caller]
fn line(outcome: &Outcome) -> String {
    let text = outcome.stdout();
    assert_eq!(text.lines().count(), 1, "{outcome}");
    assert_eq!(outcome.stderr(), "", "{outcome}");
    text.trim_end().to_owned()
}

fn with_a_profile() -> Scene {
    let scene = Scene::with_a_call();
    let profile = "[profiles.acme]\nrecipients = ['customer.crt', 'vendor.crt']\n";
    scene.write("callseal.toml", profile);
    scene
}

const CHECK: &str = "check --nagios --config callseal.toml";

#[test]
fn check_says_in_how_many_days_a_recipient_is_refused() {
    let scene = with_a_profile();
    scene.dated_certificate("customer.crt", "customer", 0, 90);
    let found = line(&scene.line(CHECK).exits(0));
    assert_eq!(
        found,
        "CHECK OK - 2 recipients, the first is refused in 89 days | 'recipients'=2;;;0 'days'=89;30:;1:;0"
    );
    scene.dated_certificate("customer.crt", "customer", 0, 12);
    let found = line(&scene.line(CHECK).exits(1));
    assert!(
        found
            .starts_with("CHECK WARNING - profile acme: “customer.crt” will be refused in 11 days")
            || found.starts_with(
                "CHECK WARNING - profile acme: customer.crt will be refused in 11 days"
            ),
        "{found}"
    );
    assert!(
        found.ends_with(" | 'recipients'=2;;;0 'days'=11;30:;1:;0"),
        "{found}"
    );
    scene.expired_certificate("vendor");
    let found = line(&scene.line(CHECK).exits(2));
    assert!(found.starts_with("CHECK CRITICAL - "), "{found}");
    assert!(found.contains("vendor.crt"), "{found}");
    assert!(found.contains("'days'=0;"), "{found}");
}

#[test]
fn verify_says_what_holds_and_what_does_not() {
    let scene = with_a_profile();
    scene.ok("pack -o calls.zip -r customer.crt calls");
    let found = line(&scene.line("verify calls.zip --nagios").exits(0));
    assert!(
        found.starts_with("VERIFY OK - calls.zip: sound (1 entry, "),
        "{found}"
    );
    assert!(
        found.contains(" | 'archives'=1;;;0 'failed'=0;;0;0 'entries'=1;;;0 'bytes'="),
        "{found}"
    );
    let mut archive = scene.read("calls.zip");
    archive[200] ^= 1;
    scene.write("bad.zip", archive);
    let found = line(&scene.line("verify calls.zip bad.zip --nagios").exits(2));
    assert!(found.starts_with("VERIFY CRITICAL - "), "{found}");
    assert!(found.contains("bad.zip"), "{found}");
    assert!(
        found.contains("'archives'=2;;;0 'failed'=1;;0;0"),
        "{found}"
    );
    let found = line(&scene.line("verify calls.zip calls.zip --nagios").exits(0));
    assert!(
        found.starts_with("VERIFY OK - 2 archives are as they should be | "),
        "{found}"
    );
}

#[test]
fn what_can_t_be_found_out_is_unknown() {
    let scene = with_a_profile();
    let found = line(&scene.line("check --nagios --config missing.toml").exits(3));
    assert!(
        found.starts_with("CHECK UNKNOWN - missing.toml: "),
        "{found}"
    );
    let found = line(&scene.line(&format!("{CHECK} -p others")).exits(3));
    assert!(found.starts_with("CHECK UNKNOWN - "), "{found}");
    for line in ["verify --nagios", "check --nagios --warn-days many"] {
        let outcome = scene.line(line).exits(3);
        assert!(
            outcome.stdout().starts_with("CALLSEAL UNKNOWN - "),
            "{outcome}"
        );
    }
    let outcome = scene.line(&format!("{CHECK} --json")).exits(3);
    assert!(
        outcome
            .stdout()
            .starts_with("CHECK UNKNOWN - --nagios and --json can't be used together"),
        "{outcome}"
    );
}
