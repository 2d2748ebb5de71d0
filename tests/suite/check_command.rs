//! `callseal check`: recipients that are refused today or soon.

use std::time::{Duration, SystemTime};

use crate::support::{FAR_OFF, LONG_AGO, Outcome, P256, Scene, in_hours};
use serde_json::Value;

fn scene(profiles: &str) -> Scene {
    let scene = Scene::with_parties();
    scene.write("callseal.toml", profiles);
    scene
}

fn check(scene: &Scene, arguments: &str) -> Outcome {
    scene
        .line(&format!("check --config callseal.toml {arguments}"))
        .outcome()
}

/// Returns the check's JSON of a party.
fn party(outcome: &Outcome, profile: &str, number: usize) -> Value {
    outcome.json()["profiles"][profile]["parties"][number].take()
}

/// Returns the date this many days from now, as `YYYY-MM-DD`. If the day may
/// change during the test, use `in_hours`.
fn in_days(days: i64) -> String {
    let distance = Duration::from_secs(days.unsigned_abs() * 24 * 60 * 60);
    let now = SystemTime::now();
    let then = if days < 0 {
        now - distance
    } else {
        now + distance
    };
    let shown = callseal::Timestamp(then).to_string();
    shown.split_once('T').unwrap().0.to_owned()
}

#[test]
fn all_is_well() {
    let scene = scene("[profiles.acme]\nrecipients = ['customer.crt', 'vendor.crt']");
    let outcome = check(&scene, "").exits(0);
    assert_eq!(outcome.stderr(), "", "{outcome}");
    let fingerprint = scene.fingerprint("customer.crt");
    outcome
        .prints("profile acme (trust: listed)")
        .prints("customer.crt: good, 36")
        .prints("X.509 certificate, ECDH NIST P-256, 36")
        .prints(&fingerprint);
    let outcome = check(&scene, "--json").exits(0);
    let customer = party(&outcome, "acme", 0);
    assert_eq!(customer["state"], "good");
    assert!(customer["days_left"].as_u64().unwrap() >= 364);
    let key = &customer["certificates"][0]["keys"][0];
    assert_eq!(key["fingerprint"], fingerprint.as_str());
    assert_eq!(key["algorithm"], "ECDH NIST P-256");
    assert_eq!(key["days_left"], customer["days_left"]);
    assert_eq!(key["chain"], Value::Null);
    assert_eq!(outcome.json()["failures"], Value::Array(vec![]));
}

#[test]
fn a_recipient_that_would_be_refused_is_status_3_and_named() {
    let scene = scene("[profiles.acme]\nrecipients = ['old.crt', 'gone.crt', 'vendor.crt']");
    scene.dated_certificate("old.crt", "old", -40, 30);
    check(&scene, "")
        .exits(3)
        .complains_with_hint(&["old.crt: “old” expired on "])
        .complains_with_hint(&["gone.crt: no such file"])
        .prints("old.crt: refused")
        .prints("vendor.crt: good");
    let outcome = check(&scene, "--json").exits(3);
    let old = party(&outcome, "acme", 0);
    assert_eq!(old["state"], "refused");
    assert_eq!(old["days_left"], 0);
    assert!(old["why"].as_str().unwrap().contains("expired on"));
    assert_eq!(outcome.json()["failures"].as_array().unwrap().len(), 2);
}

#[test]
fn a_certificate_that_expires_soon_is_a_warning_and_status_6() {
    let scene = scene("[profiles.acme]\nrecipients = ['soon.crt', 'vendor.crt']");
    scene.dated_certificate("soon.crt", "soon", -1, 21);
    let outcome = check(&scene, "")
        .exits(6)
        .says("warning: profile acme: soon.crt will be refused in 19 days, from ")
        .says("soon.crt: “soon” expires on ")
        .says("hint: ")
        .prints("soon.crt: warning, 19 days left")
        .prints("vendor.crt: good");
    assert!(!outcome.stderr().contains("error:"), "{outcome}");
    // The warning covers the given number of days.
    check(&scene, "--warn-days 19").exits(0);
    check(&scene, "--warn-days 20").exits(6);
    check(&scene, "--warn-days 0").exits(0);
    check(&scene, "--warn-days 1000")
        .exits(6)
        .says("vendor.crt");
    check(&scene, "--warn-days 4294967295").exits(6);
    check(&scene, "--warn-days -1").exits(2);
    let outcome = check(&scene, "--json").exits(6);
    assert_eq!(party(&outcome, "acme", 0)["state"], "warning");
    let warnings = &outcome.json()["warnings"];
    assert!(
        warnings[0]["warning"]
            .as_str()
            .unwrap()
            .contains("soon.crt")
    );
}

