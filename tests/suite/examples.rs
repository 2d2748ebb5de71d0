//! The examples: what each user does, with library calls only.

#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/admin.rs"]
mod admin;
#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/customer.rs"]
mod customer;
#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/ivr_server.rs"]
mod ivr_server;
#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/key_envelope.rs"]
mod key_envelope;
#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/vendor.rs"]
mod vendor;

use std::path::Path;

use crate::support::{P256, Scene};

/// Returns the path of a file as text.
fn at(scene: &Scene, name: &str) -> String {
    scene.path(name).to_str().unwrap().to_owned()
}

fn genesys() -> Scene {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.key_pair("customer", P256);
    scene.genesys_archive("gir.crt");
    scene
}

#[test]
fn an_ivr_server_packs_for_both_parties_and_the_vendor_extracts() {
    let scene = Scene::with_parties();
    scene.write("calls/a.txt", "a");
    scene.write("calls/b.wav", "b");
    let [customer, vendor] = ["customer.crt", "vendor.crt"].map(|name| at(&scene, name));
    let (calls, archive) = (at(&scene, "calls"), at(&scene, "calls.zip"));
    let packed = ivr_server::pack(&[&customer, &vendor], &calls, &archive).unwrap();
    assert_eq!((packed.members, packed.plain), (2, 2));

    let (key, opened) = (at(&scene, "vendor.key"), at(&scene, "opened"));
    let extracted = vendor::extract(&archive, &key, "**/*.wav", &opened).unwrap();
    assert_eq!((extracted.done, extracted.plain), (1, 1));
    let (failures, outcome) = extracted.outcome();
    assert!(failures.is_empty() && outcome.is_none());
    let below = calls.strip_prefix('/').unwrap();
    let file = Path::new(&opened).join(below).join("b.wav");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "b");

    // Nothing is sealed for only one of them, and nothing is overwritten.
    let missing = at(&scene, "missing.crt");
    let other = at(&scene, "other.zip");
    ivr_server::pack(&[&customer, &missing], &calls, &other).unwrap_err();
    assert!(!scene.exists("other.zip"));
    ivr_server::pack(&[&customer], &calls, &archive).unwrap_err();
    let again = vendor::extract(&archive, &key, "**/*.wav", &opened).unwrap();
    let (failures, outcome) = again.outcome();
    assert!(failures.is_empty() && outcome.is_some());
}

#[test]
fn a_customer_sees_who_can_open_a_genesys_archive_and_that_it_is_not_authenticated() {
    let scene = genesys();
    let printed = scene
        .tool("openssl x509 -in gir.crt -noout -serial")
        .stdout();
    let serial = printed.trim().strip_prefix("serial=").unwrap();
    let lines = customer::list(&at(&scene, "GIR.zip")).unwrap();
    let [first, second] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert!(first.starts_with(r#""GIR/1001.wav": not authenticated, "#));
    assert!(second.starts_with(r#""GIR/1002.wav": not authenticated, "#));
    for line in &lines {
        assert!(line.contains(serial) && line.contains("gir"), "{line}");
    }
}

#[test]
fn a_vendor_extracts_one_member_with_the_certificate_next_to_the_key() {
    let scene = genesys();
    let (archive, opened) = (at(&scene, "GIR.zip"), at(&scene, "opened"));
    let member = "GIR/1002.wav";
    let done = vendor::extract(&archive, &at(&scene, "gir.key"), member, &opened).unwrap();
    assert_eq!(done.not_authenticated, [member]);
    assert_eq!(scene.text("opened/GIR/1002.wav"), "RIFF said then");
    assert!(!scene.exists("opened/GIR/1001.wav"));

    let (wrong, none) = (at(&scene, "customer.key"), at(&scene, "none"));
    let failed = vendor::extract(&archive, &wrong, member, &none).unwrap();
    assert!(failed.outcome().1.is_some());
    assert!(!scene.exists("none/GIR/1002.wav"));
}

#[test]
fn an_archive_that_an_admin_has_converted_opens_for_the_certificate_and_is_authenticated() {
    let scene = genesys();
    let [archive, key, certificate, output] =
        ["GIR.zip", "gir.key", "customer.crt", "sealed.zip"].map(|name| at(&scene, name));
    let converted = admin::convert(&archive, &key, &certificate, &output).unwrap();
    let names: Vec<&str> = converted.members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["GIR/1001.wav", "GIR/1002.wav"]);
    for line in customer::list(&output).unwrap() {
        assert!(line.contains("\": authenticated, "), "{line}");
    }
    scene.ok("extract sealed.zip -k customer.key -C opened");
    assert_eq!(scene.text("opened/GIR/1001.wav"), "RIFF said first");
    assert_eq!(scene.text("opened/GIR/1002.wav"), "RIFF said then");
}

#[test]
fn a_private_key_is_handed_over_in_an_envelope() {
    let scene = Scene::new();
    for name in ["vendor", "customer"] {
        scene.rsa_key(&format!("{name}.pem"), 4096);
    }
    scene.tool("openssl rsa -in vendor.pem -RSAPublicKey_out -out vendor-public.pem");
    let path = |name| at(&scene, name);
    let (public, private) = (path("vendor-public.pem"), path("vendor.pem"));
    key_envelope::seal(&public, &path("customer.pem"), &path("a.b64")).unwrap();
    scene.ok("open -k vendor.pem a.b64 -o by-callseal.pem");
    key_envelope::open(&private, &path("a.b64"), &path("by-example.pem")).unwrap();
    for opened in ["by-callseal.pem", "by-example.pem"] {
        assert_eq!(scene.read(opened), scene.read("customer.pem"));
    }
    key_envelope::seal(&private, &path("customer.pem"), &path("b.b64")).unwrap_err();
    key_envelope::open(&path("customer.pem"), &path("a.b64"), &path("c.pem")).unwrap_err();
    assert!(!scene.exists("b.b64") && !scene.exists("c.pem"));
}
