//! Profiles with trusted CAs: parties of all kinds together, parties without a
//! CA, and separate tenants.

use std::time::SystemTime;

use callseal::keys::{Party, Refusal};

use crate::support::Scene;

/// Makes a scene with a root, two levels of intermediates, and the certificate
/// of a customer below them.
fn with_a_customer() -> Scene {
    let scene = Scene::new();
    scene.make_cas();
    scene.leaf("customer", "issuing").make();
    scene
}

#[test]
fn nobody_vouches_for_a_public_key() {
    let scene = with_a_customer();
    scene.tool("openssl pkey -in customer.key -pubout -out customer.pub");
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("customer.pub", &["public key", "no CA"]);
    assert!(matches!(trust.refusal("customer.pub"), Refusal::BareKey));
}

#[test]
fn an_openpgp_certificate_is_accepted_only_by_its_fingerprint() {
    let scene = with_a_customer();
    scene.gpg("--quick-gen-key vendor future-default default never");
    scene.gpg("--export --output vendor.pgp vendor");
    scene.gpg("--export-secret-keys --output vendor.key vendor");
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("vendor.pgp", &["“vendor”", "OpenPGP", "no CA"]);
    let requirements = trust.requirements(SystemTime::now()).unwrap();
    let party = Party::with_certificate(scene.path("vendor.pgp"));
    let examined = party.examine(&requirements).unwrap().pop().unwrap();
    assert!(matches!(examined.verdict, Err(Refusal::NotPinned { .. })));

    let entry = |fingerprint: &str| {
        format!(
            "{{ name = \"v\", certificates = \"vendor.pgp\", fingerprint = \"{fingerprint}\" }}"
        )
    };
    let pinned = entry(&scene.gpg_fingerprint("vendor"));
    trust.packs(&[&pinned], None, "vendor.key");
    let other = entry(&"AB".repeat(20));
    let words = ["vendor.pgp", "“vendor”", "fingerprint", "not the one"];
    trust.packs_nothing(&[&other], None, &words);
}

#[test]
fn an_x509_certificate_with_a_fingerprint_still_needs_its_chain() {
    let scene = with_a_customer();
    let entry = |fingerprint: &str| {
        format!(
            "{{ name = \"c\", certificates = \"customer.crt\", fingerprint = \"{fingerprint}\" }}"
        )
    };
    let right = entry(&scene.fingerprint("customer.crt"));
    let wrong = entry(&"AB".repeat(20));
    let trust = scene.trust(&["root.crt", "regional.crt", "issuing.crt"]);
    trust.packs(&[&right], None, "customer.key");
    let words = ["customer.crt", "“customer”", "fingerprint", "not the one"];
    trust.packs_nothing(&[&wrong], None, &words);
    // The right one replaces no CA.
    let trust = scene.trust(&["root.crt"]);
    trust.packs_nothing(&[&right], None, &["customer.crt", "“issuing”"]);
}

#[test]
fn any_untrusted_recipient_of_four_stops_the_whole_pack() {
    let scene = with_a_customer();
    for name in ["alpha", "beta", "gamma", "delta"] {
        scene.leaf(name, "issuing").make();
    }
    scene
        .leaf("expired", "issuing")
        .valid("2018-01-01", "2020-01-01")
        .make();
    scene
        .leaf("future", "issuing")
        .valid("9997-01-01", "9998-01-01")
        .make();
    scene.leaf("revoked", "issuing").make();
    scene.revoke("issuing", "revoked");
    for ca in ["root", "regional", "issuing"] {
        scene.current_crl(ca);
    }
    scene.self_signed("stranger").make();
    scene.leaf("small", "issuing").with_key("rsa:1024").make();
    scene.leaf("sha1", "issuing").signed_with("sha1").make();
    scene
        .leaf("signer", "issuing")
        .saying("keyUsage=digitalSignature")
        .make();
    let trust = scene
        .trust(&["root.crt", "regional.crt", "issuing.crt"])
        .with_crls(&["root.crl", "regional.crl", "issuing.crl"]);
    for broken in 0..4 {
        for (file, words) in [
            ("expired.crt", "expired on 2020-01-01"),
            ("future.crt", "not valid before 9997-01-01"),
            ("revoked.crt", "was revoked on 2"),
            ("stranger.crt", "self-signed"),
            ("small.crt", "1024"),
            ("sha1.crt", "SHA1"),
            ("signer.crt", "keyAgreement"),
            ("missing.crt", "no such file"),
        ] {
            let mut list = ["alpha.crt", "beta.crt", "gamma.crt", "delta.crt"];
            list[broken] = file;
            let refused = trust.packs_nothing(&list, None, &[file, words]);
            for good in list.iter().filter(|name| **name != file) {
                assert!(!refused.stderr().contains(good), "{refused}");
            }
        }
    }
    trust.packs(
        &["alpha.crt", "beta.crt", "gamma.crt", "delta.crt"],
        None,
        "delta.key",
    );
}