#[test]
fn a_refusal_outweighs_a_warning() {
    let scene = scene("[profiles.acme]\nrecipients = ['gone.crt', 'soon.crt']");
    scene.dated_certificate("soon.crt", "soon", -1, 21);
    check(&scene, "").exits(3).says("warning: ").says("error: ");
}

#[test]
fn it_answers_for_another_day() {
    let scene = scene("[profiles.acme]\nrecipients = ['vendor.crt']");
    for (days, status) in [
        (1, 0),
        (300, 0),
        (340, 6),
        (364, 6),
        (366, 3),
        (3650, 3),
        (-1, 3),
    ] {
        let day = in_days(days);
        let outcome = check(&scene, &format!("--at {day}"));
        assert_eq!(outcome.status(), Some(status), "{day}\n{outcome}");
    }
    check(&scene, &format!("--at {}", in_days(-2)))
        .exits(3)
        .complains_with_hint(&["vendor.crt: “vendor” is not valid before "])
        .says("hint: use the certificate that is valid then\n");
    let outcome = check(&scene, "--json --at 9000-12-24T18:30:00Z").exits(3);
    assert_eq!(outcome.json()["at"], "9000-12-24T18:30:00Z");
    check(&scene, "--at christmas").exits(2).says("2026-12-24");
}

#[test]
fn its_answer_for_another_day_matches_packing_on_that_day() {
    let scene = scene("[profiles.acme]\nrecipients = ['old.crt', 'new.crt']");
    scene.dated_certificate("old.crt", "old", -1, 100);
    scene.dated_certificate("new.crt", "new", 50, 365);
    scene.write("call.wav", "said");
    for (days, status) in [(0, 3), (49, 3), (60, 0), (90, 0), (100, 3), (3650, 3)] {
        let day = in_days(days);
        let said = check(&scene, &format!("--warn-days 0 --at {day}"));
        assert_eq!(said.status(), Some(status), "{day}\n{said}");
        let pack = format!(
            "faketime {day} {} pack -f --config callseal.toml -o calls.zip call.wav",
            crate::support::Run::CALLSEAL
        );
        let done = scene.tool_line(&pack).outcome();
        assert_eq!(done.status(), Some(status), "{day}\n{done}");
    }
}

#[test]
fn a_renewal_in_time_needs_no_warning() {
    let scene =
        scene("[profiles.acme]\nrecipients = [{ name = 'customer', certificates = 'certs' }]");
    scene.dated_certificate("certs/2025.crt", "old", -300, 310);
    check(&scene, "")
        .exits(6)
        .prints("customer: warning, 9 days left");
    scene.dated_certificate("certs/2026.crt", "new", 5, 365);
    check(&scene, "")
        .exits(0)
        .prints("customer: good, 369 days left")
        .prints("certs/2026.crt: not valid: “new” is not valid before ");
    // With a gap between the two, it does.
    scene.dated_certificate("certs/2026.crt", "new", 15, 365);
    check(&scene, "")
        .exits(6)
        .prints("customer: warning, 9 days left")
        .says("“customer” has no valid certificate: ");
}

#[test]
fn a_successor_that_will_be_refused_is_a_warning_before_its_time() {
    let scene = scene(
        "min-rsa-bits = 3072\n[profiles.acme]\nrecipients = [{ name = 'customer', certificates = 'certs' }]",
    );
    scene.dated_certificate("certs/2025.crt", "old", -1, 365);
    scene.rsa_key("new.key", 2048);
    scene.dated_certificate("certs/2026.crt", "new", 5, 365);
    check(&scene, "")
        .exits(6)
        .says("refused in 4 days, from ")
        .says("certs/2026.crt: “new” has an RSA key of 2048 bits, and at least 3072 ");
}

#[test]
fn a_public_key_does_not_expire() {
    let scene = scene("[profiles.acme]\nrecipients = ['public.pem']");
    scene.tool("openssl pkey -in customer.key -pubout -out public.pem");
    check(&scene, "--warn-days 100000 --at 2200-01-01")
        .exits(0)
        .prints("public.pem: good, no expiry date")
        .prints("public key, ECDH NIST P-256, no expiry date");
}

