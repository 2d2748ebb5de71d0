//! Validity depends on the time: yesterday, today and in ten years.

use std::time::{Duration, SystemTime};

use callseal::keys::{ChainFault, Refusal};

use crate::support::{FAR_OFF, LONG_AGO, Scene, Trust, day};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns noon of a day.
fn noon(text: &str) -> SystemTime {
    day(text) + 12 * HOUR
}

#[track_caller]
fn is_valid(trust: &Trust<'_>, file: &str, at: SystemTime) {
    if let Err(refusal) = trust.verdict(file, at) {
        panic!("{file}: {refusal}");
    }
}

/// Returns the text of the refusal at this time.
#[track_caller]
fn refusal(trust: &Trust<'_>, file: &str, at: SystemTime) -> (Refusal, String) {
    let refusal = trust.verdict(file, at).expect_err(file);
    let words = refusal.to_string();
    (refusal, words)
}

/// Makes a root that is always valid, an issuing CA of the 2030s, and a
/// customer of one day: 2032-05-05.
fn of_one_day() -> Scene {
    let scene = Scene::new();
    scene.ca("root").make();
    let issuing = scene.ca("issuing").issued_by("root");
    issuing.valid("2030-01-01", "2040-01-01").make();
    let customer = scene.leaf("customer", "issuing");
    customer.valid("2032-05-05", "2032-05-06").make();
    scene
}

#[test]
fn a_certificate_of_one_day_is_valid_on_that_day() {
    let scene = of_one_day();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    let (yesterday, today, tomorrow) = ("2032-05-04", "2032-05-05", "2032-05-06");
    is_valid(&trust, "customer.crt", noon(today));
    let (early, words) = refusal(&trust, "customer.crt", noon(yesterday));
    assert!(matches!(early, Refusal::NotYetValid { until, .. } if until == day(today)));
    assert_eq!(words, "“customer” is not valid before 2032-05-05T00:00:00Z");
    for late in [noon(tomorrow), noon("2042-05-05")] {
        let (late, words) = refusal(&trust, "customer.crt", late);
        assert!(matches!(late, Refusal::Expired { since, .. } if since == day(tomorrow)));
        assert_eq!(words, "“customer” expired on 2032-05-06T00:00:00Z");
    }
}

#[test]
fn the_first_and_the_last_second_are_valid() {
    let scene = of_one_day();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    let second = Duration::from_secs(1);
    let (first, last) = (day("2032-05-05"), day("2032-05-06"));
    is_valid(&trust, "customer.crt", first);
    is_valid(&trust, "customer.crt", last - second);
    refusal(&trust, "customer.crt", first - second);
    refusal(&trust, "customer.crt", last + second);
}

#[test]
fn an_expired_ca_invalidates_what_it_issued() {
    let scene = of_one_day();
    // It is valid for ten years, its CA for less than eight of these.
    let customer = scene.leaf("decade", "issuing");
    customer.valid("2032-05-05", "2042-05-05").make();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    let at = noon("2032-05-05");
    is_valid(&trust, "decade.crt", at);
    let recipient = trust.verdict("decade.crt", at).unwrap();
    assert_eq!(recipient.expires(), Some(day("2042-05-05")));
    assert_eq!(recipient.usable_until(), Some(day("2040-01-01")));
    is_valid(&trust, "decade.crt", noon("2039-12-31"));
    let (refused, words) = refusal(&trust, "decade.crt", noon("2040-01-01"));
    let expired = ChainFault::CaExpired {
        ca: "issuing".into(),
        since: day("2040-01-01"),
    };
    assert!(matches!(refused, Refusal::Untrusted { fault, .. } if fault == expired));
    assert_eq!(
        words,
        "“decade” has an issuer that expired: “issuing” on 2040-01-01T00:00:00Z"
    );
}

#[test]
fn certificates_of_a_ca_that_is_not_valid_yet_are_refused() {
    let scene = of_one_day();
    let customer = scene.leaf("early", "issuing");
    customer.valid("2029-01-01", "2042-01-01").make();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    let (refused, words) = refusal(&trust, "early.crt", noon("2029-12-31"));
    let early = ChainFault::CaNotYetValid {
        ca: "issuing".into(),
        until: day("2030-01-01"),
    };
    assert!(matches!(refused, Refusal::Untrusted { fault, .. } if fault == early));
    assert_eq!(
        words,
        "“early” has an issuer that is not valid yet: “issuing” before 2030-01-01T00:00:00Z"
    );
    is_valid(&trust, "early.crt", noon("2030-01-01"));
}

