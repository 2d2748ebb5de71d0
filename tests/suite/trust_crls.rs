//! Revoked certificates are refused, and so are unusable CRLs.

use std::time::{Duration, SystemTime};

use callseal::keys::{ChainFault, RecipientError, Refusal, Requirements, TrustFault};

use crate::support::{FAR_OFF, Scene, Trust, day};

/// Makes a root, an issuing CA, and two customers of that, `kept` and
/// `revoked`, of which the second is revoked. Every CA has a CRL.
fn with_crls() -> Scene {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.ca("issuing").issued_by("root").make();
    scene.leaf("kept", "issuing").make();
    scene.leaf("revoked", "issuing").make();
    scene.revoke("issuing", "revoked");
    scene.current_crl("root");
    scene.current_crl("issuing");
    scene
}

fn trust<'a>(scene: &'a Scene, crl_files: &[&str]) -> Trust<'a> {
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.with_crls(crl_files)
}

#[test]
fn a_revoked_certificate_is_refused_with_the_date() {
    let before = SystemTime::now();
    let scene = with_crls();
    let after = SystemTime::now();
    let trust = trust(&scene, &["root.crl", "issuing.crl"]);
    trust.accepts("kept.crt", "kept.key");
    let refused = trust.refuses("revoked.crt", &["“revoked” was revoked on"]);
    let Refusal::Revoked { subject, since } = trust.refusal("revoked.crt") else {
        panic!("not revoked");
    };
    assert_eq!(subject, "revoked");
    let since = since.unwrap();
    // The list has whole seconds, of a clock that may be a tick behind.
    assert!(since + Duration::from_secs(2) > before && since <= after);
    let shown = callseal::Timestamp(since).to_string();
    refused.says(shown.split_once('T').unwrap().0);
}

#[test]
fn without_a_crl_file_nothing_counts_as_revoked() {
    let scene = with_crls();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.accepts("revoked.crt", "revoked.key");
}

#[test]
fn a_certificate_below_a_revoked_ca_is_refused() {
    let scene = with_crls();
    scene.revoke("root", "issuing");
    scene.current_crl("root");
    let trust = trust(&scene, &["root.crl", "issuing.crl"]);
    trust.refuses(
        "kept.crt",
        &["“kept”", "issuer", "revoked", "“issuing”", " on 2"],
    );
    let fault = trust.fault("kept.crt");
    let ChainFault::CaRevoked { ca, since: Some(_) } = fault else {
        panic!("{fault:?}");
    };
    assert_eq!(ca, "issuing");
}

#[test]
fn every_ca_of_the_chain_must_have_a_crl() {
    let scene = with_crls();
    for (given, missing) in [("root.crl", "issuing"), ("issuing.crl", "root")] {
        let trust = trust(&scene, &[given]);
        let words = format!("no CRL of “{missing}”");
        trust.refuses("kept.crt", &["“kept”", &words]);
        let fault = ChainFault::NoCrl { ca: missing.into() };
        assert_eq!(trust.fault("kept.crt"), fault);
    }
    // The CRL of another CA doesn't replace it.
    scene.ca("other").make();
    scene.current_crl("other");
    let trust = trust(&scene, &["root.crl", "other.crl"]);
    trust.refuses("kept.crt", &["no CRL of “issuing”"]);
}

#[test]
fn an_expired_crl_is_an_error_even_for_unlisted_certificates() {
    let scene = with_crls();
    for ca in ["root", "issuing"] {
        scene.crl(ca, "2020-01-01", "2021-03-04");
        let trust = trust(&scene, &["root.crl", "issuing.crl"]);
        let words = format!("the CRL of “{ca}” expired on 2021-03-04T00:00:00Z");
        trust.refuses("kept.crt", &["“kept”", &words]);
        let fault = ChainFault::CrlExpired {
            ca: ca.into(),
            since: day("2021-03-04"),
        };
        assert_eq!(trust.fault("kept.crt"), fault);
        scene.current_crl(ca);
    }
}