#[test]
fn each_tenant_trusts_only_its_own_cas() {
    let scene = Scene::new();
    for tenant in ["red", "blue"] {
        scene.ca(&format!("{tenant}-ca")).make();
        scene.leaf(tenant, &format!("{tenant}-ca")).make();
    }
    let profile = |name: &str, recipient: &str, ca: &str| {
        format!(
            "[profiles.{name}]\nrecipients = [\"{recipient}.crt\"]\ntrust = \"ca\"\n\
             ca-file = \"{ca}-ca.crt\"\n"
        )
    };
    let profiles = [
        profile("red", "red", "red"),
        profile("blue", "blue", "blue"),
        profile("mixed", "red", "blue"),
    ];
    let listed = "[profiles.listed]\nrecipients = [\"red.crt\", \"blue.crt\"]\n";
    scene.write("callseal.toml", profiles.concat() + listed);
    scene.write("call.wav", "said");
    for (profile, key) in [("red", "red"), ("blue", "blue"), ("listed", "blue")] {
        let zip = format!("{profile}.zip");
        scene.ok(&format!(
            "pack --config callseal.toml -p {profile} call.wav -o {zip}"
        ));
        let opened = scene.ok(&format!("cat -k {key}.key {zip} call.wav"));
        assert_eq!(opened.output.stdout, b"said");
    }
    let pack = "pack --config callseal.toml call.wav -o mixed.zip";
    for line in [
        format!("{pack} -p mixed"),
        // The rules of a profile apply to added recipients.
        format!("{pack} -p red -r blue.crt"),
        format!("{pack} -p blue -r red.crt"),
    ] {
        let refused = scene.line(&line).exits(3);
        refused.complains_with_hint(&[".crt", "does not chain to a CA", "-ca”"]);
        assert!(!scene.exists("mixed.zip"));
    }
}

#[test]
fn the_certificate_of_a_ca_among_those_of_a_party_is_refused() {
    let scene = Scene::new();
    // As `openssl req -x509` makes it: without any keyUsage.
    scene
        .ca("root")
        .saying("basicConstraints=critical,CA:TRUE")
        .make();
    scene.ca("issuing").issued_by("root").make();
    scene.leaf("leaf", "issuing").make();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.accepts("leaf.crt", "leaf.key");
    trust.refuses(
        "root.crt",
        &["root.crt: “root” is the CA that issued “issuing”"],
    );
}

#[test]
fn a_root_among_the_certificates_of_a_party_is_refused() {
    let scene = Scene::new();
    scene
        .ca("root")
        .saying("basicConstraints=critical,CA:TRUE")
        .make();
    scene.leaf("leaf", "root").make();
    scene.self_signed("own").make();
    scene.write("certs/leaf.crt", scene.read("leaf.crt"));
    scene.concatenate(&["root.crt", "own.crt"], "bundle.pem");
    scene.write(
        "callseal.toml",
        "[profiles.a]\nrecipients = [{ name = 'a', certificates = 'certs' }]\n\
         trust = 'ca'\nca-file = 'bundle.pem'",
    );
    scene.ok("check --config callseal.toml");
    // A certificate that is trusted for itself is not a CA.
    scene.write("certs/own.crt", scene.read("own.crt"));
    scene.ok("check --config callseal.toml");
    scene.write("certs/root.crt", scene.read("root.crt"));
    for command in ["check", "config check"] {
        scene
            .line(&format!("{command} --config callseal.toml"))
            .exits(3)
            .complains_with_hint(&["certs/root.crt: “root” is the CA that issued “leaf”"]);
    }
}
