//! CA bundles as they occur: in any order, with text between, in any form.

use std::fs;

use crate::support::Scene;

/// Makes a scene with two roots, two levels of intermediates below one of them,
/// and a customer below these.
fn with_a_customer() -> Scene {
    let scene = Scene::new();
    scene.make_cas();
    scene.ca("other").make();
    scene.leaf("customer", "issuing").make();
    scene
}

#[track_caller]
fn accepts(scene: &Scene, ca_files: &[&str]) {
    let trust = scene.trust(ca_files);
    trust.accepts("customer.crt", "customer.key");
}

#[track_caller]
fn refuses(scene: &Scene, ca_files: &[&str], words: &[&str]) {
    let trust = scene.trust(ca_files);
    trust.packs_nothing(&["customer.crt"], None, words);
}

#[test]
fn the_order_does_not_matter() {
    let scene = with_a_customer();
    let (a, b, c, d) = ("root.crt", "regional.crt", "issuing.crt", "other.crt");
    for order in [[a, b, c, d], [d, c, b, a], [b, d, a, c], [c, a, d, b]] {
        scene.concatenate(&order, "bundle.pem");
        accepts(&scene, &["bundle.pem"]);
        accepts(&scene, &order);
    }
}

#[test]
fn a_certificate_may_appear_twice() {
    let scene = with_a_customer();
    let once = ["root.crt", "issuing.crt", "regional.crt"];
    scene.concatenate(&[once, once].concat(), "bundle.pem");
    accepts(&scene, &["bundle.pem", "root.crt"]);
}

#[test]
fn text_and_other_blocks_between_the_certificates_are_skipped() {
    let scene = with_a_customer();
    scene.tool("openssl x509 -in root.crt -text -out root.txt");
    scene.write("note", "-- the CA we had before:\n---- BEGIN here ----\n\n");
    scene.write("tail", "# that was all");
    scene.concatenate(
        &[
            "note",
            "issuing.crt",
            "customer.csr",
            "note",
            "root.txt",
            "regional.crt",
            "tail",
        ],
        "bundle.pem",
    );
    accepts(&scene, &["bundle.pem"]);
}

#[test]
fn windows_line_ends_and_byte_order_mark_are_accepted() {
    let scene = with_a_customer();
    scene.concatenate(&["root.crt", "regional.crt", "issuing.crt"], "bundle.pem");
    let bundle = scene.text("bundle.pem").replace('\n', "\r\n");
    scene.write("bundle.pem", format!("\u{feff}CAs of ours\r\n{bundle}"));
    accepts(&scene, &["bundle.pem"]);
    scene.write("bundle.pem", format!("\u{feff}{bundle}"));
    accepts(&scene, &["bundle.pem"]);
}

#[test]
fn der_and_openssl_s_trusted_form_are_read() {
    let scene = with_a_customer();
    scene.tool("openssl x509 -in root.crt -outform DER -out root.der");
    scene.tool("openssl x509 -in regional.crt -trustout -out regional.trusted");
    accepts(&scene, &["root.der", "regional.trusted", "issuing.crt"]);
}

#[test]
fn a_directory_stands_for_its_files() {
    let scene = with_a_customer();
    scene.write("cas/one.pem", scene.read("root.crt"));
    scene.concatenate(&["regional.crt", "issuing.crt"], "cas/rest");
    scene.write("cas/README", "Ask the network team.");
    scene.write("cas/empty.crt", "");
    scene.write("cas/notes.bin", [0xff; 50]);
    scene.write(
        "cas/.hidden.crt",
        "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n",
    );
    accepts(&scene, &["cas"]);
    // Its directories are not searched.
    fs::create_dir(scene.path("cas/below")).unwrap();
    fs::rename(scene.path("cas/rest"), scene.path("cas/below/rest")).unwrap();
    refuses(&scene, &["cas"], &["customer.crt", "“issuing”"]);
    accepts(&scene, &["cas", "cas/below"]);
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let scene = with_a_customer();
    scene.write("empty.pem", "");
    scene.write("text.pem", "the CAs are in the other file\n");
    fs::create_dir(scene.path("nothing")).unwrap();
    for file in [
        "empty.pem",
        "text.pem",
        "nothing",
        "customer.csr",
        "customer.key",
    ] {
        refuses(&scene, &["root.crt", file], &[file, "no CA certificate"]);
    }
    refuses(&scene, &["missing.pem"], &["missing.pem", "no such file"]);
}

#[test]
fn a_broken_block_is_named_and_not_skipped() {
    let scene = with_a_customer();
    let broken = scene.text("regional.crt").replacen("MII", "MIJ", 1);
    scene.write("broken.crt", broken);
    scene.concatenate(&["root.crt", "broken.crt", "issuing.crt"], "bundle.pem");
    refuses(&scene, &["bundle.pem"], &["bundle.pem", "can't be decoded"]);
    // In a directory the file is named.
    scene.write("cas/root.crt", scene.read("root.crt"));
    scene.write("cas/broken.crt", scene.read("broken.crt"));
    refuses(&scene, &["cas"], &["cas/broken.crt", "can't be decoded"]);
    // So is a truncated copy.
    let whole = scene.text("issuing.crt");
    scene.write("cut.crt", &whole[..whole.len() - 30]);
    scene.concatenate(&["root.crt", "regional.crt", "cut.crt"], "bundle.pem");
    refuses(&scene, &["bundle.pem"], &["bundle.pem", "has no end"]);
    scene.concatenate(&["cut.crt", "root.crt", "regional.crt"], "bundle.pem");
    refuses(&scene, &["bundle.pem"], &["bundle.pem", "can't be decoded"]);
    scene.tool("openssl x509 -in issuing.crt -outform DER -out issuing.der");
    let der = scene.read("issuing.der");
    scene.write("cut.der", &der[..der.len() - 1]);
    refuses(&scene, &["root.crt", "cut.der"], &["cut.der"]);
}

#[test]
fn a_file_too_large_for_a_bundle_is_not_read() {
    let scene = with_a_customer();
    scene.write("dump.pem", vec![b'x'; (1 << 20) + 1]);
    refuses(&scene, &["dump.pem"], &["dump.pem", "larger than 1 MiB"]);
}