#[test]
fn a_crl_that_is_not_valid_yet_is_an_error() {
    let scene = with_crls();
    scene.crl("issuing", "9997-05-06", "9998-01-01");
    let trust = trust(&scene, &["root.crl", "issuing.crl"]);
    let words = "the CRL of “issuing” is not valid before 9997-05-06T00:00:00Z";
    trust.refuses("kept.crt", &["“kept”", words]);
    let fault = ChainFault::CrlNotYetValid {
        ca: "issuing".into(),
        until: day("9997-05-06"),
    };
    assert_eq!(trust.fault("kept.crt"), fault);
}

#[test]
fn a_crl_that_the_ca_did_not_sign_is_an_error() {
    let scene = with_crls();
    let signed_by_another = |name: &str| {
        scene.ca(name).called("issuing").make();
        scene.current_crl(name);
        format!("{name}.crl")
    };
    // With the key in its name, and without.
    let forged = signed_by_another("forger");
    let trust = trust(&scene, &["root.crl", &forged]);
    trust.refuses("kept.crt", &["“kept”", "CRL of “issuing”", "unusable"]);
    assert!(matches!(trust.fault("kept.crt"), ChainFault::BadCrl { .. }));
    let config = scene.text("forger.cnf");
    scene.write("forger.cnf", config.replace("crl_extensions", "# "));
    let forged = signed_by_another("forger");
    let trust = self::trust(&scene, &["root.crl", &forged]);
    trust.refuses("kept.crt", &["CRL of “issuing”", "signature failure"]);
    assert!(matches!(trust.fault("kept.crt"), ChainFault::BadCrl { .. }));
    // It hides nothing of the genuine CRL next to it.
    let trust = self::trust(&scene, &["root.crl", &forged, "issuing.crl"]);
    trust.refuses("revoked.crt", &["“revoked”"]);
}

#[test]
fn a_crl_by_a_ca_without_crl_sign_is_an_error() {
    let scene = Scene::new();
    let says = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
    scene.ca("root").saying(says).make();
    scene.leaf("customer", "root").make();
    scene.current_crl("root");
    let trust = scene.trust(&["root.crt"]).with_crls(&["root.crl"]);
    trust.refuses("customer.crt", &["CRL of “root”", "unusable", "key usage"]);
    assert!(matches!(
        trust.fault("customer.crt"),
        ChainFault::BadCrl { .. }
    ));
}

#[test]
fn crls_may_have_the_same_forms_as_bundles() {
    let scene = with_crls();
    let check = |crl_files: &[&str]| {
        let trust = trust(&scene, crl_files);
        trust.accepts("kept.crt", "kept.key");
        trust.refuses("revoked.crt", &["“revoked” was revoked on "]);
    };
    // DER.
    scene.tool("openssl crl -in root.crl -outform DER -out root.der");
    scene.tool("openssl crl -in issuing.crl -outform DER -out issuing.der");
    check(&["root.der", "issuing.der"]);
    check(&["issuing.crl", "root.der"]);
    // Several in one file, in any order, with text between.
    scene.write("note", "-- fetched at noon\n");
    scene.concatenate(&["root.crl", "note", "issuing.crl"], "both.crl");
    check(&["both.crl"]);
    scene.concatenate(&["issuing.crl", "root.crl", "root.crt"], "both.crl");
    check(&["both.crl"]);
    let windows = scene.text("both.crl").replace('\n', "\r\n");
    scene.write("windows.crl", format!("\u{feff}{windows}"));
    check(&["windows.crl"]);
    // A directory.
    scene.write("crls/a.crl", scene.read("root.crl"));
    scene.write("crls/b.der", scene.read("issuing.der"));
    scene.write("crls/README", "no list");
    check(&["crls"]);
}