#[test]
fn a_root_expires_like_any_ca() {
    let scene = Scene::new();
    scene.ca("root").valid("2020-01-01", "2031-01-01").make();
    scene.leaf("customer", "root").make();
    scene
        .self_signed("partner")
        .valid("2020-01-01", "2031-01-01")
        .make();
    let trust = scene.trust(&["root.crt", "partner.crt"]);
    is_valid(&trust, "customer.crt", noon("2030-12-31"));
    let (_, words) = refusal(&trust, "customer.crt", noon("2031-01-01"));
    assert!(words.contains("“root” on 2031-01-01"), "{words}");
    is_valid(&trust, "partner.crt", noon("2030-12-31"));
    let (_, words) = refusal(&trust, "partner.crt", noon("2031-01-01"));
    assert!(words.contains("“partner” expired on 2031-01-01"), "{words}");
}

#[test]
fn a_crl_has_a_validity_period_too() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.leaf("customer", "root").make();
    scene.crl("root", "2032-05-05", "2032-05-12");
    let trust = scene.trust(&["root.crt"]).with_crls(&["root.crl"]);
    is_valid(&trust, "customer.crt", noon("2032-05-05"));
    is_valid(&trust, "customer.crt", noon("2032-05-11"));
    let (_, words) = refusal(&trust, "customer.crt", noon("2032-05-04"));
    assert!(words.contains("not valid before 2032-05-05"), "{words}");
    let (_, words) = refusal(&trust, "customer.crt", noon("2032-05-12"));
    assert!(words.contains("expired on 2032-05-12"), "{words}");
}

#[test]
fn the_program_uses_the_machine_s_clock() {
    let scene = of_one_day();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    let (file, key) = ("customer.crt", "customer.key");
    trust.accepts_on("2032-05-05 12:00:00", file, key);
    trust.refuses_on(
        "2032-05-04 12:00:00",
        file,
        &["“customer” is not valid before 2032-05-05T00:00:00Z"],
    );
    for late in ["2032-05-06 12:00:00", "2042-05-05 12:00:00"] {
        trust.refuses_on(late, file, &["“customer” expired on 2032-05-06T00:00:00Z"]);
    }
}

#[test]
fn the_program_accepts_tomorrow_what_is_not_valid_today() {
    let scene = Scene::new();
    scene.ca("root").make();
    // Midnight may come while this runs: two days later is safe.
    let first = SystemTime::now() + 48 * HOUR;
    let text = callseal::Timestamp(first).to_string();
    let (first, _) = text.split_once('T').unwrap();
    scene.leaf("customer", "root").valid(first, FAR_OFF).make();
    let trust = scene.trust(&["root.crt"]);
    let words = format!("not valid before {first}");
    trust.refuses("customer.crt", &["“customer”", &words]);
    trust.accepts_on("+3d", "customer.crt", "customer.key");
    trust.refuses_on("-1d", "customer.crt", &["“customer”", &words]);
}

#[test]
fn the_program_refuses_in_ten_years_what_expires_before() {
    let scene = Scene::new();
    scene.ca("root").make();
    let nine_years = 9 * 365 * 24 * HOUR;
    let text = callseal::Timestamp(SystemTime::now() + nine_years).to_string();
    let (end, _) = text.split_once('T').unwrap();
    scene
        .ca("issuing")
        .issued_by("root")
        .valid(LONG_AGO, end)
        .make();
    scene.leaf("customer", "issuing").make();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.accepts("customer.crt", "customer.key");
    let words = ["“customer”", "“issuing”", "expired", end];
    trust.refuses_on("+10y", "customer.crt", &words);
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.accepts_on("+1y", "customer.crt", "customer.key");
}

#[test]
fn the_program_uses_the_clock_for_crls() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.leaf("customer", "root").make();
    scene.crl("root", "2032-05-05", "2032-05-12");
    let trust = scene.trust(&["root.crt"]).with_crls(&["root.crl"]);
    trust.accepts_on("2032-05-06 00:00:00", "customer.crt", "customer.key");
    let words = ["CRL of “root” expired on 2032-05-12T00:00:00Z"];
    trust.refuses_on("2032-05-13 00:00:00", "customer.crt", &words);
}
