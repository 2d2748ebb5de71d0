//! Parties with certificates of several ages.

use crate::support::{Outcome, P256, Scene};

/// Makes a scene with a file to pack, and a config with one profile of these
/// recipients.
fn scene(recipients: &str) -> Scene {
    let scene = Scene::with_a_call();
    configure(&scene, recipients);
    scene
}

fn configure(scene: &Scene, recipients: &str) {
    scene.write(
        "callseal.toml",
        format!("[profiles.acme]\nrecipients = [{recipients}]\n"),
    );
}

const CUSTOMER: &str = r#"{ name = "customer", certificates = ["2025.crt", "2026.crt"] }"#;

fn pack(scene: &Scene) -> Outcome {
    scene
        .line("pack -f -o calls.zip --config callseal.toml calls")
        .outcome()
}

#[track_caller]
fn opens(scene: &Scene, key: &str) {
    scene.ok(&format!("extract -f calls.zip -k {key} -C opened-by-{key}"));
    assert_eq!(
        scene.read(format!("opened-by-{key}/calls/a.txt")),
        b"the first call"
    );
}

#[track_caller]
fn does_not_open(scene: &Scene, key: &str) {
    scene
        .line(&format!("extract calls.zip -k {key} -C not"))
        .exits(4);
}

/// Checks that nothing is packed, with these words in the error.
#[track_caller]
fn is_refused(scene: &Scene, words: &[&str]) {
    let before = scene.names();
    pack(scene).exits(3).complains_with_hint(words);
    assert_eq!(scene.names(), before);
}

#[test]
fn in_the_overlap_the_old_key_and_the_new_key_both_open() {
    let scene = scene(&format!("{CUSTOMER}, \"vendor.crt\""));
    scene.dated_certificate("2025.crt", "old", -300, 365);
    scene.dated_certificate("2026.crt", "new", -1, 365);
    pack(&scene).exits(0);
    for key in ["old.key", "new.key", "vendor.key"] {
        opens(&scene, key);
    }
}

#[test]
fn after_the_overlap_only_the_new_certificate_counts() {
    let scene = scene(CUSTOMER);
    scene.dated_certificate("2025.crt", "old", -400, 365);
    scene.dated_certificate("2026.crt", "new", -40, 365);
    pack(&scene)
        .exits(0)
        .says("note: 2025.crt: “old” expired on ")
        .says("for 1 recipient ");
    opens(&scene, "new.key");
    does_not_open(&scene, "old.key");
}

#[test]
fn before_the_overlap_the_new_certificate_waits() {
    let scene = scene(CUSTOMER);
    scene.dated_certificate("2025.crt", "old", -300, 365);
    scene.dated_certificate("2026.crt", "new", 10, 365);
    pack(&scene)
        .exits(0)
        .says("note: 2026.crt: “new” is not valid before ");
    opens(&scene, "old.key");
    does_not_open(&scene, "new.key");
    // Alone, it would stop everything.
    configure(&scene, "\"2026.crt\"");
    is_refused(&scene, &["2026.crt: “new” is not valid before "]);
}

#[test]
fn without_any_valid_certificate_nothing_is_sealed_for_anybody() {
    let scene = scene(&format!("\"vendor.crt\", {CUSTOMER}"));
    scene.dated_certificate("2025.crt", "old", -400, 365);
    scene.dated_certificate("2026.crt", "new", 10, 365);
    is_refused(
        &scene,
        &[
            "“customer” has no valid certificate: 2025.crt: “old” expired on ",
            "; 2026.crt: “new” is not valid before ",
        ],
    );
}

#[test]
fn a_fault_other_than_expiry_stops_everything() {
    let scene = scene(CUSTOMER);
    scene.dated_certificate("2025.crt", "old", -300, 365);
    scene.write("2026.crt", "-----BEGIN CERTIFICATE-----\nMIIB");
    is_refused(&scene, &["2026.crt: the PEM block is incomplete"]);
    scene.key_pair("weak", "rsa:1024");
    std::fs::rename(scene.path("weak.crt"), scene.path("2026.crt")).unwrap();
    is_refused(&scene, &["2026.crt: “weak” has an RSA key of 1024 bits"]);
    std::fs::remove_file(scene.path("2026.crt")).unwrap();
    is_refused(&scene, &["2026.crt: no such file"]);
    std::fs::copy(scene.path("old.key"), scene.path("2026.crt")).unwrap();
    is_refused(&scene, &["2026.crt: it holds a private key"]);
}