#[test]
fn the_newest_crl_of_a_ca_counts() {
    let scene = with_crls();
    scene.concatenate(&["issuing.crl"], "older.crl");
    scene.revoke("issuing", "kept");
    scene.crl("issuing", "2021-01-01", FAR_OFF);
    for order in [["older.crl", "issuing.crl"], ["issuing.crl", "older.crl"]] {
        let trust = trust(&scene, &["root.crl", order[0], order[1]]);
        trust.refuses("kept.crt", &["“kept” was revoked on "]);
    }
    // An expired CRL next to a current one is ignored.
    scene.leaf("late", "issuing").make();
    scene.crl("issuing", "2020-01-01", "2020-02-01");
    scene.concatenate(&["issuing.crl"], "expired.crl");
    scene.current_crl("issuing");
    for order in [
        ["expired.crl", "issuing.crl"],
        ["issuing.crl", "expired.crl"],
    ] {
        let trust = trust(&scene, &["root.crl", order[0], order[1]]);
        trust.accepts("late.crt", "late.key");
    }
}

#[test]
fn a_ca_with_a_new_key_may_sign_its_crl_with_it() {
    let scene = with_crls();
    let renewed = scene.ca("renewed").called("issuing");
    renewed.issued_by("root").make();
    let trust = |crl_files: &[&str]| {
        let trust = scene.trust(&["root.crt", "issuing.crt", "renewed.crt"]);
        trust.with_crls(crl_files)
    };
    scene.revoke("renewed", "revoked");
    scene.current_crl("renewed");
    let by_new_key = trust(&["root.crl", "renewed.crl"]);
    by_new_key.accepts("kept.crt", "kept.key");
    by_new_key.refuses("revoked.crt", &["“revoked” was revoked on 2"]);
    // The date is that of the CRL that names it, which needn't be the newest.
    scene.leaf("later", "issuing").make();
    scene.revoke("issuing", "later");
    scene.current_crl("issuing");
    scene.crl("renewed", "2021-01-01", FAR_OFF);
    let by_both = trust(&["root.crl", "issuing.crl", "renewed.crl"]);
    by_both.refuses("later.crt", &["“later” was revoked on 2"]);
    // A certificate with the CA's name that the CA didn't issue can't sign.
    scene.ca("forger").called("issuing").make();
    scene.current_crl("forger");
    let forged = scene
        .trust(&["root.crt", "issuing.crt"])
        .with_crls(&["root.crl", "forger.crl"]);
    scene.concatenate(&["kept.crt", "forger.crt"], "helped.pem");
    forged.refuses("helped.pem", &["CRL of “issuing” is unusable"]);
}

#[cfg(unix)]
#[test]
fn a_file_of_crls_must_have_a_name_that_openssl_accepts() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let scene = with_crls();
    let path = scene.path(OsStr::from_bytes(b"\xff.crl"));
    std::fs::copy(scene.path("root.crl"), &path).unwrap();
    let listed = Requirements::listed(SystemTime::now());
    let crls = std::slice::from_ref(&path);
    let error = listed.with_ca(&[scene.path("root.crt")], crls).unwrap_err();
    match error {
        RecipientError::Trust {
            path: of,
            fault: TrustFault::Name,
        } => assert_eq!(of, path),
        other => panic!("{other}"),
    }
}

