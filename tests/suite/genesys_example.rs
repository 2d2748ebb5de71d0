//! A Genesys archive is taken over by library calls alone: the example's own.

#[allow(dead_code, reason = "its main function reads arguments")]
#[path = "../../examples/genesys.rs"]
mod example;

use crate::support::{P256, Scene};
use callseal::ArchiveFile;
use callseal::keys::Keyring;

fn genesys() -> Scene {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.key_pair("customer", P256);
    scene.genesys_archive("gir.crt");
    scene
}

fn archive(scene: &Scene, name: &str) -> ArchiveFile {
    ArchiveFile::open(&scene.path(name)).unwrap()
}

fn keyring(scene: &Scene, key: &str) -> Keyring {
    Keyring::load(&[scene.path(key)], &mut |_| {}).unwrap()
}

#[test]
fn the_list_tells_whom_it_is_sealed_to_and_that_it_is_not_authenticated() {
    let scene = genesys();
    let printed = scene
        .tool("openssl x509 -in gir.crt -noout -serial")
        .stdout();
    let serial = printed.trim().strip_prefix("serial=").unwrap();
    let lines = example::list(&archive(&scene, "GIR.zip")).unwrap();
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
fn one_member_is_extracted_with_the_certificate_beside_the_key() {
    let scene = genesys();
    let archive = archive(&scene, "GIR.zip");
    let member = archive.select(&["GIR/1002.wav".into()]).unwrap()[0];
    let opened = scene.path("opened");

    let done = example::extract(&archive, member, &keyring(&scene, "gir.key"), &opened).unwrap();
    assert_eq!(done.not_authenticated, ["GIR/1002.wav"]);
    assert_eq!(scene.text("opened/GIR/1002.wav"), "RIFF said then");
    assert!(!scene.exists("opened/GIR/1001.wav"));

    let wrong = keyring(&scene, "customer.key");
    let none = scene.path("none");
    example::extract(&archive, member, &wrong, &none).unwrap_err();
    assert!(!scene.exists("none/GIR/1002.wav"));
}

#[test]
fn the_converted_archive_opens_for_the_certificate_and_is_authenticated() {
    let scene = genesys();
    let converted = example::convert(
        &archive(&scene, "GIR.zip"),
        &keyring(&scene, "gir.key"),
        &scene.path("customer.crt"),
        &scene.path("sealed.zip"),
    )
    .unwrap();
    let names: Vec<&str> = converted.members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["GIR/1001.wav", "GIR/1002.wav"]);
    for line in example::list(&archive(&scene, "sealed.zip")).unwrap() {
        assert!(line.contains("\": authenticated, "), "{line}");
    }
    scene.ok("extract sealed.zip -k customer.key -C opened");
    assert_eq!(scene.text("opened/GIR/1001.wav"), "RIFF said first");
    assert_eq!(scene.text("opened/GIR/1002.wav"), "RIFF said then");
}