#[test]
fn openpgp_certificates_are_watched_too() {
    let scene = scene("[profiles.acme]\nrecipients = ['party.asc']");
    scene.gpg("--quick-gen-key party future-default default 20d");
    scene.gpg("--armor --export --output party.asc party");
    check(&scene, "--warn-days 10").exits(0);
    check(&scene, "")
        .exits(6)
        .says("party.asc: “party” expires on ");
    check(&scene, &format!("--at {}", in_days(21)))
        .exits(3)
        .complains_with_hint(&["party.asc: “party” expired on "]);
}

#[test]
fn one_profile_is_checked_or_all_of_them() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['vendor.crt']\n[profiles.zenith]\nrecipients = ['gone.crt']",
    );
    check(&scene, "").exits(3).prints("acme").prints("zenith");
    let outcome = check(&scene, "-p acme").exits(0);
    assert!(!outcome.stdout().contains("zenith"), "{outcome}");
    check(&scene, "-p zenith").exits(3);
    check(&scene, "-p nobody")
        .exits(2)
        .complains_with_hint(&["nobody"]);
    scene.write("callseal.toml", "keys = []");
    check(&scene, "")
        .exits(2)
        .complains_with_hint(&["has no profiles"]);
    scene
        .line("check")
        .exits(2)
        .complains_with_hint(&["no config is given"]);
}

#[test]
fn the_platforms_own_config_is_checked_as_well() {
    let scene = Scene::with_parties();
    scene.write(
        "client_property.conf",
        "LOGGING_ENCRYPTION_KEY = customer.crt,vendor.crt\n",
    );
    scene
        .ok("check --config client_property.conf")
        .prints("profile client_property (trust: listed)");
    std::fs::remove_file(scene.path("vendor.crt")).unwrap();
    scene.line("check --config client_property.conf").exits(3);
}

#[test]
fn it_shows_the_chain_and_warns_of_a_ca_that_expires_before_the_certificate() {
    let scene =
        scene("[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'ca.crt'");
    scene.dated_certificate("ca.crt", "ca", -1, 21);
    scene.key_pair("leaf", P256);
    scene.tool("openssl req -new -key leaf.key -subj /CN=leaf -out leaf.csr");
    scene.tool("openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out leaf.crt");
    let outcome = check(&scene, "")
        .exits(6)
        .prints("profile acme (trust: ca)")
        .prints("chains to “ca”")
        .prints("leaf.crt: warning, 19 days left")
        .prints("ECDH NIST P-256, 36")
        .says("leaf.crt: “leaf” was issued by “ca”, which expires on ");
    drop(outcome);
    let json = check(&scene, "--json").exits(6);
    let chain = party(&json, "acme", 0)["certificates"][0]["keys"][0]["chain"].take();
    assert_eq!(chain["issuers"][0]["subject"], "ca");
    std::fs::remove_file(scene.path("ca.crt")).unwrap();
    check(&scene, "")
        .exits(3)
        .prints("refused: ca.crt: no such file")
        .complains_with_hint(&["ca.crt: no such file"]);
}

#[test]
fn a_revoked_certificate_does_not_count_as_a_successor() {
    let scene = scene(
        "[profiles.acme]\nrecipients = [{ name = 'customer', certificates = ['old.crt', 'new.crt'] }]\n\
         trust = 'ca'\nca-file = 'root.crt'\ncrl-file = 'root.crl'",
    );
    scene.ca("root").make();
    scene.leaf("old", "root").make();
    let end = in_hours(10 * 24 + 12);
    scene.leaf("new", "root").valid(LONG_AGO, &end).make();
    scene.current_crl("root");
    check(&scene, "").exits(0);
    scene.revoke("root", "old");
    scene.current_crl("root");
    check(&scene, "")
        .exits(6)
        .prints("old.crt: not valid: “old” was revoked on ")
        .prints("new.crt: new")
        .says("profile acme: customer will be refused in 10 days, from ")
        .says("new.crt: “new” expired on ");
}

#[test]
fn a_certificate_without_expiry_is_always_good() {
    // RFC 5280, section 4.1.2.5, has this date for it.
    let scene = scene("[profiles.acme]\nrecipients = ['endless.crt']");
    scene
        .self_signed("endless")
        .valid("2020-01-01", "99991231235959Z")
        .make();
    check(&scene, "--warn-days 4294967295")
        .exits(0)
        .prints("endless.crt: good, no expiry date")
        .prints("ECDH NIST P-256, no expiry date");
    check(&scene, "--at 9999-12-31T23:59:59Z").exits(0);
    scene.ok("inspect endless.crt");
    // A second earlier is an expiry date, whose days can be counted.
    scene
        .self_signed("last")
        .valid("2020-01-01", "99991231235958Z")
        .make();
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = ['last.crt']",
    );
    check(&scene, "")
        .exits(0)
        .prints("until 9999-12-31T23:59:58Z");
    check(&scene, "--at 9999-12-31T23:59:58Z")
        .exits(6)
        .says("will be refused in 0 days, from 9999-12-31T23:59:59Z on");
}

