//! With trusted CAs, a certificate is accepted if it chains to one.

use std::time::SystemTime;

use callseal::keys::ChainFault;

use crate::support::{P256, Scene, Trust};

/// Makes a scene with a root, two levels of intermediates, and the certificate
/// of a customer below them.
fn with_a_customer() -> Scene {
    let scene = Scene::new();
    scene.make_cas();
    scene.leaf("customer", "issuing").make();
    scene
}

#[track_caller]
fn accepts(trust: &Trust<'_>, file: &str) {
    trust.accepts(file, "customer.key");
}

#[test]
fn a_chain_through_two_intermediates_is_followed() {
    let scene = with_a_customer();
    let trust = scene.trust(&["root.crt", "regional.crt", "issuing.crt"]);
    accepts(&trust, "customer.crt");
    let recipient = trust.verdict("customer.crt", SystemTime::now()).unwrap();
    let issuers = &recipient.chain().unwrap().issuers;
    let names: Vec<&str> = issuers.iter().map(|ca| &*ca.subject).collect();
    assert_eq!(names, ["issuing", "regional", "root"]);
}

#[test]
fn rsa_and_ec_may_sign_for_each_other() {
    let scene = Scene::new();
    scene.ca("root").with_key("rsa:2048").make();
    scene.ca("issuing").issued_by("root").make();
    scene.leaf("rsa", "issuing").with_key("rsa:2048").make();
    scene.leaf("ec", "root").with_key(P256).make();
    let trust = scene.trust(&["root.crt", "issuing.crt"]);
    trust.accepts("rsa.crt", "rsa.key");
    trust.accepts("ec.crt", "ec.key");
}

#[test]
fn intermediates_may_be_in_the_certificate_s_own_file() {
    let scene = with_a_customer();
    let trust = scene.trust(&["root.crt"]);
    scene.concatenate(&["customer.crt", "issuing.crt", "regional.crt"], "all.pem");
    accepts(&trust, "all.pem");
    scene.concatenate(&["customer.crt", "regional.crt", "issuing.crt"], "all.pem");
    accepts(&trust, "all.pem");
    // One in the bundle, one in the file.
    scene.concatenate(&["customer.crt", "issuing.crt"], "half.pem");
    accepts(&scene.trust(&["root.crt", "regional.crt"]), "half.pem");
    scene.concatenate(&["customer.crt", "regional.crt"], "half.pem");
    accepts(&scene.trust(&["root.crt", "issuing.crt"]), "half.pem");
}

#[test]
fn a_missing_link_is_named() {
    let scene = with_a_customer();
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("customer.crt", &["“customer”", "issuer", "“issuing”"]);
    scene.concatenate(&["customer.crt", "issuing.crt"], "half.pem");
    trust.refuses("half.pem", &["“customer”", "“issuing”", "“regional”"]);
    let missing = ChainFault::UnknownIssuer {
        certificate: "issuing".into(),
        issuer: "regional".into(),
    };
    assert_eq!(trust.fault("half.pem"), missing);
    // An intermediate alone anchors nothing.
    let trust = scene.trust(&["issuing.crt", "regional.crt"]);
    trust.refuses("customer.crt", &["“customer”", "“regional”", "“root”"]);
}

#[test]
fn a_root_in_the_certificate_s_own_file_is_not_trusted() {
    let scene = with_a_customer();
    scene.ca("other").make();
    let trust = scene.trust(&["other.crt"]);
    let whole = ["customer.crt", "issuing.crt", "regional.crt", "root.crt"];
    scene.concatenate(&whole, "whole.pem");
    trust.refuses("whole.pem", &["“customer”", "root “root”", "CA bundle"]);
    let root = ChainFault::UnknownRoot {
        root: "root".into(),
    };
    assert_eq!(trust.fault("whole.pem"), root);
}

#[test]
fn a_self_signed_certificate_is_accepted_if_it_is_itself_in_the_bundle() {
    let scene = with_a_customer();
    scene.self_signed("partner").make();
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("partner.crt", &["“partner”", "self-signed"]);
    assert_eq!(trust.fault("partner.crt"), ChainFault::SelfSigned);
    let trust = scene.trust(&["root.crt", "partner.crt"]);
    trust.accepts("partner.crt", "partner.key");
    // It doesn't vouch for others, or for another certificate of its name.
    scene.leaf("friend", "partner").make();
    trust.refuses("friend.crt", &["“friend”", "“partner” may not issue"]);
    scene.self_signed("namesake").called("partner").make();
    trust.refuses("namesake.crt", &["“partner”", "self-signed"]);
}