#[test]
fn a_file_too_large_for_crls_is_not_read() {
    let scene = with_crls();
    let file = std::fs::File::create(scene.path("huge.crl")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let trust = trust(&scene, &["huge.crl"]);
    trust.packs_nothing(&["kept.crt"], None, &["huge.crl", "larger than 64 MiB"]);
}

#[test]
fn nobody_can_revoke_a_self_signed_certificate_of_the_bundle() {
    let scene = with_crls();
    scene.self_signed("partner").make();
    let trust = || scene.trust(&["root.crt", "issuing.crt", "partner.crt"]);
    let crls = ["root.crl", "issuing.crl"];
    let both = ["kept.crt", "partner.crt"];
    trust().with_crls(&crls).packs(&both, None, "partner.key");
    // Except for itself.
    scene.revoke("partner", "partner");
    scene.current_crl("partner");
    let trust = trust().with_crls(&["root.crl", "partner.crl"]);
    trust.refuses("partner.crt", &["“partner” was revoked on "]);
}

#[test]
fn a_crl_that_openssl_would_skip_is_an_error() {
    let scene = with_crls();
    let indented = scene
        .text("issuing.crl")
        .replace("-----BEGIN", " -----BEGIN");
    scene.write("indented.crl", scene.text("root.crl") + &indented);
    let trust = trust(&scene, &["indented.crl"]);
    trust.packs_nothing(&["kept.crt"], None, &["indented.crl", "indented?"]);
}

#[test]
fn files_without_a_crl_are_named() {
    let scene = with_crls();
    scene.write("empty.crl", "");
    scene.write("text.crl", "none yet\n");
    std::fs::create_dir(scene.path("nothing")).unwrap();
    for file in ["empty.crl", "text.crl", "nothing", "root.crt"] {
        let trust = trust(&scene, &["root.crl", file]);
        let words = [file, "no certificate revocation list"];
        trust.packs_nothing(&["kept.crt"], None, &words);
    }
    let trust = trust(&scene, &["missing.crl"]);
    trust.packs_nothing(&["kept.crt"], None, &["missing.crl", "no such file"]);
    let broken = scene.text("root.crl").replacen("MI", "MJ", 1);
    scene.write("broken.crl", broken);
    let trust = self::trust(&scene, &["issuing.crl", "broken.crl"]);
    trust.packs_nothing(&["kept.crt"], None, &["broken.crl", "can't be decoded"]);
    // In a directory, a truncated copy is not skipped.
    let whole = scene.text("issuing.crl");
    scene.write("crls/a.crl", scene.read("root.crl"));
    scene.write("crls/b.crl", &whole);
    scene.write("crls/cut.crl", &whole[..whole.len() - 30]);
    let trust = self::trust(&scene, &["crls"]);
    trust.packs_nothing(&["kept.crt"], None, &["crls/cut.crl", "has no end"]);
}

#[test]
fn a_recipient_is_not_valid_beyond_its_crl() {
    let scene = with_crls();
    scene.crl("issuing", "2020-01-01", "2070-01-01");
    let trust = trust(&scene, &["root.crl", "issuing.crl"]);
    let at = day("2069-12-31");
    let recipient = trust.verdict("kept.crt", at).unwrap();
    assert_eq!(
        recipient.chain().unwrap().crls_expire,
        Some(day("2070-01-01"))
    );
    assert!(trust.verdict("kept.crt", day("2070-01-02")).is_err());
}

#[test]
fn the_newest_crl_counts_even_if_an_older_one_is_current() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.leaf("leaf", "root").make();
    scene.crl("root", "2020-01-01", FAR_OFF);
    std::fs::rename(scene.path("root.crl"), scene.path("old.crl")).unwrap();
    scene.revoke("root", "leaf");
    // It's out of date by now, but its revocations still count.
    scene.crl("root", "2022-01-01", "2022-02-01");
    for files in [["old.crl", "root.crl"], ["root.crl", "old.crl"]] {
        scene
            .trust(&["root.crt"])
            .with_crls(&files)
            .refuses("leaf.crt", &["“leaf” was revoked on "]);
    }
    // Of two CRLs of the same day, the one that revokes counts.
    scene.crl("root", "2020-01-01", FAR_OFF);
    for files in [["old.crl", "root.crl"], ["root.crl", "old.crl"]] {
        scene
            .trust(&["root.crt"])
            .with_crls(&files)
            .refuses("leaf.crt", &["“leaf” was revoked on "]);
    }
}

#[test]
fn a_file_that_is_only_named_like_a_crl_is_an_error() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.leaf("leaf", "root").make();
    scene.current_crl("root");
    scene.write("crls/root.crl", scene.read("root.crl"));
    scene.write("crls/README", "where the CRLs are");
    let trust = scene.trust(&["root.crt"]).with_crls(&["crls"]);
    trust.accepts("leaf.crt", "leaf.key");
    scene.write("crls/next.crl", "<html>404</html>");
    trust.refuses(
        "crls/next.crl",
        &["it holds no certificate revocation list"],
    );
}