#[test]
fn with_a_ca_without_expiry_the_certificate_s_own_date_counts() {
    let scene =
        scene("[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'root.crt'");
    scene
        .ca("root")
        .valid("2020-01-01", "99991231235959Z")
        .make();
    scene
        .leaf("leaf", "root")
        .valid("2020-01-01", "99991231235959Z")
        .make();
    check(&scene, "")
        .exits(0)
        .prints("leaf.crt: good, no expiry date");
}

#[test]
fn a_crl_that_expires_soon_is_a_warning() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'root.crt'\n\
         crl-file = 'root.crl'",
    );
    scene.ca("root").make();
    scene.leaf("leaf", "root").make();
    scene.crl("root", LONG_AGO, &in_hours(3 * 24 + 12));
    check(&scene, "").exits(0);
    scene.crl("root", LONG_AGO, &in_hours(12));
    check(&scene, "")
        .exits(6)
        .says("warning: profile acme: leaf.crt will be refused from ")
        .says(" on, when a CRL of its CAs expires")
        .prints("leaf.crt: warning, 0 days left")
        .says("hint: get the CA's next CRL in time");
    scene.crl("root", LONG_AGO, &in_hours(-12));
    check(&scene, "").exits(3);
}

#[test]
fn a_crl_that_expires_soon_is_a_warning_whatever_other_crls_there_are() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'cas.crt'\n\
         crl-file = 'crls'",
    );
    scene.ca("root").make();
    scene.ca("renewed").called("root").make();
    scene.leaf("leaf", "root").make();
    scene.concatenate(&["root.crt", "renewed.crt"], "cas.crt");
    let warns = |crls: [&str; 2]| {
        scene.concatenate(&crls, "crls");
        check(&scene, "")
            .exits(6)
            .says("leaf.crt will be refused from ")
            .says("when a CRL of its CAs expires")
    };
    scene.crl("root", LONG_AGO, &in_hours(12));
    scene.tool("cp root.crl now.crl");
    // That of the CA's other key.
    scene.current_crl("renewed");
    warns(["now.crl", "renewed.crl"]);
    // One issued ahead, with a gap.
    scene.crl("root", &in_hours(36), FAR_OFF);
    warns(["now.crl", "root.crl"]);
    // Without a gap nothing is refused.
    scene.crl("root", &in_hours(11), FAR_OFF);
    scene.concatenate(&["now.crl", "root.crl"], "crls");
    check(&scene, "").exits(0);
    // The one that has expired is named, not the one to come.
    scene.crl("root", LONG_AGO, "2021-03-04");
    scene.tool("cp root.crl old.crl");
    scene.concatenate(&["old.crl", "renewed.crl"], "crls");
    check(&scene, "")
        .exits(3)
        .says("the CRL of “root” expired on 2021-03-04");
}

#[test]
fn a_crl_by_the_new_key_of_a_ca_that_expires_soon_is_a_warning() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'cas.crt'\n\
         crl-file = 'crls'",
    );
    scene.ca("root").make();
    scene.ca("issuing").issued_by("root").make();
    let renewed = scene.ca("renewed").called("issuing");
    renewed.issued_by("root").make();
    scene.leaf("leaf", "issuing").make();
    scene.concatenate(&["root.crt", "issuing.crt"], "both.crt");
    scene.concatenate(&["both.crt", "renewed.crt"], "cas.crt");
    scene.current_crl("root");
    scene.crl("renewed", LONG_AGO, &in_hours(12));
    scene.concatenate(&["root.crl", "renewed.crl"], "crls");
    check(&scene, "")
        .exits(6)
        .says("leaf.crt will be refused from ");
}

#[test]
fn the_reason_of_a_refusal_to_come_is_the_first_one() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'root.crt'\n\
         crl-file = 'root.crl'",
    );
    scene.ca("root").make();
    scene
        .leaf("leaf", "root")
        .valid(LONG_AGO, &in_hours(20 * 24))
        .make();
    scene.crl("root", LONG_AGO, &in_hours(12));
    let told = check(&scene, "--json").exits(6).stdout();
    assert!(
        told.contains("\"refused_with\": \"a CRL of its CAs expires on "),
        "{told}"
    );
}