#[test]
fn a_forgery_under_the_name_of_a_ca_is_refused() {
    let scene = with_a_customer();
    scene.ca("forger").called("root").make();
    scene.leaf("forged", "forger").saying("").make();
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("forged.crt", &["“forged”", "signature", "“root”"]);
    let forged = ChainFault::BadSignature {
        certificate: "forged".into(),
        issuer: "root".into(),
    };
    assert_eq!(trust.fault("forged.crt"), forged);
    // Of an intermediate as well.
    scene
        .ca("between")
        .issued_by("forger")
        .saying("basicConstraints=CA:TRUE\nauthorityKeyIdentifier=none")
        .make();
    scene.leaf("below", "between").make();
    scene.concatenate(&["below.crt", "between.crt"], "chain.pem");
    trust.refuses(
        "chain.pem",
        &["“below”", "signature on “between”", "“root”"],
    );
}

#[test]
fn a_certificate_altered_in_one_bit_is_refused() {
    let scene = with_a_customer();
    let trust = scene.trust(&["root.crt", "regional.crt", "issuing.crt"]);
    scene.tool("openssl x509 -in customer.crt -outform DER -out customer.der");
    accepts(&trust, "customer.der");
    let mut der = scene.read("customer.der");
    let at = der.windows(8).position(|text| text == b"customer").unwrap();
    der[at] ^= 0x20;
    scene.write("altered.der", der);
    trust.refuses("altered.der", &["“Customer”", "signature", "“issuing”"]);
}

#[test]
fn another_ca_certificate_of_the_same_name_is_distinguished_from_a_missing_one() {
    let scene = Scene::new();
    scene.ca("old").called("Root").make();
    scene.ca("new").called("Root").make();
    scene.leaf("customer", "new").make();
    let trust = scene.trust(&["old.crt"]);
    trust.refuses(
        "customer.crt",
        &["“customer”", "has a certificate of “Root”, but not the one"],
    );
    let other = ChainFault::OtherIssuer {
        certificate: "customer".into(),
        issuer: "Root".into(),
    };
    assert_eq!(trust.fault("customer.crt"), other);
    accepts(&scene.trust(&["old.crt", "new.crt"]), "customer.crt");
}

#[test]
fn a_certificate_that_is_not_a_ca_may_not_issue() {
    let scene = Scene::new();
    scene.ca("root").make();
    let claims = [
        ("denies", "basicConstraints=critical,CA:FALSE"),
        ("silent", "subjectKeyIdentifier=hash"),
        (
            "reserved",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign,keyEncipherment",
        ),
    ];
    for (name, says) in claims {
        scene.ca(name).issued_by("root").saying(says).make();
        scene.leaf("customer", name).make();
        let intermediate = format!("{name}.crt");
        let trust = scene.trust(&["root.crt", &intermediate]);
        let words = format!("“{name}” may not issue certificates");
        trust.refuses("customer.crt", &["“customer”", &words]);
        let fault = ChainFault::NotACa {
            issuer: name.into(),
        };
        assert_eq!(trust.fault("customer.crt"), fault);
        // Nor by way of the own file.
        scene.concatenate(&["customer.crt", &intermediate], "chain.pem");
        scene.trust(&["root.crt"]).refuses("chain.pem", &[&words]);
    }
}

#[test]
fn a_chain_longer_than_a_ca_allows_is_refused() {
    let scene = Scene::new();
    let at_most = |depth| format!("basicConstraints=critical,CA:TRUE,pathlen:{depth}");
    scene.ca("root").saying(&at_most(1)).make();
    scene
        .ca("regional")
        .issued_by("root")
        .saying(&at_most(0))
        .make();
    scene.ca("issuing").issued_by("regional").make();
    scene.leaf("near", "regional").make();
    scene.leaf("far", "issuing").make();
    let trust = scene.trust(&["root.crt", "regional.crt", "issuing.crt"]);
    trust.accepts("near.crt", "near.key");
    trust.refuses("far.crt", &["“far”", "“regional”", "path-length limit"]);
    let fault = ChainFault::PathTooLong {
        ca: "regional".into(),
    };
    assert_eq!(trust.fault("far.crt"), fault);
}