#[test]
fn an_expired_certificate_may_be_too_weak_by_now() {
    let scene = scene(CUSTOMER);
    scene.tool("openssl genrsa -out old.key 1024");
    scene.dated_certificate("2025.crt", "old", -400, 365);
    scene.dated_certificate("2026.crt", "new", -40, 365);
    pack(&scene).exits(0);
}

#[test]
fn a_renewal_takes_one_file_dropped_into_a_directory() {
    let scene = scene(r#"{ name = "customer", certificates = "customer" }, "vendor.crt""#);
    scene.dated_certificate("customer/2025.crt", "old", -300, 365);
    pack(&scene).exits(0);
    scene.dated_certificate("customer/2026.pem", "new", -1, 365);
    // In a directory, only files with a certificate's ending count.
    scene.write("customer/README", "Certificates of the customer.");
    scene.write("customer/.2027.crt", "not yet");
    scene.write("customer/old/2020.crt", "not here");
    pack(&scene).exits(0);
    for key in ["old.key", "new.key", "vendor.key"] {
        opens(&scene, key);
    }
    scene.write("customer/broken.cer", "half a certifi");
    is_refused(&scene, &["customer/broken.cer: "]);
}

#[test]
fn a_directory_or_pattern_without_certificates_is_refused() {
    let scene = scene(r#"{ name = "customer", certificates = "certs" }"#);
    scene.write("certs/README", "none yet");
    is_refused(&scene, &["“customer”: no certificate found at certs"]);
    configure(
        &scene,
        r#"{ name = "customer", certificates = "certs/*.crt" }"#,
    );
    is_refused(&scene, &["“customer”: no certificate found at certs/*.crt"]);
    configure(
        &scene,
        r#"{ name = "customer", certificates = "missing/*.crt" }"#,
    );
    is_refused(&scene, &["missing/: no such file"]);
    configure(&scene, r#"{ name = "customer", certificates = "missing" }"#);
    is_refused(&scene, &["missing: no such file"]);
}

#[test]
fn a_pattern_finds_the_certificates_of_all_years() {
    let scene = scene(r#"{ name = "customer", certificates = ["certs/**/customer-*.crt"] }"#);
    scene.dated_certificate("certs/2025/customer-a.crt", "a", -300, 365);
    scene.dated_certificate("certs/2026/customer-b.crt", "b", -1, 365);
    scene.dated_certificate("certs/2026/other.crt", "c", -1, 365);
    pack(&scene).exits(0).says("for 2 recipients ");
    opens(&scene, "a.key");
    opens(&scene, "b.key");
    does_not_open(&scene, "c.key");
    configure(
        &scene,
        r#"{ name = "customer", certificates = ["certs/*/{customer-b,other}.crt"] }"#,
    );
    pack(&scene).exits(0).says("for 2 recipients ");
    opens(&scene, "c.key");
    configure(
        &scene,
        r#"{ name = "customer", certificates = ["certs/[.crt"] }"#,
    );
    pack(&scene)
        .exits(2)
        .complains_with_hint(&["certs/[.crt: invalid pattern"]);
}

#[test]
fn a_name_with_special_characters_is_still_a_name() {
    let scene = scene(r#"{ name = "customer", certificates = ["a[1].crt", "b*.crt"] }"#);
    scene.dated_certificate("a[1].crt", "a", -1, 365);
    scene.dated_certificate("b*.crt", "b", -1, 365);
    scene.dated_certificate("bc.crt", "c", -1, 365);
    pack(&scene).exits(0).says("for 2 recipients ");
    does_not_open(&scene, "c.key");
}

#[test]
fn a_certificate_that_is_found_twice_counts_once() {
    let scene = scene(r#"{ name = "customer", certificates = ["certs", "certs/*.crt"] }"#);
    scene.dated_certificate("certs/a.crt", "a", -1, 365);
    let outcome = pack(&scene).exits(0).says("for 1 recipient ");
    assert!(!outcome.stderr().contains("note:"), "{outcome}");
    // A renewed certificate over the same key is the same recipient.
    scene.dated_certificate("certs/b.crt", "a", -1, 730);
    pack(&scene)
        .exits(0)
        .says("for 1 recipient ")
        .says("certs/b.crt: the same key as certs/a.crt, counted once");
}

#[test]
fn a_certificate_renewed_over_the_same_key_still_opens_old_archives() {
    let scene = scene("\"2025.crt\"");
    scene.dated_certificate("2025.crt", "customer-ec", -1, 30);
    pack(&scene).exits(0);
    scene.dated_certificate("2026.crt", "customer-ec", -1, 365);
    std::fs::remove_file(scene.path("2025.crt")).unwrap();
    // The key opens it, and the new certificate shows its owner.
    opens(&scene, "customer-ec.key");
    scene
        .ok("list calls.zip -r 2026.crt")
        .prints("customer-ec (2026.crt)");
}

#[test]
fn an_expired_certificate_does_not_keep_its_key_from_opening() {
    let scene = scene("\"2025.crt\"");
    scene.dated_certificate("2025.crt", "customer-ec", -1, 30);
    pack(&scene).exits(0);
    // Its certificate is next to the key, long expired by then.
    std::fs::copy(scene.path("2025.crt"), scene.path("customer-ec.crt")).unwrap();
    scene.tool(&format!(
        "faketime -f +10y {} extract calls.zip -k customer-ec.key -C later",
        crate::support::Run::CALLSEAL
    ));
    assert_eq!(scene.read("later/calls/a.txt"), b"the first call");
}

#[test]
fn tenants_do_not_affect_each_other() {
    let scene = Scene::with_a_call();
    scene.key_pair("other", P256);
    scene.write(
        "callseal.toml",
        r#"
        [profiles.acme]
        recipients = [{ name = "acme", certificates = "customer.crt" }, "vendor.crt"]
        [profiles.zenith]
        recipients = [{ name = "zenith", certificates = "other.crt" }, "vendor.crt"]
        "#,
    );
    for (profile, opens, stays_shut) in [
        ("acme", "customer.key", "other.key"),
        ("zenith", "other.key", "customer.key"),
    ] {
        scene.ok(&format!(
            "pack -f -o calls.zip --config callseal.toml -p {profile} calls"
        ));
        scene.ok(&format!("extract calls.zip -k {opens} -C {profile}"));
        does_not_open(&scene, stays_shut);
    }
    // A fault in one tenant's certificate doesn't affect the other.
    std::fs::remove_file(scene.path("other.crt")).unwrap();
    scene.ok("pack -f -o calls.zip --config callseal.toml -p acme calls");
    scene
        .line("pack -f -o calls.zip --config callseal.toml -p zenith calls")
        .exits(3);
}

#[test]
fn a_fingerprint_selects_the_certificate() {
    let pinned = |digits: &str| {
        format!(
            r#"{{ name = "customer", certificates = "customer.crt", fingerprint = "{digits}" }}"#
        )
    };
    let scene = scene("");
    let key = scene.fingerprint("customer.crt");
    let sha256 = scene.tool("openssl x509 -in customer.crt -noout -fingerprint -sha256");
    let sha256 = sha256.stdout();
    let (_, sha256) = sha256.trim().split_once('=').unwrap();
    for right in [&key, &key.to_lowercase(), sha256] {
        configure(&scene, &pinned(right));
        pack(&scene).exits(0);
    }
    let other = scene.fingerprint("vendor.crt");
    configure(&scene, &pinned(&other));
    is_refused(
        &scene,
        &["customer.crt: “customer” has the fingerprint ", &key],
    );
    // One that isn't among several stops everything, too.
    configure(
        &scene,
        &format!(
            r#"{{ name = "both", certificates = ["customer.crt", "vendor.crt"], fingerprint = "{other}" }}"#
        ),
    );
    is_refused(&scene, &["customer.crt: “customer” has the fingerprint "]);
    configure(
        &scene,
        &format!(
            r#"{{ name = "both", certificates = ["customer.crt", "vendor.crt"], fingerprint = ["{other}", "{key}"] }}"#
        ),
    );
    pack(&scene).exits(0);
}

#[test]
fn a_fingerprint_selects_public_keys_and_openpgp_certificates_too() {
    let scene = scene("");
    scene.tool("openssl pkey -in customer.key -pubout -out public.pem");
    scene.gpg("--quick-gen-key party default default never");
    scene.gpg("--armor --export --output party.asc party");
    let primary = scene.gpg_fingerprint("party");
    let of_key = scene.fingerprint("party.asc");
    assert_ne!(primary, of_key);
    let public = scene.fingerprint("public.pem");
    for (file, right, wrong) in [
        ("public.pem", &public, &of_key),
        ("party.asc", &primary, &public),
        ("party.asc", &of_key, &public),
    ] {
        let pinned = |digits: &str| {
            format!(r#"{{ name = "p", certificates = "{file}", fingerprint = "{digits}" }}"#)
        };
        configure(&scene, &pinned(right));
        pack(&scene).exits(0);
        configure(&scene, &pinned(wrong));
        is_refused(&scene, &[file, "has the fingerprint "]);
    }
}

#[test]
fn a_broken_certificate_of_any_party_stops_everything() {
    let scene = scene(
        r#""customer.crt", "vendor.crt", "third.crt", { name = "fourth", certificates = "fourth" }"#,
    );
    scene.dated_certificate("third.crt", "third", -1, 365);
    scene.dated_certificate("fourth/2026.crt", "fourth", -1, 365);
    scene.dated_certificate("expired", "third", -400, 365);
    scene.dated_certificate("early", "third", 10, 365);
    scene.key_pair("weak", "rsa:1024");
    pack(&scene).exits(0);
    std::fs::remove_file(scene.path("calls.zip")).unwrap();
    for certificate in ["customer.crt", "vendor.crt", "third.crt", "fourth/2026.crt"] {
        let good = scene.read(certificate);
        for (broken, words) in [
            ("expired", "expired on "),
            ("early", "not valid before "),
            ("weak.crt", "1024 bits"),
            ("weak.key", "private key"),
            ("callseal.toml", "not a certificate"),
        ] {
            std::fs::copy(scene.path(broken), scene.path(certificate)).unwrap();
            is_refused(&scene, &[&format!("{certificate}: "), words]);
        }
        std::fs::remove_file(scene.path(certificate)).unwrap();
        is_refused(&scene, &[certificate.split('/').next().unwrap()]);
        scene.write(certificate, good);
    }
    pack(&scene).exits(0);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_only_named_like_a_certificate_stops_everything() {
    let scene = scene(r#"{ name = "customer", certificates = "certs" }"#);
    scene.dated_certificate("certs/2026.crt", "new", -1, 365);
    for certificates in ["certs", "certs/*.crt", "certs/**/*.crt"] {
        configure(
            &scene,
            &format!(r#"{{ name = "customer", certificates = "{certificates}" }}"#),
        );
        pack(&scene).exits(0);
        std::fs::remove_file(scene.path("calls.zip")).unwrap();
        let place = scene.path("certs/2027.crt");
        std::os::unix::fs::symlink("../nowhere.crt", &place).unwrap();
        is_refused(
            &scene,
            &["“customer” can't be read: certs/2027.crt: no such file"],
        );
        std::fs::remove_file(&place).unwrap();
        scene.tool("mkfifo certs/2027.crt");
        is_refused(&scene, &["certs/2027.crt: it isn't a regular file"]);
        std::fs::remove_file(&place).unwrap();
        std::fs::create_dir(&place).unwrap();
        is_refused(&scene, &["certs/2027.crt: is a directory"]);
        std::fs::remove_dir(&place).unwrap();
        // Other files don't matter.
        for name in ["README", ".2027.crt", "2027.crt~"] {
            std::os::unix::fs::symlink("nowhere", scene.path(format!("certs/{name}"))).unwrap();
        }
        pack(&scene).exits(0);
        std::fs::remove_file(scene.path("calls.zip")).unwrap();
        for name in ["README", ".2027.crt", "2027.crt~"] {
            std::fs::remove_file(scene.path(format!("certs/{name}"))).unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn links_to_certificates_and_directories_are_followed() {
    let scene = scene(r#"{ name = "customer", certificates = ["tenants/*/a.crt", "linked"] }"#);
    scene.dated_certificate("real/a.crt", "a", -1, 365);
    scene.dated_certificate("other/b.crt", "b", -1, 365);
    for (target, link) in [
        ("../real", "tenants/acme"),
        ("../other/b.crt", "linked/b.crt"),
    ] {
        std::fs::create_dir_all(scene.path(link).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, scene.path(link)).unwrap();
    }
    pack(&scene).exits(0).says("for 2 recipients ");
    opens(&scene, "a.key");
    opens(&scene, "b.key");
}

#[test]
fn a_renewed_certificate_after_the_old_one_in_a_file_is_refused() {
    let scene = scene("\"customer-ec.crt\"");
    scene.self_signed("old").called("customer").make();
    scene.self_signed("new").called("customer").make();
    scene.self_signed("other").make();
    for (first, second) in [("old", "new"), ("new", "old")] {
        scene.concatenate(
            &[&format!("{first}.crt"), &format!("{second}.crt")],
            "customer-ec.crt",
        );
        is_refused(&scene, &["customer-ec.crt: it holds 2 certificates"]);
    }
    // The same certificate again isn't a successor.
    scene.concatenate(&["old.crt", "old.crt"], "customer-ec.crt");
    pack(&scene).exits(0).says("for 1 recipient ");
    scene.concatenate(&["old.crt", "other.crt"], "customer-ec.crt");
    is_refused(&scene, &["the certificates “customer” and “other”"]);
    // After one in DER, nothing may follow at all.
    scene.tool("openssl x509 -in old.crt -outform DER -out old.der");
    scene.concatenate(&["old.der", "old.der"], "customer-ec.crt");
    is_refused(&scene, &["customer-ec.crt: ", "something follows"]);
}

#[test]
fn an_expired_openpgp_certificate_may_be_too_weak_by_now() {
    let scene = scene(r#"{ name = "customer", certificates = ["2012.asc", "customer.crt"] }"#);
    scene.gpg(
        "--faked-system-time 20110101T000000! --cert-digest-algo SHA1 \
         --quick-gen-key old rsa1024 encr 1y",
    );
    scene.gpg("--armor --export --output 2012.asc old");
    pack(&scene)
        .exits(0)
        .says("note: 2012.asc: “old” expired on 2012-01-01");
    opens(&scene, "customer.key");
}

#[test]
fn a_pattern_is_relative_to_a_config_named_without_a_directory() {
    let scene = scene(r#"{ name = "customer", certificates = ["2*.crt", "**/2*.pem"] }"#);
    scene.dated_certificate("2026.crt", "a", -1, 365);
    scene.dated_certificate("certs/2027.pem", "b", -1, 365);
    for config in ["callseal.toml", "./callseal.toml"] {
        scene
            .ok(&format!("pack -f -o calls.zip --config {config} calls"))
            .says("for 2 recipients ");
    }
}

#[test]
fn a_chain_in_the_wrong_order_is_refused() {
    let scene = scene("\"chain.crt\"");
    scene.make_cas();
    scene.leaf("leaf", "issuing").make();
    for order in [
        ["root.crt", "regional.crt", "issuing.crt", "leaf.crt"],
        ["issuing.crt", "leaf.crt", "regional.crt", "root.crt"],
    ] {
        scene.concatenate(&order, "chain.crt");
        is_refused(&scene, &["chain.crt: “", "” is the CA that issued “"]);
    }
    scene.concatenate(
        &["leaf.crt", "root.crt", "regional.crt", "issuing.crt"],
        "chain.crt",
    );
    pack(&scene).exits(0);
    opens(&scene, "leaf.key");
}