#[test]
fn another_day_is_judged_by_the_revocations_of_today() {
    let scene = scene(
        "[profiles.acme]\nrecipients = ['leaf.crt']\ntrust = 'ca'\nca-file = 'root.crt'\n\
         crl-file = 'root.crl'",
    );
    scene.ca("root").make();
    scene.leaf("leaf", "root").make();
    let soon = in_hours(7 * 24);
    scene.crl("root", LONG_AGO, &soon);
    let christmas = format!("--at {}", in_days(60));
    check(&scene, &christmas)
        .exits(0)
        .prints("leaf.crt: good")
        .prints("(newer ones are needed by then)");
    scene.revoke("root", "leaf");
    scene.crl("root", LONG_AGO, &soon);
    check(&scene, &christmas)
        .exits(3)
        .complains_with_hint(&["leaf.crt: “leaf” was revoked on "]);
    // A CRL that is out of date today answers for no other day.
    scene.crl("root", LONG_AGO, &in_hours(-12));
    check(&scene, &christmas)
        .exits(3)
        .complains_with_hint(&["the CRL of “root” expired on "]);
}

#[test]
fn a_refused_recipient_outweighs_a_mistake_in_the_config() {
    for (a, b) in [
        ("'old.crt'", "{ name = 'b', certificates = '[' }"),
        ("{ name = 'b', certificates = '[' }", "'old.crt'"),
    ] {
        let scene = scene(&format!(
            "[profiles.a]\nrecipients = [{a}]\n[profiles.b]\nrecipients = [{b}]"
        ));
        scene.dated_certificate("old.crt", "old", -40, 30);
        for command in ["check", "config check"] {
            scene
                .line(&format!("{command} --config callseal.toml"))
                .exits(3)
                .says(": profile a: ")
                .says(": profile b: ");
        }
    }
}

#[test]
fn many_certificates_of_one_party_are_checked_quickly() {
    let scene = scene("[profiles.acme]\nrecipients = [{ name = 'all', certificates = 'all' }]");
    for n in 0..40 {
        let begins = if n < 30 { -1 } else { n };
        scene.dated_certificate(&format!("all/{n}.crt"), "one", begins, 100 + n as u32);
    }
    let outcome = check(&scene, "--json").exits(0);
    let found = party(&outcome, "acme", 0);
    assert_eq!(found["certificates"].as_array().unwrap().len(), 40);
    assert_eq!(found["days_left"], 39 + 139 - 1);
}

#[test]
fn a_refused_certificate_is_described_as_far_as_it_can_be_read() {
    let scene = scene("[profiles.acme]\nrecipients = ['old.crt']");
    scene.dated_certificate("old.crt", "old", -40, 30);
    let outcome = check(&scene, "--json").exits(3);
    let certificate = party(&outcome, "acme", 0)["certificates"][0].take();
    assert_eq!(certificate["state"], "not_valid");
    assert_eq!(certificate["keys"][0]["label"], "old");
    assert!(certificate["keys"][0]["expires"].is_string());
}

#[test]
fn quiet_shows_nothing_if_all_is_well() {
    let scene = scene("[profiles.acme]\nrecipients = ['customer.crt']");
    for command in ["check", "config check"] {
        scene
            .line(&format!("{command} -q --config callseal.toml"))
            .exits(0)
            .stays_silent();
    }
    std::fs::remove_file(scene.path("customer.crt")).unwrap();
    for command in ["check", "config check"] {
        scene
            .line(&format!("{command} -q --config callseal.toml"))
            .exits(3)
            .complains_with_hint(&["customer.crt"]);
    }
}

#[test]
fn recipients_that_cannot_be_in_one_message_are_refused() {
    let scene =
        scene("format = 'rfc9580'\n[profiles.acme]\nrecipients = ['customer.crt', 'party.asc']");
    scene.gpg("--quick-gen-key party default default never");
    scene.gpg("--armor --export --output party.asc party");
    check(&scene, "")
        .exits(3)
        .prints("party.asc: good")
        .complains_with_hint(&["profile acme: party.asc: “party” can't read rfc9580 messages"]);
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = ['customer.crt', 'party.asc']",
    );
    check(&scene, "").exits(0);
}