#[test]
fn a_name_outside_the_ca_s_constraints_is_refused() {
    let scene = Scene::new();
    let constrained = "basicConstraints=critical,CA:TRUE\n\
                       nameConstraints=critical,permitted;DNS:example.com";
    scene.ca("root").saying(constrained).make();
    for (name, host) in [("inside", "www.example.com"), ("outside", "example.org")] {
        let host = format!("subjectAltName=DNS:{host}");
        scene.leaf(name, "root").saying(&host).make();
    }
    let trust = scene.trust(&["root.crt"]);
    trust.accepts("inside.crt", "inside.key");
    trust.refuses("outside.crt", &["“outside”", "permitted subtree violation"]);
    assert!(matches!(
        trust.fault("outside.crt"),
        ChainFault::Other { .. }
    ));
}

#[test]
fn other_purposes_of_a_certificate_do_not_matter() {
    let scene = Scene::new();
    scene.ca("root").make();
    let trust = scene.trust(&["root.crt"]);
    for (name, says) in [
        ("nothing", ""),
        ("ca", "basicConstraints=critical,CA:TRUE"),
        ("server", "extendedKeyUsage=serverAuth"),
        ("codesign", "extendedKeyUsage=critical,codeSigning"),
        (
            "several",
            "keyUsage=keyAgreement,digitalSignature\nextendedKeyUsage=clientAuth",
        ),
    ] {
        scene.leaf(name, "root").saying(says).make();
        trust.accepts(&format!("{name}.crt"), &format!("{name}.key"));
    }
}

#[test]
fn a_renewed_ca_replaces_its_expired_certificate() {
    let scene = Scene::new();
    scene
        .ca("old")
        .called("Root")
        .valid("2010-01-01", "2020-06-01")
        .make();
    scene.leaf("customer", "old").make();
    scene.ca("new").called("Root").with_key_of("old").make();
    for bundle in [["old.crt", "new.crt"], ["new.crt", "old.crt"]] {
        accepts(&scene.trust(&bundle), "customer.crt");
    }
    accepts(&scene.trust(&["new.crt"]), "customer.crt");
    scene
        .trust(&["old.crt"])
        .refuses("customer.crt", &["“Root”", "2020-06-01"]);
}

#[test]
fn a_cross_signed_ca_is_followed_to_the_root_that_is_trusted() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.ca("elsewhere").make();
    scene.ca("issuing").issued_by("root").make();
    let cross = scene.ca("cross").called("issuing").with_key_of("issuing");
    cross.issued_by("elsewhere").make();
    scene.leaf("customer", "issuing").make();
    for root in ["root.crt", "elsewhere.crt"] {
        let trust = scene.trust(&["issuing.crt", "cross.crt", root]);
        accepts(&trust, "customer.crt");
        let trust = scene.trust(&[root, "cross.crt", "issuing.crt"]);
        accepts(&trust, "customer.crt");
    }
}

#[test]
fn the_certificate_of_a_ca_that_leads_to_a_root_is_used() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.ca("elsewhere").make();
    scene.ca("issuing").issued_by("root").make();
    let again = |name| scene.ca(name).called("issuing").with_key_of("issuing");
    again("cross").issued_by("elsewhere").make();
    let old = again("old").issued_by("root");
    old.valid("2010-01-01", "2020-06-01").make();
    scene.leaf("customer", "issuing").make();
    for dead_end in ["cross.crt", "old.crt"] {
        // In the own file, and one here and one there.
        for own in [["issuing.crt", dead_end], [dead_end, "issuing.crt"]] {
            scene.concatenate(&["customer.crt", own[0], own[1]], "chain.pem");
            accepts(&scene.trust(&["root.crt"]), "chain.pem");
            scene.concatenate(&["customer.crt", own[0]], "chain.pem");
            accepts(&scene.trust(&["root.crt", own[1]]), "chain.pem");
        }
    }
    // If none leads to a root, the error is that of the first path.
    scene.concatenate(&["customer.crt", "old.crt"], "chain.pem");
    let trust = scene.trust(&["root.crt"]);
    trust.refuses("chain.pem", &["“issuing”", "expired", "2020-06-01"]);
}
